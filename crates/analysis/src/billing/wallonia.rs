//! Capacity charge of Walloon AMR customers.
//!
//! In: the quarter-hour peaks of a month and the largest of twelve months. Out: the billed peak
//! and the cost. Source: ORES tariffs 2025 (T-BT): the 11th highest quarter-hour of the month and
//! the 12-month maximum, each with its price. Refuses: a month of fewer than 11 quarter-hours.

/// Which highest quarter-hour of the month is billed.
pub const RANK: usize = 11;

/// The capacity charge of one month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapacityCharge {
    /// The 11th highest quarter-hour. **Unit** kW.
    pub monthly_peak_kw: f64,
    /// **Unit** €.
    pub cost: f64,
}

/// Prices of the two parts. **Unit** €/kW.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapacityPrices {
    /// Of the month's peak.
    pub monthly: f64,
    /// Of the 12-month peak.
    pub historic: f64,
}

/// Charge of quarter-hour means (kW, any order) and the largest of twelve months.
#[must_use]
pub fn capacity_charge(
    quarter_hours_kw: &[f64],
    peak_12_months_kw: f64,
    prices: CapacityPrices,
) -> Option<CapacityCharge> {
    let mut sorted = quarter_hours_kw.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let monthly_peak_kw = *sorted.get(RANK - 1)?;
    let cost = monthly_peak_kw * prices.monthly + peak_12_months_kw * prices.historic;
    Some(CapacityCharge { monthly_peak_kw, cost })
}
