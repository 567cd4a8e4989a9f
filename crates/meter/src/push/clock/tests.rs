use super::*;

fn sent(text: &str, deviation: Option<i16>, status: Option<u8>) -> Sent {
    let part = |from: usize, to: usize| text[from..to].parse().expect("digits");
    let time = MeterTime {
        year: text[..4].parse().expect("digits"),
        month: part(5, 7),
        day: part(8, 10),
        hour: part(11, 13),
        minute: part(14, 16),
        second: part(17, 19),
        hundredths: None,
        deviation,
        status,
    };
    Sent { bytes: date_time::encode(&time), offset: 100 }
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/Zurich").expect("in the zone data")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("an instant")
}

struct Given {
    object: Option<Sent>,
    header: Option<Sent>,
    arrival: Option<&'static str>,
    previous: Option<&'static str>,
}

fn outcome(given: &Given) -> (Option<String>, Vec<(DefectCode, u64)>) {
    let zone = zone();
    let mut defects = Vec::new();
    let sources = Sources {
        object: given.object,
        header: given.header,
        zone: Some(&zone),
        arrival: given.arrival.map(at),
        previous: given.previous.map(at),
    };
    let resolved = resolve(&sources, &mut defects);
    let codes = defects.iter().map(|defect| (defect.code, defect.offset)).collect();
    (resolved.measured_at.map(|instant| instant.to_string()), codes)
}

const NOTHING: Given = Given { object: None, header: None, arrival: None, previous: None };

#[test]
fn deviation_counts_from_utc_and_needs_no_zone() {
    let header = Some(sent("2023-06-06T17:31:20", Some(-120), Some(0x80)));
    let found = outcome(&Given { header, ..NOTHING });
    assert_eq!(found, (Some("2023-06-06T15:31:20Z".to_owned()), vec![]));
}

#[test]
fn object_wins_over_header_and_its_invalid_bit_is_a_note() {
    let object = Some(sent("2021-07-06T14:58:18", None, Some(0x81)));
    let header = Some(sent("2021-07-06T14:58:16", None, Some(0)));
    let found = outcome(&Given { object, header, ..NOTHING });
    let note = (DefectCode::MeterClockInvalidFlag, 111);
    assert_eq!(found, (Some("2021-07-06T12:58:18Z".to_owned()), vec![note]));
}

#[test]
fn the_repeated_hour_follows_the_objects_daylight_saving_bit() {
    for (status, instant) in [(0x80, "2025-10-26T00:30:00Z"), (0x00, "2025-10-26T01:30:00Z")] {
        let object = Some(sent("2025-10-26T02:30:00", None, Some(status)));
        let found = outcome(&Given { object, ..NOTHING });
        assert_eq!(found, (Some(instant.to_owned()), vec![]));
    }
}

#[test]
fn the_repeated_hour_of_a_header_follows_arrival_then_order() {
    // The header's own bit says daylight saving in neither hour and is not believed.
    let header = Some(sent("2025-10-26T02:30:00", None, Some(0)));
    for (arrival, previous, instant) in [
        (Some("2025-10-26T00:30:04Z"), None, "2025-10-26T00:30:00Z"),
        (Some("2025-10-26T01:30:04Z"), None, "2025-10-26T01:30:00Z"),
        (None, Some("2025-10-26T00:29:55Z"), "2025-10-26T00:30:00Z"),
        (None, Some("2025-10-26T00:59:55Z"), "2025-10-26T01:30:00Z"),
    ] {
        let found = outcome(&Given { header, arrival, previous, ..NOTHING });
        assert_eq!(found, (Some(instant.to_owned()), vec![]));
    }
    let found = outcome(&Given { header, ..NOTHING });
    assert_eq!(found.1, [(DefectCode::MeterClockAmbiguous, 100)]);
}

#[test]
fn the_skipped_hour_is_a_defect() {
    let header = Some(sent("2025-03-30T02:30:00", None, None));
    let found = outcome(&Given { header, ..NOTHING });
    let defect = (DefectCode::MeterClockGap, 100);
    assert_eq!(found, (Some("2025-03-30T01:30:00Z".to_owned()), vec![defect]));
}

#[test]
fn a_clock_far_ahead_gives_way_to_the_arrival() {
    let header = Some(sent("2025-06-01T12:30:00", None, None));
    let arrival = Some("2025-06-01T10:15:00Z");
    let found = outcome(&Given { header, arrival, ..NOTHING });
    let defect = (DefectCode::MeterClockAhead, 100);
    assert_eq!(found, (Some("2025-06-01T10:15:00Z".to_owned()), vec![defect]));
    let arrival = Some("2025-06-01T10:22:00Z");
    let found = outcome(&Given { header, arrival, ..NOTHING });
    assert_eq!(found, (Some("2025-06-01T10:30:00Z".to_owned()), vec![]));
}

#[test]
fn an_impossible_object_leaves_the_header() {
    let header = Some(sent("2025-06-01T12:30:00", None, None));
    let object = Some(Sent { bytes: [0x3F; 12], offset: 7 });
    let found = outcome(&Given { object, header, ..NOTHING });
    let defect = (DefectCode::MeterClockImpossible, 7);
    assert_eq!(found, (Some("2025-06-01T10:30:00Z".to_owned()), vec![defect]));
}

#[test]
fn an_unspecified_clock_says_nothing() {
    let header = Some(Sent { bytes: [0xFF; 12], offset: 7 });
    assert_eq!(outcome(&Given { header, ..NOTHING }), (None, vec![]));
}
