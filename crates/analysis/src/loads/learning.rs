//! Which power means off, idle and running: as configured, else learned from the machine itself.
//!
//! In: mean powers of short intervals of some days. Out: two thresholds. A machine dwells in its
//! states and hurries between them, so the powers that it seldom has lie between its states: each
//! threshold is put into the emptiest stretch of the logarithm of power. Refuses: a verdict from
//! less than [`LEARNING_MIN`] intervals, or about a machine that never drew anything.

use super::MachineSettings;
use crate::load_profile::quantile;

/// Fewest intervals to learn from: four hours of minutes.
pub const LEARNING_MIN: usize = 240;
/// Off ends somewhere between these shares of the machine's usual greatest power.
const OFF_SHARE: (f64, f64) = (0.01, 0.15);
/// Running begins somewhere between these.
const RUNNING_SHARE: (f64, f64) = (0.15, 0.65);
/// Where nothing tells, off ends and running begins here.
const OFF_SHARE_DEFAULT: f64 = 0.05;
const RUNNING_SHARE_DEFAULT: f64 = 0.4;
/// Width of the stretch that is slid along, as a ratio.
const STRETCH_RATIO: f64 = 1.35;
/// Steps in which it is slid.
const STRETCH_STEPS: u32 = 60;
/// A stretch that holds more than this share of the scarcer side is no valley.
const VALLEY_SHARE_MAX: f64 = 0.25;
/// A machine that never drew more has not been seen at work. **Unit** kW.
const NOTHING_KW: f64 = 0.02;

/// Where the thresholds come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThresholdsOrigin {
    /// The configuration states the machine's powers.
    Configured,
    /// Learned from what the machine drew.
    Learned,
}

impl ThresholdsOrigin {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Learned => "learned",
        }
    }
}

/// Powers between the states of a machine. **Unit** kW. **Range** `off_max_kw ≤ running_min_kw`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Up to here it is off.
    pub off_max_kw: f64,
    /// From here on it runs; between the two it idles.
    pub running_min_kw: f64,
    /// Where they come from.
    pub origin: ThresholdsOrigin,
}

impl Thresholds {
    /// The thresholds of a machine whose powers are configured; `None` when they are not.
    ///
    /// Off ends at the power that is called off with a fifth on top, else at a quarter of the idle
    /// power, else at a twentieth of the rated power. Running begins at the geometric mean of idle
    /// and rated power, else at one and a half times the idle power, else at two fifths of the rated power.
    #[must_use]
    pub fn configured(settings: &MachineSettings) -> Option<Self> {
        let MachineSettings { rated_kw, idle_kw, off_kw, .. } = *settings;
        let running_min_kw = match (idle_kw, rated_kw) {
            (Some(idle), Some(rated)) => (idle * rated).sqrt(),
            (Some(idle), None) => 1.5 * idle,
            (None, Some(rated)) => RUNNING_SHARE_DEFAULT * rated,
            (None, None) => return None,
        };
        let off_max_kw = match (off_kw, idle_kw, rated_kw) {
            (Some(off), ..) => 1.2 * off,
            (None, Some(idle), _) => 0.25 * idle,
            (None, None, Some(rated)) => OFF_SHARE_DEFAULT * rated,
            (None, None, None) => return None,
        };
        let origin = ThresholdsOrigin::Configured;
        Some(Self { off_max_kw: off_max_kw.min(running_min_kw), running_min_kw, origin })
    }
}

/// The thresholds that mean powers of a machine tell; `None` while there are too few.
///
/// **Unit** kW. The order of the powers does not matter.
#[must_use]
pub fn learned(powers_kw: &[f64]) -> Option<Thresholds> {
    let top = quantile(powers_kw, 0.95).filter(|_| powers_kw.len() >= LEARNING_MIN)?;
    if top < NOTHING_KW {
        return None;
    }
    let valley = |(low, high): (f64, f64), default: f64| {
        let usual = default * top;
        valley(powers_kw, (low * top, high * top), usual).unwrap_or(usual)
    };
    let off_max_kw = valley(OFF_SHARE, OFF_SHARE_DEFAULT);
    let running_min_kw = valley(RUNNING_SHARE, RUNNING_SHARE_DEFAULT);
    let origin = ThresholdsOrigin::Learned;
    Some(Thresholds { off_max_kw, running_min_kw: running_min_kw.max(off_max_kw), origin })
}

/// The middle of the emptiest stretches between two powers; `None` when none is empty enough, when
/// it is hardly emptier than the one around `usual`, or when there is nothing on one side of it.
fn valley(powers: &[f64], (low, high): (f64, f64), usual: f64) -> Option<f64> {
    let step = (high / low).powf(1.0 / f64::from(STRETCH_STEPS));
    let half = STRETCH_RATIO.sqrt();
    let centres: Vec<f64> = (0..=STRETCH_STEPS).map(|n| low * step.powi(n.cast_signed())).collect();
    let within = |centre: f64| {
        powers.iter().filter(|power| (centre / half..centre * half).contains(*power)).count()
    };
    let counts: Vec<usize> = centres.iter().map(|centre| within(*centre)).collect();
    let least = *counts.iter().min()?;
    if least > 0 && within(usual) <= 2 * least {
        return None;
    }
    // Of several runs of equally empty stretches the longest one is the surest.
    let mut best = 0..0;
    let mut begin = 0;
    for (place, count) in counts.iter().enumerate() {
        if *count != least {
            begin = place + 1;
        } else if place + 1 - begin > best.len() {
            best = begin..place + 1;
        }
    }
    let (first, last) = (centres.get(best.start)?, centres.get(best.end.checked_sub(1)?)?);
    let middle = (first * last).sqrt();
    let below = powers.iter().filter(|power| **power < middle).count();
    let scarcer = below.min(powers.len() - below);
    #[allow(clippy::cast_precision_loss)] // Some thousand intervals.
    let empty = scarcer > 0 && least as f64 <= VALLEY_SHARE_MAX * scarcer as f64;
    empty.then_some(middle)
}
