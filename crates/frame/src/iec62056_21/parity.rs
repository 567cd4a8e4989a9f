//! Seven data bits and a parity bit, received as eight data bits.

/// Fewer bytes may have even parity by chance.
const BYTES_MIN: usize = 24;

/// The characters of a 7E1 line that was recorded as 8N1; `None` when it was not.
///
/// Every byte must have even parity, at least one the parity bit, and all of them must be what
/// IEC 62056-21 sends: then nothing else explains them. Offsets stay as they are.
///
/// # Source
/// IEC 62056-21, 5.3: 1 start bit, 7 data bits, 1 parity bit (even), 1 stop bit.
#[must_use]
pub fn without_parity(bytes: &[u8]) -> Option<Vec<u8>> {
    let even = |byte: &u8| byte.count_ones().is_multiple_of(2);
    let marked = bytes.iter().any(|byte| byte & 0x80 != 0);
    if bytes.len() < BYTES_MIN || !marked || !bytes.iter().all(even) {
        return None;
    }
    let characters: Vec<u8> = bytes.iter().map(|byte| byte & 0x7F).collect();
    let text = |byte: &&u8| matches!(byte, 0x20..=0x7E | b'\r' | b'\n');
    // Control characters frame blocks; a check character may be anything.
    let texts = characters.iter().filter(text).count();
    (texts.saturating_mul(10) >= characters.len().saturating_mul(9)).then_some(characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_parity(text: &[u8]) -> Vec<u8> {
        text.iter().map(|byte| byte | u8::from(byte.count_ones() % 2 == 1) << 7).collect()
    }

    #[test]
    fn a_seven_bit_recording_gives_its_characters_back() {
        let text = b"/LGZ5ZMD3104107.B32\r\n\x021.8.0(000285.4*kWh)\r\n!\r\n\x03%";
        assert_eq!(without_parity(&with_parity(text)).as_deref(), Some(&text[..]));
    }

    #[test]
    fn nothing_else_is_touched() {
        let text = b"/LGZ5ZMD3104107.B32\r\n\x021.8.0(000285.4*kWh)\r\n!\r\n\x03%";
        assert_eq!(without_parity(text), None, "parity is off already");
        let mut damaged = with_parity(text);
        damaged[30] ^= 0x80;
        assert_eq!(without_parity(&damaged), None, "a byte of odd parity");
        assert_eq!(without_parity(&with_parity(b"/LGZ5")), None, "too short to tell");
        assert_eq!(without_parity(&[0x81; 64]), None, "no text");
    }
}
