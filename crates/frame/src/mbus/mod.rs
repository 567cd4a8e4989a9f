//! M-Bus: link layer (EN 13757-2), application layer (EN 13757-3), and the transport of DLMS over
//! it (EN 13757-1, 4.2).
//!
//! In: bytes from a start character on. Out: short and long frames with checksum verified; of an
//! answer its header and records with values in base units; for DLMS the segment that a long frame
//! carries.

mod application;
mod combinable;
mod date;
mod link;
pub mod names;
pub mod protection;
mod record;
mod transport;
mod value;
mod vif;
mod vif_table;

pub use application::{
    Application, Error as ApplicationError, Fixed, Identity, Variable, decode as decode_application,
};
pub use date::{Date, DateTime, Time};
pub use link::{Error, Frame, LONG_LENGTH_MAX, decode, encode_long, encode_short, overflowed};
pub use record::{Cause, DIFE_MAX, Error as RecordError, Function, Record, Records};
pub use transport::{SEGMENT_PAYLOAD_MAX, Segment, encode_segments};
pub use value::{Data, Value, bcd, bcd_is_valid, integer, text};
pub use vif::{Combined, Kind, Meaning, Scale, VIFE_MAX, Vif};
