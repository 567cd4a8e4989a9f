//! What a recogniser remembers, as text: one line for each thing, its fields parted by tabs.

use super::clock::{Last, Late};
use super::counters::{Counter, GROWTHS_MAX, Still};
use super::greatest::DAYS_MAX;
use super::steady::Same;
use super::{Ratios, Recogniser};
use crate::continuity::{Former, Point, Track};
use crate::pace::Grown;
use reading::{Decimal, ListId, Quantity, Timestamp};
use std::collections::VecDeque;
use std::fmt::{Display, Write as _};
use std::str::{FromStr, Split};

/// The text is no state of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateError;

impl Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("what was remembered of a meter cannot be read")
    }
}

impl std::error::Error for StateError {}

/// The first line: another one is another version's.
const VERSION: &str = "2";
/// The version before, whose greatest power one nonsense value may have made: it is not taken over.
/// Nor does it tell the levels and growths of counters, which are learned anew.
const VERSION_BEFORE: &str = "1";

impl Recogniser {
    /// Everything that [`recall`](Self::recall) needs.
    #[must_use]
    pub fn remembered(&self) -> String {
        let mut text = Text(String::new());
        text.line(VERSION, &[&self.through]);
        if let Some(Ratios { ct, vt }) = &self.ratios {
            text.line("ratios", &[&plain(ct), &plain(vt)]);
        }
        for (quantity, (name, since)) in &self.identity.names {
            text.line("name", &[&quantity.name(), &since.as_micros(), &plain(name)]);
        }
        if let Some(at) = self.identity.exchanged {
            text.line("exchanged", &[&at.as_micros()]);
        }
        if let Some(Last { measured, received, local }) = self.clock.last {
            let local = local.map_or(String::new(), |local| local.as_micros().to_string());
            let times = [measured.as_micros(), received.as_micros()];
            text.line("last", &[&times[0], &times[1], &self.clock.usual_s, &local]);
        }
        if let Some(Late { received, measured, first_s, by_s, count }) = self.clock.late {
            let times = [received.as_micros(), measured.as_micros()];
            text.line("late", &[&times[0], &times[1], &first_s, &by_s, &count]);
        }
        for list in &self.counters.lists {
            text.line("list", &[&plain(list.as_str())]);
        }
        let power = self.counters.power.map_or((0, 0.0), |(at, watts)| (at.as_micros(), watts));
        text.line("power", &[&0, &power.0, &power.1]);
        for (day, [first, second, third]) in &self.counters.greatest.days {
            text.line("greatest", &[day, first, second, third]);
        }
        for (quantity, counter) in &self.counters.known {
            text.counter(*quantity, counter);
        }
        for (quantity, same) in &self.steady.known {
            let Same { since, value, count, power_w, told } = same;
            let (mantissa, exponent) = (value.mantissa(), value.exponent());
            let (least, most) = power_w;
            let since = since.as_micros();
            let fields: [&dyn Display; 8] =
                [&quantity.name(), &since, &mantissa, &exponent, count, least, most, told];
            text.line("same", &fields);
        }
        text.0
    }

    pub(super) fn read(&mut self, text: &str) -> Result<(), StateError> {
        let mut lines = text.lines();
        let mut first = Fields::of(lines.next().ok_or(StateError)?);
        if ![VERSION, VERSION_BEFORE].contains(&first.text()?) {
            return Err(StateError);
        }
        self.through = first.value()?;
        for line in lines {
            let mut fields = Fields::of(line);
            self.line(fields.text()?, &mut fields)?;
        }
        Ok(())
    }

    fn line(&mut self, name: &str, fields: &mut Fields<'_>) -> Result<(), StateError> {
        match name {
            "ratios" => {
                let (ct, vt) = (fields.text()?.to_owned(), fields.text()?.to_owned());
                self.ratios = Some(Ratios { ct, vt });
            }
            "name" => {
                let (quantity, since) = (fields.quantity()?, fields.time()?);
                self.identity.names.insert(quantity, (fields.text()?.to_owned(), since));
            }
            "exchanged" => self.identity.exchanged = Some(fields.time()?),
            "last" => {
                let (measured, received) = (fields.time()?, fields.time()?);
                self.clock.usual_s = fields.value()?;
                let local = fields.text()?;
                let local = (!local.is_empty()).then(|| local.parse()).transpose();
                let local = local.map_err(|_| StateError)?.map(Timestamp::from_micros);
                self.clock.last = Some(Last { measured, received, local });
            }
            "late" => {
                let (received, measured) = (fields.time()?, fields.time()?);
                let (first_s, by_s) = (fields.value()?, fields.value()?);
                let count = fields.value()?;
                self.clock.late = Some(Late { received, measured, first_s, by_s, count });
            }
            "list" => self.counters.lists.push(ListId::new(fields.text()?)),
            "power" => {
                let _greatest_of_before: f64 = fields.value()?;
                let (at, watts) = (fields.time()?, fields.value()?);
                self.counters.power = (at.as_micros() != 0).then_some((at, watts));
            }
            "greatest" => {
                let day = fields.value()?;
                let powers = [fields.value()?, fields.value()?, fields.value()?];
                if self.counters.greatest.days.len() < DAYS_MAX {
                    self.counters.greatest.days.push_back((day, powers));
                }
            }
            "counter" => {
                let (quantity, counter) = (fields.quantity()?, fields.counter()?);
                self.counters.known.insert(quantity, counter);
            }
            "same" => {
                let (quantity, since) = (fields.quantity()?, fields.time()?);
                let (value, count) = (fields.decimal()?, fields.value()?);
                let power_w = (fields.value()?, fields.value()?);
                let same = Same { since, value, count, power_w, told: fields.value()? };
                self.steady.known.insert(quantity, same);
            }
            _ => return Err(StateError),
        }
        Ok(())
    }
}

/// A text without what parts fields and lines.
fn plain(text: &str) -> String {
    text.replace(['\t', '\n', '\r'], " ")
}

struct Text(String);

impl Text {
    fn line(&mut self, name: &str, fields: &[&dyn Display]) {
        self.0.push_str(name);
        for field in fields {
            write!(self.0, "\t{field}").expect("a String takes every text");
        }
        self.0.push('\n');
    }

    fn counter(&mut self, quantity: Quantity, counter: &Counter) {
        let (trusted, held, wild) = counter.track.parts();
        let former = counter.track.former().map(|Former { last, wild }| vec![last, wild]);
        let groups = [
            trusted.copied().collect(),
            held.to_vec(),
            wild.into_iter().collect(),
            former.unwrap_or_default(),
        ];
        let groups = groups.map(|points: Vec<Point>| {
            let point = |point: &Point| {
                let Point { at, value, list } = point;
                let (at, mantissa, exponent) = (at.as_micros(), value.mantissa(), value.exponent());
                format!("{at},{mantissa},{exponent},{list}")
            };
            points.iter().map(point).collect::<Vec<_>>().join(";")
        });
        let [trusted, held, wild, former] = &groups;
        let still = counter.still.map_or(String::new(), |still| {
            let Still { since, value, readings, flowed_wh, told } = still;
            let (since, mantissa, exponent) =
                (since.as_micros(), value.mantissa(), value.exponent());
            format!("{since},{mantissa},{exponent},{readings},{flowed_wh},{told}")
        });
        let grown = |Grown { by, within_s, after_s }: &Grown| format!("{by},{within_s},{after_s}");
        let grown = counter.grown.iter().map(grown).collect::<Vec<_>>().join(";");
        let at = counter.grown_at.map_or(String::new(), |at| at.as_micros().to_string());
        let name = quantity.name();
        self.line("counter", &[&name, trusted, held, wild, &still, former, &grown, &at]);
    }
}

/// The fields of a line, one after the other.
struct Fields<'a>(Split<'a, char>);

impl<'a> Fields<'a> {
    fn of(line: &'a str) -> Self {
        Self(line.split('\t'))
    }

    fn text(&mut self) -> Result<&'a str, StateError> {
        self.0.next().ok_or(StateError)
    }

    fn value<T: FromStr>(&mut self) -> Result<T, StateError> {
        self.text()?.parse().map_err(|_| StateError)
    }

    fn time(&mut self) -> Result<Timestamp, StateError> {
        self.value().map(Timestamp::from_micros)
    }

    fn decimal(&mut self) -> Result<Decimal, StateError> {
        Ok(Decimal::new(self.value()?, self.value()?))
    }

    fn quantity(&mut self) -> Result<Quantity, StateError> {
        Quantity::from_name(self.text()?).ok_or(StateError)
    }

    fn points(&mut self) -> Result<Vec<Point>, StateError> {
        let points = self.text()?.split(';').filter(|point| !point.is_empty());
        let point = |text: &'a str| {
            let mut parts = Fields(text.split(','));
            let (at, value) = (parts.time()?, parts.decimal()?);
            Ok(Point { at, value, list: parts.value()? })
        };
        points.map(point).collect()
    }

    fn counter(&mut self) -> Result<Counter, StateError> {
        let (trusted, held) = (self.points()?, self.points()?);
        let track = Track::of(trusted, held, self.points()?.first().copied());
        let still = self.text()?;
        let mut parts = Fields(still.split(','));
        let read = |parts: &mut Fields<'_>| {
            let (since, value, readings) = (parts.time()?, parts.decimal()?, parts.value()?);
            let (flowed_wh, told) = (parts.value()?, parts.value()?);
            Ok(Still { since, value, readings, flowed_wh, told })
        };
        let still = (!still.is_empty()).then(|| read(&mut parts)).transpose()?;
        let known = Counter { track, still, ..Counter::default() };
        // The version before ended here.
        let Some(former) = self.0.next() else { return Ok(known) };
        let former = match Fields(former.split('\t')).points()?.as_slice() {
            [last, wild] => Some(Former { last: *last, wild: *wild }),
            _ => None,
        };
        let (grown, at) = (self.growths()?, self.text()?);
        let at = (!at.is_empty()).then(|| at.parse()).transpose().map_err(|_| StateError)?;
        let grown_at = at.map(Timestamp::from_micros);
        Ok(Counter { track: known.track.after(former), grown, grown_at, ..known })
    }

    fn growths(&mut self) -> Result<VecDeque<Grown>, StateError> {
        let growths = self.text()?.split(';').filter(|grown| !grown.is_empty());
        let grown = |text: &'a str| {
            let mut parts = Fields(text.split(','));
            let (by, within_s, after_s) = (parts.value()?, parts.value()?, parts.value()?);
            Ok(Grown { by, within_s, after_s })
        };
        growths.take(GROWTHS_MAX).map(grown).collect()
    }
}
