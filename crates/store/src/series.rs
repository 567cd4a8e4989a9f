//! A quantity over time, thinned to what a chart can show.
//!
//! In: a meter, a quantity, a range, how many points are wanted. Out: least, mean and greatest
//! value of every interval that holds one, and how much of the interval they cover. Intervals have
//! one of the lengths in [`RESOLUTIONS`] and begin at its multiples since 1970 in UTC. An interval
//! without a value has no point: a gap is never filled.

use crate::query::{self, Failure};
use reading::{Decimal, MeterId, Quality, Quantity, Timestamp};
use rusqlite::Connection;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

/// Most points of one answer.
pub const POINTS_MAX: usize = 10_000;

/// The lengths an interval may have. **Unit** s.
pub const RESOLUTIONS: [u64; 18] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/// What to read over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesQuery {
    /// The meter.
    pub meter: MeterId,
    /// The quantity; of a telegram that names it twice the first number counts.
    pub quantity: Quantity,
    /// Measured then or later.
    pub from: Timestamp,
    /// Measured before then.
    pub to: Timestamp,
    /// At most so many points, and never more than [`POINTS_MAX`]: the shortest resolution with
    /// which the range has no more intervals than that.
    pub points: usize,
}

/// A quantity over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Length of every interval.
    pub resolution: Duration,
    /// **Shape** in the order of time, at most one for each interval.
    pub points: Vec<SeriesPoint>,
}

/// What the values of one interval say. Values of bad quality take no part.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPoint {
    /// Begin of the interval.
    pub start: Timestamp,
    /// The least value, with the digits of the register.
    pub min: Decimal,
    /// The arithmetic mean of the values: the nearest `f64` to their exact sum, over their count.
    pub mean: f64,
    /// The greatest value.
    pub max: Decimal,
    /// How many values there are.
    pub count: u64,
    /// Share of the interval, within the asked range, that the values speak for, each for one
    /// median distance between the values of the answer's range. **Range** 0 to 1.
    pub coverage: f64,
}

/// The shortest resolution with which `from..to` has at most `points` intervals.
#[must_use]
pub fn resolution(from: Timestamp, to: Timestamp, points: usize) -> Duration {
    let span = to.since(from).as_secs_f64();
    #[allow(clippy::cast_precision_loss)]
    let wanted = span / points.clamp(1, POINTS_MAX) as f64;
    #[allow(clippy::cast_precision_loss)]
    let fits = RESOLUTIONS.into_iter().find(|seconds| *seconds as f64 >= wanted);
    Duration::from_secs(fits.unwrap_or(RESOLUTIONS[RESOLUTIONS.len() - 1]))
}

/// The longest range that is read at once.
const WINDOW: Duration = Duration::from_secs(86_400);

pub(crate) fn series(connection: &Connection, query: &SeriesQuery) -> Result<Series, Failure> {
    let resolution = resolution(query.from, query.to, query.points);
    let step = i64::try_from(resolution.as_micros()).expect("a day in µs fits");
    let mut intervals: BTreeMap<i64, Interval> = BTreeMap::new();
    let mut distances = Vec::new();
    let mut last: Option<Timestamp> = None;
    let mut from = query.from;
    while from < query.to {
        let to = from.plus(WINDOW).min(query.to);
        for row in query::numbers(connection, &query.meter, (from, to), &[query.quantity])? {
            let (Some(value), Some(quality)) = (row.values[0], row.qualities.first()) else {
                continue;
            };
            if *quality == Quality::Bad {
                continue;
            }
            if let Some(last) = last.replace(row.measured_at) {
                distances.push(row.measured_at.since(last));
            }
            let index = row.measured_at.as_micros().div_euclid(step);
            intervals.entry(index).and_modify(|one| one.take(value)).or_insert(Interval::of(value));
        }
        from = to;
    }
    distances.sort_unstable();
    let distance = distances.get(distances.len() / 2).copied().unwrap_or(resolution);
    let points = intervals.into_iter().map(|(index, interval)| {
        let start = Timestamp::from_micros(index * step);
        let within = start.plus(resolution).min(query.to).since(start.max(query.from));
        interval.point(start, within, distance)
    });
    Ok(Series { resolution, points: points.collect() })
}

#[derive(Debug, Clone, Copy)]
struct Interval {
    min: Decimal,
    max: Decimal,
    sum: f64,
    count: u64,
}

impl Interval {
    fn of(value: Decimal) -> Self {
        Self { min: value, max: value, sum: value.to_f64(), count: 1 }
    }

    fn take(&mut self, value: Decimal) {
        if value.cmp_value(self.min) == Ordering::Less {
            self.min = value;
        }
        if value.cmp_value(self.max) == Ordering::Greater {
            self.max = value;
        }
        self.sum += value.to_f64();
        self.count += 1;
    }

    #[allow(clippy::cast_precision_loss)]
    fn point(self, start: Timestamp, within: Duration, distance: Duration) -> SeriesPoint {
        let Self { min, max, sum, count } = self;
        let spoken_for = distance.as_secs_f64() * count as f64;
        let coverage = (spoken_for / within.as_secs_f64()).min(1.0);
        SeriesPoint { start, min, mean: sum / count as f64, max, count, coverage }
    }
}
