//! The bounded queue before the writer's thread.
//!
//! In: batches from any task. Out: jobs in the order of acceptance. Full, it makes callers wait;
//! it drops nothing.

use crate::batch::{Appended, BATCH_TELEGRAMS_MAX, Batch};
use crate::error::{Error, Refusal};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Most telegrams that wait for the disk.
pub const QUEUE_TELEGRAMS_MAX: usize = 10_000;

/// A batch on its way to the disk, and whom to tell.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) batch: Batch,
    pub(crate) reply: oneshot::Sender<Result<Vec<Appended>, Error>>,
    /// The job's room in the queue, free again when the job is done.
    pub(crate) room: Room,
}

/// Room in the queue, free again when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    telegrams: usize,
    length: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.length.fetch_sub(self.telegrams, Ordering::Relaxed);
    }
}

/// The callers' end of the queue.
#[derive(Debug)]
pub(crate) struct Queue {
    room: Arc<Semaphore>,
    /// Telegrams inside; the semaphore's count includes what it holds back for who waits.
    length: Arc<AtomicUsize>,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
}

impl Queue {
    /// The two ends.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Job>) {
        // The semaphore bounds the channel: no job enters without its room.
        let (sender, receiver) = mpsc::channel();
        let room = Arc::new(Semaphore::new(QUEUE_TELEGRAMS_MAX));
        (Self { room, length: Arc::default(), jobs: Mutex::new(Some(sender)) }, receiver)
    }

    /// Waits for room, then puts the batch behind all others.
    pub(crate) async fn put(&self, batch: Batch) -> Result<Pending, Error> {
        let telegrams = batch.telegrams.len();
        if telegrams > BATCH_TELEGRAMS_MAX {
            return Err(Refusal::BatchTooLong { telegrams, max: BATCH_TELEGRAMS_MAX }.into());
        }
        let weight = u32::try_from(telegrams.max(1)).expect("a batch is bounded");
        let permit = Arc::clone(&self.room).acquire_many_owned(weight).await;
        let permit = permit.map_err(|_| Error::Closed)?;
        self.length.fetch_add(telegrams, Ordering::Relaxed);
        let room = Room { telegrams, length: Arc::clone(&self.length), _permit: permit };
        let (reply, pending) = oneshot::channel();
        let jobs = self.jobs.lock().expect("no holder of this lock panics");
        let job = Job { batch, reply, room };
        jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or(Error::Closed)?;
        Ok(Pending(pending))
    }

    /// Telegrams that were accepted and not settled.
    pub(crate) fn length(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    /// Accepts nothing more; what is in the queue stays there.
    pub(crate) fn close(&self) {
        self.room.close();
        self.jobs.lock().expect("no holder of this lock panics").take();
    }
}

/// A batch that was accepted and is not on disk yet; resolves when it is.
///
/// Dropping it does not take the batch back.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Vec<Appended>, Error>>);

impl Future for Pending {
    type Output = Result<Vec<Appended>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|settled| settled.unwrap_or(Err(Error::Closed)))
    }
}
