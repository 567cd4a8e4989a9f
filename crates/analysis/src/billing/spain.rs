//! Reactive energy in Spain's access tariffs 3.0TD and 6.xTD.
//!
//! In: the energies of one period (P1 to P6) and a month. Out: the excess over 33 % of the active
//! energy and its cost. Source: Orden ITC/688/2011 art. 9 and Circular CNMC 3/2020; prices
//! 0.041554 and 0.062332 €/kvarh. Refuses: to bill inductive energy in P6, where only capacitive
//! energy counts (from 1 kV, cos φ < 0.98).

/// Share of the active energy that is free.
pub const FREE_RATIO: f64 = 0.33;
/// From this cos φ on nothing is billed.
pub const COS_PHI_FREE: f64 = 0.95;
/// Below this cos φ the higher price applies.
pub const COS_PHI_LOW: f64 = 0.80;
/// Price for 0.80 ≤ cos φ < 0.95. **Unit** €/kvarh.
pub const PRICE: f64 = 0.041_554;
/// Price for cos φ < 0.80. **Unit** €/kvarh.
pub const PRICE_LOW: f64 = 0.062_332;

/// A period of the tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// P1 to P5: inductive energy is billed.
    Billed,
    /// P6: it is not.
    Free,
}

/// Reactive energy of one period and month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpanishReactive {
    /// Mean cos φ of the energies; `None` without energy.
    pub cos_phi: Option<f64>,
    /// Energy beyond the free share. **Unit** kvarh.
    pub excess_kvarh: f64,
    /// Price of that excess; 0 where nothing is billed. **Unit** €/kvarh.
    pub price: f64,
    /// **Unit** €.
    pub cost: f64,
}

/// Cost of the inductive energy `kvarh` beside the active energy `kwh`.
#[must_use]
pub fn reactive(period: Period, kwh: f64, kvarh: f64) -> SpanishReactive {
    let apparent = kwh.hypot(kvarh);
    let cos_phi = (apparent > 0.0).then(|| kwh / apparent);
    let price = match (period, cos_phi) {
        (Period::Free, _) | (_, None) => 0.0,
        (Period::Billed, Some(cos)) if cos >= COS_PHI_FREE => 0.0,
        (Period::Billed, Some(cos)) if cos >= COS_PHI_LOW => PRICE,
        (Period::Billed, Some(_)) => PRICE_LOW,
    };
    let excess_kvarh = match period {
        Period::Billed => (kvarh - FREE_RATIO * kwh).max(0.0),
        Period::Free => 0.0,
    };
    SpanishReactive { cos_phi, excess_kvarh, price, cost: price * excess_kvarh }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_follows_the_power_factor() {
        assert_eq!(reactive(Period::Billed, 3000.0, 900.0).cost, 0.0);
        assert_eq!(reactive(Period::Billed, 3000.0, 1500.0).price, PRICE);
        assert_eq!(reactive(Period::Billed, 3000.0, 3000.0).price, PRICE_LOW);
        assert_eq!(reactive(Period::Free, 3000.0, 3000.0).cost, 0.0);
        assert_eq!(reactive(Period::Billed, 0.0, 0.0).cos_phi, None);
    }
}
