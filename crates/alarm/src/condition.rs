//! What can be wrong, and how bad it is.

/// A condition that a rule finds true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// More power than `power_max_kw`.
    Overload,
    /// A power factor below `power_factor_min`.
    PowerFactorLow,
    /// A voltage below `voltage_min_v`.
    VoltageLow,
    /// A voltage above `voltage_max_v`.
    VoltageHigh,
    /// A balance score above `unbalance_max`.
    Unbalance,
    /// A voltage distortion above `thd_max_pct`.
    Distortion,
}

/// How bad a condition is; the order is that of urgency.
///
/// Chapter 25's three words stand for the alarm priorities 3, 2 and 1 (IEC 62682).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Priority 3.
    Minor,
    /// Priority 2.
    Major,
    /// Priority 1.
    Critical,
}

impl Condition {
    /// Every condition.
    pub const ALL: [Self; 6] = [
        Self::Overload,
        Self::PowerFactorLow,
        Self::VoltageLow,
        Self::VoltageHigh,
        Self::Unbalance,
        Self::Distortion,
    ];

    /// The name on English surfaces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::PowerFactorLow => "power_factor_low",
            Self::VoltageLow => "voltage_low",
            Self::VoltageHigh => "voltage_high",
            Self::Unbalance => "unbalance",
            Self::Distortion => "distortion",
        }
    }

    /// Chapter 25's `type`.
    #[must_use]
    pub const fn chapter25(self) -> &'static str {
        match self {
            Self::Overload => "surcharge",
            Self::PowerFactorLow => "qualite_reseau",
            Self::VoltageLow => "tension_basse",
            Self::VoltageHigh => "tension_haute",
            Self::Unbalance => "desequilibre_phases",
            Self::Distortion => "thd",
        }
    }

    /// How bad the condition is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Overload => Severity::Critical,
            Self::PowerFactorLow | Self::VoltageLow | Self::VoltageHigh | Self::Unbalance => {
                Severity::Major
            }
            Self::Distortion => Severity::Minor,
        }
    }

    /// Chapter 25's `action`.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::Overload => "Réduire immédiatement la charge",
            Self::PowerFactorLow => "Vérifier compensation réactive",
            Self::VoltageLow | Self::VoltageHigh => "Vérifier alimentation secteur",
            Self::Unbalance => "Rééquilibrer les charges",
            Self::Distortion => "Rechercher les charges non linéaires",
        }
    }

    /// The same in English.
    #[must_use]
    pub const fn english_action(self) -> &'static str {
        match self {
            Self::Overload => "Reduce the load at once",
            Self::PowerFactorLow => "Check the reactive compensation",
            Self::VoltageLow | Self::VoltageHigh => "Check the mains supply",
            Self::Unbalance => "Rebalance the loads",
            Self::Distortion => "Find the non-linear loads",
        }
    }

    /// The recommendations in English, in the order of [`Condition::advice`].
    #[must_use]
    pub const fn english_advice(self) -> &'static [&'static str] {
        match self {
            Self::Overload => &[
                "Stop equipment that is not essential",
                "Check how the loads are distributed",
                "Call electrical maintenance",
            ],
            Self::PowerFactorLow => &[
                "Check the capacitor banks",
                "Schedule preventive maintenance",
                "Watch the reactive consumption",
            ],
            Self::VoltageLow | Self::VoltageHigh => &[
                "Check the electrical connections",
                "Check the transformers",
                "Contact the energy supplier",
            ],
            Self::Unbalance => &["Redistribute single-phase loads"],
            Self::Distortion => &["Check filters and drives"],
        }
    }

    /// Chapter 25's `recommandations` for the condition.
    #[must_use]
    pub const fn advice(self) -> &'static [&'static str] {
        match self {
            Self::Overload => &[
                "Arrêter les équipements non essentiels",
                "Vérifier la répartition des charges",
                "Contacter le service maintenance électrique",
            ],
            Self::PowerFactorLow => &[
                "Vérifier les batteries de compensation",
                "Programmer une maintenance préventive",
                "Surveiller la consommation réactive",
            ],
            Self::VoltageLow | Self::VoltageHigh => &[
                "Vérifier les connexions électriques",
                "Contrôler les transformateurs",
                "Contacter le fournisseur d'énergie",
            ],
            Self::Unbalance => &["Redistribuer les charges monophasées"],
            Self::Distortion => &["Vérifier les filtres et variateurs"],
        }
    }
}

impl Severity {
    /// Chapter 25's `severite`.
    #[must_use]
    pub const fn chapter25(self) -> &'static str {
        match self {
            Self::Minor => "mineur",
            Self::Major => "majeur",
            Self::Critical => "critique",
        }
    }

    /// The name on English surfaces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}
