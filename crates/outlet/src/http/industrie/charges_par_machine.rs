//! `GET /api/industrie/charges-par-machine`: measured loads in place of the chapter's constants.

use super::{Beside, Refusal, Request};
use crate::last::Last;
use analysis::chapter25::{self, Load};
use analysis::{Method, derive};
use axum::response::Json;
use serde::{Serialize, Serializer};

#[derive(Serialize)]
pub(super) struct Body {
    timestamp: String,
    charges_par_equipement: ByName<f64>,
    total_consomme: f64,
    pourcentages: ByName<Option<f64>>,
    methode: ByName<&'static str>,
    #[serde(flatten)]
    beside: Beside<Norms>,
}

/// The standards have no rule for shares; the object is there because every route has one.
#[derive(Serialize)]
pub(super) struct Norms {}

/// An object whose keys keep their order.
struct ByName<V>(Vec<(String, V)>);

impl<V> ByName<V> {
    fn new(loads: &[Load], value: impl Fn(&Load) -> V) -> Self {
        Self(loads.iter().map(|load| (load.name.clone(), value(load))).collect())
    }
}

impl<V: Serialize> Serialize for ByName<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

pub(super) async fn get(request: Request) -> Result<Json<Body>, Refusal> {
    let Last { measurement, warnings } = request.last()?;
    let whole = derive::active_power(&measurement).map(|power| power.value / 1000.0);
    let loads = chapter25::loads(whole, &[]).ok_or(Refusal::NoMeasurement)?;
    Ok(Json(Body {
        timestamp: request.time(measurement.at()),
        charges_par_equipement: ByName::new(&loads.loads, |load| load.kw),
        total_consomme: loads.total_kw,
        pourcentages: ByName::new(&loads.loads, |load| load.percent),
        methode: ByName::new(&loads.loads, |load| match load.method {
            Method::Measured => "mesure",
            _ => "difference",
        }),
        beside: request.beside(|| Norms {}, warnings),
    }))
}
