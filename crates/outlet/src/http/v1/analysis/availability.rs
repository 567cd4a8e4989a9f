//! `GET /api/v1/analysis/availability`: what this meter's lists can and cannot prove.

use super::Chosen;
use crate::http::v1::figure::ReasonBody;
use crate::{MeterInfo, Outlet, VoltageKind};
use analysis::availability::{Availability, Carried, Surroundings, availability};
use axum::response::Json;
use serde::Serialize;
use std::time::Duration;

/// Every analysis and whether one meter's data allow it.
#[derive(Serialize)]
pub(in crate::http) struct AvailabilityBody {
    meter: String,
    /// Why nothing can be said yet.
    reason: Option<ReasonBody>,
    analyses: Vec<AnalysisBody>,
}

#[derive(Serialize)]
struct AnalysisBody {
    code: &'static str,
    name: &'static str,
    /// `possible`, `degraded`, `impossible`.
    state: &'static str,
    reason: ReasonBody,
    remedy: Option<ReasonBody>,
}

impl From<Availability> for AnalysisBody {
    fn from(found: Availability) -> Self {
        Self {
            code: found.analysis.name(),
            name: found.analysis.english(),
            state: found.state.name(),
            reason: ReasonBody::new(found.reason.code, found.reason.english),
            remedy: found.remedy.map(|remedy| ReasonBody::new(remedy.code, remedy.english)),
        }
    }
}

impl AvailabilityBody {
    pub(in crate::http) fn new(outlet: &Outlet, meter: &MeterInfo) -> Self {
        let carried = carried(outlet, meter);
        let children = outlet.meters.iter().filter(|m| m.parent.as_ref() == Some(&meter.id));
        let surroundings = Surroundings {
            line_to_line: meter.voltage_kind == VoltageKind::LineToLine,
            sub_meters: children.count(),
            demand_interval: Duration::from_secs(u64::from(outlet.site.demand_interval_min) * 60),
        };
        let analyses = carried.as_deref().map(|carried| availability(carried, &surroundings));
        Self {
            meter: meter.id.to_string(),
            reason: carried.is_none().then_some(ReasonBody::NO_MEASUREMENT),
            analyses: analyses.into_iter().flatten().map(AnalysisBody::from).collect(),
        }
    }
}

/// What the meter sent so far; `None` before its first telegram.
fn carried(outlet: &Outlet, meter: &MeterInfo) -> Option<Vec<Carried>> {
    let latest = outlet.store.latest(&meter.id)?;
    let period = |name: &reading::ListId| {
        let list = latest.lists.iter().find(|list| list.sample.telegram.list == *name);
        meter.period.or_else(|| list.and_then(|list| list.period))
    };
    let carried = latest.values.iter().filter_map(|newest| {
        Some(Carried {
            quantity: newest.reading.quantity?,
            list: newest.list.clone(),
            period: period(&newest.list),
            exponent: newest.reading.value.number().map(reading::Decimal::exponent),
        })
    });
    Some(carried.collect())
}

pub(in crate::http::v1) async fn get(chosen: Chosen) -> Json<AvailabilityBody> {
    Json(AvailabilityBody::new(&chosen.service, &chosen.meter))
}
