//! Which map fits a device that nobody has described: by what it says it is, and by how much of
//! what a map would read from it makes sense.

use super::decode::{Image, bits, text};
use super::map::{Map, Mark};
use reading::{Quantity, Telegram, Unit};
use std::ops::RangeInclusive;

/// What speaks for a map and what against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Likeness {
    /// Values that are as a three-phase meter's must be, and would hardly be so by chance.
    pub plausible: u32,
    /// Values that no meter can have measured.
    pub absurd: u32,
}

impl Likeness {
    /// Whether the map may be proposed: something is right and nothing is wrong.
    #[must_use]
    pub const fn is_likely(self) -> bool {
        self.plausible >= PLAUSIBLE_MIN && self.absurd == 0
    }
}

/// So many values must make sense: a single one does in many wrong maps.
const PLAUSIBLE_MIN: u32 = 3;

/// Values of which a wrong map hits few by chance.
const TELLING: &[(Quantity, RangeInclusive<f64>)] = &[
    (Quantity::VoltageL1, 80.0..=480.0),
    (Quantity::VoltageL2, 80.0..=480.0),
    (Quantity::VoltageL3, 80.0..=480.0),
    (Quantity::VoltageL12, 150.0..=830.0),
    (Quantity::VoltageL23, 150.0..=830.0),
    (Quantity::VoltageL31, 150.0..=830.0),
    (Quantity::Frequency, 45.0..=65.0),
];

/// How much of a telegram makes sense. Zero says nothing: an idle meter and a wrong register both
/// show it.
#[must_use]
pub fn likeness(telegram: &Telegram) -> Likeness {
    let mut likeness = Likeness::default();
    for reading in &telegram.readings {
        let Some(value) = reading.value.number().map(reading::Decimal::to_f64) else { continue };
        let Some(quantity) = reading.quantity.filter(|_| value != 0.0) else { continue };
        match TELLING.iter().find(|(telling, _)| *telling == quantity) {
            Some((_, range)) if range.contains(&value) => likeness.plausible += 1,
            Some(_) => likeness.absurd += 1,
            None => likeness.absurd += u32::from(is_absurd(reading.unit, value)),
        }
    }
    if sums_up(telegram) == Some(true) {
        likeness.plausible += 2;
    }
    likeness
}

/// What lies beyond anything that a low-voltage meter can show.
fn is_absurd(unit: Option<Unit>, value: f64) -> bool {
    let limit = match unit {
        Some(Unit::Volt) => 50_000.0,
        Some(Unit::Ampere) => 20_000.0,
        Some(Unit::Watt | Unit::Var | Unit::VoltAmpere) => 1e8,
        Some(Unit::WattHour | Unit::VarHour | Unit::VoltAmpereHour) => 1e15,
        Some(Unit::One) => 1.001,
        Some(Unit::Percent | Unit::Degree) => 400.0,
        Some(Unit::Hertz) => 70.0,
        _ => return false,
    };
    // What is all but nothing is a number of another kind read as a float.
    value.abs() > limit || value.abs() < 1e-9
}

/// Whether the active powers of the phases add up to the total; `None` where that proves nothing.
fn sums_up(telegram: &Telegram) -> Option<bool> {
    let number = |quantity| telegram.number(quantity).map(reading::Decimal::to_f64);
    let phases = number(Quantity::ActivePowerL1)?
        + number(Quantity::ActivePowerL2)?
        + number(Quantity::ActivePowerL3)?;
    let total = number(Quantity::ActivePower)?;
    (total.abs() > 1.0).then(|| (phases - total).abs() <= 0.02 * total.abs() + 1.0)
}

/// Whether a device has one of the map's marks: `texts` is what it says it is, `image` what was
/// read of its registers.
#[must_use]
pub fn fits(map: &Map, texts: &[String], image: &Image) -> bool {
    let says = |wanted: &str, texts: &[String]| {
        let wanted = wanted.to_lowercase();
        texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    };
    map.marks.iter().any(|mark| match mark {
        Mark::Text(wanted) => says(wanted, texts),
        Mark::Number { cell, equals } => {
            image.words(cell.span).is_some_and(|words| bits(words, cell.order) == *equals)
        }
        Mark::Words { cell, contains } => image
            .words(cell.span)
            .and_then(|words| text(cell.order, words))
            .is_some_and(|found| says(contains, &[found])),
    })
}

impl Mark {
    /// The registers that it looks at.
    #[must_use]
    pub const fn span(&self) -> Option<super::map::Span> {
        match self {
            Self::Text(_) => None,
            Self::Number { cell, .. } | Self::Words { cell, .. } => Some(cell.span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{Decimal, ListId, MeterId, Quality, Reading, Timestamp, Value};

    fn telegram(values: &[(Quantity, f64)]) -> Telegram {
        let now = Timestamp::from_seconds(0);
        Telegram {
            meter: MeterId::new("m".to_owned()).expect("an id"),
            list: ListId::new("x"),
            meter_time: None,
            measured_at: now,
            received_at: now,
            quality: Quality::Good,
            readings: values
                .iter()
                .map(|(quantity, value)| Reading {
                    quantity: Some(*quantity),
                    obis: None,
                    value: Value::Number(Decimal::from_f64(*value).expect("finite")),
                    unit: quantity.unit(),
                    quality: Quality::Good,
                })
                .collect(),
        }
    }

    #[test]
    fn a_meter_on_the_mains_is_likely_and_nonsense_is_not() {
        let good = telegram(&[
            (Quantity::VoltageL1, 231.2),
            (Quantity::VoltageL2, 229.8),
            (Quantity::Frequency, 49.98),
            (Quantity::CurrentL1, 0.0),
        ]);
        assert!(likeness(&good).is_likely());
        let shifted = telegram(&[
            (Quantity::VoltageL1, 231.2),
            (Quantity::VoltageL2, 229.8),
            (Quantity::VoltageL3, 230.0),
            (Quantity::Frequency, 1.2e-38),
        ]);
        assert_eq!(likeness(&shifted), Likeness { plausible: 3, absurd: 1 });
        assert!(!likeness(&telegram(&[(Quantity::VoltageL1, 0.0)])).is_likely());
    }

    #[test]
    fn powers_that_add_up_speak_for_a_map() {
        let powers = [
            (Quantity::ActivePowerL1, 1000.0),
            (Quantity::ActivePowerL2, 2000.0),
            (Quantity::ActivePowerL3, 500.0),
            (Quantity::ActivePower, 3500.0),
            (Quantity::Frequency, 50.0),
        ];
        assert_eq!(likeness(&telegram(&powers)), Likeness { plausible: 3, absurd: 0 });
    }
}
