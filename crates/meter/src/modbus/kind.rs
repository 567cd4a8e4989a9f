//! How numbers are coded in registers.

use reading::Decimal;

/// A coding with its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The name in a map.
    pub name: &'static str,
    /// Registers that one value takes; 0 for texts, whose length the map gives.
    pub words: u16,
    /// How they are read.
    pub coding: Coding,
}

/// How the bits of a value are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// A natural number.
    Unsigned,
    /// Two's complement.
    Signed,
    /// The first bit is the sign, the others the magnitude.
    SignMagnitude,
    /// IEEE 754 binary32 or binary64.
    Float,
    /// Four decimal digits in each register.
    Bcd,
    /// 0 to 9999 in each register, as in meters of the PowerLogic family.
    Thousands,
    /// Characters, two in each register.
    Text,
}

const fn kind(name: &'static str, words: u16, coding: Coding) -> Kind {
    Kind { name, words, coding }
}

/// Every coding, and the other names that data sheets and tools use for it.
#[rustfmt::skip]
const KINDS: &[(Kind, &[&str])] = &[
    (kind("u16", 1, Coding::Unsigned), &["uint16", "word", "ushort"]),
    (kind("i16", 1, Coding::Signed), &["int16", "s16", "short"]),
    (kind("u32", 2, Coding::Unsigned), &["uint32", "dword", "acc32"]),
    (kind("i32", 2, Coding::Signed), &["int32", "s32", "long"]),
    (kind("u48", 3, Coding::Unsigned), &["uint48"]),
    (kind("i48", 3, Coding::Signed), &["int48", "s48"]),
    (kind("u64", 4, Coding::Unsigned), &["uint64", "qword", "acc64"]),
    (kind("i64", 4, Coding::Signed), &["int64", "s64"]),
    (kind("f32", 2, Coding::Float), &["float32", "float", "real", "single"]),
    (kind("f64", 4, Coding::Float), &["float64", "double"]),
    (kind("sm16", 1, Coding::SignMagnitude), &[]),
    (kind("sm32", 2, Coding::SignMagnitude), &[]),
    (kind("bcd16", 1, Coding::Bcd), &["bcd"]),
    (kind("bcd32", 2, Coding::Bcd), &[]),
    (kind("bcd48", 3, Coding::Bcd), &[]),
    (kind("bcd64", 4, Coding::Bcd), &[]),
    (kind("mod10_32", 2, Coding::Thousands), &["m10k32"]),
    (kind("mod10_48", 3, Coding::Thousands), &["m10k48"]),
    (kind("mod10_64", 4, Coding::Thousands), &["m10k64"]),
    (kind("text", 0, Coding::Text), &["string", "ascii"]),
];

impl Kind {
    /// The coding with this name, whatever its case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let named = |(kind, others): &&(Self, &[&str])| {
            kind.name == name || others.contains(&name.as_str())
        };
        KINDS.iter().find(named).map(|(kind, _)| *kind)
    }

    /// The names of all codings.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|(kind, _)| kind.name)
    }

    /// The number that `bits` code, `bits` being the value's registers with the most significant
    /// first.
    ///
    /// # Errors
    /// Bits that code no number, or one that a [`Decimal`] cannot hold.
    pub fn number(self, bits: u64) -> Result<Number, NotANumber> {
        let width = u32::from(self.words) * 16;
        let integer = match self.coding {
            Coding::Float => return float(width, bits),
            Coding::Text => return Err(NotANumber::Text),
            Coding::Unsigned => i64::try_from(bits).map_err(|_| NotANumber::TooLarge)?,
            Coding::Signed => {
                let unused = 64_u32.saturating_sub(width);
                (bits << unused).cast_signed() >> unused
            }
            Coding::SignMagnitude => {
                let sign = 1_u64 << width.saturating_sub(1);
                let magnitude = i64::try_from(bits & !sign).map_err(|_| NotANumber::TooLarge)?;
                if bits & sign == 0 { magnitude } else { -magnitude }
            }
            Coding::Bcd => digits(bits, 4, 10, self.words * 4)?,
            Coding::Thousands => digits(bits, 16, 10_000, self.words)?,
        };
        Ok(Number::Value(Decimal::new(integer, 0)))
    }
}

/// What bits say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A number with the register's digits.
    Value(Decimal),
    /// A float's own word for "no value".
    NotAvailable,
}

/// Why bits are no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANumber {
    /// A digit above the base's last one.
    #[error("a digit is no decimal digit")]
    Digit,
    /// An infinite float.
    #[error("it is infinite")]
    Infinite,
    /// More digits than a register of this house holds.
    #[error("it has more digits than can be kept")]
    TooLarge,
    /// A text is asked for its number.
    #[error("it is a text")]
    Text,
}

fn float(width: u32, bits: u64) -> Result<Number, NotANumber> {
    // The shortest digits that give the same float are what the meter can have meant: 230.1 is not
    // 230.10000610351562.
    let (finite, nan, text) = if width == 32 {
        let value = f32::from_bits(u32::try_from(bits).map_err(|_| NotANumber::TooLarge)?);
        (value.is_finite(), value.is_nan(), format!("{value:e}"))
    } else {
        let value = f64::from_bits(bits);
        (value.is_finite(), value.is_nan(), format!("{value:e}"))
    };
    if nan {
        return Ok(Number::NotAvailable);
    }
    if !finite {
        return Err(NotANumber::Infinite);
    }
    text.parse().map(Number::Value).map_err(|_| NotANumber::TooLarge)
}

/// Digits of `bits_each` bits to the base `base`.
fn digits(bits: u64, bits_each: u32, base: u64, count: u16) -> Result<i64, NotANumber> {
    let mask = (1_u64 << bits_each) - 1;
    let mut value: u64 = 0;
    for place in (0..u32::from(count)).rev() {
        let digit = (bits >> (place * bits_each)) & mask;
        if digit >= base {
            return Err(NotANumber::Digit);
        }
        value = value * base + digit;
    }
    i64::try_from(value).map_err(|_| NotANumber::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, bits: u64) -> Result<Number, NotANumber> {
        Kind::from_name(name).expect(name).number(bits)
    }

    #[test]
    fn every_coding_reads_its_numbers() {
        let value = |mantissa, exponent| Ok(Number::Value(Decimal::new(mantissa, exponent)));
        let cases = [
            ("u16", 0xFFFF, value(65_535, 0)),
            ("int16", 0xFFFF, value(-1, 0)),
            ("i32", 0xFFFF_FF9C, value(-100, 0)),
            ("u48", 0xFFFF_FFFF_FFFF, value(0xFFFF_FFFF_FFFF, 0)),
            ("i48", 0xFFFF_FFFF_FFFE, value(-2, 0)),
            ("i64", u64::MAX, value(-1, 0)),
            ("u64", u64::MAX, Err(NotANumber::TooLarge)),
            ("f32", u64::from(230.1_f32.to_bits()), value(2301, -1)),
            ("FLOAT64", 1234.5678_f64.to_bits(), value(12_345_678, -4)),
            ("f32", u64::from(f32::NAN.to_bits()), Ok(Number::NotAvailable)),
            ("f32", u64::from(f32::INFINITY.to_bits()), Err(NotANumber::Infinite)),
            ("sm16", 0x8005, value(-5, 0)),
            ("sm32", 0x0000_0005, value(5, 0)),
            ("bcd32", 0x1234_5678, value(12_345_678, 0)),
            ("bcd16", 0x123A, Err(NotANumber::Digit)),
            ("mod10_48", 0x0001_0002_270F, value(100_029_999, 0)),
            ("mod10_32", 0x0001_2710, Err(NotANumber::Digit)),
        ];
        for (name, bits, expected) in cases {
            assert_eq!(number(name, bits), expected, "{name} {bits:X}");
        }
    }

    #[test]
    fn a_float_keeps_the_shortest_digits_that_give_it_back() {
        let mut state = 11_u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let float = f32::from_bits(state);
            if !float.is_finite() {
                continue;
            }
            let Ok(Number::Value(decimal)) = number("f32", u64::from(state)) else {
                panic!("{float:e} is a number");
            };
            let back: f32 = decimal.to_string().parse().expect("a number");
            assert!(back == float, "{float:e} became {decimal}");
        }
    }
}
