//! DLMS/COSEM (IEC 62056-5-3, Green Book; IEC 62056-6-2, Blue Book): what a pushing meter sends.
//!
//! In: joined messages. Out: APDUs, decrypted where a key is given, and their A-XDR data with the
//! position of every element. Encoding is here too, for meters that are simulated.

pub mod apdu;
pub mod axdr;
mod compact_array;
mod data;
pub mod date_time;
pub mod gbt;
pub mod glo_cipher;

pub use data::Data;

/// LLC header of a response (IEC 62056-46, 5.3.2): destination and source LSAP, quality.
pub const LLC_RESPONSE: [u8; 3] = [0xE6, 0xE7, 0x00];
/// LLC header of a command.
pub const LLC_COMMAND: [u8; 3] = [0xE6, 0xE6, 0x00];
