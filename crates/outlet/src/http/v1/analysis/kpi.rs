//! `GET /api/v1/analysis/kpi`: power and energy of the last hour.

use super::Chosen;
use crate::hour::Hour;
use crate::http::industrie::Kpis;
use crate::http::problem::Problem;
use crate::http::v1::figure::{FigureBody, ReasonBody, WarningBody};
use crate::json::Utc;
use crate::{MeterInfo, Outlet};
use analysis::Figure;
use analysis::chapter25::{self, Mode, Warning};
use axum::response::Json;
use serde::Serialize;

/// Indicators of one meter's last hour.
#[derive(Serialize)]
pub(in crate::http) struct KpiBody {
    meter: String,
    from: Utc,
    to: Utc,
    reason: Option<ReasonBody>,
    mean_kw: FigureBody<f64>,
    max_kw: FigureBody<f64>,
    max_at: Option<Utc>,
    min_kw: FigureBody<f64>,
    /// Energy drawn.
    energy_kwh: FigureBody<f64>,
    /// Energy fed in.
    export_kwh: FigureBody<f64>,
    /// Share of the hour in which the power is known.
    coverage_pct: f64,
    /// Share of the hour for which the energy is known.
    energy_coverage_pct: f64,
    quality: Counts,
    /// Chapter 25's `kpis` under its own keys.
    chapter25: Option<Kpis>,
    warnings: Vec<WarningBody>,
}

/// Telegrams of the hour by quality.
#[derive(Serialize)]
struct Counts {
    good: usize,
    suspect: usize,
    bad: usize,
}

impl KpiBody {
    /// The indicators of the hour before now.
    pub(in crate::http) async fn new(outlet: &Outlet, meter: &MeterInfo) -> Result<Self, Problem> {
        let now = (outlet.clock)();
        let hour = outlet.hour(meter, now, Mode::Extended).await?;
        Ok(Self::of(meter, &hour, outlet.stale_last(meter)))
    }

    fn of(meter: &MeterInfo, hour: &Hour, stale: Option<Warning>) -> Self {
        let answer = chapter25::kpi(&hour.rows, Mode::Extended);
        let (report, share) = (&hour.energy, hour.qualities());
        let (result, warnings) =
            answer.map_or((None, Vec::new()), |answer| (Some(answer.result), answer.warnings));
        let warnings = stale.into_iter().chain(hour.doubt()).chain(warnings);
        let kilo = |figure: Figure| figure.map(|value| value / 1000.0).into();
        Self {
            meter: meter.id.to_string(),
            from: Utc(hour.from),
            to: Utc(hour.to),
            reason: hour.rows.is_empty().then(|| analysis::Reason::NoSamples.into()),
            mean_kw: kilo(report.mean_w),
            max_kw: kilo(report.max_w),
            max_at: report.max_at.map(Utc),
            min_kw: kilo(report.min_w),
            energy_kwh: kilo(report.import_wh),
            export_kwh: kilo(report.export_wh),
            coverage_pct: report.coverage_pct,
            energy_coverage_pct: report.energy_coverage_pct,
            quality: Counts { good: share.good, suspect: share.suspect, bad: share.bad },
            warnings: warnings.map(WarningBody::from).collect(),
            chapter25: result.map(Kpis::from),
        }
    }
}

pub(in crate::http::v1) async fn get(chosen: Chosen) -> Result<Json<KpiBody>, Problem> {
    Ok(Json(KpiBody::new(&chosen.service, &chosen.meter).await?))
}
