//! Pushed DLMS telegrams: bytes of a wire to values, live and from captures.
//!
//! In: bytes in any chunks, with their arrival where it is known. Out: one [`Outcome`] per
//! telegram, delivered or refused, in the order of the wire. Keys, scaling profile and site zone
//! are options; without them the outcome says what is missing instead of guessing.

pub(crate) mod clock;
pub(crate) mod defect;
mod explain;
pub(crate) mod identity;
pub(crate) mod layout;
mod plausibility;
mod positional;
mod reader;
pub(crate) mod scale;
mod telegram;
pub(crate) mod text;

pub use defect::{Defect, DefectCode};
pub use explain::{Layer, Step};
pub use frame::stream::Transport;
pub use reader::{PushReader, Statistics};

use crate::models::Profile;
use jiff::tz::TimeZone;
use reading::{Decimal, ListId, Memory, MeterTime, Reading, Timestamp, Value};

/// Length of a key.
pub const KEY_LENGTH: usize = 16;

/// What the reader needs to know beside the bytes.
#[derive(Clone, Default)]
pub struct PushOptions {
    /// The global unicast encryption key.
    pub guek: Option<[u8; KEY_LENGTH]>,
    /// The global authentication key; without it tags are not checked.
    pub gak: Option<[u8; KEY_LENGTH]>,
    /// How registers without scaler are to be read.
    pub profile: Option<&'static Profile>,
    /// The zone of the meter's clock, for clocks that do not send their deviation.
    pub zone: Option<TimeZone>,
    /// What carries the APDUs.
    pub transport: Transport,
    /// Whether outcomes carry [`Step`]s.
    pub explain: bool,
    /// Whether outcomes carry the bytes of their frames.
    pub keep_bytes: bool,
}

impl std::fmt::Debug for PushOptions {
    /// Keys are never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushOptions")
            .field("guek", &self.guek.map(|_| "…"))
            .field("gak", &self.gak.map(|_| "…"))
            .field("profile", &self.profile.map(|profile| profile.name))
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// How a telegram was protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Security {
    /// The telegram was whole enough to tell; otherwise the rest says nothing.
    pub known: bool,
    /// Its content was encrypted.
    pub encrypted: bool,
    /// Its authentication tag was checked and holds.
    pub authenticated: bool,
    /// It carries a tag, checked or not.
    pub tagged: bool,
    /// The invocation counter.
    pub invocation_counter: Option<u32>,
    /// The system title of the meter.
    pub system_title: Option<[u8; 8]>,
}

/// A telegram, delivered or refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The protocol's name in `decode --format json`.
    pub protocol: &'static str,
    /// Offset of its first byte in the stream.
    pub offset: u64,
    /// Offset behind its last byte.
    pub end: u64,
    /// When its last byte arrived, where that is known.
    pub received_at: Option<Timestamp>,
    /// How it was protected.
    pub security: Security,
    /// The meter: 0-0:42.0.0, else 0-0:96.1.x, else the system title.
    pub meter: Option<String>,
    /// The meter's clock as sent: its clock object, else the notification's header.
    pub meter_time: Option<MeterTime>,
    /// The meter's clock in UTC; `None` when neither the meter nor the options tell its zone.
    pub measured_at: Option<Timestamp>,
    /// The list that the telegram follows.
    pub list: Option<ListId>,
    /// The values, in the order of the telegram; none when it was refused.
    pub values: Vec<PushedValue>,
    /// What was wrong, or worth knowing.
    pub defects: Vec<Defect>,
    /// Whether the values may be used.
    pub delivered: bool,
    /// The way from bytes to values, on request.
    pub steps: Vec<Step>,
    /// The bytes of its frames, on request.
    pub bytes: Vec<u8>,
    /// What must be remembered across restarts once the values are used.
    pub memory: Vec<Memory>,
}

impl Outcome {
    /// A telegram of which nothing but its place is known.
    pub(crate) const fn blank(protocol: &'static str, offset: u64, end: u64) -> Self {
        Self {
            protocol,
            offset,
            end,
            received_at: None,
            security: Security {
                known: false,
                encrypted: false,
                authenticated: false,
                tagged: false,
                invocation_counter: None,
                system_title: None,
            },
            meter: None,
            meter_time: None,
            measured_at: None,
            list: None,
            values: Vec::new(),
            defects: Vec::new(),
            delivered: false,
            steps: Vec::new(),
            bytes: Vec::new(),
            memory: Vec::new(),
        }
    }

    /// Whether this defect was noted.
    #[must_use]
    pub fn has(&self, code: DefectCode) -> bool {
        self.defects.iter().any(|defect| defect.code == code)
    }
}

/// A value with its place in the telegram.
#[derive(Debug, Clone, PartialEq)]
pub struct PushedValue {
    /// The value.
    pub reading: Reading,
    /// Offset of its element in the stream.
    pub offset: u64,
}

impl PushedValue {
    /// The register's digits; `None` for texts.
    #[must_use]
    pub fn raw(&self) -> Option<i64> {
        self.reading.value.number().map(Decimal::mantissa)
    }

    /// The power of ten that belongs to [`raw`](Self::raw); 0 for texts.
    #[must_use]
    pub fn exponent(&self) -> i8 {
        match self.reading.value {
            Value::Number(decimal) => decimal.exponent(),
            Value::Text(_) => 0,
        }
    }
}
