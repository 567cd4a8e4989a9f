//! Three phases with the same angle: one load, one generator, or one mistake made three times.
//!
//! In: the common angle and the apparent power of each moment. Out: what that is. A load has any
//! angle with P > 0, from a bank of capacitors to an idle transformer; a generator is close to
//! 180°. What a rotation makes of a load looks capacitive, but keeps its angle whatever the load
//! is; capacitors that nobody switches off keep their reactive power, so that the angle goes with
//! the load. Source: domain rule "Physics"; IEC 62053-23 for the signs; VDE-AR-N 4105 for the cos φ
//! of generators (0.9 and more). Refuses: what an ordinary cause explains as well.

use super::phases::{Told, mistaken, within_half_turn};
use super::{AGREEMENT_MIN, median};
use crate::load_profile::quantile;

/// Beyond, the active power is negative by more than the angle error of a transformer.
pub(super) const LOAD_MAX: f64 = 95.0;
/// Largest difference of angles of phases that are alike. **Unit** degrees.
const ALIKE_MAX: f64 = 45.0;
/// A rotated load looks more capacitive than this; no electronic load does for long.
const CAPACITIVE_MAX: f64 = -65.0;
/// From the 10th to the 90th percentile, the angle of a load that varies keeps within this.
const STEADY_MAX: f64 = 15.0;
/// … and its apparent power varies by this factor.
const VARIES_MIN: f64 = 2.0;
/// How far from −90° a bank of capacitors may be, with its reactors and transformers.
const BANK_WITHIN: f64 = 6.0;
/// A bank loads all phases alike within this share.
const BANK_UNBALANCE_MAX: f64 = 0.08;
/// Generators that draw, and that give, reactive power: between these and 180°.
const GENERATOR: (f64, f64) = (154.0, -170.0);

/// One moment of phases that are alike.
pub(super) struct Moment {
    /// **Unit** degrees, current behind voltage.
    pub(super) angle: f64,
    /// **Unit** VA.
    pub(super) apparent: f64,
    /// Greatest less least of the phases, over their mean.
    pub(super) unbalance: f64,
}

impl Moment {
    /// `None` for phases that differ.
    pub(super) fn of(vectors: [(f64, f64); 3]) -> Option<Self> {
        let sum = vectors.iter().fold((0.0, 0.0), |sum, (p, q)| {
            let apparent = p.hypot(*q).max(f64::MIN_POSITIVE);
            (sum.0 + p / apparent, sum.1 + q / apparent)
        });
        let middle = sum.1.atan2(sum.0).to_degrees();
        let apart = vectors.map(|(p, q)| within_half_turn(q.atan2(p).to_degrees() - middle));
        let alike = highest(apart) - lowest(apart) <= ALIKE_MAX;
        alike.then(|| Self::with(middle, vectors.map(|(p, q)| p.hypot(q))))
    }

    pub(super) fn with(angle: f64, apparent: [f64; 3]) -> Self {
        let sum = apparent.iter().sum::<f64>();
        let unbalance = 3.0 * (highest(apparent) - lowest(apparent)) / sum.max(f64::MIN_POSITIVE);
        Self { angle, apparent: sum, unbalance }
    }
}

/// What phases that are alike are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// A load, wired soundly.
    Load,
    /// Something that feeds in, or all three transformers reversed: the meter upstream knows.
    Generator,
    /// Capacitors, or a rotation: these moments do not tell.
    OrdinaryCause,
    /// A mistake, or more than one.
    Mistake(Told),
}

/// What the moments say.
pub(super) fn judge(moments: &[Moment]) -> Verdict {
    let all = |moment: fn(&Moment) -> f64| moments.iter().map(moment).collect::<Vec<f64>>();
    let angles = all(|one| one.angle);
    let sum = angles.iter().map(|angle| angle.to_radians());
    let sum =
        sum.fold((0.0, 0.0), |sum: (f64, f64), angle| (sum.0 + angle.cos(), sum.1 + angle.sin()));
    let middle = sum.1.atan2(sum.0).to_degrees();
    let apart: Vec<f64> = angles.iter().map(|angle| within_half_turn(angle - middle)).collect();
    let Some(usual) = median(&apart).map(|apart| within_half_turn(middle + apart)) else {
        return Verdict::Load;
    };
    let share = |like: &dyn Fn(f64) -> bool| {
        #[allow(clippy::cast_precision_loss)]
        let share =
            angles.iter().filter(|angle| like(**angle)).count() as f64 / angles.len() as f64;
        share
    };
    let capacitive = share(&|angle| (-120.0..CAPACITIVE_MAX).contains(&angle)) >= AGREEMENT_MIN;
    if share(&|angle| angle.abs() <= LOAD_MAX) <= 1.0 - AGREEMENT_MIN {
        let generator = usual >= GENERATOR.0 || usual <= GENERATOR.1;
        return if generator { Verdict::Generator } else { mistake(usual) };
    }
    if !capacitive {
        return Verdict::Load;
    }
    let range = |values: &[f64]| Some((quantile(values, 0.1)?, quantile(values, 0.9)?));
    let steady = range(&apart).is_some_and(|(low, high)| high - low <= STEADY_MAX);
    let varies =
        range(&all(|one| one.apparent)).is_some_and(|(low, high)| high >= VARIES_MIN * low);
    let bank = (usual + 90.0).abs() <= BANK_WITHIN
        && median(&all(|one| one.unbalance)).is_some_and(|usual| usual <= BANK_UNBALANCE_MAX);
    if steady && varies && !bank { mistake(usual) } else { Verdict::OrdinaryCause }
}

fn mistake(angle: f64) -> Verdict {
    Verdict::Mistake(mistaken([angle; 3]))
}

fn highest(values: [f64; 3]) -> f64 {
    values.into_iter().fold(f64::MIN, f64::max)
}

fn lowest(values: [f64; 3]) -> f64 {
    values.into_iter().fold(f64::MAX, f64::min)
}
