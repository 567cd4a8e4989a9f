//! What a meter of an installation can measure at all: the bounds of each quantity.
//!
//! In: a quantity. Out: the least and the greatest number, in the catalogue's unit. Source: the
//! bounds of `POST /api/mesures`, which hold for whatever else brings measurements. A network's
//! own limits are narrower, and the analyses' affair.

use crate::{Decimal, Kind, Quantity, Sign, Unit};

/// Numbers from `least` to `greatest`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The smallest number.
    pub least: Decimal,
    /// The largest number.
    pub greatest: Decimal,
}

impl Range {
    const fn new(least: i64, greatest: i64) -> Self {
        Self { least: Decimal::new(least, 0), greatest: Decimal::new(greatest, 0) }
    }

    /// Whether the number is within.
    #[must_use]
    pub fn contains(self, number: Decimal) -> bool {
        number.cmp_value(self.least).is_ge() && number.cmp_value(self.greatest).is_le()
    }
}

impl Quantity {
    /// What a meter can have measured of it, in the catalogue's unit; `None` where nothing is known.
    #[must_use]
    pub fn range(self) -> Option<Range> {
        let description = self.description();
        if description.kind == Kind::Counter {
            return Some(Range::new(0, 1_000_000_000_000_000));
        }
        let range = match description.unit? {
            Unit::Volt | Unit::Percent => Range::new(0, 1000),
            Unit::Ampere => Range::new(-20_000, 20_000),
            Unit::Watt | Unit::Var | Unit::VoltAmpere => Range::new(-100_000_000, 100_000_000),
            Unit::Hertz => Range::new(40, 70),
            Unit::One => Range::new(-1, 1),
            Unit::Degree => Range::new(-360, 360),
            Unit::Celsius => {
                Range { least: Decimal::new(-27_315, -2), greatest: Decimal::new(2000, 0) }
            }
            _ => return None,
        };
        // A current's sign is its direction, in whatever the catalogue calls its amount.
        let amount = description.sign == Sign::NonNegative
            && description.unit != Some(Unit::Ampere)
            && range.least.mantissa() < 0;
        Some(if amount { Range { least: Decimal::new(0, 0), ..range } } else { range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_meter_can_measure_is_bounded_by_its_unit() {
        let holds = |quantity: Quantity, text: &str| {
            let range = quantity.range().expect("bounded");
            range.contains(text.parse().expect("a number"))
        };
        for (quantity, within, beyond) in [
            (Quantity::VoltageL1, "1000", "1000.1"),
            (Quantity::CurrentL2, "-20000", "20000.5"),
            (Quantity::ActivePower, "-100000000", "-100000001"),
            (Quantity::ActivePowerImport, "0", "-1"),
            (Quantity::Frequency, "40", "230"),
            (Quantity::PowerFactorL3, "-1.000", "1.001"),
            (Quantity::ProductionPieces, "4294967296", "-1"),
            (Quantity::ActiveEnergyImport, "1e15", "1e30"),
        ] {
            assert!(holds(quantity, within), "{quantity} {within}");
            assert!(!holds(quantity, beyond), "{quantity} {beyond}");
        }
        assert_eq!(Quantity::LogicalDeviceName.range(), None);
    }
}
