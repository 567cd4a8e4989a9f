//! Figures of a load profile.
//!
//! In: mean powers of equal intervals, or an energy and its peak. Out: load factor, equivalent
//! hours, base load. Source: load factor = mean / peak; quantile of type 7 (Hyndman and Fan 1996).
//! Refuses: a load factor without a peak.

/// Load factor and equivalent hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadFactor {
    /// Mean over peak. **Range** 0 to 1 when the peak belongs to the same time.
    pub load_factor: f64,
    /// Energy over peak. **Unit** h.
    pub equivalent_hours: f64,
}

/// Load factor of an energy in `hours` with its peak; `None` without peak or time.
#[must_use]
pub fn load_factor(energy_kwh: f64, peak_kw: f64, hours: f64) -> Option<LoadFactor> {
    (peak_kw > 0.0 && hours > 0.0).then(|| LoadFactor {
        load_factor: energy_kwh / hours / peak_kw,
        equivalent_hours: energy_kwh / peak_kw,
    })
}

/// Quantile of values in any order, linear between them (type 7): the base load is a low one.
///
/// **Range** `quantile` 0 to 1. `None` without values or outside that range.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn quantile(values: &[f64], quantile: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&quantile) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = quantile * sorted.len().checked_sub(1)? as f64;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_between_values() {
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
        assert_eq!(quantile(&[1.0, 2.0], 1.0), Some(2.0));
        assert_eq!(quantile(&[7.0], 0.1), Some(7.0));
        assert_eq!(quantile(&[], 0.1), None);
        assert_eq!(quantile(&[1.0], 1.1), None);
    }
}
