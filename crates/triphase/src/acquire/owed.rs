//! Answers that a device still owes, on a line whose answers name no question.
//!
//! A Modbus RTU answer tells its unit, its function and its length, and not which registers it is
//! about (MODBUS over Serial Line V1.02, 2.3). One that comes after its time would be taken for that
//! to the next question of the same length. In: how long the lost answers are, and when they were
//! lost. Out: a length that none of them has.

use std::time::Duration;
use tokio::time::Instant;

/// Most answers that are waited for; a device that owes more is asked seldom by then.
const OWED_MAX: usize = 8;
/// An answer that has not come after so long never comes.
const LATE_MAX: Duration = Duration::from_secs(10);

/// The answers that one device owes.
#[derive(Debug, Default)]
pub(crate) struct Owed(Vec<(u16, Instant)>);

impl Owed {
    /// An answer of so many registers did not come, or not whole.
    pub(super) fn lost(&mut self, count: u16, now: Instant) {
        if self.0.len() >= OWED_MAX {
            self.0.remove(0);
        }
        self.0.push((count, now));
    }

    /// How many registers to ask for so that the answer is none of those owed, nor one to a question
    /// for `next`; `None` when nothing is owed any more.
    pub(super) fn distinct(&mut self, next: u16, now: Instant) -> Option<u16> {
        self.0.retain(|(_, lost)| now.duration_since(*lost) < LATE_MAX);
        if self.0.is_empty() {
            return None;
        }
        let is_free = |count: &u16| *count != next && self.0.iter().all(|(owed, _)| owed != count);
        (1..).find(is_free)
    }

    /// Everything owed has come, or never will.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_a_length_that_no_late_answer_has() {
        let (mut owed, now) = (Owed::default(), Instant::now());
        assert_eq!(owed.distinct(60, now), None);
        owed.lost(60, now);
        assert_eq!(owed.distinct(60, now), Some(1));
        owed.lost(1, now);
        assert_eq!(owed.distinct(2, now), Some(3), "nor of what is asked next");
        assert_eq!(owed.distinct(60, now + LATE_MAX), None, "too late to come");
        owed.lost(60, now);
        owed.clear();
        assert_eq!(owed.distinct(60, now), None);
    }

    #[test]
    fn the_list_is_bounded_and_keeps_the_newest() {
        let (mut owed, now) = (Owed::default(), Instant::now());
        for count in 1..=100 {
            owed.lost(count, now);
        }
        assert_eq!(owed.0.len(), OWED_MAX);
        assert_eq!(owed.0.last().map(|(count, _)| *count), Some(100));
    }
}
