//! A simulated optical port on a pseudo-terminal, or for one reader at a time over TCP.
//!
//! In: what the reader sends. Out: what the meter answers, at its own pace. A pseudo-terminal carries
//! the rate that the reader set, so a reader who does not change the rate in time hears garbage, as
//! on a real head; TCP has no rate, and everything is heard.

use crate::cli;
use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use sim::{Habits, Head, Keeps, OpticalMeter, Pages, Parity, Sent, Uart};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use wire::Pty;

/// Most bytes taken from a reader at once.
const READ_MAX: usize = 256;
/// How often the rate of the line is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// Bytes that go out together; a read-out leaves at the pace of its line.
const PIECE: usize = 32;
/// Most pieces that wait to go out.
const WAITING_MAX: usize = 4096;

/// The meter with the habits of the command line.
pub(super) fn meter(arguments: &cli::Simulate, zone: &TimeZone) -> OpticalMeter {
    let habits = Habits {
        head: if arguments.echo { Head::Echoing } else { Head::Quiet },
        offer: arguments.offer,
        keeps: if arguments.breaks_offer { Keeps::TheSignOnRate } else { Keeps::TheOffer },
        pages: if arguments.pages { Pages::Several } else { Pages::One },
        ..Habits::default()
    };
    OpticalMeter::new(arguments.seed, crate::clock::now(), zone, habits)
}

/// What is to go out, and when.
struct Outgoing {
    waiting: VecDeque<(Instant, u32, Vec<u8>)>,
    /// The line is busy until then.
    busy: Instant,
}

impl Outgoing {
    fn new() -> Self {
        Self { waiting: VecDeque::new(), busy: Instant::now() }
    }

    fn add(&mut self, sent: &Sent) {
        let Sent { after, baud, bytes } = sent;
        let mut at = self.busy.max(Instant::now() + *after);
        for piece in bytes.chunks(PIECE) {
            let characters = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            at += Duration::from_secs(10) / *baud * characters;
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push_back((at, *baud, piece.to_vec()));
            }
        }
        self.busy = at;
    }

    /// The next piece, once it has left the meter.
    async fn next(&mut self) -> (u32, Vec<u8>) {
        let Some((at, ..)) = self.waiting.front() else { return std::future::pending().await };
        sleep_until(*at).await;
        self.waiting.pop_front().map_or((0, Vec::new()), |(_, baud, bytes)| (baud, bytes))
    }
}

/// Answers on a pseudo-terminal, for ever.
pub(super) async fn on_terminal(meter: &mut OpticalMeter, pty: &mut Pty) -> Result<()> {
    let mut buffer = [0; READ_MAX];
    let mut outgoing = Outgoing::new();
    // A reader may write as soon as it has changed the rate, and change it as soon as it has written:
    // a pseudo-terminal has no line that its bytes would have to leave first. So the rates before
    // and after they came may both be theirs.
    let mut rate = pty.baud();
    loop {
        let read = tokio::select! {
            biased;
            read = pty.read(&mut buffer) => Some(read.context("the pseudo-terminal")?),
            () = sleep(GLANCE) => None,
            (baud, bytes) = outgoing.next() => {
                pty.write_or_lose(&as_heard(&bytes, baud, pty.baud()))?;
                None
            }
        };
        let before = std::mem::replace(&mut rate, pty.baud());
        let Some(count) = read else { continue };
        let asked: Vec<u8> = buffer.iter().take(count).map(|byte| byte & 0x7F).collect();
        let own = Some(meter.baud());
        let theirs = if before == own { before } else { rate };
        for sent in meter.receive(crate::clock::now(), theirs, &asked) {
            outgoing.add(&sent);
        }
    }
}

/// What a reader at another rate hears: seven bits and even parity, sampled at the wrong moments.
fn as_heard(bytes: &[u8], sent_at: u32, heard_at: Option<u32>) -> Vec<u8> {
    match heard_at {
        Some(baud) if baud != sent_at && baud > 0 => {
            let even = |byte: &u8| byte | u8::from(byte.count_ones() % 2 == 1) << 7;
            let line: Vec<u8> = bytes.iter().map(even).collect();
            let plain = |baud| Uart { baud, parity: Parity::None };
            let heard = plain(baud).receive(&line, plain(sent_at));
            heard.iter().map(|byte| byte & 0x7F).collect()
        }
        _ => bytes.to_vec(),
    }
}

/// Answers one reader after the other over TCP, for ever.
pub(super) async fn over_tcp(meter: &mut OpticalMeter, listener: &TcpListener) -> Result<()> {
    loop {
        let (stream, from) = listener.accept().await.context("the listener")?;
        tracing::info!(%from, "a reader connected");
        if let Err(error) = with_reader(meter, stream).await {
            tracing::info!(%from, "the reader is gone: {error}");
        }
    }
}

async fn with_reader(meter: &mut OpticalMeter, mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; READ_MAX];
    let mut outgoing = Outgoing::new();
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => {
                let count = read?;
                if count == 0 {
                    return Ok(());
                }
                let asked = buffer.get(..count).unwrap_or_default();
                for sent in meter.receive(crate::clock::now(), None, asked) {
                    outgoing.add(&sent);
                }
            }
            (_, bytes) = outgoing.next() => stream.write_all(&bytes).await?,
        }
    }
}
