//! A line between our client and whatever answers it, in virtual time.

use meter::cosem::{CosemDialogue, CosemOptions};
use meter::{Answer, Dialogue, DriverOptions, STEPS_MAX, Step};
use reading::{Memory, MeterId, Timestamp};
use sim::{CosemMeter, CosemServer, CosemSettings};
use std::sync::LazyLock;
use std::time::Duration;
use wire::LineSettings;

/// 2026-05-04T10:07:30Z.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_777_889_250);
pub(crate) const SEED: u64 = 7;

pub(crate) fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Europe/Paris").expect("bundled")
}

pub(crate) fn options(dlms: CosemOptions) -> DriverOptions {
    let meter = MeterId::new("general").expect("valid");
    let dlms = Some(dlms);
    DriverOptions { zone: Some(zone()), dlms, ..DriverOptions::new(meter) }
}

pub(crate) fn client(dlms: CosemOptions) -> CosemDialogue {
    CosemDialogue::new(options(dlms))
}

/// What is at the other end.
pub(crate) trait Peer {
    /// What comes back for these bytes, in pieces.
    fn answer(&mut self, now: Timestamp, bytes: &[u8]) -> Vec<Vec<u8>>;
}

impl<F: FnMut(Timestamp, &[u8]) -> Vec<Vec<u8>>> Peer for F {
    fn answer(&mut self, now: Timestamp, bytes: &[u8]) -> Vec<Vec<u8>> {
        self(now, bytes)
    }
}

/// Our simulated meter with one client connected.
pub(crate) struct Meter {
    pub(crate) meter: CosemMeter,
    server: CosemServer,
    /// Everything that was sent to it.
    pub(crate) asked: Vec<Vec<u8>>,
}

impl Meter {
    pub(crate) fn new(settings: CosemSettings) -> Self {
        // Eight days of load profile take a moment to live through.
        static RECORDED: LazyLock<CosemMeter> =
            LazyLock::new(|| CosemMeter::new(SEED, START, zone(), CosemSettings::default()));
        let meter = RECORDED.clone().with(settings);
        Self { meter, server: CosemServer::new(), asked: Vec::new() }
    }
}

impl Peer for Meter {
    fn answer(&mut self, now: Timestamp, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.asked.push(bytes.to_vec());
        vec![self.server.receive(&mut self.meter, now, bytes)]
    }
}

/// Where a reading has come to.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) now: Timestamp,
    pub(crate) remembered: Vec<Memory>,
    pub(crate) settings: Vec<LineSettings>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self { now: START, remembered: Vec::new(), settings: Vec::new() }
    }

    /// One reading, as whoever owns the wire would do it.
    pub(crate) fn read(&mut self, dialogue: &mut CosemDialogue, peer: &mut dyn Peer) -> Answer {
        let mut coming = std::collections::VecDeque::new();
        dialogue.begin(self.now);
        for _ in 0..STEPS_MAX {
            match dialogue.step(self.now) {
                Step::Send(bytes) => {
                    self.now = self.now.plus(Duration::from_millis(20));
                    let pieces = peer.answer(self.now, &bytes).into_iter();
                    coming.extend(pieces.filter(|piece| !piece.is_empty()));
                }
                Step::Listen(patience) => match coming.pop_front() {
                    Some(piece) => dialogue.receive(self.now, &piece),
                    None => {
                        self.now = self.now.plus(patience);
                        dialogue.elapsed(self.now);
                    }
                },
                Step::Pause(pause) => self.now = self.now.plus(pause),
                Step::Line(line) => self.settings.push(line),
                Step::Remember(memory) => self.remembered.push(memory),
                Step::Done(answer) => return answer,
            }
        }
        panic!("the reading goes round in circles");
    }
}

/// What a later start would recall.
pub(crate) fn recalled(memories: impl IntoIterator<Item = Memory>) -> Vec<Memory> {
    let mut kept: Vec<Memory> = Vec::new();
    for memory in memories {
        kept.retain(|known| known.key != memory.key);
        kept.push(memory);
    }
    kept
}
