//! `GET /metrics`: Prometheus text format 0.0.4, written by hand.
//!
//! In: the counters, the store's state, the links. Out: one family after the other, each with its
//! help and type. A meter's series exist from the start.

mod process;
mod quantities;

use super::Service;
use super::events::STREAMS_MAX;
use crate::mqtt::MqttState;
use crate::{MeterCounters, Outlet};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use reading::LinkState;
use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::time::Duration;

const LINK_STATES: [LinkState; 5] = [
    LinkState::Fed,
    LinkState::Waiting,
    LinkState::Live,
    LinkState::Stale,
    LinkState::Disconnected,
];

pub(super) async fn get(State(outlet): State<Arc<Service>>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, text(&outlet, STREAMS_MAX - outlet.streams.available_permits()))
}

/// What a family counts.
#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Summary,
}

/// The text under construction.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
        };
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        if labels.is_empty() {
            self.line(format_args!("{name} {value}"));
        } else {
            self.line(format_args!("{name}{{{}}} {value}", labels.join(",")));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a String takes every text");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn text(outlet: &Outlet, streams: usize) -> String {
    let mut text = Text(String::new());
    text.family("triphase_build_info", Kind::Gauge, "The running version.");
    text.sample("triphase_build_info", &[("version", outlet.version)], 1);
    process::tell(&mut text);
    meters(&mut text, outlet);
    quantities::tell(&mut text, outlet);
    links(&mut text, outlet);
    store(&mut text, outlet);
    mqtt(&mut text, outlet);
    let counters = &outlet.counters;
    let totals = [
        ("triphase_http_requests_total", "HTTP requests.", counters.requests.total()),
        (
            "triphase_http_failures_total",
            "HTTP answers of 500 and above.",
            counters.failures.total(),
        ),
        (
            "triphase_http_slow_connections_total",
            "Connections closed for sending too slowly or not at all.",
            counters.slow_connections.total(),
        ),
        (
            "triphase_http_surplus_connections_total",
            "Connections refused because there were too many.",
            counters.surplus_connections.total(),
        ),
        ("triphase_posted_total", "Measurements stored from POST.", counters.posted.total()),
    ];
    for (name, help, total) in totals {
        text.family(name, Kind::Counter, help);
        text.sample(name, &[], total);
    }
    let name = "triphase_http_responses_total";
    text.family(name, Kind::Counter, "HTTP answers by the class of their status.");
    for (class, count) in ["1xx", "2xx", "3xx", "4xx", "5xx"].iter().zip(&counters.statuses) {
        text.sample(name, &[("status", class)], count.total());
    }
    access(&mut text, outlet);
    text.family("triphase_event_streams", Kind::Gauge, "Open live streams.");
    text.sample("triphase_event_streams", &[], streams);
    text.0
}

type Total = fn(&MeterCounters) -> u64;

fn meters(text: &mut Text, outlet: &Outlet) {
    let families: [(&str, &str, Total); 8] = [
        ("triphase_wire_bytes_total", "Bytes from the wire.", |m| m.bytes.total()),
        ("triphase_noise_bytes_total", "Bytes from the wire that belong to nothing known.", |m| {
            m.noise_bytes.total()
        }),
        ("triphase_telegrams_total", "Telegrams delivered.", |m| m.telegrams.total()),
        ("triphase_telegrams_refused_total", "Telegrams refused.", |m| m.refused.total()),
        ("triphase_appended_total", "Telegrams made durable.", |m| m.appended.total()),
        ("triphase_duplicates_total", "Telegrams stored before.", |m| m.duplicates.total()),
        ("triphase_conflicts_total", "Telegrams that contradicted a stored one.", |m| {
            m.conflicts.total()
        }),
        ("triphase_connects_total", "Times the wire was opened.", |m| m.connects.total()),
    ];
    for (name, help, total) in families {
        text.family(name, Kind::Counter, help);
        for (meter, counters) in outlet.counters.meters() {
            text.sample(name, &[("meter", meter.as_str())], total(counters));
        }
    }
    let name = "triphase_defects_total";
    text.family(name, Kind::Counter, "Defects found in telegrams, by code.");
    for (meter, counters) in outlet.counters.meters() {
        for (code, total) in counters.defects() {
            text.sample(name, &[("meter", meter.as_str()), ("code", code)], total);
        }
    }
    let name = "triphase_journal_events_total";
    text.family(name, Kind::Counter, "Events noted in the meters' journal, by kind.");
    for (meter, counters) in outlet.counters.meters() {
        for (kind, total) in counters.noted() {
            text.sample(name, &[("meter", meter.as_str()), ("kind", kind.name())], total);
        }
    }
}

fn links(text: &mut Text, outlet: &Outlet) {
    let name = "triphase_link_state";
    text.family(name, Kind::Gauge, "1 for the state that the link is in.");
    for meter in &outlet.meters {
        let state = outlet.store.link(&meter.id).map(|link| link.state);
        for known in LINK_STATES {
            let labels = [("meter", meter.id.as_str()), ("state", known.name())];
            text.sample(name, &labels, u8::from(state == Some(known)));
        }
    }
    let name = "triphase_last_measurement_age_seconds";
    text.family(name, Kind::Gauge, "Age of the newest stored value.");
    let now = (outlet.clock)();
    for meter in &outlet.meters {
        if let Some(measurement) = outlet.store.measurement(&meter.id) {
            let age = now.since(measurement.measured_at).as_secs_f64();
            text.sample(name, &[("meter", meter.id.as_str())], age);
        }
    }
    let name = "triphase_last_measurement_timestamp_seconds";
    text.family(name, Kind::Gauge, "Instant of the newest stored value.");
    for meter in &outlet.meters {
        if let Some(measurement) = outlet.store.measurement(&meter.id) {
            let labels = [("meter", meter.id.as_str())];
            text.sample(name, &labels, measurement.measured_at.as_seconds_f64());
        }
    }
}

/// Nothing without a configured broker.
fn mqtt(text: &mut Text, outlet: &Outlet) {
    let counters = &outlet.counters.mqtt;
    let Some(state) = counters.state() else { return };
    let connected = u64::from(state == MqttState::Connected);
    let families = [
        ("triphase_mqtt_connected", Kind::Gauge, "1 while the broker is connected.", connected),
        (
            "triphase_mqtt_backlog",
            Kind::Gauge,
            "Stored telegrams that the broker has not acknowledged.",
            outlet.mqtt_backlog(),
        ),
        (
            "triphase_mqtt_published_total",
            Kind::Counter,
            "Messages that the broker acknowledged.",
            counters.published.total(),
        ),
        (
            "triphase_mqtt_samples_total",
            Kind::Counter,
            "Telegrams that the broker acknowledged.",
            counters.samples.total(),
        ),
        (
            "triphase_mqtt_connects_total",
            Kind::Counter,
            "Times the broker was connected.",
            counters.connects.total(),
        ),
        (
            "triphase_mqtt_lost_total",
            Kind::Counter,
            "Telegrams that could not be told to the broker: dropped by retention, or too long.",
            counters.lost.total(),
        ),
    ];
    for (name, kind, help, value) in families {
        text.family(name, kind, help);
        text.sample(name, &[], value);
    }
}

fn access(text: &mut Text, outlet: &Outlet) {
    let (refused, lost, failures) = outlet.access.counts();
    let name = "triphase_access_refused_total";
    text.family(name, Kind::Counter, "Requests that were not let in, by reason.");
    for (reason, total) in refused {
        text.sample(name, &[("reason", reason)], total);
    }
    let name = "triphase_audit_lines_lost";
    text.family(name, Kind::Gauge, "Audit lines that the disk did not take, not yet told of.");
    text.sample(name, &[], lost);
    let name = "triphase_tls_handshakes_failed_total";
    text.family(name, Kind::Counter, "Connections that did not get to TLS.");
    text.sample(name, &[], failures);
}

fn store(text: &mut Text, outlet: &Outlet) {
    let health = outlet.store.health();
    let gauges = [
        ("triphase_store_writable", "1 while the disk takes data.", u64::from(health.writable)),
        (
            "triphase_store_queue_length",
            "Telegrams waiting for the disk.",
            health.queue_length as u64,
        ),
        ("triphase_store_queue_max", "Room for waiting telegrams.", health.queue_max as u64),
        ("triphase_store_last_id", "Id of the newest stored telegram.", outlet.store.last_id()),
    ];
    for (name, help, value) in gauges {
        text.family(name, Kind::Gauge, help);
        text.sample(name, &[], value);
    }
    let sizes = [
        ("triphase_store_size_bytes", "Size of the database file.", outlet.store.file_bytes()),
        ("triphase_store_disk_free_bytes", "Room on its disk.", outlet.store.disk_free_bytes()),
    ];
    for (name, help, bytes) in sizes {
        if let Some(bytes) = bytes {
            text.family(name, Kind::Gauge, help);
            text.sample(name, &[], bytes);
        }
    }
    text.family("triphase_store_commits_total", Kind::Counter, "Commits since the start.");
    text.sample("triphase_store_commits_total", &[], health.commits);
    let name = "triphase_clock_steps_total";
    text.family(name, Kind::Counter, "Steps of the machine's clock, as the arrivals tell them.");
    text.sample(name, &[("direction", "back")], health.clock_set_back);
    text.sample(name, &[("direction", "ahead")], health.clock_ahead);
    let name = "triphase_append_seconds";
    text.family(name, Kind::Summary, "Time until a live batch is durable.");
    let (count, micros) = (outlet.counters.appends.total(), outlet.counters.append_micros.total());
    let seconds = Duration::from_micros(micros).as_secs_f64();
    text.sample("triphase_append_seconds_sum", &[], seconds);
    text.sample("triphase_append_seconds_count", &[], count);
}
