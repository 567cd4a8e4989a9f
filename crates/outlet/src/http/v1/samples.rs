//! `GET /api/v1/samples?meter&from&to&limit&after`: the stored telegrams, page by page.
//!
//! In: a meter (the main one by default), an interval of measurement (`from` included, `to` not),
//! the last id of the page before. Out: telegrams in the order of storage with their digits, and
//! `next`, the `after` of the next page, or null on the last one.

use super::choose;
use super::parameter::{instant, parameters, whole};
use super::value::key;
use crate::http::Service;
use crate::http::problem::Problem;
use crate::json::{Digits, Utc};
use crate::lookup::blocking;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Json;
use reading::{Reading, Unit, Value};
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;
use store::{Sample, SampleQuery};

/// Samples of a page whose size was not asked.
const LIMIT_DEFAULT: usize = 100;
/// The largest id that a store can give.
const ID_MAX: u64 = u64::MAX >> 1;
/// Most samples of a page.
const LIMIT_MAX: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    meter: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Body {
    samples: Vec<SampleBody>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct SampleBody {
    id: u64,
    meter: String,
    list: String,
    measured_at: Utc,
    received_at: Utc,
    quality: &'static str,
    values: Readings,
}

impl From<Sample> for SampleBody {
    fn from(Sample { id, telegram }: Sample) -> Self {
        Self {
            id,
            meter: telegram.meter.to_string(),
            list: telegram.list.to_string(),
            measured_at: Utc(telegram.measured_at),
            received_at: Utc(telegram.received_at),
            quality: telegram.quality.name(),
            values: Readings(telegram.readings),
        }
    }
}

/// `{NAME: {value, unit}}` in the order of the telegram; the first of two readings of one name.
struct Readings(Vec<Reading>);

#[derive(Serialize)]
struct ValueAndUnit<'a> {
    value: Content<'a>,
    unit: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Number(Digits),
    Text(&'a str),
}

impl Serialize for Readings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut known: Vec<(String, ValueAndUnit<'_>)> = Vec::with_capacity(self.0.len());
        let mut keys = std::collections::BTreeSet::new();
        for reading in &self.0 {
            let Some(key) = key(reading).filter(|key| keys.insert(key.clone())) else { continue };
            let value = match &reading.value {
                Value::Number(decimal) => Content::Number(Digits(*decimal)),
                Value::Text(text) => Content::Text(text),
            };
            known.push((key, ValueAndUnit { value, unit: reading.unit.map(Unit::symbol) }));
        }
        serializer.collect_map(known)
    }
}

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    uri: Uri,
) -> Result<Json<Body>, Problem> {
    let parameters: Parameters = parameters(&uri, "meter, from, to, limit and after")?;
    let meter = choose(&service, parameters.meter.as_deref())?;
    let limits = 1..=LIMIT_MAX as u64;
    let limit = whole("limit", parameters.limit.as_deref(), limits)?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT_DEFAULT);
    let after = whole("after", parameters.after.as_deref(), 0..=ID_MAX)?;
    let query = SampleQuery {
        meter: meter.id.clone(),
        from: instant("from", parameters.from.as_deref())?,
        to: instant("to", parameters.to.as_deref())?,
        after,
        // One more than asked tells whether there is another page.
        limit: limit + 1,
    };
    let samples = blocking(&service.store, move |store| store.samples(&query)).await;
    let mut samples = samples.map_err(|error| Problem::internal(&error))?;
    let more = samples.len() > limit;
    samples.truncate(limit);
    let next = samples.last().filter(|_| more).map(|sample| sample.id);
    Ok(Json(Body { samples: samples.into_iter().map(SampleBody::from).collect(), next }))
}
