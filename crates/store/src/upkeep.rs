//! What the store's thread does between commits: sealing, compaction, giving up what is old.
//!
//! In: which rows were committed. Out: steps, each short and each one transaction or none. Time is
//! the last arrival: the store knows no clock. While nobody appends, steps follow each other;
//! while many do, every commit earns the steps that keep the head small.
//!
//! An hour of a list is sealed a minute after its end, or an hour after its last arrival when its
//! clock is ahead; earlier when it grows beyond one block. Fewer than [`SEAL_ROWS_MIN`] rows wait
//! for their day to be old: a block of a few rows would be larger than the rows. A day becomes one
//! block two days after its end.

use crate::age::Age;
use crate::compact::{Compaction, DAY_ROWS_MAX, Step};
use crate::layout::HOUR;
use crate::query::Failure;
use crate::retention::{self, Retention};
use crate::seal::{self, DAY, Measures, SEAL_ROWS_MAX};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::collections::BTreeMap;
use std::ops::Bound;

/// How long a past hour waits for late telegrams. **Unit** µs of arrival.
const QUIET: i64 = 60_000_000;
/// Age at which a day becomes one block. **Unit** µs.
const DAYS_OPEN: i64 = 2 * DAY;
/// How long late rows wait for more of their kind before a day's block is written anew.
const LATE_WAIT: i64 = 6 * HOUR;
/// A day's block is written anew at once when so many late rows came, as a part of its own.
const LATE_PART: usize = 8;
/// Fewest rows worth a block before their day is old.
const SEAL_ROWS_MIN: usize = 16;
/// How often the age of everything is looked at. **Unit** µs of arrival.
const LOOK_EVERY: i64 = 30_000_000;
/// Rows after which it is looked at sooner.
const LOOK_ROWS: usize = 2048;
/// Free pages that are kept for the next hours: 2 MiB.
const FREE_PAGES_MAX: i64 = 512;
/// Most pages given back at a step.
const RELEASED_PAGES_MAX: i64 = 128;
/// SQLite's number for a file whose free pages can be given back.
const INCREMENTAL: i64 = 2;
/// Rows of upkeep that each appended row earns: it is sealed once and compacted once.
const EARNED: usize = 3;

/// Where the time that retention counts from is kept over a restart, and how.
const PROVED: &str = "store/proved_time";
const NOTE: &str = "INSERT INTO memory (key, value) VALUES (?1, ?2) \
                    ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// A row that was committed to the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) list: i64,
    pub(crate) measured_at: i64,
    pub(crate) received_at: i64,
}

/// Rows of one list and hour in the head.
#[derive(Debug, Clone, Copy)]
struct Group {
    rows: usize,
    received: i64,
}

/// Blocks of hours of one list and day.
#[derive(Debug, Clone, Copy)]
struct Hours {
    rows: usize,
    /// The last arrival among their rows.
    received: i64,
}

/// What there is to do.
#[derive(Debug)]
pub(crate) struct Upkeep {
    retention: Retention,
    /// By list and hour.
    groups: BTreeMap<(i64, i64), Group>,
    /// By list and day.
    hours: BTreeMap<(i64, i64), Hours>,
    compaction: Option<((i64, i64), Compaction)>,
    /// The last arrival.
    now: i64,
    /// The time that retention counts from.
    age: Age,
    /// That time as the file has it.
    noted: i64,
    /// When to look again, and after how many rows.
    look_at: i64,
    unseen: usize,
    credit: usize,
    /// Nothing is done until the next commit: the disk refused.
    paused: bool,
    /// Upkeep sealed up to here, by list; for whoever looks for duplicates.
    pub(crate) sealed: Vec<(i64, i64)>,
}

impl Upkeep {
    /// What the file has to be done.
    pub(crate) fn load(connection: &Connection, retention: Retention) -> rusqlite::Result<Self> {
        let now = now(connection)?;
        let mut groups: BTreeMap<(i64, i64), Group> = BTreeMap::new();
        let mut statement = connection.prepare("SELECT list, measured_at FROM sample")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = (row.get(0)?, row.get::<_, i64>(1)?.div_euclid(HOUR));
            groups.entry(key).or_insert(Group { rows: 0, received: now }).rows += 1;
        }
        let mut hours: BTreeMap<(i64, i64), Hours> = BTreeMap::new();
        let mut statement =
            connection.prepare("SELECT list, since, rows FROM block WHERE span = 0")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = (row.get(0)?, row.get::<_, i64>(1)?.div_euclid(DAY));
            let count = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            hours.entry(key).or_insert(Hours { rows: 0, received: now }).rows += count;
        }
        let proved = connection
            .query_row("SELECT value FROM memory WHERE key = ?1", [PROVED], |row| row.get(0))
            .optional()?;
        Ok(Self {
            retention,
            groups,
            hours,
            compaction: None,
            now,
            age: Age::since(proved),
            noted: proved.unwrap_or(i64::MIN),
            look_at: i64::MIN,
            unseen: 0,
            credit: 0,
            paused: false,
            sealed: Vec::new(),
        })
    }

    /// Rows were committed.
    pub(crate) fn note(&mut self, rows: &[Noted]) {
        self.paused = false;
        for row in rows {
            self.now = self.now.max(row.received_at);
            self.age.take(row.received_at);
            let key = (row.list, row.measured_at.div_euclid(HOUR));
            let group = self.groups.entry(key).or_insert(Group { rows: 0, received: i64::MIN });
            group.rows += 1;
            group.received = group.received.max(row.received_at);
        }
        self.unseen += rows.len();
        // Credit that nobody needs must not become a long pause later.
        self.credit = (self.credit + EARNED * rows.len()).min(EARNED * DAY_ROWS_MAX);
    }

    /// Looks at everything with the next step, however little time has passed.
    pub(crate) fn look(&mut self) {
        self.look_at = i64::MIN;
    }

    /// Does a step, if one is due; returns whether there was one.
    pub(crate) fn idle_step(&mut self, connection: &Connection) -> bool {
        self.attempt(connection).is_some()
    }

    /// Does the steps that the last commits earned.
    pub(crate) fn busy_steps(&mut self, connection: &Connection) {
        while self.credit > SEAL_ROWS_MAX {
            match self.attempt(connection) {
                Some(rows) => self.credit = self.credit.saturating_sub(rows.max(1)),
                None => {
                    self.credit = 0;
                    return;
                }
            }
        }
    }

    /// One step; returns the rows it was worth, `None` when nothing was due or it failed.
    fn attempt(&mut self, connection: &Connection) -> Option<usize> {
        let looked = self.look_at <= self.now || self.unseen >= LOOK_ROWS;
        if self.paused || !(looked || self.compaction.is_some()) {
            return None;
        }
        match self.step(connection) {
            Ok(None) => {
                self.look_at = self.now.saturating_add(LOOK_EVERY);
                self.unseen = 0;
                None
            }
            Ok(done) => done,
            Err(failure) => {
                // Everything is as it was before the step.
                self.compaction = None;
                self.paused = true;
                let error = match failure {
                    Failure::Sqlite(error) => error.to_string(),
                    Failure::Other(error) => error.to_string(),
                };
                tracing::warn!(error, "sealing waits: samples stay as they are");
                None
            }
        }
    }

    fn step(&mut self, connection: &Connection) -> Result<Option<usize>, Failure> {
        if let Some((key, mut compaction)) = self.compaction.take() {
            let cost = compaction.cost();
            match compaction.step(connection)? {
                Step::More => self.compaction = Some((key, compaction)),
                Step::Done => {
                    self.hours.remove(&key);
                }
            }
            return Ok(Some(cost));
        }
        if let Some(key) = self.due_group() {
            return self.seal(connection, key).map(Some);
        }
        if let Some(key) = self.due_day(connection)? {
            match Compaction::begin(connection, key) {
                Ok(Some(compaction)) => self.compaction = Some((key, compaction)),
                Ok(None) => {
                    self.hours.remove(&key);
                }
                Err(failure) => {
                    // One damaged day must not keep the others from being compacted.
                    self.hours.remove(&key);
                    return Err(failure);
                }
            }
            return Ok(Some(0));
        }
        if let Some(now) = self.age.now() {
            if now.saturating_sub(self.noted) >= HOUR {
                connection.execute(NOTE, (PROVED, now))?;
                self.noted = now;
            }
            let given_up = retention::step(connection, (now, self.retention))?;
            if given_up.is_some() {
                return Ok(given_up);
            }
        }
        Ok(release(connection)?.then_some(0))
    }

    fn seal(&mut self, connection: &Connection, key: (i64, i64)) -> Result<usize, Failure> {
        let (list, hour) = key;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let measures = Measures::load(&transaction)?;
        let range = (list, hour.saturating_mul(HOUR), (hour + 1).saturating_mul(HOUR));
        let sealed = seal::seal(&transaction, range, &measures)?;
        transaction.commit()?;
        let group = self.groups.get_mut(&key);
        let (rest, received) = group.map_or((0, self.now), |group| {
            group.rows = group.rows.saturating_sub(sealed.rows);
            (group.rows, group.received)
        });
        // What cannot be sealed stays, and is not looked at again before the next start.
        if rest == 0 || sealed.looked_at < SEAL_ROWS_MAX || sealed.rows == 0 {
            self.groups.remove(&key);
        }
        if let Some(until) = sealed.until {
            let day = (list, hour.saturating_mul(HOUR).div_euclid(DAY));
            let hours = self.hours.entry(day).or_insert(Hours { rows: 0, received: i64::MIN });
            hours.rows += sealed.rows;
            hours.received = hours.received.max(received);
            self.sealed.push((list, until));
        }
        Ok(sealed.looked_at)
    }

    fn due_group(&self) -> Option<(i64, i64)> {
        self.groups.iter().find(|(key, group)| self.is_due(**key, **group)).map(|(key, _)| *key)
    }

    fn is_due(&self, (list, hour): (i64, i64), group: Group) -> bool {
        let end = (hour + 1).saturating_mul(HOUR);
        let day_end = (end - 1).div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
        let past = |time: i64, wait: i64| time.saturating_add(wait) <= self.now;
        if group.rows >= SEAL_ROWS_MAX {
            return true;
        }
        let closed = past(end, QUIET) || past(group.received, HOUR);
        let later = (Bound::Excluded((list, hour)), Bound::Included((list, i64::MAX)));
        let quiet = past(group.received, QUIET) || self.groups.range(later).next().is_some();
        let old = past(day_end, DAYS_OPEN) || past(group.received, DAYS_OPEN);
        // A few late rows of an old day wait until its block is worth being written anew.
        let worth = group.rows >= SEAL_ROWS_MIN || (old && past(group.received, LATE_WAIT));
        closed && quiet && worth
    }

    fn due_day(&self, connection: &Connection) -> Result<Option<(i64, i64)>, Failure> {
        for (key, hours) in &self.hours {
            let (list, day) = *key;
            let end = (day + 1).saturating_mul(DAY);
            let past = |time: i64, wait: i64| time.saturating_add(wait) <= self.now;
            let old = past(end, DAYS_OPEN) || past(hours.received, DAYS_OPEN);
            let later = (Bound::Excluded((list, day)), Bound::Included((list, i64::MAX)));
            let grows = (list, day * 24)..(list, (day + 1) * 24);
            let quiet = past(hours.received, QUIET)
                || (self.hours.range(later).next().is_some()
                    && self.groups.range(grows).next().is_none());
            if !(old && quiet) {
                continue;
            }
            let late = past(hours.received, LATE_WAIT);
            if late || hours.rows.saturating_mul(LATE_PART) >= of_day(connection, *key)? {
                return Ok(Some(*key));
            }
        }
        Ok(None)
    }
}

/// Gives some free pages back to the system, if there are many; returns whether there were.
fn release(connection: &Connection) -> rusqlite::Result<bool> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let kind = number("PRAGMA auto_vacuum")?;
    let free = number("PRAGMA freelist_count")?;
    if kind != INCREMENTAL || free <= FREE_PAGES_MAX {
        return Ok(false);
    }
    let pages = (free - FREE_PAGES_MAX / 2).min(RELEASED_PAGES_MAX);
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}

/// The rows of the blocks that hold this whole day.
fn of_day(connection: &Connection, (list, day): (i64, i64)) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(sum(rows), 0) FROM block \
         WHERE list = ?1 AND since >= ?2 AND since < ?3 AND span = 1",
    )?;
    let range = [list, day.saturating_mul(DAY), (day + 1).saturating_mul(DAY)];
    let rows: i64 = statement.query_row(range, |row| row.get(0))?;
    Ok(usize::try_from(rows).unwrap_or(0))
}

/// The last arrival among the newest samples.
fn now(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row(
        "SELECT max( \
         coalesce((SELECT received_at FROM sample ORDER BY id DESC LIMIT 1), ?1), \
         coalesce((SELECT received FROM block ORDER BY last_id DESC LIMIT 1), ?1))",
        [i64::MIN],
        |row| row.get(0),
    )
}
