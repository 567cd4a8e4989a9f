//! The usable numbers of one quantity in a block.
//!
//! In: a block, the channel that stands for a quantity, some pages. Out: times and numbers in the
//! order of time: of each telegram the first number of the quantity, unless it or the telegram is
//! of bad quality.

use crate::block::Open;
use crate::column::Column;
use crate::encoding::{ChannelId, EntryValue, Malformed};
use crate::page::ranks;
use crate::query::Failure;
use crate::rollup::Rollup;
use crate::seal::Measures;
use crate::summary::Summary;
use reading::{Decimal, Quality};
use std::ops::Range;

/// Numbers with their times, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) times: Vec<i64>,
    numbers: Numbers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Numbers {
    /// Mantissas that share an exponent.
    Uniform(Vec<i64>, i8),
    Mixed(Vec<Decimal>),
}

impl Values {
    /// The values of the wanted pages.
    pub(crate) fn read(
        open: &Open<'_>,
        (measure, measures): (ChannelId, &Measures),
        wanted: Range<usize>,
    ) -> Result<Self, Failure> {
        let slots: Vec<u32> = (0..)
            .zip(&open.layout.slots)
            .filter(|(_, channel)| measures.of(**channel) == Some(measure))
            .map(|(slot, _)| slot)
            .collect();
        let times = open.measured(wanted.clone())?;
        let rows = open.layout.rows(wanted.clone());
        let qualities = &open.marks.qualities[rows.clone()];
        if let [slot] = slots[..] {
            let column = open.column(slot, wanted.clone())?;
            let bad = i64::from(Quality::Bad.code());
            let whole = column.len() == times.len() && qualities.iter().all(|code| *code < bad);
            if let (true, Some((class, mantissas))) = (whole, column.uniform())
                && let (Some(exponent), true) = (class.exponent, class.quality != Quality::Bad)
            {
                let numbers = Numbers::Uniform(mantissas.to_vec(), exponent);
                return Ok(Self { times, numbers });
            }
        }
        let columns: Result<Vec<_>, Failure> = slots
            .iter()
            .map(|slot| {
                let column = open.column(*slot, wanted.clone())?;
                let ranks = ranks(&open.layout, *slot, &open.marks.shapes[rows.clone()]);
                Ok((*slot, column, ranks))
            })
            .collect();
        let shapes = &open.marks.shapes[rows];
        Self::mixed(open, &columns?, (&times, qualities, shapes))
    }

    fn mixed(
        open: &Open<'_>,
        columns: &[(u32, Column, Option<Vec<usize>>)],
        (times, qualities, shapes): (&[i64], &[i64], &[i64]),
    ) -> Result<Self, Failure> {
        // Of each shape the wanted columns, in the order of its telegrams.
        let wanted: Vec<Vec<usize>> = open
            .layout
            .shapes
            .iter()
            .map(|shape| {
                let place = |slot: &u32| columns.iter().position(|(own, ..)| own == slot);
                shape.iter().filter_map(place).collect()
            })
            .collect();
        let mut kept = Vec::new();
        let mut numbers = Vec::new();
        for (row, time) in times.iter().enumerate() {
            let quality = u8::try_from(qualities[row]).ok().and_then(Quality::from_code);
            let unknown = Malformed("the quality of a row is unknown");
            let quality = quality.ok_or_else(|| open.record.damaged(unknown))?;
            let shape = usize::try_from(shapes[row]).expect("checked when opened");
            let first = wanted[shape].iter().find_map(|place| {
                let (_, column, ranks) = &columns[*place];
                let cell = ranks.as_ref().map_or(row, |ranks| ranks[row]);
                match column.cell(cell) {
                    (own, EntryValue::Number(number)) => Some((own.max(quality), number)),
                    _ => None,
                }
            });
            if let Some((quality, number)) = first
                && quality != Quality::Bad
            {
                kept.push(*time);
                numbers.push(number);
            }
        }
        Ok(Self { times: kept, numbers: Numbers::Mixed(numbers) })
    }

    /// Tells the summary of every interval of the values measured in `from..to`.
    pub(crate) fn summarise(
        &self,
        step: i64,
        (from, to): (i64, i64),
        mut tell: impl FnMut(i64, Summary),
    ) {
        let mut start = self.times.partition_point(|time| *time < from);
        let stop = self.times.partition_point(|time| *time < to);
        while start < stop {
            let interval = self.times[start].div_euclid(step);
            let next = interval.saturating_add(1).saturating_mul(step);
            let rest = &self.times[start..stop];
            // Most intervals are short, so the end is looked for from the front.
            let end = start + gallop(rest, next);
            if let Some(summary) = self.summary(start..end) {
                tell(interval, summary);
            }
            start = end;
        }
    }

    fn summary(&self, part: Range<usize>) -> Option<Summary> {
        match &self.numbers {
            Numbers::Uniform(mantissas, exponent) => Summary::of_all(&mantissas[part], *exponent),
            Numbers::Mixed(numbers) => {
                let (first, rest) = numbers[part].split_first()?;
                let mut summary = Summary::of(*first);
                rest.iter().for_each(|number| summary.take(*number));
                Some(summary)
            }
        }
    }

    /// The values in intervals of a length.
    pub(crate) fn rollup(&self, step: i64) -> Rollup {
        let mut rollup = Rollup {
            period: crate::rollup::median_distance(self.times.iter().copied()),
            ..Rollup::default()
        };
        self.summarise(step, (i64::MIN, i64::MAX), |interval, summary| {
            rollup.add(interval, &summary);
        });
        rollup
    }
}

/// How many of the times lie before `end`; at least one.
fn gallop(times: &[i64], end: i64) -> usize {
    let mut bound = 1;
    while bound < times.len() && times[bound] < end {
        bound *= 2;
    }
    let (low, high) = (bound / 2, bound.min(times.len()));
    (low + times[low..high].partition_point(|time| *time < end)).max(1)
}
