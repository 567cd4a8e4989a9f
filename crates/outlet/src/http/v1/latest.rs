//! `GET /api/v1/meters/{id}/latest`: the newest value of each quantity.

use super::choose;
use super::value::{Times, ValueBody, Values, key, period};
use crate::http::Service;
use crate::http::problem::Problem;
use crate::{MeterInfo, Outlet};
use analysis::derive;
use axum::extract::{Path, State};
use axum::response::Json;
use reading::{LinkState, MeterId, Quantity};
use serde::Serialize;
use std::sync::Arc;

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
        let computed = derived_values(outlet, &meter.id);
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

/// How a quantity follows from others.
type Derivation = fn(&analysis::Measurement) -> Option<derive::Derived>;

/// What follows from the last measurement and the meter itself never sends.
pub(in crate::http) fn derived_values(
    outlet: &Outlet,
    meter: &MeterId,
) -> Vec<(&'static str, ValueBody)> {
    const DERIVED: [(Quantity, Derivation); 4] = [
        (Quantity::ActivePower, derive::active_power),
        (Quantity::ReactivePower, derive::reactive_power),
        (Quantity::ApparentPower, derive::apparent_power),
        (Quantity::PowerFactor, derive::power_factor),
    ];
    let (Some(current), Some(latest)) =
        (outlet.store.measurement(meter), outlet.store.latest(meter))
    else {
        return Vec::new();
    };
    let measurement = analysis::Measurement::new(current.measured_at, current.numbers());
    // A computed value is as new as the newest telegram, and so comes as often.
    let times = Times {
        measured_at: current.measured_at,
        received_at: current.received_at,
        period: latest.newest().and_then(|list| list.period),
    };
    let unsent = DERIVED.into_iter().filter(|(quantity, _)| latest.value(*quantity).is_none());
    unsent
        .filter_map(|(quantity, derive)| {
            let derived = derive(&measurement)?;
            Some((quantity.name(), ValueBody::derived(quantity, &derived, times)))
        })
        .collect()
}

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Json<LatestBody>, Problem> {
    let meter = choose(&service, Some(&id))?;
    Ok(Json(LatestBody::new(&service, meter)))
}
