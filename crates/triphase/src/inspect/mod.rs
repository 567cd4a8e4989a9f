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

/// A message as it is kept, and whether it is a good one. One with a password is kept explained,
/// without its password.
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

fn looked_at(message: &Message) -> (Explained, bool) {
    let mut sheet = Sheet::default();
    let bytes = message.bytes.as_slice();
    match message.dialect {
        Dialect::Mbus => crate::decode::lay_out_mbus(bytes, &mut sheet),
        Dialect::Hdlc => hdlc::lay_out(bytes, message.direction, &mut sheet),
        Dialect::Wrapper => cosem::lay_out_wrapped(bytes, &mut sheet),
        Dialect::Iec62056_21 => {
            if let (Direction::Received, Some(read_out)) =
                (message.direction, optical::read_out(message))
            {
                return (read_out, false);
            }
            optical::lay_out(message, &mut sheet);
        }
        Dialect::ModbusTcp | Dialect::ModbusRtu => modbus::lay_out(message, &mut sheet),
        Dialect::Mqtt => json_text::lay_out(message, &mut sheet),
    }
    let hides = sheet.hides();
    (sheet.told(message), hides)
}
