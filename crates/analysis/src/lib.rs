//! Electrical analysis: pure functions from measurements to results.
//!
//! In: a [`Measurement`] (what a meter said at one moment) or slices of samples. Out: plain
//! structs. No I/O, no serialisation, no clock, no settings of its own: windows and limits come
//! in as arguments. [`chapter25`] computes what the specification chapter computes, to the bit;
//! the other modules compute what the standards define. Missing is never 0: a [`Figure`] that
//! cannot be known says why.

pub mod availability;
pub mod balance;
pub mod baseline;
pub mod billing;
pub mod chapter25;
pub mod compensation;
pub mod compliance;
pub mod continuity;
pub mod counter;
pub mod counter_fall;
pub mod currents;
pub mod cusum;
pub mod demand;
pub mod derive;
pub mod doctor;
pub mod energy;
pub mod energy_bars;
pub mod event_class;
mod figure;
pub mod flicker;
pub mod harmonic;
pub mod journal;
pub mod load_profile;
pub mod loads;
mod measurement;
pub mod meter_balance;
pub mod neutral;
pub mod pace;
pub mod phasor;
pub mod plausibility;
pub mod power_factor;
pub mod production;
pub mod robust;
pub mod tolerance_curve;
pub mod unbalance;
pub mod voltages;

pub use figure::{Figure, Method, Reason};
pub use measurement::Measurement;
pub use voltages::VoltageKind;
