//! The life of one alarm.
//!
//! In: what happened to an alarm. Out: its state. Source: ISA-18.2-2016 and IEC 62682:2022, state
//! diagram. A shelved, suppressed or out-of-service alarm goes on watching its condition and
//! returns to the state that condition and acknowledgement give. Refuses nothing: an event that
//! means nothing in a state leaves it.

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmEvent {
    /// The condition became true (after its delay).
    ConditionOn,
    /// The condition became false (after its delay).
    ConditionOff,
    /// Somebody acknowledged.
    Acknowledge,
    /// An operator shelved it for a time.
    Shelve,
    /// The time is over, or somebody took it off the shelf.
    Unshelve,
    /// Suppressed by design.
    Suppress,
    /// The design's reason is gone.
    Unsuppress,
    /// Taken out of service for maintenance.
    RemoveFromService,
    /// Back in service.
    ReturnToService,
}

/// What the operator sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    /// Normal.
    Normal,
    /// Active, not acknowledged.
    ActiveUnacknowledged,
    /// Active, acknowledged.
    ActiveAcknowledged,
    /// Returned to normal before anybody acknowledged.
    ReturnedUnacknowledged,
    /// Shelved.
    Shelved,
    /// Suppressed by design.
    Suppressed,
    /// Out of service.
    OutOfService,
}

/// An alarm from its first event on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlarmLife {
    active: bool,
    to_acknowledge: bool,
    shelved: bool,
    suppressed: bool,
    out_of_service: bool,
}

impl AlarmLife {
    /// Takes an event in.
    pub fn happens(&mut self, event: AlarmEvent) {
        match event {
            AlarmEvent::ConditionOn => {
                // What was on already is not raised again.
                self.to_acknowledge |= !self.active;
                self.active = true;
            }
            AlarmEvent::ConditionOff => self.active = false,
            AlarmEvent::Acknowledge => self.to_acknowledge = false,
            AlarmEvent::Shelve => self.shelved = true,
            AlarmEvent::Unshelve => self.shelved = false,
            AlarmEvent::Suppress => self.suppressed = true,
            AlarmEvent::Unsuppress => self.suppressed = false,
            AlarmEvent::RemoveFromService => self.out_of_service = true,
            AlarmEvent::ReturnToService => self.out_of_service = false,
        }
    }

    /// The state after what has happened so far.
    #[must_use]
    pub fn state(&self) -> AlarmState {
        match (self.active, self.to_acknowledge) {
            _ if self.out_of_service => AlarmState::OutOfService,
            _ if self.suppressed => AlarmState::Suppressed,
            _ if self.shelved => AlarmState::Shelved,
            (true, true) => AlarmState::ActiveUnacknowledged,
            (true, false) => AlarmState::ActiveAcknowledged,
            (false, true) => AlarmState::ReturnedUnacknowledged,
            (false, false) => AlarmState::Normal,
        }
    }
}

impl AlarmState {
    /// The standard's short name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Normal => "NORM",
            Self::ActiveUnacknowledged => "UNACK",
            Self::ActiveAcknowledged => "ACKED",
            Self::ReturnedUnacknowledged => "RTNUN",
            Self::Shelved => "SHLVD",
            Self::Suppressed => "DSUPR",
            Self::OutOfService => "OOSRV",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlarmEvent::{Acknowledge, ConditionOff, ConditionOn, Shelve, Unshelve};

    fn codes(events: &[AlarmEvent]) -> Vec<&'static str> {
        let mut life = AlarmLife::default();
        let state = |event: &AlarmEvent| {
            life.happens(*event);
            life.state().code()
        };
        events.iter().map(state).collect()
    }

    #[test]
    fn an_alarm_that_returns_and_comes_again_is_unacknowledged() {
        let events = [ConditionOn, Acknowledge, ConditionOff, ConditionOn, ConditionOff];
        assert_eq!(codes(&events), ["UNACK", "ACKED", "NORM", "UNACK", "RTNUN"]);
    }

    #[test]
    fn the_shelf_remembers_condition_and_acknowledgement() {
        let events = [ConditionOn, Shelve, ConditionOff, Unshelve, Acknowledge];
        assert_eq!(codes(&events), ["UNACK", "SHLVD", "SHLVD", "RTNUN", "NORM"]);
    }

    #[test]
    fn acknowledging_nothing_changes_nothing() {
        assert_eq!(codes(&[Acknowledge, ConditionOff]), ["NORM", "NORM"]);
    }
}
