//! From what a meter's registers say to what flows at its place: transformers and their direction.
//!
//! A meter behind transformers may report secondary values, and a meter whose transformers were
//! put in the wrong way round counts imports as exports. Both are facts of the place and not of
//! the model, so they are stated per meter.

use crate::doubt::{self, Doubt};
use reading::{Decimal, Quality, Quantity, Reading, Sign, Unit, Value};

/// What is to be corrected at one meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// Current transformer ratio, when the meter reports secondary values; 1 otherwise.
    pub ct_ratio: Decimal,
    /// Voltage transformer ratio, when the meter reports secondary values; 1 otherwise.
    pub vt_ratio: Decimal,
    /// The current transformers are the wrong way round: import is export.
    pub invert: bool,
}

impl Correction {
    /// Nothing is corrected.
    pub const NONE: Self =
        Self { ct_ratio: Decimal::new(1, 0), vt_ratio: Decimal::new(1, 0), invert: false };

    /// The reading at the place. What no meter can have measured is never good, and its doubt is
    /// added to `doubts`. A product with more digits than a register could have becomes
    /// [`Quality::Bad`], with the number as the meter sent it.
    #[must_use]
    pub fn apply(&self, reading: Reading, doubts: &mut Vec<Doubt>) -> Reading {
        let reading = self.primary(doubt::judged(reading, doubts));
        if self.invert { reversed(reading) } else { reading }
    }

    /// The value on the primary side of the transformers.
    fn primary(&self, mut reading: Reading) -> Reading {
        let Value::Number(number) = reading.value else {
            return reading;
        };
        let ratios: &[Decimal] = match reading.unit {
            Some(Unit::Ampere) => &[self.ct_ratio],
            Some(Unit::Volt) => &[self.vt_ratio],
            Some(
                Unit::Watt
                | Unit::Var
                | Unit::VoltAmpere
                | Unit::WattHour
                | Unit::VarHour
                | Unit::VoltAmpereHour,
            ) => &[self.ct_ratio, self.vt_ratio],
            _ => &[],
        };
        match ratios.iter().try_fold(number, |number, ratio| product(number, *ratio)) {
            Some(number) => reading.value = Value::Number(number),
            None => reading.quality = Quality::Bad,
        }
        reading
    }
}

/// The reading as it would be with the current the other way round: import and export change
/// places, quadrant I becomes III and II becomes IV, and what has a sign changes it.
fn reversed(mut reading: Reading) -> Reading {
    let Some(quantity) = reading.quantity else { return reading };
    let opposite = opposite(quantity);
    if opposite != quantity {
        reading.quantity = Some(opposite);
        // The register's own code would contradict what it now stands for.
        reading.obis = reading.obis.and(opposite.usual_obis());
    } else if changes_sign(quantity)
        && let Value::Number(number) = reading.value
        && let Some(negative) = number.mantissa().checked_neg()
    {
        reading.value = Value::Number(Decimal::new(negative, number.exponent()));
    }
    reading
}

/// Words of a quantity's name that change places when the current is reversed.
const OPPOSITES: [(&str, &str); 3] = [("import", "export"), ("q1", "q3"), ("q2", "q4")];

fn opposite(quantity: Quantity) -> Quantity {
    let turned = quantity.name().split('_').map(|word| {
        let other = OPPOSITES.iter().find_map(|(one, other)| match word {
            w if w == *one => Some(*other),
            w if w == *other => Some(*one),
            _ => None,
        });
        other.unwrap_or(word)
    });
    Quantity::from_name(&turned.collect::<Vec<_>>().join("_")).unwrap_or(quantity)
}

/// Powers and power factors have the current's direction; an angle is turned by 180° and voltages
/// do not know of it.
fn changes_sign(quantity: Quantity) -> bool {
    let description = quantity.description();
    matches!(description.sign, Sign::ImportPositive | Sign::InductivePositive)
        || (description.sign == Sign::Signed && description.unit == Some(Unit::One))
}

/// The product of two decimals. Digits beyond those of an `i64` are rounded away, half to even:
/// no meter measures eighteen of them; `None` when even the magnitude does not fit.
#[must_use]
pub fn product(left: Decimal, right: Decimal) -> Option<Decimal> {
    let mut mantissa = i128::from(left.mantissa()) * i128::from(right.mantissa());
    let mut exponent = i32::from(left.exponent()) + i32::from(right.exponent());
    while i64::try_from(mantissa).is_err() {
        let (quotient, rest) = (mantissa / 10, (mantissa % 10).abs());
        let up = rest > 5 || (rest == 5 && quotient % 2 != 0);
        mantissa = quotient + i128::from(up) * mantissa.signum();
        exponent += 1;
    }
    Some(Decimal::new(i64::try_from(mantissa).ok()?, i8::try_from(exponent).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(quantity: Quantity, mantissa: i64, exponent: i8) -> Reading {
        Reading {
            quantity: Some(quantity),
            obis: None,
            value: Value::Number(Decimal::new(mantissa, exponent)),
            unit: quantity.unit(),
            quality: Quality::Good,
        }
    }

    #[test]
    fn ratios_multiply_what_goes_through_the_transformers() {
        let correction = Correction {
            ct_ratio: Decimal::new(50, 0),
            vt_ratio: Decimal::new(2, 0),
            invert: false,
        };
        let cases = [
            (Quantity::CurrentL1, Decimal::new(6150, -2)),
            (Quantity::VoltageL1, Decimal::new(246, -2)),
            (Quantity::ActivePower, Decimal::new(12_300, -2)),
            (Quantity::ActiveEnergyImport, Decimal::new(12_300, -2)),
            (Quantity::PowerFactor, Decimal::new(123, -2)),
            (Quantity::Frequency, Decimal::new(123, -2)),
        ];
        for (quantity, expected) in cases {
            let corrected = correction.apply(reading(quantity, 123, -2), &mut Vec::new());
            assert_eq!(corrected.value, Value::Number(expected), "{quantity}");
        }
    }

    #[test]
    fn a_reversed_transformer_turns_powers_and_swaps_registers() {
        let correction = Correction { invert: true, ..Correction::NONE };
        let cases = [
            (Quantity::ActivePower, Quantity::ActivePower, -7),
            (Quantity::ReactivePowerL2, Quantity::ReactivePowerL2, -7),
            (Quantity::PowerFactor, Quantity::PowerFactor, -7),
            (Quantity::VoltageL1, Quantity::VoltageL1, 7),
            (Quantity::ApparentPower, Quantity::ApparentPower, 7),
            (Quantity::ActiveEnergyImport, Quantity::ActiveEnergyExport, 7),
            (Quantity::ActiveEnergyExportL3, Quantity::ActiveEnergyImportL3, 7),
            (Quantity::ReactiveEnergyQ1, Quantity::ReactiveEnergyQ3, 7),
            (Quantity::ReactiveEnergyQ4T2, Quantity::ReactiveEnergyQ2T2, 7),
            (Quantity::ActivePowerImport, Quantity::ActivePowerExport, 7),
        ];
        for (quantity, expected, value) in cases {
            let corrected = correction.apply(reading(quantity, 7, 0), &mut Vec::new());
            assert_eq!(corrected.quantity, Some(expected), "{quantity}");
            assert_eq!(corrected.value, Value::Number(Decimal::new(value, 0)), "{quantity}");
        }
    }

    #[test]
    fn products_are_exact_until_an_i64_is_full() {
        assert_eq!(product(Decimal::new(25, -1), Decimal::new(4, 0)), Some(Decimal::new(100, -1)));
        let long = Decimal::new(123_456_789_012_345_678, -11);
        let product_of = product(long, Decimal::new(250, 0)).expect("rounded");
        assert_eq!(product_of, Decimal::new(3_086_419_725_308_641_950, -10));
        let ratio = product(long, Decimal::new(-1_000_001, 0)).expect("rounded");
        assert_eq!(ratio, Decimal::new(-1_234_569_124_691_346_904, -6));
        assert_eq!(product(Decimal::new(1, 127), Decimal::new(1, 1)), None);
    }
}
