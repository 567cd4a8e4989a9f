//! When a row was measured.
//!
//! In: the text of its time, a format, a zone. Out: an instant. Refuses: wall-clock times that the
//! zone skipped; a repeated hour is told apart by the order of the rows.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use reading::Timestamp;

/// How times are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    /// RFC 3339, or a date and a time with or without seconds.
    Detected,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
    /// strftime directives.
    Pattern(String),
}

/// What a date with 00:00 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Midnight {
    /// The day begins.
    #[default]
    BeginOfDay,
    /// The day ends: it is 24:00.
    EndOfDay,
}

/// The clock of a file.
#[derive(Debug, Clone)]
pub(super) struct FileClock {
    pub(super) format: Format,
    pub(super) zone: TimeZone,
    pub(super) midnight: Midnight,
    /// The row before, to tell the two passes of a repeated hour apart.
    pub(super) before: Option<Timestamp>,
}

const PATTERNS: [&str; 8] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
];
const EXPECTED: &str = "expected a time such as 2026-05-04T11:39:21+02:00, 2026-05-04 11:39 or \
                        04.05.2026 11:39; other forms need --time-format";

impl FileClock {
    /// The instant of a text.
    ///
    /// # Errors
    /// It does not follow the format, or no clock of the zone ever showed it.
    pub(super) fn instant(&mut self, text: &str) -> Result<Timestamp, String> {
        let text = text.trim();
        let at = match &self.format {
            Format::Detected => match Timestamp::parse_rfc3339(text) {
                Ok(at) => at,
                Err(_) => {
                    let parsed =
                        PATTERNS.iter().find_map(|pattern| self.parsed(pattern, text).ok());
                    self.resolved(text, &parsed.ok_or_else(|| format!("\"{text}\": {EXPECTED}"))?)?
                }
            },
            Format::Unix => epoch(text, 6)?,
            Format::UnixMillis => epoch(text, 3)?,
            Format::Pattern(pattern) => {
                let parsed = self.parsed(pattern, text);
                let parsed = parsed
                    .map_err(|error| format!("\"{text}\" does not follow {pattern}: {error}"))?;
                self.resolved(text, &parsed)?
            }
        };
        self.before = Some(at);
        Ok(at)
    }

    fn parsed(&self, pattern: &str, text: &str) -> Result<Wall, jiff::Error> {
        let parsed = strtime::parse(pattern, text)?;
        if parsed.offset().is_some() {
            return Ok(Wall::Instant(parsed.to_timestamp()?));
        }
        let mut wall = parsed.to_datetime()?;
        if self.midnight == Midnight::EndOfDay && wall.time() == jiff::civil::Time::midnight() {
            wall = wall.date().tomorrow()?.at(0, 0, 0, 0);
        }
        Ok(Wall::Local(wall))
    }

    fn resolved(&self, text: &str, wall: &Wall) -> Result<Timestamp, String> {
        let local = match *wall {
            Wall::Instant(at) => return Ok(Timestamp::from_micros(at.as_microsecond())),
            Wall::Local(local) => local,
        };
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let micros = |at: jiff::Timestamp| Timestamp::from_micros(at.as_microsecond());
        let zone = self.zone.iana_name().unwrap_or("the site's zone");
        let beyond = |_| format!("\"{text}\" is beyond the years 1 to 9999");
        match ambiguous.offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { .. } => {
                ambiguous.unambiguous().map(micros).map_err(beyond)
            }
            jiff::tz::AmbiguousOffset::Gap { .. } => {
                Err(format!("\"{text}\" does not exist in {zone}: clocks were set forward over it"))
            }
            jiff::tz::AmbiguousOffset::Fold { .. } => {
                let earlier = ambiguous.earlier().map(micros).map_err(beyond)?;
                let later = ambiguous.later().map(micros).map_err(beyond)?;
                // Clocks showed it twice: the first pass, unless the rows are past that already.
                let passed = self.before.is_some_and(|before| before >= earlier && before < later);
                Ok(if passed { later } else { earlier })
            }
        }
    }
}

enum Wall {
    Instant(jiff::Timestamp),
    Local(jiff::civil::DateTime),
}

fn epoch(text: &str, powers: i8) -> Result<Timestamp, String> {
    let wrong = || format!("\"{text}\": expected a number since 1970");
    let number: reading::Decimal = text.parse().map_err(|_| wrong())?;
    let micros = number.shifted(powers).ok_or_else(wrong)?;
    #[allow(clippy::cast_possible_truncation)] // Microseconds within the range checked below.
    let micros = micros.to_f64().round() as i64;
    if micros.unsigned_abs() > 253_402_300_799_999_999 {
        Err(wrong())
    } else {
        Ok(Timestamp::from_micros(micros))
    }
}
