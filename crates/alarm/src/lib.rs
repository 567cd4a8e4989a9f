//! Alarms: thresholds, and the rules that hold analysis results against them.
//!
//! In: a [`Measurement`](analysis::Measurement) and [`Thresholds`]. Out: the conditions that are
//! true now. No clock, no state yet: the life of an alarm (IEC 62682, ISA-18.2: raised,
//! acknowledged, returned, shelved) is built on these conditions.

pub mod chapter25;
mod condition;
mod threshold;

pub use condition::{Condition, Severity};
pub use threshold::{Thresholds, VoltageCompare};
