//! Dates and times of data types F, G, I and J.
//!
//! # Source
//! EN 13757-3:2018, annex A: type F (CP32), G (CP16), I (CP48), J (CP24). The years of type F and
//! G are two digits; 81 to 99 belong to the last century unless type F's hundreds say otherwise.

use std::fmt;

/// Years from here on, without hundreds, belong to the 20th century.
const LAST_CENTURY_FROM: u16 = 81;

/// A date, type G. Its fields are what was sent: 0 and 15 stand for no month, 0 for no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// With its century.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A time of day, type J.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// A date and time, type F or I.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime {
    /// The date.
    pub date: Date,
    /// The time of day.
    pub time: Time,
    /// The meter says itself that its clock is not to be believed.
    pub invalid: bool,
    /// Daylight saving time is in force.
    pub daylight_saving: bool,
}

impl Date {
    /// Type G.
    #[must_use]
    pub const fn of_type_g([low, high]: [u8; 2]) -> Self {
        let (day, month, year) = fields(low, high);
        Self { year: century(year, None), month, day }
    }

    /// Whether a calendar has this date.
    #[must_use]
    pub const fn is_possible(&self) -> bool {
        self.month >= 1 && self.month <= 12 && self.day >= 1 && self.day <= 31
    }
}

impl Time {
    /// Type J.
    #[must_use]
    pub const fn of_type_j([second, minute, hour]: [u8; 3]) -> Self {
        Self { hour: hour & 0x1F, minute: minute & 0x3F, second: second & 0x3F }
    }
}

impl DateTime {
    /// Type F.
    #[must_use]
    pub const fn of_type_f([minute, hour, low, high]: [u8; 4]) -> Self {
        let (day, month, year) = fields(low, high);
        Self {
            date: Date { year: century(year, Some(hour >> 5 & 0x03)), month, day },
            time: Time { hour: hour & 0x1F, minute: minute & 0x3F, second: 0 },
            invalid: minute & 0x80 != 0,
            daylight_saving: hour & 0x80 != 0,
        }
    }

    /// Type I.
    #[must_use]
    pub const fn of_type_i([second, minute, hour, low, high, _]: [u8; 6]) -> Self {
        let (day, month, year) = fields(low, high);
        Self {
            date: Date { year: 2000 + year, month, day },
            time: Time { hour: hour & 0x1F, minute: minute & 0x3F, second: second & 0x3F },
            invalid: minute & 0x80 != 0,
            daylight_saving: second & 0x40 != 0,
        }
    }

    /// Whether it names an instant of a calendar and the meter stands by it.
    #[must_use]
    pub const fn is_possible(&self) -> bool {
        !self.invalid
            && self.date.is_possible()
            && self.time.hour < 24
            && self.time.minute < 60
            && self.time.second < 60
    }
}

/// Day, month and two-digit year of the two bytes that all types share.
#[allow(clippy::as_conversions, clippy::cast_lossless)] // `From` is not const.
const fn fields(low: u8, high: u8) -> (u8, u8, u16) {
    let year = (low >> 5) as u16 | ((high & 0xF0) >> 1) as u16;
    (low & 0x1F, high & 0x0F, year)
}

#[allow(clippy::as_conversions, clippy::cast_lossless)] // `From` is not const.
const fn century(year: u16, hundreds: Option<u8>) -> u16 {
    match hundreds {
        Some(hundreds) if hundreds > 0 => 1900 + 100 * hundreds as u16 + year,
        _ if year >= LAST_CENTURY_FROM && year <= 99 => 1900 + year,
        _ => 2000 + year,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hour, minute, second } = self;
        write!(f, "{hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Display for DateTime {
    /// As libmbus prints it; a time that the meter calls invalid is `1900-01-00T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.invalid {
            return f.write_str("1900-01-00T00:00:00Z");
        }
        write!(f, "{}T{}Z", self.date, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_prints_as_libmbus_does() {
        assert_eq!(
            DateTime::of_type_f([0x32, 0x37, 0x1F, 0x15]).to_string(),
            "2008-05-31T23:50:00Z"
        );
        assert_eq!(
            DateTime::of_type_f([0x10, 0x09, 0x05, 0xC5]).to_string(),
            "1996-05-05T09:16:00Z"
        );
        assert_eq!(
            DateTime::of_type_f([0xA1, 0x15, 0xE9, 0x17]).to_string(),
            "1900-01-00T00:00:00Z"
        );
        assert_eq!(Date::of_type_g([0xDF, 0x1C]).to_string(), "2014-12-31");
        assert_eq!(Date::of_type_g([0, 0]).to_string(), "2000-00-00");
        let i = DateTime::of_type_i([0x5E, 0x2F, 0x0D, 0xB4, 0x16, 0]);
        assert_eq!(i.to_string(), "2013-06-20T13:47:30Z");
        assert!(i.daylight_saving && i.is_possible());
        assert_eq!(Time::of_type_j([59, 8, 23]).to_string(), "23:08:59");
    }

    #[test]
    fn hundreds_of_type_f_tell_the_century() {
        let year = |hundreds: u8, year: u8| {
            let bytes = [0, hundreds << 5, (year & 7) << 5 | 1, (year >> 3) << 4 | 1];
            DateTime::of_type_f(bytes).date.year
        };
        assert_eq!(year(0, 80), 2080);
        assert_eq!(year(0, 81), 1981);
        assert_eq!(year(1, 99), 2099);
        assert_eq!(year(2, 5), 2105);
    }

    #[test]
    fn what_no_calendar_has_is_told() {
        assert!(!Date::of_type_g([0xFF, 0xFF]).is_possible());
        assert!(!DateTime::of_type_f([0x3B, 0x1F, 0x1F, 0x15]).is_possible());
    }
}
