//! The one thread that writes.
//!
//! In: jobs from the queue. Out: commits, then the latest values, then the bus, then the answer to
//! whoever appended. It commits as soon as it is free and takes all that waits, so a slow disk
//! makes larger commits and a fast one shorter waits; there is no timer. What the disk refuses
//! stays, in order, and is tried again. Between commits it keeps the file in order, step by step.

use crate::append::{Appender, Failure};
use crate::batch::{Appended, Event, Sample};
use crate::board::Board;
use crate::dictionary::Dictionary;
use crate::error::Error;
use crate::folder::Folder;
use crate::health::Pulse;
use crate::queue::Job;
use crate::sealed::Sealed;
use crate::upkeep::Upkeep;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock, mpsc};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// First pause after a failed commit; each further one is twice as long.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(50);
/// Longest pause between two attempts.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

/// What the writer tells and others read.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) board: RwLock<Board>,
    pub(crate) last_id: AtomicU64,
    pub(crate) bus: broadcast::Sender<Event>,
    pub(crate) pulse: Pulse,
    pub(crate) closing: Closing,
    /// Whether nothing waits to be written, sealed, compacted or given up.
    pub(crate) at_rest: watch::Sender<bool>,
}

/// Whether the store is being closed, to cut a pause short.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    closing: Mutex<bool>,
    changed: Condvar,
}

impl Closing {
    pub(crate) fn begin(&self) {
        *self.closing.lock().expect("no holder of this lock panics") = true;
        self.changed.notify_all();
    }

    /// Waits; returns whether the store is being closed.
    fn pause(&self, delay: Duration) -> bool {
        let closing = self.closing.lock().expect("no holder of this lock panics");
        let waited = self.changed.wait_timeout_while(closing, delay, |closing| !*closing);
        *waited.expect("no holder of this lock panics").0
    }
}

/// The writer and all it owns.
pub(crate) struct Writer {
    pub(crate) jobs: mpsc::Receiver<Job>,
    pub(crate) connection: Connection,
    /// `None` after a failed transaction: what it had learnt may not be in the file.
    pub(crate) dictionary: Option<Dictionary>,
    pub(crate) sealed: Sealed,
    pub(crate) upkeep: Upkeep,
    pub(crate) shared: Arc<Shared>,
    /// Last, so that the lock outlives the connection.
    pub(crate) folder: Folder,
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let _notice = EndNotice(Arc::clone(&self.shared));
        while let Some(job) = self.next() {
            self.shared.at_rest.send_if_modified(|at_rest| std::mem::replace(at_rest, false));
            let mut group = vec![job];
            group.extend(self.jobs.try_iter());
            if group.iter().any(|job| job.batch.telegrams.is_empty()) {
                self.upkeep.look();
            }
            self.settle(group);
            self.upkeep.busy_steps(&self.connection);
            self.note_sealed();
        }
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        if let Err(error) = self.connection.query_row(truncate, [], |_| Ok(())) {
            // Nothing is lost: the next start reads the log.
            tracing::warn!(file = %self.folder.file.display(), %error, "log not folded in");
        }
    }

    /// The next job; until it comes, the file is kept in order. `None` when the queue is closed.
    fn next(&mut self) -> Option<Job> {
        loop {
            match self.jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(mpsc::TryRecvError::Disconnected) => return None,
                Err(mpsc::TryRecvError::Empty) => {}
            }
            if !self.upkeep.idle_step(&self.connection) {
                self.note_sealed();
                self.shared.at_rest.send_if_modified(|at_rest| !std::mem::replace(at_rest, true));
                return self.jobs.recv().ok();
            }
            self.note_sealed();
        }
    }

    fn note_sealed(&mut self) {
        let sealed = std::mem::take(&mut self.upkeep.sealed);
        if !sealed.is_empty() {
            self.sealed.changed(&sealed);
        }
    }

    /// Commits the group, however long that takes, and answers every job of it.
    fn settle(&mut self, group: Vec<Job>) {
        let mut delay = RETRY_DELAY_MIN;
        loop {
            match self.commit(&group) {
                Ok(appended) => return self.publish(group, appended),
                Err(Failure::Sqlite(source)) if is_of_the_disk(&source) => {
                    let source = self.note_failure(source, &group);
                    if self.shared.closing.pause(delay) {
                        return give_up(group, &source);
                    }
                    delay = (delay * 2).min(RETRY_DELAY_MAX);
                }
                Err(failure) => match <[Job; 1]>::try_from(group) {
                    Ok([job]) => return self.refuse(job, failure),
                    // One of them is to blame, and the others must not pay for it.
                    Err(group) => return group.into_iter().for_each(|job| self.settle(vec![job])),
                },
            }
        }
    }

    /// One attempt: everything is on disk, or nothing.
    fn commit(&mut self, group: &[Job]) -> Result<Vec<Vec<Appended>>, Failure> {
        let connection = &self.connection;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let mut dictionary = match self.dictionary.take() {
            Some(dictionary) => dictionary,
            None => Dictionary::load(&transaction)?,
        };
        let mut appender = Appender {
            connection: &transaction,
            dictionary: &mut dictionary,
            sealed: &mut self.sealed,
            noted: Vec::new(),
        };
        let appended: Result<Vec<_>, _> =
            group.iter().map(|job| appender.batch(&job.batch)).collect();
        let noted = appender.noted;
        if appended.is_err() {
            self.sealed.forget_channels();
        }
        let appended = appended?;
        transaction.commit()?;
        self.dictionary = Some(dictionary);
        self.upkeep.note(&noted);
        Ok(appended)
    }

    fn publish(&self, group: Vec<Job>, appended: Vec<Vec<Appended>>) {
        let mut samples = Vec::new();
        let mut arrivals = Vec::new();
        let mut replies = Vec::with_capacity(group.len());
        for (job, appended) in group.into_iter().zip(appended) {
            for (telegram, appended) in job.batch.telegrams.into_iter().zip(&appended) {
                match *appended {
                    Appended::New(id) if id > 0 => {
                        arrivals.push((telegram.received_at, job.batch.is_past));
                        samples.push(Arc::new(Sample { id, telegram }));
                    }
                    _ => {}
                }
            }
            replies.push((job.reply, appended, job.room));
        }
        let failed = self.shared.pulse.committed(arrivals);
        if failed > 0 {
            let file = self.folder.file.display();
            tracing::info!(%file, failed, "the store can be written again");
        }
        let mut board = self.shared.board.write().expect("no holder of this lock panics");
        board.take_all(&samples);
        drop(board);
        if let Some(newest) = samples.last() {
            self.shared.last_id.store(newest.id, Ordering::Release);
        }
        for sample in samples {
            // Nobody listening is no error.
            let _ = self.shared.bus.send(Event::Sample(sample));
        }
        for (reply, appended, room) in replies {
            drop(room);
            // Whoever went away meanwhile finds the samples in the store.
            let _ = reply.send(Ok(appended));
        }
    }

    fn note_failure(&self, source: rusqlite::Error, group: &[Job]) -> Arc<Error> {
        let telegrams: usize = group.iter().map(|job| job.batch.telegrams.len()).sum();
        let error = Error::from_sqlite(&self.folder.file, "writing", source);
        let failed = self.shared.pulse.failed(error.to_string());
        // The pauses double, so this says it often at first and then every ten seconds.
        tracing::error!(%error, failed, telegrams, "readings wait for the disk");
        Arc::new(error)
    }

    fn refuse(&self, job: Job, failure: Failure) {
        let error = match failure {
            Failure::Sqlite(source) => Error::from_sqlite(&self.folder.file, "writing", source),
            Failure::Refused(refusal) => refusal.into(),
            Failure::Unreadable(error) => error,
        };
        tracing::error!(%error, "batch refused");
        let Job { reply, room, .. } = job;
        drop(room);
        let _ = reply.send(Err(error));
    }
}

fn give_up(group: Vec<Job>, source: &Arc<Error>) {
    for job in group {
        let _ = job.reply.send(Err(Error::NotWritten { cause: Arc::clone(source) }));
    }
}

/// Whether the same batch may succeed later: the fault is the disk's, not the batch's.
fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}

/// Says that the writer ended, should it ever end by a panic.
struct EndNotice(Arc<Shared>);

impl Drop for EndNotice {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let reason = "the store's thread ended unexpectedly: restart triphase, and report this";
        self.0.pulse.failed(reason.to_owned());
        tracing::error!("{reason}");
    }
}
