//! Meters that are fed over MQTT: what their messages mean.
//!
//! In: messages of topics, as devices, gateways and PLCs publish them. Out: telegrams in the
//! catalogue's quantities and units with every digit of the payload, and what was wrong, with its
//! place. No I/O and no clock; `mqtt::Subscriber` brings the messages. Presets are data files.
//! Sources: MQTT 3.1.1, RFC 8259, RFC 9535 (a subset); the presets name theirs.

mod bounds;
mod collect;
mod formula;
mod path;
mod preset;
mod source;
mod time;
mod topic;
mod unit;

pub(crate) use bounds::check as plausible;
pub use collect::{Collector, Defect, Gathered, Message, PAYLOAD_MAX};
pub use formula::{Field, FormulaError};
pub use preset::{Preset, names as preset_names, preset};
pub use source::{FIELDS_MAX, LIST_DEFAULT, RULES_MAX, Rule, Source, WINDOW_DEFAULT, WINDOW_MAX};
pub use topic::{TopicError, TopicFilter};
