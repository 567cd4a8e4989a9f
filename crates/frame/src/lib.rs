//! Bytes to typed frames and back: the protocols a meter speaks, without I/O and without a clock.
//!
//! In: bytes in any chunks. Out: link frames ([`hdlc`], [`mbus`], [`modbus`]), joined messages ([`message`]),
//! APDUs and their data ([`dlms`]). Every buffer has a named maximum; nothing here panics,
//! whatever the bytes are.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::as_conversions
    )
)]

pub mod capture_text;
mod crc;
pub mod dlms;
pub mod dsmr;
pub mod hdlc;
pub mod iec62056_21;
pub mod mbus;
pub mod message;
pub mod modbus;
mod octets;
pub mod stream;
