//! The loads behind a meter over time, for a stacked chart and ribbons of states.
//!
//! In: meters, a range, how many points are wanted. Out: mean powers in intervals of one length that
//! all meters share, and what is left of the meter upstream in each; the stretches of each machine's
//! states. A gap stays a gap: where one of them is unknown, so is the remainder.

use super::body::Subject;
use super::ledger::powers;
use crate::json::Utc;
use analysis::loads::{Interval, Stretch, states};
use reading::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use store::{Store, resolution};

/// Points of an answer whose number was not asked.
pub(super) const POINTS_DEFAULT: usize = 300;
/// Most points of a meter.
pub(super) const POINTS_MAX: u64 = 1500;
/// The longest range.
pub(super) const RANGE_MAX: Duration = Duration::from_secs(31 * 86_400);
/// Ribbons of states are drawn up to this range.
const RIBBON_MAX: Duration = Duration::from_secs(8 * 86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// The loads over a range.
#[derive(Serialize)]
pub(super) struct RangeBody {
    from: Utc,
    to: Utc,
    /// Length of an interval. **Unit** s.
    step_s: u64,
    /// Begin of each interval.
    t: Vec<Utc>,
    meters: Vec<CourseBody>,
    /// The meter that was asked for, minus those directly behind it that have a value. **Unit** kW.
    remainder_kw: Vec<Option<f64>>,
}

#[derive(Serialize)]
struct CourseBody {
    meter: String,
    depth: usize,
    /// Mean power of each interval, null where it is not known. **Unit** kW.
    kw: Vec<Option<f64>>,
    /// The machine's states; null where they are not known or the range is too long.
    states: Option<Vec<StretchBody>>,
}

#[derive(Serialize)]
struct StretchBody {
    from: Utc,
    to: Utc,
    state: &'static str,
}

impl From<&Stretch> for StretchBody {
    fn from(stretch: &Stretch) -> Self {
        let Stretch { from, to, state } = *stretch;
        Self { from: Utc(from), to: Utc(to), state: state.name() }
    }
}

impl RangeBody {
    /// **Shape** the first subject is the meter that was asked for, where it has the depth 0.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn read(
        store: &Store,
        subjects: &[Subject<'_>],
        ((from, to), points): ((Timestamp, Timestamp), usize),
    ) -> Result<Self, store::Error> {
        let length = resolution(from, to, points).max(Duration::from_secs(5));
        let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        let index = |at: Timestamp| at.as_micros().div_euclid(micros);
        let places: Vec<i64> =
            (index(from)..=index(Timestamp::from_micros(to.as_micros() - 1))).collect();
        let ribbons = to.since(from) <= RIBBON_MAX;
        let mut meters = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let read = powers(store, &subject.meter.id, ((from, to), length))?;
            let by_place = spread(&read, micros);
            let kw = places.iter().map(|place| by_place.get(place).copied()).collect();
            let states = match subject.day.thresholds.filter(|_| ribbons) {
                Some(limits) => {
                    // States need minutes, however wide the chart's intervals are.
                    let minutes = powers(store, &subject.meter.id, ((from, to), MINUTE))?;
                    let dwell = subject.meter.plate.machine.dwell;
                    Some(states(&minutes, &limits, dwell).iter().map(StretchBody::from).collect())
                }
                None => None,
            };
            let meter = subject.meter.id.to_string();
            meters.push(CourseBody { meter, depth: subject.depth, kw, states });
        }
        let remainder_kw = (0..places.len()).map(|place| rest(&meters, place)).collect();
        let t = places.iter().map(|place| Utc(Timestamp::from_micros(place * micros))).collect();
        Ok(Self { from: Utc(from), to: Utc(to), step_s: length.as_secs(), t, meters, remainder_kw })
    }
}

/// What is left of the whole in one interval.
fn rest(meters: &[CourseBody], place: usize) -> Option<f64> {
    let whole = meters.first().filter(|whole| whole.depth == 0)?.kw[place]?;
    let mut behind = meters.iter().filter(|meter| meter.depth == 1).peekable();
    behind.peek()?;
    Some(behind.filter_map(|meter| meter.kw[place]).fold(whole, |left, kw| left - kw))
}

/// The power of each place that an interval touches; a slow meter's holds over several.
fn spread(intervals: &[Interval], micros: i64) -> BTreeMap<i64, f64> {
    let mut spread = BTreeMap::new();
    for interval in intervals {
        let first = interval.from.as_micros().div_euclid(micros);
        let last = (interval.to.as_micros() - 1).div_euclid(micros);
        for place in first..=last {
            spread.entry(place).or_insert(interval.kw);
        }
    }
    spread
}
