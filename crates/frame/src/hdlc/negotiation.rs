//! What two stations agree on when a connection begins: sizes and windows.
//!
//! In: the information field of SNRM or UA. Out: [`Limits`] as the sender of that frame stated
//! them; a field that is left out has its default value.
//!
//! # Source
//! IEC 62056-46, 6.4.4.4.3.2 (Green Book 8.4.4.3.2): format 81, group 80, parameters 05 to 08.

use super::frame::INFORMATION_MAX;
use crate::octets::Octets;

/// Bytes of an information field unless something else is agreed on.
pub const INFORMATION_DEFAULT: u16 = 128;
/// Most frames in a row: numbers go from 0 to 7.
pub const WINDOW_MAX: u8 = 7;
const FORMAT: u8 = 0x81;
const GROUP: u8 = 0x80;
const TRANSMIT_LENGTH: u8 = 5;
const RECEIVE_LENGTH: u8 = 6;
const TRANSMIT_WINDOW: u8 = 7;
const RECEIVE_WINDOW: u8 = 8;

/// What one station can do, seen from that station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest information field it sends. **Unit** bytes.
    pub transmit_length: u16,
    /// Longest information field it takes. **Unit** bytes.
    pub receive_length: u16,
    /// Most frames it sends in a row. **Range** 1 to 7.
    pub transmit_window: u8,
    /// Most frames it takes in a row. **Range** 1 to 7.
    pub receive_window: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transmit_length: INFORMATION_DEFAULT,
            receive_length: INFORMATION_DEFAULT,
            transmit_window: 1,
            receive_window: 1,
        }
    }
}

/// The parameters contradict their own lengths or cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection's parameters are invalid at byte {offset}")]
pub struct InvalidLimits {
    /// Where, counted from the information field's first byte.
    pub offset: usize,
}

impl Limits {
    /// Reads the information field of SNRM or UA; an empty one means the defaults.
    ///
    /// # Errors
    /// Lengths that do not fit, sizes and windows of 0.
    pub fn decode(information: &[u8]) -> Result<Self, InvalidLimits> {
        let mut limits = Self::default();
        if information.is_empty() {
            return Ok(limits);
        }
        let mut octets = Octets::new(information);
        let invalid = |octets: &Octets<'_>| InvalidLimits { offset: octets.position() };
        if [octets.u8(), octets.u8()] != [Some(FORMAT), Some(GROUP)] {
            return Err(InvalidLimits { offset: 0 });
        }
        let length = octets.u8().ok_or_else(|| invalid(&octets))?;
        let group = octets.take(usize::from(length)).ok_or_else(|| invalid(&octets))?;
        let mut inside = Octets::new(group);
        while let Some(parameter) = inside.u8() {
            let offset = inside.position().saturating_add(2);
            let length = inside.u8().filter(|length| (1..=4).contains(length));
            let bytes = length.and_then(|length| inside.take(usize::from(length)));
            let bytes = bytes.ok_or(InvalidLimits { offset })?;
            let value = bytes.iter().fold(0_u32, |value, byte| (value << 8) | u32::from(*byte));
            limits.set(parameter, value).ok_or(InvalidLimits { offset })?;
        }
        Ok(limits)
    }

    fn set(&mut self, parameter: u8, value: u32) -> Option<()> {
        let longest = u32::try_from(INFORMATION_MAX).unwrap_or(u32::MAX);
        let length = || u16::try_from(value.min(longest)).ok().filter(|length| *length > 0);
        let window = || u8::try_from(value.min(u32::from(WINDOW_MAX))).ok().filter(|it| *it > 0);
        match parameter {
            TRANSMIT_LENGTH => self.transmit_length = length()?,
            RECEIVE_LENGTH => self.receive_length = length()?,
            TRANSMIT_WINDOW => self.transmit_window = window()?,
            RECEIVE_WINDOW => self.receive_window = window()?,
            // A parameter of a later edition changes nothing here.
            _ => {}
        }
        Some(())
    }

    /// The information field of SNRM or UA.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut group = Vec::new();
        for (parameter, length) in
            [(TRANSMIT_LENGTH, self.transmit_length), (RECEIVE_LENGTH, self.receive_length)]
        {
            match length.to_be_bytes() {
                [0, short] => group.extend([parameter, 1, short]),
                [high, low] => group.extend([parameter, 2, high, low]),
            }
        }
        for (parameter, window) in
            [(TRANSMIT_WINDOW, self.transmit_window), (RECEIVE_WINDOW, self.receive_window)]
        {
            group.extend([parameter, 4, 0, 0, 0, window]);
        }
        let length = u8::try_from(group.len()).unwrap_or(u8::MAX);
        let mut out = vec![FORMAT, GROUP, length];
        out.extend(group);
        out
    }

    /// What this station may do when the other one stated `peer`.
    #[must_use]
    pub fn agreed(&self, peer: &Self) -> Self {
        Self {
            transmit_length: self.transmit_length.min(peer.receive_length),
            receive_length: self.receive_length.min(peer.transmit_length),
            transmit_window: self.transmit_window.min(peer.receive_window),
            receive_window: self.receive_window.min(peer.transmit_window),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_standards_example_and_short_forms() {
        // Green Book 8.4.4.3.2: both lengths 128, both windows 1.
        let example = [
            0x81, 0x80, 0x12, 0x05, 1, 0x80, 0x06, 1, 0x80, 0x07, 4, 0, 0, 0, 1, 0x08, 4, 0, 0, 0,
            1,
        ];
        assert_eq!(Limits::decode(&example), Ok(Limits::default()));
        assert_eq!(Limits::default().encode(), example);
        let long = [0x81, 0x80, 0x08, 0x05, 2, 0x04, 0x00, 0x06, 2, 0x02, 0x00];
        let limits = Limits::decode(&long).expect("valid");
        assert_eq!((limits.transmit_length, limits.receive_length), (1024, 512));
        assert_eq!(limits.transmit_window, 1);
        assert_eq!(Limits::decode(&[]), Ok(Limits::default()));
    }

    #[test]
    fn the_smaller_side_wins_in_each_direction() {
        let ours = Limits { transmit_length: 512, receive_length: 1000, ..Limits::default() };
        let theirs = Limits { transmit_length: 700, receive_length: 128, ..Limits::default() };
        let agreed = ours.agreed(&theirs);
        assert_eq!((agreed.transmit_length, agreed.receive_length), (128, 700));
    }

    #[test]
    fn refuses_sizes_of_nothing_and_lengths_that_do_not_fit() {
        for bytes in [
            &[0x81, 0x80, 0x03, 0x05, 1, 0][..],
            &[0x81, 0x80, 0x09, 0x05, 1, 0x80],
            &[0x81, 0x80, 0x03, 0x05, 9, 0x80],
            &[0x80, 0x80, 0x00],
            &[0x81],
        ] {
            assert!(Limits::decode(bytes).is_err(), "{bytes:02X?}");
        }
        // Longer than any frame: held to what a frame can carry.
        let huge = [0x81, 0x80, 0x06, 0x05, 4, 0xFF, 0xFF, 0xFF, 0xFF];
        let limits = Limits::decode(&huge).expect("valid");
        assert_eq!(usize::from(limits.transmit_length), INFORMATION_MAX);
    }
}
