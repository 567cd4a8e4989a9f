//! What follows from an answer for whoever was let in.
//!
//! In: the caller, the route's answer. Out: the answer; accepted writes are summed up for the
//! audit log, and an event stream ends when its caller is let in no more.

use super::super::Service;
use super::Caller;
use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use futures_util::StreamExt;
use std::sync::Arc;

/// How many rows a write stored; its route puts this beside its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows(pub(crate) usize);

/// The answer to `caller`; `write` is the address of a write.
pub(in super::super) fn told(
    service: &Arc<Service>,
    caller: Caller,
    write: Option<&str>,
    answer: Response,
) -> Response {
    if let Some(path) = write.filter(|_| answer.status().is_success()) {
        let rows = answer.extensions().get::<Rows>().map(|Rows(rows)| *rows);
        service.access.note_post(&caller, path, rows);
    }
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if !is_stream {
        return answer;
    }
    let service = Arc::clone(service);
    answer.map(|body| {
        let ended = async move { service.access.ended(&caller.who).await };
        Body::from_stream(body.into_data_stream().take_until(Box::pin(ended)))
    })
}
