//! The serve loop: bounded connections, an end to idle and slow ones, an orderly shutdown.
//!
//! In: a bound listener, the router, the shutdown signal. Out: answered requests. When the signal
//! comes, no connection is accepted any more, event streams end themselves (they watch the same
//! signal) and what is being answered gets [`DRAIN_MAX`].

use super::Router;
use super::access::{self, Peer, Tls};
use super::stream::Stream;
use super::v1;
use crate::Counters;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, Sleep};

/// Most connections at a time; further ones are told so and closed.
const CONNECTIONS_MAX: usize = 512;
/// Most connections that are being told so; further ones are closed at once.
const REFUSALS_MAX: usize = 64;
/// How long such a telling may take.
const REFUSAL_MAX: Duration = Duration::from_secs(1);
/// A connection without a byte in either direction for this long is closed. Event streams send a
/// beat more often than that.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Longest time from the first byte of a request to the first byte of its answer: the head may
/// take half a minute, and the answer [`REQUEST_MAX`](super::guard::REQUEST_MAX) behind it. Who
/// sends a byte a second is cut off then, however long they go on.
const RECEIVE_MAX: Duration = Duration::from_secs(60);
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
    let Router { routes, stopping, outlet, service } = router;
    let address = listener.local_addr()?;
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let bounded = Bounded {
        listener,
        room,
        refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
        counters: Arc::clone(&outlet.counters),
        tls: outlet.access.tls().cloned(),
    };
    let routes = routes.into_make_service_with_connect_info::<Peer>();
    let ready = tokio::spawn(v1::make_ready(service));
    let serving = axum::serve(bounded, routes).with_graceful_shutdown(async move {
        ended(&mut signal).await;
        stopping.send_replace(true);
    });
    let deadline = async move {
        ended(&mut drain).await;
        tokio::time::sleep(DRAIN_MAX).await;
    };
    let result = tokio::select! {
        result = serving => result,
        () = deadline => Ok(()),
        () = access::watch(outlet, address) => Ok(()),
    };
    ready.abort();
    result
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
    refusals: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Bounded {
    /// Says that there are too many connections, without waiting for the one that is told.
    fn refuse(&self, stream: TcpStream) {
        self.counters.surplus_connections.one();
        if self.tls.is_some() {
            return; // Before the handshake there is nothing that could be told.
        }
        let Ok(room) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _ = tokio::time::timeout(REFUSAL_MAX, tell_of_surplus(stream)).await;
            drop(room);
        });
    }
}

async fn tell_of_surplus(mut stream: TcpStream) -> io::Result<()> {
    let body = format!(
        "{{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
         \"detail\":\"There are {CONNECTIONS_MAX} connections already. Try again later.\"}}"
    );
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nretry-after: 5\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
    stream.shutdown().await?;
    // Closing on unread bytes would take the answer back.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
                        self.refuse(stream);
                        continue;
                    };
                    // Events are small and must not wait for more bytes.
                    let _ = stream.set_nodelay(true);
                    return (Connection::new(stream, self, permit), address);
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

/// A connection that counts against the limit and ends when idle or slow.
struct Connection {
    stream: Stream,
    /// This machine's address, as the client reached it.
    local: IpAddr,
    watch: Watch,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, of: &Bounded, permit: OwnedSemaphorePermit) -> Self {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let local = stream.local_addr().map_or(unknown, |address| address.ip());
        let stream = Stream::new(stream, of.tls.as_ref());
        let watch = Watch::new(Arc::clone(&of.counters));
        Self { stream, local, watch, _permit: permit }
    }
}

/// When a connection must end.
struct Watch {
    deadline: Pin<Box<Sleep>>,
    /// When the request began that is being received.
    receiving: Option<Instant>,
    counters: Arc<Counters>,
}

impl Watch {
    fn new(counters: Arc<Counters>) -> Self {
        let deadline = Box::pin(tokio::time::sleep(IDLE_MAX));
        Self { deadline, receiving: None, counters }
    }

    /// Bytes came: they end the idle time, but not the time in which a request must be whole.
    fn received(&mut self) {
        let now = Instant::now();
        let began = *self.receiving.get_or_insert(now);
        self.deadline.as_mut().reset((now + IDLE_MAX).min(began + RECEIVE_MAX));
    }

    /// Bytes went: a request is being answered.
    fn sent(&mut self) {
        self.receiving = None;
        self.deadline.as_mut().reset(Instant::now() + IDLE_MAX);
    }

    /// An error when the time is over.
    fn waiting<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => {
                if self.receiving.is_some() {
                    self.counters.slow_connections.one();
                }
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A client that always has another byte ready never lets its reader wait.
        if let Poll::Ready(over) = self.watch.waiting(context) {
            return Poll::Ready(over);
        }
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if poll.is_ready() && buffer.filled().len() > before {
            self.watch.received();
        }
        poll
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        match poll {
            Poll::Ready(result) => {
                self.watch.sent();
                Poll::Ready(result)
            }
            Poll::Pending => self.watch.waiting(context),
        }
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
        match poll {
            Poll::Ready(result) => {
                self.watch.sent();
                Poll::Ready(result)
            }
            Poll::Pending => self.watch.waiting(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
