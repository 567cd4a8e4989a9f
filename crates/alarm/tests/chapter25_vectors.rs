//! The shared vectors of chapter 25's risks.

use alarm::Thresholds;
use alarm::chapter25::{Evaluation, Risk, risks};
use analysis::chapter25::Mode;
use analysis::{Measurement, VoltageKind, voltages};
use reading::{Decimal, Quantity, Timestamp};
use serde_json::{Value, json};
use std::path::PathBuf;

fn vectors(file: &str) -> Option<Value> {
    let folder = std::env::var_os("TRIPHASE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = folder.join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "no vectors at {}", path.display());
        println!("SKIPPED: no vectors at {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

fn measurement(input: &Value) -> Measurement {
    let fields = input.as_object().expect("an object of fields");
    let values = fields.iter().filter_map(|(field, value)| {
        let quantity = Quantity::from_chapter25(field).expect("a field of the chapter");
        let number = value.as_number()?.to_string();
        Some((quantity, number.parse::<Decimal>().expect("a decimal")))
    });
    Measurement::new(Timestamp::from_seconds(0), values)
}

fn object(risk: &Risk) -> Value {
    json!({
        "type": risk.condition.chapter25(),
        "severite": risk.condition.severity().chapter25(),
        "description": risk.description,
        "action": risk.condition.action(),
    })
}

#[test]
fn strict_mode_equals_the_chapter() {
    let Some(vectors) = vectors("chapter25.json") else {
        return;
    };
    let mut compared = 0;
    for case in vectors["cases"].as_array().expect("cases") {
        if case["fn"] != "risques_tension_composee" {
            continue;
        }
        let evaluation = Evaluation {
            measurement: &measurement(&case["input"]),
            thresholds: &Thresholds::default(),
            voltage_kind: VoltageKind::LineToLine,
        };
        let result = risks(&evaluation, Mode::Strict).result;
        let result = json!({
            "niveau_risque": result.level_name(),
            "risques_detectes": result.risks.iter().map(object).collect::<Vec<_>>(),
            "recommandations": result.advice,
        });
        assert_eq!(result, case["output"], "{}", case["input"]);
        compared += 1;
    }
    assert_eq!(compared, 40);
}

/// The shared example of a healthy 230 V network, on which chapter 25 alarms for ever.
#[test]
fn a_healthy_network_alarms_only_as_the_chapter_computes_it() {
    let Some(vectors) = vectors("domain.json") else {
        return;
    };
    let mut compared = 0;
    for vector in vectors["vectors"].as_array().expect("vectors") {
        if vector["feature"] != "ch25_alarm_units" {
            continue;
        }
        let volts = vector["inputs"]["u_ph_v"].as_array().expect("voltages");
        let fields = ["tension_l1", "tension_l2", "tension_l3"].into_iter().zip(volts);
        let input = fields.map(|(field, volt)| (field.to_owned(), volt.clone())).collect();
        let given = measurement(&Value::Object(input));
        let evaluation = Evaluation {
            measurement: &given,
            thresholds: &Thresholds::default(),
            voltage_kind: VoltageKind::Phase,
        };
        let found = |mode| -> Value {
            let risks = risks(&evaluation, mode).result.risks;
            risks.iter().map(|risk| risk.condition.chapter25()).collect()
        };
        let expected = &vector["expected"];
        assert_eq!(found(Mode::Strict), expected["ch25"]);
        assert_eq!(found(Mode::Extended), expected["correct"]);
        let lines = voltages::line_voltages(&given, VoltageKind::Phase).value().expect("three");
        let lines_expected = expected["correct_line_to_line_v"].as_array().expect("three");
        for (line, expected) in lines.into_iter().zip(lines_expected) {
            assert!((line - expected.as_f64().expect("a voltage")).abs() <= 0.01);
        }
        compared += 1;
    }
    assert!(compared > 0);
}
