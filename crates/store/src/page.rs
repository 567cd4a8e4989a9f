//! Some pages of a block, decoded whole: its telegrams as they were stored.

use crate::block::Open;
use crate::column::Column;
use crate::encoding::{Entry, Malformed};
use crate::layout::Layout;
use crate::query::Failure;
use crate::rows::Rows;
use reading::Quality;
use std::ops::Range;

/// Decoded pages of one block.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) list: i64,
    layout: Layout,
    pub(crate) rows: Rows,
    columns: Vec<Column>,
    /// Of each slot that some shape lacks: how many rows before each row have it.
    ranks: Vec<Option<Vec<usize>>>,
}

impl Page {
    pub(crate) fn load(open: &Open<'_>, wanted: Range<usize>) -> Result<Self, Failure> {
        let part = open.layout.rows(wanted.clone());
        let measured = open.measured(wanted.clone())?;
        let rows = Rows {
            ids: open.ids(wanted.clone())?,
            received: open.received(wanted.clone(), &measured)?,
            clocks: open.clocks(wanted.clone(), &measured)?,
            marks: open.marks.part(part),
            measured,
        };
        let slots = 0..u32::try_from(open.layout.slots.len()).expect("slots are few");
        let columns: Result<Vec<_>, _> =
            slots.clone().map(|slot| open.column(slot, wanted.clone())).collect();
        let ranks = slots.map(|slot| ranks(&open.layout, slot, &rows.marks.shapes));
        Ok(Self {
            list: open.record.list,
            ranks: ranks.collect(),
            columns: columns?,
            rows,
            layout: open.layout.clone(),
        })
    }

    /// The quality of a row's telegram.
    pub(crate) fn quality(&self, row: usize) -> Result<Quality, Malformed> {
        let code = u8::try_from(self.rows.marks.qualities[row]).ok();
        code.and_then(Quality::from_code).ok_or(Malformed("its quality is unknown"))
    }

    /// What a row's telegram told, in its order.
    pub(crate) fn entries(&self, row: usize) -> impl Iterator<Item = Entry<'_>> {
        let shape = usize::try_from(self.rows.marks.shapes[row]).expect("checked when opened");
        self.layout.shapes[shape].iter().map(move |slot| {
            let index = usize::try_from(*slot).expect("an index");
            let cell = self.ranks[index].as_ref().map_or(row, |ranks| ranks[row]);
            let (quality, value) = self.columns[index].cell(cell);
            Entry { channel: self.layout.slots[index], quality, value }
        })
    }
}

/// How many rows before each row have a slot; `None` when every shape has it.
pub(crate) fn ranks(layout: &Layout, slot: u32, shapes: &[i64]) -> Option<Vec<usize>> {
    let with = layout.with(slot);
    if with.iter().all(|has| *has) {
        return None;
    }
    let mut before = 0;
    let ranks = shapes.iter().map(|shape| {
        let rank = before;
        before += usize::from(usize::try_from(*shape).is_ok_and(|shape| with[shape]));
        rank
    });
    Some(ranks.collect())
}
