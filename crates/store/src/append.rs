//! One batch into an open transaction.
//!
//! In: a batch. Out: what became of each telegram, and the rows. Idempotent on meter, list and
//! time of measurement: the same values again are the sample that is stored already.

use crate::batch::{Appended, Batch, READINGS_MAX};
use crate::dictionary::{Channel, Dictionary};
use crate::encoding;
use crate::error::{Error, Refusal};
use crate::journal;
use crate::query::{self, StoredRow};
use crate::sealed::{Found, Sealed};
use crate::upkeep::Noted;
use reading::{Decimal, Memory, Quality, Reading, Telegram, Value};
use rusqlite::{Connection, params};
use std::cmp::Ordering;

/// How many of the telegrams with one meter, list and time a new one is compared with, newest
/// first. A clock that stands still for longer than that, replayed, is stored again.
const TURNS_COMPARED_MAX: i64 = 32;

/// Why an append did not happen.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite or the disk below it.
    Sqlite(rusqlite::Error),
    /// The batch itself.
    Refused(Refusal),
    /// What is stored for the same time cannot be read.
    Unreadable(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<query::Failure> for Failure {
    fn from(failure: query::Failure) -> Self {
        match failure {
            query::Failure::Sqlite(error) => Self::Sqlite(error),
            query::Failure::Other(error) => Self::Unreadable(error),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Writes batches into the transaction that is open on its connection.
pub(crate) struct Appender<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) dictionary: &'a mut Dictionary,
    pub(crate) sealed: &'a mut Sealed,
    /// The rows that were added.
    pub(crate) noted: Vec<Noted>,
}

impl Appender<'_> {
    /// Writes one batch. After a failure the transaction must be rolled back.
    pub(crate) fn batch(&mut self, batch: &Batch) -> Result<Vec<Appended>, Failure> {
        if !batch.all_or_nothing {
            let appended = self.telegrams(&batch.telegrams, OnOtherValues::KeepBoth)?;
            self.memory(&batch.memory)?;
            journal::note(self.connection, &batch.journal)?;
            return Ok(appended);
        }
        self.connection.execute_batch("SAVEPOINT batch")?;
        let before = query::last_id(self.connection)?;
        let noted = self.noted.len();
        let mut appended = self.telegrams(&batch.telegrams, OnOtherValues::Conflict)?;
        if appended.iter().any(|one| matches!(one, Appended::Conflict(_))) {
            self.connection.execute_batch("ROLLBACK TO batch; RELEASE batch")?;
            *self.dictionary = Dictionary::load(self.connection)?;
            self.sealed.forget_channels();
            self.noted.truncate(noted);
            appended.iter_mut().for_each(|one| forget_ids_after(before, one));
            return Ok(appended);
        }
        self.memory(&batch.memory)?;
        journal::note(self.connection, &batch.journal)?;
        self.connection.execute_batch("RELEASE batch")?;
        Ok(appended)
    }

    fn telegrams(
        &mut self,
        telegrams: &[Telegram],
        on_other_values: OnOtherValues,
    ) -> Result<Vec<Appended>, Failure> {
        telegrams.iter().map(|telegram| self.telegram(telegram, on_other_values)).collect()
    }

    fn telegram(
        &mut self,
        telegram: &Telegram,
        on_other_values: OnOtherValues,
    ) -> Result<Appended, Failure> {
        let readings = telegram.readings.len();
        if readings > READINGS_MAX {
            return Err(Refusal::TelegramTooLong { readings, max: READINGS_MAX }.into());
        }
        let list = self.dictionary.list(self.connection, &telegram.meter, &telegram.list)?;
        let mut blob = Vec::with_capacity(readings * 5);
        for (place, reading) in telegram.readings.iter().enumerate() {
            let channel = (place, Channel::from(reading));
            let channel = self.dictionary.channel(self.connection, channel)?;
            encoding::put(&mut blob, channel, reading.quality, &reading.value);
        }
        let meter_time = telegram.meter_time.as_ref().map(encoding::meter_time_bytes);
        let newest = match self.compared(list, telegram, (meter_time.as_deref(), &blob))? {
            Compared::Same(id) => return Ok(Appended::Duplicate(id)),
            Compared::Other(newest) => newest,
        };
        let turn = match (newest, on_other_values) {
            (None, _) => 0,
            (Some((_, turn)), OnOtherValues::KeepBoth) => turn + 1,
            (Some((id, _)), OnOtherValues::Conflict) => return Ok(Appended::Conflict(id)),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO sample \
                 (list, measured_at, turn, received_at, meter_time, quality, readings) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                list,
                telegram.measured_at.as_micros(),
                turn,
                telegram.received_at.as_micros(),
                meter_time,
                telegram.quality.code(),
                blob,
            ])?;
        self.noted.push(Noted {
            list,
            measured_at: telegram.measured_at.as_micros(),
            received_at: telegram.received_at.as_micros(),
        });
        Ok(Appended::New(self.connection.last_insert_rowid().cast_unsigned()))
    }

    /// Compares a telegram with what is stored for its list and time, newest turn first.
    fn compared(
        &mut self,
        list: i64,
        telegram: &Telegram,
        (meter_time, blob): (Option<&[u8]>, &[u8]),
    ) -> Result<Compared, Failure> {
        let stored = self.stored(list, telegram)?;
        for turn in &stored {
            if turn.row.same_bytes(telegram.quality, meter_time, blob)
                || self.same_values(&turn.row, telegram)?
            {
                return Ok(Compared::Same(turn.row.id));
            }
        }
        let newest = stored.first().map(|turn| (turn.row.id, turn.turn));
        let rest = usize::try_from(TURNS_COMPARED_MAX).unwrap_or(0).saturating_sub(stored.len());
        let time = telegram.measured_at.as_micros();
        let sealed = self.sealed.find(self.connection, (list, time), rest)?;
        for found in &sealed {
            if self.same_as_sealed(found, telegram)? {
                return Ok(Compared::Same(found.id));
            }
        }
        let sealed = sealed.first().map(|found| (found.id, found.turn));
        Ok(Compared::Other(newest.into_iter().chain(sealed).max_by_key(|(_, turn)| *turn)))
    }

    /// Whether a sealed telegram tells the same numbers.
    fn same_as_sealed(&mut self, found: &Found, telegram: &Telegram) -> Result<bool, Failure> {
        let page = &found.page;
        if page.rows.clocks[found.row] != telegram.meter_time
            || page.quality(found.row) != Ok(telegram.quality)
        {
            return Ok(false);
        }
        let channels = self.sealed.channels(self.connection, self.dictionary.channel_count())?;
        let readings = page.entries(found.row).map(|entry| channels.reading(entry));
        let Ok(readings) = readings.collect::<Result<Vec<_>, _>>() else { return Ok(false) };
        Ok(same_readings(&readings, &telegram.readings))
    }

    /// What is stored for the telegram's list and time, newest first.
    fn stored(&self, list: i64, telegram: &Telegram) -> rusqlite::Result<Vec<Turn>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, list, measured_at, received_at, meter_time, quality, readings, turn \
             FROM sample WHERE list = ?1 AND measured_at = ?2 ORDER BY turn DESC LIMIT ?3",
        )?;
        let key = params![list, telegram.measured_at.as_micros(), TURNS_COMPARED_MAX];
        let rows = statement
            .query_map(key, |row| Ok(Turn { row: StoredRow::read(row)?, turn: row.get(7)? }))?;
        rows.collect()
    }

    /// Whether a stored row tells the same numbers, if with other trailing zeros or in another
    /// order.
    fn same_values(&self, row: &StoredRow, telegram: &Telegram) -> Result<bool, Failure> {
        let meter_time = telegram.meter_time.as_ref().map(encoding::meter_time_bytes);
        if row.quality != telegram.quality.code() || row.meter_time != meter_time {
            return Ok(false);
        }
        let channels = query::Channels::load(self.connection)?;
        // A row that cannot be read is not the same as anything.
        let Ok(stored) = channels.readings(&row.readings) else { return Ok(false) };
        Ok(same_readings(&stored, &telegram.readings))
    }

    fn memory(&self, memory: &[Memory]) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO memory (key, value) VALUES (?1, ?2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?;
        for Memory { key, value } in memory {
            statement.execute(params![key, value])?;
        }
        Ok(())
    }
}

/// What to do with other values for a meter, list and time that are stored.
#[derive(Debug, Clone, Copy)]
enum OnOtherValues {
    KeepBoth,
    Conflict,
}

/// What is stored for a telegram's list and time.
enum Compared {
    /// The same values, under this id.
    Same(u64),
    /// Nothing, or other values: the id and turn of the newest.
    Other(Option<(u64, i64)>),
}

struct Turn {
    row: StoredRow,
    turn: i64,
}

/// Ids given to rows that were rolled back will belong to others.
fn forget_ids_after(before: u64, appended: &mut Appended) {
    let (Appended::New(id) | Appended::Duplicate(id) | Appended::Conflict(id)) = appended;
    if *id > before {
        *id = 0;
    }
}

fn same_readings(left: &[Reading], right: &[Reading]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let key = |reading: &&Reading| (reading.quantity, reading.obis);
    let (mut left, mut right): (Vec<_>, Vec<_>) = (left.iter().collect(), right.iter().collect());
    left.sort_by_key(key);
    right.sort_by_key(key);
    left.iter().zip(&right).all(|(left, right)| {
        let same_value = match (&left.value, &right.value) {
            (Value::Number(left), Value::Number(right)) => same_number(*left, *right),
            (left, right) => left == right,
        };
        let what = |reading: &Reading| -> (Channel, Quality) { (reading.into(), reading.quality) };
        same_value && what(left) == what(right)
    })
}

fn same_number(left: Decimal, right: Decimal) -> bool {
    left == right || left.cmp_value(right) == Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::Quantity::{self, VoltageL1, VoltageL2};

    fn reading(quantity: Quantity, value: Decimal) -> Reading {
        Reading {
            quantity: Some(quantity),
            obis: None,
            value: Value::Number(value),
            unit: quantity.unit(),
            quality: Quality::Good,
        }
    }

    #[test]
    fn trailing_zeros_and_order_do_not_make_other_values() {
        let one =
            [reading(VoltageL1, Decimal::new(230, 0)), reading(VoltageL2, Decimal::new(1, 0))];
        let two =
            [reading(VoltageL2, Decimal::new(1, 0)), reading(VoltageL1, Decimal::new(2300, -1))];
        assert!(same_readings(&one, &two));
        let other =
            [reading(VoltageL2, Decimal::new(1, 0)), reading(VoltageL1, Decimal::new(2301, -1))];
        assert!(!same_readings(&one, &other));
        assert!(!same_readings(&one, &one[..1]));
    }
}
