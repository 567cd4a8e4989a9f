//! Encrypted P1 telegrams: General-Glo-Ciphering without a link layer.
//!
//! In: bytes in any chunks. Out: whole ciphered APDUs, and how many bytes between them were none.
//! The envelope has no check sequence of its own: its tag, or the CRC of the telegram inside, tells
//! whether it is right.
//!
//! # Source
//! e-Meter P1 specification of Luxembourg, 3.2.5: tag DB, system title, length, security control
//! 30, frame counter, telegram, 12-byte GCM tag.

use crate::dlms::apdu::GENERAL_GLO_CIPHERING;
use crate::octets::{LengthError, Octets};

/// Longest envelope that is waited for.
pub const ENVELOPE_MAX: usize = 16_384;
/// Security control, frame counter and one byte of content.
const CONTENT_MIN: usize = 6;
const SYSTEM_TITLE: u8 = 8;
/// Tag, length of the system title, system title.
const HEAD: usize = 10;

/// What came out of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A whole envelope.
    Envelope {
        /// Offset of its tag in the stream.
        offset: u64,
        /// The ciphered APDU.
        apdu: Vec<u8>,
    },
    /// Bytes that begin no envelope, or the beginning of one that never became whole.
    Noise {
        /// Offset of the first.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Finds envelopes in a stream. Memory stays below [`ENVELOPE_MAX`] and one piece.
#[derive(Debug, Default)]
pub struct Envelopes {
    buffer: Vec<u8>,
    base: u64,
}

enum Head {
    Whole(usize),
    Partial,
    No,
}

impl Envelopes {
    /// Takes the next bytes and gives what is whole.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.buffer.extend_from_slice(bytes);
        self.pieces(false)
    }

    /// Counts bytes that hold no tag, so that they need not be kept; possible when nothing is held.
    ///
    /// Returns whether they were counted; otherwise they are to be pushed.
    pub fn pass(&mut self, bytes: &[u8]) -> bool {
        let passes = self.buffer.is_empty() && !bytes.contains(&GENERAL_GLO_CIPHERING);
        if passes {
            self.base = self.offset(bytes.len());
        }
        passes
    }

    /// Gives up what is not whole, because the stream is over or was silent for long.
    pub fn end(&mut self) -> Vec<Piece> {
        self.pieces(true)
    }

    /// Bytes held back at the moment.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    fn pieces(&mut self, ended: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at: usize = 0;
        let mut noise_from = 0;
        loop {
            let rest = self.buffer.get(at..).unwrap_or_default();
            let Some(found) = rest.iter().position(|byte| *byte == GENERAL_GLO_CIPHERING) else {
                at = self.buffer.len();
                break;
            };
            at = at.saturating_add(found);
            match head(self.buffer.get(at..).unwrap_or_default()) {
                Head::Whole(length) => {
                    let end = at.saturating_add(length);
                    let with_head = self.buffer.get(at..).unwrap_or_default();
                    if let Some(next) = begun_again(with_head, length) {
                        at = at.saturating_add(next);
                        continue;
                    }
                    let apdu = self.buffer.get(at..end).unwrap_or_default().to_vec();
                    self.add_noise((noise_from, at), &mut pieces);
                    pieces.push(Piece::Envelope { offset: self.offset(at), apdu });
                    at = end;
                    noise_from = end;
                }
                Head::Partial if !ended => break,
                _ => at = at.saturating_add(1),
            }
        }
        self.add_noise((noise_from, at), &mut pieces);
        self.base = self.offset(at);
        self.buffer.drain(..at.min(self.buffer.len()));
        pieces
    }

    fn offset(&self, at: usize) -> u64 {
        self.base.saturating_add(u64::try_from(at).unwrap_or(u64::MAX))
    }

    fn add_noise(&self, (from, to): (usize, usize), pieces: &mut Vec<Piece>) {
        let bytes = self.buffer.get(from..to).unwrap_or_default();
        if !bytes.is_empty() {
            pieces.push(Piece::Noise { offset: self.offset(from), bytes: bytes.to_vec() });
        }
    }
}

/// Where the same meter's next envelope begins inside one that lost bytes on the way: a tag, a length
/// and its system title come together by chance once in 2^80.
fn begun_again(bytes: &[u8], length: usize) -> Option<usize> {
    let head = bytes.get(..HEAD)?;
    // The next head may reach beyond the end of this one.
    let to = length.saturating_add(HEAD).saturating_sub(1).min(bytes.len());
    let behind = bytes.get(1..to)?;
    let found = behind.windows(HEAD).position(|bytes| bytes == head)?;
    Some(found.saturating_add(1))
}

/// Whether bytes that begin with the tag are an envelope.
fn head(bytes: &[u8]) -> Head {
    let mut octets = Octets::at(bytes, 1);
    match octets.u8() {
        None => return Head::Partial,
        Some(SYSTEM_TITLE) => {}
        Some(_) => return Head::No,
    }
    if octets.take(usize::from(SYSTEM_TITLE)).is_none() {
        return Head::Partial;
    }
    match octets.length() {
        Err(LengthError::Truncated) => Head::Partial,
        Ok(length) if (CONTENT_MIN..=ENVELOPE_MAX).contains(&length) => {
            if octets.take(length).is_some() {
                Head::Whole(octets.position())
            } else {
                Head::Partial
            }
        }
        _ => Head::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Vec<u8> {
        let mut bytes = b"\xDB\x08SAGtitle\x82\x00\x20".to_vec();
        bytes.extend(0..32);
        bytes
    }

    #[test]
    fn any_chunking_gives_the_same_pieces() {
        let mut stream = b"noise\xDB\x07".to_vec();
        stream.extend(envelope());
        stream.extend(envelope());
        stream.extend(b"\xDB\x08SAG");
        for chunk in 1..stream.len() {
            let mut envelopes = Envelopes::default();
            let mut pieces: Vec<Piece> =
                stream.chunks(chunk).flat_map(|bytes| envelopes.push(bytes)).collect();
            pieces.extend(envelopes.end());
            let whole: Vec<_> = pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Envelope { offset, apdu } => Some((*offset, apdu.clone())),
                    Piece::Noise { .. } => None,
                })
                .collect();
            let second = 7 + u64::try_from(envelope().len()).expect("small");
            assert_eq!(whole, [(7, envelope()), (second, envelope())], "{chunk}");
            let noise = pieces.iter().map(|piece| match piece {
                Piece::Noise { bytes, .. } => bytes.len(),
                Piece::Envelope { .. } => 0,
            });
            assert_eq!(noise.sum::<usize>(), 7 + 5, "{chunk}");
        }
    }

    #[test]
    fn an_envelope_that_lost_bytes_hides_none_behind_it() {
        let whole = envelope();
        for lost in 1..30 {
            let mut stream = whole.clone();
            stream.drain(13..13 + lost);
            stream.extend(&whole);
            let mut envelopes = Envelopes::default();
            let mut pieces = envelopes.push(&stream);
            pieces.extend(envelopes.end());
            let found = pieces
                .iter()
                .filter(|piece| matches!(piece, Piece::Envelope { apdu, .. } if *apdu == whole));
            assert_eq!(found.count(), 1, "{lost} bytes lost: {pieces:?}");
        }
    }
}
