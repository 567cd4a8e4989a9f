//! CRC-16/X.25, the check sequence of HDLC (ISO/IEC 13239, 4.2.5.2).

const SLICES: usize = 8;
static TABLES: [[u16; 256]; SLICES] = tables();

#[allow(clippy::indexing_slicing)] // Evaluated by the compiler: an index out of bounds cannot build.
const fn tables() -> [[u16; 256]; SLICES] {
    let mut tables = [[0_u16; 256]; SLICES];
    let mut byte = 0_u8;
    loop {
        let mut crc = u16::from_le_bytes([byte, 0]);
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x8408 } else { crc >> 1 };
            bit += 1;
        }
        let mut slice = 0;
        let mut shifted = crc;
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
        crc = if crc & 1 == 1 { (crc >> 1) ^ 0x8408 } else { crc >> 1 };
        bit += 1;
    }
    crc
}

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
        let [t0, t1, t2, t3, t4, t5, t6, t7] = &TABLES;
        let (chunks, tail) = bytes.as_chunks::<SLICES>();
        let mut crc = self.0;
        for [a, b, c, d, e, f, g, h] in chunks {
            let [low, high] = crc.to_le_bytes();
            crc = lookup(t7, a ^ low)
                ^ lookup(t6, b ^ high)
                ^ lookup(t5, *c)
                ^ lookup(t4, *d)
                ^ lookup(t3, *e)
                ^ lookup(t2, *f)
                ^ lookup(t1, *g)
                ^ lookup(t0, *h);
        }
        for byte in tail {
            let [low, high] = crc.to_le_bytes();
            crc = u16::from_le_bytes([high, 0]) ^ lookup(t0, byte ^ low);
        }
        Self(crc)
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

#[inline]
fn lookup(table: &[u16; 256], byte: u8) -> u16 {
    table.get(usize::from(byte)).copied().unwrap_or_default()
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

    #[test]
    fn slices_agree_with_single_bytes() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..bytes.len() {
            let part = &bytes[..length];
            let single = part.iter().fold(Crc::new(), |crc, byte| crc.update(&[*byte]));
            assert_eq!(crc(part), single.value());
        }
    }
}
