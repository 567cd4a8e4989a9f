//! Rows of the head become a block.
//!
//! In: rows of one list and one hour of measurement. Out: a block with exactly their telegrams,
//! and the head without them, in the caller's transaction. A row that cannot be read stays in the
//! head, where whoever asks for it is told.

use crate::block::{Prepared, Record, Span};
use crate::column::Column;
use crate::encoding::{self, ChannelId, Entry, EntryValue, Malformed};
use crate::layout::{HOUR, Layout, Shaper};
use crate::query::{self, StoredRow};
use crate::rollup::{QUARTER_HOUR, Rollup, median_distance};
use crate::rows::{Rows, SLOTS};
use crate::stream::Effort;
use crate::summary::Summary;
use reading::{Decimal, Quality};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// A day. **Unit** µs.
pub(crate) const DAY: i64 = 24 * HOUR;
/// Most rows of one block of an hour: what one step seals.
pub(crate) const SEAL_ROWS_MAX: usize = 8192;

/// For each channel the one that stands for its quantity: the first with the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measures(Vec<Option<ChannelId>>);

impl Measures {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut first = BTreeMap::new();
        let mut measures = Vec::new();
        for (id, channel) in crate::dictionary::channels(connection)? {
            let measure = channel.quantity.map(|quantity| *first.entry(quantity).or_insert(id));
            let index = usize::try_from(id).expect("a channel number fits");
            measures.resize(measures.len().max(index + 1), None);
            measures[index] = measure;
        }
        Ok(Self(measures))
    }

    pub(crate) fn of(&self, channel: ChannelId) -> Option<ChannelId> {
        self.0.get(usize::try_from(channel).ok()?).copied().flatten()
    }
}

/// A block in the making.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) layout: Layout,
    pub(crate) rows: Rows,
    columns: Vec<Column>,
    shaper: Shaper,
    summaries: Summaries,
}

impl Draft {
    /// Takes a row; rows come in the order of time and turn.
    pub(crate) fn push(
        &mut self,
        (row, turn): (&StoredRow, i64),
        measures: &Measures,
    ) -> Result<(), Malformed> {
        let quality = Quality::from_code(row.quality).ok_or(Malformed("its quality is unknown"))?;
        let clock = row.meter_time.as_deref().map(encoding::meter_time).transpose()?;
        let entries: Result<Vec<Entry<'_>>, _> = encoding::entries(&row.readings).collect();
        let entries = entries?;
        let channels: Vec<ChannelId> = entries.iter().map(|entry| entry.channel).collect();
        let shape = self.shaper.shape(&mut self.layout, &channels);
        self.columns.resize_with(self.layout.slots.len(), Column::default);
        let index = usize::try_from(shape).expect("an index");
        for (slot, entry) in self.layout.shapes[index].iter().zip(&entries) {
            let slot = usize::try_from(*slot).expect("an index");
            self.columns[slot].push(entry.quality, entry.value);
        }
        self.summaries.take(row.measured_at, quality, (&entries, measures));
        self.layout.count(row.measured_at);
        self.rows.measured.push(row.measured_at);
        self.rows.ids.push(row.id.cast_signed());
        self.rows.received.push(row.received_at);
        self.rows.clocks.push(clock);
        self.rows.marks.turns.push(turn);
        self.rows.marks.qualities.push(quality.code().into());
        self.rows.marks.shapes.push(shape.into());
        Ok(())
    }

    /// The block, ready to be written; `None` without rows.
    pub(crate) fn finish(self, list: i64) -> Option<Prepared> {
        let Self { layout, rows, columns, summaries, .. } = self;
        let record = record(&layout, &rows, (list, Span::Hour))?;
        let effort = Effort::Quick;
        let mut pieces = rows.encode(&layout.pages, effort);
        for (slot, column) in (0..).zip(&columns) {
            let cells = layout.cells(slot, &rows.marks.shapes);
            pieces.push((SLOTS + slot, column.encode(&cells, effort)));
        }
        Some(Prepared { record, pieces, summaries: summaries.finish(&rows.measured) })
    }
}

/// The row of a block with these rows; `None` without any.
pub(crate) fn record(layout: &Layout, rows: &Rows, (list, span): (i64, Span)) -> Option<Record> {
    Some(Record {
        id: 0,
        list,
        span,
        since: *rows.measured.first()?,
        until: *rows.measured.last()?,
        rows: rows.len(),
        first_id: *rows.ids.iter().min()?,
        last_id: *rows.ids.iter().max()?,
        received: *rows.received.iter().max()?,
        layout: layout.encode(),
    })
}

/// The summaries of every quantity, as telegrams come in the order of time.
#[derive(Debug, Default)]
struct Summaries {
    /// By the channel that stands for the quantity.
    measures: BTreeMap<ChannelId, Track>,
    telegrams: u64,
}

#[derive(Debug)]
struct Track {
    rollup: Rollup,
    /// The interval that still grows.
    open: Option<(i64, Summary)>,
    times: Vec<i64>,
    /// The last telegram that named the quantity: of two values the first counts.
    telegram: u64,
}

impl Summaries {
    fn take(
        &mut self,
        time: i64,
        quality: Quality,
        (entries, measures): (&[Entry<'_>], &Measures),
    ) {
        self.telegrams += 1;
        for entry in entries {
            let EntryValue::Number(value) = entry.value else { continue };
            let Some(measure) = measures.of(entry.channel) else { continue };
            let track = self.measures.entry(measure).or_insert_with(Track::new);
            let first = std::mem::replace(&mut track.telegram, self.telegrams) != self.telegrams;
            if first && quality.max(entry.quality) != Quality::Bad {
                track.take(time, value);
            }
        }
    }

    fn finish(self, measured: &[i64]) -> Vec<(ChannelId, Rollup)> {
        let common = median_distance(measured.iter().copied());
        let tracks = self.measures.into_iter().filter_map(|(measure, mut track)| {
            track.close();
            if track.rollup.intervals.is_empty() {
                return None;
            }
            let whole = track.times.len() == measured.len();
            let own = || median_distance(track.times.iter().copied());
            track.rollup.period = if whole { common } else { own() };
            Some((measure, track.rollup))
        });
        tracks.collect()
    }
}

impl Track {
    fn new() -> Self {
        Self { rollup: Rollup::default(), open: None, times: Vec::new(), telegram: 0 }
    }

    fn take(&mut self, time: i64, value: Decimal) {
        let interval = time.div_euclid(QUARTER_HOUR);
        self.times.push(time);
        match &mut self.open {
            Some((open, summary)) if *open == interval => summary.take(value),
            _ => {
                self.close();
                self.open = Some((interval, Summary::of(value)));
            }
        }
    }

    fn close(&mut self) {
        if let Some((interval, summary)) = self.open.take() {
            self.rollup.add(interval, &summary);
        }
    }
}

/// Seals the rows of a list measured in `from..to`, at most [`SEAL_ROWS_MAX`]; returns how many
/// are sealed, and how many were looked at.
pub(crate) fn seal(
    connection: &Connection,
    (list, from, to): (i64, i64, i64),
    measures: &Measures,
) -> rusqlite::Result<Sealed> {
    let sql = format!(
        "SELECT {}, turn FROM sample WHERE list = ?1 AND measured_at >= ?2 AND measured_at < ?3 \
         ORDER BY measured_at, turn LIMIT ?4",
        query::COLUMNS
    );
    let limit = query::rows_of(SEAL_ROWS_MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![list, from, to, limit])?;
    let mut draft = Draft::default();
    let mut looked_at = 0;
    while let Some(row) = rows.next()? {
        looked_at += 1;
        let stored = StoredRow::read(row)?;
        if let Err(Malformed(defect)) = draft.push((&stored, row.get(7)?), measures) {
            tracing::error!(sample = stored.id, defect, "a sample cannot be read, nor sealed");
        }
    }
    drop(rows);
    let ids = draft.rows.ids.clone();
    let until = draft.rows.measured.last().copied();
    if let Some(prepared) = draft.finish(list) {
        prepared.insert(connection)?;
        let mut delete = connection.prepare_cached("DELETE FROM sample WHERE id = ?1")?;
        for id in &ids {
            delete.execute([id])?;
        }
    }
    Ok(Sealed { rows: ids.len(), looked_at, until })
}

/// What sealing did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed {
    pub(crate) rows: usize,
    pub(crate) looked_at: usize,
    /// The last time of measurement that was sealed.
    pub(crate) until: Option<i64>,
}
