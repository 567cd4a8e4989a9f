//! Every shared vector of chapter 25, compared bit for bit.

use analysis::Measurement;
use analysis::chapter25::{KpiRow, Mode, Number, balance, efficiency, power_factor};
use reading::{Decimal, Quality, Quantity, Timestamp};
use serde_json::{Value, json};
use std::path::PathBuf;

fn vectors(file: &str) -> Option<Value> {
    let folder = std::env::var_os("TRIPHASE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = folder.join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "no vectors at {}", path.display());
        println!("SKIPPED: no vectors at {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

fn measurement(input: &Value) -> Measurement {
    let fields = input.as_object().expect("an object of fields");
    let values = fields.iter().filter_map(|(field, value)| {
        let quantity = Quantity::from_chapter25(field).expect("a field of the chapter");
        let number = value.as_number()?.to_string();
        Some((quantity, number.parse::<Decimal>().expect("a decimal")))
    });
    Measurement::new(Timestamp::from_seconds(0), values)
}

fn number(number: Number) -> Value {
    match number {
        Number::Integer(integer) => json!(integer),
        Number::Float(float) => json!(float),
    }
}

fn computed(function: &str, input: &Value, mode: Mode) -> Option<Value> {
    Some(match function {
        "equilibre_phases" => {
            let result = balance(&measurement(input), mode).result;
            json!({
                "equilibre_global": result.equilibre_global,
                "score_equilibre": result.score_equilibre,
                "phase_plus_chargee_tension": result.phase_plus_chargee_tension,
                "phase_plus_chargee_courant": result.phase_plus_chargee_courant,
                "recommandations": result.recommandations,
            })
        }
        "facteur_puissance" => {
            let result = power_factor(&measurement(input), mode).result;
            let batteries = result.capacite_batteries_necesaire.expect("strict");
            json!({
                "facteur_puissance": result.facteur_puissance,
                "evaluation": result.evaluation,
                "penalite_applicable": result.penalite_applicable.map(number),
                "economies_compensation": result.economies_compensation.map(number),
                "compensation_recommandee": result.compensation_recommandee,
                "capacite_batteries_necesaire": {
                    "capacite_min_kvar": batteries.capacite_min_kvar,
                    "capacite_max_kvar": batteries.capacite_max_kvar,
                    "capacite_recommandee_kvar": batteries.capacite_recommandee_kvar,
                },
            })
        }
        "efficacite_globale" => {
            let rows = input.as_array().expect("rows").iter();
            let rows: Vec<KpiRow> = rows
                .map(|row| KpiRow { measurement: measurement(row), quality: Quality::Good })
                .collect();
            json!(efficiency(&rows, mode))
        }
        _ => return None,
    })
}

/// `serde_json` compares floats by value and tells integers from floats: 0 is not 0.0.
#[test]
fn strict_mode_equals_the_chapter_bit_for_bit() {
    let Some(vectors) = vectors("chapter25.json") else {
        return;
    };
    let mut compared = 0;
    for case in vectors["cases"].as_array().expect("cases") {
        let function = case["fn"].as_str().expect("a name");
        let Some(result) = computed(function, &case["input"], Mode::Strict) else {
            assert_eq!(function, "risques_tension_composee", "a function nobody computes");
            continue;
        };
        assert_eq!(result, case["output"], "{function} of {}", case["input"]);
        compared += 1;
    }
    assert!(compared > 100, "only {compared} vectors compared");
}

#[test]
fn extended_mode_equals_the_chapter_where_nothing_is_missing() {
    let Some(vectors) = vectors("chapter25.json") else {
        return;
    };
    let mut compared = 0;
    for case in vectors["cases"].as_array().expect("cases") {
        let (function, input) = (case["fn"].as_str().expect("a name"), &case["input"]);
        let complete = match function {
            "equilibre_phases" => input.as_object().is_some_and(|fields| fields.len() == 6),
            "facteur_puissance" => input.as_object().is_some_and(|fields| fields.len() == 2),
            _ => false,
        };
        if complete {
            let result = computed(function, input, Mode::Extended);
            assert_eq!(result.as_ref(), Some(&case["output"]), "{function} of {input}");
            compared += 1;
        }
    }
    assert!(compared > 50, "only {compared} vectors compared");
}
