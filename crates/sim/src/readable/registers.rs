//! Registers as readable meters show them: leading zeros, a fixed number of decimals, a unit.

use crate::workshop::State;

/// One value of the workshop with the address under which meters show it.
pub(super) struct Shown {
    pub(super) address: &'static str,
    pub(super) value: f64,
    pub(super) unit: &'static str,
}

const fn shown(address: &'static str, value: f64, unit: &'static str) -> Shown {
    Shown { address, value, unit }
}

/// The energy registers in kWh and kvarh.
#[allow(clippy::cast_precision_loss)] // Registers of a workshop stay far below 2^53.
pub(super) fn energies(state: &State) -> Vec<Shown> {
    let counters = state.counters;
    let [day, night] = counters.import_by_rate_wh();
    let kilo = |wh: u64| wh as f64 / 1000.0;
    vec![
        shown("1.8.0", kilo(counters.import_wh()), "kWh"),
        shown("1.8.1", kilo(day), "kWh"),
        shown("1.8.2", kilo(night), "kWh"),
        shown("2.8.0", kilo(counters.export_wh()), "kWh"),
        shown("3.8.0", kilo(counters.reactive_import_varh()), "kvarh"),
        shown("4.8.0", kilo(counters.reactive_export_varh()), "kvarh"),
    ]
}

/// The powers in kW and kvar, import and export apart.
pub(super) fn powers(state: &State) -> Vec<Shown> {
    let total = state.total();
    let kilo = |watt: f64| watt.max(0.0) / 1000.0;
    vec![
        shown("1.7.0", kilo(total.active_w), "kW"),
        shown("2.7.0", kilo(-total.active_w), "kW"),
        shown("3.7.0", kilo(total.reactive_var), "kvar"),
        shown("4.7.0", kilo(-total.reactive_var), "kvar"),
    ]
}

/// Active power of each phase in kW, import then export.
pub(super) fn phase_powers(state: &State) -> Vec<Shown> {
    const IMPORT: [&str; 3] = ["21.7.0", "41.7.0", "61.7.0"];
    const EXPORT: [&str; 3] = ["22.7.0", "42.7.0", "62.7.0"];
    let kilo = |watt: f64| watt.max(0.0) / 1000.0;
    let of = |addresses: [&'static str; 3], sign: f64| {
        let phases = state.phases.iter().zip(addresses);
        phases.map(move |(phase, address)| shown(address, kilo(sign * phase.power.active_w), "kW"))
    };
    of(IMPORT, 1.0).chain(of(EXPORT, -1.0)).collect()
}

/// Voltages and currents.
pub(super) fn phases(state: &State) -> Vec<Shown> {
    const VOLTAGES: [&str; 3] = ["32.7.0", "52.7.0", "72.7.0"];
    const CURRENTS: [&str; 3] = ["31.7.0", "51.7.0", "71.7.0"];
    let voltages = state.phases.iter().zip(VOLTAGES);
    let voltages = voltages.map(|(phase, address)| shown(address, phase.voltage_v, "V"));
    let currents = state.phases.iter().zip(CURRENTS);
    let currents = currents.map(|(phase, address)| shown(address, phase.current_a, "A"));
    voltages.chain(currents).collect()
}
