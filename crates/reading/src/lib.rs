//! The vocabulary of the house: what a quantity is, what its digits are, when it was measured.
//!
//! In: nothing. Out: the types every other room speaks. No I/O, no serialisation, no clock:
//! time enters as an argument. A [`Telegram`] is immutable once a meter driver, or an outlet's
//! intake, made it.

mod catalogue;
mod decimal;
mod journal;
mod link;
mod meter_id;
mod obis;
mod quality;
mod quantity;
mod range;
mod telegram;
mod timestamp;
mod unit;

pub use decimal::{Decimal, ParseDecimalError};
pub use journal::{JournalChange, JournalEntry, JournalKind};
pub use link::{Link, LinkCause, LinkState};
pub use meter_id::{MeterId, MeterIdError};
pub use obis::{Obis, ParseObisError};
pub use quality::Quality;
pub use quantity::{Chapter25, Description, Kind, Quantity, Sign};
pub use range::Range;
pub use telegram::{ListId, Memory, Reading, Telegram, Value};
pub use timestamp::{MeterTime, ParseTimestampError, Timestamp};
pub use unit::Unit;
