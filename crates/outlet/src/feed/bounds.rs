//! Numbers that no meter could mean.
//!
//! In: a quantity and a number in the catalogue's unit. Out: whether a meter could have measured
//! it, by the catalogue's range. Refuses counters below zero: no register is.

use reading::{Decimal, Quantity, Unit};

/// Checks a number.
///
/// # Errors
/// The sentence that says what was expected.
pub(crate) fn check(quantity: Quantity, value: Decimal) -> Result<(), String> {
    let Some(range) = quantity.range().filter(|range| !range.contains(value)) else {
        return Ok(());
    };
    let unit = quantity.unit().map_or("", Unit::symbol);
    let expected = format!("expected {} to {} {unit}", range.least, range.greatest);
    Err(format!("{}, got {value}", expected.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_meter_could_mean_is_refused() {
        let check = |quantity, text: &str| check(quantity, text.parse().expect("a number"));
        for (quantity, text) in [
            (Quantity::VoltageL1, "230.1"),
            (Quantity::ActivePower, "-20000"),
            (Quantity::ProductionPieces, "4294967296"),
            (Quantity::CurrentL1, "-3"),
        ] {
            assert_eq!(check(quantity, text), Ok(()), "{text}");
        }
        for (quantity, text) in [
            (Quantity::VoltageL1, "-0.1"),
            (Quantity::ActivePower, "100000001"),
            (Quantity::ProductionPieces, "-1"),
            (Quantity::ActiveEnergyImport, "-0.5"),
            (Quantity::PowerFactor, "1.01"),
            (Quantity::ActivePowerImport, "-5"),
        ] {
            assert!(check(quantity, text).is_err(), "{text}");
        }
    }
}
