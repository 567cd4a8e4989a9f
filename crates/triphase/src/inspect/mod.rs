//! Messages to and from meters that are asked, and of brokers, explained byte by byte.
//!
//! In: the bytes as they went over the wire. Out: the outlet's plain form. Passwords are hidden, and
//! the check sequences over them with them; what is encrypted stays so.

mod ber;
mod cosem;
mod hdlc;
mod json_text;
mod modbus;
mod optical;
mod sheet;

pub(crate) use sheet::Sheet;

use outlet::{Dialect, Direction, Explained, Kept, Message};

/// Explains a message.
pub(crate) fn explain(message: &Message) -> Explained {
    looked_at(message).0
}

/// A message as it is kept, and whether it is a good one. One with a password, or one that may be
/// its echo, is kept explained, without the password.
pub(crate) fn kept(message: Message) -> (Kept, bool) {
    if matches!(message.dialect, Dialect::ModbusTcp | Dialect::ModbusRtu) {
        // Many of these a second, and who asked has checked the answer.
        let good = message.faults.is_empty();
        return (Kept::Message(message), good);
    }
    let (explained, hides) = looked_at(&message);
    let good = explained.delivered;
    if hides {
        (Kept::Explained(Box::new(explained)), good)
    } else {
        (Kept::Message(message), good)
    }
}

/// The explanation, and whether the message, or the question before it, has something to hide.
fn looked_at(message: &Message) -> (Explained, bool) {
    let mut sheet = Sheet::default();
    let bytes = message.bytes.as_slice();
    let guarded = message.direction == Direction::Received && is_secret(message);
    match message.dialect {
        Dialect::Mbus => {
            echo(message, &mut sheet);
            crate::decode::lay_out_mbus(bytes, &mut sheet);
        }
        Dialect::Hdlc => {
            let echoed = echo(message, &mut sheet);
            let way = hdlc::Way { direction: message.direction, echoed, guarded };
            hdlc::lay_out(bytes, way, &mut sheet);
        }
        Dialect::Wrapper => cosem::lay_out_wrapped(bytes, &mut sheet),
        Dialect::Iec62056_21 => {
            let plain = message.direction == Direction::Received && !guarded;
            if let Some(read_out) = plain.then(|| optical::read_out(message)).flatten() {
                return (read_out, false);
            }
            optical::lay_out(message, guarded, &mut sheet);
        }
        Dialect::ModbusTcp | Dialect::ModbusRtu => modbus::lay_out(message, &mut sheet),
        Dialect::Mqtt => json_text::lay_out(message, &mut sheet),
    }
    let hides = sheet.hides() || guarded;
    (sheet.told(message), hides)
}

/// Whether the question before a message has something to hide, which an echo would show.
fn is_secret(message: &Message) -> bool {
    if !matches!(message.dialect, Dialect::Hdlc | Dialect::Wrapper | Dialect::Iec62056_21) {
        return false;
    }
    let question = Message {
        direction: Direction::Sent,
        bytes: message.context.clone(),
        length: message.context.len(),
        context: Vec::new(),
        faults: Vec::new(),
        dialect: message.dialect,
    };
    looked_at(&question).1
}

/// Heads and converters may send back what they are sent; answers how long that is.
fn echo(message: &Message, sheet: &mut Sheet) -> usize {
    let question = message.context.as_slice();
    let received = message.direction == Direction::Received;
    if !received || question.is_empty() || !message.bytes.starts_with(question) {
        return 0;
    }
    sheet.step("noise", (0, question.len()), "the converter's echo of our message");
    question.len()
}

#[cfg(test)]
mod tests;
