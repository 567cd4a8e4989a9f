//! Missing is not 0: what each route says when a value is absent, null, or zero.

use crate::bench::Bench;
use axum::http::StatusCode;
use serde_json::{Value, json};

async fn answer(row: Value, path: &str) -> Value {
    let bench = Bench::one();
    bench.store(&row).await;
    let (status, answer) = bench.get(path).await;
    assert_eq!(status, StatusCode::OK, "{row} {path}");
    answer
}

fn codes(answer: &Value) -> Vec<&str> {
    let warnings = answer["avertissements"].as_array().expect("a list");
    warnings.iter().map(|warning| warning["code"].as_str().expect("a code")).collect()
}

#[tokio::test]
async fn a_missing_current_leaves_the_currents_out_of_the_score() {
    for missing in [json!({}), json!({"courant_l3": null})] {
        let mut row = json!({"tension_l1": 230, "tension_l2": 230, "tension_l3": 230,
            "courant_l1": 10, "courant_l2": 10});
        row.as_object_mut()
            .expect("an object")
            .extend(missing.as_object().expect("an object").clone());
        let balance = answer(row.clone(), "/api/industrie/equilibre-phases").await;
        assert_eq!(balance["equilibre"]["score_equilibre"], 0.0);
        assert_eq!(balance["equilibre"]["phase_plus_chargee_courant"], Value::Null);
        assert_eq!(codes(&balance), ["courants_absents"]);
        let strict = answer(row, "/api/industrie/equilibre-phases?compat=strict").await;
        // Python: (10 - 20 / 3) / (20 / 3).
        assert_eq!(strict["equilibre"]["score_equilibre"], 0.499_999_999_999_999_94);
        assert_eq!(strict["equilibre"]["phase_plus_chargee_courant"], 1);
    }
}

#[tokio::test]
async fn nothing_to_judge_is_null_and_not_perfect() {
    let row = json!({"puissance_active_totale": 1000});
    let balance = answer(row, "/api/industrie/equilibre-phases").await;
    let expected = json!({"equilibre_global": null, "score_equilibre": null,
        "phase_plus_chargee_tension": null, "phase_plus_chargee_courant": null,
        "recommandations": null});
    assert_eq!(balance["equilibre"], expected);
    assert_eq!(codes(&balance), ["tensions_absentes", "courants_absents"]);
}

#[tokio::test]
async fn an_unknown_power_has_no_power_factor() {
    let row = json!({"puissance_active_totale": 1000});
    let reactive = answer(row.clone(), "/api/industrie/facteur-puissance").await;
    let fields = reactive["facteur_puissance"].as_object().expect("an object");
    assert_eq!(fields.len(), 6);
    assert!(fields.values().all(Value::is_null), "{reactive}");
    assert_eq!(codes(&reactive), ["puissance_reactive_absente"]);
    let strict = answer(row, "/api/industrie/facteur-puissance?compat=strict").await;
    assert_eq!(strict["facteur_puissance"]["facteur_puissance"], 1.0);
}

#[tokio::test]
async fn an_unknown_power_has_no_loads() {
    let bench = Bench::one();
    bench.store(&json!({"tension_l1": 230})).await;
    let (status, answer) = bench.get("/api/industrie/charges-par-machine").await;
    let expected = json!({"error": "Aucune mesure disponible"});
    assert_eq!((status, answer), (StatusCode::NOT_FOUND, expected));
    bench.set_clock("2026-05-04T09:40:00Z");
    bench.store(&json!({"puissance_active_totale": 0})).await;
    let (status, answer) = bench.get("/api/industrie/charges-par-machine").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["charges_par_equipement"], json!({"divers": 0.0}));
    assert_eq!(answer["pourcentages"], json!({"divers": null}));
}

#[tokio::test]
async fn zero_powers_count_outside_strict_mode_and_unknown_ones_never() {
    let bench = Bench::one();
    let rows = json!([
        {"timestamp": "2026-05-04T09:30:00Z", "puissance_active_totale": 0},
        {"timestamp": "2026-05-04T09:31:00Z", "puissance_active_totale": 2000},
        {"timestamp": "2026-05-04T09:32:00Z", "tension_l1": 230, "qualite": "warning"}
    ]);
    bench.store(&rows).await;
    let (_, kpi) = bench.get("/api/industrie/kpi-energetiques").await;
    assert_eq!(kpi["kpis"]["puissance_moyenne_kw"], 1.0);
    assert_eq!(kpi["kpis"]["efficacite_globale"], Value::Null);
    let (_, strict) = bench.get("/api/industrie/kpi-energetiques?compat=strict").await;
    assert_eq!(strict["kpis"]["puissance_moyenne_kw"], 2.0);
    assert_eq!(strict["kpis"]["efficacite_globale"], 72.0);
    assert_eq!(strict["kpis"]["qualite_donnees"].as_f64(), Some(2.0 / 3.0 * 100.0));
}

#[tokio::test]
async fn an_hour_of_zeroes_is_zero_and_an_hour_without_power_is_null() {
    let zero = answer(json!({"puissance_active_totale": 0}), "/api/industrie/kpi-energetiques");
    assert_eq!(zero.await["kpis"]["puissance_moyenne_kw"], 0.0);
    let none = answer(json!({"tension_l1": 230}), "/api/industrie/kpi-energetiques").await;
    assert_eq!(none["kpis"]["puissance_moyenne_kw"], Value::Null);
    assert_eq!(none["normes"]["mean_kw"], Value::Null);
}

#[tokio::test]
async fn a_posted_row_is_never_mixed_with_another() {
    let bench = Bench::one();
    bench
        .store(&json!([
            {"timestamp": "2026-05-04T09:39:00Z", "puissance_active_totale": 1000,
             "puissance_reactive_totale": 500},
            {"timestamp": "2026-05-04T09:39:01Z", "puissance_active_totale": 2000}
        ]))
        .await;
    let (_, reactive) = bench.get("/api/industrie/facteur-puissance").await;
    assert_eq!(reactive["facteur_puissance"]["facteur_puissance"], Value::Null);
}
