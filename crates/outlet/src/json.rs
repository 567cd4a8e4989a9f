//! Numbers and times as JSON, exact.
//!
//! In: decimals with their digits, instants. Out: JSON numbers with the same digits (through
//! `RawValue`, never through `f64`) and RFC 3339 texts.

use jiff::tz::TimeZone;
use reading::{Decimal, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal as a JSON number with all its digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits(pub(crate) Decimal);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// An instant as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Utc(pub(crate) Timestamp);

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The instant as Python's `datetime.utcnow().isoformat()` writes it: naive UTC, microseconds only
/// when there are some.
pub(crate) fn isoformat(at: Timestamp) -> String {
    let mut text = at.to_string();
    text.pop();
    text
}

/// The instant in the zone, RFC 3339 with its offset.
pub(crate) fn with_offset(at: Timestamp, zone: &TimeZone) -> String {
    let seconds = offset_seconds(at, zone);
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    let wall = isoformat(wall_clock(at, zone));
    format!("{wall}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Hours and minutes of the wall clock in the zone.
pub(crate) fn hours_minutes(at: Timestamp, zone: &TimeZone) -> String {
    let text = wall_clock(at, zone).to_string();
    text.get(11..16).unwrap_or_default().to_owned()
}

/// The wall clock in the zone, read as if it were UTC.
fn wall_clock(at: Timestamp, zone: &TimeZone) -> Timestamp {
    let offset = i64::from(offset_seconds(at, zone)) * 1_000_000;
    Timestamp::from_micros(at.as_micros().saturating_add(offset))
}

fn offset_seconds(at: Timestamp, zone: &TimeZone) -> i32 {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros());
    instant.map_or(0, |instant| zone.to_offset(instant).seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a time")
    }

    #[test]
    fn digits_are_never_rounded() {
        let text = serde_json::to_string(&Digits(Decimal::new(123_456_789_012_345_678, -3)));
        assert_eq!(text.expect("serialises"), "123456789012345.678");
        let text = serde_json::to_string(&Digits(Decimal::new(2300, -1)));
        assert_eq!(text.expect("serialises"), "230.0");
    }

    #[test]
    fn isoformat_follows_pythons_rule_for_microseconds() {
        assert_eq!(isoformat(at("2026-05-04T09:39:21Z")), "2026-05-04T09:39:21");
        assert_eq!(isoformat(at("2026-05-04T09:39:21.25Z")), "2026-05-04T09:39:21.250000");
    }

    #[test]
    fn local_times_carry_the_offset_of_their_season() {
        let zone = TimeZone::get("Europe/Paris").expect("known");
        let cases = [
            ("2026-05-04T09:39:21Z", "2026-05-04T11:39:21+02:00", "11:39"),
            ("2026-01-04T23:39:21.5Z", "2026-01-05T00:39:21.500000+01:00", "00:39"),
        ];
        for (utc, local, clock) in cases {
            assert_eq!(with_offset(at(utc), &zone), local);
            assert_eq!(hours_minutes(at(utc), &zone), clock);
        }
        let newfoundland = TimeZone::get("America/St_Johns").expect("known");
        let local = with_offset(at("2026-01-04T00:00:00Z"), &newfoundland);
        assert_eq!(local, "2026-01-03T20:30:00-03:30");
    }
}
