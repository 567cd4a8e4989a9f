//! One rule per analysis: what it needs, what it can do with less.

use super::sentence as say;
use super::{Analysis, Availability, Carried, Sentence, State, Surroundings};
use crate::currents::CURRENTS;
use crate::voltages::{LINE_VOLTAGES, VOLTAGES};
use reading::Quantity::{self, *};
use std::time::Duration;

/// From this resolution on (power of ten of the unit) a value is coarse.
const COARSE_EXPONENT: i8 = 0;
/// A list at least this fast follows the running demand interval.
const FAST: Duration = Duration::from_secs(60);
/// A list at least this fast gives a 10-minute voltage estimate of 0.9·120 samples.
const SCREENING: Duration = Duration::from_secs(5);

pub(super) struct Evidence<'a> {
    pub(super) carried: &'a [Carried],
    pub(super) surroundings: &'a Surroundings,
}

/// State, reason and remedy of an analysis.
type Judgement = (State, Sentence, Option<Sentence>);

const COMPLETE: Judgement = (State::Possible, say::COMPLETE, None);

fn degraded(reason: Sentence, remedy: Sentence) -> Judgement {
    (State::Degraded, reason, Some(remedy))
}

fn impossible(reason: Sentence, remedy: Sentence) -> Judgement {
    (State::Impossible, reason, Some(remedy))
}

impl Evidence<'_> {
    pub(super) fn judge(&self, analysis: Analysis) -> Availability {
        let (state, reason, remedy) = match analysis {
            Analysis::PhaseBalanceVoltage => self.voltage_balance(),
            Analysis::PhaseBalanceCurrent => self.current_balance(),
            Analysis::U2 => self.negative_sequence(),
            Analysis::U0 => self.zero_sequence(),
            Analysis::PhaseSequence => self.phase_sequence(),
            Analysis::Neutral => self.neutral(),
            Analysis::PowerFactor => self.power_factor(),
            Analysis::Reactive => self.reactive(),
            Analysis::DisplacementPowerFactor => self.displacement(),
            Analysis::Thd => self.distortion(),
            Analysis::Harmonics => impossible(say::NO_HARMONICS, say::ADD_ANALYSER),
            Analysis::Energy => self.energy(),
            Analysis::Demand => self.demand(),
            Analysis::Kpi => self.kpi(),
            Analysis::MachineLoads => self.machine_loads(),
            Analysis::VoltageQualityScreening => self.screening(),
            Analysis::Events => impossible(say::NO_EVENTS, say::ADD_ANALYSER),
            Analysis::NormVerdict => impossible(say::NO_INSTRUMENT, say::ADD_ANALYSER),
        };
        Availability { analysis, state, reason, remedy }
    }

    fn has(&self, quantity: Quantity) -> bool {
        self.carried.iter().any(|carried| carried.quantity == quantity)
    }

    fn all(&self, quantities: &[Quantity]) -> bool {
        quantities.iter().all(|quantity| self.has(*quantity))
    }

    fn any(&self, quantities: &[Quantity]) -> bool {
        quantities.iter().any(|quantity| self.has(*quantity))
    }

    /// Whether any of the quantities comes only in whole units.
    fn coarse(&self, quantities: &[Quantity]) -> bool {
        let finest = |quantity: &Quantity| {
            let same = self.carried.iter().filter(|carried| carried.quantity == *quantity);
            same.filter_map(|carried| carried.exponent).min()
        };
        quantities.iter().filter_map(finest).any(|exponent| exponent >= COARSE_EXPONENT)
    }

    /// Whether one of the quantities arrives at least this often.
    fn every(&self, period: Duration, quantities: &[Quantity]) -> bool {
        self.carried.iter().any(|carried| {
            quantities.contains(&carried.quantity)
                && carried.period.is_some_and(|known| known <= period)
        })
    }

    fn has_phase_voltages(&self) -> bool {
        !self.surroundings.line_to_line && self.all(&VOLTAGES)
    }

    fn has_line_voltages(&self) -> bool {
        self.all(&LINE_VOLTAGES) || (self.surroundings.line_to_line && self.all(&VOLTAGES))
    }

    fn has_voltages(&self) -> bool {
        self.has_phase_voltages() || self.has_line_voltages()
    }

    fn has_voltage_angles(&self) -> bool {
        self.all(&[AngleU2U1, AngleU3U1])
    }

    fn coarse_voltages(&self) -> bool {
        self.coarse(&VOLTAGES) || self.coarse(&LINE_VOLTAGES)
    }

    fn has_active(&self) -> bool {
        let phases = [
            [ActivePowerL1, ActivePowerImportL1],
            [ActivePowerL2, ActivePowerImportL2],
            [ActivePowerL3, ActivePowerImportL3],
        ];
        self.any(&[ActivePower, ActivePowerImport])
            || phases.iter().all(|quantities| self.any(quantities))
    }

    fn has_reactive(&self) -> bool {
        self.has(ReactivePower)
            || self.all(&[ReactivePowerImport, ReactivePowerExport])
            || self.all(&[ReactivePowerQ1, ReactivePowerQ2, ReactivePowerQ3, ReactivePowerQ4])
    }

    fn has_lags(&self) -> bool {
        let powers = [
            [ActivePowerL1, ReactivePowerL1],
            [ActivePowerL2, ReactivePowerL2],
            [ActivePowerL3, ReactivePowerL3],
        ];
        let split = [
            ActivePowerImportL1,
            ActivePowerImportL2,
            ActivePowerImportL3,
            ReactivePowerImportL1,
            ReactivePowerImportL2,
            ReactivePowerImportL3,
        ];
        powers.iter().all(|pair| self.all(pair)) || self.all(&split) || self.has_current_angles()
    }

    fn has_current_angles(&self) -> bool {
        let direct = [AngleI1U1, AngleI2U2, AngleI3U3];
        let opposite = [AngleU1I1, AngleU2I2, AngleU3I3];
        self.all(&direct) || self.all(&opposite)
    }

    fn voltage_balance(&self) -> Judgement {
        match (self.has_voltages(), self.coarse_voltages()) {
            (false, _) => impossible(say::NO_VOLTAGES, say::ADD_VOLTAGES),
            (true, true) => degraded(say::COARSE_VOLTAGES, say::FINER_VOLTAGES),
            (true, false) => COMPLETE,
        }
    }

    fn current_balance(&self) -> Judgement {
        match (self.all(&CURRENTS), self.coarse(&CURRENTS)) {
            (false, _) => impossible(say::NO_CURRENTS, say::ADD_CURRENTS),
            (true, true) => degraded(say::COARSE_CURRENTS, say::FINER_CURRENTS),
            (true, false) => COMPLETE,
        }
    }

    fn negative_sequence(&self) -> Judgement {
        let exact =
            self.has_line_voltages() || (self.has_phase_voltages() && self.has_voltage_angles());
        match (exact, self.has_voltages()) {
            (true, _) if self.coarse_voltages() => {
                degraded(say::COARSE_VOLTAGES, say::FINER_VOLTAGES)
            }
            (true, _) => COMPLETE,
            (false, true) => degraded(say::ASSUMED_120, say::ADD_ANGLES),
            (false, false) => impossible(say::NO_VOLTAGES, say::ADD_VOLTAGES),
        }
    }

    fn zero_sequence(&self) -> Judgement {
        let phases = self.has_phase_voltages();
        if phases && self.has_voltage_angles() {
            return COMPLETE;
        }
        match (phases, self.has_line_voltages(), self.coarse_voltages()) {
            (true, true, false) => degraded(say::U0_FROM_MAGNITUDES, say::ADD_ANGLES),
            (true, true, true) => impossible(say::COARSE_VOLTAGES, say::ADD_ANGLES),
            (true, false, _) => impossible(say::NO_ANGLES, say::ADD_ANGLES),
            (false, ..) => impossible(say::NO_VOLTAGES, say::ADD_VOLTAGES),
        }
    }

    fn phase_sequence(&self) -> Judgement {
        if self.has_phase_voltages() && self.has_voltage_angles() {
            return COMPLETE;
        }
        impossible(say::NO_ANGLES, say::ADD_ANGLES)
    }

    fn neutral(&self) -> Judgement {
        if self.has(CurrentNeutral) {
            return COMPLETE;
        }
        match (self.all(&CURRENTS), self.has_lags()) {
            (true, true) => degraded(say::NEUTRAL_FUNDAMENTAL, say::ADD_NEUTRAL),
            (true, false) => degraded(say::NEUTRAL_EQUAL_PF, say::ADD_NEUTRAL),
            (false, _) => impossible(say::NO_CURRENTS, say::ADD_NEUTRAL),
        }
    }

    fn power_factor(&self) -> Judgement {
        let with_active = self.has_reactive() || self.has(ApparentPower);
        match (self.has_active() && with_active, self.has(PowerFactor)) {
            (true, _) => COMPLETE,
            (false, true) => degraded(say::POWER_FACTOR_ONLY, say::ADD_REACTIVE),
            (false, false) => impossible(say::NO_POWER_FACTOR, say::ADD_REACTIVE),
        }
    }

    fn reactive(&self) -> Judgement {
        let counters = [ReactiveEnergyImport, ReactiveEnergyQ1];
        if self.has_reactive() {
            COMPLETE
        } else if self.any(&counters) {
            degraded(say::REACTIVE_COUNTERS, say::ADD_REACTIVE)
        } else if self.has_active() && self.has(ApparentPower) {
            degraded(say::NONACTIVE_ONLY, say::ADD_REACTIVE)
        } else {
            impossible(say::NO_REACTIVE, say::ADD_REACTIVE)
        }
    }

    fn displacement(&self) -> Judgement {
        if self.has_current_angles() {
            COMPLETE
        } else if self.has_active() && self.has_reactive() {
            degraded(say::DISPLACEMENT_FROM_PQ, say::ADD_CURRENT_ANGLES)
        } else {
            impossible(say::NO_DISPLACEMENT, say::ADD_CURRENT_ANGLES)
        }
    }

    fn distortion(&self) -> Judgement {
        let registers = [ThdVoltage, ThdCurrent, ThdVoltageL1, ThdCurrentL1];
        if self.any(&registers) {
            return (State::Possible, say::THD_REGISTER, Some(say::ADD_ANALYSER));
        }
        impossible(say::NO_THD, say::ADD_THD)
    }

    fn energy(&self) -> Judgement {
        match (self.has(ActiveEnergyImport), self.has_active()) {
            (true, _) => COMPLETE,
            (false, true) => degraded(say::ENERGY_BY_HOLD, say::ADD_COUNTER),
            (false, false) => impossible(say::NO_ENERGY, say::ADD_COUNTER),
        }
    }

    fn demand(&self) -> Judgement {
        let powers = [ActivePower, ActivePowerImport];
        let interval = self.surroundings.demand_interval;
        if self.every(FAST, &[ActiveEnergyImport]) {
            COMPLETE
        } else if self.every(FAST, &powers) {
            degraded(say::DEMAND_BY_SAMPLES, say::ADD_COUNTER)
        } else if self.every(interval, &[ActiveEnergyImport, ActivePower, ActivePowerImport]) {
            degraded(say::DEMAND_TOO_SLOW, say::FASTER_LIST)
        } else if self.has(ActiveEnergyImport) || self.has_active() {
            impossible(say::DEMAND_TOO_SLOW, say::FASTER_LIST)
        } else {
            impossible(say::NO_ENERGY, say::ADD_COUNTER)
        }
    }

    fn kpi(&self) -> Judgement {
        match (self.has_active(), self.has(ActiveEnergyImport)) {
            (true, true) => COMPLETE,
            (true, false) => degraded(say::KPI_WITHOUT_COUNTER, say::ADD_COUNTER),
            (false, true) => degraded(say::KPI_WITHOUT_POWER, say::ADD_POWER),
            (false, false) => impossible(say::NO_ENERGY, say::ADD_POWER),
        }
    }

    fn machine_loads(&self) -> Judgement {
        match (self.surroundings.sub_meters > 0, self.has_active()) {
            (true, _) => COMPLETE,
            (false, true) => degraded(say::WHOLE_ONLY, say::ADD_SUB_METERS),
            (false, false) => impossible(say::NO_LOADS, say::ADD_SUB_METERS),
        }
    }

    fn screening(&self) -> Judgement {
        let voltages = [VOLTAGES, LINE_VOLTAGES].concat();
        if !self.has_voltages() {
            impossible(say::NO_VOLTAGES, say::ADD_VOLTAGES)
        } else if self.every(SCREENING, &voltages) {
            (State::Possible, say::SCREENING_SAMPLES, Some(say::ADD_ANALYSER))
        } else {
            degraded(say::SCREENING_SLOW, say::ADD_ANALYSER)
        }
    }
}
