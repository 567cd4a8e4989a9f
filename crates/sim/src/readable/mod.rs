//! Simulated meters that speak in readable characters: an optical port (IEC 62056-21, mode C), and
//! a P1 port (DSMR 5).
//!
//! In: the workshop's state. Out: identifications, read-outs and telegrams as such meters write
//! them. Both meters measure the same workshop as the simulated E450.

mod optical;
mod p1;
mod registers;

pub use optical::{FirstBlock, Habits, Head, Keeps, OpticalMeter, Pages, Sent};
pub use p1::{P1Feed, Telegram};
