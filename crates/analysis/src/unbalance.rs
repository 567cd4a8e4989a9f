//! Voltage and current unbalance from magnitudes.
//!
//! In: three r.m.s. values of one interval. Out: ratios in percent. Source: NEMA MG-1 (LVUR),
//! IEEE 141 (PVUR), IEC 61000-4-30:2015 5.7 (u2), NEMA MG-1 figure 14-1 (derating). Refuses:
//! voltages that cannot close a triangle; a verdict on u2 from phase magnitudes alone.

/// Largest deviation from the mean of three.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// max |x − mean| / mean. **Unit** percent. **Range** 0 to 200.
    pub percent: f64,
    /// The index that deviates most, 1 to 3; the lowest on ties.
    pub phase: u8,
}

/// Largest deviation from the mean: LVUR (NEMA MG-1) on line voltages, PVUR (IEEE 141) on phase
/// voltages, and the usual figure for currents.
///
/// `None` when the mean is not positive.
#[must_use]
pub fn largest_deviation(values: [f64; 3]) -> Option<Deviation> {
    let mean = values.iter().sum::<f64>() / 3.0;
    if !(mean > 0.0 && mean.is_finite()) {
        return None;
    }
    let [one, two, three] = values.map(|value| (value - mean).abs());
    let mut largest = (1, one);
    for candidate in [(2, two), (3, three)] {
        if candidate.1 > largest.1 {
            largest = candidate;
        }
    }
    Some(Deviation { percent: 100.0 * largest.1 / mean, phase: largest.0 })
}

/// β of IEC 61000-4-30: Σu⁴ / (Σu²)² of the three line voltages; 1/3 when balanced.
#[must_use]
pub fn beta(line_voltages: [f64; 3]) -> Option<f64> {
    if line_voltages.iter().any(|u| !u.is_finite() || *u <= 0.0) {
        return None;
    }
    let squares = line_voltages.map(|u| u * u);
    let square_sum: f64 = squares.iter().sum();
    let fourth_sum: f64 = squares.iter().map(|square| square * square).sum();
    Some(fourth_sum / (square_sum * square_sum))
}

/// Negative-sequence unbalance u2 of line voltages.
///
/// **Unit** percent of the positive sequence. **Range** 0 to 100. **Shape** U12, U23, U31, any
/// common unit. Exact for any angles, since line voltages have no zero sequence.
///
/// `None` when a voltage is not positive or the three cannot close a triangle.
#[must_use]
pub fn negative_sequence(line_voltages: [f64; 3]) -> Option<f64> {
    let discriminant = 3.0 - 6.0 * beta(line_voltages)?;
    if discriminant < -DISCRIMINANT_ROUNDING {
        return None; // No triangle has these three sides.
    }
    let root = discriminant.clamp(0.0, 1.0).sqrt();
    Some(100.0 * ((1.0 - root) / (1.0 + root)).sqrt())
}

/// A flat triangle (a lost phase) may fall below 0 by rounding.
const DISCRIMINANT_ROUNDING: f64 = 1e-9;

/// Zero-sequence unbalance u0 from three phase and three line voltages.
///
/// **Unit** percent of the positive sequence. Exact in theory, badly conditioned in practice: at
/// 0.1 V a true 0.5 % reads 0 to 1.8 %, so it is worth publishing only above
/// [`ZERO_SEQUENCE_PCT_MIN`] and never at 1 V.
#[must_use]
pub fn zero_sequence(phase_voltages: [f64; 3], line_voltages: [f64; 3]) -> Option<f64> {
    let u2 = negative_sequence(line_voltages)? / 100.0;
    let line_squares = line_voltages.iter().map(|u| u * u).sum::<f64>() / 9.0;
    let phase_squares = phase_voltages.iter().map(|u| u * u).sum::<f64>() / 3.0;
    let positive_square = line_squares / (1.0 + u2 * u2);
    let zero_square = (phase_squares - line_squares).max(0.0);
    Some(100.0 * (zero_square / positive_square).sqrt())
}

/// Smallest u0 from magnitudes at 0.1 V that says anything, percent.
pub const ZERO_SEQUENCE_PCT_MIN: f64 = 3.0;

/// u2 as three phase magnitudes under assumed 120° would give it, and what it can hide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Screening {
    /// e = ≈ ½·|u2 ± u0|: half the true u2 when there is no zero sequence. **Unit** percent.
    pub estimate_pct: f64,
    /// The u2 that fits the estimate, for u0 up to the assumed largest. **Unit** percent.
    pub range_pct: [f64; 2],
}

/// Screening estimate from phase magnitudes with 120° assumed between them.
///
/// There is no limit verdict: a test of 2 % on the estimate misses an unbalance of 3.9 %.
/// `zero_sequence_max` is the largest u0 thought possible, percent.
#[must_use]
pub fn screening(phase_voltages: [f64; 3], zero_sequence_max: f64) -> Option<Screening> {
    let [a, b, c] = phase_voltages;
    let sum = a + b + c;
    if !(sum > 0.0 && sum.is_finite()) {
        return None;
    }
    let square = a * a + b * b + c * c - a * b - b * c - c * a;
    let estimate_pct = 100.0 * square.max(0.0).sqrt() / sum;
    let (low, high) =
        (2.0 * estimate_pct - zero_sequence_max, 2.0 * estimate_pct + zero_sequence_max);
    Some(Screening { estimate_pct, range_pct: [low.max(0.0), high] })
}

/// Load that a motor bears at a voltage unbalance.
///
/// **Unit** fraction of the rated power. **Range** 0.75 to 1. `unbalance_pct` is LVUR. `None`
/// above 5 %: NEMA advises not to operate. The curve is digitised (±0.01), linear in between.
///
/// # Source
/// NEMA MG-1, figures 14-1 and 20-2.
#[must_use]
pub fn motor_derating(unbalance_pct: f64) -> Option<f64> {
    const CURVE: [(f64, f64); 6] =
        [(0.0, 1.0), (1.0, 1.0), (2.0, 0.95), (3.0, 0.89), (4.0, 0.82), (5.0, 0.75)];
    CURVE.windows(2).find_map(|pair| match pair {
        [(from, high), (to, low)] if (*from..=*to).contains(&unbalance_pct) => {
            Some(high + (low - high) * (unbalance_pct - from) / (to - from))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_no_triangle() {
        assert_eq!(negative_sequence([400.0, 100.0, 100.0]), None);
        assert_eq!(negative_sequence([400.0, 0.0, 400.0]), None);
        assert_eq!(negative_sequence([f64::NAN, 400.0, 400.0]), None);
        let flat = negative_sequence([400.0, 200.0, 200.0]).expect("a flat triangle");
        assert!((flat - 100.0).abs() < 0.1);
    }

    #[test]
    fn derating_ends_at_five_percent() {
        assert_eq!(motor_derating(5.0), Some(0.75));
        assert_eq!(motor_derating(5.01), None);
        assert_eq!(motor_derating(-0.1), None);
    }

    proptest! {
        /// domain.md 0.8: u2 lies between LVUR and 2/√3 of it, for small deviations.
        #[test]
        fn u2_stays_near_the_nema_figure(a in -0.01..0.01_f64, b in -0.01..0.01_f64) {
            let lines = [400.0 * (1.0 + a), 400.0 * (1.0 + b), 400.0];
            let lvur = largest_deviation(lines).expect("positive").percent;
            let u2 = negative_sequence(lines).expect("a triangle");
            prop_assert!(u2 >= 0.98 * lvur - 1e-6 && u2 <= 1.17 * lvur + 1e-6);
        }

        #[test]
        fn deviation_ignores_the_unit(values in prop::array::uniform3(1.0..1000.0_f64)) {
            let volts = largest_deviation(values).expect("positive");
            let kilovolts = largest_deviation(values.map(|v| v / 1024.0)).expect("positive");
            prop_assert!((volts.percent - kilovolts.percent).abs() < 1e-9);
        }
    }
}
