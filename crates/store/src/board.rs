//! The latest values of each meter, in memory.
//!
//! In: stored samples, in the order of storage; after a start, those of a bounded look-back. Out:
//! for every meter and list the newest telegram, its measured period, and of every quantity the
//! newest reading. Newest is by time of measurement: a late arrival replaces nothing newer. When the
//! house's clock was set back, what it had dated later than it shows now is given up: it would
//! otherwise pass for the newest until that time has come.

use crate::batch::Sample;
use crate::current::{self, Current};
use reading::{ListId, MeterId, Obis, Quality, Quantity, Reading, Telegram, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How many intervals tell a list's period.
const INTERVALS_MAX: usize = 8;
/// Most different values kept per list.
const VALUES_MAX: usize = 1024;
/// A clock that is further ahead of the arrival orders its telegram by arrival: otherwise nothing
/// would be newer until the time has come which that clock showed.
const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(300);
/// Arrivals that run back by more than this mean that the house's clock was set back; less happens
/// between tasks.
const CLOCK_BACK_MIN: Duration = Duration::from_secs(2);
/// Samples that a start looks back at in each list: enough for the period.
pub(crate) const LOOK_BACK_PER_LIST: usize = 2 * INTERVALS_MAX;
/// Samples that a start looks back at over all lists.
pub(crate) const LOOK_BACK_ALL: usize = 4096;

/// The newest values of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The meter.
    pub meter: MeterId,
    /// Its lists, in the order of their names; at least one.
    pub lists: Vec<LatestList>,
    /// Of every quantity, and of every register outside the catalogue, the newest reading.
    ///
    /// **Shape** quantities in catalogue order, each at most once, then registers by code.
    pub values: Vec<Newest>,
}

impl Latest {
    /// The list whose telegram is the newest of all.
    #[must_use]
    pub fn newest(&self) -> Option<&LatestList> {
        self.lists.iter().max_by_key(|list| Rank::of(&list.sample))
    }

    /// The newest reading of a quantity.
    #[must_use]
    pub fn value(&self, quantity: Quantity) -> Option<&Newest> {
        self.values.iter().find(|newest| newest.reading.quantity == Some(quantity))
    }
}

/// The newest telegram of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestList {
    /// The telegram.
    pub sample: Arc<Sample>,
    /// Median of the last intervals between telegrams in the order of time, in whichever order
    /// they came; `None` before there are two.
    pub period: Option<Duration>,
}

/// A reading with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// The reading; its quality is the worse one of its own and its telegram's.
    pub reading: Reading,
    /// When it was measured.
    pub measured_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The list that brought it.
    pub list: ListId,
    /// The sample that holds it.
    pub sample: u64,
}

/// Place of a telegram in the order of time; telegrams of one time keep the order of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) time: Timestamp,
    id: u64,
}

impl Rank {
    pub(crate) fn of(sample: &Sample) -> Self {
        let Telegram { measured_at, received_at, .. } = sample.telegram;
        let ahead = measured_at > received_at.plus(CLOCK_AHEAD_MAX);
        Self { time: if ahead { received_at } else { measured_at }, id: sample.id }
    }
}

/// What a reading is of: a quantity, else a register outside the catalogue.
pub(crate) type Key = (bool, Option<Quantity>, Option<Obis>);

/// The latest values of every meter.
#[derive(Debug, Default)]
pub(crate) struct Board {
    meters: HashMap<MeterId, MeterBoard>,
}

/// The latest values of one meter.
#[derive(Debug, Default)]
struct MeterBoard {
    lists: BTreeMap<ListId, ListBoard>,
    /// The latest arrival, as the clock told it.
    arrived: Option<Timestamp>,
}

/// The latest values of one list.
#[derive(Debug)]
pub(crate) struct ListBoard {
    pub(crate) newest: Arc<Sample>,
    /// The newest different times of its telegrams.
    times: BTreeSet<Timestamp>,
    pub(crate) values: BTreeMap<Key, Held>,
}

/// A reading inside its sample.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    sample: Arc<Sample>,
    index: usize,
}

impl Board {
    /// Takes a sample.
    pub(crate) fn take(&mut self, sample: &Arc<Sample>) {
        let Telegram { meter, list, received_at, .. } = &sample.telegram;
        let board = match self.meters.get_mut(meter) {
            Some(board) => board,
            None => self.meters.entry(meter.clone()).or_default(),
        };
        if board.arrived.is_some_and(|arrived| arrived > received_at.plus(CLOCK_BACK_MIN)) {
            board.give_up_after(*received_at);
        }
        board.arrived = board.arrived.max(Some(*received_at));
        match board.lists.get_mut(list) {
            Some(list) => list.take(sample),
            None => {
                board.lists.insert(list.clone(), ListBoard::new(sample));
            }
        }
    }

    /// Takes samples in the order of their ids, as one by one; of history that comes in bulk only
    /// the newest is looked at closely.
    pub(crate) fn take_all(&mut self, samples: &[Arc<Sample>]) {
        let one_arrival = |run: &[Arc<Sample>]| {
            let mut arrivals = run.iter().map(|sample| sample.telegram.received_at);
            let first = arrivals.next();
            arrivals.all(|arrival| Some(arrival) == first)
        };
        // What arrived at once has no order of arrival to keep: taken from the newest on, an older
        // telegram that names the same registers adds nothing but its time.
        if one_arrival(samples) {
            let mut by_rank: Vec<&Arc<Sample>> = samples.iter().collect();
            by_rank.sort_by_key(|sample| std::cmp::Reverse(Rank::of(sample)));
            by_rank.into_iter().for_each(|sample| self.take(sample));
        } else {
            samples.iter().for_each(|sample| self.take(sample));
        }
    }

    /// The latest arrival of all meters.
    pub(crate) fn arrived(&self) -> Option<Timestamp> {
        self.meters.values().filter_map(|board| board.arrived).max()
    }

    pub(crate) fn latest(&self, meter: &MeterId) -> Option<Latest> {
        let lists = &self.meters.get(meter)?.lists;
        let mut values: BTreeMap<Key, &Held> = BTreeMap::new();
        for board in lists.values() {
            newest_of(&mut values, board.values.iter());
        }
        Some(Latest {
            meter: meter.clone(),
            lists: lists
                .values()
                .map(|board| LatestList {
                    sample: Arc::clone(&board.newest),
                    period: board.period(),
                })
                .collect(),
            values: values.into_values().map(Held::newest).collect(),
        })
    }

    pub(crate) fn current(&self, meter: &MeterId) -> Option<Current> {
        current::current(meter, &self.meters.get(meter)?.lists)
    }
}

impl MeterBoard {
    /// Gives up what arrived later than this by a clock that was ahead.
    fn give_up_after(&mut self, arrival: Timestamp) {
        self.lists.retain(|_, list| list.gave_up_after(arrival));
        self.arrived = None;
    }
}

impl ListBoard {
    /// Gives up what arrived later; whether something is left.
    fn gave_up_after(&mut self, arrival: Timestamp) -> bool {
        let earlier = |sample: &Sample| sample.telegram.received_at <= arrival;
        self.values.retain(|_, held| earlier(&held.sample));
        let kept = self.values.values().max_by_key(|held| held.rank());
        let Some(newest) = kept.map(|held| Arc::clone(&held.sample)) else { return false };
        let rank = Rank::of(&newest);
        self.times.retain(|time| *time <= rank.time);
        self.newest = newest;
        true
    }

    fn new(sample: &Arc<Sample>) -> Self {
        let mut board = Self {
            newest: Arc::clone(sample),
            times: BTreeSet::from([Rank::of(sample).time]),
            values: BTreeMap::new(),
        };
        board.take_values(sample);
        board
    }

    fn take(&mut self, sample: &Arc<Sample>) {
        let rank = Rank::of(sample);
        // Times are a set: a clock that stands still says nothing about the period.
        self.times.insert(rank.time);
        if self.times.len() > INTERVALS_MAX + 1 {
            self.times.pop_first();
        }
        if rank > Rank::of(&self.newest) {
            self.newest = Arc::clone(sample);
        } else if same_registers(&self.newest, sample) {
            return;
        }
        self.take_values(sample);
    }

    fn take_values(&mut self, sample: &Arc<Sample>) {
        let rank = Rank::of(sample);
        for (index, reading) in sample.telegram.readings.iter().enumerate() {
            let key = key(reading);
            // A telegram that names a quantity twice is read by its first.
            let stays = self.values.get(&key).is_some_and(|held| Rank::of(&held.sample) >= rank);
            let fits = self.values.len() < VALUES_MAX || self.values.contains_key(&key);
            if !stays && fits {
                self.values.insert(key, Held { sample: Arc::clone(sample), index });
            }
        }
    }

    /// Median of the last intervals.
    pub(crate) fn period(&self) -> Option<Duration> {
        let later = self.times.iter().skip(1);
        let mut intervals: Vec<Duration> =
            self.times.iter().zip(later).map(|(before, after)| after.since(*before)).collect();
        intervals.sort_unstable();
        intervals.get(intervals.len() / 2).copied()
    }
}

impl Held {
    pub(crate) fn rank(&self) -> Rank {
        Rank::of(&self.sample)
    }

    pub(crate) fn newest(&self) -> Newest {
        let telegram = &self.sample.telegram;
        let mut reading = telegram.readings[self.index].clone();
        reading.quality = reading.quality.max(telegram.quality);
        Newest {
            reading,
            measured_at: telegram.measured_at,
            received_at: telegram.received_at,
            list: telegram.list.clone(),
            sample: self.sample.id,
        }
    }

    /// The readings of one sample, as if the board knew no other.
    pub(crate) fn alone(sample: &Arc<Sample>) -> BTreeMap<Key, Self> {
        ListBoard::new(sample).values
    }
}

/// Keeps for each key the one of the greatest rank.
pub(crate) fn newest_of<'a>(
    values: &mut BTreeMap<Key, &'a Held>,
    others: impl Iterator<Item = (&'a Key, &'a Held)>,
) {
    for (key, held) in others {
        match values.get(key) {
            Some(known) if known.rank() >= held.rank() => {}
            _ => {
                values.insert(*key, held);
            }
        }
    }
}

/// Whether two telegrams name the same registers in the same order.
fn same_registers(left: &Sample, right: &Sample) -> bool {
    let (left, right) = (&left.telegram.readings, &right.telegram.readings);
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| key(left) == key(right))
}

fn key(reading: &Reading) -> Key {
    match reading.quantity {
        Some(quantity) => (false, Some(quantity), None),
        None => (true, None, reading.obis),
    }
}

/// The worst of all; good when there are none.
pub(crate) fn worst(qualities: impl Iterator<Item = Quality>) -> Quality {
    qualities.max().unwrap_or_default()
}
