//! The workshop's machines: when they run, and what they draw.
//!
//! In: an instant, the wall clock, the seed's noise. Out: each machine's mode and its active and
//! reactive power per phase. Names and powers are those of the book's chapter 25, 50 kW together.
//!
//! The workshop never sleeps: two shifts from Monday to Friday, 6 to 22 h; a small crew at night
//! and on week-ends that still runs batches, shorter and with more pauses. Whoever starts the
//! demo, at whatever hour, sees machines start, work, idle and stop.

use crate::local::Local;
use crate::noise::Noise;
use reading::Timestamp;

/// How many machines there are.
pub(crate) const MACHINES: usize = 7;

/// Active and reactive power of one phase.
///
/// **Unit** W and var. **Sign** consumption and inductive are positive.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Power {
    /// Active power in W.
    pub active_w: f64,
    /// Reactive power in var.
    pub reactive_var: f64,
}

/// What a machine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only its controls are powered.
    Off,
    /// Its motors run up: a high, mostly reactive current for some seconds.
    Starting,
    /// It works.
    Running,
    /// Its motors turn without work: little power, poor power factor.
    Idle,
}

/// What one machine draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The machine's name, as in chapter 25.
    pub name: &'static str,
    /// What it is doing.
    pub mode: Mode,
    /// What it draws from L1, L2, L3.
    pub phases: [Power; 3],
}

impl Load {
    /// Active power of the machine. **Unit** kW.
    #[must_use]
    pub fn active_kw(&self) -> f64 {
        self.phases.iter().map(|phase| phase.active_w).sum::<f64>() / 1000.0
    }
}

/// Subjects of the noise family; each machine has its own.
const LINE_1: u64 = 1;
const LINE_2: u64 = 2;
const VENTILATION: u64 = 3;
const COOLING: u64 = 4;
const LIGHTING: u64 = 5;
const SUNDRIES: u64 = 6;

/// Seconds that a motor needs to run up.
const RUN_UP_S: f64 = 6.0;
/// Seconds that a line's motors turn idle before someone switches them off.
const IDLE_S: f64 = 330.0;

/// A production line: batches in time slots, tool cycles within a batch.
struct Line {
    name: &'static str,
    subject: u64,
    rated_w: f64,
    /// Reactive per active power at work.
    tangent: f64,
    idle: Power,
    slot_s: i64,
    cycle_s: i64,
}

const LINES: [Line; 2] = [
    Line {
        name: "ligne_production_1",
        subject: LINE_1,
        rated_w: 15_500.0,
        tangent: 0.57,
        idle: Power { active_w: 1_900.0, reactive_var: 6_400.0 },
        slot_s: 2_520,
        cycle_s: 48,
    },
    Line {
        name: "ligne_production_2",
        subject: LINE_2,
        rated_w: 12_800.0,
        tangent: 0.60,
        idle: Power { active_w: 1_600.0, reactive_var: 5_600.0 },
        slot_s: 1_740,
        cycle_s: 75,
    },
];

/// Everything that moves, at one instant.
pub(crate) fn loads(noise: Noise, at: Timestamp, local: Local) -> [Load; MACHINES] {
    let [first, second] = LINES.map(|line| line.load(noise, at, local));
    let working = [first, second].map(|(_, since)| since).into_iter().flatten();
    // The extraction starts with the first line that works, and runs up once.
    let since = working.fold(None, |longest: Option<f64>, since| {
        Some(longest.map_or(since, |longest| longest.max(since)))
    });
    [
        first.0,
        second.0,
        ventilation(noise.of(VENTILATION), at, since),
        cooling(noise, at, local),
        lighting(noise.of(LIGHTING), at, local),
        sundries(noise.of(SUNDRIES), at, local),
        compressor(noise.of(SUNDRIES), at),
    ]
}

impl Line {
    /// The line's load, and for how many seconds it has been working.
    fn load(&self, noise: Noise, at: Timestamp, local: Local) -> (Load, Option<f64>) {
        let noise = noise.of(self.subject);
        let (mode, since) = self.mode(noise, at, local);
        let total = match mode {
            Mode::Off => Power { active_w: 120.0, reactive_var: 60.0 },
            Mode::Idle => {
                let ripple = 1.0 + 0.03 * noise.drift(1, at, 7);
                Power {
                    active_w: self.idle.active_w * ripple,
                    reactive_var: self.idle.reactive_var * ripple,
                }
            }
            Mode::Starting | Mode::Running => self.working(noise, at, since),
        };
        let phases = three_phase(total, noise, at);
        let working = matches!(mode, Mode::Starting | Mode::Running).then_some(since);
        let name = self.name;
        (Load { name, mode, phases }, working)
    }

    /// What the line does, and since when in seconds.
    fn mode(&self, noise: Noise, at: Timestamp, local: Local) -> (Mode, f64) {
        let slot = self.slot_s * 1_000_000;
        let index = at.as_micros().div_euclid(slot);
        let elapsed = at.as_micros().rem_euclid(slot) as f64 / 1e6;
        let length = self.slot_s as f64;
        let duty = match (local.weekend, local.between(6.0, 22.0)) {
            (false, true) => 0.84,
            (false, false) => 0.55,
            (true, _) => 0.48,
        };
        // The slot's duty is drawn once; a shift that ends within the slot shortens the batch.
        let batch = length * (duty + 0.14 * (2.0 * noise.draw(2, index) - 1.0));
        let start = (length - batch) * noise.draw(3, index);
        let stop = start + batch;
        if elapsed < start {
            (Mode::Off, elapsed)
        } else if elapsed < start + RUN_UP_S {
            (Mode::Starting, elapsed - start)
        } else if elapsed < stop {
            (Mode::Running, elapsed - start)
        } else if elapsed < stop + IDLE_S {
            (Mode::Idle, elapsed - stop)
        } else {
            (Mode::Off, elapsed - stop - IDLE_S)
        }
    }

    /// Tool cycles on top of a load that follows the material.
    fn working(&self, noise: Noise, at: Timestamp, since: f64) -> Power {
        let cycle = self.cycle_s * 1_000_000;
        let within = at.as_micros().rem_euclid(cycle) as f64 / cycle as f64;
        // Approach, cut, return: the spindle is loaded for the middle of the cycle.
        let cut = if (0.15..0.8).contains(&within) { 0.10 } else { -0.12 };
        let material = 0.08 * noise.drift(4, at, 2_400) + 0.03 * noise.drift(5, at, 11);
        let share = 0.86 + cut + material;
        // A motor's magnetising power stays; only part of the reactive power follows the load.
        let running = Power {
            active_w: self.rated_w * share,
            reactive_var: self.rated_w * self.tangent * (0.6 + 0.4 * share),
        };
        run_up(running, since)
    }
}

/// Inrush through a soft starter: up to three times the reactive power, active power rising.
fn run_up(running: Power, since: f64) -> Power {
    if since >= RUN_UP_S {
        return running;
    }
    let done = since / RUN_UP_S;
    Power {
        active_w: running.active_w * (0.35 + 0.65 * done),
        reactive_var: running.reactive_var * (1.0 + 2.0 * (1.0 - done)),
    }
}

/// Shares of a three-phase machine: windings are never quite equal.
fn three_phase(total: Power, noise: Noise, at: Timestamp) -> [Power; 3] {
    let tilt = [0, 1].map(|winding| {
        let fixed = 2.0 * noise.draw(6, winding) - 1.0;
        0.008 * fixed + 0.004 * noise.drift(7, at, 300)
    });
    let shares = [1.0 + tilt[0], 1.0 + tilt[1], 1.0 - tilt[0] - tilt[1]];
    shares.map(|share| Power {
        active_w: total.active_w * share / 3.0,
        reactive_var: total.reactive_var * share / 3.0,
    })
}

/// Fans on full speed while a line works, on a third of their power otherwise.
fn ventilation(noise: Noise, at: Timestamp, working_since: Option<f64>) -> Load {
    let ripple = 1.0 + 0.02 * noise.drift(1, at, 20);
    let full = Power { active_w: 8_200.0 * ripple, reactive_var: 4_900.0 * ripple };
    let (mode, total) = match working_since {
        None => (Mode::Idle, Power { active_w: 2_700.0 * ripple, reactive_var: 2_600.0 * ripple }),
        Some(since) if since < RUN_UP_S => (Mode::Starting, run_up(full, since)),
        Some(_) => (Mode::Running, full),
    };
    let phases = three_phase(total, noise, at);
    Load { name: "ventilation", mode, phases }
}

/// A cooling compressor: on and off in cycles, on for longer the more lines work when it starts.
fn cooling(noise: Noise, at: Timestamp, local: Local) -> Load {
    const CYCLE_S: i64 = 660;
    let cycle = CYCLE_S * 1_000_000;
    let index = at.as_micros().div_euclid(cycle);
    let elapsed = at.as_micros().rem_euclid(cycle) as f64 / 1e6;
    // The heat is that of the cycle's beginning, so that the compressor never switches twice.
    let begin = Timestamp::from_micros(index * cycle);
    let heat = LINES.map(|line| match line.mode(noise.of(line.subject), begin, local).0 {
        Mode::Starting | Mode::Running => 0.5,
        Mode::Idle | Mode::Off => 0.0,
    });
    let noise = noise.of(COOLING);
    let share = 0.30 + 0.40 * heat.iter().sum::<f64>() + 0.10 * noise.draw(2, index);
    let on_s = CYCLE_S as f64 * share;
    let (mode, total) = if elapsed < on_s {
        let ripple = 1.0 + 0.03 * noise.drift(3, at, 5);
        let running = Power { active_w: 6_100.0 * ripple, reactive_var: 4_100.0 * ripple };
        let mode = if elapsed < RUN_UP_S { Mode::Starting } else { Mode::Running };
        (mode, run_up(running, elapsed))
    } else {
        (Mode::Off, Power { active_w: 140.0, reactive_var: 70.0 })
    };
    let phases = three_phase(total, noise, at);
    Load { name: "refroidissement", mode, phases }
}

/// Three lighting circuits, one per phase and of unequal size; by night L3 is dark.
fn lighting(noise: Noise, at: Timestamp, local: Local) -> Load {
    let day = local.between(5.5, 22.5);
    let daylight = local.between(9.5, 16.5);
    let circuits = [
        1_300.0,
        if daylight { 850.0 } else { 1_150.0 },
        match (day, daylight) {
            (false, _) => 150.0,
            (true, true) => 600.0,
            (true, false) => 950.0,
        },
    ];
    let ripple = 1.0 + 0.01 * noise.drift(1, at, 60);
    let phases = circuits
        .map(|rated| Power { active_w: rated * ripple, reactive_var: 0.29 * rated * ripple });
    Load { name: "eclairage", mode: Mode::Running, phases }
}

/// A small air compressor on L2 that fills its vessel now and then.
fn compressor(noise: Noise, at: Timestamp) -> Load {
    let fills = noise.draw(1, at.as_micros().div_euclid(95_000_000)) < 0.45;
    let mut phases = [Power::default(); 3];
    let [_, l2, _] = &mut phases;
    *l2 = if fills {
        Power { active_w: 1_100.0, reactive_var: 800.0 }
    } else {
        Power { active_w: 12.0, reactive_var: 9.0 }
    };
    let mode = if fills { Mode::Running } else { Mode::Off };
    Load { name: "compresseur_air", mode, phases }
}

/// Sockets: chargers and tools, each on one phase; nobody measures them alone.
fn sundries(noise: Noise, at: Timestamp, local: Local) -> Load {
    let charger = if local.between(6.0, 20.0) { 0.6 } else { 1.0 };
    let tools = if local.weekend { 0.6 } else { 1.0 };
    let base = [1_500.0 * charger, 700.0 * tools, 1_350.0 * tools];
    let mut phases = [Power::default(); 3];
    for ((stream, phase), base) in (2_u64..).zip(&mut phases).zip(base) {
        // Which socket is used wanders over the hours: the unbalance drifts.
        let share =
            1.0 + 0.45 * noise.drift(stream, at, 5_400) + 0.12 * noise.drift(stream + 3, at, 25);
        phase.active_w = base * share;
        phase.reactive_var = 0.25 * base * share;
    }
    Load { name: "divers", mode: Mode::Running, phases }
}
