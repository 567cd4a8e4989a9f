//! The way from bytes to values, one line per step, for a human who follows a telegram.

use super::PushedValue;
use super::identity::title_text;
use super::text::hex_of;
use frame::dlms::apdu::{Ciphered, Notification};
use frame::dlms::axdr::{Item, tag};
use frame::dlms::glo_cipher::Authentication;
use reading::{Unit, Value};

/// The layer a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Layer {
    Noise,
    Hdlc,
    Mbus,
    Block,
    Cipher,
    Apdu,
    Value,
    Defect,
}

impl Layer {
    /// The layer's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Hdlc => "HDLC",
            Self::Mbus => "M-Bus",
            Self::Block => "block",
            Self::Cipher => "cipher",
            Self::Apdu => "APDU",
            Self::Value => "value",
            Self::Defect => "defect",
        }
    }
}

/// One line of the explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Offset in the stream.
    pub offset: u64,
    /// How many bytes the step is about.
    pub length: usize,
    /// The layer.
    pub layer: Layer,
    /// What happened.
    pub text: String,
}

/// Most steps kept for one telegram; what lies between two telegrams counts for the second.
const STEPS_MAX: usize = 4096;

/// Collects steps when asked to; costs nothing otherwise.
#[derive(Debug)]
pub(super) struct Explanation {
    steps: Option<Vec<Step>>,
}

impl Explanation {
    pub(super) fn new(wanted: bool) -> Self {
        Self { steps: wanted.then(Vec::new) }
    }

    /// Adds a step; its text is only made when steps are wanted.
    pub(super) fn add(&mut self, layer: Layer, place: (u64, usize), text: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.steps
            && steps.len() < STEPS_MAX
        {
            let (offset, length) = place;
            steps.push(Step { offset, length, layer, text: text() });
        }
    }

    /// Adds noise; runs that follow one another are one step.
    pub(super) fn add_noise(&mut self, offset: u64, count: usize) {
        if let Some(last) = self.steps.as_mut().and_then(|steps| steps.last_mut())
            && last.layer == Layer::Noise
            && last.offset + last.length as u64 == offset
        {
            last.length = last.length.saturating_add(count);
            last.text = format!("{} bytes of noise", last.length);
            return;
        }
        self.add(Layer::Noise, (offset, count), || format!("{count} bytes of noise"));
    }

    /// Adds what an unknown arrangement contains, element by element.
    pub(super) fn add_raw(
        &mut self,
        root: &Item<'_>,
        place_of: impl Fn(&Item<'_>) -> (u64, usize),
    ) {
        if !self.wanted() {
            return;
        }
        for item in root.children() {
            let place = place_of(&item);
            self.add(Layer::Value, place, || match item.integer() {
                Some(number) => format!("unnamed, type {}: {number}", item.tag()),
                None if item.is_container() => format!("unnamed: {}", shape(&item)),
                None => format!("unnamed, type {}: {}", item.tag(), hex_of(item.content())),
            });
        }
    }

    pub(super) const fn wanted(&self) -> bool {
        self.steps.is_some()
    }

    pub(super) fn take(&mut self) -> Vec<Step> {
        self.steps.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

pub(super) fn cipher_text(ciphered: &Ciphered<'_>, authentication: Authentication) -> String {
    let title = title_text(ciphered.system_title);
    let control = ciphered.control.0;
    let counter = ciphered.invocation_counter;
    let proof = match authentication {
        Authentication::Verified if ciphered.control.encrypted() => "decrypted, tag verified",
        Authentication::Verified => "in clear, tag verified",
        Authentication::Unchecked if ciphered.control.encrypted() => "decrypted, not authenticated",
        Authentication::Unchecked => "in clear, not authenticated",
        Authentication::Absent if ciphered.control.encrypted() => "decrypted, carries no tag",
        Authentication::Absent => "in clear, carries no tag",
    };
    format!(
        "ciphered by {title}, security control {control:02X}, invocation counter {counter}: {proof}"
    )
}

pub(super) fn header_text(header: &Notification) -> String {
    let time = header.date_time.map(|(bytes, _)| frame::dlms::date_time::decode(&bytes));
    let time = match time {
        None => "without date-time".to_owned(),
        Some(Ok(time)) => format!("of {time}"),
        Some(Err(error)) => error.to_string(),
    };
    format!("DataNotification {:08X} {time}", header.long_invoke_id)
}

pub(super) fn value_text(value: &PushedValue) -> String {
    let reading = &value.reading;
    let obis = reading.obis.map(|obis| obis.to_string()).unwrap_or_default();
    let name = reading.quantity.map_or("not in the catalogue", |known| known.description().english);
    match &reading.value {
        Value::Text(text) => format!("{obis} {name} = \"{text}\""),
        Value::Number(number) => {
            let unit = reading.unit.map(Unit::symbol).unwrap_or_default();
            let space = if unit.is_empty() { "" } else { " " };
            let (raw, exponent) = (number.mantissa(), number.exponent());
            format!("{obis} {name} = {number}{space}{unit} (raw {raw}, exponent {exponent})")
        }
    }
}

/// An element in a few words: `structure of 14`.
pub(super) fn shape(item: &Item<'_>) -> String {
    match item.tag() {
        tag::ARRAY => format!("an array of {}", item.count()),
        tag::STRUCTURE => format!("a structure of {}", item.count()),
        tag::COMPACT_ARRAY => format!("a compact array of {}", item.count()),
        other => format!("a value of type {other}"),
    }
}
