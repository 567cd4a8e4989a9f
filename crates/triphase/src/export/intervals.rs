//! One line per interval: mean, least and greatest value of each quantity.
//!
//! Intervals begin at multiples of their length since 1970 in UTC; one without a value has no
//! line. A counter has no mean: its least and greatest reading tell the energy.

use super::columns::{self, Column};
use super::scan::Scan;
use super::{Lines, Style, write as write_line};
use crate::cli::Resolution;
use anyhow::{Context, Result};
use reading::{Decimal, Kind, Quantity, Timestamp, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::{Archive, SeriesPoint, SeriesQuery};

/// Intervals that are held in memory at once.
const CHUNK_INTERVALS: u32 = 2_000;

fn has_mean(quantity: Quantity) -> bool {
    quantity.description().kind != Kind::Counter
}

/// Writes the intervals of a scan.
pub(super) fn write(
    archive: &Archive,
    scan: &Scan,
    (resolution, style): (Resolution, &Style),
    lines: &mut Lines,
) -> Result<()> {
    let length = Duration::from_secs(resolution.seconds());
    let quantities: BTreeSet<Quantity> = scan.columns().filter_map(Column::quantity).collect();
    let quantities: Vec<Quantity> =
        quantities.into_iter().filter(|quantity| quantity.unit().is_some()).collect();
    write_line(lines, header(&quantities, style))?;
    for (from, to) in chunks(scan, length) {
        let mut rows: BTreeMap<Timestamp, BTreeMap<Quantity, SeriesPoint>> = BTreeMap::new();
        let points = usize::try_from(to.since(from).as_secs() / length.as_secs().max(1));
        for quantity in &quantities {
            let query = SeriesQuery {
                meter: scan.meter().clone(),
                quantity: *quantity,
                from,
                to,
                points: points.unwrap_or(1),
            };
            let series = archive.series(&query).context("reading the store")?;
            for point in series.points {
                rows.entry(point.start).or_default().insert(*quantity, point);
            }
        }
        for (start, points) in rows {
            let least = points.values().map(|point| point.coverage).fold(1.0, f64::min);
            let mut cells = vec![style.time(start), mark(format!("{least:.3}"), style)];
            for quantity in &quantities {
                cells.extend(cells_of(*quantity, points.get(quantity), style));
            }
            write_line(lines, cells)?;
        }
    }
    Ok(())
}

fn header(quantities: &[Quantity], style: &Style) -> Vec<String> {
    let mut head = vec![style.time_header().to_owned(), "coverage".to_owned()];
    for quantity in quantities {
        let unit = quantity.unit().map(Unit::symbol).filter(|symbol| !symbol.is_empty());
        let whats = if has_mean(*quantity) { &["mean", "min", "max"][..] } else { &["min", "max"] };
        head.extend(
            whats.iter().map(|what| format!("{quantity} {what} [{}]", unit.unwrap_or("1"))),
        );
    }
    head
}

fn cells_of(quantity: Quantity, point: Option<&SeriesPoint>, style: &Style) -> Vec<String> {
    let number = |value: Decimal| columns::number(value, style.decimal_comma);
    let extreme = |of: fn(&SeriesPoint) -> Decimal| point.map(of).map(number).unwrap_or_default();
    let mut cells = Vec::with_capacity(3);
    if has_mean(quantity) {
        cells.push(point.map_or_else(String::new, |point| mark(point.mean.to_string(), style)));
    }
    cells.push(extreme(|point| point.min));
    cells.push(extreme(|point| point.max));
    cells
}

fn mark(text: String, style: &Style) -> String {
    if style.decimal_comma { text.replace('.', ",") } else { text }
}

/// Stretches of whole intervals that hold something, none twice.
fn chunks(scan: &Scan, length: Duration) -> Vec<(Timestamp, Timestamp)> {
    let step = i64::try_from(length.as_micros()).unwrap_or(i64::MAX).max(1);
    let mut chunks: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, to) in scan.windows() {
        let begin = Timestamp::from_micros(from.as_micros().div_euclid(step) * step);
        let end = Timestamp::from_micros((to.as_micros() + step - 1).div_euclid(step) * step);
        match chunks.last_mut() {
            Some((first, last))
                if begin <= *last && end.since(*first) <= length * CHUNK_INTERVALS =>
            {
                *last = end.max(*last);
            }
            Some((_, last)) if begin.max(*last) >= end => {}
            Some((_, last)) => {
                let begin = begin.max(*last);
                chunks.push((begin, end));
            }
            None => chunks.push((begin, end)),
        }
    }
    chunks
}
