//! From messages to telegrams: which belong together, when they were measured, what is wrong.
//!
//! In: the messages of one meter's topics with their arrival, and ticks. Out: telegrams, each with
//! the messages that it is made of, defects, the device's word whether it is there. No I/O and no
//! clock. A message that the broker kept (retained) is old: it is a measurement only where it tells
//! its own time. A bad value costs itself, a bad message itself, never another one.

use super::formula::{Field, Wrong};
use super::source::{Mapping, Meaning, Rule, Source};
use super::time::{self, Told};
use jiff::tz::TimeZone;
use reading::{Decimal, ListId, MeterId, Quality, Quantity, Reading, Telegram, Timestamp, Value};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Longest payload that is read. **Unit** bytes.
pub const PAYLOAD_MAX: usize = 64 << 10;
/// Most messages of one telegram.
const PARTS_MAX: usize = 256;
/// The same values by another topic within this time are the same measurement.
const MIRROR_MAX: Duration = Duration::from_secs(2);
/// Most particulars of one message that are told.
const DEFECTS_MAX: usize = 8;

/// A message as it came.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// When it arrived.
    pub at: Timestamp,
    /// Its topic.
    pub topic: &'a str,
    /// Its content.
    pub payload: &'a [u8],
    /// The broker had kept it: it was sent at some time before we listened.
    pub retained: bool,
    /// It waited at the broker while we were away: it was sent some time before it arrived.
    pub late: bool,
    /// What names it when it is done with.
    pub token: u64,
}

/// What messages gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Telegrams, each with the messages that it is made of.
    pub telegrams: Vec<(Telegram, Vec<u64>)>,
    /// Messages that are done with and gave no telegram.
    pub released: Vec<u64>,
    /// What was wrong.
    pub defects: Vec<Defect>,
    /// Whether the device is there, when it said so.
    pub presence: Option<bool>,
}

/// Something wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The stable word.
    pub code: &'static str,
    /// A sentence with the topic and the place.
    pub detail: String,
}

/// The messages of one meter.
#[derive(Debug)]
pub struct Collector {
    meter: MeterId,
    source: Arc<Source>,
    zone: TimeZone,
    drafts: Vec<Draft>,
    /// Of each list the last telegram and the topic that it came by.
    last: Vec<(Telegram, String)>,
}

/// A telegram whose messages are still coming.
#[derive(Debug)]
struct Draft {
    list: ListId,
    first_at: Timestamp,
    last_at: Timestamp,
    told: Option<Told>,
    quality: Quality,
    topics: BTreeSet<String>,
    values: Vec<(Quantity, Value)>,
    tokens: Vec<u64>,
}

impl Collector {
    /// Nothing has come yet.
    #[must_use]
    pub const fn new(meter: MeterId, source: Arc<Source>, zone: TimeZone) -> Self {
        Self { meter, source, zone, drafts: Vec::new(), last: Vec::new() }
    }

    /// Whether a topic is one of this meter's.
    #[must_use]
    pub fn wants(&self, topic: &str) -> bool {
        self.source.of_topic(topic).next().is_some()
    }

    /// A message came.
    pub fn receive(&mut self, message: Message<'_>) -> Gathered {
        let mut gathered = Gathered::default();
        let source = Arc::clone(&self.source);
        let rules: Vec<&Rule> = source.of_topic(message.topic).map(|(_, rule)| rule).collect();
        let mut kept = false;
        let mut mappings = Vec::new();
        for rule in rules {
            match &rule.meaning {
                Meaning::Presence(online) => gathered.presence = Some(present(&message, online)),
                Meaning::Values(mapping) => mappings.push((&rule.list, mapping)),
            }
        }
        // An empty payload only clears what the broker keeps.
        if !mappings.is_empty() && !message.payload.is_empty() {
            match json(&message, &mappings) {
                Err(defect) => gathered.defects.push(defect),
                Ok(json) => {
                    for (list, mapping) in mappings {
                        if mapping.wants(json) {
                            let taken = self.take(&message, (list, mapping, json), &mut gathered);
                            kept |= taken;
                        }
                    }
                }
            }
        }
        if !kept {
            gathered.released.push(message.token);
        }
        gathered
    }

    /// When the next telegram is finished at the latest.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let window = self.source.window?;
        self.drafts.iter().map(|draft| draft.first_at.plus(window)).min()
    }

    /// Time passed: what is due is finished. After the clock was set back everything is.
    pub fn tick(&mut self, now: Timestamp) -> Gathered {
        let window = self.source.window.unwrap_or_default();
        self.finish(|draft| now < draft.first_at || now >= draft.first_at.plus(window))
    }

    /// No more messages come: everything is finished.
    pub fn flush(&mut self) -> Gathered {
        self.finish(|_| true)
    }

    fn finish(&mut self, due: impl Fn(&Draft) -> bool) -> Gathered {
        let mut gathered = Gathered::default();
        let (done, open) = std::mem::take(&mut self.drafts).into_iter().partition(due);
        self.drafts = open;
        for draft in done {
            self.close(draft, &mut gathered);
        }
        gathered
    }

    /// Reads one payload; returns whether the message is part of a telegram now.
    fn take(
        &mut self,
        message: &Message<'_>,
        (list, mapping, json): (&ListId, &Mapping, &RawValue),
        gathered: &mut Gathered,
    ) -> bool {
        let defect = |code, detail: &str| {
            let detail = format!("{}: {detail}", message.topic);
            Defect { code, detail }
        };
        let told = match self.told(message, mapping, json) {
            Ok(told) => told,
            Err((code, detail)) => {
                gathered.defects.push(defect(code, &detail));
                None
            }
        };
        if message.retained && told.is_none() {
            let detail = "the broker had kept it and it tells no time: when it was measured is not \
                          known, so it is no measurement";
            gathered.defects.push(defect("retained", detail));
            return false;
        }
        let (values, wrong) = values(&mapping.fields, json);
        let found_wrong = !wrong.is_empty();
        gathered.defects.extend(wrong.iter().map(|wrong| defect(wrong.code, &wrong.detail)));
        if values.is_empty() {
            if !found_wrong {
                let detail = "the payload has none of the values that are read";
                gathered.defects.push(defect("nothing_known", detail));
            }
            return false;
        }
        self.add(message, (list, told, values), gathered);
        true
    }

    fn told(
        &self,
        message: &Message<'_>,
        mapping: &Mapping,
        json: &RawValue,
    ) -> Result<Option<Told>, (&'static str, String)> {
        let Some(moment) = &mapping.time else { return Ok(None) };
        let found = match moment.path.select(json) {
            Ok(found) => found,
            Err(_) if moment.optional => return Ok(None),
            Err(detail) => return Err(("path_missing", detail)),
        };
        let live = !message.retained && !message.late;
        let told = time::told(found, &self.zone, (message.at, live));
        told.map_err(|detail| ("time_unusable", format!("{}: {detail}", moment.path)))
    }

    /// Adds values to the telegram of their list, which is finished when it is whole.
    fn add(
        &mut self,
        message: &Message<'_>,
        (list, told, values): (&ListId, Option<Told>, Vec<(Quantity, Value)>),
        gathered: &mut Gathered,
    ) {
        // What waited somewhere and does not tell its time, or tells it without an offset.
        let late = message.late || message.retained;
        let doubtful = late && told.is_none_or(|told| !told.zoned);
        let quality = if doubtful { Quality::Suspect } else { Quality::Good };
        let open = self.drafts.iter().position(|draft| draft.list == *list);
        if let Some(place) = open {
            // A value that is there already, or another time, begins the next telegram.
            let draft = &self.drafts[place];
            let again = values.iter().any(|(quantity, _)| draft.has(*quantity))
                || draft.topics.contains(message.topic)
                || draft.told.is_some_and(|known| told.is_some_and(|told| told.at != known.at))
                || draft.quality != quality
                || draft.tokens.len() >= PARTS_MAX;
            if again {
                let draft = self.drafts.swap_remove(place);
                self.close(draft, gathered);
            }
        }
        let place = self.drafts.iter().position(|draft| draft.list == *list);
        let place = place.unwrap_or_else(|| {
            self.drafts.push(Draft {
                list: list.clone(),
                first_at: message.at,
                last_at: message.at,
                told: None,
                quality,
                topics: BTreeSet::new(),
                values: Vec::new(),
                tokens: Vec::new(),
            });
            self.drafts.len() - 1
        });
        let draft = &mut self.drafts[place];
        draft.last_at = message.at;
        draft.told = draft.told.or(told);
        draft.values.extend(values);
        draft.topics.insert(message.topic.to_owned());
        draft.tokens.push(message.token);
        let whole = self.source.window.is_none()
            || self.source.parts(list).is_some_and(|parts| draft.topics.len() >= parts);
        if whole {
            let draft = self.drafts.swap_remove(place);
            self.close(draft, gathered);
        }
    }

    fn close(&mut self, mut draft: Draft, gathered: &mut Gathered) {
        for sum in &self.source.sums {
            if !draft.has(sum.quantity)
                && let Some(total) = draft.total(&sum.of)
            {
                draft.values.push((sum.quantity, Value::Number(total)));
            }
        }
        let telegram = draft.telegram(&self.meter);
        let topic = draft.topics.into_iter().next().unwrap_or_default();
        let known = self.last.iter().position(|(last, _)| last.list == telegram.list);
        if let Some(place) = known {
            let (last, by) = &self.last[place];
            let apart = telegram.received_at.since(last.received_at);
            if *by != topic && last.readings == telegram.readings && apart <= MIRROR_MAX {
                gathered.released.extend(draft.tokens);
                return;
            }
            self.last.swap_remove(place);
        }
        self.last.push((telegram.clone(), topic));
        gathered.telegrams.push((telegram, draft.tokens));
    }
}

impl Draft {
    fn has(&self, quantity: Quantity) -> bool {
        self.values.iter().any(|(known, _)| *known == quantity)
    }

    fn total(&self, of: &[Quantity]) -> Option<Decimal> {
        of.iter().try_fold(Decimal::new(0, 0), |sum, quantity| {
            let (_, value) = self.values.iter().find(|(known, _)| known == quantity)?;
            sum.checked_add(value.number()?)
        })
    }

    fn telegram(&mut self, meter: &MeterId) -> Telegram {
        let quality = self.quality;
        let reading = |(quantity, value): (Quantity, Value)| Reading {
            quantity: Some(quantity),
            obis: None,
            value,
            unit: quantity.unit(),
            quality,
        };
        Telegram {
            meter: meter.clone(),
            list: self.list.clone(),
            meter_time: None,
            measured_at: self.told.map_or(self.last_at, |told| told.at),
            received_at: self.last_at,
            quality,
            readings: std::mem::take(&mut self.values).into_iter().map(reading).collect(),
        }
    }
}

/// What a payload has of some fields, and what is wrong with the others.
fn values(fields: &[Field], json: &RawValue) -> (Vec<(Quantity, Value)>, Vec<Wrong>) {
    let mut values = Vec::new();
    let mut wrong = Vec::new();
    for field in fields {
        match field.read(json) {
            Ok(Some(value)) => values.push((field.quantity(), value)),
            Ok(None) => {}
            Err(found) if wrong.len() < DEFECTS_MAX => wrong.push(found),
            Err(_) => {}
        }
    }
    (values, wrong)
}

/// The payload as JSON.
fn json<'a>(
    message: &Message<'a>,
    mappings: &[(&ListId, &Mapping)],
) -> Result<&'a RawValue, Defect> {
    let defect = |code, detail: String| {
        let detail = format!("{}: {detail}", message.topic);
        Err(Defect { code, detail })
    };
    let payload = message.payload;
    if payload.len() > PAYLOAD_MAX {
        // What is longer comes cut.
        let detail = format!("more than {PAYLOAD_MAX} bytes, of which none is read");
        return defect("payload_too_long", detail);
    }
    serde_json::from_slice(payload).or_else(|error: serde_json::Error| {
        let plain = mappings.iter().all(|(_, it)| it.fields.iter().all(Field::is_plain));
        let shown: String = String::from_utf8_lossy(payload).chars().take(32).collect();
        if plain {
            return defect("not_a_number", format!("\"{shown}\" is no number"));
        }
        defect("bad_json", format!("{error}, in {shown}"))
    })
}

/// Whether a payload says that the device is there, also as `{"state": "online"}`.
fn present(message: &Message<'_>, online: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct State {
        state: String,
    }
    let state = serde_json::from_slice::<State>(message.payload);
    state.map_or(message.payload == online.as_bytes(), |state| state.state == online)
}

#[cfg(test)]
mod tests;
