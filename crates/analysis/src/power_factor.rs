//! Power factor, its direction and its nature.
//!
//! In: a [`Measurement`]. Out: |PF|, direction, nature, quadrant and tan φ as results of their
//! own. Source: IEEE 1459-2010; IEC 62053-23 for the quadrants. Refuses: a signed power factor,
//! whose sign makers use for the direction or for the nature; a power factor without power.

use crate::{Figure, Measurement, Method, Reason, derive};

/// Where the active power flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the grid.
    Import,
    /// Into the grid.
    Export,
}

/// What the reactive power tells about the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nature {
    /// The current lags.
    Inductive,
    /// The current leads.
    Capacitive,
    /// Reactive power within the dead zone.
    Resistive,
}

/// Which power factor a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerFactorKind {
    /// P / S with S from all frequencies: what is billed and what loads the cables.
    True,
    /// cos φ₁ from P and Q: the fundamental, as far as the meter's Q is fundamental.
    Displacement,
    /// A meter's own register, which does not say.
    AsMetered,
}

/// How S was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApparentPowerMethod {
    /// The meter's register.
    Register,
    /// √(P² + Q²), the vector apparent power.
    Vector,
}

macro_rules! names {
    ($($type:ident: $($variant:ident = $name:literal),*;)*) => {
        $(impl $type {
            /// The name on every surface.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        })*
    };
}

names! {
    Direction: Import = "import", Export = "export";
    Nature: Inductive = "inductive", Capacitive = "capacitive", Resistive = "resistive";
    PowerFactorKind: True = "true", Displacement = "displacement", AsMetered = "as_metered";
    ApparentPowerMethod: Register = "register", Vector = "vector";
}

/// Smallest |Q| that has a nature. **Unit** var.
const DEAD_ZONE_VAR: f64 = 10.0;
/// Dead zone as a share of the apparent power, where no rating is known.
const DEAD_ZONE_SHARE: f64 = 0.005;

/// Nature of a reactive power, with a dead zone of max(0.5 % of `apparent`, 10 var).
///
/// `apparent` is the installation's rated power where known, else the present one. **Unit** VA.
#[must_use]
pub fn nature(reactive: f64, apparent: f64) -> Nature {
    if reactive.abs() < (DEAD_ZONE_SHARE * apparent).max(DEAD_ZONE_VAR) {
        Nature::Resistive
    } else if reactive > 0.0 {
        Nature::Inductive
    } else {
        Nature::Capacitive
    }
}

/// Quadrant of IEC 62053-23: I (+P, +Q), II (−P, +Q), III (−P, −Q), IV (+P, −Q); an axis
/// belongs to import and to inductive. **Range** 1 to 4; `None` without power.
#[must_use]
pub fn quadrant(active: f64, reactive: f64) -> Option<u8> {
    if active == 0.0 && reactive == 0.0 {
        return None;
    }
    Some(match (active >= 0.0, reactive >= 0.0) {
        (true, true) => 1,
        (false, true) => 2,
        (false, false) => 3,
        (true, false) => 4,
    })
}

/// True power factor of a displacement power factor and a current distortion (percent), with
/// undistorted voltage: DPF / √(1 + THDi²).
///
/// # Source
/// IEEE 1459-2010, 3.1.2.16.
#[must_use]
pub fn with_distortion(displacement: f64, thd_current_pct: f64) -> f64 {
    let thd = thd_current_pct / 100.0;
    displacement / (1.0 + thd * thd).sqrt()
}

/// The powers of one moment and what follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerReport {
    /// P. **Unit** W. **Sign** import positive.
    pub active_w: Figure,
    /// Q. **Unit** var. **Sign** inductive positive.
    pub reactive_var: Figure,
    /// S. **Unit** VA.
    pub apparent_va: Figure,
    /// How S was found.
    pub apparent_method: Option<ApparentPowerMethod>,
    /// |PF|. **Range** 0 to 1.
    pub power_factor: Figure,
    /// Which power factor that is.
    pub power_factor_kind: Option<PowerFactorKind>,
    /// tan φ = |Q / P|. **Range** from 0, without bound.
    pub tan_phi: Figure,
    /// Where P flows.
    pub direction: Figure<Direction>,
    /// Inductive, capacitive or resistive.
    pub nature: Figure<Nature>,
    /// Quadrant, 1 to 4.
    pub quadrant: Figure<u8>,
    /// |PF| of L1 to L3. **Range** 0 to 1.
    pub power_factor_phases: [Figure; 3],
}

/// Power factor of a measurement. `rated_va` widens the dead zone of the nature where known.
#[must_use]
pub fn power_report(measurement: &Measurement, rated_va: Option<f64>) -> PowerReport {
    let p = derive::active_power(measurement);
    let q = derive::reactive_power(measurement);
    let s = derive::apparent_power(measurement);
    let factor = derive::power_factor(measurement);
    let active_w = figure(p.as_ref(), Reason::ActivePowerMissing);
    let reactive_var = figure(q.as_ref(), Reason::ReactivePowerMissing);
    let missing = match (&p, &q) {
        (None, _) => Reason::ActivePowerMissing,
        (_, None) => Reason::ReactivePowerMissing,
        _ => Reason::NoPower,
    };
    let (p, q) = (active_w.value(), reactive_var.value());
    let both = p.zip(q).filter(|(p, q)| *p != 0.0 || *q != 0.0);
    let apparent_method = s.as_ref().map(|s| match s.method {
        Method::Measured => ApparentPowerMethod::Register,
        _ => ApparentPowerMethod::Vector,
    });
    let power_factor_kind = factor.as_ref().map(|factor| match factor.method {
        Method::Measured => PowerFactorKind::AsMetered,
        _ if apparent_method == Some(ApparentPowerMethod::Register) => PowerFactorKind::True,
        _ => PowerFactorKind::Displacement,
    });
    let flowing = p.filter(|p| *p != 0.0);
    let no_flow = if p.is_none() { Reason::ActivePowerMissing } else { Reason::NoPower };
    let tan = both.filter(|(p, _)| *p != 0.0).map(|(p, q)| (q / p).abs());
    let kind = both.map(|(p, q)| nature(q, rated_va.unwrap_or_else(|| p.hypot(q))));
    let direction = flowing.map(|p| if p > 0.0 { Direction::Import } else { Direction::Export });
    PowerReport {
        active_w,
        reactive_var,
        apparent_va: figure(s.as_ref(), missing),
        apparent_method,
        power_factor: figure(factor.as_ref(), missing),
        power_factor_kind,
        tan_phi: Figure::from_option(tan, Method::Derived, missing),
        direction: Figure::from_option(
            direction,
            active_w.method().unwrap_or(Method::Derived),
            no_flow,
        ),
        nature: Figure::from_option(kind, Method::Derived, missing),
        quadrant: Figure::from_option(
            both.and_then(|(p, q)| quadrant(p, q)),
            Method::Derived,
            missing,
        ),
        power_factor_phases: [1, 2, 3].map(|phase| {
            let known = derive::power_factor_of_phase(measurement, phase);
            figure(known.as_ref(), Reason::NotMeasured)
        }),
    }
}

fn figure(derived: Option<&derive::Derived>, reason: Reason) -> Figure {
    derived.map_or(Figure::Unknown(reason), |derived| Figure::Known {
        value: derived.value,
        method: derived.method,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{Decimal, Quantity, Timestamp};

    fn report(p: i64, q: i64) -> PowerReport {
        let values = [
            (Quantity::ActivePower, Decimal::new(p, 0)),
            (Quantity::ReactivePower, Decimal::new(q, 0)),
        ];
        power_report(&Measurement::new(Timestamp::from_seconds(0), values), None)
    }

    #[test]
    fn an_export_is_a_direction_not_a_bad_power_factor() {
        let export = report(-10_000, 3000);
        assert!((export.power_factor.value().expect("P and Q") - 0.957_826).abs() < 1e-6);
        assert_eq!(export.direction.value(), Some(Direction::Export));
        assert_eq!(export.quadrant.value(), Some(2));
        assert_eq!(export.power_factor_kind, Some(PowerFactorKind::Displacement));
    }

    #[test]
    fn no_power_has_a_reason_instead_of_a_factor() {
        let idle = report(0, 0);
        assert_eq!(idle.power_factor.reason(), Some(Reason::NoPower));
        assert_eq!(idle.tan_phi.reason(), Some(Reason::NoPower));
        assert_eq!(idle.quadrant.reason(), Some(Reason::NoPower));
        assert_eq!(idle.apparent_va.value(), Some(0.0));
    }

    #[test]
    fn a_little_reactive_power_has_no_nature() {
        assert_eq!(report(1000, 9).nature.value(), Some(Nature::Resistive));
        assert_eq!(report(1000, -11).nature.value(), Some(Nature::Capacitive));
        assert_eq!(report(100_000, 499).nature.value(), Some(Nature::Resistive));
    }

    #[test]
    fn a_missing_reactive_power_is_named() {
        let values = [(Quantity::ActivePower, Decimal::new(5000, 0))];
        let report = power_report(&Measurement::new(Timestamp::from_seconds(0), values), None);
        assert_eq!(report.power_factor.reason(), Some(Reason::ReactivePowerMissing));
        assert_eq!(report.direction.value(), Some(Direction::Import));
    }
}
