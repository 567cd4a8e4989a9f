//! A meter on a live wire: bytes and arrival times in, telegrams out.
//!
//! The trait is sans-IO, so that a live wire, the replay of a capture and a simulated meter drive
//! the same code. A driver always dates its telegrams: by the meter's clock through its deviation
//! or the site's zone, else by the arrival.

use crate::Dialogue;
use crate::correction::Correction;
use crate::cosem::{CosemDialogue, CosemOptions};
use crate::doubt::Doubt;
use crate::mbus::{MbusDialogue, MbusOptions};
use crate::models::{Model, Protocol};
use crate::push::{Outcome, PushOptions, PushReader, PushedValue};
use crate::readout::{OpticalDialogue, OpticalOptions, TextDriver};
use frame::stream::Transport;
use jiff::tz::TimeZone;
use reading::{Decimal, ListId, Memory, MeterId, Quality, Telegram, Timestamp};

/// What came out of received bytes.
#[derive(Debug, Default)]
pub struct Heard {
    /// Telegrams whose values may be used.
    pub telegrams: Vec<Telegram>,
    /// What must be written in the same commit as the telegrams.
    pub memory: Vec<Memory>,
    /// Everything that was heard, refused telegrams too, for counters, logs and inspection.
    pub outcomes: Vec<Outcome>,
    /// Values of the telegrams that no meter can have measured: they are marked, and to be said.
    pub doubts: Vec<Doubt>,
    /// Bytes that were found to belong to nothing known. Whether bytes are noise may be known only
    /// when later ones have come.
    pub noise_bytes: u64,
}

/// The protocol of a meter that speaks unasked.
pub trait Driver: Send {
    /// Takes bytes that arrived at `at`.
    fn receive(&mut self, at: Timestamp, bytes: &[u8]) -> Heard;
    /// The wire was lost: what is half received never becomes whole.
    fn disconnected(&mut self, at: Timestamp);
}

/// What reads a meter: it listens, or it asks.
pub enum Reader {
    /// The meter speaks unasked.
    Listens(Box<dyn Driver>),
    /// The meter answers.
    Asks(Box<dyn Dialogue>),
}

/// What a driver needs to know about one meter.
#[derive(Clone)]
pub struct DriverOptions {
    /// The configured meter.
    pub meter: MeterId,
    /// The global unicast encryption key.
    pub guek: Option<[u8; 16]>,
    /// The global authentication key.
    pub gak: Option<[u8; 16]>,
    /// The site's zone.
    pub zone: Option<TimeZone>,
    /// Current transformer ratio, when the meter reports secondary values; 1 otherwise.
    pub ct_ratio: Decimal,
    /// Voltage transformer ratio, when the meter reports secondary values; 1 otherwise.
    pub vt_ratio: Decimal,
    /// How a meter is asked over DLMS/COSEM; `None` asks as a public client.
    pub dlms: Option<CosemOptions>,
    /// The current transformers are the wrong way round: import is export.
    pub invert: bool,
    /// What earlier runs had to remember.
    pub memory: Vec<Memory>,
    /// What only meters behind an optical head need.
    pub optical: OpticalOptions,
    /// What only M-Bus slaves need.
    pub mbus: MbusOptions,
    /// Whether outcomes carry steps, for inspection. Their bytes are where they came from: the
    /// offsets of an outcome count what [`Driver::receive`] took since the wire was opened.
    pub inspect: bool,
}

impl DriverOptions {
    /// The options of a meter without keys and transformers.
    #[must_use]
    pub fn new(meter: MeterId) -> Self {
        Self {
            meter,
            guek: None,
            gak: None,
            zone: None,
            ct_ratio: Decimal::new(1, 0),
            vt_ratio: Decimal::new(1, 0),
            dlms: None,
            invert: false,
            memory: Vec::new(),
            optical: OpticalOptions::default(),
            mbus: MbusOptions::default(),
            inspect: false,
        }
    }

    /// What has to be corrected at the meter's place.
    #[must_use]
    pub const fn correction(&self) -> Correction {
        Correction { ct_ratio: self.ct_ratio, vt_ratio: self.vt_ratio, invert: self.invert }
    }
}

impl std::fmt::Debug for DriverOptions {
    /// Keys are never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DriverOptions").field("meter", &self.meter).finish_non_exhaustive()
    }
}

impl Model {
    /// What reads one meter of this model.
    #[must_use]
    pub fn reader(&self, options: DriverOptions) -> Reader {
        match self.protocol {
            Protocol::Push { transport } => {
                Reader::Listens(Box::new(PushDriver::new(self, transport, options)))
            }
            Protocol::Text { kind } => Reader::Listens(Box::new(TextDriver::new(kind, options))),
            Protocol::Optical => Reader::Asks(Box::new(OpticalDialogue::new(options))),
            Protocol::Mbus => Reader::Asks(Box::new(MbusDialogue::new(options))),
            Protocol::Cosem => Reader::Asks(Box::new(CosemDialogue::new(options))),
        }
    }
}

/// A meter that pushes DLMS without being asked.
struct PushDriver {
    reader: PushReader,
    push_options: PushOptions,
    meter: MeterId,
    correction: Correction,
    memory: Vec<Memory>,
}

impl PushDriver {
    fn new(model: &Model, transport: Transport, options: DriverOptions) -> Self {
        let correction = options.correction();
        let push_options = PushOptions {
            guek: options.guek,
            gak: options.gak,
            profile: model.profile,
            zone: options.zone,
            transport,
            explain: options.inspect,
            keep_bytes: false,
        };
        let mut reader = PushReader::new(push_options.clone());
        reader.recall(&options.memory);
        Self { reader, push_options, meter: options.meter, correction, memory: options.memory }
    }

    fn heard(&mut self, at: Timestamp, outcomes: Vec<Outcome>) -> Heard {
        let mut heard = Heard::default();
        for outcome in &outcomes {
            for memory in &outcome.memory {
                self.memory.retain(|known| known.key != memory.key);
                self.memory.push(memory.clone());
            }
            heard.memory.extend(outcome.memory.iter().cloned());
            heard.telegrams.extend(self.telegram(at, outcome, &mut heard.doubts));
        }
        heard.outcomes = outcomes;
        heard
    }

    fn telegram(
        &self,
        at: Timestamp,
        outcome: &Outcome,
        doubts: &mut Vec<Doubt>,
    ) -> Option<Telegram> {
        if !outcome.delivered || outcome.values.is_empty() {
            return None;
        }
        let readings = outcome.values.iter().filter(|value| !names_a_list(value));
        let readings =
            readings.map(|value| self.correction.apply(value.reading.clone(), doubts)).collect();
        Some(Telegram {
            meter: self.meter.clone(),
            list: outcome.list.clone().unwrap_or_else(|| ListId::new("push")),
            meter_time: outcome.meter_time,
            measured_at: outcome.measured_at.unwrap_or(at),
            received_at: at,
            quality: Quality::Good,
            readings,
        })
    }
}

/// The logical name of the push setup: it names the list and is no measurement.
fn names_a_list(value: &PushedValue) -> bool {
    value.reading.obis.is_some_and(|obis| obis.medium() == 0 && obis.cde() == [25, 9, 0])
}

impl Driver for PushDriver {
    fn receive(&mut self, at: Timestamp, bytes: &[u8]) -> Heard {
        let before = self.reader.statistics().noise_bytes;
        let outcomes = self.reader.feed(Some(at), bytes);
        let noise_bytes = self.reader.statistics().noise_bytes - before;
        Heard { noise_bytes, ..self.heard(at, outcomes) }
    }

    fn disconnected(&mut self, _at: Timestamp) {
        self.reader = PushReader::new(self.push_options.clone());
        self.reader.recall(&self.memory);
    }
}
