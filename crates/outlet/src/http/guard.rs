//! What every request must satisfy before a route sees it, and what every answer carries.
//!
//! In: any request. Out: the route's answer with security headers, or a problem document.
//! Refuses: a `Host` that is not ours (DNS rebinding: a page of another site that resolves its
//! own name to this machine), requests that a page of another origin made, writes that are no
//! JSON, oversized addresses and headers, callers whom `access` does not let in, and routes that
//! take longer than [`REQUEST_MAX`].

use super::Service;
use super::access::{self, Caller};
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;

/// Longest time from a request's head to its answer's head. An event stream goes on afterwards.
pub(super) const REQUEST_MAX: Duration = Duration::from_secs(30);
/// Longest path with query, in bytes.
const ADDRESS_MAX: usize = 8 * 1024;
/// Most bytes of header names and values together.
const HEADERS_MAX: usize = 32 * 1024;

/// Posts that change nothing: they only ask with a body.
const READ_ONLY_POSTS: [&str; 1] = ["/api/v1/decode"];

/// Nothing but our own files, and no script or style inside a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What the page never asks a browser for.
const PERMISSIONS_POLICY: &str = "accelerometer=(), camera=(), \
     display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), \
     midi=(), payment=(), serial=(), usb=()";
/// A year, for browsers that came by TLS with a certificate they trust.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000";

/// The middleware around every route.
pub(super) async fn guard(
    State(outlet): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    outlet.counters.requests.one();
    let answer = match check(&request, &outlet) {
        Err(problem) => problem.into_response(),
        Ok(()) => match outlet.access.admit(&request) {
            Err(refusal) => refusal.answer(request.uri().path()),
            Ok(caller) => answer(&outlet, caller, request, next).await,
        },
    };
    let class = usize::from(answer.status().as_u16() / 100).saturating_sub(1);
    if let Some(count) = outlet.counters.statuses.get(class) {
        count.one();
    }
    if answer.status().is_server_error() {
        outlet.counters.failures.one();
    }
    with_security_headers(answer, outlet.access.is_strictly_tls())
}

/// The route's answer, for as long as its caller is let in.
async fn answer(
    outlet: &Arc<Service>,
    caller: Option<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let write = (request.method() == Method::POST).then(|| request.uri().path().to_owned());
    let Ok(answer) = tokio::time::timeout(REQUEST_MAX, next.run(request)).await else {
        let detail = format!("No answer within {} s.", REQUEST_MAX.as_secs());
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
    };
    match caller {
        Some(caller) => access::outcome::told(outlet, caller, write.as_deref(), answer),
        None => answer,
    }
}

fn check(request: &Request, outlet: &Service) -> Result<(), Problem> {
    let uri = request.uri();
    let address = uri.path().len() + uri.query().map_or(0, str::len);
    if address > ADDRESS_MAX {
        let detail = format!("The address has {address} bytes; at most {ADDRESS_MAX} are read.");
        return Err(Problem::new(StatusCode::URI_TOO_LONG, detail));
    }
    let headers = request.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > HEADERS_MAX {
        let detail = format!("The headers have {size} bytes; at most {HEADERS_MAX} are read.");
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail));
    }
    let host = host(request)?;
    let peer = access::peer(request);
    if !access::name_of(host).is_some_and(|name| outlet.access.is_named(name, peer)) {
        let detail = format!(
            "This server does not answer for \"{host}\". Use localhost, 127.0.0.1, [::1] or the \
             configured address, or add the name to `names` under [http] in the configuration."
        );
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
    }
    same_origin(headers, host)?;
    if request.method() == Method::POST {
        is_plain_body(request.uri().path(), headers)?;
    }
    Ok(())
}

/// The authority the client asked for: of an absolute address, else of the one `Host` header.
fn host(request: &Request) -> Result<&str, Problem> {
    if let Some(authority) = request.uri().authority() {
        return Ok(authority.as_str());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next().map(HeaderValue::to_str), hosts.next()) {
        (Some(Ok(host)), None) => Ok(host),
        _ => Err(Problem::new(StatusCode::BAD_REQUEST, "Send exactly one Host header.")),
    }
}

/// A browser names the page behind a request; only our own page may be behind one.
fn same_origin(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let refused = || Problem::new(StatusCode::FORBIDDEN, "A page of another origin asked.");
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
        && headers.get("sec-fetch-mode").is_none_or(|mode| mode != "navigate")
    {
        return Err(refused());
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let authority = origin.to_str().ok().and_then(|origin| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
    });
    match authority {
        Some(authority) if authority.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(refused()),
    }
}

/// The essence of the `Content-Type`, as sent.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.split(';').next().unwrap_or_default().trim())
}

/// What a post may be. Everywhere: JSON as it is; without a `Content-Type` the body has to prove
/// it, since a browser always names the origin of a write, and a page's script may only name this
/// type where it was asked for first. What changes nothing ([`READ_ONLY_POSTS`]) also takes types
/// that a form of another site could send: `same_origin` has refused those.
fn is_plain_body(path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |detail| Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if !codings.all(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"identity")) {
        return refused("Send the body without Content-Encoding: it is read as it comes.");
    }
    let is = |wanted: &str| media_type(headers).is_some_and(|it| it.eq_ignore_ascii_case(wanted));
    if is("application/json") {
        return Ok(());
    }
    if READ_ONLY_POSTS.contains(&path) {
        return match is("application/octet-stream") || is("text/plain") {
            true => Ok(()),
            false => refused(
                "Send it with -H 'Content-Type: …': application/octet-stream for raw bytes, \
                 text/plain for hexadecimal text, or application/json.",
            ),
        };
    }
    if headers.contains_key(header::CONTENT_TYPE) || headers.contains_key(header::ORIGIN) {
        return refused("Send it with -H 'Content-Type: application/json'.");
    }
    Ok(())
}

fn with_security_headers(mut answer: Response, strictly_tls: bool) -> Response {
    let headers = answer.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if strictly_tls {
        let value = HeaderValue::from_static(STRICT_TRANSPORT_SECURITY);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    // A measurement of now must not be answered from a cache; the page sets its own rule.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}
