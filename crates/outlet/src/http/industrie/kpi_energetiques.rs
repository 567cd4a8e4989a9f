//! `GET /api/industrie/kpi-energetiques`: the last hour, by the clock of now.

use super::normes::KpiNorms;
use super::{Beside, Python, Refusal, Request};
use crate::http::kept::Until;
use crate::json;
use analysis::chapter25::{self, Kpi};
use axum::Extension;
use axum::response::Json;
use jiff::tz::TimeZone;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Body {
    periode: String,
    kpis: Kpis,
    #[serde(flatten)]
    beside: Beside<KpiNorms>,
}

/// The chapter's object `kpis`.
#[derive(Serialize)]
pub(in crate::http) struct Kpis {
    puissance_moyenne_kw: Option<f64>,
    puissance_max_kw: Option<f64>,
    consommation_horaire_kwh: Option<f64>,
    efficacite_globale: Option<f64>,
    heures_analyse: Python,
    qualite_donnees: f64,
}

impl From<Kpi> for Kpis {
    fn from(kpi: Kpi) -> Self {
        Self {
            puissance_moyenne_kw: kpi.puissance_moyenne_kw,
            puissance_max_kw: kpi.puissance_max_kw,
            consommation_horaire_kwh: kpi.consommation_horaire_kwh,
            efficacite_globale: kpi.efficacite_globale,
            heures_analyse: Python(kpi.heures_analyse),
            qualite_donnees: kpi.qualite_donnees,
        }
    }
}

pub(super) async fn get(request: Request) -> Result<(Extension<Until>, Json<Body>), Refusal> {
    let now = (request.outlet.clock)();
    let hour = request.outlet.hour(&request.meter, now, request.mode).await?;
    let answer = chapter25::kpi(&hour.rows, request.mode).ok_or(Refusal::NotEnoughData)?;
    let utc = TimeZone::UTC;
    let zone = if request.strict() { &utc } else { &request.outlet.site.zone };
    let (start, end) = (json::hours_minutes(hour.from, zone), json::hours_minutes(now, zone));
    let beside = if request.strict() {
        Beside::NONE
    } else {
        let norms = || KpiNorms::new(&hour, &answer.result);
        let doubts = request.outlet.stale_last(&request.meter).into_iter().chain(hour.doubt());
        request.beside(norms, doubts.chain(answer.warnings))
    };
    let periode = format!("{start} - {end}");
    let body = Body { periode, kpis: Kpis::from(answer.result), beside };
    Ok((Extension(Until(hour.until())), Json(body)))
}
