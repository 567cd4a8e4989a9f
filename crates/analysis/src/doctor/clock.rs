//! The meter's clock against the arrival of its telegrams.
//!
//! Source: the house's own rule: a minute is more than a bus and a queue take.

use super::findings::{Code, Evidence, Finding, Label, Obstacle};
use super::{Check, Outcome, Patient, median};

/// Fewest telegrams with a clock.
const TELEGRAMS_MIN: usize = 5;
/// Smallest offset that is a fault. **Unit** s.
const OFFSET_MIN_S: f64 = 60.0;
/// Zones differ by multiples of this. **Unit** s.
const QUARTER_HOUR_S: f64 = 900.0;
/// Least offset that is called a zone. **Unit** s.
const ZONE_MIN_S: f64 = 1800.0;
/// How far from a multiple an offset by zone may be. **Unit** s.
const ZONE_TOLERANCE_S: f64 = 45.0;

pub(super) fn check(patient: &Patient) -> Outcome {
    let clocks = &patient.clock_s;
    if patient.samples.is_empty() {
        return Outcome::NotJudged(Obstacle::NoSamples);
    }
    if clocks.is_empty() {
        return Outcome::NotJudged(Obstacle::NoClock);
    }
    let Some(offset) = median(clocks).filter(|_| clocks.len() >= TELEGRAMS_MIN) else {
        return Outcome::NotJudged(Obstacle::TooFew(clocks.len(), TELEGRAMS_MIN));
    };
    if offset.abs() < OFFSET_MIN_S {
        return Outcome::Sound(clocks.len());
    }
    let quarters = (offset / QUARTER_HOUR_S).round() * QUARTER_HOUR_S;
    let by_zone = quarters.abs() >= ZONE_MIN_S && (offset - quarters).abs() <= ZONE_TOLERANCE_S;
    Outcome::Found(vec![Finding {
        check: Check::Clock,
        code: if by_zone { Code::ClockZone } else { Code::ClockOff },
        phases: Vec::new(),
        confidence: 0.9,
        evidence: vec![Evidence::new(Label::ClockOffset, 0, offset).expecting(0.0)],
    }])
}
