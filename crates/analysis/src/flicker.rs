//! Long-term flicker severity.
//!
//! In: the short-term values of two hours. Out: Plt. Source: IEC 61000-4-15, EN 50160:2010 4.2.3:
//! Plt = ∛(ΣPst³ / 12). Refuses: another number than twelve.

/// EN 50160: Plt at most, 95 % of a week.
pub const PLT_LIMIT: f64 = 1.0;

/// Plt of twelve Pst of 10 minutes each.
#[must_use]
pub fn long_term(short_term: [f64; 12]) -> f64 {
    (short_term.iter().map(|pst| pst.powi(3)).sum::<f64>() / 12.0).cbrt()
}
