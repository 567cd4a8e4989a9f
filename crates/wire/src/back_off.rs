//! How long to wait before trying again.

use std::time::Duration;

/// First pause.
const DELAY_MIN: Duration = Duration::from_secs(1);
/// Longest pause, before jitter.
const DELAY_MAX: Duration = Duration::from_secs(60);

/// Growing pauses between attempts: 1 s, doubling to 60 s, each up to a quarter shorter so that
/// devices that failed together do not all come back together.
#[derive(Debug, Clone)]
pub struct BackOff {
    next: Duration,
    state: u64,
}

impl BackOff {
    /// The first pause is the shortest. The same `seed` gives the same pauses.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { next: DELAY_MIN, state: seed | 1 }
    }

    /// The pause before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(DELAY_MAX);
        // A xorshift step: jitter needs no better randomness.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let quarter = full / 4;
        full - quarter * u32::try_from(self.state % 256).unwrap_or(0) / 256
    }

    /// It worked: the next failure starts from the shortest pause again.
    pub const fn reset(&mut self) {
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
    fn meters_that_failed_together_come_back_apart() {
        let delays = |seed| {
            let mut back_off = BackOff::new(seed);
            [(); 6].map(|()| back_off.next_delay())
        };
        assert_ne!(delays(1), delays(2));
        assert_eq!(delays(3), delays(3));
    }
}
