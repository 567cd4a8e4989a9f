//! Wall clocks: what a clock on the workshop's wall and the meter's clock show.
//!
//! In: an instant and a time zone. Out: local day and hour, the meter's date-time.

use jiff::tz::TimeZone;
use reading::{MeterTime, Timestamp};

/// What the wall clock shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    /// Hours since local midnight with their fraction. **Range** 0 to 24, 24 excluded.
    pub(crate) hour: f64,
    /// Saturday or Sunday.
    pub(crate) weekend: bool,
}

impl Local {
    pub(crate) fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let offset = i64::from(zone.to_offset(instant(at)).seconds());
        let seconds = at.as_micros().div_euclid(1_000_000) + offset;
        // 1970-01-01 was a Thursday.
        let weekday = (seconds.div_euclid(86_400) + 3).rem_euclid(7);
        Self { hour: seconds.rem_euclid(86_400) as f64 / 3600.0, weekend: weekday >= 5 }
    }

    /// Between the two hours of the same day; the first belongs to it, the second not.
    pub(crate) fn between(self, from: f64, to: f64) -> bool {
        (from..to).contains(&self.hour)
    }
}

/// The instant as jiff has it, held within jiff's range.
fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX)
}

/// The wall clock that a meter without deviation sends, and whether summer time is in force.
///
/// Hundredths, deviation and status are left unspecified.
pub(crate) fn meter_time(at: Timestamp, zone: &TimeZone) -> (MeterTime, bool) {
    let info = zone.to_offset_info(instant(at));
    let local = info.offset().to_datetime(instant(at));
    let positive = |field: i8| field.unsigned_abs();
    let time = MeterTime {
        year: local.year().unsigned_abs(),
        month: positive(local.month()),
        day: positive(local.day()),
        hour: positive(local.hour()),
        minute: positive(local.minute()),
        second: positive(local.second()),
        hundredths: None,
        deviation: None,
        status: None,
    };
    (time, info.dst().is_dst())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").expect("bundled")
    }

    fn shown(at: &str) -> (u8, u8, bool) {
        let at = Timestamp::parse_rfc3339(at).expect("a time");
        let (time, summer) = meter_time(at, &paris());
        (time.hour, time.minute, summer)
    }

    #[test]
    fn the_clock_jumps_with_summer_time() {
        assert_eq!(shown("2026-03-29T00:59:00Z"), (1, 59, false));
        assert_eq!(shown("2026-03-29T01:00:00Z"), (3, 0, true));
        assert_eq!(shown("2026-10-25T00:59:00Z"), (2, 59, true));
        assert_eq!(shown("2026-10-25T01:00:00Z"), (2, 0, false));
    }

    #[test]
    fn knows_the_week_end_by_local_midnight() {
        let weekend = |at| {
            let at = Timestamp::parse_rfc3339(at).expect("a time");
            Local::of(at, &paris()).weekend
        };
        assert!(!weekend("2026-07-03T21:59:59Z"));
        assert!(weekend("2026-07-03T22:00:00Z"));
        assert!(weekend("2026-07-05T21:59:59Z"));
        assert!(!weekend("2026-07-05T22:00:00Z"));
    }
}
