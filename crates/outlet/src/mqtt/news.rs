//! What is worth telling the broker, as messages.
//!
//! In: telegrams, meters about which something changed. Out: `sample` messages, and for a meter
//! the numbers, analyses, alarms and discovery that are newer than what was told. Newest only:
//! what was overtaken while the broker was slow is not told, except in `sample`.

use super::discovery;
use super::link::Message;
use super::topics::Topics;
use crate::http::objects::{self, Told};
use crate::{Outlet, Role};
use alarm::Condition;
use reading::{MeterId, Quantity};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::Sample;

/// Composes messages, and knows what one connection was told already.
pub(super) struct News {
    outlet: Arc<Outlet>,
    topics: Topics,
    told: BTreeMap<MeterId, Memo>,
}

/// What was told about one meter.
#[derive(Default)]
struct Memo {
    /// The newest sample whose numbers were told.
    sample: u64,
    /// The connection as it was told.
    link: Option<String>,
    /// The conditions that were true; `None` before any was told.
    alarms: Option<Vec<&'static str>>,
    /// The quantities that Home Assistant knows.
    announced: BTreeSet<Quantity>,
}

impl News {
    pub(super) fn new(outlet: Arc<Outlet>, topics: Topics) -> Self {
        Self { outlet, topics, told: BTreeMap::new() }
    }

    /// A telegram, as its own message.
    pub(super) fn telegram(&self, sample: &Arc<Sample>, told: Told) -> Message {
        let topic = self.topics.of(&sample.telegram.meter, "sample");
        Message { topic, payload: objects::telegram(&self.outlet, sample, told) }
    }

    /// Whether we are there.
    pub(super) fn status(&self, word: &str) -> Message {
        Message { topic: self.topics.status(), payload: word.to_owned() }
    }

    /// Everything about a meter, as if nothing had been told before.
    pub(super) fn introduce(&mut self, meter: &MeterId) -> Vec<Message> {
        let Some(info) = self.outlet.meter(meter) else { return Vec::new() };
        self.told.remove(meter);
        let facts = (&*self.outlet, &self.topics);
        let problems = Condition::ALL.map(|condition| discovery::problem(facts, info, condition));
        let mut messages = Vec::from(problems);
        messages.extend(self.update(meter));
        messages
    }

    /// What is newer about a meter than what was told.
    pub(super) fn update(&mut self, meter: &MeterId) -> Vec<Message> {
        let outlet = Arc::clone(&self.outlet);
        let Some(info) = outlet.meter(meter) else { return Vec::new() };
        let memo = self.told.entry(meter.clone()).or_default();
        let newest = outlet.store.last_id();
        let numbers = objects::numbers(&outlet, meter, memo.sample);
        memo.sample = newest;
        let mut messages = Vec::with_capacity(numbers.len() + 4);
        let link = objects::link(&outlet, info);
        if memo.link.as_ref() != Some(&link) {
            memo.link = Some(link.clone());
            messages.push(Message { topic: self.topics.of(meter, "link"), payload: link });
        }
        for (quantity, _) in &numbers {
            if memo.announced.insert(*quantity) {
                messages.extend(discovery::sensor((&outlet, &self.topics), info, *quantity));
            }
        }
        let number = |(quantity, payload): (Quantity, String)| Message {
            topic: self.topics.of(meter, quantity.mqtt_key()),
            payload,
        };
        messages.extend(numbers.into_iter().map(number));
        let analyses = [
            ("balance", objects::balance(&outlet, info)),
            ("reactive", objects::reactive(&outlet, info)),
        ];
        let analyses = analyses.map(|(name, payload)| {
            let topic = self.topics.of(meter, name);
            Message { topic, payload }
        });
        messages.extend(analyses);
        messages.extend(self.alarms(meter));
        messages
    }

    /// The alarms, when a condition began or ended: each active one is retained under its key,
    /// the others are cleared, those of an earlier run among them.
    fn alarms(&mut self, meter: &MeterId) -> Vec<Message> {
        let Some(info) = self.outlet.meter(meter) else { return Vec::new() };
        let Some(memo) = self.told.get_mut(meter) else { return Vec::new() };
        let alarms = objects::alarms(&self.outlet, info);
        let active: Vec<&'static str> = alarms.each.iter().map(|(key, _)| *key).collect();
        if memo.alarms.as_ref() == Some(&active) {
            return Vec::new();
        }
        let before = memo.alarms.replace(active);
        let mut messages =
            vec![Message { topic: self.topics.of(meter, "alarms"), payload: alarms.all }];
        let was = |key: &str| before.as_ref().is_none_or(|before| before.contains(&key));
        for condition in Condition::ALL {
            let key = condition.name();
            let now = alarms.each.iter().find(|(active, _)| *active == key);
            let payload = match now {
                Some((_, payload)) => payload.clone(),
                None if was(key) => String::new(),
                None => continue,
            };
            let key = match info.role {
                Role::Main => key.to_owned(),
                Role::Machine => format!("{meter}.{key}"),
            };
            messages.push(Message { topic: self.topics.alarm(&key), payload });
        }
        messages
    }
}
