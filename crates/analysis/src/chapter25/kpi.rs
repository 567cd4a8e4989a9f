//! `get_kpi_energetiques` and `_calculer_efficacite_industrielle`: the KPIs of chapter 25.
//!
//! In: the rows of the last hour, oldest first. Out: the object `kpis` (`periode` is made where
//! the clock and the zone are). Source: chapter 25, "API spécialisée industrie". The mean is one
//! of samples, not of time, and stands for energy; [`crate::energy`] computes both properly.

use super::warning::french;
use super::{Answer, Mode, Number, Warning, count, sum};
use crate::{Measurement, derive};
use reading::{Quality, Quantity};

/// What the chapter puts in place of an absent or zero power factor.
const POWER_FACTOR_SUBSTITUTE: f64 = 0.9;
/// What the chapter puts in place of an absent or zero THD, percent.
const THD_SUBSTITUTE: f64 = 3.0;
/// From this mean THD on (percent), the chapter's penalty no longer grows.
const THD_SATURATION: f64 = 1.0;
/// The hour counts as covered above this share.
const COVERAGE_MIN: f64 = 0.95;
/// Sample mean and time mean count as equal within this share.
const MEAN_TOLERANCE: f64 = 0.01;

/// What a list of energy counters holds.
const COUNTERS: [Quantity; 4] = [
    Quantity::ActiveEnergyImport,
    Quantity::ActiveEnergyExport,
    Quantity::ReactiveEnergyImport,
    Quantity::ReactiveEnergyExport,
];

/// One row of the last hour.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiRow {
    /// The numbers of the row.
    pub measurement: Measurement,
    /// `qualite`.
    pub quality: Quality,
}

/// The object `kpis`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kpi {
    /// `puissance_moyenne_kw`: mean of the samples. **Unit** kW.
    pub puissance_moyenne_kw: Option<f64>,
    /// `puissance_max_kw`: largest sample. **Unit** kW.
    pub puissance_max_kw: Option<f64>,
    /// `consommation_horaire_kwh`: equal to the mean by the chapter's construction. **Unit** kWh.
    pub consommation_horaire_kwh: Option<f64>,
    /// `efficacite_globale`: mean power factor × (1 − penalty) × 100, one decimal. Not an
    /// efficiency. **Unit** percent.
    pub efficacite_globale: Option<f64>,
    /// `heures_analyse`: the integer 1.
    pub heures_analyse: Number,
    /// `qualite_donnees`: share of rows of good quality. **Unit** percent.
    pub qualite_donnees: f64,
}

/// `get_kpi_energetiques` of the rows of one hour, oldest first; `None` without rows (the
/// chapter's 404 "Données insuffisantes").
///
/// The chapter drops zero powers and crashes when nothing is left; here such an hour is 0.0.
#[must_use]
pub fn kpi(rows: &[KpiRow], mode: Mode) -> Option<Answer<Kpi>> {
    if rows.is_empty() {
        return None;
    }
    let known: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| {
            let power = derive::active_power(&row.measurement)?.value;
            Some((row.measurement.at().as_seconds_f64(), power))
        })
        .collect();
    let counted = |power: &f64| mode == Mode::Extended || *power != 0.0;
    let powers: Vec<f64> = known.iter().map(|(_, power)| *power).filter(counted).collect();
    // Every power zero: the chapter divides by no samples at all.
    let nothing_left = (!known.is_empty()).then_some(0.0);
    let (mean, maximum) = match powers.split_first() {
        Some((first, rest)) => {
            let maximum =
                rest.iter().fold(*first, |max, power| if *power > max { *power } else { max });
            let mean = sum(powers.iter().copied()) / count(powers.len());
            (Some(mean / 1000.0), Some(maximum / 1000.0))
        }
        None => (nothing_left, nothing_left),
    };
    let good = rows.iter().filter(|row| row.quality == Quality::Good).count();
    let result = Kpi {
        puissance_moyenne_kw: mean,
        puissance_max_kw: maximum,
        consommation_horaire_kwh: mean,
        efficacite_globale: efficiency(rows, mode),
        heures_analyse: Number::Integer(1),
        qualite_donnees: count(good) / count(rows.len()) * 100.0,
    };
    let warnings = match mode {
        Mode::Strict => Vec::new(),
        Mode::Extended => warnings(rows, &known, &result),
    };
    Some(Answer { result, warnings })
}

/// `_calculer_efficacite_industrielle` of the rows: mean power factor × (1 − penalty) × 100,
/// rounded to one decimal like Python's `round`.
///
/// **Unit** percent. Outside strict mode rows without a power factor or THD are left out of the
/// respective mean; without any THD there is no penalty, without any power factor no result.
#[must_use]
pub fn efficiency(rows: &[KpiRow], mode: Mode) -> Option<f64> {
    let (factors, distortions) = (power_factors(rows, mode), distortions(rows, mode));
    let factor = mean(&factors)?;
    let penalty = mean(&distortions).map_or(0.0, |thd| {
        let penalty = thd / 5.0;
        if penalty > 0.2 { 0.2 } else { penalty }
    });
    Some(round_to_tenth(factor * (1.0 - penalty) * 100.0))
}

fn power_factors(rows: &[KpiRow], mode: Mode) -> Vec<f64> {
    let given = |row: &KpiRow| row.measurement.f64(Quantity::PowerFactor);
    match mode {
        Mode::Strict => {
            rows.iter().map(|row| truthy_or(given(row), POWER_FACTOR_SUBSTITUTE)).collect()
        }
        Mode::Extended => {
            let derived = |row: &KpiRow| derive::power_factor(&row.measurement).map(|f| f.value);
            rows.iter().filter_map(|row| given(row).or_else(|| derived(row))).collect()
        }
    }
}

fn distortions(rows: &[KpiRow], mode: Mode) -> Vec<f64> {
    let given = |row: &KpiRow| row.measurement.f64(Quantity::ThdVoltage);
    match mode {
        Mode::Strict => rows.iter().map(|row| truthy_or(given(row), THD_SUBSTITUTE)).collect(),
        Mode::Extended => rows.iter().filter_map(given).collect(),
    }
}

/// Python's `value or substitute`: `None` and 0 both give way.
fn truthy_or(value: Option<f64>, substitute: f64) -> f64 {
    value.filter(|value| *value != 0.0).unwrap_or(substitute)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| sum(values.iter().copied()) / count(values.len()))
}

/// Python's `round(x, 1)`: the exact binary value to one decimal, ties to even.
fn round_to_tenth(value: f64) -> f64 {
    format!("{value:.1}").parse().expect("a printed float is a float literal")
}

fn warnings(rows: &[KpiRow], known: &[(f64, f64)], result: &Kpi) -> Vec<Warning> {
    let mut warnings = Vec::new();
    match result.puissance_moyenne_kw {
        None => warnings.push(Warning::new(
            "puissance_active_absente",
            "Aucune mesure de puissance active dans l'heure.",
            "No active power was measured in the hour.",
        )),
        Some(mean) => warnings.extend(mean_as_energy(known, mean * 1000.0)),
    }
    if known.iter().any(|(_, power)| *power < 0.0) {
        warnings.push(Warning::new(
            "injection_incluse",
            "Le site a injecté pendant l'heure : les puissances négatives sont dans la moyenne.",
            "The site exported within the hour: negative powers are in the mean.",
        ));
    }
    let thd = mean(&distortions(rows, Mode::Extended));
    warnings.extend(partial_inputs(rows, known.len()));
    if thd.is_none() {
        warnings.push(Warning::new(
            "thd_absent",
            "THD de tension absent : `efficacite_globale` est calculée sans pénalité d'harmoniques.",
"Voltage THD is missing: the chapter's index is computed without its harmonic penalty.",
        ));
    }
    warnings.push(match (result.efficacite_globale, thd) {
        (None, _) => Warning::new(
            "facteur_puissance_absent",
            "Facteur de puissance absent : `efficacite_globale` n'est pas calculable.",
"The power factor is missing: the chapter's index cannot be computed.",
        ),
        (Some(_), Some(thd)) if thd >= THD_SATURATION => Warning::new(
            "efficacite_saturee",
            "`efficacite_globale` n'est pas un rendement : c'est le facteur de puissance moyen, \
             réduit de 20 % dès que le THD atteint 1 %.",
"The chapter's index is no efficiency: it is the mean power factor, less 20 % as soon as \
the THD reaches 1 %.",
        ),
        (Some(_), _) => Warning::new(
            "efficacite_pas_un_rendement",
            "`efficacite_globale` n'est pas un rendement : c'est le facteur de puissance moyen \
             réduit d'une pénalité d'harmoniques.",
"The chapter's index is no efficiency: it is the mean power factor less a harmonic \
penalty.",
        ),
    });
    warnings
}

/// A mean over some of the rows stands for all of them: whoever reads it must know.
///
/// Rows of an energy list, which hold counters only, are no rows that lack anything.
fn partial_inputs(rows: &[KpiRow], powers: usize) -> Vec<Warning> {
    let counters_only = |row: &&KpiRow| {
        let mut quantities = row.measurement.iter().map(|(quantity, _)| quantity).peekable();
        quantities.peek().is_some() && quantities.all(|quantity| COUNTERS.contains(&quantity))
    };
    let all = rows.len() - rows.iter().filter(counters_only).count();
    let given =
        |quantity| rows.iter().filter(|row| row.measurement.f64(quantity).is_some()).count();
    let factors = power_factors(rows, Mode::Extended).len();
    let computed = factors - given(Quantity::PowerFactor);
    let partial = |code, number, french: &str, english: &str| {
        (number > 0 && number < all).then(|| {
            Warning::with_values(
                code,
                format!("{french} pour {number} des {all} mesures."),
                format!("{english} for only {number} of {all} measurements."),
            )
        })
    };
    let calculated = (computed > 0).then(|| {
        Warning::with_values(
            "facteur_puissance_calcule",
            format!(
                "Facteur de puissance calculé à partir des puissances pour {computed} des {all} \
                 mesures."
            ),
            format!(
                "The power factor is computed from the powers for {computed} of {all} measurements."
            ),
        )
    });
    let warnings = [
        partial(
            "puissance_active_partielle",
            powers,
            "La puissance active n'est connue que",
            "Active power is known",
        ),
        partial(
            "facteur_puissance_partiel",
            factors,
            "`efficacite_globale` : le facteur de puissance n'est connu que",
            "The chapter's index: the power factor is known",
        ),
        calculated,
        partial(
            "thd_partiel",
            given(Quantity::ThdVoltage),
            "`efficacite_globale` : le THD de tension n'est connu que",
            "The chapter's index: voltage THD is known",
        ),
    ];
    warnings.into_iter().flatten().collect()
}

/// The mean of samples times one hour is energy only when the samples cover the hour evenly.
fn mean_as_energy(known: &[(f64, f64)], mean: f64) -> Option<Warning> {
    let (first, last) = (known.first()?.0, known.last()?.0);
    let span = last - first;
    let gaps = count(known.len()) - 1.0;
    let covered = if gaps > 0.0 { span + span / gaps } else { 0.0 };
    if covered < COVERAGE_MIN * 3600.0 {
        let text = format!(
            "Les mesures ne couvrent que {} min : `consommation_horaire_kwh` n'est pas l'énergie \
             de l'heure.",
            french(covered / 60.0, 0),
        );
        let english = format!(
            "The measurements cover {:.0} min only: the chapter's consumption is not the energy of \
             the hour.",
            covered / 60.0,
        );
        return Some(Warning::with_values("heure_incomplete", text, english));
    }
    let weighted = known.windows(2).map(|pair| match pair {
        [(from, power), (to, _)] => power * (to - from),
        _ => 0.0,
    });
    let time_mean = sum(weighted) / span;
    ((time_mean - mean).abs() > MEAN_TOLERANCE * mean.abs()).then(|| {
        Warning::new(
            "moyenne_non_ponderee",
            "Les mesures sont inégalement espacées : leur moyenne simple n'est pas la moyenne dans \
             le temps. Voir `normes`.",
            "The measurements are unevenly spaced: their plain mean is not the mean over time.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{Decimal, Timestamp};

    fn row(second: i64, values: &[(Quantity, &str)]) -> KpiRow {
        let number = |text: &str| text.parse::<Decimal>().expect("a number");
        let values = values.iter().map(|(quantity, text)| (*quantity, number(text)));
        let measurement = Measurement::new(Timestamp::from_seconds(second), values);
        KpiRow { measurement, quality: Quality::Good }
    }

    fn powers(samples: &[(i64, &str)]) -> Vec<KpiRow> {
        samples.iter().map(|(at, watt)| row(*at, &[(Quantity::ActivePower, watt)])).collect()
    }

    #[test]
    fn rounds_like_python() {
        for (value, expected) in
            [(0.25, 0.2), (0.35, 0.3), (0.75, 0.8), (72.05, 72.0), (-0.05, -0.1)]
        {
            assert_eq!(round_to_tenth(value), expected, "{value}");
        }
    }

    #[test]
    fn zero_powers_count_only_outside_strict_mode() {
        let rows = powers(&[(0, "40000"), (600, "60000"), (1200, "0"), (3000, "20000")]);
        let strict = kpi(&rows, Mode::Strict).expect("rows").result;
        assert_eq!(strict.puissance_moyenne_kw, Some(40.0));
        assert_eq!(strict.consommation_horaire_kwh, Some(40.0));
        let extended = kpi(&rows, Mode::Extended).expect("rows").result;
        assert_eq!(extended.puissance_moyenne_kw, Some(30.0));
        assert_eq!(extended.puissance_max_kw, Some(60.0));
    }

    #[test]
    fn an_hour_of_zeros_is_zero_and_an_hour_of_nothing_is_null() {
        for mode in [Mode::Strict, Mode::Extended] {
            let idle = kpi(&powers(&[(0, "0"), (5, "0")]), mode).expect("rows").result;
            assert_eq!(idle.puissance_max_kw, Some(0.0));
            let mute = kpi(&[row(0, &[])], mode).expect("a row").result;
            assert_eq!(mute.puissance_moyenne_kw, None);
            assert_eq!(kpi(&[], mode), None);
        }
    }

    #[test]
    fn missing_factors_are_left_out_outside_strict_mode() {
        let rows = [row(0, &[(Quantity::PowerFactor, "0.8")]), row(5, &[])];
        assert_eq!(efficiency(&rows, Mode::Extended), Some(80.0));
        assert_eq!(efficiency(&rows, Mode::Strict), Some(68.0));
        assert_eq!(efficiency(&rows[1..], Mode::Extended), None);
    }

    fn texts(rows: &[KpiRow]) -> Vec<(&'static str, String)> {
        let answer = kpi(rows, Mode::Extended).expect("rows");
        answer.warnings.iter().map(|warning| (warning.code, warning.text.to_string())).collect()
    }

    #[test]
    fn an_index_that_rests_on_few_rows_says_so() {
        let mut rows: Vec<KpiRow> =
            (0..349).map(|n| row(n * 10, &[(Quantity::ActivePower, "12000")])).collect();
        rows[7] = row(70, &[(Quantity::ActivePower, "12000"), (Quantity::PowerFactor, "0.9")]);
        rows[9] = row(90, &[(Quantity::ThdVoltage, "2")]);
        let texts = texts(&rows);
        let has = |code, part| texts.iter().any(|(c, text)| *c == code && text.contains(part));
        assert!(has("puissance_active_partielle", "que pour 348 des 349 mesures."), "{texts:?}");
        assert!(has("facteur_puissance_partiel", "que pour 1 des 349 mesures."), "{texts:?}");
        assert!(has("thd_partiel", "que pour 1 des 349 mesures."), "{texts:?}");
        assert!(kpi(&rows, Mode::Strict).expect("rows").warnings.is_empty());
    }

    #[test]
    fn a_computed_power_factor_is_said_and_counter_rows_lack_nothing() {
        let powers = [(Quantity::ActivePower, "8000"), (Quantity::ReactivePower, "6000")];
        let counters = [(Quantity::ActiveEnergyImport, "1234000")];
        let texts = texts(&[row(0, &powers), row(5, &counters), row(10, &powers)]);
        let codes: Vec<_> = texts.iter().map(|(code, _)| *code).collect();
        assert!(codes.contains(&"facteur_puissance_calcule"), "{texts:?}");
        assert!(!codes.iter().any(|code| code.contains("partiel")), "{texts:?}");
    }

    #[test]
    fn an_even_full_hour_is_not_warned_about() {
        let samples: Vec<(i64, &str)> = (0..60).map(|minute| (minute * 60, "12000")).collect();
        let answer = kpi(&powers(&samples), Mode::Extended).expect("rows");
        let codes: Vec<_> = answer.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["thd_absent", "facteur_puissance_absent"]);
        let short = kpi(&powers(&samples[..20]), Mode::Extended).expect("rows");
        assert_eq!(short.warnings[0].code, "heure_incomplete");
    }
}
