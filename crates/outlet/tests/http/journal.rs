//! `/api/v1/journal`, and what its events mean for energies.

use crate::bench::{Bench, at, id};
use axum::http::StatusCode;
use reading::{JournalChange, JournalEntry, JournalKind, LinkCause};
use serde_json::{Value, json};
use store::{Batch, JournalNotes};

fn exchanged(when: &str) -> JournalEntry {
    let change = JournalChange {
        what: "device_id_1".to_owned(),
        before: Some("4711".to_owned()),
        after: Some("4712".to_owned()),
        unit: None,
    };
    let entry = JournalEntry::new(id("general"), JournalKind::MeterExchanged, at(when), at(when));
    JournalEntry { changes: vec![change], ..entry }
}

/// Notes an exchange, a loss and a return.
pub(crate) async fn note(bench: &Bench) {
    let event = |kind, when| JournalEntry::new(id("general"), kind, at(when), at(when));
    let lost = JournalEntry {
        cause: Some(LinkCause::NoDevice),
        reason: Some("no such device".to_owned()),
        ..event(JournalKind::LinkLost, "2026-05-04T07:00:00Z")
    };
    let back = event(JournalKind::LinkRestored, "2026-05-04T08:00:00Z");
    noted(bench, vec![exchanged("2026-05-04T06:00:00Z"), lost, back]).await;
}

async fn noted(bench: &Bench, entries: Vec<JournalEntry>) {
    let notes = JournalNotes { entries, states: Vec::new() };
    bench.store.append(Batch::notes(notes)).await.expect("noted");
}

#[tokio::test]
async fn events_are_told_page_by_page() {
    let bench = Bench::one();
    note(&bench).await;
    let (status, page) = bench.get("/api/v1/journal?limit=2").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let first = &page["entries"][0];
    assert_eq!(
        (&first["kind"], &first["at"]),
        (&json!("meter_exchanged"), &json!("2026-05-04T06:00:00Z"))
    );
    let change = json!({"what": "device_id_1", "before": "4711", "after": "4712", "unit": null});
    assert_eq!(first["changes"], json!([change]));
    assert_eq!(page["entries"][1]["cause"], "no_device");
    let (_, rest) = bench.get(&format!("/api/v1/journal?after={}", page["next"])).await;
    assert_eq!((rest["entries"].as_array().map(Vec::len), &rest["next"]), (Some(1), &Value::Null));
    let (_, bounded) =
        bench.get("/api/v1/journal?from=2026-05-04T06:30:00Z&to=2026-05-04T07:30:00Z").await;
    assert_eq!(bounded["entries"].as_array().map(Vec::len), Some(1), "{bounded}");
    for wrong in ["form=x", "order=backwards"] {
        let (status, refused) = bench.get(&format!("/api/v1/journal?{wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    }
}

#[tokio::test]
async fn the_newest_events_come_first_where_that_is_asked() {
    let bench = Bench::one();
    note(&bench).await;
    let kinds = |page: &Value| -> Vec<Value> {
        let entries = page["entries"].as_array().expect("entries");
        entries.iter().map(|entry| entry["kind"].clone()).collect()
    };
    let (_, page) = bench.get("/api/v1/journal?order=newest&limit=2").await;
    assert_eq!(kinds(&page), ["link_restored", "link_lost"]);
    let next = format!("/api/v1/journal?order=newest&limit=2&after={}", page["next"]);
    let (_, rest) = bench.get(&next).await;
    assert_eq!((kinds(&rest), &rest["next"]), (vec![json!("meter_exchanged")], &Value::Null));
}

/// A row every five minutes of two hours at 40 kW; the counter shows what a test makes of it.
async fn two_hours(bench: &Bench, shown: impl Fn(i64, f64) -> f64) {
    let rows = (0..=24).map(|n| {
        let kwh = shown(n, 5000.0 + 40.0 * n as f64 / 12.0);
        json!({"timestamp": format!("2026-05-04T{:02}:{:02}:00Z", 7 + n / 12, 5 * (n % 12)),
            "energie_active_import": (kwh * 1000.0).round() / 1000.0})
    });
    bench.set_clock("2026-05-04T09:00:00Z");
    bench.store(&Value::Array(rows.collect())).await;
}

async fn hour_and_bars(bench: &Bench) -> (Option<f64>, f64) {
    let (_, kpi) = bench.get("/api/v1/analysis/kpi").await;
    let path =
        "/api/v1/analysis/energy?step=hour&from=2026-05-04T07:00:00Z&to=2026-05-04T09:00:00Z";
    let (_, energy) = bench.get(path).await;
    let bars = energy["bars"].as_array().expect("bars").iter();
    let bars = bars.filter_map(|bar| bar["import_kwh"]["value"].as_f64()).sum();
    (kpi["energy_kwh"]["value"].as_f64(), bars)
}

/// What the routes of the machines and of production say of the same time.
async fn day_and_total(bench: &Bench) -> [Option<f64>; 2] {
    let (_, loads) = bench.get("/api/v1/analysis/loads?meter=general").await;
    let range = "step=hour&from=2026-05-04T07:00:00Z&to=2026-05-04T09:00:00Z";
    let (_, production) = bench.get(&format!("/api/v1/analysis/production?{range}")).await;
    let total = production["total"]["import_kwh"]["value"].as_f64();
    [loads["meters"][0]["today"]["energy_kwh"]["value"].as_f64(), total]
}

#[tokio::test]
async fn a_leap_is_no_energy_of_a_machine_nor_of_what_it_makes() {
    for (step, place) in [(1, 17), (1, 18), (1, 19), (3, 12), (3, 18)] {
        let bench = Bench::one();
        let rows = (0..=24).step_by(step).map(|n| {
            let kwh = 5000.0 + 10.0 * f64::from(n) / 12.0 + if n > place { 300.0 } else { 0.0 };
            json!({"timestamp": format!("2026-05-04T{:02}:{:02}:00Z", 7 + n / 12, 5 * (n % 12)),
                "energie_active_import": (kwh * 1000.0).round() / 1000.0})
        });
        bench.set_clock("2026-05-04T09:00:00Z");
        bench.store(&Value::Array(rows.collect())).await;
        for kwh in day_and_total(&bench).await {
            assert!(
                kwh.is_some_and(|kwh| (15.0..=20.001).contains(&kwh)),
                "{step} {place}: {kwh:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_register_that_was_zero_for_a_while_has_counted_what_lies_between_its_levels() {
    let bench = Bench::one();
    let rows = (0..=8).map(|n| {
        let kwh = if (3..6).contains(&n) { 0.0 } else { 12.0 + 0.25 * f64::from(n) };
        json!({"timestamp": format!("2026-05-04T{:02}:{:02}:00Z", 7 + n / 4, 15 * (n % 4)),
            "energie_active_import": kwh})
    });
    bench.set_clock("2026-05-04T09:00:00Z");
    bench.store(&Value::Array(rows.collect())).await;
    for kwh in day_and_total(&bench).await {
        assert!(kwh.is_some_and(|kwh| (1.9..=2.1).contains(&kwh)), "{kwh:?}");
    }
}

#[tokio::test]
async fn whatever_happens_to_a_counter_no_route_tells_it_as_energy() {
    type Shown = Box<dyn Fn(i64, f64) -> f64>;
    let harms: [(&str, Shown); 6] = [
        ("nothing", Box::new(|_, kwh| kwh)),
        ("reset", Box::new(|n, kwh| if n < 18 { kwh } else { kwh - 5060.0 })),
        ("leap", Box::new(|n, kwh| if n < 18 { kwh } else { kwh + 300.0 })),
        ("spike", Box::new(|n, kwh| if n == 18 { 4_294_967.295 } else { kwh })),
        ("dip", Box::new(|n, kwh| if n == 18 { 0.0 } else { kwh })),
        ("step back", Box::new(|n, kwh| if n < 18 { kwh } else { kwh - 30.0 })),
    ];
    for (name, shown) in harms {
        let bench = Bench::one();
        two_hours(&bench, shown).await;
        let (hour, bars) = hour_and_bars(&bench).await;
        assert!(hour.is_none_or(|kwh| (36.0..=40.001).contains(&kwh)), "{name}: {hour:?}");
        assert!((70.0..=80.001).contains(&bars), "{name}: {bars}");
    }
}

#[tokio::test]
async fn an_exchanged_meter_ends_every_energy_though_its_reading_is_near() {
    let bench = Bench::one();
    two_hours(&bench, |n, kwh| if n < 18 { kwh } else { kwh + 0.7 }).await;
    let (hour, bars) = hour_and_bars(&bench).await;
    assert!(hour.is_some_and(|kwh| kwh > 37.3) && bars > 80.6, "{hour:?} {bars}");
    noted(&bench, vec![exchanged("2026-05-04T08:30:00Z")]).await;
    let (hour, bars) = hour_and_bars(&bench).await;
    // The newest row is that of now, and not of the hour before.
    assert!(hour.is_none_or(|kwh| kwh <= 36.668), "{hour:?}");
    assert!((70.0..=80.001).contains(&bars), "{bars}");
}
