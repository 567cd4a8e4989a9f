//! What comes back on the bus: acknowledgements and answers among echoes, noise and late frames.
//!
//! In: bytes in any chunks. Out: what they are as soon as that is sure. Frames that a master sends
//! are echoes of one's own question and are passed over. Bytes that make no frame are counted.

use frame::mbus::{self, Frame, LONG_LENGTH_MAX};

/// Most bytes held: a few frames and the noise between them.
const HELD_MAX: usize = 4 * LONG_LENGTH_MAX;
/// Bit 6 of the control field: the master speaks.
const FROM_MASTER: u8 = 0x40;

/// Something that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// E5.
    Acknowledge,
    /// An intact long frame of a slave, whole.
    Answer(Vec<u8>),
}

/// Collects what comes.
#[derive(Debug, Default)]
pub struct Ear {
    held: Vec<u8>,
    /// Bytes that made nothing, since the last question.
    noise: usize,
}

impl Ear {
    /// A new question is asked: what was heard before belongs to older ones.
    pub fn clear(&mut self) {
        self.held.clear();
        self.noise = 0;
    }

    /// Takes what came, at most a few frames at once.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let excess = self.held.len().saturating_sub(HELD_MAX);
        self.drop(excess);
    }

    /// Bytes that made no frame so far, held ones included.
    #[must_use]
    pub fn waste(&self) -> usize {
        self.noise + self.held.len()
    }

    fn drop(&mut self, count: usize) {
        self.held.drain(..count.min(self.held.len()));
        self.noise += count;
    }

    /// The next event; `None` when more bytes are needed.
    #[allow(clippy::should_implement_trait)] // It is called again when more bytes have come.
    pub fn next(&mut self) -> Option<Event> {
        let mut start = 0;
        while let Some(rest) = self.held.get(start..).filter(|rest| !rest.is_empty()) {
            match mbus::decode(rest) {
                // One byte in 256 looks like an acknowledgement: only the first one is believed.
                Ok(Some((Frame::Acknowledge, _))) if start == 0 && self.noise == 0 => {
                    self.held.drain(..1);
                    return Some(Event::Acknowledge);
                }
                Ok(Some((Frame::Long { control, .. }, length))) if control & FROM_MASTER == 0 => {
                    let frame = rest.get(..length).unwrap_or_default().to_vec();
                    self.drop(start);
                    self.held.drain(..length.min(self.held.len()));
                    return Some(Event::Answer(frame));
                }
                // An echo.
                Ok(Some((Frame::Long { .. } | Frame::Short { .. }, length))) => {
                    self.held.drain(start..(start + length).min(self.held.len()));
                }
                // A frame that is not whole yet; what looks like one in noise may never be, so
                // that frames behind it are looked for as well.
                _ => start += 1,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(data: &[u8]) -> Vec<u8> {
        let mut counted = vec![0x08, 1, 0x72];
        counted.extend(data);
        let mut out = Vec::new();
        mbus::encode_long(&counted, &mut out).expect("fits");
        out
    }

    fn heard(pieces: &[&[u8]]) -> (Vec<Event>, usize) {
        let mut ear = Ear::default();
        let mut events = Vec::new();
        for piece in pieces {
            ear.push(piece);
            events.extend(std::iter::from_fn(|| ear.next()));
        }
        (events, ear.waste())
    }

    #[test]
    fn echoes_are_passed_over_and_answers_found_in_any_chunks() {
        let echo = [0x10, 0x7B, 0x01, 0x7C, 0x16];
        let frame = answer(&[1, 2, 3]);
        let mut bytes = echo.to_vec();
        bytes.extend(&frame);
        for size in 1..bytes.len() {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(heard(&pieces), (vec![Event::Answer(frame.clone())], 0), "pieces of {size}");
        }
        assert_eq!(heard(&[&echo, &[0xE5]]).0, [Event::Acknowledge]);
    }

    #[test]
    fn a_frame_is_found_behind_noise_that_looks_like_the_begin_of_one() {
        let frame = answer(&[7; 30]);
        let mut bytes = vec![0x68, 0xF0, 0xF0, 0x68, 0x00, 0xE5, 0x10];
        bytes.extend(&frame);
        let (events, waste) = heard(&[&bytes]);
        assert_eq!(events, [Event::Answer(frame)]);
        assert_eq!(waste, 7);
    }

    #[test]
    fn an_acknowledgement_in_noise_is_not_believed_and_memory_is_bounded() {
        assert_eq!(heard(&[&[0x55, 0xE5]]).0, []);
        let mut ear = Ear::default();
        for _ in 0..100 {
            ear.push(&[0x55; 100]);
            while ear.next().is_some() {}
            assert!(ear.held.len() <= HELD_MAX);
        }
        assert_eq!(ear.waste(), 10_000);
    }
}
