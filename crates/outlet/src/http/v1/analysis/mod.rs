//! `/api/v1/analysis`: what the measurements of one meter mean, by the standards and by chapter
//! 25, side by side. `?meter=` is an id or serial; the main meter without it.

mod availability;
mod balance;
mod calendar;
mod doctor;
mod energy;
mod kpi;
mod loads;
mod production;
mod reactive;

use super::choose;
use crate::MeterInfo;
use crate::http::Service;
use crate::http::problem::Problem;
use axum::Router;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;

pub(in crate::http) use availability::AvailabilityBody;
pub(in crate::http) use balance::BalanceBody;
pub(in crate::http) use doctor::Practice;
pub(in crate::http) use kpi::KpiBody;
pub(crate) use loads::Now;
pub use loads::Unrest;
pub(in crate::http) use loads::{Ledger, make_ready};
pub(in crate::http) use reactive::ReactiveBody;

pub(super) fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/api/v1/analysis/balance", get(balance::get))
        .route("/api/v1/analysis/reactive", get(reactive::get))
        .route("/api/v1/analysis/energy", get(energy::get))
        .route("/api/v1/analysis/kpi", get(kpi::get))
        .route("/api/v1/analysis/production", get(production::get))
        .route("/api/v1/analysis/availability", get(availability::get))
        .route("/api/v1/analysis/loads", get(loads::get))
        .route("/api/v1/analysis/doctor", get(doctor::get))
}

#[derive(Deserialize)]
struct MeterQuery {
    meter: Option<String>,
}

/// The meter that a request names, or the main one.
pub(super) struct Chosen {
    pub(super) service: Arc<Service>,
    pub(super) meter: MeterInfo,
    /// Whether the request named it.
    pub(super) named: bool,
}

impl FromRequestParts<Arc<Service>> for Chosen {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Self::Rejection> {
        let query = Query::<MeterQuery>::try_from_uri(&parts.uri);
        let Query(query) = query.map_err(|_| {
            let detail = "The query may hold meter once: the id or serial of one meter.";
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })?;
        let meter = choose(service, query.meter.as_deref())?.clone();
        Ok(Self { service: Arc::clone(service), meter, named: query.meter.is_some() })
    }
}
