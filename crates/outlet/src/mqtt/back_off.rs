//! How long to wait before trying the broker again.

use std::time::Duration;

/// First pause.
const DELAY_MIN: Duration = Duration::from_millis(500);
/// Longest pause, before jitter.
const DELAY_MAX: Duration = Duration::from_secs(60);

/// Growing pauses: half a second, doubling to a minute, each up to a quarter shorter, so that the
/// sites of one broker do not all come back at once.
#[derive(Debug)]
pub(super) struct BackOff {
    next: Duration,
    random: u64,
}

impl BackOff {
    /// The first pause is the shortest; the same `seed` gives the same pauses.
    pub(super) const fn new(seed: u64) -> Self {
        Self { next: DELAY_MIN, random: seed | 1 }
    }

    /// The pause before the next attempt.
    pub(super) fn next_delay(&mut self) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(DELAY_MAX);
        // A step of xorshift: jitter needs no better randomness.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let part = u32::try_from(self.random % 256).unwrap_or_default();
        full - full / 4 * part / 256
    }

    /// It worked: the next failure starts from the shortest pause again.
    pub(super) const fn reset(&mut self) {
        self.next = DELAY_MIN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_start_again() {
        let mut back_off = BackOff::new(7);
        let mut limit = DELAY_MIN;
        for _ in 0..20 {
            let delay = back_off.next_delay();
            assert!(delay <= limit && delay * 4 >= limit * 3, "{delay:?} of {limit:?}");
            limit = (limit * 2).min(DELAY_MAX);
        }
        back_off.reset();
        assert!(back_off.next_delay() <= DELAY_MIN);
    }

    #[test]
    fn sites_that_lost_one_broker_come_back_apart() {
        let delays = |seed| {
            let mut back_off = BackOff::new(seed);
            [(); 6].map(|()| back_off.next_delay())
        };
        assert_ne!(delays(1), delays(4711));
    }
}
