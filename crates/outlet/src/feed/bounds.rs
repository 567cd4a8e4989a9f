//! Numbers that no meter could mean.
//!
//! In: a quantity and a number in the catalogue's unit. Out: whether a meter could have measured
//! it. Source: the bounds of `POST /api/mesures`. Refuses counters below zero: no register is.

use reading::{Decimal, Kind, Quantity, Sign, Unit};

/// The least and the greatest number of a quantity, in the catalogue's unit; `None` where nothing
/// is known.
fn range(quantity: Quantity) -> Option<(f64, f64)> {
    let description = quantity.description();
    if description.kind == Kind::Counter {
        return Some((0.0, 1e15));
    }
    let (least, greatest) = match description.unit? {
        Unit::Volt => (0.0, 1000.0),
        Unit::Ampere => (-20e3, 20e3),
        Unit::Watt | Unit::Var | Unit::VoltAmpere => (-100e6, 100e6),
        Unit::Percent => (0.0, 1000.0),
        Unit::Hertz => (40.0, 70.0),
        Unit::One => (-1.0, 1.0),
        Unit::Degree => (-360.0, 360.0),
        Unit::Celsius => (-273.15, 2000.0),
        _ => return None,
    };
    let signed = description.sign != Sign::NonNegative || description.unit == Some(Unit::Ampere);
    Some((if signed { least } else { 0.0 }, greatest))
}

/// Checks a number.
///
/// # Errors
/// The sentence that says what was expected.
pub(crate) fn check(quantity: Quantity, value: Decimal) -> Result<(), String> {
    let Some((least, greatest)) = range(quantity) else { return Ok(()) };
    let number = value.to_f64();
    if (least..=greatest).contains(&number) {
        return Ok(());
    }
    let unit = quantity.unit().map_or("", Unit::symbol);
    let expected = format!("expected {least} to {greatest} {unit}");
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
