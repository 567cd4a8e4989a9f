//! `GET /api/v1/meters`.

use super::LinkBody;
use crate::http::Service;
use crate::{MeterInfo, Outlet, VoltageKind};
use axum::extract::State;
use axum::response::Json;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
pub(super) struct Body {
    meters: Vec<MeterBody>,
}

/// A meter, its link and its period.
#[derive(Serialize)]
pub(in crate::http) struct MeterBody {
    id: String,
    role: &'static str,
    parent: Option<String>,
    label: Option<String>,
    model: Option<String>,
    /// The configured port; null for a meter that is fed over HTTP.
    port: Option<String>,
    /// `http`, `mqtt`, `dlms_push`, `readout`, `optical`, `mbus`, `cosem`, `modbus`.
    way: &'static str,
    voltage_kind: &'static str,
    /// The serial number that the meter itself sent.
    serial: Option<String>,
    link: LinkBody,
    period_s: Option<f64>,
}

impl MeterBody {
    pub(in crate::http) fn new(outlet: &Outlet, meter: &MeterInfo) -> Self {
        Self {
            id: meter.id.to_string(),
            role: meter.role.name(),
            parent: meter.parent.as_ref().map(ToString::to_string),
            label: meter.label.clone(),
            model: meter.model.clone(),
            port: meter.port.clone(),
            way: meter.way.name(),
            voltage_kind: match meter.voltage_kind {
                VoltageKind::Phase => "phase",
                VoltageKind::LineToLine => "line_to_line",
            },
            serial: outlet.serial(&meter.id),
            link: LinkBody::new(outlet, &meter.id),
            period_s: outlet.period_s(meter),
        }
    }
}

pub(super) async fn get(State(outlet): State<Arc<Service>>) -> Json<Body> {
    let meters = outlet.meters.iter().map(|meter| MeterBody::new(&outlet, meter));
    Json(Body { meters: meters.collect() })
}
