//! What happened to a meter, as dated entries: the words of the counter journal.
//!
//! An entry tells one event once: since when, until when, what changed from what to what. It is
//! recognised from stored telegrams and from the link, never edited, and never deleted but for its
//! age among too many.

use crate::{LinkCause, ListId, MeterId, Timestamp};

/// What kind of event an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JournalKind {
    /// A counter passed its last digit and began again at 0.
    CounterRollover,
    /// A counter fell to under a tenth of its reading: the meter was replaced or reset.
    CounterReset,
    /// A counter fell, which a counter must not do.
    CounterDecrease,
    /// A counter grew faster than any power that the supply can give, or far beyond its own usual growth,
    /// and stayed there.
    CounterLeap,
    /// A counter showed nonsense, and came back to where it was.
    CounterSpike,
    /// A counter stands still while power flows.
    CounterStuck,
    /// A measured value repeats itself to the digit while the power changes.
    ValueStuck,
    /// The serial number or the system title is another one: another meter answers.
    MeterExchanged,
    /// The ratio of the current or voltage transformers was configured otherwise.
    RatioChanged,
    /// The meter's clock was set, or runs wrong.
    MeterClockStep,
    /// The meter's clock changed between winter and summer time, as it should.
    DaylightSaving,
    /// The clock of this machine was set.
    HouseClockStep,
    /// Nothing was recorded for much longer than usual.
    Gap,
    /// The meter is no longer heard.
    LinkLost,
    /// The meter is heard again.
    LinkRestored,
}

impl JournalKind {
    /// Every kind, in the order of the declaration.
    pub const ALL: [Self; 15] = [
        Self::CounterRollover,
        Self::CounterReset,
        Self::CounterDecrease,
        Self::CounterLeap,
        Self::CounterSpike,
        Self::CounterStuck,
        Self::ValueStuck,
        Self::MeterExchanged,
        Self::RatioChanged,
        Self::MeterClockStep,
        Self::DaylightSaving,
        Self::HouseClockStep,
        Self::Gap,
        Self::LinkLost,
        Self::LinkRestored,
    ];

    /// The word of `/api/v1` and of the store; stable for ever.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CounterRollover => "counter_rollover",
            Self::CounterReset => "meter_replaced_or_reset",
            Self::CounterDecrease => "counter_decrease",
            Self::CounterLeap => "counter_leap",
            Self::CounterSpike => "counter_spike",
            Self::CounterStuck => "counter_stuck",
            Self::ValueStuck => "value_stuck",
            Self::MeterExchanged => "meter_exchanged",
            Self::RatioChanged => "ratio_changed",
            Self::MeterClockStep => "meter_clock_step",
            Self::DaylightSaving => "daylight_saving",
            Self::HouseClockStep => "house_clock_step",
            Self::Gap => "gap",
            Self::LinkLost => "link_lost",
            Self::LinkRestored => "link_restored",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it tells of the link. Links come and go every day; counters must not be pushed out
    /// of the journal by them.
    #[must_use]
    pub const fn is_of_the_link(self) -> bool {
        matches!(self, Self::LinkLost | Self::LinkRestored)
    }
}

/// One thing that an event changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalChange {
    /// The canonical name of a quantity, or `clock_offset`, `ct_ratio`, `vt_ratio`.
    pub what: String,
    /// What it was: a number's own digits, or a text.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
    /// The unit of both; `None` for texts and pure numbers.
    pub unit: Option<&'static str>,
}

/// One event of one meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// The meter.
    pub meter: MeterId,
    /// What happened.
    pub kind: JournalKind,
    /// When it began, by the time of measurement.
    pub at: Timestamp,
    /// When it was over; `None` for what has no end, or none yet.
    pub until: Option<Timestamp>,
    /// The arrival of what proved it.
    pub noted_at: Timestamp,
    /// The list that showed it.
    pub list: Option<ListId>,
    /// Why a link was lost.
    pub cause: Option<LinkCause>,
    /// The cause in one English sentence, with its particulars.
    pub reason: Option<String>,
    /// What changed.
    pub changes: Vec<JournalChange>,
}

impl JournalEntry {
    /// An event without particulars.
    #[must_use]
    pub const fn new(
        meter: MeterId,
        kind: JournalKind,
        at: Timestamp,
        noted_at: Timestamp,
    ) -> Self {
        let changes = Vec::new();
        Self {
            meter,
            kind,
            at,
            until: None,
            noted_at,
            list: None,
            cause: None,
            reason: None,
            changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_kind() {
        for kind in JournalKind::ALL {
            assert_eq!(JournalKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(JournalKind::from_name("Gap"), None);
    }
}
