//! Ports as the configuration names them.
//!
//! In: a URL. Out: a [`Port`]. Every key is checked; what is wrong is named with what was expected.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A place that bytes come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Port {
    /// `serial://PATH?baud&data&parity&stop`
    Serial(SerialSettings),
    /// `tcp://host:port`
    Tcp {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// `pty://[LINK]`: a pseudo-terminal of our own, for another program to write to.
    Pty {
        /// A symbolic link to make to its other side.
        link: Option<PathBuf>,
    },
    /// `file://PATH?speed=X`: a capture, replayed at the pace of the line.
    File {
        /// The capture.
        path: PathBuf,
        /// 1 replays at 2400 baud; 0 is not allowed.
        speed: f64,
    },
}

/// A serial line and how it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialSettings {
    /// The device, preferably `/dev/serial/by-id/…`.
    pub path: PathBuf,
    /// Baud rate. Default 2400, the E450 customer interface.
    pub baud: u32,
    /// Data bits, 5 to 8. Default 8.
    pub data: u8,
    /// Parity. Default even.
    pub parity: Parity,
    /// Stop bits, 1 or 2. Default 1.
    pub stop: u8,
}

/// Parity of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parity {
    /// No parity bit.
    None,
    /// An even count of ones.
    Even,
    /// An odd count of ones.
    Odd,
}

/// Fastest replay.
const SPEED_MAX: f64 = 1e6;
const BAUD_MAX: u32 = 4_000_000;
/// Schemes of the configuration's contract that later versions read.
const LATER: [&str; 4] = ["modbus+tcp", "modbus+rtu", "mbus+serial", "mbus+tcp"];

impl Port {
    /// Whether the bytes are a recording: they bring their own replay protection.
    #[must_use]
    pub const fn is_replay(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// The same port, its relative capture or link path seen from `folder`.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::File { path, speed } => Self::File { path: folder.join(path), speed },
            Self::Pty { link: Some(link) } => Self::Pty { link: Some(folder.join(link)) },
            other => other,
        }
    }
}

/// What is wrong with a port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePortError {
    /// No scheme, or an unknown one.
    #[error("expected serial://, tcp://, pty:// or file://, found \"{found}\"")]
    Scheme {
        /// What stands there.
        found: String,
    },
    /// A scheme of a later version.
    #[error("{scheme}:// is not supported by this version")]
    Later {
        /// The scheme.
        scheme: String,
    },
    /// A key that the scheme does not have.
    #[error("\"{key}\" is no setting of {scheme}://; expected {expected}")]
    Key {
        /// What stands there.
        key: String,
        /// The port's scheme.
        scheme: &'static str,
        /// The settings it has.
        expected: &'static str,
    },
    /// A value out of range.
    #[error("{key}={value}: expected {expected}")]
    Value {
        /// The setting.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// No device path, no host.
    #[error("expected {0}")]
    Missing(&'static str),
}

impl FromStr for Port {
    type Err = ParsePortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| ParsePortError::Scheme { found: text.to_owned() })?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let settings = || query.split('&').filter(|part| !part.is_empty()).map(key_value);
        match scheme {
            "serial" => serial(place, settings()),
            "tcp" => {
                no_settings("tcp", settings())?;
                tcp(place)
            }
            "pty" => {
                no_settings("pty", settings())?;
                let link = (!place.is_empty()).then(|| PathBuf::from(place));
                Ok(Self::Pty { link })
            }
            "file" => file(place, settings()),
            later if LATER.contains(&later) => {
                Err(ParsePortError::Later { scheme: later.to_owned() })
            }
            other => Err(ParsePortError::Scheme { found: other.to_owned() }),
        }
    }
}

fn key_value(part: &str) -> (&str, &str) {
    part.split_once('=').unwrap_or((part, ""))
}

fn no_settings<'a>(
    scheme: &'static str,
    mut settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), ParsePortError> {
    settings.next().map_or(Ok(()), |(key, _)| {
        Err(ParsePortError::Key { key: key.to_owned(), scheme, expected: "none" })
    })
}

fn serial<'a>(
    place: &str,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Port, ParsePortError> {
    if place.is_empty() {
        return Err(ParsePortError::Missing("a device, as in serial:///dev/ttyUSB0"));
    }
    let mut line = SerialSettings::customer_interface(PathBuf::from(place));
    for (key, value) in settings {
        let wrong =
            |key, expected| ParsePortError::Value { key, value: value.to_owned(), expected };
        match key {
            "baud" => {
                let baud = value.parse().ok().filter(|baud| (1..=BAUD_MAX).contains(baud));
                line.baud = baud.ok_or_else(|| wrong("baud", "a baud rate such as 2400"))?;
            }
            "data" => {
                let data = value.parse().ok().filter(|data| (5..=8).contains(data));
                line.data = data.ok_or_else(|| wrong("data", "5, 6, 7 or 8"))?;
            }
            "parity" => {
                line.parity = match value {
                    "none" => Parity::None,
                    "even" => Parity::Even,
                    "odd" => Parity::Odd,
                    _ => return Err(wrong("parity", "none, even or odd")),
                };
            }
            "stop" => {
                let stop = value.parse().ok().filter(|stop| (1..=2).contains(stop));
                line.stop = stop.ok_or_else(|| wrong("stop", "1 or 2"))?;
            }
            other => {
                return Err(ParsePortError::Key {
                    key: other.to_owned(),
                    scheme: "serial",
                    expected: "baud, data, parity, stop",
                });
            }
        }
    }
    Ok(Port::Serial(line))
}

fn tcp(place: &str) -> Result<Port, ParsePortError> {
    const EXPECTED: ParsePortError = ParsePortError::Missing("tcp://HOST:PORT");
    let (host, port) = place.rsplit_once(':').ok_or(EXPECTED)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().ok().filter(|port| *port > 0).ok_or(EXPECTED)?;
    if host.is_empty() {
        return Err(EXPECTED);
    }
    Ok(Port::Tcp { host: host.to_owned(), port })
}

fn file<'a>(
    place: &str,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Port, ParsePortError> {
    if place.is_empty() {
        return Err(ParsePortError::Missing("a file, as in file://capture.hex"));
    }
    let mut speed = 1.0;
    for (key, value) in settings {
        if key != "speed" {
            let (key, scheme, expected) = (key.to_owned(), "file", "speed");
            return Err(ParsePortError::Key { key, scheme, expected });
        }
        let range = f64::MIN_POSITIVE..=SPEED_MAX;
        speed = value.parse().ok().filter(|speed| range.contains(speed)).ok_or_else(|| {
            let expected = "a number above 0, such as 10";
            ParsePortError::Value { key: "speed", value: value.to_owned(), expected }
        })?;
    }
    Ok(Port::File { path: PathBuf::from(place), speed })
}

impl SerialSettings {
    /// The line of the E450 customer interface: 2400 8E1.
    #[must_use]
    pub const fn customer_interface(path: PathBuf) -> Self {
        Self { path, baud: 2400, data: 8, parity: Parity::Even, stop: 1 }
    }
}

impl Parity {
    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Even => "even",
            Self::Odd => "odd",
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(SerialSettings { path, baud, data, parity, stop }) => write!(
                f,
                "serial://{}?baud={baud}&data={data}&parity={}&stop={stop}",
                path.display(),
                parity.name()
            ),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Pty { link: None } => f.write_str("pty://"),
            Self::Pty { link: Some(link) } => write!(f, "pty://{}", link.display()),
            Self::File { path, speed } => write!(f, "file://{}?speed={speed}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_port_and_prints_it_back() {
        for text in [
            "serial:///dev/ttyUSB0?baud=2400&data=8&parity=even&stop=1",
            "serial:///dev/ttyS1?baud=9600&data=7&parity=none&stop=2",
            "tcp://10.0.0.12:4059",
            "tcp://[::1]:4059",
            "pty://",
            "pty:///tmp/meter",
            "file://capture.hex?speed=10",
        ] {
            let port: Port = text.parse().expect(text);
            assert_eq!(port.to_string(), text);
        }
        let short: Port = "serial:///dev/ttyUSB0".parse().expect("valid");
        let customer = SerialSettings::customer_interface(PathBuf::from("/dev/ttyUSB0"));
        assert_eq!(short, Port::Serial(customer));
    }

    #[test]
    fn says_what_is_wrong_and_what_was_expected() {
        let cases = [
            (
                "/dev/ttyUSB0",
                "expected serial://, tcp://, pty:// or file://, found \"/dev/ttyUSB0\"",
            ),
            ("usb://x", "expected serial://, tcp://, pty:// or file://, found \"usb\""),
            ("serial://", "expected a device, as in serial:///dev/ttyUSB0"),
            ("serial:///dev/x?baud=fast", "baud=fast: expected a baud rate such as 2400"),
            ("serial:///dev/x?data=9", "data=9: expected 5, 6, 7 or 8"),
            ("serial:///dev/x?parity=mark", "parity=mark: expected none, even or odd"),
            ("serial:///dev/x?stop=0", "stop=0: expected 1 or 2"),
            (
                "serial:///dev/x?bauds=1",
                "\"bauds\" is no setting of serial://; expected baud, data, parity, stop",
            ),
            ("tcp://host", "expected tcp://HOST:PORT"),
            ("tcp://host:70000", "expected tcp://HOST:PORT"),
            ("tcp://host:1?x=1", "\"x\" is no setting of tcp://; expected none"),
            ("file://a?speed=0", "speed=0: expected a number above 0, such as 10"),
            ("modbus+tcp://h:502", "modbus+tcp:// is not supported by this version"),
        ];
        for (text, message) in cases {
            let error = text.parse::<Port>().expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }
}
