//! Links between the project's documents, and translations that keep up with their original.

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
    for (original, translation) in TRANSLATIONS {
        let read = |name| fs::read_to_string(root.join(name)).with_context(|| String::from(name));
        let (one, other) = (read(original)?, read(translation)?);
        faults.extend(
            differences(&outline(&one), &outline(&other))
                .map(|difference| format!("{translation} is not {original}: {difference}")),
        );
    }
    Ok(faults)
}

/// Documents that say the same in two languages.
const TRANSLATIONS: [(&str, &str); 1] = [("README.md", "README.fr.md")];

/// What must be the same in every language, in order: the levels of the headings, the commands,
/// how many rows the tables have, the files and pictures that are pointed to.
fn outline(text: &str) -> Vec<String> {
    let mut outline = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            outline.push(line.to_owned());
        } else if in_code {
            // What stands behind " #" explains the command to its reader.
            let command = line.split(" #").next().unwrap_or_default().trim_end();
            outline.push(command.to_owned());
        } else if line.starts_with('#') {
            outline.push(line.chars().take_while(|c| *c == '#').collect());
        } else if line.starts_with('|') {
            outline.push("|".to_owned());
        }
        let own = |target: &str| target == "README.md" || target == "README.fr.md";
        let targets = links(line).filter(|target| !own(target));
        outline.extend(targets.map(|target| format!("link {target}")));
    }
    outline
}

fn differences(one: &[String], other: &[String]) -> impl Iterator<Item = String> {
    let first = one.iter().zip(other).find(|(one, other)| one != other);
    let longer = (one.len() != other.len() && first.is_none())
        .then(|| format!("{} headings, commands and rows against {}", other.len(), one.len()));
    first.map(|(one, other)| format!("\"{other}\" instead of \"{one}\"")).or(longer).into_iter()
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
    fn a_translation_has_the_same_headings_commands_and_rows() {
        let english = outline("# One\n```sh\nrun --now  # at once\n```\n| a | b |\n[c](D.md)");
        let french = outline("# Un\n```sh\nrun --now  # tout de suite\n```\n| x | y |\n[z](D.md)");
        assert_eq!(differences(&english, &french).count(), 0);
        let other = outline("# Un\n```sh\nrun --later\n```\n| x | y |\n[z](D.md)");
        let said: Vec<_> = differences(&english, &other).collect();
        assert_eq!(said, ["\"run --later\" instead of \"run --now\""]);
        assert_eq!(differences(&english, &french[..4]).count(), 1);
    }

    #[test]
    fn finds_the_links_to_files_only() {
        let text = "[a](A.md) ![b](docs/b.png) [c](https://c.example/) [d](#here) [e](E.md#there)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["A.md", "docs/b.png", "E.md"]);
    }
}
