//! The durable cursor: up to which sample the broker has everything.
//!
//! In: acknowledgements, in the order of the samples. Out: the same number in the store, written
//! at most every [`PAUSE`] while it moves. After a kill the samples of that pause are sent again,
//! and none is left out: the cursor on disk is never ahead of the broker.

use crate::lookup::blocking;
use reading::Memory;
use std::time::Duration;
use store::{Batch, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The name under which the store remembers it.
const KEY: &str = "mqtt/acknowledged";
/// Shortest time between two writes: a write is a commit, and commits are the readings' time.
const PAUSE: Duration = Duration::from_secs(5);
/// Longest wait for the last write.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// Keeps the cursor; the writing happens beside.
pub struct Cursor {
    moved: watch::Sender<u64>,
    keeper: JoinHandle<()>,
}

impl Cursor {
    /// The cursor of earlier runs. A first start begins with what is stored from now on: history
    /// is the store's, not the broker's. That is queued for the disk before this returns, so that
    /// no sample that comes later can be on disk without it.
    ///
    /// # Errors
    /// The store cannot be read, or is closed.
    pub(super) async fn recall(store: &Store) -> Result<Self, store::Error> {
        let remembered = blocking(store, |store| store.recall(KEY)).await?;
        let remembered = remembered.into_iter().find(|memory| memory.key == KEY);
        let newest = store.last_id();
        let remembered = remembered.map(|memory| memory.value.cast_unsigned());
        let start = match remembered {
            None => newest,
            Some(id) if id > newest => {
                tracing::warn!(
                    acknowledged = id,
                    newest,
                    "the broker was told more than the store holds (an older copy was restored?); \
                     publishing goes on from now"
                );
                newest
            }
            Some(id) => id,
        };
        let written = remembered.filter(|id| *id == start);
        if written.is_none() {
            // Whoever waits for it waits in vain while the disk is full; nobody does.
            drop(store.enqueue(remembering(start)).await?);
        }
        let (moved, watched) = watch::channel(start);
        let keeper = tokio::spawn(keep(store.clone(), watched, Some(start)));
        Ok(Self { moved, keeper })
    }

    /// Up to here the broker has everything.
    pub(super) fn position(&self) -> u64 {
        *self.moved.borrow()
    }

    /// The broker has everything up to `id`.
    pub(super) fn advance(&self, id: u64) {
        self.moved.send_if_modified(|position| {
            let moves = id > *position;
            *position = id.max(*position);
            moves
        });
    }

    /// Writes the last position.
    pub(super) async fn close(self) {
        let Self { moved, keeper } = self;
        drop(moved);
        // While the disk takes nothing, the end must not wait for it.
        let _ = tokio::time::timeout(CLOSE_MAX, keeper).await;
    }
}

async fn keep(store: Store, mut moved: watch::Receiver<u64>, mut written: Option<u64>) {
    while moved.wait_for(|position| written != Some(*position)).await.is_ok() {
        let position = *moved.borrow();
        if let Err(error) = store.append(remembering(position)).await {
            // Nothing is lost: what the broker has is sent to it again after the next start.
            tracing::warn!(%error, "how far the broker has been told was not written");
        }
        written = Some(position);
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = abandoned(&mut moved) => {}
        }
    }
}

fn remembering(position: u64) -> Batch {
    let memory = Memory { key: KEY.to_owned(), value: position.cast_signed() };
    Batch::live(Vec::new(), vec![memory])
}

/// Resolves when nobody moves the cursor any more.
async fn abandoned(moved: &mut watch::Receiver<u64>) {
    while moved.changed().await.is_ok() {}
}
