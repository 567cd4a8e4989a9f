//! HDLC frame format type 3 as IEC 62056-46 (Green Book 8.4) uses it.
//!
//! In: bytes from an opening flag on. Out: one frame with both check sequences verified; encode
//! makes such frames. There is no byte stuffing: the length field says where a frame ends. On top,
//! both sides of a connection in normal response mode: [`Primary`] asks, [`Secondary`] answers.

mod control;
mod crc;
mod exchange;
mod frame;
mod negotiation;
mod primary;
mod receiver;
mod secondary;

pub use control::Control;
pub use crc::{Crc, crc};
pub use exchange::{ExchangeError, MESSAGE_MAX, RETRANSMISSIONS_MAX};
pub use frame::{
    Address, Closing, Error, FLAG, FRAME_LENGTH_MAX, Frame, INFORMATION_MAX, Outgoing,
    claimed_addresses, decode, encode,
};
pub use negotiation::{INFORMATION_DEFAULT, InvalidLimits, Limits, WINDOW_MAX};
pub use primary::{Event, Primary, PrimaryError};
pub use receiver::{Received, Receiver};
pub use secondary::{Call, Secondary};
