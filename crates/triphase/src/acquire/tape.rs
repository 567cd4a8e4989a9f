//! The last bytes of a wire, so that a telegram can be shown as it came, noise and all.

use std::collections::VecDeque;

/// Bytes that are remembered: the largest message with its frames around it, twice.
const TAPE_BYTES_MAX: usize = 256 << 10;

/// The end of a stream of bytes. Offsets count from the stream's begin.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    bytes: VecDeque<u8>,
    /// Offset of the first byte that is still remembered.
    start: u64,
}

impl Tape {
    /// Takes the next bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let surplus = self.bytes.len().saturating_sub(TAPE_BYTES_MAX);
        self.bytes.drain(..surplus);
        self.start += surplus as u64;
    }

    /// The bytes from `from` to before `to`; `None` when some are no longer, or not yet, there.
    pub(crate) fn cut(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        let place = |offset: u64| usize::try_from(offset.checked_sub(self.start)?).ok();
        let (from, to) = (place(from)?, place(to)?);
        (from <= to && to <= self.bytes.len())
            .then(|| self.bytes.range(from..to).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_end_under_its_offsets() {
        let mut tape = Tape::default();
        tape.take(&[1, 2, 3]);
        tape.take(&[4, 5]);
        assert_eq!(tape.cut(1, 4), Some(vec![2, 3, 4]));
        assert_eq!((tape.cut(4, 6), tape.cut(3, 2)), (None, None));
        tape.take(&vec![0; TAPE_BYTES_MAX - 2]);
        assert_eq!(tape.cut(2, 4), None);
        assert_eq!(tape.cut(3, 5), Some(vec![4, 5]));
    }
}
