//! What is appended together, what became of it, and what the bus tells.

use crate::journal::JournalNotes;
use crate::queue::QUEUE_TELEGRAMS_MAX;
use reading::{Link, Memory, MeterId, Telegram};
use std::sync::Arc;

/// Most telegrams of one batch.
pub const BATCH_TELEGRAMS_MAX: usize = QUEUE_TELEGRAMS_MAX;
/// Most readings of one telegram.
pub const READINGS_MAX: usize = 4096;

/// Telegrams and memory that reach the disk in one commit, or not at all.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The telegrams, in the order of their arrival.
    pub telegrams: Vec<Telegram>,
    /// What the drivers must remember; written in the same commit, also when every telegram is
    /// known already.
    pub memory: Vec<Memory>,
    /// What is noted in the meters' journal.
    pub journal: JournalNotes,
    /// What happens to a telegram whose meter, list and time are stored already, with other values.
    ///
    /// `true`, for clients that wait for an answer: it is a [`Conflict`](Appended::Conflict), and
    /// one of them keeps the whole batch and its memory out of the store.
    ///
    /// `false`, for meters, which cannot be asked again: both are kept. A clock that stands still,
    /// ticks more slowly than the telegrams come, or lives the repeated October hour without
    /// saying so must not cost a reading.
    pub all_or_nothing: bool,
    /// The telegrams tell a past: when they say that they arrived is nothing that this machine's
    /// clock could be judged by.
    pub is_past: bool,
}

impl Batch {
    /// What a meter sent: nothing of it is ever refused for what is stored already.
    #[must_use]
    pub fn live(telegrams: Vec<Telegram>, memory: Vec<Memory>) -> Self {
        Self { telegrams, memory, ..Self::default() }
    }

    /// What a meter would have sent before this store was.
    #[must_use]
    pub fn past(telegrams: Vec<Telegram>, memory: Vec<Memory>) -> Self {
        Self { is_past: true, ..Self::live(telegrams, memory) }
    }

    /// What a client posted: all of it is stored, or nothing.
    #[must_use]
    pub fn all_or_nothing(telegrams: Vec<Telegram>) -> Self {
        Self { telegrams, all_or_nothing: true, ..Self::default() }
    }

    /// What is noted in the journal, and nothing else.
    #[must_use]
    pub fn notes(journal: JournalNotes) -> Self {
        Self { journal, ..Self::default() }
    }
}

/// What became of one telegram of a batch; the number is the sample's id.
///
/// When a batch that is all or nothing meets a conflict, nothing of it is stored: ids of its own
/// telegrams are then 0, which is no sample's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It was stored.
    New(u64),
    /// The same values for the same meter, list and time were stored before, and stay.
    Duplicate(u64),
    /// Other values for the same meter, list and time were stored before, and stay.
    Conflict(u64),
}

/// A stored telegram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its place in the order of storage: greater than every id before it, never used again.
    pub id: u64,
    /// What the meter sent.
    pub telegram: Telegram,
}

/// What the bus tells. Samples are on disk before they are told.
///
/// A subscriber that is too slow gets [`Lagged`](tokio::sync::broadcast::error::RecvError::Lagged)
/// and heals by [`Store::samples_after`](crate::Store::samples_after) its last id.
#[derive(Debug, Clone)]
pub enum Event {
    /// A telegram was stored.
    Sample(Arc<Sample>),
    /// A meter's link changed.
    Link {
        /// The meter.
        meter: MeterId,
        /// Its link from now on.
        link: Link,
    },
}
