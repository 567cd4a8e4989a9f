//! Link frames out of an endless stream of bytes, in any chunks.
//!
//! In: pieces of bytes as they arrive. Out: [`Event`]s: intact frames, damaged ones with the
//! reason, and noise, each with its offset in the stream. HDLC and M-Bus frames may alternate on
//! one line (a meter polls its sub-meters between two pushes). A damaged frame never hides the
//! next good one: the search goes on with the byte after its start.
//!
//! Bytes that start with an APDU are read as APDUs without a link layer, unless a link frame with
//! a valid check sequence turns up before the APDU is whole. Bytes that start with noise are kept
//! until a link frame shows, intact or damaged; when the stream ends without one, or is nothing
//! else, they are searched for APDUs. A stream that is noise for longer than [`APDU_MAX`] is taken
//! for one of link frames. Memory stays below [`BUFFER_MAX`] bytes whatever arrives.

use crate::dlms::apdu::{self, Extent};
use crate::dlms::{LLC_COMMAND, LLC_RESPONSE, axdr, gbt};
use crate::hdlc::{self, Closing};
use crate::mbus;

/// Most bytes given to [`Stream::push`] at once.
pub const PIECE_MAX: usize = 4096;
/// Longest APDU that is waited for when there is no link layer.
pub const APDU_MAX: usize = 65_536;
/// Most bytes held: an unfinished APDU and one piece.
pub const BUFFER_MAX: usize = APDU_MAX + PIECE_MAX;
/// Noise is reported in runs of at most this many bytes.
pub const NOISE_RUN_MAX: u64 = 4096;

/// What carries the APDUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// Whatever the bytes show.
    #[default]
    Auto,
    /// HDLC or M-Bus frames.
    Framed,
    /// APDUs one after the other.
    Apdu,
}

/// Something found in the stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// An HDLC frame whose check sequences hold.
    Hdlc {
        /// Offset of its opening flag.
        offset: u64,
        /// Opening flag to check sequence.
        bytes: &'a [u8],
        /// The frame.
        frame: hdlc::Frame<'a>,
    },
    /// An M-Bus frame whose checksum holds.
    Mbus {
        /// Offset of its start character.
        offset: u64,
        /// The whole frame.
        bytes: &'a [u8],
        /// The frame.
        frame: mbus::Frame<'a>,
    },
    /// An APDU without a link layer.
    Apdu {
        /// Offset of its tag.
        offset: u64,
        /// The APDU.
        bytes: &'a [u8],
    },
    /// Something that starts as an HDLC frame and is not intact.
    DamagedHdlc {
        /// Offset of its opening flag.
        offset: u64,
        /// Its bytes as far as they were judged: a header, or the whole frame.
        bytes: &'a [u8],
        /// What is wrong.
        error: hdlc::Error,
    },
    /// Something that starts as a long M-Bus frame and is not intact.
    DamagedMbus {
        /// Offset of its start character.
        offset: u64,
        /// As many of its bytes as there are.
        bytes: &'a [u8],
        /// What is wrong.
        error: mbus::Error,
    },
    /// The stream ended inside a frame.
    CutShort {
        /// Offset of its start.
        offset: u64,
        /// The bytes there are.
        bytes: &'a [u8],
    },
    /// Something that starts as an APDU without a link layer and does not decode as one.
    BrokenApdu {
        /// Offset of its tag.
        offset: u64,
        /// Its bytes up to where it breaks.
        bytes: &'a [u8],
    },
    /// Bytes that belong to nothing known; their number is the true count, without flags.
    Noise {
        /// Offset of the first.
        offset: u64,
        /// How many.
        length: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Undecided,
    Framed,
    Apdu,
}

/// The incremental reader. See the module's head.
#[derive(Debug)]
pub struct Stream {
    buffer: Vec<u8>,
    place: Place,
    nodes: Vec<axdr::Node>,
}

/// Everything but the bytes, so that events can borrow those while this moves on.
#[derive(Debug)]
struct Place {
    mode: Mode,
    /// Offset of the buffer's first byte in the stream.
    base: u64,
    /// Bytes of the buffer already dealt with.
    start: usize,
    /// No decision is possible with fewer bytes than this.
    wanted: usize,
    /// Bytes of the buffer that are noise to the link layer, while the mode is open.
    judged: usize,
    /// Inside a damaged frame, up to here, only intact frames are reported.
    damaged_until: u64,
    noise: Option<(u64, u64)>,
    ended: bool,
}

enum Scan<'a> {
    Found(Event<'a>, usize),
    Damaged(Event<'a>, usize),
    /// Bytes that separate or wrap: flags, LLC headers.
    Skip(usize),
    Noise(usize),
    Wait,
}

impl Stream {
    /// A reader at the start of its stream.
    #[must_use]
    pub fn new(transport: Transport) -> Self {
        let mode = match transport {
            Transport::Auto => Mode::Undecided,
            Transport::Framed => Mode::Framed,
            Transport::Apdu => Mode::Apdu,
        };
        let place = Place {
            mode,
            base: 0,
            start: 0,
            wanted: 0,
            judged: 0,
            damaged_until: 0,
            noise: None,
            ended: false,
        };
        Self { buffer: Vec::new(), place, nodes: Vec::new() }
    }

    /// Takes the next bytes, at most [`PIECE_MAX`] of them; [`next`](Self::next) is to be called
    /// until it answers `None` before the following piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.place.start.min(self.buffer.len()));
        self.place.base = self.place.offset();
        self.place.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that no more bytes come; [`next`](Self::next) then reports what is left over.
    pub const fn end(&mut self) {
        self.place.ended = true;
    }

    /// Offset of the first byte not yet part of an event.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.place.offset()
    }

    /// Bytes held back at the moment.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len().saturating_sub(self.place.start)
    }

    /// The next event; `None` when more bytes are needed.
    #[allow(clippy::should_implement_trait)] // The events borrow from the stream.
    pub fn next(&mut self) -> Option<Event<'_>> {
        let Self { buffer, place, nodes } = self;
        if place.mode == Mode::Undecided {
            match place.decide(buffer, nodes) {
                Some(mode) => place.mode = mode,
                None if !place.ended => return None,
                None => place.mode = Mode::Apdu,
            }
            place.wanted = 0;
        }
        loop {
            let offset = place.offset();
            let rest = buffer.get(place.start..).unwrap_or_default();
            if rest.is_empty() {
                return if place.ended { place.flush_noise() } else { None };
            }
            let scan = match place.mode {
                Mode::Apdu => place.scan_apdu(rest, nodes),
                Mode::Framed | Mode::Undecided => place.scan_framed(rest),
            };
            match scan {
                Scan::Wait => return None,
                Scan::Skip(length) => place.advance(length),
                Scan::Noise(length) => {
                    if let Some(event) = place.add_noise(length) {
                        return Some(event);
                    }
                }
                Scan::Found(event, length) => {
                    if let Some(noise) = place.flush_noise() {
                        return Some(noise);
                    }
                    place.advance(length);
                    return Some(event);
                }
                Scan::Damaged(event, length) => {
                    if offset < place.damaged_until {
                        place.advance(1);
                        continue;
                    }
                    if let Some(noise) = place.flush_noise() {
                        return Some(noise);
                    }
                    place.damaged_until = offset.saturating_add(wide(length));
                    place.advance(1);
                    return Some(event);
                }
            }
        }
    }
}

impl Place {
    fn offset(&self) -> u64 {
        self.base.saturating_add(wide(self.start))
    }

    fn advance(&mut self, length: usize) {
        self.start = self.start.saturating_add(length);
    }

    fn flush_noise<'a>(&mut self) -> Option<Event<'a>> {
        let (offset, length) = self.noise.take()?;
        Some(Event::Noise { offset, length })
    }

    fn add_noise<'a>(&mut self, length: usize) -> Option<Event<'a>> {
        let offset = self.offset();
        if offset < self.damaged_until {
            // Skip to the end of the damaged frame at most; the rest is noise in its own right.
            let inside = self.damaged_until.saturating_sub(offset);
            self.advance(length.min(usize::try_from(inside).unwrap_or(usize::MAX)));
            return None;
        }
        let (first, count) = self.noise.unwrap_or((offset, 0));
        let room = NOISE_RUN_MAX.saturating_sub(count);
        let taken = length.min(usize::try_from(room).unwrap_or(usize::MAX));
        self.advance(taken);
        self.noise = Some((first, count.saturating_add(wide(taken))));
        if wide(taken) == room { self.flush_noise() } else { None }
    }

    /// Whether the stream consists of link frames or of APDUs; `None` while that is open.
    fn decide(&mut self, buffer: &[u8], nodes: &mut Vec<axdr::Node>) -> Option<Mode> {
        let rest = buffer.get(self.start..).unwrap_or_default();
        if rest.is_empty() || (rest.len() < self.wanted && !self.ended) {
            return None;
        }
        let apdu = match rest {
            [0xE6, ..] => {
                let header = rest.first_chunk::<3>();
                match header {
                    Some(&(LLC_RESPONSE | LLC_COMMAND)) => rest.get(3..).unwrap_or_default(),
                    Some(_) => return self.decide_behind_noise(rest),
                    None => return None,
                }
            }
            _ => rest,
        };
        if apdu.is_empty() {
            return None;
        }
        if !starts_apdu(apdu) {
            return self.decide_behind_noise(rest);
        }
        let extent = apdu::extent(apdu, nodes);
        if let Extent::Complete(length) = extent {
            let framed = first_frame_end(rest).is_some_and(|end| end <= length);
            return Some(if framed { Mode::Framed } else { Mode::Apdu });
        }
        if first_frame_end(rest).is_some() || rest.len() > APDU_MAX {
            return Some(Mode::Framed);
        }
        match extent {
            Extent::Incomplete(missing) => {
                // A link frame may become whole before the APDU does.
                self.wanted = rest.len().saturating_add(missing.min(64));
                None
            }
            _ if plausible_header(apdu) => None,
            _ => self.decide_behind_noise(rest),
        }
    }

    /// The mode of a stream that starts with noise: any sign of the link layer decides for it.
    fn decide_behind_noise(&mut self, rest: &[u8]) -> Option<Mode> {
        if rest.len() > APDU_MAX {
            return Some(Mode::Framed);
        }
        while let Some(behind) = rest.get(self.judged..).filter(|bytes| !bytes.is_empty()) {
            let noise = match self.scan_framed(behind) {
                Scan::Noise(length) | Scan::Skip(length) => length,
                // One byte in 256 looks like an acknowledgement.
                Scan::Found(Event::Mbus { frame: mbus::Frame::Acknowledge, .. }, length) => length,
                Scan::Found(..) | Scan::Damaged(..) => return Some(Mode::Framed),
                Scan::Wait => return None,
            };
            self.judged = self.judged.saturating_add(noise);
        }
        // Behind an LLC header stands the content of a link frame whose own checks are lost.
        let framed = |bytes: &[u8]| matches!(bytes, [0xE6, 0xE6 | 0xE7, 0x00, apdu] if starts_apdu(&[*apdu]));
        let mode = if rest.windows(4).any(framed) { Mode::Framed } else { Mode::Apdu };
        self.ended.then_some(mode)
    }

    fn scan_framed<'a>(&self, rest: &'a [u8]) -> Scan<'a> {
        match rest.first() {
            Some(&hdlc::FLAG) => self.scan_hdlc(rest),
            Some(0x68) => self.scan_mbus_long(rest),
            Some(0x10) => match mbus::decode(rest) {
                Ok(Some((frame, length))) => self.found_mbus(rest, frame, length),
                Ok(None) if !self.ended => Scan::Wait,
                _ => Scan::Noise(1),
            },
            Some(0xE5) if self.noise.is_none() && self.offset() >= self.damaged_until => {
                self.found_mbus(rest, mbus::Frame::Acknowledge, 1)
            }
            Some(0xE5) => Scan::Noise(1),
            _ => {
                let starts = |byte: &u8| matches!(*byte, hdlc::FLAG | 0x68 | 0x10 | 0xE5);
                Scan::Noise(rest.iter().position(starts).unwrap_or(rest.len()))
            }
        }
    }

    fn scan_hdlc<'a>(&self, rest: &'a [u8]) -> Scan<'a> {
        let offset = self.offset();
        match hdlc::decode(rest) {
            Ok(Some((frame, _))) if frame.closing == Closing::Missing && !self.ended => Scan::Wait,
            Ok(Some((frame, length))) => {
                let bytes = rest.get(..length).unwrap_or_default();
                Scan::Found(Event::Hdlc { offset, bytes, frame }, length)
            }
            Ok(None) if !self.ended => Scan::Wait,
            Ok(None) if rest.len() < 3 => Scan::Skip(1),
            Ok(None) => Scan::Damaged(Event::CutShort { offset, bytes: rest }, rest.len()),
            Err(hdlc::Error::Format) => Scan::Skip(1),
            Err(error) => {
                // A header is judged before the rest has come, so only what was judged is shown.
                let (length, judged) = match error {
                    hdlc::Error::FrameCheck { length, .. } => (length, length),
                    hdlc::Error::HeaderCheck { offset, .. } => {
                        (claimed_length(rest), offset.saturating_add(2))
                    }
                    _ => (claimed_length(rest), 3),
                };
                let bytes = rest.get(..judged).unwrap_or(rest);
                Scan::Damaged(Event::DamagedHdlc { offset, bytes, error }, length)
            }
        }
    }

    fn scan_mbus_long<'a>(&self, rest: &'a [u8]) -> Scan<'a> {
        let offset = self.offset();
        match mbus::decode(rest) {
            Ok(Some((frame, length))) => self.found_mbus(rest, frame, length),
            Ok(None) if !self.ended => Scan::Wait,
            Ok(None) if rest.len() < 4 => Scan::Noise(1),
            Ok(None) => Scan::Damaged(Event::CutShort { offset, bytes: rest }, rest.len()),
            Err(mbus::Error::Start) => Scan::Noise(1),
            Err(error) => {
                let length = match error {
                    mbus::Error::Checksum { length, .. } => length,
                    mbus::Error::Stop { offset, .. } => offset.saturating_add(1),
                    mbus::Error::Length { .. } | mbus::Error::Start => 4,
                };
                let bytes = rest.get(..length).unwrap_or(rest);
                Scan::Damaged(Event::DamagedMbus { offset, bytes, error }, length)
            }
        }
    }

    fn found_mbus<'a>(&self, rest: &'a [u8], frame: mbus::Frame<'a>, length: usize) -> Scan<'a> {
        let bytes = rest.get(..length).unwrap_or_default();
        Scan::Found(Event::Mbus { offset: self.offset(), bytes, frame }, length)
    }

    fn scan_apdu<'a>(&mut self, rest: &'a [u8], nodes: &mut Vec<axdr::Node>) -> Scan<'a> {
        let offset = self.offset();
        match rest {
            [0xE6] | [0xE6, _] if !self.ended => return Scan::Wait,
            [0xE6, 0xE6 | 0xE7, 0x00, ..] => return Scan::Skip(3),
            _ => {}
        }
        if !starts_apdu(rest) {
            let starts = |byte: &u8| starts_apdu(&[*byte]) || *byte == 0xE6;
            let skip = rest.iter().skip(1).position(starts);
            return Scan::Noise(skip.map_or(rest.len(), |position| position.saturating_add(1)));
        }
        if rest.len() < self.wanted && !self.ended {
            return Scan::Wait;
        }
        self.wanted = 0;
        match apdu::extent(rest, nodes) {
            Extent::Complete(length) => {
                let bytes = rest.get(..length).unwrap_or_default();
                Scan::Found(Event::Apdu { offset, bytes }, length)
            }
            Extent::Incomplete(missing) if !self.ended && rest.len() <= APDU_MAX => {
                self.wanted = rest.len().saturating_add(missing);
                Scan::Wait
            }
            // What was judged must not depend on how much has come already.
            Extent::Incomplete(_) if plausible_header(rest) => broken(offset, rest, APDU_MAX),
            Extent::Invalid(judged) if plausible_header(rest) => broken(offset, rest, judged),
            _ => Scan::Noise(1),
        }
    }
}

fn broken(offset: u64, rest: &[u8], judged: usize) -> Scan<'_> {
    let bytes = rest.get(..judged).unwrap_or(rest);
    Scan::Damaged(Event::BrokenApdu { offset, bytes }, bytes.len())
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

const fn starts_apdu(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [
            apdu::DATA_NOTIFICATION
                | apdu::GENERAL_GLO_CIPHERING
                | apdu::GENERAL_DED_CIPHERING
                | gbt::TAG,
            ..
        ]
    )
}

/// Whether a broken APDU is worth a report: its header looks like that of a push.
fn plausible_header(bytes: &[u8]) -> bool {
    let container = |at: usize| matches!(bytes.get(at), Some(0x01 | 0x02));
    match bytes {
        [apdu::DATA_NOTIFICATION, _, _, _, _, 0x00, ..] => container(6),
        [apdu::DATA_NOTIFICATION, _, _, _, _, 0x0C, ..] => container(18),
        [apdu::DATA_NOTIFICATION, _, _, _, _, 0x09, 0x0C, ..] => container(19),
        [apdu::GENERAL_GLO_CIPHERING | apdu::GENERAL_DED_CIPHERING, 8, ..] => bytes.len() > 10,
        _ => false,
    }
}

/// The length that an HDLC header claims, flag included, whether it can be trusted or not.
fn claimed_length(rest: &[u8]) -> usize {
    match rest {
        [_, high, low, ..] => {
            usize::from(u16::from_be_bytes([high & 0x07, *low])).saturating_add(1)
        }
        _ => 1,
    }
}

/// Where the first intact link frame ends, if there is one.
fn first_frame_end(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).find_map(|start| {
        let rest = bytes.get(start..)?;
        let length = match rest.first() {
            Some(&hdlc::FLAG) => match hdlc::decode(rest) {
                Ok(Some((frame, length))) if frame.closing == Closing::Flag => length,
                _ => return None,
            },
            Some(0x68) => mbus::decode(rest).ok().flatten()?.1,
            _ => return None,
        };
        start.checked_add(length)
    })
}

#[cfg(test)]
mod tests;
