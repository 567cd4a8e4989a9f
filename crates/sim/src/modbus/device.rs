//! One simulated Modbus meter: its registers, and what it may do wrong.

use super::encode;
use super::figures::{Energy, Figures};
use crate::machine::Power;
use crate::workshop::State;
use meter::modbus::{Map, Mark, Span, Table};
use reading::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Where a SunSpec device's models begin.
const SUNSPEC_BASE: u16 = 40_000;
/// Registers of SunSpec's common model, and where its texts lie in it.
const COMMON_LENGTH: u16 = 66;
const COMMON_TEXTS: [(u16, u16, &str); 5] = [
    (2, 16, "triphase"),
    (18, 16, "simulated meter"),
    (42, 8, "1"),
    (50, 16, "SIM-0001"),
    (68, 0, ""),
];
/// Length of a meter model beyond its number and length; the models of integers have 105
/// registers, those of floats 124.
const MODEL_LENGTHS: [(u16, u16); 2] = [(201, 105), (211, 124)];

/// Where the accumulators of the models of integers begin, behind number and length.
const FIRST_ACCUMULATOR: u16 = 36;
/// The event flags at the end of a meter model.
const EVENT_LENGTH: u16 = 2;

/// What a meter measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The workshop's supply.
    Supply,
    /// One of its machines, by its place in [`State::machines`].
    Machine(usize),
}

/// What a device does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misdeed {
    /// It never answers.
    Mute,
    /// It answers after so long.
    Late(Duration),
    /// It answers everything with this exception.
    Exception(u8),
    /// Its answers name another unit.
    WrongUnit,
    /// Its answers count questions that nobody asked (TCP only).
    WrongTransaction,
    /// Its answers stop in the middle.
    Half,
    /// Its answers are noise.
    Garbage,
    /// Its answers have one register less than was asked for.
    Short,
    /// It closes the connection instead of answering (TCP only).
    HangUp,
}

/// A simulated Modbus meter.
#[derive(Debug)]
pub struct Device {
    map: Arc<Map>,
    subject: Subject,
    energy: Energy,
    registers: BTreeMap<(Table, u16), u16>,
    measured_at: Option<Timestamp>,
    /// What it does wrong now.
    pub misdeed: Option<Misdeed>,
}

impl Device {
    /// A meter of this map. A map of SunSpec models becomes a whole SunSpec device.
    #[must_use]
    pub fn new(map: &Map, subject: Subject) -> Self {
        let mut registers = BTreeMap::new();
        let map = match map.sunspec.first() {
            Some(model) => sunspec(map, *model, &mut registers),
            None => map.clone(),
        };
        for mark in &map.marks {
            if let Mark::Number { cell, equals } = mark {
                put(&mut registers, cell.span, &encode::mark_words(*cell, *equals));
                break;
            }
        }
        let (map, energy) = (Arc::new(map), Energy::default());
        Self { map, subject, energy, registers, measured_at: None, misdeed: None }
    }

    /// What it says it is.
    #[must_use]
    pub fn identification(&self) -> [String; 3] {
        let text = self.map.marks.iter().find_map(|mark| match mark {
            Mark::Text(text) => Some(text.clone()),
            _ => None,
        });
        let maker = self.map.title.split(' ').next().unwrap_or_default().to_owned();
        [maker, text.unwrap_or_else(|| self.map.name.clone()), "simulated".to_owned()]
    }

    /// The registers hold what is measured in this state.
    pub fn measure(&mut self, state: &State) {
        if self.measured_at.replace(state.at) == Some(state.at) {
            return;
        }
        let powers = match self.subject {
            Subject::Supply => state.phases.map(|phase| phase.power),
            Subject::Machine(place) => {
                state.machines.get(place).map_or([Power::default(); 3], |machine| machine.phases)
            }
        };
        self.energy.count(&powers, state.at);
        let figures = Figures::new(state, powers, self.energy);
        for register in &self.map.registers {
            let Some(value) = figures.value(register.quantity, register.obis) else {
                let absent = register.absent.first().map_or(0, |range| *range.start());
                let words = encode::mark_words(register.cell, absent);
                put(&mut self.registers, register.cell.span, &words);
                continue;
            };
            if let Some(words) = encode::words(register, value) {
                put(&mut self.registers, register.cell.span, &words);
            }
            for (index, factor) in register.factors.iter().enumerate() {
                if let Some(words) = encode::factor_words(register, index, value) {
                    put(&mut self.registers, factor.cell.span, &words);
                }
            }
        }
    }

    /// The registers that a request asks for; `None` when the device has not all of them. Registers
    /// between two that it has are 0, as in most meters.
    #[must_use]
    pub fn read(&self, span: Span) -> Option<Vec<u16>> {
        let has = |address: u16| self.registers.get(&(span.table, address)).copied();
        let last = u16::try_from(span.end() - 1).ok()?;
        let known: Vec<Option<u16>> = (span.address..=last).map(has).collect();
        let bounded = known.first()?.is_some() && known.last()?.is_some();
        bounded.then(|| known.into_iter().map(Option::unwrap_or_default).collect())
    }
}

fn put(registers: &mut BTreeMap<(Table, u16), u16>, span: Span, words: &[u16]) {
    for (address, word) in (span.address..).zip(words) {
        registers.insert((span.table, address), *word);
    }
}

/// The marker, the common model, the meter's model and the end.
fn sunspec(map: &Map, model: u16, registers: &mut BTreeMap<(Table, u16), u16>) -> Map {
    let length = MODEL_LENGTHS.iter().rev().find(|(first, _)| model >= *first);
    let length = length.map_or(105, |(_, length)| *length);
    // The middle one of each family is the four-wire meter.
    let model = if model < 211 { 203 } else { 213 };
    let mut write = |address: u16, words: &[u16]| {
        let count = u16::try_from(words.len()).unwrap_or(0);
        put(registers, Span { table: Table::Holding, address, count }, words);
    };
    write(SUNSPEC_BASE, &[0x5375, 0x6E53, 1, COMMON_LENGTH]);
    write(SUNSPEC_BASE + 4, &[0; COMMON_LENGTH as usize]);
    for (at, count, text) in COMMON_TEXTS {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(usize::from(count) * 2, 0);
        let words: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        write(SUNSPEC_BASE + 2 + at, &words);
    }
    let base = SUNSPEC_BASE + 4 + COMMON_LENGTH;
    write(base, &[model, length]);
    // What this device does not have: no value, and accumulators that never counted.
    let absent: Vec<u16> = (0..length)
        .map(|at| match model {
            203 if at < FIRST_ACCUMULATOR => 0x8000,
            213 if at < length - EVENT_LENGTH => 0x7FC0,
            _ => 0,
        })
        .collect();
    write(base + 2, &absent);
    write(base + 2 + length, &[0xFFFF, 0]);
    map.moved(base).unwrap_or_else(|| map.clone())
}
