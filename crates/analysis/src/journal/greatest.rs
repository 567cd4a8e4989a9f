//! The greatest power of a meter, as far as it is believed.
//!
//! In: powers in their order. Out: the greatest one that two others of the last days confirm. A single
//! nonsense value would else widen for good what a counter may grow by. Refuses nothing.

use reading::Timestamp;
use std::collections::VecDeque;

/// Days that are remembered, today included.
pub(super) const DAYS_MAX: usize = 8;
/// So many powers of one day must reach it.
const CONFIRMATIONS: usize = 3;
/// **Unit** µs.
const DAY: i64 = 86_400_000_000;

/// The greatest powers of one day, greatest first. **Unit** W.
pub(super) type Day = (i64, [f64; CONFIRMATIONS]);

/// The greatest power that was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Greatest {
    pub(super) days: VecDeque<Day>,
}

impl Greatest {
    /// Notes a power. **Unit** W.
    pub(super) fn take(&mut self, at: Timestamp, power_w: f64) {
        let today = at.as_micros().div_euclid(DAY);
        let place = self.days.iter().position(|(day, _)| *day == today);
        let place = place.unwrap_or_else(|| {
            if self.days.len() == DAYS_MAX {
                self.days.pop_front();
            }
            self.days.push_back((today, [0.0; CONFIRMATIONS]));
            self.days.len() - 1
        });
        let Some((_, powers)) = self.days.get_mut(place) else { return };
        let mut power = power_w.abs();
        for kept in powers {
            if power > *kept {
                std::mem::swap(&mut power, kept);
            }
        }
    }

    /// The greatest one that is believed; 0 before. **Unit** W.
    pub(super) fn confirmed_w(&self) -> f64 {
        let least = self.days.iter().map(|(_, [.., least])| *least);
        least.fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY + 5)
    }

    #[test]
    fn a_power_that_nothing_confirms_is_not_believed_and_an_old_one_is_forgotten() {
        let mut greatest = Greatest::default();
        for power in [10_000.0, 90e6, -12_000.0, 90e6, 11_000.0] {
            greatest.take(at(20_000), power);
        }
        assert_eq!(greatest.confirmed_w(), 12_000.0);
        greatest.take(at(20_000), 90e6);
        assert_eq!(greatest.confirmed_w(), 90e6, "three of them are what the meter measures");
        for day in 20_001..20_009 {
            (0..3).for_each(|_| greatest.take(at(day), 9000.0));
        }
        assert_eq!((greatest.confirmed_w(), greatest.days.len()), (9000.0, DAYS_MAX));
    }
}
