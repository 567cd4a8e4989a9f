//! One telegram explained to a person.

use super::telegram::{Content, Fault, Telegram, Variable, instants};
use super::{Shown, is_whole, write_text};
use anyhow::Result;
use frame::mbus::{Frame, Function, Record, names};
use std::io::Write;

/// Status bits with a meaning for every meter (EN 13757-3:2018, table 14 of the 2004 edition).
const STATUS: [(u8, u8, &str); 6] = [
    (0x03, 0x01, "application busy"),
    (0x03, 0x02, "any application error"),
    (0x03, 0x03, "abnormal condition or alarm"),
    (0x04, 0x04, "power low"),
    (0x08, 0x08, "permanent error"),
    (0x10, 0x10, "temporary error"),
];

/// Appends the explanation; tells whether the telegram is delivered.
///
/// # Errors
/// None in practice: the output is memory.
pub(super) fn write(telegram: &Telegram<'_>, out: &mut Vec<u8>) -> Result<bool> {
    let mut body = Vec::new();
    let found = content(telegram, &mut body)?;
    let fault = found.as_ref().or(telegram.fault.as_ref());
    let whole = fault.is_none() && is_whole(&telegram.content);
    let last = telegram.offset.saturating_add(telegram.length as u64).saturating_sub(1);
    let verdict = if whole { "M-Bus telegram" } else { "REFUSED M-Bus telegram" };
    writeln!(out, "{verdict}, bytes {} to {last}", telegram.offset)?;
    if let Some(address) = telegram.address {
        writeln!(out, "  address     {address}")?;
    }
    out.extend_from_slice(&body);
    if let Some(Fault { code, detail, at }) = fault {
        let at = telegram.offset.saturating_add(*at as u64);
        writeln!(out, "  note        {code} (byte {at}): {detail}")?;
    }
    writeln!(out)?;
    Ok(whole)
}

/// Says what a short frame is.
///
/// # Errors
/// The output cannot be written.
pub(super) fn short(offset: u64, frame: &Frame<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    match *frame {
        Frame::Acknowledge => writeln!(out, "Acknowledgement (E5), byte {offset}\n"),
        Frame::Short { control, address } => {
            let name = short_name(control);
            writeln!(out, "{name} to address {address} (C = {control:02X}), byte {offset}\n")
        }
        Frame::Long { .. } => Ok(()),
    }
}

/// What a short frame asks for.
pub(super) const fn short_name(control: u8) -> &'static str {
    match control & 0x4F {
        0x40 => "SND_NKE: initialise",
        0x4A => "REQ_UD1: request of alarms",
        0x4B => "REQ_UD2: request of data",
        _ => "short frame",
    }
}

fn content(telegram: &Telegram<'_>, out: &mut Vec<u8>) -> Result<Option<Fault>> {
    match &telegram.content {
        Content::Nothing => {}
        Content::ApplicationError(code) => {
            writeln!(out, "  the meter refuses: {}", names::application_error(*code))?;
        }
        Content::Alarm(status) => writeln!(out, "  alarm, status {status:02X}")?,
        Content::Fixed(fixed) => {
            writeln!(out, "  meter       {:08X}", fixed.number())?;
            writeln!(out, "  medium      {}", names::fixed_medium(fixed.units))?;
            state(Some(fixed.access_number), Some(fixed.status & 0xFC), out)?;
            let kind = if fixed.is_stored() { "stored value" } else { "actual value" };
            let doubts = fixed.has_invalid_digits();
            for ((number, unit), doubt) in fixed.numbers().into_iter().zip(fixed.units).zip(doubts)
            {
                let doubt = if doubt { "  (invalid digits)" } else { "" };
                writeln!(out, "  {kind:<58}{number:>16} {}{doubt}", names::fixed_unit(unit).0)?;
            }
        }
        Content::Variable(variable) => return variable_structure(telegram, variable, out),
    }
    Ok(None)
}

fn variable_structure(
    telegram: &Telegram<'_>,
    variable: &Variable<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<Fault>> {
    match variable.identity {
        Some(identity) => {
            let maker: String = names::manufacturer(identity.manufacturer).into_iter().collect();
            let medium = names::medium(identity.medium).unwrap_or("unknown medium");
            writeln!(
                out,
                "  meter       {:08X}, {maker}, version {}",
                identity.number(),
                identity.version
            )?;
            writeln!(out, "  medium      {medium} ({:02X})", identity.medium)?;
            writeln!(out, "  secondary   {}", identity.secondary_address())?;
        }
        None => writeln!(out, "  meter       not named: the header is short or absent")?,
    }
    state(variable.access_number, variable.status, out)?;
    if let Some(clock) = variable.clock() {
        let (local, at) = instants(clock, telegram.zone.as_ref());
        match at {
            Some(at) => writeln!(out, "  clock       {local} (= {at})")?,
            None => writeln!(out, "  clock       {local} (UTC unknown: give --timezone)")?,
        }
    }
    let protection = if variable.encrypted { "encrypted (mode 5, AES-128-CBC)" } else { "none" };
    writeln!(out, "  protection  {protection}")?;
    for record in variable.records() {
        match record {
            Ok(record) => line(&record, telegram.offset, out)?,
            Err(error) => return Ok(Some(Fault::of_record(error))),
        }
    }
    Ok(None)
}

/// What a status byte says.
pub(super) fn status_text(status: u8) -> String {
    let said = STATUS.iter().filter(|(mask, bits, _)| status & mask == *bits);
    let mut said: Vec<&str> = said.map(|(_, _, text)| *text).collect();
    if status & 0xE0 != 0 {
        said.push("manufacturer's own bits");
    }
    if said.is_empty() { "no error".to_owned() } else { said.join(", ") }
}

fn state(access_number: Option<u8>, status: Option<u8>, out: &mut Vec<u8>) -> Result<()> {
    if let Some(number) = access_number {
        writeln!(out, "  access      number {number}")?;
    }
    if let Some(status) = status {
        writeln!(out, "  status      {status:02X}: {}", status_text(status))?;
    }
    Ok(())
}

/// A record in words.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) unit: &'static str,
    /// Whether its digits are none.
    pub(super) invalid: bool,
}

impl Described {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let mut value = Vec::new();
        match Shown::of(record.value()) {
            Shown::Number(number) => value.extend(number.to_string().bytes()),
            Shown::Null => value.extend_from_slice(b"(not a number)"),
            Shown::Text(text) => write_text(&text, &mut value),
        }
        let value = String::from_utf8_lossy(&value).into_owned();
        if matches!(record.function, Function::Manufacturer | Function::MoreRecordsFollow) {
            let more = record.function == Function::MoreRecordsFollow;
            let more = if more { ", more telegrams follow" } else { "" };
            let name = format!("data of the manufacturer's own{more}");
            return Self { name, value, unit: "", invalid: false };
        }
        let unit = record.meaning().map_or("", |meaning| meaning.unit);
        let invalid = record.has_invalid_digits();
        let unit = if unit == "-" { "" } else { unit };
        Self { name: name_of(record), value, unit, invalid }
    }
}

fn line(record: &Record<'_>, offset: u64, out: &mut Vec<u8>) -> Result<()> {
    let Described { name, value, unit, invalid } = Described::of(record);
    let at = offset.saturating_add(record.offset as u64);
    if matches!(record.function, Function::Manufacturer | Function::MoreRecordsFollow) {
        writeln!(out, "  {at:>6}  {name}: {value}")?;
        return Ok(());
    }
    let doubt = if invalid { "  (invalid digits)" } else { "" };
    writeln!(out, "  {at:>6}  {name:<50}{value:>16} {unit}{doubt}")?;
    Ok(())
}

/// What the record's value is, with everything that limits it.
fn name_of(record: &Record<'_>) -> String {
    let mut name = match record.vif.and_then(|vif| vif.plain_text) {
        Some(text) => frame::mbus::text(text).collect(),
        None => record.meaning().map_or("", |meaning| meaning.quantity).to_owned(),
    };
    name.push_str(match record.function {
        Function::Maximum => ", maximum",
        Function::Minimum => ", minimum",
        Function::ErrorState => ", during error",
        _ => "",
    });
    for (label, number) in [
        ("storage", record.storage_number),
        ("tariff", u64::from(record.tariff)),
        ("unit", u64::from(record.sub_unit)),
    ] {
        if number > 0 {
            name.push_str(&format!(", {label} {number}"));
        }
    }
    if let Some(vif) = record.vif {
        for combined in vif.combinable().filter(|combined| !combined.is_neutral()) {
            name.push_str(", ");
            name.push_str(combined.name());
        }
        for own in vif.manufacturers() {
            name.push_str(&format!(", own VIFE {own:02X}"));
        }
    }
    name
}
