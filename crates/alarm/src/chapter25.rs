//! `evaluer_risques_operationnels`: the risks of chapter 25.
//!
//! In: a measurement, the thresholds, what the meter calls its voltages. Out: the object with
//! `niveau_risque`, `risques_detectes` and `recommandations`. Source: chapter 25,
//! `SystemeAlertesIndustrielles`. [`Mode::Strict`] runs the chapter's three tests on voltages as
//! given; [`Mode::Extended`] runs every threshold that the chapter declares, on what was measured.

use crate::{Condition, Severity, Thresholds, VoltageCompare};
use analysis::balance::BalanceSettings;
use analysis::chapter25::{Answer, Mode, Warning, balance};
use analysis::voltages::VoltageKind;
use analysis::{Measurement, derive, voltages};
use reading::{Decimal, Quantity};

/// The chapter's voltage for one that is absent: an integer in its code. **Unit** V.
const VOLTAGE_SUBSTITUTE: i64 = 400;
/// The chapter's power factor for one that is absent.
const POWER_FACTOR_SUBSTITUTE: f64 = 1.0;

/// The object of `evaluer_risques_operationnels`.
#[derive(Debug, Clone, PartialEq)]
pub struct Risks {
    /// `niveau_risque`: the worst severity; `None` is "normal".
    pub level: Option<Severity>,
    /// `risques_detectes`, the chapter's three first.
    pub risks: Vec<Risk>,
    /// `recommandations`, in the order of the risks, none twice.
    pub advice: Vec<&'static str>,
    /// The same in English, in the same order.
    pub english_advice: Vec<&'static str>,
}

impl Risks {
    /// `niveau_risque`: critique, majeur, mineur or normal.
    #[must_use]
    pub fn level_name(&self) -> &'static str {
        self.level.map_or("normal", Severity::chapter25)
    }
}

/// One entry of `risques_detectes`; `type`, `severite` and `action` follow from the condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Risk {
    /// What is wrong.
    pub condition: Condition,
    /// `description`: a French sentence with the value.
    pub description: String,
    /// The same in English.
    pub english: String,
    /// The number and its limit.
    pub excess: Excess,
}

/// A number that is beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    /// What was found.
    pub value: f64,
    /// The limit that it is beyond.
    pub limit: f64,
    /// Unit of both: kW, V, per cent; empty for a pure number.
    pub unit: &'static str,
}

/// Everything `evaluer_risques_operationnels` looks at.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation<'a> {
    /// The numbers of the moment.
    pub measurement: &'a Measurement,
    /// The limits.
    pub thresholds: &'a Thresholds,
    /// What the meter calls its voltages.
    pub voltage_kind: VoltageKind,
}

/// `evaluer_risques_operationnels` of a measurement.
#[must_use]
pub fn risks(evaluation: &Evaluation<'_>, mode: Mode) -> Answer<Risks> {
    let mut warnings = Vec::new();
    let found = match mode {
        Mode::Strict => strict(evaluation),
        Mode::Extended => extended(evaluation, &mut warnings),
    };
    let advice = distinct(found.iter().flat_map(|risk| risk.condition.advice()));
    let english_advice = distinct(found.iter().flat_map(|risk| risk.condition.english_advice()));
    let level = found.iter().map(|risk| risk.condition.severity()).max();
    Answer { result: Risks { level, risks: found, advice, english_advice }, warnings }
}

fn distinct(sentences: impl Iterator<Item = &'static &'static str>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    for sentence in sentences {
        if !seen.contains(sentence) {
            seen.push(*sentence);
        }
    }
    seen
}

fn strict(evaluation: &Evaluation<'_>) -> Vec<Risk> {
    let Evaluation { measurement, thresholds, .. } = evaluation;
    let power = derive::active_power(measurement).map_or(0.0, |derived| derived.value);
    let factor = measurement.f64(Quantity::PowerFactor).unwrap_or(POWER_FACTOR_SUBSTITUTE);
    let substitute = Voltage {
        volts: Decimal::new(VOLTAGE_SUBSTITUTE, 0).to_f64(),
        text: VOLTAGE_SUBSTITUTE.to_string(),
    };
    let voltages = VOLTAGES.map(|quantity| {
        measurement.decimal(quantity).map_or_else(|| substitute.clone(), Voltage::given)
    });
    let mut risks = Vec::new();
    risks.extend(overload(power, thresholds));
    risks.extend(low_power_factor(factor, thresholds));
    risks.extend(low_voltage(&voltages, thresholds));
    risks
}

fn extended(evaluation: &Evaluation<'_>, warnings: &mut Vec<Warning>) -> Vec<Risk> {
    let Evaluation { measurement, thresholds, .. } = evaluation;
    let mut risks = Vec::new();
    match derive::active_power(measurement) {
        Some(power) => risks.extend(overload(power.value, thresholds)),
        None => warnings.push(Warning::new(
            "puissance_active_absente",
            "Puissance active absente : la surcharge n'est pas évaluée.",
            "Active power is missing: overload is not evaluated.",
        )),
    }
    match power_factor(measurement, warnings) {
        Some(factor) => risks.extend(low_power_factor(factor, thresholds)),
        None => warnings.push(Warning::new(
            "facteur_puissance_absent",
            "Facteur de puissance absent : il n'est pas évalué.",
            "The power factor is missing: it is not evaluated.",
        )),
    }
    let voltages = compared_voltages(evaluation);
    risks.extend(low_voltage(&voltages, thresholds));
    risks.extend(high_voltage(&voltages, thresholds));
    warnings.extend(voltage_warning(evaluation, &voltages));
    risks.extend(evaluated_unbalance(evaluation, warnings));
    match distortion(measurement) {
        Some(thd) => risks.extend(high_distortion(thd, thresholds)),
        None => warnings.push(Warning::new(
            "thd_absent",
            "THD de tension absent : la distorsion harmonique n'est pas évaluée.",
            "Voltage THD is missing: harmonic distortion is not evaluated.",
        )),
    }
    risks
}

/// The register as given, sign included, else |P| / S.
fn power_factor(measurement: &Measurement, warnings: &mut Vec<Warning>) -> Option<f64> {
    if let Some(given) = measurement.f64(Quantity::PowerFactor) {
        if given < 0.0 {
            warnings.push(Warning::new(
                "injection_classee_critique",
                "Le facteur de puissance est négatif (injection ou convention du compteur) : le \
                 chapitre le juge faible, à tort.",
"The power factor is negative (export, or the meter's convention): the chapter wrongly \
calls it low.",
            ));
        }
        return Some(given);
    }
    let derived = derive::power_factor(measurement)?;
    warnings.push(Warning::new(
        "facteur_puissance_calcule",
        "Facteur de puissance absent : calculé à partir des puissances.",
        "The power factor is missing: computed from the powers.",
    ));
    Some(derived.value)
}

fn overload(power: f64, thresholds: &Thresholds) -> Option<Risk> {
    (power > thresholds.power_max_kw * 1000.0).then(|| Risk {
        condition: Condition::Overload,
        description: "Risque de déclenchement protection".to_owned(),
        english: "Risk that the protection trips".to_owned(),
        excess: Excess { value: power / 1000.0, limit: thresholds.power_max_kw, unit: "kW" },
    })
}

fn low_power_factor(factor: f64, thresholds: &Thresholds) -> Option<Risk> {
    (factor < thresholds.power_factor_min).then(|| Risk {
        condition: Condition::PowerFactorLow,
        description: format!("Facteur de puissance faible: {factor:.3}"),
        english: format!("Low power factor: {factor:.3}"),
        excess: Excess { value: factor, limit: thresholds.power_factor_min, unit: "" },
    })
}

fn low_voltage(voltages: &[Voltage], thresholds: &Thresholds) -> Option<Risk> {
    let lowest =
        voltages.iter().reduce(|min, next| if next.volts < min.volts { next } else { min });
    lowest.filter(|voltage| voltage.volts < thresholds.voltage_min_v).map(|voltage| Risk {
        condition: Condition::VoltageLow,
        description: format!("Tension minimale: {}V", voltage.text),
        english: format!("Lowest voltage: {} V", voltage.text),
        excess: Excess { value: voltage.volts, limit: thresholds.voltage_min_v, unit: "V" },
    })
}

fn high_voltage(voltages: &[Voltage], thresholds: &Thresholds) -> Option<Risk> {
    let highest =
        voltages.iter().reduce(|max, next| if next.volts > max.volts { next } else { max });
    highest.filter(|voltage| voltage.volts > thresholds.voltage_max_v).map(|voltage| Risk {
        condition: Condition::VoltageHigh,
        description: format!("Tension maximale: {}V", voltage.text),
        english: format!("Highest voltage: {} V", voltage.text),
        excess: Excess { value: voltage.volts, limit: thresholds.voltage_max_v, unit: "V" },
    })
}

fn unbalance(score: f64, thresholds: &Thresholds) -> Option<Risk> {
    (score > thresholds.unbalance_max).then(|| Risk {
        condition: Condition::Unbalance,
        description: format!("Déséquilibre des phases: {:.1} %", score * 100.0),
        english: format!("Phase unbalance: {:.1} %", score * 100.0),
        excess: percent(score, thresholds.unbalance_max),
    })
}

/// Unbalance of what carries a load: currents that are nothing but a machine's standby, or the noise
/// of its transformers, are out of balance by any share and overload no phase.
fn evaluated_unbalance(evaluation: &Evaluation<'_>, warnings: &mut Vec<Warning>) -> Option<Risk> {
    let Evaluation { measurement, thresholds, .. } = evaluation;
    let score = |measurement| balance(measurement, Mode::Extended).result.score_equilibre;
    let all = score(measurement);
    let risk = |score: Option<f64>| score.and_then(|score| unbalance(score, thresholds));
    let min_a = BalanceSettings::default().current_min_a;
    let mean_a = match measurement.three(CURRENTS) {
        [Some(one), Some(two), Some(three)] => Some((one.abs() + two.abs() + three.abs()) / 3.0),
        _ => None,
    };
    let Some(mean_a) = mean_a.filter(|mean_a| *mean_a > 0.0 && *mean_a < min_a) else {
        if all.is_none() {
            warnings.push(Warning::new(
                "desequilibre_non_evalue",
                "Ni trois tensions ni trois courants : le déséquilibre n'est pas évalué.",
                "Neither three voltages nor three currents: unbalance is not evaluated.",
            ));
        }
        return risk(all);
    };
    let numbers = measurement.iter().filter(|(quantity, _)| !CURRENTS.contains(quantity));
    let of_voltages = score(&Measurement::new(measurement.at(), numbers));
    let found = risk(of_voltages);
    // Said where it makes a difference.
    if of_voltages.is_none() || (found.is_none() && risk(all).is_some()) {
        let decimal = |number: f64| format!("{number:.2}").replace('.', ",");
        warnings.push(Warning::with_values(
            "courants_trop_faibles",
            format!(
                "Courant moyen de {} A, inférieur à {} A : le déséquilibre des courants n'est pas \
                 évalué.",
                decimal(mean_a),
                decimal(min_a)
            ),
            format!(
                "Mean current of {mean_a:.2} A, below {min_a:.2} A: unbalance of the currents is \
                 not evaluated."
            ),
        ));
    }
    found
}

/// Two fractions as per cents, without the noise of binary hundredths.
fn percent(value: f64, limit: f64) -> Excess {
    let hundredfold = |fraction: f64| (fraction * 1e8).round() / 1e6;
    Excess { value: hundredfold(value), limit: hundredfold(limit), unit: "%" }
}

fn high_distortion(thd: f64, thresholds: &Thresholds) -> Option<Risk> {
    (thd > thresholds.thd_max_pct).then(|| Risk {
        condition: Condition::Distortion,
        description: format!("Distorsion harmonique de tension: {thd:.1} %"),
        english: format!("Harmonic distortion of the voltage: {thd:.1} %"),
        excess: Excess { value: thd, limit: thresholds.thd_max_pct, unit: "%" },
    })
}

/// The total THD of the voltages, else that of the worst phase. **Unit** percent.
fn distortion(measurement: &Measurement) -> Option<f64> {
    let phases = [Quantity::ThdVoltageL1, Quantity::ThdVoltageL2, Quantity::ThdVoltageL3];
    let worst = || phases.into_iter().filter_map(|q| measurement.f64(q)).reduce(f64::max);
    measurement.f64(Quantity::ThdVoltage).or_else(worst)
}

/// A voltage with the digits to print.
#[derive(Debug, Clone)]
struct Voltage {
    volts: f64,
    text: String,
}

const CURRENTS: [Quantity; 3] = [Quantity::CurrentL1, Quantity::CurrentL2, Quantity::CurrentL3];
const VOLTAGES: [Quantity; 3] = [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3];
const LINE_VOLTAGES: [Quantity; 3] =
    [Quantity::VoltageL12, Quantity::VoltageL23, Quantity::VoltageL31];

impl Voltage {
    /// The digits given, at least one decimal.
    fn given(decimal: Decimal) -> Self {
        let text = decimal.to_string();
        let text = if text.contains('.') { text } else { format!("{text}.0") };
        Self { volts: decimal.to_f64(), text }
    }

    /// A converted voltage, rounded to one decimal before it is compared, so that no text shows
    /// the limit itself as exceeded.
    fn converted(volts: f64) -> Self {
        let text = format!("{volts:.1}");
        Self { volts: text.parse().expect("a printed float is a float literal"), text }
    }
}

/// The voltages that the thresholds mean.
///
/// Phase voltages become line voltages by the measured angles, else each by √3: a single weak
/// phase shows as clearly as three would.
fn compared_voltages(evaluation: &Evaluation<'_>) -> Vec<Voltage> {
    let Evaluation { measurement, thresholds, voltage_kind } = evaluation;
    let of = |quantities: [Quantity; 3]| -> Vec<Decimal> {
        quantities.into_iter().filter_map(|quantity| measurement.decimal(quantity)).collect()
    };
    let (named, line) = (of(VOLTAGES), of(LINE_VOLTAGES));
    let given = |decimals: Vec<Decimal>| decimals.into_iter().map(Voltage::given).collect();
    let scaled = |decimals: Vec<Decimal>, factor: f64| {
        decimals.into_iter().map(|d| Voltage::converted(d.to_f64() * factor)).collect()
    };
    let root_three = 3.0_f64.sqrt();
    match (thresholds.voltage_compare, voltage_kind) {
        (VoltageCompare::AsGiven, _) if !named.is_empty() => given(named),
        (VoltageCompare::Line | VoltageCompare::AsGiven, _) if !line.is_empty() => given(line),
        (VoltageCompare::AsGiven, _) => Vec::new(),
        (VoltageCompare::Line, VoltageKind::LineToLine) => given(named),
        (VoltageCompare::Line, VoltageKind::Phase) => match converted_by_angles(evaluation) {
            Some(volts) => volts.into_iter().map(Voltage::converted).collect(),
            None => scaled(named, root_three),
        },
        (VoltageCompare::Phase, VoltageKind::Phase) if !named.is_empty() => given(named),
        (VoltageCompare::Phase, VoltageKind::Phase) => scaled(line, 1.0 / root_three),
        (VoltageCompare::Phase, VoltageKind::LineToLine) if !line.is_empty() => {
            scaled(line, 1.0 / root_three)
        }
        (VoltageCompare::Phase, VoltageKind::LineToLine) => scaled(named, 1.0 / root_three),
    }
}

fn converted_by_angles(evaluation: &Evaluation<'_>) -> Option<[f64; 3]> {
    voltages::voltage_phasors(evaluation.measurement, evaluation.voltage_kind)?;
    voltages::line_voltages(evaluation.measurement, evaluation.voltage_kind).value()
}

/// Below this share of the lower limit, a "line" voltage is most likely a phase voltage.
const PHASE_VOLTAGE_LIKELY: f64 = 0.7;

fn voltage_warning(evaluation: &Evaluation<'_>, compared: &[Voltage]) -> Option<Warning> {
    let highest = compared.iter().map(|voltage| voltage.volts).reduce(f64::max);
    let Some(highest) = highest else {
        return Some(Warning::new(
            "tensions_absentes",
            "Tensions absentes : elles ne sont pas évaluées.",
            "Voltages are missing: they are not evaluated.",
        ));
    };
    let as_given = evaluation.thresholds.voltage_compare == VoltageCompare::AsGiven;
    if as_given
        && highest > 0.0
        && highest < PHASE_VOLTAGE_LIKELY * evaluation.thresholds.voltage_min_v
    {
        return Some(Warning::new(
            "tension_simple_comparee_a_une_limite_composee",
            "Des tensions simples (phase-neutre) sont comparées à des limites de tension composée : \
             l'alarme est permanente. Choisir `voltage_compare = \"line\"`.",
            "Phase voltages (to neutral) are compared with limits for line voltages: the alarm is \
permanent. Choose `voltage_compare = \"line\"`.",
        ));
    }
    (compared.len() < 3).then(|| {
        Warning::new(
            "tension_partielle",
            "Toutes les phases n'ont pas de tension : seules celles mesurées sont évaluées.",
            "Not every phase has a voltage: only those measured are evaluated.",
        )
    })
}

#[cfg(test)]
mod tests;
