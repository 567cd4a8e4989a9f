//! What the MQTT outlet is told: the broker, how to prove who we are, where to publish.

use super::topics::Topics;
use std::fmt;

/// Everything the publisher needs beside the site's facts.
#[derive(Debug, Clone)]
pub struct Options {
    /// The broker.
    pub broker: Broker,
    /// Where messages go.
    pub topics: Topics,
}

/// A broker and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User name and password, if the broker wants them.
    pub credentials: Option<Credentials>,
    /// TLS; `None` for a plain connection.
    pub tls: Option<Tls>,
}

/// A user name and a password; neither is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password; empty where the broker asks for a name only.
    pub password: String,
}

/// How the broker proves who it is, and how we do.
#[derive(Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of the authorities that are trusted, as PEM; `None`: those of the system.
    pub ca: Option<Vec<u8>>,
    /// Our certificate chain and its private key, as PEM; needs `ca`.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Display for Broker {
    /// The address as a URL, without any secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "mqtts" } else { "mqtt" };
        if self.host.contains(':') {
            return write!(f, "{scheme}://[{}]:{}", self.host, self.port);
        }
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ca = if self.ca.is_some() { "own authority" } else { "system authorities" };
        write!(f, "Tls({ca}, client certificate: {})", self.client.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_ever_shown() {
        let credentials = Some(Credentials { username: "ana".into(), password: "x1y2".into() });
        let tls = Some(Tls { ca: None, client: Some((b"CERT".to_vec(), b"KEY".to_vec())) });
        let broker = Broker { host: "::1".into(), port: 8883, credentials, tls };
        let shown = format!("{broker:?} {broker}");
        assert!(shown.ends_with("mqtts://[::1]:8883"), "{shown}");
        for secret in ["x1y2", "ana", "KEY", "75, 69"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
