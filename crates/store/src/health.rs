//! How the store is doing, for those who must be told.

use reading::Timestamp;
use std::sync::Mutex;
use tokio::sync::watch;

/// How the store is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether the last attempt to commit succeeded. While it is false, telegrams wait in order.
    pub writable: bool,
    /// Telegrams that were accepted and are not on disk yet.
    pub queue_length: usize,
    /// Most telegrams that may wait; beyond them, appending waits for room.
    pub queue_max: usize,
    /// Why the last attempt to commit failed, and what to do; `None` while writable.
    pub last_error: Option<String>,
    /// Attempts that failed since the last commit.
    pub failed_attempts: u64,
    /// Commits since the store was opened.
    pub commits: u64,
    /// Arrival of the newest telegram that was committed since the store was opened.
    pub last_commit: Option<Timestamp>,
}

/// What the writer notes and others ask.
#[derive(Debug)]
pub(crate) struct Pulse {
    beats: Mutex<Beats>,
    writable: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Beats {
    last_error: Option<String>,
    failed_attempts: u64,
    commits: u64,
    last_commit: Option<Timestamp>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self { beats: Mutex::default(), writable: watch::Sender::new(true) }
    }

    /// A commit succeeded; returns how many attempts had failed before it.
    pub(crate) fn committed(&self, newest_arrival: Option<Timestamp>) -> u64 {
        let mut beats = self.beats.lock().expect("no holder of this lock panics");
        beats.commits += 1;
        beats.last_commit = beats.last_commit.max(newest_arrival);
        beats.last_error = None;
        let failed = std::mem::take(&mut beats.failed_attempts);
        drop(beats);
        self.writable.send_if_modified(|writable| !std::mem::replace(writable, true));
        failed
    }

    /// An attempt failed, and what waits still waits; returns how many failed in a row.
    pub(crate) fn failed(&self, reason: String) -> u64 {
        let mut beats = self.beats.lock().expect("no holder of this lock panics");
        beats.last_error = Some(reason);
        beats.failed_attempts += 1;
        let failed = beats.failed_attempts;
        drop(beats);
        self.writable.send_if_modified(|writable| std::mem::replace(writable, false));
        failed
    }

    pub(crate) fn writable(&self) -> watch::Receiver<bool> {
        self.writable.subscribe()
    }

    pub(crate) fn health(&self, queue_length: usize, queue_max: usize) -> Health {
        let beats = self.beats.lock().expect("no holder of this lock panics");
        Health {
            writable: *self.writable.borrow(),
            queue_length,
            queue_max,
            last_error: beats.last_error.clone(),
            failed_attempts: beats.failed_attempts,
            commits: beats.commits,
            last_commit: beats.last_commit,
        }
    }
}
