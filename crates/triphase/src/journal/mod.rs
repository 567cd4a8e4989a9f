//! The task that keeps the journal.
//!
//! In: the store's bus, and the store itself for what came while nobody listened: before this start,
//! or while the task waited for the disk. Out: entries in the store, counts. A full disk makes it
//! wait; it never holds up the readings.

mod keeper;
mod links;

pub(crate) use keeper::{Keeper, Kept};

use crate::acquire::Clock;
use outlet::Counters;
use std::sync::Arc;
use std::time::Duration;
use store::{Batch, Event, JournalNotes, Sample, Store};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Samples that are read from the store at once.
const PAGE: usize = 500;
/// Pause between two pages, so that a long past leaves the machine to the present.
const PACE: Duration = Duration::from_millis(5);
/// How often links are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Longest time after which what was looked at is remembered; a kill has as much looked at again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Longest wait for the last note.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// The journal of the configured meters.
pub(crate) struct Journal {
    pub(crate) store: Store,
    pub(crate) kept: Vec<Kept>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: Clock,
}

impl Journal {
    /// Keeps the journal until `shutdown` turns true. A store that cannot be read ends it, and
    /// nothing else.
    pub(crate) async fn run(self, mut shutdown: Receiver<bool>) {
        if let Err(error) = self.keep(&mut shutdown).await {
            tracing::error!(%error, "the journal is not kept any more");
        }
    }

    async fn keep(&self, shutdown: &mut Receiver<bool>) -> Result<(), store::Error> {
        let mut bus = self.store.subscribe();
        let (kept, now) = (self.kept.clone(), (self.clock)());
        let recall = move |store: &Store| Keeper::recall(store, &kept, now);
        let mut keeper = self.blocking(recall).await?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut remembered = Instant::now();
        let mut behind = true;
        while !*shutdown.borrow() {
            if std::mem::take(&mut behind) {
                self.catch_up(&mut keeper, shutdown).await?;
            }
            tokio::select! {
                event = bus.recv() => match event {
                    Ok(Event::Sample(sample)) => keeper.take(&sample),
                    Ok(Event::Link { meter, link }) => keeper.link(&meter, &link, (self.clock)()),
                    Err(RecvError::Lagged(_)) => behind = true,
                    Err(RecvError::Closed) => break,
                },
                _ = tick.tick() => keeper.tick((self.clock)()),
                _ = shutdown.wait_for(|stop| *stop) => break,
            }
            if let Some(notes) = keeper.news() {
                self.note(notes).await?;
            }
            if remembered.elapsed() >= REMEMBERED {
                remembered = Instant::now();
                self.note(keeper.everything()).await?;
            }
        }
        let last = self.note(keeper.everything());
        // While the disk takes nothing, the end must not wait for it: the next start looks again.
        tokio::time::timeout(CLOSE_MAX, last).await.unwrap_or(Ok(()))
    }

    /// Looks at every sample that is stored and was not looked at, and at every link.
    async fn catch_up(
        &self,
        keeper: &mut Keeper,
        shutdown: &Receiver<bool>,
    ) -> Result<(), store::Error> {
        let mut remembered = Instant::now();
        while !*shutdown.borrow() {
            let after = keeper.through();
            let page = self.blocking(move |store| store.samples_after(after, PAGE)).await?;
            page.iter().for_each(|sample: &Sample| keeper.take(sample));
            if let Some(notes) = keeper.news() {
                self.note(notes).await?;
            }
            if page.len() < PAGE {
                break;
            }
            if remembered.elapsed() >= REMEMBERED {
                remembered = Instant::now();
                self.note(keeper.everything()).await?;
            }
            tokio::time::sleep(PACE).await;
        }
        let meters: Vec<_> = keeper.meters().cloned().collect();
        for meter in meters {
            if let Some(link) = self.store.link(&meter) {
                keeper.link(&meter, &link, (self.clock)());
            }
        }
        Ok(())
    }

    async fn note(&self, notes: JournalNotes) -> Result<(), store::Error> {
        let told: Vec<_> =
            notes.entries.iter().map(|entry| (entry.meter.clone(), entry.kind)).collect();
        for entry in &notes.entries {
            let (meter, kind) = (&entry.meter, entry.kind.name());
            tracing::info!(%meter, at = %entry.at, "journal: {kind}");
        }
        self.store.append(Batch::notes(notes)).await?;
        for (meter, kind) in told {
            if let Some(counters) = self.counters.meter(&meter) {
                counters.journal(kind);
            }
        }
        Ok(())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, store::Error> {
        let store = self.store.clone();
        let answer = tokio::task::spawn_blocking(move || ask(&store)).await;
        answer.expect("reading the store never panics")
    }
}
