//! `POST /api/v1/samples` and `/api/v1/analysis/production`: a PLC's counters and energy per piece.

use crate::bench::{Bench, fed, id};
use axum::http::StatusCode;
use outlet::{MeterInfo, Role};
use serde_json::{Value, json};

const SAMPLES: &str = "/api/v1/samples";

async fn post(bench: &Bench, body: &Value) -> (StatusCode, Value) {
    bench.post_to(SAMPLES, &body.to_string()).await
}

/// A press whose energy one meter measures and whose pieces a PLC counts.
fn workshop() -> Bench {
    let plc = MeterInfo { counter_of: Some(id("presse")), ..fed("automate", Role::Machine) };
    Bench::of(vec![fed("general", Role::Main), fed("presse", Role::Machine), plc])
}

fn at(minute: usize) -> String {
    format!("2026-05-04T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

/// Two hours from 06:00 with 10 kWh and 40 pieces every ten minutes; the PLC reboots at 07:00.
async fn two_hours(bench: &Bench) {
    let mut rows = Vec::new();
    for step in 0..=12 {
        let minute = 360 + 10 * step;
        let pieces = if step <= 6 { 1000 + 40 * step } else { 40 * (step - 6) };
        rows.push(json!({"meter": "presse", "measured_at": at(minute),
            "values": {"active_energy_import": {"value": 500 + 10 * step, "unit": "kWh"}}}));
        rows.push(json!({"meter": "automate", "measured_at": at(minute),
            "values": {"production_pieces": pieces, "production_mass": {"value": pieces, "unit": "t"}}}));
    }
    let (status, answer) = post(bench, &Value::Array(rows)).await;
    assert_eq!((status, answer), (StatusCode::CREATED, json!({"stored": 26})));
}

fn near(value: &Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-6 * expected.abs().max(1.0))
}

#[tokio::test]
async fn a_piece_has_its_energy_also_over_a_reboot_of_the_plc() {
    let bench = workshop();
    two_hours(&bench).await;
    let range = "from=2026-05-04T06:00:00Z&to=2026-05-04T08:00:00Z";
    let path = format!("/api/v1/analysis/production?meter=presse&{range}");
    let (status, body) = bench.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(
        body["counters"],
        json!([
            {"meter": "automate", "quantity": "production_pieces", "unit": "", "per": "piece"},
            {"meter": "automate", "quantity": "production_mass", "unit": "kg", "per": "t"},
        ])
    );
    let hours = body["bars"].as_array().expect("bars");
    assert_eq!(hours.len(), 2);
    for (hour, restarts) in hours.iter().zip([0, 1]) {
        let pieces = &hour["production"][0];
        assert!(near(&hour["import_kwh"]["value"], 60.0), "{hour}");
        assert!(near(&pieces["count"]["value"], 240.0), "{hour}");
        assert!(near(&pieces["kwh_per_unit"]["value"], 0.25), "{hour}");
        assert_eq!(pieces["restarts"], restarts, "{hour}");
        let mass = &hour["production"][1];
        assert!(near(&mass["count"]["value"], 240_000.0), "kilograms: {hour}");
        assert!(near(&mass["kwh_per_unit"]["value"], 0.25), "kWh per tonne: {hour}");
    }
    let total = &body["total"]["production"][0];
    assert!(near(&total["count"]["value"], 480.0) && near(&total["kwh_per_unit"]["value"], 0.25));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_its_reason() {
    let bench = workshop();
    let (_, none) = bench.get("/api/v1/analysis/production?meter=presse").await;
    assert_eq!(none["reason"]["code"], "no_counter");
    two_hours(&bench).await;
    let code = |body: &Value| body["production"][0]["kwh_per_unit"]["reason"]["code"].clone();
    let of = async |query: &str| {
        let (status, body) = bench.get(&format!("/api/v1/analysis/production?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    };
    let shift = of("meter=presse&from=2026-05-04T06:00:00Z&to=2026-05-04T09:00:00Z").await;
    assert_eq!(code(&shift["total"]), "coverage_too_low", "a third of it is not known");
    assert_eq!(code(&shift["bars"][2]), "no_samples");
    let main = of("from=2026-05-04T06:00:00Z&to=2026-05-04T08:00:00Z").await;
    assert_eq!((&main["counters"], &main["reason"]["code"]), (&json!([]), &json!("no_counter")));
    let idle: Vec<Value> = (1..=6)
        .map(|step| {
            json!({"meter": "automate", "measured_at": at(480 + 10 * step),
            "values": {"production_pieces": 240}})
        })
        .collect();
    assert_eq!(post(&bench, &Value::Array(idle)).await.0, StatusCode::CREATED);
    let energy: Vec<Value> = (1..=6)
        .map(|step| {
            json!({"meter": "presse", "measured_at": at(480 + 10 * step),
            "values": {"active_energy_import": 620_000 + 10 * step}})
        })
        .collect();
    assert_eq!(post(&bench, &Value::Array(energy)).await.0, StatusCode::CREATED);
    let idle = of("meter=presse&from=2026-05-04T08:00:00Z&to=2026-05-04T09:00:00Z").await;
    assert_eq!(code(&idle["bars"][0]), "nothing_produced", "{idle}");
    let (status, long) = bench.get("/api/v1/analysis/production?from=2026-01-01T00:00:00Z").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{long}");
}

/// Four hours from 04:00 of a machine that makes a piece in 2000 s, told every 20 s.
async fn slow(shown: impl Fn(i64, i64) -> i64) -> Bench {
    let bench = workshop();
    let row = |second: i64| {
        let (hour, minute) = (4 + second / 3600, second / 60 % 60);
        json!({"meter": "presse",
            "measured_at": format!("2026-05-04T{hour:02}:{minute:02}:{:02}Z", second % 60),
            "values": {"production_pieces": shown(second, 100 + second / 2000),
                "active_energy_import": 5_000_000 + second * 25 / 9}})
    };
    let rows: Vec<Value> = (0..=720).map(|step| row(20 * step)).collect();
    for rows in rows.chunks(400) {
        let (status, answer) = post(&bench, &json!(rows)).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }
    bench
}

#[tokio::test]
async fn an_hour_has_the_same_pieces_whatever_else_is_asked_and_none_that_was_not_made() {
    let nonsense = slow(|second, made| if second == 5000 { 9000 } else { made }).await;
    let set = slow(|second, made| if second > 5400 { made + 5000 } else { made }).await;
    for (name, bench, restarts) in [("nonsense", &nonsense, 0), ("set", &set, 1)] {
        for (from, to, place) in [(5, 6, 0), (4, 8, 1), (5, 7, 0)] {
            let range = format!("from=2026-05-04T0{from}:00:00Z&to=2026-05-04T0{to}:00:00Z");
            let path = format!("/api/v1/analysis/production?meter=presse&step=hour&{range}");
            let (_, body) = bench.get(&path).await;
            let hour = &body["bars"][place]["production"][0];
            let told = format!("{name}, {from} to {to}: {hour}");
            assert!(near(&hour["count"]["value"], 2.0), "{told}");
            assert!(near(&hour["kwh_per_unit"]["value"], 5.0), "{told}");
            assert_eq!(hour["restarts"], restarts, "{told}");
        }
    }
}

#[tokio::test]
async fn a_step_that_nothing_near_it_explains_is_refused() {
    let bench = slow(|second, _| if second > 5400 { 5100 } else { 100 }).await;
    let range = "from=2026-05-04T05:00:00Z&to=2026-05-04T06:00:00Z";
    let (_, body) = bench.get(&format!("/api/v1/analysis/production?meter=presse&{range}")).await;
    let total = &body["total"]["production"][0];
    assert_eq!(total["count"]["reason"]["code"], "pace_unknown", "{total}");
    assert_eq!(total["kwh_per_unit"]["reason"]["code"], "pace_unknown", "{total}");
}

#[tokio::test]
async fn posted_values_keep_their_digits_and_their_unit() {
    let bench = workshop();
    let (status, _) = bench
        .post_to(
            SAMPLES,
            r#"{"meter":"presse","measured_at":"2026-05-04T06:00:00Z","quality":"suspect",
            "values":{"active_power":{"value":12.3450,"unit":"kW"},"voltage_l1":231.20,
            "current_l1":null,"device_id_1":"A7"}}"#,
        )
        .await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, page) = bench.get("/api/v1/samples?meter=presse").await;
    let sample = &page["samples"][0];
    assert_eq!(sample["quality"], "suspect");
    assert_eq!(
        sample["values"],
        json!({"active_power": {"value": 12345.0, "unit": "W"},
            "voltage_l1": {"value": 231.2, "unit": "V"},
            "device_id_1": {"value": "A7", "unit": null}})
    );
    // The answer of GET is what POST takes.
    let again = json!({"meter": "presse", "measured_at": "2026-05-04T06:00:00Z", "quality": "suspect",
        "values": {"active_power": {"value": 12345.0, "unit": "W"}}});
    let (status, conflict) = post(&bench, &again).await;
    assert_eq!(status, StatusCode::CONFLICT, "{conflict}");
}

#[tokio::test]
async fn every_fault_is_named_and_nothing_is_stored() {
    let bench = workshop();
    let cases = [
        (json!({"values": {"production_pieces": 1}}), "meter", "several meters"),
        (json!({"meter": "x", "values": {}}), "meter", "no meter has the id"),
        (json!({"meter": "presse"}), "values", "a measurement has values"),
        (json!({"meter": "presse", "values": {"pieces": 1}}), "values.pieces", "no quantity"),
        (
            json!({"meter": "presse", "values": {"production_pieces": -1}}),
            "values.production_pieces",
            "expected 0 to",
        ),
        (
            json!({"meter": "presse", "values": {"production_pieces": "7"}}),
            "values.production_pieces",
            "expected a number, got a text",
        ),
        (
            json!({"meter": "presse", "values": {"voltage_l1": 1001}}),
            "values.voltage_l1",
            "expected 0 to 1000 V",
        ),
        (
            json!({"meter": "presse", "values": {"active_power": {"value": 1, "unit": "kVA"}}}),
            "values.active_power",
            "kVA measures something else",
        ),
        (
            json!({"meter": "presse", "values": {"active_power": {"value": 1, "scale": 2}}}),
            "values.active_power",
            "expected value and unit",
        ),
        (json!({"meter": "presse", "values": 7}), "values", "expected an object, got a number"),
        (json!({"meter": "presse", "at": 7, "values": {}}), "at", "unknown field"),
        (
            json!({"meter": "presse", "quality": "fine", "values": {}}),
            "quality",
            "expected \"good\"",
        ),
        (
            json!({"meter": "presse", "measured_at": "2026-05-04T12:00:00Z", "values": {}}),
            "measured_at",
            "ahead of the server's clock",
        ),
    ];
    for (row, field, message) in cases {
        let good = json!({"meter": "presse", "values": {"production_pieces": 1}});
        let (status, problem) = post(&bench, &json!([good, row])).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{row}: {problem}");
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["index"], &error["field"]),
            (&json!(1), &json!(field)),
            "{row}: {problem}"
        );
        assert!(error["message"].as_str().is_some_and(|text| text.contains(message)), "{problem}");
    }
    let (_, page) = bench.get("/api/v1/samples?meter=presse").await;
    assert_eq!(page["samples"], json!([]));
}
