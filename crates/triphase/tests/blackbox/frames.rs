//! The frame inspector: telegrams of a wire and of captures, byte by byte.

use crate::process::Service;
use serde_json::{Value, json};

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

/// Every value lies inside a step of its own, and every step inside the bytes.
fn assert_linked(telegram: &Value) {
    let (begin, end) = range(telegram);
    let digits = telegram["hex"].as_str().expect("bytes").len() as u64;
    assert_eq!(digits, 2 * (end - begin), "{telegram}");
    let steps = telegram["explanation"].as_array().expect("steps");
    for step in steps {
        let (from, to) = range(step);
        assert!(begin <= from && to <= end, "{step} outside {begin} to {end}");
    }
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
        let text = std::fs::read_to_string(&capture).expect("text");
        let output = crate::process::triphase(&[
            "decode",
            "--format",
            "json",
            capture.to_str().expect("UTF-8"),
        ]);
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        let (status, answer) = service.post("/api/v1/decode", &json!({"data": text}).to_string());
        assert_eq!(status, 200, "{}: {answer}", capture.display());
        let answer = answer.as_array().expect("an array");
        assert_eq!(lines.lines().count(), answer.len(), "{}", capture.display());
        for (line, telegram) in lines.lines().zip(answer) {
            let line: Value = serde_json::from_str(line).expect("JSON");
            for (key, value) in line.as_object().expect("an object") {
                let mut told = telegram[key].clone();
                for one in told.as_array_mut().into_iter().flatten().filter(|_| key == "values") {
                    let one = one.as_object_mut().expect("a value");
                    one.remove("offset");
                    one.remove("length");
                }
                assert_eq!(&told, value, "{key} of {}", capture.display());
            }
            assert_linked(telegram);
        }
    }
}
