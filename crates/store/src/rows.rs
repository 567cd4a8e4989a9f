//! What every row of a block has besides its values: times, id, turn, quality, shape, clock.
//!
//! In: rows in the order of time and turn. Out: five pieces, and back, exactly. Each piece is its
//! stream or streams behind a checksum: the times of measurement; the ids; the arrivals minus the
//! measurements; turns, qualities and shapes; the meter's clocks.

use crate::bytes::{self, Cursor};
use crate::clock;
use crate::encoding::Malformed;
use crate::stream::{self, Effort};
use reading::MeterTime;
use std::ops::Range;

/// The numbers of the pieces.
pub(crate) const MEASURED: u32 = 0;
pub(crate) const IDS: u32 = 1;
pub(crate) const RECEIVED: u32 = 2;
pub(crate) const MARKS: u32 = 3;
pub(crate) const CLOCKS: u32 = 4;
/// The piece of the first slot; the others follow.
pub(crate) const SLOTS: u32 = 8;

/// The rows of a block, or of some of its pages. Every column has one value for each row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) measured: Vec<i64>,
    pub(crate) ids: Vec<i64>,
    pub(crate) received: Vec<i64>,
    pub(crate) marks: Marks,
    pub(crate) clocks: Vec<Option<MeterTime>>,
}

/// What is nearly always the same from row to row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) turns: Vec<i64>,
    pub(crate) qualities: Vec<i64>,
    pub(crate) shapes: Vec<i64>,
}

impl Marks {
    /// The marks of a block, all pages.
    pub(crate) fn decode(blob: &[u8], pages: &[usize]) -> Result<Self, Malformed> {
        let mut cursor = Cursor(bytes::content(blob)?);
        let mut next = || stream::read(&mut cursor, pages, 0..pages.len());
        Ok(Self { turns: next()?, qualities: next()?, shapes: next()? })
    }

    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        Self {
            turns: self.turns[rows.clone()].to_vec(),
            qualities: self.qualities[rows.clone()].to_vec(),
            shapes: self.shapes[rows].to_vec(),
        }
    }
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.measured.len()
    }

    /// The pieces with their numbers; those of the id, which is the largest, first.
    pub(crate) fn encode(&self, pages: &[usize], effort: Effort) -> Vec<(u32, Vec<u8>)> {
        let piece = |columns: &[&[i64]]| {
            let mut blob = Vec::new();
            columns.iter().for_each(|values| stream::put(&mut blob, values, pages, effort));
            bytes::checked(&blob)
        };
        let times = self.received.iter().zip(&self.measured);
        let delays: Vec<i64> =
            times.map(|(received, measured)| received.wrapping_sub(*measured)).collect();
        let Marks { turns, qualities, shapes } = &self.marks;
        let mut clocks = Vec::new();
        clock::put(&mut clocks, &self.clocks, (&self.measured, pages), effort);
        vec![
            (MEASURED, piece(&[&self.measured])),
            (IDS, piece(&[&self.ids])),
            (RECEIVED, piece(&[&delays])),
            (MARKS, piece(&[turns, qualities, shapes])),
            (CLOCKS, bytes::checked(&clocks)),
        ]
    }
}

/// The only stream of a piece, of which the wanted pages come.
pub(crate) fn single(
    blob: &[u8],
    pages: &[usize],
    wanted: Range<usize>,
) -> Result<Vec<i64>, Malformed> {
    stream::read(&mut Cursor(bytes::content(blob)?), pages, wanted)
}

/// The clocks of the wanted pages, whose rows were measured at `measured`.
pub(crate) fn clocks(
    blob: &[u8],
    pages: &[usize],
    wanted: (Range<usize>, &[i64]),
) -> Result<Vec<Option<MeterTime>>, Malformed> {
    clock::read(&mut Cursor(bytes::content(blob)?), pages, wanted)
}
