//! Who is let in: where the server listens × tokens × scope × cookie × origin.

use crate::bench::{Bench, LOOPBACK, fed, read};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use outlet::Role;
use outlet::http::access::{Access, AccessError, AccessOptions, Peer, Scope};
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

const BEYOND: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 8330);
const HOST: (&str, &str) = ("host", "localhost:8330");
const ORIGIN: (&str, &str) = ("origin", "http://localhost:8330");
const JSON: (&str, &str) = ("content-type", "application/json");

fn bench(listen: SocketAddr, scopes: &[Scope]) -> (Bench, Vec<String>) {
    Bench::behind(vec![fed("general", Role::Main)], listen, scopes)
}

async fn ask(bench: &Bench, (method, path): (Method, &str), headers: &[(&str, &str)]) -> Response {
    let row = r#"{"timestamp": "2026-05-04T09:00:00Z", "tension_l1": 230}"#;
    let body = if method == Method::POST { Body::from(row) } else { Body::empty() };
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in [HOST, JSON].iter().chain(headers) {
        builder = builder.header(*name, *value);
    }
    bench.send(builder.body(body).expect("a request")).await
}

async fn get(bench: &Bench, path: &str, headers: &[(&str, &str)]) -> Response {
    ask(bench, (Method::GET, path), headers).await
}

/// Signs in, and returns the answer with its cookie.
async fn sign_in(bench: &Bench, token: &str, from: [u8; 4]) -> (StatusCode, Value, Response) {
    let body = Body::from(json!({ "token": token }).to_string());
    let request = Request::post("/api/v1/session");
    let mut request = [HOST, JSON, ORIGIN]
        .iter()
        .fold(request, |builder, (name, value)| builder.header(*name, *value))
        .body(body)
        .expect("a request");
    let peer = Peer { remote: from.into(), local: IpAddr::from([127, 0, 0, 1]) };
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = bench.send(request).await;
    let (parts, body) = answer.into_parts();
    let headers_only = Response::from_parts(parts.clone(), Body::empty());
    let (status, value) = read(Response::from_parts(parts, body)).await;
    (status, value, headers_only)
}

fn cookie(answer: &Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().expect("text");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    set.split(';').next().expect("a pair").to_owned()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn loopback_is_open_until_the_first_token_and_beyond_it_nothing_ever_is() {
    let open = Bench::one();
    assert_eq!(get(&open, "/api/v1/site", &[]).await.status(), StatusCode::OK);
    let (_, session) = open.get("/api/v1/session").await;
    let expected = json!({"open": true, "signed_in": false, "name": null, "scope": "admin"});
    assert_eq!(session, expected);
    let (status, problem, _) = sign_in(&open, "tri_00", [127, 0, 0, 1]).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("access_open")));
    for listen in [LOOPBACK, BEYOND] {
        let (shut, _) = bench(listen, &[Scope::Read]);
        let answer = get(&shut, "/api/v1/site", &[]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{listen}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"triphase\"");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let (_, problem) = read(answer).await;
        assert_eq!(problem["code"], "token_missing");
        let (_, session) = shut.get("/api/v1/session").await;
        let expected = json!({"open": false, "signed_in": false, "name": null, "scope": null});
        assert_eq!(session, expected);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let refused = Access::open(AccessOptions {
        folder: folder.path().to_owned(),
        listen: BEYOND,
        names: Vec::new(),
        tls: None,
        clock: Arc::new(|| crate::bench::at(crate::bench::NOW)),
    });
    let refused = refused.err().expect("no token");
    assert!(matches!(refused, AccessError::NoToken { .. }));
    assert!(
        refused.to_string().contains("`triphase token add NAME --scope admin --data "),
        "{refused}"
    );
}

#[tokio::test]
async fn each_scope_may_do_its_part_with_a_bearer_and_with_a_session() {
    let requests = [
        (Method::GET, "/api/v1/meters", Scope::Read),
        (Method::HEAD, "/api/v1/meters", Scope::Read),
        (Method::GET, "/api/industrie/kpi-energetiques", Scope::Read),
        (Method::GET, "/metrics", Scope::Read),
        (Method::GET, "/readyz", Scope::Read),
        (Method::GET, "/api/v1/events", Scope::Read),
        (Method::POST, "/api/mesures", Scope::Write),
        (Method::DELETE, "/api/v1/meters", Scope::Admin),
    ];
    for listen in [LOOPBACK, BEYOND] {
        let (bench, tokens) = bench(listen, &Scope::ALL);
        for (scope, token) in Scope::ALL.into_iter().zip(&tokens) {
            let (status, session, answer) = sign_in(&bench, token, [127, 0, 0, 1]).await;
            let expected = json!({"open": false, "signed_in": true, "name": scope.name(),
                "scope": scope.name()});
            assert_eq!((status, session), (StatusCode::OK, expected));
            let (cookie, bearer) = (cookie(&answer), bearer(token));
            for (method, path, needed) in &requests {
                let ways: [&[(&str, &str)]; 2] =
                    [&[("authorization", &bearer)], &[("cookie", &cookie), ORIGIN]];
                for headers in ways {
                    let answer = ask(&bench, (method.clone(), path), headers).await;
                    let is_let_in = !matches!(answer.status().as_u16(), 401 | 403);
                    let said = format!("{scope:?} {method} {path} {headers:?}");
                    assert_eq!(is_let_in, scope >= *needed, "{said}: {}", answer.status());
                    if !is_let_in {
                        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{said}");
                        let challenge =
                            answer.headers()["www-authenticate"].to_str().expect("text");
                        assert!(challenge.contains("insufficient_scope"), "{said}: {challenge}");
                    }
                }
            }
        }
        let bearer = bearer(&tokens[0]);
        let headers = [("authorization", bearer.as_str())];
        let refused = ask(&bench, (Method::POST, "/api/mesures"), &headers).await;
        let (_, problem) = read(refused).await;
        assert_eq!(problem["detail"], "This token may only read.");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_and_what_everybody_needs_is_open() {
    let (bench, tokens) = bench(LOOPBACK, &[Scope::Admin]);
    let good = bearer(&tokens[0]);
    let wrong = [
        bearer("tri_0000000000000000000000000000000000000000000000000000000000000000"),
        bearer(&tokens[0][..67]),
        tokens[0].clone(),
        format!("Basic {}", tokens[0]),
        "Bearer".to_owned(),
    ];
    for header in &wrong {
        let answer = get(&bench, "/api/v1/site", &[("authorization", header)]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{header}");
        let (_, problem) = read(answer).await;
        assert_eq!(problem["code"], "token_unknown");
    }
    let twice = [("authorization", good.as_str()), ("authorization", good.as_str())];
    assert_eq!(get(&bench, "/api/v1/site", &twice).await.status(), StatusCode::UNAUTHORIZED);
    let cased = good.replace("Bearer", "bearer");
    let answer = get(&bench, "/api/v1/site", &[("authorization", &cased)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    for cookie in ["triphase_8330=", "triphase_8330=00", "triphase_8330=ab; x=y", "x=y"] {
        let answer = get(&bench, "/api/v1/site", &[("cookie", cookie)]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{cookie}");
    }
    let html = ("accept", "text/html");
    for path in ["/", "/phases", "/healthz", "/api/v1/session"] {
        assert_eq!(get(&bench, path, &[html]).await.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_chapters_routes_refuse_in_their_own_form_and_in_french() {
    let (bench, tokens) = bench(LOOPBACK, &[Scope::Read]);
    let path = "/api/industrie/alertes";
    let (status, missing) = bench.get(path).await;
    let expected = json!({"error": "Jeton d'accès requis (Authorization: Bearer tri_…)"});
    assert_eq!((status, missing), (StatusCode::UNAUTHORIZED, expected));
    let bearer = bearer(&tokens[0]);
    let refused = ask(&bench, (Method::POST, path), &[("authorization", &bearer)]).await;
    let expected = json!({"error": "Ce jeton ne permet que la lecture"});
    assert_eq!(read(refused).await, (StatusCode::FORBIDDEN, expected));
}

#[tokio::test]
async fn a_session_writes_only_for_our_own_page_and_ends_when_signed_out() {
    let (bench, tokens) = bench(LOOPBACK, &[Scope::Write]);
    let (_, _, answer) = sign_in(&bench, &tokens[0], [127, 0, 0, 1]).await;
    let cookie = cookie(&answer);
    let session = ("cookie", cookie.as_str());
    let post = (Method::POST, "/api/mesures");
    let cases: [(&[(&str, &str)], StatusCode); 5] = [
        (&[session, ORIGIN], StatusCode::CREATED),
        (&[session, ("sec-fetch-site", "same-origin")], StatusCode::CREATED),
        (&[session], StatusCode::FORBIDDEN),
        (&[session, ("origin", "http://localhost:9999")], StatusCode::FORBIDDEN),
        (&[session, ("sec-fetch-site", "same-site")], StatusCode::FORBIDDEN),
    ];
    for (headers, expected) in cases {
        let answer = ask(&bench, post.clone(), headers).await;
        assert_eq!(answer.status(), expected, "{headers:?}");
    }
    assert_eq!(get(&bench, "/api/v1/site", &[session]).await.status(), StatusCode::OK);
    let out = (Method::DELETE, "/api/v1/session");
    assert_eq!(ask(&bench, out.clone(), &[session]).await.status(), StatusCode::FORBIDDEN);
    for _ in 0..2 {
        let answer = ask(&bench, out.clone(), &[session, ORIGIN]).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let cleared = answer.headers()["set-cookie"].to_str().expect("text");
        assert!(cleared.starts_with("triphase_8330=;") && cleared.contains("Max-Age=0"));
    }
    let answer = get(&bench, "/api/v1/site", &[session]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_locks_out_nobody_who_has_a_token() {
    let (bench, tokens) = bench(BEYOND, &[Scope::Read]);
    let (guesser, other) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    for _ in 0..6 {
        let (status, problem, _) = sign_in(&bench, "tri_guess", guesser).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(problem["code"], "token_unknown");
    }
    let (status, problem, answer) = sign_in(&bench, "tri_guess", guesser).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(problem["code"], "too_many_attempts");
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(sign_in(&bench, "tri_guess", other).await.0, StatusCode::UNAUTHORIZED);
    for from in [guesser, other] {
        assert_eq!(sign_in(&bench, &tokens[0], from).await.0, StatusCode::OK, "{from:?}");
    }
    let bearer = bearer(&tokens[0]);
    let (_, metrics) = read(get(&bench, "/metrics", &[("authorization", &bearer)]).await).await;
    let metrics = metrics.as_str().expect("text");
    for line in [
        "triphase_access_refused_total{reason=\"token_unknown\"} 7",
        "triphase_access_refused_total{reason=\"too_many_attempts\"} 1",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line}\n{metrics}");
    }
    let told = bench.audited();
    let count = |what: &str| told.iter().filter(|line| line["what"] == what).count();
    assert_eq!((count("token_refused"), count("signed_in"), count("stopped")), (7, 2, 1));
    assert!(told.iter().any(|line| line["from"] == "192.0.2.1" && line["who"] == "read"));
}

#[tokio::test]
async fn the_audit_log_tells_who_wrote_how_much_and_never_a_secret() {
    let (bench, tokens) = bench(LOOPBACK, &[Scope::Write]);
    let bearer = bearer(&tokens[0]);
    let post = (Method::POST, "/api/mesures");
    for _ in 0..2 {
        let answer = ask(&bench, post.clone(), &[("authorization", &bearer)]).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
    }
    let (_, _, answer) = sign_in(&bench, &tokens[0], [127, 0, 0, 1]).await;
    let cookie = cookie(&answer);
    let number = cookie.split('=').nth(1).expect("a number");
    let told = bench.audited();
    let posted = told.iter().find(|line| line["what"] == "posted").expect("told of");
    assert_eq!(
        (&posted["who"], &posted["requests"], &posted["rows"], &posted["path"]),
        (&json!("write"), &json!(2), &json!(2), &json!("/api/mesures"))
    );
    let text = Value::Array(told).to_string();
    assert!(!text.contains(&tokens[0][4..20]) && !text.contains(&number[..16]), "{text}");
}

#[tokio::test]
async fn configured_names_are_ours_and_the_refusal_names_the_setting() {
    let (bench, _) = bench(LOOPBACK, &[]);
    let named = |host: &'static str| {
        let request = Request::get("/healthz").header("host", host);
        bench.send(request.body(Body::empty()).expect("a request"))
    };
    assert_eq!(named("workshop-pc:8330").await.status(), StatusCode::OK);
    let refused = named("elsewhere").await;
    assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST);
    let (_, problem) = read(refused).await;
    let detail = problem["detail"].as_str().expect("text");
    assert!(detail.contains("`names` under [http]"), "{detail}");
}

#[test]
fn the_contract_names_every_code_and_field() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/http.md");
    let text = std::fs::read_to_string(path).expect("contracts/http.md");
    for word in [
        "{open, signed_in, name, scope}",
        "`token_missing`",
        "`token_unknown`",
        "`scope`",
        "`origin`",
        "`access_open`",
        "`too_many_attempts`",
        "`tokens_unreadable`",
    ] {
        assert!(text.contains(word), "{word}");
    }
}
