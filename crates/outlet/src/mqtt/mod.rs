//! MQTT: every stored telegram to a broker, at least once and in order.
//!
//! In: the store, the site's facts, a broker. Out: the topics of `contracts/mqtt.md`, Home
//! Assistant's discovery among them. The store is the outbox: only the id of the last sample that
//! the broker acknowledged is kept, so a broker may be away for as long as samples are kept.
//! Sources: MQTT 3.1.1 (OASIS, 2014), Home Assistant's MQTT discovery. Refuses nothing that is in
//! the store; what the store has dropped before the broker came back is counted and logged.

mod back_off;
mod clip;
mod counters;
mod cursor;
mod discovery;
mod link;
mod news;
mod options;
mod publisher;
mod session;
mod subscriber;
mod topics;

pub use counters::{MqttCounters, MqttState};
pub use cursor::Cursor;
pub use link::{Fault, TlsError};
pub use options::{Broker, Credentials, Options, Tls};
pub use publisher::Publisher;
pub use subscriber::{Delivery, Inlet, News as InletNews, Receipt, Subscriber};
pub use topics::{PrefixError, Topics, slug};
