//! The values of one slot of a block: what one register told, telegram after telegram.
//!
//! In: numbers with their own exponents and qualities, and texts. Out: one blob, and back, exactly.
//! A *class* is a quality together with an exponent, or with "text"; nearly every column has one.
//! Layout of the blob, behind its checksum: the count of classes (varint), of each its head byte
//! (bits 0–1 quality, bit 2 text) and its exponent (signed byte); the scale byte (0: mantissas as
//! registered, 1: all brought to the smallest exponent, so that 230 and 230.5 are neighbours);
//! the count of texts (varint), of each its length (varint) and its UTF-8; with more than one
//! class the stream of class numbers; the stream of mantissas, where a text has its number.

use crate::bytes::{self, Cursor, put_size};
use crate::encoding::{EntryValue, Malformed};
use crate::stream::{self, Effort};
use reading::{Decimal, Quality};
use std::ops::Range;

const TEXT: u8 = 4;
const AS_REGISTERED: u8 = 0;
const SCALED: u8 = 1;

/// What the cells of a column have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) quality: Quality,
    /// The exponent of a number; `None` for a text.
    pub(crate) exponent: Option<i8>,
}

/// The cells of one slot, one for each telegram that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Column {
    classes: Vec<Class>,
    /// The class of each cell; empty while there is only one class.
    class_of: Vec<u32>,
    /// The mantissa of each number, the place in `texts` of each text.
    values: Vec<i64>,
    texts: Vec<String>,
}

impl Column {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn push(&mut self, quality: Quality, value: EntryValue<'_>) {
        let (exponent, number) = match value {
            EntryValue::Number(decimal) => (Some(decimal.exponent()), decimal.mantissa()),
            EntryValue::Text(text) => (None, self.text(text)),
        };
        let class = Class { quality, exponent };
        match self.classes.iter().position(|known| *known == class) {
            Some(0) if self.class_of.is_empty() => {}
            Some(place) => self.class_of.push(small(place)),
            None => {
                self.classes.push(class);
                if self.classes.len() > 1 {
                    self.class_of.resize(self.values.len(), 0);
                    self.class_of.push(small(self.classes.len() - 1));
                }
            }
        }
        self.values.push(number);
    }

    fn text(&mut self, text: &str) -> i64 {
        // Texts are serial numbers and states: few, and mostly the last one again.
        let place = self.texts.iter().rposition(|known| known == text);
        let place = place.unwrap_or_else(|| {
            self.texts.push(text.to_owned());
            self.texts.len() - 1
        });
        i64::from(small(place))
    }

    /// The cell at an index.
    pub(crate) fn cell(&self, index: usize) -> (Quality, EntryValue<'_>) {
        let class = self.class(index);
        let value = self.values[index];
        let value = match class.exponent {
            Some(exponent) => EntryValue::Number(Decimal::new(value, exponent)),
            None => {
                let place = usize::try_from(value).expect("checked when it was read");
                EntryValue::Text(&self.texts[place])
            }
        };
        (class.quality, value)
    }

    fn class(&self, index: usize) -> Class {
        let place = self.class_of.get(index).copied().unwrap_or(0);
        self.classes[usize::try_from(place).expect("an index")]
    }

    /// The class that every cell has, and the mantissas; `None` when they differ or are texts.
    pub(crate) fn uniform(&self) -> Option<(Class, &[i64])> {
        match self.classes[..] {
            [class] if class.exponent.is_some() => Some((class, &self.values)),
            _ => None,
        }
    }

    /// Appends a cell of another column.
    pub(crate) fn push_from(&mut self, other: &Self, index: usize) {
        let (quality, value) = other.cell(index);
        self.push(quality, value);
    }

    /// Appends every cell of another column.
    pub(crate) fn append(&mut self, other: &Self) {
        if self.classes == other.classes && other.classes.len() == 1 && other.texts.is_empty() {
            self.values.extend_from_slice(&other.values);
            return;
        }
        (0..other.len()).for_each(|index| self.push_from(other, index));
    }

    /// The blob; `pages` counts the cells of each page.
    pub(crate) fn encode(&self, pages: &[usize], effort: Effort) -> Vec<u8> {
        let mut blob = Vec::new();
        put_size(&mut blob, self.classes.len());
        for class in &self.classes {
            let text = if class.exponent.is_none() { TEXT } else { 0 };
            blob.push(class.quality.code() | text);
            blob.push(class.exponent.unwrap_or(0).cast_unsigned());
        }
        let scaled = self.scaled();
        blob.push(if scaled.is_some() { SCALED } else { AS_REGISTERED });
        put_size(&mut blob, self.texts.len());
        for text in &self.texts {
            put_size(&mut blob, text.len());
            blob.extend_from_slice(text.as_bytes());
        }
        if self.classes.len() > 1 {
            let classes: Vec<i64> = self.class_of.iter().map(|class| i64::from(*class)).collect();
            stream::put(&mut blob, &classes, pages, effort);
        }
        let values = scaled.as_deref().unwrap_or(&self.values);
        stream::put(&mut blob, values, pages, effort);
        bytes::checked(&blob)
    }

    /// Every mantissa brought to the smallest exponent; `None` when there is nothing to bring, or
    /// when one would not fit.
    fn scaled(&self) -> Option<Vec<i64>> {
        let exponents = self.classes.iter().filter_map(|class| class.exponent);
        let least = exponents.clone().min()?;
        if exponents.clone().all(|exponent| exponent == least) {
            return None;
        }
        let factors: Option<Vec<i64>> =
            self.classes.iter().map(|class| factor(*class, least)).collect();
        let factors = factors?;
        let cells = self.values.iter().zip(&self.class_of);
        cells.map(|(value, class)| value.checked_mul(factors[*class as usize])).collect()
    }

    /// The cells of the wanted pages; `pages` counts the cells of each.
    pub(crate) fn decode(
        blob: &[u8],
        pages: &[usize],
        wanted: Range<usize>,
    ) -> Result<Self, Malformed> {
        let mut cursor = Cursor(bytes::content(blob)?);
        let mut column = Self::default();
        for _ in 0..cursor.size()? {
            let (head, exponent) = (cursor.byte()?, cursor.byte()?.cast_signed());
            let quality = Quality::from_code(head & 3).ok_or(Malformed("an unknown quality"))?;
            let exponent = (head & TEXT == 0).then_some(exponent);
            column.classes.push(Class { quality, exponent });
        }
        let scale = cursor.byte()?;
        for _ in 0..cursor.size()? {
            let length = cursor.size()?;
            let text = std::str::from_utf8(cursor.take(length)?);
            column.texts.push(text.map_err(|_| Malformed("a text is not UTF-8"))?.to_owned());
        }
        if column.classes.len() > 1 {
            let classes = stream::read(&mut cursor, pages, wanted.clone())?;
            let classes: Result<_, _> = classes.into_iter().map(u32::try_from).collect();
            column.class_of = classes.map_err(|_| UNKNOWN_CLASS)?;
        }
        column.values = stream::read(&mut cursor, pages, wanted)?;
        column.check()?;
        if scale == SCALED {
            column.unscale()?;
        }
        Ok(column)
    }

    fn check(&self) -> Result<(), Malformed> {
        if self.values.is_empty() {
            return Ok(());
        }
        let classes = self.classes.len();
        if classes == 0 || self.class_of.iter().any(|class| *class as usize >= classes) {
            return Err(UNKNOWN_CLASS);
        }
        if self.classes.iter().all(|class| class.exponent.is_some()) {
            return Ok(());
        }
        let known = |value: i64| usize::try_from(value).is_ok_and(|place| place < self.texts.len());
        let fits =
            |(index, value): (usize, &i64)| self.class(index).exponent.is_some() || known(*value);
        if self.values.iter().enumerate().all(fits) { Ok(()) } else { Err(UNKNOWN_CLASS) }
    }

    fn unscale(&mut self) -> Result<(), Malformed> {
        let least = self.classes.iter().filter_map(|class| class.exponent).min();
        let least = least.ok_or(UNKNOWN_CLASS)?;
        let factors: Option<Vec<i64>> =
            self.classes.iter().map(|class| factor(*class, least)).collect();
        let factors = factors.ok_or(UNKNOWN_CLASS)?;
        for (value, class) in self.values.iter_mut().zip(&self.class_of) {
            *value /= factors[*class as usize];
        }
        Ok(())
    }
}

const UNKNOWN_CLASS: Malformed = Malformed("a column refers to what it does not hold");

/// What a mantissa of the class is multiplied by to have the exponent `least`.
fn factor(class: Class, least: i8) -> Option<i64> {
    let Some(exponent) = class.exponent else { return Some(1) };
    let powers = u32::try_from(i16::from(exponent) - i16::from(least)).ok()?;
    10_i64.checked_pow(powers)
}

fn small(place: usize) -> u32 {
    u32::try_from(place).expect("a block has few rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

    #[derive(Debug, Clone)]
    enum Cell {
        Number(Decimal),
        Text(String),
    }

    fn cell() -> impl Strategy<Value = (Quality, Cell)> {
        let quality = prop_oneof![8 => Just(Quality::Good), 1 => Just(Quality::Bad)];
        let number = (any::<i64>(), 0_u32..64, prop_oneof![8 => -3_i8..0, 1 => any::<i8>()]);
        let number = number.prop_map(|(m, shift, e)| Cell::Number(Decimal::new(m >> shift, e)));
        let value = prop_oneof![9 => number, 1 => "[a-z]{0,3}".prop_map(Cell::Text)];
        (quality, value)
    }

    fn column(cells: &[(Quality, Cell)]) -> Column {
        let mut column = Column::default();
        for (quality, cell) in cells {
            let value = match cell {
                Cell::Number(decimal) => EntryValue::Number(*decimal),
                Cell::Text(text) => EntryValue::Text(text),
            };
            column.push(*quality, value);
        }
        column
    }

    proptest! {
        #[test]
        fn every_cell_comes_back(cells in proptest::collection::vec(cell(), 0..200)) {
            let column = column(&cells);
            let pages = [cells.len() / 3, 0, cells.len() - cells.len() / 3];
            let blob = column.encode(&pages, Effort::Quick);
            let back = Column::decode(&blob, &pages, 0..3).expect("readable");
            assert_eq!(back, column);
            let tail = Column::decode(&blob, &pages, 2..3).expect("readable");
            let shown = (0..tail.len()).map(|index| tail.cell(index));
            assert!(shown.eq((pages[0]..column.len()).map(|index| column.cell(index))));
        }
    }

    #[test]
    fn digits_of_two_resolutions_are_kept() {
        let cells = [Decimal::new(230, 0), Decimal::new(2305, -1), Decimal::new(23_012, -2)];
        let cells = cells.map(|decimal| (Quality::Good, Cell::Number(decimal)));
        let column = column(&cells);
        assert_eq!(column.scaled(), Some(vec![23_000, 23_050, 23_012]));
        let back = Column::decode(&column.encode(&[3], Effort::Quick), &[3], 0..1);
        assert_eq!(back, Ok(column));
    }
}
