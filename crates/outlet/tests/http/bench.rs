//! A store, a clock that the test moves, and the routes over them.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use outlet::http::Asset;
use outlet::http::access::{AUDIT_FILE, Access, AccessOptions, Scope, TokenFile};
use outlet::{
    Capture, CaptureFault, Counters, Explained, Frames, MeterInfo, Outlet, Role, Site, VoltageKind,
};
use reading::{MeterId, Timestamp};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Options, Store};
use tempfile::TempDir;
use tower::ServiceExt;

/// The clock's time at the start of every test.
pub(crate) const NOW: &str = "2026-05-04T09:39:21.250000Z";

pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8330);

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) router: outlet::http::Router,
    pub(crate) counters: Arc<Counters>,
    pub(crate) frames: Arc<Frames>,
    clock: Arc<AtomicI64>,
    folder: TempDir,
}

pub(crate) fn id(name: &str) -> MeterId {
    MeterId::new(name).expect("an id")
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a time")
}

/// A meter that is fed over HTTP; the first one of a bench is the main meter.
pub(crate) fn fed(name: &str, role: Role) -> MeterInfo {
    MeterInfo {
        id: id(name),
        role,
        parent: None,
        label: None,
        model: None,
        port: None,
        way: outlet::Way::Http,
        counter_of: None,
        voltage_kind: VoltageKind::Phase,
        period: None,
        plate: outlet::Plate::default(),
    }
}

const PAGE: &[Asset] = &[Asset {
    path: "/index.html",
    content_type: "text/html; charset=utf-8",
    immutable: false,
    plain: b"<!doctype html><title>triphase</title>",
    gzip: None,
    brotli: None,
}];

/// A reader that finds nothing: what it is asked, the routes' tests do not judge.
fn decode(capture: &Capture) -> Result<Vec<Explained>, CaptureFault> {
    match capture.guek {
        Some(_) => Err(CaptureFault { parameter: "guek", detail: "no key".to_owned() }),
        None => Ok(Vec::new()),
    }
}

impl Bench {
    /// One meter, `general`.
    pub(crate) fn one() -> Self {
        Self::of(vec![fed("general", Role::Main)])
    }

    pub(crate) fn of(meters: Vec<MeterInfo>) -> Self {
        Self::behind(meters, LOOPBACK, &[]).0
    }

    /// Listening on `listen`, with a token for each scope, whose texts are returned.
    pub(crate) fn behind(
        meters: Vec<MeterInfo>,
        listen: SocketAddr,
        scopes: &[Scope],
    ) -> (Self, Vec<String>) {
        let folder = TempDir::new().expect("a folder");
        let file = TokenFile::of(folder.path());
        let token = |scope: &Scope| file.add(scope.name(), *scope, at(NOW)).expect("added").token();
        let tokens = scopes.iter().map(token).collect();
        let store = Store::open(folder.path(), Options::default()).expect("a store");
        let clock = Arc::new(AtomicI64::new(at(NOW).as_micros()));
        let counters = Arc::new(Counters::new(meters.iter().map(|meter| meter.id.clone())));
        let wired = meters.iter().filter(|meter| meter.model.is_some());
        let ids = wired.map(|meter| meter.id.clone());
        let frames = Arc::new(Frames::new(ids, crate::frames::told));
        let time = Arc::clone(&clock);
        let access = Access::open(AccessOptions {
            folder: folder.path().to_owned(),
            listen,
            names: vec!["workshop-pc".to_owned()],
            tls: None,
            clock: Arc::new(|| at(NOW)),
        });
        let access = access.expect("tokens or loopback");
        let router = outlet::http::router(Outlet {
            store: store.clone(),
            site: Site {
                name: "Atelier".to_owned(),
                zone: jiff::tz::TimeZone::get("Europe/Paris").expect("known"),
                nominal_voltage_v: 230.0,
                subscribed_power_kw: Some(50.0),
                demand_interval_min: 10,
            },
            meters,
            clock: Arc::new(move || Timestamp::from_micros(time.load(Ordering::Relaxed))),
            version: "0.0.0-test",
            demo: false,
            alarms: alarm::Thresholds::default(),
            counters: Arc::clone(&counters),
            frames: Arc::clone(&frames),
            decode: Arc::new(decode),
            access,
            unrest: outlet::Unrest::default(),
            assets: PAGE.to_vec(),
        });
        (Self { store, router, counters, frames, clock, folder }, tokens)
    }

    /// Ends the service and returns what its audit log says.
    pub(crate) fn audited(self) -> Vec<Value> {
        let Self { router, folder, .. } = self;
        drop(router);
        let text = std::fs::read_to_string(folder.path().join(AUDIT_FILE)).expect("an audit log");
        text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
    }

    pub(crate) fn set_clock(&self, text: &str) {
        self.clock.store(at(text).as_micros(), Ordering::Relaxed);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.router.routes().oneshot(request).await.expect("routes never fail")
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).header("host", "localhost:8330");
        let answer = self.send(request.body(Body::empty()).expect("a request")).await;
        read(answer).await
    }

    pub(crate) async fn post(&self, body: &str) -> (StatusCode, Value) {
        self.post_to("/api/mesures", body).await
    }

    pub(crate) async fn post_to(&self, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header("host", "localhost:8330")
            .header("content-type", "application/json");
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        read(self.send(request).await).await
    }

    /// Posts a row that must be stored.
    pub(crate) async fn store(&self, row: &Value) {
        let (status, answer) = self.post(&row.to_string()).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }
}

pub(crate) async fn read(answer: Response) -> (StatusCode, Value) {
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
