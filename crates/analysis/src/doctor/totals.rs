//! Angles of the phases where a meter sends only the totals of its powers.
//!
//! In: samples with U, I of the phases and the totals P and Q. Out: how many watts and vars each
//! volt-ampere of a phase adds to the totals, by least squares over the steps from sample to
//! sample, and so the angle of each phase. Source: P = Σ UkIk·cos φk, Q = Σ UkIk·sin φk. Refuses:
//! phases that step together, as behind three-phase machines alone.

use super::findings::{Evidence, Label, Obstacle};
use super::phases::{self, Mistake, Told};
use super::regression::{Fit, fit};
use super::{Outcome, Patient, lacking};
use crate::currents::CURRENTS;
use crate::derive;
use crate::voltages::{VOLTAGES, VoltageKind};

/// Fewest steps for a verdict.
const STEPS_MIN: usize = 60;
/// Largest standard error of a coefficient that tells an angle.
const ERROR_MAX: f64 = 0.12;
/// A true phase adds about one unit of apparent power for each of its volt-amperes.
const SIZE: std::ops::RangeInclusive<f64> = 0.6..=1.4;
/// Samples further apart than this multiple of the period are no step. 
const STEP_PERIODS_MAX: f64 = 3.0;

pub(super) fn check(patient: &Patient) -> Outcome {
    let missing = lacking(patient, &[VOLTAGES, CURRENTS].concat());
    if !missing.is_empty() || patient.kind == VoltageKind::LineToLine {
        return Outcome::NotJudged(Obstacle::Missing(missing));
    }
    let moments: Vec<(f64, [f64; 3], f64, f64)> = patient
        .samples
        .iter()
        .filter_map(|sample| {
            let volts = crate::measurement::all_three(sample.three(VOLTAGES))?;
            let amps = crate::measurement::all_three(sample.three(CURRENTS))?;
            let apparent = std::array::from_fn(|place| volts[place] * amps[place]);
            let p = derive::active_power(sample)?.value;
            Some((sample.at().as_seconds_f64(), apparent, p, derive::reactive_power(sample)?.value))
        })
        .collect();
    if moments.is_empty() {
        return Outcome::NotJudged(Obstacle::Missing(Vec::new()));
    }
    let longest = STEP_PERIODS_MAX * patient.period_s.max(1.0);
    let steps = || {
        moments.windows(2).filter_map(move |pair| match pair {
            [a, b] if b.0 - a.0 <= longest => {
                let apparent: Vec<f64> = (0..3).map(|place| b.1[place] - a.1[place]).collect();
                Some((apparent, b.2 - a.2, b.3 - a.3))
            }
            _ => None,
        })
    };
    let active: Vec<(Vec<f64>, f64)> = steps().map(|(s, p, _)| (s, p)).collect();
    let reactive: Vec<(Vec<f64>, f64)> = steps().map(|(s, _, q)| (s, q)).collect();
    if active.len() < STEPS_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(active.len(), STEPS_MIN));
    }
    let (Some(active), Some(reactive)) = (fit(&active), fit(&reactive)) else {
        return Outcome::NotJudged(Obstacle::NoVariation);
    };
    judge(&active, &reactive, steps().count())
}

fn judge(active: &Fit, reactive: &Fit, steps: usize) -> Outcome {
    let of = |place: usize| {
        let (p, q) = (*active.coefficients.get(place)?, *reactive.coefficients.get(place)?);
        let error = active.errors.get(place)?.max(*reactive.errors.get(place)?);
        Some((p, q, error))
    };
    let Some(phases) = crate::measurement::all_three([of(0), of(1), of(2)]) else {
        return Outcome::NotJudged(Obstacle::NoVariation);
    };
    let clear = |(p, q, error): &(f64, f64, f64)| {
        *error <= ERROR_MAX && SIZE.contains(&p.hypot(*q))
    };
    if !phases.iter().all(clear) {
        return Outcome::NotJudged(Obstacle::NoVariation);
    }
    let angles = phases.map(|(p, q, _)| q.atan2(p).to_degrees());
    let told = phases::told(angles);
    if told == Told::One(Mistake::NONE) {
        return Outcome::Sound(steps);
    }
    let worst = phases.iter().map(|(.., error)| *error).fold(0.0, f64::max);
    let confidence = 0.9 * (1.0 - worst / ERROR_MAX / 2.0);
    let evidence = (1_u8..).zip(angles);
    let evidence = evidence.map(|(phase, angle)| Evidence::new(Label::Angle, phase, angle));
    Outcome::Found(phases::findings(told, confidence, &evidence.collect::<Vec<_>>()))
}
