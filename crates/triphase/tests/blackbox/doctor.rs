//! `triphase doctor` over a store in use, and over the service itself.

use crate::process::{Service, folder, triphase};
use serde_json::{Value, json};
use std::process::Output;

const METERS: &str = "[[meter]]\nid = \"general\"\nrole = \"main\"\nlabel = \"Général\"\n\
                      [[meter]]\nid = \"four\"\nrole = \"machine\"\nparent = \"general\"\n";

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}{err}")
}

/// Five minutes of a meter whose transformer on L2 is reversed: the totals are a third of ΣUI.
fn reversed() -> Value {
    let rows = (0..60).map(|n| {
        json!({"compteur_id": "general",
            "timestamp": format!("2026-05-04T09:{:02}:{:02}Z", 30 + n / 12, n % 12 * 5),
            "tension_l1": 231.0, "tension_l2": 229.4, "tension_l3": 230.2,
            "courant_l1": 20.0, "courant_l2": 24.0, "courant_l3": 21.0,
            "puissance_active_totale": 3350 + n, "puissance_reactive_totale": 2076})
    });
    Value::Array(rows.collect())
}

#[test]
fn the_doctor_tells_a_reversed_transformer_with_numbers_and_what_to_do() {
    let folder = folder(METERS);
    let config = folder.path().join("triphase.toml");
    let config = config.to_str().expect("UTF-8");
    let service = Service::run(folder.path());
    let empty = triphase(&["doctor", "--config", config]);
    assert_eq!(empty.status.code(), Some(0), "nothing was found: {}", said(&empty));
    assert!(said(&empty).contains("Nothing was received lately"), "{}", said(&empty));
    let (status, answer) = service.post("/api/mesures", &reversed().to_string());
    assert_eq!(status, 201, "{answer}");
    for (language, words) in [
        ("en", ["the CT on L2 is reversed", "Do: Swap S1 and S2", "Not judged: phase_sequence"]),
        ("fr", ["TC monté ou raccordé à l'envers", "À faire: Intervertir S1 et S2", "Non jugé"]),
        ("de", ["Wandler auf L2 verpolt", "Tun: S1 und S2", "Nicht beurteilt"]),
    ] {
        let output = triphase(&["doctor", "--config", config, "--language", language]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        // A long sentence is broken into lines.
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(flat.contains(word), "{language}: {word:?} in {text}");
        }
    }
    let json = triphase(&["doctor", "--config", config, "--format", "json", "--meter", "general"]);
    let diagnosis: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(diagnosis["meters"].as_array().map(Vec::len), Some(1));
    assert_eq!(diagnosis["meters"][0]["findings"][0]["phases"], json!([2]));
    let asked = triphase(&["doctor", "--url", service.url(), "--meter", "four"]);
    assert_eq!(asked.status.code(), Some(0), "{}", said(&asked));
    for wrong in [["--config", config], ["--url", service.url()]] {
        let output = triphase(&[&["doctor"], &wrong[..], &["--meter", "fourr"]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("no such meter"), "{}", said(&output));
    }
}
