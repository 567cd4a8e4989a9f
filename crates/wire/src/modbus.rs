//! Modbus questions and answers on an open wire.
//!
//! In: a wire, a question. Out: the registers, or why there are none. One question is open at a
//! time. What a failure means for the wire is part of its answer: once an answer is owed, it could
//! be taken for that to the next question, so the wire must be opened anew.

mod echo;

use crate::{Error, LineSettings, Link, Port};
use echo::Echo;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_modbus::client::{Client as _, Context as Session, rtu, tcp};
use tokio_modbus::prelude::ReadCode;
use tokio_modbus::slave::{Slave, SlaveContext as _};
use tokio_modbus::{ExceptionCode, ProtocolError, Request, Response};

/// Silence between two frames of a fast serial line; slower ones need 3.5 characters.
///
/// # Source
/// MODBUS over Serial Line V1.02, 2.5.1.1: 1.750 ms above 19200 baud.
const FRAME_GAP_MIN: Duration = Duration::from_micros(1750);
/// A late answer has ended when nothing came for so long.
const QUIET: Duration = Duration::from_millis(30);
/// Longest wait for a line to fall silent.
const QUIET_MAX: Duration = Duration::from_secs(2);
/// Most parts of a device's identification that are fetched.
const IDENTIFICATION_PARTS_MAX: usize = 4;
/// Characters of a question, and of an answer beside its registers.
const FRAME_CHARACTERS: u32 = 13;
/// The rate that a line behind a gateway is taken to run at. **Unit** bit/s.
const GATEWAY_BAUD: u32 = 9600;
/// Most bytes taken from a wire at once.
const READ_MAX: usize = 512;
/// Bytes of an exchange that are remembered, of each direction: the longest unit, and as much noise.
const EXCHANGE_BYTES_MAX: usize = 520;
/// Bits of a character: start, eight data bits, parity, stop.
const BITS_PER_CHARACTER: u64 = 11;

/// How questions are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// With a header that counts questions.
    Tcp,
    /// With a check sum, between silences.
    Rtu,
}

impl Framing {
    /// How questions on a port are framed; `None` for a port that is none of Modbus.
    #[must_use]
    pub const fn of(port: &Port) -> Option<Self> {
        match port {
            Port::ModbusTcp { .. } => Some(Self::Tcp),
            Port::ModbusRtu { .. } | Port::ModbusRtuTcp { .. } => Some(Self::Rtu),
            _ => None,
        }
    }
}

/// Which registers of which device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The device. **Range** 0 to 255.
    pub unit: u8,
    /// 3 reads holding registers, 4 input registers.
    pub function: u8,
    /// The first register, counted from 0.
    pub address: u16,
    /// How many. **Range** 1 to 125.
    pub count: u16,
}

/// How a device wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// How long its answer may take, beside the time that a serial line needs to carry it.
    pub timeout: Duration,
    /// Silence that it needs after the last answer on the wire.
    pub pause: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The device says no.
    #[error("the device answers exception {code} ({})", exception_name(*code))]
    Exception {
        /// The exception's number.
        code: u8,
    },
    /// Nothing, or half an answer, came in time.
    #[error("no whole answer within {} ms, {bytes} bytes came", waited.as_millis())]
    Timeout {
        /// How long was waited.
        waited: Duration,
        /// Bytes that came and made no answer.
        bytes: usize,
    },
    /// An answer came that is none to this question: it names another unit, transaction or
    /// function.
    #[error("the answer belongs to another question: it is of another {0}")]
    Foreign(&'static str),
    /// What came is no answer.
    #[error("what came is no Modbus answer: {0}")]
    Malformed(String),
    /// The answer has another length than was asked for.
    #[error("{got} registers came where {asked} were asked for")]
    Length {
        /// What was asked for.
        asked: u16,
        /// What came.
        got: usize,
    },
    /// The wire failed.
    #[error(transparent)]
    Wire(#[from] Error),
}

impl Failure {
    /// Whether the wire must not be used on.
    #[must_use]
    pub const fn spoils_the_wire(&self) -> bool {
        !matches!(self, Self::Exception { .. })
    }
}

/// The name of an exception.
///
/// # Source
/// Modbus Application Protocol V1.1b3, 7.
#[must_use]
pub const fn exception_name(code: u8) -> &'static str {
    match code {
        1 => "illegal function",
        2 => "illegal data address",
        3 => "illegal data value",
        4 => "server device failure",
        5 => "acknowledge",
        6 => "server device busy",
        8 => "memory parity error",
        10 => "gateway path unavailable",
        11 => "gateway target device failed to respond",
        _ => "of its own",
    }
}

/// Asks the devices on one wire.
pub struct Client {
    session: Session,
    wire: Shared,
    framing: Framing,
    line: Option<LineSettings>,
    /// How long one character takes; nothing where there is no line.
    character: Duration,
    frame_gap: Duration,
    /// When the last answer or silence on the wire ended.
    last: Option<Instant>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("framing", &self.framing).finish_non_exhaustive()
    }
}

impl Client {
    /// Takes an open wire as its port says; `None` when that is none of Modbus.
    #[must_use]
    pub fn of(link: Link, port: &Port) -> Option<Self> {
        Framing::of(port).map(|framing| Self::new(link, framing))
    }

    /// Takes an open wire.
    #[must_use]
    pub fn new(link: Link, framing: Framing) -> Self {
        let wire = Shared(Arc::new(Mutex::new(Wire::new(link, framing))));
        let session = match framing {
            Framing::Tcp => tcp::attach(wire.clone()),
            Framing::Rtu => rtu::attach(wire.clone()),
        };
        let (character, frame_gap) = match framing {
            Framing::Tcp => (Duration::ZERO, Duration::ZERO),
            // Until a line is set: the one behind a gateway.
            Framing::Rtu => pace(GATEWAY_BAUD),
        };
        Self { session, wire, framing, line: None, character, frame_gap, last: None }
    }

    /// Whether an answer tells which question it belongs to. Where it does not, a late one is like
    /// that to the present question when it is as long.
    #[must_use]
    pub fn answers_are_numbered(&self) -> bool {
        self.framing == Framing::Tcp
    }

    /// Sets a serial line for the next questions; other wires have nothing to set.
    ///
    /// # Errors
    /// The device refuses the settings or is gone.
    pub fn set_line(&mut self, line: LineSettings) -> Result<(), Error> {
        if self.line == Some(line) {
            return Ok(());
        }
        // An answer has been received or given up: nothing of ours is still leaving.
        self.wire.lock().link.set_line_now(line)?;
        self.line = Some(line);
        (self.character, self.frame_gap) = pace(line.baud);
        Ok(())
    }

    /// Waits until a serial line is silent, so that a late answer is over before the next
    /// question. Returns how many bytes were dropped.
    ///
    /// # Errors
    /// The wire failed.
    pub async fn settle(&mut self) -> Result<usize, Error> {
        if self.framing == Framing::Tcp {
            return self.drain();
        }
        let end = Instant::now() + QUIET_MAX;
        let mut dropped = 0;
        loop {
            sleep_until(Instant::now() + QUIET).await;
            let count = self.drain()?;
            dropped += count;
            if count == 0 || Instant::now() > end {
                self.last = Some(Instant::now());
                return Ok(dropped);
            }
        }
    }

    /// Drops what came unasked; an error when the other side has closed the wire.
    ///
    /// # Errors
    /// The wire failed.
    pub fn drain(&mut self) -> Result<usize, Error> {
        self.wire.lock().link.drain_now()
    }

    /// How questions are framed.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// Takes the bytes of the last question and of what came then, as they went over the wire.
    pub fn take_exchange(&mut self) -> (Vec<u8>, Vec<u8>) {
        let mut wire = self.wire.lock();
        (std::mem::take(&mut wire.asked), std::mem::take(&mut wire.heard))
    }

    /// Reads registers.
    ///
    /// # Errors
    /// See [`Failure`]; [`Failure::spoils_the_wire`] says whether to open the wire anew.
    pub async fn read(
        &mut self,
        question: Question,
        manners: Manners,
    ) -> Result<Vec<u16>, Failure> {
        let Question { unit, function, address, count } = question;
        // On a slow line question and answer take their time, however quick the device is.
        let carried = self.character * (FRAME_CHARACTERS + 2 * u32::from(count));
        let manners = Manners { timeout: manners.timeout + carried, ..manners };
        let request = if function == 4 {
            Request::ReadInputRegisters(address, count)
        } else {
            Request::ReadHoldingRegisters(address, count)
        };
        let words = match self.call(unit, request, manners).await? {
            Response::ReadInputRegisters(words) | Response::ReadHoldingRegisters(words) => words,
            other => return Err(Failure::Malformed(format!("{other:?}"))),
        };
        if words.len() == usize::from(count) {
            Ok(words)
        } else {
            Err(Failure::Length { asked: count, got: words.len() })
        }
    }

    /// What the device says it is: the texts of functions 43/14 (maker, product code, revision
    /// and more), else of function 17. Empty when it knows neither.
    ///
    /// # Errors
    /// See [`Failure`], beside the exceptions of devices that do not know the functions.
    pub async fn identification(
        &mut self,
        unit: u8,
        manners: Manners,
    ) -> Result<Vec<String>, Failure> {
        let mut texts = Vec::new();
        let mut object = 0;
        for _ in 0..IDENTIFICATION_PARTS_MAX {
            let request = Request::ReadDeviceIdentification(ReadCode::Regular, object);
            match self.call(unit, request, manners).await {
                Ok(Response::ReadDeviceIdentification(part)) => {
                    texts.extend(part.device_id_objects.iter().filter_map(|o| printable(&o.value)));
                    if !part.more_follows || part.next_object_id <= object {
                        break;
                    }
                    object = part.next_object_id;
                }
                Ok(_) | Err(Failure::Exception { .. }) => break,
                Err(failure) => return Err(failure),
            }
        }
        if texts.is_empty() {
            match self.call(unit, Request::ReportServerId, manners).await {
                Ok(Response::ReportServerId(_, _, text)) => texts.extend(printable(&text)),
                Ok(_) | Err(Failure::Exception { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(texts)
    }

    async fn call(
        &mut self,
        unit: u8,
        request: Request<'_>,
        manners: Manners,
    ) -> Result<Response, Failure> {
        if let Some(last) = self.last {
            sleep_until(last + self.frame_gap.max(manners.pause)).await;
        }
        self.session.set_slave(Slave(unit));
        self.wire.lock().begin()?;
        let called = timeout(manners.timeout, self.session.call(request)).await;
        self.last = Some(Instant::now());
        match called {
            Err(_) => {
                Err(Failure::Timeout { waited: manners.timeout, bytes: self.wire.lock().received })
            }
            Ok(Ok(Ok(response))) => Ok(response),
            Ok(Ok(Err(code))) => Err(Failure::Exception { code: number(code) }),
            Ok(Err(tokio_modbus::Error::Protocol(error))) => Err(Failure::Foreign(match error {
                ProtocolError::HeaderMismatch { .. } if self.framing == Framing::Rtu => "unit",
                ProtocolError::HeaderMismatch { .. } => "unit or transaction",
                ProtocolError::FunctionCodeMismatch { .. } => "function",
            })),
            Ok(Err(tokio_modbus::Error::Transport(error))) => Err(self.transport(error)),
        }
    }

    fn transport(&self, error: io::Error) -> Failure {
        let mut wire = self.wire.lock();
        if let Some(failure) = wire.failure.take() {
            return Failure::Wire(failure);
        }
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Failure::Malformed(error.to_string())
            }
            _ => Failure::Wire(wire.link.broken(error)),
        }
    }
}

/// How long a character takes, and the silence between two frames.
fn pace(baud: u32) -> (Duration, Duration) {
    let micros = BITS_PER_CHARACTER * 1_000_000 / u64::from(baud.max(1));
    let character = Duration::from_micros(micros);
    (character, (character * 7 / 2).max(FRAME_GAP_MIN))
}

fn number(code: ExceptionCode) -> u8 {
    code.into()
}

/// A text of an identification, without what cannot be printed.
fn printable(bytes: &[u8]) -> Option<String> {
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .filter(|character| !character.is_control() && *character != '\u{FFFD}')
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A wire that the session reads and writes, and that is set and drained between questions.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Wire>>);

#[derive(Debug)]
struct Wire {
    link: Link,
    /// Why the session will find the wire at its end, which it cannot tell from other errors.
    failure: Option<Error>,
    /// Bytes that came since the last question, without its echo.
    received: usize,
    /// What was sent on a line, which some converters send back.
    echo: Option<Echo>,
    /// Bytes that came and are no echo, until the session takes them.
    ready: Vec<u8>,
    /// The last question, and what came then without its echo; at most [`EXCHANGE_BYTES_MAX`] of
    /// each.
    asked: Vec<u8>,
    heard: Vec<u8>,
}

impl Wire {
    fn new(link: Link, framing: Framing) -> Self {
        let echo = (framing == Framing::Rtu).then(Echo::default);
        let (ready, asked, heard) = (Vec::new(), Vec::new(), Vec::new());
        Self { link, failure: None, received: 0, echo, ready, asked, heard }
    }

    /// A question follows: what is still here belongs to an older one.
    ///
    /// # Errors
    /// The wire failed.
    fn begin(&mut self) -> Result<(), Error> {
        self.received = 0;
        self.ready.clear();
        self.asked.clear();
        self.heard.clear();
        if let Some(echo) = &mut self.echo {
            echo.asked();
            // Answers with a header tell themselves that they are old, and are not cut in two.
            self.link.drain_now()?;
        }
        Ok(())
    }

    /// Takes bytes from the link until some are ready for the session; none at all means that the
    /// other side closed.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.ready.is_empty() {
            let mut bytes = [0; READ_MAX];
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(self.link.poll_read(context, &mut buffer))?;
            let came = buffer.filled();
            if came.is_empty() {
                self.failure = Some(Error::closed());
                break;
            }
            match &mut self.echo {
                Some(echo) => echo.pass(came, &mut self.ready),
                None => self.ready.extend_from_slice(came),
            }
            self.received += self.ready.len();
            remember(&mut self.heard, &self.ready);
        }
        Poll::Ready(Ok(()))
    }
}

fn remember(known: &mut Vec<u8>, bytes: &[u8]) {
    let room = EXCHANGE_BYTES_MAX.saturating_sub(known.len());
    known.extend(bytes.iter().take(room));
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Wire> {
        // Nothing panics while it holds the lock, and a link has no state to be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut wire = self.lock();
        ready!(wire.poll_ready(context))?;
        let count = wire.ready.len().min(buffer.remaining());
        buffer.put_slice(wire.ready.get(..count).unwrap_or_default());
        wire.ready.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = self.lock();
        let count = ready!(wire.link.poll_write(context, bytes))?;
        let written = bytes.get(..count).unwrap_or_default();
        remember(&mut wire.asked, written);
        if let Some(echo) = &mut wire.echo {
            echo.sent(written);
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Flushing a serial line would hold up the thread until the last bit has left.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
