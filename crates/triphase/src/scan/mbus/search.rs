//! The search for slaves on one line: primary addresses one by one, secondary ones by wildcards.
//!
//! In: a way to ask the line. Out: who answered, and what remained doubtful. It ends on every
//! line: selections are counted, and a line that answers what no slave can match is noisy, so that
//! only clean answers are followed on it.
//!
//! # Source
//! EN 13757-3:2018, 11.5 (wildcard search).

use frame::mbus::{self, Application, Frame, Identity, Variable};
use meter::mbus::{Event, NETWORK, Selection, initialise, request};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Most selections of one search: 250 slaves that differ in their last digits alone take fewer.
const SELECTIONS_MAX: usize = 6_000;
/// Most selections in a row that lead nowhere.
const FRUITLESS_MAX: usize = 400;
/// Most primary addresses in a row that nobody but the line itself answers.
const NOISY_MAX: usize = 3;
/// Digits of an identification number.
const DIGITS: usize = 8;
/// A digit that no identification number has.
const IMPOSSIBLE: u8 = 0x0A;

/// What came back when the line was asked.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) events: Vec<Event>,
    /// Bytes that made no frame.
    pub(super) waste: usize,
}

impl Heard {
    fn acknowledged(&self) -> bool {
        self.events.contains(&Event::Acknowledge)
    }

    fn is_silent(&self) -> bool {
        self.events.is_empty() && self.waste == 0
    }
}

/// A slave that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slave {
    /// Its primary address, as its answers tell it.
    pub(super) primary: u8,
    /// Who it is; `None` for a fixed data structure and short headers.
    pub(super) identity: Option<Identity>,
    /// The identification number, most significant digit first.
    pub(super) number: Option<u32>,
    /// The frame of its first answer.
    pub(super) answer: Vec<u8>,
}

impl Slave {
    /// The slave behind an answer; `None` when the frame is none.
    fn of(answer: &[u8]) -> Option<Self> {
        let (frame, _) = mbus::decode(answer).ok().flatten()?;
        let Frame::Long { control, address, ci, data } = frame else {
            return None;
        };
        let (identity, number) = match mbus::decode_application(control, ci, data) {
            Ok(Application::Variable(Variable { identity, .. })) => {
                (identity, identity.map(|it| it.number()))
            }
            Ok(Application::Fixed(fixed)) => (None, Some(fixed.number())),
            _ => (None, None),
        };
        Some(Self { primary: address, identity, number, answer: answer.to_vec() })
    }
}

/// One search.
pub(super) struct Search<'a, A> {
    ask: A,
    tell: &'a mut dyn FnMut(&str),
    found: Vec<Slave>,
    doubts: Vec<String>,
    selections: usize,
    fruitless: usize,
    noisy: bool,
}

impl<'a, A: AsyncFnMut(Vec<u8>) -> anyhow::Result<Heard>> Search<'a, A> {
    /// A search on a line that `ask` asks; `tell` hears how far it is.
    pub(super) fn new(ask: A, tell: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            ask,
            tell,
            found: Vec::new(),
            doubts: Vec::new(),
            selections: 0,
            fruitless: 0,
            noisy: false,
        }
    }

    /// Who was found, and what remained doubtful.
    pub(super) fn into_findings(self) -> (Vec<Slave>, Vec<String>) {
        (self.found, self.doubts)
    }

    /// Asks every primary address.
    ///
    /// # Errors
    /// The line failed.
    pub(super) async fn primary(&mut self, addresses: RangeInclusive<u8>) -> anyhow::Result<()> {
        let mut noisy = 0;
        for address in addresses {
            if noisy >= NOISY_MAX {
                self.doubts.push(format!(
                    "the search of primary addresses was given up before address {address}: the \
                     line answers where nobody can, {NOISY_MAX} addresses in a row. Is it noise, \
                     another master, or a converter or gateway that answers by itself? Are the \
                     baud rate and the parity the bus's?"
                ));
                break;
            }
            (self.tell)(&format!("primary address {address}, {} found", self.found.len()));
            noisy = if self.nobody(address).await? { noisy + 1 } else { 0 };
        }
        Ok(())
    }

    /// Asks one primary address. Whether something came of which no slave is the source.
    async fn nobody(&mut self, address: u8) -> anyhow::Result<bool> {
        let heard = (self.ask)(initialise(address)).await?;
        if heard.is_silent() {
            return Ok(false);
        }
        let heard = (self.ask)(request(address, true)).await?;
        let slaves: Vec<Slave> = answers(&heard).filter(|it| it.primary == address).collect();
        if !slaves.is_empty() {
            slaves.into_iter().for_each(|slave| self.add(slave));
            return Ok(false);
        }
        if !heard.acknowledged() && heard.waste == 0 {
            return Ok(false);
        }
        if self.is_noisy().await? {
            return Ok(true);
        }
        self.doubts.push(if heard.acknowledged() {
            format!("address {address}: a slave that has no data")
        } else {
            format!(
                "address {address}: {} bytes that make no frame: several slaves share it; the \
                 secondary search tells them apart",
                heard.waste
            )
        });
        Ok(false)
    }

    /// Searches secondary addresses under a pattern.
    ///
    /// # Errors
    /// The line failed.
    pub(super) async fn secondary(&mut self, pattern: Selection) -> anyhow::Result<()> {
        self.noisy = self.is_noisy().await?;
        if self.noisy {
            self.doubts.push(
                "the line answers where nobody can: noise, or another master. Only clean answers \
                 were followed; a slave may have been missed"
                    .to_owned(),
            );
        }
        // Depth first: patterns that wait, with the place of the digit to be told next.
        let mut waiting = vec![(pattern, 0)];
        let mut asked = BTreeSet::new();
        while let Some((pattern, place)) = waiting.pop() {
            if self.selections >= SELECTIONS_MAX || self.fruitless >= FRUITLESS_MAX {
                self.doubts.push(format!(
                    "the search was given up after {} selections, at {}: what answers leads to no \
                     slave",
                    self.selections,
                    pattern.number()
                ));
                break;
            }
            if !asked.insert(pattern.number()) {
                continue;
            }
            if self.ambiguous(pattern).await? {
                match self.next_digit(pattern, place) {
                    Some((digits, place)) => waiting.extend(digits.map(|digit| (digit, place))),
                    None => self.doubts.push(format!(
                        "{}: several slaves with one identification number, or a damaged answer",
                        pattern.number()
                    )),
                }
            }
        }
        Ok(())
    }

    /// The ten patterns that tell one more digit, in an order that finds small ones first.
    fn next_digit(
        &self,
        pattern: Selection,
        mut place: usize,
    ) -> Option<(impl Iterator<Item = Selection> + use<A>, usize)> {
        let number = pattern.number();
        while number.as_bytes().get(place).is_some_and(|digit| *digit != b'F') {
            place += 1;
        }
        let digits = (0..10).rev().map(move |digit| pattern.with_digit(place, digit));
        (place < DIGITS).then_some((digits, place + 1))
    }

    /// Whether several slaves match; one alone is taken.
    async fn ambiguous(&mut self, pattern: Selection) -> anyhow::Result<bool> {
        let number = pattern.number();
        (self.tell)(&format!("secondary address {number}…, {} found", self.found.len()));
        self.selections += 1;
        let heard = (self.ask)(pattern.frame()).await?;
        let clean = heard.acknowledged() && (heard.waste == 0 || !self.noisy);
        if !clean && (heard.waste == 0 || self.noisy) {
            return Ok(false);
        }
        let heard = (self.ask)(request(NETWORK, true)).await?;
        let slaves: Vec<Slave> = answers(&heard).collect();
        let alone = heard.waste == 0 || self.noisy;
        let [slave] = slaves.as_slice() else {
            self.fruitless += 1;
            return Ok(true);
        };
        self.fruitless = 0;
        self.add(slave.clone());
        // A frame amid waste: others may have clashed before it.
        Ok(!alone)
    }

    fn add(&mut self, slave: Slave) {
        let same = |known: &Slave| {
            known.number == slave.number
                && known.identity == slave.identity
                && known.primary == slave.primary
        };
        if !self.found.iter().any(same) {
            self.found.push(slave);
        }
    }

    /// Whether the line answers a selection that no slave matches.
    async fn is_noisy(&mut self) -> anyhow::Result<bool> {
        let nobody = (0..DIGITS).fold(Selection::ALL, |it, place| it.with_digit(place, IMPOSSIBLE));
        let heard = (self.ask)(nobody.frame()).await?;
        Ok(!heard.is_silent())
    }
}

fn answers(heard: &Heard) -> impl Iterator<Item = Slave> {
    heard.events.iter().filter_map(|event| match event {
        Event::Answer(frame) => Slave::of(frame),
        Event::Acknowledge => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Which;
    use super::*;
    use jiff::tz::TimeZone;
    use meter::mbus::Ear;
    use reading::Timestamp;
    use sim::Workshop;
    use sim::mbus::{Misdeed, Slave as Simulated, SlaveBus};

    /// Searches a simulated bus; returns numbers, doubts and how often the line was asked.
    fn search(
        bus: &mut SlaveBus,
        noise: fn(usize) -> Vec<u8>,
    ) -> (Vec<String>, Vec<String>, usize) {
        search_in(bus, noise, Which::Both)
    }

    fn search_in(
        bus: &mut SlaveBus,
        noise: fn(usize) -> Vec<u8>,
        which: Which,
    ) -> (Vec<String>, Vec<String>, usize) {
        let start = Timestamp::from_seconds(1_790_000_000);
        let state = Workshop::new(1, start, TimeZone::UTC).advance(start);
        let mut asked = 0;
        let ask = async |question: Vec<u8>| {
            asked += 1;
            let mut bytes = noise(asked);
            bytes.extend(bus.hear(&question, &state));
            let mut ear = Ear::default();
            let mut heard = Heard::default();
            for piece in bytes.chunks(100) {
                ear.push(piece);
                heard.events.extend(std::iter::from_fn(|| ear.next()));
            }
            heard.waste = ear.waste();
            Ok(heard)
        };
        let mut tell = |_: &str| {};
        let mut search = Search::new(ask, &mut tell);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            if which == Which::Both {
                search.secondary(Selection::ALL).await.expect("a line");
            }
            search.primary(0..=250).await.expect("a line");
        });
        let (found, doubts) = search.into_findings();
        let numbers = found.iter().map(|it| format!("{:08X}", it.number.expect("a number")));
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort();
        (numbers, doubts, asked)
    }

    fn quiet(_: usize) -> Vec<u8> {
        Vec::new()
    }

    fn close() -> SlaveBus {
        let slaves = [12_345_678, 12_345_679, 12_345_688, 90_000_001, 5, 0].into_iter().enumerate();
        let slave = |(place, number)| {
            let primary = u8::try_from(place).expect("few") + 1;
            Simulated::electricity(primary, number, None)
        };
        SlaveBus::new(slaves.map(slave).collect(), TimeZone::UTC)
    }

    const CLOSE: [&str; 6] =
        ["00000000", "00000005", "12345678", "12345679", "12345688", "90000001"];

    #[test]
    fn finds_slaves_whose_numbers_differ_in_their_last_digits() {
        let (found, doubts, asked) = search(&mut close(), quiet);
        assert_eq!(found, CLOSE);
        assert_eq!(doubts, Vec::<String>::new());
        assert!(asked < 800, "{asked} questions");
    }

    #[test]
    fn an_echoing_converter_changes_nothing() {
        let mut bus = close();
        bus.misbehave(Some(Misdeed::Echo));
        let (found, doubts, _) = search(&mut bus, quiet);
        assert_eq!((found.as_slice(), doubts.len()), (CLOSE.map(str::to_owned).as_slice(), 0));
    }

    #[test]
    fn ends_on_a_line_that_is_nothing_but_noise() {
        let mut nobody = SlaveBus::new(Vec::new(), TimeZone::UTC);
        let (found, doubts, asked) =
            search(&mut nobody, |asked| vec![0x55, u8::try_from(asked % 251).unwrap_or(0)]);
        assert!(found.is_empty());
        assert!(doubts.iter().any(|doubt| doubt.contains("noise")), "{doubts:?}");
        assert!(asked < 2_000, "{asked} questions");
    }

    #[test]
    fn ends_on_a_line_that_acknowledges_everything() {
        let mut nobody = SlaveBus::new(Vec::new(), TimeZone::UTC);
        let (found, doubts, asked) = search(&mut nobody, |_| vec![0xE5]);
        assert!(found.is_empty() && !doubts.is_empty());
        assert!(asked < 3_000, "{asked} questions");
    }

    /// Searches primary addresses of an empty bus; returns doubts and how often it was asked.
    fn primary_alone(noise: fn(usize) -> Vec<u8>) -> (Vec<String>, usize) {
        let mut nobody = SlaveBus::new(Vec::new(), TimeZone::UTC);
        let (found, doubts, asked) = search_in(&mut nobody, noise, Which::Primary);
        assert_eq!(found, Vec::<String>::new());
        (doubts, asked)
    }

    #[test]
    fn the_primary_search_gives_up_where_only_the_line_answers() {
        for noise in [|asked| vec![0x55, u8::try_from(asked % 251).unwrap_or(0)], |_| vec![0xE5]] {
            let (doubts, asked) = primary_alone(noise);
            assert!(asked <= NOISY_MAX * 3, "{asked} questions");
            let [doubt] = doubts.as_slice() else { panic!("{doubts:?}") };
            assert!(doubt.contains("given up before address 3"), "{doubt}");
        }
    }

    #[test]
    fn a_spike_now_and_then_ends_no_primary_search() {
        let (doubts, asked) =
            primary_alone(|asked| if asked % 50 == 0 { vec![0x55] } else { Vec::new() });
        assert!(asked > 250, "{asked} questions");
        assert_eq!(doubts, Vec::<String>::new());
    }

    #[test]
    fn tells_slaves_that_share_number_or_address() {
        let slaves =
            vec![Simulated::electricity(7, 11_111_111, None), Simulated::heat(7, 11_111_111)];
        let (found, doubts, _) = search(&mut SlaveBus::new(slaves, TimeZone::UTC), quiet);
        assert!(found.is_empty());
        assert!(doubts.iter().any(|it| it.starts_with("11111111")), "{doubts:?}");
        assert!(doubts.iter().any(|it| it.starts_with("address 7")), "{doubts:?}");
    }
}
