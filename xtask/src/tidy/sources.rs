//! Names, sizes and reachability of source files.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file, without its tests.
const LINES_MAX: usize = 600;
/// Names that say nothing about what a file is for.
const BANNED_NAMES: [&str; 7] = ["utils", "util", "helpers", "helper", "common", "misc", "manager"];

/// Every source file that breaks a rule, and every contract that no test reads.
pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        rust_files(&root.join(folder), &mut files)?;
    }
    let mut texts = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        texts.push((path, text));
    }
    let mut faults = Vec::new();
    for (path, text) in &texts {
        let shown = path.strip_prefix(root).unwrap_or(path).display();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if BANNED_NAMES.contains(&stem.as_ref()) {
            faults.push(format!("{shown}: \"{stem}\" says nothing about what is inside"));
        }
        let lines = code_lines(path, text);
        if lines > LINES_MAX {
            faults.push(format!("{shown}: {lines} lines without tests, at most {LINES_MAX}"));
        }
        if !text.starts_with("//!") && !is_test(path) {
            faults.push(format!("{shown}: no module documentation"));
        }
        if is_dead(path) {
            faults.push(format!("{shown}: no `mod {stem}` reaches this file"));
        }
    }
    faults.extend(untested_contracts(root, &texts)?);
    Ok(faults)
}

/// Lines before the test module; a file of tests has none that count.
fn code_lines(path: &Path, text: &str) -> usize {
    if is_test(path) {
        return 0;
    }
    text.lines().take_while(|line| *line != "mod tests {").count()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.file_stem().is_some_and(|stem| stem == "tests")
}

/// A file under `src` that its parent module does not name.
fn is_dead(path: &Path) -> bool {
    let Some(folder) = path.parent() else { return false };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let in_source = path.components().any(|part| part.as_os_str() == "src");
    if !in_source || matches!(stem.as_ref(), "main" | "lib") || folder.ends_with("bin") {
        return false;
    }
    let (name, holders) = if stem == "mod" {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, parents(folder.parent().unwrap_or(folder)))
    } else {
        (stem.into_owned(), parents(folder))
    };
    let declared = |holder: &PathBuf| {
        fs::read_to_string(holder).is_ok_and(|text| {
            text.lines().any(|line| {
                let line = line.trim();
                let line = line.rsplit_once(' ').map_or("", |_| line);
                line.ends_with(&format!("mod {name};")) || line == format!("mod {name};")
            })
        })
    };
    !holders.iter().any(declared)
}

/// The files that may declare a module that lies in `folder`.
fn parents(folder: &Path) -> Vec<PathBuf> {
    let mut holders = vec![folder.join("lib.rs"), folder.join("main.rs"), folder.join("mod.rs")];
    holders.push(folder.with_extension("rs"));
    holders
}

/// Files of `contracts/` whose name no test source mentions.
fn untested_contracts(root: &Path, texts: &[(PathBuf, String)]) -> Result<Vec<String>> {
    let folder = root.join("contracts");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut faults = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !texts.iter().any(|(_, text)| text.contains(&name)) {
            faults.push(format!("contracts/{name}: no test reads it"));
        }
    }
    Ok(faults)
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
