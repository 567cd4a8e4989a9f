//! One value with everything that is known about it: the objects inside `latest` and `sample`.

use crate::json::{Digits, Utc};
use analysis::derive::Derived;
use reading::{ListId, Quality, Quantity, Reading, Telegram, Timestamp, Unit, Value};
use serde::{Serialize, Serializer};
use std::time::Duration;
use store::Latest;

/// A value, where it came from and when.
#[derive(Serialize)]
pub(in crate::http) struct ValueBody {
    value: Number,
    unit: Option<&'static str>,
    measured_at: Utc,
    received_at: Utc,
    /// How often the list that it came with comes, once two of its telegrams are known.
    period_s: Option<f64>,
    quality: &'static str,
    /// How the value was found: `measured`, or computed from measured ones.
    method: &'static str,
    obis: Option<String>,
    /// The register's digits: value = raw × 10^exponent.
    raw: Option<i64>,
    exponent: Option<i8>,
    /// The stored telegram that it came with; `None` for a computed value.
    sample: Option<u64>,
}

/// A number with its digits, a computed number, or a text.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Exact(Digits),
    Computed(f64),
    Text(String),
}

/// When something was measured, when it arrived, and how often it comes.
#[derive(Clone, Copy)]
pub(in crate::http) struct Times {
    pub(in crate::http) measured_at: Timestamp,
    pub(in crate::http) received_at: Timestamp,
    pub(in crate::http) period: Option<Duration>,
}

impl Times {
    /// The times of a telegram of one of these lists.
    pub(in crate::http) fn of(telegram: &Telegram, latest: Option<&Latest>) -> Self {
        Self {
            measured_at: telegram.measured_at,
            received_at: telegram.received_at,
            period: latest.and_then(|latest| period(latest, &telegram.list)),
        }
    }
}

/// How often a list's telegrams come.
pub(in crate::http) fn period(latest: &Latest, list: &ListId) -> Option<Duration> {
    latest.lists.iter().find(|known| known.sample.telegram.list == *list)?.period
}

impl ValueBody {
    /// A value as a meter sent it.
    pub(in crate::http) fn measured(reading: &Reading, times: Times, sample: u64) -> Self {
        let number = reading.value.number();
        let value = match &reading.value {
            Value::Number(decimal) => Number::Exact(Digits(*decimal)),
            Value::Text(text) => Number::Text(text.clone()),
        };
        Self {
            value,
            unit: reading.unit.map(Unit::symbol),
            measured_at: Utc(times.measured_at),
            received_at: Utc(times.received_at),
            period_s: times.period.map(|period| period.as_secs_f64()),
            quality: reading.quality.name(),
            method: "measured",
            obis: reading.obis.map(|obis| obis.to_string()),
            raw: number.map(reading::Decimal::mantissa),
            exponent: number.map(reading::Decimal::exponent),
            sample: Some(sample),
        }
    }

    /// The number alone; `None` for a text.
    pub(in crate::http) fn number(&self) -> Option<String> {
        match &self.value {
            Number::Exact(Digits(decimal)) => Some(decimal.to_string()),
            Number::Computed(value) => serde_json::to_string(value).ok(),
            Number::Text(_) => None,
        }
    }

    /// A value computed from what the meter sent; `quality` is the worst of its inputs.
    pub(in crate::http) fn derived(
        quantity: Quantity,
        derived: &Derived,
        quality: Quality,
        times: Times,
    ) -> Self {
        Self {
            value: Number::Computed(derived.value),
            unit: quantity.unit().map(Unit::symbol),
            measured_at: Utc(times.measured_at),
            received_at: Utc(times.received_at),
            period_s: times.period.map(|period| period.as_secs_f64()),
            quality: quality.name(),
            method: derived.method.name(),
            obis: None,
            raw: None,
            exponent: None,
            sample: None,
        }
    }
}

/// The key of a value: the catalogue's name, or the register for what the catalogue does not know.
pub(in crate::http) fn key(reading: &Reading) -> Option<String> {
    match (reading.quantity, reading.obis) {
        (Some(quantity), _) => Some(quantity.name().to_owned()),
        (None, Some(obis)) => Some(obis.to_string()),
        (None, None) => None,
    }
}

/// Values by key, in the order in which they were put in.
pub(in crate::http) struct Values(pub(in crate::http) Vec<(String, ValueBody)>);

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
