//! Chapter 25's routes: its vectors, its keys, its times.

use crate::bench::{Bench, fed};
use axum::http::StatusCode;
use outlet::Role;
use serde_json::{Value, json};
use std::path::PathBuf;

fn vectors() -> Option<Vec<Value>> {
    let folder = std::env::var_os("TRIPHASE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = folder.join("chapter25.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "no vectors at {}", path.display());
        println!("SKIPPED: no vectors at {}", path.display());
        return None;
    };
    let vectors: Value = serde_json::from_str(&text).expect("vectors are JSON");
    vectors["cases"].as_array().cloned()
}

#[tokio::test]
async fn every_vector_comes_back_through_post_and_get() {
    let Some(cases) = vectors() else { return };
    let meters = (0..cases.len()).map(|index| fed(&format!("m{index}"), Role::Machine));
    let bench = Bench::of(meters.collect());
    for (index, case) in cases.iter().enumerate() {
        let rows = match &case["input"] {
            Value::Array(rows) => rows.clone(),
            row => vec![row.clone()],
        };
        let rows: Vec<Value> = rows
            .into_iter()
            .enumerate()
            .map(|(second, mut row)| {
                row["compteur_id"] = json!(format!("m{index}"));
                row["timestamp"] = json!(format!("2026-05-04T09:00:{second:02}Z"));
                row
            })
            .collect();
        let (status, answer) = bench.post(&json!(rows).to_string()).await;
        assert_eq!((status, answer), (StatusCode::CREATED, json!({"enregistrees": rows.len()})));
        let (route, path) = match case["fn"].as_str().expect("a name") {
            "equilibre_phases" => ("equilibre-phases", "/equilibre"),
            "facteur_puissance" => ("facteur-puissance", "/facteur_puissance"),
            "efficacite_globale" => ("kpi-energetiques", "/kpis/efficacite_globale"),
            "risques_tension_composee" => ("alertes", ""),
            other => panic!("no route for {other}"),
        };
        let address = format!("/api/industrie/{route}?compteur=m{index}&compat=strict");
        let (status, answer) = bench.get(&address).await;
        assert_eq!(status, StatusCode::OK, "{address}");
        let given = answer.pointer(path).expect("the chapter's key");
        assert_eq!(given, &case["output"], "{address}: {}", case["input"]);
    }
}

fn full_row() -> Value {
    json!({
        "timestamp": "2026-05-04T09:39:20.5Z",
        "tension_l1": 231.2, "tension_l2": 229.8, "tension_l3": 230.4,
        "courant_l1": 12.1, "courant_l2": 11.7, "courant_l3": 12.6,
        "puissance_active_totale": 42000, "puissance_reactive_totale": 31500,
        "facteur_puissance": 0.8, "thd_tension": 2.5
    })
}

async fn text(bench: &Bench, path: &str) -> String {
    let request = axum::http::Request::get(path).header("host", "localhost");
    let request = request.body(axum::body::Body::empty()).expect("a request");
    let body = bench.send(request).await.into_body();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn strict_answers_have_the_chapters_keys_in_its_order_and_its_numbers() {
    let bench = Bench::one();
    bench.store(&full_row()).await;
    let answer = text(&bench, "/api/industrie/facteur-puissance?compat=strict").await;
    let expected = "{\"timestamp\":\"2026-05-04T09:39:20.500000\",\"facteur_puissance\":{\
        \"facteur_puissance\":0.8,\"evaluation\":\"médiocre\",\"penalite_applicable\":0.05,\
        \"economies_compensation\":-5250.0,\"compensation_recommandee\":true,\
        \"capacite_batteries_necesaire\":{\"capacite_min_kvar\":3150.0,\
        \"capacite_max_kvar\":4725.0,\"capacite_recommandee_kvar\":3937.5}}}";
    assert_eq!(answer, expected);
    let answer = text(&bench, "/api/industrie/kpi-energetiques?compat=strict").await;
    let expected = "{\"periode\":\"08:39 - 09:39\",\"kpis\":{\"puissance_moyenne_kw\":42.0,\
        \"puissance_max_kw\":42.0,\"consommation_horaire_kwh\":42.0,\"efficacite_globale\":64.0,\
        \"heures_analyse\":1,\"qualite_donnees\":100.0}}";
    assert_eq!(answer, expected);
    let answer = text(&bench, "/api/industrie/charges-par-machine?compat=strict").await;
    let expected = "{\"timestamp\":\"2026-05-04T09:39:20.500000\",\
        \"charges_par_equipement\":{\"divers\":42.0},\"total_consomme\":42.0,\
        \"pourcentages\":{\"divers\":100.0},\"methode\":{\"divers\":\"mesure\"}}";
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn whole_seconds_have_no_fraction_and_integers_stay_integers() {
    let bench = Bench::one();
    bench
        .store(&json!({"timestamp": "2026-05-04T09:39:20Z", "puissance_active_totale": 10000,
            "puissance_reactive_totale": 0}))
        .await;
    let answer = text(&bench, "/api/industrie/facteur-puissance?compat=strict").await;
    assert!(answer.starts_with("{\"timestamp\":\"2026-05-04T09:39:20\","), "{answer}");
    assert!(answer.contains("\"penalite_applicable\":0,\"economies_compensation\":0,"), "{answer}");
    assert!(answer.contains("\"facteur_puissance\":1.0,"), "{answer}");
}

#[tokio::test]
async fn otherwise_times_carry_the_sites_offset_and_norms_stand_beside() {
    let bench = Bench::one();
    bench.store(&full_row()).await;
    for route in ["equilibre-phases", "facteur-puissance", "charges-par-machine"] {
        let (status, answer) = bench.get(&format!("/api/industrie/{route}")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["timestamp"], "2026-05-04T11:39:20.500000+02:00", "{route}");
        assert!(answer["normes"].is_object() && answer["avertissements"].is_array(), "{route}");
    }
    let (_, kpi) = bench.get("/api/industrie/kpi-energetiques").await;
    assert_eq!(kpi["periode"], "10:39 - 11:39");
    assert_eq!(kpi["normes"]["qualites"], json!({"good": 1, "warning": 0, "error": 0}));
    assert_eq!(kpi["normes"]["enpi"], Value::Null);
    assert_eq!(kpi["normes"]["raisons"]["enpi"]["code"], "production_unknown");
    let (_, reactive) = bench.get("/api/industrie/facteur-puissance").await;
    let required = reactive["normes"]["qc_required_kvar"].as_f64().expect("a number");
    assert!((required - 17.695).abs() < 1e-2, "{reactive}");
    let codes = reactive["avertissements"].to_string();
    assert!(codes.contains("capacite_batteries_surestimee"), "{codes}");
    let (_, balance) = bench.get("/api/industrie/equilibre-phases").await;
    assert_eq!(balance["normes"]["u2_method"], "assumed_120");
    assert_eq!(balance["normes"]["voltage_ok"], Value::Null);
    assert!(balance["normes"]["raisons"]["voltage_ok"]["texte"].is_string());
}

#[tokio::test]
async fn alerts_compare_line_voltages_and_strict_compares_as_given() {
    let bench = Bench::one();
    bench.store(&full_row()).await;
    let (_, strict) = bench.get("/api/industrie/alertes?compat=strict").await;
    let kinds = |alerts: &Value| {
        let risks = alerts["risques_detectes"].as_array().expect("a list").iter();
        risks.map(|risk| risk["type"].as_str().expect("a type").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&strict), ["qualite_reseau", "tension_basse"]);
    assert_eq!(strict["risques_detectes"][1]["description"], "Tension minimale: 229.8V");
    assert_eq!(strict.as_object().expect("an object").len(), 3);
    let (_, alerts) = bench.get("/api/industrie/alertes").await;
    assert_eq!(kinds(&alerts), ["qualite_reseau"]);
    assert_eq!(alerts["niveau_risque"], "majeur");
    assert!(alerts["normes"].is_object() && alerts["avertissements"].is_array());
}

#[tokio::test]
async fn meters_are_found_by_id_and_unknown_ones_are_told() {
    let bench = Bench::of(vec![fed("machine", Role::Machine), fed("general", Role::Main)]);
    let mut row = full_row();
    row["compteur_id"] = json!("general");
    bench.store(&row).await;
    assert_eq!(bench.get("/api/industrie/equilibre-phases").await.0, StatusCode::OK);
    let (status, _) = bench.get("/api/industrie/equilibre-phases?compteur=general").await;
    assert_eq!(status, StatusCode::OK);
    let (status, answer) = bench.get("/api/industrie/alertes?compteur=nobody").await;
    assert_eq!((status, answer), (StatusCode::NOT_FOUND, json!({"error": "Compteur inconnu"})));
    let (status, answer) = bench.get("/api/industrie/alertes?compteur=general&compteur=x").await;
    let error = "Paramètres illisibles : compteur et compat au plus une fois chacun, en UTF-8";
    assert_eq!((status, answer), (StatusCode::BAD_REQUEST, json!({"error": error})));
    let (status, answer) = bench.get("/api/industrie/alertes?compat=loose").await;
    let error = "Paramètre compat inconnu : seul strict existe";
    assert_eq!((status, answer), (StatusCode::BAD_REQUEST, json!({"error": error})));
    for (route, error) in [
        ("equilibre-phases", "Aucune mesure disponible"),
        ("facteur-puissance", "Aucune mesure disponible"),
        ("charges-par-machine", "Aucune mesure disponible"),
        ("alertes", "Aucune mesure disponible"),
        ("kpi-energetiques", "Données insuffisantes"),
    ] {
        for compat in ["", "&compat=strict"] {
            let path = format!("/api/industrie/{route}?compteur=machine{compat}");
            let (status, answer) = bench.get(&path).await;
            assert_eq!((status, answer), (StatusCode::NOT_FOUND, json!({"error": error})));
        }
    }
}

#[tokio::test]
async fn the_last_hour_ends_with_the_clock() {
    let bench = Bench::one();
    bench.store(&full_row()).await;
    bench.set_clock("2026-05-04T10:39:20.4Z");
    assert_eq!(bench.get("/api/industrie/kpi-energetiques").await.0, StatusCode::OK);
    bench.set_clock("2026-05-04T10:39:20.6Z");
    let (status, answer) = bench.get("/api/industrie/kpi-energetiques").await;
    assert_eq!(
        (status, answer),
        (StatusCode::NOT_FOUND, json!({"error": "Données insuffisantes"}))
    );
}

#[tokio::test]
async fn the_contract_names_every_norm() {
    let bench = Bench::one();
    bench.store(&full_row()).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/http.md");
    let contract = std::fs::read_to_string(path).expect("the contract");
    for route in [
        "equilibre-phases",
        "facteur-puissance",
        "charges-par-machine",
        "kpi-energetiques",
        "alertes",
    ] {
        let (_, answer) = bench.get(&format!("/api/industrie/{route}")).await;
        let row = contract.lines().find(|line| line.starts_with(&format!("| `{route}`")));
        let row = row.expect("a row of the table");
        for norm in answer["normes"].as_object().expect("an object").keys() {
            assert!(row.contains(&format!("`{norm}")), "{route}: {norm}");
        }
    }
}
