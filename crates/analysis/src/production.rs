//! Production from a counter, and the energy that one unit of it takes.
//!
//! In: readings of a counter of pieces, cycles or mass as a PLC tells it, the stretches to fill, the
//! energy of these stretches. Out: what was produced in each, and energy per unit. A PLC's counter
//! starts again at 0 when it reboots, wraps at 16 or 32 bits or at its last digit, stumbles over a wrong
//! value, is set: none of this is ever negative or enormous production. Each step is judged by the growths
//! of a fixed neighbourhood in time, so that a stretch has the same production whatever else is asked.
//! Source: domain rule "counter". Refuses energy per unit where either side is not known for most of the
//! stretch, and where nothing was produced; production where no other growth tells how fast the counter
//! grows.

use crate::continuity::difference;
use crate::energy::{COVERAGE_PCT_MIN, Sample, Window};
use crate::pace::{Grown, Pace};
use crate::{Figure, Method, Reason};
use reading::Timestamp;
use std::time::Duration;

/// The growths that a step is judged by lie so near to the [`BLOCK`] in which it is.
const NEIGHBOURHOOD: Duration = Duration::from_secs(12 * 3600);
/// Steps within one of these, counted from midnight UTC, have the same neighbourhood.
const BLOCK: Duration = Duration::from_secs(6 * 3600);
/// So many readings that agree with each other and not with those before are a new beginning.
const AGREEING_MIN: usize = 3;
/// A fall to under this share of the reading is a restart, a smaller one a correction.
const RESTART_SHARE: f64 = 0.9;
/// A counter wraps only from within this share of its range to its end.
const WRAP_SHARE: f64 = 0.1;
/// Widths of counters that wrap. **Unit** bits.
const WIDTHS: [i32; 2] = [16, 32];
/// Fewest and most digits of counters that wrap.
const DIGITS: std::ops::RangeInclusive<i32> = 4..=10;
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
    /// Why it cannot be known is that nothing tells how fast the counter grows.
    unjudged: bool,
}

/// The production of each stretch.
///
/// **Shape** `bars` oldest first, none overlapping; `readings` oldest first, of one counter, those of
/// [`reach`] around the bars: they close the edges and tell how fast the counter grows. Of a run of
/// equal ones the first three and the last suffice.
#[must_use]
pub fn produced(bars: &[Window], readings: &[Sample]) -> Vec<Produced> {
    let (growths, ignored) = growths(readings);
    let close = close_distance(readings);
    let bar = |window: &Window| {
        let (mut count, mut seconds, mut restarts, mut unjudged) = (0.0, 0.0, 0, false);
        for growth in &growths {
            let (from, to) = (growth.from.max(window.from), growth.to.min(window.to));
            if from >= to {
                continue;
            }
            restarts +=
                usize::from(growth.restart && window.from < growth.to && growth.to <= window.to);
            unjudged |= growth.unjudged;
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
        let (count, lacking) = match unjudged {
            true => (None, Reason::PaceUnknown),
            false => ((seconds > 0.0).then_some(count), lacking),
        };
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

/// The stretch of which readings are needed for the production of `window`.
#[must_use]
pub fn reach(window: Window) -> Window {
    let (from, _) = block(window.from);
    let (_, to) = block(window.to);
    Window { from: from.minus(NEIGHBOURHOOD), to: to.plus(NEIGHBOURHOOD) }
}

/// The block of an instant.
fn block(at: Timestamp) -> (Timestamp, Timestamp) {
    let length = i64::try_from(BLOCK.as_micros()).unwrap_or(i64::MAX);
    let from = Timestamp::from_micros(at.as_micros().div_euclid(length) * length);
    (from, from.plus(BLOCK))
}

/// How the counter grows at any time of its readings.
struct Paces(Vec<(Timestamp, Pace)>);

impl Paces {
    fn of(readings: &[Sample]) -> Self {
        let (growths, mut from) = (grown(readings), readings.first().map(|first| block(first.0).0));
        let mut paces = Vec::new();
        while let Some(begin) = from {
            let (near, far) = (begin.minus(NEIGHBOURHOOD), begin.plus(BLOCK + NEIGHBOURHOOD));
            let first = growths.partition_point(|(at, _)| *at < near);
            let behind = growths.partition_point(|(at, _)| *at < far);
            let near: Vec<Grown> = growths[first..behind].iter().map(|(_, grown)| *grown).collect();
            paces.push((begin, Pace::of(&near)));
            let next = readings.partition_point(|(at, _)| *at < begin.plus(BLOCK));
            from = readings.get(next).map(|reading| block(reading.0).0);
        }
        Self(paces)
    }

    fn at(&self, at: Timestamp) -> Option<&Pace> {
        let next = self.0.partition_point(|(from, _)| *from <= at);
        self.0.get(next.checked_sub(1)?).map(|(_, pace)| pace)
    }
}

/// The growths of the readings, each with its instant, without those that are taken back at once. Where
/// these are the most, the counter is reset all the time, and they count.
fn grown(readings: &[Sample]) -> Vec<(Timestamp, Grown)> {
    let kept = |taken_back: bool| {
        let mut last = readings.first().map(|first| first.0);
        let mut growths = Vec::new();
        for (place, pair) in readings.windows(2).enumerate() {
            let [before, after] = pair else { continue };
            let by = difference(after.1, before.1);
            let peak = readings.get(place + 2).is_some_and(|next| is_peak((before, after), next));
            if by <= 0.0 || (peak && !taken_back) {
                continue;
            }
            let after_s = last.map_or(0.0, |last| after.0.since(last).as_secs_f64());
            let within_s = after.0.since(before.0).as_secs_f64();
            growths.push((after.0, Grown { by, within_s, after_s }));
            last = Some(after.0);
        }
        growths
    };
    let (sound, all) = (kept(false), kept(true));
    if 2 * sound.len() < all.len() { all } else { sound }
}

/// Whether a reading stands alone above its neighbours.
fn is_peak((before, peak): (&Sample, &Sample), after: &Sample) -> bool {
    after.1.cmp_value(before.1).is_ge() && after.1.cmp_value(peak.1).is_lt()
}

/// The readings without those that go up farther than sure and come back at once, and when those were.
fn confirmed(readings: &[Sample], paces: &Paces) -> (Vec<Sample>, Vec<Timestamp>) {
    let (mut sound, mut wild): (Vec<Sample>, Vec<Timestamp>) = (Vec::new(), Vec::new());
    for (place, reading) in readings.iter().enumerate() {
        let refuted = sound.last().zip(readings.get(place + 1)).is_some_and(|(before, next)| {
            let by = difference(reading.1, before.1);
            let within_s = reading.0.since(before.0).as_secs_f64();
            let sure = paces.at(reading.0).and_then(|pace| pace.makes_sure(by, within_s));
            is_peak((before, reading), next) && by > sure.unwrap_or(1.0)
        });
        if refuted {
            wild.push(reading.0);
        } else {
            sound.push(*reading);
        }
    }
    (sound, wild)
}

/// What happened between the readings, and when readings were told that are not used.
fn growths(readings: &[Sample]) -> (Vec<Growth>, Vec<Timestamp>) {
    let paces = Paces::of(readings);
    let (readings, ignored) = confirmed(readings, &paces);
    let Some((first, rest)) = readings.split_first() else { return (Vec::new(), ignored) };
    let counter = Counter { mark: *first, high: *first, paces: &paces };
    let mut course =
        Course { counter, growths: Vec::new(), ignored, doubtful: Vec::new(), fallen: None };
    rest.iter().for_each(|reading| course.take(*reading));
    course.ignored.extend(course.doubtful.into_iter().map(|sample| sample.0));
    course.ignored.sort_unstable();
    (course.growths, course.ignored)
}

/// A counter that is followed reading by reading.
struct Course<'a> {
    counter: Counter<'a>,
    growths: Vec<Growth>,
    ignored: Vec<Timestamp>,
    /// Readings that do not follow from the mark, and perhaps from each other.
    doubtful: Vec<Sample>,
    /// The counter before its last restart, and how many growths there were: what looked like a
    /// restart was none when the counter is back where it was.
    fallen: Option<(Counter<'a>, usize)>,
}

impl<'a> Course<'a> {
    fn take(&mut self, reading: Sample) {
        if reading.0 <= self.counter.mark.0 {
            return;
        }
        let before = self.counter;
        if let Some(growth) = self.counter.follow(reading) {
            self.forget_doubtful();
            if growth.restart {
                self.fallen = Some((before, self.growths.len()));
            }
            self.growths.push(growth);
            return;
        }
        if let Some((old, at, growth)) = self.back(reading) {
            self.ignored.extend(self.growths.drain(at..).map(|growth| growth.to));
            self.forget_doubtful();
            self.growths.push(growth);
            (self.counter, self.fallen) = (old, None);
            return;
        }
        let paces = self.counter.paces;
        let agrees = self.doubtful.last().is_some_and(|last| {
            Counter { mark: *last, high: *last, paces }.steps(reading).is_some()
        });
        if !agrees {
            self.forget_doubtful();
        }
        self.doubtful.push(reading);
        if self.doubtful.len() >= AGREEING_MIN {
            self.begin_anew();
        }
    }

    fn forget_doubtful(&mut self) {
        self.ignored.extend(self.doubtful.drain(..).map(|sample| sample.0));
    }

    /// The counter before its restart, if it goes on from there.
    fn back(&self, reading: Sample) -> Option<(Counter<'a>, usize, Growth)> {
        let (mut old, at) = self.fallen.filter(|(_, at)| is_fresh(&self.growths, *at))?;
        let growth = old.follow(reading).filter(|growth| !growth.restart)?;
        Some((old, at, growth))
    }

    /// The doubtful readings are confirmed: somebody set the counter, or nothing tells how fast it grows.
    /// It goes on from there, and what was made meanwhile is not known.
    fn begin_anew(&mut self) {
        let mut doubtful = std::mem::take(&mut self.doubtful).into_iter();
        let Some(first) = doubtful.next() else { return };
        let (from, to) = (self.counter.mark, first.0);
        let by = difference(first.1, from.1);
        let pace = self.counter.paces.at(to);
        let judged = by < 0.0
            || pace.and_then(|pace| pace.explains(by, to.since(from.0).as_secs_f64())).is_some();
        let growth = Growth { from: from.0, to, grown: None, restart: judged, unjudged: !judged };
        self.growths.push(growth);
        (self.counter.mark, self.counter.high) = (first, first);
        for reading in doubtful {
            self.growths.extend(self.counter.follow(reading));
        }
    }
}

/// Whether a restart is still so young that it may turn out to be none.
fn is_fresh(growths: &[Growth], at: usize) -> bool {
    let since = growths.get(at..).unwrap_or_default();
    since.len() < AGREEING_MIN || since.iter().all(|growth| growth.grown == Some(0.0))
}

/// A counter as far as it is believed.
#[derive(Clone, Copy)]
struct Counter<'a> {
    /// The last reading that is believed.
    mark: Sample,
    /// The greatest one since it started.
    high: Sample,
    paces: &'a Paces,
}

impl Counter<'_> {
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
        let pace = self.paces.at(to);
        let plausible = |grown: f64| {
            let explained = pace.and_then(|pace| pace.explains(grown, seconds));
            grown <= explained.unwrap_or(1.0)
        };
        let growth = |grown, restart| {
            Some(Growth { from, to, grown: Some(grown), restart, unjudged: false })
        };
        let (before, after) = (self.mark.1.to_f64(), reading.1.to_f64());
        if after >= before {
            // After a correction nothing counts until the counter is where it was.
            let base = self.high.1.to_f64().max(before);
            let grown = (difference(reading.1, self.high.1).min(after - before)).max(0.0);
            return if plausible(after - base) { growth(grown, false) } else { None };
        }
        let sure = |grown: f64| {
            let sure = pace.and_then(|pace| pace.makes_sure(grown, seconds));
            grown <= sure.unwrap_or(1.0)
        };
        if let Some(wrapped) = self.wrapped(before, after).find(|grown| sure(*grown)) {
            return growth(wrapped, false);
        }
        if after >= RESTART_SHARE * before && plausible(before - after) {
            return growth(0.0, false);
        }
        // It started again: what it shows now was made since, if that is possible at all.
        plausible(after).then_some(())?;
        growth(after, true)
    }

    /// How much the counter grew if it wrapped, at each of its possible ends.
    fn wrapped(&self, before: f64, after: f64) -> impl Iterator<Item = f64> {
        let digit = 10_f64.powi(i32::from(self.mark.1.exponent()));
        let binary = WIDTHS.into_iter().map(|bits| 2_f64.powi(bits));
        let ends = binary.chain(DIGITS.map(|digits| 10_f64.powi(digits)));
        let ends = ends.map(move |end| end * digit);
        let near = ends.filter(move |end| before < *end && before >= (1.0 - WRAP_SHARE) * end);
        near.map(move |end| end - before + after)
    }
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
