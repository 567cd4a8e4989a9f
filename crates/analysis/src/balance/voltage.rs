//! The voltages of a balance report.

use super::{BalanceSettings, largest, smallest};
use crate::unbalance::{self, Screening};
use crate::voltages::{self, PhaseSequence};
use crate::{Figure, Measurement, Method, Reason, currents, phasor};

/// Voltage unbalance of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct VoltageBalance {
    /// U12, U23, U31. **Unit** V.
    pub line_v: Figure<[f64; 3]>,
    /// Largest deviation from the mean of the voltages that the meter gives (PVUR, IEEE 141, on
    /// phase voltages). **Unit** percent.
    pub deviation_pct: Figure,
    /// Where that is: 1 to 3.
    pub deviation_phase: Figure<u8>,
    /// Largest deviation of the line voltages (LVUR, NEMA MG-1). **Unit** percent.
    pub lvur_pct: Figure,
    /// Negative-sequence unbalance u2; by method `assumed_120` only a screening value, about half
    /// of the true one. **Unit** percent.
    pub u2_pct: Figure,
    /// The u2 that fits a screening value; `None` when u2 itself is known, or without an
    /// assumption about u0. **Unit** percent.
    pub u2_range_pct: Option<[f64; 2]>,
    /// The largest u0 assumed for the range; `None` without a range. **Unit** percent.
    pub u0_max_assumed_pct: Option<f64>,
    /// Zero-sequence unbalance u0. **Unit** percent.
    pub u0_pct: Figure,
    /// u2 within its limit.
    pub ok: Figure<bool>,
    /// The order of the phases.
    pub sequence: Figure<PhaseSequence>,
    /// The phase with the highest voltage: most often the least loaded one.
    pub highest_phase: Figure<u8>,
    /// The phase with the lowest voltage.
    pub lowest_phase: Figure<u8>,
}

/// Above this estimate the phases are so unlike that 120° between them is no longer a sound
/// assumption: a lost phase, a broken neutral. **Unit** percent.
const SCREENING_PCT_MAX: f64 = 5.0;

/// Voltage unbalance of a measurement.
#[must_use]
pub fn voltage_balance(measurement: &Measurement, settings: &BalanceSettings) -> VoltageBalance {
    let kind = settings.voltage_kind;
    let phase_v = positive(voltages::phase_voltages(measurement, kind));
    let line_v = positive(voltages::line_voltages(measurement, kind));
    // The voltages as the meter gives them: phases where it has them.
    let given = if phase_v.value().is_some() { phase_v } else { line_v };
    let deviation = given.and_then(unbalance::largest_deviation, Reason::NoVoltage).computed();
    let lvur = line_v.and_then(unbalance::largest_deviation, Reason::NoVoltage).computed();
    // Without a stated largest u0 there is an estimate but no range.
    let u0_max = settings.zero_sequence_max_pct;
    let screening =
        phase_v.value().and_then(|volts| unbalance::screening(volts, u0_max.unwrap_or_default()));
    let u2_pct = negative_sequence(line_v, screening);
    let assumed = u2_pct.method() == Some(Method::Assumed120);
    let range = screening.filter(|_| assumed).zip(u0_max);
    VoltageBalance {
        line_v,
        deviation_pct: deviation.map(|deviation| deviation.percent),
        deviation_phase: deviation.map(|deviation| deviation.phase),
        lvur_pct: lvur.map(|deviation| deviation.percent),
        u2_pct,
        u2_range_pct: range.map(|(screening, _)| screening.range_pct),
        u0_max_assumed_pct: range.map(|(_, u0_max)| u0_max),
        u0_pct: zero_sequence(measurement, settings),
        ok: if assumed {
            Figure::Unknown(Reason::AnglesMissing)
        } else {
            u2_pct.map(|u2| u2 <= settings.voltage_limit_pct)
        },
        sequence: sequence(measurement, settings),
        highest_phase: phase_v.map(largest).computed(),
        lowest_phase: phase_v.map(smallest).computed(),
    }
}

impl VoltageBalance {
    /// Load that motors bear; unknown when the line voltages are assumed.
    pub(super) fn motor_derating(&self) -> Figure {
        if self.lvur_pct.method() == Some(Method::Assumed120) {
            return Figure::Unknown(Reason::NeedsLineVoltages);
        }
        self.lvur_pct.and_then(unbalance::motor_derating, Reason::DoNotOperate)
    }
}

fn positive(volts: Figure<[f64; 3]>) -> Figure<[f64; 3]> {
    volts.and_then(|volts| (volts.iter().sum::<f64>() > 0.0).then_some(volts), Reason::NoVoltage)
}

fn negative_sequence(line_v: Figure<[f64; 3]>, screening: Option<Screening>) -> Figure {
    match (line_v.method(), screening) {
        (Some(Method::Assumed120), Some(screening))
            if screening.estimate_pct > SCREENING_PCT_MAX =>
        {
            Figure::Unknown(Reason::ScreeningMeaningless)
        }
        (Some(Method::Assumed120), Some(screening)) => {
            Figure::Known { value: screening.estimate_pct, method: Method::Assumed120 }
        }
        _ => line_v.and_then(unbalance::negative_sequence, Reason::NoTriangle).computed(),
    }
}

fn zero_sequence(measurement: &Measurement, settings: &BalanceSettings) -> Figure {
    let kind = settings.voltage_kind;
    if let Some(phasors) = voltages::voltage_phasors(measurement, kind) {
        let u0 = phasor::components(phasors).zero_pct();
        return Figure::from_option(u0, Method::Derived, Reason::NoVoltage);
    }
    let phase_v = match voltages::phase_voltages(measurement, kind) {
        Figure::Known { value, .. } => value,
        Figure::Unknown(reason) => return Figure::Unknown(reason),
    };
    let line_v = voltages::line_voltages(measurement, kind);
    if line_v.method() != Some(Method::Measured) {
        return Figure::Unknown(Reason::NeedsLineVoltages);
    }
    let fine = voltages::resolution(measurement).is_some_and(|exponent| exponent <= -1);
    line_v
        .and_then(|line_v| unbalance::zero_sequence(phase_v, line_v), Reason::NoTriangle)
        .and_then(
            |u0| (fine && u0 > unbalance::ZERO_SEQUENCE_PCT_MIN).then_some(u0),
            Reason::ResolutionTooCoarse,
        )
        .computed()
}

/// The sequence needs the meter's angle convention, which P and Q tell through the currents.
fn sequence(measurement: &Measurement, settings: &BalanceSettings) -> Figure<PhaseSequence> {
    if voltages::voltage_phasors(measurement, settings.voltage_kind).is_none() {
        return Figure::Unknown(Reason::SequenceNeedsAngles);
    }
    let forward = match voltages::sent_forward(measurement, settings.voltage_kind) {
        Some(forward) => forward,
        None => return Figure::Unknown(Reason::SequenceUnclear),
    };
    match (forward, currents::lead_positive(measurement)) {
        (true, Some(true) | None) | (false, Some(false)) => Figure::derived(PhaseSequence::Forward),
        (false, Some(true)) | (true, Some(false)) => Figure::derived(PhaseSequence::Reversed),
        (false, None) => Figure::Unknown(Reason::AngleConventionUnknown),
    }
}
