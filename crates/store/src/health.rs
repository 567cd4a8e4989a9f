//! How the store is doing, for those who must be told.

use reading::Timestamp;
use std::sync::Mutex;
use std::time::Duration;
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
    /// How often arrivals ran backwards: the house's clock was set back.
    pub clock_set_back: u64,
    /// How often an arrival was more than a day after the one before: the clock was set ahead, or
    /// nothing came for so long.
    pub clock_ahead: u64,
}

/// Arrivals that run back by more than this mean a clock that was set back.
const BACK_MIN: Duration = Duration::from_secs(2);
/// Arrivals that are further apart than this may mean a clock that was set ahead.
const AHEAD_MIN: Duration = Duration::from_secs(86_400);

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
    last_arrival: Option<Timestamp>,
    clock_set_back: u64,
    clock_ahead: u64,
}

impl Beats {
    /// Notices a clock that was set.
    fn notice(&mut self, arrival: Timestamp) {
        let last = self.last_arrival.replace(arrival).unwrap_or(arrival);
        if last > arrival.plus(BACK_MIN) {
            self.clock_set_back += 1;
            let seconds = last.since(arrival).as_secs();
            tracing::warn!(
                seconds,
                %last,
                now = %arrival,
                "the clock was set back: what it had dated later is kept, and no longer shown as \
                 the latest; is the time of this machine kept by a server (timedatectl)?"
            );
        } else if arrival > last.plus(AHEAD_MIN) {
            self.clock_ahead += 1;
            let days = arrival.since(last).as_secs() / 86_400;
            tracing::warn!(
                days,
                %last,
                now = %arrival,
                "the clock is days after the last arrival: if nothing came for so long, all is \
                 well; else set the clock. Nothing is given up for its age before a week has \
                 passed from here"
            );
        }
    }
}

impl Pulse {
    /// A store whose last arrival was then.
    pub(crate) fn new(last_arrival: Option<Timestamp>) -> Self {
        let beats = Beats { last_arrival, ..Beats::default() };
        Self { beats: Mutex::new(beats), writable: watch::Sender::new(true) }
    }

    /// A commit succeeded, of telegrams with these arrivals, each with whether it tells a past;
    /// returns how many attempts had failed before it.
    pub(crate) fn committed(&self, arrivals: impl IntoIterator<Item = (Timestamp, bool)>) -> u64 {
        let mut beats = self.beats.lock().expect("no holder of this lock panics");
        beats.commits += 1;
        for (arrival, is_past) in arrivals {
            if !is_past {
                beats.notice(arrival);
            }
            beats.last_commit = beats.last_commit.max(Some(arrival));
        }
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
            clock_set_back: beats.clock_set_back,
            clock_ahead: beats.clock_ahead,
        }
    }
}
