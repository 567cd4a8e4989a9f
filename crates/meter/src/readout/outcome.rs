//! A read-out in the catalogue's quantities and units.
//!
//! In: a read-out as found. Out: an [`Outcome`], delivered or refused, with what was wrong and
//! where. Registers of now become values; those of earlier billing periods stay entries. A number
//! whose unit the catalogue does not know, or that came without the unit its register needs, keeps
//! its register and loses its quantity: nothing is guessed.

use super::address::Address;
use super::clock::{Circumstances, Shown, names_an_instant};
use super::entry::{Content, Entry};
use super::unit::unit_of;
use super::{Kind, ReadOut};
use crate::push::text::text_of;
use crate::push::{Defect, DefectCode, Layer, Outcome, PushedValue, Step};
use frame::iec62056_21::{Check, Ending, Found, Item, Over, Start};
use reading::{Decimal, ListId, Obis, Quality, Quantity, Reading, Unit, Value};

/// Most steps kept for one read-out.
const STEPS_MAX: usize = 4096;
/// Heat, value group A of IEC 62056-6-1.
const HEAT: u8 = 6;

/// What a read-out is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) circumstances: Circumstances<'a>,
    pub(super) start: Start,
    pub(super) explain: bool,
}

/// The read-out's outcome.
pub(super) fn outcome(found: &Found<'_>, kind: Kind, judge: Judge<'_>) -> Outcome {
    let mut reading = InProgress {
        outcome: Outcome::blank(kind.name(), found.offset, found.end),
        kind,
        base: found.block_at,
        clock: Shown::default(),
        identity: None,
        heat: false,
        marked: false,
        seen: 0,
        explain: judge.explain,
    };
    reading.outcome.received_at = judge.circumstances.arrival;
    reading.outcome.security.known = true;
    // A data set takes some twenty-five characters.
    reading.outcome.values.reserve(found.block.len() / 24);
    reading.head(found);
    for item in found.items() {
        match item {
            Item::DataSet(set) => reading.entry(&Entry::of(set)),
            Item::Malformed { offset, at } => {
                let place = reading.place(at);
                let detail = "a data set breaks here; it was left out";
                reading.note(DefectCode::DataSetMalformed, place, detail);
                reading
                    .step(Layer::Noise, (offset, at.saturating_sub(offset)), || detail.to_owned());
            }
            Item::End { .. } => reading.marked = true,
        }
    }
    reading.finish(found, judge)
}

struct InProgress {
    outcome: Outcome,
    kind: Kind,
    /// Offset of the block in the stream.
    base: u64,
    clock: Shown,
    identity: Option<(u8, String)>,
    /// Reduced addresses are a heat meter's.
    heat: bool,
    /// The end mark was there.
    marked: bool,
    /// One bit for each register so far, by its lower digits: most registers come once.
    seen: u128,
    explain: bool,
}

impl InProgress {
    fn place(&self, offset: usize) -> u64 {
        self.base.saturating_add(offset as u64)
    }

    fn note(&mut self, code: DefectCode, offset: u64, detail: impl Into<String>) {
        self.outcome.defects.push(Defect::new(code, offset, detail));
    }

    fn step(&mut self, layer: Layer, place: (usize, usize), text: impl FnOnce() -> String) {
        if self.explain && self.outcome.steps.len() < STEPS_MAX {
            let (offset, length) = (self.place(place.0), place.1);
            self.outcome.steps.push(Step { offset, length, layer, text: text() });
        }
    }

    fn head(&mut self, found: &Found<'_>) {
        let Some(identification) = found.identification.filter(|_| self.explain) else { return };
        let text = format!("identification {}", identification.line);
        let (offset, length) = (found.offset, identification.line.len());
        self.outcome.steps.push(Step { offset, length, layer: Layer::Block, text });
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        let before = self.outcome.values.len();
        if let Some(register) = entry.register.filter(|_| entry.is_current()) {
            self.register(entry, register);
        }
        if !self.explain {
            return;
        }
        let told = self.outcome.values.get(before).map(|value| value.reading.clone());
        let place = (entry.offset, entry.end().saturating_sub(entry.offset));
        self.step(Layer::Value, place, || described(entry, told.as_ref()));
    }

    fn register(&mut self, entry: &Entry<'_>, register: Address) {
        let cde = register.obis.cde();
        let (value, unit) = match entry.content {
            Content::Empty => return,
            Content::TooLong(digits) => {
                let detail = format!("{}: {digits} has more digits than are kept", entry.address);
                let at = self.place(entry.value_at);
                return self.note(DefectCode::ValueOutOfRange, at, detail);
            }
            Content::Text(text) => {
                self.clock.note(cde, text, self.base.saturating_add(entry.value_at as u64));
                let text = self.text(register.obis, text);
                self.identify(register.obis, &text);
                (Value::Text(text), None)
            }
            Content::Number(number) => match self.scaled(entry, number) {
                Some((number, unit)) => (Value::Number(number), unit),
                None => return,
            },
        };
        if !register.full && cde == [6, 8, 0] && matches!(unit, Some(Unit::WattHour | Unit::Joule))
        {
            // Reduced addresses leave the medium out; reactive energy is never in Wh.
            self.heat = true;
        }
        let obis = self.obis(register);
        let never = is_channel(obis) && entry.time.is_some_and(|time| !names_an_instant(time));
        // A channel without a device shows zeros with a time that cannot be.
        if !never && self.is_first(obis) {
            let at = self.place(entry.offset);
            self.value(Measured { obis, value, unit, sent: entry.unit }, at);
        }
    }

    fn value(&mut self, measured: Measured<'_>, offset: u64) {
        let Measured { obis, value, mut unit, sent } = measured;
        let mut quantity = quantity_of(obis);
        let needed = quantity.and_then(Quantity::unit);
        let number = value.number();
        match (needed, unit) {
            (Some(Unit::One), None) if sent.is_none() => unit = Some(Unit::One),
            (Some(needed), Some(sent)) if needed != sent => {
                let detail = format!("{obis} is in {sent}, and its quantity in {needed}");
                self.note(DefectCode::UnitConflict, offset, detail);
                quantity = None;
            }
            (Some(needed), None) if number.is_some() => {
                let detail = match sent {
                    Some(sent) => format!("{obis}: \"{sent}\" is no unit of {needed}"),
                    None => format!("{obis} came without a unit; it would need one of {needed}"),
                };
                self.note(DefectCode::UnitUnknown, offset, detail);
                quantity = None;
            }
            (Some(needed), _) if number.is_none() => {
                let detail = format!("{obis} holds a text, and its quantity is in {needed}");
                self.note(DefectCode::ValueUnreadable, offset, detail);
                return;
            }
            _ => {}
        }
        // A power factor beyond one is no measurement, whoever sent it.
        let beyond =
            unit == Some(Unit::One) && number.is_some_and(|number| number.to_f64().abs() > 1.0);
        let quality = if beyond { Quality::Suspect } else { Quality::Good };
        let reading = Reading { quantity, obis: Some(obis), value, unit, quality };
        self.outcome.values.push(PushedValue { reading, offset });
    }

    /// A number in the unit of the catalogue.
    fn scaled(&mut self, entry: &Entry<'_>, number: Decimal) -> Option<(Decimal, Option<Unit>)> {
        let Some((unit, power)) = entry.unit.and_then(unit_of) else { return Some((number, None)) };
        let scaled = number.shifted(power);
        if scaled.is_none() {
            let at = self.place(entry.value_at);
            let detail = format!("{}: beyond what is kept exactly", entry.address);
            self.note(DefectCode::ValueOutOfRange, at, detail);
        }
        Some((scaled?, Some(unit)))
    }

    fn obis(&self, register: Address) -> Obis {
        let obis = register.obis;
        if self.heat && !register.full && obis.medium() == 1 {
            return Obis::new(HEAT, 0, obis.cde(), obis.period());
        }
        obis
    }

    /// P1 writes identifications as hexadecimal digits of their characters.
    fn text(&self, obis: Obis, text: &str) -> String {
        let coded = self.kind == Kind::Dsmr && matches!(obis.cde(), [42, ..] | [96, 1 | 13, _]);
        let decoded = coded.then(|| characters_of(text)).flatten();
        decoded.unwrap_or_else(|| text.to_owned())
    }

    /// 0-0:42.0.0 before 0-0:96.1.x, before the device addresses of IEC 62056-21.
    fn identify(&mut self, obis: Obis, text: &str) {
        let rank = match (obis.medium(), obis.channel(), obis.cde()) {
            (0, 0, [42, 0, 0]) => 0,
            (0, 0, [96, 1, part @ 0..=9]) => part.saturating_add(1),
            (_, 0, [0, 0, part @ 0..=9]) => part.saturating_add(20),
            (0, 0, [96, 1, _]) => 40,
            _ => return,
        };
        if self.identity.as_ref().is_none_or(|(known, _)| rank < *known) {
            self.identity = Some((rank, text.to_owned()));
        }
    }

    /// Whether the register did not come before: read-outs may send a register twice.
    fn is_first(&mut self, obis: Obis) -> bool {
        let [a, b, c, d, e, _] = obis.bytes().map(u32::from);
        let bit = 1_u128 << ((a ^ (b * 7) ^ (c * 3) ^ (d * 37) ^ (e * 11)) & 127);
        let known = self.seen & bit != 0
            && self.outcome.values.iter().any(|value| value.reading.obis == Some(obis));
        self.seen |= bit;
        !known
    }

    fn finish(mut self, found: &Found<'_>, judge: Judge<'_>) -> Outcome {
        let whole = self.completeness(found, judge.start);
        let proved = self.check(found);
        let (clock, mut defects) = (self.clock, std::mem::take(&mut self.outcome.defects));
        let (meter_time, measured_at) = clock.resolve(judge.circumstances, &mut defects);
        let mut outcome = self.outcome;
        outcome.defects = defects;
        outcome.meter = self.identity.map(|(_, text)| text);
        outcome.meter_time = meter_time;
        outcome.measured_at = measured_at;
        let list = match self.kind {
            Kind::Dsmr => "p1",
            Kind::Iec62056_21 => "readout",
        };
        outcome.list = Some(ListId::new(list));
        outcome.delivered = whole && proved;
        if !outcome.delivered {
            outcome.values.clear();
        }
        outcome
    }

    /// Whether nothing is missing. A capture may end without the end mark: what it holds is whole
    /// data sets all the same, unless a check character was still to come.
    fn completeness(&mut self, found: &Found<'_>, start: Start) -> bool {
        let capture = start == Start::Anywhere;
        let told = self.outcome.values.len();
        match found.ending {
            Ending::Etx | Ending::Mark
                if found.identification.is_none() && self.checked_by_crc(found) =>
            {
                let detail = "the read-out begins in the middle: its CRC cannot be checked";
                self.note(DefectCode::Truncated, found.offset, detail);
                false
            }
            Ending::Mark if !capture && found.check == Check::Absent && self.owes_crc() => {
                let detail = "the CRC that P1 ends with from version 4 on is missing";
                self.note(DefectCode::Truncated, found.end, detail);
                false
            }
            Ending::Etx | Ending::Eot | Ending::Mark => told > 0,
            Ending::Cut if self.marked && capture => told > 0,
            Ending::Cut => {
                let detail = "the read-out ends without its end mark";
                self.note(DefectCode::Truncated, found.end, detail);
                capture && !self.owes_crc() && told > 0
            }
        }
    }

    /// Whether this is P1 of a version that ends with a CRC: those send their version.
    fn owes_crc(&self) -> bool {
        let version = Some(Obis::new(1, 3, [0, 2, 8], 255));
        self.outcome.values.iter().any(|value| value.reading.obis == version)
    }

    const fn checked_by_crc(&self, found: &Found<'_>) -> bool {
        matches!(found.check, Check::Crc { .. })
    }

    fn check(&mut self, found: &Found<'_>) -> bool {
        match found.check {
            Check::Absent => {
                self.step(Layer::Block, (found.block.len(), 0), || "no check character".to_owned());
            }
            Check::Bcc { computed, sent } if computed != sent => {
                let detail = format!("check character {sent:02X}, computed {computed:02X}");
                self.note(DefectCode::BccMismatch, found.end.saturating_sub(1), detail);
                return false;
            }
            Check::Bcc { computed, .. } => {
                let place = (found.block.len(), 2);
                self.step(Layer::Block, place, || format!("check character {computed:02X} holds"));
            }
            Check::Crc { computed, sent, over } if sent == Some(computed) => {
                if over == Over::Restored {
                    let detail = "the CRC holds with the line ends that P1 prescribes: something \
                                  on the way took CRs or the empty line out";
                    self.note(DefectCode::LineEndsAltered, found.block_at, detail);
                }
                let at = found.block_at.saturating_add(found.block.len() as u64);
                let digits = usize::try_from(found.end.saturating_sub(at)).unwrap_or(4).min(4);
                let place = (found.block.len(), digits);
                self.step(Layer::Block, place, || format!("CRC {computed:04X} holds"));
            }
            Check::Crc { computed, sent, .. } => {
                let at = found.block_at.saturating_add(found.block.len() as u64);
                let detail = match sent {
                    Some(sent) => format!("CRC {sent:04X}, computed {computed:04X}"),
                    None => format!("the CRC is no hexadecimal number; computed {computed:04X}"),
                };
                self.note(DefectCode::CrcMismatch, at, detail);
                return false;
            }
        }
        true
    }
}

struct Measured<'a> {
    obis: Obis,
    value: Value,
    unit: Option<Unit>,
    sent: Option<&'a str>,
}

/// The quantity of a register, M-Bus channels of every P1 generation and heat included.
fn quantity_of(obis: Obis) -> Option<Quantity> {
    match (obis.medium(), obis.cde()) {
        (0, [24, 2 | 3, 0..=9]) if obis.channel() > 0 => {
            let usual = Obis::new(0, obis.channel(), [24, 2, 1], 255);
            Quantity::from_obis(usual)
        }
        (HEAT, [6, 8, 0]) => Some(Quantity::ThermalEnergy),
        (HEAT, [6, 26, 0]) => Some(Quantity::Volume),
        _ => Quantity::from_obis(obis),
    }
}

/// Whether the register holds what a device on an M-Bus channel shows.
pub(super) const fn is_channel(obis: Obis) -> bool {
    obis.medium() == 0 && obis.channel() > 0 && matches!(obis.cde(), [24, 2 | 3, _])
}

/// The characters that pairs of hexadecimal digits stand for, when they are printable.
fn characters_of(text: &str) -> Option<String> {
    let digits = text.as_bytes();
    if digits.len() < 4 || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    let byte = |pair: &[u8]| {
        let hex = pair.iter().all(u8::is_ascii_hexdigit);
        u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|_| hex)?, 16).ok()
    };
    let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
    let bytes = bytes.filter(|bytes| bytes.iter().all(|byte| matches!(byte, 0x20..=0x7E)))?;
    Some(text_of(&bytes))
}

fn described(entry: &Entry<'_>, told: Option<&Reading>) -> String {
    let content = match entry.content {
        Content::Number(number) => number.to_string(),
        Content::Text(text) | Content::TooLong(text) => text.to_owned(),
        Content::Empty => "nothing".to_owned(),
    };
    let unit = entry.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    let Some(told) = told else {
        let why = if entry.is_current() { "no value" } else { "an earlier period" };
        return format!("{}: {content}{unit} ({why})", entry.address);
    };
    let name = told.quantity.map_or("not in the catalogue", |it| it.description().english);
    let obis = told.obis.map(|obis| obis.to_string()).unwrap_or_default();
    format!("{} = {obis}: {content}{unit} ({name})", entry.address)
}

impl ReadOut<'_> {
    /// What the read-out says as sent, data set by data set, even when it was refused.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        super::entry::entries(self.found.block)
    }
}
