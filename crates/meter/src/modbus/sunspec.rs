//! SunSpec: a device that says what it is.
//!
//! A device starts its models at one of three addresses with the letters "SunS". Each model begins
//! with its number and length, so that one that is not known can be skipped.

use super::builtin;
use super::decode::text;
use super::map::{Map, Order, Span, Table};
use std::ops::Range;
use std::sync::Arc;

/// Where the models may begin, in the order in which they are looked for.
///
/// # Source
/// SunSpec Device Information Model Specification, 5.1: 40000 is preferred, 50000 and 0 allowed.
const BASES: [u16; 3] = [40_000, 50_000, 0];
/// "SunS".
const MARKER: [u16; 2] = [0x5375, 0x6E53];
/// The number of the model that ends the list.
const END: u16 = 0xFFFF;
/// The number of the model that says what the device is.
const COMMON: u16 = 1;
/// Registers of the common model up to its serial number, and where maker, model and serial are.
///
/// # Source
/// SunSpec model 1: Mn, Md, Opt, Vr, SN.
const PLATE_LENGTH: u16 = 64;
const PLATE_FIELDS: [Range<usize>; 3] = [0..16, 16..32, 48..64];
/// Most models that are looked at: real devices have up to a dozen.
const MODELS_MAX: usize = METERS_MAX as usize;
/// Most meters of one device.
pub const METERS_MAX: u8 = 64;

/// A model of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelAt {
    /// Its number in the SunSpec alliance's list.
    pub id: u16,
    /// The address of the register that holds the number.
    pub address: u16,
    /// Registers that follow number and length.
    pub length: u16,
}

/// A meter of a device: one logical device may have several, each behind a common model that says
/// what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SunSpecMeter {
    /// Its model.
    pub model: ModelAt,
    /// The common model before it; `None` where a device leaves it out.
    pub common: Option<ModelAt>,
    /// How it is read, at its place.
    pub map: Arc<Map>,
}

/// What a walk wants or found.
#[derive(Debug, Clone, PartialEq)]
pub enum WalkStep {
    /// These registers.
    Ask(Span),
    /// A meter, with its map at its place.
    Found(Arc<Map>),
    /// There is none; the sentence says what was seen.
    Lost(String),
}

/// A walk along a device's models.
#[derive(Debug)]
pub struct Walk {
    /// Which meter is looked for, counted from 1.
    meter: u8,
    base: usize,
    /// Where the next model begins, once the marker was seen.
    next: Option<u16>,
    models: Vec<ModelAt>,
    over: bool,
}

impl Walk {
    /// A walk to a device's meter, counted from 1.
    #[must_use]
    pub const fn to(meter: u8) -> Self {
        Self { meter, base: 0, next: None, models: Vec::new(), over: false }
    }

    /// Begins anew.
    pub fn restart(&mut self) {
        *self = Self::to(self.meter);
    }

    /// What to read next, or what was found. The same until the answer came.
    pub fn step(&mut self) -> WalkStep {
        let span = |address| Span { table: Table::Holding, address, count: 2 };
        if !self.over {
            match (self.next, BASES.get(self.base)) {
                (Some(next), _) => return WalkStep::Ask(span(next)),
                (None, Some(base)) => return WalkStep::Ask(span(*base)),
                (None, None) => {}
            }
        }
        self.found().map_or_else(|| WalkStep::Lost(self.sentence()), WalkStep::Found)
    }

    /// The answer.
    pub fn answered(&mut self, words: &[u16]) {
        let &[first, second] = words else { return self.refused() };
        let Some(address) = self.next else {
            match BASES.get(self.base) {
                Some(base) if [first, second] == MARKER => self.next = Some(base.saturating_add(2)),
                _ => self.base += 1,
            }
            return;
        };
        if first == END {
            self.over = true;
            return;
        }
        self.models.push(ModelAt { id: first, address, length: second });
        let next = address.checked_add(2).and_then(|after| after.checked_add(second));
        match next.filter(|next| *next < u16::MAX && self.models.len() < MODELS_MAX) {
            // A model without length would be the same one for ever.
            Some(next) if second > 0 => self.next = Some(next),
            _ => self.over = true,
        }
    }

    /// The device refused the addresses.
    pub const fn refused(&mut self) {
        if self.next.is_some() {
            self.over = true;
        } else {
            self.base += 1;
        }
    }

    /// The models that were seen, in their order.
    #[must_use]
    pub fn models(&self) -> &[ModelAt] {
        &self.models
    }

    /// Whether the device has SunSpec's marker.
    #[must_use]
    pub const fn is_sunspec(&self) -> bool {
        self.next.is_some()
    }

    /// The meters among the models that were seen, in their order. A device may show one meter in
    /// both notations, whole numbers with scale factors (201 to 204) and floats (211 to 214): behind
    /// one common model these are counted once, as the first of them.
    #[must_use]
    pub fn meters(&self) -> Vec<SunSpecMeter> {
        let (mut meters, mut common) = (Vec::new(), None);
        let mut ids: Vec<u16> = Vec::new();
        for model in &self.models {
            if model.id == COMMON {
                common = Some(*model);
                ids.clear();
            }
            let Some(map) = map_of(*model) else { continue };
            let seen = |id: u16| ids.iter().filter(|seen| **seen == id).count();
            let again = twin(model.id).is_some_and(|twin| seen(model.id) < seen(twin));
            ids.push(model.id);
            if !again {
                meters.push(SunSpecMeter { model: *model, common, map });
            }
        }
        meters
    }

    fn found(&self) -> Option<Arc<Map>> {
        let place = usize::from(self.meter).checked_sub(1)?;
        self.meters().into_iter().nth(place).map(|meter| meter.map)
    }

    fn sentence(&self) -> String {
        if !self.is_sunspec() {
            return "no SunSpec device: \"SunS\" is at none of the registers 40000, 50000 and 0"
                .to_owned();
        }
        let seen: Vec<String> = self.models.iter().map(|model| model.id.to_string()).collect();
        let seen = seen.join(", ");
        match self.meters().len() {
            0 => format!("the SunSpec device has no meter model that is known: it has {seen}"),
            count => format!(
                "the SunSpec device has {count} meter{}, and sunspec_meter asks for number {}: its \
                 models are {seen}; \"triphase scan modbus\" lists its meters",
                if count == 1 { "" } else { "s" },
                self.meter
            ),
        }
    }
}

/// The model of the same meter in the other notation.
fn twin(id: u16) -> Option<u16> {
    match id {
        201..=204 => Some(id + 10),
        211..=214 => Some(id - 10),
        _ => None,
    }
}

/// How a model is read at its place; `None` for one that is no meter known here.
fn map_of(model: ModelAt) -> Option<Arc<Map>> {
    let known = builtin::maps().iter().find(|map| map.sunspec.contains(&model.id))?;
    let mut map = known.moved(model.address)?;
    // A shorter model than its definition has only its first values.
    let end = u32::from(model.address) + 2 + u32::from(model.length);
    map.registers.retain(|register| {
        register.cell.span.end() <= end
            && register.factors.iter().all(|factor| factor.cell.span.end() <= end)
    });
    map.name = format!("sunspec_{}", model.id);
    (!map.registers.is_empty()).then(|| Arc::new(map))
}

impl SunSpecMeter {
    /// The registers in which the device says what it is: maker, model, options, version, serial.
    #[must_use]
    pub fn plate(&self) -> Option<Span> {
        let common = self.common.filter(|common| common.length >= PLATE_LENGTH)?;
        let address = common.address.checked_add(2)?;
        Some(Span { table: Table::Holding, address, count: PLATE_LENGTH })
    }

    /// Maker, model and serial number out of the words of [`plate`](Self::plate), as far as they
    /// are given.
    #[must_use]
    pub fn texts(words: &[u16]) -> Vec<String> {
        let fields = PLATE_FIELDS.iter().filter_map(|field| words.get(field.clone()));
        fields.filter_map(|words| text(Order::ABCD, words)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers a walk from registers that begin at `base`.
    fn walk(base: u16, registers: &[u16]) -> (Walk, WalkStep) {
        let mut walk = Walk::to(1);
        for _ in 0..MODELS_MAX * 2 {
            let WalkStep::Ask(span) = walk.step() else { break };
            let start = span.address.checked_sub(base).map(usize::from);
            match start.and_then(|start| registers.get(start..start + 2)) {
                Some(words) => walk.answered(words),
                None => walk.refused(),
            }
        }
        let end = walk.step();
        (walk, end)
    }

    fn device(models: &[(u16, u16)]) -> Vec<u16> {
        let mut registers = MARKER.to_vec();
        for (id, length) in models {
            registers.extend([*id, *length]);
            registers.extend(std::iter::repeat_n(0, usize::from(*length)));
        }
        registers.extend([END, 0]);
        registers
    }

    #[test]
    fn finds_a_meter_behind_models_that_nobody_knows() {
        for base in BASES {
            let (walk, end) = walk(base, &device(&[(1, 66), (64_999, 7), (203, 105)]));
            let WalkStep::Found(map) = end else { panic!("{end:?}") };
            assert_eq!(map.name, "sunspec_203");
            assert_eq!(walk.models()[2].address, base + 2 + 68 + 9);
            let lowest = map.spans().map(|span| span.address).min();
            assert_eq!(lowest, Some(base + 2 + 68 + 9 + 2));
        }
    }

    #[test]
    fn a_shorter_model_has_only_its_first_values() {
        let (_, end) = walk(40_000, &device(&[(203, 20)]));
        let WalkStep::Found(map) = end else { panic!("{end:?}") };
        assert!(map.spans().all(|span| span.end() <= 40_002 + 22), "{:?}", map.registers.last());
    }

    #[test]
    fn says_what_it_saw_instead() {
        let (_, end) = walk(40_000, &device(&[(1, 66), (103, 50)]));
        let WalkStep::Lost(sentence) = end else { panic!("{end:?}") };
        assert!(sentence.ends_with("it has 1, 103"), "{sentence}");
        let (_, end) = walk(40_000, &[1, 2, 3]);
        let WalkStep::Lost(sentence) = end else { panic!("{end:?}") };
        assert!(sentence.starts_with("no SunSpec device"), "{sentence}");
    }

    fn meters(models: &[(u16, u16)]) -> Vec<(u16, Option<u16>)> {
        let (walk, _) = walk(40_000, &device(models));
        walk.meters().iter().map(|it| (it.model.id, it.common.map(|at| at.address))).collect()
    }

    #[test]
    fn every_meter_of_a_device_can_be_chosen() {
        let models = [(1, 66), (103, 50), (1, 66), (203, 105), (1, 66), (203, 105)];
        let registers = device(&models);
        let lowest = |meter| {
            let mut walk = Walk::to(meter);
            while let WalkStep::Ask(span) = walk.step() {
                let start = usize::from(span.address - 40_000);
                walk.answered(&registers[start..start + 2]);
            }
            match walk.step() {
                WalkStep::Found(map) => Ok(map.spans().map(|span| span.address).min()),
                WalkStep::Lost(sentence) => Err(sentence),
                WalkStep::Ask(_) => unreachable!("the walk is over"),
            }
        };
        let first = 40_002 + 68 + 52 + 68 + 2;
        assert_eq!(lowest(1), Ok(Some(first)));
        assert_eq!(lowest(2), Ok(Some(first + 107 + 68)));
        let sentence = lowest(3).expect_err("there are two");
        assert!(sentence.contains("has 2 meters") && sentence.contains("number 3"), "{sentence}");
    }

    #[test]
    fn two_notations_of_one_meter_are_one_and_two_meters_are_two() {
        let common = Some(40_002);
        assert_eq!(meters(&[(1, 66), (203, 105), (213, 124)]), [(203, common)]);
        assert_eq!(meters(&[(1, 66), (213, 124), (203, 105)]), [(213, common)]);
        assert_eq!(meters(&[(1, 66), (203, 105), (203, 105)]), [(203, common); 2]);
        assert_eq!(
            meters(&[(1, 66), (203, 105), (1, 66), (213, 124)]),
            [(203, common), (213, Some(40_002 + 68 + 107))]
        );
    }

    #[test]
    fn a_common_model_says_what_its_meter_is() {
        let mut words = vec![0; usize::from(PLATE_LENGTH)];
        for (at, text) in [(0, "SolarEdge"), (16, "Export"), (48, "7E12")] {
            for (word, bytes) in words[at..].iter_mut().zip(text.as_bytes().chunks(2)) {
                let low = bytes.get(1).copied().unwrap_or(0);
                *word = u16::from_be_bytes([bytes[0], low]);
            }
        }
        assert_eq!(SunSpecMeter::texts(&words), ["SolarEdge", "Export", "7E12"]);
        let (walk, _) = walk(40_000, &device(&[(1, 66), (203, 105)]));
        let plate = walk.meters()[0].plate();
        assert_eq!(plate, Some(Span { table: Table::Holding, address: 40_004, count: 64 }));
    }

    #[test]
    fn a_device_that_never_ends_is_left() {
        let mut walk = Walk::to(1);
        walk.answered(&MARKER);
        let mut steps = 0;
        while let WalkStep::Ask(_) = walk.step() {
            walk.answered(&[7, 3]);
            steps += 1;
        }
        assert_eq!(steps, MODELS_MAX);
        let mut empty = Walk::to(1);
        empty.answered(&MARKER);
        empty.answered(&[7, 0]);
        assert!(matches!(empty.step(), WalkStep::Lost(_)));
    }
}
