//! Every feature computes its example, and every shared vector holds.

use super::{calc, features};
use crate::cli::{Calc, Format};
use serde_json::Value;
use std::path::PathBuf;

fn arguments(feature: &str, values: &[&str]) -> Calc {
    Calc {
        feature: Some(feature.to_owned()),
        values: values.iter().map(|&word| word.to_owned()).collect(),
        json: None,
        format: Format::Json,
    }
}

fn computed(arguments: &Calc) -> Value {
    let mut out = Vec::new();
    calc(arguments, &mut out).expect("computable");
    serde_json::from_slice(&out).expect("JSON")
}

fn refused(feature: &str, values: &[&str]) -> String {
    let refused = calc(&arguments(feature, values), &mut Vec::new());
    refused.expect_err("not computable").to_string()
}

#[test]
fn every_example_computes_every_output_it_names() {
    for feature in features::all() {
        let words: Vec<&str> = feature.example.split(' ').collect();
        let result = computed(&arguments(feature.name, &words));
        for output in feature.outputs {
            assert!(result.get(output.key).is_some(), "{}: no {}", feature.name, output.key);
        }
        let text = Calc { format: Format::Text, ..arguments(feature.name, &words) };
        let mut out = Vec::new();
        calc(&text, &mut out).expect("computable");
        assert!(String::from_utf8(out).expect("UTF-8").contains(feature.source));
    }
}

#[test]
fn every_null_has_a_note() {
    for feature in features::all() {
        let words: Vec<&str> = feature.example.split(' ').collect();
        let result = computed(&arguments(feature.name, &words));
        let null = feature.outputs.iter().any(|output| result[output.key].is_null());
        let noted = !result["notes"].as_array().expect("notes").is_empty();
        let told = ["reason", "kind"].iter().any(|key| !result[key].is_null());
        // A cell has no reason why there is one.
        let natural = ["event_class", "resonance_order"].contains(&feature.name);
        assert!(!null || noted || told || natural, "{}: {result}", feature.name);
    }
}

#[test]
fn what_cannot_be_computed_says_what_was_expected() {
    let message = refused("qc_sizing", &["p_kw=100", "pf1=1.2", "pf2=0.95"]);
    assert!(message.contains("pf1: expected a number above 0 to 1, got 1.2"), "{message}");
    assert!(message.contains("example: triphase calc qc_sizing p_kw=100"), "{message}");
    let message = refused("qc_sizing", &["p_kw=100", "pf1=0.8"]);
    assert!(message.contains("pf2: is missing"), "{message}");
    let message = refused("qc_sizing", &["p_kW=100"]);
    assert!(message.contains("did you mean p_kw?"), "{message}");
    let message = refused("nema_lvr", &[]);
    assert!(message.contains("did you mean nema_lvur?"), "{message}");
    let message = refused("nema_lvur", &["u_ll_v=400,395"]);
    assert!(message.contains("a list of 3 numbers in V"), "{message}");
    let message = refused("nema_lvur", &["u_ll_v=400,395,x"]);
    assert!(message.contains("got 400,395,x"), "{message}");
    let message = refused("nema_lvur", &["u_ll_v=1,2,3", "u_ll_v=1,2,3"]);
    assert!(message.contains("given twice"), "{message}");
    let message = refused("enpi_baseline", &["production_t=1,2", "energy_kwh=1,2", "report=3"]);
    assert!(message.contains("an object of t, kwh"), "{message}");
    let message = refused("turpe_fixed_bt_sup36", &["p_kva=60,50,80,80", "b=1,1,1,1"]);
    assert!(message.contains("HPH ≤ HCH"), "{message}");
    let json = Calc { json: Some("{]".to_owned()), ..arguments("nema_lvur", &[]) };
    let message = calc(&json, &mut Vec::new()).expect_err("not JSON").to_string();
    assert!(message.contains("--json is not JSON"), "{message}");
}

#[test]
fn the_shared_vectors_hold() {
    let folder = std::env::var_os("TRIPHASE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(folder.join("domain.json")) else {
        assert!(std::env::var_os("CI").is_none(), "no vectors in {}", folder.display());
        println!("SKIPPED: no vectors in {}", folder.display());
        return;
    };
    let vectors: Value = serde_json::from_str(&text).expect("vectors are JSON");
    for vector in vectors["vectors"].as_array().expect("vectors") {
        let feature = vector["feature"].as_str().expect("a feature");
        if feature.starts_with("ch25_") {
            continue;
        }
        let json = Some(vector["inputs"].to_string());
        let result = computed(&Calc { json, ..arguments(feature, &[]) });
        for (key, expected) in vector["expected"].as_object().expect("expected") {
            let tolerance = &vector["tolerance"];
            let tolerance = tolerance[key].as_f64().or(tolerance.as_f64()).expect("a tolerance");
            let place = format!("{} {feature}.{key}", vector["id"]);
            compare(result.get(key).expect(&place), expected, (tolerance, &place));
        }
    }
}

fn compare(found: &Value, expected: &Value, (tolerance, place): (f64, &str)) {
    match (found, expected) {
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{place}");
            for (found, expected) in found.iter().zip(expected) {
                compare(found, expected, (tolerance, place));
            }
        }
        (Value::Number(found), Value::Number(expected)) => {
            let apart = found.as_f64().expect(place) - expected.as_f64().expect(place);
            assert!(apart.abs() <= tolerance, "{place}: {found} not {expected}");
        }
        _ => assert_eq!(found, expected, "{place}"),
    }
}
