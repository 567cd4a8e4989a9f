//! The frame inspector: telegrams of a wire and of captures, byte by byte.

use crate::process::{Service, folder, shared};
use crate::simulated::Simulated;
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;

/// The demo's keys, which protect nothing.
const GUEK: &[u8; 16] = b"triphase demo EK";
const GAK: &[u8; 16] = b"triphase demo AK";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn range(part: &Value) -> (u64, u64) {
    let offset = part["offset"].as_u64().expect("an offset");
    (offset, offset + part["length"].as_u64().expect("a length"))
}

/// Every step lies inside the bytes.
fn assert_inside(telegram: &Value) {
    let (begin, end) = range(telegram);
    let digits = telegram["hex"].as_str().expect("bytes").len() as u64;
    assert_eq!(digits, 2 * (end - begin), "{telegram}");
    for step in telegram["explanation"].as_array().expect("steps") {
        let (from, to) = range(step);
        assert!(begin <= from && to <= end, "{step} outside {begin} to {end}");
    }
}

/// Every value lies inside a step of its own, and every step inside the bytes.
fn assert_linked(telegram: &Value) {
    assert_inside(telegram);
    let steps = telegram["explanation"].as_array().expect("steps");
    for value in telegram["values"].as_array().expect("values") {
        let step =
            steps.iter().find(|step| step["layer"] == "value" && range(step) == range(value));
        let text = step.and_then(|step| step["text"].as_str()).unwrap_or_default();
        assert!(text.contains(value["obis"].as_str().expect("a code")), "{value}");
    }
}

#[test]
fn the_last_telegrams_of_a_wire_are_shown_as_they_came() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    let data = data.to_str().expect("UTF-8");
    let service = Service::start(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
        "--seed",
        "7",
        "--speed",
        "20",
        "--history",
        "none",
    ]);
    let answer = service.wait_for("/api/v1/meters/general/frames?limit=2", |answer| {
        answer["frames"].as_array().is_some_and(|frames| frames.len() == 2)
    });
    let (guek, gak) = (hex(GUEK), hex(GAK));
    assert!(!answer.to_string().contains(&guek) && !answer.to_string().contains(&gak));
    let frame = &answer["frames"][0];
    assert_eq!(
        (&frame["delivered"], &frame["security"]["encrypted"]),
        (&json!(true), &json!(true))
    );
    assert_linked(frame);

    // What was kept is what came: decoded again, it says the same.
    let mut asked = json!({"data": frame["hex"], "guek": guek, "gak": gak,
        "profile": "lgz_e450", "timezone": "Europe/Paris"});
    let (status, again) = service.post("/api/v1/decode", &asked.to_string());
    assert_eq!(status, 200, "{again}");
    assert_eq!(again.as_array().map(Vec::len), Some(1));
    for key in ["values", "security", "meter", "measured_at", "hex", "explanation", "defects"] {
        assert_eq!(again[0][key], frame[key], "{key}");
    }

    // Without its key it is refused, and what was there is shown all the same.
    asked.as_object_mut().expect("an object").remove("guek");
    let (_, refused) = service.post("/api/v1/decode", &asked.to_string());
    assert_eq!((&refused[0]["delivered"], &refused[0]["values"]), (&json!(false), &json!([])));
    assert_eq!(refused[0]["defects"][0]["code"], "key_missing");
    assert_linked(&refused[0]);
}

#[test]
fn the_command_and_the_route_say_the_same_of_noise_and_broken_frames() {
    let folder = tempfile::tempdir().expect("a folder");
    let telegrams = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../telegrams/dlms");
    let captures = std::fs::read_dir(telegrams).expect("telegrams of our own");
    let captures: Vec<_> = captures
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .collect();
    assert!(!captures.is_empty());
    std::fs::write(
        folder.path().join("triphase.toml"),
        "[site]\nname = \"Atelier\"\ntimezone = \"Europe/Paris\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
         [[meter]]\nid = \"general\"\n",
    )
    .expect("writable");
    let service = Service::run(folder.path());
    for capture in captures {
        assert_decoded_alike(&service, &capture);
    }
    // Modbus: a question and its answer.
    let modbus = folder.path().join("modbus.hex");
    std::fs::write(&modbus, "010400c80002f035 # question\n01 04 04 43 66 33 34 1b 38\n")
        .expect("writable");
    let bytes = std::fs::read(&modbus).expect("readable");
    let (_, answer) = service.post_bytes("/api/v1/decode", &bytes);
    assert_eq!(answer[0]["side"], "question", "{answer}");
    assert_eq!(answer[1]["registers"], json!([17254, 13108]), "{answer}");
    assert_decoded_alike(&service, &modbus);
}

/// The route says what the command prints, key by key, and links its parts to the bytes.
fn assert_decoded_alike(service: &Service, capture: &Path) -> usize {
    let name = capture.display();
    let path = capture.to_str().expect("UTF-8");
    let output = crate::process::triphase(&["decode", "--format", "json", path]);
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let bytes = std::fs::read(capture).expect("readable");
    let (status, answer) = service.post_bytes("/api/v1/decode", &bytes);
    assert_eq!(status, 200, "{name}: {answer}");
    let answer = answer.as_array().expect("an array");
    assert_eq!(lines.lines().count(), answer.len(), "{name}");
    let delivered = answer.iter().any(|telegram| telegram["delivered"] == true);
    assert_eq!(output.status.code(), Some(i32::from(!delivered)), "{name}");
    for (line, telegram) in lines.lines().zip(answer) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        for (key, value) in line.as_object().expect("an object") {
            let mut told = telegram[key].clone();
            if key == "values" {
                keep_common(&mut told, value);
            }
            assert_eq!(&told, value, "{key} of {name}");
        }
        assert_inside(telegram);
        if telegram["protocol"] == "dlms" {
            assert_linked(telegram);
        }
    }
    answer.len()
}

/// Takes out what the route tells beside what the command prints.
fn keep_common(told: &mut Value, printed: &Value) {
    let printed = printed.as_array().expect("values");
    for (one, printed) in told.as_array_mut().expect("values").iter_mut().zip(printed) {
        let printed = printed.as_object().expect("a value");
        one.as_object_mut().expect("a value").retain(|key, _| printed.contains_key(key));
    }
}

/// Every recording of others, in all protocols, broken ones too.
#[test]
fn recordings_of_others_are_decoded_by_the_route_as_by_the_command() {
    let Some(root) = shared("TRIPHASE_CAPTURES", "captures") else { return };
    let service = Service::run(folder("[[meter]]\nid = \"general\"\n").path());
    let (mut files, mut telegrams) = (0, 0);
    let mut folders = ["mbus", "iec62056-21", "dlms-push"].map(|it| root.join(it)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if matches!(kind.as_str(), "hex" | "bin" | "txt") {
                files += 1;
                telegrams += assert_decoded_alike(&service, &path);
            }
        }
    }
    assert!(files >= 100 && telegrams >= 100, "{telegrams} telegrams of {files} recordings");
    println!("{telegrams} telegrams of {files} recordings");
}

const TCP: &str = "tcp://127.0.0.1:0";
const PASSWORD: &str = "Kr8ftwerk";

#[test]
fn asked_meters_show_both_directions_and_never_a_password() {
    let mbus = Simulated::start(&["--model", "mbus", "--port", TCP]);
    let optical = Simulated::start(&["--model", "iec62056_21", "--port", "pty"]);
    let modbus =
        ["--model", "eastron_sdm630", "--port", TCP, "--units", "1-2", "--fault", "2=mute"];
    let modbus = Simulated::start(&modbus);
    let cosem =
        Simulated::start(&["--model", "lgz_e450_dlms", "--port", TCP, "--password", PASSWORD]);
    let folder = folder(&format!(
        "[[meter]]\nid = \"general\"\nmodel = \"lgz_e450_dlms\"\nport = \"{}\"\nperiod = \"1s\"\n\
         dlms = {{ client = 1, security = \"low\", password = {{ file = \"password.txt\" }} }}\n\
         [[meter]]\nid = \"chaleur\"\nmodel = \"mbus\"\nport = \"mbus+{}?address=3\"\nperiod = \"1s\"\n\
         [[meter]]\nid = \"presse\"\nmodel = \"eastron_sdm630\"\nport = \"modbus+{}?unit=1\"\n\
         period = \"1s\"\n\
         [[meter]]\nid = \"fraise\"\nmodel = \"eastron_sdm630\"\nport = \"modbus+{}?unit=2\"\n\
         period = \"1s\"\n\
         [[meter]]\nid = \"tour\"\nmodel = \"iec62056_21\"\nport = \"serial://{}\"\nperiod = \"1s\"\n",
        cosem.place, mbus.place, modbus.place, modbus.place, optical.place
    ));
    std::fs::write(folder.path().join("password.txt"), PASSWORD).expect("writable");
    let service = Service::run(folder.path());
    for (meter, protocol, asked, answered) in [
        ("general", "dlms", "password", "Get-Response"),
        ("chaleur", "mbus", "REQ_UD2", "identification 70100003"),
        ("presse", "modbus", "first register", "register 342 = "),
        ("tour", "iec62056-21", "selection: read-out", "1.8.0 = "),
    ] {
        let said = |answer: &Value, direction: &str, text: &str| {
            let frames = answer["frames"].as_array().cloned().unwrap_or_default();
            frames.iter().any(|frame| {
                frame["direction"] == direction
                    && frame["delivered"] == true
                    && frame["explanation"].to_string().contains(text)
            })
        };
        let path = format!("/api/v1/meters/{meter}/frames?limit=100");
        let answer = service.wait_for(&path, |answer| {
            said(answer, "sent", asked) && said(answer, "received", answered)
        });
        for frame in answer["frames"].as_array().expect("frames") {
            assert_eq!(frame["protocol"], protocol, "{frame}");
            assert_inside(frame);
        }
        let text = answer.to_string().to_lowercase();
        assert!(!text.contains(&PASSWORD.to_lowercase()), "{meter} shows the password");
        assert!(!text.contains(&hex(PASSWORD.as_bytes())), "{meter} shows the password");
    }
    // A question without an answer stays, with the reason.
    let path = "/api/v1/meters/fraise/frames?only=bad";
    let bad = service.wait_for(path, |answer| answer["frames"][0].is_object());
    let frame = &bad["frames"][0];
    assert_eq!((&frame["direction"], &frame["delivered"]), (&json!("sent"), &json!(false)));
    assert_eq!(frame["defects"][0]["code"], "no_answer", "{frame}");
    assert!(frame["explanation"].to_string().contains("unit 2"), "{frame}");
}

#[test]
fn values_under_a_failed_check_are_shown_with_a_warning_and_never_stored() {
    let content = "/TRI5\\2TEST\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(260512135409S)\r\n\
        1-0:1.8.1(000004.426*kWh)\r\n!";
    let good = format!("{content}{:04X}\r\n", frame::dsmr::crc16(content.as_bytes()));
    let damaged = good.replace("4.426", "4.427");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let meter =
        format!("[[meter]]\nid = \"general\"\nmodel = \"dsmr_p1\"\nport = \"tcp://{address}\"\n");
    let service = Service::run(folder(&meter).path());
    let (mut wire, _) = listener.accept().expect("it connects");
    wire.write_all(damaged.as_bytes()).expect("it listens");
    let path = "/api/v1/meters/general/frames?only=bad";
    let answer = service.wait_for(path, |answer| answer["frames"][0].is_object());
    let (status, decoded) = service.post_bytes("/api/v1/decode", damaged.as_bytes());
    assert_eq!(status, 200, "{decoded}");
    for telegram in [&answer["frames"][0], &decoded[0]] {
        assert_eq!(
            (&telegram["checksum"], &telegram["delivered"], &telegram["defects"][0]["code"]),
            (&json!("bad"), &json!(false), &json!("crc_mismatch")),
            "{telegram}"
        );
        assert_eq!(telegram["values"][2]["value"], 4.427, "{telegram}");
    }
    // A good one behind it is stored, the damaged one is not.
    wire.write_all(good.as_bytes()).expect("it listens");
    let samples = service.wait_for("/api/v1/samples?meter=general", |page| {
        page["samples"].as_array().is_some_and(|samples| !samples.is_empty())
    });
    assert_eq!(samples["samples"].as_array().map(Vec::len), Some(1), "{samples}");
    assert!(samples.to_string().contains("4426"), "{samples}");

    let scratch = tempfile::tempdir().expect("a folder");
    let file = scratch.path().join("damaged.txt");
    std::fs::write(&file, &damaged).expect("writable");
    let file = file.to_str().expect("UTF-8");
    for format in ["text", "json"] {
        let output = crate::process::triphase(&["decode", "--format", format, file]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("CHECK FAILED") && said.contains("never stored"), "{said}");
    }
}
