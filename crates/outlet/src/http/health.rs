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
use reading::LinkState;
use serde::Serialize;
use std::sync::Arc;
use store::Health as StoreHealth;

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
    /// What is wrong, in English sentences; information where the status is `ready`.
    messages: Vec<String>,
}

#[derive(Serialize)]
struct StoreState {
    writable: bool,
    /// Telegrams that wait for the disk.
    queue: usize,
    queue_max: usize,
    last_id: u64,
    /// Size of the database file. **Unit** bytes; null while it cannot be read.
    size_bytes: Option<u64>,
    /// Room on its disk. **Unit** bytes; null where the system does not tell.
    free_bytes: Option<u64>,
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
    let messages = messages(&outlet, &health);
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
            size_bytes: outlet.store.file_bytes(),
            free_bytes: outlet.store.disk_free_bytes(),
            reason: health.last_error,
        },
        mqtt: BrokerState::new(&outlet),
        meters: meters.collect(),
        messages,
    };
    (code, Json(readiness))
}

/// The store first, then the links in the order of the configuration.
fn messages(outlet: &Outlet, health: &StoreHealth) -> Vec<String> {
    let mut messages = Vec::new();
    let (waiting, room) = (health.queue_length, health.queue_max);
    if !health.writable {
        let why = health.last_error.as_deref().unwrap_or("the last attempt to commit failed");
        messages.push(format!(
            "The disk takes no data: {why}. {waiting} of at most {room} telegrams wait for it."
        ));
    } else if waiting > room / 2 {
        messages.push(format!("The disk is slow: {waiting} of {room} telegrams wait for it."));
    }
    for meter in &outlet.meters {
        let Some(link) = outlet.store.link(&meter.id) else { continue };
        if matches!(link.state, LinkState::Stale | LinkState::Disconnected) {
            let (state, since) = (link.state.name(), link.since);
            let why = link.reason.unwrap_or_default();
            messages.push(format!("Meter {} is {state} since {since}: {why}.", meter.id));
        }
    }
    messages
}
