//! `GET /api/industrie/alertes`: the object of `evaluer_risques_operationnels`.

use super::{Beside, Refusal, Request};
use crate::last::Last;
use alarm::chapter25::{Evaluation, Risk, risks};
use axum::response::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Body {
    niveau_risque: &'static str,
    risques_detectes: Vec<Risque>,
    recommandations: Vec<&'static str>,
    #[serde(flatten)]
    beside: Beside<Norms>,
}

#[derive(Serialize)]
struct Risque {
    #[serde(rename = "type")]
    kind: &'static str,
    severite: &'static str,
    description: String,
    action: &'static str,
}

impl From<Risk> for Risque {
    fn from(risk: Risk) -> Self {
        Self {
            kind: risk.condition.chapter25(),
            severite: risk.condition.severity().chapter25(),
            description: risk.description,
            action: risk.condition.action(),
        }
    }
}

/// Priorities of IEC 62682, 1 the most urgent, in the order of the risks.
#[derive(Serialize)]
pub(super) struct Norms {
    timestamp: String,
    priorites: Vec<u8>,
}

pub(super) async fn get(request: Request) -> Result<Json<Body>, Refusal> {
    let Last { measurement, mut warnings } = request.last()?;
    let evaluation = Evaluation {
        measurement: &measurement,
        thresholds: &request.outlet.alarms,
        voltage_kind: request.meter.voltage_kind,
    };
    let answer = risks(&evaluation, request.mode);
    let norms = || Norms {
        timestamp: request.time(measurement.at()),
        priorites: answer.result.risks.iter().map(priority).collect(),
    };
    warnings.extend(answer.warnings);
    let beside = request.beside(norms, warnings);
    Ok(Json(Body {
        niveau_risque: answer.result.level_name(),
        risques_detectes: answer.result.risks.into_iter().map(Risque::from).collect(),
        recommandations: answer.result.advice,
        beside,
    }))
}

fn priority(risk: &Risk) -> u8 {
    match risk.condition.severity() {
        alarm::Severity::Critical => 1,
        alarm::Severity::Major => 2,
        alarm::Severity::Minor => 3,
    }
}
