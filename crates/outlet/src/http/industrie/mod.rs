//! Chapter 25's routes under `/api/industrie`: its keys, its order, its French texts.
//!
//! In: `?compteur=` (a configured id or a serial; default the main meter) and `?compat=strict`.
//! Out: the chapter's objects; outside strict mode with `normes` (what the standards say) and
//! `avertissements` beside them, and times with the site's offset. Source: specification chapter
//! 25, section "Intégration SCADA industrielle".

mod alertes;
mod charges_par_machine;
mod equilibre_phases;
mod facteur_puissance;
mod kpi_energetiques;
mod normes;

pub(super) use kpi_energetiques::Kpis;
pub(super) use normes::sequence_name;

use super::Service;
use super::kept::{self, Answers};
use crate::last::Last;
use crate::{MeterInfo, Outlet, json};
use analysis::chapter25::{Mode, Number, Warning};
use axum::Router;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{MethodRouter, get};
use reading::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;

pub(super) fn router(service: &Arc<Service>) -> Router<Arc<Service>> {
    let kept = |route: MethodRouter<Arc<Service>>| {
        let answers = Arc::new(Answers::of(&service.meters));
        route.layer(middleware::from_fn_with_state((Arc::clone(service), answers), kept::kept))
    };
    Router::new()
        .route("/api/industrie/equilibre-phases", kept(get(equilibre_phases::get)))
        .route("/api/industrie/facteur-puissance", kept(get(facteur_puissance::get)))
        .route("/api/industrie/charges-par-machine", kept(get(charges_par_machine::get)))
        .route("/api/industrie/kpi-energetiques", kept(get(kpi_energetiques::get)))
        .route("/api/industrie/alertes", kept(get(alertes::get)))
}

/// The chapter's form of an error.
#[derive(Debug)]
pub(super) enum Refusal {
    NoMeasurement,
    NotEnoughData,
    UnknownMeter,
    UnknownMode,
    /// A parameter occurs twice, or is no text.
    UnreadableQuery,
    /// Our own failure; the cause is in the log.
    Internal,
}

impl From<store::Error> for Refusal {
    fn from(cause: store::Error) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::Internal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::NoMeasurement => (StatusCode::NOT_FOUND, "Aucune mesure disponible"),
            Self::NotEnoughData => (StatusCode::NOT_FOUND, "Données insuffisantes"),
            Self::UnknownMeter => (StatusCode::NOT_FOUND, "Compteur inconnu"),
            Self::UnknownMode => {
                (StatusCode::BAD_REQUEST, "Paramètre compat inconnu : seul strict existe")
            }
            Self::UnreadableQuery => (
                StatusCode::BAD_REQUEST,
                "Paramètres illisibles : compteur et compat au plus une fois chacun, en UTF-8",
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Erreur interne"),
        };
        (status, Json(Erreur { error })).into_response()
    }
}

#[derive(Serialize)]
struct Erreur {
    error: &'static str,
}

#[derive(Deserialize)]
struct Parameters {
    compteur: Option<String>,
    compat: Option<String>,
}

/// The question of a request to one of the routes.
pub(super) struct Asked<'a> {
    meter: &'a MeterInfo,
    /// Whether the request named it.
    is_named: bool,
    mode: Mode,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// An unknown meter or mode; a query that cannot be read.
    pub(super) fn of(outlet: &'a Outlet, uri: &Uri) -> Result<Self, Refusal> {
        let parameters = Query::<Parameters>::try_from_uri(uri);
        let Query(parameters) = parameters.map_err(|_| Refusal::UnreadableQuery)?;
        let mode = match parameters.compat.as_deref() {
            None | Some("") => Mode::Extended,
            Some("strict") => Mode::Strict,
            Some(_) => return Err(Refusal::UnknownMode),
        };
        let named = parameters.compteur.as_deref().filter(|name| !name.is_empty());
        let meter = match named {
            None => outlet.main_meter().ok_or(Refusal::NoMeasurement)?,
            Some(name) => outlet.find_meter(name).ok_or(Refusal::UnknownMeter)?,
        };
        Ok(Self { meter, is_named: named.is_some(), mode })
    }

    pub(super) const fn meter(&self) -> &'a MeterInfo {
        self.meter
    }

    pub(super) const fn is_named(&self) -> bool {
        self.is_named
    }

    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }
}

/// A question with what is needed to answer it.
struct Request {
    outlet: Arc<Service>,
    meter: MeterInfo,
    is_named: bool,
    mode: Mode,
}

impl FromRequestParts<Arc<Service>> for Request {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        outlet: &Arc<Service>,
    ) -> Result<Self, Self::Rejection> {
        let Asked { meter, is_named, mode } = Asked::of(outlet, &parts.uri)?;
        Ok(Self { meter: meter.clone(), outlet: outlet.clone(), is_named, mode })
    }
}

impl Request {
    fn strict(&self) -> bool {
        self.mode == Mode::Strict
    }

    fn last(&self) -> Result<Last, Refusal> {
        self.outlet.last(&self.meter, self.mode).ok_or(Refusal::NoMeasurement)
    }

    /// A time as the mode writes it.
    fn time(&self, at: Timestamp) -> String {
        if self.strict() {
            json::isoformat(at)
        } else {
            json::with_offset(at, &self.outlet.site.zone)
        }
    }

    /// What stands beside the chapter's object: nothing in strict mode.
    fn beside<N>(
        &self,
        normes: impl FnOnce() -> N,
        warnings: impl IntoIterator<Item = Warning>,
    ) -> Beside<N> {
        if self.strict() {
            return Beside::NONE;
        }
        let avertissements = warnings.into_iter().map(Avertissement::from).collect();
        Beside { normes: Some(normes()), avertissements: Some(avertissements) }
    }
}

/// `normes` and `avertissements`.
#[derive(Serialize)]
struct Beside<N> {
    #[serde(skip_serializing_if = "Option::is_none")]
    normes: Option<N>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avertissements: Option<Vec<Avertissement>>,
}

impl<N> Beside<N> {
    const NONE: Self = Self { normes: None, avertissements: None };
}

#[derive(Serialize)]
struct Avertissement {
    code: &'static str,
    texte: String,
}

impl From<Warning> for Avertissement {
    fn from(warning: Warning) -> Self {
        Self { code: warning.code, texte: warning.text.into_owned() }
    }
}

/// A number that stays an integer where the chapter's code has one.
struct Python(Number);

impl Serialize for Python {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Number::Integer(integer) => serializer.serialize_i64(integer),
            Number::Float(float) => serializer.serialize_f64(float),
        }
    }
}
