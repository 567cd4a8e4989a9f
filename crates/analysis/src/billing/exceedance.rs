//! Exceedance of the subscribed power in France (CMDPS, TURPE 7).
//!
//! In: hours or 10-minute points of exceedance and the tariff's rate. Out: the monthly
//! component. Source: CRE deliberation 2025-78 (TURPE 7), component of monthly exceedance.
//! Refuses: to know a rate; a point below the subscribed power counts as none.

/// Low voltage above 36 kVA: rate × hours of exceedance. **Unit** €.
#[must_use]
pub fn low_voltage(hours_over: f64, eur_per_hour: f64) -> f64 {
    hours_over * eur_per_hour
}

/// Medium voltage (HTA), one class: coefficient · b · √(ΣΔP²) over the 10-minute points. **Unit** €.
#[must_use]
pub fn medium_voltage(b_eur_per_kw: f64, coefficient: f64, over_kw: &[f64]) -> f64 {
    let squares: f64 = over_kw.iter().map(|over| over.max(0.0).powi(2)).sum();
    coefficient * b_eur_per_kw * squares.sqrt()
}
