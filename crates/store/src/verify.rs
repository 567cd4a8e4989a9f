//! Whether a store is whole: everything is read, and what belongs together is compared.
//!
//! In: a file. Out: what is wrong, and where. Checked are SQLite's own structure, every sample of
//! the head, every block with its rows, their order, its bounds and its summaries, that no id is
//! given twice or beyond the last, and what is left of samples that were given up.

use crate::block::{self, COLUMNS, Open, Record};
use crate::encoding::Malformed;
use crate::error::Error;
use crate::layout::HOUR;
use crate::page::Page;
use crate::query::{self, Failure, Restorer, StoredRow};
use crate::retention;
use crate::rollup::{QUARTER_HOUR, Rollup};
use crate::seal::{DAY, Measures};
use crate::values::Values;
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap};

/// Most damages that are told.
pub const DAMAGES_MAX: usize = 1000;

/// What a check of the whole store found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Samples that were read.
    pub samples: u64,
    /// Blocks that were read.
    pub blocks: u64,
    /// What is wrong, in whole sentences; at most [`DAMAGES_MAX`].
    pub damages: Vec<String>,
}

impl Verification {
    fn damage(&mut self, damage: String) {
        if self.damages.len() < DAMAGES_MAX {
            self.damages.push(damage);
        }
    }

    /// Notes a failure as damage, unless the file cannot be read at all.
    fn note(&mut self, checked: Result<(), Failure>) -> Result<(), Failure> {
        match checked {
            Err(Failure::Other(error)) => self.damage(error.to_string()),
            Err(Failure::Sqlite(error)) => {
                let corrupt =
                    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt);
                if !corrupt {
                    return Err(error.into());
                }
                self.damage(format!("a part of the file cannot be read: {error}"));
            }
            Ok(()) => {}
        }
        Ok(())
    }
}

pub(crate) fn verify(connection: &Connection) -> Result<Verification, Failure> {
    let mut found = Verification::default();
    let structure = structure(connection, &mut found);
    found.note(structure)?;
    let mut check = Check {
        connection,
        restorer: Restorer::load(connection)?,
        measures: Measures::load(connection)?,
        ids: Ids::default(),
        last_id: query::last_id(connection)?,
        found,
    };
    let head = check.head();
    check.found.note(head)?;
    let mut blocks = connection.prepare("SELECT id FROM block ORDER BY id")?;
    let blocks: Vec<i64> = blocks.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for block in &blocks {
        let checked = check.block(*block);
        check.found.note(checked)?;
    }
    let orphans = check.orphans();
    check.found.note(orphans)?;
    let rollups = check.rollups();
    check.found.note(rollups)?;
    Ok(check.found)
}

/// SQLite's own check.
fn structure(connection: &Connection, found: &mut Verification) -> Result<(), Failure> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let message: String = row.get(0)?;
        if message != "ok" {
            found.damage(format!("the database file: {message}"));
        }
    }
    Ok(())
}

struct Check<'a> {
    connection: &'a Connection,
    restorer: Restorer,
    measures: Measures,
    ids: Ids,
    last_id: u64,
    found: Verification,
}

impl Check<'_> {
    fn head(&mut self) -> Result<(), Failure> {
        let sql = format!("SELECT {} FROM sample ORDER BY id", query::COLUMNS);
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let row = StoredRow::read(row)?;
            self.id(row.id);
            if let Err(error) = self.restorer.sample(&row) {
                self.found.damage(error.to_string());
            }
        }
        Ok(())
    }

    fn id(&mut self, id: u64) {
        self.found.samples += 1;
        if id == 0 || id > self.last_id {
            self.found
                .damage(format!("sample {id}: the last id that was given is {}", self.last_id));
        } else if !self.ids.insert(id) {
            self.found.damage(format!("sample {id} is stored twice"));
        }
    }

    fn block(&mut self, id: i64) -> Result<(), Failure> {
        self.found.blocks += 1;
        let sql = format!("SELECT {COLUMNS} FROM block WHERE id = ?1");
        let record = self.connection.prepare_cached(&sql)?.query_row([id], Record::read)?;
        let open = Open::new(self.connection, record)?;
        let mut told = Told::default();
        for page in 0..open.layout.pages.len() {
            let decoded = Page::load(&open, page..page + 1)?;
            for row in 0..decoded.rows.len() {
                self.id(decoded.rows.ids[row].cast_unsigned());
                if let Err(error) = self.restorer.sealed(&decoded, row) {
                    self.found.damage(error.to_string());
                }
            }
            told.add(&decoded, open.layout.hours[page]);
        }
        if let Some(defect) = told.differs(&open.record) {
            return Err(open.record.damaged(Malformed(defect)));
        }
        self.summaries(&open)
    }

    /// Compares the summaries of a block with its values.
    fn summaries(&self, open: &Open<'_>) -> Result<(), Failure> {
        let differ = || open.record.damaged(Malformed("a summary does not agree with its values"));
        let channels = &open.layout.slots;
        let measures: BTreeSet<_> =
            channels.iter().filter_map(|channel| self.measures.of(*channel)).collect();
        let stored = open.summaries()?;
        if stored.iter().any(|(measure, _)| !measures.contains(measure)) {
            return Err(differ());
        }
        let mut stored: HashMap<_, Rollup> = stored.into_iter().collect();
        for measure in measures {
            let pages = 0..open.layout.pages.len();
            let values = Values::read(open, (measure, &self.measures), pages)?;
            let told = stored.remove(&measure).unwrap_or_default();
            let total = (measure, Rollup::decode_total);
            let total = block::summary(self.connection, &open.record, total)?;
            let total = total.and_then(|(_, total)| total);
            if values.rollup(QUARTER_HOUR).intervals != told.intervals || told.total() != total {
                return Err(differ());
            }
        }
        Ok(())
    }

    /// Parts of blocks that are not there.
    fn orphans(&mut self) -> Result<(), Failure> {
        for table in ["piece", "summary"] {
            let sql = format!(
                "SELECT count(*) FROM {table} WHERE id / 1048576 NOT IN (SELECT id FROM block)"
            );
            let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
            if count > 0 {
                self.found.damage(format!("{count} rows of {table} belong to no block"));
            }
        }
        Ok(())
    }

    fn rollups(&mut self) -> Result<(), Failure> {
        let mut statement = self.connection.prepare("SELECT list, day FROM rolled")?;
        let days = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let days: BTreeSet<(i64, i64)> = days.collect::<Result<_, _>>()?;
        let mut statement = self.connection.prepare("SELECT id, data FROM rollup")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (list, day, ..) = retention::of_key(row.get(0)?);
            let blob = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            if let Err(Malformed(defect)) = Rollup::decode(blob) {
                self.found.damage(Error::Rollup { day, defect }.to_string());
            } else if !days.contains(&(list, day)) {
                self.found.damage(format!("a summary of day {day} since 1970 belongs to no list"));
            }
        }
        Ok(())
    }
}

/// What the rows of a block say about it.
#[derive(Default)]
struct Told {
    first: Option<i64>,
    last: Option<(i64, i64)>,
    ids: Option<(i64, i64)>,
    received: Option<i64>,
    rows: usize,
    disorder: bool,
}

impl Told {
    fn add(&mut self, page: &Page, hour: i64) {
        let rows = page.rows.measured.iter().zip(&page.rows.marks.turns);
        for (measured, turn) in rows {
            self.disorder |= self.last.is_some_and(|last| last >= (*measured, *turn));
            self.disorder |= measured.div_euclid(HOUR) != hour;
            self.first.get_or_insert(*measured);
            self.last = Some((*measured, *turn));
        }
        for id in &page.rows.ids {
            let (low, high) = self.ids.unwrap_or((*id, *id));
            self.ids = Some((low.min(*id), high.max(*id)));
        }
        self.received = self.received.max(page.rows.received.iter().copied().max());
        self.rows += page.rows.len();
    }

    fn differs(&self, record: &Record) -> Option<&'static str> {
        let times = (Some(record.since), Some(record.until));
        let day = record.since.div_euclid(DAY) == record.until.div_euclid(DAY);
        if self.disorder || !day {
            return Some("its rows are not in the order of time");
        }
        if (self.first, self.last.map(|(measured, _)| measured)) != times {
            return Some("its rows were measured at other times");
        }
        if self.ids != Some((record.first_id, record.last_id)) {
            return Some("its rows have other ids");
        }
        if self.received != Some(record.received) || self.rows != record.rows {
            return Some("its rows arrived at other times, or are not as many");
        }
        None
    }
}

/// Ids that were met: one bit each, where there are any.
#[derive(Default)]
struct Ids(HashMap<u64, Box<[u64; 1024]>>);

impl Ids {
    /// Notes an id; returns whether it is new.
    fn insert(&mut self, id: u64) -> bool {
        let words = self.0.entry(id >> 16).or_insert_with(|| Box::new([0; 1024]));
        let word = usize::try_from(id >> 6 & 1023).expect("ten bits");
        let bit = 1 << (id & 63);
        let new = words[word] & bit == 0;
        words[word] |= bit;
        new
    }
}
