//! Outlets.
mod counters;
pub mod http;
mod json;
mod site;
pub use counters::{Count, Counters, MeterCounters};
pub use site::{Clock, MeterInfo, Role, Site, VoltageKind};
