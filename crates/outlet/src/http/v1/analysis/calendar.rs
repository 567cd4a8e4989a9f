//! Steps of the local calendar: a day has 23, 24 or 25 hours.
//!
//! In: an instant, a zone. Out: the begin of its step and of the next. Quarter hours and hours
//! follow the wall clock, days begin at local midnight (or where a change of the clock puts it),
//! weeks on Monday (ISO 8601).

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan, ZonedDateTime};
use reading::Timestamp;

/// A step of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    TenMinutes,
    QuarterHour,
    Hour,
    Day,
    Week,
    Month,
}

impl Step {
    pub(super) const ALL: [Self; 6] =
        [Self::TenMinutes, Self::QuarterHour, Self::Hour, Self::Day, Self::Week, Self::Month];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::TenMinutes => "10min",
            Self::QuarterHour => "15min",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// Steps of an answer whose begin was not asked.
    pub(super) const fn usual_count(self) -> usize {
        match self {
            Self::TenMinutes => 36,
            Self::QuarterHour => 48,
            Self::Hour => 24,
            Self::Day => 30,
            Self::Week | Self::Month => 12,
        }
    }

    /// The begin of the step that holds an instant; `None` far outside of our time.
    pub(super) fn floor(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
        let local = local.to_zoned_datetime(zone.clone());
        match self.minutes() {
            Some(minutes) => {
                let into = i64::from(local.minute()) % minutes * 60 + i64::from(local.second());
                let into = SignedDuration::from_secs(into)
                    + SignedDuration::from_nanos(i64::from(local.subsec_nanosecond()));
                instant(&local.checked_sub(into).ok()?)
            }
            None => start_of(self.first_day(local.date())?, zone),
        }
    }

    /// The begin of the step behind the one that begins at an instant.
    pub(super) fn next(self, begin: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = jiff::Timestamp::from_microsecond(begin.as_micros()).ok()?;
        let local = local.to_zoned_datetime(zone.clone());
        if let Some(minutes) = self.minutes() {
            let next = instant(&local.checked_add(SignedDuration::from_mins(minutes)).ok()?)?;
            // Where the clock changes by a part of a step, the next one begins earlier.
            return Some(self.floor(next, zone).filter(|floor| *floor > begin).unwrap_or(next));
        }
        let span = match self {
            Self::Week => 1.week(),
            Self::Month => 1.month(),
            _ => 1.day(),
        };
        start_of(self.first_day(local.date().checked_add(span).ok()?)?, zone)
    }

    /// The begin of the step that lies `count` before the one that holds an instant.
    pub(super) fn back(self, at: Timestamp, count: usize, zone: &TimeZone) -> Option<Timestamp> {
        let mut begin = self.floor(at, zone)?;
        for _ in 0..count {
            begin = self.floor(Timestamp::from_micros(begin.as_micros().checked_sub(1)?), zone)?;
        }
        Some(begin)
    }

    const fn minutes(self) -> Option<i64> {
        match self {
            Self::TenMinutes => Some(10),
            Self::QuarterHour => Some(15),
            Self::Hour => Some(60),
            _ => None,
        }
    }

    fn first_day(self, date: Date) -> Option<Date> {
        match self {
            Self::Month => Some(date.first_of_month()),
            Self::Week if date.weekday() != Weekday::Monday => {
                date.nth_weekday(-1, Weekday::Monday).ok()
            }
            _ => Some(date),
        }
    }
}

fn start_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    instant(&date.to_zoned_datetime(zone.clone()).ok()?.start_of_day().ok()?)
}

fn instant(zoned: &ZonedDateTime) -> Option<Timestamp> {
    Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a time")
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("known")
    }

    fn hours(step: Step, begin: Timestamp, zone: &TimeZone) -> f64 {
        step.next(begin, zone).expect("our time").since(begin).as_secs_f64() / 3600.0
    }

    #[test]
    fn days_have_as_many_hours_as_the_clock_gives_them() {
        let paris = zone("Europe/Paris");
        for (noon, begin, length) in [
            ("2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", 23.0),
            ("2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", 25.0),
            ("2026-05-04T12:00:00Z", "2026-05-03T22:00:00Z", 24.0),
        ] {
            let day = Step::Day.floor(at(noon), &paris).expect("our time");
            assert_eq!((day, hours(Step::Day, day, &paris)), (at(begin), length));
        }
        let week = Step::Week.floor(at("2026-10-25T12:00:00Z"), &paris).expect("our time");
        assert_eq!((week, hours(Step::Week, week, &paris)), (at("2026-10-18T22:00:00Z"), 169.0));
        let month = Step::Month.floor(at("2026-03-29T12:00:00Z"), &paris).expect("our time");
        assert_eq!((month, hours(Step::Month, month, &paris)), (at("2026-02-28T23:00:00Z"), 743.0));
    }

    #[test]
    fn short_steps_follow_the_wall_clock_and_lose_no_time() {
        for name in ["Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"] {
            let zone = zone(name);
            for step in Step::ALL {
                let mut begin = step.floor(at("2026-03-27T05:17:03.5Z"), &zone).expect("our time");
                assert!(begin <= at("2026-03-27T05:17:03.5Z"));
                while begin < at("2026-04-10T00:00:00Z") {
                    let next = step.next(begin, &zone).expect("our time");
                    let inside = Timestamp::from_micros(next.as_micros() - 1);
                    assert!(next > begin);
                    assert_eq!(step.floor(inside, &zone), Some(begin), "{name} {step:?} {begin}");
                    begin = next;
                }
            }
        }
    }

    #[test]
    fn going_back_counts_steps_of_the_calendar() {
        let paris = zone("Europe/Paris");
        let back = Step::Month.back(at("2026-05-31T12:00:00Z"), 3, &paris);
        assert_eq!(back, Some(at("2026-01-31T23:00:00Z")));
    }
}
