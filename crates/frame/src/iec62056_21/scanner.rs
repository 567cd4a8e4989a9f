//! Read-outs out of an endless stream of bytes, in any chunks.
//!
//! In: pieces of bytes as they arrive. Out: [`Event`]s: identifications as soon as they are whole,
//! read-outs with their check, and noise, each with its offset in the stream. What an optical head
//! echoes of the reader's own messages is recognised and told as such. A damaged read-out never
//! hides the next one: an identification at the start of a line ends whatever was going on. Memory
//! stays below [`BUFFER_MAX`] bytes whatever arrives. Any chunking gives the same events.

use super::message::{self, Message};
use super::place::{Check, Ending, Found, Over};
use super::{ACK, EOT, ETX, Identification, SOH, STX, bcc};
use crate::dsmr;

/// Most bytes given to [`Scanner::push`] at once.
pub const PIECE_MAX: usize = 4096;
/// Longest identification line that is waited for.
pub const IDENTIFICATION_MAX: usize = 80;
/// Longest read-out that is waited for: a heat meter's history takes 10 000 bytes.
pub const BLOCK_MAX: usize = 65_536;
/// Most bytes held: an unfinished read-out and one piece.
pub const BUFFER_MAX: usize = BLOCK_MAX + IDENTIFICATION_MAX + PIECE_MAX;
/// Longest text behind an end mark that is waited for; a CRC has four characters.
const TAIL_MAX: usize = 16;

/// Where a read-out may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// With an identification or STX: a live line, which may be joined in the middle.
    #[default]
    Marked,
    /// With any data set too: a capture, of which the head may be missing.
    Anywhere,
}

/// Something found in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// An identification message; its read-out is told by itself.
    Identified {
        /// Offset of its `/`.
        offset: u64,
        /// The message.
        identification: Identification<'a>,
    },
    /// A read-out.
    ReadOut(Found<'a>),
    /// A message of the reader: an optical head's echo, or a line that both sides share.
    Echo {
        /// Offset of its first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// A single NAK or ACK of the meter.
    Control {
        /// Offset of the byte.
        offset: u64,
        /// The byte.
        byte: u8,
    },
    /// Bytes that belong to nothing known, without line ends.
    Noise {
        /// Offset of the first.
        offset: u64,
        /// How many.
        length: u64,
    },
}

/// The incremental reader. See the module's head.
#[derive(Debug)]
pub struct Scanner {
    buffer: Vec<u8>,
    state: State,
}

#[derive(Debug)]
struct State {
    start: Start,
    /// Offset of the buffer's first byte in the stream.
    base: u64,
    /// Bytes of the buffer already dealt with.
    at: usize,
    /// Bytes behind `at` that were searched without finding an end.
    searched: usize,
    /// An identification stands at `at`; its data begin so many bytes behind.
    body: Option<usize>,
    noise: Option<(u64, u64)>,
    /// The byte before `at` ends a line, or there is none.
    line_start: bool,
    ended: bool,
}

enum Scan<'a> {
    Event(Event<'a>, usize),
    /// The identification stays: its read-out needs it.
    Identified(Identification<'a>, usize),
    Skip(usize),
    Noise(usize),
    Wait,
}

impl Scanner {
    /// A reader at the start of its stream.
    #[must_use]
    pub const fn new(start: Start) -> Self {
        let state = State {
            start,
            base: 0,
            at: 0,
            searched: 0,
            body: None,
            noise: None,
            line_start: true,
            ended: false,
        };
        Self { buffer: Vec::new(), state }
    }

    /// Takes the next bytes, at most [`PIECE_MAX`] of them; [`next`](Self::next) is to be called
    /// until it answers `None` before the following piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.state.at.min(self.buffer.len()));
        self.state.base = self.state.offset();
        self.state.at = 0;
        self.state.ended = false;
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that nothing more follows for now: the stream is over, or the line has been silent for
    /// long. [`next`](Self::next) then reports what is left over.
    pub const fn end(&mut self) {
        self.state.ended = true;
    }

    /// Counts bytes that another reader of the stream dealt with, so that offsets stay true. Call it
    /// only when nothing is held.
    pub fn skip(&mut self, length: usize) {
        self.buffer.clear();
        self.state.base = self.state.offset().saturating_add(wide(length));
        self.state.at = 0;
        self.state.line_start = true;
    }

    /// Offset of the first byte not yet part of an event.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.state.offset()
    }

    /// Bytes held back at the moment.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len().saturating_sub(self.state.at)
    }

    /// The next event; `None` when more bytes are needed.
    #[allow(clippy::should_implement_trait)] // The events borrow from the scanner.
    pub fn next(&mut self) -> Option<Event<'_>> {
        let Self { buffer, state } = self;
        loop {
            let rest = buffer.get(state.at..).unwrap_or_default();
            if rest.is_empty() {
                return if state.ended { state.flush_noise() } else { None };
            }
            match state.scan(rest) {
                Scan::Wait => return None,
                Scan::Skip(length) => state.advance(rest, length),
                Scan::Noise(length) => state.add_noise(rest, length),
                Scan::Event(..) | Scan::Identified(..) if state.noise.is_some() => {
                    return state.flush_noise();
                }
                Scan::Event(event, length) => {
                    state.advance(rest, length);
                    return Some(event);
                }
                Scan::Identified(identification, body) => {
                    state.body = Some(body);
                    state.searched = body;
                    return Some(Event::Identified { offset: state.offset(), identification });
                }
            }
        }
    }
}

impl State {
    fn offset(&self) -> u64 {
        self.base.saturating_add(wide(self.at))
    }

    fn advance(&mut self, rest: &[u8], length: usize) {
        if let Some(last) = length.checked_sub(1).and_then(|last| rest.get(last)) {
            self.line_start = is_line_end(*last);
        }
        self.at = self.at.saturating_add(length);
        self.searched = 0;
        self.body = None;
    }

    fn add_noise(&mut self, rest: &[u8], length: usize) {
        let (offset, count) = self.noise.unwrap_or((self.offset(), 0));
        self.noise = Some((offset, count.saturating_add(wide(length))));
        self.advance(rest, length);
    }

    fn flush_noise<'a>(&mut self) -> Option<Event<'a>> {
        let (offset, length) = self.noise.take()?;
        Some(Event::Noise { offset, length })
    }

    fn scan<'a>(&mut self, rest: &'a [u8]) -> Scan<'a> {
        if let Some(body) = self.body {
            return self.scan_body(rest, body);
        }
        match rest {
            [b'\r' | b'\n', ..] => Scan::Skip(1),
            [b'/', b'?', ..] => self.scan_echo(rest),
            [b'/', ..] => self.scan_identification(rest),
            [STX, ..] => self.scan_block(rest, 0, None),
            [SOH, ..] => self.scan_command(rest),
            [ACK, ..] => self.scan_echo(rest),
            [super::NAK, ..] => {
                Scan::Event(Event::Control { offset: self.offset(), byte: super::NAK }, 1)
            }
            _ if self.start == Start::Anywhere && self.line_start => self.scan_headless(rest),
            _ => Scan::Noise(noise_length(rest)),
        }
    }

    fn scan_identification<'a>(&self, rest: &'a [u8]) -> Scan<'a> {
        let head = rest.get(..IDENTIFICATION_MAX).unwrap_or(rest);
        let Some(length) = head.iter().position(|byte| is_line_end(*byte)) else {
            let whole = head.len() == IDENTIFICATION_MAX || self.ended;
            return if whole || Identification::parse(head).is_err_and(is_final) {
                Scan::Noise(1)
            } else {
                Scan::Wait
            };
        };
        let line = rest.get(..length).unwrap_or_default();
        let Ok(identification) = Identification::parse(line) else { return Scan::Noise(1) };
        Scan::Identified(identification, length.saturating_add(1))
    }

    /// What follows an identification: a block with STX, the echo of an answer, or bare data.
    fn scan_body<'a>(&mut self, rest: &'a [u8], body: usize) -> Scan<'a> {
        let data = rest.get(body..).unwrap_or_default();
        match data {
            [] if self.ended => Scan::Skip(rest.len()),
            [] => Scan::Wait,
            [b'\r' | b'\n' | 0x00 | 0x7F, ..] => self.move_body(rest, body, 1),
            [STX, ..] => self.scan_block(rest, body, identified(rest)),
            [ACK, ..] if data.len() < 6 && !self.ended => Scan::Wait,
            [ACK, _, _, _, b'\r', b'\n', ..] => self.move_body(rest, body, 6),
            // The meter answered once more, or another one did: the first sent no data.
            [b'/', ..] => Scan::Skip(body),
            [SOH | ACK | super::NAK, ..] => Scan::Skip(body),
            _ => self.scan_text(rest, body),
        }
    }

    fn move_body<'a>(&mut self, rest: &'a [u8], body: usize, by: usize) -> Scan<'a> {
        self.body = Some(body.saturating_add(by));
        self.searched = body.saturating_add(by);
        self.scan_body_again(rest)
    }

    fn scan_body_again<'a>(&mut self, rest: &'a [u8]) -> Scan<'a> {
        match self.body {
            Some(body) if rest.len() > body || self.ended => self.scan_body(rest, body),
            _ => Scan::Wait,
        }
    }

    /// A data set at the start of a line, without anything before it.
    fn scan_headless<'a>(&mut self, rest: &'a [u8]) -> Scan<'a> {
        let address = rest.iter().take(IDENTIFICATION_MAX).position(|byte| !is_address(*byte));
        match address.and_then(|length| rest.get(length)) {
            Some(b'(') if address != Some(0) => self.scan_text(rest, 0),
            None if rest.len() < IDENTIFICATION_MAX && !self.ended => Scan::Wait,
            _ => Scan::Noise(noise_length(rest)),
        }
    }

    /// Bare data up to the end mark at the start of a line.
    fn scan_text<'a>(&mut self, rest: &'a [u8], body: usize) -> Scan<'a> {
        let mut from = self.searched.max(body);
        while let Some(found) = position(rest, from, |bytes| memchr::memchr2(b'!', b'/', bytes)) {
            let starts_line = found == body
                || found.checked_sub(1).and_then(|before| rest.get(before)).is_some_and(line_end);
            let tail = rest.get(found..).unwrap_or_default();
            match tail.first() {
                _ if !starts_line => {}
                Some(b'!') => return self.scan_tail(rest, (body, found)),
                _ => match begins_identification(tail) {
                    Some(true) => return self.cut(rest, (body, found)),
                    None if !self.ended => {
                        self.searched = found;
                        return Scan::Wait;
                    }
                    _ => {}
                },
            }
            from = found.saturating_add(1);
        }
        self.searched = rest.len();
        if self.ended || rest.len() > BLOCK_MAX {
            return self.cut(rest, (body, rest.len()));
        }
        Scan::Wait
    }

    /// The end mark stands at `mark`: what follows it is a CRC or the end of the line.
    fn scan_tail<'a>(&mut self, rest: &'a [u8], (body, mark): (usize, usize)) -> Scan<'a> {
        let behind = mark.saturating_add(1);
        let tail = rest.get(behind..).unwrap_or_default();
        let line = tail.iter().position(line_end);
        let finished = match line {
            Some(length) => tail.get(length..).is_some_and(|end| end != b"\r") || self.ended,
            None => self.ended || tail.len() > tail_max(tail),
        };
        if !finished {
            self.searched = mark;
            return Scan::Wait;
        }
        let length = line.unwrap_or_else(|| tail.len().min(TAIL_MAX));
        // The rest of the line may be lost, and the next read-out follow.
        let length = begun_inside(tail, (0, length)).unwrap_or(length);
        let digits = tail.get(..length).unwrap_or_default().trim_ascii_end();
        let covered = rest.get(..behind).unwrap_or_default();
        let check = if digits.is_empty() { Check::Absent } else { crc(covered, digits) };
        if check.holds() != Some(true)
            && let Some(begun) = begun_inside(rest, (body, mark))
        {
            return self.cut(rest, (body, begun));
        }
        let line_end = match tail.get(length..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([b'\r' | b'\n', ..]) => 1,
            _ => 0,
        };
        let end = behind.saturating_add(length).saturating_add(line_end);
        let found = self.found(rest, (body, behind), identified(rest));
        let found = Found { check, ending: Ending::Mark, end: self.place(end), ..found };
        Scan::Event(Event::ReadOut(found), end)
    }

    /// A block that begins with STX at `begin`.
    fn scan_block<'a>(
        &mut self,
        rest: &'a [u8],
        begin: usize,
        identification: Option<Identification<'a>>,
    ) -> Scan<'a> {
        let body = begin.saturating_add(1);
        let mut from = self.searched.max(body);
        while let Some(found) = position(rest, from, |bytes| memchr::memchr3(ETX, EOT, b'/', bytes))
        {
            let tail = rest.get(found..).unwrap_or_default();
            let before = found.checked_sub(1).and_then(|before| rest.get(before));
            match tail {
                [b'/', ..] if !before.is_some_and(line_end) => {}
                [b'/', ..] => match begins_identification(tail) {
                    Some(true) => return self.cut(rest, (body, found)),
                    None if !self.ended => {
                        self.searched = found;
                        return Scan::Wait;
                    }
                    _ => {}
                },
                [_] if !self.ended => {
                    self.searched = found;
                    return Scan::Wait;
                }
                [end, sent @ ..] => {
                    let covered = rest.get(body..=found).unwrap_or_default();
                    let check = match sent.first() {
                        Some(sent) => Check::Bcc { computed: bcc(covered), sent: *sent },
                        None => Check::Absent,
                    };
                    if check.holds() != Some(true)
                        && let Some(begun) = begun_inside(rest, (body, found))
                    {
                        return self.cut(rest, (body, begun));
                    }
                    let ending = if *end == EOT { Ending::Eot } else { Ending::Etx };
                    let length = found.saturating_add(2).min(rest.len());
                    let block = self.found(rest, (body, found), identification);
                    let block = Found { check, ending, end: self.place(length), ..block };
                    return Scan::Event(Event::ReadOut(block), length);
                }
                [] => {}
            }
            from = found.saturating_add(1);
        }
        self.searched = rest.len();
        if self.ended || rest.len() > BLOCK_MAX {
            return self.cut(rest, (body, rest.len()));
        }
        Scan::Wait
    }

    /// A read-out without its end: what there is, up to `to`.
    fn cut<'a>(&self, rest: &'a [u8], (body, to): (usize, usize)) -> Scan<'a> {
        let found = self.found(rest, (body, to), identified(rest));
        Scan::Event(Event::ReadOut(Found { ending: Ending::Cut, ..found }), to)
    }

    fn found<'a>(
        &self,
        rest: &'a [u8],
        (body, to): (usize, usize),
        identification: Option<Identification<'a>>,
    ) -> Found<'a> {
        Found {
            offset: self.offset(),
            end: self.place(to),
            identification,
            block: rest.get(body..to).unwrap_or_default(),
            block_at: self.place(body),
            check: Check::Absent,
            ending: Ending::Cut,
        }
    }

    fn place(&self, at: usize) -> u64 {
        self.offset().saturating_add(wide(at))
    }

    /// A message of the reader's side: request, option select, acknowledgement.
    fn scan_echo<'a>(&self, rest: &'a [u8]) -> Scan<'a> {
        let undecided = rest.len() < 6 && rest.first() == Some(&ACK) && !self.ended;
        if undecided {
            return Scan::Wait;
        }
        match message::decode(rest) {
            Ok(Some((Message::Acknowledge, length))) => {
                let offset = self.offset();
                Scan::Event(Event::Control { offset, byte: ACK }, length)
            }
            Ok(Some((_, length))) => {
                let offset = self.offset();
                Scan::Event(Event::Echo { offset, length: wide(length) }, length)
            }
            Ok(None) if !self.ended => Scan::Wait,
            _ => Scan::Noise(1),
        }
    }

    /// A command with its check character: programming mode, or its echo.
    fn scan_command<'a>(&self, rest: &'a [u8]) -> Scan<'a> {
        let head = rest.get(..message::MESSAGE_MAX).unwrap_or(rest);
        match head.iter().position(|byte| *byte == ETX) {
            Some(end) if rest.len() > end.saturating_add(1) => {
                let length = end.saturating_add(2);
                let offset = self.offset();
                Scan::Event(Event::Echo { offset, length: wide(length) }, length)
            }
            _ if rest.len() < message::MESSAGE_MAX && !self.ended => Scan::Wait,
            _ => Scan::Noise(1),
        }
    }
}

/// The identification at the start of what is held, when there is one.
fn identified(rest: &[u8]) -> Option<Identification<'_>> {
    let length = rest.iter().take(IDENTIFICATION_MAX).position(line_end)?;
    Identification::parse(rest.get(..length)?).ok()
}

/// How much of a line behind an end mark is waited for: an identification, if one may begin there.
fn tail_max(tail: &[u8]) -> usize {
    let begins = tail.iter().take(TAIL_MAX).any(|byte| *byte == b'/');
    if begins { TAIL_MAX.saturating_add(IDENTIFICATION_MAX) } else { TAIL_MAX }
}

/// Where an identification begins inside a line: the end of a read-out that cannot be right is lost,
/// and another one follows without a line end between them.
fn begun_inside(rest: &[u8], (from, to): (usize, usize)) -> Option<usize> {
    let part = rest.get(..to)?;
    let mut from = from;
    while let Some(found) = position(part, from, |bytes| memchr::memchr(b'/', bytes)) {
        let tail = part.get(found..).unwrap_or_default();
        let length = tail.iter().position(line_end).unwrap_or(tail.len());
        let line = tail.get(..length.min(IDENTIFICATION_MAX)).unwrap_or_default();
        // Brackets belong to data sets, in which a slash may stand.
        let is_data = line.iter().any(|byte| matches!(byte, b'(' | b')'));
        if !is_data && Identification::parse(line).is_ok() {
            return Some(found);
        }
        from = found.saturating_add(1);
    }
    None
}

/// Whether a `/` at the start of a line begins an identification; `None` with too few bytes.
fn begins_identification(tail: &[u8]) -> Option<bool> {
    let letters = tail.get(1..).unwrap_or_default();
    let broken = letters.iter().take(3).any(|byte| !byte.is_ascii_alphabetic());
    if broken {
        return Some(false);
    }
    (letters.len() >= 3).then_some(true)
}

/// An error that more bytes cannot mend.
fn is_final(error: super::IdentificationError) -> bool {
    error != super::IdentificationError::Short
}

fn crc(covered: &[u8], digits: &[u8]) -> Check {
    let sent = dsmr::crc_of_digits(digits);
    let computed = dsmr::crc16(covered);
    if sent != Some(computed) {
        let restored = dsmr::crc16_with_restored_line_ends(covered);
        if sent == Some(restored) {
            return Check::Crc { computed: restored, sent, over: Over::Restored };
        }
    }
    Check::Crc { computed, sent, over: Over::AsSent }
}

/// How much of the bytes, which begin with noise, is noise for sure.
fn noise_length(rest: &[u8]) -> usize {
    let starts = |byte: &u8| matches!(*byte, b'/' | STX | SOH | ACK | super::NAK | b'\r' | b'\n');
    position(rest, 1, |bytes| bytes.iter().position(starts)).unwrap_or(rest.len())
}

fn position(bytes: &[u8], from: usize, find: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    find(bytes.get(from..)?).map(|at| from.saturating_add(at))
}

fn line_end(byte: &u8) -> bool {
    is_line_end(*byte)
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

const fn is_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'*' | b'&')
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
