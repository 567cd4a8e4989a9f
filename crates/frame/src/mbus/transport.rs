//! DLMS messages split over long frames: the CI field numbers the segments.

use super::link::{Frame, encode_long};

/// Most message bytes in one segment: 255 counted bytes less C, A, CI and the two SAPs.
pub const SEGMENT_PAYLOAD_MAX: usize = 250;
const SEGMENTS_MAX: usize = 16;
const LAST: u8 = 0x10;
/// SND_UD without frame count, to all stations.
const CONTROL_BROADCAST: [u8; 2] = [0x53, 0xFF];

/// One segment of a DLMS message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Its number, from 0. **Range** 0 to 15.
    pub number: u8,
    /// Whether the message ends with it.
    pub last: bool,
    /// Source service access point: the logical device of the meter.
    pub stsap: u8,
    /// Destination service access point: the client.
    pub dtsap: u8,
    /// The message bytes.
    pub payload: &'a [u8],
    /// Where the payload starts, counted from the frame's start character.
    pub payload_at: usize,
}

impl<'a> Segment<'a> {
    /// The segment in a link frame; `None` when the frame does not carry DLMS.
    ///
    /// # Source
    /// EN 13757-3:2018, table 2 (CI 00 to 1F: DLMS-based applications); EN 13757-1:2014, 4.2.
    #[must_use]
    pub fn of(frame: &Frame<'a>) -> Option<Self> {
        let Frame::Long { ci, data, .. } = *frame else {
            return None;
        };
        let [stsap, dtsap, payload @ ..] = data else {
            return None;
        };
        (ci <= 0x1F).then_some(Self {
            number: ci & 0x0F,
            last: ci & LAST != 0,
            stsap: *stsap,
            dtsap: *dtsap,
            payload,
            payload_at: 9,
        })
    }
}

/// Appends the frames that carry `message` from `stsap` to `dtsap`; `None` when 16 do not suffice.
pub fn encode_segments(message: &[u8], saps: [u8; 2], out: &mut Vec<u8>) -> Option<()> {
    let count = message.len().div_ceil(SEGMENT_PAYLOAD_MAX).max(1);
    if count > SEGMENTS_MAX {
        return None;
    }
    let mut pieces = message.chunks(SEGMENT_PAYLOAD_MAX);
    for number in 0..count {
        let last = number.saturating_add(1) == count;
        let ci = u8::try_from(number).ok()? | if last { LAST } else { 0 };
        let mut counted = Vec::with_capacity(SEGMENT_PAYLOAD_MAX + 5);
        counted.extend(CONTROL_BROADCAST);
        counted.push(ci);
        counted.extend(saps);
        counted.extend(pieces.next().unwrap_or_default());
        encode_long(&counted, out)?;
    }
    Some(())
}
