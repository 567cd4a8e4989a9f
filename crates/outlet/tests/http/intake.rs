//! `POST /api/mesures`: what is stored, and what is refused with which answer.

use crate::bench::{Bench, fed};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use outlet::Role;
use serde_json::{Value, json};

#[tokio::test]
async fn digits_come_back_as_they_were_posted() {
    let bench = Bench::one();
    let row = r#"{"tension_l1": 230.10, "energie_active_import": 12345.678,
        "puissance_active_totale": 1.5e4}"#;
    assert_eq!(bench.post(row).await.0, StatusCode::CREATED);
    let (_, latest) = bench.get("/api/v1/meters/general/latest").await;
    let raw = |name: &str| {
        let value = &latest["values"][name];
        (value["raw"].as_i64(), value["exponent"].as_i64(), value["unit"].as_str())
    };
    assert_eq!(raw("voltage_l1"), (Some(23010), Some(-2), Some("V")));
    assert_eq!(raw("active_energy_import"), (Some(12_345_678), Some(0), Some("Wh")));
    assert_eq!(raw("active_power"), (Some(15), Some(3), Some("W")));
    let value = &latest["values"]["voltage_l1"];
    assert_eq!(value["measured_at"], "2026-05-04T09:39:21.250000Z");
    assert_eq!((&value["quality"], &value["method"]), (&json!("good"), &json!("measured")));
    assert_eq!((&value["obis"], &value["sample"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn the_same_again_is_stored_and_other_values_are_a_conflict() {
    let bench = Bench::one();
    let row = |voltage: &str| {
        format!("{{\"timestamp\": \"2026-05-04T09:00:00Z\", \"tension_l1\": {voltage}}}")
    };
    let stored = (StatusCode::CREATED, json!({"enregistrees": 1}));
    assert_eq!(bench.post(&row("230")).await, stored);
    assert_eq!(bench.post(&row("230")).await, stored);
    assert_eq!(bench.store.last_id(), 1);
    let (status, problem) = bench.post(&row("231")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["errors"][0]["index"], 0);
    assert_eq!(problem["errors"][0]["field"], "timestamp");
    let message = "stored sample 1 has the same meter and time and other values";
    assert_eq!(problem["errors"][0]["message"], message);
    // A conflict anywhere keeps the whole batch out.
    let batch =
        format!("[{{\"timestamp\": \"2026-05-04T09:00:01Z\", \"tension_l1\": 1}}, {}]", row("231"));
    let (status, problem) = bench.post(&batch).await;
    assert_eq!((status, &problem["errors"][0]["index"]), (StatusCode::CONFLICT, &json!(1)));
    assert_eq!(bench.store.last_id(), 1);
    // A row may contradict another one of its own batch, which has no number yet.
    let later = |voltage: &str| row(voltage).replace("09:00:00", "09:00:02");
    let batch = format!("[{}, {}, {}]", row("230"), later("230"), later("231"));
    let (status, problem) = bench.post(&batch).await;
    let expected = json!([{"index": 2, "field": "timestamp",
        "message": "row 1 of this batch has the same meter and time and other values"}]);
    assert_eq!((status, &problem["errors"]), (StatusCode::CONFLICT, &expected));
}

#[tokio::test]
async fn a_batch_with_one_wrong_row_stores_nothing() {
    let bench = Bench::one();
    let (status, problem) =
        bench.post(r#"[{"tension_l1": 230}, {"tension_l1": 23000, "tension_l9": 1}]"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["status"], 422);
    let errors = problem["errors"].as_array().expect("a list");
    let fields: Vec<_> = errors.iter().map(|e| (e["index"].as_u64(), &e["field"])).collect();
    assert_eq!(fields, [(Some(1), &json!("tension_l1")), (Some(1), &json!("tension_l9"))]);
    assert_eq!(bench.store.last_id(), 0);
}

#[tokio::test]
async fn each_kind_of_refusal_has_its_status() {
    let bench = Bench::of(vec![fed("general", Role::Main), fed("machine", Role::Machine)]);
    let long = format!("[{}{{}}]", r#"{"tension_l1":1},"#.repeat(10_000));
    let large = format!(r#"{{"compteur_id": "{}"}}"#, "x".repeat(5 * 1024 * 1024));
    let cases = [
        ("{", StatusCode::BAD_REQUEST),
        (r#"{"tension_l1": NaN}"#, StatusCode::BAD_REQUEST),
        ("", StatusCode::BAD_REQUEST),
        (&long, StatusCode::PAYLOAD_TOO_LARGE),
        (&large, StatusCode::PAYLOAD_TOO_LARGE),
        (r#"{"tension_l1": 230}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"tension_l1": 230, "compteur_id": "x"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"tension_l1": "230", "compteur_id": "machine"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"tension_l1": 230, "compteur_id": "machine"}"#, StatusCode::CREATED),
    ];
    for (body, status) in cases {
        let shown = &body[..body.len().min(80)];
        let (given, answer) = bench.post(body).await;
        assert_eq!(given, status, "{shown}: {answer}");
        if status.is_client_error() {
            assert_eq!(answer["status"], status.as_u16(), "{shown}");
            assert!(answer["title"].is_string() && answer["detail"].is_string(), "{answer}");
        }
    }
}

#[tokio::test]
async fn problems_say_that_they_are_problems() {
    let bench = Bench::one();
    let request = Request::post("/api/mesures")
        .header("host", "localhost")
        .header("content-type", "application/json; charset=utf-8");
    let answer = bench.send(request.body(Body::from("{")).expect("a request")).await;
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let request = Request::get("/api/mesures").header("host", "localhost");
    let answer = bench.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}
