//! What each kind of slave measures, and its telegrams.

use super::record::{Records, bcd};
use crate::machine::Power;
use crate::workshop::State;
use frame::mbus::Identity;
use jiff::tz::TimeZone;
use reading::Timestamp;
use std::time::Duration;

/// Monday 2024-01-01T00:00:00Z, when the meters were put in with empty registers.
const INSTALLED_SECONDS: i64 = 1_704_067_200;
/// The past is told with more than a machine draws on average, so that a restart sets no register
/// back.
const PAST_POWER_W: f64 = 20_000.0;
const WS_PER_WH: f64 = 3_600.0;
/// A clock set forward is no consumption.
const STEP_MAX: Duration = Duration::from_secs(60);

/// Phases of the standard: VIFE FC and the phase.
const PHASES: [[u8; 2]; 3] = [[0xFC, 0x01], [0xFC, 0x02], [0xFC, 0x03]];

/// A kind of meter with its registers.
#[derive(Debug, Clone)]
pub(super) enum Meter {
    /// The electricity of one machine, or of the workshop's supply.
    Electricity { machine: Option<usize>, energy: Energy },
    /// The heating of the hall.
    Heat { energy: Energy },
    /// Water, told with the fixed data structure of old meters.
    Water,
}

/// Registers that grow. **Unit** Wh and varh.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Energy {
    active: f64,
    reactive: f64,
    counted_to: Option<Timestamp>,
}

impl Energy {
    fn count(&mut self, power: Power, at: Timestamp) {
        let Some(before) = self.counted_to.replace(at) else {
            let past = at.since(Timestamp::from_seconds(INSTALLED_SECONDS)).as_secs_f64();
            self.active = past * PAST_POWER_W / WS_PER_WH;
            self.reactive = self.active / 2.0;
            return;
        };
        let hours = at.since(before).min(STEP_MAX).as_secs_f64() / WS_PER_WH;
        self.active += power.active_w.max(0.0) * hours;
        self.reactive += power.reactive_var.max(0.0) * hours;
    }
}

/// What a telegram carries.
pub(super) enum Content {
    /// Records behind a long header.
    Variable(Vec<u8>),
    /// Status, units and counters of a fixed data structure.
    Fixed { units: [u8; 2], counters: [[u8; 4]; 2] },
}

impl Meter {
    /// Counts what was drawn until now.
    pub(super) fn count(&mut self, state: &State) {
        match self {
            Self::Electricity { machine, energy } => {
                let powers = powers(*machine, state);
                energy.count(total(&powers), state.at);
            }
            Self::Heat { energy } => {
                let heat = Heat::at(state.at);
                let power = Power { active_w: heat.power_w, reactive_var: 0.0 };
                energy.count(power, state.at);
            }
            Self::Water => {}
        }
    }

    /// How many telegrams one reading takes.
    pub(super) const fn telegrams(&self) -> usize {
        match self {
            Self::Electricity { .. } => 2,
            Self::Heat { .. } | Self::Water => 1,
        }
    }

    /// The telegram with this number.
    pub(super) fn telegram(
        &self,
        number: usize,
        (state, zone): (&State, &TimeZone),
        identity: &Identity,
    ) -> Content {
        match self {
            Self::Electricity { machine, .. } if number == 0 => {
                Content::Variable(instantaneous(&powers(*machine, state), state, zone))
            }
            Self::Electricity { energy, .. } => Content::Variable(registers(*energy, identity)),
            Self::Heat { energy } => Content::Variable(heat(*energy, state.at, zone)),
            Self::Water => {
                let litres =
                    state.at.since(Timestamp::from_seconds(INSTALLED_SECONDS)).as_secs() / 40;
                let litres = u32::try_from(litres % 100_000_000).unwrap_or(0);
                // Litres, and the same of the last fixed date; medium 7, water.
                Content::Fixed { units: [0xE9, 0x7E], counters: [bcd(litres), bcd(litres / 2)] }
            }
        }
    }
}

fn powers(machine: Option<usize>, state: &State) -> [Power; 3] {
    match machine.and_then(|index| state.machines.get(index)) {
        Some(load) => load.phases,
        None => state.phases.map(|phase| phase.power),
    }
}

fn total(powers: &[Power; 3]) -> Power {
    powers.iter().fold(Power::default(), |sum, power| Power {
        active_w: sum.active_w + power.active_w,
        reactive_var: sum.reactive_var + power.reactive_var,
    })
}

fn instantaneous(powers: &[Power; 3], state: &State, zone: &TimeZone) -> Vec<u8> {
    let mut records = Records::default();
    let sum = total(powers);
    records.raw(&[0x04, 0x6D]).raw(&type_f(state.at, zone));
    records.integer(&[0x04], &[0x2B], rounded(sum.active_w));
    for (power, [mark, phase]) in powers.iter().zip(PHASES) {
        records.integer(&[0x04], &[0xAB, mark, phase], rounded(power.active_w));
    }
    records.integer(&[0x04], &[0xFB, 0x14], rounded(sum.reactive_var));
    for (power, [mark, phase]) in powers.iter().zip(PHASES) {
        records.integer(&[0x04], &[0xFB, 0x94, mark, phase], rounded(power.reactive_var));
    }
    for (place, [mark, phase]) in state.phases.iter().zip(PHASES) {
        records.integer(&[0x02], &[0xFD, 0xC8, mark, phase], rounded(place.voltage_v * 10.0));
    }
    for ((power, place), [mark, phase]) in powers.iter().zip(&state.phases).zip(PHASES) {
        let apparent = power.active_w.hypot(power.reactive_var);
        let current = rounded(apparent / place.voltage_v * 1_000.0);
        records.integer(&[0x04], &[0xFD, 0xD9, mark, phase], current);
    }
    records.integer(&[0x02], &[0xFB, 0x2D], 5_000);
    // More records follow.
    records.raw(&[0x1F]);
    records.into_bytes()
}

fn registers(energy: Energy, identity: &Identity) -> Vec<u8> {
    let mut records = Records::default();
    records.integer(&[0x06], &[0x03], rounded(energy.active));
    records.integer(&[0x06], &[0xFB, 0x82, 0x73], rounded(energy.reactive));
    records.raw(&[0x0C, 0x78]).raw(&identity.identification);
    records.into_bytes()
}

/// The hall's heating at one instant.
struct Heat {
    power_w: f64,
    flow: f64,
    back: f64,
    flow_m3_h: f64,
}

impl Heat {
    /// Slow waves: the day's course and the valve's play.
    fn at(at: Timestamp) -> Self {
        let seconds = at.as_seconds_f64();
        let day = (seconds / 86_400.0 * std::f64::consts::TAU).sin();
        let valve = (seconds / 900.0 * std::f64::consts::TAU).sin();
        let flow = 62.0 + 6.0 * day;
        let back = 41.0 + 3.0 * day + 1.5 * valve;
        let flow_m3_h = 0.82 + 0.2 * valve;
        // 1.16 kWh heat a cubic metre of water by 1 K.
        Self { power_w: flow_m3_h * (flow - back) * 1_160.0, flow, back, flow_m3_h }
    }
}

fn heat(energy: Energy, at: Timestamp, zone: &TimeZone) -> Vec<u8> {
    let now = Heat::at(at);
    let mut records = Records::default();
    records.integer(&[0x04], &[0x06], rounded(energy.active / 1_000.0));
    // 23 kWh a cubic metre, as the mean spread makes it.
    records.integer(&[0x04], &[0x13], rounded(energy.active / 23.0));
    records.integer(&[0x04], &[0x2B], rounded(now.power_w));
    records.integer(&[0x02], &[0x3B], rounded(now.flow_m3_h * 1_000.0));
    records.integer(&[0x02], &[0x5A], rounded(now.flow * 10.0));
    records.integer(&[0x02], &[0x5E], rounded(now.back * 10.0));
    records.integer(&[0x02], &[0x62], rounded((now.flow - now.back) * 10.0));
    records.raw(&[0x04, 0x6D]).raw(&type_f(at, zone));
    records.integer(&[0x02], &[0xFD, 0x17], 0);
    records.bcd8(&[0x78], 70_100_003);
    records.into_bytes()
}

#[allow(clippy::cast_possible_truncation)] // Values of a workshop are far from the bounds.
fn rounded(value: f64) -> i64 {
    value.round() as i64
}

/// Date and time of type F in the meter's zone.
fn type_f(at: Timestamp, zone: &TimeZone) -> [u8; 4] {
    let micros = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    let local = zone.to_datetime(micros);
    let small = |number: i8| u8::try_from(number).unwrap_or(0);
    let saving = zone.to_offset_info(micros).dst().is_dst();
    let year = u8::try_from(local.year() - 2000).unwrap_or(0);
    [
        small(local.minute()),
        // Hundreds of years since 1900.
        small(local.hour()) | 1 << 5 | if saving { 0x80 } else { 0 },
        small(local.day()) | (year & 7) << 5,
        small(local.month()) | year >> 3 << 4,
    ]
}
