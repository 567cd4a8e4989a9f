//! `GET /api/v1/analysis/production?meter&from&to&step`: what was produced, and energy per unit.
//!
//! In: a meter (the main one by default), a range that is widened to whole steps of the local
//! calendar. Out: for each step and for the whole range its energy, and of each counter that belongs
//! to the meter (its own, and those of meters with `counter_of`) the production and the energy per
//! piece, cycle or tonne. A shift is asked as its hours: the total is the shift's.

use super::energy::{beyond, edges, interval, step};
use crate::Outlet;
use crate::http::Service;
use crate::http::problem::Problem;
use crate::http::v1::choose;
use crate::http::v1::figure::{FigureBody, ReasonBody};
use crate::http::v1::parameter::{instant, parameters, stretch};
use crate::json::{Utc, with_offset};
use crate::lookup::blocking;
use crate::reach::{Inputs, Reach, Sent};
use analysis::energy::{Sample, Window};
use analysis::energy_bars::{EnergyBar, energy_bars};
use analysis::production::{Produced, per_unit, produced, reach};
use analysis::{Figure, Reason};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Json;
use reading::{MeterId, Quality, Quantity, Timestamp, Unit};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// What a PLC counts, and of how much the energy is told.
const COUNTERS: [(Quantity, &str, f64); 3] = [
    (Quantity::ProductionPieces, "piece", 1.0),
    (Quantity::ProductionCycles, "cycle", 1.0),
    (Quantity::ProductionMass, "t", 1000.0),
];
/// The longest range: a counter is read sample by sample, since only their order tells a restart.
const RANGE_MAX: Duration = Duration::from_secs(36 * 86_400);
/// How much of a counter is read at once.
const PIECE: Duration = Duration::from_secs(6 * 3600);

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
    zone: Option<String>,
    from: Utc,
    to: Utc,
    /// Why there are no counters.
    reason: Option<ReasonBody>,
    counters: Vec<CounterBody>,
    bars: Vec<BarBody>,
    total: FiguresBody,
}

/// A counter that belongs to the meter.
#[derive(Serialize)]
struct CounterBody {
    meter: String,
    quantity: &'static str,
    unit: &'static str,
    /// Of what the energy is told: `piece`, `cycle` or `t`.
    per: &'static str,
}

#[derive(Serialize)]
struct BarBody {
    from: Utc,
    to: Utc,
    /// The begin on the site's clock.
    local: String,
    hours: f64,
    complete: bool,
    #[serde(flatten)]
    figures: FiguresBody,
}

#[derive(Serialize)]
struct FiguresBody {
    /// Energy drawn.
    import_kwh: FigureBody<f64>,
    /// Share of the time, up to now, for which the energy is known.
    coverage_pct: f64,
    /// In the order of `counters`.
    production: Vec<ProductionBody>,
}

#[derive(Serialize)]
struct ProductionBody {
    meter: String,
    quantity: &'static str,
    /// In the counter's unit.
    count: FigureBody<f64>,
    coverage_pct: f64,
    /// How often the counter started again.
    restarts: usize,
    /// Readings that were not used, since no counter could show them.
    ignored: usize,
    /// Energy of one piece, one cycle, one tonne.
    kwh_per_unit: FigureBody<f64>,
}

/// A counter and whose it is.
#[derive(Clone)]
struct Counter {
    meter: MeterId,
    quantity: Quantity,
    per: &'static str,
    /// How many of the counter's unit make one.
    units: f64,
}

/// A counter with what was produced in each step, the whole last.
struct Told {
    counter: Counter,
    produced: Vec<Produced>,
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
        None => {
            let last = Timestamp::from_micros(to.as_micros() - 1);
            let first = step.back(last, step.usual_count() - 1, zone).ok_or_else(beyond)?;
            first.max(to.minus(RANGE_MAX))
        }
    };
    let edges = edges(step, stretch((from, to), RANGE_MAX)?, zone)?;
    let steps: Vec<Window> = edges
        .windows(2)
        .map(|pair| Window { from: pair[0], to: pair[1] })
        .filter(|window| window.from < now)
        .collect();
    let counters = counters(&service, &meter);
    let sent = Sent::of(&service.store, &meter);
    let supply_w = service.site.supply_w();
    let elapsed: Vec<Window> =
        steps.iter().map(|step| Window { from: step.from, to: step.to.min(now) }).collect();
    let length = interval(&edges, step);
    let last = edges.last().copied().unwrap_or(now);
    let whole = Window { from: edges[0], to: last.min(now).max(edges[0]) };
    let of = meter.clone();
    let (energy, told) = blocking(&service.store, move |store| {
        let range = (whole.from, whole.to);
        let reach = Reach { archive: store.reads(), meter: &of, range, length, edges: &edges };
        let inputs = Inputs::read(&reach, sent)?;
        let mut energy = energy_bars(&elapsed, &inputs.borrowed(supply_w));
        energy.extend(energy_bars(&[whole], &inputs.borrowed(supply_w)));
        let mut told = Vec::new();
        for counter in counters {
            let readings = readings(store, &counter, whole)?;
            let mut bars = produced(&elapsed, &readings);
            bars.extend(produced(&[whole], &readings));
            told.push(Told { counter, produced: bars });
        }
        Ok((energy, told))
    })
    .await?;
    let figures = |place: usize| FiguresBody::of(&energy[place], &told, place);
    let bar = |(place, step): (usize, &Window)| BarBody {
        from: Utc(step.from),
        to: Utc(step.to),
        local: with_offset(step.from, zone),
        hours: step.seconds() / 3600.0,
        complete: step.to <= now,
        figures: figures(place),
    };
    Ok(Json(Body {
        meter: meter.to_string(),
        step: step.name(),
        zone: zone.iana_name().map(str::to_owned),
        from: Utc(whole.from),
        to: Utc(steps.last().map_or(whole.to, |last| last.to)),
        reason: told.is_empty().then(|| Reason::NoCounter.into()),
        bars: steps.iter().enumerate().map(bar).collect(),
        total: figures(steps.len()),
        counters: told.iter().map(|told| CounterBody::of(&told.counter)).collect(),
    }))
}

/// The counters that belong to a meter: those that have told something.
fn counters(outlet: &Outlet, meter: &MeterId) -> Vec<Counter> {
    let belongs = outlet
        .meters
        .iter()
        .filter(|other| other.id == *meter || other.counter_of.as_ref() == Some(meter));
    let mut counters = Vec::new();
    for other in belongs {
        let Some(latest) = outlet.store.latest(&other.id) else { continue };
        for (quantity, per, units) in COUNTERS {
            if latest.value(quantity).is_some() {
                counters.push(Counter { meter: other.id.clone(), quantity, per, units });
            }
        }
    }
    counters
}

/// A counter's readings as far as they are needed; runs of one value are the first three and the last.
fn readings(store: &Store, counter: &Counter, whole: Window) -> Result<Vec<Sample>, store::Error> {
    let list = store.latest(&counter.meter);
    let list = list.and_then(|latest| Some(latest.value(counter.quantity)?.list.clone()));
    let Window { mut from, to: behind } = reach(whole);
    let mut readings: Vec<Sample> = Vec::new();
    while from < behind {
        let to = from.plus(PIECE).min(behind);
        for row in store.numbers(&counter.meter, (from, to), &[counter.quantity])? {
            let usable = row.qualities.first().is_some_and(|quality| *quality != Quality::Bad);
            let value = row.values.first().copied().flatten();
            let Some(value) = value.filter(|_| usable && Some(&row.list) == list.as_ref()) else {
                continue;
            };
            match readings.as_mut_slice() {
                [.., first, second, third, last]
                    if [first.1, second.1, third.1, last.1] == [value; 4] =>
                {
                    last.0 = row.measured_at;
                }
                _ => readings.push((row.measured_at, value)),
            }
        }
        from = to;
    }
    Ok(readings)
}

impl CounterBody {
    fn of(counter: &Counter) -> Self {
        Self {
            meter: counter.meter.to_string(),
            quantity: counter.quantity.name(),
            unit: counter.quantity.unit().map_or("", Unit::symbol),
            per: counter.per,
        }
    }
}

impl FiguresBody {
    fn of(energy: &EnergyBar, told: &[Told], place: usize) -> Self {
        let kilo = |figure: Figure| figure.map(|value| value / 1000.0);
        let production = |told: &Told| {
            let produced = &told.produced[place];
            let each = per_unit((energy.import_wh, energy.coverage_pct), produced);
            ProductionBody {
                meter: told.counter.meter.to_string(),
                quantity: told.counter.quantity.name(),
                count: produced.count.into(),
                coverage_pct: produced.coverage_pct,
                restarts: produced.restarts,
                ignored: produced.ignored,
                kwh_per_unit: kilo(each).map(|value| value * told.counter.units).into(),
            }
        };
        Self {
            import_kwh: kilo(energy.import_wh).into(),
            coverage_pct: energy.coverage_pct,
            production: told.iter().map(production).collect(),
        }
    }
}
