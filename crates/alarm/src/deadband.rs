//! When a value raises and clears an alarm.
//!
//! In: samples and a limit with deadband and delays. Out: when it goes on and off. Source:
//! ISA-18.2-2016 (deadband on the clear side, on-delay, off-delay), evaluated at the samples.
//! Refuses nothing; a sample on the other side starts a delay anew.

/// A high limit and what keeps it from chattering.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// The value must be above.
    pub limit: f64,
    /// It clears below limit − deadband.
    pub deadband: f64,
    /// How long it must be above. **Unit** s.
    pub on_delay_s: f64,
    /// How long it must be below. **Unit** s.
    pub off_delay_s: f64,
}

/// First raise and the clear that follows it. **Unit** s, the samples' clock.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Raised {
    /// When it went on.
    pub on_at_s: Option<f64>,
    /// When it went off again.
    pub off_at_s: Option<f64>,
}

/// First raise and clear of samples `(t, x)`, oldest first.
#[must_use]
pub fn raised(limit: &Limit, samples: &[(f64, f64)]) -> Raised {
    let Some(on) = held(samples, limit.on_delay_s, |x| x > limit.limit) else {
        return Raised::default();
    };
    let after: Vec<(f64, f64)> = samples.iter().copied().filter(|(t, _)| *t > on).collect();
    let off = held(&after, limit.off_delay_s, |x| x < limit.limit - limit.deadband);
    Raised { on_at_s: Some(on), off_at_s: off }
}

/// First sample at which `is` has held for `delay_s`.
fn held(samples: &[(f64, f64)], delay_s: f64, is: impl Fn(f64) -> bool) -> Option<f64> {
    let mut since = None;
    samples.iter().find_map(|(t, x)| {
        since = is(*x).then(|| since.unwrap_or(*t));
        since.filter(|since| t - since >= delay_s).map(|_| *t)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_on_the_other_side_starts_the_delay_anew() {
        let limit = Limit { limit: 50.0, deadband: 2.0, on_delay_s: 10.0, off_delay_s: 0.0 };
        let samples = [(0.0, 51.0), (9.0, 50.0), (10.0, 51.0), (20.0, 51.0), (21.0, 48.0)];
        let expected = Raised { on_at_s: Some(20.0), off_at_s: None };
        assert_eq!(raised(&limit, &samples), expected);
        assert_eq!(raised(&limit, &[(0.0, 50.0)]), Raised::default());
    }
}
