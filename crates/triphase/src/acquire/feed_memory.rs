//! What must be remembered of delivered messages: which of them are on disk, which filters the
//! broker keeps for us.
//!
//! In: messages with their number at the broker. Out: memory for the commit of their telegrams,
//! and whether a message that comes again is stored already. A broker sends what was not
//! acknowledged again under its old number (MQTT 3.1.1, 4.4), so the last numbers are enough.

use outlet::mqtt::Delivery;
use reading::Memory;
use std::collections::{BTreeMap, BTreeSet};

/// Numbers that are remembered. Brokers have about 20 messages under way to one client.
const SLOTS_MAX: u16 = 256;
/// Names in the store.
const MESSAGE: &str = "mqtt_in/message";
const FILTER: &str = "mqtt_in/filter";

/// What is remembered of one broker.
#[derive(Debug, Default)]
pub(super) struct FeedMemory {
    /// Name of the listener at its broker; it is a part of every key.
    client: String,
    messages: BTreeMap<u16, i64>,
    filters: BTreeSet<String>,
}

/// A message that is remembered once its telegram is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trace {
    slot: u16,
    hash: i64,
}

impl Trace {
    /// The trace of a message; `None` where the broker gave it no number.
    pub(super) fn of(delivery: &Delivery) -> Option<Self> {
        if delivery.packet == 0 {
            return None;
        }
        let texts = [&delivery.packet.to_be_bytes(), delivery.topic.as_bytes(), &delivery.payload];
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for text in texts {
            // The length first, so that no two splits of the same bytes are one.
            for byte in (text.len() as u64).to_be_bytes().iter().chain(text) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Some(Self { slot: delivery.packet % SLOTS_MAX, hash: hash.cast_signed() })
    }
}

impl FeedMemory {
    /// What an earlier run remembered.
    pub(super) fn recalled(client: &str, memories: Vec<Memory>) -> Self {
        let mut memory = Self { client: client.to_owned(), ..Self::default() };
        let (message, filter) = (format!("{MESSAGE}/{client}/"), format!("{FILTER}/{client}/"));
        for Memory { key, value } in memories {
            if let Some(slot) = key.strip_prefix(&message).and_then(|slot| slot.parse().ok()) {
                memory.messages.insert(slot, value);
            } else if let Some(filter) = key.strip_prefix(&filter)
                && value != 0
            {
                memory.filters.insert(filter.to_owned());
            }
        }
        memory
    }

    /// The prefix of everything that is remembered.
    pub(super) const PREFIX: &str = "mqtt_in/";

    /// Whether a message is on disk already.
    pub(super) fn knows(&self, trace: Trace) -> bool {
        self.messages.get(&trace.slot) == Some(&trace.hash)
    }

    /// A message's telegram is on disk.
    pub(super) fn learn(&mut self, trace: Trace) {
        self.messages.insert(trace.slot, trace.hash);
    }

    /// What the commit of these messages' telegrams writes.
    pub(super) fn of_messages(&self, traces: impl Iterator<Item = Trace>) -> Vec<Memory> {
        traces
            .map(|trace| Memory {
                key: format!("{MESSAGE}/{}/{:03}", self.client, trace.slot),
                value: trace.hash,
            })
            .collect()
    }

    /// Filters that the broker still keeps for us and nobody wants any more.
    pub(super) fn unwanted(&self, wanted: &[String]) -> Vec<String> {
        self.filters.iter().filter(|filter| !wanted.contains(filter)).cloned().collect()
    }

    /// The broker keeps these filters for us, and no others; returns what to write.
    pub(super) fn subscribed(&mut self, wanted: &[String]) -> Vec<Memory> {
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        let changed = self.filters.symmetric_difference(&wanted);
        let memory = changed.map(|filter| Memory {
            key: format!("{FILTER}/{}/{filter}", self.client),
            value: i64::from(wanted.contains(filter)),
        });
        let memory = memory.collect();
        self.filters = wanted;
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(packet: u16, topic: &str, payload: &str) -> Delivery {
        Delivery {
            topic: topic.to_owned(),
            payload: payload.into(),
            retained: false,
            late: false,
            again: true,
            packet,
            receipt: None,
        }
    }

    #[test]
    fn only_the_same_message_under_its_old_number_is_known() {
        let trace = |packet, topic, payload| Trace::of(&delivery(packet, topic, payload));
        let stored = trace(7, "a/b", "1").expect("a number");
        let mut memory = FeedMemory::recalled("c", Vec::new());
        memory.learn(stored);
        let written = memory.of_messages([stored].into_iter());
        let memory = FeedMemory::recalled("c", written.clone());
        assert!(memory.knows(stored));
        for other in [(8, "a/b", "1"), (7, "a/c", "1"), (7, "a/b", "2"), (7, "a/", "b1")] {
            assert!(
                !memory.knows(trace(other.0, other.1, other.2).expect("a number")),
                "{other:?}"
            );
        }
        assert_eq!(trace(0, "a/b", "1"), None, "QoS 0 never comes again");
        assert!(!FeedMemory::recalled("other", written).knows(stored));
    }

    #[test]
    fn a_filter_that_nobody_wants_any_more_is_given_back() {
        let wanted = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let mut memory = FeedMemory::recalled("c", Vec::new());
        let written = memory.subscribed(&wanted(&["a/#", "b"]));
        let mut memory = FeedMemory::recalled("c", written);
        assert_eq!(memory.unwanted(&wanted(&["b", "d"])), ["a/#"]);
        let changed = memory.subscribed(&wanted(&["b", "d"]));
        assert_eq!(changed.len(), 2, "one given back, one new");
        assert_eq!(memory.unwanted(&wanted(&["b", "d"])), [""; 0]);
    }
}
