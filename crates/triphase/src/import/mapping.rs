//! What the columns of a file mean.
//!
//! In: options, a mapping file. Out: a checked mapping; options win over the file. Refuses, with
//! the nearest name: quantities and units that nobody knows, a column named twice.

use super::instant::{Format, Midnight};
use super::unit;
use crate::cli;
use anyhow::{Context, Result, anyhow, bail};
use jiff::tz::TimeZone;
use reading::Quantity;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Energies of an interval become the mean power of it and a running counter.
const PER_INTERVAL: &str = "/interval";

/// A checked mapping.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) delimiter: Option<u8>,
    pub(super) decimal_comma: Option<bool>,
    pub(super) skip_lines: u32,
    /// Columns that make the time, joined by a space; empty: our own export's.
    pub(super) time: Vec<String>,
    pub(super) format: Format,
    pub(super) zone: TimeZone,
    pub(super) midnight: Midnight,
    pub(super) stamp: Stamp,
    pub(super) interval: Option<Duration>,
    pub(super) quality: Option<String>,
    pub(super) columns: Vec<(String, Target)>,
}

/// Where a row's time lies in its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stamp {
    /// The values are of that instant.
    #[default]
    Instant,
    Start,
    End,
}

/// What a column's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) quantity: Quantity,
    /// Decimal places from the column's unit to the catalogue's.
    pub(super) shift: i8,
    /// The number is the energy of one interval.
    pub(super) per_interval: bool,
}

/// The mapping file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    delimiter: Option<String>,
    decimal: Option<String>,
    skip_lines: Option<u32>,
    timezone: Option<String>,
    quality: Option<String>,
    #[serde(default)]
    time: RawTime,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTime {
    column: Option<Names>,
    format: Option<String>,
    midnight: Option<String>,
    stamp: Option<String>,
    interval: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

impl Mapping {
    /// The mapping of a command line; `zone` is the site's.
    pub(super) fn of(arguments: &cli::Import, zone: &TimeZone) -> Result<Self> {
        let raw = match &arguments.map {
            None => RawFile::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("--map {}", path.display()))?;
                toml::from_str(&text).map_err(|error| anyhow!("{}: {error}", path.display()))?
            }
        };
        let chosen = |option: &Option<String>, file: Option<String>| option.clone().or(file);
        let zone = match chosen(&arguments.timezone, raw.timezone) {
            None => zone.clone(),
            Some(name) => TimeZone::get(&name)
                .map_err(|_| anyhow!("timezone {name}: expected an IANA name"))?,
        };
        let file_time = match raw.time.column {
            None => Vec::new(),
            Some(Names::One(name)) => vec![name],
            Some(Names::Several(names)) => names,
        };
        let time = if arguments.time.is_empty() { file_time } else { arguments.time.clone() };
        let stamp = stamp(chosen(&arguments.stamp, raw.time.stamp).as_deref())?;
        let interval = chosen(&arguments.interval, raw.time.interval);
        let interval = interval.as_deref().map(duration).transpose()?;
        let written = arguments.column.iter().map(|text| {
            let parts = text.rsplit_once('=').filter(|(name, _)| !name.is_empty());
            let parts = parts.map(|(name, target)| (name.to_owned(), target.to_owned()));
            parts.ok_or_else(|| anyhow!("--column '{text}': expected 'CSV name=quantity[unit]'"))
        });
        let written: Vec<(String, String)> = written.collect::<Result<_>>()?;
        let mut columns = Vec::new();
        for (name, text) in raw.columns.into_iter().chain(written) {
            if columns.iter().any(|(known, _)| *known == name) {
                bail!("column \"{name}\" is given twice");
            }
            let target = target(&text).with_context(|| format!("column \"{name}\""))?;
            columns.push((name, target));
        }
        let mapping = Self {
            delimiter: chosen(&arguments.delimiter, raw.delimiter)
                .as_deref()
                .map(delimiter)
                .transpose()?,
            decimal_comma: chosen(&arguments.decimal, raw.decimal)
                .as_deref()
                .map(decimal)
                .transpose()?,
            skip_lines: arguments.skip_lines.or(raw.skip_lines).unwrap_or(0),
            time,
            format: format(chosen(&arguments.time_format, raw.time.format).as_deref()),
            zone,
            midnight: midnight(raw.time.midnight.as_deref())?,
            stamp,
            interval,
            quality: chosen(&arguments.quality, raw.quality),
            columns,
        };
        mapping.checked()
    }

    fn checked(self) -> Result<Self> {
        let per_interval = self.has_interval_energy();
        let seconds = self.interval.map(|interval| interval.as_secs());
        if per_interval && (self.interval.is_none() || self.stamp == Stamp::Instant) {
            bail!(
                "energies per interval need the interval's length and which end the times name: \
                 --interval 15min --stamp end (or start)"
            );
        }
        if per_interval && seconds.is_some_and(|seconds| seconds == 0 || 3600 % seconds != 0) {
            bail!("interval: expected a length that divides an hour, such as 15min");
        }
        if self.stamp == Stamp::End && self.interval.is_none() {
            bail!("times that name an interval's end need its length: --interval 15min");
        }
        for (index, (_, target)) in self.columns.iter().enumerate() {
            let mut others = self.columns.iter().skip(index + 1);
            if let Some((name, _)) = others.find(|(_, other)| other.quantity == target.quantity) {
                bail!("column \"{name}\": {} comes from another column already", target.quantity);
            }
        }
        Ok(self)
    }

    /// Whether a service's `POST /api/mesures` has a field for every column.
    ///
    /// # Errors
    /// It has none for one of them.
    pub(super) fn fits_chapter25(&self) -> Result<()> {
        for (name, Target { quantity, .. }) in &self.columns {
            if quantity.description().chapter25.is_none() {
                bail!(
                    "column \"{name}\": --url posts to /api/mesures, which has no field for \
                     {quantity}; stop the service to import it"
                );
            }
        }
        Ok(())
    }

    pub(super) fn has_interval_energy(&self) -> bool {
        self.columns.iter().any(|(_, target)| target.per_interval)
    }
}

/// A `quantity[unit]`.
///
/// # Errors
/// No such quantity or unit.
pub(super) fn target(text: &str) -> Result<Target> {
    let (name, unit) = match text.trim().split_once('[') {
        Some((name, rest)) => {
            let unit = rest.strip_suffix(']');
            (name.trim(), unit.ok_or_else(|| anyhow!("{text}: expected quantity[unit]"))?.trim())
        }
        None => (text.trim(), ""),
    };
    let quantity = Quantity::from_name(name).or_else(|| Quantity::from_chapter25(name));
    let quantity = quantity.ok_or_else(|| unknown(name))?;
    let per_interval = unit.ends_with(PER_INTERVAL);
    let symbol = unit.strip_suffix(PER_INTERVAL).unwrap_or(unit);
    if symbol.is_empty() && quantity.unit().is_some_and(|unit| !unit.symbol().is_empty()) {
        let unit = quantity.unit().map(reading::Unit::symbol).unwrap_or_default();
        bail!("{name} needs a unit, such as {name}[{unit}]");
    }
    if quantity.unit().is_none() {
        bail!("{name} is no measured number");
    }
    if per_interval && super::interval::flow(quantity).is_none() {
        bail!("{name}[{unit}]: only active and reactive energies come per interval");
    }
    let shift = unit::shift(quantity, symbol).map_err(anyhow::Error::msg)?;
    Ok(Target { quantity, shift, per_interval })
}

fn unknown(name: &str) -> anyhow::Error {
    let near = crate::near::near(name, Quantity::all().map(Quantity::name));
    match near {
        Some(near) => anyhow!("no quantity is named {name}; did you mean {near}?"),
        None => anyhow!("no quantity is named {name}; names are such as active_power, voltage_l1"),
    }
}

fn stamp(word: Option<&str>) -> Result<Stamp> {
    Ok(match word {
        None | Some("instant") => Stamp::Instant,
        Some("start") => Stamp::Start,
        Some("end") => Stamp::End,
        Some(other) => bail!("stamp {other}: expected instant, start or end"),
    })
}

fn midnight(word: Option<&str>) -> Result<Midnight> {
    Ok(match word {
        None | Some("begin_of_day") => Midnight::BeginOfDay,
        Some("end_of_day") => Midnight::EndOfDay,
        Some(other) => bail!("midnight {other}: expected begin_of_day or end_of_day"),
    })
}

fn format(text: Option<&str>) -> Format {
    match text {
        None | Some("auto" | "rfc3339") => Format::Detected,
        Some("unix") => Format::Unix,
        Some("unix_ms") => Format::UnixMillis,
        Some(pattern) => Format::Pattern(pattern.to_owned()),
    }
}

/// A delimiter as a character or a word.
pub(crate) fn delimiter(text: &str) -> Result<u8> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        "comma" => Ok(b','),
        "semicolon" => Ok(b';'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => {
                Ok(*byte)
            }
            _ => bail!("delimiter {text}: expected one character such as ; or the word tab"),
        },
    }
}

/// Whether a word asks for decimal commas.
pub(crate) fn decimal(word: &str) -> Result<bool> {
    match word {
        "comma" | "," => Ok(true),
        "point" | "." => Ok(false),
        _ => bail!("decimal {word}: expected point or comma"),
    }
}

fn duration(text: &str) -> Result<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits).unwrap_or_default() {
        "s" => 1,
        "min" | "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    let count: Option<u64> = digits.trim().parse().ok();
    let seconds = count.and_then(|count| count.checked_mul(unit));
    let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds));
    let seconds =
        seconds.ok_or_else(|| anyhow!("interval {text}: expected 1s to 24h, such as 15min"))?;
    Ok(Duration::from_secs(seconds))
}
