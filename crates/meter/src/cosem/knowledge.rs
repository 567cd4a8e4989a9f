//! What is known of a meter between readings: its objects, scalers and profiles.

use super::objects::{self, Object, Target};
use super::options::CosemOptions;
use super::profile::Column;
use super::register::Scaler;
use frame::dlms::{AccessResult, Attribute};
use reading::{Obis, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most rows of a profile that one reading asks for: two days of quarter hours.
pub(super) const PROFILE_ROWS_MAX: u32 = 200;
/// How often a profile without capture period is looked at.
const UNTIMED_STEP: Duration = Duration::from_secs(3600);
/// A row is captured a little after its time.
const CAPTURE_GRACE: Duration = Duration::from_secs(20);
/// How soon a profile that should have a new row and has none is asked again.
const LATE_STEP: Duration = Duration::from_secs(300);

/// How rows of a profile are chosen; each way is tried when the meter refuses the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Range,
    Entries,
    Whole,
    /// The meter gives no rows to this client.
    Refused,
}

/// One profile.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) name: Obis,
    pub(super) columns: Option<Vec<Column>>,
    pub(super) period: Option<Duration>,
    /// The newest row comes first.
    pub(super) newest_first: bool,
    pub(super) access: Access,
    pub(super) entries_in_use: Option<u32>,
    /// Time of the last row that was delivered.
    pub(super) done_to: Option<Timestamp>,
    /// When there can be a new row.
    next_at: Option<Timestamp>,
}

/// Rows after one instant and up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) after: Timestamp,
    pub(super) to: Timestamp,
    /// Nothing newer is left.
    pub(super) reaches_now: bool,
}

impl Profile {
    const fn new(name: Obis, done_to: Option<Timestamp>) -> Self {
        Self {
            name,
            columns: None,
            period: None,
            newest_first: false,
            access: Access::Range,
            entries_in_use: None,
            done_to,
            next_at: None,
        }
    }

    fn step(&self) -> Duration {
        self.period.unwrap_or(UNTIMED_STEP)
    }

    /// Which rows are due; `None` when there can be none.
    pub(super) fn due(&self, now: Timestamp, backfill: Duration) -> Option<Window> {
        if self.access == Access::Refused {
            return None;
        }
        // A clock that was set back must not put the profile off for longer than a period.
        let waiting = self.next_at.is_some_and(|next| {
            now < next && next <= now.plus(self.step().saturating_add(LATE_STEP))
        });
        if waiting {
            return None;
        }
        let oldest = now.minus(backfill);
        let after = self.done_to.map_or(oldest, |done| done.max(oldest));
        let span = match self.period {
            Some(period) => period.saturating_mul(PROFILE_ROWS_MAX),
            None => backfill,
        };
        let end = after.plus(span);
        let reaches_now = end >= now;
        Some(Window { after, to: end.min(now), reaches_now })
    }

    /// The rows of a window were given, the last one captured at `last`.
    pub(super) fn done(&mut self, window: &Window, last: Option<Timestamp>, now: Timestamp) {
        match last {
            Some(last) => self.done_to = Some(self.done_to.map_or(last, |done| done.max(last))),
            // Nothing was recorded then, and nothing ever will have been.
            None if !window.reaches_now => self.done_to = Some(window.to),
            None => {}
        }
        self.next_at = window.reaches_now.then(|| {
            let expected = self.done_to.map(|done| done.plus(self.step()).plus(CAPTURE_GRACE));
            expected.filter(|next| *next > now).unwrap_or_else(|| now.plus(LATE_STEP))
        });
    }

    /// Which entries are the newest `count`, from 1; `None` when there are none.
    pub(super) fn newest(&self, count: u32) -> Option<(u32, u32)> {
        let in_use = self.entries_in_use.filter(|in_use| *in_use > 0)?;
        let count = count.min(in_use);
        Some(if self.newest_first { (1, count) } else { (in_use - count + 1, in_use) })
    }
}

/// What is known of one meter.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    /// `None` until the meter was asked, or had refused to tell.
    pub(super) targets: Option<Vec<Target>>,
    pub(super) clock: bool,
    /// `None` for a register whose scaler the meter does not give.
    pub(super) scalers: BTreeMap<Attribute, Option<Scaler>>,
    /// Attributes that the meter refused for good.
    pub(super) refused: BTreeSet<Attribute>,
    pub(super) profiles: Vec<Profile>,
    /// The meter takes no lists, whatever it states.
    pub(super) one_by_one: bool,
    /// The meter does not answer the end of an association.
    pub(super) releases_silently: bool,
}

impl Knowledge {
    /// Takes the object list, or what is assumed instead. `done_to` tells how far a profile was
    /// read before.
    pub(super) fn take_objects(
        &mut self,
        objects: &[Object],
        options: &CosemOptions,
        done_to: impl Fn(Obis) -> Option<Timestamp>,
    ) {
        self.targets = Some(objects::targets(objects, options));
        self.clock = objects::has_clock(objects);
        let profiles = objects::profiles(objects, options).into_iter();
        self.profiles = profiles.map(|name| Profile::new(name, done_to(name))).collect();
    }

    /// Configured objects and profiles that the meter's list does not offer.
    pub(super) fn absent(&self, options: &CosemOptions) -> Vec<Obis> {
        let targets = self.targets.iter().flatten().map(|target| target.obis);
        let known: Vec<Obis> =
            targets.chain(self.profiles.iter().map(|profile| profile.name)).collect();
        let configured = options.objects.iter().chain(&options.profiles).flatten();
        configured.copied().filter(|obis| !known.contains(obis)).collect()
    }

    /// Forgets how far profiles were read, as far as nobody else knows it.
    pub(super) fn rewind(&mut self, done_to: impl Fn(Obis) -> Option<Timestamp>) {
        for profile in &mut self.profiles {
            profile.done_to = done_to(profile.name);
            profile.next_at = None;
        }
    }

    /// Notes why an attribute is not given; whether that is for good.
    pub(super) fn refuse(&mut self, attribute: Attribute, result: AccessResult) -> bool {
        // A hardware fault, a temporary failure or "other reason" may be over next time.
        let may_pass = matches!(
            result,
            AccessResult::HARDWARE_FAULT
                | AccessResult::TEMPORARY_FAILURE
                | AccessResult::OTHER_REASON
        );
        if !may_pass {
            self.refused.insert(attribute);
        }
        !may_pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_780_000_000);
    const QUARTER: Duration = Duration::from_secs(900);
    const WEEK: Duration = Duration::from_secs(7 * 86_400);

    fn profile() -> Profile {
        let name = Obis::new(1, 0, [99, 1, 0], 255);
        Profile { period: Some(QUARTER), ..Profile::new(name, None) }
    }

    #[test]
    fn an_outage_is_filled_in_bounded_steps() {
        let mut profile = profile();
        let mut windows = 0;
        while let Some(window) = profile.due(NOW, WEEK) {
            windows += 1;
            assert!(window.to.since(window.after) <= QUARTER * PROFILE_ROWS_MAX);
            let last = window.to.minus(Duration::from_secs(60));
            profile.done(&window, Some(last), NOW);
            assert!(windows < 10);
        }
        assert_eq!(windows, 4);
        // The next row is due a period after the last one.
        assert_eq!(profile.due(NOW.plus(Duration::from_secs(800)), WEEK), None);
        assert!(profile.due(NOW.plus(Duration::from_secs(861)), WEEK).is_some());
    }

    #[test]
    fn a_profile_without_rows_is_not_asked_all_the_time() {
        let mut profile = profile();
        profile.done_to = Some(NOW.minus(QUARTER * 3));
        let window = profile.due(NOW, WEEK).expect("due");
        profile.done(&window, None, NOW);
        assert_eq!(profile.due(NOW.plus(Duration::from_secs(10)), WEEK), None);
        assert!(profile.due(NOW.plus(LATE_STEP), WEEK).is_some());
        // The clock was set back by a day: not to be waited for.
        assert!(profile.due(NOW.minus(Duration::from_secs(86_400)), WEEK).is_some());
    }

    #[test]
    fn the_newest_entries_stand_where_the_buffer_is_sorted_to() {
        let mut profile = profile();
        assert_eq!(profile.newest(5), None);
        profile.entries_in_use = Some(100);
        assert_eq!(profile.newest(5), Some((96, 100)));
        profile.newest_first = true;
        assert_eq!(profile.newest(5), Some((1, 5)));
        assert_eq!(profile.newest(500), Some((1, 100)));
    }
}
