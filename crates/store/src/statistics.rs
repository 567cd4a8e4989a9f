//! How much is stored, since when, and in which form.

use crate::dictionary;
use crate::query::Failure;
use crate::seal::DAY;
use reading::{MeterId, Timestamp};
use rusqlite::{Connection, params};

/// How much is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Size of the database file, without its log. **Unit** bytes.
    pub file_bytes: u64,
    /// Of it, room that is free for what comes. **Unit** bytes.
    pub free_bytes: u64,
    /// Samples that are not sealed yet.
    pub head_samples: u64,
    /// Samples in blocks.
    pub sealed_samples: u64,
    /// Blocks of an hour or less.
    pub hour_blocks: u64,
    /// Blocks of a day.
    pub day_blocks: u64,
    /// Days, of one list each, of which only summaries are left, wholly or in part.
    pub summarised_days: u64,
    /// The oldest measurement that is kept with all its digits; `None` in an empty store.
    pub kept_from: Option<Timestamp>,
}

pub(crate) fn statistics(connection: &Connection) -> Result<Statistics, Failure> {
    let number = |sql: &str| {
        let number = connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
        number.map(|number| u64::try_from(number).unwrap_or(0))
    };
    let page = number("PRAGMA page_size")?;
    let mut kept_from: Option<i64> = None;
    for (list, ..) in dictionary::lists(connection)? {
        let (first, _) = times(connection, list)?;
        kept_from = [kept_from, first].into_iter().flatten().min();
    }
    let sealed = |span: i64| {
        let sql = "SELECT count(*), coalesce(sum(rows), 0) FROM block WHERE span = ?1";
        connection.prepare_cached(sql)?.query_row([span], |row| {
            let of = |index| row.get::<_, i64>(index).map(|n| u64::try_from(n).unwrap_or(0));
            Ok((of(0)?, of(1)?))
        })
    };
    let (hours, days): ((u64, u64), (u64, u64)) = (sealed(0)?, sealed(1)?);
    Ok(Statistics {
        file_bytes: number("PRAGMA page_count")? * page,
        free_bytes: number("PRAGMA freelist_count")? * page,
        head_samples: number("SELECT count(*) FROM sample")?,
        sealed_samples: hours.1 + days.1,
        hour_blocks: hours.0,
        day_blocks: days.0,
        summarised_days: number("SELECT count(*) FROM rolled")?,
        kept_from: kept_from.map(Timestamp::from_micros),
    })
}

/// The oldest and the newest measurement of a meter; where only summaries are left, the begin and
/// the end of their day.
pub(crate) fn extent(
    connection: &Connection,
    meter: &MeterId,
) -> Result<Option<(Timestamp, Timestamp)>, Failure> {
    let (mut first, mut last): (Option<i64>, Option<i64>) = (None, None);
    for (list, of, _) in dictionary::lists(connection)? {
        if of != *meter {
            continue;
        }
        let raw = times(connection, list)?;
        let sql = "SELECT min(day), max(day) FROM rolled WHERE list = ?1";
        let days: (Option<i64>, Option<i64>) = connection
            .prepare_cached(sql)?
            .query_row([list], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let days = (days.0.map(|day| day * DAY), days.1.map(|day| (day + 1) * DAY - 1));
        first = [first, raw.0, days.0].into_iter().flatten().min();
        last = [last, raw.1, days.1].into_iter().flatten().max();
    }
    let time = Timestamp::from_micros;
    Ok(first.zip(last).map(|(first, last)| (time(first), time(last))))
}

/// The first and the last time of measurement of a list that is kept raw.
fn times(connection: &Connection, list: i64) -> rusqlite::Result<(Option<i64>, Option<i64>)> {
    let time = |sql: &str| {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row(params![list], |row| row.get::<_, Option<i64>>(0))
    };
    let first = [
        time("SELECT min(measured_at) FROM sample WHERE list = ?1")?,
        time("SELECT min(since) FROM block WHERE list = ?1")?,
    ];
    let sealed = "SELECT max(until) FROM block WHERE list = ?1 AND since >= \
         (SELECT max(since) FROM block WHERE list = ?1) - 86400000000";
    let last = [time("SELECT max(measured_at) FROM sample WHERE list = ?1")?, time(sealed)?];
    Ok((first.into_iter().flatten().min(), last.into_iter().flatten().max()))
}
