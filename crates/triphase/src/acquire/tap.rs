//! What went over a wire during one reading, message by message, for the frame inspector.
//!
//! In: what is sent and what comes. Out: messages, each with when it was, for a station to keep.
//! Memory is bounded by [`MESSAGES_MAX`] and the inspector's most bytes of one message.

use outlet::{Dialect, Direction, MESSAGES_KEPT_MAX, Message, TELEGRAM_BYTES_MAX};
use reading::Timestamp;
use std::collections::VecDeque;

/// Messages of one reading that are noted, the last ones: the inspector keeps no more.
const MESSAGES_MAX: usize = MESSAGES_KEPT_MAX;

/// The messages of one reading.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    messages: VecDeque<(Timestamp, Message)>,
    /// The question that is open: what comes may be its echo, or need it to be understood.
    question: Vec<u8>,
}

impl Tap {
    /// A message was given to the wire.
    pub(crate) fn sent(&mut self, at: Timestamp, dialect: Dialect, bytes: &[u8]) {
        self.question = bytes.iter().copied().take(TELEGRAM_BYTES_MAX).collect();
        self.push(at, blank(dialect, Direction::Sent), bytes);
    }

    /// Bytes came. What comes without a question between belongs together.
    pub(crate) fn received(&mut self, at: Timestamp, dialect: Dialect, bytes: &[u8]) {
        let last = self.messages.back_mut();
        let open = last.filter(|(_, message)| {
            message.direction == Direction::Received && message.dialect == dialect
        });
        if let Some((when, message)) = open {
            *when = at;
            append(message, bytes);
            return;
        }
        let context = self.question.clone();
        self.push(at, Message { context, ..blank(dialect, Direction::Received) }, bytes);
    }

    /// A broker delivered a message of this topic.
    pub(crate) fn published(&mut self, at: Timestamp, topic: &str, payload: &[u8]) {
        let context = topic.as_bytes().to_vec();
        self.push(at, Message { context, ..blank(Dialect::Mqtt, Direction::Received) }, payload);
    }

    /// Something is wrong with the last message.
    pub(crate) fn fault(&mut self, code: &'static str, detail: &str) {
        if let Some((_, message)) = self.messages.back_mut() {
            message.faults.push((code, detail.to_owned()));
        }
    }

    /// Takes what was noted.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (Timestamp, Message)> + use<> {
        self.question.clear();
        std::mem::take(&mut self.messages).into_iter()
    }

    fn push(&mut self, at: Timestamp, mut message: Message, bytes: &[u8]) {
        append(&mut message, bytes);
        if self.messages.len() >= MESSAGES_MAX {
            self.messages.pop_front();
        }
        self.messages.push_back((at, message));
    }
}

const fn blank(dialect: Dialect, direction: Direction) -> Message {
    Message {
        dialect,
        direction,
        bytes: Vec::new(),
        length: 0,
        context: Vec::new(),
        faults: Vec::new(),
    }
}

fn append(message: &mut Message, bytes: &[u8]) {
    let room = TELEGRAM_BYTES_MAX.saturating_sub(message.bytes.len());
    message.bytes.extend(bytes.iter().take(room));
    message.length = message.length.saturating_add(bytes.len());
}

/// The dialect of a dialogue, as the inspector calls it.
pub(super) const fn dialect_of(dialect: meter::Dialect) -> Dialect {
    match dialect {
        meter::Dialect::Mbus => Dialect::Mbus,
        meter::Dialect::Hdlc => Dialect::Hdlc,
        meter::Dialect::Wrapper => Dialect::Wrapper,
        meter::Dialect::Iec62056_21 => Dialect::Iec62056_21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_seconds(0);

    #[test]
    fn what_comes_in_pieces_is_one_message_with_its_question() {
        let mut tap = Tap::default();
        tap.sent(AT, Dialect::Mbus, &[0x10, 0x5B, 1, 0x5C, 0x16]);
        tap.received(AT, Dialect::Mbus, &[0x68]);
        tap.received(AT, Dialect::Mbus, &[3, 3]);
        tap.sent(AT, Dialect::Mbus, &[0x10]);
        tap.fault("no_answer", "nothing came");
        let messages: Vec<_> = tap.take().map(|(_, message)| message).collect();
        let [question, answer, again] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!((&answer.bytes[..], answer.length), (&[0x68, 3, 3][..], 3));
        assert_eq!(answer.context, question.bytes);
        assert_eq!((again.faults.len(), question.faults.len()), (1, 0));
        assert_eq!(tap.take().count(), 0);
    }

    #[test]
    fn an_endless_answer_takes_bounded_memory() {
        let mut tap = Tap::default();
        for _ in 0..1000 {
            tap.received(AT, Dialect::Mbus, &[0; 4096]);
        }
        for _ in 0..1000 {
            tap.sent(AT, Dialect::Mbus, &[0xE5]);
        }
        let messages: Vec<_> = tap.take().collect();
        assert_eq!(messages.len(), MESSAGES_MAX);
        tap.received(AT, Dialect::Mbus, &[0; TELEGRAM_BYTES_MAX]);
        tap.received(AT, Dialect::Mbus, &[0; 10]);
        let (_, endless) = tap.take().next().expect("a message");
        assert_eq!(
            (endless.bytes.len(), endless.length),
            (TELEGRAM_BYTES_MAX, TELEGRAM_BYTES_MAX + 10)
        );
    }
}
