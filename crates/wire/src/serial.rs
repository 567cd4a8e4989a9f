//! Serial lines.

use crate::{Error, Parity, SerialSettings};
use std::io;
use std::path::Path;
use tokio_serial::{DataBits, SerialStream, StopBits};

/// Opens a serial line, for this program alone.
pub(crate) fn open(settings: &SerialSettings) -> Result<SerialStream, Error> {
    let SerialSettings { path, baud, data, parity, stop } = settings;
    // The system's own answer tells more than the serial library's: ask it first.
    std::fs::metadata(path).map_err(|error| explain(path, error))?;
    let builder = tokio_serial::new(path.to_string_lossy(), *baud)
        .data_bits(match data {
            5 => DataBits::Five,
            6 => DataBits::Six,
            7 => DataBits::Seven,
            _ => DataBits::Eight,
        })
        .parity(match parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Even => tokio_serial::Parity::Even,
            Parity::Odd => tokio_serial::Parity::Odd,
        })
        .stop_bits(if *stop == 2 { StopBits::Two } else { StopBits::One });
    SerialStream::open(&builder).map_err(|error| {
        let kind = match error.kind {
            tokio_serial::ErrorKind::Io(kind) => kind,
            // What the library calls "no device" is mostly a device that somebody holds (EBUSY).
            tokio_serial::ErrorKind::NoDevice => io::ErrorKind::ResourceBusy,
            _ => io::ErrorKind::Other,
        };
        explain(path, io::Error::new(kind, error.description))
    })
}

fn explain(path: &Path, error: io::Error) -> Error {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => Error::NoDevice { path },
        io::ErrorKind::PermissionDenied => Error::Permission { path },
        io::ErrorKind::ResourceBusy => Error::Busy { path },
        _ => Error::Device { path, source: error },
    }
}
