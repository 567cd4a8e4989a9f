//! CRC-16/X.25, the check sequence of HDLC (ISO/IEC 13239, 4.2.5.2).

use crate::crc::Crc16;

static X25: Crc16<8> = Crc16::reversed(0x8408);

/// A running check sequence: the header's is taken on the way to the frame's.
#[derive(Debug, Clone, Copy)]
pub struct Crc(u16);

impl Crc {
    /// The state before any byte.
    #[must_use]
    pub const fn new() -> Self {
        Self(0xFFFF)
    }

    /// The state after `bytes`.
    #[must_use]
    pub fn update(self, bytes: &[u8]) -> Self {
        Self(X25.update(self.0, bytes))
    }

    /// The check sequence; it is sent low byte first.
    #[must_use]
    pub const fn value(self) -> u16 {
        !self.0
    }
}

impl Default for Crc {
    fn default() -> Self {
        Self::new()
    }
}

/// The check sequence of some bytes.
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    Crc::new().update(bytes).value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_catalogued_check_value() {
        assert_eq!(crc(b"123456789"), 0x906E);
    }
}
