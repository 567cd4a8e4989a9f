//! The API's objects as JSON texts, for the outlets that are not HTTP.
//!
//! In: the store's newest values, one telegram. Out: the same objects that `/api/v1` and the live
//! stream give, so that a value is told once and everywhere alike.

use super::snapshot::values_of;
use super::v1::{AlarmsBody, BalanceBody, LinkBody, ReactiveBody, Values, derived_of_now, period};
use crate::json::Utc;
use crate::{MeterInfo, Outlet};
use reading::{LinkState, MeterId, Quality, Quantity};
use serde::Serialize;
use std::sync::Arc;
use store::Sample;

/// Whether a telegram is told when it was stored, or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// As soon as it was on disk.
    Live,
    /// Later: nobody could be told then.
    Replayed,
}

#[derive(Serialize)]
struct TelegramBody<'a> {
    meter: &'a str,
    /// The state of the link; null for what is told later.
    state: Option<&'static str>,
    period_s: Option<f64>,
    sample: u64,
    list: &'a str,
    measured_at: Utc,
    received_at: Utc,
    quality: &'static str,
    replayed: bool,
    values: Values,
}

/// One telegram in the form of `latest`, whether or not its meter is still configured.
pub(crate) fn telegram(outlet: &Outlet, sample: &Arc<Sample>, told: Told) -> String {
    let telegram = &sample.telegram;
    let latest = outlet.store.latest(&telegram.meter);
    let link = || outlet.store.link(&telegram.meter).map_or(LinkState::Waiting, |link| link.state);
    let observed = latest.as_ref().and_then(|latest| period(latest, &telegram.list));
    let configured = outlet.meter(&telegram.meter).and_then(|meter| meter.period);
    text(&TelegramBody {
        meter: telegram.meter.as_str(),
        state: (told == Told::Live).then(|| link().name()),
        period_s: configured.or(observed).map(|period| period.as_secs_f64()),
        sample: sample.id,
        list: telegram.list.as_str(),
        measured_at: Utc(telegram.measured_at),
        received_at: Utc(telegram.received_at),
        quality: telegram.quality.name(),
        replayed: told == Told::Replayed,
        values: values_of(std::slice::from_ref(sample), latest.as_deref()),
    })
}

/// The newest usable number of each quantity that came with a sample after `after`, and of each
/// that follows from the last measurement.
pub(crate) fn numbers(outlet: &Outlet, meter: &MeterId, after: u64) -> Vec<(Quantity, String)> {
    let Some(latest) = outlet.store.latest(meter) else { return Vec::new() };
    let newer = latest.values.iter().filter(|newest| newest.sample > after);
    let usable = newer.filter(|newest| newest.reading.quality != Quality::Bad);
    let measured = usable.filter_map(|newest| {
        let reading = &newest.reading;
        Some((reading.quantity?, reading.value.number()?.to_string()))
    });
    let derived = derived_of_now(outlet, meter);
    let derived = derived
        .iter()
        .filter_map(|(name, value)| Some((Quantity::from_name(name)?, value.number()?)));
    measured.chain(derived).collect()
}

/// Phase balance, as `/api/v1/analysis/balance`.
pub(crate) fn balance(outlet: &Outlet, meter: &MeterInfo) -> String {
    text(&BalanceBody::new(outlet, meter))
}

/// Reactive power, as `/api/v1/analysis/reactive`.
pub(crate) fn reactive(outlet: &Outlet, meter: &MeterInfo) -> String {
    text(&ReactiveBody::new(outlet, meter))
}

/// The connection to a meter, as in `/api/v1/meters`.
pub(crate) fn link(outlet: &Outlet, meter: &MeterInfo) -> String {
    text(&LinkBody::new(outlet, &meter.id))
}

/// The alarms of a meter.
pub(crate) struct Alarms {
    /// The object of `/api/v1/alarms`.
    pub(crate) all: String,
    /// Each condition that is true, with its own object.
    pub(crate) each: Vec<(&'static str, String)>,
}

/// The alarms of a meter.
pub(crate) fn alarms(outlet: &Outlet, meter: &MeterInfo) -> Alarms {
    let body = AlarmsBody::new(outlet, meter);
    let each = body.each().map(|(key, alarm)| (key, text(&alarm)));
    Alarms { each: each.collect(), all: text(&body) }
}

fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("objects have text keys and finite depth")
}
