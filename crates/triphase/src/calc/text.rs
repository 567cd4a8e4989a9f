//! A result, and the list of features, for people.

use super::feature::{Feature, Outcome};
use super::given::Given;
use serde_json::Value;
use std::io::{Result, Write};

/// Significant digits that an engineer reads.
const DIGITS: usize = 6;

/// Prints every feature with what it does and an example.
pub(super) fn list(
    features: impl Iterator<Item = &'static Feature>,
    out: &mut dyn Write,
) -> Result<()> {
    writeln!(out, "What can be computed: triphase calc FEATURE key=value …\n")?;
    for feature in features {
        writeln!(out, "  {}\n      {}", feature.name, feature.title)?;
        writeln!(out, "      triphase calc {} {}", feature.name, feature.example)?;
    }
    writeln!(out, "\nNested inputs also come as --json '{{…}}'; --format json prints one object.")
}

/// Prints a result with where it comes from.
pub(super) fn result(
    feature: &Feature,
    given: &Given,
    outcome: &Outcome,
    out: &mut dyn Write,
) -> Result<()> {
    let Feature { name, title, formula, source, assumptions, .. } = feature;
    writeln!(out, "{name}: {title}\n")?;
    writeln!(out, "formula      {formula}")?;
    writeln!(out, "source       {source}\n\ninputs")?;
    for input in feature.inputs {
        let Some(value) = given.get(input.key) else { continue };
        line(out, (input.key, &shown(value), input.unit), input.meaning)?;
    }
    writeln!(out, "\nresult")?;
    for output in feature.outputs {
        let value = outcome.values.get(output.key).unwrap_or(&Value::Null);
        line(out, (output.key, &shown(value), output.unit), output.meaning)?;
    }
    for (heading, lines) in [
        ("assumptions", assumptions.iter().map(|line| (*line).to_owned()).collect()),
        ("notes", outcome.notes.clone()),
    ] {
        if !lines.is_empty() {
            writeln!(out, "\n{heading}")?;
        }
        for line in lines {
            writeln!(out, "  - {line}")?;
        }
    }
    Ok(())
}

fn line(out: &mut dyn Write, (key, value, unit): (&str, &str, &str), meaning: &str) -> Result<()> {
    // A unit after "null" would say that there is a number.
    let unit = if value == "null" { "" } else { unit };
    writeln!(out, "  {key:<28} {:<22} {meaning}", format!("{value} {unit}").trim_end())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), rounded),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("{key} {}", shown(value));
            format!("({})", fields.iter().map(field).collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

/// A number with [`DIGITS`] significant digits, no trailing zeros and no exponent.
fn rounded(number: f64) -> String {
    let magnitude = number.abs();
    let whole = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5].iter().filter(|power| magnitude >= **power).count();
    if magnitude > 0.0 && magnitude < 1e-3 {
        return format!("{number:.4e}");
    }
    let text = format!("{number:.*}", DIGITS.saturating_sub(whole.max(1)));
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn numbers_are_shown_as_an_engineer_writes_them() {
        let shown = [0.0, -1e-17, 17.320_508, 12_345.678, 1_234_567.0, 0.328_684, 50.0];
        let expected = ["0", "-1.0000e-17", "17.3205", "12345.7", "1234567", "0.32868", "50"];
        assert_eq!(shown.map(rounded), expected);
    }
}
