//! The meters of a site as a tree, and what is left between a meter and those behind it.

use super::{KnownLoad, Load};
use crate::meter_balance::BalanceVerdict;

/// One meter in its tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Branch {
    /// The place of the meter upstream, among the same branches.
    pub parent: Option<usize>,
    /// Its load.
    pub load: Load,
}

/// What the meters behind a meter do not explain.
#[derive(Debug, Clone, PartialEq)]
pub struct Remainder {
    /// The meter minus those directly behind it that are known. **Unit** kW.
    pub kw: f64,
    /// What the meters' accuracies and different instants may make of it. **Unit** kW.
    pub uncertainty_kw: f64,
    /// The part of it that comes from the different instants. **Unit** kW.
    pub skew_kw: f64,
    /// The largest distance between the instants. **Unit** s.
    pub skew_s: f64,
    /// Whether that explains it.
    pub verdict: BalanceVerdict,
    /// Places of the meters whose load is not known: it is part of the remainder.
    pub contains: Vec<usize>,
}

/// The parent of each meter: as configured, else the one main meter.
///
/// In: for each meter whether it is a main meter, and its configured parent. A machine without a
/// parent is behind the first main meter; without one it stands alone.
#[must_use]
pub fn tied(meters: &[(bool, Option<usize>)]) -> Vec<Option<usize>> {
    let main = meters.iter().position(|(is_main, parent)| *is_main && parent.is_none());
    let of = |(place, (is_main, parent)): (usize, &(bool, Option<usize>))| {
        let implied = || main.filter(|main| !is_main && *main != place);
        parent.or_else(implied)
    };
    meters.iter().enumerate().map(of).collect()
}

/// What the meters directly behind a meter do not explain; `None` when its own load is unknown or
/// nothing is behind it.
///
/// Only direct children count: what is behind them is theirs already.
#[must_use]
pub fn remainder(branches: &[Branch], place: usize) -> Option<Remainder> {
    let whole = *branches.get(place)?.load.known()?;
    let children = || branches.iter().enumerate().filter(|(_, one)| one.parent == Some(place));
    children().next()?;
    let known: Vec<&KnownLoad> = children().filter_map(|(_, branch)| branch.load.known()).collect();
    let apart = |load: &KnownLoad| load.apart_s(whole.at);
    let kw = known.iter().fold(whole.kw, |left, load| left - load.kw);
    let classes = known.iter().map(|load| load.uncertainty_kw().powi(2));
    let classes = whole.uncertainty_kw().powi(2) + classes.sum::<f64>();
    let skew = known.iter().map(|load| load.moved_kw(apart(load)).powi(2)).sum::<f64>();
    let uncertainty_kw = (classes + skew).sqrt();
    Some(Remainder {
        kw,
        uncertainty_kw,
        skew_kw: skew.sqrt(),
        skew_s: known.iter().map(|load| apart(load)).fold(0.0, f64::max),
        verdict: if kw.abs() <= uncertainty_kw {
            BalanceVerdict::WithinUncertainty
        } else if kw > 0.0 {
            BalanceVerdict::UnmeteredLoad
        } else {
            BalanceVerdict::SubExceedsMain
        },
        contains: children()
            .filter(|(_, branch)| branch.load.known().is_none())
            .map(|(child, _)| child)
            .collect(),
    })
}
