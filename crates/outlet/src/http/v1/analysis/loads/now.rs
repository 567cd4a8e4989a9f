//! What each meter draws now.
//!
//! In: the last measurements, the links. Out: the site's meters as branches of a tree. A load is
//! known for three periods of its meter, or a minute, and as long as its wire is alive. Old rows
//! that somebody stored together belong together, whatever the clock says: their age counts from the
//! site's newest instant, as every age does in chapter 25's strict mode, which knows no clock.

use crate::doctor::parents;
use crate::last::usable;
use crate::{MeterInfo, Outlet, Role, Way};
use analysis::chapter25::Mode;
use analysis::loads::{Branch, KnownLoad, Load, LoadMethod, LoadReason};
use analysis::{Measurement, derive};
use reading::Quantity::{CurrentL1, CurrentL2, CurrentL3, VoltageL1, VoltageL2, VoltageL3};
use reading::{LinkState, Quality, Timestamp};
use std::time::Duration;
use store::Current;

/// A load is unknown after this many periods of its meter.
const PERIODS_MAX: u32 = 3;
/// No load is unknown before.
const AGE_ALWAYS: Duration = Duration::from_secs(60);
/// A meter's clock may be so far behind; beyond, an old row arrived late.
const CLOCK_BEHIND_MAX: Duration = Duration::from_secs(600);
/// The power factor of a machine that sends its currents only, and what that is worth in percent.
const POWER_FACTOR_ASSUMED: f64 = 0.85;
const ESTIMATE_PCT: f64 = 20.0;
/// What a configured constant is worth in percent.
const CONSTANT_PCT: f64 = 30.0;

/// The meters of the site with their loads, in the order of the configuration.
pub(crate) struct Now {
    /// The newest instant of them all; the clock's where nothing was ever measured.
    pub(crate) at: Timestamp,
    pub(crate) branches: Vec<Branch>,
    /// When the last value of each was measured.
    pub(crate) measured: Vec<Option<Timestamp>>,
    /// Known loads whose values are older than a live meter's may be.
    pub(in crate::http) old: Vec<bool>,
    /// The meters without another upstream, where none of them measures the whole; else empty.
    pub(in crate::http) tops: Vec<usize>,
}

/// The last measurement of a meter, with what its age counts from.
struct Newest {
    current: Current,
    /// The instant that its age counts from: its arrival, unless it arrived late.
    stands: Timestamp,
    /// Somebody stored it long after it was measured.
    is_late: bool,
    /// The wire that it came over is alive.
    is_live: bool,
    /// The wire that it came over is dead.
    is_cut: bool,
}

impl Newest {
    fn of(outlet: &Outlet, meter: &MeterInfo) -> Option<Self> {
        let current = outlet.store.measurement(&meter.id)?;
        let wire = outlet.store.link(&meter.id).filter(|_| meter.way != Way::Http);
        let (measured, received) = (current.measured_at, current.received_at);
        let is = |state| wire.as_ref().is_some_and(|link| link.state == state);
        // What comes over a living wire is of now, however wrong the meter's clock is.
        let is_live = is(LinkState::Live);
        let is_late = !is_live && received.since(measured) > CLOCK_BEHIND_MAX;
        // What arrived after the wire had died came another way: somebody posted it.
        let is_cut = (is(LinkState::Stale) || is(LinkState::Disconnected))
            && wire.as_ref().is_some_and(|link| received <= link.since);
        let stands = if is_late { measured } else { received };
        Some(Self { current, stands, is_late, is_live, is_cut })
    }

    /// When the load was what it says.
    fn instant(&self) -> Timestamp {
        let (measured, received) = (self.current.measured_at, self.current.received_at);
        let apart = received.since(measured).max(measured.since(received));
        let apart_max = if self.is_live { AGE_ALWAYS } else { CLOCK_BEHIND_MAX };
        // A meter's clock that is so wrong says nothing about the instant.
        if apart > apart_max && !self.is_late { received } else { measured }
    }
}

impl Now {
    pub(crate) fn of(outlet: &Outlet, mode: Mode) -> Self {
        let clock = (outlet.clock)();
        let last: Vec<Option<Newest>> =
            outlet.meters.iter().map(|meter| Newest::of(outlet, meter)).collect();
        let newest = last.iter().flatten().map(|last| last.stands).max();
        let at = newest.map_or(clock, |newest| newest.min(clock));
        let measured = last.iter().map(|last| Some(last.as_ref()?.current.measured_at)).collect();
        let is_old = |(meter, last): (&MeterInfo, &Option<Newest>)| {
            last.as_ref().is_some_and(|last| clock.since(last.stands) > age_max(outlet, meter))
        };
        let old = outlet.meters.iter().zip(&last).map(is_old).collect();
        let branches = outlet.meters.iter().zip(&last).zip(parents(&outlet.meters));
        let branches: Vec<Branch> = branches
            .map(|((meter, last), parent)| {
                // What counts pieces draws nothing.
                let parent = parent.filter(|_| meter.counter_of.is_none());
                Branch { parent, load: load((outlet, meter), last.as_ref(), (at, clock, mode)) }
            })
            .collect();
        let tops = tops(&outlet.meters, &branches);
        Self { at, branches, measured, old, tops }
    }
}

/// The meters without another upstream, where none of them is the main meter or has all the others
/// behind it.
fn tops(meters: &[MeterInfo], branches: &[Branch]) -> Vec<usize> {
    if meters.iter().any(|meter| meter.role == Role::Main) {
        return Vec::new();
    }
    let is_top =
        |place: &usize| branches[*place].parent.is_none() && meters[*place].counter_of.is_none();
    let tops: Vec<usize> = (0..meters.len()).filter(is_top).collect();
    let has_all = |top: usize| branches.iter().any(|branch| branch.parent == Some(top));
    if tops.len() == 1 && tops.iter().any(|top| has_all(*top)) { Vec::new() } else { tops }
}

/// How old the measurement of a load may be.
fn age_max(outlet: &Outlet, meter: &MeterInfo) -> Duration {
    let period = outlet.period(meter).unwrap_or_default();
    period.saturating_mul(PERIODS_MAX).max(AGE_ALWAYS)
}

fn load(
    (outlet, meter): (&Outlet, &MeterInfo),
    last: Option<&Newest>,
    (at, clock, mode): (Timestamp, Timestamp, Mode),
) -> Load {
    let Some(last) = last else {
        return match meter.plate.constant_kw {
            Some(kw) => Load::Known(KnownLoad {
                kw,
                method: LoadMethod::Constant,
                at,
                class_pct: CONSTANT_PCT,
                resolution_kw: 0.0,
                step_kw: 0.0,
                period_s: 0.0,
            }),
            None => Load::Unknown { reason: LoadReason::NoMeasurement, last: None },
        };
    };
    let measurement = usable(&last.current);
    let told = power(&measurement, outlet.site.nominal_voltage_v, meter.plate.accuracy_pct);
    let Some(told) = told else {
        let bad = last.current.values.iter().any(|value| value.reading.quality == Quality::Bad);
        let reason = if bad { LoadReason::BadQuality } else { LoadReason::NoPower };
        return Load::Unknown { reason, last: None };
    };
    let together = mode == Mode::Strict || last.is_late;
    let age = if together { at } else { clock }.since(last.stands);
    if age > age_max(outlet, meter) || (last.is_cut && mode != Mode::Strict) {
        let last = Some((last.current.measured_at, told.kw));
        return Load::Unknown { reason: LoadReason::Silent, last };
    }
    let (step_kw, period_s) = outlet.unrest.of(&meter.id);
    Load::Known(KnownLoad { at: last.instant(), step_kw, period_s, ..told })
}

/// The power of a measurement; of currents alone it is estimated.
fn power(measurement: &Measurement, nominal_v: f64, class_pct: f64) -> Option<KnownLoad> {
    let known = |kw, method, class_pct, resolution_kw| KnownLoad {
        kw,
        method,
        at: measurement.at(),
        class_pct,
        resolution_kw,
        step_kw: 0.0,
        period_s: 0.0,
    };
    if let Some(power) = derive::active_power(measurement) {
        let digits = power.inputs.iter().filter_map(|input| measurement.decimal(*input));
        let digit = digits.map(|decimal| 10_f64.powi(i32::from(decimal.exponent())));
        let resolution_kw = digit.fold(0.0, f64::max) / 1000.0;
        return Some(known(power.value / 1000.0, LoadMethod::Submeter, class_pct, resolution_kw));
    }
    let amps = measurement.three([CurrentL1, CurrentL2, CurrentL3]);
    let volts = measurement.three([VoltageL1, VoltageL2, VoltageL3]);
    let [one, two, three] = amps;
    let amps = [one?, two?, three?];
    // Voltages between phases, or none, say less about a phase than the nominal one.
    let near = |volts: Option<f64>| {
        volts.filter(|volts| (0.7..1.3).contains(&(volts / nominal_v))).unwrap_or(nominal_v)
    };
    let apparent: f64 = volts.into_iter().zip(amps).map(|(u, i)| near(u) * i.abs()).sum();
    let kw = apparent * POWER_FACTOR_ASSUMED / 1000.0;
    Some(known(kw, LoadMethod::Estimated, ESTIMATE_PCT, 0.0))
}
