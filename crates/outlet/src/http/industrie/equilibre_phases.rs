//! `GET /api/industrie/equilibre-phases`.

use super::normes::BalanceNorms;
use super::{Beside, Refusal, Request};
use crate::last::Last;
use analysis::chapter25;
use axum::response::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Body {
    timestamp: String,
    equilibre: Equilibre,
    #[serde(flatten)]
    beside: Beside<BalanceNorms>,
}

#[derive(Serialize)]
struct Equilibre {
    equilibre_global: Option<bool>,
    score_equilibre: Option<f64>,
    phase_plus_chargee_tension: Option<u8>,
    phase_plus_chargee_courant: Option<u8>,
    recommandations: Option<&'static str>,
}

pub(super) async fn get(request: Request) -> Result<Json<Body>, Refusal> {
    let Last { measurement, mut warnings } = request.last()?;
    let answer = chapter25::balance(&measurement, request.mode);
    let result = answer.result;
    warnings.extend(answer.warnings);
    let norms = || BalanceNorms::new(&request, &measurement);
    Ok(Json(Body {
        timestamp: request.time(measurement.at()),
        equilibre: Equilibre {
            equilibre_global: result.equilibre_global,
            score_equilibre: result.score_equilibre,
            phase_plus_chargee_tension: result.phase_plus_chargee_tension,
            phase_plus_chargee_courant: result.phase_plus_chargee_courant,
            recommandations: result.recommandations,
        },
        beside: request.beside(norms, warnings),
    }))
}
