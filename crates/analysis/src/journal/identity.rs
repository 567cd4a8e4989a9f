//! Who answers: the serial numbers and names that a meter tells.

use super::{entry, seconds};
use reading::{JournalChange, JournalEntry, JournalKind, Quantity, Telegram, Timestamp, Value};
use std::collections::BTreeMap;

/// The texts that name a device.
pub(super) const NAMES: [Quantity; 4] =
    [Quantity::DeviceId1, Quantity::DeviceId2, Quantity::DeviceId8, Quantity::LogicalDeviceName];
/// Within that time after an exchange a name that only a rare list tells belongs to it. **Unit** s.
const EXCHANGE_S: i64 = 86_400;

/// The names that were told last, and when each was told first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) names: BTreeMap<Quantity, (String, Timestamp)>,
    /// When another meter was recognised last.
    pub(super) exchanged: Option<Timestamp>,
}

impl Identity {
    /// Looks at the names of a telegram.
    pub(super) fn take(&mut self, telegram: &Telegram) -> Option<JournalEntry> {
        let now = telegram.measured_at;
        let mut changes = Vec::new();
        for reading in &telegram.readings {
            let Some(quantity) = reading.quantity.filter(|name| NAMES.contains(name)) else {
                continue;
            };
            let Value::Text(text) = &reading.value else { continue };
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let before = match self.names.get(&quantity) {
                Some((known, _)) if known == text => continue,
                before => before.cloned(),
            };
            self.names.insert(quantity, (text.to_owned(), now));
            let Some((known, since)) = before else { continue };
            let told = self
                .exchanged
                .is_some_and(|at| since < at && (0..EXCHANGE_S).contains(&seconds(at, now)));
            if !told {
                changes.push(JournalChange {
                    what: quantity.name().to_owned(),
                    before: Some(known),
                    after: Some(text.to_owned()),
                    unit: None,
                });
            }
        }
        if changes.is_empty() {
            return None;
        }
        self.exchanged = Some(now);
        Some(JournalEntry { changes, ..entry(telegram, JournalKind::MeterExchanged, now) })
    }
}
