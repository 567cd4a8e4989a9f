//! What the running program counts, for `/metrics`.
//!
//! In: events that `triphase` and the routes count. Out: totals since the start. A meter's
//! counters exist from the start, so that a meter that never spoke reads 0 and not "absent".

use crate::mqtt::MqttCounters;
use reading::{JournalKind, MeterId};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Most distinct defect codes that one meter counts; further ones count as `other`.
const DEFECT_CODES_MAX: usize = 64;

/// A total that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one.
    pub fn one(&self) {
        self.add(1);
    }

    /// Adds `number`.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    /// The total so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The totals of one meter.
#[derive(Debug, Default)]
pub struct MeterCounters {
    /// Bytes that its wire brought.
    pub bytes: Count,
    /// Bytes among them that belonged to nothing known: a wrong line setting, another protocol.
    pub noise_bytes: Count,
    /// Telegrams delivered, with or without defects.
    pub telegrams: Count,
    /// Telegrams refused.
    pub refused: Count,
    /// Telegrams that the store made durable.
    pub appended: Count,
    /// Telegrams that the store held already.
    pub duplicates: Count,
    /// Telegrams that contradicted a stored one and were not stored.
    pub conflicts: Count,
    /// Times the wire was opened.
    pub connects: Count,
    defects: Mutex<BTreeMap<&'static str, u64>>,
    journal: Mutex<BTreeMap<JournalKind, u64>>,
}

impl MeterCounters {
    /// Counts a defect under its code.
    pub fn defect(&self, code: &'static str) {
        let mut defects = self.defects.lock().expect("no count panics");
        let full = defects.len() >= DEFECT_CODES_MAX && !defects.contains_key(code);
        *defects.entry(if full { "other" } else { code }).or_default() += 1;
    }

    /// Counts an event that was noted in the journal.
    pub fn journal(&self, kind: JournalKind) {
        *self.journal.lock().expect("no count panics").entry(kind).or_default() += 1;
    }

    /// The noted events by kind; every kind is there.
    #[must_use]
    pub fn noted(&self) -> Vec<(JournalKind, u64)> {
        let journal = self.journal.lock().expect("no count panics");
        let total = |kind| (kind, journal.get(&kind).copied().unwrap_or(0));
        JournalKind::ALL.into_iter().map(total).collect()
    }

    /// The totals by code, in the order of the codes.
    #[must_use]
    pub fn defects(&self) -> Vec<(&'static str, u64)> {
        let defects = self.defects.lock().expect("no count panics");
        defects.iter().map(|(code, total)| (*code, *total)).collect()
    }
}

/// Every total of the running program.
#[derive(Debug, Default)]
pub struct Counters {
    meters: BTreeMap<MeterId, MeterCounters>,
    /// HTTP requests answered.
    pub requests: Count,
    /// The same by the hundreds of their status, 1xx to 5xx.
    pub statuses: [Count; 5],
    /// Connections closed for sending too slowly or not at all.
    pub slow_connections: Count,
    /// Connections refused because there were too many.
    pub surplus_connections: Count,
    /// HTTP requests answered with a status of 500 or more.
    pub failures: Count,
    /// Batches that became durable.
    pub appends: Count,
    /// Time from handing batches to the store until they were durable. **Unit** µs.
    pub append_micros: Count,
    /// Measurements that came over HTTP and are on disk.
    pub posted: Count,
    /// What the MQTT outlet counts.
    pub mqtt: MqttCounters,
}

impl Counters {
    /// Zeroes for every meter.
    pub fn new(meters: impl IntoIterator<Item = MeterId>) -> Self {
        let meters = meters.into_iter().map(|id| (id, MeterCounters::default())).collect();
        Self { meters, ..Self::default() }
    }

    /// The totals of a configured meter.
    #[must_use]
    pub fn meter(&self, meter: &MeterId) -> Option<&MeterCounters> {
        self.meters.get(meter)
    }

    /// Counts a defect in what a meter sent.
    pub fn defect(&self, meter: &MeterId, code: &'static str) {
        if let Some(counters) = self.meter(meter) {
            counters.defect(code);
        }
    }

    /// Counts telegrams of a meter that became durable, and how long that took.
    pub fn appended(&self, meter: &MeterId, telegrams: usize, latency: Duration) {
        if let Some(counters) = self.meter(meter) {
            counters.appended.add(telegrams as u64);
        }
        self.appends.one();
        self.append_micros.add(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    /// All meters, in the order of their ids.
    pub fn meters(&self) -> impl Iterator<Item = (&MeterId, &MeterCounters)> {
        self.meters.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_defects_by_code_and_bounds_the_codes() {
        let counters = MeterCounters::default();
        counters.defect("fcs_mismatch");
        counters.defect("fcs_mismatch");
        assert_eq!(counters.defects(), [("fcs_mismatch", 2)]);
        for number in 0..200 {
            counters.defect(Box::leak(format!("code_{number}").into_boxed_str()));
        }
        let defects = counters.defects();
        assert!(defects.len() <= DEFECT_CODES_MAX + 1);
        assert_eq!(defects.iter().map(|(_, total)| total).sum::<u64>(), 202);
    }
}
