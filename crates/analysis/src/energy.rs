//! Energy and power of a window, such as the last hour.
//!
//! In: samples of one list each, oldest first, and the window. Out: time-weighted mean, energy,
//! extremes, coverage. Source: domain rule "prefer the counter"; a sample holds until the next,
//! three list periods at most. Refuses: the mean of samples times one hour; a result for a window
//! of which too little is covered.

use crate::continuity::{Point, difference, runs};
use crate::{Figure, Method, Reason};
use reading::{Decimal, Quality, Timestamp};
use std::time::Duration;

/// A sample holds for this many periods of its list.
pub const HOLD_PERIODS_MAX: u32 = 3;
/// A window needs this much coverage for a result. **Unit** percent.
pub const COVERAGE_PCT_MIN: f64 = 90.0;
/// A counter's last digit may be this share of the energy, else holding samples is better.
const RESOLUTION_SHARE_MAX: f64 = 0.02;

/// A stretch of time: `from` inclusive, `to` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its begin.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

impl Window {
    /// The hour that ends at `to`.
    #[must_use]
    pub fn last_hour(to: Timestamp) -> Self {
        Self { from: to.minus(Duration::from_secs(3600)), to }
    }

    /// **Unit** seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.to.since(self.from).as_secs_f64()
    }
}

/// One value of a list at its instant of measurement.
pub type Sample = (Timestamp, Decimal);

/// The samples of a window.
///
/// **Shape** each slice oldest first and from one list of one meter, since two lists snapshot
/// different instants; samples just before and after the window are welcome: they close its edges.
#[derive(Debug, Clone, Copy, Default)]
pub struct Samples<'a> {
    /// Active power. **Unit** W. **Sign** import positive.
    pub power: &'a [Sample],
    /// The period of the power's list; zero holds no sample, so an unknown period must be
    /// estimated from the samples' spacing.
    pub period: Duration,
    /// Counter of active energy drawn. **Unit** Wh.
    pub import_counter: &'a [Sample],
    /// Counter of active energy fed in. **Unit** Wh. May be empty.
    pub export_counter: &'a [Sample],
    /// Instants at which the meter or the ratio of its transformers was exchanged, oldest first.
    pub breaks: &'a [Timestamp],
    /// What the supply gives at most; `None`: not known. **Unit** W.
    pub supply_w: Option<f64>,
}

/// Power and energy of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct EnergyReport {
    /// Time-weighted mean power, of the counters where no power is sent. **Unit** W. **Sign** import positive.
    pub mean_w: Figure,
    /// Largest sample. **Unit** W.
    pub max_w: Figure,
    /// When the largest sample was measured.
    pub max_at: Option<Timestamp>,
    /// Smallest sample. **Unit** W.
    pub min_w: Figure,
    /// Energy drawn: counter difference, else held samples. **Unit** Wh.
    pub import_wh: Figure,
    /// Energy fed in, by the same methods. **Unit** Wh.
    pub export_wh: Figure,
    /// Share of the window in which the power is known. **Unit** percent.
    pub coverage_pct: f64,
    /// Share of the window for which the energy is known. **Unit** percent.
    pub energy_coverage_pct: f64,
    /// Number of power samples within the window.
    pub samples: usize,
}

/// How many rows have which quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QualityShare {
    /// Rows of good quality.
    pub good: usize,
    /// Rows of doubtful quality.
    pub suspect: usize,
    /// Rows not to be used.
    pub bad: usize,
}

impl QualityShare {
    /// The share of each quality among rows.
    #[must_use]
    pub fn of(rows: impl IntoIterator<Item = Quality>) -> Self {
        rows.into_iter().fold(Self::default(), |mut share, quality| {
            match quality {
                Quality::Good => share.good += 1,
                Quality::Suspect => share.suspect += 1,
                Quality::Bad => share.bad += 1,
            }
            share
        })
    }

    /// Share of good rows; `None` without rows. **Unit** percent.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // A window holds far fewer than 2^53 rows.
    pub fn good_pct(&self) -> Option<f64> {
        let rows = self.good + self.suspect + self.bad;
        (rows > 0).then(|| 100.0 * self.good as f64 / rows as f64)
    }
}

/// Power and energy of a window from its samples.
#[must_use]
pub fn energy_report(window: Window, samples: &Samples<'_>) -> EnergyReport {
    let held = held(window, samples);
    let covered: f64 = held.iter().map(Stretch::seconds).sum();
    let length = window.seconds();
    let coverage_pct = share_pct(covered, length);
    let net = integral(&held, |watts| watts);
    let inside: Vec<&Sample> = samples.power.iter().filter(|s| window.holds(s.0)).collect();
    let lacking = match inside.len() {
        _ if !held.is_empty() => Reason::CoverageTooLow,
        0 => Reason::NoSamples,
        1 => Reason::TooFewSamples,
        // Several samples that hold for no time: nobody told how long they stand.
        _ => Reason::PeriodUnknown,
    };
    let enough = |value: f64, method| match coverage_pct >= COVERAGE_PCT_MIN {
        true => Figure::Known { value, method },
        false => Figure::Unknown(lacking),
    };
    let highest = inside.iter().max_by(|a, b| a.1.cmp_value(b.1).then(b.0.cmp(&a.0)));
    let lowest = inside.iter().min_by(|a, b| a.1.cmp_value(b.1));
    let extreme = |sample: Option<&&Sample>| {
        let value = sample.map(|sample| sample.1.to_f64());
        Figure::from_option(value, Method::Measured, Reason::NoSamples)
    };
    let direction = |counter, watts: fn(f64) -> f64| {
        let by_hold = enough(integral(&held, watts) / 3600.0, Method::Hold);
        counted((window, samples), counter, |gap| clipped(&held, gap, watts)).preferred_to(by_hold)
    };
    let import = direction(samples.import_counter, |watts| watts.max(0.0));
    let export = direction(samples.export_counter, |watts| (-watts).max(0.0));
    let by_hold = enough(if covered > 0.0 { net / covered } else { 0.0 }, Method::Hold);
    let by_counter = || counter_mean(&import.figure, &export.figure, samples, length);
    EnergyReport {
        mean_w: if by_hold.value().is_some() { by_hold } else { by_counter().unwrap_or(by_hold) },
        max_w: extreme(highest),
        max_at: highest.map(|sample| sample.0),
        min_w: extreme(lowest),
        energy_coverage_pct: match import.figure.method() {
            Some(Method::Counter) => import.coverage_pct,
            _ => coverage_pct,
        },
        import_wh: import.figure,
        export_wh: export.figure,
        coverage_pct,
        samples: inside.len(),
    }
}

/// `part` of `whole`. **Unit** percent. **Range** 0 to 100, never −0.0, whatever rounding did.
fn share_pct(part: f64, whole: f64) -> f64 {
    // Adding 0.0 turns the −0.0 of an empty sum into 0.0.
    if whole > 0.0 { (100.0 * part / whole).clamp(0.0, 100.0) + 0.0 } else { 0.0 }
}

/// Mean power of counter differences, for meters that send no power. **Unit** W.
fn counter_mean(
    import: &Figure,
    export: &Figure,
    samples: &Samples<'_>,
    seconds: f64,
) -> Option<Figure> {
    let counted =
        |figure: &Figure| figure.value().filter(|_| figure.method() == Some(Method::Counter));
    let fed_in = if samples.export_counter.is_empty() { 0.0 } else { counted(export)? };
    let value = (counted(import)? - fed_in) * 3600.0 / seconds;
    Some(Figure::Known { value, method: Method::Counter })
}

impl Window {
    fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// A time during which the power is known and constant.
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    watts: f64,
}

impl Stretch {
    fn seconds(&self) -> f64 {
        self.to.since(self.from).as_secs_f64()
    }
}

/// Each sample until the next, its hold limit, or the window's edge.
fn held(window: Window, samples: &Samples<'_>) -> Vec<Stretch> {
    let limit = samples.period.saturating_mul(HOLD_PERIODS_MAX);
    let nexts = samples.power.iter().skip(1).map(|sample| sample.0).chain([window.to]);
    let stretches = samples.power.iter().zip(nexts).map(|(sample, next)| Stretch {
        from: sample.0.max(window.from),
        to: next.min(sample.0.plus(limit)).min(window.to),
        watts: sample.1.to_f64(),
    });
    stretches.filter(|stretch| stretch.from < stretch.to).collect()
}

/// ∫ f(P) dt. **Unit** W·s.
fn integral(held: &[Stretch], watts: impl Fn(f64) -> f64) -> f64 {
    held.iter().map(|stretch| watts(stretch.watts) * stretch.seconds()).sum()
}

/// ∫ f(P) dt within a part of the window, and how much of it is covered. **Unit** W·s, s.
fn clipped(held: &[Stretch], part: Window, watts: fn(f64) -> f64) -> (f64, f64) {
    let parts = held.iter().filter_map(|stretch| {
        let (from, to) = (stretch.from.max(part.from), stretch.to.min(part.to));
        (from < to).then_some(Stretch { from, to, watts: stretch.watts })
    });
    let parts: Vec<Stretch> = parts.collect();
    (integral(&parts, watts), parts.iter().map(Stretch::seconds).sum())
}

/// Energy by counter with the share of the window that it covers.
struct Counted {
    figure: Figure,
    coverage_pct: f64,
    /// The counter's last digit is small enough against the energy.
    fine: bool,
}

impl Counted {
    /// The counter where it is usable and fine; a coarse one only when holding fails.
    fn preferred_to(self, by_hold: Figure) -> Self {
        let usable = self.figure.value().is_some() && (self.fine || by_hold.value().is_none());
        // A counter that failed says more than power samples that were never there.
        let telling = by_hold.reason() == Some(Reason::NoSamples)
            && self.figure.reason().is_some_and(|reason| reason != Reason::NotMeasured);
        if usable || telling { self } else { Self { figure: by_hold, ..self } }
    }
}

/// Counter differences within the window, interpolated at its edges; what no run of the counter
/// reaches is filled by held power.
fn counted(
    (window, samples): (Window, &Samples<'_>),
    counter: &[Sample],
    fill: impl Fn(Window) -> (f64, f64),
) -> Counted {
    let unusable =
        |reason| Counted { figure: Figure::Unknown(reason), coverage_pct: 0.0, fine: false };
    let Some(last) = counter.last() else { return unusable(Reason::NotMeasured) };
    let digit = 10_f64.powi(i32::from(last.1.exponent()));
    let greatest = confirmed_w(samples.power.iter().map(|sample| sample.1.to_f64().abs()));
    let watts = growth_limit_w(samples.supply_w, greatest);
    let allowed =
        |from: &Point, to: &Point| watts * to.at.since(from.at).as_secs_f64() / 3600.0 + digit;
    let points: Vec<Point> =
        counter.iter().map(|(at, value)| Point { at: *at, value: *value, list: 0 }).collect();
    let (mut energy, mut covered, mut reached, mut levels) = (0.0, 0.0, window.from, 0);
    for run in runs(&points, samples.breaks, &allowed) {
        levels += 1;
        let Some((first, last)) = run.first().zip(run.last()) else { continue };
        // A run that another one has overtaken tells nothing new.
        let (from, to) = (first.at.max(reached), last.at.min(window.to));
        let Some((start, end)) = interpolated(&run, from).zip(interpolated(&run, to)) else {
            continue;
        };
        if from >= to {
            continue;
        }
        let gap = fill(Window { from: reached, to: from });
        energy += end - start + gap.0 / 3600.0;
        covered += to.since(from).as_secs_f64() + gap.1;
        reached = to;
    }
    if reached == window.from {
        return unusable(Reason::CounterUnusable);
    }
    let tail = fill(Window { from: reached, to: window.to });
    energy += tail.0 / 3600.0;
    covered += tail.1;
    let coverage_pct = share_pct(covered, window.seconds());
    if coverage_pct < COVERAGE_PCT_MIN {
        let reason = if levels > 1 { Reason::CounterUnusable } else { Reason::CoverageTooLow };
        return Counted { coverage_pct, ..unusable(reason) };
    }
    Counted {
        figure: Figure::Known { value: energy, method: Method::Counter },
        coverage_pct,
        // Where a counter was not sound all the time, holding samples is better.
        fine: levels == 1 && digit <= RESOLUTION_SHARE_MAX * energy,
    }
}

/// What a run says at an instant between its first and last reading. **Unit** Wh.
///
/// Differences are taken against the first reading, so that a large one costs no digits.
fn interpolated(run: &[Point], at: Timestamp) -> Option<f64> {
    let origin = run.first()?.value;
    let reading = |point: &Point| difference(point.value, origin);
    if let Some(exact) = run.iter().find(|point| point.at == at) {
        return Some(reading(exact));
    }
    run.windows(2).find_map(|pair| match pair {
        [before, after] if before.at < at && at < after.at => {
            let share = at.since(before.at).as_secs_f64() / after.at.since(before.at).as_secs_f64();
            Some(reading(before) + share * (reading(after) - reading(before)))
        }
        _ => None,
    })
}

/// A counter cannot grow faster than this multiple of what the supply gives at most.
const SUPPLY_FACTOR: f64 = 1.5;
/// A supply may give more than is known of it, but what is measured is not believed beyond this multiple.
const EXCEEDED_FACTOR: f64 = 4.0;
/// So many powers confirm each other.
const CONFIRMATIONS: usize = 3;
/// Nor, where that is not known, than this multiple of the greatest power that was measured, since
/// that may have been measured in a quiet hour.
const MEASURED_FACTOR: f64 = 10.0;
/// The least of these limits. **Unit** W.
const LIMIT_MIN_W: f64 = 100_000.0;
/// Nor, where no power is measured either, than one and a half times what a transformer of 1 MVA
/// gives to a low-voltage supply, 1.5 · √3 · 400 V · 1443 A. **Unit** W.
const LIMIT_W: f64 = 1.5e6;

/// Faster than this no counter grows. **Unit** W.
///
/// `supply_w`: what the supply gives at most, where it is known; `greatest_w`: the greatest power
/// that was measured and [confirmed](confirmed_w), 0 where none was.
#[must_use]
pub fn growth_limit_w(supply_w: Option<f64>, greatest_w: f64) -> f64 {
    match supply_w {
        Some(supply_w) => SUPPLY_FACTOR * greatest_w.clamp(supply_w, EXCEEDED_FACTOR * supply_w),
        None if greatest_w > 0.0 => (MEASURED_FACTOR * greatest_w).max(LIMIT_MIN_W),
        None => LIMIT_W,
    }
}

/// The greatest of some powers that two others reach; the least of fewer. One nonsense value of power
/// would else excuse one of a counter. **Unit** W.
#[must_use]
pub fn confirmed_w(powers: impl Iterator<Item = f64>) -> f64 {
    let mut greatest = [f64::NEG_INFINITY; CONFIRMATIONS];
    let mut count = 0_usize;
    for mut power in powers {
        count += 1;
        for kept in &mut greatest {
            if power > *kept {
                std::mem::swap(&mut power, kept);
            }
        }
    }
    let last = count.min(CONFIRMATIONS).checked_sub(1);
    last.and_then(|last| greatest.get(last)).map_or(0.0, |least| least.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[(i64, i64)]) -> Vec<Sample> {
        let sample =
            |(at, value): &(i64, i64)| (Timestamp::from_seconds(*at), Decimal::new(*value, 0));
        values.iter().map(sample).collect()
    }

    fn hour() -> Window {
        Window::last_hour(Timestamp::from_seconds(3600))
    }

    const TEN_MINUTES: Duration = Duration::from_secs(600);

    #[test]
    fn samples_weigh_by_their_time() {
        let power = samples(&[(0, 40_000), (600, 60_000), (1200, 0), (3000, 20_000)]);
        let input = Samples { power: &power, period: TEN_MINUTES, ..Samples::default() };
        let report = energy_report(hour(), &input);
        assert_eq!(report.mean_w, Figure::Known { value: 20_000.0, method: Method::Hold });
        assert_eq!(report.import_wh.value(), Some(20_000.0));
        assert_eq!(report.export_wh.value(), Some(0.0));
        assert_eq!((report.coverage_pct, report.samples), (100.0, 4));
        assert_eq!(report.max_at, Some(Timestamp::from_seconds(600)));
    }

    #[test]
    fn a_silent_meter_is_not_held_for_ever() {
        let power = samples(&[(0, 40_000), (600, 60_000)]);
        let input = Samples { power: &power, period: TEN_MINUTES, ..Samples::default() };
        let report = energy_report(hour(), &input);
        assert!((report.coverage_pct - 100.0 * 2400.0 / 3600.0).abs() < 1e-9);
        assert_eq!(report.mean_w.reason(), Some(Reason::CoverageTooLow));
        assert_eq!(report.import_wh.reason(), Some(Reason::CoverageTooLow));
        assert_eq!(report.max_w.value(), Some(60_000.0));
    }

    #[test]
    fn samples_that_cover_no_time_say_why() {
        let report = |power: &[Sample], period| {
            energy_report(hour(), &Samples { power, period, ..Samples::default() })
        };
        let alone = report(&samples(&[(600, 40_000)]), Duration::ZERO);
        assert_eq!(alone.samples, 1);
        for figure in [alone.mean_w, alone.import_wh, alone.export_wh] {
            assert_eq!(figure.reason(), Some(Reason::TooFewSamples));
        }
        assert!(alone.coverage_pct == 0.0 && alone.coverage_pct.is_sign_positive());
        assert!(alone.energy_coverage_pct.is_sign_positive());
        assert_eq!(alone.max_w.value(), Some(40_000.0));
        let two = report(&samples(&[(600, 40_000), (700, 40_000)]), Duration::ZERO);
        assert_eq!(two.mean_w.reason(), Some(Reason::PeriodUnknown));
        let earlier = report(&samples(&[(-60, 40_000)]), Duration::from_secs(5));
        assert_eq!(earlier.mean_w.reason(), Some(Reason::NoSamples));
        let held = report(&samples(&[(600, 40_000)]), Duration::from_secs(5));
        assert_eq!(held.mean_w.reason(), Some(Reason::CoverageTooLow));
    }

    #[test]
    fn a_failed_counter_without_power_is_the_reason_itself() {
        let counter = samples(&[(0, 5000), (1800, 4900), (3600, 4950)]);
        let input = Samples { import_counter: &counter, ..Samples::default() };
        assert_eq!(energy_report(hour(), &input).import_wh.reason(), Some(Reason::CounterUnusable));
    }

    #[test]
    fn a_covered_window_is_covered_to_exactly_a_hundred_percent() {
        // Intervals whose lengths in seconds are no binary fractions.
        for step_us in [70_000_i64, 100_003, 333_333] {
            let power: Vec<Sample> = (0..=3_600_000_000 / step_us)
                .map(|n| (Timestamp::from_micros(n * step_us), Decimal::new(1000, 0)))
                .collect();
            let period = Duration::from_millis(500);
            let report =
                energy_report(hour(), &Samples { power: &power, period, ..Samples::default() });
            assert!((99.999..=100.0).contains(&report.coverage_pct), "{}", report.coverage_pct);
        }
        assert_eq!(share_pct(3600.0 + 1e-9, 3600.0), 100.0);
        assert!(share_pct(-0.0, 3600.0).is_sign_positive());
    }

    #[test]
    fn the_counter_is_interpolated_at_the_edges() {
        let counter =
            samples(&[(-300, 1_000_000), (300, 1_002_000), (3300, 1_012_000), (3900, 1_014_000)]);
        let input = Samples { import_counter: &counter, ..Samples::default() };
        let report = energy_report(hour(), &input);
        assert_eq!(report.import_wh, Figure::Known { value: 12_000.0, method: Method::Counter });
        assert_eq!(report.energy_coverage_pct, 100.0);
        assert_eq!(report.mean_w, Figure::Known { value: 12_000.0, method: Method::Counter });
        assert_eq!(report.max_w.reason(), Some(Reason::NoSamples));
    }

    #[test]
    fn held_power_fills_what_the_counter_does_not_reach_yet() {
        let counter = samples(&[(0, 5000), (3000, 15_000)]);
        let power = samples(&[(0, 12_000), (1200, 12_000), (2400, 12_000), (3000, 6000)]);
        let period = TEN_MINUTES;
        let input =
            Samples { power: &power, period, import_counter: &counter, ..Samples::default() };
        let report = energy_report(hour(), &input);
        assert_eq!(report.import_wh, Figure::Known { value: 11_000.0, method: Method::Counter });
    }

    #[test]
    fn a_counter_that_goes_back_is_not_used() {
        let counter = samples(&[(0, 5000), (1800, 4900), (3600, 4950)]);
        let input = Samples { import_counter: &counter, ..Samples::default() };
        assert_eq!(energy_report(hour(), &input).import_wh.value(), None);
        let power = samples(&[(0, 1000), (1800, 1000)]);
        let period = TEN_MINUTES;
        let input =
            Samples { power: &power, period, import_counter: &counter, ..Samples::default() };
        let report = energy_report(hour(), &input);
        assert_eq!(report.import_wh, Figure::Known { value: 1000.0, method: Method::Hold });
    }

    #[test]
    fn a_coarse_counter_gives_way_to_held_samples() {
        let kilowatt_hours = |at, value| (Timestamp::from_seconds(at), Decimal::new(value, 3));
        let counter = [kilowatt_hours(0, 12), kilowatt_hours(3600, 14)];
        let power = samples(&[(0, 1500), (1800, 1500)]);
        let period = TEN_MINUTES;
        let with_power =
            Samples { power: &power, period, import_counter: &counter, ..Samples::default() };
        assert_eq!(energy_report(hour(), &with_power).import_wh.value(), Some(1500.0));
        let alone = Samples { import_counter: &counter, ..Samples::default() };
        assert_eq!(energy_report(hour(), &alone).import_wh.value(), Some(2000.0));
    }

    #[test]
    fn an_empty_window_is_no_energy_and_says_so() {
        let report = energy_report(hour(), &Samples::default());
        assert_eq!(report.import_wh.reason(), Some(Reason::NoSamples));
        assert_eq!(QualityShare::of([]).good_pct(), None);
        assert_eq!(QualityShare::of([Quality::Good, Quality::Bad]).good_pct(), Some(50.0));
    }

    #[test]
    fn a_power_is_believed_that_others_confirm_and_that_the_supply_may_give() {
        assert_eq!(confirmed_w([1.0, 90e6, 3.0, 2.0].into_iter()), 2.0);
        assert_eq!(confirmed_w([5.0, 7.0].into_iter()), 5.0);
        assert_eq!(confirmed_w(std::iter::empty()), 0.0);
        assert_eq!(growth_limit_w(Some(60_000.0), 90e6), 360_000.0);
        assert_eq!(growth_limit_w(Some(60_000.0), 70_000.0), 105_000.0);
    }
}
