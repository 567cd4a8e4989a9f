//! Why a request is not let in, in the words of the route it asked for.
//!
//! In: the reason. Out: 401, 403, 429 or 503 as a problem document with a stable `code`, or in the
//! form of chapter 25 on its routes. Source: RFC 6750, clause 3 (`WWW-Authenticate`), RFC 9110,
//! clause 10.2.3 (`Retry-After`).

use super::super::problem::Problem;
use super::token::Scope;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// The addresses whose errors have chapter 25's form.
const CHAPTER_25: &str = "/api/industrie/";

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Neither a token nor a session.
    Missing,
    /// A token that is not known, or no more.
    Unknown,
    /// The token may do less than this.
    Scope {
        /// What it may do.
        has: Scope,
        /// What the request needs.
        needs: Scope,
    },
    /// A write with the page's cookie that does not prove that our own page made it.
    Origin,
    /// Too many wrong tokens came before.
    Wait(Duration),
    /// There is nobody to sign in: access is open.
    Open,
    /// The token file cannot be trusted.
    Unreadable,
}

impl Refusal {
    /// All reasons, as they are counted.
    pub(crate) const CODES: [&'static str; 7] = [
        "token_missing",
        "token_unknown",
        "scope",
        "origin",
        "too_many_attempts",
        "access_open",
        "tokens_unreadable",
    ];

    pub(crate) const fn code(self) -> &'static str {
        Self::CODES[self.index()]
    }

    /// The position in [`Self::CODES`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Unknown => 1,
            Self::Scope { .. } => 2,
            Self::Origin => 3,
            Self::Wait(_) => 4,
            Self::Open => 5,
            Self::Unreadable => 6,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Missing | Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::Scope { .. } | Self::Origin => StatusCode::FORBIDDEN,
            Self::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Open => StatusCode::CONFLICT,
            Self::Unreadable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn english(self) -> String {
        match self {
            Self::Missing => "Send an access token (Authorization: Bearer tri_…), or sign in on \
                 the page."
                .to_owned(),
            Self::Unknown => "This token is not known: it was mistyped or revoked.".to_owned(),
            Self::Scope { has: Scope::Read, .. } => "This token may only read.".to_owned(),
            Self::Scope { needs, .. } => {
                format!("This token may read and send; this needs the scope {}.", needs.name())
            }
            Self::Origin => "A write with the page's session must come from the page itself \
                 (Origin)."
                .to_owned(),
            Self::Wait(wait) => {
                format!("Too many wrong tokens; try again in {} s.", seconds(wait))
            }
            Self::Open => "There is no token yet: everybody on this machine may do everything, \
                 and nobody needs to sign in."
                .to_owned(),
            Self::Unreadable => "The server's token file cannot be trusted, so nobody is let in; \
                 its log says why."
                .to_owned(),
        }
    }

    fn french(self) -> String {
        match self {
            Self::Missing => "Jeton d'accès requis (Authorization: Bearer tri_…)".to_owned(),
            Self::Unknown => "Jeton d'accès inconnu ou révoqué".to_owned(),
            Self::Scope { has: Scope::Read, .. } => "Ce jeton ne permet que la lecture".to_owned(),
            Self::Scope { .. } => "Ce jeton ne permet pas cette action".to_owned(),
            Self::Origin => "Écriture refusée : elle ne vient pas de la page".to_owned(),
            Self::Wait(wait) => {
                format!("Trop de jetons erronés : réessayez dans {} s", seconds(wait))
            }
            Self::Open => "Accès ouvert : aucun jeton n'existe".to_owned(),
            Self::Unreadable => {
                "Fichier des jetons illisible : accès fermé, voir le journal du serveur".to_owned()
            }
        }
    }

    /// The answer to a request for `path`.
    pub(crate) fn answer(self, path: &str) -> Response {
        let mut answer = if path.starts_with(CHAPTER_25) {
            (self.status(), Json(json!({ "error": self.french() }))).into_response()
        } else {
            let problem = Problem::new(self.status(), self.english());
            problem.with_code(self.code()).into_response()
        };
        let headers = answer.headers_mut();
        let challenge = match self {
            Self::Missing => Some("Bearer realm=\"triphase\""),
            Self::Unknown => Some("Bearer realm=\"triphase\", error=\"invalid_token\""),
            Self::Scope { needs: Scope::Admin, .. } => {
                Some("Bearer realm=\"triphase\", error=\"insufficient_scope\", scope=\"admin\"")
            }
            Self::Scope { .. } => {
                Some("Bearer realm=\"triphase\", error=\"insufficient_scope\", scope=\"write\"")
            }
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Self::Wait(wait) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        answer
    }
}

/// Whole seconds, rounded up: who waits them has waited long enough.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}
