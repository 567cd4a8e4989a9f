//! The simulated meter that answers DLMS/COSEM clients, on a pseudo-terminal or over TCP.
//!
//! In: clients, up to a bound. Out: answers. Each connection has its own association; all see the
//! same meter.

use crate::cli;
use crate::clock;
use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use reading::Timestamp;
use sim::{Access, CosemMeter, CosemServer, CosemSettings};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Most clients at once; a further one waits.
const CLIENTS_MAX: usize = 16;
const READ_MAX: usize = 4096;

/// Virtual time: it runs `speed` times as fast as the clock.
#[derive(Debug, Clone, Copy)]
struct Pace {
    start: Timestamp,
    speed: f64,
}

impl Pace {
    fn now(self) -> Timestamp {
        self.start.plus(clock::now().since(self.start).mul_f64(self.speed))
    }
}

#[derive(Clone)]
struct Simulated {
    meter: Arc<Mutex<CosemMeter>>,
    pace: Pace,
}

impl Simulated {
    fn answer(&self, server: &mut CosemServer, bytes: &[u8]) -> Vec<u8> {
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        server.receive(&mut meter, self.pace.now(), bytes)
    }
}

/// What the arguments ask for.
pub(super) fn settings(
    arguments: &cli::Simulate,
    (guek, gak): (Option<[u8; 16]>, Option<[u8; 16]>),
) -> Result<CosemSettings> {
    let access = match (guek.zip(gak), &arguments.password) {
        (Some((guek, gak)), None) => Access::Keys { guek, gak },
        (None, Some(text)) if guek.is_none() => Access::Password(password(text)?),
        (None, None) if guek.is_none() => Access::Open,
        (None, _) => anyhow::bail!("--guek without --gak: high level security needs both keys"),
        (Some(_), Some(_)) => anyhow::bail!("--password or --guek with --gak, not both"),
    };
    let mut settings = CosemSettings { access, ..CosemSettings::default() };
    if let Some(length) = arguments.pdu_length_max {
        settings.pdu_length_max = length;
    }
    Ok(settings)
}

fn password(text: &str) -> Result<Vec<u8>> {
    let text = match text.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("--password: {path} cannot be read"))?,
        None => text.to_owned(),
    };
    Ok(text.trim_end_matches(['\r', '\n']).as_bytes().to_vec())
}

/// Answers on the opened port, for ever.
pub(super) async fn serve(
    arguments: &cli::Simulate,
    (zone, settings): (TimeZone, CosemSettings),
    output: super::Output,
) -> Result<()> {
    let pace = Pace { start: clock::now(), speed: arguments.speed };
    let meter = CosemMeter::new(arguments.seed, pace.start, zone, settings);
    let simulated = Simulated { meter: Arc::new(Mutex::new(meter)), pace };
    match output {
        super::Output::Terminal(mut pty) => {
            let mut server = CosemServer::new();
            let mut buffer = [0; READ_MAX];
            loop {
                let count = pty.read(&mut buffer).await?;
                let answer = simulated.answer(&mut server, &buffer[..count]);
                pty.write_or_lose(&answer)?;
            }
        }
        super::Output::Listener { listener, .. } => listen(&listener, simulated).await,
    }
}

async fn listen(listener: &TcpListener, simulated: Simulated) -> Result<()> {
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.context("places for clients")?;
        let (stream, from) = listener.accept().await?;
        tracing::info!(%from, "a client connected");
        let simulated = simulated.clone();
        tokio::spawn(async move {
            if let Err(error) = converse(stream, simulated).await {
                tracing::info!(%from, %error, "a client is gone");
            }
            drop(place);
        });
    }
}

async fn converse(mut stream: TcpStream, simulated: Simulated) -> std::io::Result<()> {
    let mut server = CosemServer::new();
    let mut buffer = [0; READ_MAX];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let answer = simulated.answer(&mut server, &buffer[..count]);
        stream.write_all(&answer).await?;
    }
}
