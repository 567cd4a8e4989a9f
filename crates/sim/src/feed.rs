//! A meter over time: which push is due when.
//!
//! In: a start in virtual time. Out: pushes in order, without end. The fast list is due every
//! five seconds, the energy list with it at second 0 of each minute, and once an hour, at minute
//! 58 between two pushes, the meter looks for sub-meters of its own with an M-Bus SND_NKE.

use crate::e450::{E450, List, Protection};
use crate::workshop::Workshop;
use frame::mbus;
use jiff::tz::TimeZone;
use reading::Timestamp;

const FAST_SECONDS: i64 = 5;
const ENERGY_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 3_600;
/// Minute 58, second 8: the push of second 5 is over by then, even at 2400 baud.
const POLL_SECOND: i64 = 58 * 60 + 8;
/// Pushes are counted from 2024-01-01T00:00:00Z, so that counters grow over restarts.
const COUNTED_FROM: i64 = 1_704_067_200;
const SND_NKE: u8 = 0x40;

/// What kind of bytes these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A telegram of this list.
    List(List),
    /// The poll for sub-meters, which is no telegram.
    SubMeterPoll,
}

/// Bytes and the instant they are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// When, in virtual time.
    pub due: Timestamp,
    /// What they are.
    pub kind: Kind,
    /// What goes over the line.
    pub bytes: Vec<u8>,
}

/// The pushes of one simulated E450, an iterator without end.
#[derive(Debug, Clone)]
pub struct E450Feed {
    workshop: Workshop,
    meter: E450,
    second: i64,
    kind: Kind,
}

impl E450Feed {
    /// The meter of the workshop of `seed`; its first push is the first one due at `start` or
    /// later.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp, zone: &TimeZone, protection: &Protection) -> Self {
        let mut feed = Self {
            workshop: Workshop::new(seed, start, zone.clone()),
            meter: E450::new(seed, zone.clone(), protection),
            second: 0,
            kind: Kind::List(List::Fast),
        };
        feed.seek(start);
        feed
    }

    /// The meter.
    #[must_use]
    pub const fn meter(&self) -> &E450 {
        &self.meter
    }

    /// When the next push is due.
    #[must_use]
    pub const fn due(&self) -> Timestamp {
        Timestamp::from_seconds(self.second)
    }

    /// Leaves out every push that is due before `to`; nobody was listening. Never goes back.
    pub fn skip_to(&mut self, to: Timestamp) {
        if to > self.due() {
            self.seek(to);
        }
    }

    fn seek(&mut self, to: Timestamp) {
        let second = to.as_micros().div_euclid(1_000_000);
        let whole = i64::from(to.as_micros().rem_euclid(1_000_000) > 0);
        self.second = (second + whole + FAST_SECONDS - 1).div_euclid(FAST_SECONDS) * FAST_SECONDS;
        self.kind = Kind::List(List::Fast);
    }

    /// Sets what comes after the current push.
    fn step(&mut self) {
        let minute = self.second.rem_euclid(ENERGY_SECONDS) == 0;
        let polls =
            self.second.rem_euclid(HOUR_SECONDS) == POLL_SECOND / FAST_SECONDS * FAST_SECONDS;
        match self.kind {
            Kind::List(List::Fast) if minute => self.kind = Kind::List(List::Energy),
            Kind::List(List::Fast) if polls => {
                self.second += POLL_SECOND % FAST_SECONDS;
                self.kind = Kind::SubMeterPoll;
            }
            _ => {
                self.second = (self.second.div_euclid(FAST_SECONDS) + 1) * FAST_SECONDS;
                self.kind = Kind::List(List::Fast);
            }
        }
    }

    /// How many pushes this meter has sent before this one.
    fn number(&self, list: List) -> u32 {
        let seconds = self.second - COUNTED_FROM;
        let fast = seconds.div_euclid(FAST_SECONDS);
        let minutes = seconds.div_euclid(ENERGY_SECONDS);
        let before = match list {
            List::Energy => fast + 1 + minutes,
            // The minute that has begun has sent its energy list, unless it begins just now.
            List::Fast => fast + minutes + i64::from(seconds.rem_euclid(ENERGY_SECONDS) != 0),
        };
        u32::try_from(before.max(0)).unwrap_or(u32::MAX)
    }
}

impl Iterator for E450Feed {
    type Item = Push;

    /// The next push; there always is one.
    fn next(&mut self) -> Option<Push> {
        let (due, kind) = (self.due(), self.kind);
        let bytes = match kind {
            Kind::List(list) => {
                let state = self.workshop.advance(due);
                self.meter.push(list, &state, self.number(list))
            }
            Kind::SubMeterPoll => {
                let mut bytes = Vec::new();
                mbus::encode_short(SND_NKE, 1, &mut bytes);
                bytes
            }
        };
        self.step();
        Some(Push { due, kind, bytes })
    }
}
