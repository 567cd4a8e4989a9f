//! The rules of the house, held against its sources.

mod dependencies;
mod documents;
mod sources;

use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Every breach of a rule, one sentence each.
pub(crate) fn faults(root: &Path) -> Result<Vec<String>> {
    let metadata = metadata(root)?;
    let mut faults = dependencies::edges(&metadata);
    faults.extend(dependencies::licences(&metadata));
    faults.extend(dependencies::justifications(root)?);
    faults.extend(sources::faults(root)?);
    faults.extend(documents::faults(root)?);
    Ok(faults)
}

fn metadata(root: &Path) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("reading cargo metadata")
}

#[cfg(test)]
mod tests {
    #[test]
    fn house_is_tidy() {
        let faults = super::faults(&crate::root()).expect("the house can be looked at");
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }
}
