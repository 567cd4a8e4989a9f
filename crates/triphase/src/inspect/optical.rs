//! The characters of IEC 62056-21: requests, identifications, selections, read-outs.
//!
//! # Source
//! IEC 62056-21:2002, 6.3; a password stands in the brackets of a P command (6.3.5).

use super::Sheet;
use crate::decode::read_outs;
use frame::iec62056_21::message::{self, Message as Said, Purpose};
use frame::iec62056_21::{ACK, EOT, ETX, Identification, NAK, SOH, STX};
use meter::readout::Kind;
use outlet::{Direction, Explained, ExplainedDefect, ExplainedStep, Message};

/// The eighth bit of a character on a wire that shows its parity.
const PARITY: u8 = 0x80;

/// A data block with what stands before it; `None` for a message without one.
pub(super) fn read_out(message: &Message) -> Option<Explained> {
    let characters = message.bytes.iter().map(|byte| byte & !PARITY);
    let block =
        characters.clone().any(|byte| byte == STX) || characters.clone().any(|it| it == b'(');
    if !block {
        return None;
    }
    let mut found = read_outs(&message.bytes, Kind::Iec62056_21).into_iter();
    let mut told = found.next()?;
    let mut head = Sheet::default();
    let echoed = echo(message, &mut head);
    identification(message, echoed, &mut head);
    // What the read-out says of the identification is said already.
    let identified = head.steps.iter().any(|step| step.layer == "line");
    told.steps.retain(|step| !(identified && step.text.starts_with("identification ")));
    told.steps.splice(0..0, head.steps);
    // A partial block has no end mark, and is none the worse for it.
    let end = message.bytes.len().checked_sub(2).and_then(|at| message.bytes.get(at));
    if end.is_some_and(|byte| byte & !PARITY == EOT) {
        told.defects.retain(|defect| defect.code != "truncated");
        told.steps.retain(|step| !step.text.starts_with("truncated"));
        told.delivered = told.defects.is_empty();
    }
    for (code, detail) in &message.faults {
        let detail = detail.clone();
        told.defects.push(ExplainedDefect { code, detail, offset: 0 });
        told.delivered = false;
    }
    (told.offset, told.length, told.bytes) = (0, message.length, message.bytes.clone());
    if message.length > message.bytes.len() {
        told.bytes = Vec::new();
    }
    let whole = ExplainedStep {
        layer: "line",
        offset: 0,
        length: message.bytes.len(),
        text: "characters of IEC 62056-21".to_owned(),
    };
    told.steps.insert(0, whole);
    Some(told)
}

/// Lays out everything but read-outs. With `guarded`, what came may hold the echo of a password.
pub(super) fn lay_out(message: &Message, guarded: bool, sheet: &mut Sheet) {
    match message.direction {
        Direction::Sent => sent(&message.bytes, sheet),
        Direction::Received => {
            let echoed = echo(message, sheet);
            let left = message.length.saturating_sub(echoed);
            if guarded && left > 1 {
                return sheet.hide((echoed, left), "what followed a password");
            }
            let end = identification(message, echoed, sheet);
            rest(&message.bytes, end, sheet);
        }
    }
}

fn sent(bytes: &[u8], sheet: &mut Sheet) {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&[SOH]) {
            return command(rest, at, sheet);
        }
        let length = match message::decode(rest) {
            Ok(Some((said, length))) => {
                sheet.step("line", (at, length), said_text(&said));
                if let Said::Select { .. } = said {
                    selection(at, sheet);
                }
                length
            }
            Ok(None) => {
                sheet.step("line", (at, rest.len()), "a message that is not whole");
                rest.len()
            }
            Err(length) => {
                let nul = rest.iter().take(length).all(|byte| *byte == 0);
                let text = if nul { "NUL characters: a sleeping meter wakes up" } else { "noise" };
                sheet.step("noise", (at, length), text);
                length
            }
        };
        at = at.saturating_add(length.max(1));
    }
}

fn selection(at: usize, sheet: &mut Sheet) {
    let from = |offset: usize| (at.saturating_add(offset), 1);
    sheet.field(from(0), "ACK");
    sheet.field(from(1), "protocol control character V");
    sheet.field(from(2), "baud rate Z");
    sheet.field(from(3), "mode control character Y");
    sheet.field((at.saturating_add(4), 2), "CR LF");
}

fn said_text(said: &Said) -> String {
    match said {
        Said::Request { address } if address.is_empty() => "request to any meter".to_owned(),
        Said::Request { address } => format!("request to device address {address}"),
        Said::Select { baud, purpose } => {
            let purpose = match purpose {
                Purpose::ReadOut => "read-out",
                Purpose::Programming => "programming mode, in which registers are read",
                Purpose::ModeE => "mode E: HDLC from now on",
            };
            let rate = baud.mode_c().map_or("of no rate".to_owned(), |it| format!("{it} baud"));
            format!("selection: {purpose}, {rate}")
        }
        Said::Acknowledge => "ACK: send the next block".to_owned(),
        Said::Repeat => "NAK: send the last block again".to_owned(),
        Said::Break => "break: the dialogue is over".to_owned(),
    }
}

/// A command of programming mode. What a P command sends is a password, and the check character is
/// made of it, too.
fn command(bytes: &[u8], at: usize, sheet: &mut Sheet) {
    let from = |offset: usize| at.saturating_add(offset);
    sheet.step("line", (at, bytes.len()), "a command of programming mode");
    sheet.field((at, 1), "SOH");
    let name = match bytes.get(1) {
        Some(b'P') => "P: password",
        Some(b'R') => "R: read a register",
        Some(b'B') => "B: break",
        _ => "command",
    };
    sheet.field((from(1), 2.min(bytes.len().saturating_sub(1))), name);
    let behind = bytes.len().saturating_sub(3);
    if bytes.get(1) == Some(&b'P') {
        sheet.hide((from(3), behind), "password and check character");
    } else if behind > 0 {
        let text: String = bytes.iter().skip(3).map(|byte| printable(*byte)).collect();
        sheet.field((from(3), behind), text);
    }
}

/// The head's echo of what was sent; answers where it ends.
fn echo(message: &Message, sheet: &mut Sheet) -> usize {
    let question = message.context.as_slice();
    let same = message.bytes.iter().map(|byte| byte & !PARITY).zip(question);
    let echoed = !question.is_empty()
        && message.bytes.len() >= question.len()
        && same.take(question.len()).all(|(one, other)| one == *other);
    if !echoed {
        return 0;
    }
    let length = question.len();
    if question.starts_with(&[SOH, b'P']) {
        sheet.hide((0, length), "the head's echo of our password");
    } else {
        sheet.step("noise", (0, length), "the head's echo of our message");
    }
    length
}

/// The identification from `at` on; answers where it ends.
fn identification(message: &Message, at: usize, sheet: &mut Sheet) -> usize {
    let characters: Vec<u8> = message.bytes.iter().map(|byte| byte & !PARITY).collect();
    let rest = characters.get(at..).unwrap_or_default();
    let Some(start) = rest.iter().position(|byte| *byte == b'/') else { return at };
    let line = rest.get(start..).unwrap_or_default();
    let length = line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(line.len());
    let place = at.saturating_add(start);
    let Ok(identification) = Identification::parse(line.get(..length).unwrap_or_default()) else {
        return at;
    };
    let from = |offset: usize| place.saturating_add(offset);
    sheet.step("line", (place, length), format!("identification {}", identification.line));
    sheet.field((from(1), 3), format!("manufacturer {}", identification.manufacturer));
    let baud = identification.baud;
    let rate = baud.mode_c().or_else(|| baud.mode_b());
    let rate = rate.map_or("no other rate".to_owned(), |rate| format!("{rate} baud"));
    let character = char::from(baud.0);
    let mode_e = if identification.offers_mode_e() { ", mode E too" } else { "" };
    sheet.field((from(4), 1), format!("{character}: mode {:?}, {rate}{mode_e}", baud.mode()));
    let text = identification.text;
    let begin = length.saturating_sub(text.len());
    sheet.field((from(begin), text.len()), format!("the manufacturer's own: {text}"));
    let ends = line.iter().skip(length).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    place.saturating_add(length).saturating_add(ends)
}

/// What is neither echo nor identification nor read-out.
fn rest(bytes: &[u8], at: usize, sheet: &mut Sheet) {
    let rest = bytes.get(at..).unwrap_or_default();
    let place = (at, rest.len());
    match rest {
        [] => {}
        [ACK] => sheet.step("line", place, "ACK"),
        [NAK] => sheet.step("line", place, "NAK: it did not understand"),
        _ => {
            let text: String = rest.iter().take(64).map(|byte| printable(byte & !PARITY)).collect();
            sheet.step("noise", place, format!("{} characters: {text}", rest.len()));
        }
    }
}

fn printable(byte: u8) -> char {
    match byte {
        STX => '␂',
        ETX => '␃',
        b' '..=b'~' => char::from(byte),
        _ => '·',
    }
}
