//! Energies of intervals as mean powers and running counters.
//!
//! In: the energies of one interval. Out: the mean power, at the interval's begin since a sample
//! holds until the next; the running counter, at its end. Both are derived and stand in lists of
//! their own. Source: P = E/T; exact, since T divides an hour. Refuses: an interval that begins
//! before the last one ended. After a gap the counters are doubtful: nobody knows what flowed.

use reading::{Decimal, Quality, Quantity, Reading, Timestamp, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// The list of derived mean powers.
pub(super) const MEAN_POWER: &str = "import.mean_power";
/// The list of derived counters.
pub(super) const RUNNING_COUNTER: &str = "import.running_counter";

/// The power that an energy is the integral of.
pub(super) const fn flow(quantity: Quantity) -> Option<(Quantity, Sign)> {
    Some(match quantity {
        Quantity::ActiveEnergyImport => (Quantity::ActivePower, Sign::Plus),
        Quantity::ActiveEnergyExport => (Quantity::ActivePower, Sign::Minus),
        Quantity::ReactiveEnergyImport => (Quantity::ReactivePower, Sign::Plus),
        Quantity::ReactiveEnergyExport => (Quantity::ReactivePower, Sign::Minus),
        _ => return None,
    })
}

/// What an energy adds to its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Every quantity with a [`flow`].
pub(super) const ENERGIES: [Quantity; 4] = [
    Quantity::ActiveEnergyImport,
    Quantity::ActiveEnergyExport,
    Quantity::ReactiveEnergyImport,
    Quantity::ReactiveEnergyExport,
];

/// The counters so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Running {
    counters: BTreeMap<Quantity, Decimal>,
    end: Option<Timestamp>,
    quality: Quality,
}

/// Readings with their instant.
pub(super) type At = (Timestamp, Vec<Reading>);

/// What the energies of one interval tell.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// Mean powers, at the interval's begin.
    pub(super) powers: Vec<Reading>,
    /// Counters, at its end, and at its begin where no interval ended there.
    pub(super) counters: Vec<At>,
}

impl Running {
    /// Goes on from counters that are stored.
    pub(super) fn begin(&mut self, counters: &[(Quantity, Decimal)]) {
        self.counters.extend(counters.iter().copied());
    }

    /// Takes the energies of the interval that begins at `start`.
    pub(super) fn take(
        &mut self,
        (start, length): (Timestamp, Duration),
        expected: &[Quantity],
        energies: &BTreeMap<Quantity, Decimal>,
    ) -> Result<Derived, String> {
        if let Some(end) = self.end.filter(|end| start < *end) {
            return Err(format!(
                "its interval begins at {start}, before the last one ended ({end})"
            ));
        }
        let per_hour = i64::try_from(3600 / length.as_secs().max(1)).unwrap_or(1);
        let mut next = self.clone();
        let gap = self.end.is_some_and(|end| start > end);
        if gap || expected.iter().any(|quantity| !energies.contains_key(quantity)) {
            next.quality = Quality::Suspect;
        }
        let mut derived = Derived::default();
        if self.end != Some(start) {
            let before = expected.iter().map(|quantity| {
                let so_far = self.counters.get(quantity).copied();
                (*quantity, so_far.unwrap_or(Decimal::new(0, 0)))
            });
            derived.counters.push((start, readings(before, next.quality)));
        }
        let mut powers: BTreeMap<Quantity, Option<Decimal>> = BTreeMap::new();
        for quantity in expected {
            let Some((power, sign)) = flow(*quantity) else { continue };
            let sum = powers.entry(power).or_insert(Some(Decimal::new(0, 0)));
            let Some(energy) = energies.get(quantity) else {
                // A power of which one direction is unknown is unknown.
                *sum = None;
                continue;
            };
            let too_large = || format!("{quantity}: the sum is too large");
            let mean = energy.mantissa().checked_mul(per_hour).ok_or_else(too_large)?;
            let mean = Decimal::new(mean, energy.exponent());
            *sum = sum.and_then(|sum| match sign {
                Sign::Plus => sum.checked_add(mean),
                Sign::Minus => sum.checked_sub(mean),
            });
            let counter = next.counters.entry(*quantity).or_insert(Decimal::new(0, 0));
            *counter = counter.checked_add(*energy).ok_or_else(too_large)?;
        }
        next.end = Some(start.plus(length));
        let known = powers.into_iter().filter_map(|(power, sum)| Some((power, sum?)));
        derived.powers = readings(known, Quality::Good);
        let after =
            expected.iter().filter_map(|quantity| Some((*quantity, *next.counters.get(quantity)?)));
        derived.counters.push((start.plus(length), readings(after, next.quality)));
        *self = next;
        Ok(derived)
    }
}

fn readings(values: impl Iterator<Item = (Quantity, Decimal)>, quality: Quality) -> Vec<Reading> {
    let reading = |(quantity, value): (Quantity, Decimal)| Reading {
        quantity: Some(quantity),
        obis: None,
        value: Value::Number(value),
        unit: quantity.unit(),
        quality,
    };
    values.map(reading).collect()
}
