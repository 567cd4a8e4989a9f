//! The HTTP outlet: routes, guards, the serve loop.
//!
//! In: an [`Outlet`]. Out: a [`Router`] and [`serve`]. One module per route; shapes shared by
//! routes and the live stream are in `v1`. Errors are problem documents, except on chapter 25's
//! routes, which have their own form.

pub mod access;
mod events;
mod guard;
mod health;
mod industrie;
mod intake;
mod kept;
mod mesures;
mod metrics;
pub(crate) mod objects;
mod openapi;
mod pace;
mod page;
mod problem;
mod serve;
mod snapshot;
mod stream;
mod v1;

use crate::Outlet;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use problem::Problem;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

pub use page::Asset;
pub use serve::serve;
pub(crate) use v1::Now;
pub use v1::Unrest;

/// Most bodies of `POST /api/mesures` read at a time; each may have [`mesures::BODY_MAX`] bytes.
const INTAKES_MAX: usize = 8;
/// Most captures decoded at a time.
const DECODINGS_MAX: usize = 2;

/// Every route, ready to be served.
pub struct Router {
    routes: axum::Router,
    /// Tells the event streams to end.
    stopping: watch::Sender<bool>,
    outlet: Arc<Outlet>,
    service: Arc<Service>,
}

impl Router {
    /// The routes as a service, for tests without a listener.
    pub fn routes(&self) -> axum::Router {
        self.routes.clone()
    }

    /// The facts that the routes answer from, for the other outlets.
    pub fn outlet(&self) -> Arc<Outlet> {
        Arc::clone(&self.outlet)
    }
}

/// What the routes share: the outlet's facts, and the room for what may run at a time.
pub(crate) struct Service {
    outlet: Arc<Outlet>,
    page: page::Page,
    streams: Arc<Semaphore>,
    intakes: Semaphore,
    decodings: Semaphore,
    ledger: v1::Ledger,
    practice: v1::Practice,
    stopping: watch::Sender<bool>,
}

impl FromRef<Arc<Service>> for page::Page {
    fn from_ref(service: &Arc<Service>) -> Self {
        service.page.clone()
    }
}

impl Deref for Service {
    type Target = Outlet;

    fn deref(&self) -> &Outlet {
        &self.outlet
    }
}

/// The routes of an outlet.
#[must_use]
pub fn router(mut outlet: Outlet) -> Router {
    let page = page::Page::new(&std::mem::take(&mut outlet.assets));
    let (stopping, _) = watch::channel(false);
    let outlet = Arc::new(outlet);
    let service = Arc::new(Service {
        outlet: Arc::clone(&outlet),
        page,
        streams: Arc::new(Semaphore::new(events::STREAMS_MAX)),
        intakes: Semaphore::new(INTAKES_MAX),
        decodings: Semaphore::new(DECODINGS_MAX),
        ledger: v1::Ledger::default(),
        practice: v1::Practice::default(),
        stopping: stopping.clone(),
    });
    let routes = axum::Router::new()
        .merge(industrie::router(&service))
        .route("/api/mesures", post(mesures::post))
        .merge(v1::router())
        .route("/api/v1/events", get(events::get))
        .route(access::sign_in::PATH, access::sign_in::routes())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::get))
        .route("/openapi.json", get(openapi::get))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(page::answer)
        .with_state(Arc::clone(&service))
        .layer(DefaultBodyLimit::max(mesures::BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&service), guard::guard));
    Router { routes, stopping, outlet, service }
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not answer to this method.")
}
