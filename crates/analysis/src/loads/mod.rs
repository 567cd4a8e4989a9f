//! What each machine draws, and what nobody's meter explains.
//!
//! In: the meters of a site as the configuration ties them together, each with its power at the
//! site's newest instant. Out: for every meter with others behind it the remainder, with its
//! uncertainty and what it contains; for a machine its state over time. Source: domain rules
//! "Disaggregation" and "Balance"; uncertainties add as root sum of squares (GUM, uncorrelated).
//! Refuses: to take a silent meter for 0 kW, and to count what is behind a sub-meter twice.

mod learning;
mod state;
mod tree;

#[cfg(test)]
mod tests;

pub use learning::{LEARNING_MIN, Thresholds, ThresholdsOrigin, learned};
pub use state::{
    DWELL_DEFAULT, Interval, MachineSettings, MachineState, StateTotals, Stretch, states, totals,
};
pub use tree::{Branch, Remainder, remainder, tied};

use reading::Timestamp;

/// How the load of a machine was found, the better way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoadMethod {
    /// Its own meter says the power.
    Submeter,
    /// From its currents and a power factor that is assumed, or from an energy register.
    Estimated,
    /// A number of the configuration.
    Constant,
    /// What is left of the meter upstream.
    Difference,
}

impl LoadMethod {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submeter => "submeter",
            Self::Estimated => "estimated",
            Self::Constant => "constant",
            Self::Difference => "difference",
        }
    }

    /// The word of chapter 25's route.
    #[must_use]
    pub const fn french(self) -> &'static str {
        match self {
            Self::Submeter => "mesure",
            Self::Estimated => "estime",
            Self::Constant => "constante",
            Self::Difference => "difference",
        }
    }
}

/// How far a load may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// Known to some per cent.
    High,
    /// Known to a quarter.
    Medium,
    /// An order of magnitude.
    Low,
}

impl Confidence {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Above this share of the load, an uncertainty is no longer that of a meter.
const HIGH_SHARE_MAX: f64 = 0.05;
/// Above this share, only the order of magnitude is known.
const MEDIUM_SHARE_MAX: f64 = 0.25;

/// A load that is known at the site's newest instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownLoad {
    /// **Unit** kW. **Sign** drawn positive.
    pub kw: f64,
    /// How it was found.
    pub method: LoadMethod,
    /// When it was measured.
    pub at: Timestamp,
    /// Accuracy of the meter or of the estimate. **Unit** percent of the load.
    pub class_pct: f64,
    /// One step of the register. **Unit** kW.
    pub resolution_kw: f64,
    /// Root mean square change from one measurement to the next. **Unit** kW.
    pub step_kw: f64,
    /// The usual time between two measurements. **Unit** s.
    pub period_s: f64,
}

impl KnownLoad {
    /// Uncertainty of the load at its own instant. **Unit** kW, never negative.
    #[must_use]
    pub fn uncertainty_kw(&self) -> f64 {
        (self.kw * self.class_pct / 100.0).hypot(self.resolution_kw / 2.0)
    }

    /// How far the load may have moved within a time. **Unit** kW.
    ///
    /// Steps that do not know of each other add up as their root: √n steps in n periods.
    fn moved_kw(&self, seconds: f64) -> f64 {
        /// Beyond so many periods the load may be anything that it usually is.
        const PERIODS_MAX: f64 = 60.0;
        if self.period_s <= 0.0 {
            return 0.0;
        }
        self.step_kw * (seconds / self.period_s).clamp(0.0, PERIODS_MAX).sqrt()
    }

    /// The time between its own instant and another.
    fn apart_s(&self, at: Timestamp) -> f64 {
        self.at.since(at).max(at.since(self.at)).as_secs_f64()
    }

    /// How far it may be trusted at an instant: beside its uncertainty counts how far it may have
    /// moved since it was measured.
    #[must_use]
    pub fn confidence(&self, at: Timestamp) -> Confidence {
        if self.method == LoadMethod::Constant {
            return Confidence::Low;
        }
        let moved_kw = self.moved_kw(self.apart_s(at));
        let (kw, uncertainty_kw) = (self.kw.abs(), self.uncertainty_kw().hypot(moved_kw));
        // A machine that is off is known to be off, however coarse its register is.
        if uncertainty_kw <= HIGH_SHARE_MAX * kw || uncertainty_kw <= 2.0 * self.resolution_kw {
            Confidence::High
        } else if uncertainty_kw <= MEDIUM_SHARE_MAX * kw {
            Confidence::Medium
        } else {
            Confidence::Low
        }
    }
}

macro_rules! reasons {
    ($($reason:ident = $code:literal, $english:literal, $french:literal;)*) => {
        /// Why the load of a meter is not known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum LoadReason {
            $(#[doc = $english] $reason,)*
        }

        impl LoadReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$reason,)*];

            /// The stable name.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$reason => $code,)* }
            }

            /// One English sentence.
            #[must_use]
            pub const fn english(self) -> &'static str {
                match self { $(Self::$reason => $english,)* }
            }

            /// One French sentence.
            #[must_use]
            pub const fn french(self) -> &'static str {
                match self { $(Self::$reason => $french,)* }
            }
        }
    };
}

#[rustfmt::skip]
reasons! {
    NoMeasurement = "no_measurement", "No measurement of this meter is stored yet.", "Aucune mesure de ce compteur n'est encore enregistrée.";
    Silent = "silent", "The meter has said nothing since then: its load may be anything.", "Le compteur se tait depuis : sa charge peut être n'importe laquelle.";
    NoPower = "no_power", "The meter sends neither power nor anything it follows from.", "Le compteur n'envoie ni puissance ni de quoi la calculer.";
    BadQuality = "bad_quality", "The meter marks its own values as not to be used.", "Le compteur marque lui-même ses valeurs comme inutilisables.";
}

/// What is known of a meter's load at the site's newest instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// The load.
    Known(KnownLoad),
    /// Why it is not known.
    Unknown {
        /// Why.
        reason: LoadReason,
        /// When it was known last, and what it was then in kW.
        last: Option<(Timestamp, f64)>,
    },
}

impl Load {
    /// The load, when known.
    #[must_use]
    pub const fn known(&self) -> Option<&KnownLoad> {
        match self {
            Self::Known(known) => Some(known),
            Self::Unknown { .. } => None,
        }
    }
}
