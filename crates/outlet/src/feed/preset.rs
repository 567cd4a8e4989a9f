//! The devices that are known by name: data files in `presets/`.
//!
//! In: a preset's name and the topic of one device. Out: its source. A preset is written in the
//! words of the configuration, so that whoever needs another one copies it.

use super::formula::Field;
use super::source::{Rule, Source, Sum, WINDOW_MAX};
use super::topic::{TopicError, TopicFilter};
use reading::Quantity;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What stands for the device's topic in a preset.
const TOPIC: &str = "{topic}";

/// The presets and their files. One line makes a preset known.
const PRESETS: [(&str, &str); 4] = [
    ("shelly_3em", include_str!("presets/shelly_3em.toml")),
    ("shelly_pro_3em", include_str!("presets/shelly_pro_3em.toml")),
    ("tasmota", include_str!("presets/tasmota.toml")),
    ("zigbee2mqtt", include_str!("presets/zigbee2mqtt.toml")),
];

/// A known kind of device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What people call it.
    pub title: String,
    /// An example of the topic that the configuration names.
    pub example: String,
    raw: RawPreset,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPreset {
    title: String,
    example: String,
    window_ms: Option<u64>,
    message: Vec<RawMessage>,
    #[serde(default)]
    sum: Vec<RawSum>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMessage {
    topic: String,
    online: Option<String>,
    #[serde(default)]
    list: String,
    time: Option<String>,
    with: Option<String>,
    without: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSum {
    quantity: String,
    of: Vec<String>,
}

/// The preset of a name.
#[must_use]
pub fn preset(name: &str) -> Option<Preset> {
    let (name, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
    let raw: RawPreset = toml::from_str(text).expect("presets are proved by their test");
    Some(Preset { name, title: raw.title.clone(), example: raw.example.clone(), raw })
}

/// The names of all presets.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

impl Preset {
    /// The source of the device with this topic. A whole topic of the device is understood, too.
    ///
    /// # Errors
    /// The topic can be none.
    pub fn source(&self, topic: &str) -> Result<Source, TopicError> {
        let device = self.device(topic);
        if device.contains(['+', '#']) {
            let at = topic.find(['+', '#']).unwrap_or_default();
            let message = "a preset reads one device: name its topic without + and #";
            return Err(TopicError { at, message });
        }
        TopicFilter::new(topic)?;
        let mut rules = Vec::new();
        for message in &self.raw.message {
            rules.push(message.rule(TopicFilter::new(&message.topic.replace(TOPIC, device))?));
        }
        let window = self.raw.window_ms.map(Duration::from_millis);
        let sums = self.raw.sum.iter().map(RawSum::checked).collect();
        Ok(Source { rules, sums, window: window.map(|window| window.min(WINDOW_MAX)) })
    }

    /// What stands for [`TOPIC`] in one of the topics, if the text is one of them.
    fn device<'a>(&self, text: &'a str) -> &'a str {
        let whole = self.raw.message.iter().find_map(|message| {
            let (before, after) = message.topic.split_once(TOPIC)?;
            let inner = text.strip_prefix(before)?.strip_suffix(after)?;
            (before.len() + after.len() > 0 && !inner.is_empty()).then_some(inner)
        });
        whole.unwrap_or(text)
    }
}

impl RawMessage {
    fn rule(&self, filter: TopicFilter) -> Rule {
        if let Some(online) = &self.online {
            return Rule::presence(filter, online.clone());
        }
        let field = |(name, formula): (&String, &String)| {
            Field::new(quantity(name), formula).expect("presets are proved by their test")
        };
        let rule = Rule::values(filter, &self.list, self.fields.iter().map(field).collect());
        let rule = rule.only(self.with.as_deref(), self.without.as_deref());
        let rule = rule.expect("presets are proved by their test");
        match &self.time {
            Some(time) => rule.dated(time).expect("presets are proved by their test"),
            None => rule,
        }
    }
}

impl RawSum {
    fn checked(&self) -> Sum {
        let of = self.of.iter().map(|name| quantity(name)).collect();
        Sum { quantity: quantity(&self.quantity), of }
    }
}

fn quantity(name: &str) -> Quantity {
    Quantity::from_name(name).expect("presets are proved by their test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_sound() {
        for name in names() {
            let preset = preset(name).expect("known");
            let source = preset.source(&preset.example).expect(name);
            assert!(!source.rules.is_empty() && !preset.title.is_empty(), "{name}");
            for message in &preset.raw.message {
                assert!(message.topic.contains(TOPIC), "{name}: {}", message.topic);
                assert_ne!(message.online.is_none(), message.list.is_empty(), "{name}");
            }
            assert!(preset.source("").is_err() && preset.source("a/+").is_err());
        }
        assert_eq!(preset("shelly"), None);
    }

    #[test]
    fn a_whole_topic_of_the_device_is_understood() {
        let source = |name: &str, topic| preset(name).expect(name).source(topic).expect(topic);
        for (name, short, whole) in [
            ("tasmota", "presse", "tele/presse/SENSOR"),
            ("shelly_pro_3em", "shellypro3em-0c", "shellypro3em-0c/status/em:0"),
            ("shelly_3em", "shellies/shellyem3-1", "shellies/shellyem3-1/emeter/0/power"),
        ] {
            assert_eq!(source(name, short), source(name, whole), "{name}");
        }
    }
}
