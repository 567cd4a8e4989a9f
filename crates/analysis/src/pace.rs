//! How a counter of production usually grows, and what of a step that explains.
//!
//! In: the growths that a counter showed. Out: how much it can have grown in a time. Nothing bounds what
//! a machine makes but what it makes otherwise: a step is judged by the other growths around it, never
//! by itself, and by such that others of their like confirm. Source: domain rule "counter". Refuses
//! where there is no other growth.

/// A counter does not grow faster than this multiple of its usual pace.
const LEAP_FACTOR: f64 = 20.0;
/// A step beyond this multiple of the usual pace, that is taken back at once, was nonsense; nor did a
/// counter that is beyond it pass its end.
const SURE_FACTOR: f64 = 4.0;
/// From so many other growths on, those that two others confirm are usual; of fewer, the middle one.
const OTHERS_FOR_RANK: usize = 8;
/// The growths that are kept as they are.
const GREATEST_KEPT: usize = OTHERS_FOR_RANK + 1;
/// The rank, from 0, that two greater growths confirm.
const CONFIRMED_RANK: usize = 2;
/// A growth of at least this share of a step may be part of it.
const OWN_SHARE: f64 = 0.5;
/// Rounding of a difference of two decimal readings.
const ROUNDING: f64 = 1e-6;

/// One growth of a counter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grown {
    /// By how much. **Range** above 0.
    pub by: f64,
    /// Between two readings so far apart. **Unit** s.
    pub within_s: f64,
    /// So long after the growth before it. **Unit** s.
    pub after_s: f64,
}

/// How a counter usually grows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pace {
    /// Usual time from one growth to the next. **Unit** s.
    wait_s: f64,
    /// The greatest growths, each as one of a single wait and as it was; greatest first.
    greatest: Vec<(f64, f64)>,
    growths: usize,
}

impl Pace {
    /// The pace of some growths.
    #[must_use]
    pub fn of(growths: &[Grown]) -> Self {
        let mut waits: Vec<f64> = growths.iter().map(|grown| grown.after_s).collect();
        let middle = waits.len() / 2;
        let wait_s = if waits.is_empty() {
            0.0
        } else {
            *waits.select_nth_unstable_by(middle, f64::total_cmp).1
        };
        let mut pace = Self { wait_s, greatest: Vec::new(), growths: growths.len() };
        let each = |grown: &Grown| (grown.by / pace.waits(grown.within_s), grown.by);
        pace.greatest = growths.iter().map(each).collect();
        pace.greatest.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        pace.greatest.truncate(GREATEST_KEPT);
        pace
    }

    /// How many growths it is made of.
    #[must_use]
    pub const fn growths(&self) -> usize {
        self.growths
    }

    /// How much the counter can have grown in a time, judged by the growths that are not a step `by`
    /// itself; never less than 1. `None` where there is no other one.
    #[must_use]
    pub fn explains(&self, by: f64, within_s: f64) -> Option<f64> {
        self.times(LEAP_FACTOR, (by, within_s))
    }

    /// How much it has so surely grown that nothing needs to confirm it.
    #[must_use]
    pub fn makes_sure(&self, by: f64, within_s: f64) -> Option<f64> {
        self.times(SURE_FACTOR, (by, within_s))
    }

    fn times(&self, factor: f64, (by, within_s): (f64, f64)) -> Option<f64> {
        Some((factor * self.usual(by)? * self.waits(within_s)).max(1.0))
    }

    /// A usual growth of one wait, judged without the one that a step `by` may be made of.
    fn usual(&self, by: f64) -> Option<f64> {
        let own = |(_, grown): &(f64, f64)| OWN_SHARE * by <= *grown && *grown <= by + ROUNDING;
        let own = self.greatest.iter().position(own);
        let others = self.growths - usize::from(own.is_some());
        let rank = if others >= OTHERS_FOR_RANK {
            CONFIRMED_RANK
        } else {
            // The lower one of two in the middle.
            others.checked_sub(1)?.div_ceil(2)
        };
        let passed = usize::from(own.is_some_and(|own| own <= rank));
        self.greatest.get(rank + passed).map(|(each, _)| *each)
    }

    fn waits(&self, within_s: f64) -> f64 {
        if self.wait_s > 0.0 { 1.0 + within_s / self.wait_s } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(seconds: f64, sizes: &[f64]) -> Pace {
        let grown = |by: &f64| Grown { by: *by, within_s: 10.0, after_s: seconds };
        Pace::of(&sizes.iter().map(grown).collect::<Vec<_>>())
    }

    #[test]
    fn a_slow_counter_makes_a_great_step_unlikely_however_short_the_readings_are_apart() {
        let slow = every(2000.0, &[1.0; 4]);
        let allowed = slow.explains(8900.0, 10.0).expect("there are others");
        assert!((20.0..30.0).contains(&allowed), "{allowed}");
        // A silence explains more, by the pace.
        let silence = slow.explains(1.0, 20_000.0).expect("others");
        assert!((200.0..250.0).contains(&silence), "{silence}");
    }

    #[test]
    fn no_step_speaks_for_itself() {
        assert_eq!(every(60.0, &[5000.0]).explains(5000.0, 10.0), None);
        assert_eq!(Pace::of(&[]).explains(1.0, 10.0), None);
        for sizes in
            [vec![1.0, 5000.0], vec![1.0, 1.0, 5000.0], [vec![1.0; 40], vec![5000.0]].concat()]
        {
            let pace = every(2000.0, &sizes);
            assert!(pace.explains(5000.0, 10.0).is_some_and(|allowed| allowed < 100.0), "{pace:?}");
            assert!(pace.explains(1.0, 10.0).is_some_and(|allowed| allowed >= 1.0));
        }
    }

    #[test]
    fn a_rush_that_repeats_itself_is_usual() {
        let pace = every(900.0, &[vec![1.0; 32], vec![400.0; 4]].concat());
        assert!(pace.explains(400.0, 10.0).is_some_and(|allowed| allowed >= 400.0), "{pace:?}");
    }
}
