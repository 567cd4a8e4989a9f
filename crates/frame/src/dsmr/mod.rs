//! The P1 port of a smart meter: DSMR 2.2 to 5.0.2 (Netherlands), e-MUCS (Belgium), Luxembourg,
//! Hungary and their kin.
//!
//! A telegram has the syntax of a mode D read-out, so [`crate::iec62056_21::Scanner`] finds it.
//! This is what P1 adds: the CRC behind the end mark ([`crc16`]), the time stamp ([`TimeStamp`]),
//! and the envelope of encrypted telegrams ([`Envelopes`]).

mod crc;
mod envelope;
mod time_stamp;

pub use crc::{crc_of_digits, crc16, crc16_with_restored_line_ends};
pub use envelope::{ENVELOPE_MAX, Envelopes, Piece};
pub use time_stamp::{Season, TimeStamp};
