//! Slaves on a simulated M-Bus: electricity meters of the workshop's machines, a heat meter, an old
//! water meter.
//!
//! In: what a master sends, in any chunks, and the workshop's state. Out: what the bus answers:
//! nothing, one slave's frame, or the clash of several. No I/O.

mod bus;
mod content;
mod record;
mod slave;

pub use bus::{Misdeed, SlaveBus};
pub use slave::Slave;
