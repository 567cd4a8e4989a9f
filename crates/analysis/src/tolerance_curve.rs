//! Voltage tolerance curves of equipment.
//!
//! In: a voltage in percent of nominal and how long it lasts. Out: whether equipment must bear
//! it. Source: ITIC (CBEMA) application note, 2000, its steps; SEMI F47-0706 (ride through 50 %
//! for 0.2 s, 70 % for 0.5 s, 80 % for 1 s). Refuses: a SEMI F47 demand below 50 ms, beyond 1 s
//! and for swells, of which it says nothing.

/// Where an event lies against ITIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Itic {
    /// Equipment must work through it.
    Inside,
    /// Below the lower envelope: it may stop, without damage.
    NoDamage,
    /// Above the upper envelope: it may be damaged.
    Prohibited,
}

/// What SEMI F47 demands of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SemiF47 {
    /// Equipment must ride through.
    MustRideThrough,
    /// Deeper than the curve: it may stop.
    BelowCurve,
    /// The standard says nothing about this duration.
    NoRequirement,
}

/// Duration up to which a bound holds (s), and the bound (percent).
type Step = (f64, f64);
const ITIC_LOWER: [Step; 4] = [(0.02, 0.0), (0.5, 70.0), (10.0, 80.0), (f64::INFINITY, 90.0)];
const ITIC_UPPER: [Step; 5] =
    [(0.000_17, 500.0), (0.001, 200.0), (0.003, 140.0), (0.5, 120.0), (f64::INFINITY, 110.0)];
const F47: [Step; 3] = [(0.2, 50.0), (0.5, 70.0), (1.0, 80.0)];
/// SEMI F47 begins here. **Unit** s.
const F47_SHORTEST_S: f64 = 0.05;

fn bound(steps: &[Step], seconds: f64) -> Option<f64> {
    steps.iter().find(|(until, _)| seconds <= *until).map(|(_, bound)| *bound)
}

/// A voltage of `percent` for `seconds` against ITIC; a bound itself is inside.
#[must_use]
pub fn itic(percent: f64, seconds: f64) -> Itic {
    let lower = bound(&ITIC_LOWER, seconds).unwrap_or(0.0);
    let upper = bound(&ITIC_UPPER, seconds).unwrap_or(f64::INFINITY);
    if percent < lower {
        Itic::NoDamage
    } else if percent > upper {
        Itic::Prohibited
    } else {
        Itic::Inside
    }
}

/// A sag to `percent` for `seconds` against SEMI F47.
#[must_use]
pub fn semi_f47(percent: f64, seconds: f64) -> SemiF47 {
    if seconds < F47_SHORTEST_S || percent > 100.0 {
        return SemiF47::NoRequirement;
    }
    match bound(&F47, seconds) {
        None => SemiF47::NoRequirement,
        Some(bound) if percent >= bound => SemiF47::MustRideThrough,
        Some(_) => SemiF47::BelowCurve,
    }
}

impl Itic {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::NoDamage | Self::Prohibited => "outside",
        }
    }

    /// The region's own name.
    #[must_use]
    pub const fn region(self) -> &'static str {
        match self {
            Self::Inside => "no_interruption",
            Self::NoDamage => "no_damage",
            Self::Prohibited => "prohibited",
        }
    }
}

impl SemiF47 {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MustRideThrough => "must_ride_through",
            Self::BelowCurve => "below_curve",
            Self::NoRequirement => "no_requirement",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_hold_at_their_corners() {
        assert_eq!(itic(0.0, 0.02), Itic::Inside);
        assert_eq!(itic(69.9, 0.021), Itic::NoDamage);
        assert_eq!(itic(120.1, 0.4), Itic::Prohibited);
        assert_eq!(itic(90.0, 3600.0), Itic::Inside);
        assert_eq!(semi_f47(50.0, 0.2), SemiF47::MustRideThrough);
        assert_eq!(semi_f47(50.0, 0.21), SemiF47::BelowCurve);
        assert_eq!(semi_f47(75.0, 1.5), SemiF47::NoRequirement);
    }
}
