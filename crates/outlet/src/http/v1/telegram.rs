//! A telegram with its bytes and how they were understood: what `frames` and `decode` answer.
//!
//! The keys of `decode --format json`, and beside them the bytes, their place and the explanation.

use crate::frames::{Explained, ExplainedDefect, ExplainedStep, ExplainedValue, OwnKey};
use crate::json::{Digits, Utc};
use reading::{Decimal, Quantity, Value};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A telegram, delivered or refused.
pub(super) struct TelegramBody<'a>(pub(super) &'a Explained);

impl Serialize for TelegramBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let telegram = self.0;
        let own = telegram.own.as_slice();
        let mut keys = Keys { map: serializer.serialize_map(None)?, own };
        keys.put("protocol", telegram.protocol)?;
        keys.put("meter", &telegram.meter)?;
        keys.put("meter_time", telegram.meter_time.map(|time| time.to_string()))?;
        keys.put("measured_at", telegram.measured_at.map(Utc))?;
        let security = SecurityBody {
            encrypted: telegram.security.encrypted,
            authenticated: telegram.security.authenticated,
            invocation_counter: telegram.security.invocation_counter,
        };
        keys.put("security", security)?;
        let values: Vec<_> = telegram.values.iter().map(ValueBody::from).collect();
        keys.put("values", values)?;
        let defects: Vec<_> = telegram.defects.iter().map(DefectBody::from).collect();
        keys.put("defects", defects)?;
        keys.put("delivered", telegram.delivered)?;
        keys.put("list", &telegram.list)?;
        // Where `hex` begins in the input.
        keys.put("offset", telegram.offset)?;
        keys.put("length", telegram.length)?;
        // Null when there are too many bytes to show.
        let shown = !telegram.bytes.is_empty() || telegram.length == 0;
        keys.put("hex", shown.then_some(Hex(&telegram.bytes)))?;
        let steps: Vec<_> = telegram.steps.iter().map(StepBody::from).collect();
        keys.put("explanation", steps)?;
        keys.end()
    }
}

/// The keys that every telegram has, but for those that its protocol tells in its own way.
struct Keys<'a, M> {
    map: M,
    own: &'a [OwnKey],
}

impl<M: SerializeMap> Keys<'_, M> {
    fn put(&mut self, name: &str, value: impl Serialize) -> Result<(), M::Error> {
        if self.own.iter().any(|key| key.name == name) {
            return Ok(());
        }
        self.map.serialize_entry(name, &value)
    }

    fn end(mut self) -> Result<M::Ok, M::Error> {
        for key in self.own {
            let json =
                RawValue::from_string(key.json.clone()).map_err(serde::ser::Error::custom)?;
            self.map.serialize_entry(&key.name, &json)?;
        }
        self.map.end()
    }
}

#[derive(Serialize)]
struct SecurityBody {
    encrypted: bool,
    authenticated: bool,
    invocation_counter: Option<u32>,
}

#[derive(Serialize)]
struct ValueBody<'a> {
    obis: Option<&'a str>,
    quantity: Option<&'static str>,
    value: Option<Content<'a>>,
    unit: Option<&'a str>,
    raw: Option<i64>,
    exponent: Option<i8>,
    offset: u64,
    length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    #[serde(skip_serializing_if = "is_empty")]
    more: &'a [String],
}

const fn is_empty(more: &[String]) -> bool {
    more.is_empty()
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

impl<'a> From<&'a ExplainedValue> for ValueBody<'a> {
    fn from(value: &'a ExplainedValue) -> Self {
        let number = value.value.as_ref().and_then(Value::number);
        Self {
            obis: value.obis.as_deref(),
            quantity: value.quantity.map(Quantity::name),
            value: value.value.as_ref().map(|value| match value {
                Value::Number(decimal) => Content::Number(Digits(*decimal)),
                Value::Text(text) => Content::Text(text),
            }),
            unit: value.unit.as_deref(),
            raw: number.map(Decimal::mantissa),
            exponent: number.map(Decimal::exponent),
            offset: value.offset,
            length: value.length,
            time: value.time.as_deref(),
            more: &value.more,
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
