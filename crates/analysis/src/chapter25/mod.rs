//! The calculations of specification chapter 25, to the bit.
//!
//! In: a [`Measurement`](crate::Measurement) or rows of the last hour. Out: structs with the
//! chapter's keys, and warnings wherever its number misleads. Source: the Python code of chapter
//! 25, sections "Analyse triphasée spécialisée" and "Intégration SCADA industrielle"; proved by
//! the shared vectors. [`Mode::Strict`] reproduces the chapter, including the constants it puts
//! in place of what is missing; [`Mode::Extended`] leaves out what is missing and says so.
//! The evaluation of risks, which needs thresholds, lives in the crate `alarm`.

mod balance;
mod kpi;
mod loads;
mod reactive;
mod warning;

pub use balance::{Balance, balance};
pub use kpi::{Kpi, KpiRow, efficiency, kpi};
pub use loads::{Load, Loads, REMAINDER, loads};
pub use reactive::{Batteries, PowerFactorAnalysis, power_factor};
pub(crate) use warning::french;
pub use warning::{Warning, bad_quality, stale_measurement};

/// How the chapter's calculations treat what the chapter treats wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As the chapter: an absent value becomes its constant (0, 0.9, 3.0), no warnings.
    Strict,
    /// Absent is absent: fields become null or are computed without it, with a warning.
    Extended,
}

/// A result of the chapter and what must be known to read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The chapter's object.
    pub result: T,
    /// `avertissements`; always empty in [`Mode::Strict`].
    pub warnings: Vec<Warning>,
}

/// A number as Python's `json` prints it: its integers stay integers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An `int` of the chapter's code, such as `penalite = 0`.
    Integer(i64),
    /// A `float`.
    Float(f64),
}

impl Number {
    /// The numeric value.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // The chapter's integers are 0 and 1.
    pub const fn value(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

/// Python's `sum`: left to right, without compensation, as the vectors were made.
fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |sum, value| sum + value)
}

/// Python's `x / n` of a count.
#[allow(clippy::cast_precision_loss)] // A window holds far fewer than 2^53 rows.
fn count(length: usize) -> f64 {
    length as f64
}
