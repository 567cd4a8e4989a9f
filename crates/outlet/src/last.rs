//! The last measurement of a meter, and what must be known before it is used.
//!
//! In: a meter. Out: its measurement, with warnings when it is old or marked as doubtful. Outside
//! strict mode a value of bad quality is no value; strict mode takes every number, as the chapter.

use crate::{MeterInfo, Outlet};
use analysis::chapter25::{Mode, Warning, bad_quality, stale_measurement};
use analysis::{Measurement, derive};
use reading::{LinkState, Quality, Quantity, Timestamp};
use std::time::Duration;
use store::Current;

/// A measurement is old after this many periods of its meter.
const PERIODS_MAX: u32 = 3;
/// No measurement is old before.
const AGE_ALWAYS: Duration = Duration::from_secs(60);

/// How a quantity follows from others.
type Derivation = fn(&Measurement) -> Option<derive::Derived>;

/// The quantities that are computed for a meter that does not send them.
pub(crate) const DERIVED: [(Quantity, Derivation); 4] = [
    (Quantity::ActivePower, derive::active_power),
    (Quantity::ReactivePower, derive::reactive_power),
    (Quantity::ApparentPower, derive::apparent_power),
    (Quantity::PowerFactor, derive::power_factor),
];

/// A measurement with what must be known to read it.
pub(crate) struct Last {
    pub(crate) measurement: Measurement,
    /// `mesure_ancienne`, `qualite_mauvaise`; none in strict mode.
    pub(crate) warnings: Vec<Warning>,
}

impl Outlet {
    /// The meter's last measurement.
    pub(crate) fn last(&self, meter: &MeterInfo, mode: Mode) -> Option<Last> {
        let current = self.store.measurement(&meter.id)?;
        if mode == Mode::Strict {
            let measurement = Measurement::new(current.measured_at, current.numbers());
            return Some(Last { measurement, warnings: Vec::new() });
        }
        let stale = self.stale(meter, current.measured_at);
        let warnings = stale.into_iter().chain(bad_quality(quality(&current))).collect();
        Some(Last { measurement: usable(&current), warnings })
    }

    /// `mesure_ancienne`, when the clock says so of what was measured last.
    pub(crate) fn stale_last(&self, meter: &MeterInfo) -> Option<Warning> {
        self.stale(meter, self.store.measurement(&meter.id)?.measured_at)
    }

    fn stale(&self, meter: &MeterInfo, measured_at: Timestamp) -> Option<Warning> {
        let age = (self.clock)().since(measured_at);
        let periods = self.period(meter).unwrap_or_default().saturating_mul(PERIODS_MAX);
        let link = self.store.link(&meter.id).map_or(LinkState::Waiting, |link| link.state);
        (age > periods.max(AGE_ALWAYS)).then(|| stale_measurement(age, link))
    }
}

/// The numbers that a calculation may use.
pub(crate) fn usable(current: &Current) -> Measurement {
    let usable = current.values.iter().filter(|newest| newest.reading.quality != Quality::Bad);
    let numbers = usable
        .filter_map(|newest| Some((newest.reading.quantity?, newest.reading.value.number()?)));
    Measurement::new(current.measured_at, numbers)
}

/// The worst quality among the numbers that a calculation would use.
fn quality(current: &Current) -> Quality {
    let numbers = current.values.iter().filter(|newest| {
        newest.reading.quantity.is_some() && newest.reading.value.number().is_some()
    });
    numbers.map(|newest| newest.reading.quality).max().unwrap_or_default()
}
