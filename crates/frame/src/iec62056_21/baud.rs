//! The character by which a meter offers a faster line.

use super::identification::Mode;

/// The sixth character of an identification message.
///
/// # Source
/// IEC 62056-21, 6.3.14, item 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaudCharacter(pub u8);

impl BaudCharacter {
    /// The rate that mode C changes to once both sides agreed.
    #[must_use]
    pub const fn mode_c(self) -> Option<u32> {
        Some(match self.0 {
            b'0' => 300,
            b'1' => 600,
            b'2' => 1200,
            b'3' => 2400,
            b'4' => 4800,
            b'5' => 9600,
            b'6' => 19_200,
            _ => return None,
        })
    }

    /// The rate that mode B changes to by itself, without an answer.
    #[must_use]
    pub const fn mode_b(self) -> Option<u32> {
        Some(match self.0 {
            b'A' => 600,
            b'B' => 1200,
            b'C' => 2400,
            b'D' => 4800,
            b'E' => 9600,
            b'F' => 19_200,
            _ => return None,
        })
    }

    /// The character with which mode C offers `baud`.
    #[must_use]
    pub fn of_mode_c(baud: u32) -> Option<Self> {
        (b'0'..=b'6').map(Self).find(|known| known.mode_c() == Some(baud))
    }

    /// How the meter goes on after its identification, as far as this character tells.
    #[must_use]
    pub const fn mode(self) -> Mode {
        match self.0 {
            b'0'..=b'9' => Mode::C,
            b'A'..=b'I' => Mode::B,
            _ => Mode::A,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_come_back_and_reserved_ones_offer_nothing() {
        for baud in [300, 600, 1200, 2400, 4800, 9600, 19_200] {
            assert_eq!(BaudCharacter::of_mode_c(baud).and_then(BaudCharacter::mode_c), Some(baud));
        }
        assert_eq!(BaudCharacter::of_mode_c(115_200), None);
        assert_eq!(BaudCharacter(b'7').mode_c(), None);
        assert_eq!(BaudCharacter(b'E').mode_b(), Some(9600));
        assert_eq!(BaudCharacter(b'G').mode_b(), None);
        assert_eq!(BaudCharacter(b'G').mode(), Mode::B);
        assert_eq!(BaudCharacter(b'Z').mode(), Mode::A);
    }
}
