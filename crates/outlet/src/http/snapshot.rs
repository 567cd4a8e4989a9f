//! The messages of the live stream, as JSON texts.
//!
//! In: the store's newest values. Out: `snapshot`, `sample`, `analysis`, `alarm`, `link`, `beat`
//! as `contracts/events.md` describes them.

use super::problem::Problem;
use super::v1::{
    AlarmsBody, AvailabilityBody, BalanceBody, KpiBody, LatestBody, LinkBody, MeterBody,
    ReactiveBody, SiteBody, Times, ValueBody, Values, derived_of, key,
};
use crate::Outlet;
use crate::json::Utc;
use reading::{MeterId, Reading};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Latest, Sample};

/// A message's data, one line of JSON.
pub(super) struct Message(String);

impl Message {
    fn new(body: &impl Serialize) -> Self {
        Self(serde_json::to_string(body).expect("messages have text keys and finite depth"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Serialize)]
struct BeatBody {
    now: Utc,
}

/// The time of now.
pub(super) fn beat(outlet: &Outlet) -> Message {
    Message::new(&BeatBody { now: Utc((outlet.clock)()) })
}

#[derive(Serialize)]
struct SnapshotBody {
    now: Utc,
    demo: bool,
    site: SiteBody,
    meters: Vec<MeterSnapshot>,
}

#[derive(Serialize)]
struct MeterSnapshot {
    #[serde(flatten)]
    meter: MeterBody,
    latest: LatestBody,
    analysis: FullAnalysis,
}

#[derive(Serialize)]
struct FullAnalysis {
    balance: BalanceBody,
    reactive: ReactiveBody,
    kpi: KpiBody,
    availability: AvailabilityBody,
    alarms: AlarmsBody,
}

/// Everything a page needs to draw these meters.
pub(super) async fn whole(outlet: &Outlet, meters: &[MeterId]) -> Result<Message, Problem> {
    let mut bodies = Vec::with_capacity(meters.len());
    for meter in outlet.meters.iter().filter(|meter| meters.contains(&meter.id)) {
        bodies.push(MeterSnapshot {
            meter: MeterBody::new(outlet, meter),
            latest: LatestBody::new(outlet, meter),
            analysis: FullAnalysis {
                balance: BalanceBody::new(outlet, meter),
                reactive: ReactiveBody::new(outlet, meter),
                kpi: KpiBody::new(outlet, meter).await?,
                availability: AvailabilityBody::new(outlet, meter),
                alarms: AlarmsBody::new(outlet, meter),
            },
        });
    }
    Ok(Message::new(&SnapshotBody {
        now: Utc((outlet.clock)()),
        demo: outlet.demo,
        site: SiteBody::new(outlet),
        meters: bodies,
    }))
}

#[derive(Serialize)]
struct SampleBody {
    meter: String,
    /// The newest stored telegram in this message.
    sample: u64,
    measured_at: Utc,
    received_at: Utc,
    period_s: Option<f64>,
    values: Values,
}

/// The conditions that are true now, to tell changes: not their texts, whose values move.
pub(super) fn alarm_keys(outlet: &Outlet, meter: &MeterId) -> Vec<&'static str> {
    outlet.meter(meter).map_or_else(Vec::new, |meter| AlarmsBody::new(outlet, meter).keys())
}

/// The newest value of each quantity of these telegrams of one meter, oldest first.
pub(super) fn sample(outlet: &Outlet, samples: &[Arc<Sample>]) -> Option<Message> {
    let newest = samples.last()?;
    let meter = outlet.meter(&newest.telegram.meter)?;
    let latest = outlet.store.latest(&meter.id);
    Some(Message::new(&SampleBody {
        meter: meter.id.to_string(),
        sample: newest.id,
        measured_at: Utc(newest.telegram.measured_at),
        received_at: Utc(newest.telegram.received_at),
        period_s: outlet.period_s(meter),
        values: values_of(samples, latest.as_deref()),
    }))
}

/// The newest value of each quantity of these telegrams of one meter, and what follows from them.
pub(super) fn values_of(samples: &[Arc<Sample>], latest: Option<&Latest>) -> Values {
    let mut values = BTreeMap::new();
    for sample in samples {
        let times = Times::of(&sample.telegram, latest);
        // The first of two readings of one quantity wins, as everywhere.
        for reading in sample.telegram.readings.iter().rev() {
            if let Some(key) = key(reading) {
                let quality = reading.quality.max(sample.telegram.quality);
                let reading = Reading { quality, ..reading.clone() };
                values.insert(key, ValueBody::measured(&reading, times, sample.id));
            }
        }
        // Of this telegram alone: it may be an old one, and the values of now are not its own.
        for (key, value) in latest.iter().flat_map(|latest| derived_of(&sample.telegram, latest)) {
            values.insert(key.to_owned(), value);
        }
    }
    Values(values.into_iter().collect())
}

#[derive(Serialize)]
struct AnalysisBody {
    meter: String,
    balance: BalanceBody,
    reactive: ReactiveBody,
    alarms: AlarmsBody,
}

/// What the newest values mean.
pub(super) fn analysis(outlet: &Outlet, meter: &MeterId) -> Option<Message> {
    let meter = outlet.meter(meter)?;
    Some(Message::new(&AnalysisBody {
        meter: meter.id.to_string(),
        balance: BalanceBody::new(outlet, meter),
        reactive: ReactiveBody::new(outlet, meter),
        alarms: AlarmsBody::new(outlet, meter),
    }))
}

#[derive(Serialize)]
struct AlarmBody {
    meter: String,
    now: Utc,
    alarms: AlarmsBody,
}

/// The alarms after one was raised or cleared.
pub(super) fn alarm(outlet: &Outlet, meter: &MeterId) -> Option<Message> {
    let meter = outlet.meter(meter)?;
    Some(Message::new(&AlarmBody {
        meter: meter.id.to_string(),
        now: Utc((outlet.clock)()),
        alarms: AlarmsBody::new(outlet, meter),
    }))
}

#[derive(Serialize)]
struct LinkMessage {
    meter: String,
    #[serde(flatten)]
    link: LinkBody,
}

/// The connection to a meter.
pub(super) fn link(outlet: &Outlet, meter: &MeterId) -> Message {
    Message::new(&LinkMessage { meter: meter.to_string(), link: LinkBody::new(outlet, meter) })
}
