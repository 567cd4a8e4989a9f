//! Slows down who guesses tokens.
//!
//! In: failed attempts, their addresses, the time of now. Out: whether this one counts, or how
//! long to wait. Nobody guesses 256 random bits at any speed; the delay keeps guessing from
//! filling logs and costing work, and makes it visible. That is why a right token is never
//! refused here: else whoever shares an address with a guesser (a proxy, a router) would be locked
//! out by him.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use tokio::time::Instant;

/// Failures of one address that cost nothing: people mistype.
const FREE: u32 = 5;
/// Failures of all addresses together that cost nothing.
const FREE_IN_TOTAL: u32 = 100;
/// The first delay; each further failure doubles it.
const DELAY: Duration = Duration::from_secs(1);
/// The longest delay.
const DELAY_MAX: Duration = Duration::from_secs(300);
/// Without a failure for this long, all is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(900);
/// Most addresses that are remembered; the one whose last failure is oldest makes room.
const ADDRESSES_MAX: usize = 1024;

/// What becomes of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is told that it failed.
    Failed,
    /// It came too early: nothing is told but the time to wait.
    Wait(Duration),
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Instant,
    /// Attempts before this instant are not looked at.
    until: Instant,
}

impl Record {
    fn new(now: Instant) -> Self {
        Self { failures: 0, last: now, until: now }
    }

    fn wait(&self, now: Instant) -> Option<Duration> {
        let wait = self.until.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    fn failed(&mut self, free: u32, now: Instant) {
        if now.saturating_duration_since(self.last) >= FORGOTTEN_AFTER {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        if let Some(beyond) = self.failures.checked_sub(free + 1) {
            let factor = 2_u32.saturating_pow(beyond);
            self.until = now + DELAY.saturating_mul(factor).min(DELAY_MAX);
        }
    }
}

/// The failures of the last while.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    by_address: HashMap<IpAddr, Record>,
    total: Option<Record>,
}

impl Throttle {
    /// Notes that an attempt from `address` failed.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) -> Verdict {
        let network = network(address);
        let total = self.total.get_or_insert_with(|| Record::new(now));
        let own = self.by_address.get(&network).and_then(|record| record.wait(now));
        if let Some(wait) = own.max(total.wait(now)) {
            return Verdict::Wait(wait);
        }
        total.failed(FREE_IN_TOTAL, now);
        if !self.by_address.contains_key(&network) && self.by_address.len() >= ADDRESSES_MAX {
            let oldest = self.by_address.iter().min_by_key(|(_, record)| record.last);
            let oldest = oldest.map(|(address, _)| *address);
            oldest.and_then(|address| self.by_address.remove(&address));
        }
        let record = self.by_address.entry(network).or_insert_with(|| Record::new(now));
        record.failed(FREE, now);
        Verdict::Failed
    }
}

/// The address, or for IPv6 the network of 64 bits that one customer has whole.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_delay_of_an_address_grows_is_bounded_and_is_forgotten() {
        let mut throttle = Throttle::default();
        let mut now = Instant::now();
        for _ in 0..=FREE {
            assert_eq!(throttle.failed(v4(1), now), Verdict::Failed);
        }
        let mut delays = Vec::new();
        for _ in 0..11 {
            let Verdict::Wait(wait) = throttle.failed(v4(1), now) else { panic!("no delay") };
            assert_eq!(throttle.failed(v4(2), now), Verdict::Failed, "another address");
            throttle.by_address.remove(&v4(2));
            throttle.total = None;
            delays.push(wait.as_secs());
            now += wait;
            assert_eq!(throttle.failed(v4(1), now), Verdict::Failed, "after the delay");
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        now += FORGOTTEN_AFTER;
        for _ in 0..=FREE {
            assert_eq!(throttle.failed(v4(1), now), Verdict::Failed, "forgotten");
        }
        assert_eq!(throttle.failed(v4(1), now), Verdict::Wait(SECOND));
    }

    #[test]
    fn many_addresses_share_one_limit_and_little_memory() {
        let mut throttle = Throttle::default();
        let mut now = Instant::now();
        let address = |index: u32| IpAddr::from(index.to_be_bytes());
        for index in 0..=FREE_IN_TOTAL {
            assert_eq!(throttle.failed(address(index), now), Verdict::Failed);
        }
        assert_eq!(throttle.failed(address(9999), now), Verdict::Wait(SECOND));
        for index in 0..3 * ADDRESSES_MAX as u32 {
            now += FORGOTTEN_AFTER;
            throttle.failed(address(index), now);
        }
        assert_eq!(throttle.by_address.len(), ADDRESSES_MAX);
    }

    #[test]
    fn an_ipv6_customer_is_one_address() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        let host = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        for last in 0..=5 {
            throttle.failed(host(last), now);
        }
        assert_eq!(throttle.failed(host(99), now), Verdict::Wait(SECOND));
        let mapped = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(network(mapped), v4(1));
    }
}
