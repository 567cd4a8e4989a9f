//! `triphase simulate` of a wired M-Bus: slaves behind a level converter, or behind a gateway.

use super::{Output, Plant};
use crate::{cli, clock};
use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use reading::Timestamp;
use sim::mbus::{Misdeed, SlaveBus};
use sim::{Speed, Workshop};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use wire::Pty;

/// Most masters of one gateway; a further one is turned away, as by real gateways.
const MASTERS_MAX: usize = 4;
/// Most bytes taken at once.
const READ_SIZE: usize = 512;
/// The registers count at least so often, whether anybody asks or not.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Serves the workshop's bus until it fails.
pub(super) async fn serve(
    arguments: &cli::Simulate,
    zone: TimeZone,
    (start, speed): (Timestamp, Speed),
    output: &mut Output,
) -> Result<()> {
    let mut bus = SlaveBus::workshop(zone.clone());
    bus.misbehave(arguments.echo.then_some(Misdeed::Echo));
    let workshop = Workshop::new(arguments.seed, start, zone);
    let now = move || start.plus(speed.scaled(clock::now().since(start)));
    let served = Served::new(bus, Arc::new(Plant::new(workshop, Arc::new(now))));
    match output {
        Output::Terminal(pty) => on_terminal(served, pty).await,
        Output::Listener { listener, .. } => over_tcp(served, listener).await,
    }
}

/// The bus with the workshop that its meters measure.
pub(crate) struct Served {
    bus: SlaveBus,
    plant: Arc<Plant>,
}

impl Served {
    pub(crate) const fn new(bus: SlaveBus, plant: Arc<Plant>) -> Self {
        Self { bus, plant }
    }

    /// What the bus answers now; registers count even where nothing was asked.
    fn hear(&mut self, bytes: &[u8]) -> Vec<u8> {
        if bytes.is_empty() {
            self.bus.forget();
        }
        self.bus.hear(bytes, &self.plant.state())
    }
}

/// Serves a pseudo-terminal; ends only with an error.
pub(crate) async fn on_terminal(mut served: Served, pty: &mut Pty) -> Result<()> {
    let mut buffer = [0; READ_SIZE];
    loop {
        let count = match timeout(COUNT_EVERY, pty.read(&mut buffer)).await {
            Ok(read) => read.context("the pseudo-terminal")?,
            Err(_) => 0,
        };
        let answer = served.hear(buffer.get(..count).unwrap_or_default());
        if !answer.is_empty() {
            pty.write_or_lose(&answer)?;
        }
    }
}

/// Serves whoever connects; ends only with an error.
async fn over_tcp(served: Served, listener: &TcpListener) -> Result<()> {
    let served = Arc::new(Mutex::new(served));
    let places = Arc::new(tokio::sync::Semaphore::new(MASTERS_MAX));
    loop {
        let accepted = match timeout(COUNT_EVERY, listener.accept()).await {
            Ok(accepted) => accepted,
            Err(_) => {
                served.lock().unwrap_or_else(PoisonError::into_inner).hear(&[]);
                continue;
            }
        };
        let (stream, from) = accepted.context("the listener")?;
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(%from, "turned away: {MASTERS_MAX} masters are connected");
            continue;
        };
        tracing::info!(%from, "a master connected");
        let served = Arc::clone(&served);
        tokio::spawn(async move {
            // A master that went away is no fault of the bus.
            let _ = converse(stream, &served).await;
            drop(place);
        });
    }
}

async fn converse(mut stream: TcpStream, served: &Mutex<Served>) -> std::io::Result<()> {
    let mut buffer = [0; READ_SIZE];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        let answer = served.lock().unwrap_or_else(PoisonError::into_inner).hear(bytes);
        stream.write_all(&answer).await?;
    }
}
