//! Read-outs of the optical port and P1 telegrams: what others recorded, value by value; any
//! chunking; any flipped bit.
//!
//! The recordings are found through `TRIPHASE_CAPTURES`, or beside the workspace; without them the
//! test says SKIPPED, except where `CI` is set.

#![allow(clippy::panic)] // Helpers of tests fail as tests do.

use frame::dsmr::crc16;
use frame::iec62056_21::bcc;
use jiff::tz::TimeZone;
use meter::push::{DefectCode, Outcome, PushedValue};
use meter::readout::{
    Content, Kind, ReadOut, ReadoutOptions, ReadoutReader, Start, checksum_name, is_readable,
};
use proptest::prelude::*;
use reading::{Decimal, Quantity, Unit};
use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};

/// A read-out without its borrows.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    kind: Kind,
    identification: Option<String>,
    checksum: &'static str,
    /// Address, value, unit, time, as sent.
    entries: Vec<(String, String, Option<String>, Option<String>)>,
    outcome: Outcome,
}

fn told(read_out: &ReadOut<'_>) -> Told {
    let text = |content: Content<'_>| match content {
        Content::Number(number) => number.to_string(),
        Content::Text(text) | Content::TooLong(text) => text.to_owned(),
        Content::Empty => String::new(),
    };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Told {
        kind: read_out.kind,
        identification: read_out.found.identification.map(|it| it.line.to_owned()),
        checksum: checksum_name(read_out.found.check),
        entries: read_out
            .entries()
            .map(|it| (it.address.to_owned(), text(it.content), owned(it.unit), owned(it.time)))
            .collect(),
        outcome: read_out.outcome.clone(),
    }
}

fn capture_options() -> ReadoutOptions {
    let zone = TimeZone::get("Europe/Amsterdam").ok();
    ReadoutOptions { start: Start::Anywhere, zone, ..ReadoutOptions::default() }
}

fn read(bytes: &[u8], options: ReadoutOptions, chunk: usize) -> Vec<Told> {
    let mut reader = ReadoutReader::new(options);
    let mut all = Vec::new();
    for piece in bytes.chunks(chunk) {
        reader.feed(None, piece, &mut |read_out| all.push(told(&read_out)));
    }
    reader.finish(&mut |read_out| all.push(told(&read_out)));
    all
}

/// What a capture tells, whatever the chunks.
fn all(bytes: &[u8], options: &ReadoutOptions) -> Vec<Told> {
    let whole = read(bytes, options.clone(), usize::MAX);
    for chunk in [1, 7, 64] {
        assert_eq!(read(bytes, options.clone(), chunk), whole, "pieces of {chunk}");
    }
    whole
}

fn captures() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let root = std::env::var_os("TRIPHASE_CAPTURES").map_or(beside, PathBuf::from);
    let folder = root.join("iec62056-21");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "no captures in {}", folder.display());
    println!("SKIPPED: no captures in {}", folder.display());
    None
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a readable folder");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

fn json(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).expect("a readable file")).expect("valid JSON")
}

/// Numbers compare as numbers: leading zeros mean nothing.
fn same(told: &str, expected: &str) -> bool {
    let numeric = |text: &str| text.parse::<f64>().ok().filter(|_| !text.contains(['e', 'E']));
    match (numeric(told), numeric(expected)) {
        (Some(told), Some(expected)) => told.to_bits() == expected.to_bits(),
        _ => told == expected.trim(),
    }
}

#[test]
fn every_recorded_read_out_tells_what_its_source_tells() {
    let Some(folder) = captures() else { return };
    let mut seen = 0;
    for path in files(&folder, ".expected.json") {
        let stem = path.to_string_lossy().trim_end_matches(".expected.json").to_owned();
        let capture = ["bin", "txt"].map(|extension| PathBuf::from(format!("{stem}.{extension}")));
        let Some(capture) = capture.iter().find(|path| path.exists()) else { continue };
        let bytes = fs::read(capture).expect("a readable file");
        assert!(is_readable(&bytes), "{stem}");
        check(&stem, &json(&path), &all(&bytes, &capture_options()));
        seen += 1;
    }
    assert!(seen >= 16, "only {seen} captures in {}", folder.display());
    println!("{seen} captures compared");
}

fn check(stem: &str, expected: &Json, told: &[Told]) {
    let [told] = told else { panic!("{stem}: {told:?}") };
    let kind = if stem.contains("/dsmr_") { Kind::Dsmr } else { Kind::Iec62056_21 };
    // Q3D is a mode D meter that a P1 library happens to read: it has neither CRC nor P1's objects.
    let kind = if stem.contains("esy5q3d") { Kind::Iec62056_21 } else { kind };
    assert_eq!(told.kind, kind, "{stem}");
    // Its source took serial number and fill bytes behind the end mark for a CRC; there is none.
    let claimed = if stem.contains("esy5q3d") { &Json::Null } else { &expected["crc_ok"] };
    let intact = [&expected["bcc"]["bcc_ok"], claimed].into_iter().find_map(Json::as_bool);
    let checksum = intact.map_or("absent", |intact| if intact { "ok" } else { "bad" });
    assert_eq!(told.checksum, checksum, "{stem}");
    assert_eq!(told.outcome.delivered, checksum != "bad", "{stem}: {:?}", told.outcome.defects);
    if let Some(fields) = expected["fields_by_our_regex"].as_array() {
        assert_eq!(told.entries.len(), fields.len(), "{stem}");
        for ((address, value, unit, _), field) in told.entries.iter().zip(fields) {
            assert_eq!(*address, field["address"], "{stem}");
            let expected = field["value"].as_str().expect("a text");
            assert!(same(value, expected), "{stem} {address}: {value:?} for {expected:?}");
            assert_eq!(unit.as_deref(), field["unit"].as_str(), "{stem} {address}");
        }
    }
    if let Some(line) =
        expected["identification"].as_str().filter(|_| told.identification.is_some())
    {
        assert_eq!(told.identification.as_deref(), Some(line), "{stem}");
    }
    let numbers = |node: &Json, found: &mut Vec<(f64, Option<String>, Option<String>)>| {
        collect_numbers(node, found);
    };
    let mut decoded = Vec::new();
    numbers(&expected["decoded"], &mut decoded);
    for (number, unit, at) in decoded {
        let fits = |(_, value, sent, _): &&(String, String, Option<String>, Option<String>)| {
            value.parse::<f64>().is_ok_and(|value| (value - number).abs() < 1e-9) && *sent == unit
        };
        let found = told.entries.iter().any(|entry| fits(&entry));
        // Entries of the thirteen months stand in the brackets behind their buffer.
        let buffered = at.is_some();
        assert!(found || buffered, "{stem}: {number} {unit:?}");
    }
}

/// Numbers with a unit in a source's decoding, and whether they belong to a dated buffer entry.
fn collect_numbers(node: &Json, found: &mut Vec<(f64, Option<String>, Option<String>)>) {
    match node {
        Json::Object(fields) => {
            if let (Some(number), Some(unit)) =
                (node["value"].as_f64(), node["unit"].as_str().filter(|unit| !unit.is_empty()))
            {
                let at = node["occurred"].as_str().map(str::to_owned);
                found.push((number, Some(unit.to_owned()), at));
            }
            fields.values().for_each(|field| collect_numbers(field, found));
        }
        Json::Array(items) => items.iter().for_each(|item| collect_numbers(item, found)),
        _ => {}
    }
}

#[test]
fn every_p1_telegram_of_another_parser_tells_its_objects_and_its_crc() {
    let Some(folder) = captures().map(|folder| folder.join("node-dsmr-parser")) else { return };
    let mut seen = 0;
    for path in files(&folder, ".json") {
        let bytes = fs::read(path.with_extension("txt")).expect("a readable file");
        let expected = json(&path);
        let read_outs = all(&bytes, &capture_options());
        let [told] = read_outs.as_slice() else { panic!("{}: {read_outs:?}", path.display()) };
        assert_eq!(told.kind, Kind::Dsmr, "{}", path.display());
        let checksum = match expected["dsmr"]["crc"]["valid"].as_bool() {
            Some(true) => "ok",
            Some(false) => "bad",
            None => "absent",
        };
        assert_eq!(told.checksum, checksum, "{}", path.display());
        let objects = ["knownObjects", "unknownObjects"].map(|key| &expected["cosem"][key]);
        for object in objects.into_iter().filter_map(Json::as_array).flatten() {
            let object = object.as_str().expect("a text");
            let (address, rest) = object.split_once('(').expect("brackets");
            let entry = told.entries.iter().find(|(known, ..)| known == address);
            let (_, value, unit, time) = entry.unwrap_or_else(|| panic!("{object}"));
            // Of the first two brackets one holds the value; the old gas reading has it elsewhere.
            if address.ends_with("24.3.0") {
                assert!(rest.starts_with(time.as_deref().expect("a time")), "{object}");
                continue;
            }
            let mut brackets = rest.trim_end_matches(')').split(")(");
            let first = brackets.next().unwrap_or_default();
            let content = if time.is_some() { brackets.next().unwrap_or_default() } else { first };
            let (sent, sent_unit) = match content.split_once('*') {
                Some((sent, unit)) => (sent, Some(unit)),
                None => (content, None),
            };
            assert!(same(value, sent), "{object}: {value}");
            assert_eq!(unit.as_deref(), sent_unit, "{object}");
        }
        seen += 1;
    }
    assert!(seen >= 14, "only {seen} telegrams in {}", folder.display());
}

#[test]
fn the_encrypted_telegram_of_luxembourg_opens_with_its_keys() {
    let Some(folder) = captures() else { return };
    let keys = json(&folder.join("../dlms-push/node-dsmr-parser/test.guek.json"));
    let key = |name: &str| -> Option<[u8; 16]> {
        frame::capture_text::bytes_of_text(keys[name].as_str()?.as_bytes())?.try_into().ok()
    };
    let bytes = |name: &str| {
        let path =
            folder.join(format!("node-dsmr-parser/dsmr-luxembourgh-spec-example-{name}.txt"));
        frame::capture_text::bytes_of_capture(&fs::read(path).expect("a readable file"))
    };
    let with = |guek, gak| ReadoutOptions { guek, gak, ..capture_options() };
    let proved = &all(&bytes("with-aad"), &with(key("guek"), key("gak")))[0];
    assert_eq!((proved.checksum, proved.entries.len()), ("ok", 64));
    assert!(proved.outcome.delivered && proved.outcome.security.authenticated);
    assert_eq!(proved.outcome.security.invocation_counter, Some(0x1122_3344));
    assert_eq!(proved.outcome.meter.as_deref(), Some("SAG1030790002574"));
    // The source lost the empty line behind the identification before it encrypted.
    assert!(proved.outcome.has(DefectCode::LineEndsAltered));
    let unproved = &all(&bytes("without-aad"), &with(key("guek"), None))[0];
    assert!(unproved.outcome.delivered && unproved.outcome.has(DefectCode::NotAuthenticated));
    let altered = &all(&bytes("without-aad"), &with(key("guek"), key("gak")))[0];
    assert!(!altered.outcome.delivered && altered.outcome.has(DefectCode::TagMismatch));
    assert!(altered.entries.is_empty(), "content that was not proved is not shown");
    let wrong = &all(&bytes("with-aad"), &with(key("gak"), None))[0];
    assert!(!wrong.outcome.delivered && wrong.outcome.has(DefectCode::WrongKey));
    // The same telegram again is a replay.
    let twice = [bytes("with-aad"), bytes("with-aad")].concat();
    let again = all(&twice, &with(key("guek"), key("gak")));
    assert_eq!(again.len(), 2);
    assert!(!again[1].outcome.delivered && again[1].outcome.has(DefectCode::ReplayedCounter));
}

const P1: &str = "/TRI5\\2TEST\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(231029023000S)\r\n\
    0-0:96.1.1(4B384547303034303436333935353037)\r\n1-0:1.8.1(000004.426*kWh)\r\n\
    1-0:1.7.0(00.244*kW)\r\n1-0:32.7.0(230.1*V)\r\n1-0:13.7.0(0.98)\r\n1-0:1.8.0(5*V)\r\n\
    0-1:24.2.1(170102161005W)(00000.107*m3)\r\n0-2:24.2.1(632525252525S)(00000.000)\r\n\
    1-0:2.7.0(00.000)\r\n!";

fn p1() -> Vec<u8> {
    format!("{P1}{:04X}\r\n", crc16(P1.as_bytes())).into_bytes()
}

fn block() -> Vec<u8> {
    let data = b"F.F(00)\r\n0.0(  12345678)\r\n1.8.0(000285.4*kWh)\r\n1.8.0*01(000280.0*kWh)\r\n\
        1.8.0&02(000270.0*kWh)\r\n32.7(229*V)\r\n1.6.0(02.468*kW)(1703100930)\r\n!\r\n\x03";
    let mut bytes = b"/TRI5TEST\r\n\x02".to_vec();
    bytes.extend_from_slice(data);
    bytes.push(bcc(data));
    bytes
}

fn number(told: &Told, quantity: Quantity) -> Option<(Decimal, Option<Unit>)> {
    let values = told.outcome.values.iter().map(|value| &value.reading);
    let mut fitting = values.filter(|reading| reading.quantity == Some(quantity));
    fitting.next().map(|reading| (reading.value.number().expect("a number"), reading.unit))
}

#[test]
fn registers_come_in_the_units_of_the_catalogue_with_their_digits() {
    let told = &all(&p1(), &capture_options())[0];
    assert!(told.outcome.delivered);
    assert_eq!(told.outcome.meter.as_deref(), Some("K8EG004046395507"));
    let measured_at = told.outcome.measured_at.map(|at| at.to_string());
    assert_eq!(measured_at.as_deref(), Some("2023-10-29T00:30:00Z"), "S: the first of two hours");
    let cases = [
        (Quantity::ActiveEnergyImportT1, Decimal::new(4426, 0), Unit::WattHour),
        (Quantity::ActivePowerImport, Decimal::new(244, 0), Unit::Watt),
        (Quantity::VoltageL1, Decimal::new(2301, -1), Unit::Volt),
        (Quantity::PowerFactor, Decimal::new(98, -2), Unit::One),
        (Quantity::MbusChannel1, Decimal::new(107, -3), Unit::CubicMetre),
    ];
    for (quantity, value, unit) in cases {
        assert_eq!(number(told, quantity), Some((value, Some(unit))), "{quantity}");
    }
    // Energy in volts, and a power without its unit: kept as registers, never as quantities.
    assert_eq!(number(told, Quantity::ActiveEnergyImport), None);
    assert!(told.outcome.has(DefectCode::UnitConflict));
    assert_eq!(number(told, Quantity::ActivePowerExport), None);
    assert!(told.outcome.has(DefectCode::UnitUnknown));
    // A channel without a device.
    assert_eq!(number(told, Quantity::MbusChannel2), None);
}

#[test]
fn earlier_periods_are_told_and_are_no_values_of_now() {
    let told = &all(&block(), &capture_options())[0];
    assert_eq!((told.checksum, told.entries.len()), ("ok", 7));
    let energy = number(told, Quantity::ActiveEnergyImport);
    assert_eq!(energy, Some((Decimal::new(2854, 2), Some(Unit::WattHour))));
    let periods = told.outcome.values.iter().filter_map(|value| value.reading.obis);
    assert!(periods.clone().all(|obis| obis.period() == 255), "{:?}", periods.collect::<Vec<_>>());
    let maximum = &told.entries[6];
    assert_eq!((maximum.1.as_str(), maximum.3.as_deref()), ("2.468", Some("1703100930")));
}

#[test]
fn a_live_line_delivers_nothing_that_is_not_whole() {
    let live = || ReadoutOptions { start: Start::Marked, ..capture_options() };
    for whole in [p1(), block()] {
        for cut in 1..whole.len() - 8 {
            let delivered = read(&whole[..cut], live(), 64)
                .iter()
                .filter(|told| told.outcome.delivered)
                .count();
            assert_eq!(delivered, 0, "{cut} of {} bytes", whole.len());
        }
    }
}

/// What a telegram with one flipped bit may come to: the same values, or none.
fn assert_never_another_value(whole: &[u8], bit: usize) {
    let mut altered = whole.to_vec();
    altered[bit / 8] ^= 1 << (bit % 8);
    let sound = &read(whole, capture_options(), usize::MAX)[0];
    for told in read(&altered, capture_options(), usize::MAX) {
        let known = |value: &PushedValue| {
            sound.outcome.values.iter().any(|sound| sound.reading == value.reading)
        };
        assert!(told.outcome.values.iter().all(known), "bit {bit}: {:?}", told.outcome.values);
        if told.checksum == "ok" {
            assert_eq!(told.outcome.values.len(), sound.outcome.values.len(), "bit {bit}");
        }
        if told.checksum == "bad" {
            assert!(!told.outcome.delivered && told.outcome.values.is_empty(), "bit {bit}");
        }
    }
}

#[test]
fn no_flipped_bit_gives_another_value() {
    for whole in [p1(), block()] {
        for bit in 0..whole.len() * 8 {
            assert_never_another_value(&whole, bit);
        }
    }
}

proptest! {
    #[test]
    fn any_chunking_of_any_stream_gives_the_same_read_outs(
        noise in prop::collection::vec(any::<u8>(), 0..40),
        order in prop::collection::vec(0..3_usize, 1..5),
        cuts in prop::collection::vec(1..200_usize, 1..12),
    ) {
        let parts = [p1(), block(), noise];
        let stream: Vec<u8> = order.iter().flat_map(|part| parts[*part].clone()).collect();
        let options = || ReadoutOptions { start: Start::Marked, ..capture_options() };
        let whole = read(&stream, options(), usize::MAX);
        let mut reader = ReadoutReader::new(options());
        let mut pieces = Vec::new();
        let mut rest = stream.as_slice();
        let mut lengths = cuts.iter().cycle();
        while let (false, Some(length)) = (rest.is_empty(), lengths.next()) {
            let (piece, behind) = rest.split_at((*length).min(rest.len()));
            reader.feed(None, piece, &mut |read_out| pieces.push(told(&read_out)));
            rest = behind;
        }
        reader.finish(&mut |read_out| pieces.push(told(&read_out)));
        prop_assert_eq!(pieces, whole);
    }
}
