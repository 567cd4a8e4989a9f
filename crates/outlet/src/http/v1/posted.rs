//! `POST /api/v1/samples`: measurements under the catalogue's names into the store.
//!
//! In: one measurement or an array, in the form in which `GET` shows stored ones: `meter`,
//! `measured_at`, `quality`, and `values` of numbers in the catalogue's unit, or of objects
//! `{value, unit}` with any prefix of it. Out: 201 once all of them are on disk, else a problem
//! document and nothing stored. It is how a PLC's counters come without a broker. Refuses what
//! `POST /api/mesures` refuses, naming the measurement and the field.

use crate::Outlet;
use crate::feed::{Field, plausible};
use crate::http::Service;
use crate::http::access::outcome::Rows;
use crate::http::intake::{
    Complaints, ERRORS_MAX, Fields, instant, kind, number, rows, shortened, text,
};
use crate::http::mesures::{LIST, body, store_all};
use crate::http::problem::Problem;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use reading::{Kind, ListId, MeterId, Quality, Quantity, Reading, Telegram, Timestamp, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Serialize)]
pub(super) struct Stored {
    stored: usize,
}

pub(super) async fn post(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<(StatusCode, Extension<Rows>, Json<Stored>), Problem> {
    let _room = service.intakes.acquire().await.expect("the intake is never closed");
    let body = body(request).await?;
    let telegrams = telegrams(&service, &body)?;
    let stored = store_all(&service, telegrams).await?;
    Ok((StatusCode::CREATED, Extension(Rows(stored)), Json(Stored { stored })))
}

fn telegrams(outlet: &Outlet, body: &[u8]) -> Result<Vec<Telegram>, Problem> {
    let now = (outlet.clock)();
    let mut errors = Vec::new();
    let mut telegrams = Vec::new();
    let mut untimed = 0;
    for (index, row) in rows(body)?.into_iter().enumerate() {
        let mut complaints = Complaints { index, errors: &mut errors };
        // Rows without a time follow each other; one instant would make them contradict.
        let arrival = now.plus(Duration::from_micros(untimed));
        if let Some(telegram) = telegram(outlet, row, (now, arrival), &mut complaints) {
            untimed += u64::from(telegram.measured_at == arrival);
            telegrams.push(telegram);
        }
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if errors.is_empty() {
        return Ok(telegrams);
    }
    let detail = "No measurement was stored: correct the named fields and send all of them again.";
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).with_errors(errors))
}

/// A measurement as far as it was read.
#[derive(Default)]
struct Draft {
    meter: Option<MeterId>,
    measured_at: Option<Timestamp>,
    quality: Quality,
    values: Vec<(Quantity, Value)>,
}

fn telegram(
    outlet: &Outlet,
    row: &RawValue,
    (now, arrival): (Timestamp, Timestamp),
    complaints: &mut Complaints<'_>,
) -> Option<Telegram> {
    let before = complaints.errors.len();
    let fields = members(row, "", complaints)?;
    let mut known = BTreeSet::new();
    let mut draft = Draft::default();
    for (field, raw) in &fields {
        if !known.insert(field.clone()) {
            complaints.add(field, "the field occurs twice");
            continue;
        }
        let taken = match field.as_str() {
            "meter" => meter(outlet, raw).map(|meter| draft.meter = meter),
            "measured_at" => {
                let told = text(raw).and_then(|it| it.map(|it| instant(&it, now)).transpose());
                told.map(|at| draft.measured_at = at)
            }
            "quality" => quality(raw).map(|quality| draft.quality = quality),
            "values" => {
                draft.values = values(raw, complaints).unwrap_or_default();
                Ok(())
            }
            _ => Err("unknown field; the fields are meter, measured_at, quality and values".into()),
        };
        if let Err(message) = taken {
            complaints.add(field, message);
        }
    }
    if !known.contains("values") {
        complaints.add("values", "a measurement has values, such as {\"production_pieces\": 41}");
    }
    let only = match outlet.meters.as_slice() {
        [only] => Some(only.id.clone()),
        _ => None,
    };
    let meter = draft.meter.or(only);
    if meter.is_none() && complaints.errors.len() == before {
        complaints.add("meter", "several meters are configured: name one");
    }
    if complaints.errors.len() != before {
        return None;
    }
    let quality = draft.quality;
    let reading = |(quantity, value): (Quantity, Value)| Reading {
        quantity: Some(quantity),
        obis: None,
        value,
        unit: quantity.unit(),
        quality,
    };
    Some(Telegram {
        meter: meter?,
        list: ListId::new(LIST),
        meter_time: None,
        measured_at: draft.measured_at.unwrap_or(arrival),
        received_at: now,
        quality,
        readings: draft.values.into_iter().map(reading).collect(),
    })
}

/// The members of an object, in their order.
fn members<'a>(
    raw: &'a RawValue,
    field: &str,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<(String, &'a RawValue)>> {
    if !raw.get().starts_with('{') {
        complaints.add(field, format!("expected an object, got {}", kind(raw)));
        return None;
    }
    match serde_json::from_str::<Fields<'a>>(raw.get()) {
        Ok(Fields(fields)) => {
            Some(fields.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
        }
        Err(error) => {
            complaints.add(field, error.to_string());
            None
        }
    }
}

fn meter(outlet: &Outlet, raw: &RawValue) -> Result<Option<MeterId>, String> {
    let Some(name) = text(raw)? else { return Ok(None) };
    let found = outlet.find_meter(&name).map(|meter| Some(meter.id.clone()));
    found.ok_or_else(|| format!("no meter has the id or serial \"{}\"", shortened(&name)))
}

fn quality(raw: &RawValue) -> Result<Quality, String> {
    let Some(word) = text(raw)? else { return Ok(Quality::Good) };
    let all = [Quality::Good, Quality::Suspect, Quality::Bad];
    let found = all.into_iter().find(|quality| quality.name() == word);
    found.ok_or_else(|| "expected \"good\", \"suspect\" or \"bad\"".to_owned())
}

fn values(raw: &RawValue, complaints: &mut Complaints<'_>) -> Option<Vec<(Quantity, Value)>> {
    let mut known = BTreeSet::new();
    let mut values = Vec::new();
    for (name, raw) in members(raw, "values", complaints)? {
        let field = format!("values.{name}");
        let Some(quantity) = Quantity::from_name(&name) else {
            complaints.add(&field, "no quantity of the catalogue has this name");
            continue;
        };
        if !known.insert(quantity) {
            complaints.add(&field, "the field occurs twice");
            continue;
        }
        match value(quantity, raw) {
            Ok(Some(value)) => values.push((quantity, value)),
            Ok(None) => {}
            Err(message) => complaints.add(&field, message),
        }
    }
    Some(values)
}

/// A plain value in the catalogue's unit, or `{value, unit}`; null is no value.
fn value(quantity: Quantity, raw: &RawValue) -> Result<Option<Value>, String> {
    if raw.get().starts_with('{') {
        return with_unit(quantity, raw);
    }
    if quantity.description().kind == Kind::Text {
        return Ok(text(raw)?.map(Value::Text));
    }
    let Some(number) = number(raw)? else { return Ok(None) };
    plausible(quantity, number)?;
    Ok(Some(Value::Number(number)))
}

fn with_unit(quantity: Quantity, raw: &RawValue) -> Result<Option<Value>, String> {
    let Fields(fields) = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    let of = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, raw)| *raw);
    if let Some((other, _)) = fields.iter().find(|(name, _)| name != "value" && name != "unit") {
        return Err(format!("expected value and unit, got {}", shortened(other)));
    }
    let found = of("value").ok_or("expected value and unit")?;
    let unit = of("unit").map_or(Ok(None), text)?;
    let Some(unit) = unit.filter(|unit| !unit.is_empty()) else { return value(quantity, found) };
    // Units are read as in a formula, so that both ways in know the same ones.
    let formula = Field::new(quantity, &format!("$ {unit}")).map_err(|error| error.to_string())?;
    let Some(number) = number(found)? else { return Ok(None) };
    let shifted = formula.scaled(number).ok_or("the number is too large")?;
    plausible(quantity, shifted)?;
    Ok(Some(Value::Number(shifted)))
}
