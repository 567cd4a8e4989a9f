//! What a value information block says: quantity, base unit, scale, and what else applies.
//!
//! In: the bytes VIF and VIFE of a record. Out: a [`Vif`]. Texts and base units are those of
//! libmbus's normalised output, which programs of this field compare with; where it calls a code
//! reserved that EN 13757-3 has assigned since, the standard's meaning is given in the same style.
//!
//! # Source
//! EN 13757-3:2018, 6.4 and tables 10 (primary), 12 (FB), 14 (FD), 15 and 16 (combinable).

use super::combinable::{self, Change};
use super::vif_table::{self, Row};

/// Most VIFE of one record (EN 13757-3, 6.4.1).
pub const VIFE_MAX: usize = 10;
/// The bit that says that another byte follows.
pub(super) const EXTENSION: u8 = 0x80;
const CODE: u8 = 0x7F;
const PLAIN_TEXT: u8 = 0x7C;
const SECOND_EXTENSION: u8 = 0x7B;
const FIRST_EXTENSION: u8 = 0x7D;
const MANUFACTURER: u8 = 0x7F;
const COMBINABLE_EXTENSION: u8 = 0x7C;

/// The value information of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vif<'a> {
    /// The VIF itself, with its extension bit.
    pub code: u8,
    /// The VIFE, with their extension bits. **Shape** at most [`VIFE_MAX`].
    pub extensions: &'a [u8],
    /// A unit in plain text, as sent: last character first.
    pub plain_text: Option<&'a [u8]>,
}

/// What is to be done with the number of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Factor, such as 3600 of a duration in hours.
    pub factor: i64,
    /// Power of ten on top of it.
    pub exponent: i8,
    /// Power of ten to be added to the scaled number (VIFE 78 to 7B).
    pub offset: Option<i8>,
}

/// What kind of data the value information asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number in the unit.
    Number,
    /// A date, a time, or both; the length of the data tells which.
    TimePoint,
}

/// A value information block, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// What was measured, as libmbus calls it; empty for a plain-text VIF, whose text says it.
    pub quantity: &'static str,
    /// The base unit, as libmbus writes it.
    pub unit: &'static str,
    /// How the number becomes one in the base unit.
    pub scale: Scale,
    /// How the data are to be read.
    pub kind: Kind,
}

impl<'a> Vif<'a> {
    /// Whether the code is the manufacturer's own.
    #[must_use]
    pub const fn is_manufacturers(&self) -> bool {
        self.code & CODE == MANUFACTURER
    }

    /// The VIFE that combine with the quantity, up to where the manufacturer's own begin.
    pub fn combinable(&self) -> impl Iterator<Item = Combined> + use<'a> {
        let skipped = usize::from(matches!(self.code, 0xFB | 0xFD));
        let codes = self.extensions.get(skipped..).unwrap_or_default();
        let own = self.is_manufacturers();
        let mut second = false;
        codes
            .iter()
            .map(|code| code & CODE)
            .take_while(move |code| !own && *code != MANUFACTURER)
            .filter_map(move |code| {
                if code == COMBINABLE_EXTENSION && !second {
                    second = true;
                    return None;
                }
                Some(Combined { code, second: std::mem::take(&mut second) })
            })
    }

    /// The VIFE behind the mark of the manufacturer's own ones, extension bits removed.
    pub fn manufacturers(&self) -> impl Iterator<Item = u8> + use<'a> {
        let skipped = usize::from(matches!(self.code, 0xFB | 0xFD));
        let codes =
            self.extensions.get(skipped..).unwrap_or_default().iter().map(|code| code & CODE);
        let own = self.is_manufacturers();
        let mut begun = own;
        codes.filter(move |code| {
            let is_own = begun;
            begun |= *code == MANUFACTURER;
            is_own
        })
    }

    /// Quantity, unit, scale and kind of data.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        let mut meaning = Meaning::of(self.row());
        if !self.extensions.is_empty() {
            for combined in self.combinable() {
                meaning.apply(combined.change());
            }
        }
        meaning
    }

    /// The same as libmbus normalises it: the beginning, the end and the duration of an exceeded
    /// limit keep the unit, the scale and the kind of their quantity. For comparison with other programs; [`meaning`](Self::meaning) is true.
    #[must_use]
    pub fn nominal(&self) -> Meaning {
        let mut meaning = Meaning::of(self.row());
        for combined in self.combinable() {
            match combined.change() {
                Change::Duration(_) | Change::TimePoint => {}
                change => meaning.apply(change),
            }
        }
        meaning
    }

    fn row(&self) -> &'static Row {
        let first = || self.extensions.first().map(|code| code & CODE);
        match (self.code, first()) {
            (0xFD, Some(code)) => vif_table::first_extension(code),
            (0xFB, Some(code)) => vif_table::second_extension(code),
            (code, _) => match code & CODE {
                PLAIN_TEXT => &vif_table::PLAIN_TEXT,
                FIRST_EXTENSION | SECOND_EXTENSION => &vif_table::RESERVED,
                code => vif_table::primary(code),
            },
        }
    }
}

impl Meaning {
    const fn of(row: &Row) -> Self {
        Self {
            quantity: row.quantity,
            unit: row.unit,
            scale: Scale { factor: row.factor, exponent: row.exponent, offset: None },
            kind: if row.time_point { Kind::TimePoint } else { Kind::Number },
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::None => {}
            Change::Exponent(powers) => {
                self.scale.exponent = self.scale.exponent.saturating_add(powers);
            }
            Change::Offset(powers) => self.scale.offset = Some(powers),
            Change::TimePoint => {
                self.kind = Kind::TimePoint;
                self.unit = "-";
            }
            Change::Duration(factor) => {
                self.kind = Kind::Number;
                self.unit = "s";
                self.scale = Scale { factor, exponent: 0, offset: None };
            }
        }
    }
}

/// One combinable VIFE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Combined {
    /// The code without its extension bit.
    pub code: u8,
    /// Whether it is of the second table, behind VIFE FC.
    pub second: bool,
}

impl Combined {
    fn change(self) -> Change {
        if self.second { Change::None } else { combinable::row(self.code).change }
    }

    /// What it says, in the standard's words.
    #[must_use]
    pub fn name(self) -> &'static str {
        if self.second {
            combinable::second_name(self.code)
        } else {
            combinable::row(self.code).name
        }
    }

    /// Whether the slave says with it that the value cannot be used.
    #[must_use]
    pub fn is_error(self) -> bool {
        !self.second && matches!(self.code, 0x01..=0x11 | 0x15..=0x1C)
    }

    /// Whether it leaves what the value is: a correction of its scale, or the word that there is no
    /// error.
    #[must_use]
    pub fn is_neutral(self) -> bool {
        !self.second && matches!(self.code, 0x00 | 0x70..=0x7B | 0x7D)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vif<'a>(code: u8, extensions: &'a [u8]) -> Vif<'a> {
        Vif { code, extensions, plain_text: None }
    }

    fn scaled(code: u8, extensions: &[u8]) -> (&'static str, &'static str, i64, i8) {
        let Meaning { quantity, unit, scale, .. } = vif(code, extensions).meaning();
        (quantity, unit, scale.factor, scale.exponent)
    }

    #[test]
    fn every_table_scales_to_the_base_unit() {
        assert_eq!(scaled(0x04, &[]), ("Energy", "Wh", 1, 1));
        assert_eq!(scaled(0x0E, &[]), ("Energy", "J", 1, 6));
        assert_eq!(scaled(0x13, &[]), ("Volume", "m^3", 1, -3));
        assert_eq!(scaled(0x26, &[]), ("Operating time", "s", 3600, 0));
        assert_eq!(scaled(0x48, &[]), ("Volume flow", "m^3/s", 1, -9));
        assert_eq!(scaled(0x77, &[]), ("Actuality Duration", "s", 86400, 0));
        assert_eq!(scaled(0xFD, &[0x48]), ("Voltage", "V", 1, -1));
        assert_eq!(scaled(0xFD, &[0xD9]), ("Current", "A", 1, -3));
        assert_eq!(scaled(0xFD, &[0x28]), ("Storage interval", "s", 262_974_383, -2));
        assert_eq!(scaled(0xFB, &[0x01]), ("Energy", "Wh", 1, 6));
        assert_eq!(scaled(0xFB, &[0x09]), ("Energy", "J", 1, 9));
        assert_eq!(scaled(0xFB, &[0x79]), ("Cumul count max power", "W", 1, -2));
        assert_eq!(scaled(0xFB, &[0x2E]), ("Frequency", "Hz", 1, -1));
        assert_eq!(scaled(0xFB, &[0x02]), ("Reactive energy", "varh", 1, 3));
        assert_eq!(scaled(0xFB, &[0x1A]), ("Relative humidity", "%", 1, -1));
    }

    #[test]
    fn corrections_apply_wherever_they_stand_and_not_behind_the_manufacturers_mark() {
        assert_eq!(scaled(0x84, &[0x74]), ("Energy", "Wh", 1, -1));
        assert_eq!(scaled(0x84, &[0x7D]), ("Energy", "Wh", 1, 4));
        assert_eq!(scaled(0x84, &[0xBB, 0x7D]), ("Energy", "Wh", 1, 4));
        assert_eq!(scaled(0xFD, &[0xC8, 0x7D]), ("Voltage", "V", 1, 2));
        assert_eq!(scaled(0x84, &[0xFF, 0x7D]), ("Energy", "Wh", 1, 1));
        assert_eq!(vif(0x84, &[0xFF, 0x7D]).manufacturers().collect::<Vec<_>>(), [0x7D]);
        assert_eq!(scaled(0xFF, &[0x7D]), ("Manufacturer specific", "", 1, 0));
        assert_eq!(vif(0x84, &[0x7A]).meaning().scale.offset, Some(-1));
    }

    #[test]
    fn limits_turn_a_quantity_into_a_time_or_a_duration() {
        let begin = vif(0xAB, &[0x4A]).meaning();
        assert_eq!((begin.kind, begin.unit), (Kind::TimePoint, "-"));
        assert_eq!(scaled(0xAB, &[0x5A]), ("Power", "s", 3600, 0));
        assert_eq!(scaled(0xAB, &[0x61]), ("Power", "s", 60, 0));
    }

    #[test]
    fn limits_keep_their_quantity_in_the_form_of_libmbus() {
        for vife in [0x39, 0x42, 0x47, 0x4A, 0x4F, 0x50, 0x5B, 0x6B, 0x6F] {
            let nominal = vif(0xAB, &[vife]).nominal();
            assert_eq!((nominal.kind, nominal.unit), (Kind::Number, "W"), "VIFE {vife:02X}");
        }
    }

    #[test]
    fn the_second_combinable_table_is_told_apart() {
        let block = vif(0x84, &[0xFC, 0x01]);
        let combined: Vec<_> = block.combinable().collect();
        assert_eq!(combined, [Combined { code: 1, second: true }]);
        assert_eq!(combined[0].name(), "at phase L1");
        assert!(!combined[0].is_error());
    }
}
