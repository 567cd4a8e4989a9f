//! `GET /api/v1/analysis/loads?meter&from&to&points`: who draws what, now, today and over a range.
//!
//! In: a meter (the main one by default). Out: it and every meter behind it with load, state, hours
//! and energy, and what no meter explains; with `from` the courses of the range, too. Without a main
//! meter all meters of the site, and their sum.

mod body;
mod ledger;
mod now;
mod range;
mod unrest;

pub use unrest::Unrest;

pub(in crate::http) use ledger::Ledger;
pub(crate) use now::Now;

use crate::http::Service;
use crate::http::problem::Problem;
use crate::http::v1::choose;
use crate::http::v1::parameter::{bad, instant, parameters, stretch, whole};
use crate::json::Utc;
use crate::lookup::blocking;
use analysis::chapter25::Mode;
use analysis::loads::Branch;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Json;
use body::{Body, LoadBody, Subject, SumBody};
use ledger::{Asking, Day};
use range::{POINTS_DEFAULT, POINTS_MAX, RANGE_MAX, RangeBody};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    meter: Option<String>,
    from: Option<String>,
    to: Option<String>,
    points: Option<String>,
}

pub(in crate::http::v1) async fn get(
    State(service): State<Arc<Service>>,
    uri: Uri,
) -> Result<Json<Body>, Problem> {
    let asked: Parameters = parameters(&uri, "meter, from, to and points")?;
    let chosen = choose(&service, asked.meter.as_deref())?.id.clone();
    let clock = (service.clock)();
    let to = instant("to", asked.to.as_deref())?;
    let range = match (instant("from", asked.from.as_deref())?, to) {
        (Some(from), to) => Some(stretch((from, to.unwrap_or(clock)), RANGE_MAX)?),
        (None, Some(_)) => return Err(bad("to needs from.")),
        (None, None) => None,
    };
    let points = whole("points", asked.points.as_deref(), 1..=POINTS_MAX)?;
    let points = points.and_then(|points| usize::try_from(points).ok()).unwrap_or(POINTS_DEFAULT);
    let named = asked.meter.is_some();
    let asking = Asking::of(&service).ok_or_else(|| bad("The clock is beyond the calendar."))?;
    let root = service.meters.iter().position(|meter| meter.id == chosen).unwrap_or(0);
    let answering = Arc::clone(&service);
    let body = blocking(&service.store, move |store| {
        answering.unrest.refresh(&answering)?;
        let now = Now::of(&answering, Mode::Extended);
        let is_sum = !named && !now.tops.is_empty();
        let places = if is_sum {
            family(&now.branches, now.tops.iter().map(|top| (*top, 1)))
        } else {
            family(&now.branches, std::iter::once((root, 0)))
        };
        let mut days: Vec<Option<Arc<Day>>> = vec![None; answering.meters.len()];
        for (place, _) in &places {
            let meter = &answering.meters[*place];
            days[*place] = Some(answering.ledger.day((store, meter), &asking)?);
        }
        // Reading the days of a new service takes its time.
        let now = Now::of(&answering, Mode::Extended);
        let subjects: Vec<Subject<'_>> = places
            .iter()
            .filter_map(|(place, depth)| {
                let day = days[*place].as_deref()?;
                Some(Subject {
                    meter: &answering.meters[*place],
                    place: *place,
                    depth: *depth,
                    day,
                })
            })
            .collect();
        let meters = &answering.meters;
        let sum = is_sum.then(|| SumBody::of(&now, meters));
        let whole_kw = match &sum {
            Some(sum) => sum.kw,
            None => now.branches[root].load.known().map(|known| known.kw),
        };
        let bodies = subjects
            .iter()
            .map(|subject| LoadBody::new(subject, (&now, whole_kw), (meters, asking.now)));
        Ok(Body {
            meter: sum.is_none().then(|| chosen.to_string()),
            now: Utc(asking.now),
            at: Utc(now.at),
            sum,
            meters: bodies.collect(),
            range: range
                .map(|range| RangeBody::read(store, &subjects, (range, points)))
                .transpose()?,
        })
    })
    .await?;
    Ok(Json(body))
}

/// Most meters whose days are read before anybody asks.
const READY_MAX: usize = 64;

/// Reads the days of the site's meters, one after another, before somebody waits for them, then goes
/// on following how restless they are. Without machines nobody will ask.
pub(in crate::http) async fn make_ready(service: Arc<Service>) {
    if service.meters.len() < 2 {
        return;
    }
    follow(&service).await;
    for place in 0..service.meters.len().min(READY_MAX) {
        let reading = Arc::clone(&service);
        let read = blocking(&service.store, move |store| {
            let Some(asking) = Asking::of(&reading) else { return Ok(()) };
            reading.ledger.day((store, &reading.meters[place]), &asking).map(drop)
        });
        // Who asks will be told what is wrong.
        if read.await.is_err() {
            break;
        }
    }
    loop {
        tokio::time::sleep(unrest::FRESH).await;
        follow(&service).await;
    }
}

async fn follow(service: &Arc<Service>) {
    let reading = Arc::clone(service);
    let read = blocking(&service.store, move |_| reading.unrest.refresh(&reading)).await;
    if let Err(cause) = read {
        tracing::debug!(%cause, "how restless the loads are could not be read");
    }
}

/// Meters with their depths, and those behind them, each before those behind itself.
fn family(
    branches: &[Branch],
    first: impl DoubleEndedIterator<Item = (usize, usize)>,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut waiting: Vec<(usize, usize)> = first.rev().collect();
    while let Some((place, depth)) = waiting.pop() {
        found.push((place, depth));
        let children = branches.iter().enumerate().rev();
        let children = children.filter(|(_, branch)| branch.parent == Some(place));
        waiting.extend(children.map(|(child, _)| (child, depth + 1)));
    }
    found
}
