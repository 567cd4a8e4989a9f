//! Sums of accepted writes, so that the audit log tells of each sender and not of each row.
//!
//! In: who posted how many rows where. Out: one entry a minute for each sender and address.

use super::audit::Entry;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::time::Instant;

/// How long writes are summed up.
const SUMMED_FOR: Duration = Duration::from_secs(60);
/// Most sums at a time. Those of further senders are one, whose sender is not named.
const SUMS_MAX: usize = 256;
/// What stands for the address of the sum of further senders.
const FURTHER: &str = "further senders";

/// The writes of one sender to one address.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    who: Option<String>,
    from: IpAddr,
    path: String,
    requests: u64,
    rows: u64,
}

impl Sum {
    pub(super) fn entry(&self) -> Entry<'_> {
        Entry {
            what: "posted",
            who: self.who.as_deref(),
            from: Some(self.from),
            more: vec![
                ("path", self.path.as_str().into()),
                ("requests", self.requests.into()),
                ("rows", self.rows.into()),
            ],
        }
    }
}

/// All sums since the last time they were told of.
#[derive(Debug, Default)]
pub(super) struct Posted {
    sums: HashMap<(Option<String>, IpAddr, String), (u64, u64)>,
    began: Option<Instant>,
}

impl Posted {
    pub(super) fn note(
        &mut self,
        (who, from, path): (Option<&str>, IpAddr, &str),
        rows: Option<usize>,
        now: Instant,
    ) {
        self.began.get_or_insert(now);
        let mut key = (who.map(str::to_owned), from, path.to_owned());
        if self.sums.len() >= SUMS_MAX && !self.sums.contains_key(&key) {
            key = (None, IpAddr::V4(Ipv4Addr::UNSPECIFIED), FURTHER.to_owned());
        }
        let (requests, sum) = self.sums.entry(key).or_default();
        *requests += 1;
        *sum += rows.unwrap_or(0) as u64;
    }

    /// The sums, once they are complete.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Sum> {
        let is_due = self.began.is_some_and(|began| now.duration_since(began) >= SUMMED_FOR);
        if is_due { self.all() } else { Vec::new() }
    }

    /// The sums so far.
    pub(super) fn all(&mut self) -> Vec<Sum> {
        self.began = None;
        let sums = std::mem::take(&mut self.sums).into_iter();
        let mut sums: Vec<Sum> = sums
            .map(|((who, from, path), (requests, rows))| Sum { who, from, path, requests, rows })
            .collect();
        sums.sort_by(|a, b| (&a.who, a.from, &a.path).cmp(&(&b.who, b.from, &b.path)));
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_posts_is_one_entry_for_each_sender() {
        let mut posted = Posted::default();
        let start = Instant::now();
        let from = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..3 {
            posted.note((Some("plc"), from, "/api/mesures"), Some(10), start);
        }
        posted.note((None, from, "/api/mesures"), Some(1), start);
        assert!(posted.due(start + SUMMED_FOR / 2).is_empty());
        let sums = posted.due(start + SUMMED_FOR);
        let told: Vec<_> = sums.iter().map(|s| (s.who.as_deref(), s.requests, s.rows)).collect();
        assert_eq!(told, [(None, 1, 1), (Some("plc"), 3, 30)]);
        assert!(posted.due(start + SUMMED_FOR * 9).is_empty());
        for sender in 0..2 * SUMS_MAX as u32 {
            let from = IpAddr::from(sender.to_be_bytes());
            posted.note((Some("plc"), from, "/api/mesures"), Some(1), start);
        }
        let sums = posted.all();
        assert_eq!(sums.len(), SUMS_MAX + 1);
        assert_eq!((sums[0].path.as_str(), sums[0].rows), (FURTHER, SUMS_MAX as u64));
    }
}
