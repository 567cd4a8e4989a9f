//! What is given up with age, and what stays of it.
//!
//! In: how long to keep samples, minutes and quarters of an hour, counted from reception. Out:
//! blocks become summaries by the minute and the quarter of an hour, those become nothing, one
//! block or day at a step and each step one transaction. Freed pages are used again.

use crate::block::{self, Open};
use crate::encoding::{ChannelId, Malformed};
use crate::error::Error;
use crate::query::Failure;
use crate::rollup::{MINUTE, Rollup};
use crate::seal::{DAY, Measures};
use crate::values::Values;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::time::Duration;

/// How long what is kept, counted from reception; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Samples, with all their digits and texts.
    pub raw: Option<Duration>,
    /// Least, greatest, mean and count of each minute, made when the samples go.
    pub minute: Option<Duration>,
    /// The same of each quarter of an hour.
    pub quarter_hour: Option<Duration>,
}

/// The length of the intervals of a rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    QuarterHour,
    Minute,
}

/// The last arrival that is old enough to go.
fn before(now: i64, kept: Option<Duration>) -> Option<i64> {
    now.checked_sub(i64::try_from(kept?.as_micros()).ok()?)
}

/// Gives up the oldest thing that is due; returns whether there was one, with its rows.
pub(crate) fn step(
    connection: &Connection,
    (now, retention): (i64, Retention),
) -> Result<Option<usize>, Failure> {
    if let Some(before) = before(now, retention.raw) {
        let clause = "WHERE received < ?1 ORDER BY received LIMIT 1";
        if let Some(record) = block::records(connection, clause, [before])?.into_iter().next() {
            let rows = record.rows;
            give_up(connection, &Open::new(connection, record)?, (now, retention))?;
            return Ok(Some(rows));
        }
    }
    for (kept, minutes) in [(retention.minute, true), (retention.quarter_hour, false)] {
        let Some(before) = before(now, kept) else { continue };
        if forget(connection, before, minutes)? {
            return Ok(Some(0));
        }
    }
    Ok(None)
}

/// Puts what a block says into the rollups of its day, and deletes it.
fn give_up(
    connection: &Connection,
    open: &Open<'_>,
    (now, retention): (i64, Retention),
) -> Result<(), Failure> {
    let record = &open.record;
    let day = record.since.div_euclid(DAY);
    let due = |kept| before(now, kept).is_some_and(|before| record.received < before);
    let minutes = !due(retention.minute);
    let quarters = !due(retention.quarter_hour);
    let measures = Measures::load(connection)?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for (measure, rollup) in open.summaries()? {
        if quarters {
            merge(&transaction, key(record.list, day, (Unit::QuarterHour, measure)), &rollup)?;
        }
        if minutes {
            let pages = 0..open.layout.pages.len();
            let rollup = Values::read(open, (measure, &measures), pages)?.rollup(MINUTE);
            merge(&transaction, key(record.list, day, (Unit::Minute, measure)), &rollup)?;
        }
    }
    if minutes || quarters {
        transaction.execute(
            "INSERT INTO rolled (list, day, received, minutes) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (list, day) DO UPDATE SET received = max(received, excluded.received), \
             minutes = max(minutes, excluded.minutes)",
            params![record.list, day, record.received, minutes],
        )?;
    }
    block::delete(&transaction, record.id)?;
    transaction.commit()?;
    tracing::debug!(block = record.id, rows = record.rows, "samples given up");
    Ok(())
}

/// Forgets the rollups of the oldest day that is due.
fn forget(connection: &Connection, before: i64, minutes: bool) -> Result<bool, Failure> {
    let clause = if minutes { "minutes = 1 AND" } else { "" };
    let sql = format!(
        "SELECT list, day FROM rolled WHERE {clause} received < ?1 ORDER BY received LIMIT 1"
    );
    let due: Option<(i64, i64)> = connection
        .prepare_cached(&sql)?
        .query_row([before], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((list, day)) = due else { return Ok(false) };
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let first = if minutes { Unit::Minute } else { Unit::QuarterHour };
    transaction.execute(
        "DELETE FROM rollup WHERE id >= ?1 AND id < ?2",
        [key(list, day, (first, 0)), key(list, day + 1, (Unit::QuarterHour, 0))],
    )?;
    let sql = if minutes {
        "UPDATE rolled SET minutes = 0 WHERE list = ?1 AND day = ?2"
    } else {
        "DELETE FROM rolled WHERE list = ?1 AND day = ?2"
    };
    transaction.execute(sql, [list, day])?;
    transaction.commit()?;
    Ok(true)
}

/// The key of a rollup.
pub(crate) fn key(list: i64, day: i64, (unit, measure): (Unit, ChannelId)) -> i64 {
    let unit = i64::from(unit == Unit::Minute);
    (((list << 24) + day + (1 << 23)) * 2 + unit) * (1 << 17) + i64::from(measure)
}

/// The list, day, unit and channel of a key.
pub(crate) fn of_key(key: i64) -> (i64, i64, Unit, ChannelId) {
    let measure = ChannelId::try_from(key & ((1 << 17) - 1)).unwrap_or(0);
    let rest = key >> 17;
    let unit = if rest & 1 == 1 { Unit::Minute } else { Unit::QuarterHour };
    let day = ((rest >> 1) & ((1 << 24) - 1)) - (1 << 23);
    (rest >> 25, day, unit, measure)
}

/// The rollup with this key.
pub(crate) fn rollup<T>(
    connection: &Connection,
    key: i64,
    read: impl FnOnce(&[u8]) -> Result<T, Malformed>,
) -> Result<Option<T>, Failure> {
    let mut statement = connection.prepare_cached("SELECT data FROM rollup WHERE id = ?1")?;
    let mut rows = statement.query([key])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let blob = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
    let damaged = |Malformed(defect)| Error::Rollup { day: of_key(key).1, defect };
    Ok(Some(read(blob).map_err(damaged)?))
}

fn merge(connection: &Connection, key: i64, added: &Rollup) -> Result<(), Failure> {
    let mut merged = rollup(connection, key, Rollup::decode)?.unwrap_or_default();
    merged.merge(added);
    connection
        .prepare_cached("INSERT OR REPLACE INTO rollup (id, data) VALUES (?1, ?2)")?
        .execute(params![key, merged.encode()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_back_to_their_parts() {
        for list in [1, 16_384] {
            for day in [-719_162, -1, 0, 20_577, 2_932_896] {
                for unit in [Unit::Minute, Unit::QuarterHour] {
                    assert_eq!(of_key(key(list, day, (unit, 65_536))), (list, day, unit, 65_536));
                }
            }
        }
    }
}
