//! A result that is either known, with how it was found, or unknown, with the reason.

/// How a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Read from the meter.
    Measured,
    /// Computed exactly from measured values.
    Derived,
    /// Computed from phase magnitudes under the assumption of 120° between the phases.
    Assumed120,
    /// Computed from current magnitudes under the assumption of one power factor on all phases.
    AssumedEqualPowerFactor,
    /// Difference of an energy counter.
    Counter,
    /// Each sample holds until the next, for a bounded time.
    Hold,
    /// Mean power times the time for which it is known.
    Power,
    /// An estimate whose error is not bounded.
    Estimated,
}

impl Method {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Derived => "derived",
            Self::Assumed120 => "assumed_120",
            Self::AssumedEqualPowerFactor => "assumed_equal_pf_120",
            Self::Counter => "counter",
            Self::Hold => "hold",
            Self::Power => "power",
            Self::Estimated => "estimated",
        }
    }
}

/// A result with its method, or the reason why there is none.
///
/// Its unit stands at the field that holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure<T = f64> {
    /// The value and how it was found.
    Known {
        /// The value, in the unit of its field.
        value: T,
        /// How it was found.
        method: Method,
    },
    /// Why it is not known.
    Unknown(Reason),
}

impl<T: Copy> Figure<T> {
    /// A value read from the meter.
    #[must_use]
    pub const fn measured(value: T) -> Self {
        Self::Known { value, method: Method::Measured }
    }

    /// A value computed exactly from measured ones.
    #[must_use]
    pub const fn derived(value: T) -> Self {
        Self::Known { value, method: Method::Derived }
    }

    /// The value found by `method`; unknown for `reason` when there is none.
    #[must_use]
    pub fn from_option(value: Option<T>, method: Method, reason: Reason) -> Self {
        value.map_or(Self::Unknown(reason), |value| Self::Known { value, method })
    }

    /// The value, when known.
    #[must_use]
    pub const fn value(&self) -> Option<T> {
        match self {
            Self::Known { value, .. } => Some(*value),
            Self::Unknown(_) => None,
        }
    }

    /// How the value was found, when known.
    #[must_use]
    pub const fn method(&self) -> Option<Method> {
        match self {
            Self::Known { method, .. } => Some(*method),
            Self::Unknown(_) => None,
        }
    }

    /// Why there is no value.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Known { .. } => None,
            Self::Unknown(reason) => Some(*reason),
        }
    }

    /// A value found from this one by the same method; unknown for `reason` when there is none.
    #[must_use]
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Option<U>, reason: Reason) -> Figure<U> {
        match self {
            Self::Known { value, method } => match change(value) {
                Some(value) => Figure::Known { value, method },
                None => Figure::Unknown(reason),
            },
            Self::Unknown(reason) => Figure::Unknown(reason),
        }
    }

    /// The same value, no longer called measured: it was computed from measured ones.
    #[must_use]
    pub fn computed(self) -> Self {
        match self {
            Self::Known { value, method: Method::Measured } => Self::derived(value),
            other => other,
        }
    }

    /// Another value found from this one, by the same method.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Figure<U> {
        match self {
            Self::Known { value, method } => Figure::Known { value: change(value), method },
            Self::Unknown(reason) => Figure::Unknown(reason),
        }
    }
}

macro_rules! reasons {
    ($($reason:ident = $code:literal, $english:literal, $french:literal;)*) => {
        /// Why a result is not known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $english] $reason,)*
        }

        impl Reason {
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
    NotMeasured = "not_measured", "The meter does not send the quantities that this needs.", "Le compteur n'envoie pas les grandeurs nécessaires.";
    VoltagesMissing = "voltages_missing", "At least one of the three voltages is missing.", "Au moins une des trois tensions manque.";
    CurrentsMissing = "currents_missing", "At least one of the three currents is missing.", "Au moins un des trois courants manque.";
    ActivePowerMissing = "active_power_missing", "Active power is missing.", "La puissance active manque.";
    ReactivePowerMissing = "reactive_power_missing", "Reactive power is missing.", "La puissance réactive manque.";
    NoVoltage = "no_voltage", "The voltages are zero.", "Les tensions sont nulles.";
    NoLoad = "no_load", "The load is too small for a meaningful result.", "La charge est trop faible pour un résultat significatif.";
    NoPower = "no_power", "Active and reactive power are zero.", "Les puissances active et réactive sont nulles.";
    AnglesMissing = "angles_missing", "The angles between the voltages are not measured; phase magnitudes alone read half the true value.", "Les angles entre tensions ne sont pas mesurés ; les seuls modules simples donnent la moitié de la valeur vraie.";
    CurrentAnglesMissing = "current_angles_missing", "The angles of the currents are not known: neither angles nor the active and reactive power of each phase are measured.", "Les angles des courants ne sont pas connus : ni angles, ni puissances active et réactive par phase ne sont mesurés.";
    SequenceNeedsAngles = "sequence_needs_angles", "The phase sequence shows only in the angles between the voltages, which are not measured.", "L'ordre des phases ne se voit qu'aux angles entre tensions, qui ne sont pas mesurés.";
    ScreeningMeaningless = "screening_meaningless", "The phase voltages differ too much to assume 120° between them: the estimate would mean nothing.", "Les tensions simples diffèrent trop pour supposer 120° entre elles : l'estimation n'aurait pas de sens.";
    CurrentNegative = "current_negative", "A current is negative: an r.m.s. value has no sign, so its direction is unknown and it is not used.", "Un courant est négatif : une valeur efficace n'a pas de signe, il n'est donc pas utilisé.";
    NoTriangle = "no_triangle", "The three line voltages cannot close a triangle.", "Les trois tensions composées ne ferment pas un triangle.";
    ResolutionTooCoarse = "resolution_too_coarse", "The resolution of the voltages is too coarse for this result.", "La résolution des tensions est trop grossière pour ce résultat.";
    NeedsLineVoltages = "needs_line_voltages", "This needs line-to-line voltages or the measured angles.", "Il faut les tensions composées ou les angles mesurés.";
    LineVoltagesOnly = "line_voltages_only", "The meter gives line-to-line voltages only.", "Le compteur ne donne que les tensions composées.";
    SequenceUnclear = "sequence_unclear", "The angles fit neither phase sequence: phases swapped, or one lost.", "Les angles ne correspondent à aucun ordre des phases : phases permutées ou perdue.";
    AngleConventionUnknown = "angle_convention_unknown", "The meter does not tell which way its angles turn.", "Le compteur ne dit pas dans quel sens tournent ses angles.";
    DoNotOperate = "do_not_operate", "Above 5 % of unbalance a motor must not be operated.", "Au-delà de 5 % de déséquilibre, un moteur ne doit pas fonctionner.";
    Exporting = "exporting", "Power is exported: the site's load is not known from this meter alone.", "Le site injecte : ce seul compteur ne dit pas la charge.";
    Capacitive = "capacitive", "The site is capacitive already.", "Le site est déjà capacitif.";
    TargetReached = "target_reached", "The target power factor is reached.", "Le facteur de puissance visé est atteint.";
    SignUnknown = "sign_unknown", "Only the magnitude is known, not whether it is inductive or capacitive.", "Seul le module est connu, pas le caractère inductif ou capacitif.";
    SinglePhaseOnly = "single_phase_only", "Only some of the phases are known.", "Seules certaines phases sont connues.";
    CoverageTooLow = "coverage_too_low", "Too much of the period is not covered by data.", "Une trop grande part de la période n'est pas couverte.";
    NoSamples = "no_samples", "There is no sample in the period.", "Aucune mesure dans la période.";
    TooFewSamples = "too_few_samples", "One sample alone covers no time: at least two are needed, or the period of the list.", "Une seule mesure ne couvre aucune durée : il en faut au moins deux, ou la période de la liste.";
    PeriodUnknown = "period_unknown", "The period of the samples is not known, so none of them can stand for a time.", "La période des mesures n'est pas connue : aucune ne peut valoir pour une durée.";
    CounterUnusable = "counter_unusable", "The energy counter went back or does not reach over the period.", "Le compteur d'énergie a reculé ou ne couvre pas la période.";
    NoCounter = "no_counter", "No counter of pieces, cycles or mass belongs to this meter.", "Aucun compteur de pièces, de cycles ou de masse n'appartient à ce compteur.";
    PaceUnknown = "pace_unknown", "The counter grew by a step that no other growth near it explains or refutes: it may have been produced, or set.", "Le compteur a avancé d'un pas qu'aucune autre avance proche n'explique ni ne dément : production, ou compteur réglé.";
    NothingProduced = "nothing_produced", "Nothing was produced in the period.", "Rien n'a été produit dans la période.";
    NoBank = "no_bank", "No capacitor bank is recommended.", "Aucune batterie de condensateurs n'est recommandée.";
    TransformerUnknown = "transformer_unknown", "The transformer's rating is not configured.", "Les caractéristiques du transformateur ne sont pas configurées.";
    ImplausibleInput = "implausible_input", "The inputs contradict each other.", "Les grandeurs se contredisent.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_its_own_code_and_a_sentence_in_both_languages() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert!(reason.english().ends_with('.') && reason.french().ends_with('.'));
        }
    }
}
