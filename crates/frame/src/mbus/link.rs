//! Link frames of EN 13757-2 (IEC 60870-5 format class FT 1.2).

use crate::octets::Octets;

const SHORT: u8 = 0x10;
const LONG: u8 = 0x68;
const STOP: u8 = 0x16;
const ACKNOWLEDGE: u8 = 0xE5;
/// Longest long frame: 255 counted bytes, the header of four, checksum and stop.
pub const LONG_LENGTH_MAX: usize = 255 + 6;

/// A link frame whose checksum holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The single character E5.
    Acknowledge,
    /// `10 C A CS 16`, such as SND_NKE (C = 40).
    Short {
        /// The control field.
        control: u8,
        /// The primary address.
        address: u8,
    },
    /// `68 L L 68 C A CI data CS 16`.
    Long {
        /// The control field.
        control: u8,
        /// The primary address.
        address: u8,
        /// The control information field.
        ci: u8,
        /// What follows the CI field; it starts 7 bytes after the start character.
        data: &'a [u8],
    },
}

/// Why the bytes are no link frame. Offsets count from the start character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No frame starts with this byte, or the bytes after it cannot belong to one.
    #[error("no M-Bus frame starts here")]
    Start,
    /// The two length fields of a long frame differ, or leave no room for C, A and CI.
    #[error("the length fields say {first} and {second}")]
    Length {
        /// The first length field.
        first: u8,
        /// The second one.
        second: u8,
    },
    /// The checksum is wrong.
    #[error("checksum {got:02X}, computed {expected:02X}")]
    Checksum {
        /// Where the checksum stands.
        offset: usize,
        /// The computed one.
        expected: u8,
        /// The one received.
        got: u8,
        /// The frame's whole length.
        length: usize,
    },
    /// The stop character is missing.
    #[error("stop character {got:02X} instead of 16")]
    Stop {
        /// Where the stop character belongs.
        offset: usize,
        /// The byte there.
        got: u8,
    },
}

/// Decodes the frame at the start of `bytes`; the second part is its length, `None` asks for more.
///
/// # Errors
/// Anything that is no intact frame.
///
/// # Source
/// EN 13757-2:2018, 5.
pub fn decode(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Error> {
    match bytes.first() {
        None => Ok(None),
        Some(&ACKNOWLEDGE) => Ok(Some((Frame::Acknowledge, 1))),
        Some(&SHORT) => decode_short(bytes),
        Some(&LONG) => decode_long(bytes),
        Some(_) => Err(Error::Start),
    }
}

fn decode_short(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Error> {
    let Some([_, control, address, checksum, stop]) = bytes.first_chunk::<5>().copied() else {
        return Ok(None);
    };
    if control.wrapping_add(address) != checksum || stop != STOP {
        return Err(Error::Start);
    }
    Ok(Some((Frame::Short { control, address }, 5)))
}

fn decode_long(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Error> {
    let Some([_, first, second, start]) = bytes.first_chunk::<4>().copied() else {
        return Ok(None);
    };
    if start != LONG {
        return Err(Error::Start);
    }
    if first != second || first < 3 {
        return Err(Error::Length { first, second });
    }
    let mut octets = Octets::at(bytes, 4);
    let Some(counted) = octets.take(usize::from(first)) else {
        return Ok(None);
    };
    let offset = octets.position();
    let Some([got, stop]) = octets.array::<2>() else {
        return Ok(None);
    };
    let length = octets.position();
    let expected = checksum(counted);
    if expected != got {
        return Err(Error::Checksum { offset, expected, got, length });
    }
    if stop != STOP {
        let offset = offset.saturating_add(1);
        return Err(Error::Stop { offset, got: stop });
    }
    let [control, address, ci, data @ ..] = counted else {
        return Err(Error::Length { first, second });
    };
    let frame = Frame::Long { control: *control, address: *address, ci: *ci, data };
    Ok(Some((frame, length)))
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte))
}

/// Appends `10 C A CS 16`.
pub fn encode_short(control: u8, address: u8, out: &mut Vec<u8>) {
    out.extend([SHORT, control, address, control.wrapping_add(address), STOP]);
}

/// Appends a long frame around `counted` (C, A, CI and data); `None` when it does not fit.
pub fn encode_long(counted: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let length = u8::try_from(counted.len()).ok().filter(|length| *length >= 3)?;
    out.extend([LONG, length, length, LONG]);
    out.extend(counted);
    out.extend([checksum(counted), STOP]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_frames_come_back() {
        let mut bytes = Vec::new();
        encode_short(0x40, 0x01, &mut bytes);
        assert_eq!(bytes, [0x10, 0x40, 0x01, 0x41, 0x16]);
        let short = Frame::Short { control: 0x40, address: 1 };
        assert_eq!(decode(&bytes), Ok(Some((short, 5))));

        let mut bytes = Vec::new();
        encode_long(&[0x53, 0xFF, 0x10, 1, 2, 3], &mut bytes).expect("fits");
        let long = Frame::Long { control: 0x53, address: 0xFF, ci: 0x10, data: &[1, 2, 3] };
        assert_eq!(decode(&bytes), Ok(Some((long, 12))));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), Ok(None));
        }
        assert_eq!(decode(&[0xE5, 1]), Ok(Some((Frame::Acknowledge, 1))));
    }

    #[test]
    fn a_flipped_bit_is_refused_or_asks_for_more() {
        let mut bytes = Vec::new();
        encode_long(&[0x53, 0xFF, 0x10, 1, 2, 3], &mut bytes).expect("fits");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(decode(&flipped), Ok(Some((Frame::Long { .. }, _)))), "bit {bit}");
        }
    }
}
