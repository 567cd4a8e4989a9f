//! The serve loop: bounded connections, an end to idle ones, an orderly shutdown.
//!
//! In: a bound listener, the router, the shutdown signal. Out: answered requests. When the signal
//! comes, no connection is accepted any more, event streams end themselves (they watch the same
//! signal) and what is being answered gets [`DRAIN_MAX`].

use super::Router;
use super::access::{self, Peer, Tls};
use super::stream::Stream;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, Sleep};

/// Most connections at a time; further ones wait in the listener's queue.
const CONNECTIONS_MAX: usize = 512;
/// A connection without a byte in either direction for this long is closed. Event streams send a
/// beat more often than that.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// What is being answered when the shutdown comes has this long to finish.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// Pause after a failed accept, such as with no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Answers on `listener` until `shutdown` holds `true` (or its sender is gone).
///
/// # Errors
/// The listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: watch::Receiver<bool>,
) -> io::Result<()> {
    let (mut drain, mut signal) = (shutdown.clone(), shutdown);
    let Router { routes, stopping, outlet } = router;
    let address = listener.local_addr()?;
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let bounded = Bounded { listener, room, tls: outlet.access.tls().cloned() };
    let routes = routes.into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(bounded, routes).with_graceful_shutdown(async move {
        ended(&mut signal).await;
        stopping.send_replace(true);
    });
    let deadline = async move {
        ended(&mut drain).await;
        tokio::time::sleep(DRAIN_MAX).await;
    };
    tokio::select! {
        result = serving => result,
        () = deadline => Ok(()),
        () = access::watch(outlet, address) => Ok(()),
    }
}

/// Resolves when the shutdown has come.
pub(super) async fn ended(signal: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, and with it the program's wish to go on.
    let _ = signal.wait_for(|stop| *stop).await;
}

struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
    tls: Option<Arc<Tls>>,
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let permit = self.room.clone().acquire_owned().await.expect("the room is never closed");
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Events are small and must not wait for more bytes.
                    let _ = stream.set_nodelay(true);
                    return (Connection::new(stream, self.tls.as_ref(), permit), address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self { remote: stream.remote_addr().ip(), local: stream.io().local }
    }
}

/// A connection that counts against the limit and ends when idle.
struct Connection {
    stream: Stream,
    /// This machine's address, as the client reached it.
    local: IpAddr,
    idle: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, tls: Option<&Arc<Tls>>, permit: OwnedSemaphorePermit) -> Self {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let local = stream.local_addr().map_or(unknown, |address| address.ip());
        let stream = Stream::new(stream, tls);
        Self { stream, local, idle: Box::pin(tokio::time::sleep(IDLE_MAX)), _permit: permit }
    }

    /// Restarts the idle time on progress; an error when it is over.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match poll {
            Poll::Ready(result) => {
                self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
                Poll::Ready(result)
            }
            Poll::Pending => match self.idle.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watch(context, poll)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
