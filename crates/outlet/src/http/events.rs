//! `GET /api/v1/events`: the live stream, as server-sent events.
//!
//! In: `?meter=` (ids, repeated or joined by commas; all meters without it) and `Last-Event-ID`.
//! Out: a `snapshot`, or the samples since the last id; then `sample`, `analysis`, `alarm` and
//! `link` as they happen, at most two messages a second for each meter, and a `beat` with the
//! time of now. `id` is the newest sample of the store that the client has been told of, and all
//! before it; nothing is lost by resuming from it. Shapes: `contracts/events.md`. Source: WHATWG
//! HTML, clause 9.2. Refuses: more than [`STREAMS_MAX`] streams, unknown meters.

use super::Service;
use super::pace::{Lane, News};
use super::problem::Problem;
use super::serve::ended;
use super::snapshot::{self, Message};
use crate::Outlet;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use reading::MeterId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use store::Sample;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// Most streams at a time.
pub(crate) const STREAMS_MAX: usize = 64;
/// Pause between two beats; less than a third of what a page waits for one.
const BEAT: Duration = Duration::from_secs(5);
/// Shortest time between two snapshots of one stream.
const SNAPSHOT_PAUSE: Duration = Duration::from_secs(1);
/// Most samples that are sent one by one to a client that resumes; beyond them, a snapshot.
const RESUME_MAX: usize = 1000;
/// Samples of one meter that wait for one message, before overtaken ones are dropped.
const UNSAID_MAX: usize = 64;
/// Most meters that `?meter=` may name.
const METERS_MAX: usize = 1000;

pub(super) async fn get(
    State(outlet): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let meters = meters(&outlet, query.as_deref().unwrap_or_default())?;
    let permit = outlet.streams.clone().try_acquire_owned().map_err(|_| {
        let detail = format!("{STREAMS_MAX} streams are open already; close a page and retry.");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok());
    let feed = Feed::open(outlet, meters, permit, last).await?;
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let mut answer = Sse::new(events).into_response();
    // A reverse proxy must pass every event on at once.
    let buffering = header::HeaderName::from_static("x-accel-buffering");
    answer.headers_mut().insert(buffering, HeaderValue::from_static("no"));
    Ok(answer)
}

fn meters(outlet: &Outlet, query: &str) -> Result<Vec<MeterId>, Problem> {
    let mut chosen: Vec<MeterId> = Vec::new();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let names = pairs.filter(|(key, _)| *key == "meter").flat_map(|(_, names)| {
        names.split("%2C").flat_map(|names| names.split("%2c")).flat_map(|names| names.split(','))
    });
    for name in names.filter(|name| !name.is_empty()).take(METERS_MAX) {
        let found = outlet.find_meter(name).ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            Problem::new(StatusCode::NOT_FOUND, format!("No meter has the id \"{name}\"."))
        })?;
        if !chosen.contains(&found.id) {
            chosen.push(found.id.clone());
        }
    }
    if chosen.is_empty() {
        chosen = outlet.meters.iter().map(|meter| meter.id.clone()).collect();
    }
    Ok(chosen)
}

/// The waiting news of one meter, and the samples of which it is news.
#[derive(Default)]
struct Track {
    lane: Lane,
    /// Stored since the last `sample` message, oldest first, as far as they hold newest values.
    unsaid: Vec<Arc<Sample>>,
    /// The first of all samples stored since the last `sample` message.
    oldest: Option<u64>,
    /// The alarms as last told, to tell changes only.
    alarms: Vec<&'static str>,
}

impl Track {
    fn take(&mut self, sample: Arc<Sample>) {
        self.oldest.get_or_insert(sample.id);
        self.unsaid.push(sample);
        if self.unsaid.len() > UNSAID_MAX {
            self.forget_overtaken();
        }
        self.lane.note(News::Sample);
        self.lane.note(News::Analysis);
    }

    /// Drops samples of which every value has a newer one.
    fn forget_overtaken(&mut self) {
        let mut held = BTreeSet::new();
        let mut kept: Vec<_> = std::mem::take(&mut self.unsaid);
        kept.reverse();
        kept.retain(|sample| {
            let mut newest = false;
            for reading in &sample.telegram.readings {
                newest |= held.insert((reading.quantity, reading.obis));
            }
            newest
        });
        kept.reverse();
        self.unsaid = kept;
    }

    fn said(&mut self) -> Vec<Arc<Sample>> {
        self.oldest = None;
        std::mem::take(&mut self.unsaid)
    }
}

/// One client's stream.
struct Feed {
    outlet: Arc<Service>,
    bus: broadcast::Receiver<store::Event>,
    tracks: BTreeMap<MeterId, Track>,
    ready: VecDeque<Event>,
    /// The newest sample seen, of any meter.
    seen: u64,
    /// The bus went on without this reader: a snapshot must replace what it missed.
    overtaken: bool,
    last_snapshot: Instant,
    beat: Interval,
    shutdown: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    async fn open(
        outlet: Arc<Service>,
        meters: Vec<MeterId>,
        permit: OwnedSemaphorePermit,
        last: Option<u64>,
    ) -> Result<Self, Problem> {
        // Subscribed first: what is stored from here on is in the bus, or in what is read below.
        let bus = outlet.store.subscribe();
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut feed = Self {
            bus,
            tracks: meters.into_iter().map(|id| (id, Track::default())).collect(),
            ready: VecDeque::new(),
            seen: outlet.store.last_id(),
            overtaken: false,
            last_snapshot: Instant::now(),
            beat,
            shutdown: outlet.stopping.subscribe(),
            outlet,
            _permit: permit,
        };
        match last {
            Some(last) if last <= feed.seen => feed.resume(last).await?,
            _ => feed.snapshot().await?,
        }
        Ok(feed)
    }

    /// The next event; `None` when the service ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.say_what_is_due();
            if !self.ready.is_empty() {
                continue;
            }
            let now = Instant::now();
            let healed_at = self.last_snapshot + SNAPSHOT_PAUSE;
            if self.overtaken && now >= healed_at {
                self.snapshot().await.ok()?;
                continue;
            }
            let due = self.tracks.values().filter_map(|track| track.lane.due(now));
            let due = due.chain(self.overtaken.then_some(healed_at)).min();
            tokio::select! {
                () = ended(&mut self.shutdown) => return None,
                received = self.bus.recv() => self.take(received)?,
                () = wait_until(due) => {}
                _ = self.beat.tick() => {
                    let beat = snapshot::beat(&self.outlet);
                    self.ready.push_back(event("beat", &beat));
                }
            }
        }
    }

    fn take(&mut self, received: Result<store::Event, RecvError>) -> Option<()> {
        match received {
            Ok(store::Event::Sample(sample)) => {
                // What a snapshot or a resumption told already is in the bus as well.
                if sample.id > self.seen {
                    self.seen = sample.id;
                    if let Some(track) = self.tracks.get_mut(&sample.telegram.meter) {
                        track.take(sample);
                    }
                }
            }
            Ok(store::Event::Link { meter, .. }) => {
                if let Some(track) = self.tracks.get_mut(&meter) {
                    track.lane.note(News::Link);
                }
            }
            // Too slow for the bus: the state of now replaces what was missed.
            Err(RecvError::Lagged(_)) => self.overtaken = true,
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }

    async fn snapshot(&mut self) -> Result<(), Problem> {
        self.overtaken = false;
        self.last_snapshot = Instant::now();
        self.seen = self.seen.max(self.outlet.store.last_id());
        let meters: Vec<MeterId> = self.tracks.keys().cloned().collect();
        let snapshot = snapshot::whole(&self.outlet, &meters).await?;
        for (meter, track) in &mut self.tracks {
            track.said();
            track.lane.clear();
            track.alarms = snapshot::alarm_keys(&self.outlet, meter);
        }
        let id = self.seen;
        self.ready.push_back(event("snapshot", &snapshot).id(id.to_string()));
        Ok(())
    }

    /// Sends every sample since `last`, or a snapshot when they are too many.
    async fn resume(&mut self, last: u64) -> Result<(), Problem> {
        let samples = self.outlet.samples_after(last, RESUME_MAX + 1).await?;
        if samples.len() > RESUME_MAX {
            return self.snapshot().await;
        }
        for sample in samples {
            self.seen = self.seen.max(sample.id);
            let Some(track) = self.tracks.get_mut(&sample.telegram.meter) else { continue };
            track.lane.note(News::Analysis);
            let body = snapshot::sample(&self.outlet, std::slice::from_ref(&sample));
            let Some(body) = body else { continue };
            self.ready.push_back(event("sample", &body).id(sample.id.to_string()));
        }
        for track in self.tracks.values_mut() {
            // Links change without a sample: their state of now is always news.
            track.lane.note(News::Link);
        }
        Ok(())
    }

    fn say_what_is_due(&mut self) {
        let now = Instant::now();
        let meters: Vec<MeterId> = self.tracks.keys().cloned().collect();
        for meter in meters {
            while let Some(news) = self.tracks.get_mut(&meter).and_then(|t| t.lane.next(now)) {
                if let Some(event) = self.say(&meter, news) {
                    let id = self.told();
                    self.ready.push_back(event.id(id.to_string()));
                }
            }
        }
    }

    fn say(&mut self, meter: &MeterId, news: News) -> Option<Event> {
        let track = self.tracks.get_mut(meter)?;
        match news {
            News::Sample => {
                let samples = track.said();
                Some(event("sample", &snapshot::sample(&self.outlet, &samples)?))
            }
            News::Analysis => {
                let alarms = snapshot::alarm_keys(&self.outlet, meter);
                if track.alarms != alarms {
                    track.alarms = alarms;
                    track.lane.note(News::Alarm);
                }
                Some(event("analysis", &snapshot::analysis(&self.outlet, meter)?))
            }
            News::Alarm => Some(event("alarm", &snapshot::alarm(&self.outlet, meter)?)),
            News::Link => Some(event("link", &snapshot::link(&self.outlet, meter))),
        }
    }

    /// The newest sample up to which the client has been told everything.
    fn told(&self) -> u64 {
        let oldest = self.tracks.values().filter_map(|track| track.oldest).min();
        oldest.map_or(self.seen, |oldest| oldest.saturating_sub(1))
    }
}

fn event(name: &str, message: &Message) -> Event {
    Event::default().event(name).data(message.as_str())
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
