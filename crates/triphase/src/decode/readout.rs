//! Read-outs in readable characters, explained: the optical port and P1.
//!
//! In: the bytes of a capture. Out: values as on the wire, with what the check says. The values of a
//! read-out whose check does not hold are shown for diagnosis; it counts as refused all the same.

use super::json::{self, DefectLine, ExactValue, Security};
use super::{Tally, text};
use crate::cli::{Format, Protocol};
use anyhow::Result;
use frame::capture_text::bytes_of_capture;
use frame::iec62056_21::{Group, without_parity};
use meter::push::{DefectCode, Outcome, PushOptions, PushReader, PushedValue, Step};
use meter::readout::{
    Content, Entry, Kind, ReadOut, ReadoutOptions, ReadoutReader, Start, checksum_name, is_readable,
};
use outlet::{Explained, ExplainedValue, OwnKey};
use reading::{Timestamp, Value};
use serde::Serialize;
use std::io::Write;

/// Bytes given to the reader at once.
const CHUNK: usize = 64 << 10;

/// Bytes that tell whether a capture is one of pushed DLMS.
const BEGINNING: usize = 64 << 10;

/// Which of the two protocols the capture is to be read as, `None` inside for whichever it is;
/// `None` when it is neither.
pub(super) fn kind_of(
    protocol: Protocol,
    captured: &[u8],
    options: &PushOptions,
) -> Option<Option<Kind>> {
    match protocol {
        Protocol::Iec62056_21 => Some(Some(Kind::Iec62056_21)),
        Protocol::Dsmr => Some(Some(Kind::Dsmr)),
        Protocol::Auto => {
            let bytes = wire_bytes(captured);
            let readable = holds_encrypted_p1(&bytes, options)
                || (is_readable(&bytes) && !begins_with_pushes(&bytes, options));
            readable.then_some(None)
        }
        Protocol::Dlms | Protocol::Mbus | Protocol::Modbus => None,
    }
}

/// Text that is no hexadecimal is what went over the wire; the parity bits of a line that was recorded
/// with eight data bits are taken off.
fn wire_bytes(captured: &[u8]) -> Vec<u8> {
    let bytes = bytes_of_capture(captured);
    without_parity(&bytes).unwrap_or(bytes)
}

/// Whether a key opens a telegram that is P1 inside: without one, it looks like pushed DLMS.
fn holds_encrypted_p1(bytes: &[u8], options: &PushOptions) -> bool {
    if options.guek.is_none() {
        return false;
    }
    let mut found = false;
    let mut each = |read_out: ReadOut<'_>| {
        // The tag's own refusal means that the content made sense.
        let sense = read_out.outcome.has(DefectCode::TagMismatch);
        found |= sense || read_out.found.identification.is_some();
    };
    let mut reader = ReadoutReader::new(readout_options(Some(Kind::Dsmr), options));
    reader.feed(None, bytes, &mut each);
    reader.finish(&mut each);
    found
}

/// Whether the capture begins with pushed DLMS: in megabytes of ciphertext anything can be read,
/// data sets too.
fn begins_with_pushes(bytes: &[u8], options: &PushOptions) -> bool {
    let options = PushOptions { explain: false, ..options.clone() };
    let beginning = bytes.get(..BEGINNING).unwrap_or(bytes);
    let secrets = [DefectCode::KeyMissing, DefectCode::WrongKey, DefectCode::TagMismatch];
    let outcomes = PushReader::new(options).feed(None, beginning);
    outcomes.iter().any(|it| it.delivered || secrets.into_iter().any(|code| it.has(code)))
}

fn readout_options(kind: Option<Kind>, options: &PushOptions) -> ReadoutOptions {
    ReadoutOptions {
        guek: options.guek,
        gak: options.gak,
        zone: options.zone.clone(),
        kind,
        start: Start::Anywhere,
        explain: options.explain,
    }
}

/// Prints every read-out; tells whether one was delivered.
///
/// # Errors
/// The output cannot be written.
pub(super) fn decode(
    captured: &[u8],
    (format, kind): (Format, Option<Kind>),
    options: &PushOptions,
    out: &mut dyn Write,
) -> Result<bool> {
    let bytes = wire_bytes(captured);
    let mut reader = ReadoutReader::new(readout_options(kind, options));
    let mut tally = Tally { delivered: 0, refused: 0, bytes: bytes.len(), noise: 0 };
    let mut printed = Ok(());
    let mut wrong = 0_u64;
    let mut each = |read_out: ReadOut<'_>| {
        wrong += u64::from(read_out.found.check.holds() == Some(false));
        if read_out.outcome.delivered {
            tally.delivered += 1;
        } else {
            tally.refused += 1;
        }
        if printed.is_ok() {
            printed = match format {
                Format::Json => print_json(&read_out, out),
                Format::Text => print_text(&read_out, out),
            };
        }
    };
    for chunk in bytes.chunks(CHUNK) {
        reader.feed(None, chunk, &mut each);
    }
    reader.finish(&mut each);
    printed?;
    tally.noise = reader.noise_bytes();
    if wrong > 0 {
        // On the other output, too, for who looks at values alone.
        eprintln!("{}", wrong_checks(wrong));
    }
    if format == Format::Text {
        text::summary(&tally, out)?;
    } else if tally.delivered + tally.refused == 0 {
        eprintln!("nothing was found in {} bytes: no read-out, no telegram", bytes.len());
    }
    Ok(tally.delivered > 0)
}

/// What is to be thought of read-outs whose check does not hold.
fn wrong_checks(count: u64) -> String {
    format!(
        "CHECK FAILED in {count} of the read-outs: their values may be wrong, are shown for diagnosis \
         only, and are never stored"
    )
}

/// The read-outs of a capture in the outlet's form, with the values as on the wire.
pub(super) fn explain(
    captured: &[u8],
    kind: Option<Kind>,
    options: &PushOptions,
    explained: impl Fn(&Outcome, &[Step], &dyn Fn(u64, u64) -> Option<Vec<u8>>) -> Explained,
) -> Vec<Explained> {
    let bytes = wire_bytes(captured);
    let cut = |from: u64, to: u64| {
        let range = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
        bytes.get(range).map(<[u8]>::to_vec)
    };
    let mut telegrams = Vec::new();
    let mut each = |read_out: ReadOut<'_>| {
        let outcome = &read_out.outcome;
        let mut telegram = explained(outcome, &outcome.steps, &cut);
        telegram.values = read_out.entries().map(|entry| sent(&entry, &read_out)).collect();
        telegram.own = own_keys(&read_out);
        telegrams.push(telegram);
    };
    let mut reader = ReadoutReader::new(readout_options(kind, options));
    reader.feed(None, &bytes, &mut each);
    reader.finish(&mut each);
    telegrams
}

/// A data set as on the wire, with the catalogue's name of what it holds.
fn sent(entry: &Entry<'_>, read_out: &ReadOut<'_>) -> ExplainedValue {
    let value = match entry.content {
        Content::Number(number) => Some(Value::Number(number)),
        Content::Text(text) | Content::TooLong(text) => Some(Value::Text(text.to_owned())),
        Content::Empty => None,
    };
    let told = told(entry, &read_out.outcome);
    ExplainedValue {
        obis: Some(entry.address.to_owned()),
        quantity: told.and_then(|value| value.reading.quantity),
        value,
        unit: entry.unit.map(|unit| unit.to_owned().into()),
        time: entry.time.map(str::to_owned),
        more: entry.more().map(|group| as_sent(&group)).collect(),
        offset: read_out.found.block_at.saturating_add(entry.offset as u64),
        length: Some(entry.end().saturating_sub(entry.offset)),
    }
}

/// What was made of a data set: the value of now of the same register.
fn told<'a>(entry: &Entry<'_>, outcome: &'a Outcome) -> Option<&'a PushedValue> {
    let obis = entry.register.filter(|_| entry.is_current())?.obis;
    outcome.values.iter().find(|value| value.reading.obis == Some(obis))
}

/// What only read-outs tell.
fn own_keys(read_out: &ReadOut<'_>) -> Vec<OwnKey> {
    let line = read_out.found.identification.map(|it| it.line);
    let keys = [("identification", line), ("checksum", Some(checksum_name(read_out.found.check)))];
    let key = |(name, text): (&str, Option<&str>)| OwnKey {
        name: name.to_owned(),
        json: serde_json::Value::from(text).to_string(),
    };
    keys.map(key).into()
}

#[derive(Serialize)]
struct Line<'a> {
    protocol: &'static str,
    identification: Option<&'a str>,
    meter: Option<&'a str>,
    meter_time: Option<String>,
    measured_at: Option<String>,
    checksum: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<Security>,
    values: Vec<ValueLine<'a>>,
    defects: Vec<DefectLine<'a>>,
}

#[derive(Serialize)]
struct ValueLine<'a> {
    obis: &'a str,
    value: Option<ExactValue<'a>>,
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<String>,
}

fn print_json(read_out: &ReadOut<'_>, out: &mut dyn Write) -> Result<()> {
    let outcome = &read_out.outcome;
    let protected = outcome.security.invocation_counter.is_some();
    let entries: Vec<Entry<'_>> = read_out.entries().collect();
    let line = Line {
        protocol: read_out.kind.name(),
        identification: read_out.found.identification.map(|it| it.line),
        meter: outcome.meter.as_deref(),
        meter_time: outcome.meter_time.map(|time| time.to_string()),
        measured_at: outcome.measured_at.map(|time| time.to_string()),
        checksum: checksum_name(read_out.found.check),
        security: protected.then(|| Security::of(outcome)),
        values: entries.iter().map(value_line).collect::<Result<_>>()?,
        defects: json::defects(outcome),
    };
    json::write(&line, out)
}

fn value_line<'a>(entry: &Entry<'a>) -> Result<ValueLine<'a>> {
    let value = match entry.content {
        Content::Number(number) => Some(ExactValue::number(number)?),
        Content::Text(text) | Content::TooLong(text) => Some(ExactValue::Text(text)),
        Content::Empty => None,
    };
    Ok(ValueLine {
        obis: entry.address,
        value,
        unit: entry.unit,
        time: entry.time,
        more: entry.more().map(|group| as_sent(&group)).collect(),
    })
}

/// What a pair of brackets holds, put together again.
fn as_sent(group: &Group<'_>) -> String {
    match group.unit {
        Some(unit) => format!("{}*{unit}", group.value),
        None => group.value.to_owned(),
    }
}

/// Prints a read-out for people: what it is, what to make of it, what it says.
fn print_text(read_out: &ReadOut<'_>, out: &mut dyn Write) -> Result<()> {
    let ReadOut { found, kind, outcome } = read_out;
    let what = match kind {
        Kind::Dsmr => "P1 telegram",
        Kind::Iec62056_21 => "Read-out",
    };
    let verdict = if outcome.delivered { "" } else { "REFUSED " };
    writeln!(out, "{verdict}{what}, bytes {} to {}", found.offset, found.end.saturating_sub(1))?;
    if let Some(identification) = found.identification {
        writeln!(out, "  identifies  {}", identification.line)?;
    }
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
    if outcome.security.encrypted {
        writeln!(out, "  protection  {}", text::protection(outcome))?;
    }
    let check = match found.check.holds() {
        Some(true) => "holds",
        Some(false) => {
            "DOES NOT HOLD: any value below may be wrong. They are shown for diagnosis only; such a \
             read-out is never stored"
        }
        None => "none: nothing tells damage",
    };
    writeln!(out, "  checksum    {check}")?;
    for defect in &outcome.defects {
        let at = defect.offset;
        writeln!(out, "  {:<11} {} (byte {at}): {}", "note", defect.code, defect.detail)?;
    }
    for entry in read_out.entries() {
        print_entry(&entry, outcome, out)?;
    }
    writeln!(out)?;
    Ok(())
}

fn print_entry(entry: &Entry<'_>, outcome: &Outcome, out: &mut dyn Write) -> Result<()> {
    let name = match told(entry, outcome).and_then(|value| value.reading.quantity) {
        Some(quantity) => quantity.description().english,
        None if !entry.is_current() => "(earlier period)",
        None => "",
    };
    let value = match entry.content {
        Content::Number(number) => number.to_string(),
        Content::Text(text) | Content::TooLong(text) => text.to_owned(),
        Content::Empty => "–".to_owned(),
    };
    let unit = entry.unit.unwrap_or_default();
    let time = entry.time.map(|time| format!("  at {time}")).unwrap_or_default();
    let more: Vec<String> = entry.more().map(|group| as_sent(&group)).collect();
    let more = if more.is_empty() { String::new() } else { format!("  ({})", more.join(") (")) };
    writeln!(out, "  {:<18}{name:<34}{value:>14} {unit}{time}{more}", entry.address)?;
    Ok(())
}
