//! Meters that are read through Modbus registers.
//!
//! In: a [`Map`], which is data: what lies in which register, in which coding, unit and scale; and
//! the registers that were read. Out: which requests to send, and telegrams with the registers'
//! own digits. A map is a TOML file; those in `maps/` are in the binary, others come from the
//! configuration. Everything here is pure: whoever owns the wire sends the requests.

mod builtin;
mod decode;
mod guess;
mod kind;
mod map;
mod parse;
mod plan;
mod poll;
mod raw;
mod sunspec;
mod units;

pub use builtin::{map, maps, text};
pub use decode::{Decoded, Image, bits, decode};
pub use guess::{Likeness, fits, likeness};
pub use kind::{Coding, Kind, NotANumber, Number};
pub use map::{
    Cell, Factor, Form, Line, Manners, Map, Mark, Order, READ_MAX, REGISTERS_MAX, Register, Role,
    Span, Table,
};
pub use parse::{Fault, parse};
pub use plan::{finer, plan};
pub use poll::{Defect, Outcome, Reader, ReaderOptions, Source};
pub use sunspec::{METERS_MAX, ModelAt, SunSpecMeter, Walk, WalkStep};

/// The model of a device that says itself what it is.
pub const SUNSPEC: &str = "sunspec";
