//! Sealed rows: a block in the tables `block`, `piece` and `summary`.
//!
//! In: pieces and summaries, encoded. Out: rows of those tables, and back, page by page. A piece's
//! key is its block's number × 2^20 + its own, a summary's the same with the channel that stands
//! for the quantity: the parts of a block lie side by side, and a new block at the end.

use crate::column::Column;
use crate::encoding::{ChannelId, Malformed};
use crate::error::Error;
use crate::layout::Layout;
use crate::query::Failure;
use crate::rollup::Rollup;
use crate::rows::{self, Marks, SLOTS};
use reading::MeterTime;
use rusqlite::{Connection, Row as SqlRow, params};
use std::ops::Range;

/// Numbers of pieces and of quantities inside a block.
const PARTS: i64 = 1 << 20;

/// How much time a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// Rows of one hour of measurement.
    Hour,
    /// Rows of one day of measurement, in UTC.
    Day,
}

/// The row of a block in the table `block`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) list: i64,
    pub(crate) span: Span,
    /// First and last time of measurement. **Unit** µs.
    pub(crate) since: i64,
    pub(crate) until: i64,
    pub(crate) rows: usize,
    pub(crate) first_id: i64,
    pub(crate) last_id: i64,
    /// The last arrival. **Unit** µs.
    pub(crate) received: i64,
    pub(crate) layout: Vec<u8>,
}

/// The columns that [`Record::read`] expects.
pub(crate) const COLUMNS: &str =
    "id, list, span, since, until, rows, first_id, last_id, received, layout";

impl Record {
    pub(crate) fn read(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
        let span: i64 = row.get(2)?;
        let rows: i64 = row.get(5)?;
        Ok(Self {
            id: row.get(0)?,
            list: row.get(1)?,
            span: if span == 0 { Span::Hour } else { Span::Day },
            since: row.get(3)?,
            until: row.get(4)?,
            rows: usize::try_from(rows).unwrap_or(0),
            first_id: row.get(6)?,
            last_id: row.get(7)?,
            received: row.get(8)?,
            layout: row.get(9)?,
        })
    }

    /// A damage of this block.
    pub(crate) fn damaged(&self, Malformed(defect): Malformed) -> Failure {
        Error::Block { id: self.id, defect }.into()
    }
}

/// The blocks that a clause of SQL chooses.
pub(crate) fn records(
    connection: &Connection,
    clause: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Record>> {
    let sql = format!("SELECT {COLUMNS} FROM block {clause}");
    connection.prepare_cached(&sql)?.query_map(parameters, Record::read)?.collect()
}

/// The blocks of a list that may hold rows measured in `from..to`.
pub(crate) fn of_time(
    connection: &Connection,
    list: i64,
    (from, to): (i64, i64),
) -> rusqlite::Result<Vec<Record>> {
    // No block holds more than a day, so none that begins a day before reaches the range.
    let earliest = from.saturating_sub(crate::seal::DAY);
    let clause = "WHERE list = ?1 AND since >= ?2 AND since < ?3 AND until >= ?4 ORDER BY since";
    records(connection, clause, params![list, earliest, to, from])
}

/// A block that is ready to be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Its row; the number is given when it is written.
    pub(crate) record: Record,
    pub(crate) pieces: Vec<(u32, Vec<u8>)>,
    pub(crate) summaries: Vec<(ChannelId, Rollup)>,
}

impl Prepared {
    /// Writes the block; returns its number.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<i64> {
        let Record { list, span, since, until, first_id, last_id, received, layout, .. } =
            &self.record;
        let span: i64 = if *span == Span::Hour { 0 } else { 1 };
        let rows = i64::try_from(self.record.rows).expect("a block has few rows");
        connection
            .prepare_cached(
                "INSERT INTO block \
                 (list, span, since, until, rows, first_id, last_id, received, layout) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                list, span, since, until, rows, first_id, last_id, received, layout
            ])?;
        let id = connection.last_insert_rowid();
        let mut piece =
            connection.prepare_cached("INSERT INTO piece (id, data) VALUES (?1, ?2)")?;
        for (number, data) in &self.pieces {
            piece.execute(params![key(id, *number), data])?;
        }
        let mut summary =
            connection.prepare_cached("INSERT INTO summary (id, data) VALUES (?1, ?2)")?;
        for (measure, rollup) in &self.summaries {
            summary.execute(params![key(id, *measure), rollup.encode()])?;
        }
        Ok(id)
    }
}

/// Deletes a block with all its parts.
pub(crate) fn delete(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM piece WHERE id >= ?1 AND id < ?2",
        "DELETE FROM summary WHERE id >= ?1 AND id < ?2",
    ] {
        connection.prepare_cached(sql)?.execute([key(id, 0), key(id + 1, 0)])?;
    }
    connection.prepare_cached("DELETE FROM block WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn key(block: i64, part: u32) -> i64 {
    block * PARTS + i64::from(part)
}

/// A part of a block that is not there.
const MISSING: Malformed = Malformed("a part of it is missing");

/// A block that is being read.
pub(crate) struct Open<'a> {
    connection: &'a Connection,
    pub(crate) record: Record,
    pub(crate) layout: Layout,
    pub(crate) marks: Marks,
}

impl<'a> Open<'a> {
    pub(crate) fn new(connection: &'a Connection, record: Record) -> Result<Self, Failure> {
        let layout = Layout::decode(&record.layout).map_err(|defect| record.damaged(defect))?;
        let mut open = Self { connection, record, layout, marks: Marks::default() };
        if open.layout.pages.iter().sum::<usize>() != open.record.rows {
            return Err(open.record.damaged(Malformed("its pages do not add up")));
        }
        open.marks = open.piece(rows::MARKS, |blob| Marks::decode(blob, &open.layout.pages))?;
        let shapes = open.layout.shapes.len();
        let known = |shape: &i64| usize::try_from(*shape).is_ok_and(|shape| shape < shapes);
        if !open.marks.shapes.iter().all(known) {
            return Err(open.record.damaged(Malformed("a row has a shape that is not there")));
        }
        Ok(open)
    }

    /// A piece, read in place.
    fn piece<T>(
        &self,
        number: u32,
        read: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, Failure> {
        let mut statement =
            self.connection.prepare_cached("SELECT data FROM piece WHERE id = ?1")?;
        let mut rows = statement.query([key(self.record.id, number)])?;
        let row = rows.next()?.ok_or_else(|| self.record.damaged(MISSING))?;
        let blob = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        read(blob).map_err(|defect| self.record.damaged(defect))
    }

    fn single(&self, number: u32, wanted: Range<usize>) -> Result<Vec<i64>, Failure> {
        self.piece(number, |blob| rows::single(blob, &self.layout.pages, wanted))
    }

    pub(crate) fn measured(&self, wanted: Range<usize>) -> Result<Vec<i64>, Failure> {
        self.single(rows::MEASURED, wanted)
    }

    pub(crate) fn ids(&self, wanted: Range<usize>) -> Result<Vec<i64>, Failure> {
        self.single(rows::IDS, wanted)
    }

    /// The arrivals of rows that were measured at `measured`.
    pub(crate) fn received(
        &self,
        wanted: Range<usize>,
        measured: &[i64],
    ) -> Result<Vec<i64>, Failure> {
        let mut times = self.single(rows::RECEIVED, wanted)?;
        for (time, measured) in times.iter_mut().zip(measured) {
            *time = time.wrapping_add(*measured);
        }
        Ok(times)
    }

    pub(crate) fn clocks(
        &self,
        wanted: Range<usize>,
        measured: &[i64],
    ) -> Result<Vec<Option<MeterTime>>, Failure> {
        let pages = &self.layout.pages;
        self.piece(rows::CLOCKS, |blob| rows::clocks(blob, pages, (wanted, measured)))
    }

    /// The cells of a slot in the wanted pages.
    pub(crate) fn column(&self, slot: u32, wanted: Range<usize>) -> Result<Column, Failure> {
        let cells = self.layout.cells(slot, &self.marks.shapes);
        self.piece(SLOTS + slot, |blob| Column::decode(blob, &cells, wanted))
    }

    /// Every summary, by the channel that stands for its quantity.
    pub(crate) fn summaries(&self) -> Result<Vec<(ChannelId, Rollup)>, Failure> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, data FROM summary WHERE id >= ?1 AND id < ?2")?;
        let id = self.record.id;
        let mut rows = statement.query([key(id, 0), key(id + 1, 0)])?;
        let mut summaries = Vec::new();
        while let Some(row) = rows.next()? {
            let measure = ChannelId::try_from(row.get::<_, i64>(0)? % PARTS);
            let measure = measure.map_err(|_| self.record.damaged(MISSING))?;
            let blob = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            let rollup = Rollup::decode(blob).map_err(|defect| self.record.damaged(defect))?;
            summaries.push((measure, rollup));
        }
        Ok(summaries)
    }
}

/// The summaries of a quantity in a block; `None` when no row has a usable value of it.
pub(crate) fn summary<T>(
    connection: &Connection,
    record: &Record,
    (measure, read): (ChannelId, impl FnOnce(&[u8]) -> Result<T, Malformed>),
) -> Result<Option<T>, Failure> {
    let mut statement = connection.prepare_cached("SELECT data FROM summary WHERE id = ?1")?;
    let mut rows = statement.query([key(record.id, measure)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let blob = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
    read(blob).map(Some).map_err(|defect| record.damaged(defect))
}
