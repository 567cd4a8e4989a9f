//! Harmonic distortion and r.m.s. aggregation of voltages.
//!
//! In: harmonic magnitudes in percent of the fundamental, or r.m.s. values. Out: THD, the orders
//! beyond EN 50160, aggregates. Source: IEC 61000-4-7; EN 50160:2010 table 1 (low voltage);
//! IEC 61000-4-30:2015 4.5. Refuses: a verdict; without a class A or S instrument it is screening.

/// EN 50160's limit of the voltage THD (orders to 40). **Unit** percent.
pub const THD_LIMIT_PCT: f64 = 8.0;

/// EN 50160, table 1: order and limit in percent of the fundamental, 95 % of 10-minute values.
const LIMITS: [(u8, f64); 14] = [
    (2, 2.0),
    (3, 5.0),
    (4, 1.0),
    (5, 6.0),
    (7, 5.0),
    (9, 1.5),
    (11, 3.5),
    (13, 3.0),
    (15, 0.5),
    (17, 2.0),
    (19, 1.5),
    (21, 0.5),
    (23, 1.5),
    (25, 1.5),
];
/// EN 50160's limit of the even orders 6 to 24. **Unit** percent.
const HIGH_EVEN_LIMIT_PCT: f64 = 0.5;

/// Total harmonic distortion of harmonics in percent of the fundamental. **Unit** percent.
#[must_use]
pub fn thd(harmonics_pct: impl IntoIterator<Item = f64>) -> f64 {
    harmonics_pct.into_iter().map(|h| h * h).sum::<f64>().sqrt()
}

/// EN 50160's limit of an order; `None` where it sets none. **Unit** percent.
#[must_use]
pub fn limit(order: u8) -> Option<f64> {
    let listed = LIMITS.into_iter().find(|(listed, _)| *listed == order).map(|(_, limit)| limit);
    let high_even = (6..=24).contains(&order) && order.is_multiple_of(2);
    listed.or(high_even.then_some(HIGH_EVEN_LIMIT_PCT))
}

/// The orders beyond their limit, in the order given.
pub fn violations(harmonics: impl IntoIterator<Item = (u8, f64)>) -> impl Iterator<Item = u8> {
    let beyond = |(order, pct): &(u8, f64)| limit(*order).is_some_and(|limit| *pct > limit);
    harmonics.into_iter().filter(beyond).map(|(order, _)| order)
}

/// Aggregate of r.m.s. values: the root of their mean square. `None` without values.
///
/// # Source
/// IEC 61000-4-30:2015, 4.5.
#[must_use]
#[allow(clippy::cast_precision_loss)] // An interval holds far fewer than 2^53 values.
pub fn rms(values: &[f64]) -> Option<f64> {
    let squares: f64 = values.iter().map(|value| value * value).sum();
    (!values.is_empty()).then(|| (squares / values.len() as f64).sqrt())
}
