//! Who may use whom, under which licences, and why.

use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;

/// What each crate may use of ours, and what of others it may never touch.
///
/// The same table stands in ARCHITECTURE.md.
const EDGES: [(&str, &[&str], &[&str]); 10] = [
    ("reading", &[], &["tokio", "serde", "jiff", "tracing"]),
    ("frame", &["reading"], &["tokio", "serde", "jiff", "tracing"]),
    ("wire", &["reading"], &["serde"]),
    ("meter", &["reading", "frame", "wire"], &["tokio", "rusqlite", "axum"]),
    ("store", &["reading"], &["axum", "serde"]),
    ("analysis", &["reading"], &["tokio", "serde", "jiff", "rusqlite"]),
    ("alarm", &["reading", "analysis"], &["tokio", "serde", "jiff", "rusqlite"]),
    ("outlet", &["reading", "store", "analysis", "alarm"], &["rusqlite"]),
    ("sim", &["reading", "frame", "wire", "meter"], &["rusqlite", "axum"]),
    (
        "triphase",
        &["reading", "frame", "wire", "meter", "store", "analysis", "alarm", "outlet", "sim"],
        &[],
    ),
];

/// Licences that allow shipping the binary.
const LICENCES: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "CC0-1.0",
];

/// Crates that need a C library or another build system than the compiler we have.
const BANNED: [&str; 4] = ["aws-lc-sys", "openssl-sys", "libudev-sys", "chrono"];

/// Dependency edges between our crates, and forbidden outside ones.
pub(super) fn edges(metadata: &Value) -> Vec<String> {
    let ours: Vec<&str> = EDGES.iter().map(|(name, ..)| *name).collect();
    let mut faults = Vec::new();
    for package in packages(metadata).filter(|package| package["source"].is_null()) {
        let name = text(&package["name"]);
        if name == "xtask" {
            continue;
        }
        let Some((_, allowed, forbidden)) = EDGES.iter().find(|(known, ..)| *known == name) else {
            faults.push(format!("{name}: the edge table of xtask tidy has no row for this crate"));
            continue;
        };
        let normal =
            array(&package["dependencies"]).filter(|dependency| dependency["kind"].is_null());
        for dependency in normal.map(|dependency| text(&dependency["name"])) {
            let inside = ours.contains(&dependency);
            if inside && !allowed.contains(&dependency) {
                faults.push(format!("{name} uses {dependency}: the edge table forbids it"));
            }
            if forbidden.contains(&dependency) {
                faults.push(format!("{name} uses {dependency}: it may never touch that"));
            }
        }
    }
    faults
}

/// Licences of everything that is linked, and crates that may not be.
pub(super) fn licences(metadata: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for package in packages(metadata) {
        let name = text(&package["name"]);
        if BANNED.contains(&name) {
            faults.push(format!("{name} is banned: {}", "it needs what a plain toolchain lacks"));
        }
        let licence = text(&package["license"]).replace('/', " OR ");
        if !acceptable(&licence) {
            faults.push(format!("{name}: licence \"{licence}\" is not on the list"));
        }
    }
    faults
}

/// An SPDX expression with at least one acceptable choice in every AND part.
fn acceptable(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "");
    flat.split(" AND ")
        .all(|part| part.split(" OR ").any(|choice| LICENCES.contains(&choice.trim())))
}

/// Every external dependency says in one line why it is there.
pub(super) fn justifications(root: &Path) -> Result<Vec<String>> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).context("Cargo.toml")?;
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let table = table.split("\n[").next().unwrap_or_default();
    let mut faults = Vec::new();
    let mut explained = false;
    for line in table.lines().map(str::trim) {
        if line.starts_with('#') {
            explained = true;
        } else if line.is_empty() {
            explained = false;
        } else if !explained && !line.contains("path = \"crates/") && line.contains(" = ") {
            faults.push(format!("Cargo.toml: no line says why: {line}"));
        }
    }
    Ok(faults)
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    array(&metadata["packages"])
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_licence_expressions() {
        assert!(acceptable("MIT OR GPL-3.0"));
        assert!(acceptable("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!acceptable("GPL-3.0"));
        assert!(!acceptable("MIT AND LicenseRef-non-commercial"));
        assert!(!acceptable(""));
    }

    #[test]
    fn sees_a_forbidden_edge() {
        let metadata = serde_json::json!({"packages": [{"name": "frame", "source": null,
            "dependencies": [{"name": "store", "kind": null}, {"name": "tokio", "kind": null}]}]});
        assert_eq!(edges(&metadata).len(), 2);
    }
}
