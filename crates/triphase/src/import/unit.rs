//! Units of CSV columns, and how far their decimal point is from the catalogue's.

use reading::{Decimal, Quantity, Unit};

/// A unit as a column names it: symbol, unit, power of ten.
const UNITS: [(&str, Unit, i8); 40] = [
    ("V", Unit::Volt, 0),
    ("mV", Unit::Volt, -3),
    ("kV", Unit::Volt, 3),
    ("A", Unit::Ampere, 0),
    ("mA", Unit::Ampere, -3),
    ("kA", Unit::Ampere, 3),
    ("W", Unit::Watt, 0),
    ("kW", Unit::Watt, 3),
    ("MW", Unit::Watt, 6),
    ("var", Unit::Var, 0),
    ("kvar", Unit::Var, 3),
    ("Mvar", Unit::Var, 6),
    ("VA", Unit::VoltAmpere, 0),
    ("kVA", Unit::VoltAmpere, 3),
    ("MVA", Unit::VoltAmpere, 6),
    ("Wh", Unit::WattHour, 0),
    ("kWh", Unit::WattHour, 3),
    ("MWh", Unit::WattHour, 6),
    ("GWh", Unit::WattHour, 9),
    ("varh", Unit::VarHour, 0),
    ("kvarh", Unit::VarHour, 3),
    ("Mvarh", Unit::VarHour, 6),
    ("VAh", Unit::VoltAmpereHour, 0),
    ("kVAh", Unit::VoltAmpereHour, 3),
    ("MVAh", Unit::VoltAmpereHour, 6),
    ("Hz", Unit::Hertz, 0),
    ("mHz", Unit::Hertz, -3),
    ("°", Unit::Degree, 0),
    ("deg", Unit::Degree, 0),
    ("1", Unit::One, 0),
    ("", Unit::One, 0),
    ("%", Unit::Percent, 0),
    ("°C", Unit::Celsius, 0),
    ("m³", Unit::CubicMetre, 0),
    ("m3", Unit::CubicMetre, 0),
    ("m³/h", Unit::CubicMetrePerHour, 0),
    ("m3/h", Unit::CubicMetrePerHour, 0),
    ("J", Unit::Joule, 0),
    ("s", Unit::Second, 0),
    ("kg", Unit::Kilogram, 0),
];

/// How a number of the column becomes one of the quantity: a shift of the decimal point.
///
/// # Errors
/// An unknown unit, or one of another dimension; the text says which fit.
pub(super) fn shift(quantity: Quantity, symbol: &str) -> Result<i8, String> {
    // A varh written as the data set's owners write it is still a varh.
    let found = UNITS.iter().find(|(known, ..)| *known == symbol);
    let found = found.or_else(|| {
        let mut alike = UNITS.iter().filter(|(known, ..)| known.eq_ignore_ascii_case(symbol));
        alike.next().filter(|_| alike.next().is_none())
    });
    let fitting = || {
        let fits = |(known, unit, _): &&(&'static str, Unit, i8)| {
            !known.is_empty() && ratio(*unit, quantity.unit()).is_some()
        };
        let names: Vec<&str> = UNITS.iter().filter(fits).map(|(known, ..)| *known).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let (_, unit, power) =
        found.ok_or_else(|| format!("unknown unit [{symbol}]; {quantity} takes {}", fitting()))?;
    let ratio = ratio(*unit, quantity.unit())
        .ok_or_else(|| format!("{quantity} is not in [{symbol}]; it takes {}", fitting()))?;
    Ok(power + ratio)
}

/// Power of ten between two units of one dimension: a power factor may be given in percent.
fn ratio(given: Unit, wanted: Option<Unit>) -> Option<i8> {
    match (given, wanted?) {
        (Unit::Percent, Unit::One) => Some(-2),
        (Unit::One, Unit::Percent) => Some(2),
        (given, wanted) => (given == wanted).then_some(0),
    }
}

/// The number of a cell: point or comma as decimal mark, spaces between thousands.
///
/// # Errors
/// Anything else; the text repeats it.
pub(super) fn number(cell: &str, decimal_comma: bool) -> Result<Decimal, String> {
    let spaces = [' ', '\u{a0}', '\u{202f}'];
    let mut text: String = cell.trim().chars().filter(|c| !spaces.contains(c)).collect();
    if decimal_comma {
        if text.contains('.') {
            return Err(format!("\"{cell}\": a point in a file with decimal commas"));
        }
        text = text.replace(',', ".");
    }
    let text = text.strip_prefix('+').unwrap_or(&text);
    let text = match text.strip_prefix('-') {
        Some(rest) if rest.starts_with('.') => format!("-0{rest}"),
        None if text.starts_with('.') => format!("0{text}"),
        _ => text.to_owned(),
    };
    text.parse().map_err(|_| {
        let hint = if text.contains(',') { " (decimal commas: --decimal comma)" } else { "" };
        let cell: String = cell.chars().take(40).collect();
        format!("\"{cell}\" is no number{hint}")
    })
}

/// Whether a cell says that there is no value.
pub(super) fn is_absent(cell: &str) -> bool {
    let words = ["-", "--", "na", "n/a", "nan", "null", "none"];
    let cell = cell.trim();
    cell.is_empty() || words.iter().any(|word| cell.eq_ignore_ascii_case(word))
}
