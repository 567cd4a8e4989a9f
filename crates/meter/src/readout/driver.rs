//! A meter that sends read-outs unasked: P1, and mode D of the optical port.

use super::clock::{Circumstances, instant_of};
use super::outcome::is_channel;
use super::{Kind, ReadOut, ReadoutOptions, ReadoutReader};
use crate::correction::Correction;
use crate::doubt::Doubt;
use crate::driver::{Driver, DriverOptions, Heard};
use crate::push::Outcome;
use frame::iec62056_21::Start;
use jiff::tz::TimeZone;
use reading::{ListId, Memory, MeterId, Obis, Quality, Reading, Telegram, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Telegrams come in one go; after this silence inside one the rest never comes. P1 meters send
/// every second at the most.
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// Listens to read-outs.
#[derive(Debug)]
pub struct TextDriver {
    reader: ReadoutReader,
    options: ReadoutOptions,
    memory: Vec<Memory>,
    maker: TelegramMaker,
    heard_at: Option<Timestamp>,
}

impl TextDriver {
    /// A driver for one meter.
    #[must_use]
    pub fn new(kind: Kind, options: DriverOptions) -> Self {
        let maker = TelegramMaker::new(&options);
        let readout_options = readout_options(&options, Some(kind));
        let mut reader = ReadoutReader::new(readout_options.clone());
        reader.recall(&options.memory);
        let memory = options.memory;
        Self { reader, options: readout_options, memory, maker, heard_at: None }
    }
}

/// What a live reader needs to know.
pub(super) fn readout_options(options: &DriverOptions, kind: Option<Kind>) -> ReadoutOptions {
    ReadoutOptions {
        guek: options.guek,
        gak: options.gak,
        zone: options.zone.clone(),
        kind,
        start: Start::Marked,
        explain: options.inspect,
    }
}

impl Driver for TextDriver {
    fn receive(&mut self, at: Timestamp, bytes: &[u8]) -> Heard {
        let mut heard = Heard::default();
        let Self { reader, maker, .. } = self;
        let noise_before = reader.noise_bytes();
        let pause = self.heard_at.map(|before| at.since(before));
        if reader.held() > 0 && pause.is_some_and(|pause| pause > PAUSE_MAX) {
            reader.finish(&mut |read_out| maker.take(read_out, at, &mut heard));
        }
        self.heard_at = Some(at);
        reader.feed(Some(at), bytes, &mut |read_out| maker.take(read_out, at, &mut heard));
        heard.noise_bytes = reader.noise_bytes() - noise_before;
        for memory in &heard.memory {
            self.memory.retain(|known| known.key != memory.key);
            self.memory.push(memory.clone());
        }
        heard
    }

    fn disconnected(&mut self, _at: Timestamp) {
        self.reader = ReadoutReader::new(self.options.clone());
        self.reader.recall(&self.memory);
        self.heard_at = None;
    }
}

/// Makes telegrams of one meter out of read-outs.
#[derive(Debug)]
pub(super) struct TelegramMaker {
    meter: MeterId,
    correction: Correction,
    zone: Option<TimeZone>,
    /// What the M-Bus channels showed last: they are read once an hour and told every second.
    channels: BTreeMap<u8, (Timestamp, Reading)>,
}

impl TelegramMaker {
    pub(super) fn new(options: &DriverOptions) -> Self {
        Self {
            meter: options.meter.clone(),
            correction: options.correction(),
            zone: options.zone.clone(),
            channels: BTreeMap::new(),
        }
    }

    /// Adds a read-out to what was heard.
    pub(super) fn take(&mut self, read_out: ReadOut<'_>, at: Timestamp, heard: &mut Heard) {
        if read_out.outcome.delivered {
            self.channels(&read_out, at, heard);
            heard.telegrams.extend(self.telegram(&read_out.outcome, at, &mut heard.doubts));
        }
        heard.memory.extend(read_out.outcome.memory.iter().cloned());
        heard.outcomes.push(read_out.outcome);
    }

    fn telegram(
        &self,
        outcome: &Outcome,
        at: Timestamp,
        doubts: &mut Vec<Doubt>,
    ) -> Option<Telegram> {
        let own = |reading: &&Reading| reading.obis.is_none_or(|obis| !is_channel(obis));
        let readings = outcome.values.iter().map(|value| &value.reading).filter(own);
        let readings: Vec<Reading> =
            readings.map(|reading| self.correction.apply(reading.clone(), doubts)).collect();
        if readings.is_empty() {
            return None;
        }
        Some(Telegram {
            meter: self.meter.clone(),
            list: outcome.list.clone().unwrap_or_else(|| ListId::new("readout")),
            meter_time: outcome.meter_time,
            measured_at: outcome.measured_at.unwrap_or(at),
            received_at: at,
            quality: Quality::Good,
            readings,
        })
    }

    /// What devices on M-Bus channels showed, each dated by its own reading.
    fn channels(&mut self, read_out: &ReadOut<'_>, at: Timestamp, heard: &mut Heard) {
        let told = |reading: &&Reading| reading.obis.is_some_and(is_channel);
        let values = read_out.outcome.values.iter().map(|value| &value.reading);
        for reading in values.filter(told) {
            let time = read_out
                .entries()
                .find(|entry| entry.register.map(|register| register.obis) == reading.obis)
                .and_then(|entry| entry.time);
            let circumstances =
                Circumstances { zone: self.zone.as_ref(), arrival: Some(at), previous: None };
            let stamped = time.and_then(|time| instant_of(time, circumstances));
            let measured_at = stamped.or(read_out.outcome.measured_at).unwrap_or(at);
            let Some(channel) = reading.obis.map(Obis::channel) else { continue };
            let shown = (measured_at, reading.clone());
            if self.channels.get(&channel) == Some(&shown) {
                continue;
            }
            self.channels.insert(channel, shown);
            heard.telegrams.push(Telegram {
                meter: self.meter.clone(),
                list: ListId::new(&format!("mbus_channel_{channel}")),
                meter_time: None,
                measured_at,
                received_at: at,
                quality: Quality::Good,
                readings: vec![reading.clone()],
            });
        }
    }
}
