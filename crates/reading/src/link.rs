//! The state of the connection to a meter.

use crate::Timestamp;

/// What is known about a meter's link. A silent device is a visible state, never an error that
/// ends something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// No port: the meter is fed over HTTP or MQTT.
    Fed,
    /// The port is open and no telegram has come yet.
    Waiting,
    /// Telegrams arrive in their period.
    Live,
    /// The port is open, telegrams stopped coming.
    Stale,
    /// The port cannot be opened or closed itself.
    Disconnected,
}

impl LinkState {
    /// The English name of `/api/v1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fed => "fed",
            Self::Waiting => "waiting",
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Disconnected => "disconnected",
        }
    }
}

/// A meter's link: its state, since when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The state now.
    pub state: LinkState,
    /// When the state began.
    pub since: Timestamp,
    /// The cause in one English sentence, for every state that is not healthy.
    pub reason: Option<String>,
}
