//! What each meter draws at the site's newest instant.
//!
//! In: the last measurements. Out: the site's meters as branches of a tree. A load is known when it
//! was measured no longer than three periods of its meter, or a minute, before that instant: old
//! rows that were stored together belong together, whatever the clock says.

use super::ledger::Day;
use crate::doctor::parents;
use crate::last::usable;
use crate::{MeterInfo, Outlet};
use analysis::loads::{Branch, KnownLoad, Load, LoadMethod, LoadReason};
use analysis::{Measurement, derive};
use reading::Quantity::{CurrentL1, CurrentL2, CurrentL3, VoltageL1, VoltageL2, VoltageL3};
use reading::{LinkState, Quality, Timestamp};
use std::sync::Arc;
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
}

impl Now {
    /// The loads, with what only the accuracies of the meters make uncertain.
    pub(crate) fn at_once(outlet: &Outlet) -> Self {
        Self::of(outlet, &[])
    }

    /// `days` tell how restless each load is; without them only the accuracies count.
    pub(in crate::http) fn of(outlet: &Outlet, days: &[Option<Arc<Day>>]) -> Self {
        let clock = (outlet.clock)();
        let last: Vec<Option<Current>> =
            outlet.meters.iter().map(|meter| outlet.store.measurement(&meter.id)).collect();
        let newest = last.iter().flatten().map(standing).max().map(|newest| newest.min(clock));
        let at = newest.unwrap_or(clock);
        let measured = last.iter().map(|last| last.as_ref().map(|last| last.measured_at)).collect();
        let branches = outlet.meters.iter().zip(last).zip(parents(&outlet.meters)).enumerate();
        let branches = branches.map(|(place, ((meter, last), parent))| {
            // What counts pieces draws nothing.
            let parent = parent.filter(|_| meter.counter_of.is_none());
            let unrest = days.get(place).and_then(Option::as_deref).map_or((0.0, 0.0), Day::unrest);
            Branch { parent, load: load((outlet, meter), last.as_ref(), (at, unrest)) }
        });
        Self { at, branches: branches.collect(), measured }
    }

    /// When the last value of each meter directly behind one was measured.
    pub(in crate::http) fn behind(&self, place: usize) -> impl Iterator<Item = Option<Timestamp>> {
        let behind = self.branches.iter().zip(&self.measured);
        behind.filter(move |(branch, _)| branch.parent == Some(place)).map(|(_, at)| *at)
    }
}

/// The instant that the age of a measurement counts from: its arrival, unless it arrived late.
fn standing(current: &Current) -> Timestamp {
    let late = current.received_at.since(current.measured_at) > CLOCK_BEHIND_MAX;
    if late { current.measured_at } else { current.received_at }
}

fn load(
    (outlet, meter): (&Outlet, &MeterInfo),
    last: Option<&Current>,
    (at, unrest): (Timestamp, (f64, f64)),
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
    let measurement = usable(last);
    let told = power(&measurement, outlet.site.nominal_voltage_v, meter.plate.accuracy_pct);
    let Some(told) = told else {
        let bad = last.values.iter().any(|value| value.reading.quality == Quality::Bad);
        let reason = if bad { LoadReason::BadQuality } else { LoadReason::NoPower };
        return Load::Unknown { reason, last: None };
    };
    let age = at.since(standing(last));
    let period = outlet.period(meter).unwrap_or_default();
    let cut =
        outlet.store.link(&meter.id).is_some_and(|link| link.state == LinkState::Disconnected);
    if age > period.saturating_mul(PERIODS_MAX).max(AGE_ALWAYS) || cut {
        let last = Some((last.measured_at, told.kw));
        return Load::Unknown { reason: LoadReason::Silent, last };
    }
    let (step_kw, period_s) = unrest;
    Load::Known(KnownLoad { at: standing(last), step_kw, period_s, ..told })
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
