//! One telegram as one line of JSON: the contract of `decode --format json`.

use anyhow::Result;
use meter::push::{Outcome, PushedValue};
use reading::{Decimal, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;

#[derive(Serialize)]
struct Line<'a> {
    protocol: &'static str,
    meter: Option<&'a str>,
    meter_time: Option<String>,
    measured_at: Option<String>,
    security: Security,
    values: Vec<ValueLine<'a>>,
    defects: Vec<DefectLine<'a>>,
}

/// How a telegram was protected.
#[derive(Serialize)]
pub(super) struct Security {
    encrypted: bool,
    authenticated: bool,
    invocation_counter: Option<u32>,
}

impl Security {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        let security = &outcome.security;
        Self {
            encrypted: security.encrypted,
            authenticated: security.authenticated,
            invocation_counter: security.invocation_counter,
        }
    }
}

#[derive(Serialize)]
struct ValueLine<'a> {
    obis: Option<String>,
    quantity: Option<&'static str>,
    value: ExactValue<'a>,
    unit: Option<&'static str>,
    raw: Option<i64>,
    exponent: Option<i8>,
}

/// A number with all its digits, or a text.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ExactValue<'a> {
    Number(Box<RawValue>),
    Text(&'a str),
}

impl ExactValue<'_> {
    /// # Errors
    /// None: a decimal prints itself as JSON does, and in full, so that no digit passes through a
    /// float.
    pub(super) fn number(number: Decimal) -> Result<Self> {
        Ok(Self::Number(RawValue::from_string(number.to_string())?))
    }
}

/// What was wrong with a telegram, and where.
#[derive(Serialize)]
pub(super) struct DefectLine<'a> {
    code: &'static str,
    detail: &'a str,
    offset: u64,
}

/// The defects of a telegram.
pub(super) fn defects(outcome: &Outcome) -> Vec<DefectLine<'_>> {
    let line = outcome.defects.iter().map(|defect| DefectLine {
        code: defect.code.name(),
        detail: &defect.detail,
        offset: defect.offset,
    });
    line.collect()
}

/// Prints one line.
///
/// # Errors
/// The output cannot be written.
pub(super) fn write(line: &impl Serialize, out: &mut dyn Write) -> Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)?;
    Ok(())
}

/// Prints a telegram, delivered or refused.
///
/// # Errors
/// The output cannot be written.
pub(super) fn print(outcome: &Outcome, out: &mut dyn Write) -> Result<()> {
    let line = Line {
        protocol: outcome.protocol,
        meter: outcome.meter.as_deref(),
        meter_time: outcome.meter_time.map(|time| time.to_string()),
        measured_at: outcome.measured_at.map(|time| time.to_string()),
        security: Security::of(outcome),
        values: outcome.values.iter().map(value_line).collect::<Result<_>>()?,
        defects: defects(outcome),
    };
    write(&line, out)
}

fn value_line(value: &PushedValue) -> Result<ValueLine<'_>> {
    let reading = &value.reading;
    let (shown, raw, exponent) = match &reading.value {
        Value::Number(decimal) => {
            let (raw, exponent) = (decimal.mantissa(), decimal.exponent());
            (ExactValue::number(*decimal)?, Some(raw), Some(exponent))
        }
        Value::Text(text) => (ExactValue::Text(text), None, None),
    };
    Ok(ValueLine {
        obis: reading.obis.map(|obis| obis.to_string()),
        quantity: reading.quantity.map(reading::Quantity::name),
        value: shown,
        unit: reading.unit.map(reading::Unit::symbol),
        raw,
        exponent,
    })
}
