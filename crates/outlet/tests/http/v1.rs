//! `/api/v1`: shapes, pages, absence.

use crate::bench::{Bench, at, fed, id};
use axum::http::StatusCode;
use outlet::Role;
use reading::{
    Decimal, ListId, Obis, Quality, Quantity, Reading, Telegram, Timestamp, Unit, Value as Content,
};
use serde_json::{Value, json};
use store::Batch;

/// A telegram of a push list: import and export, a serial number, an unknown register.
pub(crate) fn pushed(measured_at: &str, import: i64) -> Telegram {
    let reading = |quantity, obis: &str, value, unit| Reading {
        quantity,
        obis: Some(obis.parse::<Obis>().expect("a code")),
        value,
        unit,
        quality: Quality::Good,
    };
    let number = |number, exponent| Content::Number(Decimal::new(number, exponent));
    Telegram {
        meter: id("general"),
        list: ListId::new("push-1"),
        meter_time: None,
        measured_at: at(measured_at),
        received_at: at(measured_at),
        quality: Quality::Good,
        readings: vec![
            reading(
                Some(Quantity::DeviceId1),
                "0-0:96.1.0*255",
                Content::Text("LGZ1030653520967".to_owned()),
                None,
            ),
            reading(
                Some(Quantity::ActivePowerImport),
                "1-0:1.7.0*255",
                number(import, 0),
                Some(Unit::Watt),
            ),
            reading(
                Some(Quantity::ActivePowerExport),
                "1-0:2.7.0*255",
                number(0, 0),
                Some(Unit::Watt),
            ),
            reading(None, "1-0:99.99.0*255", number(7, -1), None),
        ],
    }
}

async fn append(bench: &Bench, telegrams: Vec<Telegram>) {
    bench.store.append(Batch::live(telegrams, Vec::new())).await.expect("stored");
}

#[tokio::test]
async fn latest_shows_registers_with_their_digits_and_what_follows_from_them() {
    let bench = Bench::one();
    append(&bench, vec![pushed("2026-05-04T09:39:20Z", 1500)]).await;
    let (status, latest) = bench.get("/api/v1/meters/general/latest").await;
    assert_eq!(status, StatusCode::OK);
    let import = json!({"value": 1500, "unit": "W", "measured_at": "2026-05-04T09:39:20Z",
        "received_at": "2026-05-04T09:39:20Z", "quality": "good", "period_s": null, "method": "measured",
        "obis": "1-0:1.7.0*255", "raw": 1500, "exponent": 0, "sample": 1});
    assert_eq!(latest["values"]["active_power_import"], import);
    let net = &latest["values"]["active_power"];
    assert_eq!((&net["value"], &net["method"]), (&json!(1500.0), &json!("derived")));
    assert_eq!(
        (&net["raw"], &net["obis"], &net["sample"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let unknown = &latest["values"]["1-0:99.99.0*255"];
    assert_eq!((&unknown["value"], &unknown["unit"]), (&json!(0.7), &Value::Null));
    let serial = &latest["values"]["device_id_1"];
    assert_eq!((&serial["value"], &serial["raw"]), (&json!("LGZ1030653520967"), &Value::Null));
    assert!(latest["values"].get("reactive_power").is_none());
}

#[tokio::test]
async fn a_meter_answers_to_its_serial_number() {
    let bench = Bench::one();
    append(&bench, vec![pushed("2026-05-04T09:39:20Z", 1500)]).await;
    let (status, loads) =
        bench.get("/api/industrie/charges-par-machine?compteur=LGZ1030653520967").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(loads["charges_par_equipement"], json!({"divers": 1.5}));
    let (_, meters) = bench.get("/api/v1/meters").await;
    assert_eq!(meters["meters"][0]["serial"], "LGZ1030653520967");
    let row = r#"{"compteur_id": "LGZ1030653520967", "tension_l1": 230}"#;
    assert_eq!(bench.post(row).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn a_silent_meter_has_no_values_and_every_analysis_says_why() {
    let bench = Bench::one();
    let (status, latest) = bench.get("/api/v1/meters/general/latest").await;
    let expected = json!({"meter": "general", "state": "waiting", "period_s": null, "values": {}});
    assert_eq!((status, latest), (StatusCode::OK, expected));
    for analysis in ["balance", "reactive", "availability"] {
        let (status, body) = bench.get(&format!("/api/v1/analysis/{analysis}")).await;
        assert_eq!((status, &body["reason"]["code"]), (StatusCode::OK, &json!("no_measurement")));
    }
    let (_, kpi) = bench.get("/api/v1/analysis/kpi").await;
    assert_eq!(kpi["reason"]["code"], "no_samples");
    assert_eq!(kpi["mean_kw"]["value"], Value::Null);
    assert_eq!(kpi["mean_kw"]["reason"]["code"], "no_samples");
    assert_eq!(kpi["coverage_pct"].to_string(), "0.0");
    let (_, alarms) = bench.get("/api/v1/alarms").await;
    assert_eq!(alarms["meters"][0]["level"], Value::Null);
    let (status, problem) = bench.get("/api/v1/meters/nobody/latest").await;
    assert_eq!((status, &problem["status"]), (StatusCode::NOT_FOUND, &json!(404)));
}

#[tokio::test]
async fn samples_come_page_by_page_with_their_digits() {
    let bench = Bench::one();
    let start = at("2026-05-04T09:00:00Z");
    let telegrams = (0..5).map(|second| {
        let at = Timestamp::from_micros(start.as_micros() + second * 1_000_000);
        pushed(&at.to_string(), 1000 + second)
    });
    append(&bench, telegrams.collect()).await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/samples?meter=general&limit=2".to_owned();
    loop {
        let (status, page) = bench.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let samples = page["samples"].as_array().expect("a list");
        assert!(samples.len() <= 2);
        for sample in samples {
            let import = &sample["values"]["active_power_import"];
            seen.push((sample["id"].as_u64(), import["value"].as_i64()));
        }
        let Some(next) = page["next"].as_u64() else { break };
        path = format!("/api/v1/samples?meter=general&limit=2&after={next}");
    }
    let expected: Vec<_> =
        (0..5_u32).map(|n| (Some(u64::from(n) + 1), Some(1000 + i64::from(n)))).collect();
    assert_eq!(seen, expected);
    let within = "/api/v1/samples?from=2026-05-04T11:00:01%2B02:00&to=2026-05-04T09:00:03Z";
    let (_, page) = bench.get(within).await;
    assert_eq!(page["samples"].as_array().map(Vec::len), Some(2));
    assert_eq!(page["samples"][0]["list"], "push-1");
    assert_eq!(page["next"], Value::Null);
    let (_, problem) = bench.get("/api/v1/samples?after=-1").await;
    let detail = "after: expected a whole number, 0 to 9223372036854775807, got \"-1\".";
    assert_eq!((&problem["status"], &problem["detail"]), (&json!(400), &json!(detail)));
    let (_, problem) = bench.get("/api/v1/samples?limit=1001").await;
    assert_eq!(problem["detail"], "limit: expected a whole number, 1 to 1000, got \"1001\".");
    for wrong in [
        "limit=0",
        "limit=x",
        "from=yesterday",
        "until=now",
        "meter=x",
        "meter=general&meter=general",
    ] {
        let (status, problem) = bench.get(&format!("/api/v1/samples?{wrong}")).await;
        assert!(status.is_client_error(), "{wrong}");
        assert_eq!(problem["status"], status.as_u16(), "{wrong}: {problem}");
    }
}

#[tokio::test]
async fn analyses_stand_beside_chapter_25s_numbers() {
    let bench = Bench::of(vec![fed("machine", Role::Machine), fed("general", Role::Main)]);
    bench
        .store(&json!({"compteur_id": "general", "tension_l1": 230, "tension_l2": 231,
            "tension_l3": 229, "courant_l1": 10, "courant_l2": 10, "courant_l3": 2,
            "puissance_active_totale": 60000, "puissance_reactive_totale": 31500}))
        .await;
    let (_, balance) = bench.get("/api/v1/analysis/balance").await;
    assert_eq!(balance["meter"], "general");
    assert_eq!(balance["voltage"]["u2_pct"]["method"], "assumed_120");
    assert_eq!(balance["voltage"]["ok"]["value"], Value::Null);
    assert_eq!(balance["current"]["ok"]["value"], false);
    assert_eq!(balance["advice"][0]["from"], 1);
    assert_eq!(balance["chapter25"]["highest_current_phase"], 1);
    let (_, reactive) = bench.get("/api/v1/analysis/reactive?meter=general").await;
    assert_eq!(reactive["nature"]["value"], "inductive");
    assert_eq!(reactive["pf_kind"], "displacement");
    assert_eq!(reactive["compensation"]["target_pf"], 0.95);
    let (_, alarms) = bench.get("/api/v1/alarms?meter=general").await;
    assert_eq!(alarms["meters"].as_array().map(Vec::len), Some(1));
    assert_eq!(alarms["meters"][0]["level"], "critical");
    assert_eq!(alarms["meters"][0]["alarms"][0]["key"], "overload");
    let (_, all) = bench.get("/api/v1/alarms").await;
    assert_eq!(all["meters"].as_array().map(Vec::len), Some(2));
    let (_, availability) = bench.get("/api/v1/analysis/availability").await;
    let analyses = availability["analyses"].as_array().expect("a list");
    let u2 = analyses.iter().find(|one| one["code"] == "u2").expect("u2 is judged");
    assert_eq!(u2["state"], "degraded");
    assert!(u2["reason"]["text"].is_string());
}

#[tokio::test]
async fn the_hours_energy_comes_from_the_counter() {
    let bench = Bench::one();
    let rows: Vec<Value> = (0..=60)
        .map(|minute| {
            let at = at("2026-05-04T08:39:21.25Z").as_micros() + minute * 60_000_000;
            json!({"timestamp": Timestamp::from_micros(at).to_string(),
                "puissance_active_totale": 12000,
                "energie_active_import": 1000.0 + 0.2 * f64::from(i32::try_from(minute).expect("small"))})
        })
        .collect();
    bench.store(&json!(rows)).await;
    let (_, kpi) = bench.get("/api/v1/analysis/kpi").await;
    assert_eq!(kpi["energy_kwh"]["method"], "counter", "{kpi}");
    let energy = kpi["energy_kwh"]["value"].as_f64().expect("a number");
    assert!((energy - 12.0).abs() < 1e-6, "{kpi}");
    assert_eq!(kpi["mean_kw"]["value"], 12.0);
    assert_eq!(kpi["coverage_pct"], 100.0);
    assert_eq!(kpi["chapter25"]["heures_analyse"], 1);
}

#[tokio::test]
async fn the_site_tells_its_zone_and_limits() {
    let bench = Bench::one();
    let expected = json!({"name": "Atelier", "zone": "Europe/Paris", "timezone": "Europe/Paris",
        "nominal_voltage_v": 230.0, "subscribed_power_kw": 50.0, "demand_interval_min": 10,
        "version": "0.0.0-test", "demo": false});
    assert_eq!(bench.get("/api/v1/site").await, (StatusCode::OK, expected));
}

#[tokio::test]
async fn the_hour_is_the_same_in_whichever_order_its_rows_came() {
    let rows: Vec<Value> = (0..349)
        .map(|row| {
            let at = at("2026-05-04T08:41:00Z").as_micros() + row * 10_000_000;
            json!({"timestamp": Timestamp::from_micros(at).to_string(),
                "puissance_active_totale": 10_000 + row})
        })
        .collect();
    let newest_first: Vec<Value> = rows.iter().rev().cloned().collect();
    let mut answers = Vec::new();
    for rows in [rows, newest_first] {
        let bench = Bench::one();
        bench.store(&json!(rows)).await;
        answers.push(bench.get("/api/v1/analysis/kpi").await.1);
    }
    assert_eq!(answers[0], answers[1]);
    let mean = answers[0]["mean_kw"]["value"].as_f64().expect("known");
    assert!((mean - 10.174).abs() < 0.01, "{mean}");
}
