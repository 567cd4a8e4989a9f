//! Energy counters: power integrated over time, as a meter's registers hold it.
//!
//! In: a total power and for how long. Out: registers that never decrease, in whole Wh and varh.

use crate::machine::Power;
use std::time::Duration;

const MILLIJOULES_PER_WH: u64 = 3_600_000;

/// Which tariff rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    /// 6 to 22 h.
    Day,
    /// 22 to 6 h.
    Night,
}

/// The registers of a meter.
///
/// **Unit** Wh and varh, whole; inside, millijoules, so that short steps are not lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    import: [u64; 2],
    export: [u64; 2],
    quadrants: [u64; 4],
}

impl Counters {
    /// Counts a power that held for `duration`.
    pub(crate) fn add(&mut self, power: Power, duration: Duration, rate: Rate) {
        let seconds = duration.as_secs_f64();
        let active = millijoules(power.active_w.abs() * seconds);
        let reactive = millijoules(power.reactive_var.abs() * seconds);
        let imports = power.active_w >= 0.0;
        let direction = if imports { &mut self.import } else { &mut self.export };
        let [day, night] = direction;
        *match rate {
            Rate::Day => day,
            Rate::Night => night,
        } += active;
        let [q1, q2, q3, q4] = &mut self.quadrants;
        *match (imports, power.reactive_var >= 0.0) {
            (true, true) => q1,
            (false, true) => q2,
            (false, false) => q3,
            (true, false) => q4,
        } += reactive;
    }

    /// The same registers with another import (1.8.0), all of it at the rate by day: a meter that was
    /// reset, exchanged, or counts otherwise.
    #[must_use]
    pub fn showing_import_wh(mut self, wh: u64) -> Self {
        self.import = [wh.saturating_mul(MILLIJOULES_PER_WH), 0];
        self
    }

    /// Adds what `whole` has more than `part`.
    pub(crate) fn add_difference(&mut self, whole: &Self, part: &Self) {
        let add = |register: &mut u64, whole: u64, part: u64| {
            *register += whole.saturating_sub(part);
        };
        for rate in 0..2 {
            add(&mut self.import[rate], whole.import[rate], part.import[rate]);
            add(&mut self.export[rate], whole.export[rate], part.export[rate]);
        }
        for quadrant in 0..4 {
            let (whole, part) = (whole.quadrants[quadrant], part.quadrants[quadrant]);
            add(&mut self.quadrants[quadrant], whole, part);
        }
    }

    /// Every register multiplied: what many such periods add up to.
    pub(crate) fn scaled(&self, numerator: u64, denominator: u64) -> Self {
        let scale = |value: u64| {
            let product = u128::from(value) * u128::from(numerator) / u128::from(denominator);
            u64::try_from(product).unwrap_or(u64::MAX)
        };
        Self {
            import: self.import.map(scale),
            export: self.export.map(scale),
            quadrants: self.quadrants.map(scale),
        }
    }

    /// Active energy taken (1.8.0) in Wh.
    #[must_use]
    pub fn import_wh(&self) -> u64 {
        self.import.iter().sum::<u64>() / MILLIJOULES_PER_WH
    }

    /// Active energy taken by day and by night (1.8.1, 1.8.2) in Wh. Each is cut to whole Wh, so
    /// their sum may lack 1 Wh.
    #[must_use]
    pub fn import_by_rate_wh(&self) -> [u64; 2] {
        self.import.map(|energy| energy / MILLIJOULES_PER_WH)
    }

    /// Active energy given (2.8.0) in Wh.
    #[must_use]
    pub fn export_wh(&self) -> u64 {
        self.export.iter().sum::<u64>() / MILLIJOULES_PER_WH
    }

    /// Reactive energy taken (3.8.0), quadrants I and II, in varh.
    #[must_use]
    pub fn reactive_import_varh(&self) -> u64 {
        let [q1, q2, _, _] = self.quadrants;
        (q1 + q2) / MILLIJOULES_PER_WH
    }

    /// Reactive energy given (4.8.0), quadrants III and IV, in varh.
    #[must_use]
    pub fn reactive_export_varh(&self) -> u64 {
        let [_, _, q3, q4] = self.quadrants;
        (q3 + q4) / MILLIJOULES_PER_WH
    }

    /// Reactive energy in quadrants I to IV (5.8.0 to 8.8.0) in varh.
    #[must_use]
    pub fn quadrants_varh(&self) -> [u64; 4] {
        self.quadrants.map(|energy| energy / MILLIJOULES_PER_WH)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn millijoules(joules: f64) -> u64 {
    // `as` saturates; what enters is an absolute value.
    (joules * 1000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quadrant_has_its_register() {
        let hour = Duration::from_secs(3600);
        let mut counters = Counters::default();
        for (active_w, reactive_var) in [(1.0, 10.0), (-2.0, 20.0), (-3.0, -30.0), (4.0, -40.0)] {
            counters.add(Power { active_w, reactive_var }, hour, Rate::Day);
        }
        counters.add(Power { active_w: 7.0, reactive_var: 0.0 }, hour, Rate::Night);
        assert_eq!(counters.import_wh(), 12);
        assert_eq!(counters.import_by_rate_wh(), [5, 7]);
        assert_eq!(counters.export_wh(), 5);
        assert_eq!(counters.quadrants_varh(), [10, 20, 30, 40]);
        assert_eq!(counters.reactive_import_varh(), 30);
        assert_eq!(counters.reactive_export_varh(), 70);
    }

    #[test]
    fn steps_below_one_watt_hour_add_up() {
        let mut counters = Counters::default();
        let power = Power { active_w: 360.0, reactive_var: 36.0 };
        for _ in 0..1000 {
            counters.add(power, Duration::from_secs(1), Rate::Day);
        }
        assert_eq!((counters.import_wh(), counters.reactive_import_varh()), (100, 10));
    }
}
