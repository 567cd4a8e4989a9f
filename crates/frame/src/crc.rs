//! Check sequences of 16 bits that take the least significant bit first, many bytes at a time.
//!
//! Three protocols use two polynomials of this kind: HDLC, P1 and Modbus. They differ in what the
//! register holds before the first byte and in what is sent after the last, which is theirs.

/// A polynomial's remainders, each byte's followed by none to `SLICES` - 1 zero bytes; so many bytes
/// are taken at once, at least two.
pub(crate) struct Crc16<const SLICES: usize>([[u16; 256]; SLICES]);

impl<const SLICES: usize> Crc16<SLICES> {
    /// The tables of a polynomial, its bits reversed.
    #[allow(clippy::indexing_slicing)] // Evaluated by the compiler: an index out of bounds cannot build.
    pub(crate) const fn reversed(polynomial: u16) -> Self {
        let mut tables = [[0_u16; 256]; SLICES];
        let mut byte = 0_u8;
        loop {
            let mut shifted = remainder(polynomial, byte);
            let mut slice = 0;
            while slice < SLICES {
                tables[slice][index(byte)] = shifted;
                // One more zero byte behind this one.
                let [low, high] = shifted.to_le_bytes();
                shifted = u16::from_le_bytes([high, 0]) ^ remainder(polynomial, low);
                slice += 1;
            }
            if byte == u8::MAX {
                return Self(tables);
            }
            byte += 1;
        }
    }

    /// The register after `bytes`.
    pub(crate) fn update(&self, register: u16, bytes: &[u8]) -> u16 {
        let (chunks, tail) = bytes.as_chunks::<SLICES>();
        let mut crc = register;
        for chunk in chunks {
            let mut chunk = *chunk;
            for (byte, part) in chunk.iter_mut().zip(crc.to_le_bytes()) {
                *byte ^= part;
            }
            crc = 0;
            // Every byte has the table of what stands behind it; the loop is unrolled.
            for (byte, table) in chunk.iter().zip(self.0.iter().rev()) {
                crc ^= lookup(table, *byte);
            }
        }
        for byte in tail {
            let [low, high] = crc.to_le_bytes();
            crc =
                u16::from_le_bytes([high, 0]) ^ self.0.first().map_or(0, |t| lookup(t, byte ^ low));
        }
        crc
    }
}

const fn index(byte: u8) -> usize {
    usize::from_le_bytes([byte, 0, 0, 0, 0, 0, 0, 0])
}

const fn remainder(polynomial: u16, byte: u8) -> u16 {
    let mut crc = u16::from_le_bytes([byte, 0]);
    let mut bit = 0;
    while bit < 8 {
        crc = if crc & 1 == 1 { (crc >> 1) ^ polynomial } else { crc >> 1 };
        bit += 1;
    }
    crc
}

#[inline]
fn lookup(table: &[u16; 256], byte: u8) -> u16 {
    table.get(usize::from(byte)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held<const SLICES: usize>(polynomial: u16) {
        let crc = Crc16::<SLICES>::reversed(polynomial);
        let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for length in [0, 1, 7, 8, 9, 15, 16, 17, 64, 255, 511, 512] {
            let bytes = bytes.get(..length).expect("shorter");
            let singly = bytes.iter().fold(0xFFFF, |register, byte| crc.update(register, &[*byte]));
            assert_eq!(crc.update(0xFFFF, bytes), singly, "{length} bytes");
        }
    }

    #[test]
    fn many_bytes_at_a_time_give_what_single_ones_give() {
        for polynomial in [0x8408, 0xA001] {
            held::<8>(polynomial);
            held::<16>(polynomial);
        }
    }
}
