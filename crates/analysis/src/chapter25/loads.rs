//! `charges-par-machine`: shares of the whole.
//!
//! In: the power of the whole and of each sub-meter. Out: loads in kW, their sum and per cents.
//! Source: chapter 25, `get_charges_machine`, whose constants are replaced by measurements.

use super::sum;
use crate::Method;

/// The key under which the load without a sub-meter appears.
pub const REMAINDER: &str = "divers";

/// One entry of `charges_par_equipement`.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// The configured id, or [`REMAINDER`].
    pub name: String,
    /// **Unit** kW.
    pub kw: f64,
    /// `pourcentages`: share of the total; `None` when the total is 0. **Unit** percent.
    pub percent: Option<f64>,
    /// `Measured` for a sub-meter, `Derived` for the remainder.
    pub method: Method,
}

/// The objects `charges_par_equipement`, `total_consomme` and `pourcentages`.
#[derive(Debug, Clone, PartialEq)]
pub struct Loads {
    /// The sub-meters in the order given, then the remainder.
    pub loads: Vec<Load>,
    /// Sum of the loads. **Unit** kW.
    pub total_kw: f64,
}

/// Shares of the sub-meters (id and kW) in the whole (kW).
///
/// The remainder is the whole minus the sub-meters; it is absent when the whole is unknown and
/// negative when the sub-meters exceed it (a sign of wrong polarity or ratios). `None` when
/// nothing is known.
#[must_use]
pub fn loads(whole_kw: Option<f64>, parts: &[(String, f64)]) -> Option<Loads> {
    let mut named: Vec<(String, f64, Method)> =
        parts.iter().map(|(name, kw)| (name.clone(), *kw, Method::Measured)).collect();
    if let Some(whole) = whole_kw {
        let metered = sum(parts.iter().map(|(_, kw)| *kw));
        let method = if parts.is_empty() { Method::Measured } else { Method::Derived };
        named.push((REMAINDER.to_owned(), whole - metered, method));
    }
    if named.is_empty() {
        return None;
    }
    let total_kw = sum(named.iter().map(|(_, kw, _)| *kw));
    let load = |(name, kw, method): (String, f64, Method)| Load {
        name,
        kw,
        percent: (total_kw != 0.0).then(|| kw / total_kw * 100.0),
        method,
    };
    Some(Loads { loads: named.into_iter().map(load).collect(), total_kw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_sub_meters_the_whole_is_the_remainder() {
        let whole = loads(Some(12.5), &[]).expect("a whole");
        assert_eq!(whole.loads.len(), 1);
        assert_eq!((whole.loads[0].name.as_str(), whole.loads[0].kw), (REMAINDER, 12.5));
        assert_eq!(whole.loads[0].percent, Some(100.0));
        assert_eq!(loads(None, &[]), None);
    }

    #[test]
    fn a_total_of_zero_has_no_shares() {
        let idle = loads(Some(0.0), &[]).expect("a whole");
        assert_eq!(idle.loads[0].percent, None);
    }
}
