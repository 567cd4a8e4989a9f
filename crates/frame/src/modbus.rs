//! Modbus application data units, as they are on the wire: for those who look at them.
//!
//! In: the bytes of a question or an answer. Out: unit, function and what they carry, with their
//! places. Asking is `tokio-modbus`' work; this shows what it sent and what came.
//!
//! # Source
//! MODBUS Application Protocol V1.1b3, 4 to 7; MODBUS Messaging on TCP/IP V1.0b, 3.1; MODBUS over
//! Serial Line V1.02, 2.5.1 and 6.2.2.

use crate::crc::Crc16;
use crate::octets::Octets;

/// Longest application data unit on a serial line; one over TCP has 260 bytes.
pub const RTU_LENGTH_MAX: usize = 256;
/// The bit of a function that makes it an exception.
pub const EXCEPTION: u8 = 0x80;
/// Transaction, protocol, length, unit.
const HEADER_LENGTH: usize = 7;
/// What the header counts: the unit, and a function with at most 252 bytes of data.
const COUNTED_MIN: u16 = 2;
const COUNTED_MAX: u16 = 254;
const CHECK_LENGTH: usize = 2;

static MODBUS: Crc16<8> = Crc16::reversed(0xA001);

/// The check sequence of a serial line, sent low byte first.
///
/// ```
/// assert_eq!(frame::modbus::crc(b"123456789"), 0x4B37);
/// ```
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    MODBUS.update(0xFFFF, bytes)
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The client: a question.
    Question,
    /// A device: an answer.
    Answer,
}

/// An application data unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adu<'a> {
    /// Tells questions over TCP apart; `None` on a serial line.
    pub transaction: Option<u16>,
    /// The device.
    pub unit: u8,
    /// Function and data.
    pub pdu: &'a [u8],
    /// Where they begin.
    pub pdu_at: usize,
}

/// Why the bytes are no application data unit. Offsets count from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The header names another protocol than Modbus, which is 0.
    #[error("protocol {got} instead of 0")]
    Protocol {
        /// The field.
        got: u16,
    },
    /// The header counts what no unit and function have.
    #[error("a length of {got}, expected {COUNTED_MIN} to {COUNTED_MAX}")]
    Length {
        /// The field.
        got: u16,
    },
    /// The check sequence is wrong.
    #[error("check sequence {got:04X}, computed {expected:04X}")]
    Check {
        /// Where it stands.
        offset: usize,
        /// The computed one.
        expected: u16,
        /// The one received.
        got: u16,
    },
}

impl Error {
    /// Where it shows.
    #[must_use]
    pub const fn offset(&self) -> usize {
        match self {
            Self::Protocol { .. } => 2,
            Self::Length { .. } => 4,
            Self::Check { offset, .. } => *offset,
        }
    }
}

/// Decodes the unit over TCP at the start of `bytes`; the second part is its length, `None` asks
/// for more.
///
/// # Errors
/// The header is not one of Modbus.
pub fn decode_tcp(bytes: &[u8]) -> Result<Option<(Adu<'_>, usize)>, Error> {
    let mut octets = Octets::new(bytes);
    let Some((transaction, protocol)) = octets.u16().zip(octets.u16()) else { return Ok(None) };
    if protocol != 0 {
        return Err(Error::Protocol { got: protocol });
    }
    let Some(counted) = octets.u16() else { return Ok(None) };
    if !(COUNTED_MIN..=COUNTED_MAX).contains(&counted) {
        return Err(Error::Length { got: counted });
    }
    let Some(unit) = octets.u8() else { return Ok(None) };
    let Some(pdu) = octets.take(usize::from(counted).saturating_sub(1)) else { return Ok(None) };
    let adu = Adu { transaction: Some(transaction), unit, pdu, pdu_at: HEADER_LENGTH };
    Ok(Some((adu, octets.position())))
}

/// Decodes the unit on a serial line at the start of `bytes`; the second part is its length, `None`
/// asks for more. Silence ends a unit there, which bytes do not show: where the function does not
/// tell its length, all of `bytes` are one.
///
/// # Errors
/// The check sequence does not hold.
pub fn decode_rtu(bytes: &[u8], side: Side) -> Result<Option<(Adu<'_>, usize)>, Error> {
    let Some(length) = rtu_length(bytes, side) else { return Ok(None) };
    let Some((content, check)) =
        bytes.get(..length).and_then(|whole| whole.split_last_chunk::<CHECK_LENGTH>())
    else {
        return Ok(None);
    };
    let (expected, got) = (crc(content), u16::from_le_bytes(*check));
    if expected != got {
        return Err(Error::Check { offset: content.len(), expected, got });
    }
    let Some((unit, pdu)) = content.split_first().filter(|(_, pdu)| !pdu.is_empty()) else {
        return Ok(None);
    };
    Ok(Some((Adu { transaction: None, unit: *unit, pdu, pdu_at: 1 }, length)))
}

/// How long the unit is, as far as its function tells; `None` while it does not show.
fn rtu_length(bytes: &[u8], side: Side) -> Option<usize> {
    let function = *bytes.get(1)?;
    // Unit, function and check sequence, and what is between.
    let around = |between: usize| Some(between.saturating_add(4));
    let counted = |at: usize| {
        let count = usize::from(*bytes.get(at)?);
        Some(count.saturating_add(at).saturating_add(1).saturating_add(CHECK_LENGTH))
    };
    match (side, function) {
        (Side::Answer, EXCEPTION..) => around(1),
        (Side::Question, 1..=6) | (Side::Answer, 5 | 6 | 15 | 16) => around(4),
        (Side::Question, 15 | 16) => counted(6),
        (Side::Question, 17) => around(0),
        (Side::Question, 43) => around(3),
        (Side::Answer, 1..=4 | 17) => counted(2),
        _ => Some(bytes.len()),
    }
}

/// What a unit carries, as far as readers of meters use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pdu<'a> {
    /// Which coils or registers are asked for.
    Read {
        /// 1 to 4.
        function: u8,
        /// The first one, counted from 0.
        address: u16,
        /// How many.
        count: u16,
    },
    /// What holding (3) or input registers (4) hold, two bytes each, high byte first.
    Registers {
        /// 3 or 4.
        function: u8,
        /// Their bytes, as many as the byte count says.
        content: &'a [u8],
    },
    /// The device says no.
    Exception {
        /// The function that was asked for.
        function: u8,
        /// Why.
        code: u8,
    },
    /// Another function, with its data.
    Other {
        /// The function.
        function: u8,
        /// What follows it.
        content: &'a [u8],
    },
}

impl<'a> Pdu<'a> {
    /// Reads function and data; `None` when the data are not the function's.
    #[must_use]
    pub fn decode(pdu: &'a [u8], side: Side) -> Option<Self> {
        let mut octets = Octets::new(pdu);
        let function = octets.u8()?;
        let decoded = match (side, function) {
            (Side::Answer, EXCEPTION..) => {
                Self::Exception { function: function & !EXCEPTION, code: octets.u8()? }
            }
            (Side::Question, 1..=4) => {
                Self::Read { function, address: octets.u16()?, count: octets.u16()? }
            }
            (Side::Answer, 3 | 4) => {
                let count = usize::from(octets.u8()?);
                let content = octets.take(count).filter(|_| count.is_multiple_of(2))?;
                Self::Registers { function, content }
            }
            _ => Self::Other { function, content: octets.take(octets.remaining())? },
        };
        (octets.remaining() == 0).then_some(decoded)
    }
}

/// The name of a function.
///
/// # Source
/// MODBUS Application Protocol V1.1b3, 6.
#[must_use]
pub const fn function_name(function: u8) -> &'static str {
    match function {
        1 => "read coils",
        2 => "read discrete inputs",
        3 => "read holding registers",
        4 => "read input registers",
        5 => "write single coil",
        6 => "write single register",
        15 => "write multiple coils",
        16 => "write multiple registers",
        17 => "report server id",
        43 => "encapsulated interface (read device identification)",
        _ => "another function",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the protocol's specification, 6.3: registers 108 to 110 of device 17.
    const QUESTION: [u8; 8] = [0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87];

    #[test]
    fn a_question_on_a_serial_line_is_taken_apart() {
        let (adu, length) = decode_rtu(&QUESTION, Side::Question).expect("intact").expect("whole");
        assert_eq!((adu.unit, adu.pdu_at, length), (0x11, 1, 8));
        let read = Pdu::decode(adu.pdu, Side::Question);
        assert_eq!(read, Some(Pdu::Read { function: 3, address: 0x6B, count: 3 }));
        for cut in 0..QUESTION.len() {
            assert_eq!(decode_rtu(&QUESTION[..cut], Side::Question), Ok(None), "{cut} bytes");
        }
    }

    #[test]
    fn a_flipped_bit_is_found_wherever_it_is() {
        for bit in 0..QUESTION.len() * 8 {
            let mut bytes = QUESTION;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found = decode_rtu(&bytes, Side::Question);
            assert!(!matches!(found, Ok(Some(_))), "bit {bit}: {found:?}");
        }
    }

    #[test]
    fn an_answer_over_tcp_holds_its_registers() {
        let bytes = [0x00, 0x05, 0, 0, 0, 7, 0x0A, 0x04, 0x04, 0x43, 0x66, 0x33, 0x34];
        let (adu, length) = decode_tcp(&bytes).expect("a header").expect("whole");
        assert_eq!((adu.transaction, adu.unit, length), (Some(5), 10, bytes.len()));
        let content = &bytes[9..];
        assert_eq!(
            Pdu::decode(adu.pdu, Side::Answer),
            Some(Pdu::Registers { function: 4, content })
        );
        for cut in 0..bytes.len() {
            assert_eq!(decode_tcp(&bytes[..cut]), Ok(None), "{cut} bytes");
        }
    }

    #[test]
    fn what_is_no_unit_is_refused_with_its_place() {
        assert_eq!(decode_tcp(&[0, 1, 0, 9]), Err(Error::Protocol { got: 9 }));
        assert_eq!(decode_tcp(&[0, 1, 0, 0, 0, 1]).map_err(|it| it.offset()), Err(4));
        assert_eq!(Pdu::decode(&[3, 3, 1, 2, 3], Side::Answer), None, "half a register");
        assert_eq!(Pdu::decode(&[3, 4, 1, 2], Side::Answer), None, "fewer than counted");
        let exception = Pdu::decode(&[0x83, 2], Side::Answer);
        assert_eq!(exception, Some(Pdu::Exception { function: 3, code: 2 }));
    }
}
