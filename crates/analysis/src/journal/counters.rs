//! The counters of a meter: which verdicts on their readings are events.

use super::entry;
use super::greatest::Greatest;
use crate::continuity::{Break, Point, Track, Verdict, difference};
use crate::counter_fall::LISTS_APART_KWH_MAX;
use crate::energy::growth_limit_w;
use crate::pace::{Grown, Pace};
use reading::{
    Decimal, JournalChange, JournalEntry, JournalKind, Kind, ListId, Quality, Quantity, Telegram,
    Timestamp, Unit,
};
use std::collections::{BTreeMap, VecDeque};

/// Lists that are told apart; further ones count as the last.
const LISTS_MAX: usize = 256;
/// Growths of a counter that no supply bounds, by which the next ones are judged.
pub(super) const GROWTHS_MAX: usize = 16;
/// From so many on they judge.
const GROWTHS_MIN: usize = 2;
/// A measured power below this one does not speak for what a supply gives. **Unit** W.
const GREATEST_MIN_W: f64 = 10_000.0;
/// Power above which a counter must move. **Unit** W.
const MOVING_W: f64 = 100.0;
/// Digits of energy that must have flowed before a counter is said to stand still.
const STUCK_DIGITS: f64 = 3.0;
/// Equal readings before that, and for how long, since some meters refresh their registers only
/// every quarter of an hour. **Unit** s.
const STUCK_READINGS: u32 = 3;
const STUCK_S: i64 = 1200;
/// Power holds for so long without a new value. **Unit** s.
const HOLD_S: f64 = 60.0;

/// A counter that has not moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Still {
    pub(super) since: Timestamp,
    pub(super) value: Decimal,
    pub(super) readings: u32,
    /// Energy that flowed meanwhile. **Unit** Wh.
    pub(super) flowed_wh: f64,
    pub(super) told: bool,
}

/// One counter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counter {
    pub(super) track: Track,
    pub(super) still: Option<Still>,
    /// The last growths, of a counter that no supply bounds.
    pub(super) grown: VecDeque<Grown>,
    /// When the last of them was.
    pub(super) grown_at: Option<Timestamp>,
}

/// The counters of one meter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counters {
    pub(super) known: BTreeMap<Quantity, Counter>,
    pub(super) lists: Vec<ListId>,
    /// The greatest power that was measured.
    pub(super) greatest: Greatest,
    /// The last power. **Unit** W.
    pub(super) power: Option<(Timestamp, f64)>,
}

/// What happened in one telegram, register by register.
#[derive(Default)]
struct Found {
    breaks: Vec<(Break, Timestamp, JournalChange)>,
    spikes: Vec<(Timestamp, JournalChange)>,
    stuck: Vec<(Timestamp, JournalChange)>,
}

impl Counters {
    /// Forgets where the counters were: what comes now counts otherwise.
    pub(super) fn begin_anew(&mut self) {
        self.known.clear();
    }

    /// The time of measurement leapt by so many seconds.
    pub(super) fn redate(&mut self, by_s: i64) {
        let moved = |at: Timestamp| Timestamp::from_micros(at.as_micros() + by_s * 1_000_000);
        for counter in self.known.values_mut() {
            counter.track.redate(moved);
            if let Some(still) = &mut counter.still {
                still.since = moved(still.since);
            }
            counter.grown_at = counter.grown_at.map(moved);
        }
        if let Some((at, _)) = &mut self.power {
            *at = moved(*at);
        }
    }

    /// Another meter answers: what each counter of its telegram showed before, and shows now.
    pub(super) fn exchanged(&mut self, telegram: &Telegram) -> Vec<JournalChange> {
        let known = std::mem::take(&mut self.known);
        let both = readings(telegram).filter_map(|(quantity, after)| {
            let before = known.get(&quantity)?.track.last()?.value;
            Some(change(quantity, before, after))
        });
        both.collect()
    }

    /// Judges every counter of a telegram.
    pub(super) fn take(
        &mut self,
        telegram: &Telegram,
        (power_w, supply_w): (Option<f64>, Option<f64>),
    ) -> Vec<JournalEntry> {
        self.flow(telegram.measured_at, power_w);
        let list = self.list(&telegram.list);
        let limit_w = growth_limit_w(supply_w, self.greatest.confirmed_w().max(GREATEST_MIN_W));
        let mut found = Found::default();
        for (quantity, value) in readings(telegram) {
            let counter = self.known.entry(quantity).or_default();
            let point = Point { at: telegram.measured_at, value, list };
            let limit_w = is_energy(quantity).then_some(limit_w);
            counter.judge(quantity, (point, limit_w), &mut found);
            counter.stand_still(quantity, point, &mut found);
        }
        found.entries(telegram)
    }

    /// Energy flows at the last power until now.
    fn flow(&mut self, now: Timestamp, power_w: Option<f64>) {
        let Some(power_w) = power_w else { return };
        self.greatest.take(now, power_w);
        let Some((since, held_w)) = self.power.replace((now, power_w)) else { return };
        let hours = now.since(since).as_secs_f64().min(HOLD_S) / 3600.0;
        for (quantity, sign) in
            [(Quantity::ActiveEnergyImport, 1.0), (Quantity::ActiveEnergyExport, -1.0)]
        {
            let counter = self.known.get_mut(&quantity).and_then(|one| one.still.as_mut());
            if let Some(still) = counter.filter(|_| held_w * sign > MOVING_W) {
                still.flowed_wh += held_w.abs() * hours;
            }
        }
    }

    fn list(&mut self, list: &ListId) -> u32 {
        let place = self.lists.iter().position(|known| known == list).unwrap_or_else(|| {
            if self.lists.len() < LISTS_MAX {
                self.lists.push(list.clone());
            }
            self.lists.len() - 1
        });
        u32::try_from(place).unwrap_or(0)
    }
}

impl Counter {
    /// `limit_w`: what the supply bounds the growth by; `None`: only its own pace does.
    fn judge(
        &mut self,
        quantity: Quantity,
        (point, limit_w): (Point, Option<f64>),
        found: &mut Found,
    ) {
        let last = self.track.last().copied();
        let verdict = match limit_w {
            Some(limit_w) => {
                let digit = 10_f64.powi(point.value.exponent().into());
                self.track.take(point, &|from, to| limit_w * seconds(from, to) / 3600.0 + digit)
            }
            None => {
                let pace = Pace::of(self.grown.make_contiguous());
                let pace = Some(pace).filter(|pace| pace.growths() >= GROWTHS_MIN);
                self.track.take(point, &|from, to| {
                    let by = difference(to.value, from.value);
                    let explained = pace.as_ref().and_then(|it| it.explains(by, seconds(from, to)));
                    explained.unwrap_or(f64::INFINITY)
                })
            }
        };
        let mut spike = |before: Point, wild: Point| {
            let fall = difference(wild.value, before.value).abs();
            let apart = fall <= LISTS_APART_KWH_MAX * 1000.0;
            // Two lists of a meter snapshot different instants.
            if !(apart && is_energy(quantity) && wild.list != point.list) {
                found.spikes.push((wild.at, change(quantity, before.value, wild.value)));
            }
        };
        match verdict {
            Verdict::Begins | Verdict::Older | Verdict::OtherList | Verdict::HeldBack => {}
            Verdict::Follows => {
                if let Some(last) = last.filter(|_| limit_w.is_none()) {
                    self.note_growth(&last, &point);
                }
            }
            Verdict::Heals { wild } => spike(last.unwrap_or(wild), wild),
            Verdict::Retracts { wild, before, .. } => {
                spike(before, wild);
                // By what was nonsense nothing is to be judged.
                self.grown.clear();
            }
            Verdict::Returns { before, wild } => {
                spike(before, wild);
                self.still = None;
            }
            Verdict::Breaks { kind, before, after } => {
                found.breaks.push((kind, after.at, change(quantity, before.value, after.value)));
                self.still = None;
            }
        }
    }

    fn note_growth(&mut self, from: &Point, to: &Point) {
        let by = difference(to.value, from.value);
        if by <= 0.0 {
            return;
        }
        let since = self.grown_at.replace(to.at).unwrap_or(from.at);
        if self.grown.len() == GROWTHS_MAX {
            self.grown.pop_front();
        }
        let after_s = to.at.since(since).as_secs_f64();
        self.grown.push_back(Grown { by, within_s: seconds(from, to), after_s });
    }

    fn stand_still(&mut self, quantity: Quantity, point: Point, found: &mut Found) {
        let fresh =
            Still { since: point.at, value: point.value, readings: 1, flowed_wh: 0.0, told: false };
        let still = self.still.get_or_insert(fresh);
        if still.value.cmp_value(point.value).is_ne() {
            *still = fresh;
            return;
        }
        still.readings = still.readings.saturating_add(1);
        let digit_wh = 10_f64.powi(point.value.exponent().into());
        let long = point.at.since(still.since).as_secs() >= STUCK_S.unsigned_abs();
        let stuck = still.readings > STUCK_READINGS && long;
        if stuck && still.flowed_wh > STUCK_DIGITS * digit_wh && !still.told {
            still.told = true;
            found.stuck.push((still.since, change(quantity, point.value, point.value)));
        }
    }
}

fn seconds(from: &Point, to: &Point) -> f64 {
    to.at.since(from.at).as_secs_f64()
}

impl Found {
    fn entries(self, telegram: &Telegram) -> Vec<JournalEntry> {
        let mut entries = Vec::new();
        // Registers of one meter break together: that is one event, and its gravest part names it.
        let grave = |kind: &Break| match kind {
            Break::Reset => 3,
            Break::Rollover => 2,
            Break::Decrease => 1,
            Break::Leap => 0,
        };
        if let Some(kind) = self.breaks.iter().map(|(kind, ..)| *kind).max_by_key(grave) {
            let kind = match kind {
                Break::Reset => JournalKind::CounterReset,
                Break::Rollover => JournalKind::CounterRollover,
                Break::Decrease => JournalKind::CounterDecrease,
                Break::Leap => JournalKind::CounterLeap,
            };
            let changes = self.breaks.into_iter().map(|(_, at, change)| (at, change)).collect();
            entries.extend(together(telegram, kind, changes));
        }
        let spike = together(telegram, JournalKind::CounterSpike, self.spikes);
        entries
            .extend(spike.map(|spike| JournalEntry { until: Some(telegram.measured_at), ..spike }));
        entries.extend(together(telegram, JournalKind::CounterStuck, self.stuck));
        entries
    }
}

fn together(
    telegram: &Telegram,
    kind: JournalKind,
    changes: Vec<(Timestamp, JournalChange)>,
) -> Option<JournalEntry> {
    let at = changes.iter().map(|(at, _)| *at).min()?;
    let changes = changes.into_iter().map(|(_, change)| change).collect();
    Some(JournalEntry { changes, ..entry(telegram, kind, at) })
}

/// The counters of a telegram.
fn readings(telegram: &Telegram) -> impl Iterator<Item = (Quantity, Decimal)> {
    telegram.readings.iter().filter_map(|reading| {
        let quantity = reading.quantity?;
        let counts = quantity.description().kind == Kind::Counter;
        let value = reading.value.number()?;
        (counts && reading.quality != Quality::Bad).then_some((quantity, value))
    })
}

/// Whether a supply's power bounds the counter.
fn is_energy(quantity: Quantity) -> bool {
    quantity != Quantity::ThermalEnergy
        && matches!(quantity.unit(), Some(Unit::WattHour | Unit::VarHour | Unit::VoltAmpereHour))
}

fn change(quantity: Quantity, before: Decimal, after: Decimal) -> JournalChange {
    JournalChange {
        what: quantity.name().to_owned(),
        before: Some(before.to_string()),
        after: Some(after.to_string()),
        unit: quantity.unit().map(Unit::symbol).filter(|symbol| !symbol.is_empty()),
    }
}
