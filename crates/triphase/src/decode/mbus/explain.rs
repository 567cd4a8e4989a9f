//! M-Bus frames byte by byte, with everything that `decode` tells of them.

use super::telegram::{Content, Fault, Telegram, Variable};
use super::text::{Described, short_name, status_text};
use super::{Options, is_whole, json, walk};
use crate::inspect::Sheet;
use frame::mbus::{Fixed, Frame, Function, names};
use frame::stream::Event;
use outlet::{Explained, OwnKey};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The first byte of a long frame.
const LONG: u8 = 0x68;
/// The bit of the control field of frames to a slave (EN 13757-2, 5.4: PRM).
const TO_SLAVE: u8 = 0x40;
/// Where the application begins: behind the start, C, A and CI.
const HEAD_LENGTH: usize = 7;

/// What the answers in a capture say, one object for each; what lies between two belongs to the
/// second, what is behind the last belongs to it.
pub(crate) fn explain(bytes: &[u8], options: &Options) -> Vec<Explained> {
    let mut telegrams: Vec<Explained> = Vec::new();
    let mut sheet = Sheet::default();
    let mut begin = 0;
    let walked = walk(bytes, &mut |event| {
        let Some(telegram) = answer(event, options) else {
            around(event, &mut sheet);
            return Ok(());
        };
        let (at, length) = (place(telegram.offset), telegram.length);
        let raw = bytes.get(at..at.saturating_add(length)).unwrap_or_default();
        let mut line = Vec::new();
        let delivered = json::write(&telegram, &mut line);
        sheet.own = own_keys(&line)?;
        telegram_steps(&telegram, raw, &mut sheet);
        let end = at.saturating_add(length);
        let content = (begin, bytes.get(begin..end).unwrap_or_default());
        let told = std::mem::take(&mut sheet).of_capture("mbus", content);
        telegrams.push(Explained { delivered, ..told });
        begin = end;
        Ok(())
    });
    // Nothing is written, and a line of our own is JSON: there is nothing that could fail.
    debug_assert!(walked.is_ok(), "{walked:?}");
    if let Some(last) = telegrams.last_mut() {
        last.steps.append(&mut sheet.steps);
        let from = place(last.offset);
        let rest = bytes.get(from..).unwrap_or_default();
        let told = Sheet::default().of_capture("mbus", (from, rest));
        (last.bytes, last.length) = (told.bytes, told.length);
    }
    telegrams
}

/// The keys of a line that `decode --format json` prints.
fn own_keys(line: &[u8]) -> serde_json::Result<Vec<OwnKey>> {
    let keys: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(line)?;
    let key = |(name, json): (String, Box<RawValue>)| OwnKey { name, json: json.get().to_owned() };
    Ok(keys.into_iter().map(key).collect())
}

/// The frames of one message of a dialogue.
pub(crate) fn lay_out(bytes: &[u8], sheet: &mut Sheet) {
    let options = Options::default();
    let walked = walk(bytes, &mut |event| {
        match event {
            Event::Mbus { offset, frame: Frame::Long { control, ci, data, .. }, bytes }
                if control & TO_SLAVE != 0 =>
            {
                request_steps((place(*offset), bytes), (*control, *ci, data), sheet);
            }
            _ => match answer(event, &options) {
                Some(telegram) => {
                    let (at, length) = (place(telegram.offset), telegram.length);
                    let raw = bytes.get(at..at.saturating_add(length)).unwrap_or_default();
                    telegram_steps(&telegram, raw, sheet);
                }
                None => around(event, sheet),
            },
        }
        Ok(())
    });
    debug_assert!(walked.is_ok(), "nothing is written: {walked:?}");
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// The answer that an event is, whole or not.
fn answer<'a>(event: &Event<'a>, options: &Options) -> Option<Telegram<'a>> {
    match event {
        Event::Mbus { offset, frame: Frame::Long { control, address, ci, data }, bytes } => {
            let place = (*offset, bytes.len());
            Some(Telegram::of(place, (*control, *address, *ci), data, options))
        }
        Event::DamagedMbus { offset, bytes, error } => {
            Some(Telegram::refused((*offset, bytes.len()), Fault::of_link(error)))
        }
        Event::CutShort { offset, bytes } if bytes.first() == Some(&LONG) => {
            Some(Telegram::refused((*offset, bytes.len()), Fault::cut_short(bytes)))
        }
        _ => None,
    }
}

/// What is no answer: short frames, noise.
fn around(event: &Event<'_>, sheet: &mut Sheet) {
    match event {
        Event::Mbus { offset, frame: Frame::Acknowledge, .. } => {
            sheet.step("mbus", (place(*offset), 1), "E5: acknowledgement");
        }
        Event::Mbus { offset, frame: Frame::Short { control, address }, bytes } => {
            let at = place(*offset);
            let name = short_name(*control);
            let text = format!("short frame, checksum holds: {name}, to address {address}");
            sheet.step("mbus", (at, bytes.len()), text);
            let [fcb, fcv] = [control & 0x20, control & 0x10].map(|bit| u8::from(bit != 0));
            sheet.field((at, 1), "start of a short frame");
            let text = format!("C {control:02X}: {name}, FCB {fcb}, FCV {fcv}");
            sheet.field((at.saturating_add(1), 1), text);
            sheet.field((at.saturating_add(2), 1), address_text(*address));
            sheet.field((at.saturating_add(3), 1), "checksum, holds");
            sheet.field((at.saturating_add(4), 1), "stop");
        }
        Event::Noise { offset, length } => {
            let length = place(*length);
            let text = format!("{length} bytes of noise");
            sheet.step("noise", (place(*offset), length), text);
        }
        Event::CutShort { offset, bytes } => {
            let text = format!("{} bytes of a frame that ends early", bytes.len());
            sheet.step("noise", (place(*offset), bytes.len()), text);
        }
        Event::Hdlc { offset, bytes, .. }
        | Event::Apdu { offset, bytes }
        | Event::DamagedHdlc { offset, bytes, .. }
        | Event::BrokenApdu { offset, bytes } => {
            let text = format!("{} bytes that are no M-Bus", bytes.len());
            sheet.step("noise", (place(*offset), bytes.len()), text);
        }
        Event::Mbus { .. } | Event::DamagedMbus { .. } => {}
    }
}

fn address_text(address: u8) -> String {
    let name = match address {
        0 => ": a slave without an address",
        253 => ": the slave that its secondary address selected",
        254 => ": whoever is there answers",
        255 => ": all, nobody answers",
        _ => "",
    };
    format!("A {address:02X}: address {address}{name}")
}

/// A whole answer, or one that is none.
fn telegram_steps(telegram: &Telegram<'_>, raw: &[u8], sheet: &mut Sheet) {
    let at = place(telegram.offset);
    let from = |offset: usize| at.saturating_add(offset);
    let intact =
        telegram.address.is_some() || frame::mbus::decode(raw).is_ok_and(|it| it.is_some());
    let verdict = if intact { "checksum holds" } else { "not intact" };
    sheet.step("mbus", (at, raw.len()), format!("long frame, {verdict}"));
    head_steps(at, raw, sheet);
    let mut fault = None;
    match &telegram.content {
        Content::Nothing => {}
        Content::ApplicationError(code) => {
            let said = names::application_error(*code);
            sheet.field((from(HEAD_LENGTH), 1), format!("the meter refuses: {said}"));
        }
        Content::Alarm(status) => {
            sheet.field((from(HEAD_LENGTH), 1), format!("alarm, status {status:02X}"));
        }
        Content::Fixed(fixed) => fixed_steps(fixed, at, sheet),
        Content::Variable(variable) => {
            header_steps(variable, (at, raw), sheet);
            fault = record_steps(variable, at, sheet);
        }
    }
    tail_steps(at, raw, intact, sheet);
    let fault = fault.as_ref().or(telegram.fault.as_ref());
    match fault {
        // The dialogue that asked may have the key; here nothing is opened.
        Some(fault) if fault.code == "key_missing" && sheet.own.is_empty() => {
            let length = raw.len().saturating_sub(fault.at).saturating_sub(2);
            sheet.security.encrypted = true;
            sheet.step("cipher", (from(fault.at), length), "encrypted records, not opened here");
        }
        Some(fault) => sheet.defect(fault.code, from(fault.at), fault.detail.clone()),
        None if !is_whole(&telegram.content) => {
            sheet.defect("mbus_ci_unknown", from(6), "nothing of it was understood");
        }
        None => {}
    }
}

/// Start, lengths, C, A and CI.
fn head_steps(at: usize, raw: &[u8], sheet: &mut Sheet) {
    let Some([_, length, _, _, control, address, ci]) = raw.first_chunk::<HEAD_LENGTH>() else {
        return;
    };
    let text = format!("start and length: {length} bytes are counted, said twice");
    sheet.field((at, 4), text);
    let name = match (control & TO_SLAVE != 0, control & 0x0F) {
        (false, 0x08) => "RSP_UD: answer of the slave",
        (true, 0x03) => "SND_UD: data to the slave",
        _ => "control",
    };
    sheet.field((at.saturating_add(4), 1), format!("C {control:02X}: {name}"));
    sheet.field((at.saturating_add(5), 1), address_text(*address));
    let name = match ci {
        0x50 => "application reset",
        0x51 => "data to the slave",
        0x52 => "selection of a slave by its secondary address",
        0x70 => "application error",
        0x71 => "alarm",
        0x72 => "variable data, long header",
        0x76 => "variable data, long header, high byte first",
        0x73 => "fixed data",
        0x78 => "variable data without header",
        0x7A => "variable data, short header",
        0xB8..=0xBF => "change of the baud rate",
        _ => "application",
    };
    sheet.field((at.saturating_add(6), 1), format!("CI {ci:02X}: {name}"));
}

fn tail_steps(at: usize, raw: &[u8], intact: bool, sheet: &mut Sheet) {
    let Some(end) = raw.len().checked_sub(2).filter(|_| intact) else { return };
    sheet.field((at.saturating_add(end), 1), "checksum, holds");
    sheet.field((at.saturating_add(end).saturating_add(1), 1), "stop");
}

/// The header of a variable data structure.
fn header_steps(variable: &Variable<'_>, (at, raw): (usize, &[u8]), sheet: &mut Sheet) {
    let mut offset = at.saturating_add(HEAD_LENGTH);
    let mut field = |length: usize, text: String, sheet: &mut Sheet| {
        sheet.field((offset, length), text);
        offset = offset.saturating_add(length);
    };
    if let Some(identity) = variable.identity {
        sheet.meter = Some(format!("{:08X}", identity.number()));
        let maker: String = names::manufacturer(identity.manufacturer).into_iter().collect();
        let medium = names::medium(identity.medium).unwrap_or("unknown");
        field(4, format!("identification {:08X}", identity.number()), sheet);
        field(2, format!("manufacturer {maker}"), sheet);
        field(1, format!("version {}", identity.version), sheet);
        field(1, format!("medium {:02X}: {medium}", identity.medium), sheet);
    }
    if let Some(number) = variable.access_number {
        field(1, format!("access number {number}"), sheet);
    }
    if let Some(status) = variable.status {
        field(1, format!("status {status:02X}: {}", status_text(status)), sheet);
        let behind = offset.saturating_sub(at);
        let bytes = raw.get(behind..).and_then(|rest| rest.first_chunk::<2>());
        if let Some(configuration) = bytes.map(|bytes| u16::from_le_bytes(*bytes)) {
            let kind = if variable.encrypted { "encrypted" } else { "not encrypted" };
            sheet.field((offset, 2), format!("configuration {configuration:04X}: {kind}"));
        }
    }
    sheet.security.encrypted = variable.encrypted;
}

/// The records; the fault that ends them.
fn record_steps(variable: &Variable<'_>, at: usize, sheet: &mut Sheet) -> Option<Fault> {
    for record in variable.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => return Some(Fault::of_record(error)),
        };
        let Described { name, value, unit, invalid } = Described::of(&record);
        let own = matches!(record.function, Function::Manufacturer | Function::MoreRecordsFollow);
        let sign = if own { ":" } else { " =" };
        let space = if unit.is_empty() { "" } else { " " };
        let doubt = if invalid { " (invalid digits)" } else { "" };
        let place = (at.saturating_add(record.offset), record.length);
        sheet.step("value", place, format!("{name}{sign} {value}{space}{unit}{doubt}"));
    }
    None
}

fn fixed_steps(fixed: &Fixed, at: usize, sheet: &mut Sheet) {
    let from = |offset: usize| at.saturating_add(HEAD_LENGTH).saturating_add(offset);
    sheet.meter = Some(format!("{:08X}", fixed.number()));
    sheet.field((from(0), 4), format!("identification {:08X}", fixed.number()));
    sheet.field((from(4), 1), format!("access number {}", fixed.access_number));
    sheet.field((from(5), 1), format!("status {:02X}", fixed.status));
    let medium = names::fixed_medium(fixed.units);
    sheet.field((from(6), 2), format!("units and medium: {medium}"));
    let kind = if fixed.is_stored() { "stored value" } else { "actual value" };
    let counters = fixed.numbers().into_iter().zip(fixed.units);
    let counters = counters.zip(fixed.has_invalid_digits());
    for (offset, ((number, unit), invalid)) in [8, 12].into_iter().zip(counters) {
        let unit = names::fixed_unit(unit).0;
        let doubt = if invalid { " (invalid digits)" } else { "" };
        sheet.step("value", (from(offset), 4), format!("{kind} = {number} {unit}{doubt}"));
    }
}

/// What a long frame asks of a slave.
fn request_steps((at, raw): (usize, &[u8]), (_, ci, data): (u8, u8, &[u8]), sheet: &mut Sheet) {
    sheet.step("mbus", (at, raw.len()), "long frame to a slave, checksum holds");
    head_steps(at, raw, sheet);
    let from = at.saturating_add(HEAD_LENGTH);
    match (ci, data) {
        (0x52 | 0x56, [a, b, c, d, low, high, version, medium]) => {
            let wild = "F stands for any digit";
            let text = format!("identification {d:02X}{c:02X}{b:02X}{a:02X}, {wild}");
            sheet.field((from, 4), text);
            let maker = match (low, high) {
                (0xFF, 0xFF) => "any".to_owned(),
                (low, high) => {
                    names::manufacturer(u16::from_le_bytes([*low, *high])).into_iter().collect()
                }
            };
            sheet.field((from.saturating_add(4), 2), format!("manufacturer {maker}"));
            sheet.field((from.saturating_add(6), 1), format!("version {version:02X}"));
            sheet.field((from.saturating_add(7), 1), format!("medium {medium:02X}"));
        }
        (_, []) => {}
        (_, data) => sheet.field((from, data.len()), format!("{} bytes of data", data.len())),
    }
    tail_steps(at, raw, true, sheet);
}
