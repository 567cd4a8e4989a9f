//! A first look at what is to be exported: which columns, which hours.
//!
//! In: a store, a meter, a range. Out: the columns in catalogue order and the hours that hold a
//! telegram, so that the second look reads hour by hour, in the order of time and in bounded
//! memory whatever the order of storage.

use super::Asked;
use super::columns::Column;
use anyhow::{Context, Result};
use reading::{MeterId, Quantity, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;
use store::{Archive, SAMPLES_MAX, SampleQuery};

/// What is held in memory at once.
const WINDOW: Duration = Duration::from_secs(3600);
const WINDOW_MICROS: i64 = 3_600_000_000;

/// What is there.
pub(super) struct Scan {
    meter: MeterId,
    range: Asked,
    columns: BTreeSet<Column>,
    hours: BTreeSet<i64>,
}

impl Scan {
    /// Looks through the range.
    pub(super) fn of(
        archive: &Archive,
        meter: &MeterId,
        range: Asked,
        quantities: &[Quantity],
    ) -> Result<Self> {
        let meter = meter.clone();
        let mut scan = Self { meter, range, columns: BTreeSet::new(), hours: BTreeSet::new() };
        let (from, to) = range;
        let mut after = None;
        loop {
            let meter = scan.meter.clone();
            let query = SampleQuery { meter, from, to, after, limit: SAMPLES_MAX };
            let page = archive.samples(&query).context("reading the store")?;
            for sample in &page {
                let asked = |quantity| quantities.contains(&quantity);
                let readings =
                    sample.telegram.readings.iter().filter(|reading| {
                        quantities.is_empty() || reading.quantity.is_some_and(asked)
                    });
                let columns: Vec<Column> = readings.filter_map(Column::of).collect();
                if !columns.is_empty() {
                    let micros = sample.telegram.measured_at.as_micros();
                    scan.hours.insert(micros.div_euclid(WINDOW_MICROS));
                }
                scan.columns.extend(columns);
            }
            after = page.last().map(|sample| sample.id);
            if page.len() < SAMPLES_MAX {
                return Ok(scan);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    pub(super) const fn meter(&self) -> &MeterId {
        &self.meter
    }

    /// In catalogue order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter()
    }

    /// The hours that hold something, cut to the asked range.
    pub(super) fn windows(&self) -> Vec<(Timestamp, Timestamp)> {
        let (from, to) = self.range;
        let window = |hour: &i64| {
            let begin = Timestamp::from_micros(hour * WINDOW_MICROS);
            let end = begin.plus(WINDOW);
            (from.map_or(begin, |from| from.max(begin)), to.map_or(end, |to| to.min(end)))
        };
        self.hours.iter().map(window).collect()
    }
}
