//! What can be said about a meter's link, from what arrives on it and when.
//!
//! In: openings, bytes, telegrams, failures, ticks, each with its time. Out: the link's state when
//! it changes. No I/O and no clock, so every sentence here can be tested.

use reading::{Link, LinkState, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;

/// Telegrams whose spacing tells the meter's period.
const INTERVALS_MAX: usize = 16;
/// How long to wait for the first telegram before saying that something is wrong: a meter may
/// push once a minute.
const FIRST_TELEGRAM_WAIT: Duration = Duration::from_secs(90);
/// Shortest silence that is called stale.
const STALE_AFTER_MIN: Duration = Duration::from_secs(15);
/// Silence in periods that is called stale.
const STALE_PERIODS: u32 = 3;

/// The watch over one link.
#[derive(Debug)]
pub(crate) struct LinkWatch {
    state: LinkState,
    since: Timestamp,
    reason: Option<String>,
    opened_at: Timestamp,
    last_telegram: Option<Timestamp>,
    last_byte: Option<Timestamp>,
    bytes_without_telegram: u64,
    last_defect: Option<&'static str>,
    intervals: VecDeque<Duration>,
    period: Option<Duration>,
}

impl LinkWatch {
    /// A link that has not been opened yet. `period` is the configured one, if any.
    pub(crate) fn new(now: Timestamp, period: Option<Duration>) -> Self {
        Self {
            state: LinkState::Disconnected,
            since: now,
            reason: Some("not opened yet".to_owned()),
            opened_at: now,
            last_telegram: None,
            last_byte: None,
            bytes_without_telegram: 0,
            last_defect: None,
            intervals: VecDeque::new(),
            period,
        }
    }

    /// The link as it is.
    pub(crate) fn link(&self) -> Link {
        Link { state: self.state, since: self.since, reason: self.reason.clone() }
    }

    /// The port was opened.
    pub(crate) fn opened(&mut self, now: Timestamp) -> Option<Link> {
        self.opened_at = now;
        self.last_byte = None;
        self.bytes_without_telegram = 0;
        self.last_defect = None;
        // A re-opened port brings no telegram yet; the pause is no interval of the meter's.
        self.last_telegram = None;
        self.become_state(LinkState::Waiting, now, None)
    }

    /// The port could not be opened, or closed itself.
    pub(crate) fn failed(&mut self, now: Timestamp, reason: String) -> Option<Link> {
        self.become_state(LinkState::Disconnected, now, Some(reason))
    }

    /// Bytes arrived; `defect` names what was last wrong with them.
    pub(crate) fn heard(&mut self, now: Timestamp, bytes: usize, defect: Option<&'static str>) {
        self.last_byte = Some(now);
        self.bytes_without_telegram += bytes as u64;
        self.last_defect = defect.or(self.last_defect);
    }

    /// A telegram was decoded.
    pub(crate) fn telegram(&mut self, now: Timestamp) -> Option<Link> {
        if let Some(last) = self.last_telegram {
            if self.intervals.len() == INTERVALS_MAX {
                self.intervals.pop_front();
            }
            self.intervals.push_back(now.since(last));
        }
        self.last_telegram = Some(now);
        self.bytes_without_telegram = 0;
        self.last_defect = None;
        self.become_state(LinkState::Live, now, None)
    }

    /// Time passed.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Option<Link> {
        match (self.state, self.last_telegram) {
            (LinkState::Live, Some(last)) if now.since(last) > self.stale_after() => {
                let reason = self.silence(now);
                self.become_state(LinkState::Stale, last, Some(reason))
            }
            (LinkState::Waiting, _) if now.since(self.opened_at) > FIRST_TELEGRAM_WAIT => {
                let reason = self.silence(now);
                self.become_state(LinkState::Stale, self.opened_at, Some(reason))
            }
            (LinkState::Stale, _) => {
                let (reason, since) = (self.silence(now), self.since);
                self.become_state(LinkState::Stale, since, Some(reason))
            }
            _ => None,
        }
    }

    fn stale_after(&self) -> Duration {
        let measured = self.intervals.iter().max().copied();
        let period = self.period.or(measured).unwrap_or(FIRST_TELEGRAM_WAIT);
        (period * STALE_PERIODS).max(STALE_AFTER_MIN)
    }

    /// Why there is no telegram, in the words of whoever stands before the cabinet.
    fn silence(&self, now: Timestamp) -> String {
        match (self.last_byte, self.last_defect) {
            (None, _) => "the port is open and silent: is the customer interface enabled by the \
                          grid operator, and the adapter an M-Bus slave on RJ12 pins 3 and 4?"
                .to_owned(),
            (Some(last), _) if now.since(last) > STALE_AFTER_MIN => {
                "the meter stopped sending".to_owned()
            }
            (Some(_), Some(defect)) => format!(
                "{} bytes came and none of them made a telegram ({defect}): check the key, the \
                 baud rate and the parity",
                self.bytes_without_telegram
            ),
            (Some(_), None) => format!(
                "{} bytes came and none of them made a telegram: check the baud rate and the \
                 parity (2400 8E1 on an E450)",
                self.bytes_without_telegram
            ),
        }
    }

    fn become_state(
        &mut self,
        state: LinkState,
        since: Timestamp,
        reason: Option<String>,
    ) -> Option<Link> {
        if self.state == state {
            // The same state with another cause keeps its beginning. Counts inside a sentence
            // grow, so only a change of its first words is worth telling.
            let head = |text: &Option<String>| text.as_ref().map(|t| digits_removed(t));
            if head(&self.reason) == head(&reason) {
                return None;
            }
            self.reason = reason;
            return Some(self.link());
        }
        self.state = state;
        self.since = since;
        self.reason = reason;
        Some(self.link())
    }
}

fn digits_removed(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_meter_that_stops_is_stale_since_its_last_telegram() {
        let mut watch = LinkWatch::new(at(0), None);
        assert_eq!(watch.opened(at(1)).map(|link| link.state), Some(LinkState::Waiting));
        watch.heard(at(5), 300, None);
        assert_eq!(watch.telegram(at(5)).map(|link| link.state), Some(LinkState::Live));
        assert_eq!(watch.telegram(at(10)), None);
        assert_eq!(watch.tick(at(25)), None);
        let stale = watch.tick(at(26)).expect("three periods passed");
        assert_eq!((stale.state, stale.since), (LinkState::Stale, at(10)));
        assert_eq!(stale.reason.as_deref(), Some("the meter stopped sending"));
        assert_eq!(watch.tick(at(40)), None);
        assert_eq!(watch.telegram(at(60)).map(|link| link.state), Some(LinkState::Live));
    }

    #[test]
    fn a_slow_meter_is_not_stale_between_its_pushes() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        for minute in 1..4 {
            watch.heard(at(minute * 60), 300, None);
            watch.telegram(at(minute * 60));
            assert_eq!(watch.tick(at(minute * 60 + 59)), None);
        }
    }

    #[test]
    fn silence_and_garbage_have_different_reasons() {
        let mut silent = LinkWatch::new(at(0), None);
        silent.opened(at(0));
        let reason = silent.tick(at(91)).and_then(|link| link.reason).expect("a reason");
        assert!(reason.contains("silent"), "{reason}");
        let mut garbage = LinkWatch::new(at(0), None);
        garbage.opened(at(0));
        garbage.heard(at(90), 512, Some("fcs_mismatch"));
        let reason = garbage.tick(at(91)).and_then(|link| link.reason).expect("a reason");
        assert!(reason.contains("512 bytes") && reason.contains("fcs_mismatch"), "{reason}");
        garbage.heard(at(95), 10, None);
        assert_eq!(garbage.tick(at(96)), None, "a growing count is no news");
    }

    #[test]
    fn a_vanished_port_keeps_the_time_it_vanished() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        let gone = watch.failed(at(7), "unplugged".to_owned()).expect("news");
        assert_eq!((gone.state, gone.since), (LinkState::Disconnected, at(7)));
        assert_eq!(watch.failed(at(9), "unplugged".to_owned()), None);
        assert_eq!(watch.link().since, at(7));
    }
}
