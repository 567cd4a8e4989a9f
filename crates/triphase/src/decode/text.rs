//! One telegram explained to a person, frame by frame.

use super::Tally;
use anyhow::Result;
use meter::push::{Layer, Outcome, Step};
use reading::{Quality, Timestamp, Value};
use std::io::Write;

/// Prints a telegram, delivered or refused: what it says first, then how that came about.
///
/// # Errors
/// The output cannot be written.
pub(super) fn print(outcome: &Outcome, out: &mut dyn Write) -> Result<()> {
    let Outcome { offset, end, .. } = outcome;
    let verdict = if outcome.delivered { "Telegram" } else { "REFUSED telegram" };
    writeln!(out, "{verdict}, bytes {offset} to {}", end.saturating_sub(1))?;
    if let Some(meter) = &outcome.meter {
        writeln!(out, "  meter       {meter}")?;
    }
    if let Some(time) = outcome.meter_time {
        let utc = outcome.measured_at.map_or_else(
            || "UTC unknown: the clock names no zone, give --timezone".to_owned(),
            |at: Timestamp| format!("= {at}"),
        );
        writeln!(out, "  clock       {time} ({utc})")?;
    }
    if let Some(list) = &outcome.list {
        writeln!(out, "  list        {list}")?;
    }
    writeln!(out, "  protection  {}", protection(outcome))?;
    for defect in &outcome.defects {
        let at = defect.offset;
        writeln!(out, "  {:<11} {} (byte {at}): {}", "note", defect.code, defect.detail)?;
    }
    readings(outcome, out)?;
    steps(&outcome.steps, out)?;
    writeln!(out)?;
    Ok(())
}

/// What the telegram says, one value a line.
fn readings(outcome: &Outcome, out: &mut dyn Write) -> Result<()> {
    for value in &outcome.values {
        let reading = &value.reading;
        let name = reading.quantity.map_or("(not in the catalogue)", |q| q.description().english);
        let obis = reading.obis.map(|obis| obis.to_string()).unwrap_or_default();
        let unit = match reading.unit {
            Some(unit) => unit.symbol(),
            // A number without a scaler is what the register holds, not yet a quantity.
            None if reading.value.number().is_some() => "(unit unknown)",
            None => "",
        };
        let shown = match &reading.value {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.clone(),
        };
        let doubt = match reading.quality {
            Quality::Good => "",
            Quality::Suspect => "  (doubtful)",
            Quality::Bad => "  (not to be used)",
        };
        writeln!(out, "  {obis:<18}{name:<34}{shown:>14} {unit}{doubt}")?;
    }
    Ok(())
}

/// How bytes became values, in the order in which they were understood.
fn steps(steps: &[Step], out: &mut dyn Write) -> Result<()> {
    // Defects stand above already, with their place.
    let steps: Vec<&Step> = steps.iter().filter(|step| step.layer != Layer::Defect).collect();
    if !steps.is_empty() {
        writeln!(out, "\n  {:>8}  {:>5}  how the bytes were understood", "byte", "count")?;
    }
    for step in steps {
        let indent = match step.layer {
            Layer::Noise | Layer::Hdlc | Layer::Mbus => "",
            Layer::Block => "  ",
            Layer::Cipher | Layer::Apdu => "    ",
            Layer::Value => "      ",
            Layer::Defect => "! ",
        };
        let name = step.layer.name();
        let text = step.text.strip_prefix(name).map_or(step.text.as_str(), str::trim_start);
        writeln!(out, "  {:>8}  {:>5}  {indent}{name}: {text}", step.offset, step.length)?;
    }
    Ok(())
}

/// Prints what lies behind the last telegram.
///
/// # Errors
/// The output cannot be written.
pub(super) fn rest(left: &[Step], out: &mut dyn Write) -> Result<()> {
    if left.iter().all(|step| step.layer == Layer::Defect) {
        return Ok(());
    }
    writeln!(out, "Behind the last telegram")?;
    steps(left, out)?;
    writeln!(out)?;
    Ok(())
}

/// How the telegram was protected, in words.
pub(super) fn protection(outcome: &Outcome) -> String {
    let security = &outcome.security;
    if !security.known {
        return "unknown: the telegram could not be read so far".to_owned();
    }
    let state = match (security.encrypted, security.authenticated, security.tagged) {
        (false, false, false) => {
            return "none: anybody on the line can read and forge it".to_owned();
        }
        (true, true, _) => "encrypted, authenticated",
        (true, false, _) if !outcome.delivered => "encrypted",
        (true, false, true) => "decrypted, not authenticated",
        (true, false, false) => "decrypted; the meter sends no authentication tag",
        (false, true, _) => "not encrypted, authenticated",
        (false, false, true) => "not encrypted, not authenticated",
    };
    match security.invocation_counter {
        Some(counter) => format!("{state}, invocation counter {counter}"),
        None => state.to_owned(),
    }
}

/// Prints what the whole capture came to.
///
/// # Errors
/// The output cannot be written.
pub(super) fn summary(tally: &Tally, out: &mut dyn Write) -> Result<()> {
    let Tally { delivered, refused, bytes, noise } = tally;
    writeln!(out, "{delivered} delivered, {refused} refused, {noise} of {bytes} bytes are noise")?;
    if *delivered == 0 && *refused == 0 {
        writeln!(
            out,
            "No frame was found in {bytes} bytes. If they come from a meter, the baud rate or the \
             parity was wrong\n(an E450 customer interface is 2400 8E1), or the protocol is one \
             that this command does not read."
        )?;
    }
    Ok(())
}
