//! What to do about an unbalance.

use super::supply::Supply;
use super::{BalanceSettings, CurrentBalance, VoltageBalance, largest, smallest};
use crate::chapter25::french;
use crate::voltages::PhaseSequence;
use crate::{Figure, Measurement, Method, Reason, currents};

/// One piece of advice.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// What to do.
    pub code: AdviceCode,
    /// One French sentence.
    pub french: String,
    /// One English sentence.
    pub english: String,
    /// The phase to unload, 1 to 3.
    pub from: Option<u8>,
    /// The phase to load, 1 to 3.
    pub to: Option<u8>,
    /// The current to move. **Unit** A.
    pub amps_to_move: Option<f64>,
}

/// The kinds of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AdviceCode {
    /// A phase has no voltage while others are live.
    PhaseLoss,
    /// Move single-phase loads from one phase to another.
    MoveLoad,
    /// The supply itself is unbalanced.
    CheckSupply,
    /// Motors must run below their rating, or not at all.
    DerateMotors,
    /// Two phases are swapped.
    SwapPhases,
    /// Only line voltages or angles can confirm a suspected unbalance.
    MeasureLineVoltages,
}

impl AdviceCode {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PhaseLoss => "perte_de_phase",
            Self::MoveLoad => "deplacer_charge",
            Self::CheckSupply => "verifier_alimentation",
            Self::DerateMotors => "declasser_moteurs",
            Self::SwapPhases => "ordre_des_phases",
            Self::MeasureLineVoltages => "mesurer_tensions_composees",
        }
    }
}

/// Estimate from which a screening value could hide an unbalance above 2 %. **Unit** percent.
const SCREENING_SUSPECT_PCT: f64 = 1.0;

pub(super) fn advice(
    measurement: &Measurement,
    voltage: &VoltageBalance,
    current: &CurrentBalance,
    settings: &BalanceSettings,
) -> Vec<Advice> {
    let mut advice = Vec::new();
    let supply = Supply::of(measurement, settings.voltage_kind);
    let lost = supply.lost();
    if !lost.is_empty() {
        // Moving loads, derating motors or calling for finer measurements can all wait.
        return vec![phase_loss(&lost, &supply)];
    }
    if current.ok.value() == Some(false) {
        let amps = currents::phase_currents(measurement).value();
        advice.extend(amps.filter(|amps| target_is_live(*amps, &supply, settings)).map(move_load));
    }
    if voltage.ok.value() == Some(false) {
        advice.push(check_supply(voltage.u2_pct, settings));
    }
    if let Some(factor) = voltage.motor_derating().value().filter(|factor| *factor < 1.0) {
        advice.push(plain(
            AdviceCode::DerateMotors,
            format!("Limiter les moteurs à {:.0} % de leur puissance nominale.", factor * 100.0),
            format!("Limit motors to {:.0} % of their rated power.", factor * 100.0),
        ));
    }
    if voltage.sequence.value() == Some(PhaseSequence::Reversed) {
        advice.push(plain(
            AdviceCode::SwapPhases,
            "L'ordre des phases est inversé : vérifier le câblage du compteur.".to_owned(),
            "The phase sequence is reversed: check the wiring of the meter.".to_owned(),
        ));
    }
    let screened = voltage.u2_pct.method() == Some(Method::Assumed120);
    let suspect = voltage.u2_pct.value().is_some_and(|u2| u2 >= SCREENING_SUSPECT_PCT);
    if (screened && suspect) || voltage.u2_pct.reason() == Some(Reason::ScreeningMeaningless) {
        advice.push(plain(
            AdviceCode::MeasureLineVoltages,
            "Mesurer les tensions composées : l'estimation ne permet pas d'exclure un \
             déséquilibre au-delà de la limite."
                .to_owned(),
            "Measure the line-to-line voltages: the estimate cannot exclude an unbalance beyond \
             the limit."
                .to_owned(),
        ));
    }
    advice
}

/// Whether the least loaded phase can take load: its voltage says so, or, on a meter without
/// voltages, the current that it carries.
fn target_is_live(amps: [f64; 3], supply: &Supply, settings: &BalanceSettings) -> bool {
    let to = usize::from(smallest(amps)) - 1;
    match supply.live.get(to) {
        Some(Some(live)) => *live,
        _ => !supply.known() && amps.iter().all(|amps| *amps >= settings.current_min_a),
    }
}

fn phase_loss(lost: &[u8], supply: &Supply) -> Advice {
    let named = |decimal_comma: bool| {
        let phases = lost.iter().map(|phase| {
            match supply.volts.get(usize::from(*phase) - 1).copied().flatten() {
                Some(volts) if decimal_comma => format!("L{phase} ({} V)", french(volts, 1)),
                Some(volts) => format!("L{phase} ({volts:.1} V)"),
                None => format!("L{phase}"),
            }
        });
        phases.collect::<Vec<_>>().join(", ")
    };
    plain(
        AdviceCode::PhaseLoss,
        format!(
            "Perte de phase : {} sans tension normale alors que le reste du réseau est sous \
             tension. Vérifier fusibles, disjoncteur et raccordements ; ne pas faire tourner de \
             moteur triphasé.",
            named(true),
        ),
        format!(
            "Phase loss: {} without its normal voltage while the rest of the supply is live. Check \
             fuses, breaker and connections; do not run three-phase motors.",
            named(false),
        ),
    )
}

/// Imax − mean, from the most to the least loaded phase.
fn move_load(amps: [f64; 3]) -> Advice {
    let mean = amps.iter().sum::<f64>() / 3.0;
    let (from, to) = (largest(amps), smallest(amps));
    let excess = amps.into_iter().fold(f64::MIN, f64::max) - mean;
    let shown = format!("{excess:.1}");
    Advice {
        code: AdviceCode::MoveLoad,
        french: format!(
            "Déplacer environ {} A de charges monophasées de L{from} vers L{to}.",
            shown.replace('.', ","),
        ),
        english: format!("Move about {shown} A of single-phase load from L{from} to L{to}."),
        from: Some(from),
        to: Some(to),
        amps_to_move: Some(excess),
    }
}

fn check_supply(u2: Figure, settings: &BalanceSettings) -> Advice {
    let u2 = u2.value().map_or_else(String::new, |u2| format!("{u2:.1}"));
    let limit = settings.voltage_limit_pct;
    plain(
        AdviceCode::CheckSupply,
        format!(
            "Le déséquilibre des tensions ({} %) dépasse {limit} % : vérifier les connexions, puis \
             contacter le gestionnaire de réseau.",
            u2.replace('.', ","),
        ),
        format!(
            "The voltage unbalance ({u2} %) exceeds {limit} %: check the connections, then contact \
             the grid operator.",
        ),
    )
}

fn plain(code: AdviceCode, french: String, english: String) -> Advice {
    Advice { code, french, english, from: None, to: None, amps_to_move: None }
}
