//! The clock of a read-out: P1's time stamp, or time and date as registers of their own.
//!
//! In: what the registers show, the site's zone, the arrival. Out: the wall clock and its instant. A
//! clock that says in which season it is (S or W, or a leading 1 or 0) is believed in that: meters
//! that never change to summer time say W all year.

use crate::push::Defect;
use crate::push::clock::{self, Sent, Sources};
use frame::dlms::date_time;
use frame::dsmr::{Season, TimeStamp};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use reading::{MeterTime, Timestamp};

/// Bit 7 of a COSEM clock status: daylight saving is active.
const STATUS_DAYLIGHT_SAVING: u8 = 0x80;

/// What the registers of a read-out show of its clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    date: Option<[u8; 3]>,
    time: Option<[u8; 3]>,
    season: Option<Season>,
    offset: u64,
}

/// What a clock needs to become an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) zone: Option<&'a TimeZone>,
    pub(super) arrival: Option<Timestamp>,
    pub(super) previous: Option<Timestamp>,
}

impl Shown {
    /// Notes a register of the clock: 0-0:1.0.0, 0.9.1, 0.9.2, 0.9.4; a heat meter's 9.36. The
    /// first of each counts, as read-outs may send the clock again at their end.
    pub(super) fn note(&mut self, cde: [u8; 3], text: &str, offset: u64) {
        if !matches!(cde, [1, 0, 0] | [0, 9, 1 | 2 | 4] | [9, 36, 0]) {
            return;
        }
        let (digits, season) = digits_of(text);
        let (date, time) = match (cde, digits.as_slice()) {
            ([1, 0, 0] | [0, 9, 4] | [9, 36, 0], [year, month, day, hour, minute, second]) => {
                (Some([*year, *month, *day]), Some([*hour, *minute, *second]))
            }
            ([0, 9, 1], [hour, minute, second]) => (None, Some([*hour, *minute, *second])),
            ([0, 9, 2], [year, month, day]) => (Some([*year, *month, *day]), None),
            _ => return,
        };
        if date.is_some() && self.date.is_none() {
            (self.date, self.offset) = (date, offset);
            self.season = season.or(self.season);
        }
        if time.is_some() && self.time.is_none() {
            self.time = time;
            self.season = season.or(self.season);
        }
    }

    /// The wall clock and its instant; both `None` when the read-out shows no clock.
    pub(super) fn resolve(
        &self,
        circumstances: Circumstances<'_>,
        defects: &mut Vec<Defect>,
    ) -> (Option<MeterTime>, Option<Timestamp>) {
        let Some(sent) = self.wall() else { return (None, None) };
        let known = circumstances.zone.zip(self.season);
        let deviation = known.and_then(|(zone, season)| deviation_of(zone, &sent, season));
        let Circumstances { zone, arrival, previous } = circumstances;
        let bytes = date_time::encode(&MeterTime { deviation, ..sent });
        let object = Some(Sent { bytes, offset: self.offset });
        let resolved =
            clock::resolve(&Sources { object, header: None, zone, arrival, previous }, defects);
        (resolved.meter_time.map(|_| sent), resolved.measured_at)
    }

    /// The wall clock, possible or not; `None` when date or time is missing.
    fn wall(&self) -> Option<MeterTime> {
        let ([year, month, day], [hour, minute, second]) = self.date.zip(self.time)?;
        let status = self.season.map(|season| match season {
            Season::Summer => STATUS_DAYLIGHT_SAVING,
            Season::Winter => 0,
        });
        let year = 2000 + u16::from(year);
        let (hundredths, deviation) = (None, None);
        Some(MeterTime { year, month, day, hour, minute, second, hundredths, deviation, status })
    }
}

/// The instant of a time stamp beside a value; `None` when it names none.
pub(super) fn instant_of(text: &str, circumstances: Circumstances<'_>) -> Option<Timestamp> {
    let mut shown = Shown::default();
    shown.note([1, 0, 0], text, 0);
    let (_, measured_at) = shown.resolve(circumstances, &mut Vec::new());
    measured_at
}

/// Whether a time stamp is of a date that exists: a device that was never read shows none.
pub(super) fn names_an_instant(text: &str) -> bool {
    let mut shown = Shown::default();
    shown.note([1, 0, 0], text, 0);
    shown.wall().is_some_and(|time| time.as_if_utc().is_some())
}

/// Pairs of digits, and the season: a letter behind them, or a digit before an odd number of them.
fn digits_of(text: &str) -> (Vec<u8>, Option<Season>) {
    if let Some(stamp) = TimeStamp::parse(text) {
        return (stamp.fields.to_vec(), stamp.season);
    }
    let allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b' ' | b'&');
    if !text.bytes().all(allowed) {
        return (Vec::new(), None);
    }
    let mut digits: Vec<u8> =
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte & 0x0F).collect();
    // A year of four digits stands before a separator.
    if text.as_bytes().get(4) == Some(&b'-') && digits.starts_with(&[2, 0]) {
        digits.drain(..2);
    }
    let season = match (digits.len() % 2, digits.first()) {
        (1, Some(0)) => Some(Season::Winter),
        (1, Some(1)) => Some(Season::Summer),
        (1, _) => return (Vec::new(), None),
        _ => None,
    };
    let pairs = digits.get(digits.len() % 2..).unwrap_or_default().chunks_exact(2);
    let pair = |pair: &[u8]| pair.iter().fold(0, |number, digit| number * 10 + digit);
    (pairs.map(pair).collect(), season)
}

/// UTC − wall clock in minutes, for a clock that says in which season it is.
fn deviation_of(zone: &TimeZone, time: &MeterTime, season: Season) -> Option<i16> {
    let summer = season == Season::Summer;
    let civil = civil(time)?;
    let fits = |offset: &Offset| {
        let instant = offset.to_timestamp(civil).ok();
        instant.is_some_and(|instant| zone.to_offset_info(instant).dst().is_dst() == summer)
    };
    let near = match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => [offset, offset],
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            [before, after]
        }
    };
    let offset = near.into_iter().find(fits).or_else(|| other_season(zone, time.year, summer))?;
    i16::try_from(-(offset.seconds() / 60)).ok()
}

/// The offset that the zone has in the other half of the year.
fn other_season(zone: &TimeZone, year: u16, summer: bool) -> Option<Offset> {
    let year = i16::try_from(year).ok()?;
    [1, 7].into_iter().find_map(|month| {
        let day = DateTime::new(year, month, 15, 12, 0, 0, 0).ok()?;
        let instant = zone.to_ambiguous_timestamp(day).compatible().ok()?;
        let info = zone.to_offset_info(instant);
        (info.dst().is_dst() == summer).then(|| info.offset())
    })
}

fn civil(time: &MeterTime) -> Option<DateTime> {
    let year = i16::try_from(time.year).ok()?;
    let [month, day, hour, minute, second] =
        [time.month, time.day, time.hour, time.minute, time.second].map(i8::try_from);
    DateTime::new(year, month.ok()?, day.ok()?, hour.ok()?, minute.ok()?, second.ok()?, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::DefectCode;

    fn shown(registers: &[([u8; 3], &str)]) -> Shown {
        let mut shown = Shown::default();
        for (cde, text) in registers {
            shown.note(*cde, text, 7);
        }
        shown
    }

    fn resolved(registers: &[([u8; 3], &str)], zone: &str) -> (String, Option<String>) {
        let zone = TimeZone::get(zone).expect("a zone");
        let circumstances = Circumstances { zone: Some(&zone), arrival: None, previous: None };
        let (time, instant) = shown(registers).resolve(circumstances, &mut Vec::new());
        (time.map(|time| time.to_string()).unwrap_or_default(), instant.map(|at| at.to_string()))
    }

    #[test]
    fn reads_the_clocks_of_every_protocol() {
        /// Registers, the meter's time and the instant.
        type Case = (&'static [([u8; 3], &'static str)], &'static str, &'static str);
        let cases: [Case; 6] = [
            (&[([1, 0, 0], "200512135409S")], "2020-05-12T13:54:09", "2020-05-12T11:54:09Z"),
            (&[([1, 0, 0], "170102192002W")], "2017-01-02T19:20:02", "2017-01-02T18:20:02Z"),
            (
                &[([0, 9, 1], "23:16:43"), ([0, 9, 2], "21-01-04")],
                "2021-01-04T23:16:43",
                "2021-01-04T22:16:43Z",
            ),
            (
                &[([0, 9, 1], "201455"), ([0, 9, 2], "0170318")],
                "2017-03-18T20:14:55",
                "2017-03-18T19:14:55Z",
            ),
            (&[([9, 36, 0], "2017-01-18&01:36:47")], "2017-01-18T01:36:47", "2017-01-18T00:36:47Z"),
            // The clock again at the end of the read-out.
            (
                &[([0, 9, 1], "211029"), ([0, 9, 2], "240321"), ([0, 9, 1], "211033")],
                "2024-03-21T21:10:29",
                "2024-03-21T20:10:29Z",
            ),
        ];
        for (registers, wall, instant) in cases {
            let expected = (wall.to_owned(), Some(instant.to_owned()));
            assert_eq!(resolved(registers, "Europe/Amsterdam"), expected, "{registers:?}");
        }
    }

    #[test]
    fn the_season_of_the_stamp_decides() {
        let at = |stamp: &'static str, zone| resolved(&[([1, 0, 0], stamp)], zone).1;
        // The repeated hour in October.
        assert_eq!(at("231029023000S", "Europe/Paris").as_deref(), Some("2023-10-29T00:30:00Z"));
        assert_eq!(at("231029023000W", "Europe/Paris").as_deref(), Some("2023-10-29T01:30:00Z"));
        // A meter that never changes to summer time, and one that does so too early.
        assert_eq!(at("230701120000W", "Europe/Paris").as_deref(), Some("2023-07-01T11:00:00Z"));
        assert_eq!(at("230101120000S", "Europe/Paris").as_deref(), Some("2023-01-01T10:00:00Z"));
        // A zone without seasons.
        assert_eq!(at("230701120000S", "Etc/UTC").as_deref(), Some("2023-07-01T12:00:00Z"));
    }

    #[test]
    fn a_clock_that_names_no_instant_is_a_defect() {
        let mut defects = Vec::new();
        let zone = TimeZone::UTC;
        let circumstances = Circumstances { zone: Some(&zone), arrival: None, previous: None };
        let none = shown(&[([1, 0, 0], "250000000000W")]).resolve(circumstances, &mut defects);
        assert_eq!(none, (None, None));
        assert_eq!(
            defects.first().map(|defect| defect.code),
            Some(DefectCode::MeterClockImpossible)
        );
        assert_eq!(instant_of("632525252525S", circumstances), None);
        let none = shown(&[([0, 9, 1], "12:00:00")]).resolve(circumstances, &mut defects);
        assert_eq!(none, (None, None), "a time without date");
    }
}
