//! `/api/v1/series`: shape, digits, bounds, help with names.

use crate::bench::Bench;
use axum::http::StatusCode;
use serde_json::{Value, json};

async fn voltages(bench: &Bench) {
    for (second, volts) in [(0, "229.5"), (1, "230.50"), (2, "231")] {
        let row = format!(
            "{{\"timestamp\":\"2026-05-04T09:30:0{second}Z\",\"tension_l1\":{volts},\"tension_l2\":1.10}}"
        );
        let (status, answer) = bench.post(&row).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }
}

#[tokio::test]
async fn extremes_keep_their_digits_and_the_resolution_is_in_seconds() {
    let bench = Bench::one();
    voltages(&bench).await;
    let range = "from=2026-05-04T09:00:00Z&to=2026-05-04T10:00:00Z&points=60";
    let (status, series) = bench.get(&format!("/api/v1/series?quantity=voltage_l1&{range}")).await;
    assert_eq!(status, StatusCode::OK, "{series}");
    assert_eq!(
        series,
        json!({"meter": "general", "quantity": "voltage_l1", "unit": "V", "resolution": 60, "reason": null,
            "points": [{"t": "2026-05-04T09:30:00Z", "min": 229.5, "mean": 691.0 / 3.0,
                "max": 231, "coverage": 0.05}]})
    );
    let request = axum::http::Request::get("/api/v1/series?quantity=voltage_l2")
        .header("host", "localhost:8330")
        .body(axum::body::Body::empty());
    let answer = bench.send(request.expect("a request")).await;
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("\"min\":1.10,") && text.contains("\"max\":1.10,"), "{text}");
}

#[tokio::test]
async fn the_last_hour_is_told_without_a_range_and_a_gap_is_never_filled() {
    let bench = Bench::one();
    voltages(&bench).await;
    let (_, series) = bench.get("/api/v1/series?quantity=voltage_l1").await;
    assert_eq!(series["resolution"], 15, "3600 s in at most 300 points");
    assert_eq!(series["points"].as_array().map(Vec::len), Some(1));
    let (status, silent) = bench.get("/api/v1/series?quantity=current_l1").await;
    assert_eq!((status, &silent["points"]), (StatusCode::OK, &json!([])));
}

#[tokio::test]
async fn a_wrong_query_is_told_what_was_expected() {
    let bench = Bench::one();
    let cases = [
        ("quantity=voltage_l", 400, "voltage_l1"),
        ("", 400, "quantity is missing"),
        ("quantity=device_id_1", 400, "no course over time"),
        ("quantity=voltage_l1&points=0", 400, "points: expected a whole number, 1 to 10000"),
        ("quantity=voltage_l1&points=10001", 400, "points: expected"),
        ("quantity=voltage_l1&from=yesterday", 400, "from: expected a time with offset"),
        (
            "quantity=voltage_l1&from=2026-05-04T10:00:00Z&to=2026-05-04T09:00:00Z",
            400,
            "must be before to",
        ),
        ("quantity=voltage_l1&from=1990-01-01T00:00:00Z", 400, "longer than 3660 days"),
        ("quantity=voltage_l1&farbe=rot", 400, "The query may hold meter, quantity,"),
        ("quantity=voltage_l1&quantity=voltage_l2", 400, "at most once"),
        ("quantity=voltage_l1&meter=nobody", 404, "No meter has the id or serial \"nobody\""),
    ];
    for (query, status, words) in cases {
        let (found, problem) = bench.get(&format!("/api/v1/series?{query}")).await;
        assert_eq!(found.as_u16(), status, "{query}: {problem}");
        assert_eq!(problem["status"], status, "{query}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(words), "{query}: {detail}");
        assert_ne!(problem["title"], Value::Null);
    }
}
