//! One week of 10-minute voltages against EN 50160.
//!
//! In: how many intervals are valid and how many lie outside. Out: the share inside and the
//! verdict. Source: EN 50160:2010, 4.2.2.2: 95 % of the week within ±10 %, all within +10/−15 %;
//! flagged intervals (IEC 61000-4-30, 4.7) are left out before counting. Refuses: a verdict on a
//! week of which less than 95 % is valid.

/// 10-minute intervals of a week.
pub const INTERVALS: u32 = 1008;
/// Share of the week that must be valid, and share of the valid that must be inside. **Unit** percent.
pub const SHARE_PCT_MIN: f64 = 95.0;

/// The verdict on a week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Week {
    /// Share of the valid intervals within ±10 %. **Unit** percent; `None` without any.
    pub inside_pct: Option<f64>,
    /// `None` when too little of the week is valid.
    pub pass: Option<bool>,
}

/// Verdict on `valid` intervals of which `outside_10` are outside ±10 % and `outside_15` outside
/// +10/−15 %.
#[must_use]
pub fn week(valid: u32, outside_10: u32, outside_15: u32) -> Week {
    let inside_pct =
        (valid > 0).then(|| 100.0 * f64::from(valid.saturating_sub(outside_10)) / f64::from(valid));
    let enough = 100.0 * f64::from(valid) >= SHARE_PCT_MIN * f64::from(INTERVALS);
    let pass = inside_pct.filter(|_| enough).map(|pct| pct >= SHARE_PCT_MIN && outside_15 == 0);
    Week { inside_pct, pass }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_week_gets_no_verdict() {
        assert_eq!(week(957, 0, 0).pass, None);
        assert_eq!(week(958, 0, 0).pass, Some(true));
        assert_eq!(week(1008, 0, 1).pass, Some(false));
        assert_eq!(week(1000, 50, 0).pass, Some(true));
        assert_eq!(week(1000, 51, 0).pass, Some(false));
        assert_eq!(week(0, 0, 0).inside_pct, None);
    }
}
