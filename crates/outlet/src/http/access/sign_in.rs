//! `/api/v1/session`: the page signs in with a token, asks who it is, and signs out.
//!
//! In: `POST {"token": "tri_…"}`. Out: a cookie that no script can read and no other site makes a
//! browser send, with a random number of 256 bits; its digest is all that is kept. The cookie also
//! carries the event stream. Refuses: wrong tokens, more slowly each time.

use super::super::Service;
use super::super::problem::Problem;
use super::session::AGE_MAX;
use super::token::{self, Digest, Secret};
use super::{Access, Entry, Known, Refusal, Who, is_our_page, locked, peer};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError};
use tokio::time::Instant;

/// The address of all three.
pub(in super::super) const PATH: &str = "/api/v1/session";
/// Longest body, in bytes.
const BODY_MAX: usize = 4 * 1024;

/// What a client may do now.
#[derive(Debug, Serialize)]
struct SessionBody {
    /// There is no token: everybody on this machine may do everything.
    open: bool,
    signed_in: bool,
    /// The token's name.
    name: Option<String>,
    /// What this client may do; null when it must sign in first.
    scope: Option<&'static str>,
}

impl SessionBody {
    fn of(who: Option<&Who>) -> Self {
        Self {
            open: matches!(who, Some(Who::Anybody)),
            signed_in: matches!(who, Some(Who::Token(_) | Who::Session(..))),
            name: who.and_then(Who::name).map(str::to_owned),
            scope: who.map(|who| who.scope().name()),
        }
    }
}

#[derive(Deserialize)]
struct SignIn {
    token: String,
}

/// The three methods of the address.
pub(in super::super) fn routes() -> MethodRouter<Arc<Service>> {
    routing::get(get).post(post).delete(delete)
}

async fn get(State(service): State<Arc<Service>>, request: Request) -> Response {
    let access = &service.access;
    let now = Instant::now();
    match access.who(request.headers(), now) {
        Ok(who) => Json(SessionBody::of(who.as_ref())).into_response(),
        // The page shows its box; signing in says what is wrong.
        Err(Refusal::Unreadable) => Json(SessionBody::of(None)).into_response(),
        Err(refusal) => access.refused(refusal, from(&request), now).answer(PATH),
    }
}

async fn post(State(service): State<Arc<Service>>, request: Request) -> Response {
    let from = from(&request);
    let earlier = service.access.session_id(request.headers());
    let Ok(body) = to_bytes(request.into_body(), BODY_MAX).await else {
        let detail = format!("A token in JSON has at most {BODY_MAX} bytes.");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response();
    };
    let Ok(SignIn { token }) = serde_json::from_slice(&body) else {
        let detail = "Expected {\"token\": \"tri_…\"}.";
        return Problem::new(StatusCode::BAD_REQUEST, detail).into_response();
    };
    let access = &service.access;
    match access.sign_in(token.trim(), from) {
        Ok((who, cookie)) => {
            if let Some(earlier) = earlier {
                access.end_session(earlier);
            }
            let mut answer = Json(SessionBody::of(Some(&who))).into_response();
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
            answer
        }
        Err(refusal) => refusal.answer(PATH),
    }
}

async fn delete(State(service): State<Arc<Service>>, request: Request) -> Response {
    let access = &service.access;
    if let Some(id) = access.session_id(request.headers()) {
        if let Err(refusal) = is_our_page(request.headers()) {
            return access.refused(refusal, from(&request), Instant::now()).answer(PATH);
        }
        let who = access.who(request.headers(), Instant::now()).ok().flatten();
        if access.end_session(id) {
            access.audit.record(&Entry {
                what: "signed_out",
                who: who.as_ref().and_then(Who::name),
                from: Some(from(&request)),
                ..Entry::default()
            });
        }
    }
    let mut answer = StatusCode::NO_CONTENT.into_response();
    answer.headers_mut().insert(header::SET_COOKIE, access.cookie("", 0));
    answer
}

impl Access {
    /// Begins a session with a token.
    pub(super) fn sign_in(&self, sent: &str, from: IpAddr) -> Result<(Who, HeaderValue), Refusal> {
        let now = Instant::now();
        let found = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            match &*known {
                Known::Unreadable => Err(Refusal::Unreadable),
                Known::Tokens(tokens) if self.is_open_with(tokens) => Err(Refusal::Open),
                Known::Tokens(tokens) => Secret::of_token(sent)
                    .and_then(|secret| token::find(tokens, secret.digest()).map(Arc::clone))
                    .ok_or(Refusal::Unknown),
            }
        };
        let token = found.map_err(|refusal| self.refused(refusal, from, now))?;
        let number = Secret::random();
        locked(&self.sessions).begin(number.digest(), token.digest, now);
        let who = Some(token.name.as_str());
        let from = Some(from);
        self.audit.record(&Entry { what: "signed_in", who, from, ..Entry::default() });
        let cookie = self.cookie(&number.hex(), AGE_MAX.as_secs());
        Ok((Who::Session(token, number.digest()), cookie))
    }

    fn end_session(&self, id: Digest) -> bool {
        let ended = locked(&self.sessions).end(id);
        if ended {
            // Its event streams end, too.
            self.changed();
        }
        ended
    }

    /// The session that the cookie names, known or not.
    pub(super) fn session_id(&self, headers: &HeaderMap) -> Option<Digest> {
        let name = self.cookie_name();
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = sent.flat_map(|cookies| cookies.split(';'));
        let number = pairs.find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })?;
        Some(Secret::of_hex(number)?.digest())
    }

    /// Cookies know no ports: two services on one machine need names of their own.
    fn cookie_name(&self) -> String {
        let prefix = if self.tls.is_some() { "__Host-" } else { "" };
        format!("{prefix}triphase_{}", self.listen.port())
    }

    fn cookie(&self, number: &str, seconds: u64) -> HeaderValue {
        let secure = if self.tls.is_some() { "; Secure" } else { "" };
        let name = self.cookie_name();
        let text = format!(
            "{name}={number}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
        );
        HeaderValue::from_str(&text).expect("digits and words are a header value")
    }
}

fn from(request: &Request) -> IpAddr {
    peer(request).map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.remote)
}
