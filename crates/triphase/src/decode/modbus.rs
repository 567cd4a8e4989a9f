//! `triphase decode` of Modbus: questions and answers as they were on a wire, TCP or serial.
//!
//! In: application data units, one behind the other. Out: one line or one explanation for each. The
//! first that is none is refused with its place, and ends the capture: nothing tells where the next
//! begins. Those before it stay.

use super::{Tally, json};
use crate::cli::Format;
use crate::inspect;
use anyhow::Result;
use frame::modbus::{self, Adu, Pdu, Side};
use outlet::{Dialect, Direction, Explained, Message};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// Where a unit stands, and who sent it.
#[derive(Debug, Clone, Copy)]
struct Unit {
    at: usize,
    length: usize,
    side: Side,
}

/// The units of a capture, and what is left behind the last whole one.
struct Units {
    dialect: Dialect,
    whole: Vec<Unit>,
    rest: usize,
}

impl Units {
    /// Reads as TCP or serial, whichever explains more of the bytes.
    fn of(bytes: &[u8]) -> Self {
        let tcp = Self::in_dialect(bytes, Dialect::ModbusTcp);
        let rtu = Self::in_dialect(bytes, Dialect::ModbusRtu);
        if rtu.rest > tcp.rest { rtu } else { tcp }
    }

    fn in_dialect(bytes: &[u8], dialect: Dialect) -> Self {
        let (mut whole, mut rest) = (Vec::new(), 0);
        let mut awaited = Side::Question;
        while let Some(left) = bytes.get(rest..).filter(|left| !left.is_empty()) {
            let other = other(awaited);
            let read = [awaited, other].into_iter().find_map(|side| unit(left, dialect, side));
            let Some((side, length)) = read else { break };
            whole.push(Unit { at: rest, length, side });
            rest = rest.saturating_add(length);
            awaited = self::other(side);
        }
        Self { dialect, whole, rest }
    }
}

const fn other(side: Side) -> Side {
    match side {
        Side::Question => Side::Answer,
        Side::Answer => Side::Question,
    }
}

fn adu(bytes: &[u8], dialect: Dialect, side: Side) -> Option<(Adu<'_>, usize)> {
    match dialect {
        Dialect::ModbusTcp => modbus::decode_tcp(bytes),
        _ => modbus::decode_rtu(bytes, side),
    }
    .ok()?
}

/// The unit that begins the bytes, when it is one of this side.
fn unit(bytes: &[u8], dialect: Dialect, side: Side) -> Option<(Side, usize)> {
    let (adu, length) = adu(bytes, dialect, side)?;
    Pdu::decode(adu.pdu, side).map(|_| (side, length))
}

/// Whether the whole capture is Modbus.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    let units = Units::of(bytes);
    !units.whole.is_empty() && units.rest == bytes.len()
}

/// What each question and answer says, and what is wrong behind the last.
pub(crate) fn explain(bytes: &[u8]) -> Vec<Explained> {
    let units = Units::of(bytes);
    let mut question: &[u8] = &[];
    let mut told = Vec::new();
    for unit in &units.whole {
        let content = bytes.get(unit.at..unit.at.saturating_add(unit.length)).unwrap_or_default();
        let context = if unit.side == Side::Answer { question } else { &[] };
        told.push(one(content, (units.dialect, *unit), context));
        if unit.side == Side::Question {
            question = content;
        }
    }
    let rest = bytes.get(units.rest..).unwrap_or_default();
    if !rest.is_empty() {
        let unit = Unit { at: units.rest, length: rest.len(), side: Side::Answer };
        let mut broken = one(rest, (units.dialect, unit), question);
        broken.delivered = false;
        told.push(broken);
    }
    told
}

fn one(content: &[u8], (dialect, unit): (Dialect, Unit), question: &[u8]) -> Explained {
    let direction = match unit.side {
        Side::Question => Direction::Sent,
        Side::Answer => Direction::Received,
    };
    let (bytes, context, faults) = (content.to_vec(), question.to_vec(), Vec::new());
    let message = Message { dialect, direction, length: bytes.len(), bytes, context, faults };
    let mut told = inspect::explain(&message);
    let at = unit.at as u64;
    told.offset = at;
    told.steps.iter_mut().for_each(|step| step.offset = step.offset.saturating_add(at));
    told.defects.iter_mut().for_each(|defect| defect.offset = defect.offset.saturating_add(at));
    // A device that says no has said so: that is an answer.
    told.delivered |= told.defects.iter().all(|defect| defect.code == "exception");
    told
}

#[derive(Serialize)]
struct Line<'a> {
    protocol: &'static str,
    meter: Option<&'a str>,
    meter_time: Option<&'a str>,
    measured_at: Option<&'a str>,
    values: [(); 0],
    defects: Vec<DefectLine<'a>>,
    #[serde(flatten)]
    own: BTreeMap<&'a str, Box<serde_json::value::RawValue>>,
}

#[derive(Serialize)]
struct DefectLine<'a> {
    code: &'static str,
    detail: &'a str,
    offset: u64,
}

/// Prints every question and answer.
///
/// # Errors
/// The output cannot be written.
pub(super) fn decode(bytes: &[u8], format: Format, out: &mut dyn Write) -> Result<Tally> {
    let mut tally = Tally { delivered: 0, refused: 0, bytes: bytes.len(), noise: 0 };
    for told in explain(bytes) {
        *if told.delivered { &mut tally.delivered } else { &mut tally.refused } += 1;
        match format {
            Format::Json => print_json(&told, out)?,
            Format::Text => print_text(&told, out)?,
        }
    }
    Ok(tally)
}

fn print_json(told: &Explained, out: &mut dyn Write) -> Result<()> {
    let own = told.own.iter().map(|key| {
        let json = serde_json::value::RawValue::from_string(key.json.clone())?;
        Ok((key.name.as_str(), json))
    });
    let defects = told.defects.iter().map(|defect| DefectLine {
        code: defect.code,
        detail: &defect.detail,
        offset: defect.offset,
    });
    let line = Line {
        protocol: told.protocol,
        meter: None,
        meter_time: None,
        measured_at: None,
        values: [],
        defects: defects.collect(),
        own: own.collect::<Result<_>>()?,
    };
    json::write(&line, out)
}

fn print_text(told: &Explained, out: &mut dyn Write) -> Result<()> {
    let last = told.offset.saturating_add(told.length as u64).saturating_sub(1);
    let verdict = if told.delivered { "Modbus unit" } else { "REFUSED Modbus unit" };
    writeln!(out, "{verdict}, bytes {} to {last}", told.offset)?;
    for defect in &told.defects {
        writeln!(out, "  note        {} (byte {}): {}", defect.code, defect.offset, defect.detail)?;
    }
    for step in told.steps.iter().filter(|step| step.layer != "defect") {
        writeln!(out, "  {:>8}  {:>5}  {}", step.offset, step.length, step.text)?;
    }
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rtu(content: &[u8]) -> Vec<u8> {
        [content, &modbus::crc(content).to_le_bytes()].concat()
    }

    fn key(told: &Explained, name: &str) -> String {
        let key = told.own.iter().find(|key| key.name == name);
        key.map_or_else(String::new, |key| key.json.clone())
    }

    #[test]
    fn a_line_is_told_question_by_question() {
        let capture = [
            rtu(&[1, 4, 0, 200, 0, 2]),
            rtu(&[1, 4, 4, 0x43, 0x66, 0x33, 0x34]),
            rtu(&[9, 3, 0, 0, 0, 1]),
            rtu(&[9, 0x83, 2]),
        ]
        .concat();
        assert!(recognises(&capture));
        let told = explain(&capture);
        let sides: Vec<String> = told.iter().map(|it| key(it, "side")).collect();
        assert_eq!(sides, ["\"question\"", "\"answer\"", "\"question\"", "\"answer\""]);
        assert_eq!(
            (key(&told[1], "address"), key(&told[1], "registers")),
            ("200".to_owned(), "[17254,13108]".to_owned())
        );
        assert_eq!((key(&told[3], "exception"), told[3].delivered), ("2".to_owned(), true));
        assert_eq!(told.iter().map(|it| it.offset).collect::<Vec<_>>(), [0, 8, 17, 25]);
    }

    #[test]
    fn a_broken_unit_has_its_place_and_those_before_it_stay() {
        let good = [0, 7, 0, 0, 0, 6, 1, 4, 0, 200, 0, 2];
        let capture = [&good[..], &[0, 8, 0, 9, 0, 6, 1, 4]].concat();
        assert!(!recognises(&capture));
        let told = explain(&capture);
        assert_eq!(told.iter().map(|it| it.delivered).collect::<Vec<_>>(), [true, false]);
        assert_eq!(
            told[1].defects.first().map(|it| (it.code, it.offset)),
            Some(("modbus_frame", 14))
        );
    }
}
