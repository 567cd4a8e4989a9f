//! The incremental reader: bytes in, outcomes out.

use super::defect::{Defect, DefectCode};
use super::explain::{Explanation, Layer, Step};
use super::telegram::{Arrival, Decoder};
use super::{Outcome, PushOptions};
use frame::dlms::gbt;
use frame::hdlc::{self, Closing};
use frame::mbus::{self, Segment};
use frame::message::{Assembler, Extent, MESSAGE_MAX, Reason, Refusal, Verdict};
use frame::stream::{Event, PIECE_MAX, Stream};
use reading::{Memory, Timestamp};
use std::time::Duration;

/// Parts of one message follow one another without pause; after this silence it is given up. Meters
/// push every 5 s, and parts of two messages could fit by chance.
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// So much noise hides a whole frame: block numbers could fit by chance behind it.
const NOISE_BREAKS: u64 = 16;

/// What went by on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Bytes taken in.
    pub bytes: u64,
    /// Bytes that belong to nothing known.
    pub noise_bytes: u64,
    /// Intact HDLC frames.
    pub hdlc_frames: u64,
    /// Intact long M-Bus frames.
    pub mbus_frames: u64,
    /// M-Bus short frames and acknowledgements: the meter polls its sub-meters.
    pub mbus_short_frames: u64,
    /// Frames refused for a check sequence, a checksum or a length.
    pub damaged_frames: u64,
}

/// Reads pushed telegrams out of a stream of bytes.
///
/// Any chunking of the same bytes gives the same outcomes.
#[derive(Debug)]
pub struct PushReader {
    stream: Stream,
    inner: Inner,
}

#[derive(Debug)]
struct Inner {
    assembler: Assembler,
    decoder: Decoder,
    explanation: Explanation,
    keep_bytes: bool,
    /// Frames of the message in progress.
    bytes: Vec<u8>,
    /// Defects of frames that were used all the same.
    noted: Vec<Defect>,
    arrival: Option<Timestamp>,
    statistics: Statistics,
    /// Where the last noise ended.
    noise_end: Option<u64>,
    outcomes: Vec<Outcome>,
}

impl PushReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(options: PushOptions) -> Self {
        let stream = Stream::new(options.transport);
        let inner = Inner {
            assembler: Assembler::new(),
            explanation: Explanation::new(options.explain),
            keep_bytes: options.keep_bytes,
            bytes: Vec::new(),
            noted: Vec::new(),
            arrival: None,
            statistics: Statistics::default(),
            noise_end: None,
            outcomes: Vec::new(),
            decoder: Decoder::new(options),
        };
        Self { stream, inner }
    }

    /// Takes up what earlier runs had to remember.
    pub fn recall(&mut self, memories: &[Memory]) {
        self.inner.decoder.recall(memories);
    }

    /// Takes the next bytes, which arrived at `arrival`.
    pub fn feed(&mut self, arrival: Option<Timestamp>, bytes: &[u8]) -> Vec<Outcome> {
        let pause = arrival.zip(self.inner.arrival).map(|(now, before)| now.since(before));
        if pause.is_some_and(|pause| pause > PAUSE_MAX)
            && let Some(refusal) = self.inner.assembler.time_out(self.stream.offset())
        {
            self.inner.refuse(&refusal);
        }
        self.inner.arrival = arrival;
        for piece in bytes.chunks(PIECE_MAX) {
            self.inner.statistics.bytes += piece.len() as u64;
            self.stream.push(piece);
            while let Some(event) = self.stream.next() {
                self.inner.take(&event);
            }
        }
        std::mem::take(&mut self.inner.outcomes)
    }

    /// Says that the stream is over: what was waiting for more bytes is refused.
    pub fn finish(&mut self) -> Vec<Outcome> {
        self.stream.end();
        while let Some(event) = self.stream.next() {
            self.inner.take(&event);
        }
        if let Some(refusal) = self.inner.assembler.interrupt(self.stream.offset()) {
            let detail = format!("the stream ends inside a message: {}", refusal.reason);
            let defect = Defect::new(DefectCode::Truncated, refusal.at, detail);
            self.inner.refuse_with((refusal.offset, refusal.end), vec![defect]);
        }
        std::mem::take(&mut self.inner.outcomes)
    }

    /// What went by on the wire so far.
    #[must_use]
    pub const fn statistics(&self) -> Statistics {
        self.inner.statistics
    }

    /// Steps that belong to no telegram, such as noise behind the last one.
    pub fn take_steps(&mut self) -> Vec<Step> {
        self.inner.explanation.take()
    }
}

impl Inner {
    fn take(&mut self, event: &Event<'_>) {
        match *event {
            Event::Hdlc { offset, bytes, frame } => self.hdlc(offset, bytes, &frame),
            Event::Mbus { offset, bytes, frame } => self.mbus(offset, bytes, &frame),
            Event::Apdu { offset, bytes } | Event::BrokenApdu { offset, bytes } => {
                let extent = extent(offset, bytes);
                if self.noise_end == Some(offset) {
                    let detail =
                        "no check sequence covers the telegram, and noise stands before it";
                    self.noted.push(Defect::new(DefectCode::NoiseBefore, offset, detail));
                }
                let step =
                    || (Layer::Apdu, format!("APDU of {} bytes without link layer", bytes.len()));
                self.accept(bytes, (offset, false), (|it| it.accept_apdu(extent, bytes), step));
            }
            Event::DamagedHdlc { offset, bytes, error } => {
                let (code, at) = match error {
                    hdlc::Error::FrameCheck { offset, .. } => (DefectCode::FcsMismatch, offset),
                    hdlc::Error::HeaderCheck { offset, .. } => (DefectCode::HcsMismatch, offset),
                    _ => (DefectCode::FrameLength, 0),
                };
                let defect = Defect::new(code, offset + at as u64, error.to_string());
                self.damaged(offset, bytes, defect);
            }
            Event::DamagedMbus { offset, bytes, error } => {
                let (code, at) = match error {
                    mbus::Error::Checksum { offset, .. } => (DefectCode::MbusChecksum, offset),
                    mbus::Error::Stop { offset, .. } => (DefectCode::MbusFrame, offset),
                    _ => (DefectCode::MbusFrame, 1),
                };
                let defect = Defect::new(code, offset + at as u64, error.to_string());
                self.damaged(offset, bytes, defect);
            }
            Event::CutShort { offset, bytes } => {
                let detail = format!("the stream ends inside a frame, after {} bytes", bytes.len());
                let end = offset + bytes.len() as u64;
                self.damaged(offset, bytes, Defect::new(DefectCode::Truncated, end, detail));
            }
            Event::Noise { offset, length } => self.noise(offset, length),
        }
    }

    fn noise(&mut self, offset: u64, length: u64) {
        self.statistics.noise_bytes += length;
        self.noise_end = Some(offset + length);
        let count = usize::try_from(length).unwrap_or(usize::MAX);
        self.explanation.add_noise(offset, count);
        let breaks = length >= NOISE_BREAKS || self.assembler.in_segments();
        if breaks
            && self.assembler.in_progress()
            && let Some(refusal) = self.assembler.interrupt(offset)
        {
            self.refuse(&refusal);
        }
    }

    fn hdlc(&mut self, offset: u64, bytes: &[u8], frame: &hdlc::Frame<'_>) {
        self.statistics.hdlc_frames += 1;
        if frame.closing != Closing::Flag {
            let end = offset + bytes.len() as u64;
            let detail = "an intact frame without a flag behind it";
            self.noted.push(Defect::new(DefectCode::ClosingFlagMissing, end, detail));
        }
        let step = || (Layer::Hdlc, hdlc_text(frame));
        if frame.information.is_empty() {
            let (layer, text) = step();
            self.explanation.add(layer, (offset, bytes.len()), || text);
            return;
        }
        let extent = extent(offset, bytes);
        self.accept(bytes, (offset, true), (|it| it.accept_hdlc(extent, frame), step));
    }

    fn mbus(&mut self, offset: u64, bytes: &[u8], frame: &mbus::Frame<'_>) {
        let place = (offset, bytes.len());
        let Some(segment) = Segment::of(frame) else {
            match frame {
                mbus::Frame::Long { .. } => self.statistics.mbus_frames += 1,
                _ => self.statistics.mbus_short_frames += 1,
            }
            self.explanation.add(Layer::Mbus, place, || mbus_text(frame));
            return;
        };
        self.statistics.mbus_frames += 1;
        let step = || {
            let last = if segment.last { ", the last" } else { "" };
            let (number, length) = (segment.number, segment.payload.len());
            let saps = format!("SAP {:02X} to {:02X}", segment.stsap, segment.dtsap);
            (
                Layer::Mbus,
                format!("M-Bus long frame: DLMS segment {number}{last}, {length} bytes, {saps}"),
            )
        };
        if let Some((counted, announced)) = mbus::overflowed(bytes) {
            let detail = format!(
                "the length field says {announced} of {counted} bytes; checksum and stop hold"
            );
            self.noted.push(Defect::new(DefectCode::MbusLengthDeviation, offset + 1, detail));
        }
        let extent = extent(offset, bytes);
        self.accept(bytes, (offset, true), (|it| it.accept_mbus(extent, &segment), step));
    }

    /// Hands a frame to the assembler and deals with its verdict.
    fn accept<V, S>(
        &mut self,
        bytes: &[u8],
        (offset, framed): (u64, bool),
        (mut verdict, step): (V, S),
    ) where
        V: FnMut(&mut Assembler) -> Verdict,
        S: Fn() -> (Layer, String),
    {
        let mut found = verdict(&mut self.assembler);
        // At most once per layer: links, then blocks.
        for _ in 0..3 {
            let Verdict::Refused { refusal, again: true } = found else {
                break;
            };
            self.refuse(&refusal);
            found = verdict(&mut self.assembler);
        }
        if self.explanation.wanted() {
            let (layer, text) = step();
            self.explanation.add(layer, (offset, bytes.len()), || text);
        }
        self.keep(bytes);
        match found {
            Verdict::Waiting => {}
            Verdict::Complete => self.complete(framed),
            Verdict::Absorbed => {
                self.explanation.add(Layer::Block, (offset, bytes.len()), || {
                    "left over from a refused message".to_owned()
                });
                self.bytes.clear();
                self.noted.clear();
            }
            Verdict::Refused { refusal, .. } => self.refuse(&refusal),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.keep_bytes && self.bytes.len() + bytes.len() <= 2 * MESSAGE_MAX {
            self.bytes.extend_from_slice(bytes);
            if bytes.first() == Some(&hdlc::FLAG) {
                self.bytes.push(hdlc::FLAG);
            }
        }
    }

    fn complete(&mut self, framed: bool) {
        let message = self.assembler.message();
        let mut outcome = blank(message.offset, message.end);
        outcome.defects = std::mem::take(&mut self.noted);
        outcome.bytes = std::mem::take(&mut self.bytes);
        let arrival = Arrival { at: self.arrival, framed };
        self.decoder.decode(&message, arrival, (&mut outcome, &mut self.explanation));
        outcome.steps = self.explanation.take();
        self.outcomes.push(outcome);
    }

    /// A damaged frame takes the message in progress with it.
    fn damaged(&mut self, offset: u64, bytes: &[u8], defect: Defect) {
        self.statistics.damaged_frames += 1;
        let refusal = self.assembler.interrupt(offset);
        self.keep(bytes);
        let (layer, text) = damaged_text(bytes);
        self.explanation.add(layer, (offset, bytes.len()), || text);
        let end = offset + bytes.len() as u64;
        let start = refusal.map_or(offset, |refusal| refusal.offset);
        let mut defects = vec![defect];
        defects.extend(refusal.as_ref().map(reason_defect));
        self.refuse_with((start, end), defects);
    }

    fn refuse(&mut self, refusal: &Refusal) {
        self.refuse_with((refusal.offset, refusal.end), vec![reason_defect(refusal)]);
    }

    fn refuse_with(&mut self, (offset, end): (u64, u64), defects: Vec<Defect>) {
        for defect in &defects {
            self.explanation.add(Layer::Defect, (defect.offset, 0), || {
                format!("{}: {}", defect.code, defect.detail)
            });
        }
        let mut outcome = blank(offset, end);
        outcome.received_at = self.arrival;
        outcome.defects = std::mem::take(&mut self.noted);
        outcome.defects.extend(defects);
        outcome.bytes = std::mem::take(&mut self.bytes);
        outcome.steps = self.explanation.take();
        self.outcomes.push(outcome);
    }
}

fn extent(offset: u64, bytes: &[u8]) -> Extent {
    Extent { offset, end: offset + bytes.len() as u64 }
}

const fn blank(offset: u64, end: u64) -> Outcome {
    Outcome::blank("dlms", offset, end)
}

fn reason_defect(refusal: &Refusal) -> Defect {
    let code = match refusal.reason {
        Reason::BlockMissing { .. } => DefectCode::GbtBlockMissing,
        Reason::BlockRepeated { .. } => DefectCode::GbtBlockRepeated,
        Reason::BlockInvalid(_) => DefectCode::GbtBlockInvalid,
        Reason::SegmentMissing => DefectCode::SegmentMissing,
        Reason::MbusSegmentMissing { .. } => DefectCode::MbusSegmentMissing,
        Reason::TooLarge => DefectCode::MessageTooLarge,
    };
    Defect::new(code, refusal.at, refusal.reason.to_string())
}

fn hdlc_text(frame: &hdlc::Frame<'_>) -> String {
    let information = frame.information;
    let segmented = if frame.segmented { ", more segments follow" } else { "" };
    let content = information.strip_prefix(&frame::dlms::LLC_RESPONSE).unwrap_or(information);
    let block = match gbt::decode(content) {
        Ok((block, _)) => {
            let last = if block.last { ", the last" } else { "" };
            format!(": block {}{last}, {} bytes", block.number, block.payload.len())
        }
        Err(_) => String::new(),
    };
    format!(
        "HDLC frame from {} to {}, control {:02X}, {} bytes of information, check sequences hold{segmented}{block}",
        frame.source,
        frame.destination,
        frame.control,
        information.len()
    )
}

/// What is known of a frame that was refused.
fn damaged_text(bytes: &[u8]) -> (Layer, String) {
    let length = bytes.len();
    if bytes.first() != Some(&hdlc::FLAG) {
        let saps = match bytes {
            [0x68, _, _, 0x68, _, _, 0x00..=0x1F, source, destination, ..] => {
                format!(", SAP {source:02X} to {destination:02X}")
            }
            _ => String::new(),
        };
        return (Layer::Mbus, format!("refused M-Bus frame, {length} bytes{saps}"));
    }
    let addresses = hdlc::claimed_addresses(bytes)
        .map(|(destination, source)| format!(" from {source} to {destination}"));
    let addresses = addresses.unwrap_or_default();
    (Layer::Hdlc, format!("refused HDLC frame{addresses}, {length} bytes"))
}

fn mbus_text(frame: &mbus::Frame<'_>) -> String {
    match frame {
        mbus::Frame::Acknowledge => "M-Bus acknowledgement, skipped".to_owned(),
        mbus::Frame::Short { control, address } => format!(
            "M-Bus short frame, control {control:02X}, address {address}: the meter polls a sub-meter, skipped"
        ),
        mbus::Frame::Long { control, address, ci, .. } => format!(
            "M-Bus long frame, control {control:02X}, address {address}, CI {ci:02X}: no DLMS, skipped"
        ),
    }
}
