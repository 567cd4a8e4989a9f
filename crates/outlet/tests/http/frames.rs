//! The frame inspector: what is kept of a wire, and who may post captures.

use crate::bench::{Bench, at, fed, id, read};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use outlet::{
    Dialect, Direction, Explained, ExplainedDefect, ExplainedStep, ExplainedValue, Kept, Message,
    MeterInfo, OwnKey, Protection, Role,
};
use reading::{Decimal, Quality, Quantity, Reading, Unit, Value as Content};
use serde_json::{Value, json};

pub(crate) fn explained(delivered: bool) -> Explained {
    let power = Reading {
        quantity: Some(Quantity::ActivePowerImport),
        obis: Some("1-0:1.7.0*255".parse().expect("a code")),
        value: Content::Number(Decimal::new(1500, -1)),
        unit: Some(Unit::Watt),
        quality: Quality::Good,
    };
    Explained {
        protocol: "dlms",
        meter: Some("LGZ1030653520967".to_owned()),
        meter_time: None,
        measured_at: delivered.then(|| at("2026-05-04T09:39:20Z")),
        list: Some("push-1".to_owned()),
        security: Protection { encrypted: true, authenticated: true, invocation_counter: Some(7) },
        values: vec![ExplainedValue::of(&power, 1, Some(2))],
        defects: vec![ExplainedDefect {
            code: "trailing_bytes",
            detail: "2".to_owned(),
            offset: 3,
        }],
        delivered,
        offset: 0,
        length: 4,
        bytes: vec![0x7E, 0xA0, 0x0F, 0x7E],
        steps: vec![ExplainedStep { layer: "hdlc", offset: 0, length: 4, text: "HDLC".to_owned() }],
        own: Vec::new(),
    }
}

/// What a message says, as far as these tests need it.
pub(crate) fn told(message: &Message) -> Explained {
    Explained {
        protocol: message.dialect.protocol(),
        values: Vec::new(),
        defects: Vec::new(),
        length: message.length,
        bytes: message.bytes.clone(),
        own: vec![OwnKey { name: "records".to_owned(), json: "[{\"value\":1.50}]".to_owned() }],
        ..explained(message.faults.is_empty())
    }
}

fn wired() -> Bench {
    let general = MeterInfo { model: Some("lgz_e450".to_owned()), ..fed("general", Role::Main) };
    Bench::of(vec![general, fed("other", Role::Machine)])
}

#[tokio::test]
async fn the_last_telegrams_are_told_newest_first_with_their_bytes() {
    let bench = wired();
    bench.frames.keep(&id("general"), at("2026-05-04T09:39:20Z"), explained(false));
    bench.frames.keep(&id("general"), at("2026-05-04T09:39:21Z"), explained(true));
    let (status, answer) = bench.get("/api/v1/meters/general/frames").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(
        answer["frames"][0],
        json!({"id": 2, "received_at": "2026-05-04T09:39:21Z", "direction": "received",
            "protocol": "dlms",
            "meter": "LGZ1030653520967", "meter_time": null, "measured_at": "2026-05-04T09:39:20Z",
            "security": {"encrypted": true, "authenticated": true, "invocation_counter": 7},
            "values": [{"obis": "1-0:1.7.0*255", "quantity": "active_power_import", "value": 150.0,
                "unit": "W", "raw": 1500, "exponent": -1, "offset": 1, "length": 2}],
            "defects": [{"code": "trailing_bytes", "detail": "2", "offset": 3}],
            "delivered": true, "list": "push-1", "offset": 0, "length": 4, "hex": "7ea00f7e",
            "explanation": [{"layer": "hdlc", "offset": 0, "length": 4, "text": "HDLC"}]})
    );
    assert_eq!(
        (&answer["reason"], &answer["frames"][1]["delivered"]),
        (&Value::Null, &json!(false))
    );
    let (_, one) = bench.get("/api/v1/meters/general/frames?limit=1").await;
    assert_eq!(one["frames"].as_array().map(Vec::len), Some(1));
    let (_, bad) = bench.get("/api/v1/meters/general/frames?only=bad").await;
    assert_eq!(
        (&bad["frames"][0]["id"], bad["frames"].as_array().map(Vec::len)),
        (&json!(1), Some(1))
    );
}

#[tokio::test]
async fn a_message_is_explained_when_asked_for_and_keeps_its_own_keys() {
    let bench = wired();
    let message = Message {
        dialect: Dialect::Mbus,
        direction: Direction::Sent,
        bytes: vec![0x10, 0x5B, 0x05, 0x60, 0x16],
        length: 5,
        context: Vec::new(),
        faults: Vec::new(),
    };
    let place = (at("2026-05-04T09:39:20Z"), Direction::Sent);
    bench.frames.keep_message(&id("general"), place, (Kept::Message(message), true));
    let (_, answer) = bench.get("/api/v1/meters/general/frames").await;
    let frame = &answer["frames"][0];
    assert_eq!(
        (&frame["protocol"], &frame["direction"], &frame["hex"], &frame["records"]),
        (&json!("mbus"), &json!("sent"), &json!("105b056016"), &json!([{"value": 1.50}]))
    );
}

#[tokio::test]
async fn no_frames_have_a_reason() {
    let bench = wired();
    for (path, code) in [
        ("other/frames", "no_wire"),
        ("general/frames", "no_telegram"),
        ("general/frames?only=bad", "no_bad_telegram"),
    ] {
        let (status, answer) = bench.get(&format!("/api/v1/meters/{path}")).await;
        assert_eq!((status, &answer["frames"]), (StatusCode::OK, &json!([])));
        assert_eq!(answer["reason"]["code"], code, "{path}");
    }
    for query in ["limit=0", "limit=101", "only=good", "farbe=rot"] {
        let (status, _) = bench.get(&format!("/api/v1/meters/general/frames?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(bench.get("/api/v1/meters/nobody/frames").await.0, StatusCode::NOT_FOUND);
}

async fn decode(bench: &Bench, headers: &[(&str, &str)], body: &str) -> (StatusCode, Value) {
    let mut request = Request::post("/api/v1/decode").header("host", "localhost:8330");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(bench.send(request.body(Body::from(body.to_owned())).expect("a request")).await).await
}

#[tokio::test]
async fn captures_are_taken_in_three_forms_and_from_no_other_site() {
    let bench = wired();
    for kind in ["application/octet-stream", "text/plain", "text/plain; charset=utf-8"] {
        let (status, answer) = decode(&bench, &[("content-type", kind)], "7ea0").await;
        assert_eq!((status, answer), (StatusCode::OK, json!([])), "{kind}");
        let cross = [("content-type", kind), ("origin", "http://evil.example")];
        assert_eq!(decode(&bench, &cross, "7ea0").await.0, StatusCode::FORBIDDEN, "{kind}");
        let cross = [("content-type", kind), ("origin", "null")];
        assert_eq!(decode(&bench, &cross, "7ea0").await.0, StatusCode::FORBIDDEN, "{kind}");
        let cross = [("content-type", kind), ("sec-fetch-site", "cross-site")];
        assert_eq!(decode(&bench, &cross, "7ea0").await.0, StatusCode::FORBIDDEN, "{kind}");
        let own = [("content-type", kind), ("origin", "http://localhost:8330")];
        assert_eq!(decode(&bench, &own, "7ea0").await.0, StatusCode::OK, "{kind}");
        let request = Request::post("/api/mesures").header("host", "localhost:8330");
        let request = request.header("content-type", kind).body(Body::from("{}"));
        let answer = bench.send(request.expect("a request")).await;
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "only decode takes {kind}");
    }
    let form = [("content-type", "multipart/form-data")];
    assert_eq!(decode(&bench, &form, "").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(decode(&bench, &[], "7ea0").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_wrong_request_is_refused_and_no_key_is_said_back() {
    let bench = wired();
    let json = [("content-type", "application/json")];
    assert_eq!(decode(&bench, &json, "{\"data\":\"7ea0\"}").await.0, StatusCode::OK);
    for (body, status) in [
        ("{", 400),
        ("{\"guek\":\"00112233445566778899aabbccddeeff\"}", 422),
        ("{\"data\":\"7ea0\",\"guek\":\"00112233445566778899aabbccddeeff\"}", 422),
        ("{\"data\":\"7ea0\",\"guek\":[\"00112233445566778899aabbccddeeff\"]}", 422),
        ("{\"data\":\"7ea0\",\"00112233445566778899aabbccddeeff\":1}", 422),
    ] {
        let (found, problem) = decode(&bench, &json, body).await;
        assert_eq!(found.as_u16(), status, "{body}: {problem}");
        assert!(!problem.to_string().contains("0011"), "{problem}");
    }
    let large = "7".repeat((1 << 20) + 1);
    let plain = [("content-type", "text/plain")];
    assert_eq!(decode(&bench, &plain, &large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}
