//! What a meter's messages look like: topics, formulas, which of them belong together.
//!
//! In: rules out of a preset or a configuration. Out: one description that a collector follows.

use super::formula::{Field, FormulaError};
use super::path::Path;
use super::topic::TopicFilter;
use reading::{ListId, Quantity};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::time::Duration;

/// Most rules of one meter.
pub const RULES_MAX: usize = 64;
/// Most fields of one rule.
pub const FIELDS_MAX: usize = 128;
/// How long messages of one telegram are waited for, unless told otherwise.
pub const WINDOW_DEFAULT: Duration = Duration::from_millis(500);
/// Longest time that messages of one telegram are waited for.
pub const WINDOW_MAX: Duration = Duration::from_secs(10);
/// The list of messages that name none.
pub const LIST_DEFAULT: &str = "mqtt";

/// Where the messages of one meter come from and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub(super) rules: Vec<Rule>,
    pub(super) sums: Vec<Sum>,
    /// How long further messages of a telegram are waited for; `None`: each message is one.
    pub(super) window: Option<Duration>,
}

/// What the messages of some topics mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) filter: TopicFilter,
    pub(super) list: ListId,
    pub(super) meaning: Meaning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Values.
    Values(Mapping),
    /// Whether the device is there: the payload that says yes.
    Presence(String),
}

/// What is read of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mapping {
    pub(super) fields: Vec<Field>,
    pub(super) time: Option<Moment>,
    /// Only payloads that have this place.
    pub(super) with: Option<Path>,
    /// Only payloads that do not have this place.
    pub(super) without: Option<Path>,
}

/// Where a payload tells its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) path: Path,
    pub(super) optional: bool,
}

/// A quantity that is the sum of others of one telegram, when all of them are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) quantity: Quantity,
    pub(super) of: Vec<Quantity>,
}

impl Source {
    /// A source of rules. Messages of one list that come within `window` are one telegram; without
    /// it each message is one.
    #[must_use]
    pub const fn new(rules: Vec<Rule>, window: Option<Duration>) -> Self {
        Self { rules, sums: Vec::new(), window }
    }

    /// The topics to subscribe to, each once.
    #[must_use]
    pub fn filters(&self) -> Vec<&TopicFilter> {
        let mut filters: Vec<&TopicFilter> = self.rules.iter().map(|rule| &rule.filter).collect();
        filters.sort_unstable();
        filters.dedup();
        filters
    }

    /// The rules that a topic follows.
    pub(super) fn of_topic(&self, topic: &str) -> impl Iterator<Item = (usize, &Rule)> {
        self.rules.iter().enumerate().filter(move |(_, rule)| rule.filter.matches(topic))
    }

    /// How many topics a list has; `None` where they are wild and nobody can know.
    pub(super) fn parts(&self, list: &ListId) -> Option<usize> {
        let rules = self.rules.iter().filter(|rule| rule.list == *list);
        let values = rules.filter(|rule| matches!(rule.meaning, Meaning::Values(_)));
        let mut topics = BTreeSet::new();
        for rule in values {
            if rule.filter.is_wild() {
                return None;
            }
            topics.insert(&rule.filter);
        }
        Some(topics.len())
    }
}

impl Rule {
    /// Messages of these topics carry these fields.
    #[must_use]
    pub fn values(filter: TopicFilter, list: &str, fields: Vec<Field>) -> Self {
        let meaning = Meaning::Values(Mapping { fields, ..Mapping::default() });
        Self { filter, list: ListId::new(list), meaning }
    }

    /// Messages of these topics say whether the device is there; `online` is the payload that says
    /// yes.
    #[must_use]
    pub fn presence(filter: TopicFilter, online: String) -> Self {
        Self { filter, list: ListId::new(LIST_DEFAULT), meaning: Meaning::Presence(online) }
    }

    /// The same, with the place where the payload tells its time; `?` at its end says that it may
    /// be absent.
    ///
    /// # Errors
    /// The place of what is no path.
    pub fn dated(mut self, text: &str) -> Result<Self, FormulaError> {
        let (path, rest) = path(text)?;
        let optional = match rest {
            "" => false,
            "?" => true,
            _ => {
                let at = text.len() - rest.len()..text.len();
                let message = "expected the path of a time and nothing else, such as \"$.ts\"";
                return Err(FormulaError { at, message: message.to_owned() });
            }
        };
        if let Meaning::Values(mapping) = &mut self.meaning {
            mapping.time = Some(Moment { path, optional });
        }
        Ok(self)
    }

    /// The same, for payloads that have (`with`) or do not have (`without`) a place.
    pub(super) fn only(
        mut self,
        with: Option<&str>,
        without: Option<&str>,
    ) -> Result<Self, FormulaError> {
        let place = |text: Option<&str>| text.map(|text| path(text).map(|it| it.0)).transpose();
        let (with, without) = (place(with)?, place(without)?);
        if let Meaning::Values(mapping) = &mut self.meaning {
            (mapping.with, mapping.without) = (with, without);
        }
        Ok(self)
    }
}

impl Mapping {
    /// Whether a payload is one of these.
    pub(super) fn wants(&self, json: &RawValue) -> bool {
        let has = |path: &Path| path.select(json).is_ok_and(|found| found.get() != "null");
        self.with.as_ref().is_none_or(has) && !self.without.as_ref().is_some_and(has)
    }
}

fn path(text: &str) -> Result<(Path, &str), FormulaError> {
    match Path::parse(text) {
        Ok((path, end)) => Ok((path, text.get(end..).unwrap_or_default().trim_end())),
        Err(error) => {
            let message = error.message.to_owned();
            Err(FormulaError { at: error.at..text.len().max(error.at), message })
        }
    }
}
