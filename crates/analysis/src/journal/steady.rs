//! Values that repeat themselves to the digit while they should move.
//!
//! A voltage of a tenth of a volt never stays for ten minutes while the load changes; one that is
//! told in whole volts may, and is not judged. Power of a hundred digits and more never stays for
//! sixty telegrams.

use super::entry;
use reading::{
    Decimal, JournalChange, JournalEntry, JournalKind, Quality, Quantity, Telegram, Timestamp, Unit,
};
use std::collections::BTreeMap;

/// What is judged.
const JUDGED: [Quantity; 6] = [
    Quantity::VoltageL1,
    Quantity::VoltageL2,
    Quantity::VoltageL3,
    Quantity::ActivePower,
    Quantity::ActivePowerImport,
    Quantity::ActivePowerExport,
];
/// Equal voltages in a row, and over which time at least. **Unit** s.
const VOLTAGES: u32 = 120;
const VOLTAGE_S: u64 = 600;
/// The power must have changed by this share of its greatest value meanwhile.
const POWER_SHARE: f64 = 0.05;
/// Coarsest last digit of a voltage that is judged, as a power of ten.
const VOLTAGE_EXPONENT_MAX: i8 = -1;
/// Equal powers in a row, and over which time at least. **Unit** s.
const POWERS: u32 = 60;
const POWER_S: u64 = 300;
/// The power, in its last digits, from which on it is judged.
const POWER_DIGITS_MIN: f64 = 500.0;

/// A value that has not changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Same {
    pub(super) since: Timestamp,
    pub(super) value: Decimal,
    pub(super) count: u32,
    /// The least and the greatest power meanwhile. **Unit** W.
    pub(super) power_w: (f64, f64),
    pub(super) told: bool,
}

/// The judged values of one meter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Steady {
    pub(super) known: BTreeMap<Quantity, Same>,
}

impl Steady {
    /// Looks at a telegram's values.
    pub(super) fn take(
        &mut self,
        telegram: &Telegram,
        power_w: Option<f64>,
    ) -> Option<JournalEntry> {
        let now = telegram.measured_at;
        let mut stuck: Vec<(Timestamp, JournalChange)> = Vec::new();
        for reading in telegram.readings.iter().filter(|one| one.quality != Quality::Bad) {
            let Some(quantity) = reading.quantity.filter(|one| JUDGED.contains(one)) else {
                continue;
            };
            let Some(value) = reading.value.number() else { continue };
            let power_w = power_w.map_or((f64::INFINITY, f64::NEG_INFINITY), |one| (one, one));
            let fresh = Same { since: now, value, count: 0, power_w, told: false };
            let same = self.known.entry(quantity).or_insert(fresh);
            if same.value != value || now < same.since {
                *same = fresh;
            }
            same.count = same.count.saturating_add(1);
            same.power_w = (same.power_w.0.min(power_w.0), same.power_w.1.max(power_w.1));
            if !same.told && same.is_stuck(quantity, now) {
                same.told = true;
                let shown = Some(value.to_string());
                let unit = quantity.unit().map(Unit::symbol);
                let what = quantity.name().to_owned();
                let change = JournalChange { what, before: shown.clone(), after: shown, unit };
                stuck.push((same.since, change));
            }
        }
        let at = stuck.iter().map(|(at, _)| *at).min()?;
        let changes = stuck.into_iter().map(|(_, change)| change).collect();
        Some(JournalEntry { changes, ..entry(telegram, JournalKind::ValueStuck, at) })
    }
}

impl Same {
    fn is_stuck(&self, quantity: Quantity, now: Timestamp) -> bool {
        let seconds = now.since(self.since).as_secs();
        if quantity.unit() == Some(Unit::Volt) {
            let (least, greatest) = self.power_w;
            let moved = greatest - least > POWER_SHARE * greatest.abs().max(least.abs());
            return self.value.exponent() <= VOLTAGE_EXPONENT_MAX
                && self.value.mantissa() != 0
                && self.count >= VOLTAGES
                && seconds >= VOLTAGE_S
                && moved;
        }
        let digits = self.value.mantissa().unsigned_abs() as f64;
        digits >= POWER_DIGITS_MIN && self.count >= POWERS && seconds >= POWER_S
    }
}
