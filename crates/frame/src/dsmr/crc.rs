//! CRC-16 of a P1 telegram.
//!
//! # Source
//! DSMR P1 companion standard 5.0.2, 6.2: polynomial x^16+x^15+x^2+1, no inversion, least
//! significant bit first (CRC-16/ARC), over everything from `/` to `!` inclusive; four hexadecimal
//! characters, most significant first.

const SLICES: usize = 16;
static TABLES: [[u16; 256]; SLICES] = tables();

#[allow(clippy::indexing_slicing)] // Evaluated by the compiler: an index out of bounds cannot build.
const fn tables() -> [[u16; 256]; SLICES] {
    let mut tables = [[0_u16; 256]; SLICES];
    let mut byte = 0_u8;
    loop {
        let mut shifted = remainder(byte);
        let mut slice = 0;
        while slice < SLICES {
            tables[slice][index(byte)] = shifted;
            // One more zero byte behind this one.
            let [low, high] = shifted.to_le_bytes();
            shifted = u16::from_le_bytes([high, 0]) ^ remainder(low);
            slice += 1;
        }
        if byte == u8::MAX {
            return tables;
        }
        byte += 1;
    }
}

const fn index(byte: u8) -> usize {
    usize::from_le_bytes([byte, 0, 0, 0, 0, 0, 0, 0])
}

const fn remainder(byte: u8) -> u16 {
    let mut crc = u16::from_le_bytes([byte, 0]);
    let mut bit = 0;
    while bit < 8 {
        crc = if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 };
        bit += 1;
    }
    crc
}

/// The CRC of the bytes from `/` to `!` inclusive.
///
/// ```
/// assert_eq!(frame::dsmr::crc16(b"123456789"), 0xBB3D);
/// ```
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    update(0, bytes)
}

/// The CRC of the telegram with the line ends that P1 prescribes, CR LF and an empty line behind the
/// identification, for telegrams that lost some of them on the way.
#[must_use]
pub fn crc16_with_restored_line_ends(bytes: &[u8]) -> u16 {
    const LINE_END: &[u8] = b"\r\n";
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut line = move || lines.next().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut crc = update(0, line().unwrap_or_default());
    let mut next = line();
    if next.is_some_and(|second| !second.is_empty()) {
        crc = update(crc, LINE_END);
    }
    while let Some(content) = next {
        crc = update(update(crc, LINE_END), content);
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

#[allow(clippy::indexing_slicing)] // A table of 256 entries, indexed by a byte.
fn update(crc: u16, bytes: &[u8]) -> u16 {
    let mut crc = crc;
    let (chunks, rest) = bytes.as_chunks::<SLICES>();
    for chunk in chunks {
        let [low, high] = crc.to_le_bytes();
        let mut chunk = *chunk;
        chunk[0] ^= low;
        chunk[1] ^= high;
        crc = 0;
        // Every byte has the table of what stands behind it; the loop is unrolled.
        for (byte, table) in chunk.iter().zip(TABLES.iter().rev()) {
            crc ^= table[usize::from(*byte)];
        }
    }
    for byte in rest {
        let [low, high] = crc.to_le_bytes();
        crc = u16::from_le_bytes([high, 0]) ^ TABLES[0][usize::from(byte ^ low)];
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_at_a_time_give_what_single_ones_give() {
        let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for length in [0, 1, 7, 8, 9, 15, 64, 511, 512] {
            let bytes = bytes.get(..length).expect("shorter");
            let singly = bytes.iter().fold(0, |crc, byte| update(crc, &[*byte]));
            assert_eq!(crc16(bytes), singly, "{length} bytes");
        }
    }

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
