//! Compensation of reactive power by capacitors.
//!
//! In: P, Q and a target power factor. Out: the capacitor power needed, the bank that fits, what
//! it saves and what it risks. Source: Qc = P·(tan φ₁ − tan φ₂); I²R losses; n = √(Ssc/Qc);
//! IEC 61642 for resonance. Refuses: to size on an export. One moment is no basis for buying:
//! size on weeks of measurements.

use crate::power_factor::{Nature, PowerReport, nature};
use crate::{Figure, Method, Reason};

/// Usual steps of low-voltage banks (400 V). **Unit** kvar.
pub const STEPS_KVAR: [f64; 20] = [
    5.0, 7.5, 10.0, 12.5, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0, 80.0, 100.0, 125.0,
    150.0, 175.0, 200.0, 250.0, 300.0,
];

/// tan φ of a power factor; `None` outside 0 (exclusive) to 1.
#[must_use]
pub fn tan_phi(power_factor: f64) -> Option<f64> {
    let valid = power_factor > 0.0 && power_factor <= 1.0;
    valid.then(|| (1.0 - power_factor * power_factor).sqrt() / power_factor)
}

/// Capacitor power that brings a load from one power factor to another.
///
/// **Unit** that of `active` (kW gives kvar). Negative when the target is the worse one.
#[must_use]
pub fn required(active: f64, from: f64, to: f64) -> Option<f64> {
    Some(active * (tan_phi(from)? - tan_phi(to)?))
}

/// The bank for a need: the smallest usual step that covers it, the largest one and its
/// multiples above, and 0 for a need under half of the smallest step. **Unit** kvar.
#[must_use]
pub fn bank(need_kvar: f64) -> f64 {
    let [smallest, .., largest] = STEPS_KVAR;
    if need_kvar < smallest / 2.0 {
        return 0.0;
    }
    let covering = STEPS_KVAR.into_iter().find(|step| *step >= need_kvar);
    covering.unwrap_or_else(|| (need_kvar / largest).ceil() * largest)
}

/// Fall of the I²R losses upstream of the bank: 1 − (PF₁/PF₂)². **Unit** percent of those
/// losses, which are 1 to 3 % of the energy, not of the bill.
#[must_use]
pub fn loss_reduction_pct(from: f64, to: f64) -> f64 {
    100.0 * (1.0 - (from / to).powi(2))
}

/// Apparent power set free on transformer and cables: P/PF₁ − P/PF₂. **Unit** that of `active`
/// (kW gives kVA).
#[must_use]
pub fn released(active: f64, from: f64, to: f64) -> f64 {
    active / from - active / to
}

/// What remains after a bank is switched on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compensated {
    /// Load minus bank. **Unit** kvar. **Sign** inductive positive.
    pub reactive_kvar: f64,
    /// |PF| afterwards; `None` without power.
    pub power_factor: Option<f64>,
    /// Capacitive: the bank is too large for this load.
    pub nature: Nature,
}

/// A load (kW, kvar) with a bank (kvar) beside it.
#[must_use]
pub fn compensated(active_kw: f64, reactive_kvar: f64, bank_kvar: f64) -> Compensated {
    let rest = reactive_kvar - bank_kvar;
    let apparent = active_kw.hypot(rest);
    Compensated {
        reactive_kvar: rest,
        power_factor: (apparent > 0.0).then(|| active_kw.abs() / apparent),
        nature: nature(rest * 1000.0, apparent * 1000.0),
    }
}

/// Short-circuit power of a transformer on an infinite grid: Sn·100/uk. **Unit** kVA.
#[must_use]
pub fn short_circuit_kva(transformer_kva: f64, uk_pct: f64) -> Option<f64> {
    (transformer_kva > 0.0 && uk_pct > 0.0).then(|| transformer_kva * 100.0 / uk_pct)
}

/// Order of the parallel resonance of a bank with its transformer: √(Ssc/Qc). Near 5, 7, 11 or
/// 13 and with non-linear loads the bank needs detuning reactors.
#[must_use]
pub fn resonance_order(short_circuit_kva: f64, bank_kvar: f64) -> Option<f64> {
    (short_circuit_kva > 0.0 && bank_kvar > 0.0).then(|| (short_circuit_kva / bank_kvar).sqrt())
}

/// Whether a resonance order lies within 1 of a harmonic that six-pulse rectifiers make.
#[must_use]
pub fn resonance_is_risky(order: f64) -> bool {
    [5.0, 7.0, 11.0, 13.0].into_iter().any(|harmonic: f64| (harmonic - order).abs() <= 1.0)
}

/// Series resonance of a detuned bank with reactor ratio p = XL/XC: order 1/√p.
#[must_use]
pub fn detuned_order(ratio_pct: f64) -> Option<f64> {
    (ratio_pct > 0.0 && ratio_pct < 100.0).then(|| 1.0 / (ratio_pct / 100.0).sqrt())
}

/// Years until a saving per year has paid an investment; `None` when nothing is saved.
#[must_use]
pub fn payback_years(saving_per_year: f64, investment: f64) -> Option<f64> {
    (saving_per_year > 0.0).then(|| investment / saving_per_year)
}

/// What is known about the installation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompensationSettings {
    /// Target |PF|; chapter 25 aims at 0.95.
    pub target: f64,
    /// The transformer's rating and uk, when configured. **Unit** kVA, percent.
    pub transformer: Option<(f64, f64)>,
}

impl Default for CompensationSettings {
    fn default() -> Self {
        Self { target: 0.95, transformer: None }
    }
}

/// What compensation would do at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct CompensationReport {
    /// The |PF| that `loss_reduction_pct` and `released_kva` are told for.
    pub target: f64,
    /// Capacitor power needed to reach the target. **Unit** kvar. 0 when it is reached.
    pub required_kvar: Figure,
    /// The bank of usual steps that covers it. **Unit** kvar.
    pub bank_kvar: Figure,
    /// Whether a bank is recommended on this moment's evidence.
    pub recommended: Figure<bool>,
    /// Fall of the I²R losses upstream when a bank reaches the target; 0 where none is
    /// recommended. **Unit** percent of the losses.
    pub loss_reduction_pct: Figure,
    /// Apparent power set free when a bank reaches the target; 0 where none is recommended.
    /// **Unit** kVA.
    pub released_kva: Figure,
    /// The load with the bank: reactive power in kvar.
    pub after_kvar: Figure,
    /// The bank would make this moment's load capacitive.
    pub overcompensation: Figure<bool>,
    /// Order of the resonance of bank and transformer.
    pub resonance_order: Figure,
    /// Whether that order needs detuning reactors when non-linear loads are present.
    pub detuning: Figure<bool>,
}

/// Compensation of the powers of one moment.
///
/// An export, an unknown power or a capacitive site has no need that this meter could tell: the
/// fields say so. A load at or above the target needs 0.
#[must_use]
pub fn compensation_report(
    power: &PowerReport,
    settings: &CompensationSettings,
) -> CompensationReport {
    let powers = match (power.active_w, power.reactive_var) {
        (Figure::Unknown(reason), _) | (_, Figure::Unknown(reason)) => Err(reason),
        (Figure::Known { value: p, .. }, _) if p < 0.0 => Err(Reason::Exporting),
        (Figure::Known { value: p, .. }, Figure::Known { value: q, .. }) => Ok((p / 1e3, q / 1e3)),
    };
    let (p, q) = match powers {
        Ok(powers) => powers,
        Err(reason) => return CompensationReport::unknown(settings.target, reason),
    };
    // From P and Q only, so that no power factor register can contradict the need.
    let tan_target = tan_phi(settings.target).unwrap_or(0.0);
    let need = (q - p * tan_target).max(0.0);
    let bank_kvar = bank(need);
    let after = compensated(p, q, bank_kvar);
    // Without a bank nothing is saved, however near the need comes to one.
    let improvable = (bank_kvar > 0.0 && p > 0.0).then(|| p / p.hypot(q));
    let (loss, released_kva) = improvable.map_or((0.0, 0.0), |from| {
        (loss_reduction_pct(from, settings.target), released(p, from, settings.target))
    });
    let resonance = settings.resonance(bank_kvar);
    CompensationReport {
        target: settings.target,
        required_kvar: Figure::derived(need),
        bank_kvar: Figure::derived(bank_kvar),
        recommended: Figure::derived(bank_kvar > 0.0),
        loss_reduction_pct: Figure::derived(loss),
        released_kva: Figure::derived(released_kva),
        after_kvar: Figure::derived(after.reactive_kvar),
        overcompensation: Figure::derived(bank_kvar > 0.0 && after.nature == Nature::Capacitive),
        resonance_order: resonance,
        detuning: resonance.map(resonance_is_risky),
    }
}

impl CompensationSettings {
    fn resonance(&self, bank_kvar: f64) -> Figure {
        let Some((rating, uk)) = self.transformer else {
            return Figure::Unknown(Reason::TransformerUnknown);
        };
        let order = short_circuit_kva(rating, uk).and_then(|ssc| resonance_order(ssc, bank_kvar));
        Figure::from_option(order, Method::Derived, Reason::NoBank)
    }
}

impl CompensationReport {
    fn unknown(target: f64, reason: Reason) -> Self {
        Self {
            target,
            required_kvar: Figure::Unknown(reason),
            bank_kvar: Figure::Unknown(reason),
            recommended: Figure::Unknown(reason),
            loss_reduction_pct: Figure::Unknown(reason),
            released_kva: Figure::Unknown(reason),
            after_kvar: Figure::Unknown(reason),
            overcompensation: Figure::Unknown(reason),
            resonance_order: Figure::Unknown(reason),
            detuning: Figure::Unknown(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Measurement;
    use crate::power_factor::power_report;
    use reading::{Decimal, Quantity, Timestamp};

    fn report(p: i64, q: i64) -> CompensationReport {
        let values = [
            (Quantity::ActivePower, Decimal::new(p, 0)),
            (Quantity::ReactivePower, Decimal::new(q, 0)),
        ];
        let measurement = Measurement::new(Timestamp::from_seconds(0), values);
        compensation_report(&power_report(&measurement, None), &CompensationSettings::default())
    }

    #[test]
    fn a_need_under_half_a_step_gets_no_bank() {
        assert_eq!([2.49, 2.5, 17.7, 20.0, 301.0].map(bank), [0.0, 5.0, 20.0, 20.0, 600.0]);
    }

    #[test]
    fn sizes_what_the_target_needs() {
        let report = report(42_000, 31_500);
        assert!((report.required_kvar.value().expect("import") - 17.695).abs() < 0.001);
        assert_eq!(report.bank_kvar.value(), Some(20.0));
        assert_eq!(report.overcompensation.value(), Some(false));
        assert_eq!(report.resonance_order.reason(), Some(Reason::TransformerUnknown));
    }

    #[test]
    fn nothing_is_saved_by_a_bank_that_is_not_recommended() {
        let small = report(5000, 3300);
        assert!(small.required_kvar.value().is_some_and(|need| need > 1.0 && need < 2.5));
        assert_eq!(small.recommended.value(), Some(false));
        assert_eq!(small.bank_kvar.value(), Some(0.0));
        assert_eq!(small.loss_reduction_pct.value(), Some(0.0));
        assert_eq!(small.released_kva.value(), Some(0.0));
        let large = report(42_000, 31_500);
        assert_eq!(large.target, 0.95);
        assert!(large.loss_reduction_pct.value().is_some_and(|pct| pct > 25.0));
    }

    #[test]
    fn without_a_bank_there_is_no_resonance() {
        let settings = CompensationSettings { target: 0.95, transformer: Some((400.0, 4.0)) };
        assert_eq!(settings.resonance(0.0).reason(), Some(Reason::NoBank));
        assert!(settings.resonance(20.0).value().is_some());
    }

    #[test]
    fn an_exporting_site_gets_no_number() {
        assert_eq!(report(-10_000, 3000).bank_kvar.reason(), Some(Reason::Exporting));
    }

    #[test]
    fn a_capacitive_load_needs_nothing() {
        let report = report(10_000, -8000);
        assert_eq!(report.required_kvar.value(), Some(0.0));
        assert_eq!(report.recommended.value(), Some(false));
        assert_eq!(report.loss_reduction_pct.value(), Some(0.0));
    }

    #[test]
    fn a_small_motor_alone_would_be_overcompensated() {
        assert_eq!(report(500, 2700).bank_kvar.value(), Some(5.0));
        assert_eq!(report(500, 2700).overcompensation.value(), Some(true));
    }
}
