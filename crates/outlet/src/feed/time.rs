//! When a payload was measured, by its own word.
//!
//! In: a number of seconds, milli-, micro- or nanoseconds since 1970, or a text with or without an
//! offset, and the arrival. Out: an instant, or why there is none. The four units of a number are
//! told apart by size: from 2000 on they never overlap. A text without an offset is the site's
//! clock; in the hour that a clock lives twice the instant nearer to the arrival counts.

use super::formula::exact;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use reading::Timestamp;
use serde_json::value::RawValue;
use std::time::Duration;

/// Clocks of devices may be this far ahead of ours.
const AHEAD_MAX: Duration = Duration::from_secs(300);
/// A clock without an offset may be this far from a message's arrival.
const APART_MAX: Duration = Duration::from_secs(300);
/// 2000-01-01T00:00:00Z: a clock that shows less was never set.
const EARLIEST: Timestamp = Timestamp::from_seconds(946_684_800);
/// Of a second, in a number's possible units.
const SCALES: [(f64, i8); 4] = [(1e11, 6), (1e14, 3), (1e17, 0), (1e20, -3)];

/// What a payload says of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// The instant.
    pub(super) at: Timestamp,
    /// Whether the offset was told too; otherwise the zone is the site's by assumption.
    pub(super) zoned: bool,
}

/// What a payload says, judged by its arrival. `live`: it was sent just before it arrived.
///
/// # Errors
/// The sentence that says what is wrong.
pub(super) fn told(
    json: &RawValue,
    zone: &TimeZone,
    (arrival, live): (Timestamp, bool),
) -> Result<Option<Told>, String> {
    let text = json.get();
    let told = match text.as_bytes().first() {
        Some(b'n') => return Ok(None),
        Some(b'-' | b'0'..=b'9') => number(text).map(|at| Told { at, zoned: true }),
        Some(b'"') => {
            let text: String = serde_json::from_str(text).map_err(|error| error.to_string())?;
            written(text.trim(), zone, arrival)
        }
        _ => None,
    };
    let Some(told) = told else {
        let shown: String = text.chars().take(40).collect();
        return Err(format!("{shown} is no time: expected seconds since 1970 or RFC 3339"));
    };
    if told.at < EARLIEST {
        return Err(format!("{}: the device's clock is not set", told.at));
    }
    if told.at > arrival.plus(AHEAD_MAX) {
        return Err(format!("{} is ahead of the arrival, {arrival}", told.at));
    }
    if !told.zoned && live && arrival.since(told.at) > APART_MAX {
        let detail = "behind the arrival on a clock without offset: is the device's time zone set?";
        return Err(format!("{} is {} s {detail}", told.at, arrival.since(told.at).as_secs()));
    }
    Ok(Some(told))
}

fn number(text: &str) -> Option<Timestamp> {
    let number = exact(text)?;
    let size = number.to_f64();
    let (_, power) = SCALES.into_iter().find(|(limit, _)| size.abs() < *limit)?;
    let micros = number.shifted(power)?.to_f64();
    // A double holds every microsecond until the year 2255.
    #[allow(clippy::cast_possible_truncation)]
    let micros = micros.round() as i64;
    Some(Timestamp::from_micros(micros))
}

fn written(text: &str, zone: &TimeZone, arrival: Timestamp) -> Option<Told> {
    if let Ok(at) = Timestamp::parse_rfc3339(text) {
        return Some(Told { at, zoned: true });
    }
    if let Some(number) = number(text) {
        return Some(Told { at: number, zoned: true });
    }
    let local: DateTime = text.replace(' ', "T").parse().ok()?;
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let instants = [ambiguous.earlier(), ambiguous.later()];
    let instants = instants.into_iter().flatten();
    let instants = instants.map(|instant| Timestamp::from_micros(instant.as_microsecond()));
    let apart = |at: &Timestamp| at.since(arrival).max(arrival.since(*at));
    instants.min_by_key(apart).map(|at| Told { at, zoned: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a time")
    }

    fn read(json: &str, arrival: &str, live: bool) -> Result<Option<Told>, String> {
        let zone = TimeZone::get("Europe/Paris").expect("known");
        told(serde_json::from_str(json).expect("JSON"), &zone, (at(arrival), live))
    }

    const NOON: &str = "2026-05-04T10:00:00Z";

    #[test]
    fn seconds_and_their_parts_are_told_apart_by_size() {
        for json in [
            "1777888799",
            "1777888799000",
            "1777888799000000",
            "1777888799000000000",
            "\"1777888799\"",
        ] {
            let told = read(json, NOON, true).expect("a time").expect("told");
            assert_eq!(told, Told { at: at("2026-05-04T09:59:59Z"), zoned: true }, "{json}");
        }
        let fine = read("1777888799.43", NOON, true).expect("a time").expect("told");
        assert_eq!(fine.at, at("2026-05-04T09:59:59.43Z"));
        assert_eq!(read("null", NOON, true), Ok(None));
    }

    #[test]
    fn a_text_without_offset_is_the_sites_clock() {
        let told = read("\"2026-05-04T11:59:58\"", NOON, true).expect("a time").expect("told");
        assert_eq!(told, Told { at: at("2026-05-04T09:59:58Z"), zoned: false });
        // In the repeated hour the nearer one counts.
        for (arrival, expected) in [
            ("2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z"),
            ("2026-10-25T01:30:01Z", "2026-10-25T01:30:00Z"),
        ] {
            let told = read("\"2026-10-25T02:30:00\"", arrival, true).expect("a time");
            assert_eq!(told.map(|told| told.at), Some(at(expected)));
        }
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_refused() {
        assert!(read("12", NOON, true).expect_err("1970").contains("not set"));
        assert!(read("\"2026-05-04T13:59:58\"", NOON, true).expect_err("ahead").contains("ahead"));
        let behind = read("\"2026-05-04T10:59:58\"", NOON, true).expect_err("an hour behind");
        assert!(behind.contains("3602 s behind"), "{behind}");
        assert!(read("\"2026-05-04T10:59:58\"", NOON, false).is_ok(), "a late message may be old");
        assert!(read("\"2026-05-04T10:59:58+02:00\"", NOON, true).is_ok(), "as it says itself");
        for json in ["true", "{}", "\"noon\"", "1e99"] {
            assert!(read(json, NOON, true).is_err(), "{json}");
        }
    }
}
