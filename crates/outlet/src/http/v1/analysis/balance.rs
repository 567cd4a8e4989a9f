//! `GET /api/v1/analysis/balance`: voltage and current unbalance.

use super::Chosen;
use crate::http::industrie::sequence_name;
use crate::http::v1::figure::{FigureBody, ReasonBody, WarningBody, word};
use crate::json::Utc;
use crate::last::Last;
use crate::{MeterInfo, Outlet};
use analysis::balance::{
    Advice, BalanceReport, BalanceSettings, CurrentBalance, VoltageBalance, balance_report,
};
use analysis::chapter25::{self, Balance, Mode};
use axum::response::Json;
use serde::Serialize;

/// Phase balance of one meter's last measurement.
#[derive(Serialize)]
pub(in crate::http) struct BalanceBody {
    meter: String,
    at: Option<Utc>,
    /// `ok`, `no_load`, `partial`, `no_data`.
    status: &'static str,
    reason: Option<ReasonBody>,
    voltage: Option<VoltageBody>,
    current: Option<CurrentBody>,
    motor_derating: Option<FigureBody<f64>>,
    advice: Vec<AdviceBody>,
    chapter25: Option<Chapter25Body>,
    warnings: Vec<WarningBody>,
}

#[derive(Serialize)]
struct VoltageBody {
    line_v: FigureBody<[f64; 3]>,
    dev_max_pct: FigureBody<f64>,
    dev_phase: FigureBody<u8>,
    lvur_pct: FigureBody<f64>,
    u2_pct: FigureBody<f64>,
    u2_range_pct: Option<[f64; 2]>,
    u0_pct: FigureBody<f64>,
    limit_pct: f64,
    ok: FigureBody<bool>,
    sequence: FigureBody<&'static str>,
    highest_phase: FigureBody<u8>,
    lowest_phase: FigureBody<u8>,
}

#[derive(Serialize)]
struct CurrentBody {
    mean_a: FigureBody<f64>,
    dev_max_pct: FigureBody<f64>,
    dev_phase: FigureBody<u8>,
    i2_pct: FigureBody<f64>,
    i0_pct: FigureBody<f64>,
    neutral_a: FigureBody<f64>,
    min_a: f64,
    limit_pct: f64,
    ok: FigureBody<bool>,
    most_loaded_phase: FigureBody<u8>,
}

#[derive(Serialize)]
struct AdviceBody {
    code: &'static str,
    text: String,
    text_fr: String,
    from: Option<u8>,
    to: Option<u8>,
    amps_to_move: Option<f64>,
}

/// Chapter 25's numbers under English names; the recommendation is its French sentence.
#[derive(Serialize)]
struct Chapter25Body {
    score: Option<f64>,
    balanced: Option<bool>,
    highest_voltage_phase: Option<u8>,
    highest_current_phase: Option<u8>,
    recommendation: Option<&'static str>,
}

impl BalanceBody {
    pub(in crate::http) fn new(outlet: &Outlet, meter: &MeterInfo) -> Self {
        let Some(last) = outlet.last(meter, Mode::Extended) else {
            return Self {
                meter: meter.id.to_string(),
                at: None,
                status: "no_data",
                reason: Some(ReasonBody::NO_MEASUREMENT),
                voltage: None,
                current: None,
                motor_derating: None,
                advice: Vec::new(),
                chapter25: None,
                warnings: Vec::new(),
            };
        };
        Self::of(meter, last)
    }

    fn of(meter: &MeterInfo, Last { measurement, warnings }: Last) -> Self {
        let voltage_kind = meter.voltage_kind;
        let settings = BalanceSettings { voltage_kind, ..BalanceSettings::default() };
        let report = balance_report(&measurement, &settings);
        let answer = chapter25::balance(&measurement, Mode::Extended);
        let BalanceReport { status, voltage, current, motor_derating, advice } = report;
        Self {
            meter: meter.id.to_string(),
            at: Some(Utc(measurement.at())),
            status: status.name(),
            reason: None,
            voltage: Some(VoltageBody::new(&voltage, &settings)),
            current: Some(CurrentBody::new(&current, &settings)),
            motor_derating: Some(motor_derating.into()),
            advice: advice.into_iter().map(AdviceBody::from).collect(),
            chapter25: Some(Chapter25Body::new(&answer.result)),
            warnings: warnings.into_iter().chain(answer.warnings).map(WarningBody::from).collect(),
        }
    }
}

impl VoltageBody {
    fn new(voltage: &VoltageBalance, settings: &BalanceSettings) -> Self {
        Self {
            line_v: voltage.line_v.into(),
            dev_max_pct: voltage.deviation_pct.into(),
            dev_phase: voltage.deviation_phase.into(),
            lvur_pct: voltage.lvur_pct.into(),
            u2_pct: voltage.u2_pct.into(),
            u2_range_pct: voltage.u2_range_pct,
            u0_pct: voltage.u0_pct.into(),
            limit_pct: settings.voltage_limit_pct,
            ok: voltage.ok.into(),
            sequence: word(voltage.sequence, sequence_name),
            highest_phase: voltage.highest_phase.into(),
            lowest_phase: voltage.lowest_phase.into(),
        }
    }
}

impl CurrentBody {
    fn new(current: &CurrentBalance, settings: &BalanceSettings) -> Self {
        Self {
            mean_a: current.mean_a.into(),
            dev_max_pct: current.deviation_pct.into(),
            dev_phase: current.deviation_phase.into(),
            i2_pct: current.i2_pct.into(),
            i0_pct: current.i0_pct.into(),
            neutral_a: current.neutral_a.into(),
            min_a: settings.current_min_a,
            limit_pct: settings.current_limit_pct,
            ok: current.ok.into(),
            most_loaded_phase: current.most_loaded_phase.into(),
        }
    }
}

impl From<Advice> for AdviceBody {
    fn from(advice: Advice) -> Self {
        Self {
            code: advice.code.code(),
            text: advice.english,
            text_fr: advice.french,
            from: advice.from,
            to: advice.to,
            amps_to_move: advice.amps_to_move,
        }
    }
}

impl Chapter25Body {
    fn new(result: &Balance) -> Self {
        Self {
            score: result.score_equilibre,
            balanced: result.equilibre_global,
            highest_voltage_phase: result.phase_plus_chargee_tension,
            highest_current_phase: result.phase_plus_chargee_courant,
            recommendation: result.recommandations,
        }
    }
}

pub(in crate::http::v1) async fn get(chosen: Chosen) -> Json<BalanceBody> {
    Json(BalanceBody::new(&chosen.service, &chosen.meter))
}
