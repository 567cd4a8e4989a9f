//! Data fields and their values: integers, BCD, reals, texts, dates, and what is none of these.
//!
//! # Source
//! EN 13757-3:2018, table 4 (data field), 6.3.3 (LVAR), annex A (data types A to J).

use super::date::{Date, DateTime, Time};
use super::vif::{Kind, Meaning, Scale};
use reading::Decimal;

/// Bytes of each data field code; 0 where there are none or LVAR tells.
pub(super) const LENGTHS: [usize; 16] = [0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, 0, 6, 0];

/// A data field as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data<'a> {
    /// No data, or a selection for readout.
    None,
    /// A signed integer, least significant byte first.
    Integer(&'a [u8]),
    /// Two digits a byte, least significant byte first.
    Bcd(&'a [u8]),
    /// Two digits a byte, and the sign told apart.
    SignedBcd {
        /// The digits.
        digits: &'a [u8],
        /// Whether the number is below 0.
        negative: bool,
    },
    /// A real number of 32 bits, least significant byte first.
    Real([u8; 4]),
    /// ISO 8859-1, last character first.
    Text(&'a [u8]),
    /// An unsigned number of more bytes than a number has, least significant byte first.
    Wide(&'a [u8]),
    /// Bytes of the manufacturer's own, in their order.
    Bytes(&'a [u8]),
}

/// A value in its base unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// There is none.
    None,
    /// A number with the register's digits.
    Number(Decimal),
    /// A real number that is none (infinite, or not a number).
    NotANumber,
    /// A date.
    Date(Date),
    /// A date with a time of day.
    DateTime(DateTime),
    /// A time of day.
    Time(Time),
    /// A text, last character first; see [`text`].
    Text(&'a [u8]),
    /// A wide number, least significant byte first.
    Wide(&'a [u8]),
    /// Bytes of the manufacturer's own, in their order.
    Bytes(&'a [u8]),
}

type Kinded<'a> = fn(&'a [u8]) -> Data<'a>;

/// How many bytes follow LVAR, and what they are; `None` when it is reserved.
pub(super) fn variable<'a>(lvar: u8) -> Option<(usize, Kinded<'a>)> {
    let less = |first: u8| usize::from(lvar.wrapping_sub(first));
    Some(match lvar {
        0x00..=0xBF => (less(0), Data::Text),
        0xC0..=0xC9 => (less(0xC0), |digits| Data::SignedBcd { digits, negative: false }),
        0xD0..=0xD9 => (less(0xD0), |digits| Data::SignedBcd { digits, negative: true }),
        0xE0..=0xEF => (less(0xE0), binary),
        0xF0..=0xF4 => (less(0xEC).saturating_mul(4), Data::Wide),
        0xF5 => (48, Data::Wide),
        0xF6 => (64, Data::Wide),
        _ => return None,
    })
}

fn binary(bytes: &[u8]) -> Data<'_> {
    if bytes.is_empty() {
        Data::None
    } else if bytes.len() <= 8 {
        Data::Integer(bytes)
    } else {
        Data::Wide(bytes)
    }
}

/// The value of a data field; `meaning` is `None` for data of the manufacturer's own.
pub(super) fn of<'a>(data: &Data<'a>, meaning: Option<&Meaning>) -> Value<'a> {
    let Some(meaning) = meaning else {
        return match *data {
            Data::Bytes(bytes) => Value::Bytes(bytes),
            _ => Value::None,
        };
    };
    match *data {
        Data::None => Value::None,
        Data::Integer(bytes) if meaning.kind == Kind::TimePoint => {
            time_point(bytes).unwrap_or_else(|| scaled(integer(bytes), meaning.scale))
        }
        Data::Integer(bytes) => scaled(integer(bytes), meaning.scale),
        Data::Bcd(digits) => scaled(bcd(digits), meaning.scale),
        Data::SignedBcd { digits, negative } => {
            let number = bcd(digits);
            scaled(if negative { number.saturating_neg() } else { number }, meaning.scale)
        }
        Data::Real(bytes) => real(f32::from_le_bytes(bytes), meaning.scale),
        Data::Text(text) => Value::Text(text),
        Data::Wide(bytes) => Value::Wide(bytes),
        Data::Bytes(bytes) => Value::Bytes(bytes),
    }
}

fn time_point<'a>(bytes: &[u8]) -> Option<Value<'a>> {
    Some(match *bytes {
        [a, b] => Value::Date(Date::of_type_g([a, b])),
        [a, b, c] => Value::Time(Time::of_type_j([a, b, c])),
        [a, b, c, d] => Value::DateTime(DateTime::of_type_f([a, b, c, d])),
        [a, b, c, d, e, f] => Value::DateTime(DateTime::of_type_i([a, b, c, d, e, f])),
        _ => return None,
    })
}

/// A signed number, least significant byte first, of at most 8 bytes.
#[must_use]
pub fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if negative { 0xFF } else { 0 };
    let mut whole = [fill; 8];
    for (place, byte) in whole.iter_mut().zip(bytes) {
        *place = *byte;
    }
    i64::from_le_bytes(whole)
}

/// The number that BCD digits spell, as libmbus spells them.
///
/// A digit A to F in the upper half of a byte counts 0 and in the lower half what it is, so that
/// registers which show an error keep the number that people know them by; the most significant
/// digit F means that the number is below 0.
#[must_use]
pub fn bcd(digits: &[u8]) -> i64 {
    let mut number: i64 = 0;
    for byte in digits.iter().rev() {
        let (upper, lower) = (byte >> 4, byte & 0x0F);
        let upper = if upper < 0x0A { i64::from(upper) } else { 0 };
        let pair = upper.saturating_mul(10).saturating_add(i64::from(lower));
        number = number.saturating_mul(100).saturating_add(pair);
    }
    let negative = digits.last().is_some_and(|byte| byte >> 4 == 0x0F);
    if negative { number.saturating_neg() } else { number }
}

/// Whether each half byte is a digit; the most significant one may be the sign F.
#[must_use]
pub fn bcd_is_valid(digits: &[u8]) -> bool {
    let digit = |half: u8| half < 0x0A;
    let Some((last, others)) = digits.split_last() else {
        return true;
    };
    let sign = last >> 4 == 0x0F;
    others.iter().all(|byte| digit(byte >> 4) && digit(byte & 0x0F))
        && digit(last & 0x0F)
        && (sign || digit(last >> 4))
}

/// Whether the data are BCD, and some half byte of them is no digit.
pub(super) fn has_invalid_digits(data: &Data<'_>) -> bool {
    match data {
        Data::Bcd(digits) => !bcd_is_valid(digits),
        // The sign stands in LVAR, and no digit may.
        Data::SignedBcd { digits, .. } => {
            digits.iter().any(|byte| byte >> 4 > 0x09 || byte & 0x0F > 0x09)
        }
        _ => false,
    }
}

fn scaled<'a>(number: i64, scale: Scale) -> Value<'a> {
    let Scale { factor, exponent, offset } = scale;
    let product = if factor == 1 {
        Decimal::new(number, exponent)
    } else {
        fitted(i128::from(number).saturating_mul(i128::from(factor)), exponent)
    };
    Value::Number(shifted(product, offset))
}

/// What fits a register's digits: the least significant ones are given up where there are more.
fn fitted(mut number: i128, mut exponent: i8) -> Decimal {
    loop {
        if let Ok(mantissa) = i64::try_from(number) {
            return Decimal::new(mantissa, exponent);
        }
        number /= 10;
        exponent = exponent.saturating_add(1);
    }
}

fn shifted(number: Decimal, offset: Option<i8>) -> Decimal {
    let Some(powers) = offset else {
        return number;
    };
    number.checked_add(Decimal::new(1, powers)).unwrap_or(number)
}

fn real<'a>(number: f32, scale: Scale) -> Value<'a> {
    let Some(exact) = Decimal::from_f64(f64::from(number)) else {
        return Value::NotANumber;
    };
    let product = i128::from(exact.mantissa()).saturating_mul(i128::from(scale.factor));
    let exponent = exact.exponent().saturating_add(scale.exponent);
    Value::Number(shifted(fitted(product, exponent), scale.offset))
}

/// The characters of a text in reading order, up to the first NUL; other control characters are
/// spaces.
pub fn text(sent: &[u8]) -> impl Iterator<Item = char> {
    let characters = sent.iter().rev().take_while(|byte| **byte != 0);
    characters.map(|byte| match char::from(*byte) {
        control if control.is_control() => ' ',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::super::record::Records;
    use super::*;

    fn value(bytes: &[u8]) -> Value<'_> {
        let record = Records::new(bytes, 0).next().expect("a record").expect("an intact one");
        record.value()
    }

    fn number(bytes: &[u8]) -> String {
        match value(bytes) {
            Value::Number(number) => number.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn integers_of_every_length_have_their_sign() {
        assert_eq!(number(&[0x01, 0x03, 0xFF]), "-1");
        assert_eq!(number(&[0x02, 0x03, 0x00, 0x80]), "-32768");
        assert_eq!(number(&[0x03, 0x03, 0xFF, 0xFF, 0x7F]), "8388607");
        assert_eq!(number(&[0x04, 0x03, 0, 0, 0, 0x80]), "-2147483648");
        assert_eq!(number(&[0x06, 0x03, 0, 0, 0, 0, 0, 1]), "1099511627776");
        assert_eq!(number(&[0x07, 0x03, 0, 0, 0, 0, 0, 0, 0, 0x80]), i64::MIN.to_string());
    }

    #[test]
    fn bcd_is_read_as_libmbus_reads_it() {
        assert_eq!(number(&[0x0C, 0x03, 0x78, 0x56, 0x34, 0x12]), "12345678");
        assert_eq!(number(&[0x0A, 0x5A, 0x34, 0xF2]), "-23.4");
        assert_eq!(number(&[0x0C, 0x2A, 0xDD, 0xB4, 0xEB, 0xDD]), "1311041.3");
        assert!(!bcd_is_valid(&[0xDD, 0xB4]) && bcd_is_valid(&[0x34, 0xF2]));
        assert!(!bcd_is_valid(&[0xF2, 0x34]) && !bcd_is_valid(&[0x34, 0xA2]));
    }

    #[test]
    fn variable_lengths_of_every_form() {
        assert_eq!(number(&[0x0D, 0x03, 0xC2, 0x34, 0x12]), "1234");
        assert_eq!(number(&[0x0D, 0x03, 0xD2, 0x34, 0x12]), "-1234");
        assert_eq!(number(&[0x0D, 0x03, 0xE3, 0x01, 0x00, 0x01]), "65537");
        assert_eq!(value(&[0x0D, 0x03, 0xE0]), Value::None);
        let mut wide = vec![0x0D, 0x03, 0xE9];
        wide.extend(1..=9);
        assert!(matches!(value(&wide), Value::Wide(bytes) if bytes.len() == 9));
        for (lvar, length) in [(0xF0, 16), (0xF1, 20), (0xF4, 32), (0xF5, 48), (0xF6, 64)] {
            let mut bytes = vec![0x0D, 0x03, lvar];
            bytes.resize(3 + length, 7);
            assert!(matches!(value(&bytes), Value::Wide(bytes) if bytes.len() == length));
        }
        let Value::Text(sent) = value(&[0x0D, 0x03, 4, 0xE9, b'b', 0x01, b'A']) else {
            panic!("a text");
        };
        assert_eq!(text(sent).collect::<String>(), "A bé");
        assert_eq!(text(b"xx\0fed").collect::<String>(), "def");
    }

    #[test]
    fn reals_keep_every_digit_and_say_when_they_are_none() {
        // 13426.15625 kW.
        assert_eq!(number(&[0x05, 0x2E, 0xA0, 0xC8, 0x51, 0x46]), "13426156.25");
        assert_eq!(value(&[0x05, 0x2E, 0, 0, 0xC0, 0x7F]), Value::NotANumber);
        assert_eq!(value(&[0x05, 0x2E, 0, 0, 0x80, 0x7F]), Value::NotANumber);
    }

    #[test]
    fn durations_and_offsets_are_exact() {
        assert_eq!(number(&[0x02, 0x26, 10, 0]), "36000");
        assert_eq!(number(&[0x01, 0xFD, 0x28, 2]), "5259487.66");
        assert_eq!(number(&[0x01, 0x83, 0x7A, 5]), "5.1");
        let large = [0x07, 0x23, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
        assert_eq!(number(&large), "796899343984252629700000");
    }
}
