//! The current in the neutral conductor.
//!
//! In: the three phase currents. Out: its r.m.s. value. Source: Kirchhoff's current law;
//! IEC 60364-5-52 annex E for triplen harmonics. Refuses nothing, but a result without angles
//! assumes one power factor on all phases and sees no third harmonic.

use crate::phasor::{self, Phasor};

/// Neutral current of three current phasors. **Unit** A.
#[must_use]
pub fn from_phasors([one, two, three]: [Phasor; 3]) -> f64 {
    (one + two + three).magnitude()
}

/// Neutral current when all phases have the same power factor and 120° between them.
///
/// **Unit** that of the currents. √(I1² + I2² + I3² − I1·I2 − I2·I3 − I3·I1): fundamental only.
#[must_use]
pub fn with_equal_power_factor(currents: [f64; 3]) -> f64 {
    from_phasors(assumed_phasors(currents))
}

/// Negative over positive sequence of the currents under the same assumption. **Unit** percent.
#[must_use]
pub fn negative_sequence_with_equal_power_factor(currents: [f64; 3]) -> Option<f64> {
    phasor::components(assumed_phasors(currents)).negative_pct()
}

fn assumed_phasors([one, two, three]: [f64; 3]) -> [Phasor; 3] {
    [Phasor::new(one, 0.0), Phasor::new(two, -120.0), Phasor::new(three, 120.0)]
}

/// The neutral current with its third harmonic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triplen {
    /// Fundamental part, equal power factors assumed. **Unit** A.
    pub fundamental_a: f64,
    /// Third harmonic: zero sequence, so it adds arithmetically. **Unit** A.
    pub third_a: f64,
    /// Root of the sum of squares. **Unit** A.
    pub rms_a: f64,
    /// Over the mean r.m.s. phase current; may exceed 1. `None` without current.
    pub ratio_to_phase: Option<f64>,
}

/// Neutral current of fundamental and third-harmonic phase currents. **Unit** A.
#[must_use]
pub fn with_third_harmonic(fundamental: [f64; 3], third: [f64; 3]) -> Triplen {
    let fundamental_a = with_equal_power_factor(fundamental);
    let third_a = third.iter().sum::<f64>();
    let rms_a = fundamental_a.hypot(third_a);
    let phases = fundamental.iter().zip(third).map(|(i1, i3)| i1.hypot(i3));
    let phase_mean = phases.sum::<f64>() / 3.0;
    let ratio_to_phase = (phase_mean > 0.0).then(|| rms_a / phase_mean);
    Triplen { fundamental_a, third_a, rms_a, ratio_to_phase }
}
