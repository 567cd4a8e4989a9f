//! What is at the other end of a bus: meters, behind a gateway that treats their answers badly.
//!
//! In: questions. Out: answers, of which a rough gateway loses, doubles, cuts, delays, damages, or
//! holds back some until the next question. What it owes when a connection ends goes over the next
//! one. It keeps the order of the answers, as every line does.

use reading::Timestamp;
use sim::mbus::SlaveBus;
use sim::modbus::{Framing, Units};
use sim::{CosemMeter, CosemServer, OpticalMeter, State};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

/// How long a meter thinks.
const REACTION: Duration = Duration::from_millis(20);
/// Longest delay of an answer; longer than any is waited for. **Unit** ms.
const DELAY_MAX: u64 = 4_000;
/// Most answers on their way: more is a dialogue that goes round in circles.
const COMING_MAX: usize = 64;
/// One answer in so many arrives as it was sent.
const KINDS: u8 = 14;

/// Meters whose telegrams are dated by their own clock live in steps of this length: within one there
/// is one right answer to each question.
pub(super) const STEP: Duration = Duration::from_secs(5);

/// The meters of a bus. But for those with a clock their registers stand still, so that there is one
/// right answer to each question.
pub(super) enum Peer {
    Mbus(SlaveBus),
    Modbus(Units, Framing),
    Cosem(Box<(CosemServer, CosemMeter)>),
    Optical(Box<OpticalMeter>),
}

/// What all gateways of a run share.
#[derive(Clone, Default)]
pub(super) struct Weather {
    /// Whether gateways are rough now.
    pub(super) rough: Arc<AtomicBool>,
    /// Answers that did not arrive as they were sent.
    pub(super) spoiled: Arc<AtomicU64>,
    pub(super) questions: Arc<AtomicU64>,
}

/// A gateway with its meters.
pub(super) struct FarEnd {
    pub(super) peer: Peer,
    pub(super) state: State,
    pub(super) weather: Weather,
    pub(super) random: fastrand::Rng,
    pending: Vec<u8>,
    begin: Instant,
    held: Vec<Vec<u8>>,
    coming: Vec<(Instant, Vec<u8>)>,
}

enum Event {
    Connected(Option<DuplexStream>),
    Heard(usize),
    Due,
}

impl FarEnd {
    pub(super) fn new(peer: Peer, state: State, (weather, seed): (Weather, u64)) -> Self {
        let (random, begin) = (fastrand::Rng::with_seed(seed), Instant::now());
        let (pending, held, coming) = (Vec::new(), Vec::new(), Vec::new());
        Self { peer, state, weather, random, pending, begin, held, coming }
    }

    /// Serves one connection after the other until nobody connects any more.
    pub(super) async fn serve(mut self, mut connections: UnboundedReceiver<DuplexStream>) {
        let mut stream: Option<DuplexStream> = None;
        let mut buffer = [0; 4096];
        loop {
            let due = self.coming.iter().map(|(due, _)| *due).min();
            let event = tokio::select! {
                biased;
                connected = connections.recv() => Event::Connected(connected),
                count = read(&mut stream, &mut buffer) => Event::Heard(count),
                () = at(due) => Event::Due,
            };
            match event {
                Event::Connected(None) => return,
                Event::Connected(connected) => {
                    stream = connected;
                    self.pending.clear();
                }
                Event::Heard(0) => stream = None,
                Event::Heard(count) => self.hear(&buffer[..count]),
                Event::Due => self.send(&mut stream).await,
            }
        }
    }

    async fn send(&mut self, stream: &mut Option<DuplexStream>) {
        let now = Instant::now();
        let (due, later) = self.coming.drain(..).partition(|(due, _)| *due <= now);
        self.coming = later;
        let due: Vec<(Instant, Vec<u8>)> = due;
        for (_, bytes) in due {
            if let Some(open) = stream
                && open.write_all(&bytes).await.is_err()
            {
                *stream = None;
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.weather.questions.fetch_add(1, Ordering::Relaxed);
        let answers = self.answers(bytes);
        let rough = self.weather.rough.load(Ordering::Relaxed);
        let mut sent: Vec<(Duration, Vec<u8>)> =
            self.held.drain(..).map(|late| (REACTION, late)).collect();
        for answer in answers.into_iter().filter(|answer| !answer.is_empty()) {
            match rough {
                true => self.spoil(bytes, answer, &mut sent),
                false => sent.push((REACTION, answer)),
            }
        }
        let mut last = self.coming.iter().map(|(due, _)| *due).max();
        for (after, bytes) in sent {
            // One meter speaks at a time: nothing overtakes what was said before.
            let due = Instant::now() + after;
            let due = last.map_or(due, |last| due.max(last + REACTION));
            last = Some(due);
            self.coming.push((due, bytes));
        }
        assert!(self.coming.len() < COMING_MAX, "nobody waits for answers any more");
    }

    /// What becomes of an answer.
    fn spoil(&mut self, question: &[u8], mut answer: Vec<u8>, sent: &mut Vec<(Duration, Vec<u8>)>) {
        let kind = self.random.u8(0..KINDS);
        let place = self.random.usize(0..answer.len());
        let mut after = REACTION;
        match kind {
            0 => answer.clear(),
            1 => answer = answer.repeat(2),
            2 if self.checks() => answer.truncate(place),
            3 => after += Duration::from_millis(self.random.u64(0..DELAY_MAX)),
            4 if self.checks() => answer[place] ^= 1 << self.random.u8(0..7),
            5 => self.held.push(std::mem::take(&mut answer)),
            6 if self.echoes() => answer.splice(0..0, question.iter().copied()).for_each(drop),
            7 if self.checks() => drop(answer.remove(place)),
            8 if self.checks() => answer.insert(place, answer[place]),
            _ => {
                sent.push((after, answer));
                return;
            }
        }
        self.weather.spoiled.fetch_add(1, Ordering::Relaxed);
        if !answer.is_empty() {
            sent.push((after, answer));
        }
    }

    /// Whether answers carry a check of their own: over Modbus TCP they rely on the connection, which
    /// delivers whole what it delivers.
    const fn checks(&self) -> bool {
        !matches!(self.peer, Peer::Modbus(_, Framing::Tcp))
    }

    /// Whether a converter can stand before such meters that hears itself.
    const fn echoes(&self) -> bool {
        matches!(self.peer, Peer::Mbus(_) | Peer::Modbus(_, Framing::Rtu) | Peer::Optical(_))
    }

    /// What the meters say, frame by frame.
    fn answers(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let state = &self.state;
        let steps = self.begin.elapsed().as_secs() / STEP.as_secs();
        let now = state.at.plus(Duration::from_secs(steps * STEP.as_secs()));
        match &mut self.peer {
            Peer::Mbus(bus) => {
                // What a slave was told in part long ago it does not wait for.
                bus.forget();
                vec![bus.hear(bytes, state)]
            }
            Peer::Modbus(units, framing) => {
                self.pending.extend_from_slice(bytes);
                let mut registers = || state.clone();
                std::iter::from_fn(|| units.answer(*framing, &mut self.pending, &mut registers))
                    .map(|reply| reply.bytes)
                    .collect()
            }
            Peer::Cosem(both) => {
                let (server, meter) = &mut **both;
                vec![server.receive(meter, now, bytes)]
            }
            Peer::Optical(meter) => {
                meter.receive(now, None, bytes).into_iter().map(|sent| sent.bytes).collect()
            }
        }
    }
}

async fn read(stream: &mut Option<DuplexStream>, buffer: &mut [u8]) -> usize {
    match stream {
        Some(open) => open.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// The instant at which everything stands still.
pub(super) const STILL: Timestamp = Timestamp::from_seconds(1_777_889_250);
