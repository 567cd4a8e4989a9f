//! A machine workshop that does not exist, and the meter that measures it.
//!
//! In: a seed and instants of virtual time. Out: the workshop's electrical state, and the bytes a
//! Landis+Gyr E450 would push about it. Everything is a function of the seed and of time; no clock
//! is read here.

mod counters;
mod grid;
mod local;
mod machine;
mod noise;
mod workshop;

pub use counters::Counters;
pub use machine::{Load, Mode, Power};
pub use workshop::{Phase, State, Workshop};
