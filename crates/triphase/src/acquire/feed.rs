//! Meters that a broker feeds: one connection for all that share it, for ever.
//!
//! In: a subscriber, the meters with their collectors. Out: appended telegrams, the links' states,
//! counts of what was wrong. A message is acknowledged once its telegram is on disk, in the order of
//! arrival; what was not is delivered again, and what was stored before the acknowledgement was
//! lost is recognised. A broker that is away is tried for ever, and everything is asked anew.

use super::feed_memory::{FeedMemory, Trace};
use super::station::{Station, seed_of};
use super::tap::Tap;
use super::watch::Why;
use outlet::feed::{Collector, Defect, Gathered, Message};
use outlet::mqtt::{Delivery, Fault, Inlet, InletNews, Receipt, Subscriber};
use reading::{LinkCause, Telegram};
use std::collections::VecDeque;
use std::time::Duration;
use store::{Batch, Store};
use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};

/// How often silent links are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often open windows are looked at.
const WINDOW_TICK: Duration = Duration::from_millis(50);
/// From so many messages without acknowledgement on nothing is waited for: a broker sends no more
/// than 20 before it wants answers, unless it is told otherwise.
const UNACKNOWLEDGED_MAX: usize = 16;
/// Longest wait for the disk at the end of a connection.
const DURABLE_MAX: Duration = Duration::from_secs(5);
/// A link that brought nothing for this long has not proved itself.
const PAUSE_MIN: Duration = Duration::from_millis(500);

/// One meter of a broker.
pub(crate) struct Fed {
    pub(crate) station: Station,
    pub(crate) collector: Collector,
}

/// Meters that one broker feeds.
pub(crate) struct Feed {
    pub(crate) subscriber: Subscriber,
    pub(crate) members: Vec<Fed>,
    /// The topics of all of them.
    pub(crate) filters: Vec<String>,
    pub(crate) store: Store,
}

/// A message that the broker waits for.
struct Owed {
    token: u64,
    trace: Option<Trace>,
    receipt: Option<Receipt>,
    done: bool,
}

/// Messages whose telegrams are on disk.
struct Durable {
    tokens: Vec<u64>,
}

/// One connection.
struct Session<'a> {
    members: &'a mut [Fed],
    memory: &'a mut FeedMemory,
    store: &'a Store,
    owed: VecDeque<Owed>,
    next_token: u64,
    durable: mpsc::UnboundedSender<Durable>,
    /// Batches on their way to the disk.
    pending: usize,
}

/// What happens to a session.
enum Event {
    News(Result<InletNews, Fault>),
    Stored(Durable),
    Tick,
    Stop,
}

/// Why a session ended.
enum Ended {
    Shutdown,
    Lost(Fault),
}

impl Feed {
    /// Reads until `shutdown` turns true.
    pub(crate) async fn run(mut self, mut shutdown: Receiver<bool>) {
        let Some(first) = self.members.first() else { return };
        let mut back_off = wire::BackOff::new(seed_of(&first.station.meter));
        for member in &self.members {
            member.station.announce();
        }
        let mut memory = self.recall().await;
        loop {
            let unwanted = memory.unwanted(&self.filters);
            let dialled = tokio::select! {
                dialled = self.subscriber.dial(&self.filters, &unwanted) => dialled,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
            let ended = match dialled {
                Err(fault) => Ended::Lost(fault),
                Ok(inlet) => {
                    let broker = self.subscriber.broker();
                    tracing::info!(%broker, meters = self.members.len(), "listening to the broker");
                    let ended = self.session(inlet, &mut memory, &mut shutdown).await;
                    if self.members.iter().any(|member| member.station.is_live()) {
                        back_off.reset();
                    }
                    ended
                }
            };
            let fault = match ended {
                Ended::Shutdown => return,
                Ended::Lost(fault) => fault,
            };
            let why = why(&fault, self.subscriber.broker());
            for member in &mut self.members {
                member.station.failed(why.clone());
            }
            tokio::select! {
                () = sleep(back_off.next_delay().max(PAUSE_MIN)) => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn recall(&self) -> FeedMemory {
        let store = self.store.clone();
        let recalled = tokio::task::spawn_blocking(move || store.recall(FeedMemory::PREFIX)).await;
        let recalled = recalled.expect("reading the store never panics");
        let memories = recalled.unwrap_or_else(|error| {
            tracing::warn!(%error, "what earlier runs stored is not known: repeats may be stored");
            Vec::new()
        });
        FeedMemory::recalled(self.subscriber.client_id(), memories)
    }

    async fn session(
        &mut self,
        mut inlet: Inlet,
        memory: &mut FeedMemory,
        shutdown: &mut Receiver<bool>,
    ) -> Ended {
        let (durable, mut stored) = mpsc::unbounded_channel();
        let (members, store) = (&mut *self.members, &self.store);
        let owed = VecDeque::new();
        let mut session =
            Session { members, memory, store, owed, next_token: 1, durable, pending: 0 };
        let ended = loop {
            let pause = if session.is_waiting() { WINDOW_TICK } else { TICK };
            let event = tokio::select! {
                news = inlet.next() => Event::News(news),
                Some(durable) = stored.recv() => Event::Stored(durable),
                () = sleep(pause) => Event::Tick,
                _ = shutdown.wait_for(|stop| *stop) => Event::Stop,
            };
            match event {
                Event::News(Ok(InletNews::Message(delivery))) => session.take(delivery).await,
                Event::News(Ok(InletNews::Subscribed)) => session.subscribed(&self.filters).await,
                Event::News(Err(fault)) => break Ended::Lost(fault),
                Event::Stored(durable) => session.stored(&durable),
                Event::Tick => session.tick().await,
                Event::Stop => break Ended::Shutdown,
            }
            session.acknowledge(&inlet);
        };
        // What was begun is finished: what reaches the disk is known when it comes again.
        session.flush().await;
        let rest = async {
            while session.pending > 0 {
                let Some(durable) = stored.recv().await else { break };
                session.stored(&durable);
                session.acknowledge(&inlet);
            }
        };
        let _ = timeout(DURABLE_MAX, rest).await;
        if let Ended::Shutdown = ended {
            inlet.close().await;
        }
        ended
    }
}

impl Session<'_> {
    fn is_waiting(&self) -> bool {
        self.members.iter().any(|member| member.collector.due().is_some())
    }

    /// The broker agreed to everything: from now on silence is the devices'.
    async fn subscribed(&mut self, filters: &[String]) {
        for member in self.members.iter_mut().filter(|member| !member.station.is_live()) {
            member.station.opened();
        }
        let memory = self.memory.subscribed(filters);
        if !memory.is_empty()
            && let Err(error) = self.store.enqueue(Batch::live(Vec::new(), memory)).await
        {
            tracing::warn!(%error, "the subscriptions were not written down");
        }
    }

    /// A message came.
    async fn take(&mut self, delivery: Delivery) {
        let trace = Trace::of(&delivery);
        let token = self.next_token;
        self.next_token += 1;
        let known = delivery.again && trace.is_some_and(|trace| self.memory.knows(trace));
        let Delivery { topic, payload, retained, late, receipt, .. } = delivery;
        let mut wanted = false;
        self.owed.push_back(Owed { token, trace, receipt, done: true });
        for place in 0..self.members.len() {
            let member = &mut self.members[place];
            if !member.collector.wants(&topic) {
                continue;
            }
            wanted = true;
            if known {
                member.station.message_again();
                continue;
            }
            member.station.message_came(payload.len());
            let at = member.station.now();
            let message = Message { at, topic: &topic, payload: &payload, retained, late, token };
            let gathered = member.collector.receive(message);
            let mut tap = Tap::default();
            tap.published(at, &topic, &payload);
            // A message that the broker had kept is old and no fault.
            let faults = gathered.defects.iter().filter(|defect| defect.code != "retained");
            faults.for_each(|defect| tap.fault(defect.code, &defect.detail));
            member.station.keep_messages(&mut tap);
            if !gathered.released.contains(&token) {
                self.owe(token);
            }
            self.settle(place, gathered).await;
        }
        if !wanted {
            tracing::debug!(topic, "a message that nobody wants");
        }
        if self.owed.iter().filter(|owed| owed.receipt.is_some()).count() >= UNACKNOWLEDGED_MAX {
            self.flush().await;
        }
    }

    /// A message is part of a telegram now, so it is not done with.
    fn owe(&mut self, token: u64) {
        if let Some(owed) = self.owed.iter_mut().rev().find(|owed| owed.token == token) {
            owed.done = false;
        }
    }

    /// Time passed.
    async fn tick(&mut self) {
        for place in 0..self.members.len() {
            let member = &mut self.members[place];
            member.station.tick();
            let gathered = member.collector.tick(member.station.now());
            self.settle(place, gathered).await;
        }
    }

    /// Nothing is waited for any longer.
    async fn flush(&mut self) {
        for place in 0..self.members.len() {
            let gathered = self.members[place].collector.flush();
            self.settle(place, gathered).await;
        }
    }

    /// Sends telegrams to the store, counts and tells what was wrong.
    async fn settle(&mut self, place: usize, gathered: Gathered) {
        let Gathered { telegrams, released, defects, presence } = gathered;
        let member = &mut self.members[place];
        for defect in &defects {
            member.station.message_defect(defect);
            tell(&member.station, defect);
        }
        // A message that the broker had kept is old and no fault.
        let faults: Vec<Defect> =
            defects.into_iter().filter(|defect| defect.code != "retained").collect();
        if !released.is_empty() && telegrams.is_empty() && !faults.is_empty() {
            member.station.message_refused(&faults);
        }
        match presence {
            Some(false) => member.station.failed((
                LinkCause::Closed,
                "the device is not connected to the broker, says its last will".to_owned(),
            )),
            Some(true) if !member.station.is_live() => member.station.opened(),
            _ => {}
        }
        for token in released {
            self.done(token);
        }
        for (telegram, tokens) in telegrams {
            self.deliver(place, telegram, tokens).await;
        }
    }

    async fn deliver(&mut self, place: usize, telegram: Telegram, tokens: Vec<u64>) {
        let traces = self.owed.iter().filter(|owed| tokens.contains(&owed.token));
        let memory = self.memory.of_messages(traces.filter_map(|owed| owed.trace));
        let batch = Batch::live(vec![telegram], memory);
        let station = &mut self.members[place].station;
        let Some(pending) = station.deliver_messages(batch).await else { return };
        self.pending += 1;
        let (durable, settled) = (self.durable.clone(), station.when_durable(pending));
        tokio::spawn(async move {
            // What the store refused is not acknowledged: the broker keeps it and sends it again.
            let tokens = if settled.await { tokens } else { Vec::new() };
            let _ = durable.send(Durable { tokens });
        });
    }

    /// Telegrams are on disk: their messages need not come again.
    fn stored(&mut self, durable: &Durable) {
        self.pending = self.pending.saturating_sub(1);
        for token in &durable.tokens {
            self.done(*token);
            let owed = self.owed.iter().find(|owed| owed.token == *token);
            if let Some(trace) = owed.and_then(|owed| owed.trace) {
                self.memory.learn(trace);
            }
        }
    }

    fn done(&mut self, token: u64) {
        if let Some(owed) = self.owed.iter_mut().find(|owed| owed.token == token) {
            owed.done = true;
        }
    }

    /// Acknowledges in the order of arrival, as the protocol wants it (MQTT 3.1.1, 4.6).
    fn acknowledge(&mut self, inlet: &Inlet) {
        while self.owed.front().is_some_and(|owed| owed.done) {
            let receipt = self.owed.pop_front().and_then(|owed| owed.receipt);
            if let Some(receipt) = receipt
                && inlet.acknowledge(receipt).is_err()
            {
                // The connection is ending: the message comes again and is known.
                return;
            }
        }
    }
}

fn tell(station: &Station, defect: &Defect) {
    if defect.code == "retained" {
        tracing::debug!(meter = %station.meter, "{}", defect.detail);
    } else {
        tracing::warn!(meter = %station.meter, code = defect.code, "message: {}", defect.detail);
    }
}

/// A broker's refusal as a cause and a sentence.
fn why(fault: &Fault, broker: &outlet::mqtt::Broker) -> Why {
    let cause = match fault {
        Fault::Credentials | Fault::Refused(_) | Fault::Subscription(_) => LinkCause::Refused,
        Fault::Unreachable(_) | Fault::Silent | Fault::Tls(_) => LinkCause::Unreachable,
        Fault::Closed => LinkCause::Closed,
        Fault::Broken(_) => LinkCause::Broken,
    };
    (cause, format!("the MQTT broker {broker}: {fault}"))
}
