//! The limits of `[alarms]`.

/// Which voltages are held against `voltage_min_v` and `voltage_max_v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum VoltageCompare {
    /// Line voltages: phase voltages are converted first.
    #[default]
    Line,
    /// Phase voltages: line voltages are converted first.
    Phase,
    /// Whatever the meter gives.
    AsGiven,
}

/// Limits beyond which a condition is true. The defaults are chapter 25's.
///
/// Every comparison is strict: a value on its limit is no alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Largest active power drawn. **Unit** kW.
    pub power_max_kw: f64,
    /// Largest `score_equilibre`. **Unit** fraction.
    pub unbalance_max: f64,
    /// Smallest power factor. **Range** 0 to 1.
    pub power_factor_min: f64,
    /// Smallest voltage. **Unit** V, of the kind that `voltage_compare` names.
    pub voltage_min_v: f64,
    /// Largest voltage. **Unit** V, of the kind that `voltage_compare` names.
    pub voltage_max_v: f64,
    /// Largest total harmonic distortion of the voltage. **Unit** percent.
    pub thd_max_pct: f64,
    /// Which voltages the two voltage limits mean.
    pub voltage_compare: VoltageCompare,
}

impl Default for Thresholds {
    /// `seuils_critiques` of chapter 25, whose 380 and 420 V mean line voltages.
    fn default() -> Self {
        Self {
            power_max_kw: 50.0,
            unbalance_max: 0.15,
            power_factor_min: 0.85,
            voltage_min_v: 380.0,
            voltage_max_v: 420.0,
            thd_max_pct: 8.0,
            voltage_compare: VoltageCompare::Line,
        }
    }
}
