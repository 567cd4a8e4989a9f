//! What can be asked, and the rows of the head.
//!
//! In: a row of `sample`, the dictionary. Out: samples. Blocks are read in `samples.rs`,
//! `numbers.rs` and `series.rs`.

use crate::batch::Sample;
use crate::dictionary::{self, Channel};
use crate::encoding::{self, Entry, EntryValue, Malformed};
use crate::error::Error;
use crate::page::Page;
use reading::{
    Decimal, ListId, Memory, MeterId, MeterTime, Quality, Reading, Telegram, Timestamp, Value,
};
use rusqlite::{Connection, Row as SqlRow};
use std::collections::HashMap;

/// Most samples of one answer.
pub const SAMPLES_MAX: usize = 10_000;
/// Most rows of one answer of [`Store::numbers`](crate::Store::numbers): four days at one second.
pub const NUMBERS_MAX: usize = 345_600;
/// The columns that [`StoredRow::read`] expects.
pub(crate) const COLUMNS: &str =
    "id, list, measured_at, received_at, meter_time, quality, readings";

/// Which samples of a meter to read, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleQuery {
    /// The meter.
    pub meter: MeterId,
    /// Measured then or later.
    pub from: Option<Timestamp>,
    /// Measured before then.
    pub to: Option<Timestamp>,
    /// Stored after the sample with this id.
    pub after: Option<u64>,
    /// At most so many, and never more than [`SAMPLES_MAX`].
    pub limit: usize,
}

/// The asked numbers of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The sample.
    pub id: u64,
    /// The list that brought it.
    pub list: ListId,
    /// When it was measured.
    pub measured_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The worst quality among the telegram and the asked values that it has.
    pub quality: Quality,
    /// **Shape** one for each asked quantity, in the order asked; `None` when the telegram has no
    /// number of it.
    pub values: Vec<Option<Decimal>>,
    /// **Shape** as `values`: the worse one of the telegram's quality and the value's own.
    pub qualities: Vec<Quality>,
}

/// A row of the table `sample` as it stands there.
#[derive(Debug)]
pub(crate) struct StoredRow {
    pub(crate) id: u64,
    pub(crate) list: i64,
    pub(crate) measured_at: i64,
    pub(crate) received_at: i64,
    pub(crate) meter_time: Option<Vec<u8>>,
    pub(crate) quality: u8,
    pub(crate) readings: Vec<u8>,
}

impl StoredRow {
    /// The row of a statement that selects [`COLUMNS`] first.
    pub(crate) fn read(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            list: row.get(1)?,
            measured_at: row.get(2)?,
            received_at: row.get(3)?,
            meter_time: row.get(4)?,
            quality: row.get(5)?,
            readings: row.get(6)?,
        })
    }

    /// Whether the row holds exactly these bytes.
    pub(crate) fn same_bytes(
        &self,
        quality: Quality,
        meter_time: Option<&[u8]>,
        readings: &[u8],
    ) -> bool {
        self.quality == quality.code()
            && self.meter_time.as_deref() == meter_time
            && self.readings == readings
    }
}

/// The channels of a store, to turn blobs into readings.
pub(crate) struct Channels(HashMap<encoding::ChannelId, Channel>);

impl Channels {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self(dictionary::channels(connection)?.into_iter().collect()))
    }

    /// The readings of a blob.
    pub(crate) fn readings(&self, blob: &[u8]) -> Result<Vec<Reading>, Malformed> {
        encoding::entries(blob).map(|entry| self.reading(entry?)).collect()
    }

    pub(crate) fn reading(&self, entry: Entry<'_>) -> Result<Reading, Malformed> {
        let channel = self.0.get(&entry.channel).ok_or(Malformed("its channel is unknown"))?;
        Ok(Reading {
            quantity: channel.quantity,
            obis: channel.obis,
            unit: channel.unit,
            quality: entry.quality,
            value: match entry.value {
                EntryValue::Number(decimal) => Value::Number(decimal),
                EntryValue::Text(text) => Value::Text(text.to_owned()),
            },
        })
    }
}

/// Turns stored rows into samples.
pub(crate) struct Restorer {
    channels: Channels,
    lists: HashMap<i64, (MeterId, ListId)>,
}

impl Restorer {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let lists = dictionary::lists(connection)?.into_iter();
        let lists = lists.map(|(id, meter, list)| (id, (meter, list))).collect();
        Ok(Self { channels: Channels::load(connection)?, lists })
    }

    pub(crate) fn sample(&self, row: &StoredRow) -> Result<Sample, Error> {
        let malformed = |Malformed(defect)| Error::Row { id: row.id, defect };
        let meter_time = row.meter_time.as_deref().map(encoding::meter_time).transpose();
        let quality = Quality::from_code(row.quality);
        let fixed = Fixed {
            id: row.id,
            list: row.list,
            meter_time: meter_time.map_err(malformed)?,
            measured_at: row.measured_at,
            received_at: row.received_at,
            quality: quality.ok_or(malformed(Malformed("its quality is unknown")))?,
        };
        self.restored(&fixed, self.channels.readings(&row.readings).map_err(malformed)?)
    }

    /// The sample in a row of decoded pages.
    pub(crate) fn sealed(&self, page: &Page, row: usize) -> Result<Sample, Error> {
        let id = page.rows.ids[row].cast_unsigned();
        let malformed = |Malformed(defect)| Error::Row { id, defect };
        let fixed = Fixed {
            id,
            list: page.list,
            meter_time: page.rows.clocks[row],
            measured_at: page.rows.measured[row],
            received_at: page.rows.received[row],
            quality: page.quality(row).map_err(malformed)?,
        };
        let readings = page.entries(row).map(|entry| self.channels.reading(entry));
        self.restored(&fixed, readings.collect::<Result<_, _>>().map_err(malformed)?)
    }

    fn restored(&self, fixed: &Fixed, readings: Vec<Reading>) -> Result<Sample, Error> {
        let defect = "its list is unknown";
        let list = self.lists.get(&fixed.list);
        let (meter, list) = list.ok_or(Error::Row { id: fixed.id, defect })?;
        let telegram = Telegram {
            meter: meter.clone(),
            list: list.clone(),
            meter_time: fixed.meter_time,
            measured_at: Timestamp::from_micros(fixed.measured_at),
            received_at: Timestamp::from_micros(fixed.received_at),
            quality: fixed.quality,
            readings,
        };
        Ok(Sample { id: fixed.id, telegram })
    }
}

/// What a sample has besides its readings.
struct Fixed {
    id: u64,
    list: i64,
    meter_time: Option<MeterTime>,
    measured_at: i64,
    received_at: i64,
    quality: Quality,
}

/// Why a query failed, before the file's name is known.
#[derive(Debug)]
pub(crate) enum Failure {
    Sqlite(rusqlite::Error),
    Other(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// The newest id ever given.
pub(crate) fn last_id(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sample'), 0)",
    )?;
    statement.query_row([], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

/// What drivers remember under keys that begin with `prefix`.
pub(crate) fn recall(connection: &Connection, prefix: &str) -> rusqlite::Result<Vec<Memory>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, value FROM memory WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
    )?;
    let rows =
        statement.query_map([prefix], |row| Ok(Memory { key: row.get(0)?, value: row.get(1)? }))?;
    rows.collect()
}

/// The rows of a statement that selects [`COLUMNS`] first.
pub(crate) fn rows(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<StoredRow>> {
    connection.prepare_cached(sql)?.query_map(parameters, StoredRow::read)?.collect()
}

/// An id as SQLite counts; beyond its range there is no sample.
pub(crate) fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// A count of rows as SQLite counts.
pub(crate) fn rows_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
