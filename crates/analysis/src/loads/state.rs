//! What a machine does: off, idle or running, since when and for how long.
//!
//! In: mean powers of intervals, thresholds, a dwell. Out: stretches of one state. A threshold is
//! passed by a tenth before it counts (hysteresis), and a state that does not last for the dwell
//! is none. A gap between intervals is a stretch of its own: nobody knows what happened in it.

use super::Thresholds;
use reading::Timestamp;
use std::time::Duration;

/// How long a state must last unless the configuration says otherwise.
pub const DWELL_DEFAULT: Duration = Duration::from_secs(20);
/// By so much a threshold must be passed.
const HYSTERESIS: f64 = 0.1;
/// One interval in another state may be the mean of a change: a state takes two.
const INTERVALS_MIN: u32 = 2;
/// Intervals further apart than this multiple of their length have a gap between them.
const GAP_INTERVALS: u32 = 2;

/// What the configuration says of a machine. All optional. **Unit** kW.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MachineSettings {
    /// What it draws at work.
    pub rated_kw: Option<f64>,
    /// What it draws when it turns without work.
    pub idle_kw: Option<f64>,
    /// The most that it draws when it is off.
    pub off_kw: Option<f64>,
    /// How long a state must last.
    pub dwell: Duration,
}

impl Default for MachineSettings {
    fn default() -> Self {
        Self { rated_kw: None, idle_kw: None, off_kw: None, dwell: DWELL_DEFAULT }
    }
}

/// What a machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MachineState {
    /// At most its controls are powered.
    Off,
    /// It turns without work.
    Idle,
    /// It works.
    Running,
    /// Nobody knows: its meter said nothing.
    Unknown,
}

impl MachineState {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Unknown => "unknown",
        }
    }
}

/// The mean power of a short time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its begin.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// **Unit** kW.
    pub kw: f64,
}

impl Interval {
    fn length(&self) -> Duration {
        self.to.since(self.from)
    }
}

/// A time in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its begin.
    pub from: Timestamp,
    /// Its end, exclusive.
    pub to: Timestamp,
    /// What the machine did.
    pub state: MachineState,
}

/// How long a machine was in which state. **Unit** h.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StateTotals {
    /// It worked.
    pub running_h: f64,
    /// It turned without work.
    pub idle_h: f64,
    /// It was off.
    pub off_h: f64,
    /// Nobody knows.
    pub unknown_h: f64,
    /// Energy while it idled. **Unit** kWh.
    pub idle_kwh: f64,
}

/// The stretches of one state.
///
/// **Shape** intervals oldest first, not overlapping; stretches likewise, without holes from the
/// first interval to the last, neighbours in different states.
#[must_use]
pub fn states(intervals: &[Interval], thresholds: &Thresholds, dwell: Duration) -> Vec<Stretch> {
    let mut walk = Walk { done: Vec::new(), open: None, other: None };
    for interval in intervals {
        walk.take(interval, thresholds, dwell);
    }
    walk.done.extend(walk.open);
    walk.done
}

/// The stretches so far.
struct Walk {
    done: Vec<Stretch>,
    open: Option<Stretch>,
    /// Another state that has not lasted yet, since when, and for how many intervals.
    other: Option<(MachineState, Timestamp, u32)>,
}

impl Walk {
    fn take(&mut self, interval: &Interval, thresholds: &Thresholds, dwell: Duration) {
        if let Some(open) = self.open {
            let silence = interval.from.since(open.to);
            if silence > interval.length() * GAP_INTERVALS {
                self.done.push(open);
                let (from, to) = (open.to, interval.from);
                self.done.push(Stretch { from, to, state: MachineState::Unknown });
                (self.open, self.other) = (None, None);
            }
        }
        let Some(mut open) = self.open else {
            let state = class(interval.kw, None, thresholds);
            self.open = Some(Stretch { from: interval.from, to: interval.to, state });
            return;
        };
        open.to = interval.to;
        let state = class(interval.kw, Some(open.state), thresholds);
        self.other = match self.other {
            _ if state == open.state => None,
            Some((other, since, count)) if other == state => Some((other, since, count + 1)),
            _ => Some((state, interval.from, 1)),
        };
        let lasts = |(_, since, count): &(MachineState, Timestamp, u32)| {
            *count >= INTERVALS_MIN && interval.to.since(*since) >= dwell
        };
        if let Some((state, since, _)) = self.other.filter(lasts) {
            if since > open.from {
                self.done.push(Stretch { to: since, ..open });
                open.from = since;
            }
            open.state = state;
            self.other = None;
        }
        self.open = Some(open);
    }
}

/// The state of a power, coming from another one.
fn class(kw: f64, from: Option<MachineState>, thresholds: &Thresholds) -> MachineState {
    use MachineState::{Idle, Off, Running, Unknown};
    let Thresholds { off_max_kw, running_min_kw, .. } = *thresholds;
    let lean = |threshold: f64, above: bool| match from {
        None | Some(Unknown) => threshold,
        Some(_) if above => threshold * (1.0 - HYSTERESIS),
        Some(_) => threshold * (1.0 + HYSTERESIS),
    };
    let running_from = lean(running_min_kw, from == Some(Running));
    let idle_from = lean(off_max_kw, matches!(from, Some(Running | Idle)));
    if kw >= running_from && kw > off_max_kw {
        Running
    } else if kw > idle_from {
        Idle
    } else {
        Off
    }
}

/// How long the stretches are within a time, and the energy of the idle ones.
#[must_use]
pub fn totals(
    stretches: &[Stretch],
    intervals: &[Interval],
    (from, to): (Timestamp, Timestamp),
) -> StateTotals {
    let mut totals = StateTotals::default();
    let hours = |begin: Timestamp, end: Timestamp| {
        end.min(to).since(begin.max(from)).as_secs_f64() / 3600.0
    };
    let mut rest = intervals;
    for stretch in stretches {
        let length = hours(stretch.from, stretch.to);
        match stretch.state {
            MachineState::Running => totals.running_h += length,
            MachineState::Idle => totals.idle_h += length,
            MachineState::Off => totals.off_h += length,
            MachineState::Unknown => totals.unknown_h += length,
        }
        let behind = rest.partition_point(|interval| interval.from < stretch.to);
        let (inside, after) = rest.split_at(behind);
        if stretch.state == MachineState::Idle {
            let energy = inside.iter().map(|one| one.kw * hours(one.from, one.to));
            totals.idle_kwh += energy.sum::<f64>();
        }
        rest = after;
    }
    let known = totals.running_h + totals.idle_h + totals.off_h + totals.unknown_h;
    // What lies before the first and behind the last interval is not known either.
    totals.unknown_h += (hours(from, to) - known).max(0.0);
    totals
}
