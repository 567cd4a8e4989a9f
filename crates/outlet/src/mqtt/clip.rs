//! Messages that are too long are cut on their way in.
//!
//! MQTT 3.1.1 has no way to tell a broker how long a message may be (5.0 has), and a client that
//! refuses one by closing the connection gets it again with the next: one publisher could keep
//! everybody else's messages away for ever. In: what the broker sends. Out: the same packets, of a
//! message that is too long its beginning only, under a length that says so. Whoever reads it sees
//! the topic, may acknowledge it, and finds the payload longer than any that is read. Memory stays
//! bounded whatever is published.
//!
//! # Source
//! MQTT 3.1.1, 2.2 (fixed header), 3.3 (PUBLISH).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The packet type of a message.
const PUBLISH: u8 = 3;
/// Longest fixed header: its type, and a length of four bytes.
const HEADER_MAX: usize = 5;
/// Most bytes taken from the connection at once.
const READ_MAX: usize = 8 << 10;
/// Most reads that may bring nothing to hand on before others get their turn.
const READS_MAX: usize = 64;

/// Cuts messages in a stream of packets.
#[derive(Debug)]
struct Clip {
    /// Longest packet that is handed on whole, without its fixed header. **Unit** bytes.
    limit: usize,
    header: Vec<u8>,
    /// Bytes of the present packet that are still handed on.
    keep: usize,
    /// Bytes of it that are dropped after these.
    drop: usize,
}

impl Clip {
    const fn new(limit: usize) -> Self {
        Self { limit, header: Vec::new(), keep: 0, drop: 0 }
    }

    /// Bytes came: adds to `out` what is handed on.
    fn take(&mut self, mut came: &[u8], out: &mut Vec<u8>) {
        while !came.is_empty() {
            if self.keep > 0 {
                let (kept, rest) = came.split_at(self.keep.min(came.len()));
                out.extend_from_slice(kept);
                self.keep -= kept.len();
                came = rest;
            } else if self.drop > 0 {
                let (dropped, rest) = came.split_at(self.drop.min(came.len()));
                self.drop -= dropped.len();
                came = rest;
            } else {
                let (byte, rest) = came.split_at(1);
                self.header.extend_from_slice(byte);
                came = rest;
                self.begin(out);
            }
        }
    }

    /// A byte of a fixed header came: begins the packet when it was the last one.
    fn begin(&mut self, out: &mut Vec<u8>) {
        let [kind, length @ ..] = self.header.as_slice() else { return };
        let ends = length.last().is_some_and(|byte| byte & 0x80 == 0);
        if !ends {
            if self.header.len() >= HEADER_MAX {
                // No packet: the client says what is wrong with it.
                self.keep = usize::MAX;
                out.append(&mut self.header);
            }
            return;
        }
        let digits = length.iter().rev();
        let length = digits.fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7F));
        if kind >> 4 == PUBLISH && length > self.limit {
            out.push(*kind);
            write_length(self.limit, out);
            (self.keep, self.drop) = (self.limit, length - self.limit);
            self.header.clear();
        } else {
            self.keep = length;
            out.append(&mut self.header);
        }
    }
}

/// A length as the fixed header writes it, seven bits a byte, the lowest ones first.
fn write_length(mut length: usize, out: &mut Vec<u8>) {
    loop {
        let more = if length > 0x7F { 0x80 } else { 0 };
        out.push(u8::try_from(length & 0x7F).unwrap_or(0) | more);
        length >>= 7;
        if length == 0 {
            return;
        }
    }
}

/// A connection on which messages that are too long are cut.
#[derive(Debug)]
pub(super) struct Clipped<S> {
    stream: S,
    clip: Clip,
    ready: Vec<u8>,
}

impl<S> Clipped<S> {
    /// `limit` is the longest packet that is handed on whole, without its fixed header, in bytes.
    pub(super) const fn new(stream: S, limit: usize) -> Self {
        Self { stream, clip: Clip::new(limit), ready: Vec::new() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Clipped<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        for _ in 0..READS_MAX {
            if !this.ready.is_empty() {
                let count = this.ready.len().min(buffer.remaining());
                buffer.put_slice(this.ready.get(..count).unwrap_or_default());
                this.ready.drain(..count);
                return Poll::Ready(Ok(()));
            }
            let mut bytes = [0; READ_MAX];
            let mut came = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut came))?;
            if came.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.clip.take(came.filled(), &mut this.ready);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Clipped<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of topic `a` with QoS 1 and this payload.
    fn publish(payload: usize) -> Vec<u8> {
        let mut packet = vec![0x32];
        write_length(5 + payload, &mut packet);
        packet.extend([0, 1, b'a', 0, 7]);
        packet.extend(std::iter::repeat_n(b'x', payload));
        packet
    }

    fn clipped(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut clip = Clip::new(1000);
        let mut out = Vec::new();
        bytes.chunks(piece).for_each(|piece| clip.take(piece, &mut out));
        out
    }

    #[test]
    fn a_long_message_loses_its_end_and_nothing_behind_it() {
        let acknowledgement = [0x40, 2, 0, 9];
        let came = [publish(20), publish(70_000), acknowledgement.to_vec(), publish(995)].concat();
        // The length of 1000 bytes is E8 07.
        let cut = [&[0x32, 0xE8, 0x07][..], &publish(70_000)[4..1004]].concat();
        let expected = [publish(20), cut, acknowledgement.to_vec(), publish(995)].concat();
        for piece in [1, 2, 3, 7, 1000, 4096, came.len()] {
            assert!(clipped(&came, piece) == expected, "pieces of {piece}");
        }
    }

    #[test]
    fn what_is_no_packet_or_no_message_passes_as_it_is() {
        let endless = [0x32, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3];
        assert_eq!(clipped(&endless, 2), endless);
        let mut other = vec![0x90];
        write_length(2000, &mut other);
        other.extend([0; 2000]);
        assert_eq!(clipped(&other, 64), other);
    }

    #[tokio::test]
    async fn a_stream_is_read_to_its_end() {
        use tokio::io::AsyncReadExt;
        let came = [publish(3 << 20), publish(10)].concat();
        let mut out = Vec::new();
        Clipped::new(came.as_slice(), 1000).read_to_end(&mut out).await.expect("memory");
        assert_eq!(out, [clipped(&publish(3 << 20), 4096), publish(10)].concat());
    }
}
