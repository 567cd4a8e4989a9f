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
use analysis::Figure;
use analysis::energy::{Sample, Window};
use analysis::energy_bars::{BarInputs, EnergyBar, PowerInterval, energy_bars};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Json;
use jiff::tz::TimeZone;
use reading::Quantity::{
    self, ActiveEnergyExport, ActiveEnergyImport, ActivePower, ActivePowerExport, ActivePowerImport,
};
use reading::{Decimal, MeterId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{POINTS_MAX, SeriesPoint, SeriesQuery, Store};

/// Most bars of an answer.
const BARS_MAX: usize = 1000;
/// The longest range.
const RANGE_MAX: Duration = Duration::from_secs(3660 * 86_400);
/// Lengths that an interval may have; the longest that divides every edge of the bars is taken.
const INTERVALS: [u64; 5] = [3600, 1800, 900, 60, 1];
/// The finest interval for bars up to this length, in intervals for each bar.
const INTERVALS_PER_BAR: u64 = 10;
/// How near to an edge every reading of a counter is looked at, to the second: the energy of a bar is
/// the difference of its counter at its edges, and a reading placed within a minute of its time is
/// wrong by the energy of half a minute.
const NEAR: Duration = Duration::from_secs(90);
/// The resolution that tells the time of a reading.
const TO_THE_SECOND: Duration = Duration::from_secs(1);
/// How far beyond the edges counters are read.
const EDGE: Duration = Duration::from_secs(3600);

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
        let reach = (edges[0], edges[edges.len() - 1].min(now));
        let breaks = store.journal_breaks(&meter, (reach.0.minus(EDGE), reach.1.plus(EDGE)))?;
        let reading = Reach { store, meter: &meter, reach, length, edges: &edges, breaks: &breaks };
        let inputs = Inputs::read(&reading, known)?;
        let inputs = BarInputs { breaks: &breaks, supply_w, ..inputs.borrowed() };
        let whole = Window { from: reach.0, to: reach.1.max(reach.0) };
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

/// What a meter sends of what energy is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    power: bool,
    flows: bool,
    import: bool,
    export: bool,
}

impl Sent {
    pub(super) fn of(store: &Store, meter: &MeterId) -> Self {
        let latest = store.latest(meter);
        let sent = |quantity: Quantity| {
            latest.as_ref().is_some_and(|latest| latest.value(quantity).is_some())
        };
        Self {
            power: sent(ActivePower),
            flows: sent(ActivePowerImport),
            import: sent(ActiveEnergyImport),
            export: sent(ActiveEnergyExport),
        }
    }
}

/// What is read: a stretch of a meter, in intervals of one length.
pub(super) struct Reach<'a> {
    pub(super) store: &'a Store,
    pub(super) meter: &'a MeterId,
    pub(super) reach: (Timestamp, Timestamp),
    pub(super) length: Duration,
    /// The edges of the bars.
    pub(super) edges: &'a [Timestamp],
    /// When the meter or its ratio was exchanged.
    pub(super) breaks: &'a [Timestamp],
}

impl Reach<'_> {
    /// A quantity in all the intervals that hold a value, and some beyond the edges.
    fn series(&self, quantity: Quantity) -> Result<Vec<SeriesPoint>, store::Error> {
        let step = i64::try_from(self.length.as_micros()).unwrap_or(i64::MAX);
        let index = |at: Timestamp| at.as_micros().div_euclid(step);
        let mut first = index(self.reach.0.minus(EDGE));
        let behind = index(self.reach.1.plus(EDGE)) + 1;
        let mut points = Vec::new();
        while first < behind {
            let count = (behind - first).min(i64::try_from(POINTS_MAX).unwrap_or(i64::MAX));
            let query = SeriesQuery {
                meter: self.meter.clone(),
                quantity,
                from: Timestamp::from_micros(first * step),
                to: Timestamp::from_micros((first + count) * step),
                points: usize::try_from(count).unwrap_or(POINTS_MAX),
            };
            points.extend(self.store.series(&query)?.points);
            first += count;
        }
        Ok(points)
    }

    fn window(&self, start: Timestamp) -> Window {
        Window { from: start, to: start.plus(self.length) }
    }

    /// A counter's readings: near the edges every one at its time, elsewhere the first and the last
    /// of each interval. Several values are taken to be spread evenly over it, a single one to lie in
    /// the middle.
    fn counter(&self, quantity: Quantity) -> Result<Vec<Sample>, store::Error> {
        let mut near = Vec::new();
        for edge in self.edges.iter().chain([&self.reach.1]) {
            near.extend(self.near(quantity, *edge)?);
        }
        let points = self.series(quantity)?;
        let told = |point: &SeriesPoint| {
            let (from, to) = (point.start, point.start.plus(self.length));
            near.iter().any(|(window, _)| window.from < to && from < window.to)
        };
        // Of an interval in which the meter was exchanged nobody knows which reading is whose.
        let mixed = |point: &SeriesPoint| {
            let within = point.start..point.start.plus(self.length);
            self.breaks.iter().any(|at| within.contains(at))
        };
        let sound = points.iter().filter(|point| !told(point) && !mixed(point));
        let coarse = sound.flat_map(|point| {
            let count = u32::try_from(point.count).unwrap_or(u32::MAX).max(1);
            let edge = self.length / count.saturating_mul(2);
            let first = (point.start.plus(edge), point.min);
            let last = (point.start.plus(self.length).minus(edge), point.max);
            [Some(first), (count > 1).then_some(last)].into_iter().flatten()
        });
        let mut readings: Vec<Sample> = coarse.collect();
        readings.extend(near.iter().flat_map(|(_, readings)| readings.iter().copied()));
        readings.sort_by_key(|(at, _)| *at);
        readings.dedup_by_key(|(at, _)| *at);
        Ok(readings)
    }

    /// The readings around an edge; `None` where the store keeps them no longer one by one.
    fn near(
        &self,
        quantity: Quantity,
        edge: Timestamp,
    ) -> Result<Option<(Window, Vec<Sample>)>, store::Error> {
        let window = Window { from: edge.minus(NEAR), to: edge.plus(NEAR) };
        let points = usize::try_from(2 * NEAR.as_secs() + 1).unwrap_or(POINTS_MAX);
        let query = SeriesQuery {
            meter: self.meter.clone(),
            quantity,
            from: window.from,
            to: window.to,
            points,
        };
        let series = self.store.series(&query)?;
        if series.resolution != TO_THE_SECOND || series.points.is_empty() {
            return Ok(None);
        }
        Ok(Some((window, series.points.iter().map(|point| (point.start, point.max)).collect())))
    }

    fn power(&self, sent: Sent) -> Result<Option<Vec<PowerInterval>>, store::Error> {
        if sent.power {
            let points = self.series(ActivePower)?;
            return Ok(Some(points.iter().map(|point| self.signed(point)).collect()));
        }
        if !sent.flows {
            return Ok(None);
        }
        let export = self.series(ActivePowerExport)?;
        let export: BTreeMap<i64, SeriesPoint> =
            export.into_iter().map(|point| (point.start.as_micros(), point)).collect();
        let import = self.series(ActivePowerImport)?;
        let both = import.iter().map(|point| {
            let back = export.get(&point.start.as_micros());
            let (fed_in, least) = back.map_or((0.0, 0.0), |it| (it.mean, it.min.to_f64()));
            let drawn = point.max.to_f64();
            PowerInterval {
                window: self.window(point.start),
                mean_w: point.mean - fed_in,
                max_w: if drawn > 0.0 { drawn } else { -least },
                flows_w: Some((point.mean, fed_in)),
                coverage: point.coverage,
                count: point.count,
            }
        });
        Ok(Some(both.collect()))
    }

    fn signed(&self, point: &SeriesPoint) -> PowerInterval {
        let (least, greatest) = (point.min.to_f64(), point.max.to_f64());
        let flows_w = match (least >= 0.0, greatest <= 0.0) {
            (true, _) => Some((point.mean, 0.0)),
            (_, true) => Some((0.0, -point.mean)),
            _ => None,
        };
        PowerInterval {
            window: self.window(point.start),
            mean_w: point.mean,
            max_w: greatest,
            flows_w,
            coverage: point.coverage,
            count: point.count,
        }
    }
}

/// What was read.
pub(super) struct Inputs {
    power: Option<Vec<PowerInterval>>,
    import: Option<Vec<(Timestamp, Decimal)>>,
    export: Option<Vec<(Timestamp, Decimal)>>,
}

impl Inputs {
    pub(super) fn read(reach: &Reach<'_>, sent: Sent) -> Result<Self, store::Error> {
        let counter = |sent: bool, quantity| sent.then(|| reach.counter(quantity)).transpose();
        Ok(Self {
            power: reach.power(sent)?,
            import: counter(sent.import, ActiveEnergyImport)?,
            export: counter(sent.export, ActiveEnergyExport)?,
        })
    }

    pub(super) fn borrowed(&self) -> BarInputs<'_> {
        BarInputs {
            power: self.power.as_deref(),
            import_counter: self.import.as_deref(),
            export_counter: self.export.as_deref(),
            ..BarInputs::default()
        }
    }
}
