//! `GET /api/v1/site`.

use crate::Outlet;
use crate::http::Service;
use axum::extract::State;
use axum::response::Json;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
pub(in crate::http) struct SiteBody {
    name: String,
    /// The IANA name; null for a zone without one.
    zone: Option<String>,
    /// The same, under the word of the configuration.
    timezone: Option<String>,
    nominal_voltage_v: f64,
    subscribed_power_kw: Option<f64>,
    demand_interval_min: u32,
    version: &'static str,
    demo: bool,
}

impl SiteBody {
    pub(in crate::http) fn new(outlet: &Outlet) -> Self {
        let site = &outlet.site;
        Self {
            name: site.name.clone(),
            zone: site.zone.iana_name().map(str::to_owned),
            timezone: site.zone.iana_name().map(str::to_owned),
            nominal_voltage_v: site.nominal_voltage_v,
            subscribed_power_kw: site.subscribed_power_kw,
            demand_interval_min: site.demand_interval_min,
            version: outlet.version,
            demo: outlet.demo,
        }
    }
}

pub(super) async fn get(State(outlet): State<Arc<Service>>) -> Json<SiteBody> {
    Json(SiteBody::new(&outlet))
}
