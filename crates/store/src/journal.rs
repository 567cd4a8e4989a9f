//! The journal: events of meters, appended in order, bounded for each meter.
//!
//! In: entries, and what was remembered to recognise them, in the batch that notes them. Out: the
//! entries of a meter, page by page. The oldest go when a meter has too many; those of links are
//! counted apart, since a link that comes and goes must not push out a meter's exchange. Refuses
//! nothing.

use crate::dictionary::Dictionary;
use crate::encoding::Malformed;
use crate::error::Error;
use crate::query::{Failure, rows_of, signed};
use reading::{
    JournalChange, JournalEntry, JournalKind, LinkCause, ListId, MeterId, Timestamp, Unit,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Most entries of one meter about its link, and most about all else.
pub const JOURNAL_ENTRIES_MAX: usize = 5_000;
/// Most entries of one answer.
pub const JOURNAL_PAGE_MAX: usize = 10_000;
/// Most changes that one entry tells.
pub const JOURNAL_CHANGES_MAX: usize = 64;

/// What is noted in one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalNotes {
    /// The events, in their order.
    pub entries: Vec<JournalEntry>,
    /// What must be remembered to recognise the next ones: a name, a text.
    pub states: Vec<(String, String)>,
}

/// A noted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedEntry {
    /// Its place in the journal: greater than every id before it, never used again.
    pub id: u64,
    /// The event.
    pub entry: JournalEntry,
}

/// In which order entries are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JournalOrder {
    /// As they were noted.
    #[default]
    OldestFirst,
    /// What was noted last comes first.
    NewestFirst,
}

/// Which entries of a meter to read, in the order of their ids or against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalQuery {
    /// The meter.
    pub meter: MeterId,
    /// Begun then or later.
    pub from: Option<Timestamp>,
    /// Begun before then.
    pub to: Option<Timestamp>,
    /// Behind the entry with this id, in the order that is asked for.
    pub after: Option<u64>,
    /// The order.
    pub order: JournalOrder,
    /// At most so many, and never more than [`JOURNAL_PAGE_MAX`].
    pub limit: usize,
}

/// Writes notes into the open transaction.
pub(crate) fn note(connection: &Connection, notes: &JournalNotes) -> rusqlite::Result<()> {
    for entry in &notes.entries {
        let meter = Dictionary::meter(connection, &entry.meter)?;
        insert(connection, meter, entry)?;
        bound(connection, meter, entry.kind.is_of_the_link())?;
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO journal_state (name, state) VALUES (?1, ?2) \
         ON CONFLICT (name) DO UPDATE SET state = excluded.state",
    )?;
    for (name, state) in &notes.states {
        statement.execute(params![name, state])?;
    }
    Ok(())
}

fn insert(connection: &Connection, meter: i64, entry: &JournalEntry) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO journal \
         (meter, kind, of_link, since, until, noted_at, list, cause, reason) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let id = statement.insert(params![
        meter,
        entry.kind.name(),
        entry.kind.is_of_the_link(),
        entry.at.as_micros(),
        entry.until.map(Timestamp::as_micros),
        entry.noted_at.as_micros(),
        entry.list.as_ref().map(ListId::as_str),
        entry.cause.map(LinkCause::name),
        entry.reason,
    ])?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO journal_change (entry, place, what, before, after, unit) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (place, change) in (0_i64..).zip(entry.changes.iter().take(JOURNAL_CHANGES_MAX)) {
        let JournalChange { what, before, after, unit } = change;
        statement.execute(params![id, place, what, before, after, unit])?;
    }
    Ok(())
}

/// Deletes what a meter has too much of.
fn bound(connection: &Connection, meter: i64, of_link: bool) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM journal WHERE meter = ?1 AND of_link = ?2 AND id <= (\
         SELECT id FROM journal WHERE meter = ?1 AND of_link = ?2 \
         ORDER BY id DESC LIMIT 1 OFFSET ?3)",
    )?;
    statement.execute(params![meter, of_link, rows_of(JOURNAL_ENTRIES_MAX)])?;
    Ok(())
}

/// The entries of a meter.
pub(crate) fn entries(
    connection: &Connection,
    query: &JournalQuery,
) -> Result<Vec<NotedEntry>, Failure> {
    let (behind, order, first) = match query.order {
        JournalOrder::OldestFirst => (">", "ASC", 0),
        JournalOrder::NewestFirst => ("<", "DESC", u64::MAX >> 1),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT journal.id, kind, since, until, noted_at, list, cause, reason \
         FROM journal JOIN meter ON meter.id = journal.meter \
         WHERE meter.name = ?1 AND journal.id {behind} ?2 AND since >= ?3 AND since < ?4 \
         ORDER BY journal.id {order} LIMIT ?5"
    ))?;
    let from = query.from.map_or(i64::MIN, Timestamp::as_micros);
    let to = query.to.map_or(i64::MAX, Timestamp::as_micros);
    let limit = query.limit.min(JOURNAL_PAGE_MAX);
    let asked = params![
        query.meter.as_str(),
        signed(query.after.unwrap_or(first)),
        from,
        to,
        rows_of(limit)
    ];
    let mut rows = statement.query(asked)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let changes = changes(connection, id)?;
        let entry = entry(row, &query.meter)?;
        let malformed = |Malformed(defect)| Error::JournalEntry { id, defect };
        let entry = JournalEntry { changes, ..entry.map_err(malformed)? };
        found.push(NotedEntry { id: id.cast_unsigned(), entry });
    }
    Ok(found)
}

/// When a meter, or a ratio of its transformers, was exchanged, in the order of time.
pub(crate) fn breaks(
    connection: &Connection,
    meter: &MeterId,
    (from, to): (Timestamp, Timestamp),
) -> rusqlite::Result<Vec<Timestamp>> {
    let mut statement = connection.prepare_cached(
        "SELECT since FROM journal JOIN meter ON meter.id = journal.meter \
         WHERE meter.name = ?1 AND of_link = 0 AND kind IN (?2, ?3) \
         AND since >= ?4 AND since < ?5 ORDER BY since",
    )?;
    let [exchanged, ratio] = [JournalKind::MeterExchanged, JournalKind::RatioChanged];
    let asked =
        params![meter.as_str(), exchanged.name(), ratio.name(), from.as_micros(), to.as_micros()];
    let rows = statement.query_map(asked, |row| row.get(0).map(Timestamp::from_micros))?;
    rows.collect()
}

fn entry(row: &Row<'_>, meter: &MeterId) -> rusqlite::Result<Result<JournalEntry, Malformed>> {
    let (kind, cause): (String, Option<String>) = (row.get(1)?, row.get(6)?);
    let Some(kind) = JournalKind::from_name(&kind) else {
        return Ok(Err(Malformed("its kind is unknown")));
    };
    let list: Option<String> = row.get(5)?;
    Ok(Ok(JournalEntry {
        meter: meter.clone(),
        kind,
        at: Timestamp::from_micros(row.get(2)?),
        until: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros),
        noted_at: Timestamp::from_micros(row.get(4)?),
        list: list.as_deref().map(ListId::new),
        // A word of a later version says no less without its cause.
        cause: cause.as_deref().and_then(LinkCause::from_name),
        reason: row.get(7)?,
        changes: Vec::new(),
    }))
}

fn changes(connection: &Connection, entry: i64) -> rusqlite::Result<Vec<JournalChange>> {
    let mut statement = connection.prepare_cached(
        "SELECT what, before, after, unit FROM journal_change WHERE entry = ?1 ORDER BY place",
    )?;
    let rows = statement.query_map([entry], |row| {
        let unit: Option<String> = row.get(3)?;
        let unit = unit.as_deref().map(|unit| {
            if unit == SECONDS { SECONDS } else { Unit::from_symbol(unit).map_or("", Unit::symbol) }
        });
        Ok(JournalChange { what: row.get(0)?, before: row.get(1)?, after: row.get(2)?, unit })
    })?;
    rows.collect()
}

/// The unit of clocks, which is no register's.
const SECONDS: &str = "s";

/// What was remembered under a name.
pub(crate) fn state(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let mut statement =
        connection.prepare_cached("SELECT state FROM journal_state WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).optional()
}
