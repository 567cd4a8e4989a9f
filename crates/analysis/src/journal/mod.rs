//! What happened to a meter, recognised from its telegrams.
//!
//! In: the telegrams of one meter in the order of storage. Out: journal entries, each event once:
//! counters that rolled over, were reset, fell, leapt, showed nonsense or stand still; values that
//! stand still; another meter, another ratio; clocks that were set; gaps. What is remembered between
//! two telegrams can be written down and read again, so that a restart tells nothing twice and
//! misses nothing. Source: domain rules "stuck", "counter". Refuses: values of bad quality.

mod clock;
mod counters;
mod greatest;
mod identity;
mod state;
mod steady;

pub use state::StateError;

use clock::Clock;
use counters::Counters;
use identity::Identity;
use reading::Quantity::{ActivePower, ActivePowerExport, ActivePowerImport};
use reading::{JournalChange, JournalEntry, JournalKind, MeterId, Quality, Telegram, Timestamp};
use steady::Steady;

/// The ratios of a meter's transformers, in the digits of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratios {
    /// Current transformer.
    pub ct: String,
    /// Voltage transformer.
    pub vt: String,
}

/// Recognises the events of one meter.
#[derive(Debug, Clone, PartialEq)]
pub struct Recogniser {
    meter: MeterId,
    supply_w: Option<f64>,
    /// The last sample that was looked at.
    through: u64,
    ratios: Option<Ratios>,
    identity: Identity,
    clock: Clock,
    counters: Counters,
    steady: Steady,
}

impl Recogniser {
    /// One that knows nothing of the meter yet. `supply_w`: what the supply gives at most, where it
    /// is known. **Unit** W.
    #[must_use]
    pub fn new(meter: MeterId, supply_w: Option<f64>) -> Self {
        Self {
            meter,
            supply_w,
            through: 0,
            ratios: None,
            identity: Identity::default(),
            clock: Clock::default(),
            counters: Counters::default(),
            steady: Steady::default(),
        }
    }

    /// One that goes on where another one wrote its state down.
    ///
    /// # Errors
    /// A text that is no state.
    pub fn recall(meter: MeterId, supply_w: Option<f64>, text: &str) -> Result<Self, StateError> {
        let mut recogniser = Self::new(meter, supply_w);
        recogniser.read(text)?;
        Ok(recogniser)
    }

    /// The last sample that was looked at; 0 before the first.
    #[must_use]
    pub const fn through(&self) -> u64 {
        self.through
    }

    /// Notes the configured ratios; another one than before is an event, and ends every counter's
    /// run: the same current counts otherwise.
    pub fn configured(&mut self, ratios: Ratios, now: Timestamp) -> Option<JournalEntry> {
        let before = self.ratios.replace(ratios.clone())?;
        let change = |what: &str, before: String, after: String| {
            let (before, after) = (Some(before), Some(after));
            JournalChange { what: what.to_owned(), before, after, unit: None }
        };
        let changes =
            [change("ct_ratio", before.ct, ratios.ct), change("vt_ratio", before.vt, ratios.vt)];
        let changes: Vec<_> =
            changes.into_iter().filter(|change| change.before != change.after).collect();
        if changes.is_empty() {
            return None;
        }
        self.counters.begin_anew();
        let entry = JournalEntry::new(self.meter.clone(), JournalKind::RatioChanged, now, now);
        Some(JournalEntry { changes, ..entry })
    }

    /// Looks at the next telegram, which was stored under `id`.
    pub fn take(&mut self, id: u64, telegram: &Telegram) -> Vec<JournalEntry> {
        if id <= self.through {
            return Vec::new();
        }
        self.through = id;
        if telegram.quality == Quality::Bad {
            return Vec::new();
        }
        let mut found = Vec::new();
        let (clock, moved) = self.clock.take(telegram);
        found.extend(clock);
        if moved != 0 {
            self.counters.redate(moved);
        }
        if let Some(mut exchanged) = self.identity.take(telegram) {
            exchanged.changes.extend(self.counters.exchanged(telegram));
            self.steady = Steady::default();
            found.push(exchanged);
        }
        let power_w = power_w(telegram);
        found.extend(self.counters.take(telegram, (power_w, self.supply_w)));
        found.extend(self.steady.take(telegram, power_w));
        found
    }
}

/// Active power drawn, negative when fed in. **Unit** W.
fn power_w(telegram: &Telegram) -> Option<f64> {
    let number = |quantity| telegram.number(quantity).map(reading::Decimal::to_f64);
    number(ActivePower).or_else(|| {
        let drawn = number(ActivePowerImport)?;
        Some(drawn - number(ActivePowerExport).unwrap_or(0.0))
    })
}

/// An event of a telegram's meter.
fn entry(telegram: &Telegram, kind: JournalKind, at: Timestamp) -> JournalEntry {
    let list = Some(telegram.list.clone());
    let entry = JournalEntry::new(telegram.meter.clone(), kind, at, telegram.received_at);
    JournalEntry { list, ..entry }
}

/// Seconds between two instants, with their sign.
fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_micros() - from.as_micros()) / 1_000_000
}

#[cfg(test)]
mod tests;
