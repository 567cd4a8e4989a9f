//! Alarms: thresholds, and the rules that hold analysis results against them.
//!
//! In: a [`Measurement`](analysis::Measurement) and [`Thresholds`]. Out: the conditions that are
//! true now. Beside them the bricks of an alarm's life (IEC 62682, ISA-18.2): [`state`],
//! [`deadband`] and [`rate`]. No clock: instants come in as arguments.

pub mod chapter25;
mod condition;
pub mod deadband;
pub mod rate;
pub mod state;
mod threshold;

pub use condition::{Condition, Severity};
pub use threshold::{Thresholds, VoltageCompare};
