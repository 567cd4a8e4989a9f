//! Reading one meter: wire to driver to store, for ever.
//!
//! In: a port, a driver. Out: appended telegrams, the link's state, counts of what was wrong. A
//! device that is silent, gone or sends rubbish never ends the task, nor another meter's.

mod tape;
mod watch;

pub(crate) use tape::Tape;

use crate::decode::explained_alone;
use meter::{Driver, Heard};
use outlet::{Counters, Frames};
use reading::{Link, LinkCause, MeterId, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::{Appended, Batch, Pending, Store};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, MissedTickBehavior, interval};
use watch::{LinkWatch, Why};

/// Most bytes taken from a port at once.
const READ_MAX: usize = 4096;
/// How often a silent link is looked at.
const TICK: Duration = Duration::from_secs(1);

/// The house's clock: real, or a simulated workshop's.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// One meter on one port.
pub(crate) struct Acquisition {
    pub(crate) meter: MeterId,
    pub(crate) port: wire::Port,
    pub(crate) driver: Box<dyn Driver>,
    pub(crate) period: Option<Duration>,
    pub(crate) store: Store,
    pub(crate) counters: Arc<Counters>,
    pub(crate) frames: Arc<Frames>,
    /// The last bytes of the wire since it was opened.
    pub(crate) tape: Tape,
    pub(crate) clock: Clock,
}

/// Why a session on an open port ended.
enum Ended {
    /// The service stops.
    Shutdown,
    /// The port closed or failed; it is worth trying again.
    Lost(Why),
    /// The port has nothing more to say, ever.
    Finished(Why),
}

impl Acquisition {
    /// Reads until `shutdown` turns true.
    pub(crate) async fn run(mut self, mut shutdown: Receiver<bool>) {
        let mut watch = LinkWatch::new((self.clock)(), self.period);
        let mut back_off = wire::BackOff::new(seed_of(&self.meter));
        self.store.set_link(&self.meter, watch.link());
        loop {
            let opened = tokio::select! {
                opened = wire::open(&self.port, frame::capture_text::bytes_of_capture) => opened,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
            let ended = match opened {
                Ok(mut link) => {
                    if let Some(counters) = self.counters.meter(&self.meter) {
                        counters.connects.one();
                    }
                    tracing::info!(meter = %self.meter, port = %self.port, "port open");
                    self.tell(watch.opened((self.clock)()));
                    let ended = self.session(&mut link, &mut watch, &mut shutdown).await;
                    self.driver.disconnected((self.clock)());
                    self.tape = Tape::default();
                    if watch.link().state == reading::LinkState::Live {
                        back_off.reset();
                    }
                    ended
                }
                Err(error) => Ended::Lost(why(&error)),
            };
            let why = match ended {
                Ended::Shutdown => return,
                Ended::Lost(why) => why,
                Ended::Finished(why) => {
                    self.tell(watch.failed((self.clock)(), why));
                    let _ = shutdown.wait_for(|stop| *stop).await;
                    return;
                }
            };
            self.tell(watch.failed((self.clock)(), why));
            tokio::select! {
                () = tokio::time::sleep(back_off.next_delay()) => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn session(
        &mut self,
        link: &mut wire::Link,
        watch: &mut LinkWatch,
        shutdown: &mut Receiver<bool>,
    ) -> Ended {
        let mut buffer = [0; READ_MAX];
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let read = tokio::select! {
                read = link.read(&mut buffer) => read,
                _ = tick.tick() => {
                    self.tell(watch.tick((self.clock)()));
                    continue;
                }
                _ = shutdown.wait_for(|stop| *stop) => return Ended::Shutdown,
            };
            let count = match read {
                Ok(0) => {
                    let sentence = "the other side closed the connection".to_owned();
                    return Ended::Lost((LinkCause::Closed, sentence));
                }
                Ok(count) => count,
                Err(error) if error.is_final() => return Ended::Finished(why(&error)),
                Err(error) => return Ended::Lost(why(&error)),
            };
            let now = (self.clock)();
            self.tape.take(&buffer[..count]);
            let heard = self.driver.receive(now, &buffer[..count]);
            for outcome in &heard.outcomes {
                self.frames.keep(&self.meter, now, explained_alone(outcome, &self.tape));
            }
            self.deliver(heard, watch, count).await;
        }
    }

    async fn deliver(&mut self, heard: Heard, watch: &mut LinkWatch, bytes: usize) {
        let now = (self.clock)();
        let mut last_defect = None;
        for outcome in &heard.outcomes {
            for defect in &outcome.defects {
                self.counters.defect(&self.meter, defect.code.name());
            }
            if let Some(counters) = self.counters.meter(&self.meter) {
                let count = if outcome.delivered { &counters.telegrams } else { &counters.refused };
                count.one();
            }
            if !outcome.delivered {
                last_defect = outcome.defects.last().map(|defect| defect.code.name());
                self.warn_of(outcome);
            }
        }
        watch.heard(now, bytes, last_defect);
        if let Some(counters) = self.counters.meter(&self.meter) {
            counters.bytes.add(bytes as u64);
            counters.noise_bytes.add(heard.noise_bytes);
        }
        let count = heard.telegrams.len();
        // A recording must not advance what protects the live meter against replay.
        let memory = if self.port.is_replay() { Vec::new() } else { heard.memory };
        if count == 0 && memory.is_empty() {
            return;
        }
        if count > 0 {
            self.tell(watch.telegram(now));
        }
        let batch = Batch::live(heard.telegrams, memory);
        // Waits for room only: while the disk takes nothing, the line is read on and telegrams
        // wait in the store's bounded queue.
        match self.store.enqueue(batch).await {
            Ok(pending) => {
                let (meter, counters) = (self.meter.clone(), Arc::clone(&self.counters));
                tokio::spawn(count_when_durable(pending, meter, counters));
            }
            Err(error) => {
                self.counters.defect(&self.meter, "store_refused");
                tracing::error!(meter = %self.meter, %error, "telegram not stored");
            }
        }
    }

    fn warn_of(&self, outcome: &meter::push::Outcome) {
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
        self.store.set_link(&self.meter, link);
    }
}

/// Counts what became of a batch. As many of these wait as the store's queue holds, no more.
async fn count_when_durable(pending: Pending, meter: MeterId, counters: Arc<Counters>) {
    let started = Instant::now();
    match pending.await {
        Ok(appended) => {
            counters.appended(&meter, appended.len(), started.elapsed());
            let again = appended.iter().filter(|done| matches!(done, Appended::Duplicate(_)));
            if let Some(counters) = counters.meter(&meter) {
                counters.duplicates.add(again.count() as u64);
            }
        }
        Err(error) => {
            counters.defect(&meter, "store_refused");
            tracing::error!(%meter, %error, "telegram not stored");
        }
    }
}

/// A wire's failure as a cause and a sentence.
fn why(error: &wire::Error) -> Why {
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
fn seed_of(meter: &MeterId) -> u64 {
    meter.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
