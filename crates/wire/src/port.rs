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
    /// `modbus+tcp://host:port?unit=N`
    ModbusTcp {
        /// Name or address.
        host: String,
        /// TCP port; 502 when none is named.
        port: u16,
        /// The meter's unit id.
        unit: u8,
    },
    /// `modbus+rtu://PATH?baud&data&parity&stop&unit=N`
    ModbusRtu {
        /// The bus.
        line: SerialSettings,
        /// The meter's unit id.
        unit: u8,
    },
    /// `modbus+rtutcp://host:port?unit=N`: the frames of a serial line through a gateway that
    /// passes them on as they are.
    ModbusRtuTcp {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// The meter's unit id.
        unit: u8,
    },
    /// `mbus+serial://PATH?baud&data&parity&stop&address=N` or `&secondary=ID`
    MbusSerial {
        /// The level converter.
        line: SerialSettings,
        /// The meter on it.
        address: MbusAddress,
    },
    /// `mbus+tcp://host:port?address=N` or `?secondary=ID`
    MbusTcp {
        /// The gateway's name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// The meter behind it.
        address: MbusAddress,
    },
}

/// Which meter of an M-Bus (EN 13757-2, 5.7.5 and EN 13757-3, 11.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MbusAddress {
    /// A primary address, 0 to 250, or 254, to which every slave answers.
    Primary(u8),
    /// A secondary address: identification number, manufacturer, version, medium as 16
    /// hexadecimal digits in the order of the selection telegram's text (`F` matches any digit).
    Secondary(String),
}

/// A serial line and how it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialSettings {
    /// The device, preferably `/dev/serial/by-id/…`.
    pub path: PathBuf,
    /// Its bits.
    pub line: LineSettings,
}

/// How a serial line is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSettings {
    /// Baud rate.
    pub baud: u32,
    /// Data bits, 5 to 8.
    pub data: u8,
    /// Parity.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
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
const MODBUS_PORT: u16 = 502;
const UNIT_MAX: u8 = 247;
const MBUS_PRIMARY_MAX: u8 = 250;
/// Every slave answers to it, so that it reaches one that is alone on its line.
const MBUS_TEST: u8 = 254;
const SECONDARY_DIGITS: usize = 16;
const LINE_KEYS: &str = "baud, data, parity, stop";

impl Port {
    /// Whether the bytes are a recording: they bring their own replay protection.
    #[must_use]
    pub const fn is_replay(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// The wire that meters may share: a device or a host with its TCP port. `None` for a wire
    /// that serves one meter alone.
    #[must_use]
    pub fn bus(&self) -> Option<String> {
        match self {
            Self::Serial(line) | Self::ModbusRtu { line, .. } | Self::MbusSerial { line, .. } => {
                Some(line.path.display().to_string())
            }
            Self::Tcp { host, port }
            | Self::ModbusTcp { host, port, .. }
            | Self::MbusTcp { host, port, .. } => Some(format!("{host}:{port}")),
            // Frames of two kinds do not go over one connection.
            Self::ModbusRtuTcp { host, port, .. } => Some(format!("{host}:{port}, RTU")),
            Self::Pty { .. } | Self::File { .. } => None,
        }
    }

    /// The unit id of a Modbus meter.
    #[must_use]
    pub const fn unit(&self) -> Option<u8> {
        match self {
            Self::ModbusTcp { unit, .. }
            | Self::ModbusRtu { unit, .. }
            | Self::ModbusRtuTcp { unit, .. } => Some(*unit),
            _ => None,
        }
    }

    /// The same wire for another meter on it; a port without units as it is.
    #[must_use]
    pub fn with_unit(mut self, wanted: u8) -> Self {
        if let Self::ModbusTcp { unit, .. }
        | Self::ModbusRtu { unit, .. }
        | Self::ModbusRtuTcp { unit, .. } = &mut self
        {
            *unit = wanted;
        }
        self
    }

    /// The same bus for another meter on it; a port that is none of M-Bus as it is.
    #[must_use]
    pub fn with_mbus_address(mut self, wanted: MbusAddress) -> Self {
        if let Self::MbusSerial { address, .. } | Self::MbusTcp { address, .. } = &mut self {
            *address = wanted;
        }
        self
    }

    /// Which meter of an M-Bus is meant, where the port is one.
    #[must_use]
    pub fn mbus_address(&self) -> Option<MbusAddress> {
        match self {
            Self::MbusSerial { address, .. } | Self::MbusTcp { address, .. } => {
                Some(address.clone())
            }
            _ => None,
        }
    }

    /// How the serial line is set, where there is one.
    #[must_use]
    pub const fn line(&self) -> Option<LineSettings> {
        match self {
            Self::Serial(serial)
            | Self::ModbusRtu { line: serial, .. }
            | Self::MbusSerial { line: serial, .. } => Some(serial.line),
            _ => None,
        }
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
    #[error(
        "expected serial://, tcp://, pty://, file://, modbus+tcp://, modbus+rtu://, \
             modbus+rtutcp://, mbus+serial:// or mbus+tcp://, found \"{found}\""
    )]
    Scheme {
        /// What stands there.
        found: String,
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
            "serial" => {
                let (line, rest) = serial(place, LineSettings::CUSTOMER_INTERFACE, settings())?;
                no_settings("serial", LINE_KEYS, rest)?;
                Ok(Self::Serial(line))
            }
            "tcp" => {
                no_settings("tcp", "none", settings())?;
                let (host, port) = host_and_port(place, None, "tcp://HOST:PORT")?;
                Ok(Self::Tcp { host, port })
            }
            "pty" => {
                no_settings("pty", "none", settings())?;
                let link = (!place.is_empty()).then(|| PathBuf::from(place));
                Ok(Self::Pty { link })
            }
            "file" => file(place, settings()),
            "modbus+tcp" => {
                let expected = "modbus+tcp://HOST[:PORT]?unit=N";
                let (host, port) = host_and_port(place, Some(MODBUS_PORT), expected)?;
                Ok(Self::ModbusTcp { host, port, unit: unit("modbus+tcp", "unit", settings())? })
            }
            "modbus+rtu" => {
                let (line, rest) = serial(place, LineSettings::MODBUS, settings())?;
                let unit = unit("modbus+rtu", "baud, data, parity, stop, unit", rest)?;
                Ok(Self::ModbusRtu { line, unit })
            }
            "modbus+rtutcp" => {
                let expected = "modbus+rtutcp://HOST:PORT?unit=N";
                let (host, port) = host_and_port(place, None, expected)?;
                let unit = unit("modbus+rtutcp", "unit", settings())?;
                Ok(Self::ModbusRtuTcp { host, port, unit })
            }
            "mbus+serial" => {
                let (line, rest) = serial(place, LineSettings::CUSTOMER_INTERFACE, settings())?;
                let expected = "baud, data, parity, stop, address, secondary";
                let address = mbus_address("mbus+serial", expected, rest)?;
                Ok(Self::MbusSerial { line, address })
            }
            "mbus+tcp" => {
                let (host, port) = host_and_port(place, None, "mbus+tcp://HOST:PORT?address=N")?;
                let address = mbus_address("mbus+tcp", "address, secondary", settings())?;
                Ok(Self::MbusTcp { host, port, address })
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
    expected: &'static str,
    settings: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), ParsePortError> {
    settings.into_iter().next().map_or(Ok(()), |(key, _)| {
        Err(ParsePortError::Key { key: key.to_owned(), scheme, expected })
    })
}

/// A serial line, and the settings that are none of a line's.
type LineAndRest<'a> = (SerialSettings, Vec<(&'a str, &'a str)>);

fn serial<'a>(
    place: &str,
    usual: LineSettings,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<LineAndRest<'a>, ParsePortError> {
    if place.is_empty() {
        return Err(ParsePortError::Missing("a device, as in serial:///dev/ttyUSB0"));
    }
    let mut line = usual;
    let mut rest = Vec::new();
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
            _ => rest.push((key, value)),
        }
    }
    Ok((SerialSettings { path: PathBuf::from(place), line }, rest))
}

fn host_and_port(
    place: &str,
    usual: Option<u16>,
    expected: &'static str,
) -> Result<(String, u16), ParsePortError> {
    let missing = || ParsePortError::Missing(expected);
    // The colons of a bare IPv6 address in brackets are none of a port's.
    let colon = place.rfind(':').filter(|colon| !place[*colon..].contains(']'));
    let (host, port) = match (colon, usual) {
        (Some(colon), _) => {
            let port = place[colon + 1..].parse().ok().filter(|port| *port > 0);
            (&place[..colon], port.ok_or_else(missing)?)
        }
        (None, Some(usual)) => (place, usual),
        (None, None) => return Err(missing()),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(missing());
    }
    Ok((host.to_owned(), port))
}

fn unit<'a>(
    scheme: &'static str,
    keys: &'static str,
    settings: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<u8, ParsePortError> {
    let mut unit = None;
    for (key, value) in settings {
        if key != "unit" {
            return Err(ParsePortError::Key { key: key.to_owned(), scheme, expected: keys });
        }
        // 255 names the device itself on TCP (Modbus Messaging on TCP/IP 1.0b, 4.4.1.2).
        let itself = scheme == "modbus+tcp" && value == "255";
        let number = value.parse().ok().filter(|number| *number <= UNIT_MAX || itself);
        unit = Some(number.ok_or_else(|| {
            let expected =
                "the meter's unit id, 1 to 247 (0 or 255 for a device of its own on TCP)";
            ParsePortError::Value { key: "unit", value: value.to_owned(), expected }
        })?);
    }
    unit.ok_or(ParsePortError::Missing("unit=N, the meter's unit id (1 to 247)"))
}

fn mbus_address<'a>(
    scheme: &'static str,
    keys: &'static str,
    settings: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<MbusAddress, ParsePortError> {
    let mut address = None;
    for (key, value) in settings {
        let wrong =
            |key, expected| ParsePortError::Value { key, value: value.to_owned(), expected };
        let found = match key {
            "address" => {
                let number =
                    value.parse().ok().filter(|n| *n <= MBUS_PRIMARY_MAX || *n == MBUS_TEST);
                let expected = "a primary address, 0 to 250 (254 for a slave alone on its line)";
                MbusAddress::Primary(number.ok_or_else(|| wrong("address", expected))?)
            }
            "secondary" => {
                let digits = value.len() == SECONDARY_DIGITS
                    && value.bytes().all(|digit| digit.is_ascii_hexdigit());
                if !digits {
                    let expected = "16 hexadecimal digits: identification, manufacturer, \
                                    version, medium";
                    return Err(wrong("secondary", expected));
                }
                MbusAddress::Secondary(value.to_ascii_uppercase())
            }
            other => {
                let key = other.to_owned();
                return Err(ParsePortError::Key { key, scheme, expected: keys });
            }
        };
        if address.replace(found).is_some() {
            return Err(ParsePortError::Missing("address=N or secondary=ID, one of them"));
        }
    }
    address.ok_or(ParsePortError::Missing("address=N (0 to 250) or secondary=ID"))
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
        Self { path, line: LineSettings::CUSTOMER_INTERFACE }
    }
}

impl LineSettings {
    /// The E450 customer interface and M-Bus: 2400 8E1.
    pub const CUSTOMER_INTERFACE: Self =
        Self { baud: 2400, data: 8, parity: Parity::Even, stop: 1 };
    /// What most Modbus meters leave the factory with: 9600 8N1.
    pub const MODBUS: Self = Self { baud: 9600, data: 8, parity: Parity::None, stop: 1 };
    /// The sign-on of the optical port: 300 7E1 (IEC 62056-21, 6.1).
    pub const OPTICAL: Self = Self { baud: 300, data: 7, parity: Parity::Even, stop: 1 };
}

impl fmt::Display for LineSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { baud, data, parity, stop } = self;
        write!(f, "baud={baud}&data={data}&parity={}&stop={stop}", parity.name())
    }
}

impl fmt::Display for MbusAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary(address) => write!(f, "address={address}"),
            Self::Secondary(address) => write!(f, "secondary={address}"),
        }
    }
}

/// A host as it stands before a colon and a port.
struct Host<'a>(&'a str);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
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
            Self::Serial(SerialSettings { path, line }) => {
                write!(f, "serial://{}?{line}", path.display())
            }
            Self::Tcp { host, port } => write!(f, "tcp://{}:{port}", Host(host)),
            Self::ModbusTcp { host, port, unit } => {
                write!(f, "modbus+tcp://{}:{port}?unit={unit}", Host(host))
            }
            Self::ModbusRtuTcp { host, port, unit } => {
                write!(f, "modbus+rtutcp://{}:{port}?unit={unit}", Host(host))
            }
            Self::ModbusRtu { line: SerialSettings { path, line }, unit } => {
                write!(f, "modbus+rtu://{}?{line}&unit={unit}", path.display())
            }
            Self::MbusSerial { line: SerialSettings { path, line }, address } => {
                write!(f, "mbus+serial://{}?{line}&{address}", path.display())
            }
            Self::MbusTcp { host, port, address } => {
                write!(f, "mbus+tcp://{}:{port}?{address}", Host(host))
            }
            Self::Pty { link: None } => f.write_str("pty://"),
            Self::Pty { link: Some(link) } => write!(f, "pty://{}", link.display()),
            Self::File { path, speed } => write!(f, "file://{}?speed={speed}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests;
