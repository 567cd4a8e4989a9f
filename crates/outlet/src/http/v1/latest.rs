//! `GET /api/v1/meters/{id}/latest`: the newest value of each quantity.

use super::choose;
use super::value::{Times, ValueBody, Values, key, period};
use crate::http::Service;
use crate::http::problem::Problem;
use crate::last::{DERIVED, usable};
use crate::{MeterInfo, Outlet};
use analysis::Measurement;
use axum::extract::{Path, State};
use axum::response::Json;
use reading::{LinkState, MeterId, Quality, Quantity, Reading, Telegram};
use serde::Serialize;
use std::sync::Arc;
use store::Latest;

/// The newest values of one meter.
#[derive(Serialize)]
pub(in crate::http) struct LatestBody {
    meter: String,
    /// The state of the link.
    state: &'static str,
    period_s: Option<f64>,
    values: Values,
}

impl LatestBody {
    pub(in crate::http) fn new(outlet: &Outlet, meter: &MeterInfo) -> Self {
        let mut values = Vec::new();
        if let Some(latest) = outlet.store.latest(&meter.id) {
            for newest in &latest.values {
                let times = Times {
                    measured_at: newest.measured_at,
                    received_at: newest.received_at,
                    period: period(&latest, &newest.list),
                };
                if let Some(key) = key(&newest.reading) {
                    values.push((key, ValueBody::measured(&newest.reading, times, newest.sample)));
                }
            }
        }
        let computed = derived_of_now(outlet, &meter.id);
        values.extend(computed.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let state = outlet.store.link(&meter.id).map_or(LinkState::Waiting, |link| link.state);
        Self {
            meter: meter.id.to_string(),
            state: state.name(),
            period_s: outlet.period_s(meter),
            values: Values(values),
        }
    }
}

/// What follows from numbers of one moment and stands for registers that the meter never sends.
struct Moment<'a> {
    latest: &'a Latest,
    /// The numbers that may be used.
    measurement: Measurement,
    times: Times,
}

impl Moment<'_> {
    fn derived(&self, quality: impl Fn(Quantity) -> Quality) -> Vec<(&'static str, ValueBody)> {
        let sent = |quantity| self.latest.value(quantity).is_some();
        let unsent = DERIVED.into_iter().filter(|(quantity, _)| !sent(*quantity));
        let values = unsent.filter_map(|(quantity, derive)| {
            let derived = derive(&self.measurement)?;
            let worst = derived.inputs.iter().map(|input| quality(*input)).max();
            let worst = worst.unwrap_or_default();
            let value = ValueBody::derived(quantity, &derived, worst, self.times);
            Some((quantity.name(), value))
        });
        values.collect()
    }
}

/// What follows from the last measurement.
pub(in crate::http) fn derived_of_now(
    outlet: &Outlet,
    meter: &MeterId,
) -> Vec<(&'static str, ValueBody)> {
    let (Some(current), Some(latest)) =
        (outlet.store.measurement(meter), outlet.store.latest(meter))
    else {
        return Vec::new();
    };
    let moment = Moment {
        latest: &latest,
        measurement: usable(&current),
        // A computed value is as new as the newest telegram, and so comes as often.
        times: Times {
            measured_at: current.measured_at,
            received_at: current.received_at,
            period: latest.newest().and_then(|list| list.period),
        },
    };
    moment.derived(|quantity| {
        current.value(quantity).map(|newest| newest.reading.quality).unwrap_or_default()
    })
}

/// What follows from one telegram alone, whenever it is told.
pub(in crate::http) fn derived_of(
    telegram: &Telegram,
    latest: &Latest,
) -> Vec<(&'static str, ValueBody)> {
    let quality = |reading: &Reading| reading.quality.max(telegram.quality);
    let usable = telegram.readings.iter().rev().filter(|one| quality(one) != Quality::Bad);
    let numbers = usable.filter_map(|one| Some((one.quantity?, one.value.number()?)));
    let moment = Moment {
        latest,
        measurement: Measurement::new(telegram.measured_at, numbers),
        times: Times::of(telegram, Some(latest)),
    };
    moment.derived(|quantity| {
        let mut inputs = telegram.readings.iter().filter(|one| one.quantity == Some(quantity));
        inputs.find(|one| quality(one) != Quality::Bad).map(quality).unwrap_or_default()
    })
}

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Json<LatestBody>, Problem> {
    let meter = choose(&service, Some(&id))?;
    Ok(Json(LatestBody::new(&service, meter)))
}
