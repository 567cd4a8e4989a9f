//! What a feature is: its words, its inputs, its outputs, its formula.

use super::given::Given;
use serde_json::{Map, Value};
use std::fmt;

/// One thing that can be computed.
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) formula: &'static str,
    /// Standard and clause, tariff, or the book it comes from.
    pub(super) source: &'static str,
    pub(super) assumptions: &'static [&'static str],
    pub(super) inputs: &'static [Input],
    pub(super) outputs: &'static [Output],
    /// Words that compute something.
    pub(super) example: &'static str,
    pub(super) compute: fn(&Given) -> Result<Outcome, Fault>,
}

/// What a feature needs to know.
pub(super) struct Input {
    pub(super) key: &'static str,
    pub(super) unit: &'static str,
    pub(super) meaning: &'static str,
    pub(super) shape: Shape,
    pub(super) need: Need,
}

/// Whether an input may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
    /// What it is when left out, as a word of the command line.
    Default(&'static str),
}

/// What a value looks like.
pub(super) enum Shape {
    Number(Range),
    /// A list of so many numbers.
    Numbers(Count, Range),
    /// Three magnitudes with angles; the magnitude's key.
    Phasors(&'static str, Range),
    /// Harmonic order to percent.
    Orders(Range),
    /// A list of pairs.
    Pairs(Range),
    /// A list of words, each of these; of any when there are none.
    Words(&'static [&'static str]),
    /// One of these words; any when there are none.
    Word(&'static [&'static str]),
    Flag,
    Record(&'static [Input]),
}

/// Fewest and most items.
pub(super) type Count = (usize, usize);

/// Longest list.
pub(super) const ITEMS_MAX: usize = 100_000;
pub(super) const THREE: Count = (3, 3);
pub(super) const SOME: Count = (1, ITEMS_MAX);

/// Plausible numbers.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) min: f64,
    pub(super) max: f64,
    /// `min` itself is not in it.
    pub(super) above: bool,
    /// Only whole numbers.
    pub(super) whole: bool,
}

/// A number of the output.
pub(super) struct Output {
    pub(super) key: &'static str,
    pub(super) unit: &'static str,
    pub(super) meaning: &'static str,
}

/// What came out.
pub(super) struct Outcome {
    pub(super) values: Map<String, Value>,
    /// Why something is null, and what else must be known.
    pub(super) notes: Vec<String>,
}

/// Why inputs cannot be computed with.
#[derive(Debug)]
pub(super) struct Fault(String);

pub(super) const fn input(
    key: &'static str,
    unit: &'static str,
    shape: Shape,
    meaning: &'static str,
) -> Input {
    Input { key, unit, meaning, shape, need: Need::Required }
}

pub(super) const fn output(key: &'static str, unit: &'static str, meaning: &'static str) -> Output {
    Output { key, unit, meaning }
}

impl Input {
    pub(super) const fn optional(self) -> Self {
        self.needed(Need::Optional)
    }

    pub(super) const fn or(self, default: &'static str) -> Self {
        self.needed(Need::Default(default))
    }

    const fn needed(self, need: Need) -> Self {
        let Self { key, unit, meaning, shape, .. } = self;
        Self { key, unit, meaning, shape, need }
    }
}

impl Range {
    pub(super) const fn from(min: f64, max: f64) -> Self {
        Self { min, max, above: false, whole: false }
    }

    pub(super) const fn above(min: f64, max: f64) -> Self {
        Self { min, max, above: true, whole: false }
    }

    pub(super) const fn whole(min: f64, max: f64) -> Self {
        Self { min, max, above: false, whole: true }
    }

    pub(super) fn holds(&self, number: f64) -> bool {
        let low = if self.above { number > self.min } else { number >= self.min };
        low && number <= self.max && (!self.whole || number.fract() == 0.0)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.whole { "a whole number" } else { "a number" };
        let from = if self.above { "above" } else { "from" };
        write!(f, "{kind} {from} {} to {}", self.min, self.max)
    }
}

impl Outcome {
    /// An outcome of a JSON object.
    pub(super) fn of(values: Value) -> Self {
        let values = match values {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        Self { values, notes: Vec::new() }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(super) fn note_if(self, holds: bool, note: &str) -> Self {
        if holds { self.note(note) } else { self }
    }
}

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn of(key: &str, expected: impl fmt::Display) -> Self {
        Self(format!("{key}: {expected}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Feature {
    /// A fault with the feature's name and an example.
    pub(super) fn explained(&self, fault: &Fault) -> String {
        let Self { name, example, .. } = self;
        format!("{name}: {fault}\n  example: triphase calc {name} {example}")
    }
}
