//! The direction of each current transformer, and the voltage that its current is paired with.
//!
//! In: the angle between voltage and current of each phase; [`totals`] where only totals are sent,
//! [`directions`] where the phases' active powers are alone. Out: the mistake that explains them with
//! the fewest wires changed. A load draws active power; a reversed transformer adds 180°, another
//! phase's current ±120°. Three phases with the same angle are one load before they are three
//! mistakes: [`alike`]. Source: domain rule "Physics"; IEC 62053-23 for the signs. Refuses: to judge
//! what feeds in, and to choose between mistakes that explain the angles equally well.
//!
//! [`totals`]: super::totals
//! [`directions`]: super::directions
//! [`alike`]: super::alike

use super::findings::{Code, Evidence, Finding, Label, Obstacle};
use super::{
    AGREEMENT_MIN, Check, Outcome, Patient, SAMPLES_MIN, alike, directions, lacking, loaded, totals,
};
use crate::{Measurement, derive};
use reading::Quantity;

/// Angles that a mistake must lead back to: narrower than a load's, so that sound wiring wins.
/// **Unit** degrees.
const LED_BACK: std::ops::RangeInclusive<f64> = -25.0..=80.0;
/// What a wire that was changed weighs against degrees of disagreement.
const WIRE_COST: f64 = 25.0;
/// Where a workshop's angles usually are, and what a degree away from it weighs.
const USUAL: f64 = 30.0;
const USUAL_COST: f64 = 0.5;
/// Two mistakes whose costs are closer explain the angles equally well.
const TIE: f64 = 10.0;
/// A phase below this share of the mean apparent power has no angle worth looking at.
const APPARENT_SHARE_MIN: f64 = 0.1;
/// Share of the loaded samples in which all phases feed in, from which on it is infeed.
const EXPORT_SHARE: f64 = 0.5;
/// Generation gives reactive power up to this share of its active power.
const GIVEN_SHARE_MAX: f64 = 0.1;

/// The angles of voltages L1, L2, L3. **Unit** degrees.
const TURN: [f64; 3] = [0.0, -120.0, 120.0];
/// Which phase's current each transformer carries.
const PERMUTATIONS: [[usize; 3]; 6] =
    [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]];

/// What is wrong between voltages and currents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mistake {
    /// Whose current each phase has.
    pub(super) carries: [usize; 3],
    /// Which transformers are reversed.
    pub(super) reversed: [bool; 3],
}

impl Mistake {
    pub(super) const NONE: Self = Self { carries: [0, 1, 2], reversed: [false; 3] };

    fn wires(&self) -> u32 {
        let moved = self.carries.iter().enumerate().filter(|(at, from)| at != *from).count();
        let turned = self.reversed.iter().filter(|turned| **turned).count();
        u32::try_from(moved + turned).unwrap_or(u32::MAX)
    }

    /// By how much it turns the angle of a phase. **Unit** degrees.
    pub(super) fn turn(&self, place: usize) -> f64 {
        let turned = if self.reversed[place] { 180.0 } else { 0.0 };
        TURN[place] - TURN[self.carries[place]] + turned
    }

    /// The angles of the loads, were this the mistake.
    fn undone(&self, angles: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|place| within_half_turn(angles[place] - self.turn(place)))
    }

    fn cost(&self, angles: [f64; 3]) -> Option<f64> {
        let undone = self.undone(angles);
        if !undone.iter().all(|angle| LED_BACK.contains(angle)) {
            return None;
        }
        let highest = undone.iter().copied().fold(f64::MIN, f64::max);
        let lowest = undone.iter().copied().fold(f64::MAX, f64::min);
        let mean = undone.iter().sum::<f64>() / 3.0;
        let usual = USUAL_COST * (mean - USUAL).abs();
        Some(highest - lowest + WIRE_COST * f64::from(self.wires()) + usual)
    }
}

/// What the angles say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Told {
    /// This mistake, or none.
    One(Mistake),
    /// Something is wrong, and no single mistake explains it best.
    Unclear,
}

/// The mistake that explains the angles (degrees, current behind voltage).
pub(super) fn told(angles: [f64; 3]) -> Told {
    if angles.iter().all(|angle| within_half_turn(*angle).abs() <= alike::LOAD_MAX) {
        return Told::One(Mistake::NONE);
    }
    mistaken(angles)
}

/// The mistake that explains angles which no sound wiring does.
pub(super) fn mistaken(angles: [f64; 3]) -> Told {
    let signs = (0_u8..8).map(|bits| [0, 1, 2].map(|place| bits >> place & 1 == 1));
    let all = PERMUTATIONS
        .iter()
        .flat_map(|carries| signs.clone().map(|reversed| Mistake { carries: *carries, reversed }));
    let mut costs: Vec<(f64, Mistake)> =
        all.filter_map(|mistake| Some((mistake.cost(angles)?, mistake))).collect();
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    match costs[..] {
        [] => Told::Unclear,
        [(first, _), (second, _), ..] if second - first < TIE => Told::Unclear,
        [(_, mistake), ..] => Told::One(mistake),
    }
}

/// An angle within ±180°.
pub(super) fn within_half_turn(degrees: f64) -> f64 {
    let turned = degrees.rem_euclid(360.0);
    if turned > 180.0 { turned - 360.0 } else { turned }
}

/// Active and reactive power of the three phases. **Unit** W, var.
type Vectors = [(f64, f64); 3];

fn vectors(sample: &Measurement) -> Option<Vectors> {
    let of = |phase| {
        let p = derive::active_power_of_phase(sample, phase)?.value;
        Some((p, derive::reactive_power_of_phase(sample, phase)?.value))
    };
    crate::measurement::all_three([1, 2, 3].map(of))
}

/// What a sample must hold for its phases to be judged one by one.
const PER_PHASE: [Quantity; 6] = [
    Quantity::ActivePowerL1,
    Quantity::ActivePowerL2,
    Quantity::ActivePowerL3,
    Quantity::ReactivePowerL1,
    Quantity::ReactivePowerL2,
    Quantity::ReactivePowerL3,
];

/// Whether the meter sends what [`check`] judges one by one.
pub(super) fn sent(patient: &Patient) -> bool {
    patient.samples.iter().any(|sample| vectors(sample).is_some())
}

pub(super) fn check(patient: &Patient) -> Outcome {
    if patient.samples.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    let loaded = loaded(patient);
    let powers: Vec<Vectors> = loaded.iter().filter_map(|sample| vectors(sample)).collect();
    if powers.is_empty() {
        return match (directions::check(patient), totals::check(patient)) {
            (Some(found @ Outcome::Found(_)), _) => found,
            (Some(told), Outcome::NotJudged(_)) => told,
            // Phase powers are the direct way; what the totals lack matters less.
            (None, Outcome::NotJudged(Obstacle::Missing(_))) => {
                Outcome::NotJudged(Obstacle::Missing(lacking(patient, &PER_PHASE)))
            }
            (_, totals) => totals,
        };
    }
    if powers.len() < SAMPLES_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(powers.len(), SAMPLES_MIN));
    }
    per_phase(patient, &powers)
}

fn per_phase(patient: &Patient, powers: &[Vectors]) -> Outcome {
    #[allow(clippy::cast_precision_loss)]
    let count = powers.len() as f64;
    let feeding = powers.iter().filter(|vectors| vectors.iter().all(|(p, _)| *p < 0.0)).count();
    #[allow(clippy::cast_precision_loss)]
    if patient.is_main && feeding as f64 > EXPORT_SHARE * count {
        return Outcome::NotJudged(Obstacle::Exporting);
    }
    // A phase that carries little has an angle of noise.
    let carry = |vectors: &&Vectors| {
        let apparent = vectors.map(|(p, q)| p.hypot(q));
        let mean = apparent.iter().sum::<f64>() / 3.0;
        apparent.iter().all(|s| *s >= APPARENT_SHARE_MIN * mean)
    };
    let judged: Vec<Vectors> = powers.iter().filter(carry).copied().collect();
    if judged.len() < SAMPLES_MIN {
        return Outcome::NotJudged(Obstacle::NoLoad);
    }
    let same: Vec<alike::Moment> =
        judged.iter().filter_map(|one| alike::Moment::of(*one)).collect();
    #[allow(clippy::cast_precision_loss)]
    let share = |count: usize| count as f64 / judged.len() as f64;
    if share(same.len()) < AGREEMENT_MIN {
        return differing(patient, &judged);
    }
    match alike::judge(&same) {
        alike::Verdict::Load => Outcome::Sound(judged.len()),
        alike::Verdict::Generator => Outcome::NotJudged(Obstacle::Exporting),
        alike::Verdict::OrdinaryCause => Outcome::NotJudged(Obstacle::OrdinaryCause),
        alike::Verdict::Mistake(told) => {
            let agreement = share(same.len());
            let evidence = evidence(mean(&judged), agreement);
            Outcome::Found(findings(told, 0.95 * agreement, &evidence))
        }
    }
}

/// Phases whose angles differ.
fn differing(patient: &Patient, judged: &[Vectors]) -> Outcome {
    let mut votes: std::collections::HashMap<Told, usize> = std::collections::HashMap::new();
    for vectors in judged {
        *votes.entry(told(vectors.map(|(p, q)| q.atan2(p).to_degrees()))).or_default() += 1;
    }
    #[allow(clippy::cast_precision_loss)]
    let share = |votes: usize| votes as f64 / judged.len() as f64;
    let none = votes.get(&Told::One(Mistake::NONE)).copied().unwrap_or(0);
    if share(none) > 1.0 - AGREEMENT_MIN {
        return Outcome::Sound(judged.len());
    }
    let winner = votes.iter().max_by_key(|(_, votes)| **votes);
    let (told, agreement) = winner
        .map(|(told, votes)| (*told, share(*votes)))
        .filter(|(_, share)| *share >= AGREEMENT_MIN)
        .unwrap_or((Told::Unclear, 1.0 - share(none)));
    let mean = mean(judged);
    if infeed(told, mean) && !refuted(patient, (told, judged), mean) {
        return Outcome::NotJudged(Obstacle::Exporting);
    }
    Outcome::Found(findings(told, 0.95 * agreement, &evidence(mean, agreement)))
}

#[allow(clippy::cast_precision_loss)]
fn mean(powers: &[Vectors]) -> Vectors {
    std::array::from_fn(|place| {
        let sum = powers
            .iter()
            .fold((0.0, 0.0), |sum, vectors| (sum.0 + vectors[place].0, sum.1 + vectors[place].1));
        (sum.0 / powers.len() as f64, sum.1 / powers.len() as f64)
    })
}

fn evidence(mean: Vectors, agreement: f64) -> Vec<Evidence> {
    let evidence = (1_u8..).zip(mean).flat_map(|(phase, (p, q))| {
        [
            Evidence::new(Label::ActivePower, phase, p / 1000.0),
            Evidence::new(Label::ReactivePower, phase, q / 1000.0),
            Evidence::new(Label::Angle, phase, q.atan2(p).to_degrees()),
        ]
    });
    evidence.chain([Evidence::new(Label::Agreement, 0, 100.0 * agreement)]).collect()
}

/// Whether generation on some phases explains the powers as well: where the active power is
/// negative, the reactive power is next to nothing, or keeps the sign of the other phases.
fn infeed(told: Told, mean: Vectors) -> bool {
    if matches!(told, Told::One(mistake) if mistake.carries != Mistake::NONE.carries) {
        return false;
    }
    let others: f64 = mean.iter().filter(|(p, _)| *p >= 0.0).map(|(_, q)| q).sum();
    let mut fed_in = mean.iter().filter(|(p, _)| *p < 0.0).peekable();
    fed_in.peek().is_some()
        && fed_in.all(|(p, q)| q.abs() < GIVEN_SHARE_MAX * p.abs() || q * others > 0.0)
}

/// Whether generation is ruled out although the powers look like it.
fn refuted(patient: &Patient, (told, judged): (Told, &[Vectors]), mean: Vectors) -> bool {
    let Told::One(mistake) = told else { return false };
    let active: Vec<[f64; 3]> = judged.iter().map(|vectors| vectors.map(|(p, _)| p)).collect();
    // Reactive power of its own says more than steps.
    let inductive = |(p, q): &(f64, f64)| *p < 0.0 && q.abs() >= GIVEN_SHARE_MAX * p.abs();
    if mean.iter().any(inductive) {
        return false;
    }
    // No machine feeds in on one phase.
    directions::against(&active, mistake.reversed).unwrap_or(!patient.is_main)
}

/// A mistake as findings, one for each kind of wire.
fn findings(told: Told, confidence: f64, evidence: &[Evidence]) -> Vec<Finding> {
    let finding = |code, phases: Vec<u8>, confidence| {
        // What concerns the phases comes first; the rest is the comparison.
        let (mut first, rest): (Vec<Evidence>, Vec<Evidence>) =
            evidence.iter().partition(|one| phases.contains(&one.phase));
        first.extend(rest);
        Finding { check: Check::PolarityAndPairing, code, phases, confidence, evidence: first }
    };
    let Told::One(mistake) = told else {
        return vec![finding(Code::PhasesConfused, Vec::new(), 0.6 * confidence)];
    };
    let phases = |of: &dyn Fn(usize) -> bool| {
        [1_u8, 2, 3].into_iter().filter(|phase| of(usize::from(*phase) - 1)).collect::<Vec<_>>()
    };
    let moved = phases(&|place| mistake.carries[place] != place);
    let turned = phases(&|place| mistake.reversed[place]);
    let mut found = Vec::new();
    match moved.len() {
        0 => {}
        2 => found.push(finding(Code::PhasesSwapped, moved, confidence)),
        _ => found.push(finding(Code::PhasesRotated, moved, 0.8 * confidence)),
    }
    if !turned.is_empty() {
        found.push(finding(Code::CtReversed, turned, confidence));
    }
    found
}
