//! The low-voltage supply: an open-circuit voltage behind an impedance, per phase.
//!
//! In: an instant, the wall clock, a phase's power. Out: the voltage at the meter. The phases do
//! not couple: the neutral is taken as stiff.

use crate::local::Local;
use crate::machine::Power;
use crate::noise::Noise;
use reading::Timestamp;

/// Loop of one phase: some 250 m of 150 mm² aluminium cable and the transformer.
const RESISTANCE_OHM: f64 = 0.068;
const REACTANCE_OHM: f64 = 0.027;
/// Open-circuit voltage about which the supply wanders.
const OPEN_CIRCUIT_V: f64 = 233.5;
/// Noise subject of the supply.
const SUBJECT: u64 = 100;

/// Hour and voltage above or below the mean: the quarter's own daily load.
const DAILY_V: [(f64, f64); 7] =
    [(0.0, 2.2), (5.0, 2.6), (8.0, -0.4), (12.0, 0.6), (15.0, 0.9), (19.0, -2.4), (24.0, 2.2)];

/// Voltages of L1, L2, L3 without load.
pub(crate) fn open_circuit(noise: Noise, at: Timestamp, local: Local) -> [f64; 3] {
    let noise = noise.of(SUBJECT);
    let common = OPEN_CIRCUIT_V
        + daily(local.hour)
        + 1.6 * noise.drift(1, at, 1_800)
        + 0.5 * noise.drift(2, at, 40)
        + 0.25 * noise.drift(3, at, 3);
    [4_u64, 5, 6].map(|stream| {
        let fixed = 3.6 * noise.draw(stream + 10, 0) - 1.8;
        common
            + fixed
            + 0.7 * noise.drift(stream, at, 2_700)
            + 0.15 * noise.drift(stream + 3, at, 4)
    })
}

fn daily(hour: f64) -> f64 {
    let pieces = DAILY_V.windows(2);
    for piece in pieces {
        if let [(from, low), (to, high)] = piece
            && (*from..*to).contains(&hour)
        {
            return low + (high - low) * (hour - from) / (to - from);
        }
    }
    0.0
}

/// Voltage at the end of the impedance under a constant power.
///
/// The exact solution of the two-node circuit: U⁴ + U²·(2(RP + XQ) − E²) + Z²S² = 0, of which the
/// upper root is the stable one.
pub(crate) fn under_load(open_circuit_v: f64, load: Power) -> f64 {
    let Power { active_w, reactive_var } = load;
    let half = open_circuit_v * open_circuit_v / 2.0
        - (RESISTANCE_OHM * active_w + REACTANCE_OHM * reactive_var);
    let impedance_squared = RESISTANCE_OHM * RESISTANCE_OHM + REACTANCE_OHM * REACTANCE_OHM;
    let apparent_squared = active_w * active_w + reactive_var * reactive_var;
    let root = (half * half - impedance_squared * apparent_squared).max(0.0);
    (half + root.sqrt()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daily_curve_closes_at_midnight_without_a_jump() {
        assert_eq!(daily(0.0), 2.2);
        assert!((daily(23.999) - 2.2).abs() < 0.01);
        assert!((daily(7.999) - daily(8.0)).abs() < 0.01);
    }

    #[test]
    fn the_voltage_drop_closes_the_circuit() {
        let load = Power { active_w: 16_000.0, reactive_var: 9_000.0 };
        let u = under_load(233.0, load);
        // I = S*/U with U real; E = U + Z·I.
        let (re, im) = (load.active_w / u, -load.reactive_var / u);
        let e_re = u + RESISTANCE_OHM * re - REACTANCE_OHM * im;
        let e_im = RESISTANCE_OHM * im + REACTANCE_OHM * re;
        assert!((e_re.hypot(e_im) - 233.0).abs() < 1e-9, "{u}");
        assert!((225.0..230.0).contains(&u), "{u}");
        assert_eq!(under_load(233.0, Power::default()), 233.0);
    }
}
