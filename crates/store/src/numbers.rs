//! Some quantities of a meter as columns, row after row.
//!
//! In: a meter, a range of time, quantities. Out: their numbers in every sample of the range, in
//! the order of time, from the head and from blocks alike.

use crate::block::{self, Open};
use crate::column::Column;
use crate::dictionary::{self, Channel};
use crate::encoding::{self, ChannelId, EntryValue, Malformed};
use crate::error::Error;
use crate::page::ranks;
use crate::query::{self, Failure, NUMBERS_MAX, Row};
use reading::{Decimal, ListId, MeterId, Quality, Quantity, Timestamp};
use rusqlite::{Connection, params};
use std::ops::Range;

/// The asked numbers of every sample of a meter measured in `from..to`, in the order of time.
pub(crate) fn numbers(
    connection: &Connection,
    meter: &MeterId,
    (from, to): (Timestamp, Timestamp),
    quantities: &[Quantity],
) -> Result<Vec<Row>, Failure> {
    let columns = Columns::new(dictionary::channels(connection)?, quantities);
    let range = (from.as_micros(), to.as_micros());
    let mut rows = Vec::new();
    for (id, of, list) in dictionary::lists(connection)? {
        if of != *meter {
            continue;
        }
        let list = Asked { connection, columns: &columns, id, list };
        list.head(range, &mut rows)?;
        for record in block::of_time(connection, id, range)? {
            list.block(&Open::new(connection, record)?, range, &mut rows)?;
        }
    }
    // Each list comes in its own order of time; telegrams of one time keep their order of storage.
    rows.sort_by_key(|row| (row.measured_at, row.id));
    Ok(rows)
}

/// What is asked of one list.
struct Asked<'a> {
    connection: &'a Connection,
    columns: &'a Columns,
    id: i64,
    list: ListId,
}

impl Asked<'_> {
    fn head(&self, (from, to): (i64, i64), rows: &mut Vec<Row>) -> Result<(), Failure> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, measured_at, received_at, quality, readings FROM sample \
             WHERE list = ?1 AND measured_at >= ?2 AND measured_at < ?3 LIMIT ?4",
        )?;
        let longest = query::rows_of(NUMBERS_MAX + 1);
        let mut stored = statement.query(params![self.id, from, to, longest])?;
        while let Some(row) = stored.next()? {
            let id = row.get::<_, i64>(0)?.cast_unsigned();
            let malformed = |Malformed(defect)| Error::Row { id, defect };
            let quality = Quality::from_code(row.get(3)?);
            let quality = quality.ok_or(malformed(Malformed("its quality is unknown")))?;
            let blob = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
            let mut numbers = Numbers::new(quality, self.columns.count);
            for entry in encoding::entries(blob) {
                let entry = entry.map_err(malformed)?;
                if let Some(place) = self.columns.place(entry.channel) {
                    numbers.take(place, (entry.quality, entry.value));
                }
            }
            push(rows, numbers.row((id, &self.list), (row.get(1)?, row.get(2)?)))?;
        }
        Ok(())
    }

    fn block(
        &self,
        open: &Open<'_>,
        (from, to): (i64, i64),
        rows: &mut Vec<Row>,
    ) -> Result<(), Failure> {
        let wanted = open.layout.pages_of((from, to));
        if wanted.is_empty() {
            return Ok(());
        }
        let first = open.layout.rows(wanted.clone()).start;
        let measured = open.measured(wanted.clone())?;
        let received = open.received(wanted.clone(), &measured)?;
        let ids = open.ids(wanted.clone())?;
        let slots = Slots::load(self.columns, open, wanted)?;
        let start = measured.partition_point(|time| *time < from);
        let stop = measured.partition_point(|time| *time < to);
        for row in start..stop {
            let id = ids[row].cast_unsigned();
            let code = u8::try_from(open.marks.qualities[first + row]).ok();
            let defect = "its quality is unknown";
            let quality = code.and_then(Quality::from_code).ok_or(Error::Row { id, defect })?;
            let mut numbers = Numbers::new(quality, self.columns.count);
            slots.take(&mut numbers, open.marks.shapes[first + row], row);
            push(rows, numbers.row((id, &self.list), (measured[row], received[row])))?;
        }
        Ok(())
    }
}

fn push(rows: &mut Vec<Row>, row: Row) -> Result<(), Failure> {
    if rows.len() == NUMBERS_MAX {
        return Err(Error::TooManyRows { rows_max: NUMBERS_MAX }.into());
    }
    rows.push(row);
    Ok(())
}

/// The slots of a block that hold asked quantities.
struct Slots {
    columns: Vec<(Column, Option<Vec<usize>>)>,
    /// Of each shape, in its order: the asked place and the column.
    shapes: Vec<Vec<(usize, usize)>>,
}

impl Slots {
    fn load(columns: &Columns, open: &Open<'_>, wanted: Range<usize>) -> Result<Self, Failure> {
        let rows = open.layout.rows(wanted.clone());
        let mut loaded = Vec::new();
        let mut of_slot = vec![None; open.layout.slots.len()];
        for ((slot, channel), found) in (0..).zip(&open.layout.slots).zip(&mut of_slot) {
            let Some(place) = columns.place(*channel) else { continue };
            *found = Some((place, loaded.len()));
            let ranks = ranks(&open.layout, slot, &open.marks.shapes[rows.clone()]);
            loaded.push((open.column(slot, wanted.clone())?, ranks));
        }
        let shape = |shape: &Vec<u32>| {
            shape.iter().filter_map(|slot| of_slot[*slot as usize]).collect::<Vec<_>>()
        };
        let shapes = open.layout.shapes.iter().map(shape).collect();
        Ok(Self { columns: loaded, shapes })
    }

    fn take(&self, numbers: &mut Numbers, shape: i64, row: usize) {
        let shape = usize::try_from(shape).expect("checked when opened");
        for (place, column) in &self.shapes[shape] {
            let (column, ranks) = &self.columns[*column];
            numbers.take(*place, column.cell(ranks.as_ref().map_or(row, |ranks| ranks[row])));
        }
    }
}

/// The asked numbers of one telegram.
struct Numbers {
    quality: Quality,
    values: Vec<Option<Decimal>>,
    qualities: Vec<Quality>,
}

impl Numbers {
    fn new(quality: Quality, count: usize) -> Self {
        Self { quality, values: vec![None; count], qualities: vec![quality; count] }
    }

    /// Takes the telegram's next entry of an asked quantity: of several the first number counts.
    fn take(&mut self, place: usize, (quality, value): (Quality, EntryValue<'_>)) {
        let EntryValue::Number(number) = value else { return };
        if self.values[place].is_none() {
            self.values[place] = Some(number);
            self.qualities[place] = self.quality.max(quality);
        }
    }

    fn row(self, (id, list): (u64, &ListId), (measured_at, received_at): (i64, i64)) -> Row {
        let Self { quality, values, qualities } = self;
        let told = values.iter().zip(&qualities).filter(|(value, _)| value.is_some());
        Row {
            id,
            list: list.clone(),
            measured_at: Timestamp::from_micros(measured_at),
            received_at: Timestamp::from_micros(received_at),
            quality: told.map(|(_, quality)| *quality).fold(quality, Quality::max),
            values,
            qualities,
        }
    }
}

/// Where the asked quantities stand.
struct Columns {
    /// By channel number: the place among the asked quantities.
    places: Vec<Option<usize>>,
    count: usize,
}

impl Columns {
    fn new(channels: Vec<(ChannelId, Channel)>, quantities: &[Quantity]) -> Self {
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

    fn place(&self, channel: ChannelId) -> Option<usize> {
        self.places.get(usize::try_from(channel).ok()?).copied().flatten()
    }
}
