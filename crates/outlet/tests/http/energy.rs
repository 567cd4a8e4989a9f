//! `/api/v1/analysis/energy`: bars of the local calendar, from counters or power.

use crate::bench::Bench;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// A row every quarter of an hour over the end of summer time: 10 kWh and 40 kW each.
async fn october(bench: &Bench, with_counter: bool) {
    let rows = (0..=4 * 72).map(|quarter| {
        let minutes = quarter * 15;
        let (day, hour, minute) = (23 + minutes / 1440, minutes / 60 % 24, minutes % 60);
        let mut row = json!({"timestamp": format!("2026-10-{day}T{hour:02}:{minute:02}:00Z"),
            "puissance_active_totale": 40_000});
        if with_counter {
            row["energie_active_import"] = json!(1000 + 10 * quarter);
        }
        row
    });
    bench.set_clock("2026-10-26T12:00:00Z");
    bench.store(&Value::Array(rows.collect())).await;
}

fn near(value: &Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-6 * expected.abs().max(1.0))
}

#[tokio::test]
async fn the_day_on_which_summer_time_ends_has_25_hours() {
    let bench = Bench::one();
    october(&bench, true).await;
    let range = "from=2026-10-24T00:00:00%2B02:00&to=2026-10-26T00:00:00%2B01:00";
    let (status, energy) = bench.get(&format!("/api/v1/analysis/energy?step=day&{range}")).await;
    assert_eq!(status, StatusCode::OK, "{energy}");
    let days = energy["bars"].as_array().expect("bars");
    assert_eq!(days.len(), 2, "{energy}");
    assert_eq!((&days[0]["hours"], &days[1]["hours"]), (&json!(24.0), &json!(25.0)));
    assert_eq!(days[1]["local"], "2026-10-25T00:00:00+02:00");
    assert!(near(&days[0]["import_kwh"]["value"], 960.0), "{}", days[0]);
    assert!(near(&days[1]["import_kwh"]["value"], 1000.0), "{}", days[1]);
    assert_eq!(days[1]["import_kwh"]["method"], "counter");
    assert!(near(&days[1]["mean_kw"]["value"], 40.0) && near(&days[1]["max_kw"]["value"], 40.0));
    assert!(near(&days[1]["coverage_pct"], 100.0), "{}", days[1]);
    assert_eq!(days[1]["export_kwh"]["reason"], Value::Null, "P was never negative: {}", days[1]);
    assert!(near(&energy["total"]["import_kwh"]["value"], 1960.0), "{}", energy["total"]);
    assert_eq!((&energy["zone"], &energy["step"]), (&json!("Europe/Paris"), &json!("day")));
}

#[tokio::test]
async fn power_speaks_where_there_is_no_counter() {
    let bench = Bench::one();
    october(&bench, false).await;
    let range = "from=2026-10-24T10:00:00Z&to=2026-10-24T12:00:00Z";
    let (_, energy) = bench.get(&format!("/api/v1/analysis/energy?step=hour&{range}")).await;
    let hour = &energy["bars"][1];
    assert_eq!(hour["import_kwh"]["method"], "power");
    assert!(hour["import_kwh"]["value"].as_f64().is_some_and(|kwh| kwh <= 40.0 + 1e-9));
}

#[tokio::test]
async fn the_step_that_is_running_speaks_of_the_time_until_now() {
    let bench = Bench::one();
    october(&bench, true).await;
    bench.set_clock("2026-10-26T00:00:00Z");
    let (_, energy) = bench.get("/api/v1/analysis/energy?step=day").await;
    let days = energy["bars"].as_array().expect("bars");
    assert_eq!(days.len(), 30);
    let today = &days[29];
    assert_eq!((&today["complete"], &today["hours"]), (&json!(false), &json!(24.0)));
    assert!(near(&today["import_kwh"]["value"], 40.0), "{today}");
    assert!(near(&today["coverage_pct"], 100.0), "{today}");
    let long_ago = &days[0];
    assert_eq!(long_ago["import_kwh"]["value"], Value::Null);
    assert_eq!(long_ago["import_kwh"]["reason"]["code"], "no_samples");
    assert_eq!(long_ago["coverage_pct"], 0.0);
}

#[tokio::test]
async fn every_step_and_an_empty_meter_answer() {
    let bench = Bench::one();
    for (step, bars) in
        [("10min", 36), ("15min", 48), ("hour", 24), ("day", 30), ("week", 12), ("month", 12)]
    {
        let (status, energy) = bench.get(&format!("/api/v1/analysis/energy?step={step}")).await;
        assert_eq!(status, StatusCode::OK, "{energy}");
        assert_eq!(energy["bars"].as_array().map(Vec::len), Some(bars), "{step}");
        assert_eq!(energy["bars"][0]["import_kwh"]["reason"]["code"], "not_measured");
        assert_eq!(energy["total"]["import_kwh"]["reason"]["code"], "not_measured");
    }
}

#[tokio::test]
async fn a_wrong_query_is_told_what_was_expected() {
    let bench = Bench::one();
    for (query, words) in [
        ("step=fortnight", "10min, 15min, hour, day, week, month"),
        ("step=10min&from=2026-01-01T00:00:00Z", "more than 1000 steps"),
        ("step=day&from=0001-01-01T00:00:00Z", "longer than 3660 days"),
        ("step=day&from=9999-12-31T00:00:00Z&to=9999-12-31T23:00:00Z", "beyond the calendar"),
        ("from=2027-01-01T00:00:00Z", "must be before to"),
        ("farbe=rot", "meter, from, to and step"),
    ] {
        let (status, problem) = bench.get(&format!("/api/v1/analysis/energy?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(words), "{query}: {detail}");
    }
}

/// Minute readings on the minute, and a load that starts and stops within the bars.
#[tokio::test]
async fn a_bar_is_the_difference_of_the_register_at_its_edges() {
    let bench = Bench::one();
    bench.set_clock("2026-11-02T12:00:00Z");
    let mut register = 50_000_u32;
    let mut at_tens = Vec::new();
    let rows = (0..=60).map(|minute| {
        // A motor that runs for three minutes of seven: 800 Wh a minute, else 20.
        register += if minute % 7 < 3 { 800 } else { 20 };
        if minute % 10 == 0 {
            at_tens.push(f64::from(register));
        }
        let (hour, minute) = (9 + minute / 60, minute % 60);
        json!({"timestamp": format!("2026-11-02T{hour:02}:{minute:02}:00Z"),
            "energie_active_import": f64::from(register) / 1000.0})
    });
    let rows: Vec<Value> = rows.collect();
    bench.store(&Value::Array(rows)).await;
    let range = "from=2026-11-02T09:00:00Z&to=2026-11-02T10:00:00Z";
    let (_, energy) = bench.get(&format!("/api/v1/analysis/energy?step=10min&{range}")).await;
    let bars = energy["bars"].as_array().expect("bars");
    assert_eq!(bars.len(), 6, "{energy}");
    for (bar, pair) in bars.iter().zip(at_tens.windows(2)) {
        let kwh = (pair[1] - pair[0]) / 1000.0;
        assert!(near(&bar["import_kwh"]["value"], kwh), "{kwh}: {bar}");
    }
}
