//! Chapter 25's numbers through the running binary.

use crate::process::{Service, folder, shared};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Every vector of the chapter, posted and read back, equal to the last digit.
#[test]
fn answers_every_vector_of_the_chapter_exactly() {
    let Some(vectors) = shared("TRIPHASE_VECTORS", "vectors") else { return };
    let text = std::fs::read_to_string(vectors.join("chapter25.json")).expect("readable");
    let vectors: Value = serde_json::from_str(&text).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    let meters: String =
        (0..cases.len()).map(|index| format!("[[meter]]\nid = \"m{index}\"\n")).collect();
    let folder = folder(&meters);
    let service = Service::run(folder.path());
    let mut checked = BTreeMap::<&str, usize>::new();
    for (index, case) in cases.iter().enumerate() {
        let function = case["fn"].as_str().expect("a name");
        let rows = match &case["input"] {
            Value::Array(rows) => rows.clone(),
            row => vec![row.clone()],
        };
        post(&service, index, &rows);
        let answer = |route: &str| {
            let (status, value) =
                service.get(&format!("/api/industrie/{route}?compat=strict&compteur=m{index}"));
            assert_eq!(status, 200, "{function} {index}: {value}");
            value
        };
        let got = match function {
            "equilibre_phases" => answer("equilibre-phases")["equilibre"].take(),
            "facteur_puissance" => answer("facteur-puissance")["facteur_puissance"].take(),
            "risques_tension_composee" => answer("alertes"),
            "efficacite_globale" => answer("kpi-energetiques")["kpis"]["efficacite_globale"].take(),
            other => panic!("no route is known for the vectors of {other}"),
        };
        assert_eq!(got.to_string(), case["output"].to_string(), "{function} {index}");
        *checked.entry(function).or_default() += 1;
    }
    assert!(checked.len() >= 4, "{checked:?}");
    println!("chapter 25: {checked:?}");
}

fn post(service: &Service, meter: usize, rows: &[Value]) {
    let start = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(3000);
    let body: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let mut row: Map<String, Value> = row.as_object().expect("a row").clone();
            let at = start + jiff::SignedDuration::from_secs(i64::try_from(index).expect("small"));
            row.insert("timestamp".to_owned(), json!(at.to_string()));
            row.insert("compteur_id".to_owned(), json!(format!("m{meter}")));
            Value::Object(row)
        })
        .collect();
    let count = body.len();
    let (status, answer) = service.post("/api/mesures", &Value::Array(body).to_string());
    assert_eq!((status, answer), (201, json!({ "enregistrees": count })));
}

/// Beside the chapter's numbers stand the right ones, and what misleads is said.
#[test]
fn adds_the_standards_results_beside_the_chapters() {
    let folder = folder("[[meter]]\nid = \"general\"\n");
    let service = Service::run(folder.path());
    let (status, nothing) = service.get("/api/industrie/equilibre-phases");
    assert_eq!((status, nothing), (404, json!({"error": "Aucune mesure disponible"})));
    let (status, nothing) = service.get("/api/industrie/kpi-energetiques");
    assert_eq!((status, nothing), (404, json!({"error": "Données insuffisantes"})));
    let row = json!({"tension_l1": 230, "tension_l2": 231, "tension_l3": 229,
        "courant_l1": 10, "courant_l2": 10, "courant_l3": 2,
        "puissance_active_totale": 42000, "puissance_reactive_totale": 31500});
    assert_eq!(service.post("/api/mesures", &row.to_string()).0, 201);
    let (_, balance) = service.get("/api/industrie/equilibre-phases");
    assert_eq!(balance["equilibre"]["phase_plus_chargee_courant"], 1);
    let deviation = balance["normes"]["current_dev_max_pct"].as_f64().expect("a number");
    assert!((deviation - 72.727_272).abs() < 1e-4, "{balance}");
    assert!(balance["normes"]["u2_pct"].is_null() || balance["normes"]["u2_method"] != "measured");
    let (_, reactive) = service.get("/api/industrie/facteur-puissance");
    let required = reactive["normes"]["qc_required_kvar"].as_f64().expect("a number");
    assert!((required - 17.695).abs() < 1e-2, "{reactive}");
    let codes = reactive["avertissements"].as_array().expect("a list");
    assert!(!codes.is_empty(), "a capacitor bank of 3937 kvar for 31.5 kvar misleads");
    let (_, strict) = service.get("/api/industrie/facteur-puissance?compat=strict");
    assert_eq!(strict.as_object().expect("an object").len(), 2, "{strict}");
    let (status, unknown) = service.get("/api/industrie/alertes?compteur=nobody");
    assert_eq!((status, unknown), (404, json!({"error": "Compteur inconnu"})));
}

/// A batch with one wrong row stores nothing, and says which row and field.
#[test]
fn a_batch_is_stored_whole_or_not_at_all() {
    let folder = folder("[[meter]]\nid = \"general\"\n");
    let service = Service::run(folder.path());
    let batch = json!([
        {"timestamp": "2026-01-01T00:00:00Z", "tension_l1": 230.1},
        {"timestamp": "2026-01-01T00:00:05Z", "tension_l1": 23000}
    ]);
    let (status, problem) = service.post("/api/mesures", &batch.to_string());
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"][0]["index"], 1);
    assert_eq!(problem["errors"][0]["field"], "tension_l1");
    assert_eq!(service.get("/api/industrie/equilibre-phases").0, 404);
    let row = |voltage: &str| {
        format!("{{\"timestamp\":\"2026-01-01T00:00:00Z\",\"tension_l1\":{voltage}}}")
    };
    assert_eq!(service.post("/api/mesures", &row("230.10")).0, 201);
    assert_eq!(service.post("/api/mesures", &row("230.10")).0, 201, "the same again");
    assert_eq!(service.post("/api/mesures", &row("230.20")).0, 409, "other values");
    let (_, latest) = service.get("/api/v1/meters/general/latest");
    assert_eq!(latest["values"]["voltage_l1"]["raw"], 23010, "digits are kept: {latest}");
    assert_eq!(latest["values"]["voltage_l1"]["exponent"], -2);
}
