//! Mean power from energy counters.
//!
//! In: two readings and the time between them. Out: mean power with the error of the counter's
//! last digit. Source: P̄ = ΔE/Δt; IEC 62053-23 quadrants for Q. Refuses: an interval in which
//! one digit is more than 2 % of the result.

/// Largest share of the result that the last digit may be.
const RESOLUTION_SHARE_MAX: f64 = 0.02;

/// Mean power between two counter readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CounterPower {
    /// ΔE/Δt. **Unit** that of the counter per hour: kWh gives kW.
    pub power: f64,
    /// Bound of the quantisation error: one digit per Δt, since both ends are truncated.
    pub error_max: f64,
    /// The error is at most 2 % of the power; otherwise take a longer interval.
    pub usable: bool,
}

/// Mean power between readings `before` and `after`, `seconds` apart, of a counter whose last
/// digit is `resolution`. `None` for a time that is not positive or a counter that went back.
#[must_use]
pub fn mean_power(before: f64, after: f64, seconds: f64, resolution: f64) -> Option<CounterPower> {
    if seconds <= 0.0 || after < before {
        return None;
    }
    let power = (after - before) * 3600.0 / seconds;
    let error_max = resolution * 3600.0 / seconds;
    Some(CounterPower { power, error_max, usable: error_max <= RESOLUTION_SHARE_MAX * power })
}

/// Mean reactive powers from the counters of the four quadrants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuadrantPower {
    /// QI + QII − QIII − QIV. **Sign** inductive positive.
    pub net: f64,
    /// +R = QI + QII.
    pub import: f64,
    /// −R = QIII + QIV.
    pub export: f64,
}

/// Mean reactive powers of the advances of QI to QIV over `seconds`. **Unit** kvarh gives kvar.
#[must_use]
pub fn from_quadrants([q1, q2, q3, q4]: [f64; 4], seconds: f64) -> Option<QuadrantPower> {
    (seconds > 0.0).then(|| {
        let per_hour = 3600.0 / seconds;
        let (import, export) = ((q1 + q2) * per_hour, (q3 + q4) * per_hour);
        QuadrantPower { net: import - export, import, export }
    })
}
