//! One HDLC frame, decoded and encoded.

use super::crc::{Crc, crc};
use crate::octets::Octets;

/// The byte between frames.
pub const FLAG: u8 = 0x7E;
/// Most bytes between two flags: the 11-bit length field.
pub const FRAME_LENGTH_MAX: usize = 0x7FF;
/// Most bytes of an information field that any address width leaves room for.
pub const INFORMATION_MAX: usize = FRAME_LENGTH_MAX - 2 - 8 - 1 - 2 - 2;
/// Format, two one-byte addresses, control, FCS.
const FRAME_LENGTH_MIN: usize = 7;

/// An HDLC address of one, two or four bytes.
///
/// The last byte of an address has its lowest bit set (Green Book 8.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    value: u32,
    width: u8,
}

impl Address {
    /// The address whose upper HDLC address fits one byte. **Range** 0 to 127.
    #[must_use]
    pub const fn short(value: u8) -> Self {
        Self { value: u32::from_be_bytes([0, 0, 0, value & 0x7F]), width: 1 }
    }

    /// An address of upper (logical device) and lower (physical device) part, each 0 to 127.
    #[must_use]
    pub const fn pair(upper: u8, lower: u8) -> Self {
        Self { value: u32::from_be_bytes([0, 0, upper & 0x7F, lower & 0x7F]), width: 2 }
    }

    /// An address of two 14-bit parts, in four bytes.
    #[must_use]
    pub const fn long(upper: u16, lower: u16) -> Self {
        let [a, b] = (upper & 0x3FFF).to_be_bytes();
        let [c, d] = (lower & 0x3FFF).to_be_bytes();
        Self {
            value: u32::from_be_bytes([a << 1 | b >> 7, b & 0x7F, c << 1 | d >> 7, d & 0x7F]),
            width: 4,
        }
    }

    /// The address of a server: its logical device, and its physical device where several share
    /// a line. `width` is 1, 2 or 4 bytes; `None` when the parts do not fit it.
    #[must_use]
    pub fn server(logical: u16, physical: Option<u16>, width: u8) -> Option<Self> {
        let short = |part: u16| u8::try_from(part).ok().filter(|part| *part < 0x80);
        match (width, physical) {
            (1, None) => short(logical).map(Self::short),
            (2, physical) => Some(Self::pair(short(logical)?, short(physical.unwrap_or(0))?)),
            (4, physical) => {
                let physical = physical.unwrap_or(0);
                (logical < 0x4000 && physical < 0x4000).then(|| Self::long(logical, physical))
            }
            _ => None,
        }
    }

    /// Upper (logical device) and lower (physical device) part; an address of one byte has no
    /// lower part.
    #[must_use]
    pub fn parts(self) -> (u16, Option<u16>) {
        let [a, b, c, d] = self.value.to_be_bytes();
        let part = |high: u8, low: u8| (u16::from(high) << 7) | u16::from(low);
        match self.width {
            1 => (u16::from(d), None),
            2 => (u16::from(c), Some(u16::from(d))),
            _ => (part(a, b), Some(part(c, d))),
        }
    }

    /// How many bytes it takes: 1, 2 or 4.
    #[must_use]
    pub const fn width(self) -> u8 {
        self.width
    }

    fn decode(octets: &mut Octets<'_>) -> Result<Self, AddressError> {
        let mut value = 0_u32;
        for width in 1..=4_u8 {
            let byte = octets.u8().ok_or(AddressError::Truncated)?;
            value = (value << 8) | u32::from(byte >> 1);
            if byte & 1 == 1 {
                let known = matches!(width, 1 | 2 | 4);
                return known.then_some(Self { value, width }).ok_or(AddressError::Width);
            }
        }
        Err(AddressError::Width)
    }

    fn encode(self, out: &mut Vec<u8>) {
        let bytes = self.value.to_be_bytes();
        let skipped = 4_usize.saturating_sub(usize::from(self.width));
        let last = bytes.len().saturating_sub(1);
        for (position, byte) in bytes.into_iter().enumerate().skip(skipped) {
            out.push(byte << 1 | u8::from(position == last));
        }
    }
}

impl std::fmt::Display for Address {
    /// The seven-bit groups, upper first: `103/127`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d] = self.value.to_be_bytes();
        match self.width {
            1 => write!(f, "{d}"),
            2 => write!(f, "{c}/{d}"),
            _ => {
                let part = |high: u8, low: u8| (u16::from(high) << 7) | u16::from(low);
                write!(f, "{}/{}", part(a, b), part(c, d))
            }
        }
    }
}

enum AddressError {
    Truncated,
    Width,
}

/// What stands where the closing flag belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// A flag.
    Flag,
    /// Another byte: the flag was damaged, while the frame's check sequence holds.
    Other(u8),
    /// The bytes end with the frame.
    Missing,
}

/// A frame whose check sequences hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The segmentation bit: more frames of the same message follow.
    pub segmented: bool,
    /// To whom; 127 in a part means all stations.
    pub destination: Address,
    /// From whom.
    pub source: Address,
    /// The control field; 13 is UI with the final bit.
    pub control: u8,
    /// The information field; empty when the frame has none.
    pub information: &'a [u8],
    /// Where the information starts, counted from the opening flag.
    pub information_at: usize,
    /// What follows the frame.
    pub closing: Closing,
}

/// Why the bytes after a flag are no frame. Offsets count from the opening flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The flag does not open a frame of format type 3.
    #[error("no frame of format type 3 opens here")]
    Format,
    /// The length field cannot be that of a frame.
    #[error("a frame cannot be {length} bytes long")]
    Length {
        /// The length field.
        length: usize,
    },
    /// An address is not 1, 2 or 4 bytes long, or runs over the end.
    #[error("an address is neither 1, 2 nor 4 bytes long")]
    Address,
    /// The header check sequence is wrong.
    #[error("header check sequence {got:04X}, computed {expected:04X}")]
    HeaderCheck {
        /// Where the sequence stands.
        offset: usize,
        /// The computed one.
        expected: u16,
        /// The one received.
        got: u16,
    },
    /// The frame check sequence is wrong.
    #[error("frame check sequence {got:04X}, computed {expected:04X}")]
    FrameCheck {
        /// Where the sequence stands.
        offset: usize,
        /// The computed one.
        expected: u16,
        /// The one received.
        got: u16,
        /// The frame's whole length with its opening flag, as its checked header says.
        length: usize,
    },
}

/// Decodes the frame that the flag at the start of `bytes` opens.
///
/// The second part of the result is the length up to, and without, the closing flag: that flag
/// may open the next frame. `None` asks for more bytes. With [`Closing::Missing`] the caller may
/// wait for the flag.
///
/// # Errors
/// Anything that is no intact frame. A wrong length is noticed by the header check sequence, so
/// it never makes the caller wait for bytes that belong to other frames.
///
/// # Source
/// IEC 62056-46:2002+A1:2006, 6.4.2; Green Book 8.4.1.
pub fn decode(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Error> {
    let Some(after_flag) = bytes.get(1..) else {
        return Ok(None);
    };
    let mut octets = Octets::new(after_flag);
    if after_flag.first().is_some_and(|format| format & 0xF0 != 0xA0) {
        return Err(Error::Format);
    }
    let Some(header) = header(&mut octets)? else {
        return Ok(None);
    };
    let Header { length, destination, source, control, .. } = header;
    let header_length = octets.position();
    let has_information = length > header_length.saturating_add(2);
    if length < header_length.saturating_add(if has_information { 4 } else { 2 }) {
        return Err(Error::Length { length });
    }
    let mut running = Crc::new().update(after_flag.get(..header_length).unwrap_or_default());
    if has_information {
        let Some(sequence) = octets.array::<2>() else {
            return Ok(None);
        };
        check_header(running.value(), sequence, header_length)?;
        running = running.update(&sequence);
    }
    let information_at = octets.position();
    let Some(information) = after_flag.get(information_at..length.saturating_sub(2)) else {
        return Ok(None);
    };
    let mut trailer = Octets::at(after_flag, length.saturating_sub(2));
    let Some(sequence) = trailer.array::<2>() else {
        return Ok(None);
    };
    let total = length.saturating_add(1);
    let expected = running.update(information).value();
    let got = u16::from_le_bytes(sequence);
    if expected != got {
        let offset = length.saturating_sub(1);
        return Err(Error::FrameCheck { offset, expected, got, length: total });
    }
    let closing = match after_flag.get(length) {
        Some(&FLAG) => Closing::Flag,
        Some(&other) => Closing::Other(other),
        None => Closing::Missing,
    };
    let frame = Frame {
        segmented: header.segmented,
        destination,
        source,
        control,
        information,
        information_at: information_at.saturating_add(1),
        closing,
    };
    Ok(Some((frame, total)))
}

struct Header {
    segmented: bool,
    length: usize,
    destination: Address,
    source: Address,
    control: u8,
}

/// Format, addresses and control; `None` asks for more bytes.
fn header(octets: &mut Octets<'_>) -> Result<Option<Header>, Error> {
    let Some(format) = octets.u16() else {
        return Ok(None);
    };
    let length = usize::from(format & 0x07FF);
    if length < FRAME_LENGTH_MIN {
        return Err(Error::Length { length });
    }
    let mut address = || match Address::decode(octets) {
        Ok(address) => Ok(Some(address)),
        Err(AddressError::Truncated) => Ok(None),
        Err(AddressError::Width) => Err(Error::Address),
    };
    let (Some(destination), Some(source)) = (address()?, address()?) else {
        return Ok(None);
    };
    let Some(control) = octets.u8() else {
        return Ok(None);
    };
    let segmented = format & 0x0800 != 0;
    Ok(Some(Header { segmented, length, destination, source, control }))
}

/// Destination and source as the header after the flag claims them, checked or not; for reports
/// on frames that are refused.
#[must_use]
pub fn claimed_addresses(bytes: &[u8]) -> Option<(Address, Address)> {
    let header = header(&mut Octets::new(bytes.get(1..)?)).ok()??;
    Some((header.destination, header.source))
}

fn check_header(expected: u16, sequence: [u8; 2], header: usize) -> Result<(), Error> {
    let got = u16::from_le_bytes(sequence);
    if expected == got {
        return Ok(());
    }
    let offset = header.saturating_add(1);
    Err(Error::HeaderCheck { offset, expected, got })
}

/// The parts of a frame to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The segmentation bit.
    pub segmented: bool,
    /// To whom.
    pub destination: Address,
    /// From whom.
    pub source: Address,
    /// The control field.
    pub control: u8,
    /// The information field; at most [`INFORMATION_MAX`] bytes.
    pub information: &'a [u8],
}

/// Appends the frame with both its flags; `None`, with nothing appended, when the information is
/// longer than the length field can say.
pub fn encode(frame: &Outgoing<'_>, out: &mut Vec<u8>) -> Option<()> {
    let widths =
        usize::from(frame.destination.width).checked_add(usize::from(frame.source.width))?;
    let sequences = if frame.information.is_empty() { 2 } else { 4 };
    let length = frame.information.len().checked_add(widths)?.checked_add(3 + sequences)?;
    if length > FRAME_LENGTH_MAX {
        return None;
    }
    let format = 0xA000 | (u16::from(frame.segmented) << 11) | u16::try_from(length).ok()?;
    let mut content = Vec::with_capacity(length);
    content.extend(format.to_be_bytes());
    frame.destination.encode(&mut content);
    frame.source.encode(&mut content);
    content.push(frame.control);
    if !frame.information.is_empty() {
        content.extend(crc(&content).to_le_bytes());
        content.extend(frame.information);
    }
    content.extend(crc(&content).to_le_bytes());
    out.push(FLAG);
    out.extend(content);
    out.push(FLAG);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFORMATION: &[u8] = &[0xE6, 0xE7, 0x00, 0x0F, 1, 2, 3, 4, 0x00, 0x00];

    fn sample(destination: Address, source: Address) -> Vec<u8> {
        let mut bytes = Vec::new();
        let frame = Outgoing {
            segmented: true,
            destination,
            source,
            control: 0x13,
            information: INFORMATION,
        };
        encode(&frame, &mut bytes).expect("short enough");
        bytes
    }

    #[test]
    fn addresses_of_one_two_and_four_bytes_come_back() {
        let addresses = [Address::short(1), Address::pair(103, 127), Address::long(0x3FFF, 0x1234)];
        for destination in addresses {
            for source in addresses {
                let bytes = sample(destination, source);
                let (frame, length) = decode(&bytes).expect("intact").expect("whole");
                assert_eq!(length, bytes.len() - 1);
                assert_eq!((frame.destination, frame.source), (destination, source));
                assert_eq!(frame.information, INFORMATION);
                assert!(frame.segmented && frame.closing == Closing::Flag);
                assert_eq!(&bytes[frame.information_at..][..INFORMATION.len()], INFORMATION);
            }
        }
        assert_eq!(Address::pair(103, 127).to_string(), "103/127");
        assert_eq!(Address::long(0x3FFF, 0x1234).to_string(), "16383/4660");
    }

    #[test]
    fn a_frame_without_information_has_no_header_check() {
        let mut bytes = Vec::new();
        let frame = Outgoing {
            segmented: false,
            destination: Address::short(1),
            source: Address::short(16),
            control: 0x93,
            information: &[],
        };
        encode(&frame, &mut bytes).expect("short enough");
        assert_eq!(bytes, [0x7E, 0xA0, 0x07, 0x03, 0x21, 0x93, 0x0F, 0x01, 0x7E]);
        let (frame, _) = decode(&bytes).expect("intact").expect("whole");
        assert!(frame.information.is_empty());
    }

    #[test]
    fn every_flipped_bit_inside_a_frame_is_noticed() {
        let bytes = sample(Address::pair(103, 127), Address::short(1));
        for bit in 8..(bytes.len() - 1) * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // A longer length asks for more bytes only while the header check holds, and it cannot.
            assert!(decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn asks_for_more_until_the_frame_is_whole() {
        let bytes = sample(Address::pair(103, 127), Address::short(1));
        for length in 0..bytes.len() - 1 {
            assert_eq!(decode(&bytes[..length]), Ok(None), "{length}");
        }
        let (frame, _) = decode(&bytes[..bytes.len() - 1]).expect("intact").expect("whole");
        assert_eq!(frame.closing, Closing::Missing);
    }

    #[test]
    fn refuses_information_beyond_the_length_field() {
        let frame = Outgoing {
            segmented: false,
            destination: Address::long(1, 1),
            source: Address::long(1, 1),
            control: 0x13,
            information: &vec![0; INFORMATION_MAX + 1],
        };
        assert_eq!(encode(&frame, &mut Vec::new()), None);
    }
}
