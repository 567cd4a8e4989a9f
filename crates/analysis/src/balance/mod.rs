//! Phase balance as the standards define it: chapter 25's `normes` object.
//!
//! In: a [`Measurement`] and what is known about the installation. Out: voltage unbalance,
//! current unbalance, neutral current, verdicts and advice, each figure with its method or the
//! reason why there is none. Source: IEC 61000-4-30:2015 5.7, EN 50160 (u2 ≤ 2 %), NEMA MG-1.
//! Refuses: one threshold for voltages and currents; a verdict on u2 without line voltages or
//! angles, since phase magnitudes alone read half of it.

mod advice;
mod current;
mod supply;
mod voltage;

use crate::{Figure, Measurement, Reason, VoltageKind};

pub use advice::{Advice, AdviceCode};
pub use current::{CurrentBalance, current_balance};
pub use voltage::{VoltageBalance, voltage_balance};

/// What is known about the installation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BalanceSettings {
    /// What the meter calls its voltages.
    pub voltage_kind: VoltageKind,
    /// Mean current below which currents are not judged: 5 to 10 % of the rated current where
    /// that is known. **Unit** A.
    pub current_min_a: f64,
    /// Largest current deviation taken as balanced. No standard sets one. **Unit** percent.
    pub current_limit_pct: f64,
    /// Largest u2: EN 50160 allows 2 %, in some areas 3 %. **Unit** percent.
    pub voltage_limit_pct: f64,
    /// Largest u0 thought possible when u2 is only screened; no range is given without it, since
    /// phase magnitudes bound u0 by nothing. **Unit** percent.
    pub zero_sequence_max_pct: Option<f64>,
}

impl Default for BalanceSettings {
    fn default() -> Self {
        Self {
            voltage_kind: VoltageKind::Phase,
            current_min_a: 0.5,
            current_limit_pct: 10.0,
            voltage_limit_pct: 2.0,
            zero_sequence_max_pct: None,
        }
    }
}

/// How much of the balance could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BalanceStatus {
    /// Voltages and currents.
    Ok,
    /// The currents are too small.
    NoLoad,
    /// Voltages or currents are missing.
    Partial,
    /// Both are missing.
    NoData,
}

impl BalanceStatus {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoLoad => "no_load",
            Self::Partial => "partial",
            Self::NoData => "no_data",
        }
    }
}

/// Phase balance of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct BalanceReport {
    /// How much could be judged.
    pub status: BalanceStatus,
    /// The voltages.
    pub voltage: VoltageBalance,
    /// The currents.
    pub current: CurrentBalance,
    /// Load that motors bear at this voltage unbalance. **Unit** fraction of their rating.
    pub motor_derating: Figure,
    /// What to do, most useful first; empty when nothing is.
    pub advice: Vec<Advice>,
}

/// Phase balance of a measurement.
#[must_use]
pub fn balance_report(measurement: &Measurement, settings: &BalanceSettings) -> BalanceReport {
    let voltage = voltage_balance(measurement, settings);
    let current = current_balance(measurement, settings);
    let no_voltage = voltage.highest_phase.value().is_none() && voltage.line_v.value().is_none();
    let status = match (no_voltage, current.deviation_pct.reason()) {
        (true, Some(Reason::CurrentsMissing)) => BalanceStatus::NoData,
        (_, Some(Reason::NoLoad)) => BalanceStatus::NoLoad,
        (true, _) | (_, Some(_)) => BalanceStatus::Partial,
        (false, None) => BalanceStatus::Ok,
    };
    let motor_derating = voltage.motor_derating();
    let advice = advice::advice(measurement, &voltage, &current, settings);
    BalanceReport { status, voltage, current, motor_derating, advice }
}

/// The phase, 1 to 3, with the largest value; the lowest on ties.
fn largest([one, two, three]: [f64; 3]) -> u8 {
    let second = if two > one { (2, two) } else { (1, one) };
    if three > second.1 { 3 } else { second.0 }
}

/// The phase, 1 to 3, with the smallest value; the lowest on ties.
fn smallest(values: [f64; 3]) -> u8 {
    largest(values.map(|value| -value))
}

#[cfg(test)]
mod tests;
