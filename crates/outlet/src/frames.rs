//! The last telegrams of each meter as bytes, with how the bytes were understood.
//!
//! In: telegrams that a driver explained, delivered or refused. Out: the newest of each meter, from
//! memory. The refused ones have a ring of their own, so that good ones do not push them out.
//! Bounds: [`KEPT_MAX`] of each kind and [`KEPT_BYTES_MAX`] of each meter's ring. No key is ever in
//! here: an encrypted telegram keeps the bytes of its wire.

use reading::{MeterId, MeterTime, Reading, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Telegrams kept in each ring.
pub(crate) const KEPT_MAX: usize = 100;
/// Memory of one ring, counted roughly. **Unit** bytes.
const KEPT_BYTES_MAX: usize = 4 << 20;
/// Most bytes shown of one telegram; of a longer one the values and the explanation remain.
pub const TELEGRAM_BYTES_MAX: usize = 64 << 10;

/// A telegram, delivered or refused, and how its bytes were understood.
///
/// All offsets count bytes of one input: a capture, or the telegram's own bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The protocol, such as `dlms`.
    pub protocol: &'static str,
    /// The meter as the telegram names it.
    pub meter: Option<String>,
    /// The meter's clock as sent.
    pub meter_time: Option<MeterTime>,
    /// The same in UTC, where the zone is known.
    pub measured_at: Option<Timestamp>,
    /// The list that the telegram follows.
    pub list: Option<String>,
    /// How it was protected.
    pub security: Protection,
    /// The values, in the order of the telegram; none when it was refused.
    pub values: Vec<ExplainedValue>,
    /// What was wrong, or worth knowing.
    pub defects: Vec<ExplainedDefect>,
    /// Whether the values may be used.
    pub delivered: bool,
    /// Where [`bytes`](Self::bytes) begin.
    pub offset: u64,
    /// How many bytes the telegram has, with the noise before it.
    pub length: usize,
    /// The bytes of the wire; empty when there are more than [`TELEGRAM_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// The way from bytes to values, in its order. The ranges nest: a frame's holds its values'.
    pub steps: Vec<ExplainedStep>,
}

/// How a telegram was protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protection {
    /// Its content was encrypted.
    pub encrypted: bool,
    /// Its authentication tag was checked and holds.
    pub authenticated: bool,
    /// Its invocation counter.
    pub invocation_counter: Option<u32>,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedValue {
    /// The value as the meter sent it, before any transformer ratio.
    pub reading: Reading,
    /// Where its element begins.
    pub offset: u64,
    /// The bytes of its element, where they are known.
    pub length: Option<usize>,
}

/// Something wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedDefect {
    /// The stable name.
    pub code: &'static str,
    /// An English sentence with the particulars.
    pub detail: String,
    /// Where it was noticed.
    pub offset: u64,
}

/// One step from bytes to values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedStep {
    /// The layer: `noise`, `hdlc`, `mbus`, `block`, `cipher`, `apdu`, `value`, `defect`.
    pub layer: &'static str,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many bytes it is about.
    pub length: usize,
    /// What happened, in English.
    pub text: String,
}

impl Explained {
    /// Rough size in memory. **Unit** bytes.
    fn size(&self) -> usize {
        let texts: usize = self.steps.iter().map(|step| step.text.len()).sum();
        let details: usize = self.defects.iter().map(|defect| defect.detail.len()).sum();
        size_of::<Self>()
            + self.bytes.len()
            + texts
            + details
            + self.steps.len() * size_of::<ExplainedStep>()
            + self.values.len() * size_of::<ExplainedValue>()
            + self.defects.len() * size_of::<ExplainedDefect>()
    }
}

/// A telegram that came over a meter's wire.
#[derive(Debug)]
pub struct Frame {
    /// Its number since the start of the program, of all meters.
    pub id: u64,
    /// When its last byte arrived.
    pub received_at: Timestamp,
    /// What is known of it; offsets count its own bytes.
    pub telegram: Explained,
}

/// Which telegrams are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The last ones.
    All,
    /// The last ones that were refused.
    Bad,
}

#[derive(Debug, Default)]
struct Ring {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
}

impl Ring {
    fn push(&mut self, frame: Arc<Frame>) {
        self.bytes += frame.telegram.size();
        self.frames.push_back(frame);
        while self.frames.len() > KEPT_MAX || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes -= oldest.telegram.size();
        }
    }
}

#[derive(Debug, Default)]
struct Rings {
    good: Ring,
    bad: Ring,
}

/// The last telegrams of every meter that has a wire.
#[derive(Debug, Default)]
pub struct Frames {
    meters: BTreeMap<MeterId, Mutex<Rings>>,
    last: AtomicU64,
}

impl Frames {
    /// Empty rings for the meters that have a wire.
    pub fn new(meters: impl IntoIterator<Item = MeterId>) -> Self {
        let meters = meters.into_iter().map(|meter| (meter, Mutex::default())).collect();
        Self { meters, last: AtomicU64::new(0) }
    }

    /// Keeps a telegram that came from a meter; one without a wire keeps none.
    pub fn keep(&self, meter: &MeterId, received_at: Timestamp, telegram: Explained) {
        let Some(rings) = self.meters.get(meter) else { return };
        let mut rings = rings.lock().expect("no holder of this lock panics");
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let frame = Arc::new(Frame { id, received_at, telegram });
        let ring = if frame.telegram.delivered { &mut rings.good } else { &mut rings.bad };
        ring.push(frame);
    }

    /// The newest telegrams of a meter, the newest first; `None` for a meter without a wire.
    pub(crate) fn last(
        &self,
        meter: &MeterId,
        wanted: Wanted,
        limit: usize,
    ) -> Option<Vec<Arc<Frame>>> {
        let rings = self.meters.get(meter)?.lock().expect("no holder of this lock panics");
        let mut frames: Vec<Arc<Frame>> = rings.bad.frames.iter().cloned().collect();
        if wanted == Wanted::All {
            frames.extend(rings.good.frames.iter().cloned());
        }
        frames.sort_by_key(|frame| std::cmp::Reverse(frame.id));
        frames.truncate(limit);
        Some(frames)
    }
}

/// Captured bytes and what is needed to read them.
#[derive(Default)]
pub struct Capture {
    /// Raw bytes, or hexadecimal text with white space and comments.
    pub data: Vec<u8>,
    /// The protocol; `None`: found out.
    pub protocol: Option<String>,
    /// The global unicast encryption key, 32 hexadecimal digits.
    pub guek: Option<String>,
    /// The authentication key, 32 hexadecimal digits.
    pub gak: Option<String>,
    /// The profile of the meter.
    pub profile: Option<String>,
    /// The IANA name of the meter's zone.
    pub timezone: Option<String>,
}

impl std::fmt::Debug for Capture {
    /// Keys are never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture").field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}

/// Why captured bytes were not read: the parameter at fault, and a sentence without any key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {detail}")]
pub struct CaptureFault {
    /// The parameter's name, such as `guek`.
    pub parameter: &'static str,
    /// What was expected.
    pub detail: String,
}

/// What the `decode` command does. Blocking; bounded by the size of the capture.
pub type Decode = Arc<dyn Fn(&Capture) -> Result<Vec<Explained>, CaptureFault> + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    fn telegram(delivered: bool, bytes: usize) -> Explained {
        Explained {
            protocol: "dlms",
            meter: None,
            meter_time: None,
            measured_at: None,
            list: None,
            security: Protection::default(),
            values: Vec::new(),
            defects: Vec::new(),
            delivered,
            offset: 0,
            length: bytes,
            bytes: vec![0x7E; bytes],
            steps: Vec::new(),
        }
    }

    fn meter() -> MeterId {
        MeterId::new("general").expect("an id")
    }

    fn ids(frames: &Frames, wanted: Wanted) -> Vec<u64> {
        let last = frames.last(&meter(), wanted, 3).expect("a wire");
        last.iter().map(|frame| frame.id).collect()
    }

    #[test]
    fn good_telegrams_do_not_push_out_the_bad_ones() {
        let frames = Frames::new([meter()]);
        frames.keep(&meter(), Timestamp::from_seconds(0), telegram(false, 10));
        for second in 1..=1000 {
            frames.keep(&meter(), Timestamp::from_seconds(second), telegram(true, 10));
        }
        assert_eq!(ids(&frames, Wanted::Bad), [1]);
        assert_eq!(ids(&frames, Wanted::All), [1001, 1000, 999]);
        let all = frames.last(&meter(), Wanted::All, usize::MAX).expect("a wire");
        assert_eq!(all.len(), KEPT_MAX + 1);
    }

    #[test]
    fn large_telegrams_cost_bounded_memory() {
        let frames = Frames::new([meter()]);
        for second in 0..1000 {
            let large = telegram(true, TELEGRAM_BYTES_MAX);
            frames.keep(&meter(), Timestamp::from_seconds(second), large);
        }
        let all = frames.last(&meter(), Wanted::All, usize::MAX).expect("a wire");
        let bytes: usize = all.iter().map(|frame| frame.telegram.size()).sum();
        assert!(bytes <= KEPT_BYTES_MAX && all.len() > 50, "{bytes} bytes of {}", all.len());
    }

    #[test]
    fn a_meter_without_a_wire_has_no_frames() {
        let frames = Frames::new([]);
        frames.keep(&meter(), Timestamp::from_seconds(0), telegram(true, 1));
        assert!(frames.last(&meter(), Wanted::All, 1).is_none());
    }
}
