//! Meters on wires: the demo's pseudo-terminal, a replayed capture, a device that is not there.

use crate::process::{Service, folder, shared};
use serde_json::Value;

#[test]
fn the_demo_brings_measured_values_from_wire_to_every_route() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    let data = data.to_str().expect("UTF-8");
    let service = Service::start(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
        "--seed",
        "7",
        "--speed",
        "20",
        "--history",
        "none",
    ]);
    let latest = service.wait_for("/api/v1/meters/general/latest", |latest| {
        latest["values"]["voltage_l1"]["value"].is_number()
            && latest["values"]["active_energy_import"]["value"].is_number()
    });
    assert_eq!(latest["values"]["voltage_l1"]["obis"], "1-0:32.7.0*255");
    assert_eq!(latest["values"]["voltage_l1"]["method"], "measured");
    for route in
        ["equilibre-phases", "facteur-puissance", "charges-par-machine", "kpi-energetiques"]
    {
        let (status, answer) = service.get(&format!("/api/industrie/{route}"));
        assert_eq!(status, 200, "{route}: {answer}");
        assert!(!contains_null_number(&answer), "{route}: {answer}");
    }
    let (_, meters) = service.get("/api/v1/meters");
    assert!(meters.to_string().contains("\"live\""), "{meters}");
    let (status, page) = service.get_text("/");
    assert_eq!(status, 200);
    assert!(page.contains("<!doctype html>") || page.contains("<!DOCTYPE html>"), "{page}");
    assert!(service.terminate().success());
}

/// The chapter's own keys are filled when everything is measured.
fn contains_null_number(answer: &Value) -> bool {
    ["equilibre", "facteur_puissance", "kpis"]
        .iter()
        .filter_map(|key| answer[key].as_object())
        .any(|object| object.values().any(Value::is_null))
}

#[test]
fn a_capture_file_is_a_meter() {
    let Some(captures) = shared("TRIPHASE_CAPTURES", "captures") else { return };
    let capture = captures.join("dlms-push/lgz_e450_plain_cyprus_2026_gbt.hex");
    let folder = folder(&format!(
        "[[meter]]\nid = \"general\"\nmodel = \"lgz_e450\"\nport = \"file://{}?speed=100\"\n",
        capture.display()
    ));
    let service = Service::run(folder.path());
    let latest = service.wait_for("/api/v1/meters/general/latest", |latest| {
        latest["values"]["active_energy_import"]["value"].is_number()
    });
    let energy = &latest["values"]["active_energy_import"];
    assert_eq!((&energy["value"], &energy["unit"]), (&7_136_726.into(), &"Wh".into()));
    let meters = service.wait_for("/api/v1/meters", |meters| meters.to_string().contains("replay"));
    assert!(meters.to_string().contains("disconnected"), "{meters}");
}

#[test]
fn a_device_that_is_not_there_is_a_visible_state_and_blinds_nobody() {
    let folder = folder(
        "[[meter]]\nid = \"general\"\nmodel = \"lgz_e450\"\nport = \"serial:///dev/does-not-exist\"\n\
         [[meter]]\nid = \"other\"\n",
    );
    let service = Service::run(folder.path());
    let meters =
        service.wait_for("/api/v1/meters", |meters| meters.to_string().contains("does-not-exist"));
    assert!(meters.to_string().contains("disconnected"), "{meters}");
    let row = "{\"compteur_id\":\"other\",\"tension_l1\":230}";
    assert_eq!(service.post("/api/mesures", row).0, 201);
}

#[test]
fn a_first_demo_tells_its_past_once_and_its_counters_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    let data = data.to_str().expect("UTF-8");
    let start =
        || Service::start(&["demo", "--listen", "127.0.0.1:0", "--data", data, "--history", "3d"]);
    let service = start();
    let first = "/api/v1/samples?meter=general&limit=2";
    let past = service.wait_for(first, |page| page["samples"][1].is_object());
    let lists = [0, 1].map(|index| past["samples"][index]["list"].clone());
    assert_ne!(lists[0], lists[1], "{past}");
    let energy = |service: &Service| {
        let path = "/api/v1/meters/general/latest";
        let latest = service
            .wait_for(path, |latest| latest["values"]["active_energy_import"]["value"].is_number());
        latest["values"]["active_energy_import"]["value"].as_f64().expect("a number")
    };
    let told = energy(&service);
    let (_, metrics) = service.get_text("/metrics");
    let steps = "triphase_clock_steps_total{direction=\"back\"} 0";
    assert!(metrics.contains(steps), "nobody has set a clock: {metrics}");
    assert!(service.terminate().success());
    let service = start();
    let again = service.wait_for(first, |page| page["samples"][1].is_object());
    assert_eq!(again["samples"], past["samples"], "the past was told twice");
    // A minute of this workshop is at most 1 kWh; a counter that starts anew is off by more.
    let now = energy(&service);
    assert!((0.0..2000.0).contains(&(now - told)), "{told} {now}");
    assert!(service.terminate().success());
}
