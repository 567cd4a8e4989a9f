//! Modbus questions and answers, register by register.

use super::Sheet;
use frame::modbus::{self, Adu, Pdu, Side, function_name};
use outlet::{Dialect, Direction, Message, OwnKey};
use wire::modbus::exception_name;

const CHECK_LENGTH: usize = 2;

/// Lays out a question or an answer. The question of an answer, in the message's context, tells the
/// addresses of its registers.
pub(super) fn lay_out(message: &Message, sheet: &mut Sheet) {
    let side = match message.direction {
        Direction::Sent => Side::Question,
        Direction::Received => Side::Answer,
    };
    let bytes = message.bytes.as_slice();
    let decode = |bytes, side| match message.dialect {
        Dialect::ModbusTcp => modbus::decode_tcp(bytes),
        _ => modbus::decode_rtu(bytes, side),
    };
    let read = decode(bytes, side);
    let question = decode(&message.context, Side::Question).ok().flatten();
    let asked = question.and_then(|(adu, _)| Pdu::decode(adu.pdu, Side::Question));
    let whole = read.as_ref().ok().and_then(|read| read.as_ref()).map(|(adu, _)| adu);
    sheet.own = keys(whole, (message.dialect, side), asked);
    let (adu, length) = match read {
        Ok(Some(whole)) => whole,
        Ok(None) => {
            sheet.step("modbus", (0, bytes.len()), "not a whole question or answer");
            return sheet.defect("truncated", bytes.len(), "the bytes end early");
        }
        Err(error) => {
            sheet.step("modbus", (0, bytes.len()), "no Modbus");
            return sheet.defect("modbus_frame", error.offset(), error.to_string());
        }
    };
    let first = match asked {
        Some(Pdu::Read { address, .. }) => Some(address),
        _ => None,
    };
    unit_steps(&adu, length, sheet);
    match Pdu::decode(adu.pdu, side) {
        Some(pdu) => pdu_steps(&pdu, (adu.pdu_at, first), sheet),
        None => {
            let detail = "the data are not as long as the function has them";
            sheet.defect("modbus_data", adu.pdu_at.saturating_add(1), detail);
        }
    }
    if adu.transaction.is_none() {
        let at = length.saturating_sub(CHECK_LENGTH);
        sheet.field((at, CHECK_LENGTH), "check sequence (CRC), holds");
    }
    if length < bytes.len() {
        let rest = bytes.len().saturating_sub(length);
        sheet.step("noise", (length, rest), format!("{rest} bytes behind it"));
    }
}

fn unit_steps(adu: &Adu<'_>, length: usize, sheet: &mut Sheet) {
    let unit = adu.unit;
    let text = match adu.transaction {
        Some(transaction) => format!("Modbus TCP, transaction {transaction}, unit {unit}"),
        None => format!("Modbus RTU, unit {unit}"),
    };
    sheet.step("modbus", (0, length), text);
    if let Some(transaction) = adu.transaction {
        sheet.field((0, 2), format!("transaction {transaction}"));
        sheet.field((2, 2), "protocol 0: Modbus");
        sheet.field((4, 2), format!("{} bytes follow", adu.pdu.len().saturating_add(1)));
    }
    sheet.field((adu.pdu_at.saturating_sub(1), 1), format!("unit {unit}"));
}

fn pdu_steps(pdu: &Pdu<'_>, (at, first): (usize, Option<u16>), sheet: &mut Sheet) {
    let from = |offset: usize| at.saturating_add(offset);
    match *pdu {
        Pdu::Read { function, address, count } => {
            sheet.field((at, 1), function_text(function));
            sheet.field((from(1), 2), format!("first register {address}"));
            sheet.field((from(3), 2), format!("{count} registers"));
        }
        Pdu::Registers { function, content } => {
            sheet.field((at, 1), function_text(function));
            sheet.field((from(1), 1), format!("{} bytes of registers", content.len()));
            let (words, _) = content.as_chunks::<2>();
            for (place, word) in words.iter().enumerate() {
                let word = u16::from_be_bytes(*word);
                let number = usize::from(first.unwrap_or(0)).saturating_add(place);
                let name = if first.is_some() { "register" } else { "register + " };
                let text = format!("{name} {number} = {word} ({word:04X}h)");
                sheet.step("value", (from(2).saturating_add(place * 2), 2), text);
            }
        }
        Pdu::Exception { function, code } => {
            let text = format!("exception to function {function}, {}", function_name(function));
            sheet.field((at, 1), text);
            let name = exception_name(code);
            sheet.field((from(1), 1), format!("exception {code}: {name}"));
            let detail = format!("the device answers exception {code}, {name}");
            sheet.defect("exception", from(1), detail);
        }
        Pdu::Other { function, content } => {
            sheet.field((at, 1), function_text(function));
            let text = format!("{} bytes of data", content.len());
            sheet.field((from(1), content.len()), text);
        }
    }
}

fn function_text(function: u8) -> String {
    format!("function {function}: {}", function_name(function))
}

/// What Modbus alone tells.
fn keys(
    adu: Option<&Adu<'_>>,
    (dialect, side): (Dialect, Side),
    asked: Option<Pdu<'_>>,
) -> Vec<OwnKey> {
    let pdu = adu.and_then(|adu| Pdu::decode(adu.pdu, side));
    let function = pdu.map(|pdu| match pdu {
        Pdu::Read { function, .. }
        | Pdu::Registers { function, .. }
        | Pdu::Exception { function, .. }
        | Pdu::Other { function, .. } => function,
    });
    let address = [pdu, asked].into_iter().flatten().find_map(|pdu| match pdu {
        Pdu::Read { address, .. } => Some(address),
        _ => None,
    });
    let registers = match pdu {
        Some(Pdu::Registers { content, .. }) => {
            let (words, _) = content.as_chunks::<2>();
            Some(words.iter().map(|word| u16::from_be_bytes(*word)).collect::<Vec<_>>())
        }
        _ => None,
    };
    let count = match pdu {
        Some(Pdu::Read { count, .. }) => Some(count),
        _ => registers.as_ref().and_then(|words| u16::try_from(words.len()).ok()),
    };
    let exception = match pdu {
        Some(Pdu::Exception { code, .. }) => Some(code),
        _ => None,
    };
    let framing = if dialect == Dialect::ModbusTcp { "tcp" } else { "rtu" };
    let side = if side == Side::Question { "question" } else { "answer" };
    let own = [
        ("framing", serde_json::Value::from(framing)),
        ("side", side.into()),
        ("transaction", adu.and_then(|adu| adu.transaction).into()),
        ("unit", adu.map(|adu| adu.unit).into()),
        ("function", function.into()),
        ("address", address.into()),
        ("count", count.into()),
        ("registers", registers.into()),
        ("exception", exception.into()),
    ];
    own.map(|(name, value)| OwnKey { name: name.to_owned(), json: value.to_string() }).into()
}
