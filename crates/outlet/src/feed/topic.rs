//! Topic filters: which topics belong to a meter (MQTT 3.1.1, 4.7).
//!
//! In: a filter as people write it. Out: whether it matches a topic. Refuses, with the place: `#`
//! anywhere but at the end, `+` or `#` inside a level, control characters, filters longer than the
//! protocol has room for.

use std::fmt;

/// Longest filter. **Unit** bytes.
const FILTER_MAX: usize = 1024;

/// A topic filter, with or without wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicFilter(String);

/// The text is no topic filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicError {
    /// The byte of the text that is wrong.
    pub at: usize,
    /// What was expected there.
    pub message: &'static str,
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for TopicError {}

impl TopicFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The place of what is wrong.
    pub fn new(text: &str) -> Result<Self, TopicError> {
        let wrong = |at, message| Err(TopicError { at, message });
        if text.is_empty() {
            return wrong(0, "expected a topic such as \"usine/presse/energie\"");
        }
        if text.len() > FILTER_MAX {
            return wrong(FILTER_MAX, "expected a topic of at most 1024 bytes");
        }
        if let Some(at) = text.find(char::is_control) {
            return wrong(at, "a topic holds no control character");
        }
        let mut at = 0;
        for level in text.split('/') {
            let last = at + level.len() == text.len();
            if level.contains('#') && (level != "#" || !last) {
                return wrong(at, "# stands for all levels that follow: alone, at the end");
            }
            if level.contains('+') && level != "+" {
                return wrong(at, "+ stands for one whole level");
            }
            at += level.len() + 1;
        }
        Ok(Self(text.to_owned()))
    }

    /// The filter as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether several topics may match.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.0.split('/').any(|level| level == "+" || level == "#")
    }

    /// Whether a topic matches.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        // Topics of the broker's own do not match a wildcard in front (4.7.2).
        if topic.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut levels = topic.split('/');
        for wanted in self.0.split('/') {
            if wanted == "#" {
                return true;
            }
            match levels.next() {
                Some(level) if wanted == "+" || wanted == level => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str, topic: &str) -> bool {
        TopicFilter::new(filter).expect(filter).matches(topic)
    }

    #[test]
    fn matches_as_the_standard_says() {
        for (filter, topic) in [
            ("sport/tennis/player1/#", "sport/tennis/player1"),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"),
            ("#", "a/b"),
            ("sport/tennis/+", "sport/tennis/player1"),
            ("+/+", "/finance"),
            ("/+", "/finance"),
            ("$SYS/#", "$SYS/broker"),
            ("a//b", "a//b"),
        ] {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [
            ("sport/tennis/+", "sport/tennis/player1/ranking"),
            ("sport/+", "sport"),
            ("+", "/finance"),
            ("#", "$SYS/broker"),
            ("+/monitor", "$SYS/monitor"),
            ("a/b", "a/b/"),
            ("a/b", "A/b"),
        ] {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_with_its_place() {
        for (text, at) in
            [("", 0), ("a/b#", 2), ("a/#/b", 2), ("a/b+/c", 2), ("a\u{0}b", 1), ("é/x#", 3)]
        {
            assert_eq!(TopicFilter::new(text).expect_err(text).at, at, "{text}");
        }
        assert!(TopicFilter::new(&"a".repeat(FILTER_MAX + 1)).is_err());
    }
}
