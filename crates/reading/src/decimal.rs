//! Exact decimal numbers: the digits a register shows.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A register's own digits: `mantissa` × 10^`exponent`.
///
/// COSEM scalers and M-Bus VIFs are powers of ten, so nothing is lost between the wire and the
/// store. Two decimals are equal only when their digits are: `230` and `230.0` are the same
/// number ([`Decimal::cmp_value`]) told with different resolution.
///
/// ```
/// use reading::Decimal;
/// let voltage = Decimal::new(2357, -1);
/// assert_eq!(voltage.to_string(), "235.7");
/// assert_eq!(voltage.to_f64(), 235.7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    exponent: i8,
}

impl Decimal {
    /// The number `mantissa` × 10^`exponent`.
    #[must_use]
    pub const fn new(mantissa: i64, exponent: i8) -> Self {
        Self { mantissa, exponent }
    }

    /// The digits as an integer: what the register holds.
    #[must_use]
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// The power of ten that belongs to the digits.
    #[must_use]
    pub const fn exponent(self) -> i8 {
        self.exponent
    }

    /// The same digits times 10^`powers`, as from kWh to Wh; `None` beyond the range of an exponent.
    #[must_use]
    pub const fn shifted(self, powers: i8) -> Option<Self> {
        match self.exponent.checked_add(powers) {
            Some(exponent) => Some(Self { mantissa: self.mantissa, exponent }),
            None => None,
        }
    }

    /// The nearest `f64`, correctly rounded: what parsing the printed number would give.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        const EXACT_INTEGER_MAX: u64 = 1 << 53;
        // Both operands are exact up to these bounds, so one IEEE operation rounds correctly.
        #[allow(clippy::cast_precision_loss)]
        let digits = self.mantissa as f64;
        let exact = self.mantissa.unsigned_abs() <= EXACT_INTEGER_MAX;
        match POWERS.get(usize::from(self.exponent.unsigned_abs())) {
            Some(power) if exact && self.exponent < 0 => digits / power,
            Some(power) if exact => digits * power,
            _ => format!("{}e{}", self.mantissa, self.exponent)
                .parse()
                .expect("an integer with a decimal exponent is a float literal"),
        }
    }

    /// The decimal that the shortest text of a finite `f64` spells; `None` otherwise or beyond range.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        format!("{value:e}").parse().ok()
    }

    /// Sum of two decimals, exact; `None` when it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let mantissa = self.rescaled(exponent)?.checked_add(other.rescaled(exponent)?)?;
        Some(Self { mantissa, exponent })
    }

    /// Difference of two decimals, exact; `None` when it does not fit.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let mantissa = self.rescaled(exponent)?.checked_sub(other.rescaled(exponent)?)?;
        Some(Self { mantissa, exponent })
    }

    /// Product of two decimals, exact; `None` when it does not fit.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, exponent: self.exponent.checked_add(other.exponent)? })
    }

    /// Order by numeric value, whatever the resolution.
    #[must_use]
    pub fn cmp_value(self, other: Self) -> Ordering {
        let exponent = self.exponent.min(other.exponent);
        match (self.rescaled(exponent), other.rescaled(exponent)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }

    fn rescaled(self, exponent: i8) -> Option<i64> {
        let powers = u32::try_from(i16::from(self.exponent) - i16::from(exponent)).ok()?;
        if self.mantissa == 0 {
            return Some(0);
        }
        10_i64.checked_pow(powers).and_then(|power| self.mantissa.checked_mul(power))
    }
}

/// Powers of ten that a `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

impl fmt::Display for Decimal {
    /// The number in full, valid as JSON: `235.7`, `-0.05`, `2000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        let places = usize::from(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            if self.mantissa == 0 {
                return f.write_str("0");
            }
            return write!(f, "{sign}{digits}{:0<places$}", "");
        }
        match digits.len().checked_sub(places).filter(|whole| *whole > 0) {
            Some(whole) => {
                let (integer, fraction) = digits.split_at(whole);
                write!(f, "{sign}{integer}.{fraction}")
            }
            None => write!(f, "{sign}0.{digits:0>places$}"),
        }
    }
}

/// The text is no decimal number, or has more digits than a register could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseDecimalError;

impl fmt::Display for ParseDecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a decimal number of at most 18 digits")
    }
}

impl std::error::Error for ParseDecimalError {}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads a JSON number (`12`, `-0.50`, `1.5e3`), keeping its resolution.
    ///
    /// # Errors
    /// Anything else, and more digits than fit an `i64` mantissa.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, power)) => (number, power.parse::<i32>().map_err(|_| ParseDecimalError)?),
            None => (text, 0),
        };
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (whole, fraction) = match number.split_once('.') {
            Some((_, "")) => return Err(ParseDecimalError),
            Some(parts) => parts,
            None => (number, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(ParseDecimalError);
        }
        let mut mantissa: i64 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            let digit = i64::from(digit - b'0');
            let next = mantissa.checked_mul(10).and_then(|shifted| {
                if negative { shifted.checked_sub(digit) } else { shifted.checked_add(digit) }
            });
            mantissa = next.ok_or(ParseDecimalError)?;
        }
        let places = i32::try_from(fraction.len()).map_err(|_| ParseDecimalError)?;
        let exponent = exponent.checked_sub(places).ok_or(ParseDecimalError)?;
        let exponent = if mantissa == 0 { exponent.clamp(-18, 0) } else { exponent };
        let exponent = i8::try_from(exponent).map_err(|_| ParseDecimalError)?;
        Ok(Self { mantissa, exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_every_resolution() {
        let cases = [
            (Decimal::new(2357, -1), "235.7"),
            (Decimal::new(2330, -1), "233.0"),
            (Decimal::new(-5, -2), "-0.05"),
            (Decimal::new(5, -1), "0.5"),
            (Decimal::new(0, -3), "0.000"),
            (Decimal::new(0, 3), "0"),
            (Decimal::new(2, 3), "2000"),
            (Decimal::new(i64::MIN, 0), "-9223372036854775808"),
        ];
        for (decimal, text) in cases {
            assert_eq!(decimal.to_string(), text);
        }
    }

    #[test]
    fn reads_json_numbers_and_keeps_their_resolution() {
        let cases = [
            ("12", Decimal::new(12, 0)),
            ("-0.50", Decimal::new(-50, -2)),
            ("1.5e3", Decimal::new(15, 2)),
            ("2E-2", Decimal::new(2, -2)),
            ("0e99", Decimal::new(0, 0)),
        ];
        for (text, decimal) in cases {
            assert_eq!(text.parse(), Ok(decimal), "{text}");
        }
        for text in ["", "-", ".5", "5.", "+1", "1_0", "1e", "NaN", "99999999999999999999", "1e400"]
        {
            assert_eq!(text.parse::<Decimal>(), Err(ParseDecimalError), "{text}");
        }
    }

    #[test]
    fn f64_is_what_parsing_the_printed_number_gives() {
        let mut state = 7_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let shift = (state >> 5) % 50;
            let mantissa = i64::from_ne_bytes((state ^ (state >> 29)).to_ne_bytes()) >> shift;
            let exponent = i8::try_from(state % 40).expect("small") - 24;
            let decimal = Decimal::new(mantissa, exponent);
            let parsed: f64 = decimal.to_string().parse().expect("a number");
            assert_eq!(decimal.to_f64().to_bits(), parsed.to_bits(), "{decimal}");
        }
    }

    #[test]
    fn sums_are_exact_across_resolutions() {
        let sum = Decimal::new(1, 0).checked_add(Decimal::new(25, -2));
        assert_eq!(sum, Some(Decimal::new(125, -2)));
        let difference = Decimal::new(1, 0).checked_sub(Decimal::new(25, -2));
        assert_eq!(difference, Some(Decimal::new(75, -2)));
        assert_eq!(Decimal::new(i64::MAX, 0).checked_add(Decimal::new(1, 0)), None);
        let product = Decimal::new(2357, -1).checked_mul(Decimal::new(25, -2));
        assert_eq!(product, Some(Decimal::new(58925, -3)));
        assert_eq!(Decimal::new(i64::MAX, 0).checked_mul(Decimal::new(2, 0)), None);
        assert_eq!(Decimal::new(230, 0).cmp_value(Decimal::new(2300, -1)), Ordering::Equal);
    }

    #[test]
    fn takes_the_shortest_digits_of_a_float() {
        assert_eq!(Decimal::from_f64(235.7), Some(Decimal::new(2357, -1)));
        assert_eq!(Decimal::from_f64(f64::NAN), None);
    }
}
