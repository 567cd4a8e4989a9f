//! The identification message: `/XXXZ\WIdentification CR LF`.

use super::BaudCharacter;
use std::time::Duration;

/// How a meter goes on after its identification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It sends its data at the rate of the identification.
    A,
    /// It changes to the offered rate by itself and sends its data.
    B,
    /// It waits for an option select message, and sends its data at 300 baud without one.
    C,
}

/// A meter that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identification<'a> {
    /// The line, from `/` to before CR LF.
    pub line: &'a str,
    /// The three letters of the manufacturer (FLAG association).
    pub manufacturer: &'a str,
    /// What it offers.
    pub baud: BaudCharacter,
    /// The characters that followed a backslash: `2` offers mode E with HDLC (annex E).
    pub escapes: Escapes<'a>,
    /// The manufacturer's own text, behind the escapes.
    pub text: &'a str,
}

/// Escape sequences, two characters each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escapes<'a>(&'a str);

impl Escapes<'_> {
    /// The characters behind the backslashes.
    pub fn characters(self) -> impl Iterator<Item = char> {
        self.0.chars().filter(|character| *character != '\\')
    }
}

/// Why a line is no identification message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentificationError {
    /// It does not begin with `/`.
    #[error("an identification begins with \"/\"")]
    Start,
    /// No three letters of a manufacturer.
    #[error("character {offset} is no letter of a manufacturer")]
    Manufacturer {
        /// Which byte.
        offset: usize,
    },
    /// A character that cannot stand in an identification.
    #[error("character {offset} is not printable")]
    Unprintable {
        /// Which byte.
        offset: usize,
    },
    /// The line ends too early.
    #[error("the identification is cut short")]
    Short,
}

impl<'a> Identification<'a> {
    /// Reads a line without its CR LF.
    ///
    /// # Errors
    /// The line is no identification; the error says where it stops being one.
    ///
    /// # Source
    /// IEC 62056-21, 6.3.2 and 6.3.14.
    pub fn parse(line: &'a [u8]) -> Result<Self, IdentificationError> {
        let unprintable = line.iter().position(|byte| !matches!(byte, 0x20..=0x7E));
        if line.first() != Some(&b'/') {
            return Err(IdentificationError::Start);
        }
        if let Some(offset) = unprintable {
            return Err(IdentificationError::Unprintable { offset });
        }
        let line = std::str::from_utf8(line).map_err(|_| IdentificationError::Start)?;
        let manufacturer = line.get(1..4).ok_or(IdentificationError::Short)?;
        if let Some(at) = manufacturer.bytes().position(|byte| !byte.is_ascii_alphabetic()) {
            return Err(IdentificationError::Manufacturer { offset: at.saturating_add(1) });
        }
        let baud = line.as_bytes().get(4).copied().ok_or(IdentificationError::Short)?;
        let rest = line.get(5..).unwrap_or_default();
        let mut text = rest;
        while let Some(behind) = escaped(text) {
            text = behind;
        }
        let escapes = rest.get(..rest.len().saturating_sub(text.len())).unwrap_or_default();
        let baud = BaudCharacter(baud);
        Ok(Self { line, manufacturer, baud, escapes: Escapes(escapes), text })
    }

    /// How long the meter needs before it takes an answer: a lower case third letter of the
    /// manufacturer promises 20 ms, otherwise it is 200 ms.
    ///
    /// # Source
    /// IEC 62056-21, 6.3.14, item 12.
    #[must_use]
    pub fn reaction_time(&self) -> Duration {
        let quick = self.manufacturer.as_bytes().get(2).is_some_and(u8::is_ascii_lowercase);
        Duration::from_millis(if quick { 20 } else { 200 })
    }

    /// Whether the meter also offers mode E, binary mode with HDLC (annex E).
    #[must_use]
    pub fn offers_mode_e(&self) -> bool {
        self.escapes.characters().any(|character| character == '2')
    }
}

/// What stands behind an escape sequence.
fn escaped(text: &str) -> Option<&str> {
    let mut characters = text.strip_prefix('\\')?.chars();
    characters.next()?;
    Some(characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_identification_apart() {
        let quick = Identification::parse(b"/ISk5\\2MT382-1000").expect("valid");
        assert_eq!((quick.manufacturer, quick.text), ("ISk", "MT382-1000"));
        assert_eq!(quick.baud.mode_c(), Some(9600));
        assert!(quick.offers_mode_e());
        assert_eq!(quick.reaction_time(), Duration::from_millis(20));

        let slow = Identification::parse(b"/ACE0\\3k260V01.18").expect("valid");
        assert_eq!((slow.text, slow.offers_mode_e()), ("k260V01.18", false));
        assert_eq!(slow.escapes.characters().collect::<String>(), "3");
        assert_eq!(slow.reaction_time(), Duration::from_millis(200));

        let bare = Identification::parse(b"/KAM5").expect("valid");
        assert_eq!((bare.text, bare.line), ("", "/KAM5"));
        let several = Identification::parse(b"/LGZ5\\@\\2ZMD").expect("valid");
        assert_eq!((several.text, several.offers_mode_e()), ("ZMD", true));
        assert_eq!(several.escapes.characters().collect::<String>(), "@2");
    }

    #[test]
    fn says_where_a_line_stops_being_an_identification() {
        let cases: [(&[u8], IdentificationError); 5] = [
            (b"", IdentificationError::Start),
            (b"?!", IdentificationError::Start),
            (b"/LG", IdentificationError::Short),
            (b"/L1Z4", IdentificationError::Manufacturer { offset: 2 }),
            (b"/LGZ4\x02", IdentificationError::Unprintable { offset: 5 }),
        ];
        for (line, error) in cases {
            assert_eq!(Identification::parse(line), Err(error), "{line:?}");
        }
        assert_eq!(Identification::parse(b"/LGZ"), Err(IdentificationError::Short));
    }
}
