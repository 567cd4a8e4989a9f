//! The rate of a live stream: at most two messages a second for each meter.
//!
//! In: what has news, and the time. Out: what may be said now. A kind of news that waits already
//! is not queued again: whoever says it says the newest state. Kinds take turns in the order in
//! which they began to wait, so that none starves.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Most messages of one meter within [`WINDOW`].
const MESSAGES_MAX: usize = 2;
const WINDOW: Duration = Duration::from_secs(1);

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The connection to the meter changed.
    Link,
    /// New values.
    Sample,
    /// New results of the analyses.
    Analysis,
    /// The alarms changed.
    Alarm,
}

/// The waiting news of one meter.
#[derive(Debug, Default)]
pub(super) struct Lane {
    waiting: VecDeque<News>,
    said: VecDeque<Instant>,
}

impl Lane {
    /// Notes that there is news.
    pub(super) fn note(&mut self, news: News) {
        if !self.waiting.contains(&news) {
            self.waiting.push_back(news);
        }
    }

    /// The next news, when it may be said at `now`; it counts as said.
    pub(super) fn next(&mut self, now: Instant) -> Option<News> {
        if self.due(now)? > now {
            return None;
        }
        if self.said.len() == MESSAGES_MAX {
            self.said.pop_front();
        }
        self.said.push_back(now);
        self.waiting.pop_front()
    }

    /// From when on the next news may be said; `None` when there is none.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        let full = self.said.len() == MESSAGES_MAX;
        let oldest = self.said.front().filter(|_| full);
        Some(oldest.map_or(now, |oldest| *oldest + WINDOW))
    }

    /// Forgets what waits, because a snapshot says all of it.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_two_messages_a_second_and_lets_kinds_take_turns() {
        let mut lane = Lane::default();
        let start = Instant::now();
        let mut said = Vec::new();
        for tick in 0..300_u32 {
            let now = start + Duration::from_millis(10) * tick;
            lane.note(News::Sample);
            lane.note(News::Analysis);
            while let Some(news) = lane.next(now) {
                said.push((tick, news));
            }
        }
        let samples = said.iter().filter(|(_, news)| *news == News::Sample).count();
        assert_eq!((said.len(), samples), (6, 3));
        for pair in said.windows(3) {
            assert!(pair[2].0 - pair[0].0 >= 100, "{said:?}");
        }
    }

    #[test]
    fn news_after_a_rest_is_said_at_once() {
        let mut lane = Lane::default();
        let now = Instant::now();
        assert_eq!(lane.due(now), None);
        lane.note(News::Link);
        lane.note(News::Link);
        assert_eq!(lane.next(now), Some(News::Link));
        assert_eq!(lane.next(now), None);
    }
}
