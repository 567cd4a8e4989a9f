//! What is remembered of each machine's day, so that asking again costs little.
//!
//! In: a meter, the time of now. Out: its mean powers since yesterday's local midnight, the
//! thresholds of its states, its energies. Only the newest minutes are read again; thresholds are
//! learned anew every hour, energies every minute. Who asks for a meter while its day is read waits
//! for that one reading. Holds at most [`METERS_MAX`] meters.

use crate::http::v1::analysis::calendar::Step;
use crate::reach::{Inputs, Reach, Sent};
use crate::{MeterInfo, Outlet};
use analysis::energy::Window;
use analysis::energy_bars::{EnergyBar, energy_bars};
use analysis::loads::{Interval, LEARNING_MIN, Thresholds, learned};
use reading::{MeterId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::Store;

/// Most meters whose days are remembered; beyond, each question reads the whole day.
const METERS_MAX: usize = 256;
const MINUTE: Duration = Duration::from_secs(60);
/// The newest minutes are looked at more closely.
const FINE: Duration = Duration::from_secs(5);
const FINE_SPAN: Duration = Duration::from_secs(180);
/// A telegram may arrive so late.
const LATE: Duration = Duration::from_secs(300);
/// A day is good for so long.
const FRESH: Duration = Duration::from_secs(2);
const ENERGY_FRESH: Duration = Duration::from_secs(60);
const THRESHOLDS_FRESH: Duration = Duration::from_secs(3600);
/// The past that thresholds are learned from: as many minutes as one question may have points.
const LEARNED_FROM: Duration = Duration::from_secs(6 * 86_400);
/// An interval needs this much of its time to be known.
const COVERAGE_MIN: f64 = 0.2;

/// What is remembered of one meter.
#[derive(Clone)]
pub(in crate::http) struct Day {
    /// Yesterday's local midnight.
    pub(super) yesterday: Timestamp,
    /// Today's.
    pub(super) today: Timestamp,
    /// This week's, on Monday.
    pub(super) week: Timestamp,
    /// Mean powers, oldest first: minutes, then the newest ones finer.
    pub(super) intervals: Vec<Interval>,
    /// `None` while there is too little to learn from.
    pub(super) thresholds: Option<Thresholds>,
    /// Minutes that thresholds were or could be learned from.
    pub(super) learned_from: usize,
    /// Of today, yesterday and this week.
    pub(super) energies: [Option<EnergyBar>; 3],
    /// How many of the intervals are whole minutes that nothing will change.
    settled: usize,
    read_at: Timestamp,
    learned_at: Timestamp,
    counted_at: Timestamp,
}

/// The day of one meter, once it was read; locked while it is read.
type Place = Arc<Mutex<Option<Arc<Day>>>>;

/// The days of the meters that somebody asked for.
#[derive(Default)]
pub(in crate::http) struct Ledger {
    days: Mutex<HashMap<MeterId, Place>>,
}

/// What a question needs besides the ledger.
pub(super) struct Asking {
    pub(super) now: Timestamp,
    pub(super) yesterday: Timestamp,
    pub(super) today: Timestamp,
    pub(super) week: Timestamp,
    /// What the supply gives at most, where it is known. **Unit** W.
    supply_w: Option<f64>,
}

impl Asking {
    /// `None` far outside of our time.
    pub(super) fn of(outlet: &Outlet) -> Option<Self> {
        let now = (outlet.clock)();
        let zone = &outlet.site.zone;
        let today = Step::Day.floor(now, zone)?;
        let yesterday = Step::Day.floor(today.minus(Duration::from_secs(1)), zone)?;
        let (week, supply_w) = (Step::Week.floor(now, zone)?, outlet.site.supply_w());
        Some(Self { now, yesterday, today, week, supply_w })
    }
}

impl Ledger {
    /// The day of a meter. Blocking.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn day(
        &self,
        (store, meter): (&Store, &MeterInfo),
        asking: &Asking,
    ) -> Result<Arc<Day>, store::Error> {
        let place = self.place(&meter.id);
        let mut kept = locked(&place);
        // A clock that was set back, or another day, begins anew.
        let known = kept.clone();
        let known =
            known.filter(|day| day.yesterday == asking.yesterday && day.read_at <= asking.now);
        if let Some(day) = &known
            && asking.now.since(day.read_at) < FRESH
        {
            return Ok(Arc::clone(day));
        }
        let day = Arc::new(read((store, meter), asking, known.as_deref())?);
        *kept = Some(Arc::clone(&day));
        Ok(day)
    }

    /// Where the day of a meter is kept; a place of its own, forgotten at once, for one too many.
    fn place(&self, meter: &MeterId) -> Place {
        let mut days = locked(&self.days);
        match days.get(meter) {
            Some(place) => Arc::clone(place),
            None if days.len() < METERS_MAX => Arc::clone(days.entry(meter.clone()).or_default()),
            None => Place::default(),
        }
    }
}

/// A reading that broke off has left what was there before.
fn locked<T>(one: &Mutex<T>) -> MutexGuard<'_, T> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(
    (store, meter): (&Store, &MeterInfo),
    asking: &Asking,
    known: Option<&Day>,
) -> Result<Day, store::Error> {
    let now = asking.now;
    let mut intervals: Vec<Interval> =
        known.map(|day| day.intervals[..day.settled].to_vec()).unwrap_or_default();
    let from = intervals.last().map_or(asking.yesterday, |last| last.to);
    let fine_from = minute(now.minus(FINE_SPAN)).max(from);
    let read = |range, length| powers(store, &meter.id, (range, length));
    let configured = Thresholds::configured(&meter.plate.machine);
    let past = (configured.is_none() && to_learn(known, now))
        .then(|| read((now.minus(LEARNED_FROM), now), MINUTE))
        .transpose()?;
    match &past {
        // What is learned from holds the day's minutes as well.
        Some(past) => intervals.extend(within(past, (from, fine_from))),
        None if from < fine_from => intervals.extend(read((from, fine_from), MINUTE)?),
        None => {}
    }
    let settled_to = minute(now.minus(LATE));
    let settled = intervals.partition_point(|one| one.to <= settled_to);
    intervals.extend(read((fine_from, now), FINE)?);
    let mut day = Day {
        yesterday: asking.yesterday,
        today: asking.today,
        week: asking.week,
        intervals,
        thresholds: known.and_then(|day| day.thresholds),
        learned_from: known.map_or(0, |day| day.learned_from),
        energies: known.map_or([None, None, None], |day| day.energies.clone()),
        settled,
        read_at: now,
        learned_at: known.map_or(now, |day| day.learned_at),
        counted_at: known.map_or(now, |day| day.counted_at),
    };
    if known.is_none_or(|day| now.since(day.counted_at) >= ENERGY_FRESH) {
        day.energies = energies(store, &meter.id, asking)?;
        day.counted_at = now;
    }
    if configured.is_some() {
        day.thresholds = configured;
    } else if let Some(past) = past {
        let powers: Vec<f64> = past.iter().map(|interval| interval.kw).collect();
        day.thresholds = learned(&powers);
        day.learned_from = powers.len();
        day.learned_at = now;
    }
    Ok(day)
}

/// Whether a machine's thresholds are to be learned anew.
fn to_learn(known: Option<&Day>, now: Timestamp) -> bool {
    let Some(day) = known else { return true };
    let waits = day.thresholds.is_none() && day.learned_from < LEARNING_MIN;
    now.since(day.learned_at) >= if waits { ENERGY_FRESH } else { THRESHOLDS_FRESH }
}

/// What of some intervals lies within a range.
fn within(
    intervals: &[Interval],
    (from, to): (Timestamp, Timestamp),
) -> impl Iterator<Item = Interval> {
    intervals
        .iter()
        .map(move |one| Interval { from: one.from.max(from), to: one.to.min(to), ..*one })
        .filter(|one| one.from < one.to)
}

fn minute(at: Timestamp) -> Timestamp {
    let micros = 60_000_000;
    Timestamp::from_micros(at.as_micros().div_euclid(micros) * micros)
}

/// Mean powers in intervals of one length; a meter that speaks less often holds for its own period.
pub(super) fn powers(
    store: &Store,
    meter: &MeterId,
    (range, length): ((Timestamp, Timestamp), Duration),
) -> Result<Vec<Interval>, store::Error> {
    let sent = Sent::of(store, meter);
    let reach = Reach { archive: store.reads(), meter, range, length, edges: &[] };
    let read = reach.power(sent)?.unwrap_or_default();
    let slow = store
        .latest(meter)
        .and_then(|latest| latest.lists.iter().filter_map(|list| list.period).min())
        .unwrap_or_default();
    let known = read.into_iter().filter(|one| one.coverage >= COVERAGE_MIN || slow > length);
    let mut intervals: Vec<Interval> = known
        .map(|one| Interval {
            from: one.window.from.max(range.0),
            to: one.window.to.max(one.window.from.plus(slow)).min(range.1),
            kw: one.mean_w / 1000.0,
        })
        .filter(|one| one.from < one.to)
        .collect();
    // One that holds ends where the next begins.
    for place in 1..intervals.len() {
        let next = intervals[place].from;
        let before = &mut intervals[place - 1];
        before.to = before.to.min(next);
    }
    Ok(intervals)
}

fn energies(
    store: &Store,
    meter: &MeterId,
    asking: &Asking,
) -> Result<[Option<EnergyBar>; 3], store::Error> {
    let Asking { now, yesterday, today, week, supply_w } = *asking;
    let sent = Sent::of(store, meter);
    let length = Duration::from_secs(900);
    let of = |from: Timestamp, to: Timestamp| -> Result<Option<EnergyBar>, store::Error> {
        let reach =
            Reach { archive: store.reads(), meter, range: (from, to), length, edges: &[from, to] };
        let inputs = Inputs::read(&reach, sent)?;
        Ok(energy_bars(&[Window { from, to }], &inputs.borrowed(supply_w)).pop())
    };
    Ok([of(today, now)?, of(yesterday, today)?, of(week, now)?])
}
