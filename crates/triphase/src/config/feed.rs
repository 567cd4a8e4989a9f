//! A meter's `mqtt` table: its topics, and what their messages mean.
//!
//! In: the table as written. Out: a source that a collector follows, and the broker when it is not
//! that of `[mqtt]`. Refuses, with the place inside a formula: unknown quantities and presets,
//! paths and units that are none, topics that nobody could publish to.

use super::checked::duration;
use super::mqtt::{self, MqttConfig};
use super::raw;
use super::report::Complaint;
use outlet::feed::{
    FIELDS_MAX, Field, LIST_DEFAULT, RULES_MAX, Rule, Source, TopicFilter, WINDOW_DEFAULT,
    WINDOW_MAX, preset, preset_names,
};
use reading::{Quantity, Unit};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;

/// A checked `mqtt` table of a meter.
#[derive(Debug, Clone)]
pub(crate) struct FeedConfig {
    /// What the messages mean.
    pub(crate) source: Source,
    /// The broker; `None`: that of `[mqtt]`.
    pub(crate) broker: Option<MqttConfig>,
    /// The preset's name.
    pub(crate) preset: Option<&'static str>,
}

/// What a table's surroundings say.
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) site: &'a str,
    /// Whether there is a `[mqtt]` section.
    pub(super) broker: bool,
}

/// Longest name of a list. **Unit** bytes.
const LIST_MAX: usize = 32;

/// Keys that do not go together.
pub(super) fn check_keys(raw: &raw::Meter, wrong: &mut Vec<Complaint>) {
    if raw.mqtt.is_none() {
        return;
    }
    if let Some(port) = &raw.port {
        let message = "a meter is read on its port or fed over MQTT: leave out port or mqtt";
        wrong.push(Complaint::at(port.span(), message));
    } else if let Some(model) = &raw.model {
        let known: Vec<&str> = preset_names().collect();
        let message = format!(
            "a meter that is fed over MQTT has no model: name a preset in its mqtt table ({}), or \
             fields",
            known.join(", ")
        );
        wrong.push(Complaint::at(model.span(), message));
    }
    for ratio in [&raw.ct_ratio, &raw.vt_ratio].into_iter().flatten() {
        let message = "ratios are used on a port only: multiply in the formulas of mqtt instead, as \
                       in \"$.current * 40 A\"";
        wrong.push(Complaint::at(ratio.span(), message));
    }
}

/// A counter belongs to a meter that is there, measures energy itself, and is another one.
pub(super) fn check_counters(meters: &[Spanned<raw::Meter>], wrong: &mut Vec<Complaint>) {
    for meter in meters.iter().map(Spanned::get_ref) {
        let Some(of) = &meter.counter_of else { continue };
        let owner = meters.iter().map(Spanned::get_ref).find(|it| it.id.get_ref() == of.get_ref());
        let message = match owner {
            None => "there is no meter with this id".to_owned(),
            Some(owner) if owner.id.get_ref() == meter.id.get_ref() => {
                "a meter's own counters belong to it already: leave counter_of out".to_owned()
            }
            Some(owner) if owner.counter_of.is_some() => format!(
                "\"{}\" counts for another meter itself: name the meter that measures the energy",
                owner.id.get_ref()
            ),
            Some(_) => continue,
        };
        wrong.push(Complaint::at(of.span(), message));
    }
}

/// Checks the table; `None` when something is wrong with it.
pub(super) fn check(
    raw: Spanned<raw::Feed>,
    place: &Place<'_>,
    wrong: &mut Vec<Complaint>,
) -> Option<FeedConfig> {
    let span = raw.span();
    let mut raw = raw.into_inner();
    let before = wrong.len();
    let broker = broker(&mut raw, (place, &span), wrong);
    let window = raw.window.as_ref().map(|text| window(text, wrong));
    let preset = raw.preset.take();
    let source = match &preset {
        Some(name) => of_preset(&raw, (name, &span), wrong),
        None => of_messages(raw, (&span, window), wrong),
    };
    let preset = preset.and_then(|name| outlet::feed::preset(name.get_ref())).map(|it| it.name);
    (wrong.len() == before).then_some(())?;
    Some(FeedConfig { source: source?, broker, preset })
}

fn broker(
    raw: &mut raw::Feed,
    (place, span): (&Place<'_>, &Range<usize>),
    wrong: &mut Vec<Complaint>,
) -> Option<MqttConfig> {
    let Some(broker) = raw.broker.take() else {
        if !place.broker {
            let message = "which broker? Name it in [mqtt] broker = \"mqtt://HOST:PORT\", or as \
                           broker in this table";
            wrong.push(Complaint::at(span.clone(), message));
        }
        let keys = [
            raw.username.as_ref().map(Spanned::span),
            raw.password.as_ref().map(Spanned::span),
            raw.ca.as_ref().map(Spanned::span),
        ];
        for key in keys.into_iter().flatten() {
            let message = "this belongs to a broker: give this table its own broker, or write it \
                           in [mqtt]";
            wrong.push(Complaint::at(key, message));
        }
        return None;
    };
    let section = raw::Mqtt {
        broker,
        prefix: None,
        username: raw.username.take(),
        password: raw.password.take(),
        ca: raw.ca.take(),
        client_cert: None,
        client_key: None,
    };
    let section = Spanned::new(span.clone(), section);
    mqtt::check((Some(section), place.site), (&[], place.folder), wrong)
}

fn window(text: &Spanned<String>, wrong: &mut Vec<Complaint>) -> Duration {
    let given = duration(text.get_ref()).filter(|window| *window <= WINDOW_MAX);
    given.unwrap_or_else(|| {
        let most = WINDOW_MAX.as_secs();
        let message = format!("expected a time from 100ms to {most}s, such as \"500ms\"");
        wrong.push(Complaint::at(text.span(), message));
        WINDOW_DEFAULT
    })
}

fn of_preset(
    raw: &raw::Feed,
    (name, span): (&Spanned<String>, &Range<usize>),
    wrong: &mut Vec<Complaint>,
) -> Option<Source> {
    let Some(preset) = preset(name.get_ref()) else {
        let known: Vec<&str> = preset_names().collect();
        let message = format!(
            "this version knows no such preset; it knows {}; any other device is read with fields",
            known.join(", ")
        );
        wrong.push(Complaint::at(name.span(), message));
        return None;
    };
    let extra = raw.fields.keys().next().map(Spanned::span);
    let extra = extra.or_else(|| raw.message.first().map(Spanned::span));
    let extra = extra.or_else(|| raw.time.as_ref().map(Spanned::span));
    let extra = extra.or_else(|| raw.window.as_ref().map(Spanned::span));
    if let Some(extra) = extra {
        let message = "the preset says this already: leave out the preset or this";
        wrong.push(Complaint::at(extra, message));
    }
    let Some(topic) = &raw.topic else {
        let example = &preset.example;
        let message = format!("which device? Name its topic, such as topic = \"{example}\"");
        wrong.push(Complaint::at(span.clone(), message));
        return None;
    };
    match preset.source(topic.get_ref()) {
        Ok(source) => Some(source),
        Err(error) => {
            let at = error.at..topic.get_ref().len().max(error.at);
            wrong.push(inside(topic, at, error.message));
            None
        }
    }
}

fn of_messages(
    raw: raw::Feed,
    (span, window): (&Range<usize>, Option<Duration>),
    wrong: &mut Vec<Complaint>,
) -> Option<Source> {
    let mut messages = raw.message;
    match (raw.topic, messages.is_empty()) {
        (Some(topic), true) => {
            let (fields, time) = (raw.fields, raw.time);
            let message = raw::FeedMessage { topic, fields, time, list: None, online: None };
            messages.push(Spanned::new(span.clone(), message));
        }
        (Some(topic), false) => {
            let message = "each message names its own topic: leave this one out";
            wrong.push(Complaint::at(topic.span(), message));
        }
        (None, true) => {
            let message = "expected a topic with a preset or with fields, as in { topic = \
                           \"usine/presse\", fields = { active_power = \"$.p W\" } }";
            wrong.push(Complaint::at(span.clone(), message));
        }
        (None, false) => {
            if let Some(field) = raw.fields.keys().next() {
                let message = "each message has its own fields: write this one there";
                wrong.push(Complaint::at(field.span(), message));
            }
        }
    }
    if let Some(first_too_many) = messages.get(RULES_MAX) {
        let message = format!("expected at most {RULES_MAX} messages");
        wrong.push(Complaint::at(first_too_many.span(), message));
        return None;
    }
    let several = messages.len() > 1
        || messages.first().is_some_and(|message| {
            message.get_ref().topic.get_ref().contains(['+', '#']) && window.is_some()
        });
    let rules: Vec<Rule> =
        messages.into_iter().filter_map(|message| rule(message, wrong)).collect();
    Some(Source::new(rules, several.then(|| window.unwrap_or(WINDOW_DEFAULT))))
}

fn rule(message: Spanned<raw::FeedMessage>, wrong: &mut Vec<Complaint>) -> Option<Rule> {
    let span = message.span();
    let raw = message.into_inner();
    let filter = match TopicFilter::new(raw.topic.get_ref()) {
        Ok(filter) => Some(filter),
        Err(error) => {
            let at = error.at..raw.topic.get_ref().len().max(error.at);
            wrong.push(inside(&raw.topic, at, error.message));
            None
        }
    };
    if let Some(online) = raw.online {
        if let Some(field) = raw.fields.keys().next() {
            let message = "a message tells values or whether the device is there, not both";
            wrong.push(Complaint::at(field.span(), message));
        }
        return Some(Rule::presence(filter?, online.into_inner()));
    }
    if raw.fields.is_empty() || raw.fields.len() > FIELDS_MAX {
        let message = format!(
            "expected 1 to {FIELDS_MAX} fields, such as fields = {{ active_power = \"$.p W\" }}"
        );
        wrong.push(Complaint::at(span, message));
        return None;
    }
    let list = raw.list.as_ref().map_or(LIST_DEFAULT, |list| {
        let name = list.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.len() > LIST_MAX || !name.chars().all(plain) {
            let message = "expected a name of 1 to 32 letters, digits, _, - and .";
            wrong.push(Complaint::at(list.span(), message));
        }
        name
    });
    let fields = raw.fields.iter().filter_map(|(name, formula)| field(name, formula, wrong));
    let fields: Vec<Field> = fields.collect();
    let rule = Rule::values(filter?, list, fields);
    match &raw.time {
        None => Some(rule),
        Some(time) => match rule.dated(time.get_ref()) {
            Ok(rule) => Some(rule),
            Err(error) => {
                wrong.push(inside(time, error.at, error.message));
                None
            }
        },
    }
}

fn field(
    name: &Spanned<String>,
    formula: &Spanned<String>,
    wrong: &mut Vec<Complaint>,
) -> Option<Field> {
    let Some(quantity) = Quantity::from_name(name.get_ref()) else {
        let near = nearest(name.get_ref());
        let message = format!("there is no such quantity; did you mean {near}?");
        wrong.push(Complaint::at(name.span(), message));
        return None;
    };
    match Field::new(quantity, formula.get_ref()) {
        Ok(field) => Some(field),
        Err(error) => {
            wrong.push(inside(formula, error.at, error.message));
            None
        }
    }
}

/// The quantities whose names are most like a text, with their units.
fn nearest(text: &str) -> String {
    let mut names: Vec<(usize, Quantity)> = Quantity::all()
        .map(|quantity| (strsim::damerau_levenshtein(text, quantity.name()), quantity))
        .collect();
    names.sort_by_key(|(distance, quantity)| (*distance, quantity.name()));
    let shown = names.into_iter().take(3).map(|(_, quantity)| {
        let unit = quantity.unit().map_or("", Unit::symbol);
        if unit.is_empty() { quantity.name().to_owned() } else { format!("{quantity} ({unit})") }
    });
    shown.collect::<Vec<String>>().join(", ")
}

/// A complaint about a part of a text. The caret stands under the part where the text is written
/// as it reads; with escapes in it, under the whole.
fn inside(text: &Spanned<String>, part: Range<usize>, message: impl Into<String>) -> Complaint {
    let span = text.span();
    let plain = span.len() == text.get_ref().len() + 2;
    let span = if plain {
        span.start + 1 + part.start..span.start + 1 + part.end.max(part.start + 1)
    } else {
        span
    };
    Complaint::at(span, message)
}
