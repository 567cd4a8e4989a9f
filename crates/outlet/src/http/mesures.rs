//! `POST /api/mesures`: measurements of chapter 25's form into the store.
//!
//! In: one measurement or an array. Out: 201 once all of them are on disk, else a problem
//! document and nothing stored. The same measurement again is no error; other values for the
//! same meter and time are a conflict and leave the stored ones as they were.

use super::Service;
use super::access::outcome::Rows;
use super::intake::{self, Intake, ROWS_MAX};
use super::problem::{FieldError, Problem};
use crate::Outlet;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use reading::{ListId, MeterId, Telegram, Timestamp};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use store::{Appended, Batch};

/// Largest body, in bytes.
pub(super) const BODY_MAX: usize = 4 * 1024 * 1024;

const _: () = assert!(ROWS_MAX <= store::BATCH_TELEGRAMS_MAX, "a whole request is one batch");

/// The list under which posted measurements are stored; a posted row stands alone.
pub(super) const LIST: &str = "http";

#[derive(Debug, Serialize)]
pub(super) struct Stored {
    enregistrees: usize,
}

pub(super) async fn post(
    State(outlet): State<Arc<Service>>,
    request: Request,
) -> Result<(StatusCode, Extension<Rows>, Json<Stored>), Problem> {
    let _room = outlet.intakes.acquire().await.expect("the intake is never closed");
    let body = body(request).await?;
    let telegrams = telegrams(&outlet, &body)?;
    let enregistrees = store_all(&outlet, telegrams).await?;
    Ok((StatusCode::CREATED, Extension(Rows(enregistrees)), Json(Stored { enregistrees })))
}

/// A whole body.
pub(super) async fn body(request: Request) -> Result<Bytes, Problem> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("At most {BODY_MAX} bytes and {ROWS_MAX} measurements fit.");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "The body did not arrive whole."),
    })
}

/// Stores all of them or nothing; returns how many are on disk.
pub(super) async fn store_all(outlet: &Outlet, telegrams: Vec<Telegram>) -> Result<usize, Problem> {
    let count = telegrams.len();
    if count == 0 {
        return Ok(0);
    }
    let keys: Vec<_> = telegrams.iter().map(|row| (row.meter.clone(), row.measured_at)).collect();
    let batch = Batch::all_or_nothing(telegrams);
    let appended = outlet.store.append(batch).await.map_err(|error| Problem::internal(&error))?;
    let conflicts = conflicts(&keys, &appended);
    if conflicts.is_empty() {
        outlet.counters.posted.add(appended.len() as u64);
        return Ok(count);
    }
    let detail = "Other values are known for the same meter and time. Nothing was stored.";
    Err(Problem::new(StatusCode::CONFLICT, detail).with_errors(conflicts))
}

fn telegrams(outlet: &Outlet, body: &[u8]) -> Result<Vec<Telegram>, Problem> {
    let only_meter = match outlet.meters.as_slice() {
        [only] => Some(only.id.clone()),
        _ => None,
    };
    let intake = Intake {
        list: ListId::new(LIST),
        now: (outlet.clock)(),
        only_meter,
        find_meter: &|name| outlet.find_meter(name).map(|meter| meter.id.clone()),
    };
    intake::telegrams(body, &intake)
}

/// The rows whose meter and time have other values, and where those are.
fn conflicts(keys: &[(MeterId, Timestamp)], appended: &[Appended]) -> Vec<FieldError> {
    let mut first: HashMap<&(MeterId, Timestamp), usize> = HashMap::new();
    let rows = keys.iter().zip(appended).enumerate();
    let conflicting = rows.filter_map(|(index, (key, appended))| {
        let first = *first.entry(key).or_insert(index);
        let other = match appended {
            // Nothing of the batch is stored, so its own rows have no number.
            Appended::Conflict(0) => format!("row {first} of this batch"),
            Appended::Conflict(id) => format!("stored sample {id}"),
            Appended::New(_) | Appended::Duplicate(_) => return None,
        };
        Some(FieldError {
            index,
            field: "timestamp".to_owned(),
            message: format!("{other} has the same meter and time and other values"),
        })
    });
    conflicting.take(intake::ERRORS_MAX).collect()
}
