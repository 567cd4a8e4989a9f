//! The meter's own clock, as a column.
//!
//! In: for each telegram what its meter's clock showed, or nothing. Out: streams, and back,
//! exactly. A clock that keeps time takes nearly no space: its distance from the time of
//! measurement stays the same. Layout: the count of kinds (varint), of each a flag byte (bit 0
//! a clock at all, bit 1 hundredths, bit 2 deviation, bit 3 status, bit 4 impossible date), its
//! deviation (zigzag varint) and its status (byte); the stream of kinds; the stream of the clock's
//! seconds since 1970, as if it were UTC, minus those of the measurement; the stream of the
//! clock's hundredths minus the measurement's. Of an impossible date the seconds are its place in
//! the list of such dates, which ends the blob: their count, their seven bytes each.

use crate::bytes::{Cursor, put_signed, put_size};
use crate::encoding::Malformed;
use crate::stream::{self, Effort};
use reading::MeterTime;
use std::ops::Range;

const PRESENT: u8 = 1;
const HUNDREDTHS: u8 = 2;
const DEVIATION: u8 = 4;
const STATUS: u8 = 8;
const IMPOSSIBLE: u8 = 16;
const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// What many clock readings have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    flags: u8,
    deviation: i16,
    status: u8,
}

type Date = [u8; 7];

/// Appends what the clocks showed beside the times of measurement.
pub(crate) fn put(
    blob: &mut Vec<u8>,
    clocks: &[Option<MeterTime>],
    (measured, pages): (&[i64], &[usize]),
    effort: Effort,
) {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut dates: Vec<Date> = Vec::new();
    let [mut kind_of, mut seconds, mut hundredths] = [const { Vec::new() }; 3];
    for (clock, measured) in clocks.iter().zip(measured) {
        let civil = clock.as_ref().and_then(civil_seconds);
        let kind = kind_of_clock(clock.as_ref(), civil.is_none());
        let place = kinds.iter().rposition(|known| *known == kind).unwrap_or_else(|| {
            kinds.push(kind);
            kinds.len() - 1
        });
        kind_of.push(index(place));
        let last = |stream: &[i64]| stream.last().copied().unwrap_or(0);
        seconds.push(match (clock, civil) {
            (_, Some(civil)) => civil - measured.div_euclid(MICROS_PER_SECOND),
            (Some(clock), None) => {
                dates.push(date(clock));
                index(dates.len() - 1)
            }
            (None, None) => last(&seconds),
        });
        let shown = clock.and_then(|clock| clock.hundredths);
        hundredths.push(match shown {
            Some(shown) => i64::from(shown) - hundredths_of(*measured),
            None => last(&hundredths),
        });
    }
    put_size(blob, kinds.len());
    for kind in &kinds {
        blob.push(kind.flags);
        put_signed(blob, kind.deviation.into());
        blob.push(kind.status);
    }
    for values in [&kind_of, &seconds, &hundredths] {
        stream::put(blob, values, pages, effort);
    }
    put_size(blob, dates.len());
    dates.iter().for_each(|date| blob.extend(date));
}

/// What the clocks of the wanted pages showed; `measured` are the times of these rows.
pub(crate) fn read(
    cursor: &mut Cursor<'_>,
    pages: &[usize],
    (wanted, measured): (Range<usize>, &[i64]),
) -> Result<Vec<Option<MeterTime>>, Malformed> {
    let mut kinds = Vec::new();
    for _ in 0..cursor.size()? {
        let flags = cursor.byte()?;
        let deviation = i16::try_from(cursor.signed()?).map_err(|_| IMPOSSIBLE_CLOCK)?;
        kinds.push(Kind { flags, deviation, status: cursor.byte()? });
    }
    let kind_of = stream::read(cursor, pages, wanted.clone())?;
    let seconds = stream::read(cursor, pages, wanted.clone())?;
    let hundredths = stream::read(cursor, pages, wanted)?;
    let mut dates: Vec<Date> = Vec::new();
    for _ in 0..cursor.size()? {
        dates.push(cursor.take(7)?.try_into().map_err(|_| IMPOSSIBLE_CLOCK)?);
    }
    let rows = kind_of.iter().zip(seconds).zip(hundredths).zip(measured);
    let clocks = rows.map(|(((kind, seconds), hundredths), measured)| {
        let kind = usize::try_from(*kind).ok().and_then(|kind| kinds.get(kind));
        let kind = kind.ok_or(IMPOSSIBLE_CLOCK)?;
        let has = |flag| kind.flags & flag != 0;
        if !has(PRESENT) {
            return Ok(None);
        }
        let mut clock = if has(IMPOSSIBLE) {
            let date = usize::try_from(seconds).ok().and_then(|place| dates.get(place));
            from_date(*date.ok_or(IMPOSSIBLE_CLOCK)?)
        } else {
            let civil = seconds.wrapping_add(measured.div_euclid(MICROS_PER_SECOND));
            from_civil_seconds(civil).ok_or(IMPOSSIBLE_CLOCK)?
        };
        if has(HUNDREDTHS) {
            let shown = u8::try_from(hundredths.wrapping_add(hundredths_of(*measured)));
            clock.hundredths = Some(shown.map_err(|_| IMPOSSIBLE_CLOCK)?);
        }
        clock.deviation = has(DEVIATION).then_some(kind.deviation);
        clock.status = has(STATUS).then_some(kind.status);
        Ok(Some(clock))
    });
    clocks.collect()
}

const IMPOSSIBLE_CLOCK: Malformed = Malformed("a meter's clock cannot be read");

fn kind_of_clock(clock: Option<&MeterTime>, impossible: bool) -> Kind {
    let Some(clock) = clock else { return Kind { flags: 0, deviation: 0, status: 0 } };
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    Kind {
        flags: PRESENT
            | flag(clock.hundredths.is_some(), HUNDREDTHS)
            | flag(clock.deviation.is_some(), DEVIATION)
            | flag(clock.status.is_some(), STATUS)
            | flag(impossible, IMPOSSIBLE),
        deviation: clock.deviation.unwrap_or(0),
        status: clock.status.unwrap_or(0),
    }
}

fn hundredths_of(micros: i64) -> i64 {
    micros.rem_euclid(MICROS_PER_SECOND) / 10_000
}

fn index(place: usize) -> i64 {
    i64::try_from(place).expect("a block has few rows")
}

fn date(clock: &MeterTime) -> Date {
    let [high, low] = clock.year.to_be_bytes();
    [high, low, clock.month, clock.day, clock.hour, clock.minute, clock.second]
}

fn from_date([high, low, month, day, hour, minute, second]: Date) -> MeterTime {
    let year = u16::from_be_bytes([high, low]);
    let (hundredths, deviation, status) = (None, None, None);
    MeterTime { year, month, day, hour, minute, second, hundredths, deviation, status }
}

/// Seconds since 1970 as if the clock showed UTC; `None` unless they lead back to its digits.
fn civil_seconds(clock: &MeterTime) -> Option<i64> {
    let whole = MeterTime { hundredths: None, ..*clock };
    let seconds = whole.as_if_utc()?.as_micros().div_euclid(MICROS_PER_SECOND);
    (from_civil_seconds(seconds).map(|back| date(&back)) == Some(date(clock))).then_some(seconds)
}

/// The Gregorian date and time of a count of seconds; `None` outside the years a clock shows.
fn from_civil_seconds(seconds: i64) -> Option<MeterTime> {
    let (days, rest) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = days.checked_add(719_468)?;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let small = |value: i64| u8::try_from(value).ok();
    Some(MeterTime {
        year: u16::try_from(year).ok()?,
        month: small(month)?,
        day: small(day)?,
        hour: small(rest / 3600)?,
        minute: small(rest / 60 % 60)?,
        second: small(rest % 60)?,
        hundredths: None,
        deviation: None,
        status: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy, any, proptest};

    fn clock() -> impl Strategy<Value = MeterTime> {
        let possible = (0_i64..250_000_000_000)
            .prop_map(|seconds| from_civil_seconds(seconds).expect("a date of this calendar"));
        let impossible = any::<[u8; 7]>().prop_map(from_date);
        let date = proptest::prop_oneof![4 => possible, 1 => impossible];
        let rest = any::<(Option<u8>, Option<i16>, Option<u8>)>();
        (date, rest).prop_map(|(date, (hundredths, deviation, status))| MeterTime {
            hundredths,
            deviation,
            status,
            ..date
        })
    }

    proptest! {
        #[test]
        fn every_clock_comes_back(
            rows in proptest::collection::vec((proptest::option::of(clock()), any::<i64>()), 0..60)
        ) {
            let (clocks, measured): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let pages = [clocks.len() / 2, clocks.len() - clocks.len() / 2];
            let mut blob = Vec::new();
            put(&mut blob, &clocks, (&measured, &pages), Effort::Quick);
            let back = read(&mut Cursor(&blob), &pages, (1..2, &measured[pages[0]..]));
            assert_eq!(back.expect("readable"), clocks[pages[0]..]);
        }
    }

    #[test]
    fn a_clock_that_keeps_time_takes_a_few_bytes() {
        let measured: Vec<i64> =
            (0..17_280).map(|n| (1_777_887_561 + n * 5) * MICROS_PER_SECOND).collect();
        let shown = |micros: &i64| {
            let clock = from_civil_seconds(micros / MICROS_PER_SECOND + 7200).expect("a date");
            Some(MeterTime {
                deviation: Some(-120),
                status: Some(0x80),
                hundredths: Some(0),
                ..clock
            })
        };
        let clocks: Vec<_> = measured.iter().map(shown).collect();
        let mut blob = Vec::new();
        put(&mut blob, &clocks, (&measured, &[720; 24]), Effort::Quick);
        assert!(blob.len() < 24, "{}", blob.len());
    }
}
