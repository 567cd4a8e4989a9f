//! One whole message to one outcome: deciphering, decoding, naming, scaling, dating.

use super::clock::{self, Sent, Sources};
use super::defect::{Defect, DefectCode};
use super::explain::{Explanation, Layer, cipher_text, header_text, shape, value_text};
use super::identity::{Identity, title_text};
use super::layout::{self, CLOCK, Entry, Layout, ListName, is_list_version};
use super::plausibility::{Contradiction, Evidence, contradiction};
use super::positional::Circumstances;
use super::scale::{Remark, is_clock, scale};
use super::text::hex_of;
use super::{Outcome, PushOptions, PushedValue, Security};
use crate::models::profiles;
use frame::dlms::apdu::{self, Apdu, Ciphered, Notification};
use frame::dlms::axdr::{self, Document, Item, Node};
use frame::dlms::glo_cipher::{self, Authentication, Keys};
use frame::message::Message;
use reading::{ListId, Memory, Quality, Quantity, Timestamp, Unit, Value};
use std::collections::BTreeMap;

/// Most meters of which the invocation counter is kept.
const TITLES_MAX: usize = 256;
/// Most list names kept at hand.
const LISTS_MAX: usize = 64;
const COUNTER_KEY: &str = "invocation_counter/";

/// What outlives a telegram.
#[derive(Debug)]
pub(super) struct Decoder {
    options: PushOptions,
    keys: Option<Keys>,
    nodes: Vec<Node>,
    plain: Vec<u8>,
    counters: BTreeMap<[u8; 8], u32>,
    lists: Vec<(ListName, ListId)>,
    previous: Option<Timestamp>,
}

/// How the message came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) at: Option<Timestamp>,
    /// A check sequence of the link layer covers every byte.
    pub(super) framed: bool,
}

/// A notification in clear, and how far it is proved.
struct Clear<'a> {
    bytes: &'a [u8],
    message: &'a Message<'a>,
    /// Where the first byte stands in the message.
    shift: usize,
    /// The bytes are what the meter sent: by check sequence or by tag.
    proved: bool,
    /// Deciphered without proof, so nonsense means a wrong key.
    doubtful_key: bool,
}

impl Clear<'_> {
    /// An element's place in the stream: its offset and how many bytes of the stream it spans.
    fn place_of(&self, item: &Item<'_>) -> (u64, usize) {
        let offset = self.offset_of(item.offset());
        let last = self.offset_of(item.end().max(item.offset() + 1) - 1);
        (offset, usize::try_from(last.saturating_sub(offset)).unwrap_or(usize::MAX) + 1)
    }

    fn offset_of(&self, position: usize) -> u64 {
        self.message.offset_of(self.shift.saturating_add(position))
    }
}

impl Decoder {
    pub(super) fn new(options: PushOptions) -> Self {
        let keys = options.guek.map(|guek| Keys::new(&guek, options.gak));
        Self {
            options,
            keys,
            nodes: Vec::new(),
            plain: Vec::new(),
            counters: BTreeMap::new(),
            lists: Vec::new(),
            previous: None,
        }
    }

    /// Takes up invocation counters remembered from before.
    pub(super) fn recall(&mut self, memories: &[Memory]) {
        for memory in memories {
            let title = memory.key.strip_prefix(COUNTER_KEY).and_then(title_of);
            if let (Some(title), Ok(counter)) = (title, u32::try_from(memory.value)) {
                self.remember(title, counter);
            }
        }
    }

    fn remember(&mut self, title: [u8; 8], counter: u32) {
        if self.counters.len() < TITLES_MAX || self.counters.contains_key(&title) {
            let last = self.counters.entry(title).or_insert(counter);
            *last = counter.max(*last);
        }
    }

    /// Decodes a message into `outcome`, which is refused with a defect when that fails.
    pub(super) fn decode(
        &mut self,
        message: &Message<'_>,
        arrival: Arrival,
        (outcome, explanation): (&mut Outcome, &mut Explanation),
    ) {
        outcome.received_at = arrival.at;
        let mut nodes = std::mem::take(&mut self.nodes);
        let mut plain = std::mem::take(&mut self.plain);
        let working = Working { nodes: &mut nodes, plain: &mut plain, explanation };
        let result = self.apdu(message, arrival, (outcome, working));
        self.nodes = nodes;
        self.plain = plain;
        if let Err(defect) = result {
            outcome.values.clear();
            outcome.memory.clear();
            outcome.delivered = false;
            // Nothing is taken from it, so nothing needs proof.
            outcome.defects.retain(|noted| noted.code != DefectCode::NotAuthenticated);
            outcome.defects.push(defect);
        } else {
            outcome.delivered = true;
        }
        for defect in &outcome.defects {
            explanation.add(Layer::Defect, (defect.offset, 0), || {
                format!("{}: {}", defect.code, defect.detail)
            });
        }
    }

    fn apdu(
        &mut self,
        message: &Message<'_>,
        arrival: Arrival,
        (outcome, working): (&mut Outcome, Working<'_>),
    ) -> Result<(), Defect> {
        let refused = |error| apdu_defect(&error, |position| message.offset_of(position));
        let (decoded, _) = apdu::decode(message.bytes).map_err(refused)?;
        outcome.security.known = true;
        let Working { nodes, plain, explanation } = working;
        let clear = match &decoded {
            Apdu::Notification(_) => Clear {
                bytes: message.bytes,
                message,
                shift: 0,
                proved: arrival.framed && !message.unnumbered,
                doubtful_key: false,
            },
            Apdu::Ciphered(ciphered) => {
                let at = message.offset_of(0);
                outcome.security = security_of(ciphered);
                outcome.meter = Some(title_text(ciphered.system_title));
                let authentication = self.decipher(ciphered, at, plain)?;
                outcome.security.authenticated = authentication == Authentication::Verified;
                let place = (at, message.bytes.len());
                explanation.add(Layer::Cipher, place, || cipher_text(ciphered, authentication));
                if authentication == Authentication::Unchecked {
                    let state = if outcome.security.encrypted { "decrypted" } else { "in clear" };
                    let detail =
                        format!("{state}, not authenticated: no authentication key was given");
                    outcome.defects.push(Defect::new(DefectCode::NotAuthenticated, at, detail));
                }
                if authentication == Authentication::Absent && self.options.gak.is_some() {
                    let detail = "an authentication key was given, but the telegram carries no tag";
                    outcome.defects.push(Defect::new(DefectCode::NotAuthenticated, at, detail));
                }
                let verified = outcome.security.authenticated;
                Clear {
                    bytes: plain,
                    message,
                    shift: ciphered.content_at,
                    proved: (arrival.framed && !message.unnumbered) || verified,
                    doubtful_key: outcome.security.encrypted && !verified,
                }
            }
        };
        let notification = match apdu::decode(clear.bytes) {
            Ok((Apdu::Notification(notification), _)) => notification,
            _ if clear.doubtful_key => return Err(wrong_key(clear.bytes, clear.offset_of(0))),
            Ok((Apdu::Ciphered(_), _)) => {
                let offset = clear.offset_of(0);
                let detail = "ciphered content inside ciphered content";
                return Err(Defect::new(DefectCode::ApduUnknown, offset, detail));
            }
            Err(error) => return Err(apdu_defect(&error, |position| clear.offset_of(position))),
        };
        self.notification(&clear, &notification, (arrival, outcome, nodes, explanation))
    }

    fn decipher(
        &self,
        ciphered: &Ciphered<'_>,
        at: u64,
        plain: &mut Vec<u8>,
    ) -> Result<Authentication, Defect> {
        let unsupported = |error: glo_cipher::Error| {
            Defect::new(DefectCode::SecurityUnsupported, at, error.to_string())
        };
        let Some(keys) = &self.keys else {
            if !ciphered.control.encrypted() {
                return glo_cipher::content_in_clear(ciphered, plain).map_err(unsupported);
            }
            let title = title_text(ciphered.system_title);
            let detail =
                format!("the telegram of {title} is encrypted and no key (GUEK) was given");
            return Err(Defect::new(DefectCode::KeyMissing, at, detail));
        };
        match keys.open(ciphered, plain) {
            Err(glo_cipher::Error::Tag) => {
                // What the content decrypts to without proof tells which of the keys is wrong.
                keys.decrypt_unproved(ciphered, plain);
                let sense = matches!(apdu::decode(plain), Ok((Apdu::Notification(_), _)));
                if ciphered.control.encrypted() && !sense {
                    return Err(wrong_key(plain, at));
                }
                Err(Defect::new(DefectCode::TagMismatch, at, glo_cipher::Error::Tag.to_string()))
            }
            opened => opened.map_err(unsupported),
        }
    }

    fn notification(
        &mut self,
        clear: &Clear<'_>,
        header: &Notification,
        (arrival, outcome, nodes, explanation): Destination<'_>,
    ) -> Result<(), Defect> {
        let at = clear.offset_of(0);
        explanation.add(Layer::Apdu, (at, header.body_at), || header_text(header));
        if let Err(defect) = body(clear, header, (outcome, nodes)) {
            // What was whole helps to see where the data break; nonsense helps nobody.
            if defect.code != DefectCode::WrongKey
                && let Some(root) = Document::new(clear.bytes, nodes).root()
            {
                explanation.add_raw(&root, |item| clear.place_of(item));
            }
            return Err(defect);
        }
        let document = Document::new(clear.bytes, nodes);
        let unknown = || Defect::new(DefectCode::LayoutUnknown, at, "the notification is empty");
        let root = document.root().ok_or_else(unknown)?;
        let circumstances = Circumstances {
            profile: self.options.profile,
            tagged_date_time: header.tagged_date_time,
            date_time: header.date_time.map(|(bytes, _)| bytes),
            system_title: outcome.security.system_title.as_ref(),
        };
        let Some(layout) = layout::recognise(&root, &circumstances) else {
            explanation.add_raw(&root, |item| clear.place_of(item));
            let offset = clear.offset_of(root.offset());
            let detail = format!("{} is no known arrangement of values", shape(&root));
            return Err(Defect::new(DefectCode::LayoutUnknown, offset, detail));
        };
        explanation.add(Layer::Apdu, clear.place_of(&root), || {
            let cut = if layout.complete { "" } else { ", cut short" };
            format!("list {}: {}, {} values{cut}", layout.name, layout.kind, layout.entries.len())
        });
        self.check_counter(&outcome.security, at)?;
        self.values(clear, &layout, (outcome, explanation));
        if outcome.values.is_empty() {
            let detail = format!("list {} carries no value", layout.name);
            let offset = clear.offset_of(root.offset());
            return Err(Defect::new(DefectCode::LayoutUnknown, offset, detail));
        }
        self.note_counter(outcome);
        outcome.list = Some(self.list_id(layout.name));
        let sources = Sources {
            object: clock_object(&layout, clear),
            header: header
                .date_time
                .map(|(bytes, position)| Sent { bytes, offset: clear.offset_of(position) }),
            zone: self.options.zone.as_ref(),
            arrival: arrival.at,
            previous: self.previous,
        };
        let resolved = clock::resolve(&sources, &mut outcome.defects);
        outcome.meter_time = resolved.meter_time;
        outcome.measured_at = resolved.measured_at;
        self.previous = resolved.shown.or(self.previous);
        Ok(())
    }

    fn values(
        &self,
        clear: &Clear<'_>,
        layout: &Layout<'_>,
        (outcome, explanation): (&mut Outcome, &mut Explanation),
    ) {
        let mut identity = Identity::default();
        let mut evidence = Evidence::default();
        let mut version = None;
        let mut unscaled = Unscaled::default();
        outcome.values.reserve_exact(layout.entries.len());
        for entry in &layout.entries {
            let offset = clear.offset_of(entry.item.offset());
            let quantity = Quantity::from_obis(entry.obis);
            let Some(scaled) = scale(entry, quantity, self.options.profile) else {
                outcome.defects.push(unreadable(entry, offset));
                continue;
            };
            match (&scaled.reading.value, quantity) {
                (Value::Text(text), _) if is_list_version(entry.obis) => {
                    version = Some(text.clone());
                }
                (Value::Text(text), _) => identity.note(entry.obis, text),
                (Value::Number(number), Some(quantity)) if entry.scaler_unit.is_none() => {
                    evidence.note(quantity, *number);
                }
                _ => {}
            }
            match scaled.remark {
                Remark::None => {}
                Remark::ScalerUnknown => unscaled.note(offset),
                Remark::UnitConflict { wire, quantity } => {
                    outcome.defects.push(unit_conflict(entry, offset, (wire, quantity)));
                }
            }
            let mut pushed = PushedValue { reading: scaled.reading, offset };
            if !layout.complete {
                pushed.reading.quality = Quality::Suspect;
            }
            explanation.add(Layer::Value, clear.place_of(&entry.item), || value_text(&pushed));
            outcome.values.push(pushed);
        }
        outcome.meter = identity.resolve(outcome.security.system_title);
        let title = outcome.security.system_title;
        let maker = maker_of(outcome.meter.as_deref(), version.as_deref(), title)
            .or_else(|| layout.maker.map(str::to_owned));
        if let Some(defect) = unscaled.defect(self.options.profile.map(|known| known.name), || {
            proposal(&evidence, maker.as_deref())
        }) {
            outcome.defects.push(defect);
        }
        self.doubt(outcome, &evidence, maker.as_deref());
    }

    /// Marks values that the chosen profile makes impossible.
    fn doubt(&self, outcome: &mut Outcome, evidence: &Evidence, maker: Option<&str>) {
        let Some(profile) = self.options.profile else {
            return;
        };
        let Some(found) = contradiction(evidence, profile) else {
            return;
        };
        let unit = match found {
            Contradiction::Voltage => Unit::Volt,
            Contradiction::Current => Unit::Ampere,
        };
        let mut first = None;
        for value in &mut outcome.values {
            if value.reading.unit == Some(unit) {
                value.reading.quality = Quality::Suspect;
                if value.raw().is_some_and(|raw| raw != 0) {
                    first.get_or_insert((value.offset, value.reading.value.clone()));
                }
            }
        }
        let Some((offset, Value::Number(number))) = first else {
            return;
        };
        let proposed = proposal(evidence, maker);
        let detail = format!("{number} {unit} with profile {}; {proposed}", profile.name);
        outcome.defects.push(Defect::new(DefectCode::ImplausibleScale, offset, detail));
    }

    /// Refuses a counter that was used before.
    fn check_counter(&self, security: &Security, at: u64) -> Result<(), Defect> {
        if let (Some(title), Some(counter)) = (security.system_title, security.invocation_counter)
            && let Some(last) = self.counters.get(&title)
            && counter <= *last
        {
            let detail = format!("invocation counter {counter}, last seen {last}");
            return Err(Defect::new(DefectCode::ReplayedCounter, at, detail));
        }
        Ok(())
    }

    /// Keeps the counter of a telegram whose values are used.
    fn note_counter(&mut self, outcome: &mut Outcome) {
        let security = outcome.security;
        if let (Some(title), Some(counter)) = (security.system_title, security.invocation_counter) {
            self.remember(title, counter);
            let key = format!("{COUNTER_KEY}{}", hex_of(&title));
            outcome.memory.push(Memory { key, value: i64::from(counter) });
        }
    }

    fn list_id(&mut self, name: ListName) -> ListId {
        if let Some((_, id)) = self.lists.iter().find(|known| known.0 == name) {
            return id.clone();
        }
        let id = ListId::new(&name.to_string());
        if self.lists.len() < LISTS_MAX {
            self.lists.push((name, id.clone()));
        }
        id
    }
}

type Destination<'a> = (Arrival, &'a mut Outcome, &'a mut Vec<Node>, &'a mut Explanation);

struct Working<'a> {
    nodes: &'a mut Vec<Node>,
    plain: &'a mut Vec<u8>,
    explanation: &'a mut Explanation,
}

/// Decodes the notification body; what is whole of a body that ends early is kept only when the
/// meter itself is proved to have sent it so.
fn body(
    clear: &Clear<'_>,
    header: &Notification,
    (outcome, nodes): (&mut Outcome, &mut Vec<Node>),
) -> Result<(), Defect> {
    let start = header.body_at;
    match apdu::body(clear.bytes, start, nodes) {
        Ok((end, style)) => {
            let offset = clear.offset_of(start);
            if style == axdr::Style::SwappedLogicalNames {
                let detail = "logical names with tag and length swapped (06 09)";
                outcome.defects.push(Defect::new(DefectCode::AxdrDeviation, offset, detail));
            }
            if end < clear.bytes.len() {
                let count = clear.bytes.len() - end;
                let detail = format!("{count} bytes follow the data");
                let defect = Defect::new(DefectCode::TrailingBytes, clear.offset_of(end), detail);
                if clear.message.unnumbered && !outcome.security.authenticated {
                    return Err(defect);
                }
                outcome.defects.push(defect);
            }
            Ok(())
        }
        Err(error) => {
            let dated = header
                .date_time
                .is_some_and(|(bytes, _)| frame::dlms::date_time::decode(&bytes).is_ok());
            if clear.doubtful_key && !dated {
                return Err(wrong_key(clear.bytes, clear.offset_of(0)));
            }
            let (code, position) = match error {
                axdr::Error::Truncated { offset, .. } => (DefectCode::Truncated, offset),
                axdr::Error::Tag { offset, .. }
                | axdr::Error::Length { offset }
                | axdr::Error::Depth { offset }
                | axdr::Error::Elements { offset } => (DefectCode::AxdrInvalid, offset),
            };
            let defect = Defect::new(code, clear.offset_of(position), error.to_string());
            if code == DefectCode::Truncated && clear.proved && !nodes.is_empty() {
                outcome.defects.push(defect);
                return Ok(());
            }
            Err(defect)
        }
    }
}

/// Registers that came without a scaler.
#[derive(Default)]
struct Unscaled {
    count: usize,
    first: u64,
}

impl Unscaled {
    const fn note(&mut self, offset: u64) {
        if self.count == 0 {
            self.first = offset;
        }
        self.count += 1;
    }

    fn defect(&self, profile: Option<&str>, proposal: impl Fn() -> String) -> Option<Defect> {
        if self.count == 0 {
            return None;
        }
        let registers = if self.count == 1 { "register" } else { "registers" };
        let count = self.count;
        let detail = match profile {
            None => format!("{count} {registers} without scaler; {}", proposal()),
            Some(name) => {
                format!("{count} {registers} without scaler, not covered by profile {name}")
            }
        };
        Some(Defect::new(DefectCode::ScalerUnknown, self.first, detail))
    }
}

/// The profiles worth trying, in words.
fn proposal(evidence: &Evidence, maker: Option<&str>) -> String {
    let candidates = evidence.candidates(maker);
    let names: Vec<_> = candidates.iter().map(|profile| profile.name).collect();
    match names.as_slice() {
        [] => "no known profile fits".to_owned(),
        [one] => format!("proposed profile: {one}"),
        several => {
            let alike = candidates.iter().all(|it| it.scales() == candidates[0].scales());
            let remark =
                if alike { "they scale alike" } else { "this telegram does not tell them apart" };
            format!("proposed profile: {} ({remark})", several.join(" or "))
        }
    }
}

/// The maker's letters: how the identification starts, else the list version, else the system
/// title; those of a maker in the table before others.
fn maker_of(meter: Option<&str>, version: Option<&str>, title: Option<[u8; 8]>) -> Option<String> {
    let letters = |text: &str| {
        let start: String = text.chars().take(3).collect();
        (start.len() == 3 && start.chars().all(|letter| letter.is_ascii_alphabetic()))
            .then_some(start)
    };
    let title = title.and_then(|title| letters(&String::from_utf8_lossy(&title)));
    let makers = || {
        let texts = [meter, version].into_iter().flatten();
        texts.filter_map(letters).chain(title.clone())
    };
    let known = |maker: &String| profiles().any(|it| it.maker.eq_ignore_ascii_case(maker));
    makers().find(known).or_else(|| makers().next())
}

fn clock_object(layout: &Layout<'_>, clear: &Clear<'_>) -> Option<Sent> {
    let clocks = || layout.entries.iter().filter(|entry| entry.is_value && is_clock(entry.obis));
    let entry = clocks().find(|entry| entry.obis == CLOCK).or_else(|| clocks().next())?;
    let bytes = entry.item.content().try_into().ok()?;
    Some(Sent { bytes, offset: clear.offset_of(entry.item.content_offset()) })
}

fn security_of(ciphered: &Ciphered<'_>) -> Security {
    Security {
        known: true,
        encrypted: ciphered.control.encrypted(),
        authenticated: false,
        tagged: ciphered.tag.is_some(),
        invocation_counter: Some(ciphered.invocation_counter),
        system_title: Some(ciphered.system_title),
    }
}

fn wrong_key(plain: &[u8], offset: u64) -> Defect {
    let first = plain.first().copied().unwrap_or_default();
    let text = plain.first() == Some(&b'/');
    if text && plain.iter().take(16).all(|byte| (0x0A..0x7F).contains(byte)) {
        let detail = "the telegram decrypts to P1 text, not to DLMS";
        return Defect::new(DefectCode::ApduUnknown, offset, detail);
    }
    let detail = format!("decrypts to nonsense: first byte {first:02X}, expected 0F");
    Defect::new(DefectCode::WrongKey, offset, detail)
}

fn apdu_defect(error: &apdu::Error, offset_of: impl Fn(usize) -> u64) -> Defect {
    let (code, position) = match *error {
        apdu::Error::Tag { .. } => (DefectCode::ApduUnknown, 0),
        apdu::Error::Truncated { offset, .. } => (DefectCode::Truncated, offset),
        apdu::Error::DateTime { offset, .. } | apdu::Error::Length { offset } => {
            (DefectCode::ApduUnknown, offset)
        }
        apdu::Error::SystemTitle { .. } => (DefectCode::ApduUnknown, 1),
    };
    Defect::new(code, offset_of(position), error.to_string())
}

fn unreadable(entry: &Entry<'_>, offset: u64) -> Defect {
    let (obis, shape) = (entry.obis, shape(&entry.item));
    if entry.item.is_container() {
        let detail = format!("{obis} is {shape}, not a single value");
        return Defect::new(DefectCode::ValueUnreadable, offset, detail);
    }
    let detail = format!("{obis}, {shape}, is beyond the numbers that are kept exactly");
    Defect::new(DefectCode::ValueOutOfRange, offset, detail)
}

fn unit_conflict(entry: &Entry<'_>, offset: u64, (wire, quantity): (Unit, Quantity)) -> Defect {
    let expected = quantity.unit().map(Unit::symbol).unwrap_or_default();
    let detail = format!("{} in {wire}, but {quantity} is in {expected}", entry.obis);
    Defect::new(DefectCode::UnitConflict, offset, detail)
}

fn title_of(hex: &str) -> Option<[u8; 8]> {
    frame::capture_text::bytes_of_text(hex.as_bytes())?.try_into().ok()
}
