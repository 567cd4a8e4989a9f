//! What is sealed for a list and a time: the other half of looking for duplicates.
//!
//! In: a list, a time of measurement. Out: the sealed telegrams of that time. Live telegrams are
//! newer than all that is sealed of their list, which costs one comparison; whoever sends history
//! twice finds the page of the hour decoded already.

use crate::block::{self, Open};
use crate::layout::HOUR;
use crate::page::Page;
use crate::query::{Channels, Failure};
use crate::seal::DAY;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::sync::Arc;

/// Decoded pages that are kept.
const PAGES_MAX: usize = 4;

/// A sealed telegram.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) id: u64,
    pub(crate) turn: i64,
    pub(crate) page: Arc<Page>,
    pub(crate) row: usize,
}

/// The writer's view of what is sealed.
#[derive(Default)]
pub(crate) struct Sealed {
    /// By list: nothing later is sealed.
    newest: HashMap<i64, i64>,
    /// The newest last, by block and hour.
    pages: Vec<((i64, i64), Arc<Page>)>,
    channels: Option<(usize, Arc<Channels>)>,
}

impl Sealed {
    /// Blocks changed: what was sealed up to which time, by list.
    pub(crate) fn changed(&mut self, sealed: &[(i64, i64)]) {
        self.pages.clear();
        for (list, until) in sealed {
            if let Some(newest) = self.newest.get_mut(list) {
                *newest = (*newest).max(*until);
            }
        }
    }

    /// At most `limit` sealed telegrams of a list and a time, newest turn first.
    pub(crate) fn find(
        &mut self,
        connection: &Connection,
        (list, time): (i64, i64),
        limit: usize,
    ) -> Result<Vec<Found>, Failure> {
        let newest = match self.newest.get(&list) {
            Some(newest) => *newest,
            None => *self.newest.entry(list).or_insert(newest(connection, list)?),
        };
        if time > newest || limit == 0 {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let mut records = block::of_time(connection, list, (time, time.saturating_add(1)))?;
        records.sort_by_key(|record| std::cmp::Reverse(record.last_id));
        for record in records {
            let Some(page) = self.page(connection, record, time)? else { continue };
            let start = page.rows.measured.partition_point(|measured| *measured < time);
            let same = page.rows.measured[start..].iter().take_while(|own| **own == time).count();
            found.extend((start..start + same).map(|row| Found {
                id: page.rows.ids[row].cast_unsigned(),
                turn: page.rows.marks.turns[row],
                page: Arc::clone(&page),
                row,
            }));
            if found.len() >= limit {
                break;
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse(found.turn));
        found.truncate(limit);
        Ok(found)
    }

    /// The page of a block that holds a time; `None` when it has no such page.
    fn page(
        &mut self,
        connection: &Connection,
        record: block::Record,
        time: i64,
    ) -> Result<Option<Arc<Page>>, Failure> {
        let key = (record.id, time.div_euclid(HOUR));
        if let Some(place) = self.pages.iter().position(|(known, _)| *known == key) {
            let known = self.pages.remove(place);
            let page = Arc::clone(&known.1);
            self.pages.push(known);
            return Ok(Some(page));
        }
        let open = Open::new(connection, record)?;
        let wanted = open.layout.pages_of((time, time.saturating_add(1)));
        if wanted.is_empty() {
            return Ok(None);
        }
        let page = Arc::new(Page::load(&open, wanted)?);
        if self.pages.len() == PAGES_MAX {
            self.pages.remove(0);
        }
        self.pages.push((key, Arc::clone(&page)));
        Ok(Some(page))
    }

    /// The channels, of which there are `count`.
    pub(crate) fn channels(
        &mut self,
        connection: &Connection,
        count: usize,
    ) -> rusqlite::Result<Arc<Channels>> {
        if let Some((known, channels)) = &self.channels
            && *known == count
        {
            return Ok(Arc::clone(channels));
        }
        let channels = Arc::new(Channels::load(connection)?);
        self.channels = Some((count, Arc::clone(&channels)));
        Ok(channels)
    }

    /// Forgets channels that a rolled back transaction may have added.
    pub(crate) fn forget_channels(&mut self) {
        self.channels = None;
    }
}

/// The last time of measurement that is sealed of a list.
fn newest(connection: &Connection, list: i64) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(max(until), ?2) FROM block WHERE list = ?1 AND since >= \
         (SELECT max(since) FROM block WHERE list = ?1) - ?3",
    )?;
    statement.query_row(params![list, i64::MIN, DAY], |row| row.get(0))
}
