//! Sub-meters that answer Modbus questions: any register map, with the values of the workshop.
//!
//! In: a map, what is measured, requests as they came. Out: the answers, or what a broken device
//! makes of them. No I/O: whoever owns the wire carries the frames.

mod device;
mod encode;
mod figures;
mod frame;
#[cfg(test)]
mod tests;

pub use device::{Device, Misdeed, Subject};
pub use frame::{Framing, Reply, Units};
