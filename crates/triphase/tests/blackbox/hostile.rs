//! What wires, disks and people do wrong: each is named, counted, and costs no other reading.

use crate::process::{PATIENCE, Service, folder, triphase};
use jiff::tz::TimeZone;
use reading::Timestamp;
use sim::{E450Feed, Kind, Parity, Protection, Uart};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// 2026-05-04T10:00:00Z.
const BEGIN: i64 = 1_777_888_800;
const GUEK: [u8; 16] = *b"tests know it EK";

/// A meter at the other end of a TCP gateway.
struct Meter {
    listener: TcpListener,
    stream: Option<TcpStream>,
}

impl Meter {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self { listener, stream: None }
    }

    /// Its section of the configuration.
    fn section(&self, more: &str) -> String {
        let port = self.listener.local_addr().expect("an address").port();
        format!(
            "[[meter]]\nid = \"general\"\nmodel = \"lgz_e450\"\nperiod = \"5s\"\n\
             port = \"tcp://127.0.0.1:{port}\"\n{more}"
        )
    }

    /// Puts bytes on the wire, whatever they are.
    fn send(&mut self, bytes: &[u8]) {
        let stream = self.stream.get_or_insert_with(|| {
            let (stream, _) = self.listener.accept().expect("the service connects");
            stream
        });
        stream.write_all(bytes).expect("the service reads on");
    }
}

/// The pushes of an E450 from a second on, without its polls for sub-meters.
fn pushes(second: i64, count: usize, guek: Option<[u8; 16]>) -> Vec<Vec<u8>> {
    let zone = TimeZone::get("Europe/Paris").expect("a zone");
    let protection = Protection::of(guek, None);
    let feed = E450Feed::new(7, Timestamp::from_seconds(BEGIN + second), &zone, &protection);
    feed.filter(|push| matches!(push.kind, Kind::List(_)))
        .take(count)
        .map(|push| push.bytes)
        .collect()
}

/// Good telegrams, rubbish, good telegrams: all good ones are kept, the rubbish is counted as
/// noise or as a defect of a telegram.
fn survives(hostile: &[u8]) -> String {
    let mut meter = Meter::new();
    let folder = folder(&meter.section(""));
    let service = Service::run(folder.path());
    let (before, after) = (pushes(5, 4, None), pushes(3605, 4, None));
    meter.send(&before.concat());
    stored(&service, 4);
    meter.send(hostile);
    // A meter pauses between pushes; the first one after rubbish may share its last flag.
    meter.send(&after.concat());
    stored(&service, 8);
    let (_, metrics) = service.get_text("/metrics");
    let total = |family: &str| -> f64 {
        let lines = metrics.lines().filter(|line| line.starts_with(family));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    };
    let counted = total("triphase_noise_bytes_total{") + total("triphase_defects_total{");
    assert!(counted > 0.0, "{metrics}");
    metrics
}

fn stored(service: &Service, count: usize) {
    service.wait_for("/api/v1/samples?meter=general&limit=100", |page| {
        page["samples"].as_array().is_some_and(|samples| samples.len() == count)
    });
}

/// Every push as a reader with other settings would have it.
fn misread(reader: Uart) -> Vec<u8> {
    let sent = pushes(1805, 6, None);
    sent.iter().flat_map(|push| reader.receive(push, Uart::CUSTOMER_INTERFACE)).collect()
}

#[test]
fn a_wrong_parity_costs_what_it_garbles_and_nothing_else() {
    survives(&misread(Uart { baud: 2400, parity: Parity::None }));
}

#[test]
fn a_wrong_baud_rate_costs_what_it_garbles_and_nothing_else() {
    for baud in [1200, 9600] {
        survives(&misread(Uart { baud, parity: Parity::Even }));
    }
}

#[test]
fn a_link_that_only_brings_rubbish_says_which_settings_to_try() {
    let mut meter = Meter::new();
    let section = meter.section("").replace("period = \"5s\"\n", "period = \"1s\"\n");
    let folder = folder(&section);
    let service = Service::run(folder.path());
    let rubbish = misread(Uart { baud: 2400, parity: Parity::None });
    let deadline = Instant::now() + PATIENCE;
    loop {
        meter.send(&rubbish);
        let (_, meters) = service.get("/api/v1/meters");
        let reason = meters["meters"][0]["link"]["reason"].as_str().unwrap_or_default();
        if reason.contains("bytes came") && reason.contains("parity") {
            return;
        }
        assert!(Instant::now() < deadline, "{meters}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_frame_that_breaks_off_costs_itself() {
    let push = pushes(1805, 1, None).concat();
    for cut in [2, 9, push.len() / 2, push.len() - 2] {
        survives(&push[..cut]);
    }
}

#[test]
fn foreign_protocols_on_the_wire_cost_nothing() {
    let modbus = [0x01, 0x03, 0x04, 0x43, 0x66, 0x00, 0x00, 0x8e, 0x4d].repeat(50);
    let sml = b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01\x76\x05\x00\x00\x00\x01\x62\x00".repeat(40);
    let optical = b"/LGZ4ZMF100AC.M23\r\n1-0:1.8.0*255(0001234.567*kWh)\r\n!\r\n".repeat(40);
    let mbus = [0x68, 0x1f, 0x1f, 0x68, 0x08, 0x02, 0x72, 0x78, 0x56, 0x34, 0x12].repeat(30);
    for bytes in [modbus, sml, optical, mbus] {
        survives(&bytes);
    }
}

#[test]
fn ten_megabytes_without_a_flag_cost_no_memory_and_no_reading() {
    let noise: Vec<u8> = (0_u32..10_000_000)
        .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .map(|byte| if byte == 0x7e { 0 } else { byte })
        .collect();
    let metrics = survives(&noise);
    let resident = metrics
        .lines()
        .find_map(|line| line.strip_prefix("process_resident_memory_bytes "))
        .and_then(|bytes| bytes.parse::<f64>().ok());
    assert!(resident.is_none_or(|bytes| bytes < 100e6), "{resident:?}");
}

#[test]
fn a_wrong_key_is_called_that_and_the_right_one_reads_on() {
    let mut meter = Meter::new();
    let folder = folder(&meter.section("guek = { file = \"guek.hex\" }\n"));
    let hex: String = GUEK.iter().map(|byte| format!("{byte:02X}")).collect();
    std::fs::write(folder.path().join("guek.hex"), hex).expect("writable");
    let service = Service::run(folder.path());
    meter.send(&pushes(5, 3, Some(*b"another key than")).concat());
    let meters = service.wait_for("/api/v1/meters", |meters| {
        meters["meters"][0]["link"]["reason"].as_str().is_some_and(|why| why.contains("key"))
    });
    assert!(!meters.to_string().contains("tests know it"), "{meters}");
    meter.send(&pushes(65, 4, Some(GUEK)).concat());
    stored(&service, 4);
    let (_, metrics) = service.get_text("/metrics");
    assert!(metrics.contains("code=\"wrong_key\""), "{metrics}");
}

#[test]
fn a_meter_clock_that_jumps_both_ways_costs_no_reading_and_no_present() {
    let mut meter = Meter::new();
    let folder = folder(&meter.section(""));
    let service = Service::run(folder.path());
    let year = 365 * 86_400;
    // The present, a year ahead, a year back, the present again.
    for (second, total) in [(5, 2), (5 + year, 4), (5 - year, 6), (25, 8)] {
        meter.send(&pushes(second, 2, None).concat());
        stored(&service, total);
    }
    let meters =
        service.wait_for("/api/v1/meters", |meters| meters["meters"][0]["link"]["state"] == "live");
    assert_eq!(meters["meters"][0]["id"], "general");
}

fn run_once(folder: &Path) -> (Output, String) {
    let config = folder.join("triphase.toml");
    let output = triphase(&["run", "--config", config.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn a_taken_port_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = folder("[[meter]]\nid = \"general\"\n");
    let file = folder.path().join("triphase.toml");
    let text = std::fs::read_to_string(&file).expect("written").replace("127.0.0.1:0", &address);
    std::fs::write(&file, text).expect("writable");
    let (output, said) = run_once(folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&address) && said.contains("taken"), "{said}");
}

#[test]
fn a_folder_that_takes_no_files_is_named_with_what_to_do() {
    // Not even root may write there.
    let folder = folder("[[meter]]\nid = \"general\"\n[store]\npath = \"/proc/triphase\"\n");
    let (output, said) = run_once(folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("/proc/triphase"), "{said}");
}

#[test]
fn a_foreign_a_damaged_and_a_newer_database_are_named_and_left_alone() {
    let newer = {
        let folder = folder("[[meter]]\nid = \"general\"\n");
        Service::run(folder.path()).terminate();
        let mut bytes =
            std::fs::read(folder.path().join("data/triphase.sqlite")).expect("a database");
        // The user version stands at byte 60 of the header (SQLite file format, 1.3).
        bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
        bytes
    };
    let mut damaged = newer.clone();
    damaged[..16].copy_from_slice(b"SQLite format 2\0");
    for (bytes, word) in [(newer, "newer"), (damaged, "not"), (b"notes".repeat(999), "not")] {
        let folder = folder("[[meter]]\nid = \"general\"\n");
        let file = folder.path().join("data/triphase.sqlite");
        std::fs::create_dir(folder.path().join("data")).expect("writable");
        std::fs::write(&file, &bytes).expect("writable");
        let (output, said) = run_once(folder.path());
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("triphase.sqlite") && said.contains(word), "{said}");
        assert_eq!(std::fs::read(&file).expect("still there"), bytes, "left as it was");
    }
}
