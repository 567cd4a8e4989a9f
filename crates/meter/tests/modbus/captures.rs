//! The maps in the binary against the register facts that others published.

use meter::modbus::{Coding, Map, Register, Table, map};
use reading::Unit;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn captures() -> Option<PathBuf> {
    let folder = std::env::var_os("TRIPHASE_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let folder = folder.join("modbus-maps");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no captures at {}", folder.display());
    None
}

/// File of facts and the map that holds them.
const FACTS: [(&str, &str); 7] = [
    ("carlo_gavazzi_em24", "carlo_gavazzi_em24"),
    ("eastron_sdm630", "eastron_sdm630"),
    ("schneider_iem3000", "schneider_iem3000"),
    ("schneider_pm5xxx", "schneider_pm5000"),
    ("shelly_pro_3em", "shelly_pro_3em"),
    ("siemens_pac2200", "siemens_pac2200"),
    ("socomec_countis_e5x_diris_a10_a40", "socomec_diris_a"),
];

/// Registers that are left out, and why.
const LEFT_OUT: [(&str, &str); 5] = [
    ("ngle", "no source says against which voltage and in which direction"),
    ("last reset", "a register that its user sets back is no counter"),
    ("Sum of line currents", "a sum of magnitudes is no current of any conductor"),
    ("Hour meter", "no quantity of the catalogue"),
    ("transformer primary", "a setting, and applied by the meter itself"),
];

#[test]
fn maps_agree_with_published_facts() {
    let Some(folder) = captures() else { return };
    for (file, name) in FACTS {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).expect(file);
        let facts: Value = serde_json::from_str(&text).expect("JSON");
        let map = map(name).unwrap_or_else(|| panic!("{name} is in the binary"));
        let registers = facts["registers"].as_array().expect("registers");
        let mut compared = 0;
        for fact in registers {
            compared += usize::from(agrees(map, fact));
        }
        assert!(compared * 3 >= registers.len() * 2, "{name}: {compared} of {}", registers.len());
    }
}

/// Compares a fact with the map; `false` when the map leaves it out.
fn agrees(map: &Map, fact: &Value) -> bool {
    let meaning = fact["meaning"].as_str().unwrap_or_default();
    let address = fact["address"].as_u64().expect("an address");
    let at = |register: &&Register| u64::from(register.cell.span.address) == address;
    let Some(register) = map.registers.iter().find(at) else {
        let known = LEFT_OUT.iter().any(|(part, _)| meaning.contains(part));
        // Averages of line voltages, sums of both directions of reactive energy, resettable and
        // maximum demands have no name in the catalogue; what has one must be read.
        let unnamed = ["average", "Average", "demand", "ReactiveSum", "Frequency"];
        assert!(
            known || unnamed.iter().any(|part| meaning.contains(part)),
            "{}: {meaning}",
            map.name
        );
        return false;
    };
    let span = register.cell.span;
    assert_eq!(u64::from(span.count), fact["registers"].as_u64().expect("registers"), "{meaning}");
    let coding = match fact["type"].as_str().expect("a type") {
        "float32" | "float64" => Coding::Float,
        "uint16" | "uint32" => Coding::Unsigned,
        _ => Coding::Signed,
    };
    assert_eq!(register.cell.kind.coding, coding, "{}: {meaning}", map.name);
    let unknown_scale = fact.get("scale_confidence").is_some();
    if let (Some(unit), false) = (fact["unit"].as_str(), unknown_scale) {
        let scale = fact["scale"].as_f64().expect("a scale");
        let (expected, power) = match unit {
            "kWh" => (Some(Unit::WattHour), 1000.0),
            "kvarh" => (Some(Unit::VarHour), 1000.0),
            "V" => (Some(Unit::Volt), 1.0),
            "A" => (Some(Unit::Ampere), 1.0),
            "W" => (Some(Unit::Watt), 1.0),
            "VA" => (Some(Unit::VoltAmpere), 1.0),
            "var" => (Some(Unit::Var), 1.0),
            "Hz" => (Some(Unit::Hertz), 1.0),
            "%" => (Some(Unit::Percent), 1.0),
            _ => (register.unit, 1.0),
        };
        assert_eq!(register.unit, expected, "{}: {meaning}", map.name);
        let ours = register.scale.to_f64();
        assert!((ours / (scale * power) - 1.0).abs() < 1e-9, "{}: {meaning}: {ours}", map.name);
    }
    true
}

#[test]
fn the_sunspec_map_is_that_of_the_alliance() {
    let Some(folder) = captures() else { return };
    let map = map("sunspec_meter").expect("in the binary");
    for model in [201, 202, 203, 204] {
        let text = std::fs::read_to_string(folder.join(format!("sunspec_model_{model}.json")))
            .expect("a model");
        let facts: Value = serde_json::from_str(&text).expect("JSON");
        let points = facts["group"]["points"].as_array().expect("points");
        let mut offset = 0;
        let mut places = std::collections::BTreeMap::new();
        for point in points {
            places.insert(point["name"].as_str().expect("a name"), offset);
            offset += point["size"].as_u64().expect("a size");
        }
        for point in points {
            let at = places[point["name"].as_str().expect("a name")];
            let Some(register) =
                map.registers.iter().find(|r| u64::from(r.cell.span.address) == at)
            else {
                continue;
            };
            assert_eq!(register.cell.span.table, Table::Holding);
            assert_eq!(u64::from(register.cell.span.count), point["size"].as_u64().unwrap());
            let factor = point["sf"].as_str().map(|name| places[name]);
            let ours = register.factors.first().map(|f| u64::from(f.cell.span.address));
            assert_eq!(ours, factor, "{model} {point}");
        }
        assert!(map.spans().all(|span| u64::from(span.address) < offset));
    }
}
