//! Old measurements and marked ones: every route says so, and bad values drive nothing.

use crate::bench::{Bench, at, id};
use axum::http::StatusCode;
use reading::{Link, LinkState};
use serde_json::{Value, json};

const ROUTES: [&str; 5] =
    ["equilibre-phases", "facteur-puissance", "charges-par-machine", "kpi-energetiques", "alertes"];

fn row(quality: &str) -> Value {
    json!({
        "timestamp": "2026-05-04T09:39:20Z", "qualite": quality,
        "tension_l1": 231, "tension_l2": 229, "tension_l3": 230,
        "courant_l1": 12, "courant_l2": 11, "courant_l3": 13,
        "puissance_active_totale": 60000, "puissance_reactive_totale": 31500,
        "facteur_puissance": 0.5, "thd_tension": 2.5
    })
}

/// The text of the warning with this code.
fn warning<'a>(warnings: &'a Value, code: &str, text: &str) -> Option<&'a str> {
    let mut warnings = warnings.as_array().expect("a list").iter();
    warnings.find(|warning| warning["code"] == code)?[text].as_str()
}

/// The warnings of every English object, by its address.
async fn english(bench: &Bench) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    for analysis in ["analysis/balance", "analysis/reactive", "analysis/kpi"] {
        let (_, body) = bench.get(&format!("/api/v1/{analysis}")).await;
        found.push((analysis, body["warnings"].clone()));
    }
    let (_, body) = bench.get("/api/v1/alarms").await;
    found.push(("alarms", body["meters"][0]["warnings"].clone()));
    found
}

#[tokio::test]
async fn an_old_measurement_is_told_with_its_age_and_the_state_of_the_link() {
    let bench = Bench::one();
    bench.store(&row("good")).await;
    let link = Link {
        state: LinkState::Disconnected,
        since: at("2026-05-04T09:40:00Z"),
        cause: None,
        reason: None,
    };
    bench.store.set_link(&id("general"), link);
    // One row has no period, so a minute is the limit.
    for (clock, old) in [("2026-05-04T09:40:20Z", false), ("2026-05-04T09:49:20Z", true)] {
        bench.set_clock(clock);
        for route in ROUTES {
            let (status, answer) = bench.get(&format!("/api/industrie/{route}")).await;
            assert_eq!(status, StatusCode::OK);
            let text = warning(&answer["avertissements"], "mesure_ancienne", "texte");
            assert_eq!(text.is_some(), old, "{route} {clock}: {answer}");
            if let Some(text) = text {
                assert_eq!(text, "La mesure date de 10 min ; la liaison est coupée.");
            }
            let (_, strict) = bench.get(&format!("/api/industrie/{route}?compat=strict")).await;
            assert!(!strict.to_string().contains("mesure_ancienne"), "{strict}");
        }
        for (path, warnings) in english(&bench).await {
            let text = warning(&warnings, "mesure_ancienne", "text");
            let expected = "The measurement is 10 min old; the link is down.";
            assert_eq!(text, old.then_some(expected), "{path} {clock}");
        }
    }
}

#[tokio::test]
async fn three_periods_of_a_slow_meter_are_not_old() {
    let bench = Bench::one();
    let times = ["2026-05-04T08:30:00Z", "2026-05-04T08:45:00Z", "2026-05-04T09:00:00Z"];
    let rows = times.map(|time| json!({"timestamp": time, "puissance_active_totale": 1000}));
    bench.store(&json!(rows)).await;
    for (clock, old) in [("2026-05-04T09:45:00Z", false), ("2026-05-04T09:45:01Z", true)] {
        bench.set_clock(clock);
        let (_, answer) = bench.get("/api/industrie/alertes").await;
        let text = warning(&answer["avertissements"], "mesure_ancienne", "texte");
        assert_eq!(text.is_some(), old, "{answer}");
    }
}

#[tokio::test]
async fn a_doubtful_measurement_is_used_and_told() {
    let bench = Bench::one();
    bench.store(&row("warning")).await;
    for route in ROUTES {
        let (_, answer) = bench.get(&format!("/api/industrie/{route}")).await;
        let text = warning(&answer["avertissements"], "qualite_mauvaise", "texte");
        assert!(text.is_some_and(|text| text.contains("warning")), "{route}: {answer}");
    }
    for (path, warnings) in english(&bench).await {
        let text = warning(&warnings, "qualite_mauvaise", "text");
        assert!(text.is_some_and(|text| text.contains("easurement")), "{path}: {warnings}");
    }
    let (_, alerts) = bench.get("/api/industrie/alertes").await;
    assert_eq!(alerts["niveau_risque"], "critique");
}

#[tokio::test]
async fn a_bad_measurement_drives_nothing_outside_strict_mode() {
    let bench = Bench::one();
    bench.store(&row("error")).await;
    let (_, alerts) = bench.get("/api/industrie/alertes").await;
    assert_eq!(alerts["niveau_risque"], "normal");
    assert_eq!(alerts["risques_detectes"], json!([]));
    let (_, balance) = bench.get("/api/industrie/equilibre-phases").await;
    assert_eq!(balance["equilibre"]["score_equilibre"], Value::Null);
    assert_eq!(balance["normes"]["status"], "no_data");
    let (_, kpi) = bench.get("/api/industrie/kpi-energetiques").await;
    assert_eq!(kpi["kpis"]["puissance_moyenne_kw"], Value::Null);
    assert_eq!(kpi["normes"]["qualites"], json!({"good": 0, "warning": 0, "error": 1}));
    assert_eq!(kpi["normes"]["max_kw"], Value::Null);
    for answer in [&alerts, &balance, &kpi] {
        let text = warning(&answer["avertissements"], "qualite_mauvaise", "texte");
        assert!(text.is_some_and(|text| text.contains("« error »")), "{answer}");
    }
    let (_, latest) = bench.get("/api/v1/meters/general/latest").await;
    assert_eq!(latest["values"]["voltage_l1"]["quality"], "bad");
    assert!(latest["values"].get("apparent_power").is_none(), "{latest}");
    let (_, strict) = bench.get("/api/industrie/alertes?compat=strict").await;
    assert_eq!(strict["niveau_risque"], "critique");
    let (_, strict) = bench.get("/api/industrie/kpi-energetiques?compat=strict").await;
    assert_eq!(strict["kpis"]["puissance_moyenne_kw"], 60.0);
}

#[tokio::test]
async fn a_computed_value_is_as_good_as_its_worst_input() {
    let bench = Bench::one();
    bench.store(&row("warning")).await;
    let (_, latest) = bench.get("/api/v1/meters/general/latest").await;
    let apparent = &latest["values"]["apparent_power"];
    assert_eq!((&apparent["method"], &apparent["quality"]), (&json!("derived"), &json!("suspect")));
}

#[tokio::test]
async fn alarms_speak_english_beside_the_chapters_words() {
    let bench = Bench::one();
    bench.store(&row("good")).await;
    let (_, alarms) = bench.get("/api/v1/alarms").await;
    let alarms = &alarms["meters"][0];
    let expected = json!({"key": "overload", "type": "overload", "type_fr": "surcharge",
        "severity": "critical", "text": "Risque de déclenchement protection",
        "text_en": "Risk that the protection trips", "action": "Réduire immédiatement la charge",
        "action_en": "Reduce the load at once", "value": 60.0, "limit": 50.0, "unit": "kW"});
    assert_eq!(alarms["alarms"][0], expected);
    assert_eq!(alarms["advice_en"][0], "Stop equipment that is not essential");
    assert_eq!(
        alarms["advice"].as_array().map(Vec::len),
        alarms["advice_en"].as_array().map(Vec::len)
    );
}
