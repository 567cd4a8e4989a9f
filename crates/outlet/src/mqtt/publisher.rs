//! The publisher: connects, lets a session work, and comes back when it is over.
//!
//! In: the outlet's facts, a broker. Out: a task that ends with the service. A broker that is
//! away, refuses us or never answers is told in the log once, counted, and tried again for ever.

use super::back_off::BackOff;
use super::counters::MqttState;
use super::cursor::Cursor;
use super::link::{Dialer, Fault, TlsError};
use super::options::Options;
use super::session::{Ended, Session};
use crate::Outlet;
use std::sync::Arc;
use tokio::sync::watch;

/// Publishes what the store holds.
pub struct Publisher {
    outlet: Arc<Outlet>,
    options: Options,
    dialer: Dialer,
}

impl Publisher {
    /// A publisher that has not connected yet.
    ///
    /// # Errors
    /// Certificates that cannot be used.
    pub fn new(outlet: Arc<Outlet>, options: Options) -> Result<Self, TlsError> {
        let dialer = Dialer::new(&options.broker, &options.topics)?;
        outlet.counters.mqtt.set_state(MqttState::Away(None));
        Ok(Self { outlet, options, dialer })
    }

    /// Finds where earlier runs stopped. To be done before the first telegram comes: what is
    /// stored from then on is published.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn begin(&self) -> Result<Cursor, store::Error> {
        let cursor = Cursor::recall(&self.outlet.store).await?;
        self.outlet.counters.mqtt.set_acknowledged(cursor.position());
        Ok(cursor)
    }

    /// Publishes until `shutdown` holds `true`.
    pub async fn run(self, cursor: Cursor, mut shutdown: watch::Receiver<bool>) {
        let mut back_off = BackOff::new(self.options.topics.seed());
        let mut told = None;
        loop {
            let dialled = tokio::select! {
                dialled = self.dialer.dial() => dialled,
                () = ended(&mut shutdown) => break,
            };
            let fault = match dialled {
                Err(fault) => fault,
                Ok(link) => {
                    self.note_connection(&cursor);
                    told = None;
                    let published = self.outlet.counters.mqtt.published.total();
                    let outlet = Arc::clone(&self.outlet);
                    let session = Session::new(outlet, &self.options.topics, &cursor, link);
                    let fault = match session.run(&mut shutdown).await {
                        Ended::Shutdown => break,
                        Ended::Lost(fault) => fault,
                    };
                    if self.outlet.counters.mqtt.published.total() > published {
                        back_off.reset();
                    }
                    fault
                }
            };
            self.note_fault(&fault, &mut told);
            tokio::select! {
                () = tokio::time::sleep(back_off.next_delay()) => {}
                () = ended(&mut shutdown) => break,
            }
        }
        cursor.close().await;
    }

    fn note_connection(&self, cursor: &Cursor) {
        let waiting = self.outlet.store.last_id().saturating_sub(cursor.position());
        let (broker, topic) = (&self.options.broker, self.options.topics.prefix());
        tracing::info!(%broker, topic, waiting, "connected to the MQTT broker");
        self.outlet.counters.mqtt.connects.one();
        self.outlet.counters.mqtt.set_state(MqttState::Connected);
    }

    /// Logs a fault when it is another one than last time.
    fn note_fault(&self, fault: &Fault, told: &mut Option<String>) {
        let reason = fault.to_string();
        let broker = &self.options.broker;
        if told.as_ref() != Some(&reason) {
            tracing::warn!(
                "MQTT broker {broker}: {reason}; samples wait on disk, it is tried again"
            );
            *told = Some(reason.clone());
        }
        self.outlet.counters.mqtt.set_state(MqttState::Away(Some(reason)));
    }
}

/// Resolves when the service ends.
pub(super) async fn ended(signal: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, and with it the program's wish to go on.
    let _ = signal.wait_for(|stop| *stop).await;
}
