//! Modbus meters: gateways and lines on which some devices do everything wrong. The others are
//! read as if nothing were, and what is wrong is said. Held by counts, not by times.

use crate::process::{Service, folder, triphase};
use crate::simulated::Simulated;
use jiff::tz::TimeZone;
use meter::modbus::map;
use reading::Timestamp;
use serde_json::Value;
use sim::modbus::{Device, Framing, Misdeed, Subject, Units};
use sim::{State, Workshop};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MODEL: &str = "carlo_gavazzi_em340";

/// A gateway in the test's own process, so that it can count what was asked of whom.
struct Gateway {
    units: Arc<Mutex<Units>>,
    connections: Arc<Mutex<u32>>,
    address: String,
}

impl Gateway {
    fn start(devices: &[(u8, Option<Misdeed>)]) -> Self {
        let mut units = Units::default();
        for (unit, misdeed) in devices {
            let mut device =
                Device::new(map(MODEL).expect("known"), Subject::Machine(usize::from(*unit) % 6));
            device.misdeed = *misdeed;
            units.insert(*unit, device);
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let units = Arc::new(Mutex::new(units));
        let connections = Arc::new(Mutex::new(0));
        let (served, counted) = (Arc::clone(&units), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                *counted.lock().expect("whole") += 1;
                let units = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &units));
            }
        });
        Self { units, connections, address }
    }

    fn requests(&self, unit: u8) -> u64 {
        self.units.lock().expect("whole").requests(unit)
    }

    /// Waits until a unit was asked so often.
    fn wait_for_requests(&self, unit: u8, count: u64) {
        let deadline = std::time::Instant::now() + crate::process::PATIENCE;
        while self.requests(unit) < count {
            assert!(std::time::Instant::now() < deadline, "asked {} times", self.requests(unit));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(mut stream: TcpStream, units: &Mutex<Units>) {
    let _ = stream.set_nodelay(true);
    let (mut pending, mut buffer) = (Vec::new(), [0; 512]);
    let state = workshop();
    loop {
        let reply = {
            let mut units = units.lock().expect("whole");
            units.answer(Framing::Tcp, &mut pending, &mut || state.clone())
        };
        if let Some(reply) = reply {
            std::thread::sleep(reply.after);
            if stream.write_all(&reply.bytes).is_err() {
                return;
            }
            if reply.hangs_up {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => pending.extend(&buffer[..count]),
        }
    }
}

/// The same instant for every reading: every right answer of a unit is the same one.
fn workshop() -> State {
    let monday_morning = Timestamp::from_seconds(1_764_000_000);
    Workshop::new(3, monday_morning, TimeZone::UTC).advance(monday_morning)
}

fn meters(address: &str, units: &[u8], more: &str) -> String {
    let table = |unit: &u8| {
        format!(
            "[[meter]]\nid = \"u{unit}\"\nmodel = \"{MODEL}\"\n\
             port = \"modbus+tcp://{address}?unit={unit}\"\nperiod = \"200ms\"\n{more}\n"
        )
    };
    units.iter().map(table).collect()
}

fn link(meters: &Value, id: &str) -> (String, String, String) {
    let all = meters.as_array().or_else(|| meters["meters"].as_array()).expect("a list");
    let meter = all.iter().find(|meter| meter["id"] == id).expect("the meter");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let link = &meter["link"];
    (text(&link["state"]), text(&link["cause"]), text(&link["reason"]))
}

#[test]
fn devices_that_do_everything_wrong_blind_no_other() {
    let wrong = [
        (2, Misdeed::Mute, "no_answer"),
        (3, Misdeed::Exception(4), "refused"),
        (4, Misdeed::WrongUnit, "wrong_answer"),
        (5, Misdeed::WrongTransaction, "wrong_answer"),
        (6, Misdeed::Half, "wrong_answer"),
        (7, Misdeed::Garbage, "wrong_answer"),
        (8, Misdeed::Short, "wrong_answer"),
        (9, Misdeed::Late(Duration::from_millis(300)), "no_answer"),
    ];
    let mut devices = vec![(1, None), (10, None)];
    devices.extend(wrong.iter().map(|(unit, misdeed, _)| (*unit, Some(*misdeed))));
    let gateway = Gateway::start(&devices);
    let units: Vec<u8> = devices.iter().map(|(unit, _)| *unit).collect();
    let config = meters(&gateway.address, &units, "timeout = \"150ms\"");
    let folder = folder(&config);
    let service = Service::run(folder.path());
    // Three requests read an EM340: over thirty readings.
    gateway.wait_for_requests(1, 100);
    assert!(gateway.requests(10) >= 90, "the other one was asked {}", gateway.requests(10));
    for (unit, misdeed, _) in wrong {
        let asked = gateway.requests(unit);
        assert!((2..=25).contains(&asked), "{misdeed:?} was asked {asked} times");
    }
    for (unit, misdeed, cause) in wrong {
        let id = format!("u{unit}");
        let told = service.wait_for("/api/v1/meters", |meters| link(meters, &id).1 == cause);
        let (state, _, reason) = link(&told, &id);
        assert_eq!(state, "stale", "{misdeed:?}");
        assert!(reason.contains(&format!("unit {unit}")), "{misdeed:?}: {reason}");
        let (_, samples) = service.get(&format!("/api/v1/samples?meter={id}&limit=5"));
        assert_eq!(samples["samples"].as_array().map(Vec::len), Some(0), "{misdeed:?}: {samples}");
    }
    for id in ["u1", "u10"] {
        let (_, told) = service.get("/api/v1/meters");
        assert_eq!(link(&told, id).0, "live");
        let (_, samples) = service.get(&format!("/api/v1/samples?meter={id}&limit=40"));
        let samples = samples["samples"].as_array().expect("samples");
        assert!(samples.len() >= 30, "{id} has {}", samples.len());
        // A late or foreign answer that was taken for another would show here.
        for sample in samples {
            assert_eq!(sample["values"], samples[0]["values"], "{id}");
        }
    }
    assert!(service.terminate().success());
}

#[test]
fn a_gateway_that_closes_idle_connections_loses_no_reading() {
    let gateway = Gateway::start(&[(1, None), (2, Some(Misdeed::HangUp))]);
    let folder = folder(&meters(&gateway.address, &[1, 2], ""));
    let service = Service::run(folder.path());
    gateway.wait_for_requests(1, 20);
    let told = service.wait_for("/api/v1/meters", |meters| link(meters, "u1").0 == "live");
    assert_ne!(link(&told, "u2").0, "live");
    assert!(*gateway.connections.lock().expect("whole") >= 2);
}

#[test]
fn a_gateway_that_accepts_and_never_answers_is_said_to_be_mute() {
    let gateway = Gateway::start(&[(1, Some(Misdeed::Mute))]);
    let folder = folder(&meters(&gateway.address, &[1], "timeout = \"100ms\""));
    let service = Service::run(folder.path());
    let told = service.wait_for("/api/v1/meters", |meters| link(meters, "u1").1 == "no_answer");
    let (state, _, reason) = link(&told, "u1");
    assert_eq!(state, "stale");
    assert!(reason.contains("did not answer within 100 ms"), "{reason}");
}

/// A device whose registers are these words, at whatever unit and table; its address. What it has
/// not it refuses.
fn device(registers: BTreeMap<u16, u16>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let registers = registers.clone();
            std::thread::spawn(move || {
                let mut question = [0; 12];
                while stream.read_exact(&mut question).is_ok() {
                    let [head, tail @ ..] = &question;
                    let word = |at: usize| u16::from_be_bytes([tail[at - 1], tail[at]]);
                    let asked = word(8)..word(8) + word(10);
                    let words = asked.map(|at| registers.get(&at).copied());
                    let mut answer = vec![*head, question[1], 0, 0];
                    let pdu = match words.collect::<Option<Vec<u16>>>() {
                        Some(words) => {
                            let bytes = words.iter().flat_map(|word| word.to_be_bytes());
                            let mut pdu = vec![question[7], 2 * question[11]];
                            pdu.extend(bytes);
                            pdu
                        }
                        None => vec![question[7] | 0x80, 2],
                    };
                    answer.extend(u16::try_from(pdu.len() + 1).expect("short").to_be_bytes());
                    answer.push(question[6]);
                    answer.extend(pdu);
                    if stream.write_all(&answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// A meter of which every float is this one.
fn all_floats(value: f32) -> String {
    let bits = value.to_bits();
    let words = [bits >> 16, bits & 0xFFFF].map(|word| u16::try_from(word).expect("a word"));
    device((0..1000).map(|at| (at, words[usize::from(at % 2)])).collect())
}

#[test]
fn impossible_values_are_kept_counted_and_never_good() {
    let port = format!("modbus+tcp://{}?unit=1", all_floats(230.0));
    let folder = folder(&format!(
        "[[meter]]\nid = \"m\"\nmodel = \"eastron_sdm630\"\nport = \"{port}\"\nperiod = \"200ms\"\n"
    ));
    let mut service = Service::run(folder.path());
    let latest = service.wait_for("/api/v1/meters/m/latest", |latest| {
        latest["values"]["power_factor"]["value"].as_f64().is_some()
    });
    for (name, quality) in [("voltage_l1", "good"), ("power_factor", "bad"), ("frequency", "bad")] {
        assert_eq!(latest["values"][name]["quality"], quality, "{name}");
        assert_eq!(latest["values"][name]["value"].as_f64(), Some(230.0), "{name}: what came");
    }
    let (_, metrics) = service.get_text("/metrics");
    let counted = metrics.lines().find(|line| line.contains("value_implausible"));
    assert!(counted.is_some_and(|line| line.contains("meter=\"m\"")), "{metrics}");
    service.wait_for_line("frequency 230 is beyond what a meter can measure (40 to 70 Hz)");
}

#[test]
fn a_meter_whose_every_value_is_not_available_says_so() {
    let port = format!("modbus+tcp://{}?unit=1", all_floats(f32::NAN));
    let output = triphase(&["read", "--port", &port, "--model", "eastron_sdm630"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("the meter answers and has no value at all").count(), 1, "{said}");
    let folder = folder(&format!(
        "[[meter]]\nid = \"m\"\nmodel = \"eastron_sdm630\"\nport = \"{port}\"\nperiod = \"200ms\"\n"
    ));
    let service = Service::run(folder.path());
    let told = service.wait_for("/api/v1/meters", |meters| link(meters, "m").0 == "stale");
    let (_, cause, reason) = link(&told, "m");
    assert_eq!(cause, "refused");
    assert!(reason.contains("say \"not available\""), "{reason}");
}

/// A SunSpec device with two meters of a model of whole numbers, each behind its common model.
fn two_sunspec_meters() -> String {
    let mut words = vec![0x5375, 0x6E53];
    for (serial, watts) in [(*b"A1", 1234_i16), (*b"B2", -555)] {
        let mut common = vec![0; 66];
        common[48] = u16::from_be_bytes(serial);
        let mut values = vec![0x8000; 105];
        values[16] = watts.cast_unsigned();
        values[20] = 0;
        words.extend([1, 66].iter().chain(&common).chain(&[203, 105]).chain(&values));
    }
    words.extend([0xFFFF, 0]);
    device((40_000..).zip(words).collect())
}

#[test]
fn every_meter_of_a_sunspec_device_is_found_and_read() {
    let address = two_sunspec_meters();
    let url = format!("modbus+tcp://{address}");
    let output = triphase(&["scan", "modbus", &url, "--units", "1", "--timeout", "2000"]);
    let block = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{block}{}", String::from_utf8_lossy(&output.stderr));
    for text in ["meter 1 of 2: A1", "meter 2 of 2: B2", "sunspec_meter = 2"] {
        assert!(block.contains(text), "{text}: {block}");
    }
    let folder = folder(&block);
    let service = Service::run(folder.path());
    let place = address.replace(':', "-");
    for (number, watts) in [(1, 1234.0), (2, -555.0)] {
        let id = format!("unit_1_at_{place}_meter_{number}");
        service.wait_for(&format!("/api/v1/meters/{id}/latest"), |latest| {
            latest["values"]["active_power"]["value"].as_f64() == Some(watts)
        });
    }
    let third = ["--model", "sunspec", "--set", "sunspec_meter=3", "--port"];
    let output = triphase(&[&["read"], &third[..], &[&format!("{url}?unit=1")]].concat());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("has 2 meters, and sunspec_meter asks for number 3"), "{said}");
}

#[test]
fn slaves_on_a_line_are_read_beside_mute_late_and_garbling_ones() {
    let line = Simulated::start(&[
        "--model",
        MODEL,
        "--units",
        "1-5",
        "--fault",
        "2=mute",
        "--fault",
        "3=late:400ms",
        "--fault",
        "4=garbage",
    ]);
    let table = |unit: u8, baud: u32| {
        format!(
            "[[meter]]\nid = \"u{unit}\"\nmodel = \"{MODEL}\"\ntimeout = \"150ms\"\n\
             port = \"modbus+rtu://{}?baud={baud}&unit={unit}\"\nperiod = \"300ms\"\n",
            line.place
        )
    };
    // Slaves of two baud rates on one line: it is set before each is asked.
    let config: String =
        (1..=5).map(|unit| table(unit, if unit % 2 == 0 { 9600 } else { 19_200 })).collect();
    let folder = folder(&config);
    let service = Service::run(folder.path());
    for id in ["u1", "u5"] {
        let samples = format!("/api/v1/samples?meter={id}&limit=20");
        service.wait_for(&samples, |samples| {
            samples["samples"].as_array().is_some_and(|samples| samples.len() >= 20)
        });
    }
    for (id, cause) in [("u2", "no_answer"), ("u3", "no_answer"), ("u4", "wrong_answer")] {
        service.wait_for("/api/v1/meters", |meters| link(meters, id).1 == cause);
        let (_, samples) = service.get(&format!("/api/v1/samples?meter={id}&limit=5"));
        assert_eq!(samples["samples"].as_array().map(Vec::len), Some(0), "{id}: {samples}");
    }
    assert!(service.terminate().success());
}

const MY_METER: &str = "title = \"Example EX-3P\"\nfunction = 4\ntype = \"i32\"\norder = \"CDAB\"\n\
    register = [\n    { quantity = \"voltage_l1\", address = 0, scale = 0.1, unit = \"V\" },\n\
    { quantity = \"active_power\", address = 40, scale = 0.1, unit = \"W\" },\n]\n";

#[test]
fn a_meter_that_nobody_knew_is_read_with_a_map_of_its_own() {
    let gateway = Gateway::start(&[(1, None)]);
    let folder = folder(&format!(
        "[modbus]\nmaps = [\"maps\"]\n[[meter]]\nid = \"plain\"\nmodel = \"my_meter\"\n\
         port = \"modbus+tcp://{0}?unit=1\"\nperiod = \"200ms\"\n[[meter]]\nid = \"turned\"\n\
         model = \"maps/my_meter.toml\"\nport = \"modbus+tcp://{0}?unit=1\"\nperiod = \"200ms\"\n\
         ct_ratio = 50\ninvert = true\n",
        gateway.address
    ));
    std::fs::create_dir(folder.path().join("maps")).expect("writable");
    std::fs::write(folder.path().join("maps/my_meter.toml"), MY_METER).expect("writable");
    let service = Service::run(folder.path());
    let value = |id: &str, quantity: &str| {
        let latest = service.wait_for(&format!("/api/v1/meters/{id}/latest"), |latest| {
            latest["values"][quantity]["value"].is_number()
        });
        latest["values"][quantity]["value"].as_f64().expect("a number")
    };
    let state = workshop();
    let power = state.machines[1].active_kw() * 1000.0;
    assert!((value("plain", "active_power") - power).abs() < 0.06, "{power}");
    assert!((value("turned", "active_power") + power * 50.0).abs() < 3.0, "{power}");
    assert!((value("plain", "voltage_l1") - state.phases[0].voltage_v).abs() < 0.06);
    let (_, meters) = service.get("/api/v1/meters");
    assert!(meters.to_string().contains("\"my_meter\""), "{meters}");
}

#[test]
fn check_explains_a_mistake_in_a_map_with_its_place() {
    let folder = folder(
        "[[meter]]\nid = \"m\"\nmodel = \"my_meter.toml\"\nport = \"modbus+tcp://127.0.0.1?unit=1\"\n",
    );
    let file = folder.path().join("my_meter.toml");
    std::fs::write(&file, MY_METER.replace("unit = \"W\"", "unit = \"Watt\"")).expect("writable");
    let config = folder.path().join("triphase.toml");
    let output = triphase(&["check", "--config", config.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    let place = format!("{}:7:64: no such unit; expected W", file.display());
    assert!(said.contains(&place) && said.contains("^^^^^^"), "{said}");
}

#[test]
fn what_a_scan_writes_is_a_configuration_that_reads_the_devices() {
    let line = Simulated::start(&["--model", MODEL, "--units", "2,5", "--fault", "5=mute"]);
    let url = format!("modbus+rtu://{}?baud=9600&parity=none", line.place);
    let output = triphase(&["scan", "modbus", &url, "--units", "1-5", "--timeout", "100"]);
    let block = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{block}{}", String::from_utf8_lossy(&output.stderr));
    assert!(block.contains("unit 2 on") && !block.contains("unit 5 on"), "{block}");
    assert!(block.contains(&format!("model = \"{MODEL}\"")), "{block}");
    let folder = folder(&block);
    let service = Service::run(folder.path());
    service.wait_for(&format!("/api/v1/meters/{}/latest", proposed_id(&block)), |latest| {
        latest["values"]["voltage_l1"]["value"].as_f64().is_some_and(|volts| volts > 200.0)
    });
}

/// A converter that hears itself, on a line and behind a gateway that passes frames on.
#[test]
fn an_echo_is_no_answer_on_a_line_nor_behind_a_transparent_gateway() {
    for port in ["pty", "modbus+rtutcp://127.0.0.1:0"] {
        let arguments = ["--units", "2,5", "--fault", "5=mute", "--echo", "--port", port];
        let line = Simulated::start(&[&["--model", MODEL], &arguments[..]].concat());
        let place = match line.place.strip_prefix('/') {
            Some(_) => format!("modbus+rtu://{}?baud=9600&parity=none", line.place),
            None => line.place.clone(),
        };
        let scan = ["scan", "modbus", &place, "--units", "1-5", "--timeout", "150"];
        let output = triphase(&scan);
        let block = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{block}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(block.matches("\nunit").count() + block.matches("# unit").count(), 1, "{block}");
        let join = if place.contains('?') { '&' } else { '?' };
        let mute = format!(
            "[[meter]]\nid = \"mute\"\nmodel = \"{MODEL}\"\nperiod = \"300ms\"\n\
             timeout = \"100ms\"\nport = \"{place}{join}unit=5\"\n"
        );
        let folder = folder(&format!("{}{mute}", block.replace("5s", "200ms")));
        let service = Service::run(folder.path());
        let path = format!("/api/v1/samples?meter={}&limit=10", proposed_id(&block));
        service.wait_for(&path, |samples| {
            samples["samples"].as_array().is_some_and(|samples| samples.len() >= 10)
        });
        // Nothing but the echo came: that is silence, and no answer of whatever kind.
        let told = service.wait_for("/api/v1/meters", |meters| link(meters, "mute").0 == "stale");
        let (_, cause, reason) = link(&told, "mute");
        assert_eq!(cause, "no_answer", "{reason}");
        assert!(service.terminate().success());
    }
}

/// The id that a scan gave to the first device that it can read.
fn proposed_id(block: &str) -> &str {
    let id = block.lines().find_map(|line| line.strip_prefix("id = \""));
    id.expect("a block").trim_end_matches('"')
}

#[test]
fn the_scans_blocks_alone_show_every_machine() {
    let gateway = Gateway::start(&[(1, None), (2, None)]);
    let url = format!("modbus+tcp://{}", gateway.address);
    let output = triphase(&["scan", "modbus", &url, "--units", "1-2", "--timeout", "300"]);
    let block = String::from_utf8(output.stdout).expect("text");
    assert!(block.contains("role = \"main\""), "what a main meter would make known: {block}");
    let folder = folder(&block);
    let service = Service::run(folder.path());
    let known = |loads: &serde_json::Value| {
        loads["meters"].as_array().is_some_and(|all| {
            all.len() == 2 && all.iter().all(|one| one["load_kw"]["value"].is_number())
        })
    };
    let loads = service.wait_for("/api/v1/analysis/loads", known);
    assert_eq!(loads["sum"]["reason"]["code"], "no_main_meter", "{loads}");
}

#[test]
fn a_scan_that_cannot_be_done_is_wrong_usage() {
    for wrong in [
        vec!["scan", "modbus", "127.0.0.1:1"],
        vec!["scan", "modbus", "modbus+tcp://127.0.0.1", "--units", "0-900"],
    ] {
        let output = triphase(&wrong);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {said}");
        assert!(said.to_lowercase().contains("expected"), "{said}");
    }
}

#[test]
fn a_bus_without_devices_is_said_with_what_to_look_at() {
    let gateway = Gateway::start(&[(1, Some(Misdeed::Mute))]);
    let url = format!("modbus+tcp://{}", gateway.address);
    let output = triphase(&["scan", "modbus", &url, "--units", "1-3", "--timeout", "50"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nothing was found") && said.contains("A and B"), "{said}");
}
