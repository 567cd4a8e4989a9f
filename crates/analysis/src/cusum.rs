//! Cumulative sum: a small lasting shift that no single value shows.
//!
//! In: values, their mean, a slack and a limit. Out: the one-sided upper sum and where it first
//! exceeds the limit. Source: E. S. Page 1954, tabular form: C⁺ = max(0, C⁺ + x − μ − k), alarm
//! C⁺ > h. Refuses nothing; k and h are absolute, usually 0.5 σ and 5 σ.

/// The upper sums and the first alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Cusum {
    /// C⁺ after each value.
    pub sums: Vec<f64>,
    /// First index with C⁺ > h, from 0.
    pub alarm_index: Option<usize>,
}

/// Upper sums of `values` about `mean` with the slack `k`, against the limit `h`.
#[must_use]
pub fn upper(values: &[f64], mean: f64, k: f64, h: f64) -> Cusum {
    let sums: Vec<f64> = values
        .iter()
        .scan(0.0_f64, |sum, value| {
            *sum = (*sum + value - mean - k).max(0.0);
            Some(*sum)
        })
        .collect();
    let alarm_index = sums.iter().position(|sum| *sum > h);
    Cusum { sums, alarm_index }
}
