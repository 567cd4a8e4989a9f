//! Everything that a plug can tell about a meter: its newest values and its results.

use super::analysed::Analysed;
use super::catalogue::{FIGURES, FigureRow};
use crate::http::Now;
use crate::last::{DERIVED, usable};
use crate::{MeterInfo, Outlet};
use analysis::Reason;
use analysis::chapter25::Mode;
use reading::{Decimal, Quality, Quantity, Timestamp, Unit, Value};
use std::sync::Arc;

/// What every meter of the site draws, read once for all of them.
pub struct SiteLoads {
    pub(super) now: Now,
}

impl SiteLoads {
    /// The loads of the site's newest instant.
    #[must_use]
    pub fn of(outlet: &Outlet) -> Self {
        Self { now: Now::of(outlet, Mode::Extended) }
    }
}

/// A value of a plug.
#[derive(Debug, Clone, PartialEq)]
pub enum PointValue {
    /// A register's own digits, in the unit of the point.
    Exact(Decimal),
    /// A computed number, in the unit of the point.
    Computed(f64),
    /// A text, such as a serial number.
    Text(Arc<str>),
    /// There is none, and why.
    Absent(Reason),
}

impl PointValue {
    /// The number, as near as a float comes to it.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Exact(decimal) => Some(decimal.to_f64()),
            Self::Computed(number) => Some(*number),
            Self::Text(_) | Self::Absent(_) => None,
        }
    }
}

/// One named value of one meter, as every plug tells it.
#[derive(Debug, Clone)]
pub struct Point {
    /// The name in its catalogue: a quantity's, or a result's.
    pub name: &'static str,
    /// The row of the catalogue of quantities; `None` for a result.
    pub quantity: Option<Quantity>,
    /// The row of the catalogue of results; `None` for a quantity.
    pub figure: Option<&'static FigureRow>,
    /// The unit of its number.
    pub unit: Option<Unit>,
    /// The value.
    pub value: PointValue,
    /// How it was found: `measured`, `derived`, `assumed_120`, …; empty when absent.
    pub method: &'static str,
    /// How far it may be trusted: the worst among what it was made of.
    pub quality: Quality,
    /// When it was measured; `None` when nothing ever was.
    pub measured_at: Option<Timestamp>,
}

/// The points of a meter: the newest value of each quantity that it sent or that follows from
/// what it sent, in catalogue order, then every row of [`FIGURES`].
#[must_use]
pub fn points(outlet: &Outlet, meter: &MeterInfo, loads: &SiteLoads) -> Vec<Point> {
    let mut points = quantities(outlet, meter);
    let analysed = Analysed::of(outlet, meter, loads);
    points.extend(FIGURES.iter().map(|row| figure(row, &analysed)));
    points
}

fn quantities(outlet: &Outlet, meter: &MeterInfo) -> Vec<Point> {
    let Some(latest) = outlet.store.latest(&meter.id) else { return Vec::new() };
    let sent = latest.values.iter().filter_map(|newest| {
        let quantity = newest.reading.quantity?;
        let value = match &newest.reading.value {
            Value::Number(number) => PointValue::Exact(*number),
            Value::Text(text) => PointValue::Text(Arc::from(text.as_str())),
        };
        Some(Point {
            name: quantity.name(),
            quantity: Some(quantity),
            figure: None,
            unit: quantity.unit(),
            value,
            method: "measured",
            quality: newest.reading.quality,
            measured_at: Some(newest.measured_at),
        })
    });
    let mut points: Vec<Point> = sent.collect();
    let Some(current) = outlet.store.measurement(&meter.id) else { return points };
    let measurement = usable(&current);
    let unsent = DERIVED.into_iter().filter(|(quantity, _)| latest.value(*quantity).is_none());
    points.extend(unsent.filter_map(|(quantity, derive)| {
        let derived = derive(&measurement)?;
        let inputs = derived.inputs.iter().filter_map(|input| current.value(*input));
        Some(Point {
            name: quantity.name(),
            quantity: Some(quantity),
            figure: None,
            unit: quantity.unit(),
            value: PointValue::Computed(derived.value),
            method: derived.method.name(),
            quality: inputs.map(|input| input.reading.quality).max().unwrap_or_default(),
            measured_at: Some(current.measured_at),
        })
    }));
    points.sort_by_key(|point| point.quantity);
    points
}

fn figure(row: &'static FigureRow, analysed: &Analysed) -> Point {
    let figure = (row.of)(analysed);
    let value = match (figure.value(), figure.reason()) {
        (Some(number), _) => PointValue::Computed(number),
        (None, Some(reason)) => PointValue::Absent(reason),
        (None, None) => PointValue::Absent(Reason::NotMeasured),
    };
    Point {
        name: row.name,
        quantity: None,
        figure: Some(row),
        unit: Some(row.unit),
        value,
        method: figure.method().map_or("", analysis::Method::name),
        quality: analysed.worst,
        measured_at: analysed.at,
    }
}
