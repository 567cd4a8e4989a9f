//! Records as a slave writes them.

/// The data of one telegram while it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Records(Vec<u8>);

impl Records {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A signed integer: the DIF's data field tells how many bytes.
    pub(super) fn integer(&mut self, dib: &[u8], vib: &[u8], value: i64) -> &mut Self {
        let length = match dib.first().map(|dif| dif & 0x0F) {
            Some(field @ 1..=4) => usize::from(field),
            Some(6) => 6,
            _ => 8,
        };
        self.0.extend_from_slice(dib);
        self.0.extend_from_slice(vib);
        self.0.extend(value.to_le_bytes().iter().take(length));
        self
    }

    /// Eight BCD digits.
    pub(super) fn bcd8(&mut self, vib: &[u8], value: u32) -> &mut Self {
        self.0.push(0x0C);
        self.0.extend_from_slice(vib);
        self.0.extend(bcd(value));
        self
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// Eight digits, the least significant byte first.
pub(super) fn bcd(mut value: u32) -> [u8; 4] {
    std::array::from_fn(|_| {
        let pair = u8::try_from(value % 100).unwrap_or(0);
        value /= 100;
        ((pair / 10) << 4) | (pair % 10)
    })
}
