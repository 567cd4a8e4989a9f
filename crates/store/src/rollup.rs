//! Summaries side by side: the quarters of an hour, or the minutes, of one quantity in one list.
//!
//! In: summaries by the number of their interval since 1970. Out: one blob, and back, exactly.
//! Layout, behind its checksum: the median distance of the values in µs (varint, 0 unknown), the
//! total (a summary), the count of intervals, then for each the distance from the one before
//! (varint, the first: zigzag) and its summary, told relative to the one before.

use crate::bytes::{self, Cursor, put_signed, put_size, put_varint};
use crate::encoding::Malformed;
use crate::summary::Summary;
use std::collections::BTreeMap;

/// A quarter of an hour. **Unit** µs.
pub(crate) const QUARTER_HOUR: i64 = 900_000_000;
/// A minute. **Unit** µs.
pub(crate) const MINUTE: i64 = 60_000_000;

/// Summaries by the number of their interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rollup {
    /// Median distance between the values. **Unit** µs; 0 unknown.
    pub(crate) period: i64,
    pub(crate) intervals: BTreeMap<i64, Summary>,
}

impl Rollup {
    pub(crate) fn add(&mut self, interval: i64, summary: &Summary) {
        self.intervals
            .entry(interval)
            .and_modify(|known| known.merge(summary))
            .or_insert_with(|| summary.clone());
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        // The period of the larger part speaks for both.
        if self.period == 0 || (other.period != 0 && other.count() > self.count()) {
            self.period = other.period;
        }
        other.intervals.iter().for_each(|(interval, summary)| self.add(*interval, summary));
    }

    pub(crate) fn count(&self) -> u64 {
        self.intervals.values().map(|summary| summary.count).sum()
    }

    pub(crate) fn total(&self) -> Option<Summary> {
        let mut summaries = self.intervals.values();
        let mut total = summaries.next()?.clone();
        summaries.for_each(|summary| total.merge(summary));
        Some(total)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put_varint(&mut blob, self.period.cast_unsigned());
        let Some(total) = self.total() else { return bytes::checked(&blob) };
        total.put(&mut blob, None);
        put_size(&mut blob, self.intervals.len());
        let mut before: Option<(i64, &Summary)> = None;
        for (interval, summary) in &self.intervals {
            match before {
                Some((last, _)) => put_varint(&mut blob, interval.abs_diff(last)),
                None => put_signed(&mut blob, *interval),
            }
            summary.put(&mut blob, Some(before.map_or(&total, |(_, summary)| summary)));
            before = Some((*interval, summary));
        }
        bytes::checked(&blob)
    }

    pub(crate) fn decode(blob: &[u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor(bytes::content(blob)?);
        let mut rollup = Self { period: cursor.varint()?.cast_signed(), ..Self::default() };
        if cursor.is_empty() {
            return Ok(rollup);
        }
        let mut before = Summary::read(&mut cursor, None)?;
        let mut last: Option<i64> = None;
        for _ in 0..cursor.size()? {
            let interval = match last {
                Some(last) => last.wrapping_add(cursor.varint()?.cast_signed()),
                None => cursor.signed()?,
            };
            let summary = Summary::read(&mut cursor, Some(&before))?;
            before = summary.clone();
            rollup.intervals.insert(interval, summary);
            last = Some(interval);
        }
        Ok(rollup)
    }

    /// Only the period and the total of a blob, without its intervals.
    pub(crate) fn decode_total(blob: &[u8]) -> Result<(i64, Option<Summary>), Malformed> {
        let mut cursor = Cursor(bytes::content(blob)?);
        let period = cursor.varint()?.cast_signed();
        if cursor.is_empty() {
            return Ok((period, None));
        }
        Ok((period, Some(Summary::read(&mut cursor, None)?)))
    }
}

/// The median of the distances between times in their order. **Unit** µs; 0 without a distance.
pub(crate) fn median_distance(times: impl Iterator<Item = i64>) -> i64 {
    let mut last: Option<i64> = None;
    let mut distances: Vec<i64> = Vec::new();
    for time in times {
        if let Some(last) = last.replace(time)
            && time > last
        {
            distances.push(time - last);
        }
    }
    let middle = distances.len() / 2;
    if distances.is_empty() {
        return 0;
    }
    *distances.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::Decimal;

    #[test]
    fn comes_back_and_tells_its_total_alone() {
        let mut rollup = Rollup { period: 5_000_000, ..Rollup::default() };
        for (interval, mantissa, exponent) in
            [(-4, 2300, -1), (-4, 2310, -1), (7, -5, 3), (7, 1, 0)]
        {
            rollup.add(interval, &Summary::of(Decimal::new(mantissa, exponent)));
        }
        let blob = rollup.encode();
        assert_eq!(Rollup::decode(&blob), Ok(rollup.clone()));
        assert_eq!(Rollup::decode_total(&blob), Ok((5_000_000, rollup.total())));
        let none = Rollup::default();
        assert_eq!(Rollup::decode(&none.encode()), Ok(none));
    }
}
