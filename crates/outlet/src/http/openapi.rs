//! `GET /openapi.json`: the contract itself.
//!
//! The document is written by hand in `contracts/`, so that a changed public name is a changed line
//! there; tests hold every route and every answer against it, in both directions.

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

const DOCUMENT: &str = include_str!("../../../../contracts/openapi.json");

pub(super) async fn get() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT)
}
