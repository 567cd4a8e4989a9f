//! What a meter said at one moment.

use reading::{Decimal, Quantity, Telegram, Timestamp};
use std::collections::BTreeMap;

/// The numbers of one moment, each in its catalogue unit.
///
/// A quantity that was not measured is absent: absent is not 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    at: Timestamp,
    values: BTreeMap<Quantity, Decimal>,
}

impl Measurement {
    /// The measurement of `values` at `at`. A quantity given twice keeps its last value.
    #[must_use]
    pub fn new(at: Timestamp, values: impl IntoIterator<Item = (Quantity, Decimal)>) -> Self {
        Self { at, values: values.into_iter().collect() }
    }

    /// The known numbers of one telegram.
    #[must_use]
    pub fn from_telegram(telegram: &Telegram) -> Self {
        let numbers = telegram
            .readings
            .iter()
            .rev() // The first of two readings of one quantity wins, as in `Telegram::number`.
            .filter_map(|reading| Some((reading.quantity?, reading.value.number()?)));
        Self::new(telegram.measured_at, numbers)
    }

    /// The instant of the newest value.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The digits of a quantity, in its catalogue unit; `None` when it was not measured.
    #[must_use]
    pub fn decimal(&self, quantity: Quantity) -> Option<Decimal> {
        self.values.get(&quantity).copied()
    }

    /// The nearest `f64` of a quantity, in its catalogue unit; `None` when it was not measured.
    #[must_use]
    pub fn f64(&self, quantity: Quantity) -> Option<f64> {
        self.decimal(quantity).map(Decimal::to_f64)
    }

    /// Three quantities at once, in the order given.
    #[must_use]
    pub fn three(&self, quantities: [Quantity; 3]) -> [Option<f64>; 3] {
        quantities.map(|quantity| self.f64(quantity))
    }

    /// Every measured quantity with its digits, in catalogue order.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, Decimal)> + '_ {
        self.values.iter().map(|(quantity, decimal)| (*quantity, *decimal))
    }
}

/// `Some` only when all three are there.
pub(crate) fn all_three<T: Copy>(values: [Option<T>; 3]) -> Option<[T; 3]> {
    match values {
        [Some(a), Some(b), Some(c)] => Some([a, b, c]),
        _ => None,
    }
}
