//! What the MQTT outlet counts and tells, for `/metrics` and `/readyz`.
//!
//! In: what the publisher does. Out: totals since the start, and the state of now. A broker that
//! is away is told here and makes nothing else unready: its messages wait in the store.

use crate::Count;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The state of the connection to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MqttState {
    /// The broker accepted us and is being told.
    Connected,
    /// There is no connection now; the reason, once there is one.
    Away(Option<String>),
}

/// The totals of the MQTT outlet.
#[derive(Debug, Default)]
pub struct MqttCounters {
    /// `None` as long as no broker is configured.
    state: Mutex<Option<MqttState>>,
    /// The newest sample that the broker acknowledged, all before it included.
    acknowledged: AtomicU64,
    /// Messages that the broker acknowledged.
    pub published: Count,
    /// Samples that the broker acknowledged.
    pub samples: Count,
    /// Connections made.
    pub connects: Count,
    /// Samples that the store had dropped before the broker took them, and samples that are too
    /// long for a message.
    pub lost: Count,
}

impl MqttCounters {
    /// The state of the connection; `None` without a configured broker.
    #[must_use]
    pub fn state(&self) -> Option<MqttState> {
        self.state.lock().expect("no holder of this lock panics").clone()
    }

    /// The newest sample up to which the broker acknowledged everything.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    pub(super) fn set_state(&self, state: MqttState) {
        *self.state.lock().expect("no holder of this lock panics") = Some(state);
    }

    pub(super) fn set_acknowledged(&self, id: u64) {
        self.acknowledged.store(id, Ordering::Relaxed);
    }
}
