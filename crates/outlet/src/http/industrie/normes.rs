//! `normes`: what the standards say beside chapter 25's numbers.
//!
//! Flat numbers, null when unknown; `raisons` then says why, in French, under the field's name.

use super::Request;
use crate::hour::Hour;
use analysis::balance::{Advice, BalanceSettings, balance_report};
use analysis::chapter25::Kpi;
use analysis::compensation::{CompensationSettings, compensation_report};
use analysis::power_factor::{Direction, Nature, power_report};
use analysis::voltages::PhaseSequence;
use analysis::{Figure, Measurement, Method};
use serde::{Serialize, Serializer};

/// Why fields are null, in the order of the fields.
#[derive(Default)]
pub(super) struct Raisons(Vec<(&'static str, Raison)>);

#[derive(Clone, Copy, Serialize)]
pub(super) struct Raison {
    code: &'static str,
    texte: &'static str,
}

impl Raisons {
    /// The value of a field; the reason is kept when there is none.
    pub(super) fn value<T: Copy>(&mut self, field: &'static str, figure: Figure<T>) -> Option<T> {
        if let Some(reason) = figure.reason() {
            self.0.push((field, Raison { code: reason.code(), texte: reason.french() }));
        }
        figure.value()
    }
}

impl Serialize for Raisons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// `normes` of `equilibre-phases`.
#[derive(Serialize)]
pub(super) struct BalanceNorms {
    voltage_dev_max_pct: Option<f64>,
    voltage_dev_phase: Option<u8>,
    current_dev_max_pct: Option<f64>,
    current_dev_phase: Option<u8>,
    lvur_pct: Option<f64>,
    u2_pct: Option<f64>,
    u2_method: Option<&'static str>,
    u2_range_pct: Option<[f64; 2]>,
    u0_pct: Option<f64>,
    i2_pct: Option<f64>,
    i2_method: Option<&'static str>,
    i_neutral_a: Option<f64>,
    i_neutral_method: Option<&'static str>,
    voltage_ok: Option<bool>,
    current_ok: Option<bool>,
    phase_sequence: Option<&'static str>,
    phase_lowest_voltage: Option<u8>,
    phase_highest_voltage: Option<u8>,
    phase_most_loaded: Option<u8>,
    motor_derating: Option<f64>,
    status: &'static str,
    conseils: Vec<Conseil>,
    raisons: Raisons,
}

#[derive(Serialize)]
struct Conseil {
    code: &'static str,
    text: String,
    from: Option<u8>,
    to: Option<u8>,
    amps_to_move: Option<f64>,
}

impl From<Advice> for Conseil {
    fn from(advice: Advice) -> Self {
        Self {
            code: advice.code.code(),
            text: advice.french,
            from: advice.from,
            to: advice.to,
            amps_to_move: advice.amps_to_move,
        }
    }
}

/// The name of a phase sequence on every surface.
pub(in crate::http) fn sequence_name(sequence: PhaseSequence) -> &'static str {
    match sequence {
        PhaseSequence::Forward => "forward",
        PhaseSequence::Reversed => "reversed",
    }
}

impl BalanceNorms {
    pub(super) fn new(request: &Request, measurement: &Measurement) -> Self {
        let voltage_kind = request.meter.voltage_kind;
        let settings = BalanceSettings { voltage_kind, ..BalanceSettings::default() };
        let report = balance_report(measurement, &settings);
        let (voltage, current) = (&report.voltage, &report.current);
        let mut why = Raisons::default();
        Self {
            voltage_dev_max_pct: why.value("voltage_dev_max_pct", voltage.deviation_pct),
            voltage_dev_phase: voltage.deviation_phase.value(),
            current_dev_max_pct: why.value("current_dev_max_pct", current.deviation_pct),
            current_dev_phase: current.deviation_phase.value(),
            lvur_pct: why.value("lvur_pct", voltage.lvur_pct),
            u2_pct: why.value("u2_pct", voltage.u2_pct),
            u2_method: voltage.u2_pct.method().map(Method::name),
            u2_range_pct: voltage.u2_range_pct,
            u0_pct: why.value("u0_pct", voltage.u0_pct),
            i2_pct: why.value("i2_pct", current.i2_pct),
            i2_method: current.i2_pct.method().map(Method::name),
            i_neutral_a: why.value("i_neutral_a", current.neutral_a),
            i_neutral_method: current.neutral_a.method().map(Method::name),
            voltage_ok: why.value("voltage_ok", voltage.ok),
            current_ok: why.value("current_ok", current.ok),
            phase_sequence: why.value("phase_sequence", voltage.sequence).map(sequence_name),
            phase_lowest_voltage: why.value("phase_lowest_voltage", voltage.lowest_phase),
            phase_highest_voltage: voltage.highest_phase.value(),
            phase_most_loaded: why.value("phase_most_loaded", current.most_loaded_phase),
            motor_derating: why.value("motor_derating", report.motor_derating),
            status: report.status.name(),
            conseils: report.advice.into_iter().map(Conseil::from).collect(),
            raisons: why,
        }
    }
}

/// `normes` of `facteur-puissance`.
#[derive(Serialize)]
pub(super) struct ReactiveNorms {
    pf_abs: Option<f64>,
    pf_kind: Option<&'static str>,
    direction: Option<&'static str>,
    nature: Option<&'static str>,
    quadrant: Option<u8>,
    tan_phi: Option<f64>,
    s_va: Option<f64>,
    s_method: Option<&'static str>,
    target_pf: f64,
    qc_required_kvar: Option<f64>,
    bank_kvar: Option<f64>,
    recommended: Option<bool>,
    overcompensation_risk: Option<bool>,
    savings: Savings,
    /// Needs the tariff and the energies of the billing window.
    penalty: Option<f64>,
    raisons: Raisons,
}

/// What reaching the target would save.
#[derive(Serialize)]
struct Savings {
    losses_avoided_pct: Option<f64>,
    kva_released: Option<f64>,
}

const NO_TARIFF: Raison = Raison {
    code: "tariff_unknown",
    texte: "Une pénalité se calcule avec un tarif, sur l'énergie de la période de facturation.",
};

impl ReactiveNorms {
    pub(super) fn new(measurement: &Measurement) -> Self {
        let power = power_report(measurement, None);
        let settings = CompensationSettings::default();
        let report = compensation_report(&power, &settings);
        let mut why = Raisons::default();
        let norms = Self {
            pf_abs: why.value("pf_abs", power.power_factor),
            pf_kind: power.power_factor_kind.map(analysis::power_factor::PowerFactorKind::name),
            direction: why.value("direction", power.direction).map(Direction::name),
            nature: why.value("nature", power.nature).map(Nature::name),
            quadrant: why.value("quadrant", power.quadrant),
            tan_phi: why.value("tan_phi", power.tan_phi),
            s_va: why.value("s_va", power.apparent_va),
            s_method: power.apparent_method.map(analysis::power_factor::ApparentPowerMethod::name),
            target_pf: settings.target,
            qc_required_kvar: why.value("qc_required_kvar", report.required_kvar),
            bank_kvar: why.value("bank_kvar", report.bank_kvar),
            recommended: why.value("recommended", report.recommended),
            overcompensation_risk: why.value("overcompensation_risk", report.overcompensation),
            savings: Savings {
                losses_avoided_pct: report.loss_reduction_pct.value(),
                kva_released: report.released_kva.value(),
            },
            penalty: None,
            raisons: Raisons::default(),
        };
        why.0.push(("penalty", NO_TARIFF));
        Self { raisons: why, ..norms }
    }
}

/// `normes` of `kpi-energetiques`.
#[derive(Serialize)]
pub(super) struct KpiNorms {
    mean_kw: Option<f64>,
    max_kw: Option<f64>,
    energy_kwh: Option<f64>,
    method: Option<&'static str>,
    coverage_pct: f64,
    energy_coverage_pct: f64,
    qualites: Qualites,
    /// The chapter's `efficacite_globale`, which is no efficiency.
    indice_qualite_ch25: Option<f64>,
    /// An energy performance indicator needs production data.
    enpi: Option<f64>,
    raisons: Raisons,
}

/// Rows of the hour by chapter 25's `qualite`.
#[derive(Serialize)]
struct Qualites {
    good: usize,
    warning: usize,
    error: usize,
}

const NO_PRODUCTION: Raison = Raison {
    code: "production_unknown",
    texte: "Un indicateur de performance énergétique exige des données de production.",
};

impl KpiNorms {
    pub(super) fn new(hour: &Hour, kpi: &Kpi) -> Self {
        let (report, share) = (&hour.energy, hour.qualities());
        let mut why = Raisons::default();
        let norms = Self {
            mean_kw: why.value("mean_kw", report.mean_w).map(|watts| watts / 1000.0),
            max_kw: why.value("max_kw", report.max_w).map(|watts| watts / 1000.0),
            energy_kwh: why.value("energy_kwh", report.import_wh).map(|wh| wh / 1000.0),
            method: report.import_wh.method().map(Method::name),
            coverage_pct: report.coverage_pct,
            energy_coverage_pct: report.energy_coverage_pct,
            qualites: Qualites { good: share.good, warning: share.suspect, error: share.bad },
            indice_qualite_ch25: kpi.efficacite_globale,
            enpi: None,
            raisons: Raisons::default(),
        };
        why.0.push(("enpi", NO_PRODUCTION));
        Self { raisons: why, ..norms }
    }
}
