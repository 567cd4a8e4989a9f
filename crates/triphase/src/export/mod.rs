//! `triphase export`: readings as a CSV file.
//!
//! In: a configured meter, a range, quantities, a resolution. Out: one line per stored telegram in
//! the order of time, with the register's digits, or one per interval with mean, least and
//! greatest value. The store is only read, so the service may run; memory stays bounded. Refuses:
//! unknown meters and quantities, times without meaning.

pub(crate) mod columns;
mod intervals;
mod scan;

use crate::cli;
use crate::config::{self, Config};
use crate::import;
use anyhow::{Context, Result};
use columns::Column;
use jiff::tz::TimeZone;
use reading::{MeterId, Quantity, Reading, Timestamp, Value};
use scan::Scan;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use store::{ReadOnly, SAMPLES_MAX, Sample, SampleQuery};

pub(crate) use import::Error;

/// Where lines go.
type Lines = csv::Writer<Box<dyn Write>>;

/// How cells are written.
#[derive(Debug, Clone)]
struct Style {
    /// The site's zone, for local times; `None` writes UTC.
    zone: Option<TimeZone>,
    decimal_comma: bool,
    delimiter: u8,
}

/// Exports what was asked.
///
/// # Errors
/// Wrong usage; a store that cannot be read, an output that cannot be written.
pub(crate) fn export(arguments: &cli::Export) -> Result<(), Error> {
    let config = config::load(&arguments.config);
    let config = config.map_err(|report| Error::Misused(report.to_string()))?;
    let meter = import::known_meter(&config, &arguments.meter).map_err(Error::Misused)?;
    let misused = |error: anyhow::Error| Error::Misused(format!("{error:#}"));
    let quantities = quantities(&arguments.quantity).map_err(misused)?;
    let range = range(arguments, &config.site.zone).map_err(misused)?;
    let style = style(arguments, &config).map_err(misused)?;
    let archive = ReadOnly::open(&config.store).context("the store")?;
    let scan = Scan::of(&archive, &meter, range, &quantities)?;
    if scan.is_empty() {
        let all = Scan::of(&archive, &meter, range, &[])?;
        let there = all.columns().map(Column::header).collect::<Vec<_>>().join(", ");
        let there = if there.is_empty() { "nothing at all".to_owned() } else { there };
        let message = format!("{meter} has no such reading in that range; it has {there}");
        return Err(Error::Failed(anyhow::anyhow!(message)));
    }
    let mut lines = lines(arguments, &style)?;
    match arguments.resolution {
        cli::Resolution::Raw => telegrams(&archive, &scan, &style, &mut lines)?,
        resolution => intervals::write(&archive, &scan, (resolution, &style), &mut lines)?,
    }
    lines.flush().map_err(anyhow::Error::from)?;
    Ok(())
}

fn quantities(names: &[String]) -> Result<Vec<Quantity>> {
    let quantity = |name: &String| {
        Quantity::from_name(name).ok_or_else(|| {
            let near = crate::near::near(name, Quantity::all().map(Quantity::name));
            let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            anyhow::anyhow!("--quantity {name}: no such quantity{near}")
        })
    };
    names.iter().map(quantity).collect()
}

/// The asked range; open ends are `None`.
type Asked = (Option<Timestamp>, Option<Timestamp>);

fn range(arguments: &cli::Export, zone: &TimeZone) -> Result<Asked> {
    let instant = |name: &str, text: &Option<String>| -> Result<Option<Timestamp>> {
        let Some(text) = text else { return Ok(None) };
        if let Ok(at) = Timestamp::parse_rfc3339(text) {
            return Ok(Some(at));
        }
        // `strptime` wants the whole text to be a date; parsing would drop a time behind it.
        let date = jiff::civil::Date::strptime("%Y-%m-%d", text);
        let midnight = date.and_then(|date| date.to_zoned_datetime(zone.clone())).map_err(|_| {
            anyhow::anyhow!(
                "--{name} {text}: expected a date such as 2026-05-04 or a time with offset such \
                 as 2026-05-04T11:39:21+02:00"
            )
        })?;
        Ok(Some(Timestamp::from_micros(midnight.timestamp().as_microsecond())))
    };
    let (from, to) = (instant("from", &arguments.from)?, instant("to", &arguments.to)?);
    if let Some((from, to)) = from.zip(to).filter(|(from, to)| from >= to) {
        anyhow::bail!("--from {from} is not before --to {to}");
    }
    Ok((from, to))
}

fn style(arguments: &cli::Export, config: &Config) -> Result<Style> {
    let decimal_comma = match &arguments.decimal {
        Some(word) => import::decimal(word)?,
        None => false,
    };
    let delimiter = match &arguments.delimiter {
        Some(text) => import::delimiter(text)?,
        // A comma cannot be both.
        None if decimal_comma => b';',
        None => b',',
    };
    let zone = (arguments.time == cli::ExportTime::Local).then(|| config.site.zone.clone());
    Ok(Style { zone, decimal_comma, delimiter })
}

fn lines(arguments: &cli::Export, style: &Style) -> Result<Lines> {
    let out: Box<dyn Write> = match arguments.out.as_deref().filter(|path| *path != "-") {
        None => Box::new(std::io::stdout().lock()),
        Some(path) if arguments.force => {
            Box::new(File::create(path).with_context(|| path.to_owned())?)
        }
        // Somebody's file, the store's own among them, is not written over by a slip.
        Some(path) => Box::new(File::create_new(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                anyhow::anyhow!("--out {path} exists: name another file, or say --force")
            }
            _ => anyhow::Error::from(error).context(path.to_owned()),
        })?),
    };
    let out: Box<dyn Write> = Box::new(BufWriter::new(out));
    Ok(csv::WriterBuilder::new().delimiter(style.delimiter).from_writer(out))
}

/// Writes one line; a reader that went away is told as such.
fn write(lines: &mut Lines, cells: impl IntoIterator<Item = String>) -> Result<()> {
    lines.write_record(cells).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => anyhow::anyhow!("writing the file: {other:?}"),
    })
}

impl Style {
    fn time_header(&self) -> &'static str {
        if self.zone.is_some() { columns::TIME_LOCAL } else { columns::TIME_UTC }
    }

    fn time(&self, at: Timestamp) -> String {
        let Some(zone) = &self.zone else { return at.to_string() };
        let instant = jiff::Timestamp::from_microsecond(at.as_micros());
        let shown = |instant: jiff::Timestamp| {
            instant.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
        };
        instant.map_or_else(|_| at.to_string(), shown)
    }
}

/// Every telegram in the order of time.
fn telegrams(archive: &ReadOnly, scan: &Scan, style: &Style, lines: &mut Lines) -> Result<()> {
    let places: BTreeMap<&Column, usize> = scan.columns().zip(0..).collect();
    let head = [style.time_header(), columns::LIST, columns::QUALITY, columns::DOUBTS];
    let head = head.into_iter().map(str::to_owned).chain(scan.columns().map(Column::header));
    write(lines, head)?;
    let windows = scan.windows();
    let mut progress = import::LongJob::new("exported", windows.len() as u64);
    for (done, window) in (0..).zip(windows) {
        let mut samples = window_samples(archive, scan.meter(), window)?;
        samples.sort_by_key(|sample| (sample.telegram.measured_at, sample.id));
        for Sample { telegram, .. } in samples {
            let mut cells = vec![String::new(); places.len()];
            for reading in &telegram.readings {
                let place = Column::of(reading).and_then(|column| places.get(&column).copied());
                let Some(cell) = place.and_then(|place| cells.get_mut(place)) else { continue };
                // Of two readings of one name the first counts, as everywhere.
                if cell.is_empty() {
                    *cell = shown(reading, style);
                }
            }
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let head = [
                style.time(telegram.measured_at),
                columns::guarded(telegram.list.as_str()),
                telegram.quality.name().to_owned(),
                columns::doubts(telegram.quality, &telegram.readings),
            ];
            write(lines, head.into_iter().chain(cells))?;
        }
        progress.at(done);
    }
    progress.done();
    Ok(())
}

fn shown(reading: &Reading, style: &Style) -> String {
    match &reading.value {
        Value::Number(number) => columns::number(*number, style.decimal_comma),
        Value::Text(text) => columns::guarded(text),
    }
}

/// Every sample that was measured in a window.
fn window_samples(
    archive: &ReadOnly,
    meter: &MeterId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Sample>> {
    let mut samples: Vec<Sample> = Vec::new();
    loop {
        let after = samples.last().map(|sample| sample.id);
        let (from, to, meter) = (Some(from), Some(to), meter.clone());
        let page = SampleQuery { meter, from, to, after, limit: SAMPLES_MAX };
        let page = archive.samples(&page).context("reading the store")?;
        let last = page.len() < SAMPLES_MAX;
        samples.extend(page);
        if last {
            return Ok(samples);
        }
    }
}
