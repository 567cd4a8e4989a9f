//! `triphase simulate` of meters that answer Modbus questions: over TCP, or as slaves on a
//! pseudo-terminal or behind a transparent gateway.

use super::plant::Plant;
use crate::cli;
use crate::clock;
use crate::config::loopback_only;
use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use meter::modbus::{self, Map, SUNSPEC};
use sim::Workshop;
use sim::modbus::{Device, Framing, Misdeed, Reply, Subject, Units};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wire::Pty;

/// Most connections to one listener; a further one is turned away, as by real gateways.
const CONNECTIONS_MAX: usize = 64;
/// Most listeners of one simulation.
const COUNT_MAX: u16 = 2000;
/// Highest unit of a meter.
const UNIT_MAX: u8 = 247;
/// How many machines the workshop has.
const MACHINES: usize = 7;
const READ_SIZE: usize = 512;

/// The map of a model, when it is one that is read over Modbus.
///
/// # Errors
/// A map file that cannot be used.
pub(super) fn map(model: &str) -> Result<Option<Map>> {
    if model.ends_with(".toml") {
        let text = std::fs::read_to_string(model).with_context(|| format!("--model {model}"))?;
        let stem = std::path::Path::new(model).file_stem().unwrap_or_default();
        return modbus::parse(&stem.to_string_lossy(), &text).map(Some).map_err(|faults| {
            let first = faults.first().map_or("it is no map", |fault| fault.message.as_str());
            anyhow::anyhow!("--model {model}: {first}; `triphase check` shows where")
        });
    }
    let name = if model == SUNSPEC { "sunspec_meter" } else { model };
    Ok(modbus::map(name).map(|map| Map::clone(map)))
}

/// Simulates until SIGTERM or SIGINT.
pub(super) async fn simulate(arguments: &cli::Simulate, map: &Map) -> Result<()> {
    let zone = TimeZone::get(&arguments.timezone)
        .map_err(|_| anyhow::anyhow!("--timezone {}: expected an IANA name", arguments.timezone))?;
    let start = clock::now();
    let workshop = Workshop::new(arguments.seed, start, zone);
    let speed = arguments.speed;
    let now = move || start.plus(clock::now().since(start).mul_f64(speed));
    let shared = Arc::new(Plant::new(workshop, Arc::new(now)));
    let units = units(arguments, map)?;
    let misdeeds = misdeeds(arguments, &units)?;
    let bus = || {
        let mut bus = Units::default();
        for (place, unit) in units.iter().enumerate() {
            let mut device = Device::new(map, Subject::Machine(place % MACHINES));
            device.misdeed = misdeeds.iter().find(|(at, _)| at == unit).map(|(_, what)| *what);
            bus.insert(*unit, device);
        }
        Arc::new(Mutex::new(bus))
    };
    let port = arguments.port.as_str();
    let serving = async {
        if port == "pty" {
            let pty = Pty::open(None)?;
            println!("{}", pty.path().display());
            std::io::stdout().flush().context("stdout")?;
            return serve_rtu(pty, &Served { bus: bus(), shared, echo: arguments.echo }).await;
        }
        let transparent = port.strip_prefix("modbus+rtutcp://");
        let numbered = || port.trim_start_matches("modbus+").strip_prefix("tcp://");
        let address = transparent.or_else(numbered).and_then(|address| address.parse().ok());
        let address: SocketAddr = address.with_context(|| {
            format!(
                "--port {port}: expected pty, tcp://ADDRESS:PORT or modbus+rtutcp://ADDRESS:PORT"
            )
        })?;
        loopback_only(address).map_err(|reason| anyhow::anyhow!("--port {port}: {reason}"))?;
        let mut listeners = Vec::new();
        for place in 0..arguments.count.clamp(1, COUNT_MAX) {
            let next = if address.port() == 0 { 0 } else { address.port().saturating_add(place) };
            listeners.push(crate::run::bind(SocketAddr::new(address.ip(), next)).await?);
        }
        for listener in &listeners {
            let scheme = if transparent.is_some() { "modbus+rtutcp" } else { "tcp" };
            println!("{scheme}://{}", listener.local_addr()?);
        }
        std::io::stdout().flush().context("stdout")?;
        for listener in listeners {
            let served = Served { bus: bus(), shared: Arc::clone(&shared), echo: arguments.echo };
            match transparent {
                Some(_) => tokio::spawn(serve_transparent(listener, served)),
                None => tokio::spawn(serve_tcp(listener, served.bus, served.shared)),
            };
        }
        std::future::pending().await
    };
    tokio::select! {
        ended = serving => ended,
        stopped = crate::run::asked_to_stop() => stopped.map(drop),
    }
}

/// `1-6,9`.
fn units(arguments: &cli::Simulate, map: &Map) -> Result<Vec<u8>> {
    let Some(text) = &arguments.units else { return Ok(vec![map.unit_id]) };
    let mut units = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let unit = |text: &str| text.trim().parse::<u8>().ok().filter(|unit| *unit <= UNIT_MAX);
        match (unit(first), unit(last)) {
            (Some(first), Some(last)) if first <= last => units.extend(first..=last),
            _ => bail!("--units {text}: expected units from 0 to {UNIT_MAX}, such as 1-6,9"),
        }
    }
    units.sort_unstable();
    units.dedup();
    Ok(units)
}

/// `3=mute`, `4=late:1500ms`, `5=exception:4`.
fn misdeeds(arguments: &cli::Simulate, units: &[u8]) -> Result<Vec<(u8, Misdeed)>> {
    let expected = "expected UNIT=WHAT with mute, late:1500ms, exception:4, wrong-unit, \
                    wrong-transaction, half, garbage, short or hang-up";
    let parsed = |text: &String| {
        let (unit, what) = text.split_once('=')?;
        let unit = unit.parse().ok().filter(|unit| units.contains(unit))?;
        let (what, detail) = what.split_once(':').unwrap_or((what, ""));
        let misdeed = match what {
            "mute" => Misdeed::Mute,
            "late" => {
                let ms = detail.strip_suffix("ms")?.parse().ok()?;
                Misdeed::Late(Duration::from_millis(ms))
            }
            "exception" => Misdeed::Exception(detail.parse().ok()?),
            "wrong-unit" => Misdeed::WrongUnit,
            "wrong-transaction" => Misdeed::WrongTransaction,
            "half" => Misdeed::Half,
            "garbage" => Misdeed::Garbage,
            "short" => Misdeed::Short,
            "hang-up" => Misdeed::HangUp,
            _ => return None,
        };
        Some((unit, misdeed))
    };
    let each = arguments.fault.iter();
    each.map(|text| parsed(text).with_context(|| format!("--fault {text}: {expected}"))).collect()
}

/// Serves whoever connects, for ever.
pub(crate) async fn serve_tcp(listener: TcpListener, bus: Arc<Mutex<Units>>, shared: Arc<Plant>) {
    let connections = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, from)) = listener.accept().await else { continue };
        let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else { continue };
        tracing::debug!(%from, "a master connected");
        let (bus, shared) = (Arc::clone(&bus), Arc::clone(&shared));
        tokio::spawn(async move {
            let _permit = permit;
            let _ = serve_master(stream, &bus, &shared).await;
        });
    }
}

async fn serve_master(
    mut stream: TcpStream,
    bus: &Mutex<Units>,
    shared: &Plant,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut pending = Vec::new();
    let mut buffer = [0; READ_SIZE];
    loop {
        while let Some(reply) = answer(bus, shared, Framing::Tcp, &mut pending) {
            tokio::time::sleep(reply.after).await;
            stream.write_all(&reply.bytes).await?;
            if reply.hangs_up {
                return Ok(());
            }
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => pending.extend(&buffer[..count]),
        }
    }
}

/// Slaves on a line.
pub(crate) struct Served {
    pub(crate) bus: Arc<Mutex<Units>>,
    pub(crate) shared: Arc<Plant>,
    /// The master's converter hears itself.
    pub(crate) echo: bool,
}

impl Served {
    /// What comes back at once of what the master said, and what a slave makes of it.
    fn hear(&self, pending: &mut Vec<u8>, bytes: &[u8]) -> (Vec<u8>, Option<Reply>) {
        pending.extend(bytes);
        let echo = if self.echo { bytes.to_vec() } else { Vec::new() };
        (echo, answer(&self.bus, &self.shared, Framing::Rtu, pending))
    }
}

/// Serves the slaves of a pseudo-terminal; ends only with an error.
pub(crate) async fn serve_rtu(pty: Pty, served: &Served) -> Result<()> {
    let mut line = wire::Link::of_pty(pty);
    let mut pending = Vec::new();
    let mut buffer = [0; READ_SIZE];
    loop {
        let count = line.read(&mut buffer).await?;
        let (echo, reply) = served.hear(&mut pending, &buffer[..count]);
        line.write_all(&echo).await?;
        if let Some(reply) = reply {
            tokio::time::sleep(reply.after).await;
            line.write_all(&reply.bytes).await?;
        }
    }
}

/// Serves the slaves behind a gateway that passes bytes on as they are: one master, for ever.
async fn serve_transparent(listener: TcpListener, served: Served) {
    loop {
        let Ok((stream, from)) = listener.accept().await else { continue };
        tracing::debug!(%from, "a master connected");
        let _ = pass_on(stream, &served).await;
    }
}

async fn pass_on(mut stream: TcpStream, served: &Served) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut pending = Vec::new();
    let mut buffer = [0; READ_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let (echo, reply) = served.hear(&mut pending, &buffer[..count]);
        stream.write_all(&echo).await?;
        if let Some(reply) = reply {
            tokio::time::sleep(reply.after).await;
            stream.write_all(&reply.bytes).await?;
            if reply.hangs_up {
                return Ok(());
            }
        }
    }
}

fn answer(
    bus: &Mutex<Units>,
    shared: &Plant,
    framing: Framing,
    pending: &mut Vec<u8>,
) -> Option<Reply> {
    let mut bus = bus.lock().unwrap_or_else(PoisonError::into_inner);
    bus.answer(framing, pending, &mut || shared.state())
}
