//! What is known of one meter while it is read: its link's state, its counters, its way to the store.

use super::Clock;
use super::tap::Tap;
use super::watch::{LinkWatch, Why};
use meter::Heard;
use meter::doubt::IMPLAUSIBLE;
use meter::push::Outcome;
use outlet::{Counters, Frames};
use reading::{Link, LinkCause, MeterId, Quality, Quantity, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::{Appended, Batch, Pending, Store};
use tokio::time::Instant;

/// Where what a meter says goes to.
#[derive(Clone)]
pub(crate) struct Sinks {
    pub(crate) store: Store,
    pub(crate) counters: Arc<Counters>,
    pub(crate) frames: Arc<Frames>,
    pub(crate) clock: Clock,
}

/// One meter, whatever wire it is on.
pub(crate) struct Station {
    pub(crate) meter: MeterId,
    sinks: Sinks,
    watch: LinkWatch,
    /// Quantities whose values no meter can have measured, since they were last sound.
    doubted: BTreeSet<Quantity>,
    /// Whether what is heard is a recording: it must not advance what protects the live meter
    /// against replay.
    recorded: bool,
}

impl Station {
    /// A meter that has not been read yet. `period` is the configured one, if any.
    pub(crate) fn new(meter: MeterId, period: Option<Duration>, sinks: Sinks) -> Self {
        let watch = LinkWatch::new((sinks.clock)(), period);
        Self { meter, sinks, watch, doubted: BTreeSet::new(), recorded: false }
    }

    /// The same station at a recording.
    pub(crate) const fn of_recording(mut self) -> Self {
        self.recorded = true;
        self
    }

    /// The same station at a broker that feeds the meter under these topics.
    pub(crate) fn of_topics(mut self, topics: String) -> Self {
        self.watch = self.watch.of_topics(topics);
        self
    }

    /// The house's time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.sinks.clock)()
    }

    /// The house's clock itself.
    pub(crate) const fn clock(&self) -> &Clock {
        &self.sinks.clock
    }

    /// Something was wrong with a reading that is used all the same.
    pub(crate) fn note(&self, code: &'static str, detail: &str) {
        self.sinks.counters.defect(&self.meter, code);
        tracing::debug!(meter = %self.meter, code, "{detail}");
    }

    /// Says that nothing has been heard yet.
    pub(crate) fn announce(&self) {
        self.sinks.store.set_link(&self.meter, self.watch.link());
    }

    /// Whether the meter is being heard.
    pub(crate) fn is_live(&self) -> bool {
        self.watch.link().state == reading::LinkState::Live
    }

    /// The meter's wire was opened.
    pub(crate) fn opened(&mut self) {
        if let Some(counters) = self.sinks.counters.meter(&self.meter) {
            counters.connects.one();
        }
        let news = self.watch.opened(self.now());
        self.tell(news);
    }

    /// The meter's wire cannot be opened, or was lost.
    pub(crate) fn failed(&mut self, why: Why) {
        let news = self.watch.failed(self.now(), why);
        self.tell(news);
    }

    /// Time passed.
    pub(crate) fn tick(&mut self) {
        let news = self.watch.tick(self.now());
        self.tell(news);
    }

    /// A reading failed: the meter did not answer, or not with a reading.
    pub(crate) fn refused(&mut self, code: &'static str, why: Why) {
        self.sinks.counters.defect(&self.meter, code);
        if let Some(counters) = self.sinks.counters.meter(&self.meter) {
            counters.refused.one();
        }
        let news = self.watch.unanswered(self.now(), why);
        self.tell(news);
    }

    /// A message gave no telegram; `defects` say why.
    pub(crate) fn message_refused(&mut self, defects: &[outlet::feed::Defect]) {
        if let Some(counters) = self.sinks.counters.meter(&self.meter) {
            counters.refused.one();
        }
        if let Some(last) = defects.last() {
            self.watch.wrong(last.detail.clone());
        }
    }

    /// Counts what was wrong with a message.
    pub(crate) fn message_defect(&self, defect: &outlet::feed::Defect) {
        self.sinks.counters.defect(&self.meter, defect.code);
    }

    /// The broker delivered a message a second time.
    pub(crate) fn message_again(&self) {
        if let Some(counters) = self.sinks.counters.meter(&self.meter) {
            counters.duplicates.one();
        }
    }

    /// Bytes of a message came.
    pub(crate) fn message_came(&mut self, bytes: usize) {
        self.watch.heard(self.now(), bytes, None);
        if let Some(counters) = self.sinks.counters.meter(&self.meter) {
            counters.bytes.add(bytes as u64);
        }
    }

    /// Hands telegrams of messages to the store with what must be remembered of these; the answer
    /// comes when they are durable. `None` when the store is closed.
    pub(crate) async fn deliver_messages(&mut self, batch: Batch) -> Option<Pending> {
        if let Some(counters) = self.sinks.counters.meter(&self.meter) {
            counters.telegrams.add(batch.telegrams.len() as u64);
        }
        let news = self.watch.telegram(self.now());
        self.tell(news);
        match self.sinks.store.enqueue(batch).await {
            Ok(pending) => Some(pending),
            Err(error) => {
                self.sinks.counters.defect(&self.meter, "store_refused");
                tracing::error!(meter = %self.meter, %error, "telegram not stored");
                None
            }
        }
    }

    /// Counts what became of a batch; resolves to whether it is durable.
    pub(crate) fn when_durable(&self, pending: Pending) -> impl Future<Output = bool> + use<> {
        count_when_durable(pending, self.meter.clone(), Arc::clone(&self.sinks.counters))
    }

    /// Keeps a telegram for inspection.
    pub(crate) fn keep(&self, telegram: outlet::Explained) {
        self.sinks.frames.keep(&self.meter, self.now(), telegram);
    }

    /// Keeps the messages of a reading for inspection.
    pub(crate) fn keep_messages(&self, tap: &mut Tap) {
        for (at, message) in tap.take() {
            let direction = message.direction;
            let kept = crate::inspect::kept(message);
            self.sinks.frames.keep_message(&self.meter, (at, direction), kept);
        }
    }

    /// Stores what was heard and counts it.
    pub(crate) async fn deliver(&mut self, heard: Heard, bytes: usize) {
        let now = self.now();
        let last_defect = self.count(&heard);
        self.doubt(&heard);
        self.watch.heard(now, bytes, last_defect);
        if let Some(counters) = self.sinks.counters.meter(&self.meter) {
            counters.bytes.add(bytes as u64);
            counters.noise_bytes.add(heard.noise_bytes);
        }
        let count = heard.telegrams.len();
        let memory = if self.recorded { Vec::new() } else { heard.memory };
        if count == 0 && memory.is_empty() {
            return;
        }
        if count > 0 {
            let news = self.watch.telegram(now);
            self.tell(news);
        }
        let batch = Batch::live(heard.telegrams, memory);
        // Waits for room only: while the disk takes nothing, the line is read on and telegrams
        // wait in the store's bounded queue.
        match self.sinks.store.enqueue(batch).await {
            Ok(pending) => {
                let (meter, counters) = (self.meter.clone(), Arc::clone(&self.sinks.counters));
                tokio::spawn(count_when_durable(pending, meter, counters));
            }
            Err(error) => {
                self.sinks.counters.defect(&self.meter, "store_refused");
                tracing::error!(meter = %self.meter, %error, "telegram not stored");
            }
        }
    }

    /// Where the meter's telegrams go.
    pub(crate) const fn store(&self) -> &Store {
        &self.sinks.store
    }

    /// Counts what was heard; returns what was last wrong with it.
    fn count(&self, heard: &Heard) -> Option<&'static str> {
        let counters = self.sinks.counters.meter(&self.meter);
        if heard.outcomes.is_empty() {
            // A meter that was asked has telegrams without outcomes of a push.
            if let Some(counters) = counters {
                counters.telegrams.add(heard.telegrams.len() as u64);
            }
        }
        let mut last_defect = None;
        for outcome in &heard.outcomes {
            for defect in &outcome.defects {
                self.sinks.counters.defect(&self.meter, defect.code.name());
            }
            if let Some(counters) = counters {
                let count = if outcome.delivered { &counters.telegrams } else { &counters.refused };
                count.one();
            }
            if !outcome.delivered {
                last_defect = outcome.defects.last().map(|defect| defect.code.name());
                self.warn_of(outcome);
            }
        }
        last_defect
    }

    /// Counts values that no meter can have measured; says each once, until it is sound again.
    fn doubt(&mut self, heard: &Heard) {
        let readings = heard.telegrams.iter().flat_map(|telegram| &telegram.readings);
        for reading in readings.filter(|reading| reading.quality == Quality::Good) {
            reading.quantity.map(|quantity| self.doubted.remove(&quantity));
        }
        for doubt in &heard.doubts {
            self.sinks.counters.defect(&self.meter, IMPLAUSIBLE);
            if self.doubted.insert(doubt.quantity) {
                tracing::warn!(meter = %self.meter, code = IMPLAUSIBLE, "{}", doubt.detail);
            }
        }
    }

    fn warn_of(&self, outcome: &Outcome) {
        for defect in &outcome.defects {
            tracing::warn!(
                meter = %self.meter,
                code = defect.code.name(),
                offset = defect.offset,
                "telegram refused: {}",
                defect.detail
            );
        }
    }

    fn tell(&self, link: Option<Link>) {
        let Some(link) = link else { return };
        match &link.reason {
            Some(reason) => {
                tracing::warn!(meter = %self.meter, state = link.state.name(), "{reason}");
            }
            None => tracing::info!(meter = %self.meter, state = link.state.name(), "link"),
        }
        self.sinks.store.set_link(&self.meter, link);
    }
}

/// Counts what became of a batch. As many of these wait as the store's queue holds, no more.
async fn count_when_durable(pending: Pending, meter: MeterId, counters: Arc<Counters>) -> bool {
    let started = Instant::now();
    match pending.await {
        Ok(appended) => {
            counters.appended(&meter, appended.len(), started.elapsed());
            let again = appended.iter().filter(|done| matches!(done, Appended::Duplicate(_)));
            if let Some(counters) = counters.meter(&meter) {
                counters.duplicates.add(again.count() as u64);
            }
            true
        }
        Err(error) => {
            counters.defect(&meter, "store_refused");
            tracing::error!(%meter, %error, "telegram not stored");
            false
        }
    }
}

/// A wire's failure as a cause and a sentence.
pub(super) fn why(error: &wire::Error) -> Why {
    use wire::Error;
    let cause = match error {
        Error::NoDevice { .. } => LinkCause::NoDevice,
        Error::Permission { .. } => LinkCause::NoPermission,
        Error::Busy { .. } => LinkCause::InUse,
        Error::Connect { .. } | Error::ConnectTimeout { .. } => LinkCause::Unreachable,
        Error::ReplayEnded { .. } => LinkCause::ReplayEnded,
        _ => LinkCause::Broken,
    };
    (cause, error.to_string())
}

/// Spreads the retries of many meters: each has its own jitter.
pub(super) fn seed_of(meter: &MeterId) -> u64 {
    meter.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
