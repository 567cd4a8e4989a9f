//! Reading what is stored.
//!
//! In: a meter, a range of time, a place to go on from. Out: whole samples in the order of their
//! ids, or columns of numbers in the order of time. Every answer has a longest length.

use crate::batch::Sample;
use crate::dictionary::{self, Channel};
use crate::encoding::{self, Entry, EntryValue, Malformed};
use crate::error::Error;
use reading::{
    Decimal, ListId, Memory, MeterId, Quality, Quantity, Reading, Telegram, Timestamp, Value,
};
use rusqlite::{Connection, Row as SqlRow, params};
use std::collections::HashMap;

/// Most samples of one answer.
pub const SAMPLES_MAX: usize = 10_000;
/// Most rows of one answer of [`Store::numbers`](crate::Store::numbers): four days at one second.
pub const NUMBERS_MAX: usize = 345_600;
/// How far behind the newest sample a page may begin and still be read straight through.
const STRAIGHT_MAX: u64 = 20_000;

const COLUMNS: &str = "id, list, measured_at, received_at, meter_time, quality, readings";

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
    measured_at: i64,
    received_at: i64,
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

    fn reading(&self, entry: Entry<'_>) -> Result<Reading, Malformed> {
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
        let list = self.lists.get(&row.list);
        let (meter, list) = list.ok_or(malformed(Malformed("its list is unknown")))?;
        let quality = Quality::from_code(row.quality);
        let meter_time = row.meter_time.as_deref().map(encoding::meter_time).transpose();
        let telegram = Telegram {
            meter: meter.clone(),
            list: list.clone(),
            meter_time: meter_time.map_err(malformed)?,
            measured_at: Timestamp::from_micros(row.measured_at),
            received_at: Timestamp::from_micros(row.received_at),
            quality: quality.ok_or(malformed(Malformed("its quality is unknown")))?,
            readings: self.channels.readings(&row.readings).map_err(malformed)?,
        };
        Ok(Sample { id: row.id, telegram })
    }
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

/// The samples of all meters after an id.
pub(crate) fn samples_after(
    connection: &Connection,
    id: u64,
    limit: usize,
) -> Result<Vec<Sample>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM sample WHERE id > ?1 ORDER BY id LIMIT ?2");
    let rows = rows(connection, &sql, params![signed(id), rows_of(limit.min(SAMPLES_MAX))])?;
    restored(connection, &rows)
}

/// The samples of one meter.
pub(crate) fn samples(
    connection: &Connection,
    query: &SampleQuery,
) -> Result<Vec<Sample>, Failure> {
    let after = query.after.unwrap_or(0);
    let straight =
        query.from.is_none() && last_id(connection)?.saturating_sub(after) <= STRAIGHT_MAX;
    // Near the end the table is read as it lies. Elsewhere the key finds the ids, however many
    // samples of other meters and times lie between them. A `+` keeps SQLite from the other way.
    let [list, measured_at, id] =
        if straight { ["+list", "+measured_at", "id"] } else { ["list", "measured_at", "+id"] };
    let chosen = format!(
        "SELECT id FROM sample \
         WHERE {list} IN (SELECT id FROM list WHERE meter = (SELECT id FROM meter WHERE name = ?1)) \
         AND {measured_at} >= ?2 AND {measured_at} < ?3 AND {id} > ?4 ORDER BY id LIMIT ?5"
    );
    let sql = format!("SELECT {COLUMNS} FROM sample WHERE id IN ({chosen}) ORDER BY id");
    let parameters = params![
        query.meter.as_str(),
        query.from.map_or(i64::MIN, Timestamp::as_micros),
        query.to.map_or(i64::MAX, Timestamp::as_micros),
        signed(after),
        rows_of(query.limit.min(SAMPLES_MAX)),
    ];
    let rows = rows(connection, &sql, parameters)?;
    restored(connection, &rows)
}

/// The asked numbers of every sample of a meter measured in `from..to`, in the order of time.
pub(crate) fn numbers(
    connection: &Connection,
    meter: &MeterId,
    (from, to): (Timestamp, Timestamp),
    quantities: &[Quantity],
) -> Result<Vec<Row>, Failure> {
    let columns = Columns::new(dictionary::channels(connection)?, quantities);
    let lists: HashMap<i64, ListId> =
        dictionary::lists(connection)?.into_iter().map(|(id, _, list)| (id, list)).collect();
    let mut statement = connection.prepare_cached(
        "SELECT id, measured_at, received_at, quality, readings, list FROM sample \
         WHERE list IN (SELECT id FROM list WHERE meter = (SELECT id FROM meter WHERE name = ?1)) \
         AND measured_at >= ?2 AND measured_at < ?3 LIMIT ?4",
    )?;
    let longest = rows_of(NUMBERS_MAX + 1);
    let parameters = params![meter.as_str(), from.as_micros(), to.as_micros(), longest];
    let mut stored = statement.query(parameters)?;
    let mut rows = Vec::new();
    while let Some(row) = stored.next()? {
        if rows.len() == NUMBERS_MAX {
            return Err(Error::TooManyRows { rows_max: NUMBERS_MAX }.into());
        }
        let id = row.get::<_, i64>(0)?.cast_unsigned();
        let malformed = |Malformed(defect)| Error::Row { id, defect };
        let quality = Quality::from_code(row.get(3)?);
        let quality = quality.ok_or(malformed(Malformed("its quality is unknown")))?;
        let blob = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
        let (values, qualities) = columns.values(blob, quality).map_err(malformed)?;
        let told = values.iter().zip(&qualities).filter(|(value, _)| value.is_some());
        let quality = told.map(|(_, quality)| *quality).fold(quality, Quality::max);
        let list = lists.get(&row.get(5)?).cloned();
        rows.push(Row {
            id,
            list: list.ok_or(malformed(Malformed("its list is unknown")))?,
            measured_at: Timestamp::from_micros(row.get(1)?),
            received_at: Timestamp::from_micros(row.get(2)?),
            quality,
            values,
            qualities,
        });
    }
    // Each list comes in its own order of time; telegrams of one time keep their order of storage.
    rows.sort_by_key(|row| (row.measured_at, row.id));
    Ok(rows)
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

/// The newest rows of every list by time, at most `depth` each, and the newest of all by id, at
/// most `straight`; in the order of ids. The two differ when a clock was wrong.
pub(crate) fn look_back(
    connection: &Connection,
    depth: usize,
    straight: usize,
) -> rusqlite::Result<Vec<StoredRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sample \
         WHERE list = ?1 ORDER BY measured_at DESC, turn DESC LIMIT ?2"
    );
    let mut found = Vec::new();
    for (list, ..) in dictionary::lists(connection)? {
        found.extend(rows(connection, &sql, params![list, rows_of(depth)])?);
    }
    let sql = format!("SELECT {COLUMNS} FROM sample ORDER BY id DESC LIMIT ?1");
    found.extend(rows(connection, &sql, params![rows_of(straight)])?);
    found.sort_by_key(|row| row.id);
    found.dedup_by_key(|row| row.id);
    Ok(found)
}

/// Where the asked quantities stand in blobs.
struct Columns {
    /// By channel number: the place among the asked quantities.
    places: Vec<Option<usize>>,
    count: usize,
}

impl Columns {
    fn new(channels: Vec<(encoding::ChannelId, Channel)>, quantities: &[Quantity]) -> Self {
        let mut places = Vec::new();
        for (id, channel) in channels {
            let place = channel
                .quantity
                .and_then(|quantity| quantities.iter().position(|asked| *asked == quantity));
            let index = usize::try_from(id).expect("a channel number fits");
            if place.is_some() {
                places.resize(places.len().max(index + 1), None);
                places[index] = place;
            }
        }
        Self { places, count: quantities.len() }
    }

    /// The first number of each asked quantity, and the worse one of `quality` and its own.
    fn values(
        &self,
        blob: &[u8],
        quality: Quality,
    ) -> Result<(Vec<Option<Decimal>>, Vec<Quality>), Malformed> {
        let mut values = vec![None; self.count];
        let mut qualities = vec![quality; self.count];
        for entry in encoding::entries(blob) {
            let entry = entry?;
            let index = usize::try_from(entry.channel).expect("a channel number fits");
            let place = self.places.get(index).copied().flatten();
            let (Some(place), EntryValue::Number(number)) = (place, entry.value) else { continue };
            if values[place].is_none() {
                values[place] = Some(number);
                qualities[place] = quality.max(entry.quality);
            }
        }
        Ok((values, qualities))
    }
}

fn rows(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<StoredRow>> {
    connection.prepare_cached(sql)?.query_map(parameters, StoredRow::read)?.collect()
}

fn restored(connection: &Connection, rows: &[StoredRow]) -> Result<Vec<Sample>, Failure> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let restorer = Restorer::load(connection)?;
    rows.iter().map(|row| restorer.sample(row).map_err(Failure::from)).collect()
}

/// An id as SQLite counts; beyond its range there is no sample.
fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// A count of rows as SQLite counts.
pub(crate) fn rows_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
