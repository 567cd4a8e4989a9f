//! Who may ask, what the page's files and the operator's addresses answer.

use crate::bench::Bench;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;

async fn ask(bench: &Bench, path: &str, headers: &[(&str, &str)]) -> Response {
    let builder = headers
        .iter()
        .fold(Request::get(path), |builder, (name, value)| builder.header(*name, *value));
    bench.send(builder.body(Body::empty()).expect("a request")).await
}

async fn post(bench: &Bench, headers: &[(&str, &str)]) -> StatusCode {
    let builder = headers.iter().fold(Request::post("/api/mesures"), |builder, (name, value)| {
        builder.header(*name, *value)
    });
    let row = Body::from(r#"{"timestamp": "2026-05-04T09:00:00Z", "tension_l1": 230}"#);
    bench.send(builder.body(row).expect("a request")).await.status()
}

#[tokio::test]
async fn another_sites_name_for_this_machine_is_refused() {
    let bench = Bench::one();
    for (host, status) in [
        ("localhost:8330", StatusCode::OK),
        ("127.0.0.1", StatusCode::OK),
        ("[::1]:8330", StatusCode::OK),
        ("evil.example:8330", StatusCode::MISDIRECTED_REQUEST),
        ("localhost.evil.example", StatusCode::MISDIRECTED_REQUEST),
    ] {
        assert_eq!(ask(&bench, "/healthz", &[("host", host)]).await.status(), status, "{host}");
    }
    assert_eq!(ask(&bench, "/healthz", &[]).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn pages_of_other_origins_cannot_write_or_read() {
    let bench = Bench::one();
    let host = ("host", "localhost:8330");
    let json = ("content-type", "application/json");
    let same = ("origin", "http://localhost:8330");
    assert_eq!(post(&bench, &[host, json]).await, StatusCode::CREATED);
    assert_eq!(post(&bench, &[host, json, same]).await, StatusCode::CREATED);
    for origin in ["http://evil.example", "null", "http://localhost:9999", "https://evil/localhost"]
    {
        let origin = ("origin", origin);
        assert_eq!(post(&bench, &[host, json, origin]).await, StatusCode::FORBIDDEN, "{origin:?}");
        let read = ask(&bench, "/api/v1/meters", &[host, origin]).await;
        assert_eq!(read.status(), StatusCode::FORBIDDEN);
    }
    let cross = ("sec-fetch-site", "cross-site");
    assert_eq!(post(&bench, &[host, json, cross]).await, StatusCode::FORBIDDEN);
    // What a form of any page can send is not JSON.
    let form = ("content-type", "text/plain");
    assert_eq!(post(&bench, &[host, form]).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    // Without a type the body proves it, unless a browser sent it.
    assert_eq!(post(&bench, &[host]).await, StatusCode::CREATED);
    assert_eq!(post(&bench, &[host, same]).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let packed = ("content-encoding", "gzip");
    assert_eq!(post(&bench, &[host, json, packed]).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let plain = ("content-encoding", "identity");
    assert_eq!(post(&bench, &[host, json, plain]).await, StatusCode::CREATED);
    // A link on another page may open ours.
    let followed = [host, cross, ("sec-fetch-mode", "navigate"), ("accept", "text/html")];
    assert_eq!(ask(&bench, "/", &followed).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn oversized_addresses_and_headers_are_refused() {
    let bench = Bench::one();
    let host = ("host", "localhost");
    let path = format!("/api/v1/site?{}", "x".repeat(9000));
    assert_eq!(ask(&bench, &path, &[host]).await.status(), StatusCode::URI_TOO_LONG);
    let long = "x".repeat(40_000);
    let answer = ask(&bench, "/healthz", &[host, ("x-long", &long)]).await;
    assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let bench = Bench::one();
    for path in ["/", "/api/v1/site", "/api/nothing", "/healthz"] {
        let answer = ask(&bench, path, &[("host", "localhost")]).await;
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    }
}

#[tokio::test]
async fn the_page_is_answered_conditionally_and_errors_are_not_the_page() {
    let bench = Bench::one();
    let host = ("host", "localhost");
    let html = ("accept", "text/html");
    let first = ask(&bench, "/phases", &[host, html]).await;
    assert_eq!(first.headers()["content-type"], "text/html; charset=utf-8");
    let tag = first.headers()["etag"].to_str().expect("text");
    let again = ask(&bench, "/phases", &[host, html, ("if-none-match", tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let missing = ask(&bench, "/api/nothing", &[host, html]).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(missing.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn health_readiness_and_metrics_tell_the_operator() {
    let bench = Bench::one();
    assert_eq!(
        bench.get("/healthz").await,
        (StatusCode::OK, serde_json::json!({"status": "ok", "version": "0.0.0-test"}))
    );
    let (status, ready) = bench.get("/readyz").await;
    assert_eq!((status, &ready["store"]["writable"]), (StatusCode::OK, &serde_json::json!(true)));
    assert_eq!(ready["meters"][0]["state"], "waiting");
    bench.counters.defect(&crate::bench::id("general"), "fcs_mismatch");
    bench.store(&serde_json::json!({"tension_l1": 230})).await;
    let (_, metrics) = bench.get("/metrics").await;
    let metrics = metrics.as_str().expect("text");
    for line in [
        "triphase_build_info{version=\"0.0.0-test\"} 1",
        "triphase_defects_total{meter=\"general\",code=\"fcs_mismatch\"} 1",
        "triphase_telegrams_total{meter=\"general\"} 0",
        "triphase_posted_total 1",
        "triphase_store_last_id 1",
        "triphase_last_measurement_timestamp_seconds{meter=\"general\"} 1777887561.25",
        "# TYPE triphase_append_seconds summary",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line}\n{metrics}");
    }
}
