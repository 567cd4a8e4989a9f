//! Publishes a simulated machine over MQTT, as its devices would.
//!
//! In: a broker, a machine's meter, a pace. Out: messages for ever, over a connection that is made
//! again whenever it is lost, with the last will of the device.

use crate::serve::Pace;
use crate::shelly::{ShellyMessage, messages, online_topic};
use crate::sub_meter::SubMeter;
use reading::Timestamp;
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, PublishOptions, QoS};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Virtual time between two readings.
const PERIOD: Duration = Duration::from_secs(2);
/// Shortest real time between two readings.
const PERIOD_REAL_MIN: Duration = Duration::from_millis(200);
/// Pause before a lost broker is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Most messages that wait for the broker.
const OUTBOX_MAX: usize = 64;

/// A simulated device and its broker.
#[derive(Debug)]
pub struct ShellyPublisher {
    /// The broker's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The device's topic, such as `shellypro3em-0cb815fc4e60`; also its name at the broker.
    pub topic: String,
    /// The meter of the machine.
    pub meter: SubMeter,
}

impl ShellyPublisher {
    /// Publishes until the future is dropped. `told` hears of the connection: `Ok` when it is made,
    /// the reason when it is lost.
    pub async fn run<C: Fn() -> Timestamp>(
        mut self,
        pace: Pace<C>,
        mut told: impl FnMut(Result<(), String>),
    ) {
        let mut options = MqttOptions::new(self.topic.clone(), (self.host.clone(), self.port));
        let online = online_topic(&self.topic);
        options.set_last_will(LastWill::new(online.clone(), "false", QoS::AtLeastOnce, true));
        let (client, events) = AsyncClient::builder(options).capacity(OUTBOX_MAX).build();
        let (news, mut heard) = mpsc::channel(OUTBOX_MAX);
        // A task of its own, which ends with this future: a step of the client is never cut.
        let mut connection = JoinSet::new();
        connection.spawn(drive(events, news));
        let origin = (pace.clock)();
        let mut ticks = interval(pace.speed.real_of(PERIOD).max(PERIOD_REAL_MIN));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connected = false;
        loop {
            tokio::select! {
                Some(news) = heard.recv() => {
                    connected = news.is_ok();
                    if connected {
                        let retained = PublishOptions::at_least_once().retained();
                        let _ = client.try_publish(online.clone(), "true", retained);
                    }
                    told(news);
                }
                _ = ticks.tick(), if connected => {
                    let passed = pace.speed.virtual_of((pace.clock)().since(origin));
                    let feeder = self.meter.advance(pace.start.plus(passed));
                    for ShellyMessage { topic, payload } in messages(&self.topic, &feeder) {
                        // What the broker does not take in time is gone, as with a real device.
                        let _ = client.try_publish(topic, payload, PublishOptions::at_least_once());
                    }
                }
            }
        }
    }
}

/// Connects, and connects again, for ever.
async fn drive(mut events: EventLoop, news: mpsc::Sender<Result<(), String>>) {
    loop {
        let told = match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => Ok(()),
            Ok(_) => continue,
            Err(error) => {
                sleep(RETRY).await;
                Err(error.to_string())
            }
        };
        if news.send(told).await.is_err() {
            return;
        }
    }
}
