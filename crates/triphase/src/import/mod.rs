//! `triphase import`: readings out of a CSV file.
//!
//! In: a file, what its columns mean (options or a mapping file), a configured meter. Out: stored
//! telegrams, and a summary with every refused row by line. Numbers keep their digits; units are
//! converted by shifting the decimal point. Refuses: unknown quantities and units, times that no
//! clock showed, absurd values, rows that contradict what is stored; `--strict` refuses the file
//! for one such row.

mod dialect;
mod instant;
mod interval;
mod mapping;
mod progress;
mod row;
mod sink;
mod summary;
mod unit;

use crate::cli;
use crate::config::{self, Config};
use anyhow::{Context, Result, bail};
use dialect::Table;
use mapping::Mapping;
use progress::Progress;
use reading::MeterId;
use row::{Rows, Taken};
use sink::Sink;
use std::io::Write;
use summary::Summary;

pub(crate) use mapping::{decimal, delimiter};
pub(crate) use progress::Progress as LongJob;

/// Telegrams of one commit or one request.
const BATCH_TELEGRAMS: usize = 1000;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Wrong usage, mapping or configuration.
    #[error("{0}")]
    Misused(String),
    /// The job failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Imports a file.
///
/// # Errors
/// See [`Error`]; refused rows are no error unless there is nothing else, or with `--strict`.
pub(crate) fn import(arguments: &cli::Import) -> Result<(), Error> {
    let config = config::load(&arguments.config);
    let config = config.map_err(|report| Error::Misused(report.to_string()))?;
    let meter = chosen_meter(&config, &arguments.meter)?;
    let mapping = Mapping::of(arguments, &config.site.zone);
    let mapping = mapping.map_err(|error| Error::Misused(format!("{error:#}")))?;
    let table = Table::open(&arguments.file, &mapping)?;
    let rows = Rows::new(&mapping, &table, meter.clone());
    let mut rows = rows.map_err(|error| Error::Misused(format!("{error:#}")))?;
    if arguments.strict {
        check(&mut rows, Table::open(&arguments.file, &mapping)?)?;
    }
    if arguments.url.is_some() {
        mapping.fits_chapter25().map_err(|error| Error::Misused(format!("{error:#}")))?;
    }
    let mut sink = match &arguments.url {
        Some(url) => Sink::service(url, arguments.token.as_deref()),
        None => Sink::store(&config)?,
    };
    if let Some(from) = first_start(&mut rows, &arguments.file, &mapping)? {
        rows.begin(&sink.running_counters(&meter, from)?);
    }
    let summary = run(&mut rows, table, &mut sink)?;
    sink.close();
    summary.print(&meter, &rows.unused(), &mut std::io::stdout().lock()).context("stdout")?;
    if !summary.has_good() {
        return Err(Error::Failed(anyhow::anyhow!("no row was imported")));
    }
    Ok(())
}

fn chosen_meter(config: &Config, id: &str) -> Result<MeterId, Error> {
    known_meter(config, id).map_err(Error::Misused)
}

/// The configured meter with this id.
///
/// # Errors
/// There is none; the text names the others.
pub(crate) fn known_meter(config: &Config, id: &str) -> Result<MeterId, String> {
    let known = || config.meters.iter().map(|meter| meter.id.as_str());
    if let Some(meter) = config.meters.iter().find(|meter| meter.id.as_str() == id) {
        return Ok(meter.id.clone());
    }
    let near = crate::near::near(id, known());
    let near = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    let known: Vec<&str> = known().collect();
    Err(format!("--meter {id}: no such meter; {near}configured are: {}", known.join(", ")))
}

/// Reads the whole file without storing anything.
fn check(rows: &mut Rows<'_>, mut table: Table) -> Result<()> {
    let mut summary = Summary::default();
    while let Some(record) = table.next()? {
        match rows.take(&record) {
            Taken::Refused(reason) => summary.refused(record.line, &reason),
            _ => summary.good(),
        }
    }
    rows.restart();
    if let Some(refused) = summary.refusals() {
        bail!("--strict: nothing was imported\n{refused}");
    }
    Ok(())
}

/// Where the first interval of the file begins, for counters that go on.
fn first_start(
    rows: &mut Rows<'_>,
    file: &std::path::Path,
    mapping: &Mapping,
) -> Result<Option<reading::Timestamp>> {
    if !mapping.has_interval_energy() {
        return Ok(None);
    }
    let mut table = Table::open(file, mapping)?;
    let mut first = None;
    while let Some(record) = table.next()? {
        if let Taken::Telegrams(telegrams) = rows.take(&record) {
            first = telegrams.iter().map(|telegram| telegram.measured_at).min();
            break;
        }
    }
    rows.restart();
    Ok(first)
}

fn run(rows: &mut Rows<'_>, mut table: Table, sink: &mut Sink) -> Result<Summary> {
    let mut progress = Progress::new("imported", table.bytes());
    let mut summary = Summary::default();
    let mut batch = Vec::new();
    while let Some(record) = table.next()? {
        match rows.take(&record) {
            Taken::Refused(reason) => summary.refused(record.line, &reason),
            Taken::Empty => summary.empty(),
            Taken::Telegrams(telegrams) => {
                let line = record.line;
                batch.extend(telegrams.into_iter().map(|telegram| (line, telegram)));
                summary.row(line);
            }
        }
        if batch.len() >= BATCH_TELEGRAMS {
            sink.append(std::mem::take(&mut batch), &mut summary)?;
            progress.at(record.byte);
        }
    }
    sink.append(batch, &mut summary)?;
    sink.finish(&mut summary)?;
    progress.done();
    std::io::stderr().flush()?;
    Ok(summary)
}
