//! Voltages and currents that are not there, and the rotation of the voltages.
//!
//! In: the last samples of a meter. Out: a phase without voltage (lost, or its tap open), an open
//! neutral, a current transformer that gives nothing. Source: domain rule "Physics"; currents of a
//! load between two phases are equal and 60° apart against their voltages. Refuses: to call a load
//! on one phase, between two, or a phase without load a fault.

use super::findings::{Code, Evidence, Finding, Label, Obstacle};
use super::phases::within_half_turn;
use super::{Check, Outcome, Patient, SAMPLES_MIN, lacking, loaded, median};
use crate::balance::{BalanceSettings, balance_report};
use crate::currents::CURRENTS;
use crate::derive;
use crate::voltages::{LINE_VOLTAGES, PhaseSequence, VOLTAGES, VoltageKind};
use crate::{Figure, Measurement};
use reading::Quantity::{AngleU2U1, AngleU3U1};

/// The last samples are what the wiring is like now.
const RECENT_MAX: usize = 60;
/// A voltage below this share of the others is no voltage.
const GONE_SHARE_MAX: f64 = 0.2;
/// A voltage below this share of the others floats.
const FLOATING_SHARE_MAX: f64 = 0.75;
/// A current below this share of the others does not flow.
const CURRENT_GONE_SHARE_MAX: f64 = 0.02;
/// Currents of one load between two phases differ by no more than the meter's error.
const EQUAL_WITHIN: f64 = 0.05;
/// Their angles differ by 60°, give or take the meter's error at small power factors.
const BETWEEN_TWO: std::ops::RangeInclusive<f64> = 45.0..=75.0;
/// Currents of three-phase loads are alike within this share, or …
const ALIKE_WITHIN: f64 = 0.15;
/// … step together: least correlation of their steps.
const TOGETHER_MIN: f64 = 0.5;
/// A few samples, and how many of them there must be for their steps to mean something.
const FEW: usize = 8;
const FEW_PAIRS_MIN: usize = 100;
/// Two phases without a load between them add up to this share of ΣUI at least.
const ADDS_UP_MIN: f64 = 0.94;
/// Phase voltages spread by more without neutral.
const NEUTRAL_SPREAD_MIN: f64 = 0.1;
/// … while the line voltages stay within this.
const LINE_SPREAD_MAX: f64 = 0.03;

/// The medians of three quantities over samples.
fn medians(samples: &[&Measurement], quantities: [reading::Quantity; 3]) -> Option<[f64; 3]> {
    let of = |quantity| {
        let values: Vec<f64> = samples.iter().filter_map(|sample| sample.f64(quantity)).collect();
        median(&values)
    };
    crate::measurement::all_three(quantities.map(of))
}

fn recent(patient: &Patient) -> Vec<&Measurement> {
    let first = patient.samples.len().saturating_sub(RECENT_MAX);
    patient.samples.iter().skip(first).collect()
}

/// A phase without voltage, an open neutral.
pub(super) fn voltages(patient: &Patient, nominal_v: f64) -> Outcome {
    let recent = recent(patient);
    if recent.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    let registers = if lacking(patient, &VOLTAGES).is_empty() { VOLTAGES } else { LINE_VOLTAGES };
    let missing = lacking(patient, &registers);
    if !missing.is_empty() {
        return Outcome::NotJudged(Obstacle::Missing(lacking(patient, &VOLTAGES)));
    }
    if recent.len() < SAMPLES_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(recent.len(), SAMPLES_MIN));
    }
    let Some(volts) = medians(&recent, registers) else {
        return Outcome::NotJudged(Obstacle::Missing(registers.to_vec()));
    };
    let between = registers == LINE_VOLTAGES || patient.kind == VoltageKind::LineToLine;
    let found = if between {
        lost_between(volts)
    } else {
        let amps = medians(&recent, CURRENTS);
        open_neutral(&recent, volts).or_else(|| lost_to_neutral(volts, amps))
    };
    // Everything at zero is a meter without supply, which its silence or its level tells.
    let alive = volts.iter().copied().fold(0.0, f64::max) > GONE_SHARE_MAX * nominal_v;
    match found.filter(|_| alive) {
        Some(finding) => Outcome::Found(vec![finding]),
        None => Outcome::Sound(recent.len()),
    }
}

fn lost_to_neutral(volts: [f64; 3], amps: Option<[f64; 3]>) -> Option<Finding> {
    let [one, two, three] = volts;
    let highest = one.max(two).max(three);
    let low: Vec<usize> =
        (0..3).filter(|place| volts[*place] < FLOATING_SHARE_MAX * highest).collect();
    // Two low ones have no two others that would say what is normal.
    let [place] = low[..] else { return None };
    let phase = [1, 2, 3][place];
    let gone = volts[place] < GONE_SHARE_MAX * highest;
    let others = amps.map(|amps| (amps.iter().sum::<f64>() - amps[place]) / 2.0);
    let flows = amps
        .zip(others)
        .map(|(amps, others)| others > 0.0 && amps[place] > 2.0 * CURRENT_GONE_SHARE_MAX * others);
    let (code, confidence) = match (gone, flows) {
        (true, Some(true)) => (Code::VoltageTapOpen, 0.95),
        (true, Some(false)) => (Code::PhaseLost, 0.85),
        (true, None) => (Code::PhaseLost, 0.7),
        (false, _) => (Code::VoltageFloating, 0.8),
    };
    let mut evidence = vec![Evidence::new(Label::Voltage, phase, volts[place]).expecting(highest)];
    evidence.extend(amps.map(|amps| Evidence::new(Label::Current, phase, amps[place])));
    let check = Check::SupplyPhases;
    Some(Finding { check, code, phases: vec![phase], confidence, evidence })
}

/// A lost phase makes the two voltages that it takes part in low, and leaves the third.
fn lost_between(volts: [f64; 3]) -> Option<Finding> {
    let highest = volts.iter().copied().fold(0.0, f64::max);
    let low = volts.map(|volts| volts < FLOATING_SHARE_MAX * highest);
    // U12, U23, U31: the phase that the two low ones have in common.
    let phase = match low {
        [true, false, true] => 1,
        [true, true, false] => 2,
        [false, true, true] => 3,
        _ => return None,
    };
    let least = volts.iter().copied().fold(f64::INFINITY, f64::min);
    Some(Finding {
        check: Check::SupplyPhases,
        code: Code::PhaseLost,
        phases: vec![phase],
        confidence: 0.8,
        evidence: vec![Evidence::new(Label::Voltage, phase, least).expecting(highest)],
    })
}

fn open_neutral(samples: &[&Measurement], volts: [f64; 3]) -> Option<Finding> {
    let spread = |values: [f64; 3]| {
        let highest = values.iter().copied().fold(f64::MIN, f64::max);
        let lowest = values.iter().copied().fold(f64::MAX, f64::min);
        3.0 * (highest - lowest) / values.iter().sum::<f64>()
    };
    let lines = medians(samples, LINE_VOLTAGES)?;
    let open = spread(volts) > NEUTRAL_SPREAD_MIN && spread(lines) < LINE_SPREAD_MAX;
    let [one, two, three] = volts;
    open.then(|| Finding {
        check: Check::SupplyPhases,
        code: Code::NeutralOpen,
        phases: Vec::new(),
        confidence: 0.85,
        evidence: vec![
            Evidence::new(Label::Voltage, 1, one),
            Evidence::new(Label::Voltage, 2, two),
            Evidence::new(Label::Voltage, 3, three),
        ],
    })
}

/// A current transformer that gives nothing while the other two are loaded.
pub(super) fn currents(patient: &Patient) -> Outcome {
    if patient.samples.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    let missing = lacking(patient, &CURRENTS);
    if !missing.is_empty() {
        return Outcome::NotJudged(Obstacle::Missing(missing));
    }
    let loaded = loaded(patient);
    if loaded.len() < SAMPLES_MIN {
        return Outcome::NotJudged(Obstacle::NoLoad);
    }
    let Some(amps) = medians(&loaded, CURRENTS) else {
        return Outcome::NotJudged(Obstacle::Missing(CURRENTS.to_vec()));
    };
    let highest = amps.iter().copied().fold(0.0, f64::max);
    let never = |place: usize| {
        let of = |sample: &&Measurement| sample.f64(CURRENTS[place]).unwrap_or(0.0);
        loaded.iter().map(of).fold(0.0, f64::max) < CURRENT_GONE_SHARE_MAX * highest
    };
    let silent: Vec<usize> = (0..3).filter(|place| never(*place)).collect();
    // Two silent phases are a single-phase load on a three-phase meter.
    let [place] = silent[..] else { return Outcome::Sound(loaded.len()) };
    let rest: [usize; 2] = [[1, 2], [0, 2], [0, 1]][place];
    let company = company(&loaded, rest);
    let confidence = match (company, patient.is_main) {
        (Company::TwoPhaseLoad, _) => return Outcome::Sound(loaded.len()),
        (Company::Together, true) => 0.8,
        (Company::Together, false) => 0.6,
        // No supply leaves a phase without any load for hours; a feeder may.
        (Company::Apart, true) => 0.4,
        (Company::Apart, false) | (Company::Unknown, _) => {
            return Outcome::NotJudged(Obstacle::OrdinaryCause);
        }
    };
    let phase = [1, 2, 3][place];
    let others = (amps.iter().sum::<f64>() - amps[place]) / 2.0;
    Outcome::Found(vec![Finding {
        check: Check::CurrentPhases,
        code: Code::CurrentMissing,
        phases: vec![phase],
        confidence,
        evidence: vec![Evidence::new(Label::Current, phase, amps[place]).expecting(others)],
    }])
}

/// What the two phases that carry current have to do with each other.
#[derive(Clone, Copy)]
enum Company {
    /// One load between them.
    TwoPhaseLoad,
    /// Loads on both of them: the third should have its share.
    Together,
    /// Each has loads of its own: the third may have none.
    Apart,
    /// Equal currents that leave a part of ΣUI, as one load between them does.
    Unknown,
}

fn company(loaded: &[&Measurement], [one, other]: [usize; 2]) -> Company {
    let pair =
        |sample: &&Measurement| Some((sample.f64(CURRENTS[one])?, sample.f64(CURRENTS[other])?));
    let pairs: Vec<(f64, f64)> = loaded.iter().filter_map(pair).collect();
    let apart = pairs.iter().map(|pair| (pair.0 - pair.1).abs() / pair.0.max(pair.1));
    let apart = median(&apart.filter(|apart| apart.is_finite()).collect::<Vec<f64>>());
    let within = |share: f64| apart.is_some_and(|apart| apart <= share);
    if within(EQUAL_WITHIN) {
        match apart_deg(loaded, [one, other]) {
            Some(apart) if BETWEEN_TWO.contains(&apart) => return Company::TwoPhaseLoad,
            Some(_) => {}
            // Totals of a load between two phases are cos 30° of ΣUI.
            None => match add_up(loaded, [one, other]) {
                Some(true) => {}
                Some(false) => return Company::Unknown,
                None => return Company::Apart,
            },
        }
    }
    if within(ALIKE_WITHIN) || together(&pairs) { Company::Together } else { Company::Apart }
}

/// Whether the currents step together, from one sample to the next or over a few: rounding hides the
/// small steps of a quiet load.
fn together(pairs: &[(f64, f64)]) -> bool {
    let correlated = |apart: usize| {
        let steps = pairs.iter().zip(pairs.iter().skip(apart));
        let steps = steps.map(|(before, after)| (after.0 - before.0, after.1 - before.1));
        let sums = steps.fold((0.0, 0.0, 0.0), |sums, (one, other)| {
            (sums.0 + one * one, sums.1 + other * other, sums.2 + one * other)
        });
        sums.2 > 0.0 && sums.2 >= TOGETHER_MIN * (sums.0 * sums.1).sqrt()
    };
    correlated(1) || (pairs.len() >= FEW_PAIRS_MIN && correlated(FEW))
}

/// Median difference of the angles of two phases. **Unit** degrees; `None` without P and Q of both.
fn apart_deg(loaded: &[&Measurement], places: [usize; 2]) -> Option<f64> {
    let angle = |sample: &Measurement, place: usize| {
        let phase = [1, 2, 3][place];
        let active = derive::active_power_of_phase(sample, phase)?.value;
        Some(derive::reactive_power_of_phase(sample, phase)?.value.atan2(active).to_degrees())
    };
    let apart = loaded.iter().filter_map(|sample| {
        let apart = angle(sample, places[0])? - angle(sample, places[1])?;
        Some(within_half_turn(apart).abs())
    });
    median(&apart.collect::<Vec<f64>>())
}

/// Whether the apparent power is all of U·I of two phases; `None` where it is not sent.
fn add_up(loaded: &[&Measurement], places: [usize; 2]) -> Option<bool> {
    let share = |sample: &&Measurement| {
        let apparent =
            derive::active_power(sample)?.value.hypot(derive::reactive_power(sample)?.value);
        let product =
            |place: usize| Some(sample.f64(VOLTAGES[place])? * sample.f64(CURRENTS[place])?.abs());
        Some(apparent / (product(places[0])? + product(places[1])?))
    };
    let shares: Vec<f64> = loaded.iter().filter_map(share).collect();
    median(&shares).map(|share| share >= ADDS_UP_MIN)
}

/// The rotation, where the meter measures the angles between its voltages.
pub(super) fn sequence(patient: &Patient) -> Outcome {
    if patient.samples.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    let missing = lacking(patient, &[AngleU2U1, AngleU3U1]);
    if !missing.is_empty() {
        return Outcome::NotJudged(Obstacle::Missing(missing));
    }
    let settings = BalanceSettings { voltage_kind: patient.kind, ..BalanceSettings::default() };
    let told: Vec<PhaseSequence> = recent(patient)
        .into_iter()
        .filter_map(|sample| match balance_report(sample, &settings).voltage.sequence {
            Figure::Known { value, .. } => Some(value),
            Figure::Unknown(_) => None,
        })
        .collect();
    if told.len() < SAMPLES_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(told.len(), SAMPLES_MIN));
    }
    let reversed = told.iter().filter(|one| **one == PhaseSequence::Reversed).count();
    #[allow(clippy::cast_precision_loss)]
    let share = reversed as f64 / told.len() as f64;
    if share < 0.8 {
        return Outcome::Sound(told.len());
    }
    Outcome::Found(vec![Finding {
        check: Check::PhaseSequence,
        code: Code::SequenceReversed,
        phases: vec![2, 3],
        confidence: 0.9 * share,
        evidence: vec![Evidence::new(Label::Agreement, 0, 100.0 * share)],
    }])
}
