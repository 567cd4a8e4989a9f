//! `analyser_equilibre_phases`: the balance score of chapter 25.
//!
//! In: the three voltages and three currents. Out: the object `equilibre`. Source: chapter 25,
//! `AnalyseurTriphase`. Where the chapter would divide by a mean of 0, the group is left out of
//! the score.

use super::warning::french;
use super::{Answer, Mode, Warning, sum};
use crate::Measurement;
use crate::measurement::all_three;
use reading::Quantity;

/// `seuil_desiquilibre`: a fraction.
const THRESHOLD: f64 = 0.1;
/// EN 50160's limit of u2; above it the chapter's 10 % hides a real voltage unbalance.
const VOLTAGE_LIMIT: f64 = 0.02;

/// The object `equilibre`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// `equilibre_global`: the score is below 0.1.
    pub equilibre_global: Option<bool>,
    /// `score_equilibre`: the larger absolute of the two largest *signed* deviations from the
    /// mean. **Unit** fraction. **Range** 0 (balanced) to 2 (one phase only).
    pub score_equilibre: Option<f64>,
    /// `phase_plus_chargee_tension`: the phase, 1 to 3, with the highest voltage; lowest on ties.
    pub phase_plus_chargee_tension: Option<u8>,
    /// `phase_plus_chargee_courant`: the phase, 1 to 3, with the highest current; lowest on ties.
    pub phase_plus_chargee_courant: Option<u8>,
    /// `recommandations`: one of four French sentences, by the score.
    pub recommandations: Option<&'static str>,
}

/// One group of three, as far as the mode lets it be used.
struct Group {
    values: Option<[f64; 3]>,
    deviations: Option<[f64; 3]>,
}

/// `analyser_equilibre_phases` of a measurement.
#[must_use]
pub fn balance(measurement: &Measurement, mode: Mode) -> Answer<Balance> {
    let voltages = measurement.three(VOLTAGES);
    let currents = measurement.three(CURRENTS);
    let (voltage, current) = (Group::new(voltages, mode), Group::new(currents, mode));
    let score = match (voltage.score(), current.score()) {
        (Some(u), Some(i)) => Some(if i > u { i } else { u }),
        (u, i) => u.or(i),
    };
    let result = Balance {
        equilibre_global: score.map(|score| score < THRESHOLD),
        score_equilibre: score,
        phase_plus_chargee_tension: voltage.phase(mode),
        phase_plus_chargee_courant: current.phase(mode),
        recommandations: score.map(recommendation),
    };
    let warnings = match mode {
        Mode::Strict => Vec::new(),
        Mode::Extended => warnings(&result, &voltage, &current, [voltages, currents]),
    };
    Answer { result, warnings }
}

const VOLTAGES: [Quantity; 3] = [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3];
const CURRENTS: [Quantity; 3] = [Quantity::CurrentL1, Quantity::CurrentL2, Quantity::CurrentL3];

impl Group {
    fn new(given: [Option<f64>; 3], mode: Mode) -> Self {
        let values = match mode {
            Mode::Strict => Some(given.map(|value| value.unwrap_or(0.0))),
            Mode::Extended => all_three(given),
        };
        let deviations = values.and_then(|values| {
            let mean = sum(values) / 3.0;
            (mean != 0.0).then(|| values.map(|value| (value - mean) / mean))
        });
        Self { values, deviations }
    }

    /// `abs(max(ecarts))`.
    fn score(&self) -> Option<f64> {
        self.deviations.map(|deviations| maximum(deviations).1.abs())
    }

    /// Largest absolute deviation: what NEMA MG-1 and IEEE 141 define.
    fn largest_deviation(&self) -> Option<f64> {
        self.deviations.map(|deviations| maximum(deviations.map(f64::abs)).1)
    }

    fn phase(&self, mode: Mode) -> Option<u8> {
        let defined = mode == Mode::Strict || self.deviations.is_some();
        self.values.filter(|_| defined).map(|values| maximum(values).0)
    }
}

/// Python's `max` and `index(max(…)) + 1`: the first of equals wins.
fn maximum([first, second, third]: [f64; 3]) -> (u8, f64) {
    let mut best = (1, first);
    for candidate in [(2, second), (3, third)] {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best
}

fn recommendation(score: f64) -> &'static str {
    if score < 0.05 {
        "Équilibre excellent - Pas d'action nécessaire"
    } else if score < 0.1 {
        "Équilibre acceptable - Surveillance recommandée"
    } else if score < 0.2 {
        "Déséquilibre modéré - Redistribution de charge conseillée"
    } else {
        "Déséquilibre important - Rééquilibrage urgent nécessaire"
    }
}

fn warnings(
    result: &Balance,
    voltage: &Group,
    current: &Group,
    [voltages, currents]: [[Option<f64>; 3]; 2],
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(phases) = missing_phases(voltages) {
        let text = format!("Tension absente ({phases}) : les tensions sont exclues du score.");
        let english = format!("Voltage missing ({phases}): voltages are left out of the score.");
        warnings.push(Warning::with_values("tensions_absentes", text, english));
    } else if voltage.deviations.is_none() {
        warnings.push(Warning::new(
            "tensions_nulles",
            "Moyenne des tensions nulle : les tensions sont exclues du score.",
            "The mean of the voltages is zero: voltages are left out of the score.",
        ));
    }
    if let Some(phases) = missing_phases(currents) {
        let text = format!("Courant absent ({phases}) : les courants sont exclus du score.");
        let english = format!("Current missing ({phases}): currents are left out of the score.");
        warnings.push(Warning::with_values("courants_absents", text, english));
    } else if current.deviations.is_none() {
        warnings.push(Warning::new(
            "courants_nuls",
            "Moyenne des courants nulle (aucune charge) : les courants sont exclus du score.",
            "The mean of the currents is zero (no load): currents are left out of the score.",
        ));
    }
    if currents.iter().flatten().any(|amps| *amps < 0.0) {
        warnings.push(Warning::new(
            "courant_negatif",
            "Un courant est négatif : une valeur efficace n'a pas de signe, le score des courants \
             n'a pas de sens.",
            "A current is negative: an r.m.s. value has no sign, the score of the currents means \
             nothing.",
        ));
    }
    let Some(score) = result.score_equilibre else {
        return warnings;
    };
    warnings.extend(mixed_score(score, voltage, current));
    warnings.extend(signed_maximum(score, voltage, current));
    warnings.extend(hidden_voltage_unbalance(score, voltage));
    warnings.extend(misnamed_phase(result, voltage));
    warnings
}

fn missing_phases(given: [Option<f64>; 3]) -> Option<String> {
    let named = ["L1", "L2", "L3"].into_iter().zip(given);
    let missing: Vec<_> =
        named.filter(|(_, value)| value.is_none()).map(|(phase, _)| phase).collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

/// The verdict comes from one group while the other is fine.
fn mixed_score(score: f64, voltage: &Group, current: &Group) -> Option<Warning> {
    let (u, i) = (voltage.score()?, current.score()?);
    (score >= THRESHOLD && u.min(i) < THRESHOLD).then(|| {
        let (guilty, fine) =
            if i > u { ("courants", "tensions") } else { ("tensions", "courants") };
        let text = format!(
            "Le score vient des seuls {guilty} ({} %) ; les {fine} sont à {} %. Un score unique \
             mêle deux grandeurs dont les limites n'ont rien de commun : voir `normes`.",
            french(u.max(i) * 100.0, 1),
            french(u.min(i) * 100.0, 1),
        )
        .replace("seuls tensions", "seules tensions");
        let (guilty, fine) =
            if i > u { ("currents", "voltages") } else { ("voltages", "currents") };
        let english = format!(
            "The score comes from the {guilty} alone ({:.1} %); the {fine} are at {:.1} %. One \
             score mixes two quantities whose limits have nothing in common.",
            u.max(i) * 100.0,
            u.min(i) * 100.0,
        );
        Warning::with_values("score_mele_tensions_et_courants", text, english)
    })
}

/// The chapter's signed maximum misses a phase far below the mean.
fn signed_maximum(score: f64, voltage: &Group, current: &Group) -> Option<Warning> {
    let largest = [voltage, current].into_iter().filter_map(Group::largest_deviation);
    let largest = largest.fold(0.0, f64::max);
    (recommendation(largest) != recommendation(score)).then(|| {
        let text = format!(
            "Le plus grand écart à la moyenne est négatif ({} %) et le score ne le voit pas \
             ({} %).",
            french(-largest * 100.0, 1),
            french(score * 100.0, 1),
        );
        let english = format!(
            "The largest deviation from the mean is negative ({:.1} %) and the score does not see \
             it ({:.1} %).",
            -largest * 100.0,
            score * 100.0,
        );
        Warning::with_values("ecart_negatif_ignore", text, english)
    })
}

/// 10 % is no limit for voltages: the supply standards allow 2 %.
fn hidden_voltage_unbalance(score: f64, voltage: &Group) -> Option<Warning> {
    let largest = voltage.largest_deviation()?;
    (score < THRESHOLD && largest > VOLTAGE_LIMIT).then(|| {
        let text = format!(
            "Les tensions s'écartent de {} % de leur moyenne : le seuil de 10 % du score est trop \
             large pour des tensions (EN 50160 : 2 %).",
            french(largest * 100.0, 1),
        );
        let english = format!(
            "The voltages deviate by {:.1} % from their mean: the score's threshold of 10 % is too \
             wide for voltages (EN 50160: 2 %).",
            largest * 100.0,
        );
        Warning::with_values("seuil_tension_trop_large", text, english)
    })
}

/// The key says "most loaded"; the chapter computes "highest voltage".
fn misnamed_phase(result: &Balance, voltage: &Group) -> Option<Warning> {
    let highest = result.phase_plus_chargee_tension?;
    let unequal = voltage.largest_deviation().is_some_and(|deviation| deviation > 0.0);
    (unequal && result.phase_plus_chargee_courant != Some(highest)).then(|| {
        Warning::new(
            "phase_plus_chargee_tension_trompeuse",
            "`phase_plus_chargee_tension` désigne la tension la plus haute ; la phase la plus \
             chargée a d'ordinaire la tension la plus basse.",
            "The chapter's most loaded phase by voltage is the one of highest voltage; the most \
loaded phase usually has the lowest.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{Decimal, Timestamp};

    fn measurement(voltages: [Option<i64>; 3], currents: [Option<i64>; 3]) -> Measurement {
        let quantities = VOLTAGES.into_iter().chain(CURRENTS);
        let values = voltages.into_iter().chain(currents);
        let pairs = quantities.zip(values);
        let known = pairs.filter_map(|(quantity, value)| Some((quantity, Decimal::new(value?, 0))));
        Measurement::new(Timestamp::from_seconds(0), known)
    }

    fn codes(answer: &Answer<Balance>) -> Vec<&'static str> {
        answer.warnings.iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn a_balanced_measurement_has_no_warning() {
        let balanced = measurement([Some(230); 3], [Some(10); 3]);
        let answer = balance(&balanced, Mode::Extended);
        assert_eq!(answer.result.score_equilibre, Some(0.0));
        assert_eq!(answer.result.phase_plus_chargee_tension, Some(1));
        assert!(answer.warnings.is_empty());
    }

    #[test]
    fn a_missing_value_leaves_its_group_out_only_when_not_strict() {
        let partial = measurement([Some(230); 3], [Some(12), Some(12), None]);
        let answer = balance(&partial, Mode::Extended);
        assert_eq!(answer.result.score_equilibre, Some(0.0));
        assert_eq!(answer.result.phase_plus_chargee_courant, None);
        assert_eq!(codes(&answer), ["courants_absents"]);
        assert!(answer.warnings[0].text.contains("L3"));
        let strict = balance(&partial, Mode::Strict);
        assert_eq!(strict.result.score_equilibre, Some(0.5));
        assert_eq!(strict.result.phase_plus_chargee_courant, Some(1));
        assert!(strict.warnings.is_empty());
    }

    #[test]
    fn a_negative_current_is_warned_about() {
        let signed = measurement([Some(230); 3], [Some(30), Some(-25), Some(10)]);
        assert!(codes(&balance(&signed, Mode::Extended)).contains(&"courant_negatif"));
        assert!(balance(&signed, Mode::Strict).warnings.is_empty());
    }

    #[test]
    fn no_load_leaves_the_currents_out() {
        let idle = measurement([Some(230); 3], [Some(0); 3]);
        let answer = balance(&idle, Mode::Extended);
        assert_eq!(answer.result.score_equilibre, Some(0.0));
        assert_eq!(codes(&answer), ["courants_nuls"]);
        let strict = balance(&idle, Mode::Strict).result;
        assert_eq!(strict.score_equilibre, Some(0.0));
        assert_eq!(strict.phase_plus_chargee_courant, Some(1));
    }

    #[test]
    fn nothing_known_is_null() {
        let answer = balance(&measurement([None; 3], [None; 3]), Mode::Extended);
        let nothing = Balance {
            equilibre_global: None,
            score_equilibre: None,
            phase_plus_chargee_tension: None,
            phase_plus_chargee_courant: None,
            recommandations: None,
        };
        assert_eq!(answer.result, nothing);
        assert_eq!(codes(&answer), ["tensions_absentes", "courants_absents"]);
        let strict = balance(&measurement([None; 3], [None; 3]), Mode::Strict);
        assert_eq!(strict.result.score_equilibre, None);
    }

    #[test]
    fn a_phase_far_below_the_mean_is_announced() {
        let weak = measurement([Some(230); 3], [Some(10), Some(10), Some(9)]);
        assert!(codes(&balance(&weak, Mode::Extended)).contains(&"ecart_negatif_ignore"));
    }
}
