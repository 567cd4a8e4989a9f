//! Frames out of the bytes of a line that is asked and answers.
//!
//! In: bytes in any chunks. Out: intact frames, and frames that were damaged. What lies between
//! frames is skipped.

use super::frame::{Error, FLAG, Frame, decode};

/// What was found in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// An intact frame.
    Frame(Frame<'a>),
    /// A frame whose check sequence does not hold.
    Damaged(Error),
}

/// The bytes that wait to become a frame.
///
/// Between two calls it holds less than one frame of [`super::FRAME_LENGTH_MAX`] bytes, when
/// [`next`](Self::next) was asked until it had nothing more.
#[derive(Debug, Default, Clone)]
pub struct Receiver {
    bytes: Vec<u8>,
    used: usize,
}

impl Receiver {
    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.used.min(self.bytes.len()));
        self.used = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets what is half received.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.used = 0;
    }

    /// The next frame, intact or damaged; `None` asks for more bytes.
    #[allow(clippy::should_implement_trait)] // It lends from itself, as an iterator cannot.
    pub fn next(&mut self) -> Option<Received<'_>> {
        let start = loop {
            let rest = self.bytes.get(self.used..).unwrap_or_default();
            let skipped = rest.iter().position(|byte| *byte == FLAG).unwrap_or(rest.len());
            self.used = self.used.saturating_add(skipped);
            let start = self.used;
            match decode(self.bytes.get(start..).unwrap_or_default()) {
                Ok(None) => return None,
                Ok(Some((_, length))) => {
                    // The closing flag stays: it may open the next frame.
                    self.used = start.saturating_add(length);
                    break start;
                }
                Err(error @ Error::FrameCheck { length, .. }) => {
                    self.used = start.saturating_add(length);
                    return Some(Received::Damaged(error));
                }
                Err(error @ Error::HeaderCheck { .. }) => {
                    self.used = start.saturating_add(1);
                    return Some(Received::Damaged(error));
                }
                // Two flags in a row, or a flag in the middle of noise.
                Err(_) => self.used = start.saturating_add(1),
            }
        };
        // Decoded once more, because the loop may not keep what it borrowed.
        match decode(self.bytes.get(start..)?) {
            Ok(Some((frame, _))) => Some(Received::Frame(frame)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Address, Outgoing, encode};
    use super::*;

    fn frame(control: u8, information: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (destination, source) = (Address::short(16), Address::pair(1, 17));
        let frame = Outgoing { segmented: false, destination, source, control, information };
        encode(&frame, &mut bytes).expect("short enough");
        bytes
    }

    fn controls(pieces: &[&[u8]]) -> Vec<Option<u8>> {
        let mut receiver = Receiver::default();
        let mut seen = Vec::new();
        for piece in pieces {
            receiver.push(piece);
            while let Some(received) = receiver.next() {
                seen.push(match received {
                    Received::Frame(frame) => Some(frame.control),
                    Received::Damaged(_) => None,
                });
            }
        }
        seen
    }

    #[test]
    fn finds_frames_between_noise_in_any_chunks() {
        let bytes = [
            &b"\0\xFF"[..],
            &frame(0x73, &[]),
            &frame(0x30, b"abc")[1..], // A shared flag.
            b"noise",
            &frame(0x52, b"x"),
        ]
        .concat();
        for length in 1..bytes.len() {
            let pieces: Vec<&[u8]> = bytes.chunks(length).collect();
            assert_eq!(controls(&pieces), [Some(0x73), Some(0x30), Some(0x52)], "{length}");
        }
    }

    #[test]
    fn a_damaged_frame_is_told_and_does_not_hide_the_next() {
        let mut damaged = frame(0x30, b"abcdef");
        damaged[10] ^= 4;
        let bytes = [damaged, frame(0x52, b"x")].concat();
        assert_eq!(controls(&[&bytes]), [None, Some(0x52)]);
    }
}
