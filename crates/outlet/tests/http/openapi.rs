//! `contracts/openapi.json` is true: every route is in it, every answer follows it, and nothing is
//! answered that it does not tell.

use crate::bench::{Bench, at, fed, id};
use crate::v1::pushed;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use outlet::{MeterInfo, Role};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use store::Batch;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../contracts/openapi.json")).expect("JSON")
}

/// The part of the document that a reference names.
fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => {
            let target = document.pointer(reference.trim_start_matches('#'));
            target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => part,
    }
}

/// Everything in which a value is not what a schema says; a field that the schema does not name is
/// a fault, too.
fn faults(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["anyOf"].as_array() {
        let found: Vec<Vec<String>> =
            choices.iter().map(|choice| faults(document, choice, value, place)).collect();
        return match found.iter().any(Vec::is_empty) {
            true => Vec::new(),
            false => found.concat(),
        };
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        Value::Null => return Vec::new(),
        one => vec![one.clone()],
    };
    if !types.iter().any(|name| is(value, name.as_str().expect("a name"))) {
        return vec![format!("{place}: {value} is no {types:?}")];
    }
    let mut found = Vec::new();
    if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
        found.push(format!("{place}: {value} is none of {allowed:?}"));
    }
    if let Some(number) = value.as_f64() {
        let beyond = schema["minimum"].as_f64().is_some_and(|least| number < least)
            || schema["maximum"].as_f64().is_some_and(|most| number > most);
        found.extend(beyond.then(|| format!("{place}: {number} is out of range")));
    }
    if let Some(text) = value.as_str().filter(|_| schema["format"] == "date-time") {
        let time = reading::Timestamp::parse_rfc3339(text);
        found.extend(time.err().map(|error| format!("{place}: {text}: {error}")));
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(faults(
                    document,
                    &schema["items"],
                    item,
                    &format!("{place}[{index}]"),
                ));
            }
        }
        Value::Object(fields) => found.extend(field_faults(document, schema, fields, place)),
        _ => {}
    }
    found
}

fn field_faults(
    document: &Value,
    schema: &Value,
    fields: &Map<String, Value>,
    place: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for name in schema["required"].as_array().into_iter().flatten() {
        if !fields.contains_key(name.as_str().expect("a name")) {
            found.push(format!("{place}: {name} is missing"));
        }
    }
    for (name, field) in fields {
        let place = format!("{place}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(known), _) => found.extend(faults(document, known, field, &place)),
            (None, every @ Value::Object(_)) => {
                found.extend(faults(document, every, field, &place));
            }
            (None, _) => found.push(format!("{place} is in no schema")),
        }
    }
    found
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}

/// An answer as it came.
struct Answer {
    status: u16,
    kind: String,
    body: String,
}

async fn ask(bench: &Bench, method: &Method, path: &str, content: Option<(&str, &str)>) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8330");
    if let Some((kind, _)) = content {
        request = request.header("content-type", kind);
    }
    let body = Body::from(content.map_or("", |(_, body)| body).to_owned());
    let answer = bench.send(request.body(body).expect("a request")).await;
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
    if kind == "text/event-stream" {
        return Answer { status, kind, body: String::new() };
    }
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    Answer { status, kind, body: String::from_utf8(body.to_vec()).expect("UTF-8") }
}

/// Holds an answer against what the document says of the path's template.
fn hold(document: &Value, (method, template, path): (&Method, &str, &str), answer: &Answer) {
    let operation = &document["paths"][template][method.as_str().to_lowercase()];
    assert!(operation.is_object(), "{method} {template} is not in the document");
    let Answer { status, kind, body } = answer;
    let response = resolved(document, &operation["responses"][status.to_string()]);
    assert!(response.is_object(), "{method} {path}: {status} is not told: {body}");
    if *status == 204 {
        assert!(body.is_empty() && response["content"].is_null(), "{method} {path}: {body}");
        return;
    }
    let content = &response["content"][kind];
    assert!(content.is_object(), "{method} {path}: {status} as {kind:?} is not told");
    if kind.ends_with("json") {
        let value: Value = serde_json::from_str(body).expect("JSON");
        let found = faults(document, &content["schema"], &value, "");
        assert!(found.is_empty(), "{method} {path} ({status}): {found:#?}\n{body}");
    }
}

/// A site with everything: a wired meter with telegrams, one that is fed, a silent one.
async fn busy() -> Bench {
    let general = MeterInfo { model: Some("lgz_e450".to_owned()), ..fed("general", Role::Main) };
    let machine = MeterInfo { parent: Some(id("general")), ..fed("presse", Role::Machine) };
    let bench = Bench::of(vec![general, machine, fed("silent", Role::Machine)]);
    let telegrams = vec![pushed("2026-05-04T09:39:15Z", 1500), pushed("2026-05-04T09:39:20Z", 0)];
    bench.store.append(Batch::live(telegrams, Vec::new())).await.expect("stored");
    for second in [18, 19, 20] {
        let row = json!({"compteur_id": "presse", "timestamp": format!("2026-05-04T09:39:{second}Z"),
            "tension_l1": 231.5, "tension_l2": 229.1, "tension_l3": 230.2, "courant_l1": 60.1,
            "courant_l2": 48.7, "courant_l3": 52.3, "courant_neutre": 9.5,
            "puissance_active_totale": 35_000, "puissance_reactive_totale": 19_000,
            "puissance_apparente_totale": 39_800, "facteur_puissance": 0.88, "frequence": 50.01,
            "thd_tension": 8.5, "thd_courant": 12.1, "energie_active_import": 123_456.7,
            "qualite": "warning"});
        bench.store(&row).await;
    }
    crate::journal::note(&bench).await;
    let kept = |delivered| crate::frames::explained(delivered);
    bench.frames.keep(&id("general"), at("2026-05-04T09:39:15Z"), kept(true));
    bench.frames.keep(&id("general"), at("2026-05-04T09:39:20Z"), kept(false));
    bench
}

const CHAPTER_25: [&str; 5] =
    ["equilibre-phases", "facteur-puissance", "charges-par-machine", "kpi-energetiques", "alertes"];

/// Template and address of reads that answer, and of reads that are refused.
fn reads() -> Vec<(String, String)> {
    let mut reads = Vec::new();
    let mut add = |template: &str, address: &str| {
        reads.push((template.to_owned(), address.to_owned()));
    };
    for route in CHAPTER_25 {
        let path = format!("/api/industrie/{route}");
        for query in [
            "",
            "?compat=strict",
            "?compteur=presse",
            "?compteur=presse&compat=strict",
            "?compteur=silent",
            "?compteur=nobody",
            "?compat=lax",
        ] {
            add(&path, &format!("{path}{query}"));
        }
    }
    let routes = ["balance", "reactive", "kpi", "availability", "energy", "production", "loads"];
    for route in routes {
        let path = format!("/api/v1/analysis/{route}");
        for query in ["", "?meter=presse", "?meter=silent", "?meter=nobody", "?meter=a&meter=b"] {
            add(&path, &format!("{path}{query}"));
        }
    }
    for meter in ["general", "presse", "silent", "nobody"] {
        for route in ["latest", "frames"] {
            let path = format!("/api/v1/meters/{meter}/{route}");
            add(&format!("/api/v1/meters/{{id}}/{route}"), &path);
        }
        let series = format!("/api/v1/series?quantity=active_power&meter={meter}");
        add("/api/v1/series", &series);
        add("/api/v1/samples", &format!("/api/v1/samples?meter={meter}&limit=2"));
        add("/api/v1/journal", &format!("/api/v1/journal?meter={meter}&limit=2"));
        add("/api/v1/alarms", &format!("/api/v1/alarms?meter={meter}"));
        add("/api/v1/events", &format!("/api/v1/events?meter={meter}"));
    }
    add("/api/v1/meters/{id}/frames", "/api/v1/meters/general/frames?limit=0");
    add("/api/v1/analysis/energy", "/api/v1/analysis/energy?step=day&meter=presse");
    let range = "from=2026-05-04T09:00:00Z&to=2026-05-04T09:40:00Z&points=40";
    add("/api/v1/analysis/loads", &format!("/api/v1/analysis/loads?{range}"));
    for path in [
        "/api/v1/site",
        "/api/v1/meters",
        "/api/v1/series",
        "/api/v1/alarms",
        "/api/v1/analysis/doctor",
        "/healthz",
        "/api/v1/session",
        "/readyz",
        "/metrics",
        "/openapi.json",
    ] {
        add(path, path);
    }
    add("/api/v1/samples", "/api/v1/samples?limit=0");
    add("/api/v1/journal", "/api/v1/journal?limit=0");
    reads
}

#[tokio::test]
async fn every_answer_is_what_the_document_says() {
    let document = document();
    let bench = busy().await;
    let mut seen = BTreeSet::new();
    for (template, address) in reads() {
        let answer = ask(&bench, &Method::GET, &address, None).await;
        if template != "/openapi.json" {
            hold(&document, (&Method::GET, &template, &address), &answer);
        }
        seen.insert((template, "get"));
    }
    let json_kind = "application/json";
    let posts = [
        ("/api/mesures", json_kind, "[]"),
        ("/api/mesures", json_kind, "{"),
        ("/api/mesures", json_kind, "{\"compteur_id\":\"nobody\"}"),
        ("/api/mesures", "text/plain", "{}"),
        ("/api/v1/samples", json_kind, "[]"),
        ("/api/v1/samples", json_kind, "{"),
        ("/api/v1/samples", json_kind, "{\"meter\":\"nobody\",\"values\":{}}"),
        (
            "/api/v1/samples",
            json_kind,
            "{\"meter\":\"presse\",\"values\":{\"production_pieces\":7}}",
        ),
        ("/api/v1/decode", json_kind, "{\"data\":\"7ea0\"}"),
        ("/api/v1/decode", json_kind, "{\"data\":\"7ea0\",\"guek\":\"12\"}"),
        ("/api/v1/decode", json_kind, "{"),
        ("/api/v1/decode", "text/plain", "7ea0"),
        ("/api/v1/decode", "application/octet-stream", "7ea0"),
        ("/api/v1/decode", "image/png", ""),
        ("/api/v1/session", json_kind, "{\"token\":\"tri_x\"}"),
        ("/api/v1/session", json_kind, "{}"),
    ];
    for (path, kind, body) in posts {
        let answer = ask(&bench, &Method::POST, path, Some((kind, body))).await;
        hold(&document, (&Method::POST, path, path), &answer);
        seen.insert((path.to_owned(), "post"));
    }
    let session = "/api/v1/session";
    let answer = ask(&bench, &Method::DELETE, session, None).await;
    hold(&document, (&Method::DELETE, session, session), &answer);
    seen.insert((session.to_owned(), "delete"));
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let tried = seen.iter().any(|seen| (&seen.0, seen.1) == (path, method.as_str()));
            assert!(tried, "{method} {path} was not tried");
        }
    }
}

#[tokio::test]
async fn what_is_served_is_the_contract() {
    let answer = ask(&Bench::one(), &Method::GET, "/openapi.json", None).await;
    assert_eq!((answer.status, answer.kind.as_str()), (200, "application/json"));
    assert_eq!(answer.body, include_str!("../../../../contracts/openapi.json"));
    let document = document();
    assert_eq!(
        (&document["openapi"], &document["info"]["title"]),
        (&json!("3.1.0"), &json!("triphase"))
    );
}

#[test]
fn every_route_in_the_source_is_in_the_document() {
    let mut routes = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let parts = text.split(".route(").skip(1);
            let literals = parts.filter_map(|part| part.trim_start().strip_prefix('"'));
            routes.extend(literals.filter_map(|part| Some(part.split_once('"')?.0.to_owned())));
        }
    }
    assert!(routes.len() >= 20, "{routes:?}");
    let document = document();
    for route in routes {
        assert!(document["paths"][&route].is_object(), "{route} is not in the document");
    }
}

#[test]
fn every_operation_has_bounds_examples_and_problems() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let place = format!("{method} {path}");
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "{place}: {name} twice");
            assert!(operation["summary"].is_string(), "{place}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = resolved(&document, parameter);
                assert!(!parameter["example"].is_null(), "{place}: {parameter}");
                let schema = &parameter["schema"];
                let bounded = ["maxLength", "maximum", "enum", "format"];
                assert!(
                    bounded.iter().any(|bound| !schema[bound].is_null()),
                    "{place}: {parameter}"
                );
                let found = faults(&document, schema, &parameter["example"], &place);
                assert!(found.is_empty(), "{found:?}");
            }
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let response = resolved(&document, response);
                for content in response["content"].as_object().into_iter().flat_map(Map::values) {
                    let Some(example) = content.get("example") else { continue };
                    let found = faults(&document, &content["schema"], example, status);
                    assert!(found.is_empty(), "{place}: {found:#?}");
                }
            }
        }
    }
}
