//! What lies where in a block: its slots, the shapes of its telegrams, its pages.
//!
//! A *slot* is the n-th time a channel stands in a telegram, and has a column of its own. A *shape*
//! is the slots of a telegram in the order in which it told them; most blocks have one. A *page*
//! holds the rows of one hour of measurement. Layout of the blob, behind its checksum: the count of
//! slots, the channel of each; the count of shapes, of each its length and its slots; the count of
//! pages, of each its rows and its hour since 1970 minus the hour of the page before (zigzag); all
//! varints.

use crate::bytes::{self, Cursor, put_signed, put_size, put_varint};
use crate::encoding::{ChannelId, Malformed};
use std::collections::HashMap;
use std::ops::Range;

/// The slots of a telegram, in its order.
pub(crate) type Shape = Vec<u32>;

/// The length of a page. **Unit** µs.
pub(crate) const HOUR: i64 = 3_600_000_000;

/// What lies where in a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The channel of each slot.
    pub(crate) slots: Vec<ChannelId>,
    pub(crate) shapes: Vec<Shape>,
    /// The rows of each page.
    pub(crate) pages: Vec<usize>,
    /// The hour of each page, counted since 1970.
    pub(crate) hours: Vec<i64>,
}

impl Layout {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put_size(&mut blob, self.slots.len());
        self.slots.iter().for_each(|channel| put_varint(&mut blob, (*channel).into()));
        put_size(&mut blob, self.shapes.len());
        for shape in &self.shapes {
            put_size(&mut blob, shape.len());
            shape.iter().for_each(|slot| put_varint(&mut blob, (*slot).into()));
        }
        put_size(&mut blob, self.pages.len());
        let mut before = 0;
        for (rows, hour) in self.pages.iter().zip(&self.hours) {
            put_size(&mut blob, *rows);
            put_signed(&mut blob, hour - before);
            before = *hour;
        }
        bytes::checked(&blob)
    }

    pub(crate) fn decode(blob: &[u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor(bytes::content(blob)?);
        let number = |cursor: &mut Cursor<'_>| {
            u32::try_from(cursor.varint()?).map_err(|_| Malformed("a number is too large"))
        };
        let mut layout = Self::default();
        for _ in 0..cursor.size()? {
            layout.slots.push(number(&mut cursor)?);
        }
        for _ in 0..cursor.size()? {
            let mut shape = Shape::new();
            for _ in 0..cursor.size()? {
                let slot = number(&mut cursor)?;
                if slot as usize >= layout.slots.len() {
                    return Err(Malformed("a shape names a slot that is not there"));
                }
                shape.push(slot);
            }
            layout.shapes.push(shape);
        }
        for _ in 0..cursor.size()? {
            layout.pages.push(cursor.size()?);
            let before = layout.hours.last().copied().unwrap_or(0);
            layout.hours.push(cursor.signed()?.wrapping_add(before));
        }
        Ok(layout)
    }

    /// Adds a row to its page; rows come in the order of time.
    pub(crate) fn count(&mut self, measured_at: i64) {
        let hour = measured_at.div_euclid(HOUR);
        match (self.hours.last(), self.pages.last_mut()) {
            (Some(last), Some(rows)) if *last == hour => *rows += 1,
            _ => {
                self.hours.push(hour);
                self.pages.push(1);
            }
        }
    }

    /// The pages that may hold rows measured in `from..to`.
    pub(crate) fn pages_of(&self, (from, to): (i64, i64)) -> Range<usize> {
        let start = self.hours.partition_point(|hour| *hour < from.div_euclid(HOUR));
        let end = self.hours.partition_point(|hour| hour.saturating_mul(HOUR) < to);
        start..end.max(start)
    }

    /// The rows of some pages, as indices into the block.
    pub(crate) fn rows(&self, pages: Range<usize>) -> Range<usize> {
        let start: usize = self.pages[..pages.start].iter().sum();
        start..start + self.pages[pages].iter().sum::<usize>()
    }

    /// Which shapes have a slot.
    pub(crate) fn with(&self, slot: u32) -> Vec<bool> {
        self.shapes.iter().map(|shape| shape.contains(&slot)).collect()
    }

    /// How many cells of a slot lie in each page.
    pub(crate) fn cells(&self, slot: u32, shapes: &[i64]) -> Vec<usize> {
        let with = self.with(slot);
        if with.iter().all(|has| *has) {
            return self.pages.clone();
        }
        let mut rows = shapes.iter();
        let pages = self.pages.iter().map(|count| {
            let page = rows.by_ref().take(*count);
            page.filter(|shape| usize::try_from(**shape).is_ok_and(|s| with[s])).count()
        });
        pages.collect()
    }
}

/// Finds the slots and the shape of telegrams, new if need be.
#[derive(Debug, Default)]
pub(crate) struct Shaper {
    by_slots: HashMap<Shape, u32>,
    by_channel: HashMap<(ChannelId, u32), u32>,
    /// The channels of the last telegram, and its shape: the next one is mostly alike.
    last: (Vec<ChannelId>, u32),
}

impl Shaper {
    /// The number of the shape of a telegram that told these channels.
    pub(crate) fn shape(&mut self, layout: &mut Layout, channels: &[ChannelId]) -> u32 {
        if self.last.0 == channels && !layout.shapes.is_empty() {
            return self.last.1;
        }
        let mut times: HashMap<ChannelId, u32> = HashMap::new();
        let slots: Shape = channels
            .iter()
            .map(|channel| {
                let nth = times.entry(*channel).or_insert(0);
                let next = u32::try_from(layout.slots.len()).expect("slots are few");
                let slot = *self.by_channel.entry((*channel, *nth)).or_insert(next);
                if slot == next {
                    layout.slots.push(*channel);
                }
                *nth += 1;
                slot
            })
            .collect();
        let next = u32::try_from(layout.shapes.len()).expect("shapes are few");
        let shape = *self.by_slots.entry(slots.clone()).or_insert(next);
        if shape == next {
            layout.shapes.push(slots);
        }
        self.last = (channels.to_vec(), shape);
        shape
    }
}
