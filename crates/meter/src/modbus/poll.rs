//! One reading after another of one Modbus meter, without a wire.
//!
//! In: what came back for each request. Out: the next request, and at the end one telegram. A
//! register that the meter refuses costs that register, not the reading; which ones those are is
//! remembered, so that they are not asked for every second.

use super::decode::{Decoded, Image, decode};
use super::kind::Coding;
use super::map::{Map, Span};
use super::plan::{finer, plan};
use super::sunspec::{Walk, WalkStep};
use crate::correction::Correction;
use crate::doubt::Doubt;
use reading::{ListId, MeterId, Quality, Reading, Telegram, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a reader needs to know about one meter.
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    /// The configured meter.
    pub meter: MeterId,
    /// What the place does to the numbers.
    pub correction: Correction,
}

/// What a configured model stands for.
#[derive(Debug, Clone)]
pub enum Source {
    /// Registers at fixed addresses.
    Map(Arc<Map>),
    /// Whatever SunSpec meter the device says it has.
    SunSpec {
        /// Which one of the device's meters, counted from 1.
        meter: u8,
    },
}

impl Source {
    /// The name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Map(map) => &map.name,
            Self::SunSpec { .. } => super::SUNSPEC,
        }
    }
}

/// Reads one meter again and again.
#[derive(Debug)]
pub struct Reader {
    options: ReaderOptions,
    source: Source,
    map: Option<Arc<Map>>,
    walk: Option<Walk>,
    requests: Vec<Span>,
    refused: BTreeSet<Span>,
    at: usize,
    image: Image,
    /// Readings since the device was last asked for everything.
    since_learnt: u32,
}

/// After so many readings a register that was refused is asked for again: a meter that was busy,
/// or whose firmware was renewed, may have it now.
const LEARN_AGAIN: u32 = 1000;

/// What a reading brought.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The values, when there are any.
    pub telegram: Option<Telegram>,
    /// Values that no meter can have measured; they are marked in the telegram.
    pub doubts: Vec<Doubt>,
    /// What was wrong, each with the register it is about.
    pub defects: Vec<Defect>,
}

/// One thing that was wrong with a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// A stable word.
    pub code: &'static str,
    /// What it is about, in one English sentence.
    pub detail: String,
}

impl Reader {
    /// A reader that has not asked anything yet.
    #[must_use]
    pub fn new(source: Source, options: ReaderOptions) -> Self {
        let mut reader = Self {
            options,
            source,
            map: None,
            walk: None,
            requests: Vec::new(),
            refused: BTreeSet::new(),
            at: 0,
            image: Image::default(),
            since_learnt: 0,
        };
        reader.forget();
        reader
    }

    /// The map in use; `None` before a SunSpec device said what it is.
    #[must_use]
    pub const fn map(&self) -> Option<&Arc<Map>> {
        self.map.as_ref()
    }

    /// Forgets what was learnt about the device: another one may answer now.
    pub fn forget(&mut self) {
        self.refused.clear();
        self.since_learnt = 0;
        match &self.source {
            Source::Map(map) => self.follow(Arc::clone(map)),
            Source::SunSpec { meter } => {
                self.map = None;
                self.requests.clear();
                self.walk = Some(Walk::to(*meter));
            }
        }
    }

    fn follow(&mut self, map: Arc<Map>) {
        self.requests = plan(map.spans(), map.manners);
        self.map = Some(map);
        self.walk = None;
        self.at = 0;
        self.image.clear();
    }

    /// Starts a reading.
    pub fn begin(&mut self) {
        self.since_learnt += 1;
        let refuses_all = self.map.is_some() && self.requests.is_empty();
        if refuses_all || (!self.refused.is_empty() && self.since_learnt > LEARN_AGAIN) {
            self.forget();
        }
        self.at = 0;
        self.image.clear();
        if let Some(walk) = &mut self.walk {
            walk.restart();
        }
    }

    /// The next request; `None` when the reading is over. The same one until it was answered.
    pub fn next_request(&mut self) -> Option<Span> {
        if let Some(walk) = &mut self.walk {
            match walk.step() {
                WalkStep::Ask(span) => return Some(span),
                WalkStep::Found(map) => self.follow(map),
                WalkStep::Lost(_) => return None,
            }
        }
        self.requests.get(self.at).copied()
    }

    /// The answer to [`next_request`](Self::next_request).
    pub fn answered(&mut self, words: Vec<u16>) {
        if let Some(walk) = &mut self.walk {
            walk.answered(&words);
        } else if let Some(request) = self.requests.get(self.at) {
            self.image.take(*request, words);
            self.at += 1;
        }
    }

    /// The meter refused the request's addresses (exceptions 2 and 3).
    pub fn refused(&mut self) {
        if let Some(walk) = &mut self.walk {
            walk.refused();
            return;
        }
        let (Some(request), Some(map)) = (self.requests.get(self.at).copied(), &self.map) else {
            return;
        };
        let wanted = map.spans().filter(|span| !self.refused.contains(span));
        let finer = finer(request, wanted, map.manners).unwrap_or_default();
        if map.spans().any(|span| span == request) {
            self.refused.insert(request);
        }
        self.requests.splice(self.at..=self.at, finer);
    }

    /// Ends a reading: what was measured between `begun` and `ended`. The telegram is dated in the
    /// middle, which no register of it is further from than half the time that the reading took.
    pub fn finish(&mut self, begun: Timestamp, ended: Timestamp) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(map) = self.map.clone() else {
            if let Some(WalkStep::Lost(detail)) = self.walk.as_mut().map(Walk::step) {
                outcome.defects.push(Defect { code: "no_sunspec", detail });
            }
            return outcome;
        };
        let (mut readings, mut absent) = (Vec::new(), 0);
        for register in &map.registers {
            match decode(register, &self.image) {
                Decoded::Reading(reading) => {
                    let reading = self.options.correction.apply(reading, &mut outcome.doubts);
                    readings.push(reading);
                }
                Decoded::Absent => absent += 1,
                Decoded::NotRead => {}
                Decoded::Refused(why) => outcome.defects.push(Defect {
                    code: "register_unreadable",
                    detail: format!(
                        "register {} of {}: {why}",
                        register.cell.span.address, map.name
                    ),
                }),
            }
        }
        if self.requests.is_empty() && !map.registers.is_empty() {
            let detail = format!(
                "the meter refuses every register of {}: is it this model, and the unit right?",
                map.name
            );
            outcome.defects.push(Defect { code: "model_refused", detail });
        } else if self.at >= self.requests.len() && measures(&map) && !has_number(&readings) {
            // Texts alone are no measurement.
            readings.clear();
            let detail = nothing(&map.name, absent, outcome.defects.len());
            outcome.defects.push(Defect { code: "no_values", detail });
        }
        self.image.clear();
        outcome.telegram = (!readings.is_empty()).then(|| Telegram {
            meter: self.options.meter.clone(),
            list: ListId::new(&map.name),
            meter_time: None,
            measured_at: begun.plus(ended.since(begun) / 2),
            received_at: ended,
            quality: Quality::Good,
            readings,
        });
        outcome
    }

    /// The addresses that the meter refuses, first register and count, in their order.
    #[must_use]
    pub fn refusals(&self) -> Vec<Span> {
        self.refused.iter().copied().collect()
    }
}

/// Whether a map has anything but texts.
fn measures(map: &Map) -> bool {
    map.registers.iter().any(|register| register.cell.kind.coding != Coding::Text)
}

fn has_number(readings: &[Reading]) -> bool {
    readings.iter().any(|reading| reading.value.number().is_some())
}

/// What is said of a meter that answered everything and gave no value.
fn nothing(map: &str, absent: usize, unreadable: usize) -> String {
    let mut said = Vec::new();
    if absent > 0 {
        said.push(format!("{absent} registers say \"not available\""));
    }
    if unreadable > 0 {
        said.push(format!("{unreadable} hold no number"));
    }
    format!(
        "the meter answers and has no value at all: {} of {map}. Is anything connected to its \
         inputs, is the unit the meter's own, and is it this model?",
        said.join(", ")
    )
}
