//! Serial lines.

use crate::{Error, LineSettings, Parity, SerialSettings};
use std::io;
use std::path::Path;
use tokio_serial::{DataBits, SerialPort as _, SerialStream, StopBits};

/// Opens a serial line, for this program alone.
pub(crate) fn open(settings: &SerialSettings) -> Result<SerialStream, Error> {
    let SerialSettings { path, line } = settings;
    // The system's own answer tells more than the serial library's: ask it first.
    std::fs::metadata(path).map_err(|error| explain(path, error))?;
    let builder = tokio_serial::new(path.to_string_lossy(), line.baud)
        .data_bits(data_bits(line.data))
        .parity(parity(line.parity))
        .stop_bits(stop_bits(line.stop));
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

/// Sets an open line once what was written has left it: the last character must still go out as
/// the other side expects it.
pub(crate) fn set(stream: &mut SerialStream, line: LineSettings) -> io::Result<()> {
    stream.set_baud_rate(line.baud)?;
    stream.set_data_bits(data_bits(line.data))?;
    stream.set_parity(parity(line.parity))?;
    stream.set_stop_bits(stop_bits(line.stop))?;
    Ok(())
}

const fn data_bits(data: u8) -> DataBits {
    match data {
        5 => DataBits::Five,
        6 => DataBits::Six,
        7 => DataBits::Seven,
        _ => DataBits::Eight,
    }
}

const fn parity(parity: Parity) -> tokio_serial::Parity {
    match parity {
        Parity::None => tokio_serial::Parity::None,
        Parity::Even => tokio_serial::Parity::Even,
        Parity::Odd => tokio_serial::Parity::Odd,
    }
}

const fn stop_bits(stop: u8) -> StopBits {
    if stop == 2 { StopBits::Two } else { StopBits::One }
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
