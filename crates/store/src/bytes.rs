//! The smallest parts of every blob: varints, signs, a cursor that never reads beyond the end.
//!
//! A varint is LEB128; a signed number is zigzagged first. Refuses: bytes that end early or tell
//! a number of more bits than asked for.

use crate::encoding::Malformed;

pub(crate) const ENDS_EARLY: Malformed = Malformed("its values end early");

/// Bytes that are still to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (byte, rest) = self.0.split_first().ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(*byte)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed("a number has more than 64 bits"))
    }

    /// A varint that counts or numbers something in memory.
    pub(crate) fn size(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.varint()?).map_err(|_| Malformed("a count is too large"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        self.varint().map(unzigzag)
    }

    /// A zigzagged number of up to 128 bits.
    pub(crate) fn wide(&mut self) -> Result<i128, Malformed> {
        let mut value = 0_u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            if part << shift >> shift != part {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(Malformed("a number has more than 128 bits"))
    }
}

pub(crate) fn put_varint(blob: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        blob.push(0x80 | low_bits(value));
        value >>= 7;
    }
    blob.push(low_bits(value));
}

pub(crate) fn put_size(blob: &mut Vec<u8>, value: usize) {
    put_varint(blob, value as u64);
}

pub(crate) fn put_signed(blob: &mut Vec<u8>, value: i64) {
    put_varint(blob, zigzag(value));
}

/// A number of up to 128 bits, zigzagged.
pub(crate) fn put_wide(blob: &mut Vec<u8>, value: i128) {
    let mut rest = ((value << 1) ^ (value >> 127)).cast_unsigned();
    while rest > 0x7f {
        blob.push(0x80 | u8::try_from(rest & 0x7f).expect("seven bits fit a byte"));
        rest >>= 7;
    }
    blob.push(u8::try_from(rest).expect("seven bits fit a byte"));
}

fn low_bits(value: u64) -> u8 {
    u8::try_from(value & 0x7f).expect("seven bits fit a byte")
}

pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// A blob behind its checksum: CRC-32 (IEEE), little-endian.
pub(crate) fn checked(content: &[u8]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(content.len() + 4);
    blob.extend(crc32fast::hash(content).to_le_bytes());
    blob.extend_from_slice(content);
    blob
}

/// The content of a blob, its checksum compared.
pub(crate) fn content(blob: &[u8]) -> Result<&[u8], Malformed> {
    let (sum, content) = blob.split_first_chunk::<4>().ok_or(ENDS_EARLY)?;
    if u32::from_le_bytes(*sum) == crc32fast::hash(content) {
        Ok(content)
    } else {
        Err(Malformed("its checksum does not fit its bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_come_back() {
        for value in [0, 1, -1, 63, -64, i128::from(i64::MIN), i128::MAX, i128::MIN] {
            let mut blob = Vec::new();
            put_wide(&mut blob, value);
            let mut cursor = Cursor(&blob);
            assert_eq!(cursor.wide(), Ok(value));
            assert!(cursor.is_empty());
            assert_eq!(Cursor(&blob[..blob.len() - 1]).wide(), Err(ENDS_EARLY));
        }
        for value in [0, i64::MIN, i64::MAX] {
            let mut blob = Vec::new();
            put_signed(&mut blob, value);
            assert_eq!(Cursor(&blob).signed(), Ok(value));
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let blob = checked(b"LGZ1030653520967");
        assert_eq!(content(&blob), Ok(&b"LGZ1030653520967"[..]));
        for bit in 0..blob.len() * 8 {
            let mut spoilt = blob.clone();
            spoilt[bit / 8] ^= 1 << (bit % 8);
            assert!(content(&spoilt).is_err(), "{bit}");
        }
    }
}
