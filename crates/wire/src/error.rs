//! What can go wrong with a wire, in the words of whoever stands before it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A wire that cannot be opened, or that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No device of that name.
    #[error(
        "{} does not exist: is the adapter plugged in? `ls /dev/serial/by-id` lists those that are",
        path.display()
    )]
    NoDevice {
        /// The configured path.
        path: PathBuf,
    },
    /// The user may not open the device.
    #[error(
        "{} may not be opened by this user: `sudo usermod -aG dialout $USER`, then log in again",
        path.display()
    )]
    Permission {
        /// The configured path.
        path: PathBuf,
    },
    /// Another program holds the device.
    #[error("{} is in use by another program", path.display())]
    Busy {
        /// The configured path.
        path: PathBuf,
    },
    /// The device exists and cannot be used.
    #[error("{} cannot be used: {source}", path.display())]
    Device {
        /// The configured path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No TCP connection.
    #[error("{address} cannot be reached: {source}")]
    Connect {
        /// Host and port.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
    /// No answer to the TCP connection attempt.
    #[error("{address} did not answer within {} s", limit.as_secs())]
    ConnectTimeout {
        /// Host and port.
        address: String,
        /// How long was waited.
        limit: Duration,
    },
    /// A device that was open is there no more, as when an adapter is unplugged.
    #[error("{} is gone ({source}): was the adapter unplugged?", path.display())]
    Gone {
        /// The configured path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The open wire failed.
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    /// Nothing more will come: a replayed file is over.
    #[error("replay ended after {bytes} bytes of {}", path.display())]
    ReplayEnded {
        /// The replayed file.
        path: PathBuf,
        /// How many bytes it held.
        bytes: usize,
    },
    /// The file to replay cannot be read.
    #[error("{} cannot be replayed: {source}", path.display())]
    Replay {
        /// The configured path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// This program cannot read such a port yet.
    #[error("{scheme} ports are not supported by this version")]
    Unsupported {
        /// The port's scheme.
        scheme: &'static str,
    },
}

impl Error {
    /// The other side closed the connection.
    #[must_use]
    pub fn closed() -> Self {
        Self::Broken(io::ErrorKind::UnexpectedEof.into())
    }

    /// Trying again makes no sense.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::ReplayEnded { .. } | Self::Unsupported { .. })
    }
}
