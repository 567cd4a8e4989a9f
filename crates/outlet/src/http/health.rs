//! `/healthz`: the process answers. `/readyz`: it can store, and what its meters' links do.
//!
//! A silent meter does not make the service unready: it is told, and the service goes on.

use super::Service;
use super::v1::LinkBody;
use crate::Outlet;
use crate::mqtt::MqttState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    version: &'static str,
}

pub(super) async fn healthz(State(outlet): State<Arc<Service>>) -> Json<Health> {
    Json(Health { status: "ok", version: outlet.version })
}

#[derive(Serialize)]
pub(super) struct Readiness {
    status: &'static str,
    version: &'static str,
    store: StoreState,
    /// The broker, for information: while it is away, messages wait in the store.
    mqtt: Option<BrokerState>,
    meters: Vec<MeterState>,
}

#[derive(Serialize)]
struct StoreState {
    writable: bool,
    /// Telegrams that wait for the disk.
    queue: usize,
    queue_max: usize,
    last_id: u64,
    reason: Option<String>,
}

#[derive(Serialize)]
struct BrokerState {
    connected: bool,
    /// Samples that the broker has not acknowledged.
    backlog: u64,
    reason: Option<String>,
}

impl BrokerState {
    fn new(outlet: &Outlet) -> Option<Self> {
        let state = outlet.counters.mqtt.state()?;
        let backlog = outlet.mqtt_backlog();
        Some(match state {
            MqttState::Connected => Self { connected: true, backlog, reason: None },
            MqttState::Away(reason) => Self { connected: false, backlog, reason },
        })
    }
}

#[derive(Serialize)]
struct MeterState {
    id: String,
    #[serde(flatten)]
    link: LinkBody,
}

pub(super) async fn readyz(State(outlet): State<Arc<Service>>) -> (StatusCode, Json<Readiness>) {
    let health = outlet.store.health();
    let (code, status) = if health.writable {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "store_not_writable")
    };
    let meters = outlet.meters.iter().map(|meter| MeterState {
        id: meter.id.to_string(),
        link: LinkBody::new(&outlet, &meter.id),
    });
    let readiness = Readiness {
        status,
        version: outlet.version,
        store: StoreState {
            writable: health.writable,
            queue: health.queue_length,
            queue_max: health.queue_max,
            last_id: outlet.store.last_id(),
            reason: health.last_error,
        },
        mqtt: BrokerState::new(&outlet),
        meters: meters.collect(),
    };
    (code, Json(readiness))
}
