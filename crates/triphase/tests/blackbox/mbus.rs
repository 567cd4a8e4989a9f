//! Wired M-Bus from outside: recordings of others against their expected records, and a simulated
//! bus that is searched, configured and read.

use crate::process::{Service, folder, shared, triphase};
use crate::simulated::Simulated;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The captures of a folder, sorted.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "hex")).collect();
    paths.sort();
    paths
}

/// The only line of `decode`, and whether the telegram was delivered.
fn decoded(path: &Path, protocol: &str) -> (Value, bool) {
    let path = path.to_str().expect("UTF-8");
    let output = triphase(&["decode", "--protocol", protocol, "--format", "json", path]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let value = serde_json::from_str(text.trim()).unwrap_or(Value::Null);
    (value, output.status.code() == Some(0))
}

/// The text of an element; `None` where it is absent.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let begin = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let end = begin + xml[begin..].find(&format!("</{name}>"))?;
    Some(&xml[begin..end])
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Whether a JSON value is what the XML says: numbers by value, all else as text.
fn same(value: &Value, expected: &str) -> bool {
    match (value, expected.parse::<f64>()) {
        (Value::Number(number), Ok(expected)) => {
            let number = number.as_f64().expect("a number");
            (number - expected).abs() <= 1e-6 * expected.abs().max(1.0)
        }
        (Value::String(text), _) => *text == plain(expected),
        _ => false,
    }
}

#[test]
fn every_recorded_frame_gives_the_records_of_the_normalised_xml() {
    let Some(root) = shared("TRIPHASE_CAPTURES", "captures") else { return };
    let root = root.join("mbus");
    let paths = [captures(&root.join("test-frames")), captures(&root.join("extra"))].concat();
    let mut records = 0;
    for path in &paths {
        let xml = std::fs::read_to_string(path.with_extension("norm.xml")).expect("readable");
        let (telegram, delivered) = decoded(path, "auto");
        let name = path.display();
        assert!(delivered, "{name}: {telegram}");
        assert_eq!(telegram["protocol"], "mbus", "{name}");
        for (key, tag) in [
            ("identification", "Id"),
            ("manufacturer", "Manufacturer"),
            ("version", "Version"),
            ("medium", "Medium"),
            ("access_number", "AccessNumber"),
            ("status", "Status"),
        ] {
            let expected = element(&xml, tag).unwrap_or_else(|| panic!("{name}: no {tag}"));
            assert!(same(&telegram[key], expected), "{name}: {key} {}", telegram[key]);
        }
        let expected: Vec<&str> = xml.split("<DataRecord").skip(1).collect();
        let found = telegram["records"].as_array().expect("records");
        assert_eq!(found.len(), expected.len(), "{name}");
        for (record, expected) in found.iter().zip(expected) {
            records += 1;
            compare(record, expected, &name.to_string());
        }
    }
    assert!(paths.len() >= 46 && records >= 550, "{} frames, {records} records", paths.len());
    println!("{} frames, {records} records", paths.len());
}

fn compare(record: &Value, expected: &str, name: &str) {
    // libmbus prints nothing of a record whose VIF it does not know.
    if element(expected, "Function").is_none() {
        assert_eq!(record["quantity"], "Reserved", "{name}: {record}");
        return;
    }
    for (key, tag) in [
        ("function", "Function"),
        ("storage_number", "StorageNumber"),
        ("tariff", "Tariff"),
        ("device", "Device"),
        ("quantity", "Quantity"),
        ("unit", "Unit"),
        ("value", "Value"),
    ] {
        match element(expected, tag) {
            None => assert!(record[key].is_null(), "{name}: {key} in {record}"),
            Some(text) => assert!(same(&record[key], text), "{name}: {key} {text} in {record}"),
        }
    }
}

#[test]
fn malformed_frames_are_refused_with_place_and_cause_and_keep_their_good_records() {
    let Some(root) = shared("TRIPHASE_CAPTURES", "captures") else { return };
    let root = root.join("mbus");
    let mut errors = 0;
    for path in captures(&root.join("error-frames")) {
        let (telegram, delivered) = decoded(&path, "mbus");
        let name = path.display();
        if let Ok(xml) = std::fs::read_to_string(path.with_extension("xml")) {
            errors += 1;
            assert!(delivered, "{name}");
            let expected = element(&xml, "Error").expect("an error");
            assert_eq!(telegram["application_error"], *expected, "{name}");
            continue;
        }
        assert!(!delivered, "{name}");
        let defect = &telegram["defects"][0];
        assert!(defect["offset"].as_u64().is_some_and(|at| at > 6), "{name}: {telegram}");
        assert!(defect["detail"].as_str().is_some_and(|it| it.len() > 10), "{name}: {telegram}");
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let good = telegram["records"].as_array().map_or(0, Vec::len);
        let expected = match stem.as_str() {
            "too_long_var_vif" => 3,
            "too_short_header" => 0,
            _ => 2,
        };
        assert_eq!(good, expected, "{name}: {telegram}");
    }
    assert!(errors >= 6, "{errors} application errors");
    for path in captures(&root.join("unsupported-frames")) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let (telegram, delivered) = decoded(&path, "mbus");
        // Data of the maker's own, and more to follow: intact, and shown as they are.
        assert_eq!(delivered, stem == "svm_f22_telegram2", "{stem}: {telegram}");
    }
}

/// A frame of our own making, so that this is tested wherever the recordings are not.
#[test]
fn encrypted_content_opens_with_its_key_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("closed.hex");
    // The example of the Open Metering System specification, volume 2, annex N: gas, mode 5.
    let content = "08 01 72 78 56 34 12 93 15 33 03 2A 00 20 05 59 23 C9 5A AA 26 D1 B2 E7 49 3B \
                   01 3E C4 A6 F6 D3 52 9B 52 0E DF F0 EA 6D EF C9 9D 6D 69 EB F3";
    let bytes: Vec<u8> = content
        .split_whitespace()
        .map(|digits| u8::from_str_radix(digits, 16).expect("digits"))
        .collect();
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    let length = bytes.len();
    let text = format!("68 {length:02X} {length:02X} 68 {content} {sum:02X} 16\n");
    std::fs::write(&file, text).expect("writable");
    let file = file.to_str().expect("UTF-8");
    let decode = |key: &[&str]| {
        let mut arguments = vec!["decode", "--format", "json", "--timezone", "Europe/Berlin"];
        arguments.extend(key);
        arguments.push(file);
        let output = triphase(&arguments);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let value: Value = serde_json::from_str(text.trim()).expect("one line");
        (value, output.status.code())
    };
    let (telegram, code) = decode(&["--key", "0102030405060708090A0B0C0D0E0F11"]);
    assert_eq!(code, Some(0), "{telegram}");
    assert_eq!(telegram["security"]["encrypted"], true);
    assert_eq!(telegram["records"][0]["value"].as_f64(), Some(28504.27));
    assert_eq!(telegram["meter_time"], "2008-05-31T23:50:00");
    assert_eq!(telegram["measured_at"], "2008-05-31T21:50:00Z");
    for (key, code) in [
        (&[][..], "key_missing"),
        (&["--key", "00000000000000000000000000000000"][..], "wrong_key"),
    ] {
        let (telegram, exit) = decode(key);
        assert_eq!((exit, &telegram["defects"][0]["code"]), (Some(1), &Value::from(code)));
        assert_eq!(telegram["meter"], "12345678");
    }
}

#[test]
fn a_newcomer_finds_the_slaves_pastes_their_blocks_and_sees_the_machine() {
    let bus = Simulated::start(&["--model", "mbus", "--port", "tcp://127.0.0.1:0", "--echo"]);
    let found =
        triphase(&["scan", "mbus", &bus.place, "--search", "primary", "--addresses", "1-5"]);
    let blocks = String::from_utf8(found.stdout).expect("UTF-8");
    assert_eq!(found.status.code(), Some(0), "{blocks}");
    assert_eq!(blocks.matches("[[meter]]").count(), 4, "{blocks}");
    for expected in ["TPH 10240001: Electricity", "Heat: Outlet", "Active power "] {
        assert!(blocks.contains(expected), "{expected} in {blocks}");
    }
    let main = "[[meter]]\nid = \"general\"\nrole = \"main\"\n";
    let folder = folder(&format!("{main}{}", blocks.replace("30s", "1s")));
    let config = folder.path().join("triphase.toml");
    let checked = triphase(&["check", "--config", config.to_str().expect("UTF-8")]);
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stderr));

    let service = Service::run(folder.path());
    let latest = service.wait_for("/api/v1/meters/tph_10240001/latest", |latest| {
        latest["values"]["active_power"]["value"].is_number()
    });
    let values = &latest["values"];
    let number = |name: &str| values[name]["value"].as_f64().unwrap_or_else(|| panic!("{name}"));
    let phases = ["active_power_l1", "active_power_l2", "active_power_l3"].map(number);
    assert!((phases.iter().sum::<f64>() - number("active_power")).abs() <= 2.0, "{values}");
    assert!((200.0..260.0).contains(&number("voltage_l2")), "{values}");
    assert!(number("active_energy_import") > 0.0);
    assert_eq!(values["active_power"]["unit"], "W");
    let heat = service.wait_for("/api/v1/meters/tph_70100003/latest", |latest| {
        latest["values"]["thermal_energy"]["value"].is_number()
    });
    assert!(heat["values"]["flow_temperature"]["value"].as_f64().is_some_and(|it| it > 40.0));
    service.wait_for("/api/v1/meters/30500004/latest", |_| true);
}

#[test]
fn a_pseudo_terminal_is_read_by_its_secondary_address() {
    let bus = Simulated::start(&["--model", "mbus", "--port", "pty"]);
    let port = format!("mbus+serial://{}?secondary=7010000308520104", bus.place);
    let read = triphase(&["read", "--port", &port, "--model", "mbus", "--format", "json"]);
    let text = String::from_utf8_lossy(&read.stdout).into_owned();
    assert_eq!(read.status.code(), Some(0), "{}", String::from_utf8_lossy(&read.stderr));
    assert!(text.contains("thermal_power"), "{text}");
    let nobody = format!("mbus+serial://{}?address=9", bus.place);
    let read = triphase(&["read", "--port", &nobody, "--model", "mbus"]);
    let said = String::from_utf8_lossy(&read.stderr).into_owned();
    assert_eq!(read.status.code(), Some(1));
    assert!(said.contains("address 9 did not answer"), "{said}");
}
