//! The bus: what the master sends reaches every slave, and what they answer at once clashes.

use super::slave::Slave;
use crate::workshop::State;
use frame::mbus::{self, LONG_LENGTH_MAX};
use jiff::tz::TimeZone;

/// Most bytes of the master that wait for the rest of their frame.
const HEARD_MAX: usize = 2 * LONG_LENGTH_MAX;

/// What is wrong with a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misdeed {
    /// No slave answers.
    Silent,
    /// The level converter sends back what the master says.
    Echo,
    /// Noise before and behind every answer.
    Noise,
    /// Every answer is cut after half of its bytes.
    Cut,
    /// Every answer comes only after the next question.
    Late,
    /// Every answer has a wrong bit.
    Flipped,
}

/// Slaves on one bus.
#[derive(Debug, Clone)]
pub struct SlaveBus {
    slaves: Vec<Slave>,
    zone: TimeZone,
    heard: Vec<u8>,
    misdeed: Option<Misdeed>,
    owed: Vec<u8>,
}

impl SlaveBus {
    /// A bus with these slaves, whose clocks run in `zone`.
    #[must_use]
    pub const fn new(slaves: Vec<Slave>, zone: TimeZone) -> Self {
        Self { slaves, zone, heard: Vec::new(), misdeed: None, owed: Vec::new() }
    }

    /// The bus that `simulate` serves: two machines, the hall's heating, an old water meter.
    #[must_use]
    pub fn workshop(zone: TimeZone) -> Self {
        let slaves = vec![
            Slave::electricity(1, 10_240_001, Some(0)),
            Slave::electricity(2, 10_240_002, Some(1)),
            Slave::heat(3, 70_100_003),
            Slave::water(4, 30_500_004),
        ];
        Self::new(slaves, zone)
    }

    /// From now on something is wrong, or nothing.
    pub const fn misbehave(&mut self, misdeed: Option<Misdeed>) {
        self.misdeed = misdeed;
    }

    /// The slaves.
    #[must_use]
    pub fn slaves(&self) -> &[Slave] {
        &self.slaves
    }

    /// Lets the registers count, whether anybody asks or not.
    pub fn count(&mut self, state: &State) {
        self.slaves.iter_mut().for_each(|slave| slave.count(state));
    }

    /// What comes back from the bus when the master sends these bytes.
    pub fn hear(&mut self, bytes: &[u8], state: &State) -> Vec<u8> {
        self.count(state);
        self.heard.extend_from_slice(bytes);
        let mut out = Vec::new();
        if self.misdeed == Some(Misdeed::Echo) {
            out.extend_from_slice(bytes);
        }
        while !self.heard.is_empty() {
            match mbus::decode(&self.heard) {
                Ok(Some((frame, length))) => {
                    let now = (state, &self.zone);
                    let answers =
                        self.slaves.iter_mut().filter_map(|slave| slave.hear(&frame, now));
                    let answer = clash(&answers.collect::<Vec<_>>());
                    self.heard.drain(..length);
                    out.extend(self.spoiled(answer));
                }
                Ok(None) if self.heard.len() <= HEARD_MAX => break,
                _ => {
                    self.heard.remove(0);
                }
            }
        }
        out
    }

    /// The slaves have waited long enough for the rest of a frame.
    pub fn forget(&mut self) {
        self.heard.clear();
    }

    fn spoiled(&mut self, mut answer: Vec<u8>) -> Vec<u8> {
        match self.misdeed {
            Some(Misdeed::Silent) => answer.clear(),
            Some(Misdeed::Noise) if !answer.is_empty() => {
                answer.splice(0..0, [0x00, 0x68, 0x55, 0x10]);
                answer.extend([0xFF, 0x68]);
            }
            Some(Misdeed::Cut) => answer.truncate(answer.len() / 2),
            Some(Misdeed::Late) => std::mem::swap(&mut answer, &mut self.owed),
            Some(Misdeed::Flipped) => {
                let middle = answer.len() / 2;
                if let Some(byte) = answer.get_mut(middle) {
                    *byte ^= 0x10;
                }
            }
            _ => {}
        }
        answer
    }
}

/// Several answers at once: a space (0) of one slave overrides the marks of the others.
fn clash(answers: &[Vec<u8>]) -> Vec<u8> {
    let length = answers.iter().map(Vec::len).max().unwrap_or(0);
    let byte = |place| {
        answers.iter().filter_map(|answer| answer.get(place)).fold(0xFF, |sum, byte| sum & byte)
    };
    (0..length).map(byte).collect()
}
