//! A capture, replayed at the pace of the line it was recorded on.

use crate::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Bits of one byte at 8E1: start, eight data bits, parity, stop.
const BITS_PER_BYTE: f64 = 11.0;
/// The line of the customer interface.
const BAUD: f64 = 2400.0;
/// Bytes that come at once; a real line is read in such pieces too.
const PIECE: usize = 64;
/// Largest capture that is replayed.
const CAPTURE_MAX: u64 = 64 << 20;

/// An open capture.
#[derive(Debug)]
pub(crate) struct Replay {
    path: PathBuf,
    bytes: Vec<u8>,
    at: usize,
    byte_time: Duration,
    due: Instant,
}

impl Replay {
    /// Reads the capture; `decode` turns its content into the bytes of the wire.
    pub(crate) fn open(
        path: &Path,
        speed: f64,
        decode: fn(&[u8]) -> Vec<u8>,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Replay { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > CAPTURE_MAX {
            let text = format!("{size} bytes, at most {CAPTURE_MAX} are replayed");
            return Err(failed(std::io::Error::other(text)));
        }
        let content = std::fs::read(path).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            bytes: decode(&content),
            at: 0,
            byte_time: Duration::from_secs_f64(BITS_PER_BYTE / BAUD / speed),
            due: Instant::now(),
        })
    }

    /// The next piece when it is due, or the end.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let piece = rest.get(..rest.len().min(PIECE).min(buffer.len())).unwrap_or_default();
        if piece.is_empty() {
            return Err(Error::ReplayEnded { path: self.path.clone(), bytes: self.bytes.len() });
        }
        sleep_until(self.due).await;
        // The next piece is due from now on only once this one is taken, so that a cancelled
        // wait neither loses a piece nor hurries the next.
        let count = piece.len();
        if let Some(room) = buffer.get_mut(..count) {
            room.copy_from_slice(piece);
        }
        self.at += count;
        self.due += self.byte_time * u32::try_from(count).unwrap_or(u32::MAX);
        Ok(count)
    }
}
