//! How often alarms come.
//!
//! In: the times of alarms. Out: the most in any window, and whether they come too often. Source:
//! ISA-18.2-2016 and IEC 62682: a flood is more than 10 alarms in 10 minutes; an alarm that comes
//! three times in a minute chatters (first pass). Refuses nothing.

/// A flood begins above this many alarms in its window.
pub const FLOOD_ALARMS_MAX: usize = 10;

/// Most alarms within any half-open stretch of `window`, times in any order and one unit.
#[must_use]
pub fn most_in_window(times: &[f64], window: f64) -> usize {
    most(times, |from, at| at - from < window)
}

/// Whether `count` activations lie within `seconds`, both ends included.
#[must_use]
pub fn chatters(activations_s: &[f64], count: usize, seconds: f64) -> bool {
    most(activations_s, |from, at| at - from <= seconds) >= count
}

fn most(times: &[f64], together: impl Fn(f64, f64) -> bool) -> usize {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let from = |index: usize| sorted.get(index..).unwrap_or_default();
    let count = |index: usize| {
        let rest = from(index);
        rest.first().map_or(0, |first| rest.iter().take_while(|at| together(*first, **at)).count())
    };
    (0..sorted.len()).map(count).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides() {
        let minutes = [9.0, 5.0, 0.0, 14.0, 14.5, 15.0];
        assert_eq!(most_in_window(&minutes, 10.0), 4);
        assert_eq!(most_in_window(&[], 10.0), 0);
        assert!(chatters(&[0.0, 30.0, 60.0], 3, 60.0));
        assert!(!chatters(&[0.0, 30.0, 61.0], 3, 60.0));
    }
}
