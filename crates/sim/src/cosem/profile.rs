//! The load profile 1-0:99.1.0: registers at every quarter of an hour.

use crate::counters::Counters;
use reading::Timestamp;
use std::collections::VecDeque;

/// Capture period.
pub(super) const CAPTURE_SECONDS: u64 = 900;
/// Rows that the meter keeps: 60 days, as the real one does.
pub(super) const ENTRIES_MAX: usize = 5_760;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Captured {
    pub(super) at: Timestamp,
    pub(super) counters: Counters,
}

/// The rows, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct LoadProfile {
    rows: VecDeque<Captured>,
}

impl LoadProfile {
    pub(super) fn push(&mut self, row: Captured) {
        if self.rows.len() >= ENTRIES_MAX {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
    }

    pub(super) fn last(&self) -> Option<Timestamp> {
        self.rows.back().map(|row| row.at)
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &Captured> {
        self.rows.iter()
    }

    /// Mean power since the last row. **Unit** W.
    pub(super) fn running_mean(&self, counters: &Counters, now: Timestamp) -> u64 {
        self.rows.back().map_or(0, |last| {
            let seconds = now.since(last.at).as_secs().max(1);
            counters.import_wh().saturating_sub(last.counters.import_wh()) * 3_600 / seconds
        })
    }

    /// Mean power of the last whole period. **Unit** W.
    pub(super) fn last_mean(&self) -> u64 {
        self.means().next_back().map_or(0, |(mean, _)| mean)
    }

    /// The highest mean power, and when its period ended.
    pub(super) fn peak(&self) -> (u64, Timestamp) {
        let none = (0, Timestamp::from_seconds(0));
        self.means().fold(none, |peak, mean| if mean.0 > peak.0 { mean } else { peak })
    }

    fn means(&self) -> impl DoubleEndedIterator<Item = (u64, Timestamp)> {
        self.rows.iter().zip(self.rows.iter().skip(1)).map(|(before, after)| {
            let energy = after.counters.import_wh().saturating_sub(before.counters.import_wh());
            (energy * 3_600 / CAPTURE_SECONDS, after.at)
        })
    }
}
