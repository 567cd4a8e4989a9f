//! One machine of the workshop as a meter at its feeder sees it.
//!
//! In: a seed, a time zone, a machine's name, instants. Out: voltages, powers, energy of each phase
//! and the cycles that the machine's controller counted. Like the workshop's main meter its
//! registers are a function of seed and instant alone: they go on where they were after a restart.

use crate::grid;
use crate::local::Local;
use crate::machine::{self, Load, MACHINES, Mode, Power};
use crate::noise::Noise;
use jiff::tz::TimeZone;
use reading::Timestamp;
use std::time::Duration;

/// Grid of the integration, as the workshop's.
const STEP: Duration = Duration::from_secs(5);
const STEP_MICROS: i64 = 5_000_000;
/// Step over the reference week.
const REFERENCE_STEP: Duration = Duration::from_secs(60);
const WEEK_SECONDS: i64 = 7 * 86_400;
/// Monday 2024-01-01T00:00:00Z, when the meter was put in with empty registers.
const INSTALLED_SECONDS: i64 = 1_704_067_200;
/// Past weeks count more than the reference week, so that no register ever goes back.
const PAST_WEEKS_SHARE: f64 = 1.06;
/// How long one piece takes.
const CYCLE_S: f64 = 48.0;

/// A machine at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Feeder {
    /// When.
    pub at: Timestamp,
    /// What the machine is doing.
    pub mode: Mode,
    /// Phase to neutral, L1 to L3. **Unit** V.
    pub voltages_v: [f64; 3],
    /// What it draws from L1, L2, L3.
    pub phases: [Power; 3],
    /// Energy drawn from L1, L2, L3 since the meter was put in. **Unit** Wh.
    pub import_wh: [f64; 3],
    /// Pieces that the machine's controller counted since then.
    pub pieces: u64,
}

/// The meter of one machine.
#[derive(Debug, Clone)]
pub struct SubMeter {
    noise: Noise,
    zone: TimeZone,
    place: usize,
    at: Timestamp,
    drawn: Drawn,
}

/// What was drawn and made.
#[derive(Debug, Clone, Copy, Default)]
struct Drawn {
    watt_seconds: [f64; 3],
    working_s: f64,
}

/// There is no machine of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the workshop has no machine \"{name}\"; it has {}", machines().join(", "))]
pub struct NoMachine {
    /// What was asked for.
    pub name: String,
}

/// The names of the workshop's machines.
#[must_use]
pub fn machines() -> Vec<&'static str> {
    let at = Timestamp::from_seconds(INSTALLED_SECONDS);
    let loads = machine::loads(Noise::new(0), at, Local::of(at, &TimeZone::UTC));
    loads.iter().map(|load| load.name).collect()
}

impl SubMeter {
    /// The meter of a machine at `start`. Runs through the week so far.
    ///
    /// # Errors
    /// There is no machine of that name.
    pub fn new(
        seed: u64,
        (start, zone): (Timestamp, TimeZone),
        name: &str,
    ) -> Result<Self, NoMachine> {
        let place = machines().iter().position(|machine| *machine == name);
        let place = place.ok_or_else(|| NoMachine { name: name.to_owned() })?;
        let at = Timestamp::from_seconds(INSTALLED_SECONDS);
        let drawn = Drawn::default();
        let mut meter = Self { noise: Noise::new(seed), zone, place, at, drawn };
        let seconds = start.as_micros().div_euclid(1_000_000) - INSTALLED_SECONDS;
        let weeks = seconds.div_euclid(WEEK_SECONDS).max(0);
        meter.advance_by(REFERENCE_STEP, at.plus(Duration::from_secs(WEEK_SECONDS.unsigned_abs())));
        #[allow(clippy::cast_precision_loss)] // Weeks are few.
        let past = weeks as f64 * PAST_WEEKS_SHARE;
        meter.drawn = Drawn {
            watt_seconds: meter.drawn.watt_seconds.map(|energy| energy * past),
            working_s: meter.drawn.working_s * past,
        };
        meter.at = Timestamp::from_seconds(weeks * WEEK_SECONDS + INSTALLED_SECONDS);
        meter.advance_by(STEP, start);
        Ok(meter)
    }

    /// Moves on to `to` and shows what is there.
    pub fn advance(&mut self, to: Timestamp) -> Feeder {
        self.advance_by(STEP, to);
        let local = Local::of(to, &self.zone);
        let machines = machine::loads(self.noise, to, local);
        let open = grid::open_circuit(self.noise, to, local);
        let load = self.load(&machines);
        Feeder {
            at: to,
            mode: load.mode,
            voltages_v: std::array::from_fn(|phase| {
                let phases = machines.iter().map(|machine| machine.phases[phase]);
                let total = phases.fold(Power::default(), |sum, power| Power {
                    active_w: sum.active_w + power.active_w,
                    reactive_var: sum.reactive_var + power.reactive_var,
                });
                grid::under_load(open[phase], total)
            }),
            phases: load.phases,
            import_wh: self.drawn.watt_seconds.map(|energy| energy / 3600.0),
            pieces: whole(self.drawn.working_s / CYCLE_S),
        }
    }

    const fn load<'a>(&self, machines: &'a [Load; MACHINES]) -> &'a Load {
        &machines[self.place]
    }

    /// Within a step of the fixed grid the power of its begin holds.
    fn advance_by(&mut self, step: Duration, to: Timestamp) {
        let step_micros = i64::try_from(step.as_micros()).unwrap_or(STEP_MICROS);
        while self.at < to {
            let begin =
                Timestamp::from_micros(self.at.as_micros().div_euclid(step_micros) * step_micros);
            let end = begin.plus(step).min(to);
            let machines = machine::loads(self.noise, begin, Local::of(begin, &self.zone));
            let load = self.load(&machines);
            let seconds = end.since(self.at).as_secs_f64();
            for (energy, phase) in self.drawn.watt_seconds.iter_mut().zip(load.phases) {
                *energy += phase.active_w * seconds;
            }
            if load.mode == Mode::Running {
                self.drawn.working_s += seconds;
            }
            self.at = end;
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(count: f64) -> u64 {
    // `as` saturates; what enters is never negative.
    count.floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(start: i64) -> SubMeter {
        let zone = TimeZone::get("Europe/Paris").expect("known");
        let start = Timestamp::from_seconds(start);
        SubMeter::new(7, (start, zone), "ligne_production_1").expect("a machine")
    }

    #[test]
    fn registers_go_on_after_a_restart_and_never_back() {
        let tuesday = 1_777_888_800;
        let mut first = meter(tuesday);
        let mut last = first.advance(Timestamp::from_seconds(tuesday));
        for hour in 1..=30 {
            let at = Timestamp::from_seconds(tuesday + hour * 3600);
            let next = first.advance(at);
            assert!(next.pieces >= last.pieces);
            assert!(next.import_wh.iter().zip(last.import_wh).all(|(next, last)| *next >= last));
            let again = meter(tuesday + hour * 3600).advance(at);
            assert_eq!(again.pieces, next.pieces, "hour {hour}");
            assert!((again.import_wh[0] - next.import_wh[0]).abs() < 1e-3, "hour {hour}");
            last = next;
        }
        let day = last.pieces
            - meter(tuesday + 6 * 3600).advance(Timestamp::from_seconds(tuesday + 6 * 3600)).pieces;
        assert!((600..1800).contains(&day), "{day} pieces in a day of 48-second cycles");
        let next_week = tuesday + WEEK_SECONDS;
        let later = meter(next_week).advance(Timestamp::from_seconds(next_week));
        assert!(later.pieces > last.pieces);
    }

    #[test]
    fn a_machine_that_is_not_there_is_told_with_those_that_are() {
        let start = (Timestamp::from_seconds(INSTALLED_SECONDS), TimeZone::UTC);
        let message = SubMeter::new(1, start, "presse").expect_err("none").to_string();
        assert!(message.contains("ligne_production_1, ligne_production_2"), "{message}");
    }
}
