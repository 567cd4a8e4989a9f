//! Energy of consecutive stretches of time, such as the days of a month.
//!
//! In: readings of the counters and mean powers of short intervals, and the bars to fill. Out: for
//! each bar the energy drawn and fed in, mean and greatest power, and how much of the bar is known.
//! A counter is preferred; the energy between two of its readings is spread evenly over the bars
//! between them, as long as they are close. Source: domain rules "prefer the counter" and
//! "counter". Refuses: a counter that went back or leapt (reset, replaced) as consumption; energy
//! of a long silence as the consumption of a certain bar.

use crate::energy::{COVERAGE_PCT_MIN, Sample, Window};
use crate::{Figure, Method, Reason};
use reading::Decimal;
use std::time::Duration;

/// The last digit of a counter may be this share of a bar's energy, else power is better.
const RESOLUTION_SHARE_MAX: f64 = 0.02;
/// Two lists of a meter snapshot different instants: so much backwards is no reset. **Unit** Wh.
const LISTS_DIFFER_WH: f64 = 1000.0;
/// A counter that falls below this share of its reading was reset, however little that is.
const RESET_SHARE: f64 = 0.1;
/// A counter cannot grow faster than this multiple of the greatest power that was measured.
const LEAP_FACTOR: f64 = 10.0;
/// The least of these limits. **Unit** W.
const LEAP_FLOOR_W: f64 = 10_000.0;
/// No counter grows faster, where no power is measured. **Unit** W.
const LEAP_MAX_W: f64 = 100e6;
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
    let limit = leap_limit(inputs.power);
    let count = |counter: Option<&[Sample]>| counter.map(|counter| counted(bars, counter, limit));
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

fn counted(bars: &[Window], readings: &[Sample], leap_w: f64) -> Counter {
    let mut parts = vec![Part::default(); bars.len()];
    let digit_wh = readings.last().map_or(0.0, |last| 10_f64.powi(last.1.exponent().into()));
    let close = close_distance(readings);
    for pair in readings.windows(2) {
        let [before, after] = pair else { continue };
        let (from, to) = (before.0, after.0);
        let seconds = to.since(from).as_secs_f64();
        if from >= to {
            continue;
        }
        let (old, grown) = (before.1.to_f64(), difference(after.1, before.1));
        let back = grown < -LISTS_DIFFER_WH || grown < 0.0 && old + grown < RESET_SHARE * old;
        let leapt = (grown - digit_wh) * 3600.0 / seconds > leap_w;
        let first = bars.partition_point(|bar| bar.to <= from);
        let touched = bars[first..].iter().take_while(|bar| bar.from < to).count();
        for (bar, part) in bars[first..].iter().zip(&mut parts[first..]).take(touched) {
            let inside = bar.from <= from && to <= bar.to;
            part.broken |= back || leapt;
            let near = to.since(from) <= close.min(bar.to.since(bar.from));
            if back || leapt || !(inside || near) {
                continue;
            }
            let shared = to.min(bar.to).since(from.max(bar.from)).as_secs_f64();
            part.wh += grown * shared / seconds;
            part.seconds += shared;
        }
    }
    Counter { bars: parts, digit_wh }
}

/// Exact as long as the digits allow it: a large reading costs no digits of a difference.
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

/// Faster than this no counter grows. **Unit** W.
fn leap_limit(power: Option<&[PowerInterval]>) -> f64 {
    let greatest =
        power.unwrap_or_default().iter().map(|one| one.max_w.abs().max(one.mean_w.abs()));
    let greatest = greatest.fold(0.0, f64::max);
    if greatest > 0.0 { (LEAP_FACTOR * greatest).max(LEAP_FLOOR_W) } else { LEAP_MAX_W }
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
