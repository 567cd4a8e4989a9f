//! HDLC frame format type 3 as IEC 62056-46 (Green Book 8.4) uses it.
//!
//! In: bytes from an opening flag on. Out: one frame with both check sequences verified; encode
//! makes such frames. There is no byte stuffing: the length field says where a frame ends.

mod crc;
mod frame;

pub use crc::{Crc, crc};
pub use frame::{
    Address, Closing, Error, FLAG, FRAME_LENGTH_MAX, Frame, INFORMATION_MAX, Outgoing,
    claimed_addresses, decode, encode,
};
