//! `GET /api/v1/meters/{id}/frames?limit&only`: the last telegrams and messages of a meter's wire,
//! bytes and explanation, the newest first. They are kept in memory: a restart begins anew.

use super::choose;
use super::figure::ReasonBody;
use super::parameter::{bad, echo, parameters, whole};
use super::telegram::TelegramBody;
use crate::frames::{KEPT_MAX, Wanted};
use crate::http::Service;
use crate::http::problem::Problem;
use crate::json::Utc;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Telegrams of an answer whose number was not asked.
const LIMIT_DEFAULT: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    limit: Option<String>,
    only: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    meter: &'a str,
    frames: Vec<FrameBody<'a>>,
    /// Why there is none.
    reason: Option<ReasonBody>,
}

#[derive(Serialize)]
struct FrameBody<'a> {
    id: u64,
    received_at: Utc,
    direction: &'static str,
    #[serde(flatten)]
    telegram: TelegramBody<'a>,
}

const NO_WIRE: ReasonBody =
    ReasonBody::new("no_wire", "This meter has no port and no broker: it is fed over HTTP.");
const NO_TELEGRAM: ReasonBody =
    ReasonBody::new("no_telegram", "No telegram came since the program was started.");
const NO_BAD_TELEGRAM: ReasonBody =
    ReasonBody::new("no_bad_telegram", "No telegram was refused since the program was started.");

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let parameters: Parameters = parameters(&uri, "limit and only")?;
    let limit = whole("limit", parameters.limit.as_deref(), 1..=KEPT_MAX as u64)?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT_DEFAULT);
    let wanted = match parameters.only.as_deref() {
        None => Wanted::All,
        Some("bad") => Wanted::Bad,
        Some(other) => {
            let other = echo(other);
            return Err(bad(format!("only: expected \"bad\" or nothing, got \"{other}\".")));
        }
    };
    let meter = choose(&service, Some(&id))?;
    let kept = service.frames.last(&meter.id, wanted, limit);
    let reason = match (&kept, wanted) {
        (None, _) => Some(NO_WIRE),
        (Some(frames), _) if !frames.is_empty() => None,
        (Some(_), Wanted::All) => Some(NO_TELEGRAM),
        (Some(_), Wanted::Bad) => Some(NO_BAD_TELEGRAM),
    };
    let kept = kept.unwrap_or_default();
    let telegrams: Vec<_> = kept.iter().map(|frame| service.frames.explained(frame)).collect();
    let frames = kept.iter().zip(&telegrams).map(|(frame, telegram)| FrameBody {
        id: frame.id,
        received_at: Utc(frame.received_at),
        direction: frame.direction.name(),
        telegram: TelegramBody(telegram),
    });
    let frames = frames.collect();
    Ok(json(&Body { meter: meter.id.as_str(), frames, reason }))
}

/// A body that borrows what it tells.
pub(super) fn json(body: &impl Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("texts, numbers and their lists");
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}
