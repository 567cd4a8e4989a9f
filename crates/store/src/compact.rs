//! The blocks of a day become one.
//!
//! In: every block of one list and one day. Out: one block of that day with exactly their rows,
//! compressed thoroughly. The work is done in steps, one column each, so that appends are never
//! held up for long; the last step writes, and until then nothing has changed.

use crate::block::{self, Open, Prepared, Record, Span};
use crate::column::Column;
use crate::encoding::ChannelId;
use crate::layout::{HOUR, Layout, Shape};
use crate::page::ranks;
use crate::query::Failure;
use crate::rollup::Rollup;
use crate::rows::{Rows, SLOTS};
use crate::seal::{self, DAY};
use crate::stream::Effort;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::{BTreeMap, HashMap};

/// Most rows of a day's block: two readings a second. A list that tells more stays in hours.
pub(crate) const DAY_ROWS_MAX: usize = 200_000;

/// A compaction under way.
#[derive(Debug)]
pub(crate) struct Compaction {
    sources: Vec<Source>,
    layout: Layout,
    shapes: Vec<i64>,
    /// The order of the rows as (source, row); `None` when the sources follow each other.
    order: Option<Vec<(usize, usize)>>,
    prepared: Prepared,
    /// The next slot.
    slot: u32,
}

#[derive(Debug)]
struct Source {
    record: Record,
    /// By slot of the new block: the slot here.
    slots: HashMap<u32, u32>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is more to do.
    More,
    /// The day is one block.
    Done,
}

impl Compaction {
    /// Reads what all columns have in common; `None` when there is nothing to gain.
    pub(crate) fn begin(
        connection: &Connection,
        (list, day): (i64, i64),
    ) -> Result<Option<Self>, Failure> {
        let range = (day.saturating_mul(DAY), (day + 1).saturating_mul(DAY));
        let mut records = block::of_time(connection, list, range)?;
        records.retain(|record| record.since.div_euclid(DAY) == day);
        let rows: usize = records.iter().map(|record| record.rows).sum();
        let hours = records.iter().any(|record| record.span == Span::Hour);
        if !hours || rows > DAY_ROWS_MAX {
            return Ok(None);
        }
        let mut merge = Merge::default();
        for record in records {
            merge.add(connection, record)?;
        }
        Ok(merge.finish(list))
    }

    /// How much work a step is, in rows of a whole telegram.
    pub(crate) fn cost(&self) -> usize {
        self.prepared.record.rows / self.layout.slots.len().max(1)
    }

    /// Does the next step. After a failure the whole compaction must begin again.
    pub(crate) fn step(&mut self, connection: &Connection) -> Result<Step, Failure> {
        if usize::try_from(self.slot).expect("an index") < self.layout.slots.len() {
            let column = self.column(connection)?;
            let cells = self.layout.cells(self.slot, &self.shapes);
            let blob = column.encode(&cells, Effort::Thorough);
            self.prepared.pieces.push((SLOTS + self.slot, blob));
            self.slot += 1;
            return Ok(Step::More);
        }
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(connection, behavior)?;
        for source in &self.sources {
            block::delete(&transaction, source.record.id)?;
        }
        self.prepared.insert(&transaction)?;
        transaction.commit()?;
        Ok(Step::Done)
    }

    fn column(&self, connection: &Connection) -> Result<Column, Failure> {
        let mut parts = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let Some(slot) = source.slots.get(&self.slot) else {
                parts.push(None);
                continue;
            };
            let open = Open::new(connection, source.record.clone())?;
            let column = open.column(*slot, 0..open.layout.pages.len())?;
            parts.push(Some((column, open, *slot)));
        }
        let mut merged = Column::default();
        let Some(order) = &self.order else {
            parts.iter().flatten().for_each(|(column, ..)| merged.append(column));
            return Ok(merged);
        };
        let places: Vec<_> = parts
            .iter()
            .map(|part| part.as_ref().map(|(_, open, slot)| Places::new(open, *slot)))
            .collect();
        for (source, row) in order {
            if let (Some((column, ..)), Some(places)) = (&parts[*source], &places[*source])
                && let Some(cell) = places.cell(*row)
            {
                merged.push_from(column, cell);
            }
        }
        Ok(merged)
    }
}

/// Where the cells of a slot lie among the rows of a block.
struct Places {
    has: Vec<bool>,
    ranks: Option<Vec<usize>>,
}

impl Places {
    fn new(open: &Open<'_>, slot: u32) -> Self {
        let with = open.layout.with(slot);
        let shapes = &open.marks.shapes;
        let has = |shape: &i64| usize::try_from(*shape).is_ok_and(|shape| with[shape]);
        Self { has: shapes.iter().map(has).collect(), ranks: ranks(&open.layout, slot, shapes) }
    }

    fn cell(&self, row: usize) -> Option<usize> {
        self.has[row].then(|| self.ranks.as_ref().map_or(row, |ranks| ranks[row]))
    }
}

/// The common columns of several blocks.
#[derive(Default)]
struct Merge {
    sources: Vec<Source>,
    layout: Layout,
    slots: HashMap<(ChannelId, u32), u32>,
    shapes: HashMap<Shape, i64>,
    rows: Rows,
    order: Vec<(usize, usize)>,
    summaries: BTreeMap<ChannelId, Rollup>,
}

impl Merge {
    fn add(&mut self, connection: &Connection, record: Record) -> Result<(), Failure> {
        let open = Open::new(connection, record)?;
        let pages = 0..open.layout.pages.len();
        let measured = open.measured(pages.clone())?;
        self.rows.ids.extend(open.ids(pages.clone())?);
        self.rows.received.extend(open.received(pages.clone(), &measured)?);
        self.rows.clocks.extend(open.clocks(pages, &measured)?);
        self.rows.measured.extend(measured);
        self.rows.marks.turns.extend(&open.marks.turns);
        self.rows.marks.qualities.extend(&open.marks.qualities);
        let (slots, shapes) = self.map(&open.layout);
        let shape = |shape: &i64| shapes[usize::try_from(*shape).expect("checked when opened")];
        self.rows.marks.shapes.extend(open.marks.shapes.iter().map(shape));
        self.order.extend((0..open.record.rows).map(|row| (self.sources.len(), row)));
        for (measure, rollup) in open.summaries()? {
            self.summaries.entry(measure).or_default().merge(&rollup);
        }
        self.sources.push(Source { record: open.record, slots });
        Ok(())
    }

    /// Slots and shapes of a source, as the new block numbers them.
    fn map(&mut self, source: &Layout) -> (HashMap<u32, u32>, Vec<i64>) {
        let mut times: HashMap<ChannelId, u32> = HashMap::new();
        let mut new = Vec::new();
        for channel in &source.slots {
            let nth = times.entry(*channel).or_insert(0);
            let next = u32::try_from(self.layout.slots.len()).expect("slots are few");
            let slot = *self.slots.entry((*channel, *nth)).or_insert(next);
            if slot == next {
                self.layout.slots.push(*channel);
            }
            *nth += 1;
            new.push(slot);
        }
        let shapes = source.shapes.iter().map(|shape| {
            let shape: Shape =
                shape.iter().map(|slot| new[usize::try_from(*slot).expect("an index")]).collect();
            let next = i64::try_from(self.layout.shapes.len()).expect("shapes are few");
            let number = *self.shapes.entry(shape.clone()).or_insert(next);
            if number == next {
                self.layout.shapes.push(shape);
            }
            number
        });
        let shapes = shapes.collect();
        (new.iter().copied().zip(0..).collect(), shapes)
    }

    fn finish(mut self, list: i64) -> Option<Compaction> {
        let key = |row: usize| (self.rows.measured[row], self.rows.marks.turns[row]);
        let mut places: Vec<usize> = (0..self.order.len()).collect();
        let in_order = places.windows(2).all(|pair| key(pair[0]) <= key(pair[1]));
        if !in_order {
            places.sort_by_key(|row| key(*row));
            self.rows = sorted(&self.rows, &places);
            self.order = places.iter().map(|row| self.order[*row]).collect();
        }
        self.rows.measured.iter().for_each(|time| self.layout.count(*time));
        let record = seal::record(&self.layout, &self.rows, (list, Span::Day))?;
        debug_assert!(self.layout.pages.len() <= 24, "a day has 24 pages of {HOUR} µs");
        let pieces = self.rows.encode(&self.layout.pages, Effort::Thorough);
        let summaries = self.summaries.into_iter().collect();
        Some(Compaction {
            sources: self.sources,
            layout: self.layout,
            shapes: self.rows.marks.shapes,
            order: (!in_order).then_some(self.order),
            prepared: Prepared { record, pieces, summaries },
            slot: 0,
        })
    }
}

fn sorted(rows: &Rows, places: &[usize]) -> Rows {
    let pick = |column: &[i64]| places.iter().map(|row| column[*row]).collect::<Vec<_>>();
    let mut sorted = Rows {
        measured: pick(&rows.measured),
        ids: pick(&rows.ids),
        received: pick(&rows.received),
        clocks: places.iter().map(|row| rows.clocks[*row]).collect(),
        ..Rows::default()
    };
    sorted.marks.turns = pick(&rows.marks.turns);
    sorted.marks.qualities = pick(&rows.marks.qualities);
    sorted.marks.shapes = pick(&rows.marks.shapes);
    sorted
}
