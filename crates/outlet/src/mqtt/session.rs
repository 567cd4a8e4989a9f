//! One connection's work: what waits on disk first, then what comes, in order, until it ends.
//!
//! In: an open link, the cursor. Out: messages, of which at most [`IN_FLIGHT_MAX`] are not yet
//! acknowledged. While the broker takes nothing, nothing is taken from the store either: at most a
//! page of samples and one meter's news wait here, the rest on disk.

use super::counters::MqttCounters;
use super::cursor::Cursor;
use super::discovery::{BIRTH, BIRTH_TOPIC};
use super::link::{Acknowledgement, Fault, IN_FLIGHT_MAX, Link, Message, PAYLOAD_MAX};
use super::news::News;
use super::publisher::ended;
use super::topics::Topics;
use crate::Outlet;
use crate::http::objects::Told;
use reading::MeterId;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use store::Sample;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, timeout_at};

/// Most samples that are read from the store at once.
const PAGE_MAX: usize = 128;
/// A broker that acknowledges nothing for this long is given up.
const ACKNOWLEDGE_MAX: Duration = Duration::from_secs(20);
/// Time to say goodbye.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// How a session ended.
pub(super) enum Ended {
    /// The service stops; the broker was told.
    Shutdown,
    /// The connection is gone.
    Lost(Fault),
}

/// A message and the sample that it carries.
struct Outgoing {
    message: Message,
    sample: Option<u64>,
}

/// A sent message that the broker has not acknowledged.
struct Flying {
    acknowledgement: Acknowledgement,
    sample: Option<u64>,
    since: Instant,
}

/// One connection's work.
pub(super) struct Session<'a> {
    outlet: Arc<Outlet>,
    cursor: &'a Cursor,
    link: Link,
    news: News,
    bus: broadcast::Receiver<store::Event>,
    flight: VecDeque<Flying>,
    ready: VecDeque<Outgoing>,
    /// A page of what waits on disk.
    page: VecDeque<Arc<Sample>>,
    /// The newest sample that was made into a message.
    sent: u64,
    /// Whether everything on disk was sent, so that the bus tells what comes next.
    caught_up: bool,
    /// Meters to be introduced, and meters with news.
    strangers: BTreeSet<MeterId>,
    changed: BTreeSet<MeterId>,
}

impl<'a> Session<'a> {
    /// Begins where the broker stopped acknowledging.
    pub(super) fn new(
        outlet: Arc<Outlet>,
        topics: &Topics,
        cursor: &'a Cursor,
        link: Link,
    ) -> Self {
        Self {
            // Subscribed first: what is stored from here on is in the bus, or on the pages.
            bus: outlet.store.subscribe(),
            cursor,
            link,
            news: News::new(Arc::clone(&outlet), topics.clone()),
            flight: VecDeque::new(),
            ready: VecDeque::new(),
            page: VecDeque::new(),
            sent: cursor.position(),
            caught_up: false,
            strangers: all_meters(&outlet),
            changed: BTreeSet::new(),
            outlet,
        }
    }

    /// Publishes until the connection or the service ends.
    pub(super) async fn run(mut self, shutdown: &mut watch::Receiver<bool>) -> Ended {
        if let Err(fault) = self.link.listen(BIRTH_TOPIC) {
            return Ended::Lost(fault);
        }
        let online = self.news.status("online");
        self.ready.push_back(Outgoing { message: online, sample: None });
        loop {
            let step = tokio::select! {
                step = self.step() => step,
                () = ended(shutdown) => {
                    self.farewell().await;
                    return Ended::Shutdown;
                }
            };
            if let Err(fault) = step {
                return Ended::Lost(fault);
            }
        }
    }

    /// Sends what there is room for, then waits for one thing to happen.
    ///
    /// May be cancelled: what was taken from a queue is in flight before anything is awaited.
    async fn step(&mut self) -> Result<(), Fault> {
        self.send_what_fits()?;
        let has_room = self.has_room();
        if has_room && !self.caught_up {
            return self.turn_page().await;
        }
        tokio::select! {
            biased;
            incoming = self.link.next() => {
                let incoming = incoming?;
                let born = incoming.topic == BIRTH_TOPIC && incoming.payload == BIRTH;
                // Heard at the start, it was said before we introduced everything anyway.
                if born && !incoming.retained {
                    self.strangers = all_meters(&self.outlet);
                }
            }
            acknowledged = first_of(&mut self.flight) => self.landed(acknowledged?),
            event = self.bus.recv(), if has_room => self.take(event)?,
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.flight.len() < usize::from(IN_FLIGHT_MAX)
    }

    fn send_what_fits(&mut self) -> Result<(), Fault> {
        while self.has_room() {
            let Some(Outgoing { message, sample }) = self.ready.pop_front() else {
                if self.compose() {
                    continue;
                }
                return Ok(());
            };
            let acknowledgement = self.link.send(message)?;
            self.flight.push_back(Flying { acknowledgement, sample, since: Instant::now() });
        }
        Ok(())
    }

    /// Makes messages of the next thing that waits; `false` when nothing does.
    fn compose(&mut self) -> bool {
        if let Some(meter) = self.strangers.pop_first() {
            self.changed.remove(&meter);
            let messages = self.news.introduce(&meter);
            self.queue(messages);
            return true;
        }
        if let Some(sample) = self.page.pop_front() {
            self.telegram(&sample, Told::Replayed);
            return true;
        }
        // While samples still come, the numbers wait for the last of them; between two pages they
        // are told, so that a long replay does not keep the numbers of now.
        let many = self.changed.len() > self.outlet.meters.len() / 2;
        if !self.bus.is_empty() && self.caught_up && !many {
            return false;
        }
        let Some(meter) = self.changed.pop_first() else { return false };
        let messages = self.news.update(&meter);
        self.queue(messages);
        true
    }

    fn queue(&mut self, messages: impl IntoIterator<Item = Message>) {
        let news = messages.into_iter().map(|message| Outgoing { message, sample: None });
        self.ready.extend(news);
    }

    fn telegram(&mut self, sample: &Arc<Sample>, told: Told) {
        let message = self.news.telegram(sample, told);
        self.sent = sample.id;
        if message.payload.len() > PAYLOAD_MAX {
            let bytes = message.payload.len();
            tracing::error!(sample = sample.id, bytes, "a telegram is too long for a message");
            self.counters().lost.one();
            return;
        }
        self.ready.push_back(Outgoing { message, sample: Some(sample.id) });
    }

    fn counters(&self) -> &MqttCounters {
        &self.outlet.counters.mqtt
    }

    /// Reads the next samples from the disk.
    async fn turn_page(&mut self) -> Result<(), Fault> {
        self.hear_of_changes();
        let samples = match self.outlet.samples_after(self.sent, PAGE_MAX).await {
            Ok(samples) => samples,
            Err(error) => {
                tracing::error!(%error, "samples for the broker cannot be read");
                tokio::time::sleep(ACKNOWLEDGE_MAX).await;
                return Ok(());
            }
        };
        if samples.is_empty() {
            self.caught_up = true;
        }
        let lost = missing(self.sent, samples.iter().map(|sample| sample.id));
        if lost > 0 {
            self.counters().lost.add(lost);
            let after = self.sent;
            tracing::error!(
                lost,
                after,
                "samples grew too old and were dropped before the broker came back for them"
            );
        }
        self.page.extend(samples);
        Ok(())
    }

    /// Empties the bus while the pages tell the samples: numbers are told fresh meanwhile.
    fn hear_of_changes(&mut self) {
        use broadcast::error::TryRecvError;
        loop {
            match self.bus.try_recv() {
                Ok(store::Event::Sample(sample)) => {
                    self.changed.insert(sample.telegram.meter.clone());
                }
                Ok(store::Event::Link { meter, .. }) => {
                    self.changed.insert(meter);
                }
                Err(TryRecvError::Lagged(_)) => self.changed = all_meters(&self.outlet),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn take(&mut self, event: Result<store::Event, RecvError>) -> Result<(), Fault> {
        match event {
            Ok(store::Event::Sample(sample)) => {
                // What a page told already is in the bus as well.
                if sample.id > self.sent {
                    self.telegram(&sample, Told::Live);
                    self.changed.insert(sample.telegram.meter.clone());
                }
            }
            Ok(store::Event::Link { meter, .. }) => {
                self.changed.insert(meter);
            }
            Err(RecvError::Lagged(_)) => {
                // The broker was too slow for the bus: what is missing is on disk.
                self.caught_up = false;
                self.changed = all_meters(&self.outlet);
            }
            Err(RecvError::Closed) => return Err(Fault::Closed),
        }
        Ok(())
    }

    fn landed(&mut self, sample: Option<u64>) {
        self.counters().published.one();
        if let Some(id) = sample {
            self.counters().samples.one();
            self.counters().set_acknowledged(id);
            self.cursor.advance(id);
        }
    }

    /// Tells the broker that we go, and waits for what it acknowledges until then.
    async fn farewell(mut self) {
        let deadline = Instant::now() + FAREWELL_MAX;
        let offline = self.news.status("offline");
        if let Ok(acknowledgement) = self.link.send(offline) {
            self.flight.push_back(Flying { acknowledgement, sample: None, since: Instant::now() });
        }
        while !self.flight.is_empty() {
            match timeout_at(deadline, first_of(&mut self.flight)).await {
                Ok(Ok(sample)) => self.landed(sample),
                Ok(Err(_)) | Err(_) => break,
            }
        }
        self.link.close().await;
    }
}

fn all_meters(outlet: &Outlet) -> BTreeSet<MeterId> {
    outlet.meters.iter().map(|meter| meter.id.clone()).collect()
}

/// How many samples are missing in a page of rising ids that begins after `sent`: the store gives
/// ids without gaps, so what is missing was there.
fn missing(sent: u64, ids: impl Iterator<Item = u64>) -> u64 {
    let (count, last) = ids.fold((0, sent), |(count, last), id| (count + 1, last.max(id)));
    (last - sent).saturating_sub(count)
}

/// The sample of the oldest message in flight, once the broker has it: acknowledgements that come
/// out of order wait for those before them. Never resolves while nothing is in flight.
async fn first_of(flight: &mut VecDeque<Flying>) -> Result<Option<u64>, Fault> {
    let Some(first) = flight.front_mut() else { return std::future::pending().await };
    let deadline = first.since + ACKNOWLEDGE_MAX;
    timeout_at(deadline, &mut first.acknowledgement).await.unwrap_or(Err(Fault::Silent))?;
    let landed = flight.pop_front();
    Ok(landed.and_then(|landed| landed.sample))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_retention_overtook_is_counted() {
        assert_eq!(missing(7, [].into_iter()), 0);
        assert_eq!(missing(7, [8, 9, 10].into_iter()), 0);
        assert_eq!(missing(7, [1000, 1001, 1005].into_iter()), 995);
    }

    /// Acknowledgements may come in any order; the cursor moves in the order of sending.
    #[tokio::test]
    async fn an_early_acknowledgement_waits_for_those_before_it() {
        let (first, first_lands) = tokio::sync::oneshot::channel::<()>();
        let lands: [Acknowledgement; 2] = [
            Box::pin(async move { first_lands.await.map_err(|_| Fault::Closed) }),
            Box::pin(std::future::ready(Ok(()))),
        ];
        let flying = |(id, acknowledgement)| Flying {
            acknowledgement,
            sample: Some(id),
            since: Instant::now(),
        };
        let mut flight: VecDeque<Flying> = (1..).zip(lands).map(flying).collect();
        assert!(timeout_at(Instant::now(), first_of(&mut flight)).await.is_err(), "1 is not there");
        first.send(()).expect("awaited");
        assert_eq!(first_of(&mut flight).await.expect("landed"), Some(1));
        assert_eq!(first_of(&mut flight).await.expect("landed"), Some(2));
    }
}
