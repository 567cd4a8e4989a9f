//! Units as meters spell them, and what they are in the catalogue's.

use reading::Unit;

/// The unit of a text, and the power of ten that leads to it: `kWh` is watt-hours and 3.
///
/// Meters differ in case (`kVArh`, `kwh`), so only the prefixes milli and mega are told apart by
/// it. `None` for units that the catalogue's quantities do not have.
///
/// # Source
/// IEC 62056-21, 6.3.10 leaves units to the meter; the spellings are those of the captures and of
/// the DSMR, e-MUCS and Luxembourg specifications.
#[must_use]
pub fn unit_of(text: &str) -> Option<(Unit, i8)> {
    let matches = |known: &str| {
        known.len() == text.len()
            && known.eq_ignore_ascii_case(text)
            // The prefixes m and M are the only ones that differ by case alone.
            && (!known.starts_with(['m', 'M']) || known.get(..1) == text.get(..1))
    };
    UNITS.iter().find(|(known, ..)| matches(known)).map(|(_, unit, power)| (*unit, *power))
}

/// The most frequent first.
const UNITS: [(&str, Unit, i8); 43] = [
    ("kWh", Unit::WattHour, 3),
    ("kW", Unit::Watt, 3),
    ("V", Unit::Volt, 0),
    ("A", Unit::Ampere, 0),
    ("kvarh", Unit::VarHour, 3),
    ("kvar", Unit::Var, 3),
    ("W", Unit::Watt, 0),
    ("Wh", Unit::WattHour, 0),
    ("var", Unit::Var, 0),
    ("varh", Unit::VarHour, 0),
    ("kVA", Unit::VoltAmpere, 3),
    ("kVAh", Unit::VoltAmpereHour, 3),
    ("VA", Unit::VoltAmpere, 0),
    ("VAh", Unit::VoltAmpereHour, 0),
    ("Hz", Unit::Hertz, 0),
    ("m3", Unit::CubicMetre, 0),
    ("s", Unit::Second, 0),
    ("MWh", Unit::WattHour, 6),
    ("MW", Unit::Watt, 6),
    ("Mvarh", Unit::VarHour, 6),
    ("Mvar", Unit::Var, 6),
    ("MVA", Unit::VoltAmpere, 6),
    ("MVAh", Unit::VoltAmpereHour, 6),
    ("GWh", Unit::WattHour, 9),
    ("GW", Unit::Watt, 9),
    ("mW", Unit::Watt, -3),
    ("mA", Unit::Ampere, -3),
    ("kA", Unit::Ampere, 3),
    ("mV", Unit::Volt, -3),
    ("kV", Unit::Volt, 3),
    ("Deg", Unit::Degree, 0),
    ("%", Unit::Percent, 0),
    ("C", Unit::Celsius, 0),
    ("GJ", Unit::Joule, 9),
    ("MJ", Unit::Joule, 6),
    ("kJ", Unit::Joule, 3),
    ("J", Unit::Joule, 0),
    ("m3/h", Unit::CubicMetrePerHour, 0),
    ("m3ph", Unit::CubicMetrePerHour, 0),
    ("Nm3", Unit::CubicMetre, 0),
    ("dm3", Unit::CubicMetre, -3),
    ("l/h", Unit::CubicMetrePerHour, -3),
    ("l", Unit::CubicMetre, -3),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_finds_its_own_row() {
        for (index, (text, unit, power)) in UNITS.iter().enumerate() {
            assert_eq!(unit_of(text), Some((*unit, *power)), "row {index}");
        }
    }

    #[test]
    fn case_matters_for_milli_and_mega_alone() {
        assert_eq!(unit_of("kwh"), Some((Unit::WattHour, 3)));
        assert_eq!(unit_of("kVArh"), Some((Unit::VarHour, 3)));
        assert_eq!(unit_of("mw"), Some((Unit::Watt, -3)));
        assert_eq!(unit_of("Mw"), Some((Unit::Watt, 6)));
        assert_eq!(unit_of("MA"), None);
        assert_eq!(unit_of("h"), None);
        assert_eq!(unit_of(""), None);
    }
}
