//! The names under which this server answers.
//!
//! In: the `Host` of a request. Out: whether it is ours. A page of another site can make its own
//! name point to this machine (DNS rebinding); what it cannot choose is loopback's names, an
//! address as digits, this machine's own name, and the names in the configuration.

use std::net::IpAddr;

/// The names beyond loopback's.
#[derive(Debug)]
pub(super) struct Hosts {
    configured: IpAddr,
    machine: Option<String>,
    names: Vec<String>,
}

impl Hosts {
    pub(super) fn new(configured: IpAddr, names: Vec<String>) -> Self {
        let uname = rustix::system::uname();
        let machine = uname.nodename().to_str().ok().map(str::to_owned);
        Self { configured, machine: machine.filter(|name| is_host_name(name)), names }
    }

    /// Whether a client that reached this machine at `local` may ask for `name`.
    pub(super) fn has(&self, name: &str, local: Option<IpAddr>) -> bool {
        let same = |own: &str| own.eq_ignore_ascii_case(name);
        if ["localhost", "127.0.0.1", "::1"].into_iter().any(same) {
            return true;
        }
        if self.names.iter().any(|own| same(own)) {
            return true;
        }
        let address = name.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        if address == Some(self.configured) {
            return true;
        }
        if self.configured.is_loopback() {
            return false;
        }
        address.is_some() && address == local.map(|local| local.to_canonical())
            || self.machine.as_deref().is_some_and(same)
    }

    /// What a certificate of our own must name.
    pub(super) fn for_certificate(&self) -> Vec<String> {
        let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let listen = (!self.configured.is_unspecified()).then(|| self.configured.to_string());
        for name in listen.into_iter().chain(self.machine.clone()).chain(self.names.clone()) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }
}

/// Whether a text is a host's name or address, without port.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(plain)
    };
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}

/// The name in front of the port; `None` when the authority is malformed. The port may be any,
/// because a tunnel changes it.
pub(in super::super) fn name_of(host: &str) -> Option<&str> {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
            is_whole.then_some(address)?
        }
        None => match host.split_once(':') {
            Some((name, port)) => is_port(port).then_some(name)?,
            None => host,
        },
    };
    Some(name.strip_suffix('.').unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ours(hosts: &Hosts, host: &str, local: Option<IpAddr>) -> bool {
        name_of(host).is_some_and(|name| hosts.has(name, local))
    }

    #[test]
    fn only_loopback_and_configured_hosts_are_ours() {
        let configured = IpAddr::from([127, 0, 0, 8]);
        let hosts = Hosts::new(configured, vec!["workshop-pc".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:8330",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:8330",
            "127.0.0.8:80",
            "localhost.",
            "Workshop-PC:8330",
        ] {
            assert!(is_ours(&hosts, host, None), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8330",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.2",
            "10.0.0.5",
            "workshop-pc.evil.example",
            "[::1].evil.example",
            "[::1",
            "localhost:80:80",
            "localhost@evil.example",
            "localhost:x",
        ] {
            let local = IpAddr::from([10, 0, 0, 5]);
            assert!(!is_ours(&hosts, host, Some(local)), "{host}");
        }
    }

    #[test]
    fn beyond_loopback_the_address_that_was_reached_is_ours() {
        let hosts = Hosts::new(IpAddr::from([0, 0, 0, 0]), vec!["10.0.0.5".to_owned()]);
        let reached = "::ffff:192.0.2.7".parse().ok();
        assert!(is_ours(&hosts, "192.0.2.7:8330", reached));
        assert!(is_ours(&hosts, "10.0.0.5", reached), "configured");
        assert!(is_ours(&hosts, "localhost", reached));
        let machine = hosts.machine.clone().expect("a machine has a name");
        assert!(is_ours(&hosts, &format!("{machine}:8330"), reached));
        for host in ["192.0.2.8", "evil.example", ""] {
            assert!(!is_ours(&hosts, host, reached), "{host}");
        }
        assert!(!is_ours(&hosts, "192.0.2.7", None));
    }

    #[test]
    fn knows_names_and_addresses() {
        for good in ["workshop-pc", "meter.example.org", "10.0.0.5", "fe80::1", "::1"] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in ["", "a b", "http://x", "x:80", "a..b", "*.example.org", "[::1]"] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
