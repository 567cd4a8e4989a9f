//! The messages of the dialogue: request, option select, commands, break.
//!
//! Encoding is for readers, decoding for the simulated meter. Nothing here writes to a meter:
//! commands are the password operand, the reading of a register, and the break.
//!
//! # Source
//! IEC 62056-21, 6.3.1 (request), 6.3.3 (option select), 6.3.5 (programming commands), 6.4.

use super::{ACK, BaudCharacter, ETX, SOH, STX, bcc};

/// Longest device address of a request.
pub const ADDRESS_MAX: usize = 32;
/// Longest message that is waited for.
pub const MESSAGE_MAX: usize = 256;

/// What the reader asks for with an option select message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Data read-out.
    ReadOut,
    /// Programming mode, where registers are read one by one.
    Programming,
    /// Binary mode with HDLC, mode E.
    ModeE,
}

impl Purpose {
    const fn characters(self) -> (u8, u8) {
        match self {
            Self::ReadOut => (b'0', b'0'),
            Self::Programming => (b'0', b'1'),
            Self::ModeE => (b'2', b'2'),
        }
    }
}

/// A message of the reader, as a meter understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// `/?address!`; an empty address speaks to every meter.
    Request {
        /// The device address.
        address: String,
    },
    /// An option select message.
    Select {
        /// The rate that both change to.
        baud: BaudCharacter,
        /// What is asked for.
        purpose: Purpose,
    },
    /// The request for the next partial block.
    Acknowledge,
    /// The request to send the last block again.
    Repeat,
    /// The dialogue is over.
    Break,
}

/// The request message to one meter, or to every one with an empty address.
///
/// Characters that cannot stand in an address are left out, as leading zeros may be (6.3.1).
#[must_use]
pub fn request(address: &str) -> Vec<u8> {
    let mut bytes = b"/?".to_vec();
    bytes.extend(address.bytes().filter(|byte| is_address(*byte)).take(ADDRESS_MAX));
    bytes.extend_from_slice(b"!\r\n");
    bytes
}

/// Whether a device address consists of characters that may stand in a request.
#[must_use]
pub fn is_device_address(address: &str) -> bool {
    address.len() <= ADDRESS_MAX && address.bytes().all(is_address)
}

/// The option select message: `ACK V Z Y CR LF`.
#[must_use]
pub fn select(baud: BaudCharacter, purpose: Purpose) -> [u8; 6] {
    let (v, y) = purpose.characters();
    [ACK, v, baud.0, y, b'\r', b'\n']
}

/// The break that ends a dialogue in programming mode.
#[must_use]
pub fn end() -> [u8; 5] {
    let [b, zero] = *b"B0";
    [SOH, b, zero, ETX, b ^ zero ^ ETX]
}

/// A command of programming mode: two characters and a data set in brackets, with its BCC.
#[must_use]
pub fn command(code: [u8; 2], data: &str) -> Vec<u8> {
    let mut bytes = vec![SOH];
    bytes.extend(code);
    bytes.push(STX);
    bytes.extend(data.bytes());
    bytes.push(ETX);
    let check = bcc(bytes.get(1..).unwrap_or_default());
    bytes.push(check);
    bytes
}

/// The first message of the reader in `bytes`, and where it ends; `None` when more are needed.
///
/// # Errors
/// The number of bytes that belong to no message.
pub fn decode(bytes: &[u8]) -> Result<Option<(Message, usize)>, usize> {
    match bytes {
        [] => Ok(None),
        [b'/', b'?', ..] => decode_request(bytes),
        [b'/'] => Ok(None),
        [super::NAK, ..] => Ok(Some((Message::Repeat, 1))),
        [SOH, ..] if bytes.len() < 5 => Ok(None),
        [SOH, rest @ ..] if rest.starts_with(b"B0\x03q") => Ok(Some((Message::Break, 5))),
        [ACK, v, z, y, b'\r', b'\n', ..] => {
            let purpose = match (v, y) {
                (b'0', b'0') => Purpose::ReadOut,
                (b'0', b'1') => Purpose::Programming,
                (b'2', b'2') => Purpose::ModeE,
                _ => return Err(6),
            };
            Ok(Some((Message::Select { baud: BaudCharacter(*z), purpose }, 6)))
        }
        // An ACK alone asks for the next block; the caller decides by silence.
        [ACK] => Ok(Some((Message::Acknowledge, 1))),
        [ACK, rest @ ..] if rest.len() < 5 && is_select_start(rest) => Ok(None),
        [ACK, ..] => Ok(Some((Message::Acknowledge, 1))),
        _ => {
            let starts = |byte: &u8| matches!(*byte, b'/' | SOH | ACK | super::NAK);
            let noise = bytes.iter().skip(1).position(starts);
            Err(noise.map_or(bytes.len(), |at| at.saturating_add(1)))
        }
    }
}

fn decode_request(bytes: &[u8]) -> Result<Option<(Message, usize)>, usize> {
    let content = bytes.get(2..).unwrap_or_default();
    let length = content.iter().position(|byte| !is_address(*byte)).unwrap_or(content.len());
    if length > ADDRESS_MAX {
        return Err(2);
    }
    let behind = content.get(length..).unwrap_or_default();
    match behind {
        [b'!', b'\r', b'\n', ..] => {
            let address = content.get(..length).unwrap_or_default();
            let address = String::from_utf8_lossy(address).into_owned();
            Ok(Some((Message::Request { address }, length.saturating_add(5))))
        }
        [] | [b'!'] | [b'!', b'\r'] => Ok(None),
        _ => Err(2),
    }
}

fn is_select_start(rest: &[u8]) -> bool {
    rest.iter().zip(0..).all(|(byte, place)| match place {
        0..=2 => byte.is_ascii_alphanumeric(),
        3 => *byte == b'\r',
        _ => *byte == b'\n',
    })
}

const fn is_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b' '
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_messages_of_the_standard() {
        assert_eq!(request(""), b"/?!\r\n");
        assert_eq!(request("00063355730"), b"/?00063355730!\r\n");
        assert_eq!(request("1!\r\n2"), b"/?12!\r\n", "an address cannot end the request");
        assert_eq!(&select(BaudCharacter(b'5'), Purpose::ReadOut), b"\x06050\r\n");
        assert_eq!(&select(BaudCharacter(b'5'), Purpose::ModeE), b"\x06252\r\n");
        assert_eq!(end(), [0x01, 0x42, 0x30, 0x03, 0x71]);
        assert_eq!(command(*b"P0", "(1234567)"), b"\x01P0\x02(1234567)\x03\x50");
        assert!(!is_device_address("12!"));
    }

    #[test]
    fn a_meter_understands_what_a_reader_writes() {
        let baud = BaudCharacter(b'4');
        let messages = [
            (request("77"), Message::Request { address: "77".to_owned() }),
            (
                select(baud, Purpose::Programming).to_vec(),
                Message::Select { baud, purpose: Purpose::Programming },
            ),
            (end().to_vec(), Message::Break),
            (vec![crate::iec62056_21::NAK], Message::Repeat),
            (vec![ACK], Message::Acknowledge),
        ];
        for (bytes, message) in messages {
            assert_eq!(decode(&bytes), Ok(Some((message, bytes.len()))), "{bytes:?}");
            for cut in 1..bytes.len() {
                let part = decode(bytes.get(..cut).expect("a part"));
                assert!(matches!(part, Ok(None | Some((Message::Acknowledge, 1)))), "{bytes:?}");
            }
        }
        assert_eq!(decode(b"\0\0\0/?!\r\n"), Err(3), "wake-up characters are no message");
        assert_eq!(decode(b"/?\x02"), Err(2));
    }
}
