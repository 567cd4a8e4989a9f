//! Listening to a broker: a connection of its own, so that no meter ever waits for the outbox.
//!
//! In: topic filters. Out: messages, each acknowledged only when its user says so (QoS 1), over a
//! session that the broker keeps while we are away. What waited there comes first and is marked: a
//! message of our own, sent after the subscription, comes back behind it. A link is used once; after
//! its end a new one is opened, and what was not acknowledged comes again.

use super::link::{Fault, TlsError, connect, reaching};
use super::options::Broker;
use super::topics::Topics;
use crate::feed;
use ring::rand::{SecureRandom, SystemRandom};
use rumqttc::{
    AckMode, AsyncClient, Event, EventLoop, ManualAck, MqttOptions, Packet, Publish,
    PublishOptions, QoS, SubscribeFilter, SubscribeNoticeError,
};
use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Most messages that wait for us. One that the broker would send again holds the connection up
/// when there is no room, one that it would not is dropped and counted.
const INBOX_MAX: usize = 256;
/// Most requests that wait for the connection: acknowledgements, subscriptions.
const REQUESTS_MAX: usize = 1024;
/// Longest packet that is taken whole: any topic, and a payload that is longer than is read. A longer
/// one is cut to this. **Unit** bytes.
const PACKET_MAX: usize = (128 << 10) + feed::PAYLOAD_MAX;
/// Most filters of one subscription.
const FILTERS_MAX: usize = 100;
/// What waited at the broker has come by then, even if our own message may not pass.
const LATE_MAX: Duration = Duration::from_secs(5);
/// Time for a farewell.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// How to listen to a broker.
pub struct Subscriber {
    broker: Broker,
    options: MqttOptions,
    client_id: String,
}

/// An open connection.
pub struct Inlet {
    client: AsyncClient,
    inbox: mpsc::Receiver<Publish>,
    task: JoinHandle<Fault>,
    subscribing: VecDeque<Agreement>,
    mark: Mark,
    /// Until then messages may have waited at the broker.
    late_until: Option<Instant>,
}

/// Resolves when the broker has agreed to a subscription.
type Agreement = Pin<Box<dyn Future<Output = Result<(), SubscribeNoticeError>> + Send + Sync>>;

/// Our own message, behind which everything is live.
struct Mark {
    topic: String,
    nonce: String,
}

/// What a connection brings.
#[derive(Debug)]
pub enum News {
    /// The broker lets us listen.
    Subscribed,
    /// A message.
    Message(Delivery),
}

/// A message that a broker delivered.
#[derive(Debug)]
pub struct Delivery {
    /// Its topic.
    pub topic: String,
    /// Its content; of a longer one the beginning.
    pub payload: Vec<u8>,
    /// The broker had kept it: said at some time before we listened.
    pub retained: bool,
    /// It waited at the broker while we were away.
    pub late: bool,
    /// It was sent before and not acknowledged.
    pub again: bool,
    /// Its number, until it is acknowledged; 0 with QoS 0.
    pub packet: u16,
    /// What acknowledges it; `None` with QoS 0.
    pub receipt: Option<Receipt>,
}

/// What acknowledges a message.
#[derive(Debug)]
pub struct Receipt(ManualAck);

impl Subscriber {
    /// A listener of a site; nothing is connected yet.
    ///
    /// # Errors
    /// Certificates that cannot be used.
    pub fn new(broker: Broker, topics: &Topics) -> Result<Self, TlsError> {
        let user = broker.credentials.as_ref().map_or("", |it| it.username.as_str());
        let client_id = topics.listener_id(user);
        let mut options = reaching(&broker, client_id.clone(), PACKET_MAX)?;
        options
            .set_max_packet_size(PACKET_MAX, PACKET_MAX)
            .set_ack_mode(AckMode::Manual)
            .set_clean_session(false);
        Ok(Self { broker, options, client_id })
    }

    /// The broker.
    #[must_use]
    pub const fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The name under which the broker knows us.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Connects and asks for the messages of `wanted`, and for those of `unwanted` no more.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn dial(&self, wanted: &[String], unwanted: &[String]) -> Result<Inlet, Fault> {
        let (client, events, known) = connect(self.options.clone(), REQUESTS_MAX).await?;
        let (sender, inbox) = mpsc::channel(INBOX_MAX);
        // A task of its own: a step of the client that was begun must be finished.
        let task = tokio::spawn(drive(events, sender));
        let mark = Mark { topic: format!("triphase/listener/{}", self.client_id), nonce: nonce() };
        let late_until = known.then(|| Instant::now() + LATE_MAX);
        let subscribing = VecDeque::new();
        let mut inlet = Inlet { client, inbox, task, subscribing, mark, late_until };
        inlet.subscribe(wanted, unwanted)?;
        Ok(inlet)
    }
}

impl Inlet {
    /// Whether the broker may still send what waited for us.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.late_until.is_some_and(|until| Instant::now() < until)
    }

    fn subscribe(&mut self, wanted: &[String], unwanted: &[String]) -> Result<(), Fault> {
        for filters in unwanted.chunks(FILTERS_MAX) {
            let asked = self.client.try_unsubscribe_many(filters.iter().cloned());
            asked.map_err(|_| Fault::Closed)?;
        }
        for filters in wanted.chunks(FILTERS_MAX) {
            let filters =
                filters.iter().map(|it| SubscribeFilter::new(it.clone(), QoS::AtLeastOnce));
            let notice = self.client.try_subscribe_many_tracked(filters);
            let notice = notice.map_err(|_| Fault::Closed)?;
            self.subscribing.push_back(Box::pin(notice.wait_completion_async()));
        }
        if self.late_until.is_some() {
            let topic = self.mark.topic.clone();
            let notice = self.client.try_subscribe_tracked(topic, QoS::AtLeastOnce);
            let notice = notice.map_err(|_| Fault::Closed)?;
            self.subscribing.push_back(Box::pin(async move {
                // Whoever may not do this waits for the time instead.
                match notice.wait_completion_async().await {
                    Err(SubscribeNoticeError::Recv) => Err(SubscribeNoticeError::Recv),
                    _ => Ok(()),
                }
            }));
        }
        Ok(())
    }

    /// What comes next, or why the connection ended. May be cancelled and asked again.
    ///
    /// # Errors
    /// The connection is gone, or the broker does not let us listen.
    pub async fn next(&mut self) -> Result<News, Fault> {
        loop {
            let publish = tokio::select! {
                answer = subscribed(&mut self.subscribing) => {
                    answer?;
                    self.say_mark()?;
                    return Ok(News::Subscribed);
                }
                publish = self.inbox.recv() => publish,
            };
            let Some(publish) = publish else {
                return Err((&mut self.task).await.unwrap_or(Fault::Closed));
            };
            if let Some(delivery) = self.delivery(&publish) {
                return Ok(News::Message(delivery));
            }
        }
    }

    /// Sends our own message. The client sends subscriptions behind messages, so it waits for them.
    fn say_mark(&self) -> Result<(), Fault> {
        if self.late_until.is_none() {
            return Ok(());
        }
        let Mark { topic, nonce } = &self.mark;
        let options = PublishOptions::at_least_once();
        let said = self.client.try_publish(topic.clone(), nonce.clone(), options);
        said.map_err(|_| Fault::Closed)
    }

    /// The message as its user sees it; `None` for our own.
    fn delivery(&mut self, publish: &Publish) -> Option<Delivery> {
        let receipt = self.client.prepare_ack(publish).map(Receipt);
        let topic = String::from_utf8_lossy(&publish.topic).into_owned();
        if topic == self.mark.topic {
            if publish.payload == self.mark.nonce.as_bytes() {
                self.late_until = None;
            }
            // The broker never waits long for it: at most a queue's length behind its turn.
            if let Some(receipt) = receipt {
                let _ = self.acknowledge(receipt);
            }
            return None;
        }
        let shown = publish.payload.len().min(feed::PAYLOAD_MAX + 1);
        Some(Delivery {
            topic,
            payload: publish.payload.slice(..shown).to_vec(),
            retained: publish.retain,
            late: self.is_late(),
            again: publish.dup,
            packet: publish.pkid,
            receipt,
        })
    }

    /// Tells the broker that a message is safe.
    ///
    /// # Errors
    /// The connection takes nothing: the message comes again.
    pub fn acknowledge(&self, receipt: Receipt) -> Result<(), Fault> {
        self.client.try_manual_ack(receipt.0).map_err(|_| Fault::Closed)
    }

    /// Says goodbye; the broker keeps our session, and what comes meanwhile.
    pub async fn close(mut self) {
        if self.client.try_disconnect_with_timeout(FAREWELL_MAX).is_ok() {
            let _ = tokio::time::timeout(FAREWELL_MAX, &mut self.task).await;
        }
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Resolves when the broker has agreed to everything asked; never when nothing was.
async fn subscribed(asked: &mut VecDeque<Agreement>) -> Result<(), Fault> {
    if asked.is_empty() {
        return std::future::pending().await;
    }
    while let Some(notice) = asked.front_mut() {
        let answer = notice.await;
        asked.pop_front();
        answer.map_err(|error| match error {
            SubscribeNoticeError::Recv | SubscribeNoticeError::SessionReset => Fault::Closed,
            other => Fault::Subscription(other.to_string()),
        })?;
    }
    Ok(())
}

/// A word that nobody else says.
fn nonce() -> String {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).expect("the system always has random bytes");
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// Moves bytes until the connection ends.
async fn drive(mut events: EventLoop, inbox: mpsc::Sender<Publish>) -> Fault {
    let mut dropped: u64 = 0;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::Publish(publish))) if publish.qos == QoS::AtMostOnce => {
                if inbox.try_send(publish).is_err() {
                    dropped += 1;
                    if dropped.is_power_of_two() {
                        tracing::warn!(
                            dropped,
                            "messages without QoS 1 came faster than they are read"
                        );
                    }
                }
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                if inbox.send(publish).await.is_err() {
                    return Fault::Closed;
                }
            }
            Ok(_) => {}
            Err(error) => return error.into(),
        }
    }
}
