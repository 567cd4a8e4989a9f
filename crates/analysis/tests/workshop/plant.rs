//! A simulated workshop with a meter on its supply and one on each machine, and what an electrician
//! may have wired wrongly.

use analysis::doctor::Patient;
use analysis::{Measurement, VoltageKind};
use jiff::tz::TimeZone;
use reading::Quantity::{
    self, ActivePower, ActivePowerL1, ActivePowerL2, ActivePowerL3, CurrentL1, CurrentL2,
    CurrentL3, Frequency, ReactivePower, ReactivePowerL1, ReactivePowerL2, ReactivePowerL3,
    VoltageL1, VoltageL2, VoltageL3,
};
use reading::{Decimal, Timestamp};
use sim::{Power, State, Workshop};
use std::collections::BTreeMap;

/// 2026-05-04, a Monday.
const MONDAY: i64 = 1_777_852_800;
const TURN: [f64; 3] = [0.0, -120.0, 120.0];

pub(crate) fn workshop(seed: u64, start: i64) -> Workshop {
    let zone = TimeZone::get("Europe/Paris").expect("bundled");
    Workshop::new(seed, Timestamp::from_seconds(MONDAY + start), zone)
}

/// States every five seconds.
pub(crate) fn states(seed: u64, start: i64, hours: i64) -> Vec<State> {
    let mut workshop = workshop(seed, start);
    let at = |n: i64| Timestamp::from_seconds(MONDAY + start + 5 * n);
    (0..hours * 720).map(|n| workshop.advance(at(n))).collect()
}

/// How a meter is wired and set.
#[derive(Clone)]
pub(crate) struct Wiring {
    /// Whose current each phase has.
    pub(crate) carries: [usize; 3],
    pub(crate) reversed: [bool; 3],
    /// What is read over what is.
    pub(crate) current_factor: f64,
    pub(crate) current_scale: f64,
    pub(crate) power_scale: f64,
    pub(crate) voltage_scale: f64,
    pub(crate) energy_scale: f64,
    /// Phases without voltage at the meter, and without current.
    pub(crate) no_voltage: Option<usize>,
    pub(crate) no_current: Option<usize>,
    /// Voltages are read between the phases.
    pub(crate) line_to_line: bool,
    /// Only totals of power, voltages in whole volts, as an E450 pushes them.
    pub(crate) totals_only: bool,
    pub(crate) clock_s: f64,
}

impl Default for Wiring {
    fn default() -> Self {
        Self {
            carries: [0, 1, 2],
            reversed: [false; 3],
            current_factor: 1.0,
            current_scale: 1.0,
            power_scale: 1.0,
            voltage_scale: 1.0,
            energy_scale: 1.0,
            no_voltage: None,
            no_current: None,
            line_to_line: false,
            totals_only: false,
            clock_s: 0.3,
        }
    }
}

/// What a meter on these loads says.
fn measured(at: Timestamp, volts: [f64; 3], loads: [Power; 3], wiring: &Wiring) -> Measurement {
    let round = |value: f64, digits: i32| {
        let scale = 10_f64.powi(digits);
        Decimal::from_f64((value * scale).round() / scale).expect("finite")
    };
    let mut values: Vec<(Quantity, Decimal)> = Vec::new();
    let (mut total_p, mut total_q) = (0.0, 0.0);
    for place in 0..3 {
        let from = wiring.carries[place];
        let (p, q) = (loads[from].active_w, loads[from].reactive_var);
        let tapped = if wiring.no_voltage == Some(place) { 0.0 } else { volts[place] };
        let flows = if wiring.no_current == Some(place) { 0.0 } else { 1.0 };
        let amps = p.hypot(q) / volts[from] * wiring.current_factor * flows;
        let turned = if wiring.reversed[place] { 180.0 } else { 0.0 };
        let angle = q.atan2(p).to_degrees() + TURN[place] - TURN[from] + turned;
        let (p, q) =
            (tapped * amps * angle.to_radians().cos(), tapped * amps * angle.to_radians().sin());
        (total_p, total_q) = (total_p + p, total_q + q);
        let read = if wiring.line_to_line { 3_f64.sqrt() * tapped } else { tapped };
        let digits = if wiring.totals_only { 0 } else { 1 };
        let (u, i) = ([VoltageL1, VoltageL2, VoltageL3], [CurrentL1, CurrentL2, CurrentL3]);
        values.push((u[place], round(read * wiring.voltage_scale, digits)));
        values.push((i[place], round(amps * wiring.current_scale, 2)));
        if !wiring.totals_only {
            let (active, reactive) = (
                [ActivePowerL1, ActivePowerL2, ActivePowerL3],
                [ReactivePowerL1, ReactivePowerL2, ReactivePowerL3],
            );
            values.push((active[place], round(p * wiring.power_scale, 1)));
            values.push((reactive[place], round(q * wiring.power_scale, 1)));
        }
    }
    values.push((ActivePower, round(total_p * wiring.power_scale, 1)));
    values.push((ReactivePower, round(total_q * wiring.power_scale, 1)));
    values.push((Frequency, round(50.01, 2)));
    Measurement::new(at, values)
}

/// A patient out of its samples, of which the last hour is kept.
fn patient(name: &str, samples: &[Measurement], wiring: &Wiring) -> Patient {
    let watts = |sample: &Measurement| sample.f64(ActivePower).expect("sent");
    let mut minutes: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let mut energy_wh = 1.0e6;
    let mut counter = Vec::new();
    for (n, sample) in samples.iter().enumerate() {
        let sum = minutes.entry(sample.at().as_micros().div_euclid(60_000_000)).or_default();
        *sum = (sum.0 + watts(sample), sum.1 + 1.0);
        let true_w = watts(sample) / wiring.power_scale;
        energy_wh += true_w.max(0.0) * wiring.energy_scale * 5.0 / 3600.0;
        if n % 12 == 0 {
            counter.push((sample.at(), energy_wh.floor()));
        }
    }
    let last = samples.len().saturating_sub(720);
    Patient {
        name: name.to_owned(),
        is_main: false,
        parent: Some(0),
        is_constant: false,
        kind: VoltageKind::Phase,
        ct_ratio: None,
        samples: samples[last..].to_vec(),
        minutes: minutes.into_iter().map(|(minute, (sum, n))| (minute, sum / n)).collect(),
        counter,
        counter_digit_wh: 1.0,
        clock_s: vec![wiring.clock_s; 20],
        period_s: 5.0,
    }
}

/// The machines that have a meter; what is left of the workshop has none.
pub(crate) const METERED: [&str; 5] =
    ["ligne_production_1", "ligne_production_2", "ventilation", "refroidissement", "eclairage"];

/// The meters of the workshop: the supply's first, then one on each of [`METERED`].
///
/// `wired` says how the meter of this place is wired.
pub(crate) fn patients(states: &[State], wired: impl Fn(usize) -> Wiring) -> Vec<Patient> {
    let mut patients = Vec::new();
    for place in 0..=METERED.len() {
        let wiring = wired(place);
        let samples = states.iter().map(|state| {
            let loads = match place {
                0 => state.phases.map(|phase| phase.power),
                _ => {
                    let name = METERED[place - 1];
                    let machine = state.machines.iter().find(|machine| machine.name == name);
                    machine.expect("in the workshop").phases
                }
            };
            measured(state.at, state.phases.map(|phase| phase.voltage_v), loads, &wiring)
        });
        let name = if place == 0 { "general" } else { METERED[place - 1] };
        let mut patient = patient(name, &samples.collect::<Vec<_>>(), &wiring);
        if place == 0 {
            (patient.is_main, patient.parent) = (true, None);
        }
        patients.push(patient);
    }
    patients
}
