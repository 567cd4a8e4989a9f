//! From the registers of one reading to values.

use super::kind::{Coding, NotANumber, Number};
use super::map::{Cell, Factor, Form, Order, Register, Role, Span};
use crate::correction::product;
use reading::{Decimal, Quality, Reading, Value};

/// Greatest shift of a decimal point that a scaling register may ask for.
///
/// # Source
/// SunSpec Information Model Specification 1.9, 4.2.8: `sunssf` is −10 to 10.
const SHIFT_MAX: i64 = 10;

/// The registers that were read.
#[derive(Debug, Clone, Default)]
pub struct Image {
    pieces: Vec<(Span, Vec<u16>)>,
}

impl Image {
    /// Nothing was read.
    pub fn clear(&mut self) {
        self.pieces.clear();
    }

    /// Adds what one request read. Anything but `span.count` words is not the answer to it, and is
    /// not taken.
    pub fn take(&mut self, span: Span, words: Vec<u16>) {
        if words.len() == usize::from(span.count) {
            self.pieces.push((span, words));
        }
    }

    /// The words of a span; `None` when not all of them were read in one piece.
    #[must_use]
    pub fn words(&self, span: Span) -> Option<&[u16]> {
        let (piece, words) = self.pieces.iter().find(|(piece, _)| piece.holds(span))?;
        let start = usize::from(span.address - piece.address);
        words.get(start..start + usize::from(span.count))
    }
}

/// What became of one register.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// A value.
    Reading(Reading),
    /// The meter says that it has none.
    Absent,
    /// It was not read.
    NotRead,
    /// It was read and holds nothing that can be kept.
    Refused(NotANumber),
}

/// What a register of the map says.
#[must_use]
pub fn decode(register: &Register, image: &Image) -> Decoded {
    let Some(words) = image.words(register.cell.span) else { return Decoded::NotRead };
    let value = if register.cell.kind.coding == Coding::Text {
        text(register.cell.order, words).map(Value::Text)
    } else {
        match number(register, words, image) {
            Ok(number) => number.map(Value::Number),
            Err(Missing::NotRead) => return Decoded::NotRead,
            Err(Missing::Refused(why)) => return Decoded::Refused(why),
        }
    };
    value.map_or(Decoded::Absent, |value| {
        Decoded::Reading(Reading {
            quantity: register.quantity,
            obis: register.obis,
            value,
            unit: register.unit,
            quality: Quality::Good,
        })
    })
}

/// Why there is no number.
enum Missing {
    NotRead,
    Refused(NotANumber),
}

fn number(register: &Register, words: &[u16], image: &Image) -> Result<Option<Decimal>, Missing> {
    let Some(mut value) = raw(register.cell, &register.absent, words)? else { return Ok(None) };
    let too_large = Missing::Refused(NotANumber::TooLarge);
    for factor in &register.factors {
        let Some(scaled) = scaled(value, factor, image)? else { return Ok(None) };
        value = scaled;
    }
    let value = product(value, register.scale).ok_or(too_large)?;
    formed(value, register.form).map(Some).ok_or(Missing::Refused(NotANumber::TooLarge))
}

fn raw(
    cell: Cell,
    absent: &[std::ops::RangeInclusive<u64>],
    words: &[u16],
) -> Result<Option<Decimal>, Missing> {
    let bits = bits(words, cell.order);
    if absent.iter().any(|range| range.contains(&bits)) {
        return Ok(None);
    }
    match cell.kind.number(bits).map_err(Missing::Refused)? {
        Number::Value(value) => Ok(Some(value)),
        Number::NotAvailable => Ok(None),
    }
}

/// The value under a scaling register; `None` where that register says that there is no scale.
fn scaled(value: Decimal, factor: &Factor, image: &Image) -> Result<Option<Decimal>, Missing> {
    let words = image.words(factor.cell.span).ok_or(Missing::NotRead)?;
    let unset = 1_u64 << (u32::from(factor.cell.kind.words) * 16 - 1);
    let absent = match factor.role {
        Role::PowerOfTen => vec![unset..=unset],
        Role::Ratio(_) | Role::Sign => Vec::new(),
    };
    let Some(by) = raw(factor.cell, &absent, words)? else { return Ok(None) };
    let too_large = || Missing::Refused(NotANumber::TooLarge);
    let scaled = match factor.role {
        Role::Ratio(scale) => product(by, scale).and_then(|ratio| product(value, ratio)),
        Role::Sign if by.mantissa() == 0 => Some(value),
        Role::Sign => formed(value, Form::Negated),
        Role::PowerOfTen => {
            let powers = by.mantissa();
            let whole = by.exponent() == 0 && (-SHIFT_MAX..=SHIFT_MAX).contains(&powers);
            let powers = i8::try_from(powers).ok().filter(|_| whole);
            powers.and_then(|powers| value.shifted(powers))
        }
    };
    scaled.map(Some).ok_or_else(too_large)
}

fn formed(value: Decimal, form: Form) -> Option<Decimal> {
    match form {
        Form::Plain => Some(value),
        Form::Negated => Some(Decimal::new(value.mantissa().checked_neg()?, value.exponent())),
        Form::FourQuadrant => {
            let beyond = |limit: i64| value.cmp_value(Decimal::new(limit, 0));
            if beyond(1).is_gt() {
                Decimal::new(2, 0).checked_sub(value)
            } else if beyond(-1).is_lt() {
                Decimal::new(-2, 0).checked_sub(value)
            } else {
                Some(value)
            }
        }
    }
}

/// The bits of a value of up to four registers, the most significant first.
#[must_use]
pub fn bits(words: &[u16], order: Order) -> u64 {
    let join = |bits: u64, word: &u16| {
        let word = if order.low_byte_first { word.swap_bytes() } else { *word };
        (bits << 16) | u64::from(word)
    };
    if order.low_word_first { words.iter().rev().fold(0, join) } else { words.iter().fold(0, join) }
}

/// The characters of a text, up to the first NUL; `None` when it is empty or no text.
#[must_use]
pub(super) fn text(order: Order, words: &[u16]) -> Option<String> {
    let order = order.low_byte_first;
    let bytes =
        words.iter().flat_map(|word| if order { word.to_le_bytes() } else { word.to_be_bytes() });
    let bytes: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
    let text = String::from_utf8(bytes).ok()?;
    let text = text.trim();
    let printable = !text.is_empty() && !text.chars().any(char::is_control);
    printable.then(|| text.to_owned())
}
