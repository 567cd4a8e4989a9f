//! `triphase calc`: the product's own formulas as an engineer's calculator.
//!
//! In: a feature's name and its inputs, as `key=value` words or JSON. Out: the result with
//! formula, source, units and assumptions, or one JSON object with the features' keys. The
//! formulas live in `analysis` and `alarm`; this folder only names their inputs and outputs.
//! Refuses: inputs that are missing, unknown or absurd, with what was expected and an example.

mod feature;
mod features;
mod given;
mod spoken;
mod text;

use crate::cli;
use feature::{Fault, Feature};
use given::Given;
use serde_json::{Map, Value};
use std::io::Write;

/// Why nothing was computed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Wrong usage; the text is complete.
    #[error("{0}")]
    Misused(String),
    /// The output cannot be written.
    #[error("stdout: {0}")]
    Output(#[from] std::io::Error),
}

/// Computes what was asked and prints it.
///
/// # Errors
/// See [`Error`].
pub(crate) fn calc(arguments: &cli::Calc, out: &mut dyn Write) -> Result<(), Error> {
    let Some(name) = &arguments.feature else {
        return Ok(text::list(features::all(), out)?);
    };
    let feature = features::all().find(|feature| feature.name == name);
    let feature = feature.ok_or_else(|| Error::Misused(unknown(name)))?;
    let misused = |fault: Fault| Error::Misused(feature.explained(&fault));
    let words = given_words(feature, arguments).map_err(misused)?;
    let given = Given::checked(feature.inputs, words).map_err(misused)?;
    let outcome = (feature.compute)(&given).map_err(misused)?;
    match arguments.format {
        cli::Format::Text => text::result(feature, &given, &outcome, out)?,
        cli::Format::Json => {
            let mut values = outcome.values;
            values.insert("notes".to_owned(), outcome.notes.into());
            writeln!(out, "{}", Value::Object(values))?;
        }
    }
    Ok(())
}

/// What was given, as JSON, from `--json` and the words.
fn given_words(feature: &Feature, arguments: &cli::Calc) -> Result<Map<String, Value>, Fault> {
    let mut values = match &arguments.json {
        None => Map::new(),
        Some(text) => match serde_json::from_str(text) {
            Ok(Value::Object(values)) => values,
            Ok(_) => return Err(Fault::of("--json", "expected an object such as {\"p_kw\": 100}")),
            Err(error) => return Err(Fault::new(format!("--json is not JSON: {error}"))),
        },
    };
    for word in &arguments.values {
        spoken::add(feature.inputs, word, &mut values)?;
    }
    Ok(values)
}

fn unknown(name: &str) -> String {
    let near = crate::near::near(name, features::all().map(|feature| feature.name));
    let list = "`triphase calc` lists the features";
    match near {
        Some(near) => format!("{name}: no such feature; did you mean {near}? {list}"),
        None => format!("{name}: no such feature; {list}"),
    }
}

#[cfg(test)]
mod tests;
