//! What a meter's lists can and cannot prove.
//!
//! In: the quantities that the meter really sends, each with its list, period and resolution.
//! Out: for every analysis whether it is possible, degraded or impossible, why, and what would
//! help. Source: IEC 61000-4-30 for what counts as a measurement of power quality; the grid
//! operator, not the meter, decides what an E450 pushes. Refuses: to assume that a quantity exists.

mod rules;
mod sentence;

use reading::{ListId, Quantity};
use std::time::Duration;

pub use sentence::Sentence;

/// A quantity that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// What arrives.
    pub quantity: Quantity,
    /// The list that carries it.
    pub list: ListId,
    /// How often; `None` when not known yet.
    pub period: Option<Duration>,
    /// The power of ten of its last digit, in the catalogue's unit; `None` when not known.
    pub exponent: Option<i8>,
}

/// The site around the meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// The meter calls line voltages "L1" to "L3".
    pub line_to_line: bool,
    /// Sub-meters below this meter.
    pub sub_meters: usize,
    /// The billing interval of demand.
    pub demand_interval: Duration,
}

impl Default for Surroundings {
    /// A French main meter: phase voltages, no sub-meters, 10 minutes.
    fn default() -> Self {
        Self { line_to_line: false, sub_meters: 0, demand_interval: Duration::from_secs(600) }
    }
}

/// Whether an analysis can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// As its standard demands, or as well as any meter can.
    Possible,
    /// With an assumption, a lower resolution or a part missing.
    Degraded,
    /// Not at all.
    Impossible,
}

impl State {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Degraded => "degraded",
            Self::Impossible => "impossible",
        }
    }
}

macro_rules! analyses {
    ($($analysis:ident = $name:literal, $english:literal, $french:literal;)*) => {
        /// The analyses that depend on what a meter sends.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Analysis {
            $(#[doc = $english] $analysis,)*
        }

        impl Analysis {
            /// Every analysis, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$analysis,)*];

            /// The name on every surface.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$analysis => $name,)* }
            }

            /// English title.
            #[must_use]
            pub const fn english(self) -> &'static str {
                match self { $(Self::$analysis => $english,)* }
            }

            /// French title.
            #[must_use]
            pub const fn french(self) -> &'static str {
                match self { $(Self::$analysis => $french,)* }
            }
        }
    };
}

analyses! {
    PhaseBalanceVoltage = "phase_balance_voltage", "Voltage balance", "Équilibre des tensions";
    PhaseBalanceCurrent = "phase_balance_current", "Current balance", "Équilibre des courants";
    U2 = "u2", "Negative-sequence unbalance", "Déséquilibre inverse u2";
    U0 = "u0", "Zero-sequence unbalance", "Déséquilibre homopolaire u0";
    PhaseSequence = "phase_sequence", "Phase sequence", "Ordre des phases";
    Neutral = "neutral", "Neutral current", "Courant de neutre";
    PowerFactor = "power_factor", "Power factor", "Facteur de puissance";
    Reactive = "reactive", "Reactive power", "Puissance réactive";
    DisplacementPowerFactor = "displacement_pf", "Displacement power factor", "cos φ du fondamental";
    Thd = "thd", "Harmonic distortion", "Distorsion harmonique";
    Harmonics = "harmonics", "Individual harmonics", "Harmoniques par rang";
    Energy = "energy", "Energy", "Énergie";
    Demand = "demand", "Demand", "Puissance moyenne de facturation";
    Kpi = "kpi", "Hourly indicators", "Indicateurs horaires";
    MachineLoads = "machine_loads", "Loads by machine", "Charges par machine";
    VoltageQualityScreening = "voltage_quality_screening", "Voltage screening", "Surveillance de la tension";
    Events = "events", "Dips and interruptions", "Creux et coupures";
    NormVerdict = "norm_verdict", "EN 50160 verdict", "Verdict EN 50160";
}

/// What one analysis can do with what the meter sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Availability {
    /// The analysis.
    pub analysis: Analysis,
    /// Whether it can be done.
    pub state: State,
    /// Why.
    pub reason: Sentence,
    /// What would make it better; `None` when nothing would.
    pub remedy: Option<Sentence>,
}

/// What every analysis can do with what the meter sends, in the order of [`Analysis::ALL`].
#[must_use]
pub fn availability(carried: &[Carried], surroundings: &Surroundings) -> Vec<Availability> {
    let evidence = rules::Evidence { carried, surroundings };
    Analysis::ALL.iter().map(|analysis| evidence.judge(*analysis)).collect()
}

#[cfg(test)]
mod tests;
