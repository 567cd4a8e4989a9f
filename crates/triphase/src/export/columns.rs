//! The columns of a CSV file that this program writes, and reads again.
//!
//! In: readings. Out: header cells such as `voltage_l1 [V]`, cells with the register's digits.
//! Texts never begin as a spreadsheet's formula would.

use reading::{Decimal, Obis, Quality, Quantity, Reading, Unit, Value};
use std::collections::BTreeSet;

/// Header of the instant in UTC.
pub(crate) const TIME_UTC: &str = "time_utc";
/// Header of the instant with the site's offset.
pub(crate) const TIME_LOCAL: &str = "time_local";
/// Header of the list that a telegram follows.
pub(crate) const LIST: &str = "list";
/// Header of the trust in a telegram.
pub(crate) const QUALITY: &str = "quality";
/// Header of the values that are trusted less than their telegram.
pub(crate) const DOUBTS: &str = "doubts";
/// A number whose unit nobody told.
const UNIT_UNKNOWN: &str = "?";
/// The symbol of a pure number.
const UNIT_ONE: &str = "1";

/// Whether a header cell names the time of our own files.
pub(crate) fn is_time(cell: &str) -> bool {
    cell == TIME_UTC || cell == TIME_LOCAL
}

/// What one column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Column {
    what: What,
    /// `None` for texts and for numbers without a known unit.
    unit: Option<Unit>,
    is_text: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Quantity(Quantity),
    Register(Obis),
}

impl Column {
    /// The column of a reading.
    pub(crate) fn of(reading: &Reading) -> Option<Self> {
        let what = match (reading.quantity, reading.obis) {
            (Some(quantity), _) => What::Quantity(quantity),
            (None, Some(obis)) => What::Register(obis),
            (None, None) => return None,
        };
        let is_text = matches!(reading.value, Value::Text(_));
        Some(Self { what, unit: reading.unit, is_text })
    }

    /// The name without its unit.
    pub(crate) fn name(&self) -> String {
        match self.what {
            What::Quantity(quantity) => quantity.name().to_owned(),
            What::Register(obis) => obis.to_string(),
        }
    }

    /// The quantity, when it is one.
    pub(crate) const fn quantity(&self) -> Option<Quantity> {
        match self.what {
            What::Quantity(quantity) => Some(quantity),
            What::Register(_) => None,
        }
    }

    /// The header cell.
    pub(crate) fn header(&self) -> String {
        match (self.is_text, self.unit) {
            (true, _) => self.name(),
            (false, unit) => format!("{} [{}]", self.name(), symbol(unit)),
        }
    }

    /// The column of a header cell; `None` for another program's.
    pub(crate) fn parse(cell: &str) -> Option<Self> {
        let (name, unit, is_text) = match cell.split_once(" [") {
            None => (cell, None, true),
            Some((name, rest)) => match rest.strip_suffix(']')? {
                UNIT_UNKNOWN => (name, None, false),
                UNIT_ONE => (name, Some(Unit::One), false),
                symbol => (name, Some(Unit::from_symbol(symbol)?), false),
            },
        };
        let quantity = Quantity::from_name(name).map(What::Quantity);
        let what = quantity.or_else(|| name.parse().ok().map(What::Register))?;
        Some(Self { what, unit, is_text })
    }

    /// The reading of a cell.
    ///
    /// # Errors
    /// The cell of a number holds none.
    pub(crate) fn reading(&self, cell: &str, decimal_comma: bool) -> Result<Reading, String> {
        let value = if self.is_text {
            Value::Text(unguarded(cell).to_owned())
        } else {
            let text = if decimal_comma { cell.replace(',', ".") } else { cell.to_owned() };
            let number: Result<Decimal, _> = text.trim().parse();
            Value::Number(number.map_err(|_| format!("\"{cell}\" is no number"))?)
        };
        let (quantity, obis) = match self.what {
            What::Quantity(quantity) => (Some(quantity), None),
            What::Register(obis) => (None, Some(obis)),
        };
        Ok(Reading { quantity, obis, value, unit: self.unit, quality: Quality::Good })
    }
}

fn symbol(unit: Option<Unit>) -> &'static str {
    match unit {
        None => UNIT_UNKNOWN,
        Some(Unit::One) => UNIT_ONE,
        Some(unit) => unit.symbol(),
    }
}

/// A number's cell.
pub(crate) fn number(decimal: Decimal, decimal_comma: bool) -> String {
    let text = decimal.to_string();
    if decimal_comma { text.replace('.', ",") } else { text }
}

/// A text's cell: an apostrophe keeps spreadsheets from computing it.
pub(crate) fn guarded(text: &str) -> String {
    if begins_a_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| begins_a_formula(text)).unwrap_or(cell)
}

fn begins_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '|', '%'])
}

/// The cell that names the values which are trusted less than their telegram.
pub(crate) fn doubts(telegram: Quality, readings: &[Reading]) -> String {
    let mut names = BTreeSet::new();
    for reading in readings.iter().filter(|reading| reading.quality > telegram) {
        if let Some(column) = Column::of(reading) {
            names.insert(format!("{} {}", column.name(), reading.quality.name()));
        }
    }
    names.into_iter().collect::<Vec<_>>().join(" ")
}

/// What such a cell says of a column.
pub(crate) fn doubt_of(cell: &str, column: &Column) -> Option<Quality> {
    let mut words = cell.split(' ');
    while let (Some(name), Some(quality)) = (words.next(), words.next()) {
        if name == column.name() {
            let known = [Quality::Good, Quality::Suspect, Quality::Bad];
            return known.into_iter().find(|known| known.name() == quality);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        for cell in ["voltage_l1 [V]", "power_factor [1]", "device_id_1", "1-0:99.7.0*255 [?]"] {
            assert_eq!(Column::parse(cell).expect(cell).header(), cell);
        }
        assert_eq!(Column::parse("Usage_kWh"), None);
        assert_eq!(Column::parse("voltage_l1 [furlong]"), None);
    }

    #[test]
    fn no_text_begins_as_a_formula_and_every_text_comes_back() {
        for text in ["=1+1", "+41", "-x", "@A1", "'quoted", "plain", "", "\t=1"] {
            let cell = guarded(text);
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell}");
            assert_eq!(unguarded(&cell), text);
        }
    }
}
