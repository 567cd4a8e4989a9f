//! The wiring doctor over a store: what to read of each meter, and the answer as people and
//! programs read it.
//!
//! In: a store that may be in use, the configured meters. Out: a [`Diagnosis`]. The last hour is
//! read telegram by telegram, five hours before it in slices, a day as mean powers. Blocking.

use crate::json::Utc;
use crate::reach::{Reach, Sent};
use crate::{MeterInfo, Role};
use analysis::Measurement;
use analysis::doctor::{
    Check, Examination, Finding, Language, Obstacle, Outcome, Patient, examine,
};
use analysis::energy_bars::PowerInterval;
use analysis::load_profile::quantile;
use analysis::loads::tied;
use reading::Quantity::{self, ActiveEnergyImport};
use reading::{Decimal, Quality, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use store::{ReadOnly, Row, SampleQuery, SeriesQuery};

/// What the doctor looks at.
const QUANTITIES: [Quantity; 43] = [
    Quantity::VoltageL1,
    Quantity::VoltageL2,
    Quantity::VoltageL3,
    Quantity::VoltageL12,
    Quantity::VoltageL23,
    Quantity::VoltageL31,
    Quantity::CurrentL1,
    Quantity::CurrentL2,
    Quantity::CurrentL3,
    Quantity::ActivePower,
    Quantity::ActivePowerImport,
    Quantity::ActivePowerExport,
    Quantity::ActivePowerL1,
    Quantity::ActivePowerL2,
    Quantity::ActivePowerL3,
    Quantity::ActivePowerImportL1,
    Quantity::ActivePowerImportL2,
    Quantity::ActivePowerImportL3,
    Quantity::ActivePowerExportL1,
    Quantity::ActivePowerExportL2,
    Quantity::ActivePowerExportL3,
    Quantity::ReactivePower,
    Quantity::ReactivePowerImport,
    Quantity::ReactivePowerExport,
    Quantity::ReactivePowerQ1,
    Quantity::ReactivePowerQ2,
    Quantity::ReactivePowerQ3,
    Quantity::ReactivePowerQ4,
    Quantity::ReactivePowerL1,
    Quantity::ReactivePowerL2,
    Quantity::ReactivePowerL3,
    Quantity::ReactivePowerImportL1,
    Quantity::ReactivePowerImportL2,
    Quantity::ReactivePowerImportL3,
    Quantity::ReactivePowerExportL1,
    Quantity::ReactivePowerExportL2,
    Quantity::ReactivePowerExportL3,
    Quantity::ApparentPower,
    Quantity::Frequency,
    Quantity::AngleU2U1,
    Quantity::AngleU3U1,
    Quantity::AngleI1U1,
    Quantity::AngleI2U2,
];

/// Read telegram by telegram.
const RECENT: Duration = Duration::from_secs(3600);
/// Before that, a slice of each stretch.
const EARLIER: u64 = 30;
const STRETCH: Duration = Duration::from_secs(600);
const SLICE: Duration = Duration::from_secs(60);
/// Powers are compared over this time.
const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);
/// Share of the minutes that may have fewer values than the rest, as one does at the end of a gap.
const FEW_SHARE: f64 = 0.1;
/// A value of another list completes a telegram for so long.
const HELD: Duration = Duration::from_secs(15);
/// Telegrams whose clocks are compared.
const CLOCKS: Duration = Duration::from_secs(900);
const CLOCKS_MAX: usize = 200;
/// Most samples of a meter that are judged.
const SAMPLES_MAX: usize = 2000;

/// What the doctor says of a site.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// The newest measurement that was looked at; null when there is none.
    until: Option<Utc>,
    /// How many findings there are.
    findings: usize,
    meters: Vec<MeterBody>,
}

#[derive(Debug, Serialize)]
struct MeterBody {
    meter: String,
    label: String,
    /// Telegrams that were looked at one by one.
    samples: usize,
    /// Minutes of power that were compared.
    minutes: usize,
    findings: Vec<FindingBody>,
    /// Checks that found nothing wrong.
    sound: Vec<SoundBody>,
    /// Checks that could not be made.
    not_judged: Vec<ObstacleBody>,
}

#[derive(Debug, Serialize)]
struct FindingBody {
    check: &'static str,
    code: &'static str,
    phases: Vec<u8>,
    confidence: f64,
    evidence: Vec<EvidenceBody>,
    text: String,
    text_fr: String,
    text_de: String,
    remedy: String,
    remedy_fr: String,
    remedy_de: String,
}

#[derive(Debug, Serialize)]
struct EvidenceBody {
    name: &'static str,
    phase: Option<u8>,
    value: f64,
    unit: &'static str,
    expected: Option<f64>,
}

#[derive(Debug, Serialize)]
struct SoundBody {
    check: &'static str,
    /// Samples or intervals that say so.
    count: usize,
}

#[derive(Debug, Serialize)]
struct ObstacleBody {
    check: &'static str,
    code: &'static str,
    text: String,
    text_fr: String,
    text_de: String,
}

impl Diagnosis {
    /// Whether something was found.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        self.findings > 0
    }
}

/// Examines the wiring of the configured meters, as far as the store tells at `now`.
///
/// # Errors
/// The store cannot be read.
pub fn diagnose(
    archive: &ReadOnly,
    meters: &[MeterInfo],
    (nominal_v, now): (f64, Timestamp),
) -> Result<Diagnosis, store::Error> {
    let mut until: Option<Timestamp> = None;
    for meter in meters {
        if let Some((_, newest)) = archive.extent(&meter.id)? {
            let newest = newest.min(now);
            until = Some(until.map_or(newest, |until| until.max(newest)));
        }
    }
    let parents = parents(meters);
    let mut patients = Vec::with_capacity(meters.len());
    for (meter, parent) in meters.iter().zip(parents) {
        // What counts pieces draws nothing.
        let parent = parent.filter(|_| meter.counter_of.is_none());
        patients.push(patient(archive, (meter, parent), until.unwrap_or(now))?);
    }
    let examinations = examine(&patients, nominal_v);
    let bodies = meters.iter().zip(&patients).zip(&examinations);
    let bodies: Vec<MeterBody> =
        bodies.map(|((meter, patient), found)| MeterBody::new(meter, patient, found)).collect();
    Ok(Diagnosis {
        until: until.map(Utc),
        findings: bodies.iter().map(|body| body.findings.len()).sum(),
        meters: bodies,
    })
}

/// The place of the meter upstream of each.
pub(crate) fn parents(meters: &[MeterInfo]) -> Vec<Option<usize>> {
    let place = |meter: &MeterInfo| {
        let parent = meter.parent.as_ref()?;
        meters.iter().position(|other| other.id == *parent)
    };
    let given: Vec<(bool, Option<usize>)> =
        meters.iter().map(|meter| (meter.role == Role::Main, place(meter))).collect();
    tied(&given)
}

fn patient(
    archive: &ReadOnly,
    (meter, parent): (&MeterInfo, Option<usize>),
    until: Timestamp,
) -> Result<Patient, store::Error> {
    let end = until.plus(Duration::from_micros(1));
    let mut samples = Vec::new();
    for back in (0..EARLIER).rev() {
        let from = end.minus(RECENT + STRETCH * u32::try_from(back + 1).unwrap_or(u32::MAX));
        let rows = archive.numbers(&meter.id, (from, from.plus(SLICE)), &QUANTITIES)?;
        samples.extend(joined(&rows));
    }
    let rows = archive.numbers(&meter.id, (end.minus(RECENT), end), &QUANTITIES)?;
    let period_s = meter.period.map_or_else(|| gap_s(&rows), |period| period.as_secs_f64());
    let recent = joined(&rows);
    let thin = recent.len().div_ceil(SAMPLES_MAX).max(1);
    samples.extend(recent.into_iter().step_by(thin));
    let reach = Reach {
        archive,
        meter: &meter.id,
        range: (end.minus(DAY), end),
        length: MINUTE,
        edges: &[],
    };
    let power = reach.power(Sent::ALL)?.unwrap_or_default();
    let minute = |at: Timestamp| at.as_micros().div_euclid(60_000_000);
    let counted = archive.series(&SeriesQuery {
        meter: meter.id.clone(),
        quantity: ActiveEnergyImport,
        from: end.minus(DAY),
        to: end,
        points: 1440,
    })?;
    let digit = counted.points.last().map_or(0, |point| point.max.exponent());
    let reading =
        |point: &store::SeriesPoint| (point.start.plus(counted.resolution), point.max.to_f64());
    Ok(Patient {
        name: name(meter),
        is_main: meter.role == Role::Main,
        parent,
        is_constant: power.is_empty() && meter.plate.constant_kw.is_some(),
        kind: meter.voltage_kind,
        ct_ratio: Some(meter.plate.ct_ratio).filter(|ratio| (ratio - 1.0).abs() > f64::EPSILON),
        samples,
        minutes: power.iter().map(|one| (minute(one.window.from), one.mean_w)).collect(),
        counter: counted.points.iter().map(reading).collect(),
        counter_digit_wh: 10_f64.powi(i32::from(digit)),
        clock_s: clocks(archive, meter, end)?,
        period_s: period_s.max(spacing_s(&power)),
    })
}

fn name(meter: &MeterInfo) -> String {
    meter.label.clone().unwrap_or_else(|| meter.id.to_string())
}

/// The distance of values within the minutes that have the fewest: a past that was imported, or thinned
/// out, tells less than the meter does now. **Unit** s.
#[allow(clippy::cast_precision_loss)]
fn spacing_s(power: &[PowerInterval]) -> f64 {
    let counts: Vec<f64> = power.iter().map(|minute| minute.count.max(1) as f64).collect();
    quantile(&counts, FEW_SHARE).map_or(0.0, |few| MINUTE.as_secs_f64() / few.max(1.0))
}

/// The usual distance of telegrams. **Unit** s.
fn gap_s(rows: &[Row]) -> f64 {
    let mut gaps: Vec<f64> = rows
        .windows(2)
        .map(|pair| pair[1].measured_at.since(pair[0].measured_at).as_secs_f64())
        .filter(|gap| *gap > 0.0)
        .collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(0.0)
}

/// What a meter said together: each telegram with the values of its other lists that are young.
fn joined(rows: &[Row]) -> Vec<Measurement> {
    let mut held: BTreeMap<Quantity, (Timestamp, Decimal)> = BTreeMap::new();
    let mut samples = Vec::with_capacity(rows.len());
    for row in rows {
        let values = QUANTITIES.into_iter().zip(&row.values).zip(&row.qualities);
        let usable = values.filter(|(_, quality)| **quality != Quality::Bad);
        let mut brought = false;
        for (quantity, value) in usable.filter_map(|((of, value), _)| Some((of, (*value)?))) {
            held.insert(quantity, (row.measured_at, value));
            brought = true;
        }
        held.retain(|_, (at, _)| row.measured_at.since(*at) <= HELD);
        if brought {
            let values = held.iter().map(|(quantity, (_, value))| (*quantity, *value));
            samples.push(Measurement::new(row.measured_at, values));
        }
    }
    samples
}

/// Arrival minus the meter's own clock, of telegrams that carry one. **Unit** s.
fn clocks(archive: &ReadOnly, meter: &MeterInfo, end: Timestamp) -> Result<Vec<f64>, store::Error> {
    let query = SampleQuery {
        meter: meter.id.clone(),
        from: Some(end.minus(CLOCKS)),
        to: Some(end),
        after: None,
        limit: CLOCKS_MAX,
    };
    let samples = archive.samples(&query)?;
    let clocked = samples.iter().filter(|sample| sample.telegram.meter_time.is_some());
    let behind = |sample: &store::Sample| {
        let (received, measured) = (sample.telegram.received_at, sample.telegram.measured_at);
        received.since(measured).as_secs_f64() - measured.since(received).as_secs_f64()
    };
    Ok(clocked.map(behind).collect())
}

impl MeterBody {
    fn new(meter: &MeterInfo, patient: &Patient, examination: &Examination) -> Self {
        let mut body = Self {
            meter: meter.id.to_string(),
            label: patient.name.clone(),
            samples: patient.samples.len(),
            minutes: patient.minutes.len(),
            findings: Vec::new(),
            sound: Vec::new(),
            not_judged: Vec::new(),
        };
        for (check, outcome) in &examination.outcomes {
            match outcome {
                Outcome::Sound(count) => {
                    body.sound.push(SoundBody { check: check.code(), count: *count });
                }
                Outcome::Found(findings) => body
                    .findings
                    .extend(findings.iter().map(|one| FindingBody::new(one, &patient.name))),
                Outcome::NotJudged(obstacle) => {
                    body.not_judged.push(ObstacleBody::new(*check, obstacle));
                }
            }
        }
        body.findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        body
    }
}

impl FindingBody {
    fn new(finding: &Finding, meter: &str) -> Self {
        let [french, english, german] = [Language::French, Language::English, Language::German]
            .map(|of| finding.text(meter, of));
        let evidence = finding.evidence.iter().map(|one| EvidenceBody {
            name: one.code(),
            phase: (one.phase > 0).then_some(one.phase),
            value: one.value,
            unit: one.unit(),
            expected: one.expected,
        });
        Self {
            check: finding.check.code(),
            code: finding.code.code(),
            phases: finding.phases.clone(),
            confidence: (finding.confidence * 100.0).round() / 100.0,
            evidence: evidence.collect(),
            text: english.sentence,
            text_fr: french.sentence,
            text_de: german.sentence,
            remedy: english.remedy,
            remedy_fr: french.remedy,
            remedy_de: german.remedy,
        }
    }
}

impl ObstacleBody {
    fn new(check: Check, obstacle: &Obstacle) -> Self {
        Self {
            check: check.code(),
            code: obstacle.code(),
            text: obstacle.text(Language::English),
            text_fr: obstacle.text(Language::French),
            text_de: obstacle.text(Language::German),
        }
    }
}
