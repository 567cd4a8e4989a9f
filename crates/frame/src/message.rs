//! Messages out of link frames: segmentation by HDLC, M-Bus and General Block Transfer.
//!
//! In: intact frames in the order of their arrival. Out: whole messages, with the way back from
//! every byte to its offset in the stream, or the reason why a message is refused. A message with
//! a repeated or missing part is refused as a whole: what is left of it might belong together
//! wrongly and still parse.

use crate::dlms::{LLC_COMMAND, LLC_RESPONSE, gbt};
use crate::hdlc::Frame;
use crate::mbus::Segment;

/// Longest message.
pub const MESSAGE_MAX: usize = 65_536;
/// Most frames of one message; each takes an entry in the map back to stream offsets.
pub const PIECES_MAX: usize = 4096;

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The message needs more frames.
    Waiting,
    /// The message is whole; see [`Assembler::message`].
    Complete,
    /// The frame belongs to a message that was refused already.
    Absorbed,
    /// A message is refused. With `again` the frame belongs to another message and is to be
    /// handed in once more.
    Refused {
        /// What was refused and why.
        refusal: Refusal,
        /// Whether the frame has not been used yet.
        again: bool,
    },
}

/// A message that will not be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Offset of its first frame.
    pub offset: u64,
    /// Offset behind its last frame.
    pub end: u64,
    /// Offset at which the reason showed.
    pub at: u64,
}

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A block of a General Block Transfer is missing.
    #[error("block {expected} is missing")]
    BlockMissing {
        /// The number that should have come.
        expected: u16,
    },
    /// A block came again.
    #[error("block {number} came again")]
    BlockRepeated {
        /// Its number.
        number: u16,
    },
    /// A block contradicts its own length.
    #[error("block transfer with an invalid block: {0}")]
    BlockInvalid(gbt::Error),
    /// An HDLC segment is missing.
    #[error("a segment is missing")]
    SegmentMissing,
    /// An M-Bus segment is missing.
    #[error("M-Bus segment {expected} is missing")]
    MbusSegmentMissing {
        /// The number that should have come.
        expected: u8,
    },
    /// More than [`MESSAGE_MAX`] bytes or [`PIECES_MAX`] frames.
    #[error("longer than {MESSAGE_MAX} bytes")]
    TooLarge,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    at: usize,
    offset: u64,
}

#[derive(Debug, Default)]
struct Joined {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    start: u64,
    end: u64,
}

impl Joined {
    fn begin(&mut self, start: u64) {
        self.bytes.clear();
        self.pieces.clear();
        self.start = start;
    }

    fn append(&mut self, bytes: &[u8], offset: u64) -> Option<()> {
        let length = self.bytes.len().checked_add(bytes.len())?;
        if length > MESSAGE_MAX || self.pieces.len() >= PIECES_MAX {
            return None;
        }
        self.pieces.push(Piece { at: self.bytes.len(), offset });
        self.bytes.extend_from_slice(bytes);
        Some(())
    }
}

fn offset_of(pieces: &[Piece], position: usize) -> u64 {
    let index = pieces.partition_point(|piece| piece.at <= position);
    let piece = index.checked_sub(1).and_then(|index| pieces.get(index));
    piece.map_or(0, |piece| {
        let inside = position.saturating_sub(piece.at);
        piece.offset.saturating_add(u64::try_from(inside).unwrap_or(u64::MAX))
    })
}

/// A whole message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its bytes: one APDU.
    pub bytes: &'a [u8],
    /// Offset of its first frame in the stream.
    pub offset: u64,
    /// Offset behind its last frame.
    pub end: u64,
    /// It came in segments without numbers, so that a lost one shows only in the data.
    pub unnumbered: bool,
    pieces: &'a [Piece],
}

impl Message<'_> {
    /// Where the byte at `position` stands in the stream. Positions past the end go on counting.
    #[must_use]
    pub fn offset_of(&self, position: usize) -> u64 {
        offset_of(self.pieces, position)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Idle,
    Hdlc,
    Mbus { next: u8 },
}

/// A frame's or segment's place in the stream.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Offset of its first byte.
    pub offset: u64,
    /// Offset behind its last byte.
    pub end: u64,
}

/// Joins frames to messages. One per stream.
#[derive(Debug)]
pub struct Assembler {
    joined: Joined,
    message: Joined,
    link: Link,
    /// Number of the block that must come next.
    block: Option<u16>,
    /// Parts of a refused message may still come.
    absorbing: bool,
    /// The message, or a block of it, was joined by the segmentation bit.
    unnumbered: bool,
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

impl Assembler {
    /// An assembler that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            joined: Joined::default(),
            message: Joined::default(),
            link: Link::Idle,
            block: None,
            absorbing: false,
            unnumbered: false,
        }
    }

    /// The message that the last verdict [`Verdict::Complete`] announced.
    #[must_use]
    pub fn message(&self) -> Message<'_> {
        Message {
            bytes: &self.message.bytes,
            offset: self.message.start,
            end: self.message.end,
            unnumbered: self.unnumbered,
            pieces: &self.message.pieces,
        }
    }

    /// Whether parts of a message are waiting for others.
    #[must_use]
    pub fn in_progress(&self) -> bool {
        self.block.is_some() || self.link != Link::Idle
    }

    /// Whether a message waits for segments, which no number protects.
    #[must_use]
    pub fn in_segments(&self) -> bool {
        self.link != Link::Idle
    }

    /// Takes the information field of an HDLC frame.
    pub fn accept_hdlc(&mut self, extent: Extent, frame: &Frame<'_>) -> Verdict {
        let information = frame.information;
        let starts = matches!(information.first_chunk::<3>(), Some(&(LLC_RESPONSE | LLC_COMMAND)));
        let content = if starts { information.get(3..).unwrap_or_default() } else { information };
        if matches!(self.link, Link::Mbus { .. }) || (self.link == Link::Hdlc && starts) {
            return self.refuse_link(extent.offset, true);
        }
        let skipped = information.len().saturating_sub(content.len());
        let content_at = frame.information_at.saturating_add(skipped);
        let content_offset = extent.offset.saturating_add(u64::try_from(content_at).unwrap_or(0));
        if self.link == Link::Idle {
            let block = content.first() == Some(&gbt::TAG);
            if !starts && !block {
                return self.orphan(extent, Reason::SegmentMissing);
            }
            if !block && self.block.is_some() {
                return self.refuse_blocks(extent.offset, true);
            }
            self.joined.begin(extent.offset);
            self.unnumbered = frame.segmented || (block && self.block.is_some() && self.unnumbered);
        }
        if self.joined.append(content, content_offset).is_none() {
            return self.too_large(extent);
        }
        self.joined.end = extent.end;
        if frame.segmented {
            self.link = Link::Hdlc;
            self.absorbing = false;
            return Verdict::Waiting;
        }
        self.link = Link::Idle;
        self.payload(extent)
    }

    /// Takes a segment of a DLMS message from an M-Bus frame.
    pub fn accept_mbus(&mut self, extent: Extent, segment: &Segment<'_>) -> Verdict {
        let expected = match self.link {
            Link::Idle => None,
            Link::Mbus { next } => Some(next),
            Link::Hdlc => return self.refuse_link(extent.offset, true),
        };
        match expected {
            Some(next) if next == segment.number => {}
            // Segment 0 begins a message, so the one before stays unfinished.
            Some(_) if segment.number == 0 => return self.refuse_link(extent.offset, true),
            Some(_) => return self.refuse_link(extent.offset, false),
            None if segment.number == 0 => {
                let block = segment.payload.first() == Some(&gbt::TAG);
                if !block && self.block.is_some() {
                    return self.refuse_blocks(extent.offset, true);
                }
                self.joined.begin(extent.offset);
                self.unnumbered = false;
            }
            None => return self.orphan(extent, Reason::MbusSegmentMissing { expected: 0 }),
        }
        let at = u64::try_from(segment.payload_at).unwrap_or(0);
        if self.joined.append(segment.payload, extent.offset.saturating_add(at)).is_none() {
            return self.too_large(extent);
        }
        self.joined.end = extent.end;
        if !segment.last {
            let next = segment.number.wrapping_add(1) & 0x0F;
            self.link = Link::Mbus { next };
            self.absorbing = false;
            return Verdict::Waiting;
        }
        self.link = Link::Idle;
        self.payload(extent)
    }

    /// Takes an APDU that came without a link layer.
    pub fn accept_apdu(&mut self, extent: Extent, apdu: &[u8]) -> Verdict {
        if self.link != Link::Idle {
            return self.refuse_link(extent.offset, true);
        }
        if apdu.first() != Some(&gbt::TAG) && self.block.is_some() {
            return self.refuse_blocks(extent.offset, true);
        }
        self.unnumbered = false;
        self.joined.begin(extent.offset);
        if self.joined.append(apdu, extent.offset).is_none() {
            return self.too_large(extent);
        }
        self.joined.end = extent.end;
        self.payload(extent)
    }

    /// Gives up the message in progress because something damaged came at `at`, and expects the
    /// rest of a refused message from here on.
    pub fn interrupt(&mut self, at: u64) -> Option<Refusal> {
        let refusal = self.abandon(at);
        self.absorbing = true;
        refusal
    }

    /// Gives up the message in progress because its sender fell silent.
    pub fn time_out(&mut self, at: u64) -> Option<Refusal> {
        let refusal = self.abandon(at);
        self.absorbing = false;
        refusal
    }

    fn abandon(&mut self, at: u64) -> Option<Refusal> {
        let verdict = if self.link == Link::Idle {
            self.block?;
            self.refuse_blocks(at, false)
        } else {
            self.refuse_link(at, false)
        };
        match verdict {
            Verdict::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    fn refuse_link(&mut self, at: u64, again: bool) -> Verdict {
        let reason = match self.link {
            Link::Mbus { next } => Reason::MbusSegmentMissing { expected: next },
            _ => Reason::SegmentMissing,
        };
        let start = if self.block.is_some() { self.message.start } else { self.joined.start };
        let end = self.joined.end.max(self.joined.start);
        self.drop_progress(!again);
        Verdict::Refused { refusal: Refusal { reason, offset: start, end, at }, again }
    }

    fn refuse_blocks(&mut self, at: u64, again: bool) -> Verdict {
        let reason = Reason::BlockMissing { expected: self.block.unwrap_or(1) };
        let (offset, end) = (self.message.start, self.message.end);
        self.drop_progress(!again);
        Verdict::Refused { refusal: Refusal { reason, offset, end, at }, again }
    }

    fn drop_progress(&mut self, absorbing: bool) {
        self.link = Link::Idle;
        self.block = None;
        self.absorbing = absorbing;
    }

    fn orphan(&mut self, extent: Extent, reason: Reason) -> Verdict {
        if self.absorbing {
            return Verdict::Absorbed;
        }
        self.absorbing = true;
        let Extent { offset, end } = extent;
        let refusal = Refusal { reason, offset, end, at: offset };
        Verdict::Refused { refusal, again: false }
    }

    fn too_large(&mut self, extent: Extent) -> Verdict {
        let start = if self.block.is_some() { self.message.start } else { self.joined.start };
        self.drop_progress(true);
        let Extent { offset, end } = extent;
        let refusal = Refusal { reason: Reason::TooLarge, offset: start, end, at: offset };
        Verdict::Refused { refusal, again: false }
    }

    /// The joined link payload is whole: a block, or a message by itself.
    fn payload(&mut self, extent: Extent) -> Verdict {
        if self.joined.bytes.first() == Some(&gbt::TAG) {
            return self.accept_block(extent);
        }
        self.absorbing = false;
        std::mem::swap(&mut self.joined, &mut self.message);
        Verdict::Complete
    }

    fn accept_block(&mut self, extent: Extent) -> Verdict {
        let at = self.joined.start;
        let block = match gbt::decode(&self.joined.bytes) {
            Ok((block, _)) => block,
            Err(error) => {
                let offset = if self.block.is_some() { self.message.start } else { at };
                self.drop_progress(true);
                let reason = Reason::BlockInvalid(error);
                let refusal = Refusal { reason, offset, end: extent.end, at };
                return Verdict::Refused { refusal, again: false };
            }
        };
        let number = block.number;
        match self.block {
            None if number != 1 => {
                return self.orphan(extent, Reason::BlockMissing { expected: 1 });
            }
            None => self.message.begin(at),
            // Block 1 begins a message, so the one before stays unfinished.
            Some(_) if number == 1 => return self.refuse_blocks(at, true),
            Some(next) if number == next => {}
            Some(next) => {
                let offset = self.message.start;
                let reason = if number < next {
                    Reason::BlockRepeated { number }
                } else {
                    Reason::BlockMissing { expected: next }
                };
                self.drop_progress(true);
                let refusal = Refusal { reason, offset, end: extent.end, at };
                return Verdict::Refused { refusal, again: false };
            }
        }
        self.absorbing = false;
        let offset = offset_of(&self.joined.pieces, block.payload_at);
        // A block that came in several segments keeps the offset of each.
        let mut appended = self.message.append(block.payload, offset);
        let shift = self.message.bytes.len().saturating_sub(block.payload.len());
        let end = block.payload_at.saturating_add(block.payload.len());
        for piece in &self.joined.pieces {
            if piece.at > block.payload_at && piece.at < end && appended.is_some() {
                let inside = piece.at.saturating_sub(block.payload_at);
                let at = shift.saturating_add(inside);
                self.message.pieces.push(Piece { at, offset: piece.offset });
                appended = (self.message.pieces.len() < PIECES_MAX).then_some(());
            }
        }
        if appended.is_none() {
            return self.too_large(extent);
        }
        self.message.end = extent.end;
        if block.last {
            self.block = None;
            return Verdict::Complete;
        }
        match number.checked_add(1) {
            Some(next) => {
                self.block = Some(next);
                Verdict::Waiting
            }
            None => self.too_large(extent),
        }
    }
}
