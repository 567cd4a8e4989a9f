//! The workshop as all simulated meters of one process see it.

use crate::acquire::Clock;
use reading::Timestamp;
use sim::{State, Workshop};
use std::sync::{Mutex, PoisonError};

/// A workshop that goes on with its clock, seen once a second.
pub(crate) struct Plant {
    workshop: Mutex<(Workshop, Option<State>)>,
    clock: Clock,
}

impl Plant {
    /// A workshop that lives by this clock.
    pub(crate) const fn new(workshop: Workshop, clock: Clock) -> Self {
        Self { workshop: Mutex::new((workshop, None)), clock }
    }

    /// How things are now.
    pub(crate) fn state(&self) -> State {
        let second = (self.clock)().as_micros().div_euclid(1_000_000);
        let now = Timestamp::from_seconds(second);
        let mut seen = self.workshop.lock().unwrap_or_else(PoisonError::into_inner);
        let (workshop, last) = &mut *seen;
        match last {
            Some(state) if state.at == now => state.clone(),
            _ => last.insert(workshop.advance(now)).clone(),
        }
    }
}
