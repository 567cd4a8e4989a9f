//! Whole samples, from the head and from blocks alike.
//!
//! In: a meter or all, a range of time, an id to go on from. Out: samples in the order of their
//! ids, page by page. Of a block only the pages that hold asked rows are decoded whole.

use crate::batch::Sample;
use crate::block::{self, Open};
use crate::dictionary;
use crate::page::Page;
use crate::query::{
    self, COLUMNS, Failure, Restorer, SAMPLES_MAX, SampleQuery, last_id, rows, rows_of, signed,
};
use reading::Timestamp;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// How far behind the newest sample a page may begin and still be read straight through.
const STRAIGHT_MAX: u64 = 20_000;

/// The samples of all meters after an id.
pub(crate) fn samples_after(
    connection: &Connection,
    id: u64,
    limit: usize,
) -> Result<Vec<Sample>, Failure> {
    let limit = limit.min(SAMPLES_MAX);
    let sql = format!("SELECT {COLUMNS} FROM sample WHERE id > ?1 ORDER BY id LIMIT ?2");
    let head = rows(connection, &sql, params![signed(id), rows_of(limit)])?;
    let blocks = starts(connection, "WHERE last_id > ?1", [signed(id)])?;
    let asked = Asked { after: signed(id), range: None, limit };
    asked.merged(connection, &head, blocks)
}

/// The samples of one meter.
pub(crate) fn samples(
    connection: &Connection,
    query: &SampleQuery,
) -> Result<Vec<Sample>, Failure> {
    let after = query.after.unwrap_or(0);
    let limit = query.limit.min(SAMPLES_MAX);
    let straight =
        query.from.is_none() && last_id(connection)?.saturating_sub(after) <= STRAIGHT_MAX;
    // Near the end the table is read as it lies. Elsewhere the key finds the ids, however many
    // samples of other meters and times lie between them. A `+` keeps SQLite from the other way.
    let [list, measured_at, id] =
        if straight { ["+list", "+measured_at", "id"] } else { ["list", "measured_at", "+id"] };
    let of_meter = "(SELECT id FROM list WHERE meter = (SELECT id FROM meter WHERE name = ?1))";
    let chosen = format!(
        "SELECT id FROM sample WHERE {list} IN {of_meter} \
         AND {measured_at} >= ?2 AND {measured_at} < ?3 AND {id} > ?4 ORDER BY id LIMIT ?5"
    );
    let sql = format!("SELECT {COLUMNS} FROM sample WHERE id IN ({chosen}) ORDER BY id");
    let from = query.from.map_or(i64::MIN, Timestamp::as_micros);
    let to = query.to.map_or(i64::MAX, Timestamp::as_micros);
    let parameters = params![query.meter.as_str(), from, to, signed(after), rows_of(limit)];
    let head = rows(connection, &sql, parameters)?;
    let clause =
        format!("WHERE list IN {of_meter} AND until >= ?2 AND since < ?3 AND last_id > ?4");
    let parameters = params![query.meter.as_str(), from, to, signed(after)];
    let blocks = starts(connection, &clause, parameters)?;
    let asked = Asked { after: signed(after), range: Some((from, to)), limit };
    asked.merged(connection, &head, blocks)
}

/// The blocks that a clause chooses, as first id and number, in the order of first ids.
fn starts(
    connection: &Connection,
    clause: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let sql = format!("SELECT first_id, id FROM block {clause}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut starts: Vec<_> = rows.collect::<Result<_, _>>()?;
    starts.sort_unstable();
    Ok(starts)
}

/// Which rows are asked.
struct Asked {
    after: i64,
    range: Option<(i64, i64)>,
    limit: usize,
}

/// A sealed row that may be part of the answer: its id, its block, its place there.
type Candidate = (i64, i64, usize);

impl Asked {
    /// The first rows by id among those of the head and those of the blocks.
    fn merged(
        &self,
        connection: &Connection,
        head: &[query::StoredRow],
        blocks: Vec<(i64, i64)>,
    ) -> Result<Vec<Sample>, Failure> {
        if self.limit == 0 || (head.is_empty() && blocks.is_empty()) {
            return Ok(Vec::new());
        }
        let mut sealed = self.candidates(connection, blocks)?;
        let restorer = Restorer::load(connection)?;
        let mut ids: Vec<i64> = head.iter().map(|row| row.id.cast_signed()).collect();
        ids.extend(sealed.iter().map(|(id, ..)| *id));
        ids.sort_unstable();
        let last = ids.get(self.limit - 1).copied().unwrap_or(i64::MAX);
        sealed.retain(|(id, ..)| *id <= last);
        let head = head.iter().filter(|row| row.id.cast_signed() <= last);
        let mut samples: Vec<Sample> =
            head.map(|row| restorer.sample(row)).collect::<Result<_, _>>()?;
        restore(connection, (&restorer, &sealed), &mut samples)?;
        samples.sort_by_key(|sample| sample.id);
        Ok(samples)
    }

    fn candidates(
        &self,
        connection: &Connection,
        blocks: Vec<(i64, i64)>,
    ) -> Result<Vec<Candidate>, Failure> {
        let mut candidates: Vec<Candidate> = Vec::new();
        for (first_id, block) in blocks {
            if candidates.len() >= self.limit {
                // Only the first ones count; a block that begins behind them adds nothing.
                candidates.select_nth_unstable(self.limit - 1);
                candidates.truncate(self.limit);
                if candidates[self.limit - 1].0 < first_id {
                    break;
                }
            }
            let record = block::records(connection, "WHERE id = ?1", [block])?.pop();
            let Some(record) = record else { continue };
            let open = Open::new(connection, record)?;
            let range = self.range.unwrap_or((i64::MIN, i64::MAX));
            let pages = open.layout.pages_of(range);
            let first = open.layout.rows(pages.clone()).start;
            let whole = open.record.since >= range.0 && open.record.until < range.1;
            let ids = open.ids(pages.clone())?;
            let times = if whole { Vec::new() } else { open.measured(pages)? };
            let within =
                |row: usize| times.get(row).is_none_or(|time| *time >= range.0 && *time < range.1);
            let rows = ids.iter().enumerate();
            let asked = rows.filter(|(row, id)| **id > self.after && within(*row));
            candidates.extend(asked.map(|(row, id)| (*id, block, first + row)));
        }
        candidates.sort_unstable();
        candidates.truncate(self.limit);
        Ok(candidates)
    }
}

/// Adds the samples of sealed rows.
fn restore(
    connection: &Connection,
    (restorer, sealed): (&Restorer, &[Candidate]),
    samples: &mut Vec<Sample>,
) -> Result<(), Failure> {
    let mut blocks: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (_, block, row) in sealed {
        blocks.entry(*block).or_default().push(*row);
    }
    for (block, mut rows) in blocks {
        rows.sort_unstable();
        let record = block::records(connection, "WHERE id = ?1", [block])?.pop();
        let Some(record) = record else { continue };
        let open = Open::new(connection, record)?;
        for page in 0..open.layout.pages.len() {
            let part = open.layout.rows(page..page + 1);
            let start = rows.partition_point(|row| *row < part.start);
            let stop = rows.partition_point(|row| *row < part.end);
            if start == stop {
                continue;
            }
            let decoded = Page::load(&open, page..page + 1)?;
            for row in &rows[start..stop] {
                samples.push(restorer.sealed(&decoded, row - part.start)?);
            }
        }
    }
    Ok(())
}

/// The newest samples of every list by time, at most `depth` each, and the newest of all by id,
/// at most `straight`; in the order of ids. The two differ when a clock was wrong. What cannot be
/// read is left out and logged: one rotten row must not keep the meters from being read.
pub(crate) fn look_back(
    connection: &Connection,
    depth: usize,
    straight: usize,
) -> rusqlite::Result<Vec<Sample>> {
    let restorer = Restorer::load(connection)?;
    let mut found = Vec::new();
    let by_time = format!(
        "SELECT {COLUMNS} FROM sample \
         WHERE list = ?1 ORDER BY measured_at DESC, turn DESC LIMIT ?2"
    );
    let by_id = format!("SELECT {COLUMNS} FROM sample ORDER BY id DESC LIMIT ?1");
    let mut head = rows(connection, &by_id, params![rows_of(straight)])?;
    let missing = straight.saturating_sub(head.len());
    for (list, ..) in dictionary::lists(connection)? {
        let newest = rows(connection, &by_time, params![list, rows_of(depth)])?;
        let missing = depth - newest.len();
        head.extend(newest);
        if missing > 0 {
            readable(newest_sealed(connection, (list, missing), &restorer), &mut found)?;
        }
    }
    for row in &head {
        let sample = restorer.sample(row).map(|sample| vec![sample]);
        readable(sample.map_err(Failure::from), &mut found)?;
    }
    if missing > 0 {
        let after = last_id(connection)?.saturating_sub(straight as u64);
        readable(samples_after(connection, after, straight), &mut found)?;
    }
    found.sort_by_key(|sample| sample.id);
    found.dedup_by_key(|sample| sample.id);
    Ok(found)
}

fn readable(
    samples: Result<Vec<Sample>, Failure>,
    found: &mut Vec<Sample>,
) -> rusqlite::Result<()> {
    match samples {
        Ok(samples) => found.extend(samples),
        Err(Failure::Sqlite(error)) => return Err(error),
        Err(Failure::Other(error)) => tracing::error!(%error, "left out of the latest values"),
    }
    Ok(())
}

/// The newest sealed samples of a list by time.
fn newest_sealed(
    connection: &Connection,
    (list, count): (i64, usize),
    restorer: &Restorer,
) -> Result<Vec<Sample>, Failure> {
    let clause = "WHERE list = ?1 ORDER BY since DESC LIMIT 1";
    let Some(record) = block::records(connection, clause, [list])?.pop() else {
        return Ok(Vec::new());
    };
    let open = Open::new(connection, record)?;
    let last = open.layout.pages.len();
    let page = Page::load(&open, last.saturating_sub(1)..last)?;
    let rows = page.rows.len();
    let newest = rows.saturating_sub(count)..rows;
    let samples: Result<Vec<_>, _> = newest.map(|row| restorer.sealed(&page, row)).collect();
    Ok(samples?)
}
