//! A sub-meter against the meter upstream: its steps, and its energy.
//!
//! In: mean powers of the same minutes. Out: by how much the meter upstream steps for each kW that
//! a sub-meter steps: 1 when all is well, 5 or 0.2 behind a wrong transformer ratio, −1 when it
//! counts backwards, 0 when it hangs elsewhere. All sub-meters of one parent are fitted together, so
//! that what has no meter disturbs none. A meter that is read now and then shows spots where the
//! meter upstream shows means: least squares then finds less than is there (errors in variables), and
//! its standard error does not show it. So no verdict stands on it alone: the changes over three
//! intervals, as instruments for those over one, must say the same. Source: least squares; two-stage
//! least squares with jackknife errors (Wooldridge, Econometric Analysis, ch. 5); domain rule
//! "Balance". Refuses: machines that never change, or faster than their meter is read, and meters
//! whose clocks do not agree.

use super::findings::{Code, Evidence, Finding, Label, Obstacle};
use super::regression::{Fit, Instrumented, fit, fit_by_instruments};
use super::{Check, Examination, Fitness, Outcome, Patient};
use crate::load_profile::quantile;
use crate::meter_balance::{BalanceVerdict, balance as balanced};
use std::collections::BTreeMap;

/// Fewest common intervals.
const INTERVALS_MIN: usize = 60;
/// An interval holds this many telegrams of the slower meter at least.
const TELEGRAMS_PER_INTERVAL: f64 = 4.0;
/// A sub-meter must step by this share of its usual maximum, root mean square.
const STEP_SHARE_MIN: f64 = 0.02;
/// … and by this at least. **Unit** W.
const STEP_MIN_W: f64 = 20.0;
/// Largest standard error of a verdict.
const ERROR_MAX: f64 = 0.08;
/// From here to there a coefficient is 1, by the accuracy of meters and sampling.
const SOUND: std::ops::RangeInclusive<f64> = 0.8..=1.25;
/// Below this, the meter upstream does not know of the steps.
const FOREIGN_MAX: f64 = 0.12;
/// Largest standard error of the instruments' coefficient, for each 1 of it.
const CONFIRMED_ERROR_MAX: f64 = 0.2;
/// So many standard errors are certainty.
const ERRORS_SURE: f64 = 2.0;
/// What the instruments may find where the meter upstream does not know of the steps.
const FOREIGN_CONFIRMED_MAX: f64 = 0.35;
/// A meter with a longer period may beat with the cycle of its machine. **Unit** s.
const SLOW_MIN_S: f64 = 30.0;
/// A beat leaves less of a coefficient, of either sign.
const BEAT_MAX: f64 = 0.5;
/// A reading of such a meter must tell so much of the next one.
const PERSISTENCE_MIN: f64 = 0.75;
/// What a verdict is worth next to a sub-meter that says nothing.
const SILENT_SIBLING: f64 = 0.8;
/// … and in this range it may be that one's steps, with or against these.
const SILENT_EXPLAINS: std::ops::Range<f64> = 0.5..4.0;
/// Parts of the time whose sums tell how much a difference of energies comes about by chance.
const PARTS: usize = 8;
/// So many of its standard errors an excess must have.
const EXCESS_ERRORS_MIN: f64 = 3.0;
/// Accuracy class of the meters, with their transformers. **Unit** percent.
const CLASS_PCT: f64 = 2.0;
/// An excess below this share is the sampling's.
const EXCESS_SHARE_MIN: f64 = 0.03;

/// Length of the common intervals of a family of meters. **Unit** min.
#[allow(clippy::cast_possible_truncation)]
fn interval_min(patients: &[&Patient]) -> i64 {
    let slowest = patients.iter().map(|patient| patient.period_s).fold(0.0, f64::max);
    ((slowest * TELEGRAMS_PER_INTERVAL / 60.0).ceil() as i64).clamp(1, 60)
}

/// Mean power of intervals in which every telegram is there. **Unit** W.
fn intervals(patient: &Patient, minutes: i64) -> BTreeMap<i64, f64> {
    let mut sums: BTreeMap<i64, (f64, i64)> = BTreeMap::new();
    for (minute, watts) in &patient.minutes {
        let sum = sums.entry(minute.div_euclid(minutes)).or_default();
        *sum = (sum.0 + watts, sum.1 + 1);
    }
    // A meter that speaks every ten minutes has a tenth of the minutes.
    #[allow(clippy::cast_precision_loss)]
    let whole = sums.into_iter().filter(|(_, (_, count))| {
        *count as f64 >= (minutes as f64 * 60.0 / patient.period_s.max(60.0)).floor()
    });
    #[allow(clippy::cast_precision_loss)]
    whole.map(|(index, (sum, count))| (index, sum / count as f64)).collect()
}

/// The places of the meters directly behind one; what draws a constant power without a meter
/// cannot be told from what has none.
fn children(patients: &[Patient], parent: usize) -> Vec<usize> {
    let behind = |(place, one): (usize, &Patient)| {
        (one.parent == Some(parent) && !one.is_constant).then_some(place)
    };
    patients.iter().enumerate().filter_map(behind).collect()
}

/// Rows of (power of each child, power of the parent) for the intervals that all of them have.
fn common(patients: &[Patient], parent: usize, places: &[usize]) -> Vec<(i64, Vec<f64>, f64)> {
    let Some(upstream) = patients.get(parent) else { return Vec::new() };
    let family: Vec<&Patient> = places.iter().filter_map(|place| patients.get(*place)).collect();
    let all: Vec<&Patient> = family.iter().copied().chain([upstream]).collect();
    let minutes = interval_min(&all);
    let series: Vec<BTreeMap<i64, f64>> =
        family.iter().map(|patient| intervals(patient, minutes)).collect();
    intervals(upstream, minutes)
        .into_iter()
        .filter_map(|(index, whole)| {
            let parts: Option<Vec<f64>> =
                series.iter().map(|series| series.get(&index).copied()).collect();
            Some((index, parts?, whole))
        })
        .collect()
}

/// How long a meter and these behind it tell of the same time. **Unit** min.
fn shared_min(patients: &[Patient], parent: usize, places: &[usize]) -> i64 {
    let family = places.iter().chain([&parent]).filter_map(|place| patients.get(*place));
    let minutes = interval_min(&family.collect::<Vec<&Patient>>());
    minutes * i64::try_from(common(patients, parent, places).len()).unwrap_or(i64::MAX / 60)
}

/// The steps of a sub-meter against those of the meter upstream.
pub(super) fn ratio(
    patients: &[Patient],
    place: usize,
    fitness: &impl Fn(usize) -> Fitness,
) -> Outcome {
    let Some(patient) = patients.get(place) else { return Outcome::NotJudged(Obstacle::NoSamples) };
    let Some(parent) = patient.parent else { return Outcome::NotJudged(Obstacle::NoCommonTime) };
    if patient.minutes.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    if !fitness(place).on_time || !fitness(parent).on_time {
        return Outcome::NotJudged(Obstacle::ClockOff);
    }
    if !fitness(place).sound || !fitness(parent).sound {
        return Outcome::NotJudged(Obstacle::FaultFirst);
    }
    // A silent sibling must not hide the others: only those that speak at the same time.
    let own = shared_min(patients, parent, &[place]);
    let speaks = |other: &usize| {
        *other == place
            || (fitness(*other).on_time && 2 * shared_min(patients, parent, &[place, *other]) > own)
    };
    let siblings = children(patients, parent);
    let all: Vec<usize> = siblings.iter().copied().filter(speaks).collect();
    let quick: Vec<usize> =
        all.iter().copied().filter(|other| keeps_up(patients, (place, parent), *other)).collect();
    // A sibling that is read seldom makes the intervals long, in which a quick machine has no steps.
    let mut places = all;
    let mut outcome = fitted(patients, (place, parent), &places);
    if matches!(outcome, Outcome::NotJudged(_)) && quick.len() < places.len() {
        outcome = fitted(patients, (place, parent), &quick);
        places = quick;
    }
    // What a sibling measures wrongly looks like the meter's own fault where both switch together.
    let spoiled = siblings.iter().any(|one| !fitness(*one).sound || !fitness(*one).on_time);
    match outcome {
        Outcome::NotJudged(Obstacle::TooFew(..)) if own == 0 => {
            Outcome::NotJudged(Obstacle::NoCommonTime)
        }
        Outcome::Found(_) if spoiled => Outcome::NotJudged(Obstacle::FaultFirst),
        // … and what one does that says nothing is one load without meter more.
        Outcome::Found(mut findings) if places.len() < siblings.len() => {
            if findings.iter().any(silence_explains) {
                return Outcome::NotJudged(Obstacle::NoCommonTime);
            }
            findings.iter_mut().for_each(|finding| finding.confidence *= SILENT_SIBLING);
            Outcome::Found(findings)
        }
        other => other,
    }
}

/// Whether a sibling is read so often that a meter needs no longer intervals for it.
fn keeps_up(patients: &[Patient], (place, parent): (usize, usize), other: usize) -> bool {
    let of = |places: &[usize]| {
        interval_min(&places.iter().filter_map(|place| patients.get(*place)).collect::<Vec<_>>())
    };
    of(&[place, parent, other]) == of(&[place, parent])
}

fn fitted(patients: &[Patient], (place, parent): (usize, usize), places: &[usize]) -> Outcome {
    let rows = common(patients, parent, places);
    if rows.len() < INTERVALS_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(rows.len(), INTERVALS_MIN));
    }
    judge(patients, place, (places, &rows))
}

/// Whether a machine beside this one that says nothing, and starts with it or instead of it, would
/// look the same.
fn silence_explains(finding: &Finding) -> bool {
    let step = finding.evidence.first().map_or(1.0, |evidence| evidence.value);
    finding.code == Code::CtRatio && SILENT_EXPLAINS.contains(&step)
}

type Rows = [(i64, Vec<f64>, f64)];

/// Changes of each column between two rows, and of the parent.
type Steps = Vec<(Vec<f64>, f64)>;

/// Whether rows follow one another without a gap.
fn unbroken(rows: &Rows) -> bool {
    rows.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1)
}

/// The change of these columns from one row to another.
fn change(columns: &[usize], (before, after): (&[f64], &[f64])) -> Vec<f64> {
    columns.iter().map(|column| after[*column] - before[*column]).collect()
}

fn steps(rows: &Rows, columns: &[usize]) -> Steps {
    let pairs = rows.windows(2).filter(|pair| unbroken(pair));
    pairs.map(|pair| (change(columns, (&pair[0].1, &pair[1].1)), pair[1].2 - pair[0].2)).collect()
}

/// The same steps with the changes from one interval before to one after: what a spot is off its
/// mean is not in them, a step that lasts is.
fn instrumented(rows: &Rows, columns: &[usize]) -> Vec<Instrumented> {
    let runs = rows.windows(4).filter(|run| unbroken(run));
    runs.map(|run| Instrumented {
        causes: change(columns, (&run[1].1, &run[2].1)),
        effect: run[2].2 - run[1].2,
        instruments: change(columns, (&run[0].1, &run[3].1)),
    })
    .collect()
}

/// What the steps of one sub-meter came to.
struct Told {
    step: f64,
    error: f64,
    /// The largest coefficient that spots, instead of means, could have lessened to this one.
    bound: f64,
}

impl Told {
    fn of(fit: &Fit, column: usize) -> Option<Self> {
        let (step, error) = (*fit.coefficients.get(column)?, *fit.errors.get(column)?);
        // The reverse regression: the coefficient over the share of the variance it explains.
        let bound = step + fit.freedom * error.powi(2) / step;
        Some(Self { step, error, bound })
    }
}

fn judge(patients: &[Patient], place: usize, (places, rows): (&[usize], &Rows)) -> Outcome {
    let all: Vec<usize> = (0..places.len()).collect();
    let every = steps(rows, &all);
    let steady = |column: usize| {
        let powers: Vec<f64> = rows.iter().map(|row| row.1[column].abs()).collect();
        let usual = quantile(&powers, 0.95).unwrap_or(0.0);
        #[allow(clippy::cast_precision_loss)]
        let mean_square = every.iter().map(|step| step.0[column].powi(2)).sum::<f64>()
            / every.len().max(1) as f64;
        mean_square.sqrt() < STEP_MIN_W.max(STEP_SHARE_MIN * usual)
    };
    // A machine that never changes has no coefficient, and spoils no other.
    let moving: Vec<usize> = all.into_iter().filter(|column| !steady(*column)).collect();
    let Some(column) = moving.iter().position(|column| places[*column] == place) else {
        return Outcome::NotJudged(Obstacle::NoVariation);
    };
    let steps = steps(rows, &moving);
    let Some(told) = fit(&steps).and_then(|fit| Told::of(&fit, column)) else {
        return Outcome::NotJudged(Obstacle::NoVariation);
    };
    // A ratio of five is told with five times the error.
    if told.error > ERROR_MAX * told.step.abs().max(1.0) {
        return Outcome::NotJudged(Obstacle::NoVariation);
    }
    if SOUND.contains(&told.step) {
        return Outcome::Sound(steps.len());
    }
    let again = fit_by_instruments(&instrumented(rows, &moving));
    let Some(again) = again.and_then(|fit| Told::of(&fit, column)) else {
        return Outcome::NotJudged(Obstacle::PowerUnsteady);
    };
    match (patients.get(place), verdict_of(&told, &again)) {
        (Some(patient), Some(code)) if holds(patient, code, &told) => {
            Outcome::Found(vec![finding(patient, code, (&told, &again))])
        }
        _ => Outcome::NotJudged(Obstacle::PowerUnsteady),
    }
}

/// What both ways of fitting say; `None` where they do not agree.
fn verdict_of(told: &Told, again: &Told) -> Option<Code> {
    if again.error > CONFIRMED_ERROR_MAX * again.step.abs().max(1.0) {
        return None;
    }
    let (least, most) =
        (again.step - ERRORS_SURE * again.error, again.step + ERRORS_SURE * again.error);
    if told.step.abs() + ERRORS_SURE * told.error < FOREIGN_MAX {
        let foreign = most.max(-least) < FOREIGN_CONFIRMED_MAX;
        return foreign.then_some(Code::NotBehindParent);
    }
    if told.step < 0.0 {
        return (most < 0.0).then_some(Code::SubmeterReversed);
    }
    let smaller = told.step < *SOUND.start() && most < *SOUND.start() && least > 0.0;
    let larger = told.step > *SOUND.end() && least > *SOUND.end();
    (smaller || larger).then_some(Code::CtRatio)
}

/// Whether a verdict stands although the meter is read seldom: a machine whose cycle beats with the
/// reading shows slow steps that are not there, which lessens every coefficient and fools the
/// instruments.
fn holds(patient: &Patient, code: Code, told: &Told) -> bool {
    let seldom = patient.period_s >= SLOW_MIN_S && told.step.abs() < 1.0;
    let jumps = persistence(patient) < PERSISTENCE_MIN;
    let spots = told.bound.abs() >= *SOUND.start() || jumps;
    match code {
        Code::SubmeterReversed => !(seldom && jumps && told.step.abs() < BEAT_MAX),
        // A beat that is slow enough leaves nothing of the coefficient.
        Code::NotBehindParent => !seldom,
        _ => !(seldom && spots),
    }
}

/// Correlation of each reading with the next one.
fn persistence(patient: &Patient) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let count = patient.minutes.len().max(1) as f64;
    let mean = patient.minutes.iter().map(|(_, watts)| watts).sum::<f64>() / count;
    let varies: f64 = patient.minutes.iter().map(|(_, watts)| (watts - mean).powi(2)).sum();
    let steps = patient.minutes.windows(2).map(|pair| (pair[1].1 - pair[0].1).powi(2));
    1.0 - steps.sum::<f64>() / (2.0 * varies).max(f64::MIN_POSITIVE)
}

fn finding(patient: &Patient, code: Code, (told, again): (&Told, &Told)) -> Finding {
    // Where spots lessen the one, the other is right; otherwise it is only less sharp.
    let apart = (told.step - again.step).abs() > ERRORS_SURE * again.error;
    let step = if apart { again.step } else { told.step };
    let mut evidence = vec![Evidence::new(Label::ParentStep, 0, step).expecting(1.0)];
    let confidence = match code {
        Code::NotBehindParent => 0.75,
        Code::SubmeterReversed => 0.9,
        // A machine without meter that always switches with this one makes the steps larger, too.
        _ if step > 1.0 => 0.65,
        _ => 0.9,
    };
    if code == Code::CtRatio {
        let ct_ratio = patient.ct_ratio.unwrap_or(1.0);
        evidence.push(Evidence::new(Label::RightRatio, 0, ct_ratio * step).expecting(ct_ratio));
    }
    let check = Check::CurrentRatio;
    Finding { check, code, phases: Vec::new(), confidence, evidence }
}

/// All sub-meters against the meter upstream, over the time that all of them tell of.
pub(super) fn balance(
    patients: &[Patient],
    parent: usize,
    fitness: &impl Fn(usize) -> Fitness,
) -> Outcome {
    // One that is silent most of the time can only draw more.
    let own = shared_min(patients, parent, &[]);
    let speaks = |place: &usize| {
        fitness(*place).on_time && 2 * shared_min(patients, parent, &[*place]) > own
    };
    let places: Vec<usize> = children(patients, parent).into_iter().filter(speaks).collect();
    if places.is_empty() || !fitness(parent).on_time {
        return Outcome::NotJudged(Obstacle::NoCommonTime);
    }
    if places.iter().chain([&parent]).any(|place| !fitness(*place).sound) {
        return Outcome::NotJudged(Obstacle::FaultFirst);
    }
    let rows = common(patients, parent, &places);
    if rows.len() < INTERVALS_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(rows.len(), INTERVALS_MIN));
    }
    let minutes = |place: &usize| patients.get(*place);
    let family: Vec<&Patient> = places.iter().chain([&parent]).filter_map(minutes).collect();
    #[allow(clippy::cast_precision_loss)]
    let hours = interval_min(&family) as f64 / 60.0;
    let kwh = |watts: f64| watts * hours / 1000.0;
    let whole = kwh(rows.iter().map(|row| row.2).sum());
    let parts: Vec<f64> =
        (0..places.len()).map(|column| kwh(rows.iter().map(|row| row.1[column]).sum())).collect();
    let metered: Vec<(f64, f64)> = parts.iter().map(|kwh| (*kwh, CLASS_PCT)).collect();
    let result = balanced((whole, CLASS_PCT), &metered);
    let exceeds = result.verdict == BalanceVerdict::SubExceedsMain
        && -result.residual_kwh > EXCESS_SHARE_MIN * whole.abs()
        && -result.residual_kwh > EXCESS_ERRORS_MIN * by_chance(&rows, hours);
    if !exceeds {
        return Outcome::Sound(rows.len());
    }
    let sum = parts.iter().sum::<f64>();
    Outcome::Found(vec![Finding {
        check: Check::EnergyBalance,
        code: Code::SubExceedsParent,
        phases: Vec::new(),
        confidence: 0.85,
        evidence: vec![
            Evidence::new(Label::ChildrenEnergy, 0, sum),
            Evidence::new(Label::ParentEnergy, 0, whole),
        ],
    }])
}

/// The standard error of what the meter upstream measured more, by how much its parts differ: spots
/// of a machine that jumps add up to its energy only roughly. **Unit** kWh.
#[allow(clippy::cast_precision_loss)]
fn by_chance(rows: &Rows, hours: f64) -> f64 {
    let rest = |row: &(i64, Vec<f64>, f64)| row.2 - row.1.iter().sum::<f64>();
    let parts = rows.chunks(rows.len().div_ceil(PARTS).max(1));
    let parts: Vec<f64> = parts.map(|part| part.iter().map(rest).sum()).collect();
    let mean = parts.iter().sum::<f64>() / parts.len().max(1) as f64;
    let squares: f64 = parts.iter().map(|part| (part - mean).powi(2)).sum();
    let count = parts.len() as f64;
    (squares * count / (count - 1.0).max(1.0)).sqrt() * hours / 1000.0
}

/// One cause, one finding: where all sub-meters of a meter find it wrong by the same factor, it is
/// the meter's own ratio; and an excess that a wrong ratio explains is only what follows from it.
pub(super) fn blame(examinations: &mut [Examination], patients: &[Patient]) {
    for parent in 0..patients.len() {
        let places = children(patients, parent);
        let steps: Vec<f64> = places
            .iter()
            .filter_map(|place| examinations.get(*place))
            .filter_map(verdict)
            .collect();
        let wrong: Vec<f64> = steps.iter().copied().filter(|step| !SOUND.contains(step)).collect();
        let lowest = wrong.iter().copied().fold(f64::MAX, f64::min);
        let highest = wrong.iter().copied().fold(f64::MIN, f64::max);
        let alike = wrong.len() >= CHILDREN_AGREE_MIN
            && wrong.len() == steps.len()
            && lowest > 0.0
            && highest < lowest * ALIKE_RATIO_MAX;
        if alike {
            let step = (lowest * highest).sqrt();
            accuse(examinations, (parent, &places), (step, patients));
        } else if !wrong.is_empty() {
            soften(examinations, parent);
        }
    }
}

/// So many sub-meters must agree to outweigh the meter upstream.
const CHILDREN_AGREE_MIN: usize = 2;
/// They agree when none differs by more than this factor from another.
const ALIKE_RATIO_MAX: f64 = 1.3;

/// The coefficient that the ratio check of a meter came to: 1 when it is sound.
fn verdict(examination: &Examination) -> Option<f64> {
    examination.outcomes.iter().find_map(|(check, outcome)| match (check, outcome) {
        (Check::CurrentRatio, Outcome::Sound(_)) => Some(1.0),
        (Check::CurrentRatio, Outcome::Found(findings)) => {
            findings.first()?.evidence.first().map(|evidence| evidence.value)
        }
        _ => None,
    })
}

fn accuse(
    examinations: &mut [Examination],
    (parent, places): (usize, &[usize]),
    (step, patients): (f64, &[Patient]),
) {
    for place in places {
        let outcomes = examinations.get_mut(*place).into_iter().flat_map(|one| &mut one.outcomes);
        for (_, outcome) in outcomes.filter(|(check, _)| *check == Check::CurrentRatio) {
            if matches!(outcome, Outcome::Found(_)) {
                *outcome = Outcome::NotJudged(Obstacle::FaultFirst);
            }
        }
    }
    let ct_ratio = patients.get(parent).and_then(|patient| patient.ct_ratio).unwrap_or(1.0);
    let finding = Finding {
        check: Check::EnergyBalance,
        code: Code::ParentRatio,
        phases: Vec::new(),
        confidence: 0.85,
        evidence: vec![
            Evidence::new(Label::ParentStep, 0, step).expecting(1.0),
            Evidence::new(Label::RightRatio, 0, ct_ratio / step).expecting(ct_ratio),
        ],
    };
    let outcomes = examinations.get_mut(parent).into_iter().flat_map(|one| &mut one.outcomes);
    for (_, outcome) in outcomes.filter(|(check, _)| *check == Check::EnergyBalance) {
        *outcome = Outcome::Found(vec![finding.clone()]);
    }
}

fn soften(examinations: &mut [Examination], parent: usize) {
    let outcomes = examinations.get_mut(parent).into_iter().flat_map(|one| &mut one.outcomes);
    for (check, outcome) in outcomes {
        if let (Check::EnergyBalance, Outcome::Found(findings)) = (*check, outcome) {
            findings.iter_mut().for_each(|finding| {
                finding.confidence = finding.confidence.min(FOLLOWS_CONFIDENCE);
            });
        }
    }
}

/// What only follows from another finding.
const FOLLOWS_CONFIDENCE: f64 = 0.5;
