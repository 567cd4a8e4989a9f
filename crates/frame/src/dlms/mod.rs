//! DLMS/COSEM (IEC 62056-5-3, Green Book; IEC 62056-6-2, Blue Book): what a pushing meter sends,
//! and what a client and a server say to each other.
//!
//! In: joined messages. Out: APDUs, decrypted where a key is given, and their A-XDR data with the
//! position of every element. Encoding is here too: of what a client asks, and of what simulated
//! meters send.

pub mod access_result;
pub mod action;
pub mod apdu;
pub mod association;
mod attribute;
pub mod axdr;
mod compact_array;
mod data;
pub mod date_time;
pub mod gbt;
pub mod get;
pub mod glo_cipher;
pub mod initiate;
pub mod service_cipher;
pub mod wrapper;

pub use access_result::AccessResult;
pub use attribute::{Attribute, Selection};
pub use data::Data;

/// LLC header of a response (IEC 62056-46, 5.3.2): destination and source LSAP, quality.
pub const LLC_RESPONSE: [u8; 3] = [0xE6, 0xE7, 0x00];
/// LLC header of a command.
pub const LLC_COMMAND: [u8; 3] = [0xE6, 0xE6, 0x00];
