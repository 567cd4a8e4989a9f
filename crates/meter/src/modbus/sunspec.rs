//! SunSpec: a device that says what it is.
//!
//! A device starts its models at one of three addresses with the letters "SunS". Each model begins
//! with its number and length, so that one that is not known can be skipped.

use super::builtin;
use super::map::{Map, Span, Table};
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
/// Most models that are looked at: real devices have up to a dozen.
const MODELS_MAX: usize = 64;

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
#[derive(Debug, Default)]
pub struct Walk {
    base: usize,
    /// Where the next model begins, once the marker was seen.
    next: Option<u16>,
    models: Vec<ModelAt>,
    over: bool,
}

impl Walk {
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

    fn found(&self) -> Option<Arc<Map>> {
        self.models.iter().find_map(|model| {
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
        })
    }

    fn sentence(&self) -> String {
        if !self.is_sunspec() {
            return "no SunSpec device: \"SunS\" is at none of the registers 40000, 50000 and 0"
                .to_owned();
        }
        let seen: Vec<String> = self.models.iter().map(|model| model.id.to_string()).collect();
        format!("the SunSpec device has no meter model that is known: it has {}", seen.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers a walk from registers that begin at `base`.
    fn walk(base: u16, registers: &[u16]) -> (Walk, WalkStep) {
        let mut walk = Walk::default();
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

    #[test]
    fn a_device_that_never_ends_is_left() {
        let mut walk = Walk::default();
        walk.answered(&MARKER);
        let mut steps = 0;
        while let WalkStep::Ask(_) = walk.step() {
            walk.answered(&[7, 3]);
            steps += 1;
        }
        assert_eq!(steps, MODELS_MAX);
        let mut empty = Walk::default();
        empty.answered(&MARKER);
        empty.answered(&[7, 0]);
        assert!(matches!(empty.step(), WalkStep::Lost(_)));
    }
}
