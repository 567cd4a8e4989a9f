//! The meter's wall clock to an instant in UTC.
//!
//! In: the clock object, the notification's header, the site's zone, the arrival. Out: the instant
//! of measurement, or why there is none. The clock object wins over the header: they differ by
//! seconds, and the header of an E450 never says that daylight saving is active.

use super::defect::{Defect, DefectCode};
use frame::dlms::date_time;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use reading::{MeterTime, Timestamp};
use std::time::Duration;

/// A meter's clock may run ahead of the arrival by this much; beyond, it is wrong.
const AHEAD_MAX: Duration = Duration::from_secs(600);
const STATUS_INVALID: u8 = 0x01;
const STATUS_DAYLIGHT_SAVING: u8 = 0x80;

/// The bytes of a date-time and where they stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) bytes: [u8; date_time::LENGTH],
    pub(crate) offset: u64,
}

/// What the telegram and its circumstances say about time.
pub(crate) struct Sources<'a> {
    pub(crate) object: Option<Sent>,
    pub(crate) header: Option<Sent>,
    pub(crate) zone: Option<&'a TimeZone>,
    pub(crate) arrival: Option<Timestamp>,
    /// The instant of the telegram before this one.
    pub(crate) previous: Option<Timestamp>,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Resolved {
    pub(crate) meter_time: Option<MeterTime>,
    pub(crate) measured_at: Option<Timestamp>,
    /// The instant that the meter's clock shows, even when it is not believed.
    pub(crate) shown: Option<Timestamp>,
}

/// The instant of a telegram.
pub(crate) fn resolve(sources: &Sources<'_>, defects: &mut Vec<Defect>) -> Resolved {
    let object = sources.object.and_then(|sent| decoded(sent, defects));
    let header = if object.is_some() {
        None
    } else {
        sources.header.and_then(|sent| decoded(sent, defects))
    };
    let from_object = object.is_some();
    let Some((time, sent)) = object.or(header) else {
        return Resolved::default();
    };
    if let Some(status) = time.status
        && status & STATUS_INVALID != 0
    {
        let offset = sent.offset + 11;
        let detail = format!("clock status 0x{status:02X}");
        defects.push(Defect::new(DefectCode::MeterClockInvalidFlag, offset, detail));
    }
    // The header's daylight saving bit is not to be believed.
    let daylight_saving =
        time.status.filter(|_| from_object).map(|status| status & STATUS_DAYLIGHT_SAVING != 0);
    let local = Local { time, daylight_saving, offset: sent.offset };
    let shown = time.to_utc().or_else(|| local.in_zone(sources, defects));
    let mut measured_at = shown;
    if let (Some(instant), Some(arrival)) = (shown, sources.arrival)
        && instant > arrival.plus(AHEAD_MAX)
    {
        let ahead = instant.since(arrival).as_secs();
        let detail = format!("the meter's clock is {ahead} s ahead of the arrival");
        defects.push(Defect::new(DefectCode::MeterClockAhead, sent.offset, detail));
        measured_at = Some(arrival);
    }
    Resolved { meter_time: Some(time), measured_at, shown }
}

fn decoded(sent: Sent, defects: &mut Vec<Defect>) -> Option<(MeterTime, Sent)> {
    let [year_high, year_low, ..] = sent.bytes;
    if [year_high, year_low] == [0xFF; 2] {
        // A date that is not specified says nothing wrong.
        return None;
    }
    let Ok(time) = date_time::decode(&sent.bytes) else {
        let code = DefectCode::MeterClockImpossible;
        defects.push(Defect::new(code, sent.offset, "the meter's clock names no instant"));
        return None;
    };
    Some((time, sent))
}

struct Local {
    time: MeterTime,
    daylight_saving: Option<bool>,
    offset: u64,
}

impl Local {
    fn in_zone(&self, sources: &Sources<'_>, defects: &mut Vec<Defect>) -> Option<Timestamp> {
        let zone = sources.zone?;
        let wall = self.time.as_if_utc()?;
        let at = |offset: Offset| wall.as_micros() - i64::from(offset.seconds()) * 1_000_000;
        match zone.to_ambiguous_timestamp(civil(&self.time)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => Some(Timestamp::from_micros(at(offset))),
            AmbiguousOffset::Gap { before, .. } => {
                let detail = format!("{} does not exist in the site's zone", self.time);
                defects.push(Defect::new(DefectCode::MeterClockGap, self.offset, detail));
                // A clock that has not been put forward yet still counts the time before.
                Some(Timestamp::from_micros(at(before)))
            }
            AmbiguousOffset::Fold { before, after } => {
                let [earlier, later] =
                    [before, after].map(|offset| Timestamp::from_micros(at(offset)));
                Some(self.choose(earlier, later, (sources, defects)))
            }
        }
    }

    /// One of the two instants of a repeated hour: by the daylight saving bit, else by the
    /// arrival, else by the telegram before.
    fn choose(
        &self,
        earlier: Timestamp,
        later: Timestamp,
        (sources, defects): (&Sources<'_>, &mut Vec<Defect>),
    ) -> Timestamp {
        if let Some(daylight_saving) = self.daylight_saving {
            return if daylight_saving { earlier } else { later };
        }
        if let Some(arrival) = sources.arrival {
            let distance = |instant: Timestamp| instant.as_micros().abs_diff(arrival.as_micros());
            return if distance(later) < distance(earlier) { later } else { earlier };
        }
        if let Some(previous) = sources.previous {
            return if earlier < previous { later } else { earlier };
        }
        let detail = format!("{} occurs twice in the site's zone; taken as the first", self.time);
        defects.push(Defect::new(DefectCode::MeterClockAmbiguous, self.offset, detail));
        earlier
    }
}

fn civil(time: &MeterTime) -> Option<DateTime> {
    let year = i16::try_from(time.year).ok()?;
    let [month, day, hour, minute, second] =
        [time.month, time.day, time.hour, time.minute, time.second].map(i8::try_from);
    DateTime::new(year, month.ok()?, day.ok()?, hour.ok()?, minute.ok()?, second.ok()?, 0).ok()
}

#[cfg(test)]
mod tests;
