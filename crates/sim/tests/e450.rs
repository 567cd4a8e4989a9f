//! The telegrams carry the workshop's figures, framed as the meter frames them.

#![allow(clippy::panic)] // A claim fails by panicking.

use frame::dlms::apdu::{self, Apdu};
use frame::dlms::axdr::{self, Document, Style};
use frame::dlms::glo_cipher::{Authentication, Keys};
use frame::dlms::{Data, LLC_RESPONSE, gbt};
use frame::hdlc::{self, Address, Closing};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::Timestamp;
use sim::{E450Feed, KEY_LENGTH, Kind, List, Protection, State, Workshop};
use std::collections::BTreeMap;

const GUEK: [u8; KEY_LENGTH] = [0x11; KEY_LENGTH];
const GAK: [u8; KEY_LENGTH] = [0x22; KEY_LENGTH];
/// 2026-05-04T00:00:00Z, a Monday; 02:00 in Paris.
const MONDAY: i64 = 1_777_852_800;

fn zone() -> TimeZone {
    TimeZone::get("Europe/Paris").expect("bundled")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a time")
}

fn protections() -> [Protection; 3] {
    [(None, None), (Some(GUEK), None), (Some(GUEK), Some(GAK))]
        .map(|(guek, gak)| Protection::of(guek, gak))
}

fn feed(start: Timestamp, protection: &Protection) -> E450Feed {
    E450Feed::new(7, start, &zone(), protection)
}

/// A telegram taken apart.
struct Telegram {
    frame_lengths: Vec<usize>,
    block_lengths: Vec<usize>,
    message: Vec<u8>,
}

fn taken_apart(bytes: &[u8]) -> Telegram {
    let mut telegram =
        Telegram { frame_lengths: Vec::new(), block_lengths: Vec::new(), message: Vec::new() };
    let mut rest = bytes;
    while !rest.is_empty() {
        let (frame, length) = hdlc::decode(rest).expect("intact").expect("whole");
        assert_eq!(frame.closing, Closing::Flag);
        assert_eq!((frame.segmented, frame.control), (false, 0x13));
        assert_eq!(frame.destination, Address::pair(103, 127));
        assert_eq!(frame.source, Address::short(1));
        let mut information = frame.information;
        if telegram.frame_lengths.is_empty() {
            information = information.strip_prefix(&LLC_RESPONSE).expect("LLC header");
        }
        let (block, consumed) = gbt::decode(information).expect("a block");
        assert_eq!(consumed, information.len());
        telegram.frame_lengths.push(length - 1);
        telegram.block_lengths.push(block.payload.len());
        telegram.message.extend(block.payload);
        assert_eq!(usize::from(block.number), telegram.block_lengths.len());
        assert!(block.streaming && block.window == 0 && block.acknowledged == 0);
        rest = &rest[length + 1..];
        assert_eq!(block.last, rest.is_empty());
    }
    telegram
}

/// What a push says.
struct Said {
    number: u32,
    header: [u8; 12],
    list: [u8; 6],
    /// By logical name and attribute.
    values: BTreeMap<([u8; 6], i8), Data>,
}

impl Said {
    fn integer(&self, name: [u8; 5]) -> u64 {
        let [a, b, c, d, e] = name;
        match self.values[&([a, b, c, d, e, 255], 2)] {
            Data::DoubleLongUnsigned(value) => value.into(),
            Data::LongUnsigned(value) => value.into(),
            ref other => panic!("{other:?}"),
        }
    }

    fn octets(&self, name: [u8; 5]) -> &[u8] {
        let [a, b, c, d, e] = name;
        let value = &self.values[&([a, b, c, d, e, 255], 2)];
        let Data::OctetString(octets) = value else { panic!("{value:?}") };
        octets
    }
}

fn said(message: &[u8]) -> Said {
    let Ok((Apdu::Notification(header), body_at)) = apdu::decode(message) else {
        panic!("no notification");
    };
    let mut nodes = Vec::new();
    let end = axdr::decode(message, body_at, &mut nodes, Style::Standard).expect("A-XDR");
    assert_eq!(end, message.len());
    let root = Document::new(message, &nodes).root().expect("an element");
    let Some(Data::Structure(elements)) = Data::of(&root) else { panic!("no structure") };
    let [Data::Array(objects), ..] = &elements[..] else { panic!("no push objects") };
    assert_eq!(objects.len(), elements.len());
    let names: Vec<([u8; 6], i8)> = objects.iter().map(name).collect();
    let values = names.iter().copied().zip(elements.iter().cloned()).skip(1).collect();
    Said {
        number: header.long_invoke_id,
        header: header.date_time.expect("a date-time").0,
        list: names[0].0,
        values,
    }
}

fn name(object: &Data) -> ([u8; 6], i8) {
    let Data::Structure(fields) = object else { panic!("{object:?}") };
    let [_, Data::OctetString(name), Data::Integer(attribute), Data::LongUnsigned(0)] = &fields[..]
    else {
        panic!("{fields:?}")
    };
    (name.as_slice().try_into().expect("a logical name"), *attribute)
}

fn fast(start: Timestamp) -> Said {
    let mut feed = feed(start, &Protection::Plain);
    said(&taken_apart(&feed.next().expect("a push").bytes).message)
}

fn near(register: u64, value: f64) -> bool {
    (register as f64 - value).abs() <= 0.5
}

fn compare_fast(said: &Said, state: &State) {
    let total = state.total();
    assert_eq!(said.list, [0, 8, 25, 9, 0, 255]);
    assert!(near(said.integer([1, 0, 1, 7, 0]), total.active_w));
    assert_eq!(said.integer([1, 0, 2, 7, 0]), 0);
    assert!(near(said.integer([1, 0, 3, 7, 0]), total.reactive_var));
    assert_eq!(said.integer([1, 0, 4, 7, 0]), 0);
    for (offset, phase) in [0, 20, 40].into_iter().zip(state.phases) {
        assert!(near(said.integer([1, 0, 31 + offset, 7, 0]), phase.current_a * 100.0));
        assert!(near(said.integer([1, 0, 32 + offset, 7, 0]), phase.voltage_v));
    }
    let factor = state.power_factor().expect("something draws power");
    assert!(near(said.integer([1, 0, 13, 7, 0]), factor * 1000.0));
}

fn compare_energy(said: &Said, state: &State) {
    let counters = state.counters;
    assert_eq!(said.list, [0, 9, 25, 9, 0, 255]);
    let registers = [
        ([1, 8, 0], counters.import_wh()),
        ([1, 8, 1], counters.import_by_rate_wh()[0]),
        ([1, 8, 2], counters.import_by_rate_wh()[1]),
        ([2, 8, 0], counters.export_wh()),
        ([3, 8, 0], counters.reactive_import_varh()),
        ([4, 8, 0], counters.reactive_export_varh()),
        ([5, 8, 0], counters.quadrants_varh()[0]),
        ([6, 8, 0], counters.quadrants_varh()[1]),
        ([7, 8, 0], counters.quadrants_varh()[2]),
        ([8, 8, 0], counters.quadrants_varh()[3]),
    ];
    for ([c, d, e], value) in registers {
        assert_eq!(said.integer([1, 1, c, d, e]), value, "{c}.{d}.{e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn telegrams_carry_the_workshop_exactly(seed: u64, offset in 0_i64..20_000) {
        let start = Timestamp::from_seconds(MONDAY + offset);
        let mut workshop = Workshop::new(seed, start, zone());
        let keys = Keys::new(&GUEK, Some(GAK));
        let mut plain = E450Feed::new(seed, start, &zone(), &Protection::Plain);
        let mut secret = E450Feed::new(seed, start, &zone(), &Protection::of(Some(GUEK), Some(GAK)));
        for _ in 0..15 {
            let push = plain.next().expect("a push");
            let sealed = secret.next().expect("a push");
            prop_assert_eq!((push.due, push.kind), (sealed.due, sealed.kind));
            let Kind::List(list) = push.kind else { continue };
            let clear = taken_apart(&push.bytes).message;
            let said = said(&clear);
            let state = workshop.advance(push.due);
            match list {
                List::Fast => compare_fast(&said, &state),
                List::Energy => compare_energy(&said, &state),
            }
            let sealed = taken_apart(&sealed.bytes).message;
            let Ok((Apdu::Ciphered(ciphered), _)) = apdu::decode(&sealed) else {
                panic!("not ciphered");
            };
            prop_assert_eq!(ciphered.control.0, 0x30);
            prop_assert_eq!(ciphered.invocation_counter & 0x00FF_FFFF, said.number);
            prop_assert_eq!(ciphered.system_title, secret.meter().system_title());
            let mut opened = Vec::new();
            prop_assert_eq!(keys.open(&ciphered, &mut opened), Ok(Authentication::Verified));
            prop_assert_eq!(opened, clear);
        }
    }
}

#[test]
fn an_encryption_key_alone_gives_no_tag() {
    let push = feed(at("2026-05-04T00:00:05Z"), &protections()[1]).next().expect("a push");
    let message = taken_apart(&push.bytes).message;
    let Ok((Apdu::Ciphered(ciphered), _)) = apdu::decode(&message) else {
        panic!("not ciphered");
    };
    assert_eq!((ciphered.control.0, ciphered.tag), (0x20, None));
    assert!(ciphered.system_title.starts_with(b"LGZ"));
    let mut opened = Vec::new();
    let keys = Keys::new(&GUEK, None);
    assert_eq!(keys.open(&ciphered, &mut opened), Ok(Authentication::Absent));
    assert_eq!(said(&opened).list, [0, 8, 25, 9, 0, 255]);
}

#[test]
fn frames_are_as_long_as_the_meters_own() {
    let mut plain = feed(at("2026-05-04T00:00:00Z"), &protections()[0]);
    // Five push objects fit behind the header, six into the second block; then values are cut.
    let fast = taken_apart(&plain.next().expect("a push").bytes);
    assert_eq!(fast.frame_lengths[..3], [0x84, 0x7D, 0x8B]);
    assert_eq!(fast.block_lengths[..3], [0x70, 0x6C, 0x7A]);
    let mut sealed = feed(at("2026-05-04T00:00:00Z"), &protections()[2]);
    for _ in 0..2 {
        let telegram = taken_apart(&sealed.next().expect("a push").bytes);
        assert_eq!(telegram.frame_lengths[..2], [0x8B, 0x8B]);
        assert_eq!(telegram.block_lengths[..2], [0x77, 0x7A]);
        assert!(telegram.frame_lengths.iter().all(|length| *length <= 0x8B));
    }
}

#[test]
fn both_lists_follow_each_other_at_second_zero() {
    let start = at("2026-05-04T10:56:55Z");
    let pushes: Vec<_> = feed(start, &Protection::Plain).take(31).collect();
    let kinds = |range: std::ops::Range<usize>| {
        let due = |push: &sim::Push| push.due.since(start).as_secs();
        pushes[range].iter().map(|push| (due(push), push.kind)).collect::<Vec<_>>()
    };
    let (fast, energy) = (Kind::List(List::Fast), Kind::List(List::Energy));
    assert_eq!(kinds(0..4), [(0, fast), (5, fast), (5, energy), (10, fast)]);
    // Minute 58: the poll for sub-meters lies between the pushes of seconds 5 and 10.
    assert_eq!(
        kinds(14..19),
        [(65, fast), (65, energy), (70, fast), (73, Kind::SubMeterPoll), (75, fast)]
    );
    assert_eq!(pushes[17].bytes, [0x10, 0x40, 0x01, 0x41, 0x16]);
    let polls = pushes.iter().filter(|push| push.kind == Kind::SubMeterPoll).count();
    assert_eq!(polls, 1);
}

#[test]
fn pushes_are_numbered_one_by_one_and_on_over_a_restart() {
    let start = at("2026-05-04T11:57:40Z");
    let numbers = |feed: E450Feed, count: usize| -> Vec<u32> {
        let lists = feed.filter(|push| push.kind != Kind::SubMeterPoll);
        lists.take(count).map(|push| said(&taken_apart(&push.bytes).message).number).collect()
    };
    let all = numbers(feed(start, &Protection::Plain), 40);
    assert!(all.windows(2).all(|pair| pair[1] == pair[0] + 1), "{all:?}");
    let later =
        numbers(feed(start.plus(std::time::Duration::from_secs(61)), &Protection::Plain), 1);
    assert_eq!(later[0], all[14]);
}

#[test]
fn the_clock_shows_local_time_and_says_when_summer_time_is_in_force() {
    let shown = |text: &str| {
        let said = fast(at(text));
        let clock = said.octets([0, 0, 1, 0, 0]).to_vec();
        assert_eq!(said.header[..11], clock[..11]);
        assert_eq!(said.header[8..], [0xFF, 0x80, 0x00, 0x00]);
        (clock[5], clock[6], clock[11])
    };
    assert_eq!(shown("2026-03-29T00:59:55Z"), (1, 59, 0x00));
    assert_eq!(shown("2026-03-29T01:00:00Z"), (3, 0, 0x80));
    assert_eq!(shown("2026-10-25T00:30:00Z"), (2, 30, 0x80));
    assert_eq!(shown("2026-10-25T01:30:00Z"), (2, 30, 0x00));
}

#[test]
fn every_push_names_its_meter_and_its_list() {
    let mut feed = feed(at("2026-05-04T00:00:00Z"), &Protection::Plain);
    for list in [[0, 8, 25, 9, 0, 255], [0, 9, 25, 9, 0, 255]] {
        let push = feed.next().expect("a push");
        let said = said(&taken_apart(&push.bytes).message);
        assert_eq!(said.octets([0, 0, 42, 0, 0]), feed.meter().serial().as_bytes());
        assert_eq!(said.octets([0, 0, 96, 1, 1]), b"7000007");
        assert_eq!(said.values[&(list, 1)], Data::OctetString(list.to_vec()));
    }
}

#[test]
fn skipped_pushes_are_gone_and_the_next_ones_are_the_same() {
    let start = at("2026-05-04T10:00:00Z");
    let all: Vec<_> = feed(start, &Protection::Plain).take(60).collect();
    let mut skipping = feed(start, &Protection::Plain);
    skipping.next();
    skipping.skip_to(at("2026-05-04T10:02:01Z"));
    let next = skipping.next().expect("a push");
    assert_eq!(next.due, at("2026-05-04T10:02:05Z"));
    assert!(all.contains(&next));
    skipping.skip_to(start);
    assert_eq!(skipping.due(), at("2026-05-04T10:02:10Z"));
}

#[test]
fn keys_do_not_show_in_debug_output() {
    for protection in protections() {
        let feed = feed(at("2026-05-04T00:00:00Z"), &protection);
        let text = format!("{protection:?} {feed:?}");
        assert!(!text.contains("17, 17") && !text.contains("34, 34"), "{text}");
    }
}
