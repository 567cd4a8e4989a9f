//! Polarity and pairing where a meter sends only the totals of its powers.
//!
//! In: samples with U and I of the phases and the totals P and Q. Out: the mistake with which the
//! phases' volt-amperes add up to the apparent power that the meter tells. With sound wiring they
//! add up to it; a reversed transformer takes its phase off twice, which leaves about a third; two
//! swapped phases cancel each other and the rest. Source: S = Σ sk·UkIk·e^jδk with one φ for all
//! phases; IEC 62053-23 for the signs. Refuses: to judge a main meter that feeds in, and what
//! generation on some phases, or rectifiers without chokes, explain as well.

use super::findings::{Code, Evidence, Finding, Label, Obstacle};
use super::phases::{Mistake, Told};
use super::{AGREEMENT_MIN as ALIKE_MIN, Check, Outcome, Patient, SAMPLES_MIN, alike};
use super::{lacking, loaded, median};
use crate::currents::CURRENTS;
use crate::measurement::all_three;
use crate::voltages::{VOLTAGES, VoltageKind};
use crate::{Measurement, derive};

/// From here on the phases add up: distortion and different angles take a little.
const ADDS_UP_MIN: f64 = 0.75;
/// Largest share of ΣUI that a mistake may leave unexplained.
const RESIDUAL_MAX: f64 = 0.08;
/// Another mistake must leave so much more, to be ruled out.
const MARGIN: f64 = 0.015;
/// A main meter that fed in for more than this share of the samples does feed in.
const EXPORT_SHARE: f64 = 0.05;
/// Share of the samples that must not add up.
const AGREEMENT_MIN: f64 = 0.9;

/// Rectifiers without chokes have a distortion of the current up to 150 %, which leaves this …
const DISTORTED_MIN: f64 = 0.55;
/// … and fundamental currents that lag little. **Unit** degrees.
const DISTORTED_ANGLE_MAX: f64 = 30.0;
/// Generation on some phases takes active power off and leaves the reactive: from this angle on it
/// may be that. **Unit** degrees.
const FED_IN_MIN: f64 = 50.0;
/// Reactive power that is none, over ΣUI.
const NO_REACTIVE: f64 = 0.1;

/// One moment: volt-amperes of the phases, total P and Q. **Unit** VA, W, var.
struct Moment {
    apparent: [f64; 3],
    active: f64,
    reactive: f64,
}

impl Moment {
    fn of(sample: &Measurement) -> Option<Self> {
        let volts = all_three(sample.three(VOLTAGES))?;
        let amps = all_three(sample.three(CURRENTS))?;
        let moment = Self {
            apparent: std::array::from_fn(|place| volts[place] * amps[place].abs()),
            active: derive::active_power(sample)?.value,
            reactive: derive::reactive_power(sample)?.value,
        };
        (moment.sum() > 0.0).then_some(moment)
    }

    fn sum(&self) -> f64 {
        self.apparent.iter().sum()
    }

    /// √(P² + Q²) over ΣUI.
    fn share(&self) -> f64 {
        self.active.hypot(self.reactive) / self.sum()
    }

    /// What the share would be with a mistake.
    fn share_with(&self, mistake: &Mistake) -> f64 {
        let parts = self.apparent.iter().enumerate().map(|(place, apparent)| {
            let angle = mistake.turn(place).to_radians();
            (apparent * angle.cos(), apparent * angle.sin())
        });
        let sum = parts.fold((0.0, 0.0), |sum: (f64, f64), part| (sum.0 + part.0, sum.1 + part.1));
        sum.0.hypot(sum.1) / self.sum()
    }
}

/// One reversed transformer, two of them, or two swapped phases.
fn mistakes() -> Vec<Mistake> {
    let reversed = |places: &[usize]| Mistake {
        reversed: std::array::from_fn(|place| places.contains(&place)),
        ..Mistake::NONE
    };
    let swapped = |carries| Mistake { carries, ..Mistake::NONE };
    let swaps = [[1, 0, 2], [2, 1, 0], [0, 2, 1]].map(swapped);
    let turned = [&[0][..], &[1], &[2], &[0, 1], &[0, 2], &[1, 2]].map(reversed);
    turned.into_iter().chain(swaps).collect()
}

pub(super) fn check(patient: &Patient) -> Outcome {
    let missing = lacking(patient, &[VOLTAGES, CURRENTS].concat());
    let moments: Vec<Moment> = loaded(patient).into_iter().filter_map(Moment::of).collect();
    if moments.is_empty() || patient.kind == VoltageKind::LineToLine {
        return Outcome::NotJudged(Obstacle::Missing(missing));
    }
    if moments.len() < SAMPLES_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(moments.len(), SAMPLES_MIN));
    }
    #[allow(clippy::cast_precision_loss)]
    let share_of = |count: usize| count as f64 / moments.len() as f64;
    // Infeed adds up, too; swapped phases leave a rest of either sign.
    let feeds = |moment: &&Moment| moment.active < 0.0 && moment.share() >= ADDS_UP_MIN;
    if patient.is_main && share_of(moments.iter().filter(feeds).count()) > EXPORT_SHARE {
        return Outcome::NotJudged(Obstacle::Exporting);
    }
    let short = moments.iter().filter(|moment| moment.share() < ADDS_UP_MIN).count();
    if share_of(short) < AGREEMENT_MIN {
        return added_up(&moments);
    }
    let told = explained(&moments);
    if let Some(obstacle) = excused(&moments, told.0, patient.is_main) {
        return Outcome::NotJudged(obstacle);
    }
    let (code, phases, confidence) = told;
    // Infeed on one phase looks the same at the supply.
    let confidence = confidence * if patient.is_main { 0.75 } else { 0.9 };
    Outcome::Found(vec![finding(code, phases, (confidence, &moments))])
}

/// The phases add up: what is left is the angle that all of them have in common.
fn added_up(moments: &[Moment]) -> Outcome {
    let of = |one: &Moment| {
        alike::Moment::with(one.reactive.atan2(one.active).to_degrees(), one.apparent)
    };
    // Those that do not add up are of several loads.
    let sums = moments.iter().filter(|moment| moment.share() >= ADDS_UP_MIN);
    let sums: Vec<alike::Moment> = sums.map(of).collect();
    #[allow(clippy::cast_precision_loss)]
    if (sums.len() as f64) < ALIKE_MIN * moments.len() as f64 {
        return Outcome::Sound(moments.len());
    }
    let (code, phases, confidence) = match alike::judge(&sums) {
        alike::Verdict::Load => return Outcome::Sound(moments.len()),
        alike::Verdict::Generator => return Outcome::NotJudged(Obstacle::Exporting),
        alike::Verdict::OrdinaryCause => return Outcome::NotJudged(Obstacle::OrdinaryCause),
        alike::Verdict::Mistake(Told::One(mistake)) if mistake.carries == Mistake::NONE.carries => {
            (Code::CtReversed, vec![1, 2, 3], 0.75)
        }
        alike::Verdict::Mistake(Told::One(_)) => (Code::PhasesRotated, vec![1, 2, 3], 0.65),
        alike::Verdict::Mistake(Told::Unclear) => (Code::PhasesConfused, Vec::new(), 0.6),
    };
    Outcome::Found(vec![finding(code, phases, (confidence, moments))])
}

/// What explains phases that do not add up, other than a mistake of this kind.
fn excused(moments: &[Moment], code: Code, is_main: bool) -> Option<Obstacle> {
    let usual = |of: &dyn Fn(&Moment) -> f64| {
        median(&moments.iter().map(of).collect::<Vec<_>>()).unwrap_or(0.0)
    };
    let (share, angle) =
        (usual(&Moment::share), usual(&|one| one.reactive.atan2(one.active).to_degrees()));
    let swapped = matches!(code, Code::PhasesSwapped | Code::SomePhasesSwapped);
    if share >= DISTORTED_MIN && angle.abs() <= DISTORTED_ANGLE_MAX {
        // A distortion that is always the same, where no mistake predicts what varies.
        let apart = usual(&|one| (one.share() - share).abs());
        if code == Code::PhasesConfused || apart < MARGIN {
            return Some(Obstacle::OrdinaryCause);
        }
    }
    // A reversed transformer turns the reactive power with the active; generation leaves it.
    let reactive = usual(&|one| one.reactive / one.sum());
    let fed_in = if is_main && code == Code::PhasesConfused {
        reactive > -NO_REACTIVE
    } else {
        reactive > 0.0 && angle > FED_IN_MIN
    };
    (fed_in && !swapped).then_some(Obstacle::Exporting)
}

/// What explains phases that do not add up, and how surely.
fn explained(moments: &[Moment]) -> (Code, Vec<u8>, f64) {
    let residual = |mistake: &Mistake| {
        let apart = moments.iter().map(|one| (one.share_with(mistake) - one.share()).abs());
        median(&apart.collect::<Vec<_>>()).unwrap_or(f64::INFINITY)
    };
    let mut ranked: Vec<(f64, Mistake)> =
        mistakes().into_iter().map(|mistake| (residual(&mistake), mistake)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Two reversed transformers turn the power round; one leaves its direction.
    let backwards = moments.iter().filter(|moment| moment.active < 0.0).count() * 2 > moments.len();
    ranked.retain(|(_, mistake)| {
        let turned = mistake.reversed.iter().filter(|turned| **turned).count();
        turned == 0 || (turned == 2) == backwards
    });
    let unclear = (Code::PhasesConfused, Vec::new(), 0.6);
    let Some((least, best)) = ranked.first().filter(|(least, _)| *least <= RESIDUAL_MAX) else {
        return unclear;
    };
    let rivals: Vec<&Mistake> = ranked
        .iter()
        .skip(1)
        .filter(|(residual, _)| *residual < least + MARGIN)
        .map(|(_, mistake)| mistake)
        .collect();
    let phases = |of: &dyn Fn(usize) -> bool| {
        [1_u8, 2, 3].into_iter().filter(|phase| of(usize::from(*phase) - 1)).collect::<Vec<_>>()
    };
    let swaps = |mistake: &Mistake| mistake.carries != Mistake::NONE.carries;
    if swaps(best) {
        let moved = phases(&|place| best.carries[place] != place);
        return if rivals.is_empty() {
            (Code::PhasesSwapped, moved, 0.9)
        } else if rivals.iter().all(|rival| swaps(rival)) {
            (Code::SomePhasesSwapped, Vec::new(), 0.9)
        } else {
            unclear
        };
    }
    if rivals.is_empty() {
        (Code::CtReversed, phases(&|place| best.reversed[place]), 0.95)
    } else if rivals.iter().all(|rival| !swaps(rival)) {
        (Code::SomeCtReversed, Vec::new(), 0.95)
    } else {
        unclear
    }
}

fn finding(code: Code, phases: Vec<u8>, (confidence, moments): (f64, &[Moment])) -> Finding {
    let of = |value: &dyn Fn(&Moment) -> f64| {
        median(&moments.iter().map(value).collect::<Vec<_>>()).unwrap_or(0.0)
    };
    let evidence = vec![
        Evidence::new(Label::ApparentPower, 0, of(&|one| one.active.hypot(one.reactive)) / 1000.0),
        Evidence::new(Label::VoltAmperes, 0, of(&|one| one.sum()) / 1000.0),
        Evidence::new(Label::ActivePower, 0, of(&|one| one.active) / 1000.0),
    ];
    Finding { check: Check::PolarityAndPairing, code, phases, confidence, evidence }
}
