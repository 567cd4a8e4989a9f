//! Production from a counter, and the energy that one unit of it takes.
//!
//! In: readings of a counter of pieces, cycles or mass as a PLC tells it, the stretches to fill, the
//! energy of these stretches. Out: what was produced in each, and energy per unit. A PLC's counter
//! starts again at 0 when it reboots, wraps at 16 or 32 bits, stumbles over a single wrong value: none
//! of this is ever negative or enormous production. Source: domain rule "counter". Refuses energy per
//! unit where either side is not known for most of the stretch, and where nothing was produced.

use crate::energy::{COVERAGE_PCT_MIN, Sample, Window};
use crate::{Figure, Method, Reason};
use reading::{Decimal, Timestamp};
use std::time::Duration;

/// A counter does not grow faster than this multiple of its usual rate.
const LEAP_FACTOR: f64 = 20.0;
/// From so many growths on the usual rate is known.
const GROWTHS_FOR_RATE: usize = 8;
/// Faster than this no counter grows whose usual rate is not known. **Unit** 1/s.
const RATE_MAX: f64 = 1000.0;
/// So many readings that agree with each other and not with those before are a new beginning.
const AGREEING_MIN: usize = 3;
/// A fall to under this share of the reading is a restart, a smaller one a correction.
const RESTART_SHARE: f64 = 0.9;
/// Without a usual rate, a wrap begins and ends within this share of the counter's range.
const WRAP_SHARE: f64 = 0.1;
/// Widths of counters that wrap. **Unit** bits.
const WIDTHS: [i32; 2] = [16, 32];
/// Readings that are not further apart than this multiple of their usual distance are close.
const CLOSE_DISTANCES: u32 = 3;
/// Nor are readings within this time of each other ever called far apart.
const CLOSE_ALWAYS: Duration = Duration::from_secs(900);

/// What was produced in one stretch.
#[derive(Debug, Clone, PartialEq)]
pub struct Produced {
    /// The stretch.
    pub window: Window,
    /// How much. **Unit** the counter's. **Sign** never negative.
    pub count: Figure,
    /// Share of the stretch for which the production is known. **Unit** percent.
    pub coverage_pct: f64,
    /// How often the counter started again, wraps not counted.
    pub restarts: usize,
    /// Readings that no counter could show after those before; they are not used.
    pub ignored: usize,
}

/// What happened between two readings.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Growth {
    from: Timestamp,
    to: Timestamp,
    /// How much the counter grew; `None` where it cannot be known.
    grown: Option<f64>,
    restart: bool,
}

/// The production of each stretch.
///
/// **Shape** `bars` oldest first, none overlapping; `readings` oldest first, of one counter; those a
/// little before and after the bars close their edges.
#[must_use]
pub fn produced(bars: &[Window], readings: &[Sample]) -> Vec<Produced> {
    let (growths, ignored) = growths(readings);
    let close = close_distance(readings);
    let bar = |window: &Window| {
        let (mut count, mut seconds, mut restarts) = (0.0, 0.0, 0);
        for growth in &growths {
            let (from, to) = (growth.from.max(window.from), growth.to.min(window.to));
            if from >= to {
                continue;
            }
            restarts +=
                usize::from(growth.restart && window.from < growth.to && growth.to <= window.to);
            let length = growth.to.since(growth.from);
            let inside = window.from <= growth.from && growth.to <= window.to;
            let Some(grown) = growth.grown else { continue };
            // A PLC may tell only changes: over a pause in which nothing or one unit was made it is
            // known well enough when. More than that over a long pause could be anywhere.
            let near = length <= close.min(window.to.since(window.from).max(CLOSE_ALWAYS));
            if !inside && !near && grown > 1.0 {
                continue;
            }
            let shared = to.since(from).as_secs_f64();
            count += grown * shared / length.as_secs_f64();
            seconds += shared;
        }
        let lacking = if readings.is_empty() { Reason::NotMeasured } else { Reason::NoSamples };
        let count = (seconds > 0.0).then_some(count);
        Produced {
            window: *window,
            count: Figure::from_option(count, Method::Counter, lacking),
            coverage_pct: share_pct(seconds, window.seconds()),
            restarts,
            ignored: ignored.iter().filter(|at| window.from <= **at && **at < window.to).count(),
        }
    };
    bars.iter().map(bar).collect()
}

/// Energy per unit of production.
///
/// **Unit** Wh per unit of the counter. Energy that was drawn while nothing was made belongs to the
/// stretch and is counted in.
#[must_use]
pub fn per_unit((energy_wh, energy_coverage_pct): (Figure, f64), produced: &Produced) -> Figure {
    let count = match produced.count {
        Figure::Unknown(Reason::NotMeasured) => return Figure::Unknown(Reason::NoCounter),
        Figure::Unknown(reason) => return Figure::Unknown(reason),
        Figure::Known { value, .. } => value,
    };
    if energy_wh.value().is_none() {
        return energy_wh;
    }
    if energy_coverage_pct.min(produced.coverage_pct) < COVERAGE_PCT_MIN {
        return Figure::Unknown(Reason::CoverageTooLow);
    }
    energy_wh.and_then(|energy| (count > 0.0).then(|| energy / count), Reason::NothingProduced)
}

/// What happened between the readings, and when readings were told that are not used.
fn growths(readings: &[Sample]) -> (Vec<Growth>, Vec<Timestamp>) {
    let limit = leap_limit(readings);
    let mut growths = Vec::new();
    let mut ignored = Vec::new();
    let Some((first, rest)) = readings.split_first() else { return (growths, ignored) };
    let mut counter = Counter { mark: *first, high: *first, limit };
    // Readings that do not follow from the mark, and perhaps from each other.
    let mut doubtful: Vec<Sample> = Vec::new();
    // The counter before its last restart, and how many growths there were: what looked like a
    // restart was none when the counter is back where it was.
    let mut fallen: Option<(Counter, usize)> = None;
    for reading in rest {
        if reading.0 <= counter.mark.0 {
            continue;
        }
        let before = counter;
        if let Some(growth) = counter.follow(*reading) {
            ignored.extend(doubtful.drain(..).map(|sample| sample.0));
            if growth.restart {
                fallen = Some((before, growths.len()));
            }
            growths.push(growth);
            continue;
        }
        let back = fallen.filter(|(_, at)| is_fresh(&growths, *at)).and_then(|(mut old, at)| {
            let growth = old.follow(*reading).filter(|growth| !growth.restart)?;
            Some((old, at, growth))
        });
        if let Some((old, at, growth)) = back {
            ignored.extend(growths.drain(at..).map(|growth| growth.to));
            ignored.extend(doubtful.drain(..).map(|sample| sample.0));
            growths.push(growth);
            (counter, fallen) = (old, None);
            continue;
        }
        let agrees = doubtful.last().is_some_and(|last| {
            Counter { mark: *last, high: *last, limit }.steps(*reading).is_some()
        });
        if !agrees {
            ignored.extend(doubtful.drain(..).map(|sample| sample.0));
        }
        doubtful.push(*reading);
        if doubtful.len() >= AGREEING_MIN {
            // Somebody set the counter: it goes on from there, and what was made meanwhile is not
            // known.
            let (from, to) = (counter.mark.0, reading.0);
            growths.push(Growth { from, to, grown: None, restart: true });
            (counter.mark, counter.high) = (*reading, *reading);
            doubtful.clear();
        }
    }
    ignored.extend(doubtful.into_iter().map(|sample| sample.0));
    (growths, ignored)
}

/// Whether a restart is still so young that it may turn out to be none.
fn is_fresh(growths: &[Growth], at: usize) -> bool {
    let since = growths.get(at..).unwrap_or_default();
    since.len() < AGREEING_MIN || since.iter().all(|growth| growth.grown == Some(0.0))
}

/// A counter as far as it is believed.
#[derive(Debug, Clone, Copy)]
struct Counter {
    /// The last reading that is believed.
    mark: Sample,
    /// The greatest one since it started.
    high: Sample,
    /// Greatest rate. **Unit** 1/s.
    limit: Limit,
}

#[derive(Debug, Clone, Copy)]
struct Limit {
    rate: f64,
    /// Whether the counter's usual rate is known.
    usual: bool,
}

impl Counter {
    /// Follows a reading; `None` when no counter could show it after those before.
    fn follow(&mut self, reading: Sample) -> Option<Growth> {
        let growth = self.steps(reading)?;
        let fell = reading.1.cmp_value(self.mark.1).is_lt();
        let corrected = fell && !growth.restart && growth.grown == Some(0.0);
        if !corrected && (fell || reading.1.cmp_value(self.high.1).is_ge()) {
            self.high = reading;
        }
        self.mark = reading;
        Some(growth)
    }

    /// What a reading means after the mark.
    fn steps(&self, reading: Sample) -> Option<Growth> {
        let (from, to) = (self.mark.0, reading.0);
        let seconds = to.since(from).as_secs_f64();
        let growth = |grown, restart| Some(Growth { from, to, grown: Some(grown), restart });
        let plausible = |grown: f64| grown <= (self.limit.rate * seconds).max(1.0);
        let (before, after) = (self.mark.1.to_f64(), reading.1.to_f64());
        if after >= before {
            // After a correction nothing counts until the counter is where it was.
            let base = self.high.1.to_f64().max(before);
            let grown = (difference(reading.1, self.high.1).min(after - before)).max(0.0);
            return if plausible(after - base) { growth(grown, false) } else { None };
        }
        if let Some(wrapped) = self.wrapped(before, after).filter(|grown| plausible(*grown)) {
            return growth(wrapped, false);
        }
        if after >= RESTART_SHARE * before {
            return growth(0.0, false);
        }
        // It started again: what it shows now was made since, if that is possible at all.
        plausible(after).then_some(())?;
        growth(after, true)
    }

    /// How much the counter grew if it wrapped at one of its possible widths.
    fn wrapped(&self, before: f64, after: f64) -> Option<f64> {
        let digit = 10_f64.powi(i32::from(self.mark.1.exponent()));
        let range = WIDTHS.into_iter().map(|bits| 2_f64.powi(bits) * digit);
        let range = range.into_iter().find(|range| before < *range)?;
        let grown = range - before + after;
        let near = before >= (1.0 - WRAP_SHARE) * range && after <= WRAP_SHARE * range;
        (self.limit.usual || near).then_some(grown).filter(|_| before >= range / 2.0)
    }
}

/// The greatest rate of growth that is believed: a multiple of the usual one.
fn leap_limit(readings: &[Sample]) -> Limit {
    let rate = |pair: &[Sample]| match pair {
        [before, after] if after.0 > before.0 => {
            let grown = after.1.to_f64() - before.1.to_f64();
            (grown > 0.0).then(|| grown / after.0.since(before.0).as_secs_f64())
        }
        _ => None,
    };
    let mut rates: Vec<f64> = readings.windows(2).filter_map(rate).collect();
    if rates.len() < GROWTHS_FOR_RATE {
        return Limit { rate: RATE_MAX, usual: false };
    }
    rates.sort_by(f64::total_cmp);
    let usual = rates.get(rates.len() / 2).copied().unwrap_or(RATE_MAX);
    Limit { rate: (LEAP_FACTOR * usual).min(RATE_MAX), usual: true }
}

/// Exact as long as the digits allow it.
fn difference(after: Decimal, before: Decimal) -> f64 {
    let exact = after.checked_sub(before).map(Decimal::to_f64);
    exact.unwrap_or_else(|| after.to_f64() - before.to_f64())
}

/// Up to which distance readings are close.
fn close_distance(readings: &[Sample]) -> Duration {
    let distance = |pair: &[Sample]| match pair {
        [before, after] => after.0.since(before.0),
        _ => Duration::ZERO,
    };
    let mut distances: Vec<Duration> = readings.windows(2).map(distance).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len() / 2).copied().unwrap_or_default();
    usual.saturating_mul(CLOSE_DISTANCES).max(CLOSE_ALWAYS)
}

/// `part` of `whole`. **Unit** percent. **Range** 0 to 100, never −0.0.
fn share_pct(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (100.0 * part / whole).clamp(0.0, 100.0) + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests;
