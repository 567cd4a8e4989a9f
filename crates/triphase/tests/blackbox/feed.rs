//! Meters fed over MQTT as devices meet it: a real mosquitto, its own publisher, kills and outages.

use crate::broker::{Broker, mosquitto_is_here};
use crate::process::{Service, folder};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// Power and pieces of one machine, each message with its own number.
const FIELDS: &str = "fields = { active_power = \"$.p * 1000 W\", production_pieces = \"$.n\" }";
const TOPIC: &str = "usine/presse";

fn config(port: u16, table: &str) -> String {
    format!(
        "[[meter]]\nid = \"presse\"\n[meter.mqtt]\n{table}\n[mqtt]\n\
         broker = \"mqtt://127.0.0.1:{port}\"\n"
    )
}

fn own(port: u16) -> String {
    config(port, &format!("topic = \"{TOPIC}\"\n{FIELDS}"))
}

/// A broker that keeps sessions and messages over a restart of its own.
fn lasting(scratch: &std::path::Path) -> Broker {
    Broker::with(
        scratch,
        &format!(
            "allow_anonymous true\npersistence true\npersistence_location {}/\n\
             autosave_interval 1\nautosave_on_changes true\n",
            scratch.display()
        ),
    )
}

fn payload(number: usize) -> String {
    format!("{{\"p\":{number}.50,\"n\":{number}}}")
}

/// Publishes with the foreign client and more arguments.
fn publish(broker: &Broker, topic: &str, payload: &str, more: &[&str]) {
    let done = Command::new("mosquitto_pub")
        .args(["-p", &broker.port.to_string(), "-t", topic, "-m", payload])
        .args(more)
        .status()
        .expect("mosquitto_pub starts");
    assert!(done.success());
}

/// Publishes one message after the other over one connection, as a device does.
fn publish_all(broker: &Broker, numbers: std::ops::Range<usize>) {
    use std::io::Write;
    let mut child = Command::new("mosquitto_pub")
        .args(["-p", &broker.port.to_string(), "-q", "1", "-t", TOPIC, "-l"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub starts");
    let mut pipe = child.stdin.take().expect("piped");
    for number in numbers {
        writeln!(pipe, "{}", payload(number)).expect("the publisher reads");
    }
    drop(pipe);
    assert!(child.wait().expect("wait").success());
}

fn link(service: &Service, good: impl Fn(&Value) -> bool) -> Value {
    let meters = service.wait_for("/api/v1/meters", |meters| good(&of_list(meters)));
    of_list(&meters)
}

fn of_list(meters: &Value) -> Value {
    let list = meters["meters"].as_array().or(meters.as_array()).expect("a list");
    let found = list.iter().find(|meter| meter["id"] == "presse").expect("the meter");
    found["link"].clone()
}

fn is_state(state: &'static str) -> impl Fn(&Value) -> bool {
    move |link| link["state"] == state
}

/// All stored samples of the meter, oldest first.
fn samples(service: &Service) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let path = format!("/api/v1/samples?meter=presse&limit=1000&after={after}");
        let (status, page) = service.get(&path);
        assert_eq!(status, 200, "{page}");
        all.extend(page["samples"].as_array().expect("samples").iter().cloned());
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => return all,
        }
    }
}

fn pieces(samples: &[Value]) -> Vec<u64> {
    let pieces = |sample: &Value| sample["values"]["production_pieces"]["value"].as_u64();
    samples.iter().filter_map(pieces).collect()
}

fn wait_for_pieces(service: &Service, last: u64) {
    let path = "/api/v1/meters/presse/latest";
    service.wait_for(path, |latest| latest["values"]["production_pieces"]["value"] == last);
}

fn metric(service: &Service, start: &str) -> f64 {
    let (_, text) = service.get_text("/metrics");
    let line = text.lines().find(|line| line.starts_with(start));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {start} in:\n{text}"))
}

#[test]
fn a_mapping_reads_any_json_and_says_what_is_wrong() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    // Kept by the broker before anybody listened: old, and no measurement.
    publish(&broker, TOPIC, &payload(1), &["-r"]);
    let folder = folder(&own(broker.port));
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    // Nothing readable came yet, and the reason says where and why.
    publish(&broker, TOPIC, r#"{"p": 1.5, "n": }"#, &[]);
    let broken = link(&service, is_state("stale"));
    assert_eq!(broken["cause"], "wrong_answer");
    let reason = broken["reason"].as_str().expect("a reason");
    assert!(reason.contains("usine/presse") && reason.contains("line 1 column 17"), "{reason}");
    publish(&broker, TOPIC, r#"{"p": 12.3450, "n": 41}"#, &["-q", "1"]);
    link(&service, is_state("live"));
    // A message with one bad value keeps its good one.
    publish(&broker, TOPIC, r#"{"p": 999999, "n": 42}"#, &["-q", "1"]);
    wait_for_pieces(&service, 42);
    let stored = samples(&service);
    assert_eq!(pieces(&stored), [41, 42]);
    assert_eq!(stored[0]["values"]["active_power"], json!({"value": 12345.0, "unit": "W"}));
    assert_eq!(stored[1]["values"].get("active_power"), None, "absurd");
    let (_, latest) = service.get("/api/v1/meters/presse/latest");
    let power = &latest["values"]["active_power"];
    assert_eq!((&power["raw"], &power["exponent"]), (&json!(123_450), &json!(-1)));
    for (code, count) in [("bad_json", 1.0), ("value_absurd", 1.0), ("retained", 1.0)] {
        let start = format!("triphase_defects_total{{meter=\"presse\",code=\"{code}\"}}");
        assert_eq!(metric(&service, &start), count, "{code}");
    }
    // The inspector shows each message, its topic, and where its values stand.
    let frames = service.get("/api/v1/meters/presse/frames").1["frames"].clone();
    let frames = frames.as_array().expect("frames");
    let seen = |text: &str, delivered: bool| {
        frames.iter().any(|frame| {
            frame["protocol"] == "mqtt"
                && frame["direction"] == "received"
                && frame["delivered"] == delivered
                && frame["explanation"].to_string().contains(text)
        })
    };
    assert!(seen("p = 12.3450", true) && seen("to usine/presse", true), "{frames:?}");
    assert!(seen("{\\\"p\\\": 1.5, \\\"n\\\": }", false), "{frames:?}");
}

#[test]
fn a_shelly_is_read_by_its_preset_and_its_last_will_tells() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let table = "topic = \"shellies/shellyem3-24\"\npreset = \"shelly_3em\"";
    let folder = folder(&config(broker.port, table));
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    for phase in 0..3 {
        for (name, value) in [
            ("power", "1200.25"),
            ("pf", "0.98"),
            ("current", "5.30"),
            ("voltage", "231.20"),
            ("total", "1000.5"),
            ("total_returned", "0.0"),
        ] {
            let topic = format!("shellies/shellyem3-24/emeter/{phase}/{name}");
            publish(&broker, &topic, value, &[]);
        }
    }
    let path = "/api/v1/meters/presse/latest";
    let latest = service
        .wait_for(path, |latest| latest["values"]["active_energy_import_l3"]["value"] == 1000.5);
    assert_eq!(latest["values"]["voltage_l2"]["value"], 231.2);
    publish(&broker, "shellies/shellyem3-24/online", "false", &["-r"]);
    let gone = link(&service, is_state("disconnected"));
    assert_eq!(gone["cause"], "closed");
    publish(&broker, "shellies/shellyem3-24/online", "true", &["-r"]);
    link(&service, is_state("waiting"));
}

/// Killed in the middle of the traffic, away while more comes: everything is there, once.
#[test]
fn nothing_published_is_lost_or_doubled_while_we_are_killed() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(&own(broker.port));
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    publish_all(&broker, 1..101);
    // Some are stored, some are on their way.
    service.kill();
    publish_all(&broker, 101..201);
    let service = Service::run(folder.path());
    wait_for_pieces(&service, 200);
    link(&service, is_state("live"));
    publish_all(&broker, 201..211);
    wait_for_pieces(&service, 210);
    let stored = samples(&service);
    assert_eq!(pieces(&stored), (1..=210).collect::<Vec<u64>>());
    // What waited at the broker tells no time of its own, and says that it is doubtful.
    let quality = |n: usize| stored[n - 1]["quality"].as_str();
    assert_eq!(
        (quality(1), quality(150), quality(210)),
        (Some("good"), Some("suspect"), Some("good"))
    );
    assert!(service.terminate().success());
}

#[test]
fn a_payload_that_tells_its_time_keeps_it_over_an_outage() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(&own(broker.port).replace("[mqtt]", "time = \"$.at\"\n[mqtt]"));
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    assert!(service.terminate().success());
    for (second, pieces) in [(0, 7), (10, 8)] {
        let at = format!("2026-05-04T10:00:{second:02}+02:00");
        let payload = json!({"p": 1, "n": pieces, "at": at}).to_string();
        publish(&broker, TOPIC, &payload, &["-q", "1"]);
    }
    let service = Service::run(folder.path());
    wait_for_pieces(&service, 8);
    let stored = samples(&service);
    let seen: Vec<(&str, &str)> = stored
        .iter()
        .map(|it| {
            (it["measured_at"].as_str().expect("a time"), it["quality"].as_str().expect("one"))
        })
        .collect();
    assert_eq!(seen, [("2026-05-04T08:00:00Z", "good"), ("2026-05-04T08:00:10Z", "good")]);
}

#[test]
fn a_broker_that_dies_and_forgets_is_asked_anew() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let mut broker = Broker::start(scratch.path());
    let folder = folder(&own(broker.port));
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    publish_all(&broker, 1..4);
    wait_for_pieces(&service, 3);
    broker.kill();
    let away = link(&service, is_state("disconnected"));
    let reason = away["reason"].as_str().expect("a reason");
    assert!(reason.contains("the MQTT broker mqtt://127.0.0.1"), "{reason}");
    broker.restart();
    link(&service, is_state("waiting"));
    publish_all(&broker, 4..7);
    wait_for_pieces(&service, 6);
    assert_eq!(pieces(&samples(&service)), [1, 2, 3, 4, 5, 6]);
}

/// The broker keeps our session on its disk; it and we are killed in turn.
#[test]
fn kills_on_both_sides_cost_nothing() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let mut broker = lasting(scratch.path());
    let folder = folder(&own(broker.port));
    let mut service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    let mut next = 1;
    for round in 0..3 {
        publish_all(&broker, next..next + 30);
        next += 30;
        if round % 2 == 0 {
            service.kill();
            publish_all(&broker, next..next + 10);
            next += 10;
            service = Service::run(folder.path());
        } else {
            wait_for_pieces(&service, next as u64 - 1);
            broker.kill();
            broker.restart();
            link(&service, |link| link["state"] == "waiting" || link["state"] == "live");
        }
        wait_for_pieces(&service, next as u64 - 1);
    }
    assert_eq!(pieces(&samples(&service)), (1..next as u64).collect::<Vec<u64>>());
}

/// Whoever may publish could send up to 256 MiB: MQTT 3.1.1 knows no limit that we could tell.
#[test]
fn a_message_that_is_far_too_long_keeps_nobody_elses_away() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = lasting(scratch.path());
    let folder = folder(&own(broker.port));
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    publish_all(&broker, 1..4);
    wait_for_pieces(&service, 3);
    let huge = scratch.path().join("huge");
    std::fs::write(&huge, vec![b' '; 20 << 20]).expect("writable");
    let hostile = |more: &[&str]| {
        let port = broker.port.to_string();
        let file = huge.to_str().expect("UTF-8");
        let arguments = ["-p", &port, "-q", "1", "-t", TOPIC, "-f", file];
        let done = Command::new("mosquitto_pub").args(arguments).args(more).status();
        assert!(done.expect("mosquitto_pub starts").success());
    };
    hostile(&[]);
    publish_all(&broker, 4..7);
    hostile(&[]);
    wait_for_pieces(&service, 6);
    let long = "triphase_defects_total{meter=\"presse\",code=\"payload_too_long\"}";
    let deadline = std::time::Instant::now() + crate::process::PATIENCE;
    while metric(&service, long) < 2.0 {
        assert!(std::time::Instant::now() < deadline, "the second one is missing");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // The connection held all the while, and what we had acknowledged does not come again.
    assert_eq!(metric(&service, "triphase_connects_total{meter=\"presse\"}"), 1.0);
    assert!(service.terminate().success());
    // Kept by the broker while we are away, it is in the way of nothing that comes behind it.
    hostile(&["-r"]);
    publish_all(&broker, 7..9);
    let service = Service::run(folder.path());
    wait_for_pieces(&service, 8);
    assert_eq!(pieces(&samples(&service)), (1..9).collect::<Vec<u64>>());
    assert!(service.terminate().success());
}

/// A topic that the configuration no longer names must not feed anybody, nor fill the broker.
#[test]
fn a_topic_that_is_no_longer_configured_is_given_back() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(&own(broker.port));
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    publish_all(&broker, 1..2);
    wait_for_pieces(&service, 1);
    assert!(service.terminate().success());
    let file = folder.path().join("triphase.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    std::fs::write(&file, text.replace("\"usine/presse\"", "\"usine/autre\"")).expect("writable");
    let service = Service::run(folder.path());
    link(&service, is_state("waiting"));
    publish(&broker, "usine/autre", &payload(9), &["-q", "1"]);
    wait_for_pieces(&service, 9);
    publish(&broker, TOPIC, &payload(5), &["-q", "1"]);
    publish(&broker, "usine/autre", &payload(10), &["-q", "1"]);
    wait_for_pieces(&service, 10);
    assert_eq!(pieces(&samples(&service)), [1, 9, 10]);
}

/// A newcomer's way: a simulated machine publishes, two meters read it, pieces find their energy.
#[test]
fn a_simulated_machine_is_read_over_a_real_broker() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let meters = "[[meter]]\nid = \"presse\"\n\
         mqtt = { topic = \"shellypro3em-0cb815fc4e60\", preset = \"shelly_pro_3em\" }\n\
         [[meter]]\nid = \"automate\"\ncounter_of = \"presse\"\n\
         mqtt = { topic = \"shellypro3em-0cb815fc4e60/plc/pieces\", \
         fields = { production_pieces = \"$.pieces\" } }\n";
    let folder = folder(&format!("{meters}[mqtt]\nbroker = \"{url}\"\n"));
    let service = Service::run(folder.path());
    let mut device = Command::new(env!("CARGO_BIN_EXE_triphase"))
        .args(["simulate", "--model", "shelly_pro_3em", "--port", &url, "--speed", "20"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let latest = service.wait_for("/api/v1/meters/presse/latest", |latest| {
        let has = |name: &str| latest["values"][name]["value"].is_number();
        has("active_power") && has("active_energy_import")
    });
    let voltage = latest["values"]["voltage_l1"]["value"].as_f64().expect("a voltage");
    assert!((200.0..260.0).contains(&voltage), "{voltage}");
    let of_plc = "/api/v1/meters/automate/latest";
    let count = |latest: &Value| latest["values"]["production_pieces"]["value"].as_u64();
    let first = count(&service.wait_for(of_plc, |latest| count(latest).is_some()));
    assert!(first > Some(0), "it has worked for years");
    // A device that is pulled is told by its last will.
    device.kill().expect("kill");
    device.wait().expect("wait");
    let gone = link(&service, is_state("disconnected"));
    assert_eq!(gone["cause"], "closed");
}
