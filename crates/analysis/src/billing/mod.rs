//! What reactive energy and demand cost.
//!
//! In: energies of one billing window and the rule's ratio and price, which are data of the site.
//! Out: excess and cost. Source: excess = max(0, Q − k·P) per window, the structure common to the
//! French, German and Swiss rules; the rules of one country have a file each. Refuses: to know a
//! price.

pub mod exceedance;
pub mod spain;
pub mod turpe;
pub mod wallonia;

/// Reactive energy of a billing window against its free share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReactiveExcess {
    /// Mean tan φ of the window; `None` without active energy.
    pub tan_phi: Option<f64>,
    /// Reactive energy beyond the free share. **Unit** kvarh.
    pub excess_kvarh: f64,
    /// **Unit** the currency of the price; `None` without a price.
    pub cost: Option<f64>,
}

/// Reactive energy beyond `free_ratio` × active energy, at a price per kvarh.
#[must_use]
pub fn reactive_excess(
    kwh: f64,
    kvarh: f64,
    free_ratio: f64,
    price_per_kvarh: Option<f64>,
) -> ReactiveExcess {
    let excess_kvarh = (kvarh - free_ratio * kwh).max(0.0);
    ReactiveExcess {
        tan_phi: (kwh > 0.0).then(|| kvarh / kwh),
        excess_kvarh,
        cost: price_per_kvarh.map(|price| price * excess_kvarh),
    }
}
