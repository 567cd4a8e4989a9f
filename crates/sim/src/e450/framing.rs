//! General block transfer and HDLC as the E450 uses them.
//!
//! In: a message. Out: its UI frames, flags included: destination 103/127, source 1, control 13,
//! LLC header in the first frame only, one block per frame. A block never cuts a push object in
//! two, while values and ciphertext are cut anywhere: so do the meter's own telegrams.

use frame::dlms::LLC_RESPONSE;
use frame::dlms::gbt::Block;
use frame::hdlc::{self, Address, Outgoing};

/// Most bytes of information in a frame: the frame's length field says 8B.
const INFORMATION_MAX: usize = 129;
/// Tag, control, number, acknowledged number, one length byte.
const BLOCK_HEADER: usize = 7;
/// Unnumbered information, final bit set.
const CONTROL: u8 = 0x13;

/// Where a message may be cut.
pub(super) struct Cuts {
    /// End of what precedes the first push object.
    pub(super) head: usize,
    /// Length of a push object.
    pub(super) element: usize,
    /// Start of the values: from here on, anywhere.
    pub(super) values: usize,
}

impl Cuts {
    pub(super) const ANYWHERE: Self = Self { head: 0, element: 1, values: 0 };

    /// The last place to cut, not after `limit`.
    fn at_most(&self, limit: usize) -> usize {
        if limit >= self.values || limit < self.head {
            return limit;
        }
        self.head + (limit - self.head) / self.element * self.element
    }
}

/// The frames of a message, one after the other.
pub(super) fn frames(message: &[u8], cuts: &Cuts) -> Vec<u8> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut number = 1;
    while start < message.len() {
        let mut information = Vec::with_capacity(INFORMATION_MAX);
        if number == 1 {
            information.extend(LLC_RESPONSE);
        }
        let room = INFORMATION_MAX - BLOCK_HEADER - information.len();
        let end = cuts.at_most(start + room).min(message.len());
        let block = Block {
            last: end == message.len(),
            streaming: true,
            window: 0,
            number,
            acknowledged: 0,
            payload: &message[start..end],
            payload_at: 0,
        };
        block.encode(&mut information);
        let frame = Outgoing {
            segmented: false,
            destination: Address::pair(103, 127),
            source: Address::short(1),
            control: CONTROL,
            information: &information,
        };
        hdlc::encode(&frame, &mut out).expect("a block is far shorter than the longest frame");
        start = end;
        number += 1;
    }
    out
}
