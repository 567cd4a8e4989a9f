//! `POST /api/v1/decode`: what captured bytes say, as the `decode` command does.
//!
//! In: raw bytes, hexadecimal text, or JSON with keys, profile and zone beside the text. Out: one
//! object for each telegram, delivered or refused. Nothing is stored; keys are used once, and
//! neither logged nor answered.

use super::frames::json;
use super::telegram::TelegramBody;
use crate::frames::Capture;
use crate::http::Service;
use crate::http::guard::media_type;
use crate::http::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// Largest body, in bytes.
pub(super) const BODY_MAX: usize = 1 << 20;
/// Most telegrams of one capture.
const TELEGRAMS_MAX: usize = 1000;

/// The JSON form of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    data: String,
    protocol: Option<String>,
    guek: Option<String>,
    gak: Option<String>,
    key: Option<String>,
    profile: Option<String>,
    timezone: Option<String>,
}

impl From<Asked> for Capture {
    fn from(asked: Asked) -> Self {
        let Asked { data, protocol, guek, gak, key, profile, timezone } = asked;
        Self { data: data.into_bytes(), protocol, guek, gak, key, profile, timezone }
    }
}

pub(super) async fn post(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response, Problem> {
    let kind = media_type(request.headers()).map(str::to_ascii_lowercase);
    let _room = service.decodings.acquire().await.expect("the decoding is never closed");
    let body =
        Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = format!("At most {BODY_MAX} bytes fit: cut the capture.");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
            }
            _ => Problem::new(StatusCode::BAD_REQUEST, "The body did not arrive whole."),
        })?;
    let capture = capture(kind.as_deref(), &body)?;
    let decode = Arc::clone(&service.decode);
    let decoded = tokio::task::spawn_blocking(move || decode(&capture)).await;
    let decoded = decoded.map_err(|error| Problem::internal(&error))?;
    let telegrams = decoded.map_err(|fault| {
        let detail = format!("{fault}.");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })?;
    if telegrams.len() > TELEGRAMS_MAX {
        let found = telegrams.len();
        let detail = format!(
            "The capture holds {found} telegrams, at most {TELEGRAMS_MAX} are told: cut it."
        );
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let bodies: Vec<TelegramBody<'_>> = telegrams.iter().map(TelegramBody).collect();
    Ok(json(&bodies))
}

fn capture(kind: Option<&str>, body: &Bytes) -> Result<Capture, Problem> {
    match kind {
        Some("application/json") => {
            let asked = serde_json::from_slice::<Asked>(body).map_err(|error| {
                // serde_json's text may hold what was sent, and with it a key.
                let (line, column) = (error.line(), error.column());
                let detail = format!(
                    "Line {line}, column {column}: expected an object with the text data and, \
                     where needed, the texts protocol, guek, gak, key, profile, timezone."
                );
                let status = match error.classify() {
                    serde_json::error::Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
                    _ => StatusCode::BAD_REQUEST,
                };
                Problem::new(status, detail)
            })?;
            Ok(asked.into())
        }
        // Raw or hexadecimal: the command finds out, and so does this.
        _ => Ok(Capture { data: body.to_vec(), ..Capture::default() }),
    }
}
