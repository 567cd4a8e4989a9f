//! One telegram explained to a person, frame by frame.

use super::Tally;
use anyhow::Result;
use meter::push::{Layer, Outcome};
use reading::Timestamp;
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
    if !outcome.steps.is_empty() {
        writeln!(out, "  {:>8}  {:>5}  step", "byte", "count")?;
    }
    for step in &outcome.steps {
        let indent = match step.layer {
            Layer::Noise | Layer::Hdlc | Layer::Mbus => "",
            Layer::Block => "  ",
            Layer::Cipher | Layer::Apdu => "    ",
            Layer::Value => "      ",
            Layer::Defect => "! ",
        };
        let name = step.layer.name();
        writeln!(out, "  {:>8}  {:>5}  {indent}{name}: {}", step.offset, step.length, step.text)?;
    }
    writeln!(out)?;
    Ok(())
}

fn protection(outcome: &Outcome) -> String {
    let security = &outcome.security;
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
