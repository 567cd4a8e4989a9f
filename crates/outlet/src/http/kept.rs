//! Answers that are given again while nothing has changed them.
//!
//! In: a request to one of chapter 25's routes. Out: the bytes of the last answer to the same
//! question, when it was made in the same [`State`]; else those of a new one. What was stored, what
//! became of the meter's link and what a route says with [`Until`] end an answer at once. Else what
//! only time changes, such as the age of a measurement, is as of some moment of the same second of
//! the clock. Whoever asks while an answer is being made waits for that one. Only what succeeded is kept, and
//! the guard stands before this: a kept answer is refused like a new one.

use super::Service;
use super::industrie::Asked;
use crate::{MeterInfo, Outlet};
use analysis::chapter25::Mode;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State as Facts};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use reading::{LinkState, MeterId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Longest answer that is kept, in bytes.
const ANSWER_MAX: usize = 64 * 1024;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// The kept answers of one route: for each configured meter one of each mode, and one of each mode
/// for those who name none.
pub(super) struct Answers {
    named: HashMap<MeterId, [Slot; 2]>,
    unnamed: [Slot; 2],
}

impl Answers {
    pub(super) fn of(meters: &[MeterInfo]) -> Self {
        let named = meters.iter().map(|meter| (meter.id.clone(), Default::default())).collect();
        Self { named, unnamed: Default::default() }
    }

    fn slot(&self, asked: &Asked) -> &Slot {
        let named = || &self.named[&asked.meter().id];
        let [strict, extended] = if asked.is_named() { named() } else { &self.unnamed };
        match asked.mode() {
            Mode::Strict => strict,
            Mode::Extended => extended,
        }
    }
}

#[derive(Default)]
struct Slot {
    kept: Mutex<Option<Kept>>,
    /// Held by the one who makes an answer.
    making: tokio::sync::Mutex<()>,
}

struct Kept {
    state: State,
    until: Option<Timestamp>,
    body: Bytes,
}

/// An extension of a response: from then on the answer is another one.
#[derive(Clone, Copy)]
pub(super) struct Until(pub(super) Timestamp);

/// Everything that an answer depends on, the time in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    newest_sample: u64,
    link: Option<LinkState>,
    second: i64,
}

impl State {
    fn of(outlet: &Outlet, meter: &MeterInfo, now: Timestamp) -> Self {
        Self {
            // The store numbers a sample after it can be read: an answer is never older than this.
            newest_sample: outlet.store.last_id(),
            link: outlet.store.link(&meter.id).map(|link| link.state),
            second: now.as_micros().div_euclid(MICROS_PER_SECOND),
        }
    }
}

impl Slot {
    /// The kept answer, or the state that a new one will be made in.
    fn look(&self, outlet: &Outlet, meter: &MeterInfo) -> Result<Bytes, State> {
        let now = (outlet.clock)();
        let state = State::of(outlet, meter, now);
        let kept = self.kept.lock().expect("no holder of this lock panics");
        match kept.as_ref() {
            Some(Kept { state: then, until, body })
                if *then == state && until.is_none_or(|until| now < until) =>
            {
                Ok(body.clone())
            }
            _ => Err(state),
        }
    }

    fn keep(&self, kept: Kept) {
        *self.kept.lock().expect("no holder of this lock panics") = Some(kept);
    }
}

/// The middleware around one route.
pub(super) async fn kept(
    Facts((outlet, answers)): Facts<(Arc<Service>, Arc<Answers>)>,
    request: Request,
    next: Next,
) -> Response {
    let asked = match Asked::of(&outlet, request.uri()) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    let slot = answers.slot(&asked);
    if let Ok(body) = slot.look(&outlet, asked.meter()) {
        return json(body);
    }
    let _making = slot.making.lock().await;
    // The state is read before the answer is made: what comes meanwhile makes it outdated.
    let state = match slot.look(&outlet, asked.meter()) {
        Ok(body) => return json(body),
        Err(state) => state,
    };
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let until = response.extensions().get().map(|Until(until)| *until);
    let body = to_bytes(response.into_body(), usize::MAX).await;
    let body = body.expect("an answer is whole before it is given");
    if body.len() <= ANSWER_MAX {
        slot.keep(Kept { state, until, body: body.clone() });
    }
    json(body)
}

fn json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
