//! One telegram as one line of JSON: the contract of `decode --format json`.

use anyhow::Result;
use meter::push::{Outcome, PushedValue};
use reading::Value;
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

#[derive(Serialize)]
struct Security {
    encrypted: bool,
    authenticated: bool,
    invocation_counter: Option<u32>,
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

#[derive(Serialize)]
#[serde(untagged)]
enum ExactValue<'a> {
    Number(Box<RawValue>),
    Text(&'a str),
}

#[derive(Serialize)]
struct DefectLine<'a> {
    code: &'static str,
    detail: &'a str,
    offset: u64,
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
        security: Security {
            encrypted: outcome.security.encrypted,
            authenticated: outcome.security.authenticated,
            invocation_counter: outcome.security.invocation_counter,
        },
        values: outcome.values.iter().map(value_line).collect::<Result<_>>()?,
        defects: outcome
            .defects
            .iter()
            .map(|defect| DefectLine {
                code: defect.code.name(),
                detail: &defect.detail,
                offset: defect.offset,
            })
            .collect(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)?;
    Ok(())
}

fn value_line(value: &PushedValue) -> Result<ValueLine<'_>> {
    let reading = &value.reading;
    let (shown, raw, exponent) = match &reading.value {
        Value::Number(decimal) => (
            // The decimal prints itself in full, so no digit passes through a float.
            ExactValue::Number(RawValue::from_string(decimal.to_string())?),
            Some(decimal.mantissa()),
            Some(decimal.exponent()),
        ),
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
