//! Claims about the risks of chapter 25, beside the shared vectors.

use super::*;
use reading::Timestamp;

fn measurement(values: &[(&str, &str)]) -> Measurement {
    let values = values.iter().map(|(field, number)| {
        let quantity = Quantity::from_chapter25(field).expect("a field of the chapter");
        (quantity, number.parse::<Decimal>().expect("a number"))
    });
    Measurement::new(Timestamp::from_seconds(0), values)
}

fn voltages_of(volts: [&'static str; 3]) -> Vec<(&'static str, &'static str)> {
    ["tension_l1", "tension_l2", "tension_l3"].into_iter().zip(volts).collect()
}

fn evaluate(values: &[(&str, &str)], compare: VoltageCompare, mode: Mode) -> Answer<Risks> {
    let thresholds = Thresholds { voltage_compare: compare, ..Thresholds::default() };
    let evaluation = Evaluation {
        measurement: &measurement(values),
        thresholds: &thresholds,
        voltage_kind: VoltageKind::Phase,
    };
    risks(&evaluation, mode)
}

fn descriptions(answer: &Answer<Risks>) -> Vec<&str> {
    answer.result.risks.iter().map(|risk| risk.description.as_str()).collect()
}

#[test]
fn a_healthy_network_of_230_v_alarms_for_ever_only_in_strict_mode() {
    let healthy = voltages_of(["230", "231", "229"]);
    let strict = evaluate(&healthy, VoltageCompare::Line, Mode::Strict);
    assert_eq!(descriptions(&strict), ["Tension minimale: 229.0V"]);
    assert_eq!(strict.result.level_name(), "majeur");
    let line = evaluate(&healthy, VoltageCompare::Line, Mode::Extended);
    assert!(line.result.risks.is_empty());
    assert_eq!(line.result.level_name(), "normal");
    let as_given = evaluate(&healthy, VoltageCompare::AsGiven, Mode::Extended);
    let codes: Vec<_> = as_given.warnings.iter().map(|warning| warning.code).collect();
    assert!(codes.contains(&"tension_simple_comparee_a_une_limite_composee"));
}

#[test]
fn texts_keep_the_digits_given_and_round_what_is_converted() {
    let low =
        evaluate(&voltages_of(["374.85", "400", "400"]), VoltageCompare::AsGiven, Mode::Extended);
    assert_eq!(descriptions(&low), ["Tension minimale: 374.85V"]);
    let high =
        evaluate(&voltages_of(["246.3", "240", "240"]), VoltageCompare::Line, Mode::Extended);
    assert_eq!(descriptions(&high), ["Tension maximale: 426.6V"]);
    assert_eq!(high.result.advice[0], "Vérifier les connexions électriques");
}

#[test]
fn every_declared_threshold_is_tested_after_the_chapters_three() {
    let mut values = voltages_of(["426.6", "370.0", "400"]);
    values.extend([
        ("puissance_active_totale", "51000"),
        ("facteur_puissance", "0.8125"),
        ("courant_l1", "11.72"),
        ("courant_l2", "9.14"),
        ("courant_l3", "9.14"),
        ("thd_tension", "8.5"),
    ]);
    let answer = evaluate(&values, VoltageCompare::AsGiven, Mode::Extended);
    assert_eq!(
        descriptions(&answer),
        [
            "Risque de déclenchement protection",
            "Facteur de puissance faible: 0.812",
            "Tension minimale: 370.0V",
            "Tension maximale: 426.6V",
            "Déséquilibre des phases: 17.2 %",
            "Distorsion harmonique de tension: 8.5 %",
        ]
    );
    assert_eq!(answer.result.advice.len(), 11);
    assert!(answer.warnings.is_empty());
    let strict = evaluate(&values, VoltageCompare::AsGiven, Mode::Strict);
    assert_eq!(strict.result.risks.len(), 3);
}

#[test]
fn a_value_on_its_limit_is_no_alarm() {
    let mut values = voltages_of(["380", "420", "400"]);
    values.extend([
        ("puissance_active_totale", "50000"),
        ("facteur_puissance", "0.85"),
        ("thd_tension", "8.0"),
    ]);
    let answer = evaluate(&values, VoltageCompare::AsGiven, Mode::Extended);
    assert!(answer.result.risks.is_empty(), "{:?}", answer.result);
}

#[test]
fn what_is_missing_is_not_evaluated_and_said() {
    let answer = evaluate(&[], VoltageCompare::Line, Mode::Extended);
    assert!(answer.result.risks.is_empty());
    let codes: Vec<_> = answer.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(
        codes,
        [
            "puissance_active_absente",
            "facteur_puissance_absent",
            "tensions_absentes",
            "desequilibre_non_evalue",
            "thd_absent",
        ]
    );
    assert!(evaluate(&[], VoltageCompare::Line, Mode::Strict).result.risks.is_empty());
}

#[test]
fn every_text_is_said_in_english_too() {
    let mut values = voltages_of(["426.6", "370.0", "400"]);
    values.extend([("puissance_active_totale", "51000"), ("thd_tension", "9")]);
    let answer = evaluate(&values, VoltageCompare::AsGiven, Mode::Extended);
    let english: Vec<_> = answer.result.risks.iter().map(|risk| risk.english.as_str()).collect();
    assert!(english.contains(&"Lowest voltage: 370.0 V"), "{english:?}");
    assert!(english.contains(&"Harmonic distortion of the voltage: 9.0 %"), "{english:?}");
    assert_eq!(answer.result.english_advice.len(), answer.result.advice.len());
    for risk in &answer.result.risks {
        let condition = risk.condition;
        assert_eq!(condition.english_advice().len(), condition.advice().len());
        assert_ne!(condition.english_action(), condition.action());
    }
    let missing = evaluate(&[], VoltageCompare::Line, Mode::Extended);
    for warning in &missing.warnings {
        assert!(warning.english().ends_with('.') && warning.english() != warning.text);
    }
}

#[test]
fn distortion_alone_is_minor() {
    let answer = evaluate(&[("thd_tension", "9")], VoltageCompare::Line, Mode::Extended);
    assert_eq!(answer.result.level_name(), "mineur");
    assert_eq!(answer.result.advice, ["Vérifier les filtres et variateurs"]);
}

#[test]
fn a_machine_that_is_off_raises_no_unbalance_and_says_why() {
    let mut values = voltages_of(["231.0", "230.0", "229.0"]);
    values.extend([("courant_l1", "0.00"), ("courant_l2", "0.00"), ("courant_l3", "0.30")]);
    let codes = |answer: &Answer<Risks>| -> Vec<&str> {
        answer.warnings.iter().map(|warning| warning.code).collect()
    };
    let answer = evaluate(&values, VoltageCompare::Line, Mode::Extended);
    assert!(answer.result.risks.is_empty(), "{:?}", answer.result);
    assert!(codes(&answer).contains(&"courants_trop_faibles"), "{:?}", answer.warnings);
    let text = answer.warnings.iter().find(|warning| warning.code == "courants_trop_faibles");
    assert!(text.is_some_and(|warning| warning.text.contains("0,10 A, inférieur à 0,50 A")));
    // The voltages count all the same, and so do the currents of a machine that runs.
    values[0].1 = "300.0";
    let high_phase = evaluate(&values, VoltageCompare::Line, Mode::Extended);
    let found = |answer: &Answer<Risks>| -> Vec<Condition> {
        answer.result.risks.iter().map(|risk| risk.condition).collect()
    };
    assert!(found(&high_phase).contains(&Condition::Unbalance), "{:?}", high_phase.result);
    values[0].1 = "231.0";
    values[5].1 = "3.00";
    let runs = evaluate(&values, VoltageCompare::Line, Mode::Extended);
    assert_eq!(found(&runs), [Condition::Unbalance]);
    assert!(!codes(&runs).contains(&"courants_trop_faibles"), "{:?}", runs.warnings);
    let currents = &values[3..5];
    let alone = evaluate(
        &[currents, &[("courant_l3", "0.30")]].concat(),
        VoltageCompare::Line,
        Mode::Extended,
    );
    assert!(codes(&alone).contains(&"courants_trop_faibles"), "{:?}", alone.warnings);
}
