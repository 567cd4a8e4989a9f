//! What the clocks say: the meter's, this machine's, and how much time lies between telegrams.
//!
//! Between two telegrams both clocks pass the same time. When they do not, the one whose step is
//! unusual was set.

use super::{entry, seconds};
use reading::{JournalChange, JournalEntry, JournalKind, Telegram, Timestamp};

/// Clocks that differ by more were set. **Unit** s.
const STEP_S: i64 = 60;
/// Arrivals that run back by more were dated by a clock that was set. **Unit** s.
const BACK_S: i64 = 2;
/// A silence shorter than this is never a gap. **Unit** s.
const GAP_S: i64 = 900;
/// Nor one shorter than this multiple of the usual distance of telegrams.
const GAP_USUAL: i64 = 3;
/// The usual distance follows a new one by this share.
const USUAL_SHARE: i64 = 8;
/// So many telegrams in a row must arrive late before that is this machine's clock and not a network
/// that held them up.
const LATE_MIN: u32 = 5;
/// Whoever catches up has made good one part in so many of the time that passed.
const CATCHING_UP: i64 = 5;
/// Steps between winter and summer time. **Unit** s.
const SEASON_S: [i64; 3] = [1800, 3600, 7200];

/// The last telegram, as both clocks date it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) measured: Timestamp,
    pub(super) received: Timestamp,
    /// What the meter's clock showed, as if that were UTC.
    pub(super) local: Option<Timestamp>,
}

/// Telegrams that arrive later than they used to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Late {
    /// The first of them, as both clocks date it.
    pub(super) received: Timestamp,
    pub(super) measured: Timestamp,
    /// By how much it was late. **Unit** s.
    pub(super) first_s: i64,
    /// By how much the last one was. **Unit** s.
    pub(super) by_s: i64,
    pub(super) count: u32,
}

/// What is known of the clocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) last: Option<Last>,
    pub(super) late: Option<Late>,
    /// The usual distance of telegrams. **Unit** s; 0 not known.
    pub(super) usual_s: i64,
}

impl Clock {
    /// Looks at a telegram's times. Beside the events: by how many seconds the time of measurement
    /// leapt without that time having passed.
    pub(super) fn take(&mut self, telegram: &Telegram) -> (Vec<JournalEntry>, i64) {
        let (measured, received) = (telegram.measured_at, telegram.received_at);
        let local = telegram.meter_time.and_then(|clock| clock.as_if_utc());
        let now = Last { measured, received, local };
        let Some(last) = self.last.replace(now) else { return (Vec::new(), 0) };
        let passed = seconds(last.received, received);
        let dated = seconds(last.measured, measured);
        let Some((before, after)) = last.local.zip(local) else {
            // One clock only, or a client's word: what runs back is this machine's clock.
            if measured == received && passed < -BACK_S {
                let back = step(telegram, JournalKind::HouseClockStep, (last.received, passed));
                return (vec![back], passed);
            }
            return (self.gap(telegram, (last.measured, dated)).into_iter().collect(), 0);
        };
        let shown = seconds(before, after);
        let skew = shown - passed;
        if skew.abs() <= STEP_S {
            let late = self.lateness(telegram, -skew);
            let gap = self.gap(telegram, (measured.minus(whole(passed)), passed));
            return (late.into_iter().chain(gap).collect(), 0);
        }
        let usual = self.usual_s.max(1);
        let regular = |distance: i64| (0..=STEP_S.max(GAP_USUAL * usual)).contains(&distance);
        if regular(shown) {
            // What the telegram is dated by went with this machine's clock, or with the meter's.
            let moved = if measured == received { dated - shown } else { 0 };
            if passed < -BACK_S {
                let back = (last.received, passed - shown);
                return (vec![step(telegram, JournalKind::HouseClockStep, back)], moved);
            }
            return (self.lateness(telegram, -skew).into_iter().collect(), moved);
        }
        let sound = (dated - passed).abs() <= STEP_S;
        if sound
            && measured != received
            && SEASON_S.contains(&((skew + 30).div_euclid(60) * 60).abs())
        {
            let season = step(telegram, JournalKind::DaylightSaving, (measured, skew));
            return (vec![season], 0);
        }
        // After a gap both have moved; what the arrivals do not explain is the meter's clock.
        self.late = None;
        let set = step(telegram, JournalKind::MeterClockStep, (measured, skew));
        let gap = self.gap(telegram, (measured.minus(whole(passed)), passed));
        let moved = if sound { 0 } else { dated - passed };
        (std::iter::once(set).chain(gap).collect(), moved)
    }

    /// Follows how late telegrams arrive: `more` than the one before. A network that held them up
    /// delivers them all and is on time again; a clock that was set ahead is not.
    fn lateness(&mut self, telegram: &Telegram, more: i64) -> Option<JournalEntry> {
        let (received, measured) = (telegram.received_at, telegram.measured_at);
        let late = match self.late {
            None if more == 0 => return None,
            None => Late { received, measured, first_s: more, by_s: more, count: 0 },
            Some(late) => Late { by_s: late.by_s + more, count: late.count + 1, ..late },
        };
        self.late = (late.by_s > STEP_S).then_some(late);
        let caught_up = late.first_s - late.by_s;
        let passed = seconds(late.measured, measured);
        if late.by_s > STEP_S && late.count >= LATE_MIN && caught_up * CATCHING_UP < passed {
            self.late = None;
            return Some(step(telegram, JournalKind::HouseClockStep, (late.received, late.by_s)));
        }
        None
    }

    fn gap(
        &mut self,
        telegram: &Telegram,
        (since, distance): (Timestamp, i64),
    ) -> Option<JournalEntry> {
        if distance <= 0 {
            return None;
        }
        if self.usual_s > 0 && distance > GAP_S.max(GAP_USUAL * self.usual_s) {
            let entry = entry(telegram, JournalKind::Gap, since);
            return Some(JournalEntry { until: Some(telegram.measured_at), ..entry });
        }
        let usual = if self.usual_s == 0 { distance } else { self.usual_s };
        self.usual_s = ((usual * (USUAL_SHARE - 1) + distance) / USUAL_SHARE).max(1);
        None
    }
}

fn whole(seconds: i64) -> std::time::Duration {
    std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn step(telegram: &Telegram, kind: JournalKind, (at, by_s): (Timestamp, i64)) -> JournalEntry {
    JournalEntry { changes: vec![change(0, by_s)], ..entry(telegram, kind, at) }
}

fn change(before: i64, after: i64) -> JournalChange {
    JournalChange {
        what: "clock_offset".to_owned(),
        before: Some(before.to_string()),
        after: Some(after.to_string()),
        unit: Some("s"),
    }
}
