//! A record as telegrams.
//!
//! In: the cells of a line. Out: telegrams of the lists `import` (as given), and of the derived
//! lists where the file holds energies per interval. Refuses, naming the column: what is no
//! number, no time, or more than any meter shows.

use super::dialect::{Record, Table};
use super::instant::FileClock;
use super::interval::{self, Running};
use super::mapping::{Mapping, Stamp, Target};
use super::unit;
use crate::export::columns::{self, Column};
use anyhow::{Result, bail};
use reading::{
    Decimal, ListId, MeterId, Quality, Quantity, Reading, Sign, Telegram, Timestamp, Unit, Value,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The list of values as the file gives them.
const GIVEN: &str = "import";
/// The list of counters of a file whose times name an interval's end.
const GIVEN_COUNTER: &str = "import.counter";
/// Clocks of other systems may be this far ahead of ours.
const AHEAD_MAX: Duration = Duration::from_secs(300);
/// 2000-01-01T00:00:00Z: no earlier measurement can be meant.
const EARLIEST: Timestamp = Timestamp::from_micros(946_684_800_000_000);

/// Reads the records of one file.
pub(super) struct Rows<'a> {
    mapping: &'a Mapping,
    meter: MeterId,
    now: Timestamp,
    decimal_comma: bool,
    header: Vec<String>,
    time: Vec<usize>,
    quality: Option<usize>,
    doubts: Option<usize>,
    list: Option<usize>,
    columns: Vec<(usize, What)>,
    per_interval: Vec<Quantity>,
    clock: FileClock,
    running: Running,
}

/// What a column holds.
enum What {
    Mapped(Target),
    /// A column of our own export.
    Own(Column),
}

/// What became of a record.
pub(super) enum Taken {
    Telegrams(Vec<Telegram>),
    /// A time, and no value.
    Empty,
    Refused(String),
}

impl<'a> Rows<'a> {
    /// Finds the mapped columns in the file's header.
    ///
    /// # Errors
    /// A column is not there, or there is nothing to import.
    pub(super) fn new(mapping: &'a Mapping, table: &Table, meter: MeterId) -> Result<Self> {
        let header = &table.header;
        let place = |name: &String| {
            let found = header.iter().position(|cell| cell == name);
            found.ok_or_else(|| absent(name, header))
        };
        let own = mapping.time.is_empty() && header.first().is_some_and(|c| columns::is_time(c));
        if mapping.time.is_empty() && !own {
            bail!("--time COLUMN is missing; the columns are: {}", header.join(", "));
        }
        let time =
            if own { vec![0] } else { mapping.time.iter().map(place).collect::<Result<_>>()? };
        let named = |name: &str| own.then(|| header.iter().position(|c| c == name)).flatten();
        let quality = mapping.quality.as_ref().map(place).transpose()?;
        let mut columns = Vec::new();
        for (name, target) in &mapping.columns {
            columns.push((place(name)?, What::Mapped(*target)));
        }
        if own && columns.is_empty() {
            for (index, cell) in header.iter().enumerate() {
                columns.extend(Column::parse(cell).map(|column| (index, What::Own(column))));
            }
        }
        if columns.is_empty() {
            bail!(
                "no column is named to import: --column 'CSV name=quantity[unit]'; the columns \
                 are: {}",
                header.join(", ")
            );
        }
        let per_interval = mapping.columns.iter().filter(|(_, target)| target.per_interval);
        Ok(Self {
            mapping,
            meter,
            now: crate::clock::now(),
            decimal_comma: table.decimal_comma,
            header: header.clone(),
            time,
            quality: quality.or_else(|| named(columns::QUALITY)),
            doubts: named(columns::DOUBTS),
            list: named(columns::LIST),
            columns,
            per_interval: per_interval.map(|(_, target)| target.quantity).collect(),
            clock: clock(mapping),
            running: Running::default(),
        })
    }

    /// Running counters go on from what is stored.
    pub(super) fn begin(&mut self, counters: &[(Quantity, Decimal)]) {
        self.running.begin(counters);
    }

    /// The file is read again from its begin.
    pub(super) fn restart(&mut self) {
        self.clock = clock(self.mapping);
        self.running = Running::default();
    }

    /// The columns that nobody named.
    pub(super) fn unused(&self) -> Vec<&str> {
        let used: BTreeSet<usize> = self.columns.iter().map(|(index, _)| *index).collect();
        let also = [self.quality, self.doubts, self.list];
        let is_unused = |index: &usize| {
            !used.contains(index) && !self.time.contains(index) && !also.contains(&Some(*index))
        };
        let unused = (0..self.header.len()).filter(is_unused);
        unused.filter_map(|index| self.header.get(index)).map(String::as_str).collect()
    }

    /// Takes one record.
    pub(super) fn take(&mut self, record: &Record) -> Taken {
        match self.telegrams(record) {
            Ok(telegrams) if telegrams.is_empty() => Taken::Empty,
            Ok(telegrams) => Taken::Telegrams(telegrams),
            Err(reason) => Taken::Refused(reason),
        }
    }

    fn telegrams(&mut self, record: &Record) -> Result<Vec<Telegram>, String> {
        let cell = |index: usize| record.cells.get(index).map_or("", String::as_str);
        if record.cells.len() < self.header.len() && record.cells.len() == 1 {
            return Err(format!("one cell where {} are named", self.header.len()));
        }
        let text: Vec<&str> = self.time.iter().map(|index| cell(*index)).collect();
        let stamped = self.clock.instant(&text.join(" "))?;
        if stamped < EARLIEST || stamped > self.now.plus(AHEAD_MAX) {
            return Err(format!("its time, {stamped}, is before 2000 or in the future"));
        }
        let length = self.mapping.interval.unwrap_or_default();
        let start = match self.mapping.stamp {
            Stamp::End => stamped.minus(length),
            Stamp::Instant | Stamp::Start => stamped,
        };
        let quality = self.quality.map_or(Ok(Quality::Good), |index| trust(cell(index)))?;
        let doubts = self.doubts.map_or("", cell);
        let mut given = Vec::new();
        let mut energies = BTreeMap::new();
        for (index, what) in &self.columns {
            let text = cell(*index);
            if unit::is_absent(text) {
                continue;
            }
            let name = self.header.get(*index).map_or("", String::as_str);
            let in_column = |reason: String| format!("column \"{name}\": {reason}");
            match what {
                What::Mapped(target) => {
                    let value = mapped(*target, text, self.decimal_comma).map_err(in_column)?;
                    if target.per_interval {
                        energies.insert(target.quantity, value);
                    } else {
                        given.push(number(target.quantity, value, quality));
                    }
                }
                What::Own(column) => {
                    let own = column.reading(text, self.decimal_comma).map_err(in_column)?;
                    let own_quality = columns::doubt_of(doubts, column).unwrap_or(quality);
                    given.push(Reading { quality: own_quality, ..own });
                }
            }
        }
        let list = self.list.map(cell).filter(|list| !list.is_empty()).unwrap_or(GIVEN);
        let mut telegrams = Vec::new();
        let ends = self.mapping.stamp == Stamp::End;
        let (counters, values): (Vec<_>, Vec<_>) =
            given.into_iter().partition(|reading| ends && is_counter(reading));
        telegrams.extend(self.telegram(list, start, (quality, values)));
        telegrams.extend(self.telegram(GIVEN_COUNTER, stamped, (quality, counters)));
        if !energies.is_empty() {
            let derived = self.running.take((start, length), &self.per_interval, &energies)?;
            let powers = (quality, derived.powers);
            telegrams.extend(self.telegram(interval::MEAN_POWER, start, powers));
            for (at, readings) in derived.counters {
                let worst = readings.iter().map(|r| r.quality).fold(Quality::Good, Ord::max);
                let readings = (worst, readings);
                telegrams.extend(self.telegram(interval::RUNNING_COUNTER, at, readings));
            }
        }
        Ok(telegrams)
    }

    fn telegram(
        &self,
        list: &str,
        measured_at: Timestamp,
        (quality, mut readings): (Quality, Vec<Reading>),
    ) -> Option<Telegram> {
        for reading in &mut readings {
            reading.quality = reading.quality.max(quality);
        }
        (!readings.is_empty()).then(|| Telegram {
            meter: self.meter.clone(),
            list: ListId::new(list),
            meter_time: None,
            measured_at,
            received_at: self.now,
            quality,
            readings,
        })
    }
}

fn clock(mapping: &Mapping) -> FileClock {
    FileClock {
        format: mapping.format.clone(),
        zone: mapping.zone.clone(),
        midnight: mapping.midnight,
        before: None,
    }
}

fn absent(name: &str, header: &[String]) -> anyhow::Error {
    let near = crate::near::near(name, header.iter().map(String::as_str));
    let near = near.map(|near| format!("did you mean \"{near}\"? ")).unwrap_or_default();
    anyhow::anyhow!("the file has no column \"{name}\"; {near}it has: {}", header.join(", "))
}

fn is_counter(reading: &Reading) -> bool {
    let kind = reading.quantity.map(|quantity| quantity.description().kind);
    kind == Some(reading::Kind::Counter)
}

fn number(quantity: Quantity, value: Decimal, quality: Quality) -> Reading {
    let (value, unit) = (Value::Number(value), quantity.unit());
    Reading { quantity: Some(quantity), obis: None, value, unit, quality }
}

fn mapped(target: Target, text: &str, decimal_comma: bool) -> Result<Decimal, String> {
    let value = unit::number(text, decimal_comma)?;
    let value = value.shifted(target.shift).ok_or_else(|| format!("\"{text}\" is too large"))?;
    plausible(target.quantity, value)?;
    Ok(value)
}

/// Whether a meter could show this.
fn plausible(quantity: Quantity, value: Decimal) -> Result<(), String> {
    let range = match quantity.unit() {
        Some(Unit::Volt) => -1e6..=1e6,
        Some(Unit::Ampere) => -1e5..=1e5,
        Some(Unit::Watt | Unit::Var | Unit::VoltAmpere) => -1e10..=1e10,
        Some(Unit::WattHour | Unit::VarHour | Unit::VoltAmpereHour) => -1e16..=1e16,
        Some(Unit::Hertz) => 40.0..=70.0,
        Some(Unit::One) => -1.0..=1.0,
        Some(Unit::Percent) => -1000.0..=1000.0,
        Some(Unit::Degree) => -720.0..=720.0,
        _ => f64::MIN..=f64::MAX,
    };
    let unit = quantity.unit().map(Unit::symbol).unwrap_or_default();
    let number = value.to_f64();
    if quantity.description().sign == Sign::NonNegative && number < 0.0 {
        return Err(format!("{quantity} is never negative, got {value} {unit}")
            .trim_end()
            .to_owned());
    }
    if !range.contains(&number) {
        let (least, most) = (range.start(), range.end());
        return Err(format!("{quantity}: expected {least} to {most} {unit}, got {value}"));
    }
    Ok(())
}

fn trust(word: &str) -> Result<Quality, String> {
    let word = word.trim();
    let known = [Quality::Good, Quality::Suspect, Quality::Bad];
    let found = known.into_iter().find(|quality| quality.name().eq_ignore_ascii_case(word));
    let found = found.or_else(|| Quality::from_chapter25(word));
    found.ok_or_else(|| format!("quality \"{word}\": expected good, suspect or bad"))
}
