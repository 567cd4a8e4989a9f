//! What a converter sends back of what we sent.
//!
//! Many two-wire RS-485 converters hear themselves. In: what is sent and what comes. Out: what came
//! without the echo. Only the whole question at the beginning is an echo: a device answers none of
//! our questions with the same bytes, since an answer tells its length where a question tells an
//! address. Should an answer ever begin so all the same, it is lost and never mistaken.

/// Most bytes of a question (MODBUS over Serial Line V1.02, 2.5.1).
const QUESTION_MAX: usize = 256;

/// The echo of one question.
#[derive(Debug, Default)]
pub(super) struct Echo {
    sent: Vec<u8>,
    /// How many bytes came that are the first ones of what was sent, and were held back.
    held: usize,
    /// Nothing that comes now is an echo.
    over: bool,
}

impl Echo {
    /// A new question follows.
    pub(super) fn asked(&mut self) {
        *self = Self::default();
    }

    /// Bytes of the question left.
    pub(super) fn sent(&mut self, bytes: &[u8]) {
        let room = QUESTION_MAX.saturating_sub(self.sent.len());
        self.sent.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    /// Bytes came: adds to `out` what is none of the echo. What may become one is held back.
    pub(super) fn pass(&mut self, came: &[u8], out: &mut Vec<u8>) {
        for byte in came {
            if self.over || self.sent.is_empty() {
                out.push(*byte);
            } else if self.sent.get(self.held) == Some(byte) {
                self.held += 1;
                self.over = self.held == self.sent.len();
            } else {
                self.over = true;
                out.extend_from_slice(self.sent.get(..self.held).unwrap_or_default());
                out.push(*byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks unit 1 for two input registers from 0; bytes come in pieces of this length.
    fn passed(came: &[u8], piece: usize) -> Vec<u8> {
        let mut echo = Echo::default();
        echo.sent(&QUESTION);
        let mut out = Vec::new();
        came.chunks(piece).for_each(|bytes| echo.pass(bytes, &mut out));
        out
    }

    const QUESTION: [u8; 8] = [0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCB];
    const ANSWER: [u8; 9] = [0x01, 0x04, 0x04, 0x43, 0x66, 0x33, 0x33, 0x0B, 0x5C];

    #[test]
    fn an_echo_is_taken_away_whatever_the_pieces() {
        let both = [&QUESTION[..], &ANSWER].concat();
        for piece in 1..=both.len() {
            assert_eq!(passed(&both, piece), ANSWER, "pieces of {piece}");
        }
    }

    #[test]
    fn an_answer_without_an_echo_passes_whole() {
        for piece in 1..=ANSWER.len() {
            assert_eq!(passed(&ANSWER, piece), ANSWER, "pieces of {piece}");
        }
        let refusal = [0x01, 0x84, 0x02, 0xC2, 0xC1];
        assert_eq!(passed(&refusal, 1), refusal);
    }

    #[test]
    fn a_question_that_comes_twice_is_one_echo_and_no_answer() {
        let twice = [QUESTION, QUESTION].concat();
        assert_eq!(passed(&twice, 3), QUESTION);
        assert_eq!(passed(&QUESTION, 8), [0; 0]);
    }

    #[test]
    fn nothing_is_held_back_before_anything_was_sent() {
        let mut echo = Echo::default();
        let mut out = Vec::new();
        echo.pass(&ANSWER, &mut out);
        assert_eq!(out, ANSWER);
    }
}
