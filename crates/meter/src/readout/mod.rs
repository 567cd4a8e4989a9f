//! Read-outs in readable characters: the optical port of IEC 62056-21, and P1.
//!
//! In: bytes of a wire, with their arrival where it is known. Out: for each read-out what it says
//! as sent ([`Entry`]), and as an [`Outcome`](crate::push::Outcome) in the catalogue's quantities and units. Historical
//! values (`*01`, `&01`) are entries, never values of now. A read-out whose check does not hold, or
//! that is not whole, delivers nothing.
//!
//! [`TextDriver`] listens to a meter that speaks unasked (mode D, P1); [`OpticalDialogue`] asks one
//! behind an optical head (modes A, B and C).

mod address;
mod clock;
mod dialogue;
mod driver;
mod entry;
mod number;
mod outcome;
mod reader;
mod unit;

pub use address::{Address, Period};
pub use dialogue::{OpticalDialogue, OpticalOptions};
pub use driver::TextDriver;
pub use entry::{Content, Entry, entries};
pub use frame::iec62056_21::Start;
pub use reader::{ReadOut, ReadoutOptions, ReadoutReader, is_readable};
pub use unit::unit_of;

use frame::iec62056_21::{Check, Found, Item};

/// Which of the two protocols a read-out belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// P1: DSMR and its kin.
    Dsmr,
    /// The optical port.
    Iec62056_21,
}

impl Kind {
    /// The name in `decode --format json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dsmr => "dsmr",
            Self::Iec62056_21 => "iec62056-21",
        }
    }

    /// What a read-out looks like: a CRC is P1's, STX is not; without either, the objects that only
    /// P1 has tell.
    #[must_use]
    pub fn of(found: &Found<'_>) -> Self {
        match found.check {
            Check::Crc { .. } => return Self::Dsmr,
            Check::Bcc { .. } => return Self::Iec62056_21,
            Check::Absent => {}
        }
        let p1 = found.items().any(|item| match item {
            // P1 never sends value group F.
            Item::DataSet(set) if set.address.contains('*') => false,
            Item::DataSet(set) => P1_ONLY.iter().any(|known| set.address.starts_with(known)),
            _ => false,
        });
        if p1 { Self::Dsmr } else { Self::Iec62056_21 }
    }
}

/// Objects of P1 telegrams of every generation.
const P1_ONLY: [&str; 6] =
    ["1-3:0.2.8", "0-0:1.0.0", "0-0:96.13.", "0-0:96.14.0", "0-1:24.", "0-0:96.1.1"];

/// What a check character or CRC says, as `decode --format json` spells it.
#[must_use]
pub fn checksum_name(check: Check) -> &'static str {
    match check.holds() {
        Some(true) => "ok",
        Some(false) => "bad",
        None => "absent",
    }
}
