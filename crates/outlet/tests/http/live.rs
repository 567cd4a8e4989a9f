//! The live stream: snapshot, samples, resumption, rate, end.

use crate::bench::{Bench, at, fed, id};
use crate::v1::pushed;
use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use outlet::Role;
use reading::{Link, LinkCause, LinkState};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use store::Batch;

/// Longest wait for an event that must come.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Debug, Clone)]
struct Event {
    name: String,
    id: Option<u64>,
    data: Value,
}

struct Stream {
    body: BodyDataStream,
    text: String,
    ready: VecDeque<Event>,
}

async fn open(bench: &Bench, path: &str, last: Option<u64>) -> Stream {
    let mut request = Request::get(path).header("host", "localhost");
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    let answer = bench.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let body = answer.into_body().into_data_stream();
    Stream { body, text: String::new(), ready: VecDeque::new() }
}

impl Stream {
    /// The next event; `None` when the stream ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("in time")?;
            self.text.push_str(std::str::from_utf8(&chunk.expect("a chunk")).expect("UTF-8"));
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let prefix = format!("{name}: ");
                    block.lines().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
                };
                self.ready.push_back(Event {
                    name: field("event").expect("named"),
                    id: field("id").map(|id| id.parse().expect("a number")),
                    data: serde_json::from_str(&field("data").expect("data")).expect("JSON"),
                });
                self.text = rest.to_owned();
            }
        }
    }

    /// The next event of this name, whatever comes before it.
    async fn next_named(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
            assert_ne!(event.name, "beat", "five seconds without {name}");
        }
    }
}

async fn append(bench: &Bench, second: u32, import: i64) {
    let telegram = pushed(&format!("2026-05-04T09:39:{second:02}Z"), import);
    bench.store.append(Batch::live(vec![telegram], Vec::new())).await.expect("stored");
}

#[tokio::test]
async fn begins_with_a_snapshot_and_goes_on_with_samples_and_analyses() {
    let bench = Bench::one();
    append(&bench, 1, 1000).await;
    let mut stream = open(&bench, "/api/v1/events", None).await;
    let snapshot = stream.next().await.expect("a snapshot");
    assert_eq!((snapshot.name.as_str(), snapshot.id), ("snapshot", Some(1)));
    assert_eq!(snapshot.data["now"], "2026-05-04T09:39:21.250000Z");
    assert_eq!(snapshot.data["demo"], false);
    assert_eq!(snapshot.data["site"]["name"], "Atelier");
    let meter = &snapshot.data["meters"][0];
    assert_eq!((&meter["id"], &meter["link"]["state"]), (&json!("general"), &json!("waiting")));
    assert_eq!(meter["latest"]["values"]["active_power_import"]["raw"], 1000);
    for analysis in ["balance", "reactive", "kpi", "availability", "alarms"] {
        assert_eq!(meter["analysis"][analysis]["meter"], "general", "{analysis}");
    }
    append(&bench, 2, 60_000).await;
    let sample = stream.next().await.expect("a sample");
    assert_eq!((sample.name.as_str(), sample.id), ("sample", Some(2)));
    assert_eq!((&sample.data["meter"], &sample.data["sample"]), (&json!("general"), &json!(2)));
    assert_eq!(sample.data["values"]["active_power_import"]["value"], 60_000);
    assert_eq!(sample.data["values"]["active_power"]["value"], 60_000.0);
    let analysis = stream.next().await.expect("an analysis");
    assert_eq!(analysis.name, "analysis");
    assert_eq!(analysis.data["reactive"]["active_power_w"]["value"], 60_000.0);
    let alarm = stream.next().await.expect("an alarm");
    assert_eq!(alarm.name, "alarm");
    assert_eq!(alarm.data["alarms"]["alarms"][0]["key"], "overload");
}

#[tokio::test]
async fn resumes_after_the_last_id_without_a_gap() {
    let bench = Bench::one();
    for second in 1..=4 {
        append(&bench, second, 1000 + i64::from(second)).await;
    }
    let mut stream = open(&bench, "/api/v1/events", Some(2)).await;
    for number in [3, 4] {
        let event = stream.next().await.expect("a sample");
        assert_eq!((event.name.as_str(), event.id), ("sample", Some(number)));
        assert_eq!(event.data["sample"], number);
    }
    // An id that the store never gave belongs to another store.
    let mut stream = open(&bench, "/api/v1/events", Some(99)).await;
    assert_eq!(stream.next().await.expect("a snapshot").name, "snapshot");
    let mut stream = open(&bench, "/api/v1/events", Some(4)).await;
    let first = stream.next().await.expect("an event");
    assert_ne!(first.name, "snapshot");
}

#[tokio::test]
async fn a_resumed_sample_computes_from_its_own_telegram_only() {
    let bench = Bench::one();
    append(&bench, 1, 1000).await;
    append(&bench, 2, 2000).await;
    let mut energy = pushed("2026-05-04T09:39:03Z", 0);
    energy.list = reading::ListId::new("energy");
    energy.readings.retain(|reading| reading.unit.is_none());
    bench.store.append(Batch::live(vec![energy], Vec::new())).await.expect("stored");
    append(&bench, 4, 4000).await;
    let mut stream = open(&bench, "/api/v1/events", Some(1)).await;
    let old = stream.next().await.expect("a sample").data;
    let power = &old["values"]["active_power"];
    assert_eq!((&power["value"], &power["method"]), (&json!(2000.0), &json!("derived")));
    assert_eq!(power["measured_at"], "2026-05-04T09:39:02Z");
    let energy = stream.next().await.expect("a sample").data;
    assert_eq!(energy["sample"], 3);
    assert!(energy["values"].get("active_power").is_none(), "{energy}");
    let new = stream.next().await.expect("a sample").data;
    assert_eq!(new["values"]["active_power"]["value"], 4000.0);
}

#[tokio::test]
async fn says_at_most_two_messages_a_second_and_the_newest_values() {
    let bench = Bench::one();
    let mut stream = open(&bench, "/api/v1/events", None).await;
    assert_eq!(stream.next().await.expect("a snapshot").name, "snapshot");
    let mut times = Vec::new();
    let mut newest = None;
    for second in 1..=30 {
        append(&bench, second, 1000 + i64::from(second)).await;
    }
    while newest != Some(1030) {
        let event = stream.next().await.expect("the stream goes on");
        assert_ne!(event.name, "beat", "five seconds without {newest:?} becoming 1030");
        times.push(tokio::time::Instant::now());
        if event.name == "sample" {
            newest = event.data["values"]["active_power_import"]["value"].as_i64();
        }
    }
    assert!(times.len() < 30, "coalesced");
    for three in times.windows(3) {
        // The clock of the reader, not of the writer: a little less than a second is measured.
        assert!(three[2] - three[0] > Duration::from_millis(900), "{times:?}");
    }
}

#[tokio::test]
async fn a_reader_that_was_overtaken_gets_a_new_snapshot() {
    let bench = Bench::one();
    let mut stream = open(&bench, "/api/v1/events", None).await;
    assert_eq!(stream.next().await.expect("a snapshot").name, "snapshot");
    let start = at("2026-05-04T08:00:00Z").as_micros();
    let telegrams = (0..3000).map(|second| {
        let at = reading::Timestamp::from_micros(start + second * 1_000_000);
        pushed(&at.to_string(), 1000 + second)
    });
    bench.store.append(Batch::live(telegrams.collect(), Vec::new())).await.expect("stored");
    let snapshot = stream.next_named("snapshot").await;
    assert_eq!(snapshot.id, Some(3000));
    let latest = &snapshot.data["meters"][0]["latest"]["values"];
    assert_eq!(latest["active_power_import"]["value"], 3999);
}

/// Every key of every message, except the names of quantities.
fn keys(value: &Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                found.insert(key.clone());
                if key == "values" {
                    value.as_object().into_iter().flatten().for_each(|(_, one)| keys(one, found));
                } else {
                    keys(value, found);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_contract_describes_every_key() {
    let bench = Bench::one();
    let mut stream = open(&bench, "/api/v1/events", None).await;
    let mut found = std::collections::BTreeSet::new();
    keys(&stream.next().await.expect("a snapshot").data, &mut found);
    bench
        .store(&json!({"tension_l1": 230, "tension_l2": 231, "tension_l3": 229,
            "courant_l1": 10, "courant_l2": 10, "courant_l3": 2,
            "puissance_active_totale": 60000, "puissance_reactive_totale": 31500}))
        .await;
    for name in ["sample", "analysis", "alarm"] {
        keys(&stream.next_named(name).await.data, &mut found);
    }
    let mut again = open(&bench, "/api/v1/events", None).await;
    keys(&again.next().await.expect("a snapshot").data, &mut found);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/events.md");
    let contract = std::fs::read_to_string(path).expect("the contract");
    let words: std::collections::BTreeSet<&str> =
        contract.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let unsaid: Vec<_> = found.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(unsaid.is_empty(), "contracts/events.md does not name {unsaid:?}");
}

#[tokio::test]
async fn tells_links_and_only_the_chosen_meters() {
    let bench = Bench::of(vec![fed("general", Role::Main), fed("machine", Role::Machine)]);
    let mut stream = open(&bench, "/api/v1/events?meter=machine", None).await;
    let snapshot = stream.next().await.expect("a snapshot");
    assert_eq!(snapshot.data["meters"].as_array().map(Vec::len), Some(1));
    append(&bench, 1, 1000).await;
    let link = Link {
        state: LinkState::Stale,
        since: at("2026-05-04T09:39:00Z"),
        cause: Some(LinkCause::Stopped),
        reason: Some("the meter stopped sending".to_owned()),
    };
    bench.store.set_link(&id("machine"), link);
    let event = stream.next().await.expect("a link");
    assert_eq!((event.name.as_str(), event.id), ("link", Some(1)));
    let expected = json!({"meter": "machine", "state": "stale", "since": "2026-05-04T09:39:00Z",
        "cause": "stopped", "reason": "the meter stopped sending"});
    assert_eq!(event.data, expected);
    let request = Request::get("/api/v1/events?meter=nobody").header("host", "localhost");
    let answer = bench.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn beats_with_the_servers_time() {
    let bench = Bench::one();
    let mut stream = open(&bench, "/api/v1/events", None).await;
    bench.set_clock("2026-05-04T10:00:00Z");
    let beat = stream.next_named("beat").await;
    assert_eq!((beat.id, beat.data), (None, json!({"now": "2026-05-04T10:00:00Z"})));
}

#[tokio::test]
async fn ends_at_once_when_the_service_ends() {
    let bench = Bench::one();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(outlet::http::serve(listener, bench.router, stopped));
    let mut socket = tokio::net::TcpStream::connect(address).await.expect("connected");
    let request = format!("GET /api/v1/events HTTP/1.1\r\nhost: {address}\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.expect("sent");
    let mut heard = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&heard).contains("event: snapshot") {
        let count = tokio::io::AsyncReadExt::read(&mut socket, &mut part).await.expect("heard");
        assert!(count > 0, "closed before the snapshot");
        heard.extend_from_slice(&part[..count]);
    }
    stop.send_replace(true);
    let ended = tokio::time::timeout(Duration::from_secs(2), serving).await;
    ended.expect("well before the drain's deadline").expect("no panic").expect("no error");
}

#[tokio::test]
async fn refuses_the_stream_after_the_last_free_one() {
    let bench = Bench::one();
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(open(&bench, "/api/v1/events", None).await);
    }
    let request = || Request::get("/api/v1/events").header("host", "localhost");
    let answer = bench.send(request().body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(streams.pop());
    let answer = bench.send(request().body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status(), StatusCode::OK);
}
