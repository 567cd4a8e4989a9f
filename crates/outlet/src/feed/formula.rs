//! How a quantity is found in a payload: `$.em.act_power * 1000 W`.
//!
//! In: `PATH [?] [* FACTOR] [UNIT]`, or `sum(PATH)` over the elements of an array, and a JSON text.
//! Out: a number with the payload's digits in the catalogue's unit, by exact decimal arithmetic. `?`
//! says that the value may be absent. Refuses, with the place: no unit where the quantity has one
//! (nothing is guessed), a unit that measures something else, a factor of 0.

use super::bounds;
use super::path::{self, Path};
use super::unit;
use reading::{Decimal, Kind, Quantity, Unit, Value};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

/// Most elements of an array that are summed up.
const SUMMANDS_MAX: usize = 64;
/// Longest text value. **Unit** bytes.
const TEXT_MAX: usize = 256;
/// Most digits of a number that are read; further ones behind the point are cut.
const NUMBER_MAX: usize = 400;

/// A quantity and where a payload has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    quantity: Quantity,
    path: Path,
    /// The elements of an array are summed up.
    sum: bool,
    /// The value may be absent.
    optional: bool,
    /// What the payload's number is multiplied by.
    factor: Decimal,
}

/// The text is no formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// The bytes of the text that are wrong.
    pub at: Range<usize>,
    /// What was expected there.
    pub message: String,
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FormulaError {}

/// What is wrong with a value, by a stable word and in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) code: &'static str,
    pub(super) detail: String,
}

impl Field {
    /// Reads the formula of a quantity.
    ///
    /// # Errors
    /// The place of what is wrong.
    pub fn new(quantity: Quantity, text: &str) -> Result<Self, FormulaError> {
        let wrong = |at: Range<usize>, message: String| Err(FormulaError { at, message });
        let skip = |at: usize| {
            let rest = text.get(at..).unwrap_or_default();
            at + rest.len() - rest.trim_start().len()
        };
        let mut at = skip(0);
        let rest = text.get(at..).unwrap_or_default();
        let sum = rest.starts_with("sum(");
        at += if sum { 4 } else { 0 };
        let (path, length) = match Path::parse(text.get(at..).unwrap_or_default()) {
            Ok(found) => found,
            Err(error) => {
                let place = at + error.at;
                return wrong(place..text.len().max(place), error.message.to_owned());
            }
        };
        at += length;
        let optional = text.get(at..).is_some_and(|rest| rest.starts_with('?'));
        at += usize::from(optional);
        if sum {
            if !text.get(at..).is_some_and(|rest| rest.starts_with(')')) {
                return wrong(at..text.len(), "expected ) after sum($…".to_owned());
            }
            at += 1;
        }
        at = skip(at);
        let mut factor = Decimal::new(1, 0);
        if let Some(rest) = text.get(at..).and_then(|rest| rest.strip_prefix('*')) {
            let begin = skip(at + 1);
            let length = rest.trim_start().find(char::is_whitespace);
            let end = length.map_or(text.len(), |length| begin + length);
            let digits = text.get(begin..end).unwrap_or_default();
            factor = match digits.parse::<Decimal>() {
                Ok(factor) if factor.mantissa() != 0 => without_zeros(factor),
                _ => {
                    let message = "expected a number other than 0 after *, such as 1000 or -1";
                    return wrong(begin..end, message.to_owned());
                }
            };
            at = skip(end);
        }
        let symbol = text.get(at..).unwrap_or_default().trim_end();
        let power = power(quantity, symbol);
        let power = match power {
            Ok(power) => power,
            Err(message) => return wrong(at..at + symbol.len(), message),
        };
        let Some(factor) = factor.shifted(power) else {
            return wrong(0..text.len(), "the factor is beyond any number".to_owned());
        };
        Ok(Self { quantity, path, sum, optional, factor })
    }

    /// What is read.
    #[must_use]
    pub const fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// A payload's number in the catalogue's unit; `None` when it does not fit.
    pub(crate) fn scaled(&self, number: Decimal) -> Option<Decimal> {
        number.checked_mul(self.factor)
    }

    /// Whether the payload itself is the value.
    pub(super) fn is_plain(&self) -> bool {
        self.path.is_root()
    }

    /// The value in a payload; `None` where it may be absent and is.
    ///
    /// # Errors
    /// What is wrong with it, with its place.
    pub(super) fn read(&self, json: &RawValue) -> Result<Option<Value>, Wrong> {
        let found = match self.path.select(json) {
            Ok(found) if found.get() == "null" => return Ok(None),
            Ok(found) => found,
            Err(_) if self.optional => return Ok(None),
            Err(detail) => return Err(Wrong { code: "path_missing", detail }),
        };
        if self.quantity.description().kind == Kind::Text {
            return self.text(found).map(Some);
        }
        let array = found.get().starts_with('[');
        if self.optional && (found.get().starts_with('{') || array && !self.sum) {
            return Ok(None);
        }
        let number = if self.sum && array { self.total(found)? } else { self.number(found)? };
        let scaled = self.scaled(number).ok_or_else(|| {
            let detail = format!("{}: {number} × {} has too many digits", self.path, self.factor);
            Wrong { code: "value_absurd", detail }
        })?;
        bounds::check(self.quantity, scaled).map_err(|message| Wrong {
            code: "value_absurd",
            detail: format!("{} ({}): {message}", self.path, self.quantity),
        })?;
        Ok(Some(Value::Number(scaled)))
    }

    fn total(&self, array: &RawValue) -> Result<Decimal, Wrong> {
        let broken = |detail| Wrong { code: "not_a_number", detail };
        let elements = path::elements(array).map_err(broken)?;
        if elements.is_empty() || elements.len() > SUMMANDS_MAX {
            let count = elements.len();
            let detail = format!("{}: {count} elements, expected 1 to {SUMMANDS_MAX}", self.path);
            return Err(broken(detail));
        }
        let mut total = Decimal::new(0, 0);
        for element in elements {
            let sum = total.checked_add(self.number(element)?);
            total = sum.ok_or_else(|| broken(format!("{}: the sum does not fit", self.path)))?;
        }
        Ok(total)
    }

    fn number(&self, found: &RawValue) -> Result<Decimal, Wrong> {
        let text = found.get();
        let digits = match text.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Some(text),
            // Gateways send numbers as texts; what is in the quotes must be one.
            Some(b'"') => text.get(1..text.len().saturating_sub(1)).map(str::trim),
            _ => None,
        };
        digits.and_then(exact).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            let detail = match text.as_bytes().first() {
                Some(b'-' | b'0'..=b'9' | b'"') => format!("{}: {shown} is no number", self.path),
                _ => format!("{}: expected a number, got {}", self.path, path::kind(found)),
            };
            Wrong { code: "not_a_number", detail }
        })
    }

    fn text(&self, found: &RawValue) -> Result<Value, Wrong> {
        let text = match found.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(found.get()).ok(),
            Some(b'-' | b'0'..=b'9') => Some(found.get().to_owned()),
            _ => None,
        };
        let text = text.filter(|text| !text.is_empty() && text.len() <= TEXT_MAX);
        text.map(Value::Text).ok_or_else(|| {
            let detail = format!("{}: expected a text, got {}", self.path, path::kind(found));
            Wrong { code: "not_a_text", detail }
        })
    }
}

/// The power of ten of a unit's symbol; a quantity that has a unit wants it said.
fn power(quantity: Quantity, symbol: &str) -> Result<i8, String> {
    match (quantity.unit(), symbol) {
        (Some(Unit::One) | None, "") => Ok(0),
        (None, _) => Err(format!("{quantity} has no unit: leave it out")),
        (Some(unit), "") => Err(format!(
            "{quantity} needs the unit that the payload's number is in, such as {unit}"
        )),
        (Some(unit), symbol) => unit::power_to(unit, symbol),
    }
}

/// The same factor with the fewest digits, so that × 1000 adds none to a value.
fn without_zeros(factor: Decimal) -> Decimal {
    let (mut digits, mut exponent) = (factor.mantissa(), factor.exponent());
    while digits % 10 == 0 && exponent < i8::MAX {
        (digits, exponent) = (digits / 10, exponent + 1);
    }
    Decimal::new(digits, exponent)
}

/// A number with its digits; those behind the point that no register has are cut.
pub(super) fn exact(text: &str) -> Option<Decimal> {
    if text.len() > NUMBER_MAX {
        return None;
    }
    if let Ok(exact) = text.parse() {
        return Some(exact);
    }
    let (digits, power) = match text.find(['e', 'E']) {
        Some(at) => text.split_at_checked(at)?,
        None => (text, ""),
    };
    let point = digits.find('.')?;
    // A fraction longer than a register's is the noise of a binary number.
    (1..digits.len().saturating_sub(point)).find_map(|cut| {
        let shorter = digits.get(..digits.len() - cut)?;
        format!("{}{power}", shorter.trim_end_matches('.')).parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Quantity::{ActiveEnergyImport, ActivePower, DeviceId1, PowerFactor, ProductionMass};

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).expect("JSON")
    }

    fn read(quantity: Quantity, formula: &str, json: &str) -> Result<Option<Value>, Wrong> {
        Field::new(quantity, formula).expect(formula).read(raw(json))
    }

    fn number(quantity: Quantity, formula: &str, json: &str) -> String {
        match read(quantity, formula, json) {
            Ok(Some(Value::Number(number))) => number.to_string(),
            other => panic!("{formula} of {json}: {other:?}"),
        }
    }

    #[test]
    fn numbers_keep_their_digits_through_factor_and_unit() {
        for (quantity, formula, json, value) in [
            (ActivePower, "$.em.act_power * 1000 W", r#"{"em":{"act_power":1.2340}}"#, "1234.0"),
            (ActivePower, "$.p kW", r#"{"p":0.1}"#, "100"),
            (ActivePower, "$ W", "230.10", "230.10"),
            (ActivePower, "$.p * -1 W", r#"{"p":"1.5"}"#, "-1.5"),
            (ActivePower, "sum($.P) W", r#"{"P":[0.1,0.2,-1]}"#, "-0.7"),
            (ActivePower, "sum($.P) W", r#"{"P":12}"#, "12"),
            (ActiveEnergyImport, "$.t kWh", r#"{"t":123456.789}"#, "123456789"),
            (PowerFactor, "$.pf", r#"{"pf":0.98}"#, "0.98"),
            (PowerFactor, "$.pf %", r#"{"pf":98}"#, "0.98"),
            (ProductionMass, "$.t t", r#"{"t":12.5}"#, "12500"),
            (
                ActivePower,
                "$.p W",
                r#"{"p":0.1000000000000000055511151231257827}"#,
                "0.1000000000000000055",
            ),
        ] {
            assert_eq!(number(quantity, formula, json), value, "{formula}");
        }
        let id = read(DeviceId1, "$.mac", r#"{"mac":"08F9E0"}"#);
        assert_eq!(id, Ok(Some(Value::Text("08F9E0".to_owned()))));
    }

    #[test]
    fn what_may_be_absent_is_no_fault_and_nothing_else_passes() {
        let optional = |json| read(ActivePower, "$.n? W", json);
        for json in ["{}", r#"{"n":null}"#, r#"{"n":[1]}"#, "[]"] {
            assert_eq!(optional(json), Ok(None), "{json}");
        }
        assert_eq!(read(ActivePower, "$.n W", r#"{"n":null}"#), Ok(None), "null is no value");
        for (json, code, detail) in [
            ("{}", "path_missing", "$ has no member \"n\"; it has "),
            (r#"{"n":true}"#, "not_a_number", "$.n: expected a number, got a truth value"),
            (r#"{"n":"12 W"}"#, "not_a_number", "$.n: \"12 W\" is no number"),
            (
                r#"{"n":1e9}"#,
                "value_absurd",
                "$.n (active_power): expected -100000000 to 100000000 W, got 1000000000",
            ),
        ] {
            let wrong = read(ActivePower, "$.n W", json).expect_err(json);
            assert_eq!((wrong.code, wrong.detail.as_str()), (code, detail));
        }
    }

    #[test]
    fn what_is_no_formula_is_refused_with_its_place() {
        for (quantity, text, at, message) in [
            (
                ActivePower,
                "$.p",
                3..3,
                "active_power needs the unit that the payload's number is in, such as W",
            ),
            (ActivePower, "$.p kVA", 4..7, "kVA measures something else"),
            (ActivePower, "$.p * 0 W", 6..7, "expected a number other than 0"),
            (ActivePower, "$.p * x W", 6..7, "expected a number other than 0"),
            (ActivePower, "p W", 0..3, "a path begins with $"),
            (ActivePower, "sum($.p W", 7..9, "expected )"),
            (PowerFactor, "$.pf W", 5..6, "W measures something else: expected a pure number"),
            (DeviceId1, "$.id W", 5..6, "device_id_1 has no unit"),
        ] {
            let error = Field::new(quantity, text).expect_err(text);
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.starts_with(message), "{text}: {error}");
        }
    }
}
