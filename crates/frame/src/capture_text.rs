//! Captured bytes as people keep them: raw binary, or hexadecimal text with comments.
//!
//! In: the content of a file. Out: the bytes of the wire. Text is accepted when everything
//! outside `#` and `//` comments is hexadecimal digits and white space. A half byte at the end of a
//! cut file is dropped.

/// The wire bytes of a capture file: hexadecimal text when it is that, else the bytes as they are.
///
/// Case, spaces, tabs, newlines, a byte order mark, and `#` and `//` comments up to the end of
/// their line are ignored. A text without any digit yields no bytes.
///
/// ```
/// use frame::capture_text::bytes_of_capture;
/// assert_eq!(bytes_of_capture(b"7e A0 # an opening flag\n 84"), [0x7E, 0xA0, 0x84]);
/// assert_eq!(bytes_of_capture(&[0x7E, 0xA0, 0x84]), [0x7E, 0xA0, 0x84]);
/// ```
#[must_use]
pub fn bytes_of_capture(content: &[u8]) -> Vec<u8> {
    bytes_of_text(content).unwrap_or_else(|| content.to_vec())
}

/// The bytes of hexadecimal text; `None` when it is not hexadecimal text.
#[must_use]
pub fn bytes_of_text(content: &[u8]) -> Option<Vec<u8>> {
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    let mut bytes = Vec::with_capacity(content.len() / 2);
    let mut high = None;
    for line in content.split(|byte| matches!(byte, b'\n' | b'\r')) {
        for digit in digits_of_line(line) {
            match (high.take(), digit?) {
                (None, first) => high = Some(first),
                (Some(first), second) => bytes.push(first << 4 | second),
            }
        }
    }
    Some(bytes)
}

/// The digits before a comment, white space left out; `None` for any other character.
fn digits_of_line(line: &[u8]) -> impl Iterator<Item = Option<u8>> {
    let comment = line
        .iter()
        .zip(line.iter().skip(1).chain([&0]))
        .position(|pair| matches!(pair, (b'#', _) | (b'/', b'/')));
    let content = line.get(..comment.unwrap_or(line.len())).unwrap_or_default();
    content.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| digit(*byte))
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_of_any_shape() {
        let text = b"\xEF\xBB\xBF# header\r\n7e A0\t84 // first\n\n  cefF\n";
        assert_eq!(bytes_of_capture(text), [0x7E, 0xA0, 0x84, 0xCE, 0xFF]);
        assert_eq!(bytes_of_capture(b"# nothing\n"), Vec::<u8>::new());
        assert_eq!(bytes_of_capture(b"7 E\nA\n0 8"), [0x7E, 0xA0], "white space means nothing");
    }

    #[test]
    fn keeps_binary_as_it_is() {
        for binary in [&[0x7E, 0xA0][..], b"7E AX", b"/ISK5", b"68 FA FA 6x"] {
            assert_eq!(bytes_of_capture(binary), binary);
        }
    }
}
