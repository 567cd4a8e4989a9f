//! Register maps: what they say, what `check` says of wrong ones, and how readings go.

// What fails outside of a test function fails its test.
#![allow(clippy::panic)]

mod captures;
mod mistakes;
mod properties;
mod reading;

use ::reading::Quantity;
use meter::modbus::Map;
use std::path::Path;

/// A map from its text.
fn map(text: &str) -> Map {
    meter::modbus::parse("my_meter", text).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// The guide shows every quantity that a map may name; `UPDATE_EXPECT=1` writes the list anew.
#[test]
fn the_guide_lists_every_quantity() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/meters/adding-a-modbus-meter.md");
    let text = std::fs::read_to_string(&file).expect("the guide");
    let mark = "<!-- quantities: written by the test `the_guide_lists_every_quantity` -->\n";
    let (before, _) = text.split_once(mark).expect("the guide's mark");
    let mut guide = format!("{before}{mark}\n| quantity | unit | |\n|---|---|---|\n");
    for quantity in Quantity::all().map(Quantity::description).filter(|row| row.unit.is_some()) {
        let unit = quantity.unit.map_or("", ::reading::Unit::symbol);
        guide.push_str(&format!("| `{}` | {unit} | {} |\n", quantity.name, quantity.english));
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, &guide).expect("the guide is writable");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("the guide"), guide);
}

/// The guide's example is a map.
#[test]
fn the_guides_example_is_a_map() {
    let guide = include_str!("../../../../docs/meters/adding-a-modbus-meter.md");
    let example = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let map = map(example.expect("an example"));
    assert_eq!(map.registers.len(), 6);
}
