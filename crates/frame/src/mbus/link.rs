//! Link frames of EN 13757-2 (IEC 60870-5 format class FT 1.2).

use crate::octets::Octets;

const SHORT: u8 = 0x10;
const LONG: u8 = 0x68;
const STOP: u8 = 0x16;
const ACKNOWLEDGE: u8 = 0xE5;
/// Longest long frame: 258 counted bytes where the length overflowed, the header of four,
/// checksum and stop.
pub const LONG_LENGTH_MAX: usize = OVERFLOW + LENGTH_MIN - 1 + 6;
/// C, A and CI are counted.
const LENGTH_MIN: usize = 3;
/// What a length field of one byte loses when it overflows.
const OVERFLOW: usize = 256;
/// SND_UD without frame count, as meters send pushes.
const CONTROL_SEND: u8 = 0x53;
/// The last CI field of DLMS-based applications.
const CI_DLMS_MAX: u8 = 0x1F;

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
    if first != second {
        return Err(Error::Length { first, second });
    }
    let count = usize::from(first);
    if count >= LENGTH_MIN {
        return decode_counted(bytes, count);
    }
    // Sagemcom's T210-D counts to 257 and announces 1. Only a frame that is whole in every other
    // respect is believed.
    let control = bytes.get(4).is_none_or(|control| *control == CONTROL_SEND);
    let ci = bytes.get(6).is_none_or(|ci| *ci <= CI_DLMS_MAX);
    if !control || !ci {
        return Err(Error::Length { first, second });
    }
    decode_counted(bytes, count.saturating_add(OVERFLOW))
        .map_err(|_| Error::Length { first, second })
}

fn decode_counted(bytes: &[u8], count: usize) -> Result<Option<(Frame<'_>, usize)>, Error> {
    let mut octets = Octets::at(bytes, 4);
    let Some(counted) = octets.take(count) else {
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
        return Err(Error::Start);
    };
    let frame = Frame::Long { control: *control, address: *address, ci: *ci, data };
    Ok(Some((frame, length)))
}

/// The counted bytes and the announced number of an intact long frame whose length overflowed.
#[must_use]
pub fn overflowed(frame: &[u8]) -> Option<(usize, u8)> {
    let [LONG, announced, ..] = frame else {
        return None;
    };
    let counted = frame.len().checked_sub(6)?;
    (counted >= OVERFLOW).then_some((counted, *announced))
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

    /// A long frame whose length field holds what is left of the count.
    fn with_lost_carry(counted: &[u8]) -> Vec<u8> {
        let length = u8::try_from(counted.len() % 256).expect("a remainder");
        let mut bytes = vec![LONG, length, length, LONG];
        bytes.extend(counted);
        bytes.extend([checksum(counted), STOP]);
        bytes
    }

    #[test]
    fn a_length_that_overflowed_is_believed_only_when_all_else_holds() {
        for count in [256, 257, 258] {
            let mut counted = vec![0x53, 0xFF, 0x00];
            counted.resize(count, 0x5A);
            let bytes = with_lost_carry(&counted);
            let long = Frame::Long { control: 0x53, address: 0xFF, ci: 0, data: &counted[3..] };
            assert_eq!(decode(&bytes), Ok(Some((long, count + 6))));
            assert!(bytes.len() <= LONG_LENGTH_MAX);
            for length in 0..bytes.len() {
                assert_eq!(decode(&bytes[..length]), Ok(None));
            }
            // Checksum, stop, control and CI each.
            for place in [count + 4, count + 5, 4, 6, 100] {
                let mut damaged = bytes.clone();
                damaged[place] ^= 0x20;
                assert!(matches!(decode(&damaged), Err(Error::Length { .. })), "byte {place}");
            }
        }
        let mut counted = vec![0x53, 0xFF, 0x00];
        counted.resize(259, 0x5A);
        assert!(!matches!(decode(&with_lost_carry(&counted)), Ok(Some(_))));
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
