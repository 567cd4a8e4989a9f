//! `GET /api/v1/analysis/doctor`: what is wrong with the wiring.

use crate::diagnose;
use crate::http::Service;
use crate::http::problem::Problem;
use crate::http::v1::parameter::parameters;
use crate::lookup::blocking;
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use reading::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Whoever asks again within this time gets the same answer.
const FRESH: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {}

/// The last diagnosis; held while a new one is made, so that it is made once.
#[derive(Default)]
pub(in crate::http) struct Practice(tokio::sync::Mutex<Option<(Timestamp, String)>>);

pub(in crate::http::v1) async fn get(
    State(service): State<Arc<Service>>,
    uri: Uri,
) -> Result<Response, Problem> {
    let Parameters {} = parameters(&uri, "nothing")?;
    let mut last = service.practice.0.lock().await;
    let now = (service.clock)();
    if let Some((at, text)) = last.as_ref()
        && *at <= now
        && now.since(*at) < FRESH
    {
        return Ok(json(text.clone()));
    }
    let asked = Arc::clone(&service);
    let diagnosis = blocking(&service.store, move |store| {
        diagnose(store.reads(), &asked.meters, (asked.site.nominal_voltage_v, now))
    })
    .await?;
    let text = serde_json::to_string(&diagnosis).expect("text keys and finite depth");
    *last = Some((now, text.clone()));
    Ok(json(text))
}

fn json(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
