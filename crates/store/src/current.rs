//! The last measurement of a meter: what its telegrams say together about now.
//!
//! In: the newest values of each list. Out: for each quantity the newest value that is no older
//! than three periods of its list, or fifteen seconds, before the newest telegram. A measurement
//! that somebody posted stands alone: it is never completed from another.

use crate::board::{Held, Key, ListBoard, Newest, Rank, newest_of, worst};
use reading::{Decimal, ListId, MeterId, Quality, Quantity, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// The list of measurements that were posted over HTTP.
const POSTED: &str = "http";
/// How old a value may be, in periods of its list.
const PERIODS_MAX: u32 = 3;
/// How old a value may always be.
const AGE_ALWAYS: Duration = Duration::from_secs(15);

/// The last measurement of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The meter.
    pub meter: MeterId,
    /// When the newest value used was measured.
    pub measured_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The worst quality among the values.
    pub quality: Quality,
    /// **Shape** quantities in catalogue order, each at most once, then registers by code; at
    /// least one.
    pub values: Vec<Newest>,
}

impl Current {
    /// The value of a quantity.
    #[must_use]
    pub fn value(&self, quantity: Quantity) -> Option<&Newest> {
        self.values.iter().find(|newest| newest.reading.quantity == Some(quantity))
    }

    /// The number of a quantity; `None` when absent or not a number.
    #[must_use]
    pub fn number(&self, quantity: Quantity) -> Option<Decimal> {
        self.value(quantity).and_then(|newest| newest.reading.value.number())
    }

    /// Every number with its quantity.
    pub fn numbers(&self) -> impl Iterator<Item = (Quantity, Decimal)> {
        self.values
            .iter()
            .filter_map(|newest| Some((newest.reading.quantity?, newest.reading.value.number()?)))
    }
}

/// The last measurement from the lists of one meter; `None` when no value is young enough.
pub(crate) fn current(meter: &MeterId, lists: &BTreeMap<ListId, ListBoard>) -> Option<Current> {
    let newest = lists.values().max_by_key(|board| Rank::of(&board.newest))?;
    let posted = |list: &ListId| list.as_str() == POSTED;
    if posted(&newest.newest.telegram.list) {
        let values = Held::alone(&newest.newest);
        return measurement(meter, &values.values().collect::<Vec<_>>());
    }
    let now = Rank::of(&newest.newest).time;
    let mut values: BTreeMap<Key, &Held> = BTreeMap::new();
    for (_, board) in lists.iter().filter(|(list, _)| !posted(list)) {
        let periods = board.period().unwrap_or_default().saturating_mul(PERIODS_MAX);
        let age_max = periods.max(AGE_ALWAYS);
        let young = |held: &Held| now.since(held.rank().time) <= age_max;
        newest_of(&mut values, board.values.iter().filter(|(_, held)| young(held)));
    }
    measurement(meter, &values.into_values().collect::<Vec<_>>())
}

fn measurement(meter: &MeterId, values: &[&Held]) -> Option<Current> {
    let newest = values.iter().max_by_key(|held| held.rank())?.newest();
    let values: Vec<Newest> = values.iter().map(|held| held.newest()).collect();
    Some(Current {
        meter: meter.clone(),
        measured_at: newest.measured_at,
        received_at: newest.received_at,
        quality: worst(values.iter().map(|newest| newest.reading.quality)),
        values,
    })
}
