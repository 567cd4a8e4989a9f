//! `GET /api/v1/alarms`: the conditions that are true now.
//!
//! `text`, `action` and `advice` are chapter 25's French sentences, with the English ones beside
//! them; `key` names the condition for translations.

use super::analysis::Chosen;
use super::figure::{ReasonBody, WarningBody};
use crate::json::Utc;
use crate::last::Last;
use crate::{MeterInfo, Outlet};
use alarm::Severity;
use alarm::chapter25::{Evaluation, Risk, risks};
use analysis::chapter25::Mode;
use axum::response::Json;
use serde::Serialize;

/// The alarms of one meter.
#[derive(Serialize)]
pub(in crate::http) struct AlarmsBody {
    meter: String,
    at: Option<Utc>,
    /// `normal`, `minor`, `major`, `critical`; null without a measurement.
    level: Option<&'static str>,
    alarms: Vec<AlarmBody>,
    advice: Vec<&'static str>,
    advice_en: Vec<&'static str>,
    warnings: Vec<WarningBody>,
    reason: Option<ReasonBody>,
}

#[derive(Serialize)]
struct AlarmBody {
    key: &'static str,
    /// The same as `key`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Chapter 25's `type`.
    type_fr: &'static str,
    severity: &'static str,
    text: String,
    text_en: String,
    /// What was found, the limit that it is beyond, the unit of both.
    value: f64,
    limit: f64,
    unit: &'static str,
    action: &'static str,
    action_en: &'static str,
}

/// An alarm outside its meter's list.
#[derive(Serialize)]
struct OneAlarm<'a> {
    meter: &'a str,
    at: Option<Utc>,
    #[serde(flatten)]
    alarm: &'a AlarmBody,
}

impl From<Risk> for AlarmBody {
    fn from(risk: Risk) -> Self {
        Self {
            key: risk.condition.name(),
            kind: risk.condition.name(),
            type_fr: risk.condition.chapter25(),
            severity: risk.condition.severity().name(),
            text: risk.description,
            text_en: risk.english,
            value: risk.excess.value,
            limit: risk.excess.limit,
            unit: risk.excess.unit,
            action: risk.condition.action(),
            action_en: risk.condition.english_action(),
        }
    }
}

impl AlarmsBody {
    pub(in crate::http) fn new(outlet: &Outlet, meter: &MeterInfo) -> Self {
        let mut body = Self {
            meter: meter.id.to_string(),
            at: None,
            level: None,
            alarms: Vec::new(),
            advice: Vec::new(),
            advice_en: Vec::new(),
            warnings: Vec::new(),
            reason: None,
        };
        let Some(Last { measurement, warnings }) = outlet.last(meter, Mode::Extended) else {
            body.reason = Some(ReasonBody::NO_MEASUREMENT);
            return body;
        };
        let evaluation = Evaluation {
            measurement: &measurement,
            thresholds: &outlet.alarms,
            voltage_kind: meter.voltage_kind,
        };
        let answer = risks(&evaluation, Mode::Extended);
        body.at = Some(Utc(measurement.at()));
        body.level = Some(answer.result.level.map_or("normal", Severity::name));
        body.alarms = answer.result.risks.into_iter().map(AlarmBody::from).collect();
        body.advice = answer.result.advice;
        body.advice_en = answer.result.english_advice;
        let warnings = warnings.into_iter().chain(answer.warnings);
        body.warnings = warnings.map(WarningBody::from).collect();
        body
    }

    /// Each alarm on its own: its condition, and its object with the meter's id and the time.
    pub(in crate::http) fn each(&self) -> impl Iterator<Item = (&'static str, impl Serialize)> {
        self.alarms
            .iter()
            .map(|alarm| (alarm.key, OneAlarm { meter: &self.meter, at: self.at, alarm }))
    }

    /// What must differ for an `alarm` event: the conditions, not the values in their texts.
    pub(in crate::http) fn keys(&self) -> Vec<&'static str> {
        self.alarms.iter().map(|alarm| alarm.key).collect()
    }
}

#[derive(Serialize)]
pub(super) struct Body {
    meters: Vec<AlarmsBody>,
}

pub(super) async fn get(chosen: Chosen) -> Json<Body> {
    let service = &chosen.service;
    let meters = if chosen.named { vec![&chosen.meter] } else { service.meters.iter().collect() };
    let meters = meters.into_iter().map(|meter| AlarmsBody::new(service, meter)).collect();
    Json(Body { meters })
}
