//! The wiring doctor: what is wrong between the bus bars and the registers.
//!
//! In: for each meter what it said lately, and where it stands in the tree. Out: findings, each
//! with numbers, a confidence and the sentence for the electrician; what was found sound; and what
//! could not be judged, with what is missing. Source: domain rule "Physics"; IEC 62053-23 for
//! quadrants; least squares for what no register tells. Refuses: to suspect what another ordinary
//! cause explains as well, such as infeed, a single-phase load or an idling motor.

mod alike;
mod clock;
mod directions;
mod findings;
mod phases;
mod regression;
mod scale;
mod steps;
mod supply;
mod totals;
mod words;

#[cfg(test)]
mod tests;

pub use findings::{Code, Evidence, Finding, Label, Obstacle, Text};
pub use words::Language;

use crate::Measurement;
use crate::VoltageKind;
use crate::load_profile::quantile;
use reading::{Quantity, Timestamp};

/// What a meter said lately, and where it stands.
#[derive(Debug, Clone)]
pub struct Patient {
    /// The name people give it.
    pub name: String,
    /// Whether it measures the site's supply.
    pub is_main: bool,
    /// The place of the meter upstream; `None` as well for what counts something other than energy.
    pub parent: Option<usize>,
    /// Whether nothing measures it: what it draws is configured as constant.
    pub is_constant: bool,
    /// What it calls its voltages.
    pub kind: VoltageKind,
    /// The configured ratio of its current transformers, where it is not 1.
    pub ct_ratio: Option<f64>,
    /// What it said together at one moment. **Shape** oldest first.
    pub samples: Vec<Measurement>,
    /// Mean active power of whole minutes since 1970. **Unit** min, W. **Shape** ascending.
    pub minutes: Vec<(i64, f64)>,
    /// Readings of its register of energy drawn. **Unit** Wh. **Shape** oldest first.
    pub counter: Vec<(Timestamp, f64)>,
    /// One step of that register. **Unit** Wh.
    pub counter_digit_wh: f64,
    /// Arrival minus the meter's own clock, for telegrams that carry one. **Unit** s.
    pub clock_s: Vec<f64>,
    /// The usual time between two telegrams where they come seldom: that of most minutes. **Unit** s.
    pub period_s: f64,
}

/// What can be wrong, in the order in which an electrician would look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// A voltage that is not there.
    SupplyPhases,
    /// The size of the voltages, and between what they are measured.
    VoltageLevel,
    /// The rotation of the voltages.
    PhaseSequence,
    /// A current transformer that gives nothing.
    CurrentPhases,
    /// The direction of the current transformers, and which voltage each belongs to.
    PolarityAndPairing,
    /// Power against voltage times current.
    PowerScale,
    /// The energy register against the power.
    EnergyCounter,
    /// A sub-meter's steps against those of the meter upstream.
    CurrentRatio,
    /// All sub-meters against the meter upstream.
    EnergyBalance,
    /// The meter's clock.
    Clock,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 10] = [
        Self::SupplyPhases,
        Self::VoltageLevel,
        Self::PhaseSequence,
        Self::CurrentPhases,
        Self::PolarityAndPairing,
        Self::PowerScale,
        Self::EnergyCounter,
        Self::CurrentRatio,
        Self::EnergyBalance,
        Self::Clock,
    ];

    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SupplyPhases => "supply_phases",
            Self::VoltageLevel => "voltage_level",
            Self::PhaseSequence => "phase_sequence",
            Self::CurrentPhases => "current_phases",
            Self::PolarityAndPairing => "polarity_and_pairing",
            Self::PowerScale => "power_scale",
            Self::EnergyCounter => "energy_counter",
            Self::CurrentRatio => "current_ratio",
            Self::EnergyBalance => "energy_balance",
            Self::Clock => "clock",
        }
    }
}

/// What a check of a meter came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing is wrong, as far as so many samples or intervals tell.
    Sound(usize),
    /// What is wrong.
    Found(Vec<Finding>),
    /// It could not be judged.
    NotJudged(Obstacle),
}

/// What every check of one meter came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    /// **Shape** one for each check that concerns the meter, in the order of [`Check::ALL`].
    pub outcomes: Vec<(Check, Outcome)>,
}

impl Examination {
    /// Everything that is wrong.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let found = self.outcomes.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Found(findings) => Some(findings),
            _ => None,
        });
        found.flatten()
    }
}

/// Fewest samples for a verdict.
pub const SAMPLES_MIN: usize = 12;
/// Share of the samples that must tell the same mistake.
const AGREEMENT_MIN: f64 = 0.8;
/// A phase current below this share of its usual maximum is no load to judge angles by.
const LOAD_SHARE_MIN: f64 = 0.05;
/// Below this no current transformer is accurate. **Unit** A.
const LOAD_MIN_A: f64 = 0.1;

/// Examines every meter of a site whose nominal phase voltage is `nominal_v` (V).
///
/// **Shape** one examination for each patient, in their order.
#[must_use]
pub fn examine(patients: &[Patient], nominal_v: f64) -> Vec<Examination> {
    let clocks: Vec<Outcome> = patients.iter().map(clock::check).collect();
    let own: Vec<Vec<(Check, Outcome)>> =
        patients.iter().map(|patient| own(patient, nominal_v)).collect();
    let fitness = |place: usize| Fitness {
        on_time: !matches!(clocks.get(place), Some(Outcome::Found(_))),
        sound: own.get(place).is_none_or(|outcomes| !spoils_power(outcomes)),
    };
    let of = |(place, patient): (usize, &Patient)| {
        let mut outcomes = own.get(place).cloned().unwrap_or_default();
        if patient.parent.is_some() {
            outcomes.push((Check::CurrentRatio, steps::ratio(patients, place, &fitness)));
        }
        if patients.iter().any(|other| other.parent == Some(place)) {
            outcomes.push((Check::EnergyBalance, steps::balance(patients, place, &fitness)));
        }
        outcomes.extend(clocks.get(place).map(|clock| (Check::Clock, clock.clone())));
        Examination { outcomes }
    };
    let mut examinations: Vec<Examination> = patients.iter().enumerate().map(of).collect();
    steps::blame(&mut examinations, patients);
    examinations
}

/// Whether a meter can be compared with another.
#[derive(Clone, Copy)]
struct Fitness {
    on_time: bool,
    sound: bool,
}

/// Whether a fault was found that makes the power itself wrong.
fn spoils_power(outcomes: &[(Check, Outcome)]) -> bool {
    let spoiling = |check: Check| {
        matches!(
            check,
            Check::SupplyPhases
                | Check::CurrentPhases
                | Check::PolarityAndPairing
                | Check::PowerScale
        )
    };
    outcomes.iter().any(|(check, outcome)| spoiling(*check) && matches!(outcome, Outcome::Found(_)))
}

/// What a meter's own values tell.
fn own(patient: &Patient, nominal_v: f64) -> Vec<(Check, Outcome)> {
    let supply = supply::voltages(patient, nominal_v);
    let level = scale::level(patient, nominal_v);
    let polarity = phases::check(patient);
    let counter = scale::counter(patient);
    let known = Known {
        level_sound: !matches!(level, Outcome::Found(_)) && !matches!(supply, Outcome::Found(_)),
        polarity: &polarity,
        counter: &counter,
    };
    let power = scale::power(patient, &known);
    // Totals of a wrong size do not add up, either: one cause, one finding.
    let polarity = match (&polarity, &power) {
        (Outcome::Found(_), Outcome::Found(_)) if !phases::sent(patient) => {
            Outcome::NotJudged(Obstacle::FaultFirst)
        }
        _ => polarity,
    };
    vec![
        (Check::SupplyPhases, supply),
        (Check::VoltageLevel, level),
        (Check::PhaseSequence, supply::sequence(patient)),
        (Check::CurrentPhases, supply::currents(patient)),
        (Check::PolarityAndPairing, polarity),
        (Check::PowerScale, power),
        (Check::EnergyCounter, counter),
    ]
}

/// What other checks found, for the one that compares power with voltage and current.
struct Known<'a> {
    level_sound: bool,
    polarity: &'a Outcome,
    counter: &'a Outcome,
}

fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The samples in which current flows, judged by the meter's own usual maximum.
fn loaded(patient: &Patient) -> Vec<&Measurement> {
    use Quantity::{CurrentL1, CurrentL2, CurrentL3};
    let mean = |sample: &Measurement| {
        let [one, two, three] = sample.three([CurrentL1, CurrentL2, CurrentL3]);
        Some((one?.abs() + two?.abs() + three?.abs()) / 3.0)
    };
    let means: Vec<f64> = patient.samples.iter().filter_map(mean).collect();
    let usual = quantile(&means, 0.95).unwrap_or(0.0);
    let least = LOAD_MIN_A.max(LOAD_SHARE_MIN * usual);
    let flows = |sample: &&Measurement| mean(sample).is_some_and(|amps| amps >= least);
    patient.samples.iter().filter(flows).collect()
}

/// Those of the quantities that no sample of the meter has.
fn lacking(patient: &Patient, quantities: &[Quantity]) -> Vec<Quantity> {
    let sent = |quantity: &Quantity| {
        patient.samples.iter().any(|sample| sample.decimal(*quantity).is_some())
    };
    quantities.iter().copied().filter(|quantity| !sent(quantity)).collect()
}
