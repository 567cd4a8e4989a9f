//! A telegram with its bytes and how they were understood: what `frames` and `decode` answer.
//!
//! The keys of `decode --format json`, and beside them the bytes, their place and the explanation.

use crate::frames::{Explained, ExplainedDefect, ExplainedStep, ExplainedValue};
use crate::json::{Digits, Utc};
use reading::{Decimal, Quantity, Unit, Value};
use serde::{Serialize, Serializer};

/// A telegram, delivered or refused.
#[derive(Serialize)]
pub(super) struct TelegramBody<'a> {
    protocol: &'static str,
    meter: Option<&'a str>,
    meter_time: Option<String>,
    measured_at: Option<Utc>,
    security: SecurityBody,
    values: Vec<ValueBody<'a>>,
    defects: Vec<DefectBody<'a>>,
    delivered: bool,
    list: Option<&'a str>,
    /// Where `hex` begins in the input.
    offset: u64,
    length: usize,
    /// The bytes of the wire; null when there are too many to show.
    hex: Option<Hex<'a>>,
    explanation: Vec<StepBody<'a>>,
}

#[derive(Serialize)]
struct SecurityBody {
    encrypted: bool,
    authenticated: bool,
    invocation_counter: Option<u32>,
}

#[derive(Serialize)]
struct ValueBody<'a> {
    obis: Option<String>,
    quantity: Option<&'static str>,
    value: Content<'a>,
    unit: Option<&'static str>,
    raw: Option<i64>,
    exponent: Option<i8>,
    offset: u64,
    length: Option<usize>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Number(Digits),
    Text(&'a str),
}

#[derive(Serialize)]
struct DefectBody<'a> {
    code: &'static str,
    detail: &'a str,
    offset: u64,
}

#[derive(Serialize)]
struct StepBody<'a> {
    layer: &'static str,
    offset: u64,
    length: usize,
    text: &'a str,
}

/// Bytes as hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let digit = |nibble: u8| DIGITS[usize::from(nibble & 0x0F)];
        let text: String =
            self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect();
        serializer.serialize_str(&text)
    }
}

impl<'a> From<&'a Explained> for TelegramBody<'a> {
    fn from(telegram: &'a Explained) -> Self {
        let shown = !telegram.bytes.is_empty() || telegram.length == 0;
        Self {
            protocol: telegram.protocol,
            meter: telegram.meter.as_deref(),
            meter_time: telegram.meter_time.map(|time| time.to_string()),
            measured_at: telegram.measured_at.map(Utc),
            security: SecurityBody {
                encrypted: telegram.security.encrypted,
                authenticated: telegram.security.authenticated,
                invocation_counter: telegram.security.invocation_counter,
            },
            values: telegram.values.iter().map(ValueBody::from).collect(),
            defects: telegram.defects.iter().map(DefectBody::from).collect(),
            delivered: telegram.delivered,
            list: telegram.list.as_deref(),
            offset: telegram.offset,
            length: telegram.length,
            hex: shown.then_some(Hex(&telegram.bytes)),
            explanation: telegram.steps.iter().map(StepBody::from).collect(),
        }
    }
}

impl<'a> From<&'a ExplainedValue> for ValueBody<'a> {
    fn from(value: &'a ExplainedValue) -> Self {
        let reading = &value.reading;
        let number = reading.value.number();
        Self {
            obis: reading.obis.map(|obis| obis.to_string()),
            quantity: reading.quantity.map(Quantity::name),
            value: match &reading.value {
                Value::Number(decimal) => Content::Number(Digits(*decimal)),
                Value::Text(text) => Content::Text(text),
            },
            unit: reading.unit.map(Unit::symbol),
            raw: number.map(Decimal::mantissa),
            exponent: number.map(Decimal::exponent),
            offset: value.offset,
            length: value.length,
        }
    }
}

impl<'a> From<&'a ExplainedDefect> for DefectBody<'a> {
    fn from(defect: &'a ExplainedDefect) -> Self {
        Self { code: defect.code, detail: &defect.detail, offset: defect.offset }
    }
}

impl<'a> From<&'a ExplainedStep> for StepBody<'a> {
    fn from(step: &'a ExplainedStep) -> Self {
        let ExplainedStep { layer, offset, length, text } = step;
        Self { layer, offset: *offset, length: *length, text }
    }
}
