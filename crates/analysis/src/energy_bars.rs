//! Energy of consecutive stretches of time, such as the days of a month.
//!
//! In: readings of the counters and mean powers of short intervals, and the bars to fill. Out: for
//! each bar the energy drawn and fed in, mean and greatest power, and how much of the bar is known.
//! A counter is preferred; the energy between two of its readings is spread evenly over the bars
//! between them, as long as they are close. Source: domain rules "prefer the counter" and
//! "counter". Refuses: a counter that went back or leapt (reset, replaced) as consumption; energy
//! of a long silence as the consumption of a certain bar.

use crate::continuity::{Point, difference, runs};
use crate::energy::{COVERAGE_PCT_MIN, Sample, Window, confirmed_w, growth_limit_w};
use crate::{Figure, Method, Reason};
use reading::Timestamp;
use std::time::Duration;

/// The last digit of a counter may be this share of a bar's energy, else power is better.
const RESOLUTION_SHARE_MAX: f64 = 0.02;
/// Where power was measured all the time, a counter cannot grow faster than this multiple of the
/// greatest.
const POWER_FACTOR: f64 = 3.0;
/// Nor ever slower than this. **Unit** W.
const POWER_FLOOR_W: f64 = 1000.0;
/// Share of a stretch of time in which power must be known to judge a counter by it.
const POWER_SHARE_MIN: f64 = 0.9;
/// Values of power in such a stretch: between fewer ones a load may come and go unseen.
const POWER_COUNT_MIN: u64 = 12;
/// Readings that are not further apart than this multiple of their usual distance are close.
const CLOSE_DISTANCES: u32 = 3;
/// Nor are readings within this time of each other ever called far apart.
const CLOSE_ALWAYS: Duration = Duration::from_secs(900);

/// The power of a short interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerInterval {
    /// The interval.
    pub window: Window,
    /// Mean power. **Unit** W. **Sign** import positive.
    pub mean_w: f64,
    /// Greatest power. **Unit** W. **Sign** import positive.
    pub max_w: f64,
    /// Mean power drawn and mean power fed in, both positive; `None` where the power changed its
    /// direction within the interval and only the difference is known. **Unit** W.
    pub flows_w: Option<(f64, f64)>,
    /// Share of the interval in which the power is known. **Range** 0 to 1.
    pub coverage: f64,
    /// How many values it is made of.
    pub count: u64,
}

/// What bars are made of.
///
/// **Shape** each slice oldest first; readings a little before and after the bars close their edges.
#[derive(Debug, Clone, Copy, Default)]
pub struct BarInputs<'a> {
    /// Power, in intervals none of which crosses the edge of a bar; `None`: never measured.
    pub power: Option<&'a [PowerInterval]>,
    /// Counter of energy drawn; `None`: never measured. **Unit** Wh.
    pub import_counter: Option<&'a [Sample]>,
    /// Counter of energy fed in; `None`: never measured. **Unit** Wh.
    pub export_counter: Option<&'a [Sample]>,
    /// Instants at which the meter or the ratio of its transformers was exchanged, oldest first.
    pub breaks: &'a [Timestamp],
    /// What the supply gives at most; `None`: not known. **Unit** W.
    pub supply_w: Option<f64>,
}

/// Energy and power of one bar. What is known of a part of it is told for that part.
#[derive(Debug, Clone, PartialEq)]
pub struct EnergyBar {
    /// The bar.
    pub window: Window,
    /// Energy drawn. **Unit** Wh.
    pub import_wh: Figure,
    /// Energy fed in. **Unit** Wh.
    pub export_wh: Figure,
    /// Mean power while it is known, of the counters where no power is sent. **Unit** W. **Sign** import positive.
    pub mean_w: Figure,
    /// Greatest power. **Unit** W. **Sign** import positive.
    pub max_w: Figure,
    /// Share of the bar for which the energy drawn is known. **Unit** percent.
    pub coverage_pct: f64,
}

/// The energy of each bar.
///
/// **Shape** `bars` oldest first, none overlapping; one answer for each.
#[must_use]
pub fn energy_bars(bars: &[Window], inputs: &BarInputs<'_>) -> Vec<EnergyBar> {
    let power = power_of(bars, inputs.power.unwrap_or_default());
    let growth = Growth::of(inputs);
    let count = |counter: Option<&[Sample]>| counter.map(|counter| counted(bars, counter, &growth));
    let (import, export) = (count(inputs.import_counter), count(inputs.export_counter));
    let bar = |index: usize| {
        let window = bars[index];
        let power = &power[index];
        let of = |counter: &Option<Counter>| counter.as_ref().map(|counter| counter.bars[index]);
        let powered = inputs.power.is_some();
        let digit = |counter: &Option<Counter>| counter.as_ref().map_or(0.0, |one| one.digit_wh);
        let choose = |counter: &Option<Counter>, energy_ws| {
            let by_power = powered.then_some((energy_ws, power.flow_seconds));
            chosen(window, (of(counter), digit(counter)), by_power)
        };
        let (import_wh, known) = choose(&import, power.import_ws);
        let (export_wh, _) = choose(&export, power.export_ws);
        let counted = |figure: &Figure| figure.method() == Some(Method::Counter);
        let by_counter = || {
            let drawn = import_wh.value().filter(|_| counted(&import_wh))?;
            let fed_in = match inputs.export_counter {
                None => 0.0,
                Some(_) => export_wh.value().filter(|_| counted(&export_wh))?,
            };
            (known > 0.0).then(|| (drawn - fed_in) * 3600.0 / known)
        };
        let lacking = if powered { Reason::NoSamples } else { Reason::NotMeasured };
        EnergyBar {
            window,
            mean_w: if power.seconds > 0.0 {
                Figure::Known { value: power.net_ws / power.seconds, method: Method::Power }
            } else {
                Figure::from_option(by_counter(), Method::Counter, lacking)
            },
            max_w: Figure::from_option(power.max_w, Method::Measured, lacking),
            coverage_pct: share_pct(known, window.seconds()),
            import_wh,
            export_wh,
        }
    };
    (0..bars.len()).map(bar).collect()
}

/// The energy by the better of two ways, and the time for which it is known. **Unit** Wh, s.
fn chosen(
    window: Window,
    (counter, digit_wh): (Option<Part>, f64),
    by_power: Option<(f64, f64)>,
) -> (Figure, f64) {
    let length = window.seconds();
    let powered = by_power.filter(|(_, seconds)| *seconds > 0.0);
    let by_power_known = powered.map_or(0.0, |(_, seconds)| seconds);
    let fine = |part: &Part| {
        digit_wh <= RESOLUTION_SHARE_MAX * part.wh
            || share_pct(by_power_known, length) < COVERAGE_PCT_MIN
    };
    let wide = |part: &Part| {
        share_pct(part.seconds, length) >= COVERAGE_PCT_MIN || part.seconds >= by_power_known
    };
    let usable = counter.filter(|part| part.seconds > 0.0 && fine(part) && wide(part));
    match (usable, powered) {
        (Some(part), _) => {
            let value = part.wh.max(0.0);
            (Figure::Known { value, method: Method::Counter }, part.seconds)
        }
        (None, Some((energy_ws, seconds))) => {
            let value = energy_ws / 3600.0;
            (Figure::Known { value, method: Method::Power }, seconds)
        }
        (None, None) => (Figure::Unknown(lacking(counter, by_power)), 0.0),
    }
}

fn lacking(counter: Option<Part>, by_power: Option<(f64, f64)>) -> Reason {
    match (counter, by_power) {
        (Some(part), _) if part.broken => Reason::CounterUnusable,
        (None, None) => Reason::NotMeasured,
        _ => Reason::NoSamples,
    }
}

/// What a counter says of one bar.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    wh: f64,
    seconds: f64,
    /// The counter went back or leapt within the bar.
    broken: bool,
}

struct Counter {
    bars: Vec<Part>,
    /// What one digit is worth. **Unit** Wh.
    digit_wh: f64,
}

fn counted(bars: &[Window], readings: &[Sample], growth: &Growth<'_>) -> Counter {
    let mut parts = vec![Part::default(); bars.len()];
    let digit_wh = readings.last().map_or(0.0, |last| 10_f64.powi(last.1.exponent().into()));
    let distance = usual_distance(readings);
    let close = distance.saturating_mul(CLOSE_DISTANCES).max(CLOSE_ALWAYS);
    // Which list brought which reading is not told: any two may be of two lists.
    let point = |(list, (at, value)): (u32, &Sample)| Point { at: *at, value: *value, list };
    let points: Vec<Point> = (0..).zip(readings).map(point).collect();
    let allowed = |from: &Point, to: &Point| digit_wh + growth.allowed_wh(from.at, to.at, distance);
    let mut last: Option<Timestamp> = None;
    for run in runs(&points, growth.breaks, &allowed) {
        if let (Some(end), Some(first)) = (last, run.first()) {
            for (_, part) in touched(bars, &mut parts, Window { from: end, to: first.at }) {
                part.broken = true;
            }
        }
        last = run.last().map(|point| point.at).or(last);
        for pair in run.windows(2) {
            let [before, after] = pair else { continue };
            let pair = Window { from: before.at, to: after.at };
            let grown = difference(after.value, before.value);
            for (bar, part) in touched(bars, &mut parts, pair) {
                let inside = bar.from <= pair.from && pair.to <= bar.to;
                let near = pair.to.since(pair.from) <= close.min(bar.to.since(bar.from));
                if inside || near {
                    let shared = pair.to.min(bar.to).since(pair.from.max(bar.from)).as_secs_f64();
                    part.wh += grown * shared / pair.seconds();
                    part.seconds += shared;
                }
            }
        }
    }
    Counter { bars: parts, digit_wh }
}

/// The bars that a stretch of time touches, with what is known of them.
fn touched<'a>(
    bars: &'a [Window],
    parts: &'a mut [Part],
    stretch: Window,
) -> impl Iterator<Item = (&'a Window, &'a mut Part)> {
    let first = bars.partition_point(|bar| bar.to <= stretch.from);
    let pairs = bars.iter().zip(parts).skip(first);
    pairs.take_while(move |(bar, _)| bar.from < stretch.to)
}

/// How fast the counters of a meter can grow.
struct Growth<'a> {
    power: &'a [PowerInterval],
    breaks: &'a [Timestamp],
    /// At any time. **Unit** W.
    limit_w: f64,
}

impl<'a> Growth<'a> {
    fn of(inputs: &BarInputs<'a>) -> Self {
        let power = inputs.power.unwrap_or_default();
        let greatest = confirmed_w(power.iter().map(PowerInterval::greatest_w));
        let limit_w = growth_limit_w(inputs.supply_w, greatest);
        Self { power, breaks: inputs.breaks, limit_w }
    }

    /// How much a counter can grow between two readings whose instants are known to within
    /// `distance`. **Unit** Wh.
    fn allowed_wh(&self, from: Timestamp, to: Timestamp, distance: Duration) -> f64 {
        let (early, late) = (from.minus(distance), to.plus(distance));
        let first = self.power.partition_point(|one| one.window.to <= early);
        let near = self.power[first..].iter().take_while(|one| one.window.from < late);
        let (mut known, mut greatest, mut count) = (0.0, 0.0_f64, 0_u64);
        for one in near {
            let (begin, end) = (one.window.from.max(early), one.window.to.min(late));
            known += end.since(begin).as_secs_f64() * one.coverage.clamp(0.0, 1.0);
            greatest = greatest.max(one.greatest_w());
            count = count.saturating_add(one.count);
        }
        let seconds = late.since(early).as_secs_f64();
        let judges = known >= POWER_SHARE_MIN * seconds && count >= POWER_COUNT_MIN;
        let watts = if judges {
            self.limit_w.min((POWER_FACTOR * greatest).max(POWER_FLOOR_W))
        } else {
            self.limit_w
        };
        watts * seconds / 3600.0
    }
}

impl PowerInterval {
    /// The greatest power in either direction that is known of it. **Unit** W.
    fn greatest_w(&self) -> f64 {
        let flows = self.flows_w.map_or(0.0, |(import, export)| import.max(export));
        self.max_w.abs().max(self.mean_w.abs()).max(flows)
    }
}

/// The usual distance of readings.
fn usual_distance(readings: &[Sample]) -> Duration {
    let distance = |pair: &[Sample]| match pair {
        [before, after] => after.0.since(before.0),
        _ => Duration::ZERO,
    };
    let mut distances: Vec<Duration> = readings.windows(2).map(distance).collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().unwrap_or_default()
}

/// What the power says of one bar.
#[derive(Debug, Clone, Copy, Default)]
struct Powered {
    net_ws: f64,
    seconds: f64,
    import_ws: f64,
    export_ws: f64,
    /// How long both directions are known.
    flow_seconds: f64,
    max_w: Option<f64>,
}

fn power_of(bars: &[Window], power: &[PowerInterval]) -> Vec<Powered> {
    let mut found = vec![Powered::default(); bars.len()];
    for interval in power {
        let index = bars.partition_point(|bar| bar.to <= interval.window.from);
        let (Some(bar), Some(sum)) = (bars.get(index), found.get_mut(index)) else { continue };
        let (from, to) = (interval.window.from.max(bar.from), interval.window.to.min(bar.to));
        if from >= to {
            continue;
        }
        let seconds = to.since(from).as_secs_f64() * interval.coverage.clamp(0.0, 1.0);
        sum.net_ws += interval.mean_w * seconds;
        sum.seconds += seconds;
        if let Some((import, export)) = interval.flows_w {
            sum.import_ws += import * seconds;
            sum.export_ws += export * seconds;
            sum.flow_seconds += seconds;
        }
        sum.max_w = Some(sum.max_w.map_or(interval.max_w, |max| max.max(interval.max_w)));
    }
    found
}

/// `part` of `whole`. **Unit** percent. **Range** 0 to 100, never −0.0.
fn share_pct(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (100.0 * part / whole).clamp(0.0, 100.0) + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests;
