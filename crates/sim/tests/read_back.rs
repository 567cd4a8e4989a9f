//! Our own decoder reads what the simulator sends, over good lines and bad ones.

use jiff::tz::TimeZone;
use meter::push::{DefectCode, Outcome, PushOptions, PushReader};
use proptest::prelude::*;
use reading::Timestamp;
use sim::{E450, E450Feed, KEY_LENGTH, Kind, Losses, LossyWire, Protection, Push};

const GUEK: [u8; KEY_LENGTH] = [0x11; KEY_LENGTH];
const GAK: [u8; KEY_LENGTH] = [0x22; KEY_LENGTH];
/// 2026-05-04T00:57:00Z: the poll for sub-meters comes within the first pushes.
const START: Timestamp = Timestamp::from_seconds(1_777_856_220);

fn zone() -> TimeZone {
    TimeZone::get("Europe/Paris").expect("bundled")
}

fn keys() -> impl Strategy<Value = (Option<[u8; KEY_LENGTH]>, Option<[u8; KEY_LENGTH]>)> {
    prop_oneof![Just((None, None)), Just((Some(GUEK), None)), Just((Some(GUEK), Some(GAK)))]
}

fn pushes(seed: u64, protection: &Protection, count: usize) -> Vec<Push> {
    E450Feed::new(seed, START, &zone(), protection).take(count).collect()
}

fn read(
    guek: Option<[u8; KEY_LENGTH]>,
    gak: Option<[u8; KEY_LENGTH]>,
    pieces: &[Vec<u8>],
) -> Vec<Outcome> {
    let mut reader = PushReader::new(PushOptions {
        guek,
        gak,
        profile: meter::profile("lgz_e450"),
        zone: Some(zone()),
        ..PushOptions::default()
    });
    let fed: Vec<_> = pieces.iter().flat_map(|piece| reader.feed(None, piece)).collect();
    fed.into_iter().chain(reader.finish()).collect()
}

/// What must be the same wherever the telegram stood in the stream.
fn told(outcome: &Outcome) -> (Option<Timestamp>, String) {
    let values = outcome.values.iter().map(|value| value.reading.clone());
    (outcome.measured_at, format!("{:?} {:?}", outcome.list, values.collect::<Vec<_>>()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_telegram_is_delivered_without_a_defect(seed: u64, (guek, gak) in keys(), piece in 1_usize..700) {
        let pushes = pushes(seed, &Protection::of(guek, gak), 40);
        let bytes: Vec<u8> = pushes.iter().flat_map(|push| push.bytes.clone()).collect();
        let pieces: Vec<Vec<u8>> = bytes.chunks(piece).map(<[u8]>::to_vec).collect();
        let outcomes = read(guek, gak, &pieces);
        let lists: Vec<_> = pushes.iter().filter(|push| push.kind != Kind::SubMeterPoll).collect();
        prop_assert_eq!(outcomes.len(), lists.len());
        let meter = E450::new(seed, zone(), &Protection::Plain);
        for (outcome, push) in outcomes.iter().zip(lists) {
            prop_assert!(outcome.delivered && outcome.defects.is_empty(), "{:?}", outcome.defects);
            prop_assert_eq!(outcome.measured_at, Some(push.due));
            prop_assert_eq!(outcome.security.authenticated, gak.is_some());
            prop_assert_eq!(outcome.meter.as_deref(), Some(meter.serial()));
        }
    }
}

#[test]
fn a_bad_line_loses_telegrams_and_never_changes_a_value() {
    let protections = [(None, None), (Some(GUEK), None), (Some(GUEK), Some(GAK))];
    for (seed, (guek, gak)) in (0..12).zip(protections.into_iter().cycle()) {
        let pushes = pushes(seed, &Protection::of(guek, gak), 60);
        let clean: Vec<Vec<u8>> = pushes.iter().map(|push| push.bytes.clone()).collect();
        let sent: Vec<_> = read(guek, gak, &clean).iter().map(told).collect();
        let losses = Losses { dropped: 0.0004, doubled: 0.0004, corrupted: 0.0004 };
        let mut wire = LossyWire::new(seed, losses);
        let arrived: Vec<Vec<u8>> = clean.iter().map(|bytes| wire.carry(bytes)).collect();
        let outcomes = read(guek, gak, &arrived);
        let delivered: Vec<_> = outcomes.iter().filter(|outcome| outcome.delivered).collect();
        let count = delivered.len();
        assert!(count < sent.len() && count > sent.len() / 5, "seed {seed}: {count}");
        for outcome in delivered {
            assert!(sent.contains(&told(outcome)), "seed {seed}: {outcome:?}");
        }
    }
}

#[test]
fn another_key_delivers_nothing() {
    let pushes = pushes(1, &Protection::of(Some(GUEK), Some(GAK)), 4);
    let bytes: Vec<Vec<u8>> = pushes.into_iter().map(|push| push.bytes).collect();
    let outcomes = read(Some([0x33; KEY_LENGTH]), None, &bytes);
    assert_eq!(outcomes.len(), 4);
    assert!(outcomes.iter().all(|outcome| !outcome.delivered && outcome.has(DefectCode::WrongKey)));
}
