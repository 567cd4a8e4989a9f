//! Values that came over a wire intact and that no meter can have measured.
//!
//! In: a reading as the meter's registers say it. Out: the same reading, never good when its number
//! is beyond the catalogue's range, and the doubt in words. A wrong register, type, word order or
//! scale makes such numbers, and no check sum sees it. Refuses nothing: what came is kept.

use reading::{Decimal, Quality, Quantity, Range, Reading, Unit, Value};

/// The code under which such values are counted.
pub const IMPLAUSIBLE: &str = "value_implausible";
/// Highest voltage of any network: a meter may multiply by its transformers' ratio by itself.
///
/// # Source
/// IEC 60038:2009, table 5. **Unit** V.
const NETWORK_VOLTS_MAX: i64 = 1_200_000;

/// A value that no meter can have measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What it would be.
    pub quantity: Quantity,
    /// One English sentence: the number, the range, what to look at.
    pub detail: String,
}

/// The reading with the quality that its number allows: [`Quality::Bad`] beyond what is possible,
/// [`Quality::Suspect`] for a voltage that only a high-voltage network has. To be asked
/// of what the meter measured at its terminals, before any ratio.
pub(crate) fn judged(mut reading: Reading, doubts: &mut Vec<Doubt>) -> Reading {
    let (Some(quantity), Value::Number(number)) = (reading.quantity, &reading.value) else {
        return reading;
    };
    let Some(range) = quantity.range().filter(|range| !holds(*range, *number)) else {
        return reading;
    };
    let network = Range { least: range.least, greatest: Decimal::new(NETWORK_VOLTS_MAX, 0) };
    let possible = quantity.unit() == Some(Unit::Volt) && holds(network, *number);
    reading.quality = reading.quality.max(if possible { Quality::Suspect } else { Quality::Bad });
    let Range { least, greatest } = range;
    let unit = quantity.unit().map_or("", Unit::symbol);
    let expected = format!("{least} to {greatest} {unit}");
    let expected = expected.trim_end();
    let detail = if possible {
        format!("{quantity} {number} is beyond low voltage ({expected}): is the scale right?")
    } else {
        format!(
            "{quantity} {number} is beyond what a meter can measure ({expected}): are the model \
             and, where they are configured, register, type, word order and scale the meter's?"
        )
    };
    doubts.push(Doubt { quantity, detail });
    reading
}

/// Whether a range holds the amount of a number. A sign alone makes none impossible: meters state
/// directions in their own ways, even for what has none, such as apparent power.
fn holds(range: Range, number: Decimal) -> bool {
    let negated = number.mantissa().checked_neg();
    let negated = negated.map(|mantissa| Decimal::new(mantissa, number.exponent()));
    range.contains(number)
        || (range.least.mantissa() == 0 && negated.is_some_and(|amount| range.contains(amount)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(quantity: Quantity, text: &str) -> (Quality, usize) {
        let reading = Reading {
            quantity: Some(quantity),
            obis: None,
            value: Value::Number(text.parse().expect("a number")),
            unit: quantity.unit(),
            quality: Quality::Good,
        };
        let mut doubts = Vec::new();
        let judged = judged(reading.clone(), &mut doubts);
        assert_eq!(judged.value, reading.value, "the number stays what came");
        (judged.quality, doubts.len())
    }

    #[test]
    fn a_number_beyond_any_meter_is_bad_and_said() {
        for (quantity, text, expected) in [
            (Quantity::PowerFactor, "230", Quality::Bad),
            (Quantity::PowerFactorL2, "-1.001", Quality::Bad),
            (Quantity::Frequency, "230", Quality::Bad),
            (Quantity::Frequency, "-50", Quality::Bad),
            (Quantity::CurrentL1, "20001", Quality::Bad),
            (Quantity::ActivePowerL3, "-2e8", Quality::Bad),
            (Quantity::ActiveEnergyImport, "1e30", Quality::Bad),
            (Quantity::VoltageL1, "1e9", Quality::Bad),
            (Quantity::VoltageL12, "20000", Quality::Suspect),
        ] {
            assert_eq!(quality(quantity, text), (expected, 1), "{quantity} {text}");
        }
    }

    #[test]
    fn what_a_meter_can_measure_stays_good_whatever_its_sign() {
        for (quantity, text) in [
            (Quantity::PowerFactor, "-1.000"),
            (Quantity::Frequency, "49.98"),
            (Quantity::VoltageL1, "0"),
            (Quantity::CurrentL1, "-3"),
            (Quantity::ApparentPower, "-5000"),
            (Quantity::ActivePowerImport, "-12"),
            (Quantity::ActiveEnergyExport, "-0.1"),
        ] {
            assert_eq!(quality(quantity, text), (Quality::Good, 0), "{quantity} {text}");
        }
    }
}
