//! M-Bus link layer (EN 13757-2) and the transport of DLMS over it (EN 13757-1, 4.2).
//!
//! In: bytes from a start character on. Out: short and long frames with checksum verified, and
//! for DLMS the segment that a long frame carries.

mod link;
mod transport;

pub use link::{Error, Frame, LONG_LENGTH_MAX, decode, encode_long, encode_short, overflowed};
pub use transport::{SEGMENT_PAYLOAD_MAX, Segment, encode_segments};
