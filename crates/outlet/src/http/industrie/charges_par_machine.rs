//! `GET /api/industrie/charges-par-machine`: measured loads in place of the chapter's constants.
//!
//! In: the loads of the meters directly behind the chosen one; where none was asked for and none
//! measures the whole, of all that have no other upstream. Out: the chapter's three objects by
//! configured id with `divers`, what no meter explains. Outside strict mode a silent meter is null
//! and a warning says that `divers` contains it; strict mode leaves it out.

use super::{Beside, Refusal, Request};
use crate::MeterInfo;
use crate::http::v1::Now;
use crate::last::Last;
use crate::lookup::blocking;
use analysis::chapter25::{self, Loads, REMAINDER, Warning};
use analysis::derive;
use analysis::loads::{Load, LoadMethod, Remainder, remainder};
use analysis::meter_balance::BalanceVerdict;
use axum::response::Json;
use serde::{Serialize, Serializer};
use std::sync::Arc;

#[derive(Serialize)]
pub(super) struct Body {
    timestamp: String,
    charges_par_equipement: ByName<Option<f64>>,
    /// Null where nothing is known of now.
    total_consomme: Option<f64>,
    pourcentages: ByName<Option<f64>>,
    methode: ByName<Option<&'static str>>,
    #[serde(flatten)]
    beside: Beside<Norms>,
}

/// What the measurements say beyond the chapter's three objects.
#[derive(Serialize)]
pub(super) struct Norms {
    divers: Option<RemainderNorms>,
    /// How far each load may be trusted: high, medium, low; null for one that is not known.
    confiance: ByName<Option<&'static str>>,
}

#[derive(Serialize)]
struct RemainderNorms {
    kw: f64,
    incertitude_kw: f64,
    verdict: &'static str,
    /// Silent meters, whose load is part of it.
    contient: Vec<String>,
}

/// An object whose keys keep their order.
struct ByName<V>(Vec<(String, V)>);

impl<V: Serialize> Serialize for ByName<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A meter whose load is told.
struct Part<'a> {
    place: usize,
    meter: &'a MeterInfo,
    load: &'a Load,
}

pub(super) async fn get(request: Request) -> Result<Json<Body>, Refusal> {
    let outlet = &request.outlet;
    let (reading, mode) = (Arc::clone(outlet), request.mode);
    let now = blocking(&outlet.store, move |_| {
        reading.unrest.refresh(&reading)?;
        Ok(Now::of(&reading, mode))
    });
    let now = now.await?;
    let place = outlet.meters.iter().position(|meter| meter.id == request.meter.id);
    let place = place.ok_or(Refusal::UnknownMeter)?;
    let is_sum = !request.is_named && !now.tops.is_empty();
    let parts = parts(&outlet.meters, &now, (!is_sum).then_some(place));
    let last = request.last().ok().filter(|_| !is_sum);
    let own_load = &now.branches[place].load;
    let whole_kw =
        (!is_sum).then(|| whole(&request, own_load, (last.as_ref(), !parts.is_empty()))).flatten();
    let known: Vec<(String, f64)> = parts
        .iter()
        .filter_map(|part| Some((part.meter.id.to_string(), part.load.known()?.kw)))
        .collect();
    let loads = chapter25::loads(whole_kw, &known);
    let total_kw = loads.as_ref().map(|loads| loads.total_kw);
    // Where all is silent, that is told with the time of what was known last.
    let is_dark = loads.is_none() && !parts.is_empty() && !request.strict();
    let nothing = is_dark.then(|| Loads { loads: Vec::new(), total_kw: 0.0 });
    let loads = loads.or(nothing).ok_or(Refusal::NoMeasurement)?;
    let used = parts.iter().filter(|part| is_dark || part.load.known().is_some());
    let own = last.as_ref().filter(|_| is_dark || whole_kw.is_some());
    let own = own.map(|last| last.measurement.at());
    let newest = used.filter_map(|part| now.measured[part.place]).chain(own).max();
    let timestamp = request.time(newest.ok_or(Refusal::NoMeasurement)?);
    let rest = whole_kw.and_then(|_| remainder(&now.branches, place));
    let warnings = last.map(|last| last.warnings).unwrap_or_default().into_iter();
    let doubts = Doubts { parts: &parts, whole_kw, rest: rest.as_ref(), is_sum, old: &now.old };
    let warnings = warnings.chain(doubts.all());
    let norms = || Norms {
        divers: rest.as_ref().map(|rest| RemainderNorms::new(rest, &outlet.meters)),
        confiance: ByName(
            parts
                .iter()
                .map(|part| {
                    let confidence = part.load.known().map(|known| known.confidence(now.at).name());
                    (part.meter.id.to_string(), confidence)
                })
                .collect(),
        ),
    };
    let beside = request.beside(norms, warnings);
    let named = Named { parts: &parts, loads: &loads, strict: request.strict() };
    Ok(Json(Body {
        timestamp,
        charges_par_equipement: named.each(|load, _| load.map(|load| load.kw)),
        total_consomme: total_kw,
        pourcentages: named.each(|load, _| load.and_then(|load| load.percent)),
        methode: named.each(|load, part| match part {
            Some(part) => part.load.known().map(|known| known.method.french()),
            // Nothing is behind the meter: what it says itself is all there is.
            None if load.is_some() && parts.is_empty() => Some(LoadMethod::Submeter.french()),
            None => load.map(|_| LoadMethod::Difference.french()),
        }),
        beside,
    }))
}

/// The meters directly behind one; without one all that have no other upstream.
fn parts<'a>(meters: &'a [MeterInfo], now: &'a Now, upstream: Option<usize>) -> Vec<Part<'a>> {
    let is_part = |place: usize| match upstream {
        Some(upstream) => now.branches[place].parent == Some(upstream),
        None => now.tops.contains(&place),
    };
    let branches = now.branches.iter().zip(meters).enumerate();
    let branches = branches.filter(|(place, _)| is_part(*place));
    branches.map(|(place, (branch, meter))| Part { place, meter, load: &branch.load }).collect()
}

/// The power of the chosen meter. **Unit** kW.
///
/// Without others behind it its last measurement counts, however old it is, as on every route; a
/// difference needs values of one time.
fn whole(request: &Request, load: &Load, (last, has_parts): (Option<&Last>, bool)) -> Option<f64> {
    if has_parts && !request.strict() {
        return load.known().map(|known| known.kw);
    }
    derive::active_power(&last?.measurement).map(|power| power.value / 1000.0)
}

/// Loads under their names, in the order of the configuration, the remainder last.
struct Named<'a> {
    parts: &'a [Part<'a>],
    loads: &'a Loads,
    strict: bool,
}

impl Named<'_> {
    fn each<V>(
        &self,
        value: impl Fn(Option<&chapter25::Load>, Option<&Part<'_>>) -> V,
    ) -> ByName<V> {
        let of = |name: &str| self.loads.loads.iter().find(|load| load.name == name);
        let mut named = Vec::with_capacity(self.parts.len() + 1);
        for part in self.parts {
            let name = part.meter.id.to_string();
            let load = of(&name);
            if load.is_some() || !self.strict {
                named.push((name, value(load, Some(part))));
            }
        }
        if let Some(rest) = of(REMAINDER) {
            named.push((REMAINDER.to_owned(), value(Some(rest), None)));
        }
        ByName(named)
    }
}

impl RemainderNorms {
    fn new(rest: &Remainder, meters: &[MeterInfo]) -> Self {
        Self {
            kw: rest.kw,
            incertitude_kw: rest.uncertainty_kw,
            verdict: rest.verdict.name(),
            contient: rest.contains.iter().map(|place| meters[*place].id.to_string()).collect(),
        }
    }
}

/// What must be known to read the loads.
struct Doubts<'a> {
    parts: &'a [Part<'a>],
    whole_kw: Option<f64>,
    rest: Option<&'a Remainder>,
    /// No meter measures the whole.
    is_sum: bool,
    /// By the place of a meter.
    old: &'a [bool],
}

impl Doubts<'_> {
    fn all(&self) -> Vec<Warning> {
        let unknown = self.unknown();
        let old = self.names(|part| self.old[part.place] && part.load.known().is_some());
        let old = (!old.is_empty()).then(|| {
            Warning::with_values(
                "charges_anciennes",
                format!("Mesures anciennes, enregistrées après coup : {old}."),
                format!("Old measurements, stored afterwards: {old}."),
            )
        });
        let warnings = [unknown, old, self.no_whole(), self.exceeded()];
        warnings.into_iter().flatten().collect()
    }

    fn names(&self, which: impl Fn(&Part<'_>) -> bool) -> String {
        let names = self.parts.iter().filter(|part| which(part)).map(|part| part.meter.id.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    fn unknown(&self) -> Option<Warning> {
        let names = self.names(|part| part.load.known().is_none());
        if names.is_empty() {
            return None;
        }
        let (french, english) = match self.whole_kw {
            Some(_) => (" ; elle est comprise dans « divers ».", "; it is part of \"divers\"."),
            None => (" ; le total ne la comprend pas.", "; the total is without it."),
        };
        Some(Warning::with_values(
            "sous_compteur_muet",
            format!("Charge inconnue : {names}{french}"),
            format!("Load unknown: {names}{english}"),
        ))
    }

    fn no_whole(&self) -> Option<Warning> {
        if self.is_sum {
            return Some(Warning::new(
                "sans_compteur_general",
                "Aucun compteur général n'est configuré : le total est la somme des charges \
                 mesurées, et « divers » ne peut pas être calculé.",
                "No main meter is configured: the total is the sum of the measured loads, and \
                 \"divers\" cannot be computed.",
            ));
        }
        (self.whole_kw.is_none() && !self.parts.is_empty()).then(|| {
            Warning::new(
                "total_inconnu",
                "La puissance totale est inconnue : « divers » ne peut pas être calculé.",
                "The total power is unknown: \"divers\" cannot be computed.",
            )
        })
    }

    fn exceeded(&self) -> Option<Warning> {
        let rest = self.rest.filter(|rest| rest.verdict == BalanceVerdict::SubExceedsMain)?;
        let (kw, doubt) = (-rest.kw, rest.uncertainty_kw);
        let french = format!(
            "Les sous-compteurs mesurent {} kW de plus que le compteur en amont (incertitude \
             {} kW) : rapport de TC, polarité ou horloge.",
            format!("{kw:.2}").replace('.', ","),
            format!("{doubt:.2}").replace('.', ","),
        );
        let english = format!(
            "The sub-meters measure {kw:.2} kW more than the meter upstream (uncertainty \
             {doubt:.2} kW): CT ratio, polarity or clock."
        );
        Some(Warning::with_values("sous_compteurs_superieurs", french, english))
    }
}
