//! Whether the numbers of one moment can be true together.
//!
//! In: a [`Measurement`]. Out: what contradicts physics or the network. Source: domain rules:
//! |P − ΣPi| ≤ max(1 % S, 20 W), |P| ≤ 1.01·S, |PF| ≤ 1, voltages near their nominal value,
//! 47 to 52 Hz. Refuses nothing: a suspect value is kept and marked.

use crate::measurement::all_three;
use crate::voltages::{VOLTAGES, VoltageKind};
use crate::{Measurement, derive};
use reading::Quantity::{
    self, ActivePower, ApparentPower, Frequency, PowerFactor, PowerFactorL1, PowerFactorL2,
    PowerFactorL3,
};

/// What is wrong with a measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// The kind of contradiction.
    pub code: SuspicionCode,
    /// The quantities that contradict each other.
    pub quantities: Vec<Quantity>,
    /// One English sentence with the values.
    pub english: String,
}

/// The kinds of contradiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuspicionCode {
    /// The total is not the sum of the phases.
    PowerSum,
    /// More active than apparent power.
    PowerAboveApparent,
    /// A power factor beyond ±1.
    PowerFactorRange,
    /// A voltage far from nominal.
    VoltageRange,
    /// Voltages ten times too large: the scaler is missing.
    VoltageScale,
    /// A frequency outside 47 to 52 Hz.
    FrequencyRange,
}

impl SuspicionCode {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PowerSum => "power_sum",
            Self::PowerAboveApparent => "power_above_apparent",
            Self::PowerFactorRange => "power_factor_range",
            Self::VoltageRange => "voltage_range",
            Self::VoltageScale => "voltage_scale",
            Self::FrequencyRange => "frequency_range",
        }
    }
}

/// Range of a plausible phase voltage around 230 V nominal, as a share of nominal.
const VOLTAGE_SHARE: std::ops::RangeInclusive<f64> = (180.0 / 230.0)..=(265.0 / 230.0);
const FREQUENCY_HZ: std::ops::RangeInclusive<f64> = 47.0..=52.0;
/// Smallest difference of a total from its phases that means something. **Unit** W.
const POWER_SUM_TOLERANCE_W: f64 = 20.0;

/// Everything suspicious about a measurement; empty when nothing is.
///
/// `nominal_v` is the nominal phase voltage. **Unit** V. A voltage of 0 is a lost phase, which is
/// an event and not a contradiction.
#[must_use]
pub fn suspicions(measurement: &Measurement, kind: VoltageKind, nominal_v: f64) -> Vec<Suspicion> {
    let nominal_v = match kind {
        VoltageKind::Phase => nominal_v,
        VoltageKind::LineToLine => nominal_v * 3.0_f64.sqrt(),
    };
    let mut found = Vec::new();
    found.extend(power_sum(measurement));
    found.extend(power_above_apparent(measurement));
    found.extend(
        [PowerFactor, PowerFactorL1, PowerFactorL2, PowerFactorL3]
            .into_iter()
            .filter_map(|quantity| power_factor_range(measurement, quantity)),
    );
    found.extend(VOLTAGES.into_iter().filter_map(|q| voltage_range(measurement, q, nominal_v)));
    found.extend(frequency_range(measurement));
    found
}

fn power_sum(measurement: &Measurement) -> Option<Suspicion> {
    let total = derive::active_power(measurement)?;
    let phases = all_three([1, 2, 3].map(|phase| {
        derive::active_power_of_phase(measurement, phase).map(|derived| derived.value)
    }))?;
    let sum: f64 = phases.iter().sum();
    let apparent = derive::apparent_power(measurement).map_or(0.0, |derived| derived.value);
    let apart = (total.value - sum).abs();
    (apart > POWER_SUM_TOLERANCE_W.max(0.01 * apparent)).then(|| Suspicion {
        code: SuspicionCode::PowerSum,
        quantities: total.inputs,
        english: format!("Active power is {} W, its phases add up to {sum} W.", total.value),
    })
}

fn power_above_apparent(measurement: &Measurement) -> Option<Suspicion> {
    let (p, s) = (derive::active_power(measurement)?, measurement.f64(ApparentPower)?);
    (s > 0.0 && p.value.abs() > 1.01 * s).then(|| Suspicion {
        code: SuspicionCode::PowerAboveApparent,
        quantities: vec![ActivePower, ApparentPower],
        english: format!("Active power {} W exceeds apparent power {s} VA.", p.value),
    })
}

fn power_factor_range(measurement: &Measurement, quantity: Quantity) -> Option<Suspicion> {
    let factor = measurement.f64(quantity)?;
    (factor.abs() > 1.0).then(|| Suspicion {
        code: SuspicionCode::PowerFactorRange,
        quantities: vec![quantity],
        english: format!("A power factor of {factor} is impossible."),
    })
}

fn voltage_range(
    measurement: &Measurement,
    quantity: Quantity,
    nominal_v: f64,
) -> Option<Suspicion> {
    let volts = measurement.f64(quantity)?;
    let share = volts / nominal_v;
    if volts == 0.0 || VOLTAGE_SHARE.contains(&share) {
        return None;
    }
    let (code, english) = if VOLTAGE_SHARE.contains(&(share / 10.0)) {
        let tenth = volts / 10.0;
        (SuspicionCode::VoltageScale, format!("{volts} V is {tenth} V without its scaler."))
    } else {
        (SuspicionCode::VoltageRange, format!("{volts} V is far from {nominal_v:.0} V nominal."))
    };
    Some(Suspicion { code, quantities: vec![quantity], english })
}

fn frequency_range(measurement: &Measurement) -> Option<Suspicion> {
    let hertz = measurement.f64(Frequency)?;
    (!FREQUENCY_HZ.contains(&hertz)).then(|| Suspicion {
        code: SuspicionCode::FrequencyRange,
        quantities: vec![Frequency],
        english: format!("{hertz} Hz is outside 47 to 52 Hz."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{Decimal, Timestamp};

    fn codes(values: &[(Quantity, &str)]) -> Vec<SuspicionCode> {
        let number = |text: &str| text.parse::<Decimal>().expect("a number");
        let values = values.iter().map(|(quantity, text)| (*quantity, number(text)));
        let measurement = Measurement::new(Timestamp::from_seconds(0), values);
        let found = suspicions(&measurement, VoltageKind::Phase, 230.0);
        found.into_iter().map(|suspicion| suspicion.code).collect()
    }

    #[test]
    fn a_sound_measurement_is_not_suspect() {
        let sound = [
            (Quantity::VoltageL1, "231.2"),
            (Quantity::VoltageL2, "0"),
            (Frequency, "50.01"),
            (ActivePower, "3000"),
            (Quantity::ActivePowerL1, "1000"),
            (Quantity::ActivePowerL2, "1000"),
            (Quantity::ActivePowerL3, "1019"),
            (ApparentPower, "2990"),
            (PowerFactor, "-1.000"),
        ];
        assert!(codes(&sound).is_empty());
    }

    #[test]
    fn contradictions_are_named() {
        assert_eq!(codes(&[(Quantity::VoltageL1, "2312")]), [SuspicionCode::VoltageScale]);
        assert_eq!(codes(&[(Quantity::VoltageL1, "120")]), [SuspicionCode::VoltageRange]);
        assert_eq!(codes(&[(Frequency, "5.0")]), [SuspicionCode::FrequencyRange]);
        assert_eq!(codes(&[(PowerFactor, "1.001")]), [SuspicionCode::PowerFactorRange]);
        let exceeding = [(ActivePower, "-3100"), (ApparentPower, "3000")];
        assert_eq!(codes(&exceeding), [SuspicionCode::PowerAboveApparent]);
        let apart = [
            (ActivePower, "3000"),
            (Quantity::ActivePowerL1, "1000"),
            (Quantity::ActivePowerL2, "1000"),
            (Quantity::ActivePowerL3, "1021"),
        ];
        assert_eq!(codes(&apart), [SuspicionCode::PowerSum]);
    }
}
