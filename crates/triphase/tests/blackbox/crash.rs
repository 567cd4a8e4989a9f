//! What was acknowledged survives a kill, and the next start carries on.

use crate::process::{Service, folder, triphase};
use serde_json::json;

#[test]
fn a_killed_service_keeps_every_acknowledged_measurement() {
    let folder = folder("[[meter]]\nid = \"general\"\n");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let service = Service::run(folder.path());
        for second in 0..20 {
            let at = format!("2026-03-0{}T10:00:{second:02}Z", round + 1);
            let row = json!({"timestamp": at, "puissance_active_totale": 1000 + second});
            let (status, answer) = service.post("/api/mesures", &row.to_string());
            assert_eq!(status, 201, "{answer}");
            acknowledged.push(at);
        }
        service.kill();
    }
    let service = Service::run(folder.path());
    let (status, page) = service.get("/api/v1/samples?meter=general&limit=1000");
    assert_eq!(status, 200, "{page}");
    let stored: Vec<&str> = page["samples"]
        .as_array()
        .expect("samples")
        .iter()
        .map(|sample| sample["measured_at"].as_str().expect("a time"))
        .collect();
    assert_eq!(stored, acknowledged, "each once, in order");
    assert!(service.terminate().success());
}

#[test]
fn a_second_process_is_refused_with_the_folder_named() {
    let folder = folder("[[meter]]\nid = \"general\"\n");
    let service = Service::run(folder.path());
    let config = folder.path().join("triphase.toml");
    let second = triphase(&["run", "--config", config.to_str().expect("UTF-8")]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another triphase") && said.contains("data"), "{said}");
    drop(service);
}

#[test]
fn a_reset_spares_a_running_demo_and_what_is_not_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    let arguments = |more: &'static [&'static str]| {
        let mut all =
            vec!["demo", "--listen", "127.0.0.1:0", "--speed", "20", "--history", "none", "--data"];
        all.push(data.to_str().expect("UTF-8"));
        all.extend(more);
        all
    };
    let service = Service::start(&arguments(&[]));
    service.wait_for("/api/v1/samples?meter=general", |page| page["samples"][1].is_object());
    std::fs::write(data.join("notes.txt"), "mine").expect("writable");
    let reset = triphase(&arguments(&["--reset"]));
    assert_eq!(reset.status.code(), Some(1), "{}", String::from_utf8_lossy(&reset.stderr));
    let (_, before) = service.get("/api/v1/samples?meter=general&limit=1");
    assert!(service.terminate().success());
    let service = Service::start(&arguments(&["--reset"]));
    let after = service
        .wait_for("/api/v1/samples?meter=general&limit=1", |page| page["samples"][0].is_object());
    assert_ne!(before["samples"][0]["received_at"], after["samples"][0]["received_at"]);
    assert!(data.join("notes.txt").exists());
}
