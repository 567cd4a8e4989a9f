//! `GET /api/v1/series?meter&quantity&from&to&points`: a quantity over time, for a chart.
//!
//! In: a meter (the main one by default), a quantity by its catalogue name, a range (the last hour
//! by default) and how many points are wanted. Out: least, mean and greatest value of each interval
//! that holds one; the interval's length is chosen from the range. A gap is never filled.

use super::choose;
use super::figure::ReasonBody;
use super::parameter::{bad, echo, instant, parameters, stretch, whole};
use crate::http::Service;
use crate::http::problem::Problem;
use crate::json::{Digits, Utc};
use crate::lookup::blocking;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Json;
use reading::{Quantity, Unit};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::{POINTS_MAX, SeriesPoint, SeriesQuery};

/// Points of an answer whose number was not asked.
const POINTS_DEFAULT: usize = 300;
/// The range of an answer whose begin was not asked.
const RANGE_DEFAULT: Duration = Duration::from_secs(3600);
/// The longest range.
const RANGE_MAX: Duration = Duration::from_secs(3660 * 86_400);
/// Most names that are proposed for an unknown one.
const PROPOSALS_MAX: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    meter: Option<String>,
    quantity: Option<String>,
    from: Option<String>,
    to: Option<String>,
    points: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Body {
    meter: String,
    quantity: &'static str,
    unit: Option<&'static str>,
    /// Length of an interval. **Unit** s.
    resolution: u64,
    points: Vec<PointBody>,
    /// Why there is no point.
    reason: Option<ReasonBody>,
}

#[derive(Serialize)]
struct PointBody {
    /// Begin of the interval.
    t: Utc,
    min: Digits,
    mean: f64,
    max: Digits,
    /// Share of the interval that the values speak for. **Range** 0 to 1.
    coverage: f64,
}

impl From<SeriesPoint> for PointBody {
    fn from(point: SeriesPoint) -> Self {
        let SeriesPoint { start, min, mean, max, coverage, count: _ } = point;
        Self { t: Utc(start), min: Digits(min), mean, max: Digits(max), coverage }
    }
}

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    uri: Uri,
) -> Result<Json<Body>, Problem> {
    let names = "meter, quantity, from, to and points";
    let parameters: Parameters = parameters(&uri, names)?;
    let meter = choose(&service, parameters.meter.as_deref())?.id.clone();
    let quantity = quantity(parameters.quantity.as_deref())?;
    let to = instant("to", parameters.to.as_deref())?.unwrap_or_else(|| (service.clock)());
    let from = instant("from", parameters.from.as_deref())?;
    let from = from.unwrap_or_else(|| to.minus(RANGE_DEFAULT));
    let (from, to) = stretch((from, to), RANGE_MAX)?;
    let points = whole("points", parameters.points.as_deref(), 1..=POINTS_MAX as u64)?;
    let points = points.and_then(|points| usize::try_from(points).ok()).unwrap_or(POINTS_DEFAULT);
    let query = SeriesQuery { meter: meter.clone(), quantity, from, to, points };
    let series = blocking(&service.store, move |store| store.series(&query)).await?;
    let sent = service.store.latest(&meter).is_some_and(|latest| latest.value(quantity).is_some());
    let reason = series.points.is_empty().then(|| nothing(quantity, sent));
    Ok(Json(Body {
        meter: meter.to_string(),
        quantity: quantity.name(),
        unit: quantity.unit().map(Unit::symbol),
        resolution: series.resolution.as_secs(),
        points: series.points.into_iter().map(PointBody::from).collect(),
        reason,
    }))
}

/// Why a series is empty.
const fn nothing(quantity: Quantity, sent: bool) -> ReasonBody {
    if sent {
        return ReasonBody::new("no_reading", "There is no reading of it in this range.");
    }
    match quantity {
        Quantity::ActivePower => ReasonBody::new(
            "not_sent",
            "This meter does not send it: it is derived from active_power_import and \
             active_power_export, whose series there are.",
        ),
        Quantity::ReactivePower => ReasonBody::new(
            "not_sent",
            "This meter does not send it: it is derived from reactive_power_import and \
             reactive_power_export, or from the four quadrants, whose series there are.",
        ),
        Quantity::ApparentPower => ReasonBody::new(
            "not_sent",
            "This meter does not send it: it is derived from the active and the reactive power, or \
             from voltages and currents, whose series there are.",
        ),
        _ => ReasonBody::new("not_sent", "This meter does not send it."),
    }
}

/// The quantity of this name.
///
/// # Errors
/// There is none, or it is no number; names that are close are proposed.
fn quantity(name: Option<&str>) -> Result<Quantity, Problem> {
    let Some(name) = name else {
        return Err(bad("quantity is missing: a name of the catalogue, such as voltage_l1."));
    };
    match Quantity::from_name(name) {
        Some(quantity) if quantity.description().kind == reading::Kind::Text => {
            Err(bad(format!("{name} is a text and has no course over time.")))
        }
        Some(quantity) => Ok(quantity),
        None => {
            let close = close_names(name).join(", ");
            let name = echo(name);
            Err(bad(format!("There is no quantity \"{name}\". Close names are {close}.")))
        }
    }
}

/// The names that are closest to a text.
fn close_names(text: &str) -> Vec<&'static str> {
    let text = echo(&text.to_lowercase());
    let numbers = Quantity::all().filter(|known| known.description().kind != reading::Kind::Text);
    let mut names: Vec<&'static str> = numbers.map(Quantity::name).collect();
    names.sort_by_key(|name| (unlike(&text, name), name.len()));
    names.truncate(PROPOSALS_MAX);
    names
}

/// How unlike two names are: pairs of letters that only one of them has.
fn unlike(one: &str, other: &str) -> usize {
    let pairs = |text: &str| {
        let bytes = text.as_bytes();
        let mut pairs: Vec<[u8; 2]> = bytes.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        pairs.sort_unstable();
        pairs
    };
    let (one, mut other) = (pairs(one), pairs(other));
    let before = other.len();
    let common = one.iter().filter(|pair| match other.iter().position(|known| known == *pair) {
        Some(place) => {
            other.remove(place);
            true
        }
        None => false,
    });
    let common = common.count();
    one.len() + before - 2 * common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_the_one_that_was_meant() {
        for (typed, meant) in [
            ("voltage_l", "voltage_l1"),
            ("Voltage_L2", "voltage_l2"),
            ("activepower", "active_power"),
            ("current_1", "current_l1"),
            ("frequenzy", "frequency"),
        ] {
            assert!(close_names(typed).contains(&meant), "{typed}: {:?}", close_names(typed));
        }
        assert_eq!(close_names("é").len(), PROPOSALS_MAX);
    }
}
