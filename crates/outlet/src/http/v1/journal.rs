//! `GET /api/v1/journal?meter&from&to&order&limit&after`: what happened to a meter, page by page.
//!
//! In: a meter (the main one by default), when events began (`from` included, `to` not), whether
//! the oldest or the newest come first, the last id of the page before. Out: entries in the order
//! in which they were noted or against it, and `next`, the `after` of the next page, or null on the
//! last one.

use super::choose;
use super::parameter::{bad, echo, instant, parameters, whole};
use crate::http::Service;
use crate::http::problem::Problem;
use crate::json::Utc;
use crate::lookup::blocking;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Json;
use reading::{JournalChange, LinkCause};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{JournalOrder, JournalQuery, NotedEntry};

/// Entries of a page whose size was not asked.
const LIMIT_DEFAULT: usize = 100;
/// Most entries of a page.
const LIMIT_MAX: usize = 1000;
/// The largest id that a store can give.
const ID_MAX: u64 = u64::MAX >> 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    meter: Option<String>,
    from: Option<String>,
    to: Option<String>,
    order: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Body {
    entries: Vec<EntryBody>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct EntryBody {
    id: u64,
    meter: String,
    kind: &'static str,
    /// When it began.
    at: Utc,
    /// When it was over; null for what has no end, or none yet.
    until: Option<Utc>,
    /// The arrival of what proved it.
    noted_at: Utc,
    list: Option<String>,
    /// Why a link was lost.
    cause: Option<&'static str>,
    reason: Option<String>,
    changes: Vec<ChangeBody>,
}

#[derive(Serialize)]
struct ChangeBody {
    what: String,
    before: Option<String>,
    after: Option<String>,
    unit: Option<&'static str>,
}

impl From<JournalChange> for ChangeBody {
    fn from(JournalChange { what, before, after, unit }: JournalChange) -> Self {
        Self { what, before, after, unit }
    }
}

impl From<NotedEntry> for EntryBody {
    fn from(NotedEntry { id, entry }: NotedEntry) -> Self {
        Self {
            id,
            meter: entry.meter.to_string(),
            kind: entry.kind.name(),
            at: Utc(entry.at),
            until: entry.until.map(Utc),
            noted_at: Utc(entry.noted_at),
            list: entry.list.map(|list| list.to_string()),
            cause: entry.cause.map(LinkCause::name),
            reason: entry.reason,
            changes: entry.changes.into_iter().map(ChangeBody::from).collect(),
        }
    }
}

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    uri: Uri,
) -> Result<Json<Body>, Problem> {
    let parameters: Parameters = parameters(&uri, "meter, from, to, order, limit and after")?;
    let meter = choose(&service, parameters.meter.as_deref())?;
    let limit = whole("limit", parameters.limit.as_deref(), 1..=LIMIT_MAX as u64)?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT_DEFAULT);
    let query = JournalQuery {
        meter: meter.id.clone(),
        from: instant("from", parameters.from.as_deref())?,
        to: instant("to", parameters.to.as_deref())?,
        after: whole("after", parameters.after.as_deref(), 0..=ID_MAX)?,
        order: order(parameters.order.as_deref())?,
        // One more than asked tells whether there is another page.
        limit: limit + 1,
    };
    let noted = blocking(&service.store, move |store| store.journal(&query)).await;
    let mut noted = noted.map_err(|error| Problem::internal(&error))?;
    let more = noted.len() > limit;
    noted.truncate(limit);
    let next = noted.last().filter(|_| more).map(|one| one.id);
    Ok(Json(Body { entries: noted.into_iter().map(EntryBody::from).collect(), next }))
}

fn order(name: Option<&str>) -> Result<JournalOrder, Problem> {
    match name {
        None | Some("oldest") => Ok(JournalOrder::OldestFirst),
        Some("newest") => Ok(JournalOrder::NewestFirst),
        Some(name) => {
            Err(bad(format!("order: expected oldest or newest, got \"{}\".", echo(name))))
        }
    }
}
