//! Outliers by the median and its absolute deviations.
//!
//! In: values and which of them to judge. Out: its modified z-score. Source: B. Iglewicz and
//! D. Hoaglin 1993: z = 0.6745·(x − median) / MAD, |z| > 3.5. Refuses: a score when more than half
//! of the values are equal (MAD = 0): a floor from the resolution must take its place.

use crate::load_profile::quantile;

/// |z| beyond which a value is an outlier.
pub const Z_LIMIT: f64 = 3.5;
/// MAD of a normal distribution, in standard deviations.
const MAD_OF_SIGMA: f64 = 0.6745;

/// One value against the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobustZ {
    /// Median of all values.
    pub median: f64,
    /// Median of the absolute deviations.
    pub mad: f64,
    /// The score; `None` when the MAD is 0.
    pub z: Option<f64>,
}

/// Modified z-score of `values[index]`; `None` for an index outside.
#[must_use]
pub fn robust_z(values: &[f64], index: usize) -> Option<RobustZ> {
    let judged = *values.get(index)?;
    let median = quantile(values, 0.5)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    let mad = quantile(&deviations, 0.5)?;
    let z = (mad > 0.0).then(|| MAD_OF_SIGMA * (judged - median) / mad);
    Some(RobustZ { median, mad, z })
}

/// Two-sided probability that a normal value lies beyond `sigmas` standard deviations.
#[must_use]
pub fn false_alarm_probability(sigmas: f64) -> f64 {
    libm::erfc(sigmas.abs() / std::f64::consts::SQRT_2)
}
