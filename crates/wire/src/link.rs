//! An open wire.

use crate::pty::Pty;
use crate::replay::Replay;
use crate::{Error, LineSettings, Port, serial};
use rustix::net::sockopt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_serial::{SerialPort as _, SerialStream};

/// How long a TCP connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A meter that only sends gives no sign of a dead connection: the system asks for it, from this
/// silence on,
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
/// this often,
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// and gives up after so many questions without an answer.
const KEEPALIVE_PROBES: u32 = 4;
/// How long bytes may take to leave.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a device is asked whether everything has left it.
const LEAVING_PAUSE: Duration = Duration::from_millis(1);
const DRAIN_STEP: usize = 512;
/// Most bytes dropped at once: a line that never falls silent must not hold anybody up.
const DRAIN_MAX: usize = 64 * 1024;

/// An open wire. The kinds are a closed set.
#[derive(Debug)]
pub struct Link(Kind);

#[derive(Debug)]
enum Kind {
    Serial { stream: SerialStream, path: PathBuf },
    Tcp(TcpStream),
    Pty(Pty),
    Replay(Replay),
    Memory(DuplexStream),
}

/// Opens a port. `decode` turns the content of a replayed file (raw, or hexadecimal text) into
/// the bytes of the wire.
///
/// # Errors
/// The port cannot be opened; the text says why and what to do.
pub async fn open(port: &Port, decode: fn(&[u8]) -> Vec<u8>) -> Result<Link, Error> {
    let kind = match port {
        Port::Serial(settings)
        | Port::ModbusRtu { line: settings, .. }
        | Port::MbusSerial { line: settings, .. } => {
            Kind::Serial { stream: serial::open(settings)?, path: settings.path.clone() }
        }
        Port::Tcp { host, port }
        | Port::ModbusTcp { host, port, .. }
        | Port::ModbusRtuTcp { host, port, .. }
        | Port::MbusTcp { host, port, .. } => Kind::Tcp(connect(host, *port).await?),
        Port::Pty { link } => Kind::Pty(Pty::open(link.as_deref())?),
        Port::File { path, speed } => Kind::Replay(Replay::open(path, *speed, decode)?),
    };
    Ok(Link(kind))
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Error> {
    let address = format!("{host}:{port}");
    match timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => {
            // Small questions and answers: waiting to fill a packet only adds delay.
            stream.set_nodelay(true).map_err(Error::Broken)?;
            keep_alive(&stream).map_err(Error::Broken)?;
            Ok(stream)
        }
        Ok(Err(source)) => Err(Error::Connect { address, source }),
        Err(_) => Err(Error::ConnectTimeout { address, limit: CONNECT_TIMEOUT }),
    }
}

fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_PROBES)?;
    Ok(())
}

impl Link {
    /// Waits for bytes; 0 means that the other side closed. Safe to cancel: no byte is lost.
    ///
    /// # Errors
    /// The wire failed, or a replay is over.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        match &mut self.0 {
            Kind::Serial { stream, path } => {
                let read = match stream.read(buffer).await {
                    Ok(0) => Err(io::Error::other("it hung up")),
                    other => other,
                };
                read.map_err(|source| Error::Gone { path: path.clone(), source })
            }
            Kind::Tcp(stream) => stream.read(buffer).await.map_err(Error::Broken),
            Kind::Pty(pty) => pty.read(buffer).await.map_err(Error::Broken),
            Kind::Replay(replay) => replay.read(buffer).await,
            Kind::Memory(stream) => stream.read(buffer).await.map_err(Error::Broken),
        }
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The wire failed or takes nothing, or is a recording.
    pub async fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let late = |_| Error::Broken(io::ErrorKind::TimedOut.into());
        match &mut self.0 {
            Kind::Serial { stream, .. } => {
                timeout(WRITE_TIMEOUT, stream.write_all(bytes)).await.map_err(late)?
            }
            Kind::Tcp(stream) => {
                timeout(WRITE_TIMEOUT, stream.write_all(bytes)).await.map_err(late)?
            }
            Kind::Memory(stream) => {
                timeout(WRITE_TIMEOUT, stream.write_all(bytes)).await.map_err(late)?
            }
            Kind::Pty(pty) => pty.write_or_lose(bytes).map(drop),
            Kind::Replay(_) => Err(io::Error::other("a recording cannot be asked")),
        }
        .map_err(Error::Broken)
    }

    /// Sets a serial line anew, once what was written has left it; other wires have nothing to
    /// set.
    ///
    /// # Errors
    /// The device refuses the settings or is gone.
    pub async fn set_line(&mut self, line: LineSettings) -> Result<(), Error> {
        let Kind::Serial { stream, path } = &mut self.0 else { return Ok(()) };
        let gone = |path: &Path, source| Error::Gone { path: path.to_owned(), source };
        // The bytes still in the device's buffer take their time at the old rate.
        let sent = timeout(WRITE_TIMEOUT, async {
            while stream.bytes_to_write()? > 0 {
                sleep(LEAVING_PAUSE).await;
            }
            io::Result::Ok(())
        });
        sent.await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|source| gone(path, source))?;
        // What is left is a hardware queue of some characters, which the system waits out.
        io::Write::flush(stream).map_err(|source| gone(path, source))?;
        serial::set(stream, line).map_err(|source| gone(path, source))
    }

    /// Drops what has arrived and nobody asked for, such as a late answer to an older question;
    /// returns how many bytes. Does not wait.
    ///
    /// # Errors
    /// The wire failed or the other side closed it.
    pub async fn drain(&mut self) -> Result<usize, Error> {
        let mut buffer = [0; DRAIN_STEP];
        let mut count = 0;
        while count < DRAIN_MAX {
            match timeout(Duration::ZERO, self.read(&mut buffer)).await {
                Ok(Ok(0)) => return Err(Error::closed()),
                Ok(read) => count += read?,
                Err(_) => break,
            }
        }
        Ok(count)
    }

    /// Drops what has arrived, like [`drain`](Self::drain), for who holds a lock.
    pub(crate) fn drain_now(&mut self) -> Result<usize, Error> {
        let mut buffer = [0; DRAIN_STEP];
        let mut count = 0;
        while count < DRAIN_MAX {
            let read = match &mut self.0 {
                Kind::Serial { stream, .. } => stream.try_read(&mut buffer),
                Kind::Tcp(stream) => stream.try_read(&mut buffer),
                Kind::Memory(stream) => now(stream, &mut buffer),
                Kind::Pty(_) | Kind::Replay(_) => break,
            };
            match read {
                Ok(0) => return Err(Error::closed()),
                Ok(read) => count += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(self.broken(error)),
            }
        }
        Ok(count)
    }

    /// Sets a serial line on which nothing is leaving.
    pub(crate) fn set_line_now(&mut self, line: LineSettings) -> Result<(), Error> {
        let Kind::Serial { stream, .. } = &mut self.0 else { return Ok(()) };
        serial::set(stream, line).map_err(|error| self.broken(error))
    }

    /// Bytes for a session that polls; nothing at all means that the other side closed.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Serial { stream, .. } => Pin::new(stream).poll_read(context, buffer),
            Kind::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Kind::Memory(stream) => Pin::new(stream).poll_read(context, buffer),
            Kind::Pty(_) | Kind::Replay(_) => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        }
    }

    /// Bytes of a session that polls.
    pub(crate) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Serial { stream, .. } => Pin::new(stream).poll_write(context, bytes),
            Kind::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Kind::Memory(stream) => Pin::new(stream).poll_write(context, bytes),
            Kind::Pty(_) | Kind::Replay(_) => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        }
    }

    /// What an error of this wire means.
    pub(crate) fn broken(&self, source: io::Error) -> Error {
        match &self.0 {
            Kind::Serial { path, .. } => Error::Gone { path: path.clone(), source },
            _ => Error::Broken(source),
        }
    }

    /// An open pseudo-terminal as a wire.
    #[must_use]
    pub const fn of_pty(pty: Pty) -> Self {
        Self(Kind::Pty(pty))
    }

    /// One end of a wire within this process, whose other end a simulation holds.
    #[must_use]
    pub const fn of_memory(stream: DuplexStream) -> Self {
        Self(Kind::Memory(stream))
    }

    /// The device that the other side of a pseudo-terminal opens.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Pty(pty) => Some(pty.path()),
            _ => None,
        }
    }
}

/// What has arrived, without waiting.
fn now(stream: &mut DuplexStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = ReadBuf::new(buffer);
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(stream).poll_read(&mut context, &mut read) {
        Poll::Ready(done) => done.map(|()| read.filled().len()),
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
