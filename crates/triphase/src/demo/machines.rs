//! The demo's machines, each with a meter of its own on a real wire.
//!
//! In: the workshop's seed, zone and clock. Out: `[[meter]]` tables as a user would write them, and
//! tasks that answer on the other side: two Modbus meters behind a gateway on loopback TCP, two M-Bus
//! slaves on a pseudo-terminal, two Modbus slaves on another. One of them falls silent now and then.
//! Where there is a broker the last one publishes over MQTT instead.

use crate::acquire::Clock;
use crate::config::BrokerAddress;
use crate::simulate::{Plant, mbus, modbus};
use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use meter::modbus::{Reader, ReaderOptions, Source};
use meter::{Correction, Dialogue, STEPS_MAX, Step};
use reading::{MeterId, Telegram, Timestamp};
use sim::mbus::{Slave, SlaveBus};
use sim::modbus::{Device, Misdeed, Subject, Units};
use sim::{Pace, ShellyPublisher, Speed, State, SubMeter, Workshop};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use wire::Pty;

/// How often they are read in it.
const PAST_STEP: Duration = Duration::from_secs(60);
/// How long the weak meter works, and how long it is silent. **Unit** s of the workshop.
const WORKS: Duration = Duration::from_secs(420);
const SILENT: Duration = Duration::from_secs(45);
/// The unit of the weak meter behind the gateway.
const WEAK: u8 = 2;
/// The topic of the machine that publishes.
const TOPIC: &str = "atelier/compresseur_air";
const MODEL: &str = "eastron_sdm630";
const LINE_MODEL: &str = "carlo_gavazzi_em340";

/// Where a machine's meter is.
#[derive(Clone, Copy)]
enum Place {
    Gateway(u8),
    Mbus(u8),
    Line(u8),
}

/// A machine: its place among the workshop's loads, id, label, and its meter.
struct Machine(usize, &'static str, &'static str, Place);

const MACHINES: [Machine; 6] = [
    Machine(0, "ligne_production_1", "Ligne de production 1", Place::Gateway(1)),
    Machine(1, "ligne_production_2", "Ligne de production 2", Place::Gateway(WEAK)),
    Machine(2, "ventilation", "Ventilation", Place::Mbus(1)),
    Machine(3, "refroidissement", "Refroidissement", Place::Mbus(2)),
    Machine(4, "eclairage", "Éclairage", Place::Line(1)),
    Machine(6, COMPRESSOR, "Compresseur d'air", Place::Line(2)),
];
const COMPRESSOR: &str = "compresseur_air";

/// The machines' meters and their wires.
pub(super) struct Machines {
    listener: TcpListener,
    gateway: Units,
    line: (Pty, Units),
    bus: (Pty, SlaveBus),
    broker: Option<(String, u16)>,
    workshop: (u64, TimeZone),
}

impl Machines {
    /// The past that the machines tell on a first start.
    pub(super) const PAST: Duration = Duration::from_secs(8 * 86_400);

    /// Puts the meters in and opens their wires.
    ///
    /// # Errors
    /// No port, no pseudo-terminal.
    pub(super) async fn install(
        seed: u64,
        zone: &TimeZone,
        broker: Option<&BrokerAddress>,
    ) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("the gateway's port")?;
        let (mut gateway, mut line) = (Units::default(), Units::default());
        let mut slaves = Vec::new();
        for Machine(load, .., place) in &MACHINES {
            let subject = Subject::Machine(*load);
            match *place {
                Place::Gateway(unit) => gateway.insert(unit, Device::new(map(MODEL)?, subject)),
                Place::Line(unit) => line.insert(unit, Device::new(map(LINE_MODEL)?, subject)),
                Place::Mbus(address) => {
                    let number = 10_240_000 + u32::from(address);
                    slaves.push(Slave::electricity(address, number, Some(*load)));
                }
            }
        }
        let broker = broker.and_then(BrokerAddress::plain);
        Ok(Self {
            listener,
            gateway,
            line: (Pty::open(None)?, line),
            bus: (Pty::open(None)?, SlaveBus::new(slaves, zone.clone())),
            broker: broker.map(|(host, port)| (host.to_owned(), port)),
            workshop: (seed, zone.clone()),
        })
    }

    /// The configuration that reads them.
    ///
    /// # Errors
    /// The gateway's port cannot be told.
    pub(super) fn tables(&self) -> Result<String> {
        let gateway = self.listener.local_addr()?;
        let (line, bus) = (self.line.0.path().display(), self.bus.0.path().display());
        let mut text = String::new();
        for Machine(_, id, label, place) in &MACHINES {
            let _ = write!(
                text,
                "[[meter]]\nid = \"{id}\"\nrole = \"machine\"\nparent = \"general\"\n\
                 label = \"{label}\"\n"
            );
            let _ = match place {
                Place::Line(_) if *id == COMPRESSOR && self.broker.is_some() => {
                    writeln!(text, "mqtt = {{ topic = \"{TOPIC}\", preset = \"shelly_pro_3em\" }}")
                }
                Place::Gateway(unit) => writeln!(
                    text,
                    "model = \"{MODEL}\"\nport = \"modbus+tcp://{gateway}?unit={unit}\"\n\
                     period = \"2s\"\ntimeout = \"500ms\""
                ),
                Place::Line(unit) => writeln!(
                    text,
                    "model = \"{LINE_MODEL}\"\nport = \"modbus+rtu://{line}?baud=9600&unit={unit}\"\n\
                     period = \"5s\""
                ),
                Place::Mbus(address) => writeln!(
                    text,
                    "model = \"mbus\"\nport = \"mbus+serial://{bus}?baud=2400&address={address}\"\n\
                     period = \"10s\""
                ),
            };
        }
        Ok(text)
    }

    /// What the meters would have told until `end`: their registers through the same decoding as
    /// live ones. `take` gets the telegrams of one instant.
    ///
    /// # Errors
    /// Those of `take`.
    pub(super) fn past(
        &mut self,
        end: Timestamp,
        mut take: impl FnMut(Timestamp, Vec<Telegram>) -> Result<()>,
    ) -> Result<()> {
        let (seed, zone) = self.workshop.clone();
        let mut at = end.minus(Self::PAST);
        let mut workshop = Workshop::new(seed, at, zone.clone());
        let mut readers = self.readers()?;
        while at < end {
            let state = workshop.advance(at);
            let read = readers.iter_mut().filter_map(|reader| reader.read(self, &state));
            take(at, read.collect())?;
            at = at.plus(PAST_STEP);
        }
        Ok(())
    }

    fn readers(&self) -> Result<Vec<PastReader>> {
        let reader = |Machine(_, id, _, place): &Machine| -> Result<PastReader> {
            let meter = MeterId::new(*id)?;
            let of = |model| -> Result<Reader> {
                let correction = Correction::NONE;
                let options = ReaderOptions { meter: meter.clone(), correction };
                Ok(Reader::new(Source::Map(Arc::clone(known(model)?)), options))
            };
            Ok(match *place {
                Place::Gateway(unit) => PastReader::Gateway(unit, Box::new(of(MODEL)?)),
                Place::Line(unit) => PastReader::Line(unit, Box::new(of(LINE_MODEL)?)),
                Place::Mbus(address) => {
                    let mut options = meter::DriverOptions::new(meter);
                    options.zone = Some(self.workshop.1.clone());
                    options.mbus.address = Some(wire::MbusAddress::Primary(address));
                    let model = meter::model("mbus").context("the model mbus")?;
                    match model.reader(options) {
                        meter::Reader::Asks(dialogue) => PastReader::Mbus(dialogue),
                        meter::Reader::Listens(_) => anyhow::bail!("M-Bus slaves are asked"),
                    }
                }
            })
        };
        let published = |Machine(_, id, ..): &&Machine| *id == COMPRESSOR && self.broker.is_some();
        MACHINES.iter().filter(|machine| !published(machine)).map(reader).collect()
    }

    /// Answers for as long as the tasks live. The workshop's time runs by `clock`, `speed` times as
    /// fast as real time.
    pub(super) fn serve(self, clock: &Clock, speed: Speed) -> Result<JoinSet<()>> {
        let (seed, zone) = self.workshop;
        let start = clock();
        let workshop = Workshop::new(seed, start, zone.clone());
        let plant = Arc::new(Plant::new(workshop, Arc::clone(clock)));
        let gateway = Arc::new(Mutex::new(self.gateway));
        let mut tasks = JoinSet::new();
        tasks.spawn(modbus::serve_tcp(self.listener, Arc::clone(&gateway), Arc::clone(&plant)));
        tasks.spawn(fail_now_and_then(gateway, speed));
        let (pty, units) = self.line;
        let shared = Arc::clone(&plant);
        let line = modbus::Served { bus: Arc::new(Mutex::new(units)), shared, echo: false };
        tasks.spawn(async move { told("Modbus line", modbus::serve_rtu(pty, &line).await) });
        let (mut pty, bus) = self.bus;
        let served = mbus::Served::new(bus, plant);
        tasks.spawn(async move { told("M-Bus", mbus::on_terminal(served, &mut pty).await) });
        if let Some((host, port)) = self.broker {
            let meter = SubMeter::new(seed, (start, zone), COMPRESSOR)?;
            let device = ShellyPublisher { host, port, topic: TOPIC.to_owned(), meter };
            let pace = Pace { start, speed, clock: crate::clock::now };
            tasks.spawn(device.run(pace, |news| {
                if let Err(reason) = news {
                    tracing::warn!("the simulated Shelly does not reach its broker: {reason}");
                }
            }));
        }
        Ok(tasks)
    }
}

/// Reads one machine of the past.
enum PastReader {
    Gateway(u8, Box<Reader>),
    Line(u8, Box<Reader>),
    Mbus(Box<dyn Dialogue>),
}

impl PastReader {
    fn read(&mut self, machines: &mut Machines, state: &State) -> Option<Telegram> {
        match self {
            Self::Gateway(unit, reader) => {
                registers(reader, machines.gateway.device(*unit)?, state)
            }
            Self::Line(unit, reader) => registers(reader, machines.line.1.device(*unit)?, state),
            Self::Mbus(dialogue) => slave(&mut **dialogue, &mut machines.bus.1, state),
        }
    }
}

fn registers(reader: &mut Reader, device: &mut Device, state: &State) -> Option<Telegram> {
    device.measure(state);
    reader.begin();
    while let Some(span) = reader.next_request() {
        match device.read(span) {
            Some(words) => reader.answered(words),
            None => reader.refused(),
        }
    }
    reader.finish(state.at, state.at).telegram
}

fn slave(dialogue: &mut dyn Dialogue, bus: &mut SlaveBus, state: &State) -> Option<Telegram> {
    let mut coming = Vec::new();
    dialogue.begin(state.at);
    for _ in 0..STEPS_MAX {
        match dialogue.step(state.at) {
            Step::Send(bytes) => coming.extend(bus.hear(&bytes, state)),
            Step::Listen(_) if coming.is_empty() => dialogue.elapsed(state.at),
            Step::Listen(_) => dialogue.receive(state.at, &std::mem::take(&mut coming)),
            Step::Pause(_) | Step::Line(_) | Step::Remember(_) => {}
            Step::Done(answer) => return answer.heard.telegrams.into_iter().next(),
        }
    }
    None
}

/// A meter with a loose contact.
async fn fail_now_and_then(gateway: Arc<Mutex<Units>>, speed: Speed) {
    loop {
        for (misdeed, time) in [(None, WORKS), (Some(Misdeed::Mute), SILENT)] {
            if let Some(device) =
                gateway.lock().unwrap_or_else(PoisonError::into_inner).device(WEAK)
            {
                device.misdeed = misdeed;
            }
            tokio::time::sleep(speed.real_of(time)).await;
        }
    }
}

fn told(wire: &str, ended: Result<()>) {
    if let Err(error) = ended {
        tracing::error!("the simulated {wire} stopped: {error:#}");
    }
}

fn known(model: &str) -> Result<&'static Arc<meter::modbus::Map>> {
    meter::modbus::map(model).with_context(|| format!("the register map {model}"))
}

fn map(model: &str) -> Result<&'static meter::modbus::Map> {
    known(model).map(|map| &**map)
}
