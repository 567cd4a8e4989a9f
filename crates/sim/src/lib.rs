//! A machine workshop that does not exist, and the meter that measures it.
//!
//! In: a seed and instants of virtual time. Out: the workshop's electrical state, the bytes a
//! Landis+Gyr E450 would push about it, and what it would answer to a DLMS/COSEM client. Everything is a function of the seed and of time; no clock
//! is read here.

mod cosem;
mod counters;
mod e450;
mod feed;
mod grid;
mod local;
mod lossy_wire;
mod machine;
pub mod mbus;
pub mod modbus;
mod model;
mod noise;
mod publish;
mod readable;
mod serve;
pub mod shelly;
mod sub_meter;
mod uart;
mod workshop;

pub use cosem::{Access, CosemMeter, CosemServer, CosemSettings};
pub use counters::Counters;
pub use e450::{E450, KEY_LENGTH, List, Protection};
pub use feed::{E450Feed, Kind, Push};
pub use lossy_wire::{Losses, LossyWire};
pub use machine::{Load, Mode, Power};
pub use model::{Model, models};
pub use publish::ShellyPublisher;
pub use readable::{
    FirstBlock, Habits, Head, Keeps, OpticalMeter, P1Feed, Pages, Sent, Telegram as P1Telegram,
};
pub use serve::{Feed, LAG_MAX, Pace, PacedFeed, Speed, SpeedError, serve};
pub use sub_meter::{Feeder, NoMachine, SubMeter, machines};
pub use uart::{Parity, Uart};
pub use workshop::{Phase, State, Workshop};
