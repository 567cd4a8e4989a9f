//! What a master sends: initialisation, selection, request of data, change of the baud rate.
//!
//! # Source
//! EN 13757-2:2018, 5.7 (control field); EN 13757-3:2018, 11.3 and 11.5 (selection of secondary
//! addresses), 12.2 (baud rate).

use frame::mbus::{self, Identity};
use wire::MbusAddress;

/// The address of whichever slave was selected by its secondary address.
pub const NETWORK: u8 = 253;
/// The address to which every slave answers (EN 13757-2:2018, 5.7.5): of use for one alone.
pub(super) const TEST: u8 = 254;
const SND_NKE: u8 = 0x40;
/// REQ_UD2 with the frame count valid and 0.
const REQ_UD2: u8 = 0x5B;
const SND_UD: u8 = 0x53;
const FRAME_COUNT: u8 = 0x20;
const CI_SELECT: u8 = 0x52;
const CI_BAUD_300: u8 = 0xB8;
/// The rates that a slave can be told to speak at (EN 13757-3:2018, 12.2). **Unit** bit/s.
pub const BAUDS: [u32; 8] = [300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400];

/// Whether a question asks for data, so that a long frame may be the answer; an acknowledgement
/// answers the others.
#[must_use]
pub fn asks_for_data(question: &[u8]) -> bool {
    matches!(question, [0x10, control, ..] if control | FRAME_COUNT == REQ_UD2 | FRAME_COUNT)
}

/// A secondary address, or a pattern of several: digits F match any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    bytes: [u8; 8],
}

impl Selection {
    /// The pattern that every slave matches.
    pub const ALL: Self = Self { bytes: [0xFF; 8] };

    /// Of 16 hexadecimal digits: number, manufacturer, version, medium. `None` for another text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 16 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 8];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        // The number is written with its most significant digits first, and sent the other way.
        bytes[..4].reverse();
        Some(Self { bytes })
    }

    /// Of the eight bytes of a selection frame.
    #[must_use]
    pub const fn of_bytes(bytes: &[u8; 8]) -> Self {
        Self { bytes: *bytes }
    }

    /// The pattern of a slave that named itself.
    #[must_use]
    pub const fn of(identity: &Identity) -> Self {
        Self { bytes: identity.bytes() }
    }

    /// The same pattern with one digit of the number told; `place` 0 is the most significant one.
    #[must_use]
    pub fn with_digit(mut self, place: usize, digit: u8) -> Self {
        if let Some(byte) =
            3_usize.checked_sub(place / 2).and_then(|index| self.bytes.get_mut(index))
        {
            let digit = digit & 0x0F;
            *byte = if place.is_multiple_of(2) {
                *byte & 0x0F | digit << 4
            } else {
                *byte & 0xF0 | digit
            };
        }
        self
    }

    /// Whether a slave of this identity is meant.
    #[must_use]
    pub fn matches(&self, identity: &Identity) -> bool {
        let (number, rest) = self.bytes.split_at(4);
        let whole = identity.bytes();
        let (its_number, its_rest) = whole.split_at(4);
        let digit = |pattern: u8, its: u8| pattern == 0x0F || pattern == its;
        let numbers = number.iter().zip(its_number).all(|(pattern, its)| {
            digit(pattern >> 4, its >> 4) && digit(pattern & 0x0F, its & 0x0F)
        });
        let maker = matches!(rest, [0xFF, 0xFF, ..]) || rest[..2] == its_rest[..2];
        let others = rest[2..].iter().zip(&its_rest[2..]);
        numbers
            && maker
            && others.into_iter().all(|(pattern, its)| *pattern == 0xFF || pattern == its)
    }

    /// The digits of the number as text, `F` where any matches.
    #[must_use]
    pub fn number(&self) -> String {
        let [a, b, c, d, ..] = self.bytes;
        format!("{d:02X}{c:02X}{b:02X}{a:02X}")
    }

    /// The frame that selects.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let mut counted = vec![SND_UD, NETWORK, CI_SELECT];
        counted.extend(self.bytes);
        long(&counted)
    }
}

/// Whom a dialogue talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Partner {
    Primary(u8),
    Secondary(Selection),
}

impl Partner {
    pub(super) fn of(address: &MbusAddress) -> Self {
        match address {
            MbusAddress::Primary(address) => Self::Primary(*address),
            MbusAddress::Secondary(text) => {
                // The port has checked the digits; a pattern that matches nobody finds nobody.
                Self::Secondary(Selection::parse(text).unwrap_or(Selection { bytes: [0; 8] }))
            }
        }
    }

    /// The address in its frames.
    pub(super) const fn address(self) -> u8 {
        match self {
            Self::Primary(address) => address,
            Self::Secondary(_) => NETWORK,
        }
    }
}

/// SND_NKE: the slave forgets the frame count, and a selected one its selection.
#[must_use]
pub fn initialise(address: u8) -> Vec<u8> {
    let mut out = Vec::new();
    mbus::encode_short(SND_NKE, address, &mut out);
    out
}

/// REQ_UD2 with the frame count.
#[must_use]
pub fn request(address: u8, frame_count: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let control = if frame_count { REQ_UD2 | FRAME_COUNT } else { REQ_UD2 };
    mbus::encode_short(control, address, &mut out);
    out
}

/// The frame that asks a slave to speak at another rate; `None` for rates without a code.
#[must_use]
pub(super) fn change_baud(address: u8, baud: u32) -> Option<Vec<u8>> {
    let place = BAUDS.iter().position(|known| *known == baud)?;
    let code = CI_BAUD_300.checked_add(u8::try_from(place).ok()?)?;
    Some(long(&[SND_UD, address, code]))
}

fn long(counted: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    mbus::encode_long(counted, &mut out).expect("a few bytes fit a frame");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_standard() {
        assert_eq!(initialise(1), [0x10, 0x40, 0x01, 0x41, 0x16]);
        assert_eq!(request(1, true), [0x10, 0x7B, 0x01, 0x7C, 0x16]);
        assert_eq!(request(253, false), [0x10, 0x5B, 0xFD, 0x58, 0x16]);
        let select = Selection::parse("12345678FFFFFFFF").expect("digits").frame();
        assert_eq!(
            select,
            [
                0x68, 0x0B, 0x0B, 0x68, 0x53, 0xFD, 0x52, 0x78, 0x56, 0x34, 0x12, 0xFF, 0xFF, 0xFF,
                0xFF, 0xB2, 0x16
            ]
        );
        assert_eq!(change_baud(1, 9600).map(|frame| frame[6]), Some(0xBD));
        assert_eq!(change_baud(1, 9601), None);
    }

    #[test]
    fn a_pattern_matches_by_digits() {
        let identity = Identity::of([0x77, 0x80, 0x47, 0x01, 0x42, 0x04, 0x20, 0x02]);
        let matches = |text| Selection::parse(text).expect("digits").matches(&identity);
        assert!(matches("0147807742042002"));
        assert!(matches("01F780FFFFFFFFFF"));
        assert!(matches("FFFFFFFF4204FFFF"));
        assert!(!matches("01478078FFFFFFFF"));
        assert!(!matches("FFFFFFFF4304FFFF"));
        assert!(!matches("FFFFFFFFFFFFFF03"));
        assert_eq!(Selection::parse("0147807"), None);
        let told = Selection::ALL.with_digit(0, 0).with_digit(1, 1).with_digit(7, 7);
        assert_eq!(told.number(), "01FFFFF7");
        assert!(told.matches(&identity) && !told.with_digit(2, 5).matches(&identity));
    }
}
