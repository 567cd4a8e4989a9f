//! The power part of the French withdrawal component (TURPE 7, low voltage above 36 kVA).
//!
//! In: subscribed powers and coefficients b in the order HPH, HCH, HPB, HCB. Out: €/year. Source:
//! CRE deliberation 2025-78: CS = b₁·P₁ + Σ bᵢ·(Pᵢ − Pᵢ₋₁). Refuses: powers that fall from one
//! class to the next, which the tariff does not allow.

/// Power part of one year. **Unit** €. **Shape** kVA and €/kVA/year per class, same order.
///
/// `None` when the slices differ in length, are empty, or a power is below the one before.
#[must_use]
pub fn power_part(subscribed_kva: &[f64], b: &[f64]) -> Option<f64> {
    if subscribed_kva.len() != b.len() || b.is_empty() || !subscribed_kva.is_sorted() {
        return None;
    }
    let steps = subscribed_kva.iter().scan(0.0, |before, power| {
        let step = power - *before;
        *before = *power;
        Some(step)
    });
    Some(steps.zip(b).map(|(step, b)| step * b).sum())
}
