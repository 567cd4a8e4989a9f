//! Units as payloads and data sheets write them: `kWh`, `mA`, `kvar`, `t`.
//!
//! In: a symbol with or without a decimal prefix. Out: the catalogue's unit and a power of ten, so
//! that no digit changes. Refuses whatever is not a power of ten away.

use reading::Unit;

/// Decimal prefixes (SI).
const PREFIXES: [(&str, i8); 6] = [("k", 3), ("M", 6), ("G", 9), ("m", -3), ("µ", -6), ("u", -6)];
/// Other spellings and units of the same kind: symbol, unit, power of ten.
const SPELLINGS: [(&str, Unit, i8); 14] = [
    ("VAr", Unit::Var, 0),
    ("Var", Unit::Var, 0),
    ("VAR", Unit::Var, 0),
    ("VArh", Unit::VarHour, 0),
    ("Varh", Unit::VarHour, 0),
    ("g", Unit::Kilogram, -3),
    ("t", Unit::Kilogram, 3),
    ("m3", Unit::CubicMetre, 0),
    ("m3/h", Unit::CubicMetrePerHour, 0),
    ("L", Unit::CubicMetre, -3),
    ("l", Unit::CubicMetre, -3),
    ("C", Unit::Celsius, 0),
    ("deg", Unit::Degree, 0),
    ("1", Unit::One, 0),
];

/// The unit of a symbol, and by which power of ten a number in it is multiplied.
fn parse(symbol: &str) -> Option<(Unit, i8)> {
    // `kg` and `m³` are themselves, whatever their first letter means elsewhere.
    if let Some(plain) = plain(symbol) {
        return Some(plain);
    }
    PREFIXES.into_iter().find_map(|(prefix, power)| {
        let (unit, own) = plain(symbol.strip_prefix(prefix)?)?;
        // Only what is measured in thousands takes a prefix: nobody writes kilo-per-cent.
        let takes = !matches!(unit, Unit::Percent | Unit::Celsius | Unit::Degree | Unit::One);
        takes.then_some((unit, own + power))
    })
}

fn plain(symbol: &str) -> Option<(Unit, i8)> {
    if symbol.is_empty() {
        return None;
    }
    let spelling = SPELLINGS.into_iter().find(|(known, _, _)| *known == symbol);
    let own = || Unit::from_symbol(symbol).map(|unit| (unit, 0));
    spelling.map(|(_, unit, power)| (unit, power)).or_else(own)
}

/// The power of ten that leads from numbers in `symbol` to numbers in `unit`.
///
/// # Errors
/// The sentence that says what was expected.
pub(super) fn power_to(unit: Unit, symbol: &str) -> Result<i8, String> {
    let expected = || match unit {
        Unit::One => "expected a pure number without a unit, or %".to_owned(),
        _ => format!("expected {unit}, or the same with a prefix such as k{unit}"),
    };
    let Some((given, power)) = parse(symbol) else {
        return Err(format!("\"{symbol}\" is no unit known here: {}", expected()));
    };
    match (given, unit) {
        _ if given == unit => Ok(power),
        (Unit::Percent, Unit::One) => Ok(-2),
        (Unit::One, Unit::Percent) => Ok(2),
        _ => Err(format!("{symbol} measures something else: {}", expected())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_spellings_lead_to_the_catalogues_units() {
        for (unit, symbol, power) in [
            (Unit::WattHour, "kWh", 3),
            (Unit::WattHour, "MWh", 6),
            (Unit::Watt, "mW", -3),
            (Unit::Var, "kVAr", 3),
            (Unit::Ampere, "mA", -3),
            (Unit::Kilogram, "kg", 0),
            (Unit::Kilogram, "t", 3),
            (Unit::Kilogram, "g", -3),
            (Unit::CubicMetre, "m³", 0),
            (Unit::CubicMetre, "L", -3),
            (Unit::One, "%", -2),
            (Unit::Percent, "%", 0),
            (Unit::Hertz, "mHz", -3),
        ] {
            assert_eq!(power_to(unit, symbol), Ok(power), "{symbol}");
        }
    }

    #[test]
    fn w_var_and_va_never_interchange() {
        for (unit, symbol) in [
            (Unit::Watt, "var"),
            (Unit::Watt, "VA"),
            (Unit::Watt, "Wh"),
            (Unit::VarHour, "kWh"),
            (Unit::Watt, "kw"),
            (Unit::Watt, "hp"),
            (Unit::Percent, "k%"),
            (Unit::Watt, ""),
        ] {
            assert!(power_to(unit, symbol).is_err(), "{symbol}");
        }
        let message = power_to(Unit::Watt, "kVA").expect_err("apparent power");
        assert_eq!(
            message,
            "kVA measures something else: expected W, or the same with a prefix such as kW"
        );
    }
}
