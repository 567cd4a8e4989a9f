//! Data exchange with readable characters, IEC 62056-21:2002, modes A to E.
//!
//! In: bytes in any chunks. Out: [`Found`] read-outs: the identification, the data block and what
//! its check character says ([`Scanner`]); the data sets of a block ([`data_sets`]); the messages of
//! the dialogue ([`message`]). The same scanner finds P1 telegrams ([`crate::dsmr`]), which borrow
//! this syntax. Refuses nothing that can be told: a damaged data set is left out and named with its
//! place, and a block whose check character is wrong says so.

mod baud;
mod data_set;
mod identification;
pub mod message;
mod parity;
mod place;
mod scanner;

pub use baud::BaudCharacter;
pub use data_set::{DataSet, Group, Groups, Item, data_sets};
pub use identification::{Escapes, Identification, IdentificationError, Mode};
pub use parity::without_parity;
pub use place::{Check, Ending, Found, Over};
pub use scanner::{BLOCK_MAX, BUFFER_MAX, Event, IDENTIFICATION_MAX, PIECE_MAX, Scanner, Start};

/// Start of header: begins a command.
pub const SOH: u8 = 0x01;
/// Start of text: begins a data block with a check character.
pub const STX: u8 = 0x02;
/// End of text: ends the last block.
pub const ETX: u8 = 0x03;
/// End of text in a partial block: more blocks follow on request.
pub const EOT: u8 = 0x04;
/// Acknowledge: also asks for the next partial block.
pub const ACK: u8 = 0x06;
/// Asks for the block again.
pub const NAK: u8 = 0x15;

/// The block check character of the bytes behind SOH or STX, up to and including ETX or EOT.
///
/// # Source
/// IEC 62056-21, 6.1 and annex A; ISO/IEC 1155.
///
/// ```
/// use frame::iec62056_21::bcc;
/// assert_eq!(bcc(b"P0\x02(1234567)\x03"), 0x50);
/// ```
#[must_use]
pub fn bcc(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |bcc, byte| bcc ^ byte)
}
