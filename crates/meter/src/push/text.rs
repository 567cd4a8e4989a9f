//! Octet strings as text: identifiers are padded, and some are not text at all.

/// The text of an identifier: trailing NULs removed; upper-case hexadecimal digits when what
/// remains is not printable.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let trimmed = bytes.get(..end).unwrap_or_default();
    match std::str::from_utf8(trimmed) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => hex_of(bytes),
    }
}

/// Upper-case hexadecimal digits.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 0x0F)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_padding_and_falls_back_to_hexadecimal() {
        assert_eq!(text_of(b"RATE2\0\0\0"), "RATE2");
        assert_eq!(text_of(b"\0"), "");
        assert_eq!(text_of(b""), "");
        assert_eq!(text_of(b"LGZ\x01"), "4C475A01");
        assert_eq!(text_of(b"\xFF\xFE"), "FFFE");
        // An inner NUL is no padding.
        assert_eq!(text_of(b"a\0b"), "610062");
    }
}
