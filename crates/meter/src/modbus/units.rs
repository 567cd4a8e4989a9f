//! Units as data sheets write them.

use reading::Unit;

/// The symbols of the units that registers speak, in lower case; several spellings are in use.
const SYMBOLS: &[(&str, Unit)] = &[
    ("w", Unit::Watt),
    ("va", Unit::VoltAmpere),
    ("var", Unit::Var),
    ("wh", Unit::WattHour),
    ("vah", Unit::VoltAmpereHour),
    ("varh", Unit::VarHour),
    ("a", Unit::Ampere),
    ("v", Unit::Volt),
    ("hz", Unit::Hertz),
    ("°", Unit::Degree),
    ("deg", Unit::Degree),
    ("%", Unit::Percent),
    ("pct", Unit::Percent),
    ("", Unit::One),
    ("pf", Unit::One),
    ("°c", Unit::Celsius),
    ("m³", Unit::CubicMetre),
    ("m3", Unit::CubicMetre),
    ("m³/h", Unit::CubicMetrePerHour),
    ("m3/h", Unit::CubicMetrePerHour),
    ("j", Unit::Joule),
    ("s", Unit::Second),
    ("kg", Unit::Kilogram),
];

/// Prefixes with their power of ten. Case tells milli from mega.
const PREFIXES: [(&str, i8); 5] = [("m", -3), ("k", 3), ("K", 3), ("M", 6), ("G", 9)];

/// A unit with the power of ten of its prefix: `kWh` is (Wh, 3).
#[must_use]
pub(super) fn unit(text: &str) -> Option<(Unit, i8)> {
    let plain = |text: &str| {
        let lower = text.to_lowercase();
        SYMBOLS.iter().find(|(symbol, _)| *symbol == lower).map(|(_, unit)| *unit)
    };
    if let Some(unit) = plain(text) {
        return Some((unit, 0));
    }
    let (prefix, power) = PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix))?;
    let rest = text.get(prefix.len()..).filter(|rest| !rest.is_empty())?;
    plain(rest).map(|unit| (unit, *power))
}

/// The power of ten that turns a number in `from` into one in `to`, beside the prefix.
#[must_use]
pub(super) const fn conversion(from: Unit, to: Unit) -> Option<i8> {
    match (from, to) {
        // A power factor is printed in per cent by some meters.
        (Unit::Percent, Unit::One) => Some(-2),
        (Unit::One, Unit::Percent) => Some(2),
        _ if from as u8 == to as u8 => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_spellings_of_data_sheets() {
        let cases = [
            ("kWh", Some((Unit::WattHour, 3))),
            ("MWh", Some((Unit::WattHour, 6))),
            ("KWh", Some((Unit::WattHour, 3))),
            ("mA", Some((Unit::Ampere, -3))),
            ("kVArh", Some((Unit::VarHour, 3))),
            ("VAr", Some((Unit::Var, 0))),
            ("kVA", Some((Unit::VoltAmpere, 3))),
            ("Hz", Some((Unit::Hertz, 0))),
            ("mHz", Some((Unit::Hertz, -3))),
            ("%", Some((Unit::Percent, 0))),
            ("", Some((Unit::One, 0))),
            ("m³", Some((Unit::CubicMetre, 0))),
            ("kilowatt", None),
            ("k", None),
        ];
        for (text, expected) in cases {
            assert_eq!(unit(text), expected, "{text}");
        }
    }
}
