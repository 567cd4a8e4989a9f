//! The last telegrams and messages of each meter as bytes, with how the bytes were understood.
//!
//! In: telegrams that a driver explained, delivered or refused; messages that went to and from a
//! meter that is asked, which are explained when somebody looks. Out: the newest of each meter, from
//! memory. The refused ones have a ring of their own, so that good ones do not push them out.
//! Bounds: [`KEPT_MAX`] telegrams or [`MESSAGES_KEPT_MAX`] messages of each kind, and
//! [`KEPT_BYTES_MAX`] of each meter's ring. No key and no password is ever in here: what is encrypted
//! keeps the bytes of its wire, and a message with a password comes explained, without it.

use reading::{MeterId, MeterTime, Quantity, Reading, Timestamp, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Telegrams kept in each ring.
pub(crate) const KEPT_MAX: usize = 100;
/// Messages kept in each ring: a thousand meters that are asked may have one each.
pub const MESSAGES_KEPT_MAX: usize = 50;
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
    /// What only this protocol tells, under the keys of `decode --format json`. They stand in place
    /// of those that would be made from the fields above.
    pub own: Vec<OwnKey>,
}

/// A key that only some protocols have, such as `checksum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// The key.
    pub name: String,
    /// Its value as JSON.
    pub json: String,
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
    /// The register's code as the command prints it.
    pub obis: Option<String>,
    /// What it is, where the catalogue knows it.
    pub quantity: Option<Quantity>,
    /// The value as the meter sent it, before any transformer ratio; `None` where the register holds
    /// nothing.
    pub value: Option<Value>,
    /// Its unit: the catalogue's, or as sent in a read-out.
    pub unit: Option<Cow<'static, str>>,
    /// The time that was sent beside the value, as sent.
    pub time: Option<String>,
    /// Further brackets of a read-out, as sent.
    pub more: Vec<String>,
    /// Where its element begins.
    pub offset: u64,
    /// The bytes of its element, where they are known.
    pub length: Option<usize>,
}

impl ExplainedValue {
    /// A reading of a telegram, and where its element is.
    #[must_use]
    pub fn of(reading: &Reading, offset: u64, length: Option<usize>) -> Self {
        Self {
            obis: reading.obis.map(|obis| obis.to_string()),
            quantity: reading.quantity,
            value: Some(reading.value.clone()),
            unit: reading.unit.map(|unit| Cow::Borrowed(unit.symbol())),
            time: None,
            more: Vec::new(),
            offset,
            length,
        }
    }
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
    /// The layer: `noise`; `hdlc`, `mbus`, `modbus`, `wrapper`, `line`, `mqtt`; `block`, `cipher`,
    /// `apdu`, `field`, `value`; `defect`.
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
        let own: usize = self.own.iter().map(|key| size_of::<OwnKey>() + key.json.len()).sum();
        size_of::<Self>()
            + own
            + self.bytes.len()
            + texts
            + details
            + self.steps.len() * size_of::<ExplainedStep>()
            + self.values.len() * size_of::<ExplainedValue>()
            + self.defects.len() * size_of::<ExplainedDefect>()
    }
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the meter.
    Received,
    /// To the meter.
    Sent,
}

impl Direction {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }
}

/// What the bytes of a message are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Link frames of wired M-Bus.
    Mbus,
    /// DLMS/COSEM in HDLC frames.
    Hdlc,
    /// DLMS/COSEM behind the TCP wrapper.
    Wrapper,
    /// The characters of IEC 62056-21.
    Iec62056_21,
    /// Modbus behind its TCP header.
    ModbusTcp,
    /// Modbus with its check sequence.
    ModbusRtu,
    /// The payload of an MQTT message.
    Mqtt,
}

impl Dialect {
    /// The protocol's name in answers.
    #[must_use]
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Mbus => "mbus",
            Self::Hdlc | Self::Wrapper => "dlms",
            Self::Iec62056_21 => "iec62056-21",
            Self::ModbusTcp | Self::ModbusRtu => "modbus",
            Self::Mqtt => "mqtt",
        }
    }
}

/// A message to or from a meter that is asked, or of a broker. Explained when somebody looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What the bytes are.
    pub dialect: Dialect,
    /// Which way they went.
    pub direction: Direction,
    /// The bytes; at most [`TELEGRAM_BYTES_MAX`] of them.
    pub bytes: Vec<u8>,
    /// How many there were.
    pub length: usize,
    /// The question that an answer belongs to, where its content says too little; an MQTT topic.
    pub context: Vec<u8>,
    /// What became wrong with this message: a stable code, and a sentence.
    pub faults: Vec<(&'static str, String)>,
}

/// How a message is explained.
pub type Explain = fn(&Message) -> Explained;

/// What is kept of a frame.
#[derive(Debug)]
pub enum Kept {
    /// A telegram that was explained when it came.
    Explained(Box<Explained>),
    /// A message that is explained when somebody looks.
    Message(Message),
}

impl Kept {
    fn size(&self) -> usize {
        match self {
            Self::Explained(telegram) => telegram.size(),
            Self::Message(message) => {
                let faults: usize = message.faults.iter().map(|(_, detail)| detail.len()).sum();
                size_of::<Message>() + message.bytes.len() + message.context.len() + faults
            }
        }
    }
}

/// A telegram or a message of a meter's wire.
#[derive(Debug)]
pub struct Frame {
    /// Its number since the start of the program, of all meters.
    pub id: u64,
    /// When its last byte arrived, or was given to the wire.
    pub received_at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// What is known of it; offsets count its own bytes.
    pub kept: Kept,
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
    fn push(&mut self, frame: Arc<Frame>, most: usize) {
        self.bytes += frame.kept.size();
        self.frames.push_back(frame);
        while self.frames.len() > most || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes -= oldest.kept.size();
        }
    }
}

#[derive(Debug, Default)]
struct Rings {
    good: Ring,
    bad: Ring,
}

/// The last telegrams and messages of every meter that has a wire or a broker.
#[derive(Debug)]
pub struct Frames {
    meters: BTreeMap<MeterId, Mutex<Rings>>,
    last: AtomicU64,
    explain: Explain,
}

impl Frames {
    /// Empty rings for the meters that have a wire or a broker.
    pub fn new(meters: impl IntoIterator<Item = MeterId>, explain: Explain) -> Self {
        let meters = meters.into_iter().map(|meter| (meter, Mutex::default())).collect();
        Self { meters, last: AtomicU64::new(0), explain }
    }

    /// Keeps a telegram that came from a meter; one without a wire keeps none.
    pub fn keep(&self, meter: &MeterId, received_at: Timestamp, telegram: Explained) {
        let delivered = telegram.delivered;
        let kept = Kept::Explained(Box::new(telegram));
        let place = (received_at, Direction::Received);
        self.put(meter, place, (kept, delivered, KEPT_MAX));
    }

    /// Keeps a message to or from a meter. What must not be shown of it is not in it any more: a
    /// message with a password comes explained.
    pub fn keep_message(
        &self,
        meter: &MeterId,
        (at, direction): (Timestamp, Direction),
        (kept, good): (Kept, bool),
    ) {
        self.put(meter, (at, direction), (kept, good, MESSAGES_KEPT_MAX));
    }

    fn put(
        &self,
        meter: &MeterId,
        (received_at, direction): (Timestamp, Direction),
        (kept, good, most): (Kept, bool, usize),
    ) {
        let Some(rings) = self.meters.get(meter) else { return };
        let mut rings = rings.lock().expect("no holder of this lock panics");
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let frame = Arc::new(Frame { id, received_at, direction, kept });
        let ring = if good { &mut rings.good } else { &mut rings.bad };
        ring.push(frame, most);
    }

    /// What a frame says.
    pub(crate) fn explained<'a>(&self, frame: &'a Frame) -> Cow<'a, Explained> {
        match &frame.kept {
            Kept::Explained(telegram) => Cow::Borrowed(telegram),
            Kept::Message(message) => Cow::Owned((self.explain)(message)),
        }
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
    /// The AES key of M-Bus, or that of an encrypted P1 telegram in place of `guek`.
    pub key: Option<String>,
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
            own: Vec::new(),
        }
    }

    fn explain(message: &Message) -> Explained {
        telegram(message.faults.is_empty(), message.bytes.len())
    }

    fn message(direction: Direction, bytes: usize) -> Kept {
        let faults = Vec::new();
        let (dialect, context) = (Dialect::Mbus, Vec::new());
        let bytes = vec![0xE5; bytes];
        Kept::Message(Message { dialect, direction, length: bytes.len(), bytes, context, faults })
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
        let frames = Frames::new([meter()], explain);
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
        let frames = Frames::new([meter()], explain);
        for second in 0..1000 {
            let large = telegram(true, TELEGRAM_BYTES_MAX);
            frames.keep(&meter(), Timestamp::from_seconds(second), large);
        }
        let all = frames.last(&meter(), Wanted::All, usize::MAX).expect("a wire");
        let bytes: usize = all.iter().map(|frame| frame.kept.size()).sum();
        assert!(bytes <= KEPT_BYTES_MAX && all.len() > 50, "{bytes} bytes of {}", all.len());
    }

    #[test]
    fn messages_are_bounded_and_explained_when_asked_for() {
        let frames = Frames::new([meter()], explain);
        for second in 0..1000 {
            let direction = if second % 2 == 0 { Direction::Sent } else { Direction::Received };
            let place = (Timestamp::from_seconds(second), direction);
            frames.keep_message(&meter(), place, (message(direction, TELEGRAM_BYTES_MAX), true));
        }
        let all = frames.last(&meter(), Wanted::All, usize::MAX).expect("a wire");
        let bytes: usize = all.iter().map(|frame| frame.kept.size()).sum();
        assert!(bytes <= KEPT_BYTES_MAX, "{bytes} bytes of {}", all.len());
        assert_eq!(all.len(), MESSAGES_KEPT_MAX);
        let newest = all.first().expect("a message");
        assert_eq!(newest.direction, Direction::Received);
        assert_eq!(frames.explained(newest).length, TELEGRAM_BYTES_MAX);
    }

    #[test]
    fn a_meter_without_a_wire_has_no_frames() {
        let frames = Frames::new([], explain);
        frames.keep(&meter(), Timestamp::from_seconds(0), telegram(true, 1));
        assert!(frames.last(&meter(), Wanted::All, 1).is_none());
    }
}
