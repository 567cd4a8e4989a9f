//! Instants, and the clock a meter shows.

use std::fmt;
use std::time::Duration;

/// An instant in UTC.
///
/// **Unit** microseconds since 1970-01-01T00:00:00Z, without leap seconds. **Range** the years
/// 0001 to 9999, so that it always prints as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 0001-01-01T00:00:00Z.
const MICROS_MIN: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999Z.
const MICROS_MAX: i64 = 253_402_300_799_999_999;
const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// The instant, held within the range by clamping.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        if micros < MICROS_MIN {
            Self(MICROS_MIN)
        } else if micros > MICROS_MAX {
            Self(MICROS_MAX)
        } else {
            Self(micros)
        }
    }

    /// The instant of a count of seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, fraction included.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Time from `earlier` to `self`; zero when `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The instant `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// The instant `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// Reads RFC 3339, such as `2026-05-04T11:39:21.5+02:00`.
    ///
    /// # Errors
    /// Any other text, an impossible date, a missing offset.
    pub fn parse_rfc3339(text: &str) -> Result<Self, ParseTimestampError> {
        parse_rfc3339(text).ok_or(ParseTimestampError)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; the fraction, six digits, only when there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(MICROS_PER_SECOND);
        let micros = self.0.rem_euclid(MICROS_PER_SECOND);
        let (year, month, day) = date_of(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        f.write_str("Z")
    }
}

/// The text is no RFC 3339 instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseTimestampError;

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a time with offset such as 2026-05-04T11:39:21+02:00")
    }
}

impl std::error::Error for ParseTimestampError {}

/// A meter's date-time as sent: wall clock, and what it says about its zone.
///
/// # Source
/// IEC 62056-6-2 (Blue Book), 4.1.6.1, `date-time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MeterTime {
    /// Year, 1 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31, possible in its month.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Hundredths of a second; `None` when not specified.
    pub hundredths: Option<u8>,
    /// Deviation in minutes: UTC = local time + deviation (−120 for summer time in Berlin);
    /// `None` when not specified. **Range** −720 to 840.
    pub deviation: Option<i16>,
    /// The clock status byte: bit 0 invalid, bit 1 doubtful, bit 7 daylight saving active;
    /// `None` when not specified (FF).
    pub status: Option<u8>,
}

impl MeterTime {
    /// The wall clock read as if it were UTC; `None` for an impossible date or time.
    #[must_use]
    pub fn as_if_utc(&self) -> Option<Timestamp> {
        let fields = [self.month, self.day, self.hour, self.minute, self.second];
        let [month, day, hour, minute, second] = fields.map(i64::from);
        let days = days_of(i64::from(self.year), month, day)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
        let micros = i64::from(self.hundredths.unwrap_or(0)) * 10_000;
        Some(Timestamp::from_micros(seconds * MICROS_PER_SECOND + micros))
    }

    /// The instant, when the meter sent its deviation.
    #[must_use]
    pub fn to_utc(&self) -> Option<Timestamp> {
        let deviation = i64::from(self.deviation?);
        let wall = self.as_if_utc()?.as_micros();
        Some(Timestamp::from_micros(wall + deviation * 60 * MICROS_PER_SECOND))
    }
}

impl fmt::Display for MeterTime {
    /// The wall clock, `2026-05-04T11:39:21`, with hundredths when they are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, .. } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match self.hundredths {
            Some(hundredths) if hundredths != 0 => write!(f, ".{hundredths:02}"),
            _ => Ok(()),
        }
    }
}

/// Days since the epoch of a Gregorian date; `None` when there is no such day.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    if day > days_in_month(year, month) {
        return None;
    }
    // Years start in March, so that the leap day is the last day of one.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The Gregorian date of a count of days since the epoch.
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    if !text.is_ascii() || text.len() < 20 {
        return None;
    }
    let (date_time, rest) = text.split_at(19);
    let (date, time) = date_time.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    // A leap second is stored as the last second before it.
    let second = if second == 60 { 59 } else { second };
    let (micros, offset) = fraction(rest)?;
    let offset_seconds = match offset {
        "Z" | "z" => 0,
        _ => {
            let sign = match offset.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            let [hours, minutes] = numbers(offset.get(1..)?, ':', [2, 2])?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3600 + minutes * 60)
        }
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_of(year, month, day)?;
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset_seconds;
    let total = seconds * MICROS_PER_SECOND + micros;
    (MICROS_MIN..=MICROS_MAX).contains(&total).then(|| Timestamp::from_micros(total))
}

/// Splits `.123456+02:00` into microseconds and the offset's text; digits past six are cut.
fn fraction(rest: &str) -> Option<(i64, &str)> {
    let Some(digits) = rest.strip_prefix('.') else {
        return Some((0, rest));
    };
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    let micros = digits.bytes().take(length).chain(std::iter::repeat(b'0')).take(6);
    let micros = micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some((micros, digits.get(length..)?))
}

fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_rfc3339() {
        let cases = [
            ("2026-05-04T09:39:21Z", 1_777_887_561_000_000),
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.500000Z", -500_000),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000),
            ("9999-12-31T23:59:59.999999Z", MICROS_MAX),
            ("0001-01-01T00:00:00Z", MICROS_MIN),
        ];
        for (text, micros) in cases {
            assert_eq!(Timestamp::from_micros(micros).to_string(), text);
            assert_eq!(Timestamp::parse_rfc3339(text), Ok(Timestamp::from_micros(micros)));
        }
        let local = Timestamp::parse_rfc3339("2026-05-04T11:39:21.25+02:00").expect("valid");
        assert_eq!(local.to_string(), "2026-05-04T09:39:21.250000Z");
    }

    #[test]
    fn refuses_impossible_instants() {
        for text in [
            "",
            "2026-05-04T09:39:21",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01 00:00:00é",
            "0001-01-01T00:00:00+01:00",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), Err(ParseTimestampError), "{text}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for days in -150_000..150_000 {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), Some(days));
        }
    }

    #[test]
    fn meter_time_adds_its_deviation() {
        let time = MeterTime {
            year: 2023,
            month: 6,
            day: 6,
            hour: 17,
            minute: 31,
            second: 20,
            hundredths: Some(18),
            deviation: Some(-120),
            status: Some(0x80),
        };
        assert_eq!(time.to_string(), "2023-06-06T17:31:20.18");
        let utc = time.to_utc().expect("possible");
        assert_eq!(utc.to_string(), "2023-06-06T15:31:20.180000Z");
        assert_eq!(MeterTime { day: 31, ..time }.to_utc(), None);
        assert_eq!(MeterTime { deviation: None, ..time }.to_utc(), None);
    }
}
