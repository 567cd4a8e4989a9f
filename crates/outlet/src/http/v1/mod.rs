//! `/api/v1`: English, RFC 3339 in UTC, RFC 9457 problems; absent is null with a reason.

mod alarms;
mod analysis;
mod decode;
mod figure;
mod frames;
mod journal;
mod latest;
mod meters;
mod parameter;
mod posted;
mod samples;
mod series;
mod site;
mod telegram;
mod value;

use super::Service;
use super::problem::Problem;
use crate::json::Utc;
use crate::{MeterInfo, Outlet};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use reading::MeterId;
use serde::Serialize;
use std::sync::Arc;

pub(super) use alarms::AlarmsBody;
pub(crate) use analysis::Now;
pub use analysis::Unrest;
pub(super) use analysis::{
    AvailabilityBody, BalanceBody, KpiBody, Ledger, Practice, ReactiveBody, make_ready,
};
pub(super) use latest::{LatestBody, derived_of, derived_of_now};
pub(super) use meters::MeterBody;
pub(super) use site::SiteBody;
pub(super) use value::{Times, ValueBody, Values, key, period};

pub(super) fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/api/v1/site", get(site::get))
        .route("/api/v1/meters", get(meters::get))
        .route("/api/v1/meters/{id}/latest", get(latest::get))
        .route("/api/v1/meters/{id}/frames", get(frames::get))
        .route("/api/v1/decode", post(decode::post).layer(DefaultBodyLimit::max(decode::BODY_MAX)))
        .route("/api/v1/samples", get(samples::get).post(posted::post))
        .route("/api/v1/journal", get(journal::get))
        .route("/api/v1/series", get(series::get))
        .route("/api/v1/alarms", get(alarms::get))
        .merge(analysis::router())
}

/// The connection to a meter.
#[derive(Serialize)]
pub(super) struct LinkBody {
    state: &'static str,
    since: Option<Utc>,
    cause: Option<&'static str>,
    reason: Option<String>,
}

impl LinkBody {
    pub(super) fn new(outlet: &Outlet, meter: &MeterId) -> Self {
        match outlet.store.link(meter) {
            Some(link) => Self {
                state: link.state.name(),
                since: Some(Utc(link.since)),
                cause: link.cause.map(reading::LinkCause::name),
                reason: link.reason,
            },
            None => Self {
                state: reading::LinkState::Waiting.name(),
                since: None,
                cause: Some(reading::LinkCause::NotOpened.name()),
                reason: Some("The connection has not been started yet.".to_owned()),
            },
        }
    }
}

/// The meter of this id or serial, or the main one.
fn choose<'a>(outlet: &'a Outlet, name: Option<&str>) -> Result<&'a MeterInfo, Problem> {
    match name {
        Some(name) => outlet.find_meter(name).ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            let detail = format!("No meter has the id or serial \"{name}\".");
            Problem::new(StatusCode::NOT_FOUND, detail)
        }),
        None => outlet
            .main_meter()
            .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "No meter is configured.")),
    }
}
