//! `triphase calc` as an engineer types it.

use crate::process::{shared, triphase};
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn lists_every_feature_and_explains_a_result() {
    let list = triphase(&["calc"]);
    assert!(list.status.success());
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("u2_from_3_line_magnitudes") && !list.contains("ch25_"), "{list}");
    let text = triphase(&["calc", "assumed_120_bias", "u_ph_mag_v=233.543,230.843,225.683"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for part in ["formula", "source", "IEC 61000-4-30", "233.543", "limit_verdict is null", "%"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let wrong = triphase(&["calc", "nema_lvur", "u_ll_v=400,395"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("a list of 3 numbers in V") && said.contains("example:"), "{said}");
}

#[test]
fn the_binary_computes_a_vector_of_every_feature() {
    let Some(vectors) = shared("TRIPHASE_VECTORS", "vectors") else { return };
    let text = std::fs::read_to_string(vectors.join("domain.json")).expect("readable");
    let vectors: Value = serde_json::from_str(&text).expect("JSON");
    let of_feature = vectors["vectors"].as_array().expect("vectors").iter();
    let of_feature: BTreeMap<&str, &Value> = of_feature
        .map(|vector| (vector["feature"].as_str().expect("a name"), vector))
        .filter(|(feature, _)| !feature.starts_with("ch25_"))
        .collect();
    for (feature, vector) in of_feature {
        let json = vector["inputs"].to_string();
        let output = triphase(&["calc", feature, "--json", &json, "--format", "json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let result: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        for (key, expected) in vector["expected"].as_object().expect("expected") {
            let tolerance = &vector["tolerance"];
            let tolerance = tolerance[key].as_f64().or(tolerance.as_f64()).expect("a tolerance");
            let found = result.get(key).unwrap_or_else(|| panic!("{feature}: no {key}"));
            assert!(alike(found, expected, tolerance), "{feature}.{key}: {found} not {expected}");
        }
    }
}

fn alike(found: &Value, expected: &Value, tolerance: f64) -> bool {
    match (found, expected) {
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(one, two)| alike(one, two, tolerance))
        }
        (Value::Number(found), Value::Number(expected)) => {
            let pair = found.as_f64().zip(expected.as_f64());
            pair.is_some_and(|(found, expected)| (found - expected).abs() <= tolerance)
        }
        _ => found == expected,
    }
}
