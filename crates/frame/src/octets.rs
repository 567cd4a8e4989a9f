//! Reading big-endian fields out of a byte slice, position kept.

/// A cursor over bytes; every read either succeeds whole or leaves the position as it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Octets<'a> {
    bytes: &'a [u8],
    position: usize,
}

/// Why a BER length could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LengthError {
    /// The bytes end inside the length.
    Truncated,
    /// Indefinite, or more than four length bytes.
    Invalid,
}

impl<'a> Octets<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) const fn at(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.position)?;
        self.position = self.position.saturating_add(1);
        Some(byte)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(length)?;
        let taken = self.bytes.get(self.position..end)?;
        self.position = end;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.rest().first_chunk::<N>()?;
        self.position = self.position.saturating_add(N);
        Some(array)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A length as A-XDR and BER write it: one byte below 80, else 81 to 84 and that many bytes.
    pub(crate) fn length(&mut self) -> Result<usize, LengthError> {
        let start = self.position;
        let first = self.u8().ok_or(LengthError::Truncated)?;
        if first < 0x80 {
            return Ok(usize::from(first));
        }
        let count = usize::from(first & 0x7F);
        if !(1..=4).contains(&count) {
            self.position = start;
            return Err(LengthError::Invalid);
        }
        let Some(bytes) = self.take(count) else {
            self.position = start;
            return Err(LengthError::Truncated);
        };
        let value = bytes.iter().fold(0_u32, |value, byte| (value << 8) | u32::from(*byte));
        usize::try_from(value).map_err(|_| LengthError::Invalid)
    }
}

/// Writes a length in the shortest form that [`Octets::length`] reads.
pub(crate) fn push_length(out: &mut Vec<u8>, length: usize) {
    let bytes = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let [a, b, c, d] = bytes;
    match bytes {
        [0, 0, 0, short] if short < 0x80 => out.push(short),
        [0, 0, 0, _] => out.extend([0x81, d]),
        [0, 0, _, _] => out.extend([0x82, c, d]),
        [0, _, _, _] => out.extend([0x83, b, c, d]),
        _ => out.extend([0x84, a, b, c, d]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form_come_back() {
        for length in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x1_0000, 0x0100_0000] {
            let mut bytes = Vec::new();
            push_length(&mut bytes, length);
            assert_eq!(Octets::new(&bytes).length(), Ok(length));
        }
        assert_eq!(Octets::new(&[0x80]).length(), Err(LengthError::Invalid));
        assert_eq!(Octets::new(&[0x82, 1]).length(), Err(LengthError::Truncated));
        // Longer forms than needed are legal BER and occur in GBT blocks.
        assert_eq!(Octets::new(&[0x82, 0, 5]).length(), Ok(5));
    }
}
