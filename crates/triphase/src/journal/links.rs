//! What happens to a meter's link, as journal entries.
//!
//! In: every change of a link, and time. Out: an entry when it is lost, one when it is back. A loss
//! shows its true cause a moment later (a device that breaks off turns out to be gone), so an entry
//! waits for that moment; a further cause during the same loss is told once. Starting is no event.

use reading::{JournalEntry, JournalKind, Link, LinkCause, LinkState, MeterId, Timestamp};
use std::time::Duration;

/// How long a cause must stand before it is told.
const SETTLED: Duration = Duration::from_secs(5);

/// A loss that has not been told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lost {
    since: Timestamp,
    /// When this machine learnt of the cause.
    learnt: Timestamp,
    cause: LinkCause,
    reason: Option<String>,
}

/// What is known of one meter's link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LinkEvents {
    /// The causes of the present loss that were told.
    told: Vec<LinkCause>,
    lost: Option<Lost>,
}

impl LinkEvents {
    /// What was written down by [`remembered`](Self::remembered); words that are no cause are left out.
    pub(super) fn recall(text: &str) -> Self {
        let told = text.split(',').filter_map(LinkCause::from_name).collect();
        Self { told, lost: None }
    }

    pub(super) fn remembered(&self) -> String {
        let words: Vec<&str> = self.told.iter().map(|cause| cause.name()).collect();
        words.join(",")
    }

    /// The link changed.
    pub(super) fn take(
        &mut self,
        meter: &MeterId,
        link: &Link,
        now: Timestamp,
    ) -> Vec<JournalEntry> {
        match (link.state, link.cause) {
            (LinkState::Live, _) => {
                let mut found: Vec<_> = self.tell(meter).into_iter().collect();
                if !self.told.is_empty() {
                    self.told.clear();
                    let kind = JournalKind::LinkRestored;
                    found.push(JournalEntry::new(meter.clone(), kind, link.since, now));
                }
                found
            }
            (LinkState::Stale | LinkState::Disconnected, Some(cause)) => {
                let news = !matches!(cause, LinkCause::NotOpened | LinkCause::ReplayEnded);
                if news && !self.told.contains(&cause) {
                    let learnt = self.lost.as_ref().map_or(now, |lost| lost.learnt);
                    // A further cause of a loss begins when it is learnt.
                    let since = if self.told.is_empty() { link.since } else { learnt };
                    let reason = link.reason.clone();
                    self.lost = Some(Lost { since, learnt, cause, reason });
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Time passed.
    pub(super) fn tick(&mut self, meter: &MeterId, now: Timestamp) -> Option<JournalEntry> {
        let settled = |lost: &Lost| now < lost.learnt || now.since(lost.learnt) >= SETTLED;
        if !self.lost.as_ref().is_some_and(settled) {
            return None;
        }
        self.tell(meter)
    }

    fn tell(&mut self, meter: &MeterId) -> Option<JournalEntry> {
        let Lost { since, learnt, cause, reason } = self.lost.take()?;
        self.told.push(cause);
        let entry = JournalEntry::new(meter.clone(), JournalKind::LinkLost, since, learnt);
        Some(JournalEntry { cause: Some(cause), reason, ..entry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn link(state: LinkState, since: i64, cause: Option<LinkCause>) -> Link {
        Link { state, since: at(since), cause, reason: cause.map(|cause| cause.name().to_owned()) }
    }

    fn told(
        found: impl IntoIterator<Item = JournalEntry>,
    ) -> Vec<(JournalKind, i64, Option<LinkCause>)> {
        let second = |at: Timestamp| at.as_micros() / 1_000_000;
        found.into_iter().map(|entry| (entry.kind, second(entry.at), entry.cause)).collect()
    }

    #[test]
    fn a_loss_is_told_once_with_its_settled_cause_and_its_return_once() {
        let meter = MeterId::new("general").expect("an id");
        let mut events = LinkEvents::default();
        let gone = |cause| link(LinkState::Disconnected, 100, Some(cause));
        assert_eq!(events.take(&meter, &link(LinkState::Live, 1, None), at(1)), []);
        assert_eq!(events.take(&meter, &gone(LinkCause::Broken), at(103)), []);
        assert_eq!(events.tick(&meter, at(104)), None);
        assert_eq!(events.take(&meter, &gone(LinkCause::NoDevice), at(105)), []);
        assert_eq!(events.tick(&meter, at(107)), None);
        let lost = (JournalKind::LinkLost, 100, Some(LinkCause::NoDevice));
        assert_eq!(told(events.tick(&meter, at(108))), [lost]);
        assert_eq!(events.take(&meter, &gone(LinkCause::NoDevice), at(109)), []);
        // A restart in between tells nothing twice.
        let mut events = LinkEvents::recall(&events.remembered());
        assert_eq!(events.take(&meter, &gone(LinkCause::NotOpened), at(200)), []);
        assert_eq!(events.take(&meter, &gone(LinkCause::NoDevice), at(201)), []);
        assert_eq!(events.tick(&meter, at(300)), None);
        let back = (JournalKind::LinkRestored, 400, None);
        assert_eq!(told(events.take(&meter, &link(LinkState::Live, 400, None), at(400))), [back]);
        assert_eq!(events.take(&meter, &link(LinkState::Live, 400, None), at(401)), []);
    }

    #[test]
    fn another_trouble_within_a_loss_is_told_too_and_a_short_loss_is_not_lost() {
        let meter = MeterId::new("general").expect("an id");
        let mut events = LinkEvents::default();
        events.take(&meter, &link(LinkState::Disconnected, 10, Some(LinkCause::NoDevice)), at(10));
        assert_eq!(told(events.tick(&meter, at(20))).len(), 1);
        events.take(&meter, &link(LinkState::Stale, 10, Some(LinkCause::NoTelegram)), at(30));
        let further = (JournalKind::LinkLost, 30, Some(LinkCause::NoTelegram));
        assert_eq!(told(events.tick(&meter, at(36))), [further]);
        events.take(&meter, &link(LinkState::Live, 50, None), at(50));
        events.take(&meter, &link(LinkState::Disconnected, 51, Some(LinkCause::Closed)), at(51));
        let found = told(events.take(&meter, &link(LinkState::Live, 52, None), at(52)));
        let kinds: Vec<_> = found.iter().map(|one| one.0).collect();
        assert_eq!(kinds, [JournalKind::LinkLost, JournalKind::LinkRestored]);
    }
}
