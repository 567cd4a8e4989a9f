//! The currents of a balance report.

use super::{BalanceSettings, largest};
use crate::{Figure, Measurement, Method, Reason, currents, derive, neutral, phasor, unbalance};
use reading::Quantity;

/// Current unbalance of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentBalance {
    /// Mean of the three currents. **Unit** A.
    pub mean_a: Figure,
    /// Largest deviation from the mean. **Unit** percent.
    pub deviation_pct: Figure,
    /// Where that is: 1 to 3.
    pub deviation_phase: Figure<u8>,
    /// Negative over positive sequence. **Unit** percent.
    pub i2_pct: Figure,
    /// Zero over positive sequence; only with angles. **Unit** percent.
    pub i0_pct: Figure,
    /// Current in the neutral. A value that is not measured holds no third harmonics, which add
    /// up there and may exceed the phase currents. **Unit** A.
    pub neutral_a: Figure,
    /// The deviation is within its limit.
    pub ok: Figure<bool>,
    /// The phase that carries most, by current, else by power.
    pub most_loaded_phase: Figure<u8>,
}

/// Current unbalance of a measurement.
#[must_use]
pub fn current_balance(measurement: &Measurement, settings: &BalanceSettings) -> CurrentBalance {
    let amps = currents::phase_currents(measurement);
    let mean_a = amps.map(|amps| amps.iter().sum::<f64>() / 3.0).computed();
    let loaded = match mean_a.value() {
        Some(mean) if mean >= settings.current_min_a && mean > 0.0 => amps,
        Some(_) => Figure::Unknown(Reason::NoLoad),
        None => amps,
    };
    let deviation = loaded.and_then(unbalance::largest_deviation, Reason::NoLoad).computed();
    let (i2_pct, i0_pct) = sequences(measurement, settings, loaded);
    CurrentBalance {
        mean_a,
        deviation_pct: deviation.map(|deviation| deviation.percent),
        deviation_phase: deviation.map(|deviation| deviation.phase),
        i2_pct,
        i0_pct,
        neutral_a: neutral_current(measurement, settings),
        ok: deviation.map(|deviation| deviation.percent <= settings.current_limit_pct),
        most_loaded_phase: most_loaded(measurement, loaded),
    }
}

fn sequences(
    measurement: &Measurement,
    settings: &BalanceSettings,
    loaded: Figure<[f64; 3]>,
) -> (Figure, Figure) {
    if let Figure::Unknown(reason) = loaded {
        return (Figure::Unknown(reason), Figure::Unknown(reason));
    }
    if let Some((phasors, method)) = currents::current_phasors(measurement, settings.voltage_kind) {
        let components = phasor::components(phasors);
        let of = |pct| Figure::from_option(pct, method, Reason::NoLoad);
        return (of(components.negative_pct()), of(components.zero_pct()));
    }
    let i2 = loaded.value().and_then(neutral::negative_sequence_with_equal_power_factor);
    (
        Figure::from_option(i2, Method::AssumedEqualPowerFactor, Reason::NoLoad),
        Figure::Unknown(Reason::CurrentAnglesMissing),
    )
}

fn neutral_current(measurement: &Measurement, settings: &BalanceSettings) -> Figure {
    if let Some(measured) = measurement.f64(Quantity::CurrentNeutral) {
        return match measured < 0.0 {
            true => Figure::Unknown(Reason::CurrentNegative),
            false => Figure::measured(measured),
        };
    }
    if let Some((phasors, method)) = currents::current_phasors(measurement, settings.voltage_kind) {
        return Figure::Known { value: neutral::from_phasors(phasors), method };
    }
    match currents::phase_currents(measurement) {
        Figure::Known { value, .. } => Figure::Known {
            value: neutral::with_equal_power_factor(value),
            method: Method::AssumedEqualPowerFactor,
        },
        Figure::Unknown(reason) => Figure::Unknown(reason),
    }
}

fn most_loaded(measurement: &Measurement, loaded: Figure<[f64; 3]>) -> Figure<u8> {
    let unusable = match loaded.reason() {
        Some(reason @ (Reason::CurrentsMissing | Reason::CurrentNegative)) => reason,
        _ => return loaded.map(largest).computed(),
    };
    let powers = [1, 2, 3].map(|phase| {
        derive::active_power_of_phase(measurement, phase).map(|derived| derived.value.abs())
    });
    let powers = crate::measurement::all_three(powers);
    Figure::from_option(powers.map(largest), Method::Derived, unusable)
}
