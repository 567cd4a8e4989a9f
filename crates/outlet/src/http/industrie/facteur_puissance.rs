//! `GET /api/industrie/facteur-puissance`.

use super::normes::ReactiveNorms;
use super::{Beside, Python, Refusal, Request};
use crate::last::Last;
use analysis::chapter25;
use axum::response::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Body {
    timestamp: String,
    facteur_puissance: FacteurPuissance,
    #[serde(flatten)]
    beside: Beside<ReactiveNorms>,
}

#[derive(Serialize)]
struct FacteurPuissance {
    facteur_puissance: Option<f64>,
    evaluation: Option<&'static str>,
    penalite_applicable: Option<Python>,
    economies_compensation: Option<Python>,
    compensation_recommandee: Option<bool>,
    capacite_batteries_necesaire: Option<Capacite>,
}

#[derive(Serialize)]
struct Capacite {
    capacite_min_kvar: f64,
    capacite_max_kvar: f64,
    capacite_recommandee_kvar: f64,
}

pub(super) async fn get(request: Request) -> Result<Json<Body>, Refusal> {
    let Last { measurement, mut warnings } = request.last()?;
    let answer = chapter25::power_factor(&measurement, request.mode);
    let result = answer.result;
    let capacity = result.capacite_batteries_necesaire.map(|batteries| Capacite {
        capacite_min_kvar: batteries.capacite_min_kvar,
        capacite_max_kvar: batteries.capacite_max_kvar,
        capacite_recommandee_kvar: batteries.capacite_recommandee_kvar,
    });
    warnings.extend(answer.warnings);
    let norms = || ReactiveNorms::new(&measurement);
    Ok(Json(Body {
        timestamp: request.time(measurement.at()),
        facteur_puissance: FacteurPuissance {
            facteur_puissance: result.facteur_puissance,
            evaluation: result.evaluation,
            penalite_applicable: result.penalite_applicable.map(Python),
            economies_compensation: result.economies_compensation.map(Python),
            compensation_recommandee: result.compensation_recommandee,
            capacite_batteries_necesaire: capacity,
        },
        beside: request.beside(norms, warnings),
    }))
}
