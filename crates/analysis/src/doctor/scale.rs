//! Sizes: voltages against nominal, power against volts times amperes, register against power.
//!
//! In: a meter's samples and its energy register. Out: the factor between two numbers that must be
//! equal, and which of them is wrong where a third one tells. Source: domain rules "Physics" and
//! "scaler". Refuses: a factor that an ordinary load explains, such as a poor power factor.

use super::findings::{Code, Evidence, Finding, Label, Obstacle};
use super::{Check, Known, Outcome, Patient, SAMPLES_MIN, lacking, loaded, median, phases};
use crate::currents::CURRENTS;
use crate::load_profile::quantile;
use crate::voltages::{LINE_VOLTAGES, VOLTAGES, VoltageKind};
use crate::{Measurement, derive};
use reading::Quantity::{ApparentPower, Frequency, ReactivePower, ReactivePowerImport};

const SQRT_3: f64 = 1.732_050_807_568_877_2;
/// A sound voltage is within this share of nominal.
const VOLTAGE: std::ops::RangeInclusive<f64> = 0.8..=1.18;
/// Confusion of phase and line voltages: √3 with the tolerance of the supply, not more.
const LINE_FOR_PHASE: std::ops::RangeInclusive<f64> = 1.55..=1.92;
const PHASE_FOR_LINE: std::ops::RangeInclusive<f64> = 0.52..=0.64;
/// Powers of ten that scalers get wrong.
const DECADES: [f64; 8] = [10.0, 0.1, 100.0, 0.01, 1000.0, 0.001, 10_000.0, 0.0001];
/// √(P² + Q²) is less than ΣUI by distortion and unbalance, never by more than this in practice.
const APPARENT: std::ops::RangeInclusive<f64> = 0.6..=1.1;
/// … and of totals: what does not add up so well has another cause.
const ADDS_UP: std::ops::RangeInclusive<f64> = 0.75..=1.05;
/// Totals of turned phases are seldom less than this share of ΣUI.
const TOTALS_SMALL_MIN: f64 = 0.2;
/// How far a decade may be off, for the same reasons.
const DECADE: std::ops::RangeInclusive<f64> = 0.6..=1.25;
/// From the 10th to the 90th percentile, a factor that is a scaler's varies by no more than this share
/// of it; what swapped phases leave of each other varies by more.
const DECADE_SPREAD_MAX: f64 = 0.4;
/// Power by the register may differ from the power register by so much.
const COUNTER: std::ops::RangeInclusive<f64> = 0.88..=1.12;
/// A register must move by so many of its steps.
const DIGITS_MIN: f64 = 50.0;
/// … and over so long. **Unit** s.
const COUNTER_SPAN_MIN_S: f64 = 1200.0;
/// Share of that time for which minutes of power are needed.
const COUNTER_COVER_MIN: f64 = 0.95;
const FREQUENCY_HZ: std::ops::RangeInclusive<f64> = 45.0..=65.0;

/// The decade that makes a number right, if one does.
fn decade(factor: f64, within: &std::ops::RangeInclusive<f64>) -> Option<f64> {
    DECADES.into_iter().find(|decade| within.contains(&(factor / decade)))
}

/// Voltages against nominal, and the frequency, which has a scaler too.
pub(super) fn level(patient: &Patient, nominal_v: f64) -> Outcome {
    if patient.samples.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    let mut found: Vec<Finding> = frequency(patient).into_iter().collect();
    let between = !lacking(patient, &VOLTAGES).is_empty();
    let registers = if between { LINE_VOLTAGES } else { VOLTAGES };
    let missing = lacking(patient, &registers);
    if !missing.is_empty() {
        let obstacle = Outcome::NotJudged(Obstacle::Missing(lacking(patient, &VOLTAGES)));
        return if found.is_empty() { obstacle } else { Outcome::Found(found) };
    }
    let values = patient.samples.iter().flat_map(|sample| sample.three(registers));
    // A phase that is not there says nothing about the size of the others.
    let values: Vec<f64> = values.flatten().filter(|volts| *volts > 1.0).collect();
    let Some(volts) = median(&values).filter(|_| values.len() >= SAMPLES_MIN) else {
        return Outcome::NotJudged(Obstacle::TooFew(values.len(), SAMPLES_MIN));
    };
    let line = between || patient.kind == VoltageKind::LineToLine;
    let expected = if line { nominal_v * SQRT_3 } else { nominal_v };
    let factor = volts / expected;
    let code = if VOLTAGE.contains(&factor) {
        None
    } else if !line && LINE_FOR_PHASE.contains(&factor) {
        Some((Code::LineCalledPhase, 0.95))
    } else if line && !between && PHASE_FOR_LINE.contains(&factor) {
        Some((Code::PhaseCalledLine, 0.95))
    } else if decade(factor, &VOLTAGE).is_some() {
        Some((Code::VoltageScale, 0.95))
    } else if !(0.5..2.0).contains(&factor) {
        Some((Code::VoltageRatio, 0.7))
    } else {
        // A supply far from nominal is an alarm's business.
        None
    };
    found.extend(code.map(|(code, confidence)| Finding {
        check: Check::VoltageLevel,
        code,
        phases: Vec::new(),
        confidence,
        evidence: vec![
            Evidence::new(Label::Voltage, 0, volts).expecting(expected),
            Evidence::new(Label::Factor, 0, factor).expecting(1.0),
        ],
    }));
    if found.is_empty() { Outcome::Sound(values.len()) } else { Outcome::Found(found) }
}

fn frequency(patient: &Patient) -> Option<Finding> {
    let values: Vec<f64> =
        patient.samples.iter().filter_map(|sample| sample.f64(Frequency)).collect();
    let hertz = median(&values).filter(|_| values.len() >= SAMPLES_MIN)?;
    let scaled = DECADES.into_iter().find(|decade| FREQUENCY_HZ.contains(&(hertz / decade)))?;
    (!FREQUENCY_HZ.contains(&hertz)).then(|| Finding {
        check: Check::VoltageLevel,
        code: Code::FrequencyScale,
        phases: Vec::new(),
        confidence: 0.95,
        evidence: vec![
            Evidence::new(Label::Frequency, 0, hertz).expecting(50.0),
            Evidence::new(Label::Factor, 0, scaled).expecting(1.0),
        ],
    })
}

/// Apparent power by the registers over ΣUI, of one sample.
fn apparent_factor(sample: &Measurement, kind: VoltageKind) -> Option<(f64, f64)> {
    let amps = crate::measurement::all_three(sample.three(CURRENTS))?;
    let volts = crate::measurement::all_three(sample.three(VOLTAGES));
    let volts = match (volts, kind) {
        (Some(volts), VoltageKind::Phase) => volts,
        (Some(volts), VoltageKind::LineToLine) => volts.map(|volts| volts / SQRT_3),
        (None, _) => {
            crate::measurement::all_three(sample.three(LINE_VOLTAGES))?.map(|volts| volts / SQRT_3)
        }
    };
    let product: f64 = volts.iter().zip(amps).map(|(volts, amps)| volts * amps.abs()).sum();
    // Phase by phase, so that a reversed transformer does not look like a wrong size.
    let phases = [1, 2, 3].map(|phase| {
        let p = derive::active_power_of_phase(sample, phase)?.value;
        Some(p.hypot(derive::reactive_power_of_phase(sample, phase)?.value))
    });
    let phases = crate::measurement::all_three(phases).map(|phases| phases.iter().sum::<f64>());
    let register = || sample.f64(ApparentPower).filter(|apparent| *apparent > 0.0);
    let totals = || {
        let p = derive::active_power(sample)?.value;
        Some(p.hypot(derive::reactive_power(sample)?.value))
    };
    let apparent = phases.or_else(register).or_else(totals)?;
    (product > 0.0).then_some((apparent, product))
}

/// Power against voltage times current.
pub(super) fn power(patient: &Patient, known: &Known<'_>) -> Outcome {
    if patient.samples.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    let missing = lacking(patient, &CURRENTS);
    if !missing.is_empty() {
        return Outcome::NotJudged(Obstacle::Missing(missing));
    }
    let loaded = loaded(patient);
    let pairs: Vec<(f64, f64)> =
        loaded.iter().filter_map(|sample| apparent_factor(sample, patient.kind)).collect();
    if pairs.is_empty() {
        let missing = lacking(patient, &[VOLTAGES.to_vec(), vec![ReactivePower]].concat());
        let missing = if lacking(patient, &[ReactivePowerImport]).is_empty() {
            missing.into_iter().filter(|quantity| *quantity != ReactivePower).collect()
        } else {
            missing
        };
        return Outcome::NotJudged(Obstacle::Missing(missing));
    }
    if pairs.len() < SAMPLES_MIN {
        return Outcome::NotJudged(Obstacle::TooFew(pairs.len(), SAMPLES_MIN));
    }
    let factors: Vec<f64> = pairs.iter().map(|(apparent, product)| apparent / product).collect();
    let Some(factor) = median(&factors) else { return Outcome::NotJudged(Obstacle::NoSamples) };
    // Phases that are turned or swapped make the totals small, and what is left of them unsteady.
    let small = !matches!(known.polarity, Outcome::Sound(_)) && factor < *APPARENT.start();
    let spread = quantile(&factors, 0.9).zip(quantile(&factors, 0.1)).map(|(high, low)| high - low);
    let unsteady = spread.is_none_or(|spread| spread > DECADE_SPREAD_MAX * factor);
    let exact = decade(factor, &ADDS_UP).is_some();
    if small && !phases::sent(patient) && (unsteady || !exact) {
        return Outcome::NotJudged(match known.polarity {
            Outcome::Found(_) => Obstacle::FaultFirst,
            _ => Obstacle::OrdinaryCause,
        });
    }
    // A wrong voltage is told once.
    let ordinary =
        APPARENT.contains(&factor) || (small && (TOTALS_SMALL_MIN..1.1).contains(&factor));
    if ordinary || !known.level_sound || decade(factor, &DECADE).is_none() {
        return Outcome::Sound(pairs.len());
    }
    let apparent: Vec<f64> = pairs.iter().map(|(apparent, _)| apparent / 1000.0).collect();
    let product: Vec<f64> = pairs.iter().map(|(_, product)| product / 1000.0).collect();
    let (code, confidence) = match known.counter {
        Outcome::Sound(_) => (Code::CurrentScale, 0.9),
        Outcome::Found(_) => (Code::PowerScale, 0.85),
        Outcome::NotJudged(_) => (Code::PowerOrCurrentScale, 0.85),
    };
    let mut evidence = vec![Evidence::new(Label::Factor, 0, factor).expecting(1.0)];
    evidence.extend(median(&apparent).map(|kva| Evidence::new(Label::ApparentPower, 0, kva)));
    evidence.extend(median(&product).map(|kva| Evidence::new(Label::VoltAmperes, 0, kva)));
    let check = Check::PowerScale;
    Outcome::Found(vec![Finding { check, code, phases: Vec::new(), confidence, evidence }])
}

/// The energy register against the power.
pub(super) fn counter(patient: &Patient) -> Outcome {
    let (Some(first), Some(last)) = (patient.counter.first(), patient.counter.last()) else {
        return Outcome::NotJudged(Obstacle::Missing(vec![reading::Quantity::ActiveEnergyImport]));
    };
    if patient.minutes.is_empty() {
        return Outcome::NotJudged(Obstacle::Missing(vec![reading::Quantity::ActivePower]));
    }
    let span_s = last.0.since(first.0).as_secs_f64();
    let counted_wh = last.1 - first.1;
    let backwards = patient.counter.windows(2).any(|pair| pair[1].1 < pair[0].1);
    if backwards
        || span_s < COUNTER_SPAN_MIN_S
        || counted_wh < DIGITS_MIN * patient.counter_digit_wh
    {
        return Outcome::NotJudged(Obstacle::CounterTooCoarse);
    }
    let minute = |at: reading::Timestamp| at.as_micros().div_euclid(60_000_000);
    let within = minute(first.0)..minute(last.0).max(minute(first.0) + 1);
    let watts: Vec<f64> = patient
        .minutes
        .iter()
        .filter(|(minute, _)| within.contains(minute))
        .map(|(_, watts)| *watts)
        .collect();
    if watts.iter().any(|watts| *watts < 0.0) {
        return Outcome::NotJudged(Obstacle::Exporting);
    }
    #[allow(clippy::cast_precision_loss)]
    let (known, wanted) = (watts.len() as f64, (within.end - within.start) as f64);
    if known < COUNTER_COVER_MIN * wanted {
        return Outcome::NotJudged(Obstacle::NoCommonTime);
    }
    let mean_w = watts.iter().sum::<f64>() / known;
    let counted_w = counted_wh * 3600.0 / span_s;
    if mean_w <= 0.0 {
        return Outcome::NotJudged(Obstacle::NoLoad);
    }
    let factor = counted_w / mean_w;
    if COUNTER.contains(&factor) {
        return Outcome::Sound(watts.len());
    }
    let ratios = patient.ct_ratio.into_iter().flat_map(|ratio| [ratio, 1.0 / ratio]);
    let by_ratio = ratios.into_iter().any(|ratio| COUNTER.contains(&(factor / ratio)));
    let (code, confidence) = match decade(factor, &COUNTER) {
        _ if by_ratio => (Code::EnergyRatio, 0.9),
        Some(_) => (Code::EnergyScale, 0.95),
        None if (0.75..1.33).contains(&factor) => {
            // Samples that miss half of what a machine does differ by that much.
            return Outcome::NotJudged(Obstacle::PowerUnsteady);
        }
        None => (Code::EnergyRatio, 0.7),
    };
    Outcome::Found(vec![Finding {
        check: Check::EnergyCounter,
        code,
        phases: Vec::new(),
        confidence,
        evidence: vec![
            Evidence::new(Label::Factor, 0, factor).expecting(1.0),
            Evidence::new(Label::CounterPower, 0, counted_w / 1000.0),
            Evidence::new(Label::RegisterPower, 0, mean_w / 1000.0),
        ],
    }])
}
