//! The wires: serial lines, TCP, pseudo-terminals, and files that are replayed as if they were one.
//!
//! In: a port as the configuration names it. Out: a [`Link`] that bytes come from. It knows
//! nothing of what the bytes mean. Refuses ports that it cannot mean, with the part that is wrong.

mod back_off;
mod error;
mod link;
pub mod modbus;
mod port;
mod pty;
mod replay;
mod serial;

pub use back_off::BackOff;
pub use error::Error;
pub use link::{Link, open};
pub use port::{LineSettings, MbusAddress, Parity, ParsePortError, Port, SerialSettings};
pub use pty::Pty;
