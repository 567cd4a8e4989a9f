//! The direction of each transformer where a meter sends the active power of its phases alone.
//!
//! In: P of the phases, with U and I where they are sent. Out: the phases whose power is always
//! negative while the others' is positive. Single-phase generation looks the same: then the steps of
//! loads on all phases tell, which a reversed transformer turns round and a generator does not.
//! Source: domain rule "Physics". Refuses: to take infeed for a fault; it cannot see swapped phases
//! that leave every power positive.

use super::findings::{Code, Evidence, Finding, Label, Obstacle};
use super::{Check, Outcome, Patient, SAMPLES_MIN, loaded, median};
use crate::Measurement;
use crate::currents::CURRENTS;
use crate::derive;
use crate::measurement::all_three;
use crate::voltages::{VOLTAGES, VoltageKind};

/// A power below this share of the phases' mean has a sign of noise.
const POWER_SHARE_MIN: f64 = 0.1;
/// Share of the moments in which a power must have its sign.
const ALWAYS_MIN: f64 = 0.95;
/// Power factors of phases that only a direction tells apart differ by less.
const FACTOR_SPREAD_MAX: f64 = 0.3;
/// Least correlation of steps.
const CORRELATION_MIN: f64 = 0.4;
/// … and in units of its standard error, 1/√n.
const CORRELATION_ERRORS_MIN: f64 = 3.0;

/// Whether the steps of the turned phases go against those of the others; `None` where their loads
/// have no steps in common.
///
/// `powers` are active powers of the phases, **unit** W, oldest first.
pub(super) fn against(powers: &[[f64; 3]], turned: [bool; 3]) -> Option<bool> {
    let side = |step: [f64; 3], of: bool| {
        let of = step.iter().zip(turned).filter(|(_, turned)| *turned == of);
        of.map(|(step, _)| *step).sum::<f64>()
    };
    let mut sums = (0.0, 0.0, 0.0);
    for pair in powers.windows(2) {
        let step = std::array::from_fn(|place| pair[1][place] - pair[0][place]);
        let (one, other) = (side(step, true), side(step, false));
        sums = (sums.0 + one * one, sums.1 + other * other, sums.2 + one * other);
    }
    let correlation = sums.2 / (sums.0 * sums.1).sqrt();
    #[allow(clippy::cast_precision_loss)]
    let error = 1.0 / (powers.len().max(1) as f64).sqrt();
    let told = correlation.abs() >= CORRELATION_MIN.max(CORRELATION_ERRORS_MIN * error);
    told.then_some(correlation < 0.0)
}

/// Active powers of the phases of one moment, and |P| over U·I.
struct Moment {
    powers: [f64; 3],
    factors: Option<[f64; 3]>,
}

impl Moment {
    fn of(sample: &Measurement, kind: VoltageKind) -> Option<Self> {
        let power = |phase| Some(derive::active_power_of_phase(sample, phase)?.value);
        let powers = all_three([1, 2, 3].map(power))?;
        let volts = all_three(sample.three(VOLTAGES)).filter(|_| kind == VoltageKind::Phase);
        let amps = all_three(sample.three(CURRENTS));
        let factors = volts.zip(amps).map(|(volts, amps)| {
            std::array::from_fn(|place| {
                powers[place].abs() / (volts[place] * amps[place].abs()).max(f64::MIN_POSITIVE)
            })
        });
        Some(Self { powers, factors })
    }
}

/// `None` for a meter that does not send the powers of its phases.
pub(super) fn check(patient: &Patient) -> Option<Outcome> {
    let samples = loaded(patient).into_iter();
    let moments: Vec<Moment> =
        samples.filter_map(|sample| Moment::of(sample, patient.kind)).collect();
    if moments.is_empty() {
        return None;
    }
    if moments.len() < SAMPLES_MIN {
        return Some(Outcome::NotJudged(Obstacle::TooFew(moments.len(), SAMPLES_MIN)));
    }
    let signs = [0, 1, 2].map(|place| sign(&moments, place));
    let turned = signs.map(|sign| sign == Some(true));
    let others = signs.contains(&Some(false));
    if !turned.contains(&true) {
        return Some(Outcome::Sound(moments.len()));
    }
    let powers: Vec<[f64; 3]> = moments.iter().map(|moment| moment.powers).collect();
    let against = against(&powers, turned);
    // All of them negative is a generator as well; on one or two phases it is one at the supply.
    let fault = others && against.unwrap_or(!patient.is_main);
    if !fault {
        return Some(Outcome::NotJudged(Obstacle::Exporting));
    }
    Some(Outcome::Found(vec![finding(&moments, turned)]))
}

/// Whether a phase's power is always negative, or always positive.
fn sign(moments: &[Moment], place: usize) -> Option<bool> {
    let told = moments.iter().filter_map(|moment| {
        let mean = moment.powers.iter().map(|watts| watts.abs()).sum::<f64>() / 3.0;
        let watts = moment.powers[place];
        (watts.abs() >= POWER_SHARE_MIN * mean && mean > 0.0).then_some(watts < 0.0)
    });
    let told: Vec<bool> = told.collect();
    #[allow(clippy::cast_precision_loss)]
    let share = told.iter().filter(|negative| **negative).count() as f64 / told.len().max(1) as f64;
    if told.len() < SAMPLES_MIN {
        None
    } else if share >= ALWAYS_MIN {
        Some(true)
    } else {
        (share <= 1.0 - ALWAYS_MIN).then_some(false)
    }
}

fn finding(moments: &[Moment], turned: [bool; 3]) -> Finding {
    let usual = |of: &dyn Fn(&Moment) -> Option<f64>| {
        median(&moments.iter().filter_map(of).collect::<Vec<f64>>())
    };
    let factors = [0, 1, 2].map(|place| usual(&|one| one.factors.map(|factors| factors[place])));
    // Swapped phases make one power negative and another small.
    let alike = all_three(factors).is_none_or(|factors| {
        let highest = factors.into_iter().fold(f64::MIN, f64::max);
        highest - factors.into_iter().fold(f64::MAX, f64::min) <= FACTOR_SPREAD_MAX
    });
    let power = |place: usize| {
        let phase = [1, 2, 3][place];
        let watts = usual(&|one| Some(one.powers[place])).unwrap_or(0.0);
        Evidence::new(Label::ActivePower, phase, watts / 1000.0)
    };
    let (mut evidence, rest): (Vec<Evidence>, Vec<Evidence>) =
        (0..3).map(power).partition(|one| turned[usize::from(one.phase) - 1]);
    evidence.extend(rest);
    let phases = (1_u8..=3).filter(|phase| turned[usize::from(*phase) - 1]).collect();
    let check = Check::PolarityAndPairing;
    if alike {
        Finding { check, code: Code::CtReversed, phases, confidence: 0.85, evidence }
    } else {
        let (code, phases) = (Code::PhasesConfused, Vec::new());
        Finding { check, code, phases, confidence: 0.55, evidence }
    }
}
