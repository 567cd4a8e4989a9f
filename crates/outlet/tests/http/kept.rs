//! Answers that are given again: never past what changes them.

use crate::bench::{Bench, fed, id};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use outlet::Role;
use reading::{Link, LinkState, Timestamp};
use serde_json::{Value, json};

const KPI: &str = "/api/industrie/kpi-energetiques";
const BALANCE: &str = "/api/industrie/equilibre-phases";

fn row(at: &str, watts: u32) -> Value {
    json!({"timestamp": at, "puissance_active_totale": watts,
        "tension_l1": 230, "tension_l2": 231, "tension_l3": 229,
        "courant_l1": 10, "courant_l2": 11, "courant_l3": 12})
}

async fn mean_kw(bench: &Bench, query: &str) -> Value {
    let (status, answer) = bench.get(&format!("{KPI}{query}")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["kpis"]["puissance_moyenne_kw"].clone()
}

#[tokio::test]
async fn a_stored_measurement_counts_in_the_next_answer() {
    let bench = Bench::one();
    bench.store(&row("2026-05-04T09:39:19Z", 10_000)).await;
    for query in ["", "?compat=strict"] {
        assert_eq!(mean_kw(&bench, query).await, json!(10.0));
    }
    bench.store(&row("2026-05-04T09:39:20Z", 30_000)).await;
    for query in ["", "?compat=strict"] {
        assert_eq!(mean_kw(&bench, query).await, json!(20.0));
    }
    // A late one, too.
    bench.store(&row("2026-05-04T09:00:00Z", 50_000)).await;
    assert_eq!(mean_kw(&bench, "").await, json!(30.0));
}

#[tokio::test]
async fn a_measurement_leaves_the_hour_within_a_second_of_its_time() {
    let bench = Bench::one();
    bench.store(&row("2026-05-04T08:39:22Z", 10_000)).await;
    bench.store(&row("2026-05-04T09:39:20Z", 30_000)).await;
    assert_eq!(mean_kw(&bench, "").await, json!(20.0));
    bench.set_clock("2026-05-04T09:39:22.900000Z");
    assert_eq!(mean_kw(&bench, "").await, json!(30.0));
}

#[tokio::test]
async fn a_link_that_breaks_is_told_at_once() {
    let bench = Bench::one();
    bench.store(&row("2026-05-04T09:30:00Z", 10_000)).await;
    let texts = |answer: Value| answer["avertissements"].to_string();
    let mut told = Vec::new();
    for state in [LinkState::Live, LinkState::Disconnected] {
        let since = Timestamp::from_seconds(0);
        bench.store.set_link(&id("general"), Link { state, since, cause: None, reason: None });
        told.push(texts(bench.get(BALANCE).await.1));
    }
    assert!(told[0].contains("mesure_ancienne"), "{told:?}");
    assert_ne!(told[0], told[1]);
}

#[tokio::test]
async fn meters_and_modes_have_answers_of_their_own() {
    let bench = Bench::of(vec![fed("general", Role::Main), fed("four", Role::Machine)]);
    for (meter, watts) in [("general", 10_000), ("four", 20_000)] {
        let mut row = row("2026-05-04T09:39:20Z", watts);
        row["compteur_id"] = json!(meter);
        bench.store(&row).await;
    }
    for _ in 0..2 {
        assert_eq!(mean_kw(&bench, "?compteur=general").await, json!(10.0));
        assert_eq!(mean_kw(&bench, "?compteur=four").await, json!(20.0));
        let (_, strict) = bench.get(&format!("{BALANCE}?compat=strict")).await;
        assert_eq!(strict.get("normes"), None);
        let (_, extended) = bench.get(BALANCE).await;
        assert!(extended["normes"].is_object());
        let (status, answer) = bench.get(&format!("{BALANCE}?compteur=other")).await;
        assert_eq!((status, answer), (StatusCode::NOT_FOUND, json!({"error": "Compteur inconnu"})));
    }
}

#[tokio::test]
async fn a_kept_answer_has_the_headers_of_a_new_one_and_its_door() {
    let bench = Bench::one();
    bench.store(&row("2026-05-04T09:39:20Z", 10_000)).await;
    let mut answers = Vec::new();
    for method in ["GET", "GET", "HEAD"] {
        let request = Request::builder().method(method).uri(BALANCE).header("host", "localhost");
        let answer = bench.send(request.body(Body::empty()).expect("a request")).await;
        let headers = answer.headers().clone();
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        answers.push((headers, body));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, answers[2].0);
    assert!(answers[2].1.is_empty());
    let foreign = Request::get(BALANCE).header("host", "evil.example");
    let refused = bench.send(foreign.body(Body::empty()).expect("a request")).await;
    assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn no_data_is_not_kept() {
    let bench = Bench::one();
    let (status, _) = bench.get(BALANCE).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    bench.store(&row("2026-05-04T09:39:20Z", 10_000)).await;
    assert_eq!(bench.get(BALANCE).await.0, StatusCode::OK);
}
