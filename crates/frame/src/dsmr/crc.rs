//! CRC-16 of a P1 telegram.
//!
//! # Source
//! DSMR P1 companion standard 5.0.2, 6.2: polynomial x^16+x^15+x^2+1, no inversion, least
//! significant bit first (CRC-16/ARC), over everything from `/` to `!` inclusive; four hexadecimal
//! characters, most significant first.

use crate::crc::Crc16;

static ARC: Crc16<16> = Crc16::reversed(0xA001);

/// The CRC of the bytes from `/` to `!` inclusive.
///
/// ```
/// assert_eq!(frame::dsmr::crc16(b"123456789"), 0xBB3D);
/// ```
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    ARC.update(0, bytes)
}

/// The CRC of the telegram with the line ends that P1 prescribes, CR LF and an empty line behind the
/// identification, for telegrams that lost some of them on the way.
#[must_use]
pub fn crc16_with_restored_line_ends(bytes: &[u8]) -> u16 {
    const LINE_END: &[u8] = b"\r\n";
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut line = move || lines.next().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut crc = ARC.update(0, line().unwrap_or_default());
    let mut next = line();
    if next.is_some_and(|second| !second.is_empty()) {
        crc = ARC.update(crc, LINE_END);
    }
    while let Some(content) = next {
        crc = ARC.update(ARC.update(crc, LINE_END), content);
        next = line();
    }
    crc
}

/// The number that one to four hexadecimal digits spell; some meters send fewer than four.
#[must_use]
pub fn crc_of_digits(digits: &[u8]) -> Option<u16> {
    if !(1..=4).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restored_line_ends_are_cr_lf() {
        let whole = b"/A\r\n\r\n1\r\n!";
        for altered in [&b"/A\n\n1\n!"[..], b"/A\n1\n!", b"/A\r\n1\r\n!", whole] {
            assert_eq!(crc16_with_restored_line_ends(altered), crc16(whole), "{altered:?}");
        }
    }

    #[test]
    fn takes_short_numbers_and_no_others() {
        assert_eq!(crc_of_digits(b"3AD7"), Some(0x3AD7));
        assert_eq!(crc_of_digits(b"a7"), Some(0xA7));
        for digits in [&b""[..], b"12345", b"3A 7", b"+123", b"3ADG"] {
            assert_eq!(crc_of_digits(digits), None, "{digits:?}");
        }
    }
}
