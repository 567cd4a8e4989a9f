//! What a meter sent in one telegram, kept together.

use crate::{Decimal, MeterId, MeterTime, Obis, Quality, Quantity, Timestamp, Unit};
use std::fmt;
use std::sync::Arc;

/// A value: a number with its digits, or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number with the register's own digits.
    Number(Decimal),
    /// A text object such as a serial number; trailing NULs removed.
    Text(String),
}

impl Value {
    /// The number, when it is one.
    #[must_use]
    pub const fn number(&self) -> Option<Decimal> {
        match self {
            Self::Number(decimal) => Some(*decimal),
            Self::Text(_) => None,
        }
    }
}

/// One value of a telegram.
///
/// **Shape** at least one of `quantity` and `obis` is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What was measured; `None` for an OBIS code that the catalogue does not know.
    pub quantity: Option<Quantity>,
    /// The register as sent; `None` when the value came without one (HTTP, Modbus).
    pub obis: Option<Obis>,
    /// The value in `unit`.
    pub value: Value,
    /// The unit; `None` when neither the wire nor the meter's profile tells it.
    pub unit: Option<Unit>,
    /// Trust in this value.
    pub quality: Quality,
}

/// The name of the list a telegram follows: a push setup, a register set, an intake.
///
/// One meter may alternate lists; registers are keyed by (meter, list, OBIS), since two lists
/// snapshot different instants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListId(Arc<str>);

impl ListId {
    /// The list with this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything one meter sent at one instant. Immutable once made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telegram {
    /// The configured meter.
    pub meter: MeterId,
    /// The list that the telegram follows.
    pub list: ListId,
    /// The meter's own clock, as sent; `None` when the telegram carries none.
    pub meter_time: Option<MeterTime>,
    /// The instant of measurement: the meter's clock in UTC where it could be resolved, else the
    /// arrival, else the client's word.
    pub measured_at: Timestamp,
    /// When the last byte arrived.
    pub received_at: Timestamp,
    /// Trust in the telegram as a whole; a reading may be worse, never better.
    pub quality: Quality,
    /// The values, in the order of the telegram.
    pub readings: Vec<Reading>,
}

impl Telegram {
    /// The first number of a quantity; `None` when absent or not a number.
    #[must_use]
    pub fn number(&self, quantity: Quantity) -> Option<Decimal> {
        self.readings
            .iter()
            .find(|reading| reading.quantity == Some(quantity))
            .and_then(|reading| reading.value.number())
    }
}

/// Something a driver must remember across restarts, such as the last invocation counter of a
/// system title. It is written in the same commit as the readings it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The name, unique within the store, e.g. `invocation_counter/4C475A6773709A01`.
    pub key: String,
    /// The value.
    pub value: i64,
}
