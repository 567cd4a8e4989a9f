//! `analyser_facteur_puissance`: power factor, penalty and "batteries" of chapter 25.
//!
//! In: P and Q. Out: the object `facteur_puissance`. Source: chapter 25,
//! `GestionnairePuissanceReactive`. The penalty is the chapter's own invention, the capacity is
//! 100 to 150 times too large, and an exporting site is always "critique": the warnings say so.

use super::warning::french;
use super::{Answer, Mode, Number, Warning};
use crate::{Measurement, derive};
use std::hint::black_box;

/// `cible_facteur_puissance`.
const TARGET: f64 = 0.95;

/// The object `facteur_puissance`. Every field is null when P or Q is unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerFactorAnalysis {
    /// `facteur_puissance`: P / √(P² + Q²), negative while exporting; 1.0 when both are 0.
    pub facteur_puissance: Option<f64>,
    /// `evaluation`: excellent, bon, acceptable, médiocre or critique.
    pub evaluation: Option<&'static str>,
    /// `penalite_applicable`. **Unit** fraction: 0, 0.02 or 0.05.
    pub penalite_applicable: Option<Number>,
    /// `economies_compensation`: P − S·min(PF + 0.1, 1). **Unit** W. **Sign** never positive.
    pub economies_compensation: Option<Number>,
    /// `compensation_recommandee`: PF below 0.90.
    pub compensation_recommandee: Option<bool>,
    /// `capacite_batteries_necesaire` (sic).
    pub capacite_batteries_necesaire: Option<Batteries>,
}

/// The object `capacite_batteries_necesaire`: |Q| in var × 0.1 to 0.15, labelled kvar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batteries {
    /// `capacite_min_kvar`.
    pub capacite_min_kvar: f64,
    /// `capacite_max_kvar`.
    pub capacite_max_kvar: f64,
    /// `capacite_recommandee_kvar`: the mean of the two.
    pub capacite_recommandee_kvar: f64,
}

/// `analyser_facteur_puissance` of a measurement.
#[must_use]
pub fn power_factor(measurement: &Measurement, mode: Mode) -> Answer<PowerFactorAnalysis> {
    let active = derive::active_power(measurement).map(|derived| derived.value);
    let reactive = derive::reactive_power(measurement).map(|derived| derived.value);
    match (active, reactive, mode) {
        (Some(p), Some(q), Mode::Extended) => {
            let result = analyse(p, q);
            Answer { warnings: warnings(&result, p, q), result }
        }
        (p, q, Mode::Strict) => {
            let result = analyse(p.unwrap_or(0.0), q.unwrap_or(0.0));
            Answer { result, warnings: Vec::new() }
        }
        (p, q, Mode::Extended) => {
            let mut warnings = Vec::new();
            if p.is_none() {
                warnings.push(Warning::new(
                    "puissance_active_absente",
                    "Puissance active absente : le facteur de puissance n'est pas calculable.",
                    "Active power is missing: the power factor cannot be computed.",
                ));
            }
            if q.is_none() {
                warnings.push(Warning::new(
                    "puissance_reactive_absente",
                    "Puissance réactive absente : le facteur de puissance n'est pas calculable.",
                    "Reactive power is missing: the power factor cannot be computed.",
                ));
            }
            Answer { result: UNKNOWN, warnings }
        }
    }
}

const UNKNOWN: PowerFactorAnalysis = PowerFactorAnalysis {
    facteur_puissance: None,
    evaluation: None,
    penalite_applicable: None,
    economies_compensation: None,
    compensation_recommandee: None,
    capacite_batteries_necesaire: None,
};

fn analyse(p: f64, q: f64) -> PowerFactorAnalysis {
    let s = power(power(p, 2.0) + power(q, 2.0), 0.5);
    let factor = if s == 0.0 { 1.0 } else { p / s };
    let (evaluation, penalty) = if factor >= TARGET {
        ("excellent", Number::Integer(0))
    } else if factor >= 0.90 {
        ("bon", Number::Integer(0))
    } else if factor >= 0.85 {
        ("acceptable", Number::Float(0.02))
    } else if factor >= 0.80 {
        ("médiocre", Number::Float(0.05))
    } else {
        ("critique", Number::Float(0.05))
    };
    let savings = if factor < TARGET {
        let improved = if factor + 0.1 > 1.0 { 1.0 } else { factor + 0.1 };
        Number::Float(p - s * improved)
    } else {
        Number::Integer(0)
    };
    PowerFactorAnalysis {
        facteur_puissance: Some(factor),
        evaluation: Some(evaluation),
        penalite_applicable: Some(penalty),
        economies_compensation: Some(savings),
        compensation_recommandee: Some(factor < 0.90),
        capacite_batteries_necesaire: Some(batteries(q)),
    }
}

/// Python's `**`, which calls the C library's `pow`. The compiler would turn these two exponents
/// into a product and a square root, whose last bit differs about once in a thousand numbers.
fn power(base: f64, exponent: f64) -> f64 {
    black_box(base).powf(black_box(exponent))
}

fn batteries(q: f64) -> Batteries {
    let (minimum, maximum) = (q.abs() * 100.0 / 1000.0, q.abs() * 150.0 / 1000.0);
    Batteries {
        capacite_min_kvar: minimum,
        capacite_max_kvar: maximum,
        capacite_recommandee_kvar: f64::midpoint(minimum, maximum),
    }
}

fn warnings(result: &PowerFactorAnalysis, p: f64, q: f64) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if p == 0.0 && q == 0.0 {
        warnings.push(Warning::new(
            "puissance_nulle",
            "Aucune puissance : le facteur de puissance 1,0 est une convention, pas une mesure.",
            "No power: the power factor 1.0 is a convention, not a measurement.",
        ));
    }
    if p < 0.0 {
        warnings.push(Warning::new(
            "injection_classee_critique",
            "Le site injecte : le facteur de puissance est négatif et le chapitre classe toute \
             injection « critique », à tort. Voir `normes`.",
            "The site exports: the power factor is negative and the chapter wrongly calls every \
export \"critique\".",
        ));
    }
    if result.penalite_applicable.is_some_and(|penalty| penalty.value() > 0.0) {
        warnings.push(Warning::new(
            "penalite_fictive",
            "`penalite_applicable` n'est le taux d'aucun tarif : une pénalité se calcule sur \
             l'énergie réactive de la période de facturation.",
            "The chapter's penalty is the rate of no tariff: a penalty is computed on the reactive \
energy of the billing period.",
        ));
    }
    if result.economies_compensation.is_some_and(|savings| savings.value() < 0.0) {
        warnings.push(Warning::new(
            "economies_negatives",
            "`economies_compensation` est en watts et toujours négatif ou nul : une compensation \
             ne réduit pas la puissance active, ce n'est pas une économie.",
            "The chapter's savings are in watts and never positive: compensation does not reduce \
active power, so this is no saving.",
        ));
    }
    if q != 0.0 {
        let text = format!(
            "La capacité indiquée est 100 à 150 fois trop grande : la puissance réactive mesurée \
             n'est que de {} kvar. Voir `normes`.",
            french(q.abs() / 1000.0, 1),
        );
        let english = format!(
            "The capacity is 100 to 150 times too large: the reactive power measured is only {:.1} \
             kvar.",
            q.abs() / 1000.0,
        );
        warnings.push(Warning::with_values("capacite_batteries_surestimee", text, english));
    }
    if result.compensation_recommandee == Some(true) {
        warnings.push(if q < 0.0 {
            Warning::new(
                "compensation_inadaptee",
                "Le site est capacitif : des condensateurs aggraveraient le facteur de puissance.",
"The site is capacitive: capacitors would worsen the power factor.",
            )
        } else {
            Warning::new(
                "recommandation_instantanee",
                "`compensation_recommandee` juge un seul instant ; une compensation se décide sur \
                 des semaines de mesures.",
"The chapter's recommendation judges one moment; compensation is decided on weeks of \
measurements.",
            )
        });
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{Decimal, Quantity, Timestamp};

    fn measurement(p: Option<i64>, q: Option<i64>) -> Measurement {
        let quantities = [Quantity::ActivePower, Quantity::ReactivePower];
        let pairs = quantities.into_iter().zip([p, q]);
        let known = pairs.filter_map(|(quantity, value)| Some((quantity, Decimal::new(value?, 0))));
        Measurement::new(Timestamp::from_seconds(0), known)
    }

    fn codes(p: i64, q: i64) -> Vec<&'static str> {
        let answer = power_factor(&measurement(Some(p), Some(q)), Mode::Extended);
        answer.warnings.iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn an_absent_power_is_zero_only_when_strict() {
        let only_p = measurement(Some(21_000), None);
        let extended = power_factor(&only_p, Mode::Extended);
        assert_eq!(extended.result, UNKNOWN);
        assert_eq!(extended.warnings[0].code, "puissance_reactive_absente");
        let strict = power_factor(&only_p, Mode::Strict).result;
        assert_eq!(strict.facteur_puissance, Some(1.0));
        assert_eq!(strict.penalite_applicable, Some(Number::Integer(0)));
        assert_eq!(strict.economies_compensation, Some(Number::Integer(0)));
    }

    #[test]
    fn warns_exactly_where_a_number_misleads() {
        assert!(codes(10_000, 0).is_empty());
        assert_eq!(codes(48_000, 12_000), ["capacite_batteries_surestimee"]);
        assert_eq!(codes(0, 0), ["puissance_nulle"]);
        assert!(codes(-10_000, 3000).contains(&"injection_classee_critique"));
        assert!(codes(10_000, -9000).contains(&"compensation_inadaptee"));
        assert!(codes(10_000, 9000).contains(&"recommandation_instantanee"));
    }
}
