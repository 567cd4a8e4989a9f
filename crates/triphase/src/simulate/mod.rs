//! `triphase simulate`: one simulated meter that any third-party reader can talk to.
//!
//! In: a model, a seed, keys, a port. Out: its telegrams when they are due, or its answers, on a
//! pseudo-terminal or to whoever connects over TCP, until the process is ended.

mod cosem;
pub(crate) mod mbus;
pub(crate) mod modbus;
mod optical;
mod plant;

pub(crate) use plant::Plant;

use crate::cli;
use crate::clock;
use crate::config::{broker_address, loopback_only};
use crate::decode::key_argument;
use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use reading::Timestamp;
use sim::{E450Feed, Feed, P1Feed, Pace, Protection, ShellyPublisher, Speed, SubMeter};
use std::io::Write;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use wire::Pty;

/// Most readers of one simulated meter over TCP; a further one is turned away.
const READERS_MAX: usize = 16;

/// The model that publishes to a broker.
const PUBLISHES: &str = "shelly_pro_3em";

/// Where the telegrams go.
enum Output {
    Terminal(Pty),
    Listener { listener: TcpListener, readers: Vec<TcpStream> },
}

/// Simulates until SIGTERM or SIGINT.
pub(crate) async fn simulate(arguments: cli::Simulate) -> Result<()> {
    // A Shelly speaks Modbus and MQTT: the port says which of them is meant.
    let publishes = arguments.model == PUBLISHES && arguments.port.starts_with("mqtt");
    if let Some(map) = modbus::map(&arguments.model)?.filter(|_| !publishes) {
        return modbus::simulate(&arguments, &map).await;
    }
    let pushing = sim::models().iter().map(|model| model.name);
    let asked = meter::modbus::maps().iter().map(|map| map.name.as_str());
    let known: Vec<&str> = pushing.chain(asked).collect();
    if !known.contains(&arguments.model.as_str()) {
        bail!("--model {}: this version simulates {}", arguments.model, known.join(", "));
    }
    let key = |argument: &Option<String>, name: &str| {
        argument.as_deref().map(|text| key_argument(text, name)).transpose()
    };
    let guek = key(&arguments.guek, "--guek")?;
    let gak = key(&arguments.gak, "--gak")?;
    let zone = TimeZone::get(&arguments.timezone)
        .map_err(|_| anyhow::anyhow!("--timezone {}: expected an IANA name", arguments.timezone))?;
    if arguments.model == "lgz_e450_dlms" {
        let settings = cosem::settings(&arguments, (guek, gak))?;
        let output = open(&arguments.port).await?;
        return tokio::select! {
            served = cosem::serve(&arguments, (zone, settings), output) => served,
            stopped = crate::run::asked_to_stop() => stopped.map(drop),
        };
    }
    if arguments.model == PUBLISHES {
        return publish(arguments, zone).await;
    }
    let mut output = open(&arguments.port).await?;
    let start = clock::now();
    let speed = Speed::times(arguments.speed)?;
    match arguments.model.as_str() {
        "iec62056_21" => {
            let mut meter = optical::meter(&arguments, &zone);
            let answering = async {
                match &mut output {
                    Output::Terminal(pty) => optical::on_terminal(&mut meter, pty).await,
                    Output::Listener { listener, .. } => {
                        optical::over_tcp(&mut meter, listener).await
                    }
                }
            };
            until_stopped(answering).await
        }
        "mbus" => until_stopped(mbus::serve(&arguments, zone, (start, speed), &mut output)).await,
        "dsmr_p1" => {
            let feed = P1Feed::new(arguments.seed, start, &zone);
            until_stopped(push(feed, (start, speed), &mut output)).await
        }
        _ => {
            let feed = E450Feed::new(arguments.seed, start, &zone, &Protection::of(guek, gak));
            until_stopped(push(feed, (start, speed), &mut output)).await
        }
    }
}

/// Sends what a meter pushes when it is due; ends only with an error.
async fn push(
    mut feed: impl Feed,
    (start, speed): (Timestamp, Speed),
    output: &mut Output,
) -> Result<()> {
    let pace = Pace { start, speed, clock: clock::now };
    Err(sim::serve(&mut feed, pace, async |bytes: &[u8]| output.send(bytes).await).await)
}

async fn until_stopped(serving: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        ended = serving => ended,
        stopped = crate::run::asked_to_stop() => stopped.map(drop),
    }
}

/// Publishes over MQTT until SIGTERM or SIGINT.
async fn publish(arguments: cli::Simulate, zone: TimeZone) -> Result<()> {
    let cli::Simulate { port, machine, topic, seed, speed, .. } = arguments;
    let expected = || format!("--port {port}: {PUBLISHES} takes a broker, mqtt://HOST:PORT");
    let broker = broker_address(&port).ok();
    let (host, broker_port) = broker.as_ref().and_then(|it| it.plain()).with_context(expected)?;
    if !outlet::feed::TopicFilter::new(&topic).is_ok_and(|topic| !topic.is_wild()) {
        bail!("--topic {topic}: expected a topic without + and #");
    }
    let start = clock::now();
    let meter = SubMeter::new(seed, (start, zone), &machine).context("--machine")?;
    let pace = Pace { start, speed: Speed::times(speed)?, clock: clock::now };
    println!("{topic}");
    std::io::stdout().flush().context("stdout")?;
    let device = ShellyPublisher { host: host.to_owned(), port: broker_port, topic, meter };
    let publishing = device.run(pace, |news| match news {
        Ok(()) => tracing::info!(broker = port, "connected to the broker"),
        Err(reason) => tracing::warn!(broker = port, "{reason}; it is tried again"),
    });
    tokio::select! {
        () = publishing => Ok(()),
        stopped = crate::run::asked_to_stop() => stopped.map(drop),
    }
}

/// Opens the port and says where it is, as the first line of stdout.
async fn open(port: &str) -> Result<Output> {
    let (output, place) = match port.strip_prefix("tcp://") {
        Some(address) => {
            let address: SocketAddr = address
                .parse()
                .with_context(|| format!("--port {port}: expected tcp://ADDRESS:PORT"))?;
            loopback_only(address).map_err(|reason| anyhow::anyhow!("--port {port}: {reason}"))?;
            let listener = crate::run::bind(address).await?;
            let place = format!("tcp://{}", listener.local_addr()?);
            (Output::Listener { listener, readers: Vec::new() }, place)
        }
        None if port == "pty" => {
            let pty = Pty::open(None)?;
            let place = pty.path().display().to_string();
            (Output::Terminal(pty), place)
        }
        None => bail!("--port {port}: expected pty or tcp://ADDRESS:PORT"),
    };
    println!("{place}");
    std::io::stdout().flush().context("stdout")?;
    Ok(output)
}

impl Output {
    /// Sends to whoever listens; what nobody takes is lost, as on a real line.
    async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Terminal(pty) => {
                pty.write_or_lose(bytes)?;
            }
            Self::Listener { listener, readers } => {
                while let Some(accepted) = ready(listener.accept()).await {
                    let (stream, from) = accepted?;
                    if readers.len() < READERS_MAX {
                        tracing::info!(%from, "a reader connected");
                        readers.push(stream);
                    }
                }
                let mut kept = Vec::new();
                for mut reader in readers.drain(..) {
                    // A reader that takes nothing must not hold up the meter.
                    if matches!(ready(reader.write_all(bytes)).await, Some(Ok(()))) {
                        kept.push(reader);
                    }
                }
                *readers = kept;
            }
        }
        Ok(())
    }
}

/// What a future gives without waiting.
async fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = std::future::ready(()) => None,
    }
}
