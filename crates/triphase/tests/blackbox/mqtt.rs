//! MQTT as others meet it: a real mosquitto, its own subscriber, kills and outages.

use crate::broker::{Broker, Door, Hand, Heard, Passage, Subscriber, mosquitto_is_here};
use crate::process::{Service, folder};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const METER: &str = "[[meter]]\nid = \"general\"\nrole = \"main\"\n";
const SAMPLE: &str = "triphase/atelier/general/sample";
const STATUS: &str = "triphase/atelier/status";

fn config(port: u16, more: &str) -> String {
    format!("{METER}[mqtt]\nbroker = \"mqtt://127.0.0.1:{port}\"\n{more}")
}

/// A measurement of the second `second` after ten o'clock.
fn row(second: usize) -> Value {
    let at = format!("2026-05-04T10:{:02}:{:02}Z", second / 60, second % 60);
    json!({"timestamp": at, "puissance_active_totale": 1000 + second,
        "tension_l1": 231.0, "tension_l2": 229.5, "tension_l3": 230.0,
        "courant_l1": 10.1, "courant_l2": 11.0, "courant_l3": 12.0,
        "energie_active_import": 1234.5})
}

fn post(service: &Service, row: &Value) {
    let (status, answer) = service.post("/api/mesures", &row.to_string());
    assert_eq!(status, 201, "{answer}");
}

/// The samples heard, by their first arrival: id, time of measurement, whether replayed.
fn first_arrivals(heard: &[Heard]) -> Vec<(u64, String, bool)> {
    let mut seen = BTreeSet::new();
    let mut arrivals = Vec::new();
    for sample in heard.iter().filter(|heard| heard.topic == SAMPLE && !heard.retained) {
        let body = sample.json();
        let id = body["sample"].as_u64().expect("an id");
        if seen.insert(id) {
            let at = body["measured_at"].as_str().expect("a time").to_owned();
            arrivals.push((id, at, body["replayed"] == true));
        }
    }
    arrivals
}

fn stored(service: &Service) -> Vec<(u64, String)> {
    let (status, page) = service.get("/api/v1/samples?meter=general&limit=1000");
    assert_eq!(status, 200, "{page}");
    let samples = page["samples"].as_array().expect("samples");
    let sample = |sample: &Value| {
        let at = sample["measured_at"].as_str().expect("a time").to_owned();
        (sample["id"].as_u64().expect("an id"), at)
    };
    samples.iter().map(sample).collect()
}

/// A subscriber that comes now, with everything that the broker retained for it.
fn latecomer(broker: &Broker) -> Subscriber {
    let mut late = Subscriber::start(broker.port);
    // It is served in order: what was retained comes first.
    broker.publish("probe", "end");
    late.wait_for("the probe", |heard| told_count(heard, "probe") == 1);
    late.heard.retain(|heard| heard.topic != "probe");
    late
}

fn told(heard: &[Heard], topic: &str, payload: &str) -> bool {
    heard.iter().any(|heard| heard.topic == topic && heard.payload == payload)
}

/// A retained sample has the objects of `latest`; whoever comes later finds it and every number.
#[test]
fn a_measurement_is_published_and_retained() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(&config(broker.port, ""));
    let service = Service::run(folder.path());
    let mut live = Subscriber::start(broker.port);
    live.wait_for("online", |heard| told(heard, STATUS, "online"));
    post(&service, &row(0));
    // Once the broker has the first one, it has everything, and what follows is live.
    service.wait_for("/readyz", |ready| ready["mqtt"]["backlog"] == 0);
    post(&service, &row(1));
    live.wait_for("the newest number", |heard| {
        told(heard, "triphase/atelier/general/active_power", "1001")
    });
    service.wait_for("/readyz", |ready| ready["mqtt"]["backlog"] == 0);
    let (_, latest) = service.get("/api/v1/meters/general/latest");
    let samples = live.of(SAMPLE);
    assert_eq!(samples.len(), 2);
    let sample = samples[1].json();
    assert_eq!(sample["values"], latest["values"]);
    assert_eq!((&sample["meter"], &sample["replayed"]), (&json!("general"), &json!(false)));
    assert_eq!(sample["state"], latest["state"]);
    let (_, balance) = service.get("/api/v1/analysis/balance?meter=general");
    let reactive = "triphase/atelier/general/reactive";
    live.wait_for("the analyses", |heard| {
        let at = &balance["at"];
        heard.iter().any(|heard| heard.topic == reactive && heard.json()["at"] == *at)
    });

    let late = latecomer(&broker);
    for name in ["sample", "active_power", "balance", "reactive", "alarms", "link"] {
        let topic = format!("triphase/atelier/general/{name}");
        assert_eq!(late.of(&topic).len(), 1, "{topic}");
    }
    assert!(late.heard.iter().all(|heard| heard.retained && heard.qos == 1));
    let one = |topic: &str| late.of(topic)[0].payload.clone();
    assert_eq!(one("triphase/atelier/general/active_power"), "1001");
    assert_eq!(one("triphase/atelier/general/voltage_l1"), "231.0");
    assert_eq!(one("triphase/atelier/general/active_energy_import"), "1234500");
    let published: Value =
        serde_json::from_str(&one("triphase/atelier/general/balance")).expect("JSON");
    assert_eq!(published["current"], balance["current"]);

    // Killed: the broker tells our last will. Ended in order: we say it ourselves.
    service.kill();
    live.wait_for("the last will", |heard| told(heard, STATUS, "offline"));
    let service = Service::run(folder.path());
    let twice = |word: &'static str| {
        move |heard: &[Heard]| {
            heard.iter().filter(|h| h.topic == STATUS && h.payload == word).count() >= 2
        }
    };
    live.wait_for("online again", twice("online"));
    assert!(service.terminate().success());
    live.wait_for("offline again", twice("offline"));
}

#[test]
fn an_alarm_is_retained_while_it_is_active() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(&config(broker.port, ""));
    let service = Service::run(folder.path());
    let mut live = Subscriber::start(broker.port);
    let alarm = "triphase/atelier/alarms/overload";
    let mut overload = row(0);
    overload["puissance_active_totale"] = json!(60_000);
    post(&service, &overload);
    live.wait_for("the alarm", |heard| {
        heard.iter().any(|heard| heard.topic == alarm && !heard.payload.is_empty())
    });
    let body = live.of(alarm).last().expect("heard").json();
    assert_eq!((&body["key"], &body["meter"]), (&json!("overload"), &json!("general")));
    assert_eq!(body["severity"], "critical");
    // Killed while it is active and over when we come back: it must not stay.
    service.kill();
    let service = Service::run(folder.path());
    post(&service, &row(1));
    let before = live.heard.len();
    live.wait_for("the end of the alarm", |heard| {
        heard[before.min(heard.len())..].iter().any(|h| h.topic == alarm && h.payload.is_empty())
    });
    let late = latecomer(&broker);
    assert!(late.of(alarm).is_empty(), "nothing is retained");
}

/// The broker dies twice under live traffic. Every sample arrives, in the order of storing.
#[test]
fn a_killed_broker_costs_no_sample() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let mut broker = Broker::start(scratch.path());
    let door = Passage::to(broker.port, Door::Open);
    let folder = folder(&config(door.port, ""));
    let service = Service::run(folder.path());
    let mut heard = Vec::new();
    let mut subscriber = Subscriber::start(broker.port);
    let mut posted = 0;
    let mut post_some = |count: usize| {
        for _ in 0..count {
            post(&service, &row(posted));
            posted += 1;
        }
    };
    for _ in 0..2 {
        subscriber.wait_for("online", |heard| told(heard, STATUS, "online"));
        post_some(20);
        // In the middle of the traffic: some samples are on their way.
        broker.kill();
        post_some(20);
        subscriber.take_all();
        heard.append(&mut subscriber.heard);
        door.set(Door::Closed);
        broker.restart();
        // The foreign subscriber must be there first: the new broker remembers nobody.
        subscriber = Subscriber::start(broker.port);
        door.set(Door::Open);
    }
    post_some(5);
    let stored = stored(&service);
    assert_eq!(stored.len(), 85);
    let last = stored[84].0;
    subscriber.wait_for("the last sample", |heard| {
        first_arrivals(heard).iter().any(|(id, _, _)| *id == last)
    });
    heard.append(&mut subscriber.heard);
    let arrivals = first_arrivals(&heard);
    let told: Vec<(u64, String)> = arrivals.iter().map(|(id, at, _)| (*id, at.clone())).collect();
    assert_eq!(told, stored, "each one, in order, with its own time");
    assert!(arrivals.iter().any(|(_, _, replayed)| *replayed));
    assert!(arrivals.iter().any(|(_, _, replayed)| !replayed));
    let (_, metrics) = service.get_text("/metrics");
    assert!(metrics.contains("\ntriphase_mqtt_lost_total 0\n"), "{metrics}");
}

/// The broker is away from the first start on, across a kill; then it is there.
#[test]
fn what_a_broker_missed_is_replayed_after_restarts() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let door = Passage::to(broker.port, Door::Closed);
    let folder = folder(&config(door.port, ""));
    let service = Service::run(folder.path());
    (0..30).for_each(|second| post(&service, &row(second)));
    service.kill();
    let service = Service::run(folder.path());
    (30..60).for_each(|second| post(&service, &row(second)));
    let (status, ready) = service.get("/readyz");
    assert_eq!((status, &ready["status"]), (200, &json!("ready")), "{ready}");
    assert_eq!(ready["mqtt"]["connected"], false, "{ready}");
    assert_eq!(ready["mqtt"]["backlog"], 60, "{ready}");
    let mut subscriber = Subscriber::start(broker.port);
    door.set(Door::Open);
    let stored = stored(&service);
    subscriber.wait_for("the last sample", |heard| first_arrivals(heard).len() == 60);
    let arrivals = first_arrivals(&subscriber.heard);
    let told: Vec<(u64, String)> = arrivals.iter().map(|(id, at, _)| (*id, at.clone())).collect();
    assert_eq!(told, stored);
    assert!(arrivals.iter().all(|(_, _, replayed)| *replayed), "none was told in its time");
    let replayed = subscriber.of(SAMPLE)[0].json();
    assert_eq!(replayed["values"]["active_power"]["value"], 1000);
    assert_eq!(replayed["state"], Value::Null, "nobody knows the link of then");
    // Plain numbers are of now only.
    subscriber.wait_for("the number", |heard| {
        told_count(heard, "triphase/atelier/general/active_power") > 0
    });
    let numbers = subscriber.of("triphase/atelier/general/active_power");
    assert!(numbers.iter().all(|heard| heard.payload == "1059"), "{numbers:?}");
    service.wait_for("/readyz", |ready| ready["mqtt"]["backlog"] == 0);
    // The end in order is remembered: nothing comes twice.
    assert!(service.terminate().success());
    let service = Service::run(folder.path());
    post(&service, &row(60));
    subscriber.wait_for("the next sample", |heard| first_arrivals(heard).len() == 61);
    assert_eq!(subscriber.of(SAMPLE).len(), 61);
}

fn told_count(heard: &[Heard], topic: &str) -> usize {
    heard.iter().filter(|heard| heard.topic == topic).count()
}

/// A history from before the broker was configured stays at home.
#[test]
fn a_first_start_begins_with_now() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(METER);
    let service = Service::run(folder.path());
    (0..5).for_each(|second| post(&service, &row(second)));
    assert!(service.terminate().success());
    let file = folder.path().join("triphase.toml");
    let mut text = std::fs::read_to_string(&file).expect("written");
    text.push_str(&format!("[mqtt]\nbroker = \"mqtt://127.0.0.1:{}\"\n", broker.port));
    std::fs::write(&file, text).expect("writable");
    let service = Service::run(folder.path());
    let mut subscriber = Subscriber::start(broker.port);
    post(&service, &row(5));
    subscriber.wait_for("the new sample", |heard| told_count(heard, SAMPLE) > 0);
    let sample = subscriber.of(SAMPLE)[0].json();
    assert_eq!(sample["sample"], 6);
}

/// A broker that takes the connection and says nothing delays nobody, and is left again.
#[test]
fn a_mute_broker_is_told_and_left() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let door = Passage::to(broker.port, Door::Mute);
    let folder = folder(&config(door.port, ""));
    let mut service = Service::run(folder.path());
    let began = Instant::now();
    post(&service, &row(0));
    assert!(began.elapsed() < Duration::from_secs(3), "a reading waits for no broker");
    service.wait_for_line("it does not answer; samples wait on disk");
    let mut subscriber = Subscriber::start(broker.port);
    door.set(Door::Open);
    subscriber.wait_for("the sample", |heard| told_count(heard, SAMPLE) == 1);
    assert!(service.terminate().success());
}

/// A broker with TLS on both sides and a password: the right one gets in, a wrong one is told
/// once and shown nowhere.
#[test]
fn a_broker_with_tls_and_a_password() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let at = |name: &str| scratch.path().join(name).to_str().expect("UTF-8").to_owned();
    certificates(scratch.path());
    let passwords = at("passwords");
    let made = Command::new("mosquitto_passwd")
        .args(["-b", "-c", &passwords, "ana", "x1y2z3-right"])
        .status()
        .expect("mosquitto_passwd starts");
    assert!(made.success());
    let (ca, server, key) = (at("ca.pem"), at("server.pem"), at("server-key.pem"));
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let broker = Broker::with(
        scratch.path(),
        &format!(
            "user {user}\nallow_anonymous false\npassword_file {passwords}\ncafile {ca}\n\
             certfile {server}\nkeyfile {key}\nrequire_certificate true\n"
        ),
    );
    let (client, client_key) = (at("client.pem"), at("client-key.pem"));
    std::fs::write(at("right.txt"), "x1y2z3-right\n").expect("writable");
    std::fs::write(at("wrong.txt"), "x1y2z3-wrong\n").expect("writable");
    let config = |password: &str, ca: &str| {
        format!(
            "{METER}[mqtt]\nbroker = \"mqtts://localhost:{}\"\nusername = \"ana\"\n\
             password = {{ file = \"{}\" }}\nca = \"{}\"\nclient_cert = \"{client}\"\n\
             client_key = \"{client_key}\"\n",
            broker.port,
            at(password),
            at(ca)
        )
    };
    let wrong = folder(&config("wrong.txt", "ca.pem"));
    let mut service = Service::run(wrong.path());
    let line = service.wait_for_line("refuses the user name or password");
    assert!(line.contains("mqtts://localhost") && !line.contains("x1y2"), "{line}");
    let (status, ready) = service.get("/readyz");
    assert_eq!((status, &ready["mqtt"]["connected"]), (200, &json!(false)), "{ready}");
    drop(service);

    let stranger = folder(&config("right.txt", "other-ca.pem"));
    let mut service = Service::run(stranger.path());
    service.wait_for_line("no TLS connection");
    drop(service);

    let right = folder(&config("right.txt", "ca.pem"));
    let service = Service::run(right.path());
    service.wait_for("/readyz", |ready| ready["mqtt"]["connected"] == true);
    let mut subscriber = Subscriber::with(
        broker.port,
        &[
            "-h",
            "localhost",
            "--cafile",
            &ca,
            "--cert",
            &client,
            "--key",
            &client_key,
            "-u",
            "ana",
            "-P",
            "x1y2z3-right",
        ],
    );
    post(&service, &row(0));
    subscriber.wait_for("the sample", |heard| told_count(heard, SAMPLE) == 1);
}

/// An authority, a server and a client of its own, and another authority.
fn certificates(folder: &Path) {
    let openssl = |line: &str| {
        let done = Command::new("openssl")
            .args(line.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for (name, subject) in [("ca", "/CN=ours"), ("other-ca", "/CN=theirs")] {
        openssl(&format!(
            "req -x509 {key} -keyout {name}-key.pem -out {name}.pem -days 2 -subj {subject}"
        ));
    }
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").expect("writable");
    for name in ["server", "client"] {
        openssl(&format!("req {key} -keyout {name}-key.pem -out {name}.csr -subj /CN={name}"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
             -extfile names -out {name}.pem"
        ));
    }
}

/// Home Assistant is told every quantity in its own terms, and again when it starts anew.
#[test]
fn home_assistant_finds_every_quantity() {
    if !mosquitto_is_here() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(&config(broker.port, ""));
    let service = Service::run(folder.path());
    let mut live = Subscriber::start(broker.port);
    post(&service, &row(0));
    let energy = "homeassistant/sensor/triphase_atelier_general/active_energy_import/config";
    live.wait_for("the discovery", |heard| told_count(heard, energy) == 1);
    broker.publish("homeassistant/status", "online");
    live.wait_for("the discovery again", |heard| told_count(heard, energy) == 2);
    live.wait_for("the last message", |heard| {
        told_count(heard, "triphase/atelier/general/reactive") >= 2
    });

    let late = latecomer(&broker);
    let retained: BTreeSet<&str> = late.heard.iter().map(|heard| heard.topic.as_str()).collect();
    let mut ids = BTreeSet::new();
    let mut entities = 0;
    for heard in late.heard.iter().filter(|h| h.topic.starts_with("homeassistant/")) {
        entities += 1;
        let levels: Vec<&str> = heard.topic.split('/').collect();
        let [_, component, node, object, "config"] = levels[..] else { panic!("{levels:?}") };
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        assert!(node.chars().all(legal) && object.chars().all(legal), "{levels:?}");
        let entity = heard.json();
        assert!(ids.insert(entity["unique_id"].as_str().expect("an id").to_owned()));
        assert_eq!(entity["device"]["identifiers"], json!(["triphase_atelier_general"]));
        let topics = [
            &entity["state_topic"],
            &entity["availability"][0]["topic"],
            &entity["availability"][1]["topic"],
        ];
        for topic in topics {
            assert!(retained.contains(topic.as_str().expect("a topic")), "{topic} is told");
        }
        match component {
            "sensor" => assert_sensor(&entity),
            "binary_sensor" => assert_eq!(entity["device_class"], "problem"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(entities, 8 + 6, "eight quantities, six conditions");
}

/// Device classes with the units and state classes that Home Assistant's documentation allows
/// ("Sensor entity", available device classes).
fn assert_sensor(entity: &Value) {
    const CLASSES: [(&str, &[&str], &[&str]); 9] = [
        ("apparent_power", &["mVA", "VA", "kVA"], &["measurement"]),
        ("current", &["A", "mA"], &["measurement"]),
        ("energy", &["Wh", "kWh", "MWh"], &["total", "total_increasing"]),
        ("frequency", &["Hz", "kHz"], &["measurement"]),
        ("power", &["W", "kW", "MW"], &["measurement"]),
        ("power_factor", &["", "%"], &["measurement"]),
        ("reactive_energy", &["varh", "kvarh"], &["total", "total_increasing"]),
        ("reactive_power", &["var", "kvar"], &["measurement"]),
        ("voltage", &["V", "mV", "kV"], &["measurement"]),
    ];
    let word = |key: &str| entity[key].as_str().unwrap_or_default();
    let class = CLASSES.iter().find(|(class, _, _)| *class == word("device_class"));
    let (class, units, states) = class.unwrap_or_else(|| panic!("{entity}"));
    assert!(units.contains(&word("unit_of_measurement")), "{class}: {entity}");
    assert!(states.contains(&word("state_class")), "{class}: {entity}");
}

/// A broker acknowledges the later samples and never the first, and goes: the first comes again,
/// also to the next process.
#[test]
fn what_was_not_acknowledged_is_sent_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let folder = folder(&config(port, ""));
    let service = Service::run(folder.path());
    let samples = |hand: &mut Hand, count: usize| {
        let mut ids = Vec::new();
        let mut later = Vec::new();
        while ids.len() < count {
            let taken = hand.take();
            if !taken.topic.ends_with("/sample") {
                hand.acknowledge(&taken);
                continue;
            }
            let body: Value = serde_json::from_str(&taken.payload).expect("JSON");
            ids.push((body["sample"].as_u64().expect("an id"), body["replayed"] == true));
            later.push(taken);
        }
        later.iter().skip(1).rev().for_each(|taken| hand.acknowledge(taken));
        ids
    };
    let mut hand = Hand::welcome(&listener);
    loop {
        let taken = hand.take();
        hand.acknowledge(&taken);
        if taken.topic == "triphase/atelier/general/alarms" {
            break;
        }
    }
    (0..3).for_each(|second| post(&service, &row(second)));
    let told: Vec<u64> = samples(&mut hand, 3).into_iter().map(|(id, _)| id).collect();
    assert_eq!(told, [1, 2, 3]);
    drop(hand);
    let mut hand = Hand::welcome(&listener);
    assert_eq!(samples(&mut hand, 3), [(1, true), (2, true), (3, true)]);
    service.kill();
    drop(hand);
    let service = std::thread::scope(|scope| {
        let started = scope.spawn(|| Service::run(folder.path()));
        let mut hand = Hand::welcome(&listener);
        assert_eq!(samples(&mut hand, 3), [(1, true), (2, true), (3, true)]);
        started.join().expect("started")
    });
    drop(service);
}

/// Everything that the broker was told is in the contract: every topic, every key.
#[test]
fn the_contract_names_every_topic_and_key() {
    if !mosquitto_is_here() {
        return;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/mqtt.md");
    let contract = std::fs::read_to_string(file).expect("contracts/mqtt.md");
    let scratch = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(scratch.path());
    let folder = folder(&config(broker.port, ""));
    let service = Service::run(folder.path());
    let mut live = Subscriber::start(broker.port);
    let mut overload = row(0);
    overload["puissance_active_totale"] = json!(60_000);
    post(&service, &overload);
    live.wait_for("the alarm", |heard| {
        let alarm = |h: &Heard| h.topic.ends_with("/alarms/overload") && !h.payload.is_empty();
        heard.iter().any(alarm)
    });
    let mut unsaid = BTreeSet::new();
    let mut say = |word: &str| {
        if !contract.contains(&format!("`{word}`")) {
            unsaid.insert(word.to_owned());
        }
    };
    for heard in &live.heard {
        let topic = heard.topic.as_str();
        let key = topic.rsplit('/').next().unwrap_or_default();
        if topic.starts_with("homeassistant/") {
            heard.json().as_object().expect("an object").keys().for_each(|key| say(key));
        } else if topic == SAMPLE || topic.contains("/alarms/") {
            if let Ok(Value::Object(body)) = serde_json::from_str(&heard.payload) {
                body.keys().for_each(|key| say(key));
            }
        } else if reading::Quantity::from_name(key).is_none() && topic != STATUS {
            say(&format!("<prefix>/<meter>/{key}"));
        }
    }
    assert!(unsaid.is_empty(), "contracts/mqtt.md does not name {unsaid:?}");
}
