//! What a sub-meter measures: the workshop's supply, or one of its machines.

use crate::machine::Power;
use crate::workshop::State;
use reading::{Obis, Quantity, Timestamp};
use std::time::Duration;

/// Monday 2024-01-01T00:00:00Z, when the sub-meters were put in with empty registers.
const INSTALLED_SECONDS: i64 = 1_704_067_200;
/// The mean power that a sub-meter's past is told with: more than its machine draws, so that no
/// restart of the simulation sets a register back.
const PAST_POWER_W: f64 = 20_000.0;
const WS_PER_WH: f64 = 3600.0;

/// What one meter measures at one instant. **Unit** SI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    voltages: [f64; 3],
    powers: [Power; 3],
    energy: Energy,
    at: Timestamp,
}

/// Energy registers of a sub-meter.
///
/// **Unit** Wh and varh.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Energy {
    active: [f64; 3],
    reactive: [f64; 3],
    counted_to: Option<Timestamp>,
}

impl Energy {
    /// Counts what was drawn since the last call; at first, what the past adds up to.
    pub(crate) fn count(&mut self, powers: &[Power; 3], at: Timestamp) {
        let Some(before) = self.counted_to.replace(at) else {
            let installed = Timestamp::from_seconds(INSTALLED_SECONDS);
            let past_ws = at.since(installed).as_secs_f64() * PAST_POWER_W;
            self.active = [past_ws / WS_PER_WH / 3.0; 3];
            self.reactive = [past_ws / WS_PER_WH / 6.0; 3];
            return;
        };
        // A clock set forward is no consumption.
        let seconds = at.since(before).min(Duration::from_secs(60)).as_secs_f64();
        for ((active, reactive), power) in
            self.active.iter_mut().zip(&mut self.reactive).zip(powers)
        {
            *active += power.active_w.max(0.0) * seconds / WS_PER_WH;
            *reactive += power.reactive_var.max(0.0) * seconds / WS_PER_WH;
        }
    }
}

impl Figures {
    pub(crate) fn new(state: &State, powers: [Power; 3], energy: Energy) -> Self {
        let voltages = state.phases.map(|phase| phase.voltage_v);
        Self { voltages, powers, energy, at: state.at }
    }

    /// The value of a quantity, or of a code where the catalogue has no quantity; `None` for what
    /// this workshop does not know.
    pub(crate) fn value(&self, quantity: Option<Quantity>, obis: Option<Obis>) -> Option<f64> {
        match quantity {
            Some(quantity) => self.named(quantity.name()),
            None => self.coded(obis?),
        }
    }

    fn named(&self, name: &str) -> Option<f64> {
        let (stem, phase) = match name.rsplit_once("_l") {
            Some((stem, "1")) => (stem, Some(0)),
            Some((stem, "2")) => (stem, Some(1)),
            Some((stem, "3")) => (stem, Some(2)),
            Some(("voltage", pair)) => return self.line_voltage(pair),
            _ => (name, None),
        };
        let power = self.power(phase)?;
        let apparent = power.active_w.hypot(power.reactive_var);
        Some(match stem {
            "voltage" => mean(&self.voltages, phase)?,
            "current" => mean(&self.currents(), phase)?,
            "current_neutral" => self.neutral(),
            "active_power" => power.active_w,
            "active_power_import" | "active_demand_import" => power.active_w.max(0.0),
            "active_demand_max_import" => power.active_w.max(0.0) * 1.2,
            "reactive_power" | "reactive_power_import" => power.reactive_var,
            "apparent_power" => apparent,
            "power_factor" if apparent > 0.0 => power.active_w / apparent,
            "frequency" => 50.0 + 0.02 * (self.at.as_micros() as f64 / 97e6).sin(),
            "thd_voltage" => 2.1,
            "thd_current" => 8.4,
            "active_energy_import" => sum(&self.energy.active, phase)?,
            "reactive_energy_import" | "reactive_energy_q1" => sum(&self.energy.reactive, phase)?,
            "apparent_energy_import" => {
                sum(&self.energy.active, phase)?.hypot(sum(&self.energy.reactive, phase)?)
            }
            "active_power_export"
            | "active_energy_export"
            | "apparent_energy_export"
            | "reactive_energy_export"
            | "reactive_energy_q2"
            | "reactive_energy_q3"
            | "reactive_energy_q4" => 0.0,
            _ => return None,
        })
    }

    /// Codes of IEC 62056-6-1 beside the catalogue: sums of both directions, energies of phases.
    fn coded(&self, obis: Obis) -> Option<f64> {
        let [quantity, 8, 0] = obis.cde() else { return None };
        Some(match quantity {
            15 => sum(&self.energy.active, None)?,
            35 | 55 | 75 => sum(&self.energy.active, Some(usize::from(quantity - 35) / 20))?,
            23 | 43 | 63 => sum(&self.energy.reactive, Some(usize::from(quantity - 23) / 20))?,
            24 | 44 | 64 => 0.0,
            _ => return None,
        })
    }

    fn power(&self, phase: Option<usize>) -> Option<Power> {
        match phase {
            Some(phase) => self.powers.get(phase).copied(),
            None => Some(Power {
                active_w: self.powers.iter().map(|power| power.active_w).sum(),
                reactive_var: self.powers.iter().map(|power| power.reactive_var).sum(),
            }),
        }
    }

    fn currents(&self) -> [f64; 3] {
        std::array::from_fn(|phase| {
            let power = self.powers[phase];
            power.active_w.hypot(power.reactive_var) / self.voltages[phase]
        })
    }

    /// With voltages 120° apart.
    fn line_voltage(&self, pair: &str) -> Option<f64> {
        let (one, other) = match pair {
            "12" => (0, 1),
            "23" => (1, 2),
            "31" => (2, 0),
            _ => return None,
        };
        let (one, other) = (self.voltages[one], self.voltages[other]);
        Some((one * one + other * other + one * other).sqrt())
    }

    fn neutral(&self) -> f64 {
        let [one, two, three] = self.currents();
        let squares = one * one + two * two + three * three;
        (squares - one * two - two * three - three * one).max(0.0).sqrt()
    }
}

fn mean(values: &[f64; 3], phase: Option<usize>) -> Option<f64> {
    match phase {
        Some(phase) => values.get(phase).copied(),
        None => Some(values.iter().sum::<f64>() / 3.0),
    }
}

fn sum(values: &[f64; 3], phase: Option<usize>) -> Option<f64> {
    match phase {
        Some(phase) => values.get(phase).copied(),
        None => Some(values.iter().sum()),
    }
}
