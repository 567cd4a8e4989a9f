//! Where a bus is, as people write it.
//!
//! In: a device's path, a gateway's address, or a port as the configuration writes it. Out: the port
//! of any meter on that bus. What is meant for another bus is refused with the command that fits.

use super::Misused;
use wire::Port;

/// Which bus is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bus {
    Mbus,
    Modbus,
}

impl Bus {
    /// The scheme for a place of each kind: a device, a host.
    const fn schemes(self) -> (&'static str, &'static str) {
        match self {
            Self::Mbus => ("mbus+serial", "mbus+tcp"),
            Self::Modbus => ("modbus+rtu", "modbus+tcp"),
        }
    }

    /// A setting that names some meter, since a bus alone is no port; and the key of one.
    const fn somebody(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Mbus => ("address=0", &["address", "secondary"]),
            Self::Modbus => ("unit=1", &["unit"]),
        }
    }

    const fn forms(self) -> &'static str {
        match self {
            Self::Mbus => {
                "a device such as /dev/serial/by-id/usb-…, tcp://HOST:PORT, mbus+tcp://HOST:PORT \
                 or mbus+serial://DEVICE?baud&parity"
            }
            Self::Modbus => {
                "a device such as /dev/serial/by-id/usb-…, tcp://HOST:PORT, modbus+tcp://HOST:PORT, \
                 modbus+rtutcp://HOST:PORT or modbus+rtu://DEVICE?baud&parity&stop"
            }
        }
    }
}

/// The port of some meter on the bus that `text` means.
///
/// # Errors
/// What was expected, or which command searches such a port.
pub(super) fn port(text: &str, bus: Bus) -> Result<Port, Misused> {
    let (device, host) = bus.schemes();
    let (scheme, rest) = match text.split_once("://") {
        None => (device, text),
        Some(("serial", rest)) => (device, rest),
        Some(("tcp", rest)) => (host, rest),
        Some((scheme, rest)) => (scheme, rest),
    };
    let fits = match bus {
        Bus::Mbus => scheme == device || scheme == host,
        Bus::Modbus => scheme == device || scheme == host || scheme == "modbus+rtutcp",
    };
    if !fits {
        let other = match scheme.split_once('+') {
            Some(("modbus", _)) => "; `triphase scan modbus` searches such a port",
            Some(("mbus", _)) => "; `triphase scan mbus` searches such a port",
            _ => "",
        };
        return Err(Misused(format!("{text}: expected {}{other}", bus.forms())));
    }
    if rest == text && !text.contains('/') && text.contains(':') {
        let forms = bus.forms();
        return Err(Misused(format!("{text}: is tcp://{text} meant? Expected {forms}")));
    }
    let (somebody, keys) = bus.somebody();
    let mut url = format!("{scheme}://{rest}");
    if !keys.iter().any(|key| says(text, key)) {
        url.push(if rest.contains('?') { '&' } else { '?' });
        url.push_str(somebody);
    }
    url.parse().map_err(|error| Misused(format!("{text}: {error}; expected {}", bus.forms())))
}

/// Whether a setting is named.
pub(super) fn says(text: &str, key: &str) -> bool {
    let settings = text.split_once('?').map_or("", |(_, settings)| settings);
    settings.split('&').any(|part| part.split('=').next() == Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, bus: Bus) -> String {
        port(text, bus).map_or_else(|error| error.to_string(), |port| port.to_string())
    }

    #[test]
    fn every_way_to_name_a_bus_is_understood() {
        let line = "baud=2400&data=8&parity=even&stop=1";
        for (text, port) in [
            ("/dev/ttyUSB0", format!("mbus+serial:///dev/ttyUSB0?{line}&address=0")),
            ("serial:///dev/ttyUSB0", format!("mbus+serial:///dev/ttyUSB0?{line}&address=0")),
            (
                "mbus+serial:///dev/ttyUSB0?baud=300",
                "mbus+serial:///dev/ttyUSB0?baud=300&data=8&parity=even&stop=1&address=0".into(),
            ),
            ("tcp://10.0.0.20:10001", "mbus+tcp://10.0.0.20:10001?address=0".into()),
            ("mbus+tcp://10.0.0.20:10001", "mbus+tcp://10.0.0.20:10001?address=0".into()),
            ("mbus+tcp://10.0.0.20:10001?address=7", "mbus+tcp://10.0.0.20:10001?address=7".into()),
        ] {
            assert_eq!(shown(text, Bus::Mbus), port);
        }
        let line = "baud=9600&data=8&parity=none&stop=1";
        for (text, port) in [
            ("/dev/ttyUSB0", format!("modbus+rtu:///dev/ttyUSB0?{line}&unit=1")),
            ("serial:///dev/ttyUSB0", format!("modbus+rtu:///dev/ttyUSB0?{line}&unit=1")),
            ("tcp://10.0.0.12", "modbus+tcp://10.0.0.12:502?unit=1".into()),
            ("tcp://10.0.0.12:1502", "modbus+tcp://10.0.0.12:1502?unit=1".into()),
            ("modbus+tcp://10.0.0.12?unit=7", "modbus+tcp://10.0.0.12:502?unit=7".into()),
            ("modbus+rtutcp://10.0.0.12:4001", "modbus+rtutcp://10.0.0.12:4001?unit=1".into()),
        ] {
            assert_eq!(shown(text, Bus::Modbus), port);
        }
    }

    #[test]
    fn what_is_meant_for_another_bus_is_said_with_the_forms() {
        let said = shown("modbus+tcp://10.0.0.12", Bus::Mbus);
        assert!(said.contains("mbus+serial://DEVICE") && said.contains("scan modbus"), "{said}");
        let said = shown("mbus+serial:///dev/ttyUSB0", Bus::Modbus);
        assert!(said.contains("modbus+rtutcp://HOST:PORT") && said.contains("scan mbus"), "{said}");
        let said = shown("tcp://10.0.0.20", Bus::Mbus);
        assert!(said.contains("HOST:PORT") && said.contains("a device such as"), "{said}");
        let said = shown("10.0.0.12:502", Bus::Modbus);
        assert!(said.contains("is tcp://10.0.0.12:502 meant?"), "{said}");
        let said = shown("http://10.0.0.20", Bus::Modbus);
        assert!(said.starts_with("http://10.0.0.20: expected a device"), "{said}");
    }
}
