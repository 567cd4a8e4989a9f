//! The workshop as its supply sees it.
//!
//! In: a seed, a time zone, instants. Out: voltages, currents, powers and counters that agree with
//! each other. The electrical state is a function of seed and instant alone; the counters also
//! continue over a restart: they are integrated from the Monday before the start, upon what the
//! weeks before it add up to.

use crate::counters::{Counters, Rate};
use crate::grid;
use crate::local::Local;
use crate::machine::{self, Load, MACHINES, Power};
use crate::noise::Noise;
use jiff::tz::TimeZone;
use reading::Timestamp;
use std::time::Duration;

/// Grid of the integration; a multiple of it is always a support point, whoever asks when.
const STEP: Duration = Duration::from_secs(5);
const STEP_MICROS: i64 = 5_000_000;
/// Step over the reference week.
const REFERENCE_STEP: Duration = Duration::from_secs(60);
const WEEK_SECONDS: i64 = 7 * 86_400;
/// Monday 2024-01-01T00:00:00Z, when this meter was put in with empty registers.
const INSTALLED_SECONDS: i64 = 1_704_067_200;
/// Past weeks count 6 % more than the reference week: no week that is run through in truth may
/// end above what a later start assumes for it, else a register would go back.
const PAST_WEEKS_PERCENT: u64 = 106;

/// One phase at the meter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// Phase to neutral. **Unit** V.
    pub voltage_v: f64,
    /// **Unit** A.
    pub current_a: f64,
    /// Power drawn.
    pub power: Power,
}

/// The workshop at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// When.
    pub at: Timestamp,
    /// L1, L2, L3.
    pub phases: [Phase; 3],
    /// What each machine draws; together that is exactly what the phases carry.
    pub machines: [Load; MACHINES],
    /// The meter's energy registers.
    pub counters: Counters,
}

impl State {
    /// The sum of the phases.
    #[must_use]
    pub fn total(&self) -> Power {
        sum(self.phases.iter().map(|phase| phase.power))
    }

    /// |P| / √(P² + Q²) of the totals, as the meter shows it; `None` without any power.
    #[must_use]
    pub fn power_factor(&self) -> Option<f64> {
        let Power { active_w, reactive_var } = self.total();
        let apparent = (active_w * active_w + reactive_var * reactive_var).sqrt();
        (apparent > 0.0).then(|| (active_w.abs() / apparent).min(1.0))
    }
}

fn sum(powers: impl Iterator<Item = Power>) -> Power {
    powers.fold(Power::default(), |sum, power| Power {
        active_w: sum.active_w + power.active_w,
        reactive_var: sum.reactive_var + power.reactive_var,
    })
}

/// A workshop with a 400 V supply and 50 kW subscribed.
#[derive(Debug, Clone)]
pub struct Workshop {
    noise: Noise,
    zone: TimeZone,
    at: Timestamp,
    counters: Counters,
}

impl Workshop {
    /// The workshop of `seed` at `start`; `zone` sets its working hours.
    ///
    /// Runs through the week so far, up to 121 000 steps.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp, zone: TimeZone) -> Self {
        let installed = Timestamp::from_seconds(INSTALLED_SECONDS);
        let seconds = start.as_micros().div_euclid(1_000_000) - INSTALLED_SECONDS;
        let weeks = u64::try_from(seconds.div_euclid(WEEK_SECONDS)).unwrap_or(0);
        let mut workshop =
            Self { noise: Noise::new(seed), zone, at: installed, counters: Counters::default() };
        let past = workshop.reference_week();
        workshop.counters = past.scaled(weeks.saturating_mul(PAST_WEEKS_PERCENT), 100);
        let monday = seconds.div_euclid(WEEK_SECONDS).max(0) * WEEK_SECONDS + INSTALLED_SECONDS;
        workshop.at = Timestamp::from_seconds(monday);
        workshop.integrate(start);
        workshop
    }

    /// Moves on to `to` and shows what is there. An instant that has passed already leaves the
    /// counters where they are.
    pub fn advance(&mut self, to: Timestamp) -> State {
        self.integrate(to);
        let local = Local::of(to, &self.zone);
        let machines = machine::loads(self.noise, to, local);
        State {
            at: to,
            phases: self.phases(to, local, &machines),
            machines,
            counters: self.counters,
        }
    }

    fn phases(&self, at: Timestamp, local: Local, machines: &[Load; MACHINES]) -> [Phase; 3] {
        let voltages = grid::open_circuit(self.noise, at, local);
        let loads = by_phase(machines);
        std::array::from_fn(|index| {
            let power = loads[index];
            let voltage_v = grid::under_load(voltages[index], power);
            let Power { active_w, reactive_var } = power;
            let apparent = (active_w * active_w + reactive_var * reactive_var).sqrt();
            Phase { voltage_v, current_a: apparent / voltage_v, power }
        })
    }

    /// Counts what is drawn until `to`. Within a step of the fixed grid the power of its support
    /// point holds, so that the counters do not depend on how often anyone asks.
    fn integrate(&mut self, to: Timestamp) {
        while self.at < to {
            let support = self.at.as_micros().div_euclid(STEP_MICROS) * STEP_MICROS;
            let support = Timestamp::from_micros(support);
            let end = support.plus(STEP).min(to);
            let (power, rate) = self.drawn(support);
            let before = self.at.since(support);
            // Both ends are rounded from the support point: parts of a step add up to the step.
            let mut part = Counters::default();
            part.add(power, end.since(support), rate);
            let mut done = Counters::default();
            done.add(power, before, rate);
            self.counters.add_difference(&part, &done);
            self.at = end;
        }
    }

    fn drawn(&self, at: Timestamp) -> (Power, Rate) {
        let local = Local::of(at, &self.zone);
        let machines = machine::loads(self.noise, at, local);
        let rate = if local.between(6.0, 22.0) { Rate::Day } else { Rate::Night };
        (sum(by_phase(&machines).into_iter()), rate)
    }

    /// One week in larger steps.
    fn reference_week(&self) -> Counters {
        let mut counters = Counters::default();
        let mut at = Timestamp::from_seconds(INSTALLED_SECONDS);
        let end = Timestamp::from_seconds(INSTALLED_SECONDS + WEEK_SECONDS);
        while at < end {
            let (power, rate) = self.drawn(at);
            counters.add(power, REFERENCE_STEP, rate);
            at = at.plus(REFERENCE_STEP);
        }
        counters
    }
}

fn by_phase(machines: &[Load; MACHINES]) -> [Power; 3] {
    std::array::from_fn(|index| sum(machines.iter().map(|machine| machine.phases[index])))
}
