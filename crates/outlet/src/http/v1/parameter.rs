//! What a query may say, read strictly: a wrong parameter is told, never ignored.

use crate::http::problem::Problem;
use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use reading::Timestamp;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Most characters of a refused text that are said back.
const ECHO_MAX: usize = 64;

/// The parameters of an address; `names` says which there are, for the message.
///
/// # Errors
/// Another parameter, one that is repeated, a malformed address.
pub(super) fn parameters<P: DeserializeOwned>(uri: &Uri, names: &str) -> Result<P, Problem> {
    let query = Query::<P>::try_from_uri(uri);
    let Query(parameters) = query.map_err(|_| {
        let detail = format!("The query may hold {names}, each at most once.");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    Ok(parameters)
}

/// A whole number within a range.
///
/// # Errors
/// Another text.
pub(super) fn whole(
    name: &str,
    text: Option<&str>,
    range: RangeInclusive<u64>,
) -> Result<Option<u64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    let wrong = || {
        let (least, most) = (range.start(), range.end());
        let given = echo(text);
        bad(format!("{name}: expected a whole number, {least} to {most}, got \"{given}\"."))
    };
    number.map(Some).ok_or_else(wrong)
}

/// An instant in RFC 3339.
///
/// # Errors
/// Another text.
pub(super) fn instant(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    // A form-encoded plus sign is a space: the offset of a time that was not escaped.
    let parsed = Timestamp::parse_rfc3339(&text.replace(' ', "+"));
    parsed.map(Some).map_err(|error| bad(format!("{name}: {error}.")))
}

/// A stretch of time: `from` included, `to` not.
///
/// # Errors
/// An empty stretch, or one that is longer than `longest`.
pub(super) fn stretch(
    (from, to): (Timestamp, Timestamp),
    longest: Duration,
) -> Result<(Timestamp, Timestamp), Problem> {
    if from >= to {
        return Err(bad(format!("from ({from}) must be before to ({to}).")));
    }
    if to.since(from) > longest {
        let days = longest.as_secs() / 86_400;
        return Err(bad(format!("from {from} to {to} is longer than {days} days: ask for less.")));
    }
    Ok((from, to))
}

/// The beginning of a refused text.
pub(super) fn echo(text: &str) -> String {
    text.chars().take(ECHO_MAX).collect()
}

/// A refusal of the query.
pub(super) fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
