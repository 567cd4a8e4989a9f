//! The bytes of one connection, plain or through TLS.
//!
//! In: an accepted connection. Out: what is read from it and written to it. The TLS handshake is
//! a part of the connection's first read or write: a client that never ends it holds up nobody
//! who is accepted after it, counts against the limit of connections, and is cut off in time.

use super::access::Tls;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

type Handshake = Pin<Box<dyn Future<Output = io::Result<TlsStream<TcpStream>>> + Send>>;

/// A connection's bytes.
pub(super) enum Stream {
    Plain(TcpStream),
    Handshake(Handshake),
    Tls(Box<TlsStream<TcpStream>>),
    /// The handshake failed; nothing comes any more.
    Closed,
}

/// A connection that can be used.
enum Open<'a> {
    Plain(Pin<&'a mut TcpStream>),
    Tls(Pin<&'a mut TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) fn new(stream: TcpStream, tls: Option<&Arc<Tls>>) -> Self {
        match tls {
            Some(tls) => Self::Handshake(Box::pin(Arc::clone(tls).shake_hands(stream))),
            None => Self::Plain(stream),
        }
    }

    /// Goes on with the handshake, if there is one to end.
    fn open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Open<'_>>> {
        if let Self::Handshake(handshake) = self {
            match ready!(handshake.as_mut().poll(context)) {
                Ok(stream) => *self = Self::Tls(Box::new(stream)),
                Err(error) => {
                    *self = Self::Closed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(match self {
            Self::Plain(stream) => Ok(Open::Plain(Pin::new(stream))),
            Self::Tls(stream) => Ok(Open::Tls(Pin::new(stream.as_mut()))),
            Self::Handshake(_) | Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match ready!(self.open(context))? {
            Open::Plain(stream) => stream.poll_read(context, buffer),
            Open::Tls(stream) => stream.poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.open(context))? {
            Open::Plain(stream) => stream.poll_write(context, bytes),
            Open::Tls(stream) => stream.poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
            // Nothing was written yet.
            Self::Handshake(_) | Self::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
            Self::Handshake(_) | Self::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.open(context))? {
            Open::Plain(stream) => stream.poll_write_vectored(context, slices),
            Open::Tls(stream) => stream.poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Plain(_) | Self::Tls(_))
    }
}
