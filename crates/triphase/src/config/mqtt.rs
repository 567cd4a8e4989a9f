//! The `[mqtt]` section: a broker, how to prove who we are, where to publish.

use super::checked::place;
use super::raw;
use super::report::Complaint;
use super::secret::Secret;
use anyhow::{Context, Result};
use outlet::mqtt::{Broker, Credentials, Options, Tls, Topics};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Ports that brokers listen on (IANA).
const PORT_PLAIN: u16 = 1883;
const PORT_TLS: u16 = 8883;
/// Longest user name; MQTT has room for more, brokers have not.
const USERNAME_MAX: usize = 256;
/// The one meter id that would mix a meter's topics with those of the alarms.
const RESERVED: &str = "alarms";

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerAddress {
    host: String,
    port: u16,
    secure: bool,
}

impl BrokerAddress {
    /// Host and port of a broker that is reached without TLS; `None` of another one.
    pub(crate) fn plain(&self) -> Option<(&str, u16)> {
        (!self.secure).then_some((self.host.as_str(), self.port))
    }
}

/// A checked `[mqtt]` section. Secrets and certificates are read when the service starts.
#[derive(Debug, Clone)]
pub(crate) struct MqttConfig {
    broker: BrokerAddress,
    topics: Topics,
    username: Option<Username>,
    password: Option<Secret>,
    ca: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
}

#[derive(Debug, Clone)]
enum Username {
    Plain(String),
    Kept(Secret),
}

impl MqttConfig {
    /// A broker that asks nobody who they are.
    pub(crate) fn open(broker: BrokerAddress, site: &str) -> Self {
        let topics = Topics::of_site(site);
        Self { broker, topics, username: None, password: None, ca: None, client: None }
    }

    /// The topics of the site.
    pub(crate) const fn topics(&self) -> &Topics {
        &self.topics
    }

    /// What the publisher is told, with secrets and certificates read.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(crate) fn options(&self) -> Result<Options> {
        let username = self.username.as_ref().map(|username| match username {
            Username::Plain(name) => Ok(name.clone()),
            Username::Kept(secret) => secret.text().context("username"),
        });
        let credentials = match username.transpose()? {
            None => None,
            Some(username) => {
                let password = self.password.as_ref().map(Secret::text).transpose();
                let password = password.context("password")?.unwrap_or_default();
                Some(Credentials { username, password })
            }
        };
        let client = match &self.client {
            None => None,
            Some((certificate, key)) => {
                Some((read("client_cert", certificate)?, read("client_key", key)?))
            }
        };
        let ca = self.ca.as_ref().map(|ca| read("ca", ca)).transpose()?;
        let BrokerAddress { host, port, secure } = self.broker.clone();
        let tls = secure.then_some(Tls { ca, client });
        let broker = Broker { host, port, credentials, tls };
        Ok(Options { broker, topics: self.topics.clone() })
    }
}

fn read(key: &'static str, file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{key}: {} cannot be read", file.display()))
}

/// Reads `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`.
///
/// # Errors
/// The sentence that says what was expected.
pub(crate) fn broker_address(text: &str) -> Result<BrokerAddress, String> {
    let expected = "expected mqtt://HOST:PORT or mqtts://HOST:PORT, such as mqtt://127.0.0.1:1883";
    let (rest, secure) = match (text.strip_prefix("mqtt://"), text.strip_prefix("mqtts://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => return Err(expected.to_owned()),
    };
    if rest.contains('@') {
        return Err("user name and password have keys of their own, username and password; an \
                    address shows in logs"
            .to_owned());
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => {
            (host, port.strip_prefix(':').or(if port.is_empty() { Some("") } else { None }))
        }
        Some(_) => return Err(expected.to_owned()),
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port).filter(|port| !port.is_empty())),
            None => (rest, Some("")),
        },
    };
    let standard = if secure { PORT_TLS } else { PORT_PLAIN };
    let port = match port {
        Some("") => Some(standard),
        Some(digits) => digits.parse().ok().filter(|port| *port > 0),
        None => None,
    };
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    match port {
        Some(port) if !host.is_empty() && host.chars().all(name) => {
            Ok(BrokerAddress { host: host.to_owned(), port, secure })
        }
        _ => Err(expected.to_owned()),
    }
}

/// Checks the section; `None` when there is none, or something is wrong with it.
pub(super) fn check(
    (raw, site): (Option<Spanned<raw::Mqtt>>, &str),
    (meters, folder): (&[Spanned<raw::Meter>], &Path),
    wrong: &mut Vec<Complaint>,
) -> Option<MqttConfig> {
    let raw = raw?.into_inner();
    for id in meters.iter().map(|meter| &meter.get_ref().id) {
        if id.get_ref() == RESERVED {
            let message = "with [mqtt], \"alarms\" is the topic of the alarms: name the meter \
                           differently";
            wrong.push(Complaint::at(id.span(), message));
        }
    }
    let broker = broker_address(raw.broker.get_ref());
    let broker = broker.map_err(|reason| wrong.push(Complaint::at(raw.broker.span(), reason)));
    let topics = match &raw.prefix {
        None => Ok(Topics::of_site(site)),
        Some(prefix) => Topics::new(prefix.get_ref())
            .map_err(|error| wrong.push(Complaint::at(prefix.span(), error.to_string()))),
    };
    let secure = broker.as_ref().is_ok_and(|broker| broker.secure);
    let certificates = [("ca", &raw.ca), ("client_cert", &raw.client_cert)];
    for (key, file) in certificates {
        if let (Some(file), false, Ok(_)) = (file, secure, &broker) {
            let message = format!("{key} is used by mqtts:// only");
            wrong.push(Complaint::at(file.span(), message));
        }
    }
    let client = client(&raw, wrong);
    if let (Some(password), None) = (&raw.password, &raw.username) {
        let message = "MQTT has no password without a user name: give username too";
        wrong.push(Complaint::at(password.span(), message));
    }
    let username = raw.username.map(|username| {
        let span = username.span();
        match username.into_inner() {
            raw::Username::Kept(secret) => Username::Kept(place(secret, folder)),
            raw::Username::Plain(name) => {
                if name.is_empty() || name.len() > USERNAME_MAX {
                    let message = format!("expected 1 to {USERNAME_MAX} bytes");
                    wrong.push(Complaint::at(span, message));
                }
                Username::Plain(name)
            }
        }
    });
    Some(MqttConfig {
        broker: broker.ok()?,
        topics: topics.ok()?,
        username,
        password: raw.password.map(|secret| place(secret.into_inner(), folder)),
        ca: raw.ca.map(|file| folder.join(file.into_inner())),
        client: client.map(|(certificate, key)| (folder.join(certificate), folder.join(key))),
    })
}

/// Certificate and key come together, and with the authority that vouches for the broker.
fn client(raw: &raw::Mqtt, wrong: &mut Vec<Complaint>) -> Option<(PathBuf, PathBuf)> {
    match (&raw.client_cert, &raw.client_key) {
        (None, None) => None,
        (Some(one), None) => {
            wrong.push(Complaint::at(one.span(), "client_cert needs its client_key"));
            None
        }
        (None, Some(one)) => {
            wrong.push(Complaint::at(one.span(), "client_key needs its client_cert"));
            None
        }
        (Some(certificate), Some(key)) => {
            if raw.ca.is_none() {
                let message = "client_cert needs ca, the authority that vouches for the broker; \
                               the system's are in a file such as \
                               /etc/ssl/certs/ca-certificates.crt";
                wrong.push(Complaint::at(certificate.span(), message));
            }
            Some((certificate.get_ref().clone(), key.get_ref().clone()))
        }
    }
}
