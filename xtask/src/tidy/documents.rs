//! Links between the project's documents.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Every link of a top-level document to a file that is not there.
pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let broken = links(&text).filter(|target| !root.join(target).exists());
        faults.extend(broken.map(|target| format!("{name}: there is no {target}")));
    }
    Ok(faults)
}

/// The targets of `[…](…)` that are files of the project.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#']).next()?;
        (!target.is_empty() && !target.contains("://")).then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_links_to_files_only() {
        let text = "[a](A.md) ![b](docs/b.png) [c](https://c.example/) [d](#here) [e](E.md#there)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["A.md", "docs/b.png", "E.md"]);
    }
}
