//! A main meter against its sub-meters.
//!
//! In: energies of one interval and the meters' accuracies. Out: the residual and whether the
//! accuracies explain it. Source: root sum of squares of the classes (GUM, uncorrelated).
//! Refuses nothing; take an hour or more, so that the meters' different instants do not matter.

/// Whether accuracies explain a residual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceVerdict {
    /// |r| ≤ u.
    WithinUncertainty,
    /// r > u: something is not sub-metered.
    UnmeteredLoad,
    /// r < −u: a transformer ratio, a polarity or the timestamps are wrong.
    SubExceedsMain,
}

/// The balance of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeterBalance {
    /// Main − Σ subs. **Unit** kWh.
    pub residual_kwh: f64,
    /// Residual over main. **Unit** percent; `None` when the main meter counted nothing.
    pub residual_pct: Option<f64>,
    /// √Σ(class · energy)². **Unit** kWh.
    pub uncertainty_kwh: f64,
    /// Residual against uncertainty.
    pub verdict: BalanceVerdict,
}

/// An energy with the accuracy of its meter: kWh, percent.
pub type Metered = (f64, f64);

/// Balance of a main meter with its sub-meters.
#[must_use]
pub fn balance(main: Metered, subs: &[Metered]) -> MeterBalance {
    let residual_kwh = main.0 - subs.iter().map(|(kwh, _)| kwh).sum::<f64>();
    let all = std::iter::once(&main).chain(subs);
    let squares: f64 = all.map(|(kwh, pct)| (kwh * pct / 100.0).powi(2)).sum();
    let uncertainty_kwh = squares.sqrt();
    let verdict = if residual_kwh.abs() <= uncertainty_kwh {
        BalanceVerdict::WithinUncertainty
    } else if residual_kwh > 0.0 {
        BalanceVerdict::UnmeteredLoad
    } else {
        BalanceVerdict::SubExceedsMain
    };
    MeterBalance {
        residual_kwh,
        residual_pct: (main.0 != 0.0).then(|| 100.0 * residual_kwh / main.0),
        uncertainty_kwh,
        verdict,
    }
}

impl BalanceVerdict {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithinUncertainty => "within_uncertainty",
            Self::UnmeteredLoad => "unmetered_load",
            Self::SubExceedsMain => "sub_exceeds_main",
        }
    }
}
