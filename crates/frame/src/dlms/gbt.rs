//! General Block Transfer: one message in numbered blocks.
//!
//! In: one APDU with tag E0. Out: its control field and payload. Joining the blocks is the work
//! of [`crate::message`].
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.4.6.13), `General-Block-Transfer`.

use crate::octets::{LengthError, Octets, push_length};

/// The APDU tag.
pub const TAG: u8 = 0xE0;
const LAST: u8 = 0x80;
const STREAMING: u8 = 0x40;

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// The message ends with this block.
    pub last: bool,
    /// More blocks follow without being asked for.
    pub streaming: bool,
    /// Blocks that the sender may receive at once; 0 when it receives none. **Range** 0 to 63.
    pub window: u8,
    /// The number, from 1.
    pub number: u16,
    /// The number acknowledged.
    pub acknowledged: u16,
    /// The piece of the message.
    pub payload: &'a [u8],
    /// Where the payload starts, counted from the tag.
    pub payload_at: usize,
}

/// Why the bytes are no block. Offsets count from the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first byte is not E0.
    #[error("no block transfer: the tag is not E0")]
    Tag,
    /// The bytes end inside the block.
    #[error("the block ends {missing} bytes early")]
    Truncated {
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// The length is not one of BER's definite forms.
    #[error("the block's length is invalid")]
    Length,
}

/// Decodes the block at the start of `bytes`; the second part of the result is its whole length.
///
/// # Errors
/// Anything else, and a block that is not whole.
pub fn decode(bytes: &[u8]) -> Result<(Block<'_>, usize), Error> {
    let mut octets = Octets::new(bytes);
    let header = [octets.u8(), octets.u8()];
    let (number, acknowledged) = (octets.u16(), octets.u16());
    if header.first() != Some(&Some(TAG)) {
        return Err(Error::Tag);
    }
    let ([_, Some(control)], Some(number), Some(acknowledged)) = (header, number, acknowledged)
    else {
        let missing = 7_usize.saturating_sub(bytes.len());
        return Err(Error::Truncated { missing });
    };
    let length = octets.length().map_err(|error| match error {
        LengthError::Truncated => Error::Truncated { missing: 1 },
        LengthError::Invalid => Error::Length,
    })?;
    let payload_at = octets.position();
    let missing = length.saturating_sub(octets.remaining());
    let payload = octets.take(length).ok_or(Error::Truncated { missing })?;
    let block = Block {
        last: control & LAST != 0,
        streaming: control & STREAMING != 0,
        window: control & 0x3F,
        number,
        acknowledged,
        payload,
        payload_at,
    };
    Ok((block, octets.position()))
}

impl Block<'_> {
    /// Appends the block; the payload's length takes the shortest form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let bit = |set: bool, mask: u8| if set { mask } else { 0 };
        let control = bit(self.last, LAST) | bit(self.streaming, STREAMING) | (self.window & 0x3F);
        out.extend([TAG, control]);
        out.extend(self.number.to_be_bytes());
        out.extend(self.acknowledged.to_be_bytes());
        push_length(out, self.payload.len());
        out.extend(self.payload);
    }
}

/// The blocks of `message`, each of at most `payload_max` bytes, as a streaming server sends
/// them; `None` when the message is empty or needs more than 65 535 blocks.
#[must_use]
pub fn encode_blocks(message: &[u8], payload_max: usize) -> Option<Vec<Vec<u8>>> {
    let count = u16::try_from(message.chunks(payload_max.max(1)).count()).ok()?;
    let blocks = message.chunks(payload_max.max(1)).zip(1_u16..).map(|(payload, number)| {
        let last = number == count;
        let block = Block {
            last,
            streaming: true,
            window: 0,
            number,
            acknowledged: 0,
            payload,
            payload_at: 0,
        };
        let mut bytes = Vec::with_capacity(payload.len().saturating_add(9));
        block.encode(&mut bytes);
        bytes
    });
    (count > 0).then(|| blocks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_any_length_form_come_back() {
        for length in [0, 1, 0x7F, 0x80, 0x100] {
            let payload = vec![7; length];
            let block = Block {
                last: true,
                streaming: false,
                window: 5,
                number: 3,
                acknowledged: 2,
                payload: &payload,
                payload_at: 0,
            };
            let mut bytes = Vec::new();
            block.encode(&mut bytes);
            let whole = bytes.len();
            bytes.push(0xAA);
            let (decoded, consumed) = decode(&bytes).expect("a block");
            assert_eq!(consumed, whole);
            assert_eq!(Block { payload_at: 0, ..decoded }, block);
            assert!(decode(&bytes[..whole - 1]).is_err());
        }
        let long_form = [0xE0, 0x80, 0, 1, 0, 0, 0x82, 0, 1, 9];
        assert_eq!(decode(&long_form).expect("a block").0.payload, [9]);
    }
}
