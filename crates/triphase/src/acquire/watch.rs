//! What can be said about a meter's link, from what arrives on it and when.
//!
//! In: openings, bytes, telegrams, failures, ticks, each with its time. Out: the link's state when
//! it changes. No I/O and no clock, so every sentence here can be tested.

use reading::{Link, LinkCause, LinkState, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;

/// Telegrams whose spacing tells the meter's period.
const INTERVALS_MAX: usize = 16;
/// From so many intervals on, the longest may be a hiccup.
const INTERVALS_FOR_HICCUP: usize = 4;
/// How long to wait for the first telegram before saying that something is wrong: a meter may
/// push once a minute.
const FIRST_TELEGRAM_WAIT: Duration = Duration::from_secs(90);
/// Shortest silence that is called stale.
const STALE_AFTER_MIN: Duration = Duration::from_secs(15);
/// Silence in periods that is called stale.
const STALE_PERIODS: u32 = 3;

/// Time is looked at more often than this; more at once is a clock that was set ahead, or a machine
/// that slept.
const TICKS_APART_MAX: Duration = Duration::from_secs(60);

/// A cause with its English sentence.
pub(crate) type Why = (LinkCause, String);

/// The watch over one link.
#[derive(Debug)]
pub(crate) struct LinkWatch {
    state: LinkState,
    since: Timestamp,
    why: Option<Why>,
    opened_at: Timestamp,
    last_telegram: Option<Timestamp>,
    last_byte: Option<Timestamp>,
    bytes_without_telegram: u64,
    last_defect: Option<&'static str>,
    intervals: VecDeque<Duration>,
    period: Option<Duration>,
    /// When time was looked at last.
    ticked: Option<Timestamp>,
    /// Why the last questions brought nothing, for a meter that is asked.
    unanswered: Option<Why>,
    /// The topics of a meter that is fed by a broker; its silence has other reasons.
    topics: Option<String>,
    /// What was last wrong with a message.
    last_wrong: Option<String>,
}

impl LinkWatch {
    /// A link that has not been opened yet. `period` is the configured one, if any.
    pub(crate) fn new(now: Timestamp, period: Option<Duration>) -> Self {
        Self {
            state: LinkState::Disconnected,
            since: now,
            why: Some((LinkCause::NotOpened, "not opened yet".to_owned())),
            opened_at: now,
            last_telegram: None,
            last_byte: None,
            bytes_without_telegram: 0,
            last_defect: None,
            intervals: VecDeque::new(),
            period,
            ticked: None,
            unanswered: None,
            topics: None,
            last_wrong: None,
        }
    }

    /// The same for a meter that is fed by a broker under these topics.
    pub(crate) fn of_topics(mut self, topics: String) -> Self {
        self.topics = Some(topics);
        self
    }

    /// What was wrong with a message, in a sentence with its place.
    pub(crate) fn wrong(&mut self, detail: String) {
        self.last_wrong = Some(detail);
    }

    /// The link as it is.
    pub(crate) fn link(&self) -> Link {
        let (cause, reason) = self.why.clone().unzip();
        Link { state: self.state, since: self.since, cause, reason }
    }

    /// The port was opened.
    pub(crate) fn opened(&mut self, now: Timestamp) -> Option<Link> {
        self.opened_at = now;
        self.last_byte = None;
        self.bytes_without_telegram = 0;
        self.last_defect = None;
        self.become_state(LinkState::Waiting, now, None)
    }

    /// The port could not be opened, or closed itself.
    pub(crate) fn failed(&mut self, now: Timestamp, why: Why) -> Option<Link> {
        self.become_state(LinkState::Disconnected, now, Some(why))
    }

    /// Bytes arrived; `defect` names what was last wrong with them.
    pub(crate) fn heard(&mut self, now: Timestamp, bytes: usize, defect: Option<&'static str>) {
        self.last_byte = Some(now);
        self.bytes_without_telegram += bytes as u64;
        self.last_defect = defect.or(self.last_defect);
    }

    /// A telegram was decoded.
    pub(crate) fn telegram(&mut self, now: Timestamp) -> Option<Link> {
        // The pause of an outage is no interval of the meter's.
        if let Some(last) = self.last_telegram.filter(|_| self.state == LinkState::Live) {
            if self.intervals.len() == INTERVALS_MAX {
                self.intervals.pop_front();
            }
            self.intervals.push_back(now.since(last));
        }
        self.last_telegram = Some(now);
        self.bytes_without_telegram = 0;
        self.last_defect = None;
        self.unanswered = None;
        self.last_wrong = None;
        self.become_state(LinkState::Live, now, None)
    }

    /// The meter was asked and gave no reading. One lost answer on a live link is no news: the
    /// silence is told once it is longer than usual.
    pub(crate) fn unanswered(&mut self, now: Timestamp, why: Why) -> Option<Link> {
        self.follow_clock(now);
        self.unanswered = Some(why.clone());
        let last = self.last_telegram.unwrap_or(self.opened_at);
        if self.state == LinkState::Live && now.since(last) <= self.stale_after() {
            return None;
        }
        self.become_state(LinkState::Stale, last, Some(why))
    }

    /// Time passed.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Option<Link> {
        self.follow_clock(now);
        let silent_for = |since: Timestamp| now.since(since);
        match (self.state, self.last_telegram) {
            (LinkState::Live, Some(last)) if silent_for(last) > self.stale_after() => {
                let why = self.silence(now);
                self.become_state(LinkState::Stale, last, Some(why))
            }
            // What a key or a mapping would mend is known with the first telegram.
            (LinkState::Waiting, _) if self.key_is_wrong() || self.last_wrong.is_some() => {
                let why = self.silence(now);
                self.become_state(LinkState::Stale, now, Some(why))
            }
            (LinkState::Waiting, _) if silent_for(self.opened_at) > self.stale_after() => {
                let why = self.silence(now);
                self.become_state(LinkState::Stale, self.opened_at, Some(why))
            }
            (LinkState::Stale, _) => {
                let why = self.silence(now);
                self.become_state(LinkState::Stale, now, Some(why))
            }
            _ => None,
        }
    }

    /// After the clock was set, silence counts from then: set back, a meter that stops would pass
    /// for alive until the old time has come again; set ahead, one that speaks would pass for silent.
    fn follow_clock(&mut self, now: Timestamp) {
        let passed = self.ticked.replace(now).map_or(Duration::ZERO, |ticked| now.since(ticked));
        let ahead = if passed > TICKS_APART_MAX { passed } else { Duration::ZERO };
        let instants = self.last_telegram.iter_mut().chain(&mut self.last_byte);
        for at in instants.chain([&mut self.opened_at]) {
            *at = at.plus(ahead).min(now);
        }
    }

    fn key_is_wrong(&self) -> bool {
        matches!(self.last_defect, Some("key_missing" | "wrong_key"))
    }

    fn stale_after(&self) -> Duration {
        let Some(period) = self.period.or_else(|| self.usual_pause()) else {
            return FIRST_TELEGRAM_WAIT;
        };
        (period * STALE_PERIODS).max(STALE_AFTER_MIN)
    }

    /// The longest pause that is usual: a meter may push in bursts, so the longest one counts,
    /// but a single hiccup among many does not.
    fn usual_pause(&self) -> Option<Duration> {
        let mut intervals: Vec<Duration> = self.intervals.iter().copied().collect();
        intervals.sort_unstable();
        let hiccup = usize::from(intervals.len() >= INTERVALS_FOR_HICCUP);
        intervals.iter().rev().nth(hiccup).copied()
    }

    /// Why there is no telegram, in the words of whoever stands before the cabinet.
    fn silence(&self, now: Timestamp) -> Why {
        // A meter that is asked told why, or was asked too seldom to be silent.
        if let Some(why) = &self.unanswered {
            return why.clone();
        }
        if let Some(topics) = &self.topics {
            return self.silence_of(topics);
        }
        let Some(last) = self.last_byte else {
            if self.last_telegram.is_some() {
                let sentence = "the meter sent before, and sends nothing since the port was opened";
                return (LinkCause::Stopped, format!("{sentence} again"));
            }
            let sentence = "the port is open and silent: is the customer interface enabled by the \
                            grid operator, and the adapter an M-Bus slave on RJ12 pins 3 and 4?";
            return (LinkCause::Silent, sentence.to_owned());
        };
        if now.since(last) > STALE_AFTER_MIN && !self.key_is_wrong() {
            return (LinkCause::Stopped, "the meter stopped sending".to_owned());
        }
        let bytes = self.bytes_without_telegram;
        match self.last_defect {
            Some("key_missing") => {
                let sentence = "the telegrams are encrypted: ask the grid operator for the GUEK \
                                and configure it as `guek`";
                (LinkCause::KeyMissing, sentence.to_owned())
            }
            Some("wrong_key") => {
                let sentence = "the configured key does not decrypt the telegrams: is it this \
                                meter's, or was the meter exchanged?";
                (LinkCause::WrongKey, sentence.to_owned())
            }
            Some(defect) => {
                let sentence = format!(
                    "{bytes} bytes came and none of them made a telegram ({defect}): check the \
                     baud rate and the parity"
                );
                (LinkCause::NoTelegram, sentence)
            }
            None => {
                let sentence = format!(
                    "{bytes} bytes came and none of them made a telegram: check the baud rate and \
                     the parity (2400 8E1 on an E450)"
                );
                (LinkCause::NoTelegram, sentence)
            }
        }
    }

    /// The same for a meter that is fed by a broker.
    fn silence_of(&self, topics: &str) -> Why {
        if let Some(wrong) = &self.last_wrong {
            let sentence = format!("messages come and none gives a measurement: {wrong}");
            return (LinkCause::WrongAnswer, sentence);
        }
        if self.last_telegram.is_some() {
            let sentence = format!("the device stopped publishing under {topics}");
            return (LinkCause::Stopped, sentence);
        }
        let sentence = format!(
            "the broker is there and nothing is published under {topics}: is the device on, is MQTT \
             enabled in it, and is this its topic?"
        );
        (LinkCause::Silent, sentence)
    }

    fn become_state(
        &mut self,
        state: LinkState,
        since: Timestamp,
        why: Option<Why>,
    ) -> Option<Link> {
        if self.state == state {
            // The same state with another cause keeps its beginning; a count that grows inside
            // the sentence is no news.
            let cause = |why: &Option<Why>| why.as_ref().map(|(cause, _)| *cause);
            let news = cause(&self.why) != cause(&why);
            self.why = why;
            return news.then(|| self.link());
        }
        // From one unhealthy state to another the trouble is the same one, and as old.
        if state == LinkState::Live || self.state == LinkState::Live {
            self.since = since;
        }
        self.state = state;
        self.why = why;
        Some(self.link())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_clock_that_is_set_ahead_is_no_silence() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        for second in 1..30 {
            watch.telegram(at(second * 5));
            assert_eq!(watch.tick(at(second * 5)), None);
        }
        assert_eq!(watch.tick(at(3_745)), None, "an hour ahead at once");
        watch.telegram(at(3_750));
        assert_eq!(watch.tick(at(3_760)), None);
        assert!(watch.tick(at(3_766)).is_some(), "and a meter that stops is seen");
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
    fn a_clock_that_is_set_back_hides_no_silence() {
        let mut watch = LinkWatch::new(at(10_000), None);
        watch.opened(at(10_000));
        for second in 1..=4 {
            watch.telegram(at(10_000 + second * 5));
        }
        assert_eq!(watch.tick(at(100)), None, "just heard");
        let stale = watch.tick(at(116)).expect("three periods passed on the new clock");
        assert_eq!((stale.state, stale.since), (LinkState::Stale, at(100)));
    }

    #[test]
    fn a_clock_that_is_set_forward_costs_nothing_but_a_word() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        for second in 1..=4 {
            watch.telegram(at(second * 5));
        }
        assert_eq!(watch.tick(at(100_000)).map(|link| link.state), Some(LinkState::Stale));
        assert_eq!(watch.telegram(at(100_001)).map(|link| link.state), Some(LinkState::Live));
        watch.telegram(at(100_006));
        assert!(watch.tick(at(100_023)).is_some(), "and the period is known as before");
    }

    #[test]
    fn a_hiccup_does_not_make_the_watch_patient() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        for second in 1..=10 {
            watch.telegram(at(second * 5));
        }
        // Silent for 30 s: stale after 15. It comes back, and is stale after 15 again.
        assert!(watch.tick(at(66)).is_some());
        watch.telegram(at(80));
        watch.telegram(at(85));
        assert_eq!(watch.tick(at(100)), None);
        let stale = watch.tick(at(101)).expect("three periods passed");
        assert_eq!((stale.state, stale.since), (LinkState::Stale, at(85)));
        // Bursts are usual, and no hiccup.
        let mut bursts = LinkWatch::new(at(0), None);
        bursts.opened(at(0));
        for minute in 1..=3 {
            for second in 0..3 {
                bursts.telegram(at(minute * 60 + second));
            }
        }
        assert_eq!(bursts.tick(at(3 * 60 + 59)), None);
    }

    #[test]
    fn a_meter_that_sent_before_keeps_its_history_over_a_new_connection() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        watch.telegram(at(5));
        watch.telegram(at(10));
        let gone = |watch: &mut LinkWatch, now| {
            watch.failed(now, (LinkCause::Closed, "closed".to_owned())).expect("news").since
        };
        assert_eq!(gone(&mut watch, at(20)), at(20));
        assert_eq!(watch.opened(at(22)).map(|link| link.since), Some(at(20)));
        assert_eq!(gone(&mut watch, at(23)), at(20), "the same trouble");
        watch.opened(at(25));
        let silent = watch.tick(at(41)).expect("three periods on an open port");
        assert_eq!((silent.since, silent.cause), (at(20), Some(LinkCause::Stopped)));
    }

    #[test]
    fn a_wrong_key_is_told_with_the_first_telegram() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        watch.heard(at(5), 500, Some("wrong_key"));
        let told = watch.tick(at(6)).expect("no need to wait");
        assert_eq!((told.state, told.cause), (LinkState::Stale, Some(LinkCause::WrongKey)));
        assert_eq!(watch.tick(at(60)), None, "and stays the cause");
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
        garbage.heard(at(97), 400, Some("wrong_key"));
        let cause = garbage.tick(at(98)).and_then(|link| link.cause);
        assert_eq!(cause, Some(LinkCause::WrongKey), "another cause is news");
    }

    #[test]
    fn a_vanished_port_keeps_the_time_it_vanished() {
        let mut watch = LinkWatch::new(at(0), None);
        watch.opened(at(0));
        watch.telegram(at(5));
        let unplugged = || (LinkCause::Broken, "unplugged".to_owned());
        let gone = watch.failed(at(7), unplugged()).expect("news");
        assert_eq!((gone.state, gone.since), (LinkState::Disconnected, at(7)));
        assert_eq!(watch.failed(at(9), unplugged()), None);
        assert_eq!(watch.link().since, at(7));
    }
}
