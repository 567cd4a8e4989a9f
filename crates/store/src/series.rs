//! A quantity over time, thinned to what a chart can show.
//!
//! In: a meter, a quantity, a range, how many points are wanted. Out: least, mean and greatest
//! value of every interval that holds one, and how much of the interval they cover. Intervals have
//! one of the lengths in [`RESOLUTIONS`] and begin at its multiples since 1970 in UTC. An interval
//! without a value has no point: a gap is never filled.
//!
//! The source is the coarsest that tells the same: a block's total when an interval holds all of
//! it, its quarters of an hour when the intervals are made of whole ones, else its values. Where
//! samples were given up, what is left of them answers, with no shorter intervals than it has.

use crate::block::{self, Open, Record};
use crate::dictionary;
use crate::encoding::{self, ChannelId, EntryValue, Malformed};
use crate::error::Error;
use crate::query::Failure;
use crate::retention::{self, Unit};
use crate::rollup::{MINUTE, QUARTER_HOUR, Rollup, median_distance};
use crate::seal::{DAY, Measures};
use crate::summary::Summary;
use crate::values::Values;
use reading::{Decimal, MeterId, Quality, Quantity, Timestamp};
use rusqlite::{Connection, params};
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
    /// which the range has no more intervals than that. A range of more days than that is
    /// answered by the day all the same.
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
    /// The least value, with the digits of the register; of equal ones the finer resolution.
    pub min: Decimal,
    /// The arithmetic mean of the values: the nearest `f64` to their exact sum, over their count.
    pub mean: f64,
    /// The greatest value, likewise. Of a counter it is the last.
    pub max: Decimal,
    /// How many values there are.
    pub count: u64,
    /// Share of the interval, within the asked range, that the values speak for: each for one
    /// median distance between the values of its list at that time, which every block and summary
    /// keeps. **Range** 0 to 1.
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

/// Fewest values whose median distance is trusted, where others can be asked.
const PERIOD_VALUES_MIN: u64 = 8;

pub(crate) fn series(connection: &Connection, query: &SeriesQuery) -> Result<Series, Failure> {
    let mut resolution = resolution(query.from, query.to, query.points);
    let range = (query.from.as_micros(), query.to.as_micros());
    let measure = dictionary::channels(connection)?
        .into_iter()
        .find(|(_, channel)| channel.quantity == Some(query.quantity))
        .map(|(measure, _)| measure);
    let (Some(measure), true) = (measure, range.0 < range.1) else {
        return Ok(Series { resolution, points: Vec::new() });
    };
    let measures = Measures::load(connection)?;
    let lists: Vec<i64> = dictionary::lists(connection)?
        .into_iter()
        .filter(|(_, meter, _)| *meter == query.meter)
        .map(|(list, ..)| list)
        .collect();
    for list in &lists {
        resolution = resolution.max(finest(connection, *list, range)?);
    }
    let step = i64::try_from(resolution.as_micros()).expect("a day in µs fits");
    let mut intervals: BTreeMap<i64, Interval> = BTreeMap::new();
    for list in lists {
        let mut source = Source {
            connection,
            list,
            measure,
            measures: &measures,
            range,
            step,
            parts: Vec::new(),
            guess: None,
        };
        source.head()?;
        for record in block::of_time(connection, list, range)? {
            source.block(record)?;
        }
        source.rolled()?;
        source.add_to(&mut intervals);
    }
    let points = intervals.into_iter().map(|(index, interval)| {
        let start = Timestamp::from_micros(index.saturating_mul(step));
        let within = start.plus(resolution).min(query.to).since(start.max(query.from));
        interval.point(start, within)
    });
    Ok(Series { resolution, points: points.collect() })
}

/// The shortest interval that is left of every day of a list in the range.
fn finest(connection: &Connection, list: i64, range: (i64, i64)) -> Result<Duration, Failure> {
    let least: Option<bool> = connection
        .prepare_cached(
            "SELECT min(minutes) FROM rolled WHERE list = ?1 AND day >= ?2 AND day <= ?3",
        )?
        .query_row(params![list, range.0.div_euclid(DAY), range.1.div_euclid(DAY)], |row| {
            row.get(0)
        })?;
    let micros = match least {
        None => 0,
        Some(true) => MINUTE,
        Some(false) => QUARTER_HOUR,
    };
    Ok(Duration::from_micros(micros.unsigned_abs()))
}

/// What one list says about the quantity.
struct Source<'a> {
    connection: &'a Connection,
    list: i64,
    measure: ChannelId,
    measures: &'a Measures,
    range: (i64, i64),
    step: i64,
    /// Intervals with their summaries and the median distance of the values, 0 unknown.
    parts: Vec<(i64, Summary, i64)>,
    /// The shortest median distance of few values: better than nothing, and only then used.
    guess: Option<i64>,
}

impl Source<'_> {
    fn head(&mut self) -> Result<(), Failure> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, measured_at, quality, readings FROM sample \
             WHERE list = ?1 AND measured_at >= ?2 AND measured_at < ?3 ORDER BY measured_at",
        )?;
        let mut rows = statement.query(params![self.list, self.range.0, self.range.1])?;
        let mut times = Vec::new();
        let mut open: Option<(i64, Summary)> = None;
        let first = self.parts.len();
        while let Some(row) = rows.next()? {
            let id = row.get::<_, i64>(0)?.cast_unsigned();
            let time: i64 = row.get(1)?;
            let blob = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
            let malformed = |Malformed(defect)| Error::Row { id, defect };
            let quality = Quality::from_code(row.get(2)?);
            let quality = quality.ok_or(malformed(Malformed("its quality is unknown")))?;
            let Some(value) = self.value(blob, quality).map_err(malformed)? else { continue };
            times.push(time);
            let interval = time.div_euclid(self.step);
            match &mut open {
                Some((known, summary)) if *known == interval => summary.take(value),
                _ => {
                    let done = open.replace((interval, Summary::of(value)));
                    self.parts.extend(done.map(|(interval, summary)| (interval, summary, 0)));
                }
            }
        }
        self.parts.extend(open.map(|(interval, summary)| (interval, summary, 0)));
        let count = times.len() as u64;
        let period = self.trusted(count, median_distance(times.into_iter()));
        self.parts[first..].iter_mut().for_each(|part| part.2 = period);
        Ok(())
    }

    /// The median distance of `count` values, or 0 where the others' counts for more.
    fn trusted(&mut self, count: u64, period: i64) -> i64 {
        if count >= PERIOD_VALUES_MIN {
            return period;
        }
        if period > 0 {
            self.guess = Some(self.guess.map_or(period, |guess| guess.min(period)));
        }
        0
    }

    /// The first number of the quantity, unless it is of bad quality.
    fn value(&self, blob: &[u8], telegram: Quality) -> Result<Option<Decimal>, Malformed> {
        for entry in encoding::entries(blob) {
            let entry = entry?;
            if let EntryValue::Number(number) = entry.value
                && self.measures.of(entry.channel) == Some(self.measure)
            {
                let usable = telegram.max(entry.quality) != Quality::Bad;
                return Ok(usable.then_some(number));
            }
        }
        Ok(None)
    }

    fn block(&mut self, record: Record) -> Result<(), Failure> {
        let (from, to) = self.range;
        let total = (self.measure, Rollup::decode_total);
        let total = block::summary(self.connection, &record, total)?;
        let Some((period, Some(total))) = total else { return Ok(()) };
        let period = self.trusted(total.count, period);
        let whole = record.since >= from && record.until < to;
        let first = record.since.div_euclid(self.step);
        if whole && first == record.until.div_euclid(self.step) {
            self.parts.push((first, total, period));
            return Ok(());
        }
        if self.step % QUARTER_HOUR != 0 {
            return self.raw(record, self.range, period);
        }
        let intervals = (self.measure, Rollup::decode);
        let rollup = block::summary(self.connection, &record, intervals)?.unwrap_or_default();
        // Quarters that the range cuts are read value by value.
        let inner = if whole {
            (i64::MIN, i64::MAX)
        } else {
            let after = from.saturating_sub(1).div_euclid(QUARTER_HOUR) + 1;
            (after, to.div_euclid(QUARTER_HOUR))
        };
        if inner.0 >= inner.1 {
            return self.raw(record, self.range, period);
        }
        for (quarter, summary) in rollup.intervals {
            if quarter >= inner.0 && quarter < inner.1 {
                self.parts.push(((quarter * QUARTER_HOUR).div_euclid(self.step), summary, period));
            }
        }
        if !whole {
            let edges = [(from, inner.0 * QUARTER_HOUR), (inner.1 * QUARTER_HOUR, to)];
            for edge in edges {
                if record.since < edge.1 && record.until >= edge.0 && edge.0 < edge.1 {
                    self.raw(record.clone(), edge, period)?;
                }
            }
        }
        Ok(())
    }

    fn raw(&mut self, record: Record, range: (i64, i64), period: i64) -> Result<(), Failure> {
        let open = Open::new(self.connection, record)?;
        let pages = open.layout.pages_of(range);
        if pages.is_empty() {
            return Ok(());
        }
        let values = Values::read(&open, (self.measure, self.measures), pages)?;
        values.summarise(self.step, range, |interval, summary| {
            self.parts.push((interval, summary, period));
        });
        Ok(())
    }

    /// What is left of samples that were given up.
    fn rolled(&mut self) -> Result<(), Failure> {
        let (from, to) = self.range;
        let mut statement = self.connection.prepare_cached(
            "SELECT day FROM rolled WHERE list = ?1 AND day >= ?2 AND day <= ?3 ORDER BY day",
        )?;
        let days = params![self.list, from.div_euclid(DAY), to.div_euclid(DAY)];
        let days: Vec<i64> =
            statement.query_map(days, |row| row.get(0))?.collect::<Result<_, _>>()?;
        let (unit, length) = if self.step % QUARTER_HOUR == 0 {
            (Unit::QuarterHour, QUARTER_HOUR)
        } else {
            (Unit::Minute, MINUTE)
        };
        for day in days {
            let key = retention::key(self.list, day, (unit, self.measure));
            let rollup = retention::rollup(self.connection, key, Rollup::decode)?;
            let Some(rollup) = rollup else { continue };
            let period = self.trusted(rollup.count(), rollup.period);
            for (interval, summary) in rollup.intervals {
                let start = interval * length;
                if start + length > from && start < to {
                    self.parts.push((start.div_euclid(self.step), summary, period));
                }
            }
        }
        Ok(())
    }

    /// Adds what the list says; values whose distance is not known have that of the others. A
    /// single value says nothing about the time around it.
    fn add_to(self, intervals: &mut BTreeMap<i64, Interval>) {
        let known = self.parts.iter().map(|(.., period)| *period).filter(|period| *period > 0);
        let usual = known.max().or(self.guess).unwrap_or(0);
        for (index, summary, period) in self.parts {
            let period = if period > 0 { period } else { usual };
            let covered = u128::from(summary.count) * u128::from(period.unsigned_abs());
            match intervals.get_mut(&index) {
                Some(interval) => {
                    interval.summary.merge(&summary);
                    interval.covered += covered;
                }
                None => {
                    intervals.insert(index, Interval { summary, covered });
                }
            }
        }
    }
}

/// What the values of one interval say.
struct Interval {
    summary: Summary,
    /// **Unit** µs.
    covered: u128,
}

impl Interval {
    #[allow(clippy::cast_precision_loss)]
    fn point(self, start: Timestamp, within: Duration) -> SeriesPoint {
        let Self { summary, covered } = self;
        let within = within.as_micros().max(1);
        SeriesPoint {
            start,
            min: summary.min,
            mean: summary.mean(),
            max: summary.max,
            count: summary.count,
            coverage: (covered as f64 / within as f64).min(1.0),
        }
    }
}
