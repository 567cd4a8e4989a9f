//! `GET /api/v1/analysis/energy?meter&from&to&step`: energy by hours, days, weeks, months.
//!
//! In: a meter (the main one by default), a range that is widened to whole steps of the local
//! calendar. Out: a bar for each step and their total. Counters and powers are read as series of
//! short intervals, so that months cost no more than their roll-ups.

use super::calendar::Step;
use crate::http::Service;
use crate::http::problem::Problem;
use crate::http::v1::choose;
use crate::http::v1::figure::FigureBody;
use crate::http::v1::parameter::{bad, echo, instant, parameters, stretch};
use crate::json::{Utc, with_offset};
use crate::lookup::blocking;
use crate::reach::{Inputs, Reach, Sent};
use analysis::Figure;
use analysis::energy::Window;
use analysis::energy_bars::{EnergyBar, energy_bars};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Json;
use jiff::tz::TimeZone;
use reading::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Most bars of an answer.
const BARS_MAX: usize = 1000;
/// The longest range.
const RANGE_MAX: Duration = Duration::from_secs(3660 * 86_400);
/// Lengths that an interval may have; the longest that divides every edge of the bars is taken.
const INTERVALS: [u64; 5] = [3600, 1800, 900, 60, 1];
/// The finest interval for bars up to this length, in intervals for each bar.
const INTERVALS_PER_BAR: u64 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    meter: Option<String>,
    from: Option<String>,
    to: Option<String>,
    step: Option<String>,
}

#[derive(Serialize)]
pub(in crate::http::v1) struct Body {
    meter: String,
    step: &'static str,
    /// The IANA name of the zone whose calendar the bars follow; null for a zone without one.
    zone: Option<String>,
    from: Utc,
    to: Utc,
    bars: Vec<BarBody>,
    total: FiguresBody,
}

#[derive(Serialize)]
struct BarBody {
    from: Utc,
    to: Utc,
    /// The begin on the site's clock.
    local: String,
    /// Length of the step.
    hours: f64,
    /// Whether the step is over.
    complete: bool,
    #[serde(flatten)]
    figures: FiguresBody,
}

#[derive(Serialize)]
struct FiguresBody {
    /// Energy drawn.
    import_kwh: FigureBody<f64>,
    /// Energy fed in.
    export_kwh: FigureBody<f64>,
    mean_kw: FigureBody<f64>,
    max_kw: FigureBody<f64>,
    /// Share of the time, up to now, for which the energy drawn is known.
    coverage_pct: f64,
}

impl From<&EnergyBar> for FiguresBody {
    fn from(bar: &EnergyBar) -> Self {
        let kilo = |figure: Figure| figure.map(|value| value / 1000.0).into();
        Self {
            import_kwh: kilo(bar.import_wh),
            export_kwh: kilo(bar.export_wh),
            mean_kw: kilo(bar.mean_w),
            max_kw: kilo(bar.max_w),
            coverage_pct: bar.coverage_pct,
        }
    }
}

pub(in crate::http::v1) async fn get(
    State(service): State<Arc<Service>>,
    uri: Uri,
) -> Result<Json<Body>, Problem> {
    let asked: Parameters = parameters(&uri, "meter, from, to and step")?;
    let meter = choose(&service, asked.meter.as_deref())?.id.clone();
    let step = step(asked.step.as_deref())?;
    let (zone, now) = (&service.site.zone, (service.clock)());
    let to = instant("to", asked.to.as_deref())?.unwrap_or(now);
    let from = match instant("from", asked.from.as_deref())? {
        Some(from) => from,
        // The last instant before `to` lies in the last step.
        None => step
            .back(Timestamp::from_micros(to.as_micros() - 1), step.usual_count() - 1, zone)
            .ok_or_else(beyond)?,
    };
    let (from, to) = stretch((from, to), RANGE_MAX)?;
    let edges = edges(step, (from, to), zone)?;
    let steps: Vec<Window> = edges
        .windows(2)
        .map(|pair| Window { from: pair[0], to: pair[1] })
        .filter(|window| window.from < now)
        .collect();
    let known = Sent::of(&service.store, &meter);
    let supply_w = service.site.supply_w();
    let elapsed: Vec<Window> =
        steps.iter().map(|step| Window { from: step.from, to: step.to.min(now) }).collect();
    let (bars, total) = blocking(&service.store, move |store| {
        let length = interval(&edges, step);
        let range = (edges[0], edges[edges.len() - 1].min(now));
        let reach = Reach { archive: store.reads(), meter: &meter, range, length, edges: &edges };
        let inputs = Inputs::read(&reach, known)?;
        let inputs = inputs.borrowed(supply_w);
        let whole = Window { from: range.0, to: range.1.max(range.0) };
        let bars = energy_bars(&elapsed, &inputs);
        Ok((bars, (meter, whole, energy_bars(&[whole], &inputs))))
    })
    .await?;
    let (meter, whole, total) = total;
    let body = |(step, bar): (&Window, &EnergyBar)| BarBody {
        from: Utc(step.from),
        to: Utc(step.to),
        local: with_offset(step.from, zone),
        hours: step.seconds() / 3600.0,
        complete: step.to <= now,
        figures: FiguresBody::from(bar),
    };
    Ok(Json(Body {
        meter: meter.to_string(),
        step: step.name(),
        zone: zone.iana_name().map(str::to_owned),
        from: Utc(whole.from),
        to: Utc(steps.last().map_or(whole.to, |last| last.to)),
        bars: steps.iter().zip(&bars).map(body).collect(),
        total: FiguresBody::from(&total[0]),
    }))
}

pub(super) fn step(name: Option<&str>) -> Result<Step, Problem> {
    let Some(name) = name else { return Ok(Step::Hour) };
    Step::ALL.into_iter().find(|step| step.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
        bad(format!("step: expected one of {}, got \"{}\".", known.join(", "), echo(name)))
    })
}

pub(super) fn beyond() -> Problem {
    bad("The range reaches beyond the calendar.")
}

/// The edges of the steps that the range touches, at least two.
pub(super) fn edges(
    step: Step,
    (from, to): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> Result<Vec<Timestamp>, Problem> {
    let mut edges = vec![step.floor(from, zone).ok_or_else(beyond)?];
    let mut last = edges[0];
    while last < to {
        if edges.len() > BARS_MAX {
            let detail = format!(
                "The range has more than {BARS_MAX} steps of \"{}\": ask for less, or a longer \
                 step.",
                step.name()
            );
            return Err(bad(detail));
        }
        last = step.next(last, zone).ok_or_else(beyond)?;
        edges.push(last);
    }
    Ok(edges)
}

/// The length of the intervals that are read: short against a bar, and none crosses an edge.
pub(super) fn interval(edges: &[Timestamp], step: Step) -> Duration {
    let whole = |seconds: u64| {
        let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        edges.iter().all(|edge| edge.as_micros().rem_euclid(micros) == 0)
    };
    let longest = match step {
        Step::TenMinutes => 600 / INTERVALS_PER_BAR,
        Step::QuarterHour | Step::Hour => 60,
        Step::Day => 900,
        Step::Week | Step::Month => 3600,
    };
    let fits = INTERVALS.into_iter().find(|seconds| *seconds <= longest && whole(*seconds));
    Duration::from_secs(fits.unwrap_or(1))
}
