//! `GET /api/v1/analysis/reactive`: powers, power factor, compensation.

use super::Chosen;
use crate::http::v1::figure::{FigureBody, ReasonBody, WarningBody, word};
use crate::json::Utc;
use crate::last::Last;
use crate::{MeterInfo, Outlet};
use analysis::chapter25::{self, Mode, PowerFactorAnalysis};
use analysis::compensation::{CompensationReport, CompensationSettings, compensation_report};
use analysis::power_factor::{Direction, Nature, PowerReport, power_report};
use axum::response::Json;
use serde::Serialize;

/// Reactive power of one meter's last measurement.
#[derive(Serialize)]
pub(in crate::http) struct ReactiveBody {
    meter: String,
    at: Option<Utc>,
    reason: Option<ReasonBody>,
    #[serde(flatten)]
    powers: Option<PowersBody>,
    compensation: Option<CompensationBody>,
    chapter25: Option<Chapter25Body>,
    warnings: Vec<WarningBody>,
}

#[derive(Serialize)]
struct PowersBody {
    active_power_w: FigureBody<f64>,
    reactive_power_var: FigureBody<f64>,
    apparent_power_va: FigureBody<f64>,
    s_method: Option<&'static str>,
    pf_abs: FigureBody<f64>,
    pf_kind: Option<&'static str>,
    tan_phi: FigureBody<f64>,
    direction: FigureBody<&'static str>,
    nature: FigureBody<&'static str>,
    quadrant: FigureBody<u8>,
    pf_phases: [FigureBody<f64>; 3],
}

#[derive(Serialize)]
struct CompensationBody {
    target_pf: f64,
    qc_required_kvar: FigureBody<f64>,
    bank_kvar: FigureBody<f64>,
    recommended: FigureBody<bool>,
    losses_avoided_pct: FigureBody<f64>,
    kva_released: FigureBody<f64>,
    reactive_after_kvar: FigureBody<f64>,
    overcompensation_risk: FigureBody<bool>,
    resonance_order: FigureBody<f64>,
    detuning_advised: FigureBody<bool>,
}

/// Chapter 25's numbers under English names.
#[derive(Serialize)]
struct Chapter25Body {
    power_factor: Option<f64>,
    evaluation: Option<&'static str>,
    penalty: Option<f64>,
    savings_w: Option<f64>,
    compensation_recommended: Option<bool>,
    capacity_kvar: Option<[f64; 3]>,
}

impl ReactiveBody {
    pub(in crate::http) fn new(outlet: &Outlet, meter: &MeterInfo) -> Self {
        let Some(last) = outlet.last(meter, Mode::Extended) else {
            return Self {
                meter: meter.id.to_string(),
                at: None,
                reason: Some(ReasonBody::NO_MEASUREMENT),
                powers: None,
                compensation: None,
                chapter25: None,
                warnings: Vec::new(),
            };
        };
        Self::of(meter, last)
    }

    fn of(meter: &MeterInfo, Last { measurement, warnings }: Last) -> Self {
        let power = power_report(&measurement, None);
        let settings = CompensationSettings::default();
        let compensation = compensation_report(&power, &settings);
        let answer = chapter25::power_factor(&measurement, Mode::Extended);
        Self {
            meter: meter.id.to_string(),
            at: Some(Utc(measurement.at())),
            reason: None,
            compensation: Some(CompensationBody::new(&compensation, settings.target)),
            powers: Some(PowersBody::new(&power)),
            chapter25: Some(Chapter25Body::new(&answer.result)),
            warnings: warnings.into_iter().chain(answer.warnings).map(WarningBody::from).collect(),
        }
    }
}

impl PowersBody {
    fn new(power: &PowerReport) -> Self {
        Self {
            active_power_w: power.active_w.into(),
            reactive_power_var: power.reactive_var.into(),
            apparent_power_va: power.apparent_va.into(),
            s_method: power.apparent_method.map(analysis::power_factor::ApparentPowerMethod::name),
            pf_abs: power.power_factor.into(),
            pf_kind: power.power_factor_kind.map(analysis::power_factor::PowerFactorKind::name),
            tan_phi: power.tan_phi.into(),
            direction: word(power.direction, Direction::name),
            nature: word(power.nature, Nature::name),
            quadrant: power.quadrant.into(),
            pf_phases: power.power_factor_phases.map(FigureBody::from),
        }
    }
}

impl CompensationBody {
    fn new(report: &CompensationReport, target_pf: f64) -> Self {
        Self {
            target_pf,
            qc_required_kvar: report.required_kvar.into(),
            bank_kvar: report.bank_kvar.into(),
            recommended: report.recommended.into(),
            losses_avoided_pct: report.loss_reduction_pct.into(),
            kva_released: report.released_kva.into(),
            reactive_after_kvar: report.after_kvar.into(),
            overcompensation_risk: report.overcompensation.into(),
            resonance_order: report.resonance_order.into(),
            detuning_advised: report.detuning.into(),
        }
    }
}

impl Chapter25Body {
    fn new(result: &PowerFactorAnalysis) -> Self {
        let capacity = result.capacite_batteries_necesaire;
        Self {
            power_factor: result.facteur_puissance,
            evaluation: result.evaluation,
            penalty: result.penalite_applicable.map(analysis::chapter25::Number::value),
            savings_w: result.economies_compensation.map(analysis::chapter25::Number::value),
            compensation_recommended: result.compensation_recommandee,
            capacity_kvar: capacity.map(|kvar| {
                [kvar.capacite_min_kvar, kvar.capacite_max_kvar, kvar.capacite_recommandee_kvar]
            }),
        }
    }
}

pub(in crate::http::v1) async fn get(chosen: Chosen) -> Json<ReactiveBody> {
    Json(ReactiveBody::new(&chosen.service, &chosen.meter))
}
