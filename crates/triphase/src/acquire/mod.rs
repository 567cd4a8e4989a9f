//! Reading the meters: wire to driver to store, for ever.
//!
//! In: ports, drivers and dialogues. Out: appended telegrams, the links' states, counts of what was
//! wrong. A device that is silent, gone or sends rubbish never ends the task, nor another meter's.

mod bus;
mod feed;
mod feed_memory;
mod listen;
mod modbus;
mod owed;
mod schedule;
mod station;
mod tap;
mod tape;
mod watch;

pub(crate) use bus::{Around, Bus, Conversation, Exchange, Member, converse};
pub(crate) use feed::{Fed, Feed};
pub(crate) use listen::Listener;
pub(crate) use modbus::{Asker, TIMEOUT_DEFAULT};
pub(crate) use owed::Owed;
pub(crate) use station::{Sinks, Station};
pub(crate) use tap::Tap;
pub(crate) use tape::Tape;

use reading::Timestamp;
use std::sync::Arc;
use tokio::sync::watch::Receiver;

/// The house's clock: real, or a simulated workshop's.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What reads meters: one meter that speaks by itself, or all that share a bus or a broker.
pub(crate) enum Acquisition {
    /// A meter that pushes.
    Listener(Box<Listener>),
    /// Meters that are asked in turn.
    Bus(Bus),
    /// Meters that a broker feeds.
    Feed(Box<Feed>),
}

impl Acquisition {
    /// Reads until `shutdown` turns true.
    pub(crate) async fn run(self, shutdown: Receiver<bool>) {
        match self {
            Self::Listener(listener) => listener.run(shutdown).await,
            Self::Bus(bus) => bus.run(shutdown).await,
            Self::Feed(feed) => feed.run(shutdown).await,
        }
    }
}
