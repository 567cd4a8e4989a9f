//! Telegrams that others recorded from real meters, compared value by value.
//!
//! They are found through `TRIPHASE_CAPTURES`, or beside the workspace; without them the test
//! says SKIPPED, except where `CI` is set. Each file asserts what its source asserts: raw
//! registers or scaled values, so a number passes when it is one of the two; texts, times,
//! identifications and counters have one form.

#![allow(clippy::panic)] // Helpers of tests fail as tests do.

use meter::models::{Profile, profile};
use meter::push::{DefectCode, Outcome, PushOptions, PushReader, PushedValue};
use reading::{Obis, Timestamp, Value};
use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_recorded_push_decodes_to_its_expected_values_or_is_refused_for_its_reason() {
    let Some(folder) = captures() else {
        return;
    };
    let mut seen = 0;
    for path in files(&folder, "hex") {
        check_capture(&path);
        seen += 1;
    }
    for path in files(&folder.join("node-dsmr-parser"), "txt") {
        check_text(&path);
        seen += 1;
    }
    assert!(seen >= 25, "only {seen} captures in {}", folder.display());
    println!("{seen} captures compared");
}

fn captures() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let root = std::env::var_os("TRIPHASE_CAPTURES").map_or(beside, PathBuf::from);
    let folder = root.join("dlms-push");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "no captures in {}", folder.display());
    println!("SKIPPED: no captures in {}", folder.display());
    None
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

fn json(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).expect("a readable file")).expect("valid JSON")
}

fn key(keys: &Json, name: &str) -> Option<[u8; 16]> {
    let bytes = frame::capture_text::bytes_of_text(keys[name].as_str()?.as_bytes());
    Some(bytes.expect("hexadecimal").try_into().expect("16 bytes"))
}

fn read(path: &Path, options: PushOptions) -> Vec<Outcome> {
    let bytes = frame::capture_text::bytes_of_capture(&fs::read(path).expect("a readable file"));
    let mut reader = PushReader::new(options);
    let mut outcomes = reader.feed(None, &bytes);
    outcomes.extend(reader.finish());
    outcomes
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file name").to_string_lossy().into_owned()
}

/// The profile of the model that a capture's name tells.
fn profile_of(stem: &str) -> Option<&'static Profile> {
    let names = ["lgz_e450", "lgz_e570", "lgz_e360", "isk_am550", "kam_omnipower", "kfm_ma304h3e"];
    names.into_iter().find(|name| stem.starts_with(name)).and_then(profile)
}

fn check_capture(path: &Path) {
    let stem = stem(path);
    let expected = json(&path.with_extension("expected.json"));
    let keys_file = path.with_extension("guek.json");
    let keys = if keys_file.exists() { json(&keys_file) } else { Json::Null };
    let options = PushOptions {
        guek: key(&keys, "guek"),
        gak: key(&keys, "gak"),
        zone: jiff::tz::TimeZone::get("Europe/Zurich").ok(),
        ..PushOptions::default()
    };
    let without_profile = read(path, options.clone());
    let with_profile = read(path, PushOptions { profile: profile_of(&stem), ..options.clone() });
    if let Some(reason) = refusal(&stem, &expected) {
        assert_eq!(without_profile.len(), 1, "{stem}: {without_profile:?}");
        for outcome in without_profile.iter().chain(&with_profile) {
            assert!(!outcome.delivered && outcome.values.is_empty(), "{stem} was delivered");
            assert!(outcome.has(reason), "{stem}: {:?}", outcome.defects);
        }
        return;
    }
    for outcomes in [&without_profile, &with_profile] {
        let delivered: Vec<_> = outcomes.iter().filter(|outcome| outcome.delivered).collect();
        let [outcome] = delivered.as_slice() else {
            panic!("{stem}: {} telegrams delivered", delivered.len());
        };
        check_outcome(&stem, &expected, outcome);
        if outcome.security.encrypted {
            check_security(&stem, &expected, outcome, options.gak.is_some());
        }
    }
    let scaled = with_profile.iter().find(|outcome| outcome.delivered).expect("delivered");
    let raw = without_profile.iter().find(|outcome| outcome.delivered).expect("delivered");
    check_scaling(&stem, &expected, (raw, scaled));
}

/// Why a capture must be refused, by its own file: a wrong check sequence, nothing to notify.
fn refusal(stem: &str, expected: &Json) -> Option<DefectCode> {
    let damaged = expected["check_fcs_ok"]
        .as_array()
        .is_some_and(|frames| frames.contains(&Json::Bool(false)));
    if damaged {
        return Some(DefectCode::FcsMismatch);
    }
    if expected["asserted_by_source_tests"]["must_not_notify"] == true {
        assert!(stem.contains("duplicated_block"), "{stem}: which defect?");
        return Some(DefectCode::GbtBlockRepeated);
    }
    None
}

fn check_outcome(stem: &str, expected: &Json, outcome: &Outcome) {
    let asserted = &expected["asserted_by_source_tests"];
    for (obis, number) in object(&asserted["numbers"]).chain(object(&asserted["obis_value"])) {
        assert_number(stem, outcome, obis, number.as_f64().expect("a number"));
    }
    for (obis, text) in object(&asserted["strings"]) {
        assert_text(stem, outcome, obis, text.as_str().expect("a text"));
    }
    for list in [&expected["objects"], &expected["telegrams"][0]["objects"]] {
        for entry in list.as_array().into_iter().flatten() {
            assert_object(stem, outcome, entry);
        }
    }
    let source = asserted["source_id"].as_str();
    assert!(
        source.is_none_or(|id| outcome.meter.as_deref() == Some(id)),
        "{stem}: {:?}",
        outcome.meter
    );
    for stamp in [&asserted["timestamp_utc"], &expected["telegrams"][0]["timestamp"]] {
        let Some(stamp) = stamp.as_str() else { continue };
        let zoned = if stamp.contains('+') { stamp.to_owned() } else { format!("{stamp}Z") };
        let instant = Timestamp::parse_rfc3339(&zoned).expect("an instant");
        let measured = outcome.measured_at.expect("a resolved instant");
        // Some sources drop the fraction.
        let fraction = if stamp.contains('.') { 0 } else { measured.as_micros() % 1_000_000 };
        assert_eq!(measured.as_micros() - fraction, instant.as_micros(), "{stem}");
    }
    if let Some(local) = asserted["timestamp_local"].as_str() {
        assert_eq!(outcome.meter_time.expect("a clock").to_string(), local, "{stem}");
    }
    for count in [&asserted["object_count"]].into_iter().filter_map(Json::as_u64) {
        // The source asserts 0 objects of a list without OBIS that it cannot read, and leaves out a
        // clock that leads a list without its OBIS.
        let values = outcome.values.len() as u64;
        let leading_clock = outcome.values[0].reading.quantity == Some(reading::Quantity::Clock);
        let counted = count == values || (leading_clock && count + 1 == values);
        assert!(count == 0 || counted, "{stem}: {values} values, expected {count}");
    }
}

fn check_security(stem: &str, expected: &Json, outcome: &Outcome, authenticates: bool) {
    let decrypted = &expected["independent_decrypt"];
    let security = outcome.security;
    assert_eq!(security.authenticated, authenticates, "{stem}");
    if let Some(counter) = decrypted["invocation_counter"].as_u64() {
        assert_eq!(security.invocation_counter.map(u64::from), Some(counter), "{stem}");
    }
    if let Some(title) = decrypted["system_title_hex"].as_str() {
        let title = frame::capture_text::bytes_of_text(title.as_bytes()).expect("hexadecimal");
        assert_eq!(security.system_title.map(Vec::from), Some(title), "{stem}");
    }
    let [memory] = outcome.memory.as_slice() else {
        panic!("{stem}: one counter to remember, found {:?}", outcome.memory);
    };
    assert_eq!(Some(memory.value), security.invocation_counter.map(i64::from), "{stem}");
}

/// Without a profile every register shows its digits and says so; with one it shows its value.
fn check_scaling(stem: &str, expected: &Json, (raw, scaled): (&Outcome, &Outcome)) {
    let points = expected["telegrams"][0]["data_points"].as_array();
    for point in points.into_iter().flatten() {
        let obis = point["obis"].as_str().expect("an OBIS code");
        let value = found(stem, scaled, obis);
        let number = value.reading.value.number().expect("a number").to_f64();
        let wanted = point["value"].as_f64().expect("a number");
        assert!((number - wanted).abs() < 1e-9, "{stem}: {obis} is {number}, expected {wanted}");
        let symbol = value.reading.unit.expect("a unit").symbol();
        // The source names reactive units after the apparent ones.
        let named = point["unit_as_named_by_project"].as_str().unwrap_or(symbol);
        let reactive = matches!((named, symbol), ("VA", "var") | ("VAh", "varh"));
        assert!(named == symbol || reactive, "{stem}: {obis} in {symbol}, expected {named}");
    }
    let unscaled = |outcome: &Outcome| {
        outcome.values.iter().any(|value| {
            value.reading.unit.is_none()
                && value.reading.quantity.is_some_and(|it| it.unit().is_some())
        })
    };
    assert_eq!(unscaled(raw), raw.has(DefectCode::ScalerUnknown), "{stem}");
    for value in raw.values.iter().filter(|value| value.reading.unit.is_none()) {
        assert_eq!(value.exponent(), 0, "{stem}");
    }
    if let Some(profile) = profile_of(stem).filter(|_| raw.has(DefectCode::ScalerUnknown)) {
        assert!(!unscaled(scaled), "{stem}");
        assert!(!scaled.has(DefectCode::ImplausibleScale), "{stem}: {:?}", scaled.defects);
        let proposal = raw.defects.iter().find(|defect| defect.code == DefectCode::ScalerUnknown);
        let detail = &proposal.expect("a proposal").detail;
        assert!(detail.contains(profile.name), "{stem}: {detail}");
    }
}

fn check_text(path: &Path) {
    let stem = stem(path);
    let folder = path.parent().expect("a folder");
    let keys = json(&folder.join("test.guek.json"));
    let (guek, gak) = (key(&keys, "guek"), key(&keys, "gak"));
    let encrypted = stem.contains("-aad");
    let plain = PushOptions::default();
    let keyed = PushOptions { guek: guek.filter(|_| encrypted), ..PushOptions::default() };
    let proving = PushOptions { gak: gak.filter(|_| encrypted), ..keyed.clone() };
    let expected = match stem.as_str() {
        "aidon-example-2-with-aad" | "aidon-example-2-without-aad" => "aidon-example-2",
        // The plain text of the capture kfm_netz_noe_mbus_encrypted.
        "austria-decrypted-1" => {
            let outcomes = read(path, plain);
            let expected = json(&folder.join("../kfm_netz_noe_mbus_encrypted.expected.json"));
            assert_eq!(outcomes.len(), 1, "{stem}");
            return check_outcome(&stem, &expected, &outcomes[0]);
        }
        same => same,
    };
    let expected = json(&folder.join(expected).with_extension("json"));
    let outcomes = read(path, keyed.clone());
    let [outcome] = outcomes.as_slice() else {
        panic!("{stem}: {outcomes:?}");
    };
    assert!(outcome.delivered, "{stem}: {:?}", outcome.defects);
    check_telegram(&stem, &expected, outcome);
    if !encrypted {
        return;
    }
    assert!(outcome.has(DefectCode::NotAuthenticated) && !outcome.security.authenticated);
    let proved = read(path, proving);
    if stem.ends_with("-with-aad") {
        assert!(proved[0].delivered && proved[0].security.authenticated, "{stem}");
        check_telegram(&stem, &expected, &proved[0]);
    } else {
        // Its tag was made without the authentication key, so it cannot hold with it.
        assert!(!proved[0].delivered && proved[0].has(DefectCode::TagMismatch), "{stem}");
        assert!(proved[0].values.is_empty());
    }
    let unkeyed = read(path, PushOptions::default());
    assert!(!unkeyed[0].delivered && unkeyed[0].has(DefectCode::KeyMissing), "{stem}");
    let wrong = read(path, PushOptions { guek: Some([7; 16]), ..PushOptions::default() });
    assert!(!wrong[0].delivered && wrong[0].has(DefectCode::WrongKey), "{stem}");
}

/// `1-0:1.7.0(1362*W)`, known to the source or not.
fn check_telegram(stem: &str, expected: &Json, outcome: &Outcome) {
    let cosem = &expected["cosem"];
    let lists = [&cosem["knownObjects"], &cosem["unknownObjects"]];
    let objects = lists.into_iter().filter_map(Json::as_array).flatten();
    for object in objects.map(|object| object.as_str().expect("a text")) {
        let (obis, rest) = object.split_once('(').expect("a value");
        let content = rest.strip_suffix(')').expect("a value");
        let (text, unit) = content.split_once('*').unwrap_or((content, ""));
        if text == "null" {
            // Announced by the list, missing in the telegram.
            let present =
                outcome.values.iter().any(|value| value.reading.obis == obis.parse().ok());
            assert!(!present && outcome.has(DefectCode::Truncated), "{stem}: {obis}");
            continue;
        }
        let value = found(stem, outcome, obis);
        match &value.reading.value {
            Value::Number(number) => {
                let wanted: f64 = text.parse().expect("a number");
                assert!((number.to_f64() - wanted).abs() < 1e-9, "{stem}: {object}");
                let symbol = value.reading.unit.map_or("", reading::Unit::symbol);
                assert_eq!(symbol, unit, "{stem}: {object}");
            }
            Value::Text(ours) => assert!(same_text(ours, text), "{stem}: {object} is {ours}"),
        }
    }
    let stated = expected["dlms"]["timestamp"].as_str().unwrap_or_default();
    assert!(stated.is_empty(), "{stem}: compare {stated}");
}

/// The source prints octet strings in hexadecimal, clocks too.
fn same_text(ours: &str, theirs: &str) -> bool {
    let clock = |hex: &str| {
        let bytes = frame::capture_text::bytes_of_text(hex.as_bytes())?;
        let time = frame::dlms::date_time::decode(&bytes.try_into().ok()?).ok()?;
        Some(time.to_string())
    };
    let hex: String = ours.bytes().map(|byte| format!("{byte:02x}")).collect();
    ours == theirs || hex == theirs || clock(theirs).as_deref() == Some(ours)
}

fn object(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}

/// `1.0.1.8.0.255` and `1-0:1.8.0*255`.
fn obis(text: &str) -> Obis {
    if let Ok(obis) = text.parse() {
        return obis;
    }
    let groups: Vec<u8> = text.split('.').map(|group| group.parse().expect("a number")).collect();
    Obis::from_bytes(groups.try_into().expect("six groups"))
}

fn found<'a>(stem: &str, outcome: &'a Outcome, text: &str) -> &'a PushedValue {
    let wanted = obis(text);
    let value = outcome.values.iter().find(|value| value.reading.obis == Some(wanted));
    value.unwrap_or_else(|| panic!("{stem}: no {wanted}"))
}

fn assert_number(stem: &str, outcome: &Outcome, obis: &str, wanted: f64) {
    let value = found(stem, outcome, obis);
    let number = value.reading.value.number().expect("a number");
    #[allow(clippy::cast_precision_loss)]
    let forms = [number.to_f64(), number.mantissa() as f64];
    // Sources compare 32-bit floats.
    let near = |form: f64| (form - wanted).abs() <= wanted.abs() * 1e-6;
    assert!(forms.into_iter().any(near), "{stem}: {obis} is {number}, expected {wanted}");
}

fn assert_text(stem: &str, outcome: &Outcome, obis: &str, wanted: &str) {
    if obis == "0.0.0.0.0.0" {
        // An element without OBIS at the head of the list: its clock or its version.
        let first = &outcome.values.first().expect("values").reading.value;
        assert_eq!(*first, Value::Text(wanted.replace(' ', "T")), "{stem}");
        return;
    }
    let value = &found(stem, outcome, obis).reading.value;
    let Value::Text(text) = value else {
        panic!("{stem}: {obis} is {value:?}, expected {wanted}");
    };
    if obis == "0.2.25.9.0.255" && wanted.is_empty() {
        // A logical name whose first byte is zero: the source prints it up to there.
        assert_eq!(text, "0-2:25.9.0*255", "{stem}");
        return;
    }
    let clock = |text: &str| text.replace(' ', "T");
    assert!(
        text == wanted || *text == clock(wanted),
        "{stem}: {obis} is {text}, expected {wanted}"
    );
}

fn assert_object(stem: &str, outcome: &Outcome, entry: &Json) {
    let code = entry["obis"].as_str().expect("an OBIS code");
    let value = if entry["value"].is_null() { &entry["raw_value"] } else { &entry["value"] };
    if entry["class_id"] == 40 {
        let list = outcome.list.as_ref().expect("a list");
        assert_eq!(list.as_str(), obis(code).to_string(), "{stem}");
        return;
    }
    let ours = found(stem, outcome, code);
    match value {
        Json::Number(number) => assert_eq!(ours.raw(), number.as_i64(), "{stem}: {code}"),
        // One decoder reads the disconnector's enum as a boolean; the wire says 1.
        Json::Bool(_) => {
            assert_eq!((stem, ours.raw()), ("lgz_e450_plain_cyprus_2026_gbt", Some(1)));
        }
        Json::String(text) if text.starts_with("enum ") => {
            let number = text.split(' ').nth(1).and_then(|number| number.parse().ok());
            assert_eq!(ours.raw(), number, "{stem}: {code}");
        }
        Json::String(text) => {
            let Value::Text(shown) = &ours.reading.value else {
                panic!("{stem}: {code} is no text");
            };
            // Explanations follow the text, clocks are written the American way.
            let first = text.split(' ').next().unwrap_or_default();
            let same = shown == first || clock_of(text).as_deref() == Some(shown);
            assert!(same, "{stem}: {code} is {shown}, expected {text}");
        }
        other => panic!("{stem}: {code} expects {other}"),
    }
}

/// `07/06/21 14:58:18` as `2021-07-06T14:58:18`.
fn clock_of(text: &str) -> Option<String> {
    let (date, time) = text.split_once(' ')?;
    let [month, day, year] = date.split('/').collect::<Vec<_>>().try_into().ok()?;
    Some(format!("20{year}-{month}-{day}T{time}"))
}
