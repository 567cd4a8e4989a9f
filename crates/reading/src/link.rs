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

/// Why a link is not healthy, as a stable word: surfaces say it in their own language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkCause {
    /// The port has not been opened yet.
    NotOpened,
    /// The device does not exist: no adapter is plugged in under that name.
    NoDevice,
    /// This user may not open the device.
    NoPermission,
    /// Another program holds the device.
    InUse,
    /// The other side does not answer on the network.
    Unreachable,
    /// The device or the connection failed while it was open.
    Broken,
    /// The other side closed the connection.
    Closed,
    /// A replayed recording is over.
    ReplayEnded,
    /// The port is open and no byte ever came.
    Silent,
    /// Telegrams came, and then no byte any more.
    Stopped,
    /// The telegrams are encrypted and no key is configured.
    KeyMissing,
    /// The configured key does not decrypt the telegrams.
    WrongKey,
    /// Bytes come and make no telegram: line settings, or another protocol.
    NoTelegram,
    /// The meter was asked and does not answer.
    NoAnswer,
    /// The meter answers that it does not want to: an access right, a register it does not have.
    Refused,
    /// The meter answers, and the answer makes no sense.
    WrongAnswer,
}

impl LinkCause {
    /// Every cause, in the order of the declaration.
    pub const ALL: [Self; 16] = [
        Self::NotOpened,
        Self::NoDevice,
        Self::NoPermission,
        Self::InUse,
        Self::Unreachable,
        Self::Broken,
        Self::Closed,
        Self::ReplayEnded,
        Self::Silent,
        Self::Stopped,
        Self::KeyMissing,
        Self::WrongKey,
        Self::NoTelegram,
        Self::NoAnswer,
        Self::Refused,
        Self::WrongAnswer,
    ];

    /// The cause of a word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// The word of `/api/v1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotOpened => "not_opened",
            Self::NoDevice => "no_device",
            Self::NoPermission => "no_permission",
            Self::InUse => "in_use",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
            Self::Closed => "closed",
            Self::ReplayEnded => "replay_ended",
            Self::Silent => "silent",
            Self::Stopped => "stopped",
            Self::KeyMissing => "key_missing",
            Self::WrongKey => "wrong_key",
            Self::NoTelegram => "no_telegram",
            Self::NoAnswer => "no_answer",
            Self::Refused => "refused",
            Self::WrongAnswer => "wrong_answer",
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
    /// The cause, for every state that is not healthy.
    pub cause: Option<LinkCause>,
    /// The cause in one English sentence, with its particulars.
    pub reason: Option<String>,
}
