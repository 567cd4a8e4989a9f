//! A counter that went back.
//!
//! In: consecutive readings with the push list that each came in. Out: the first anomaly. Source:
//! what E450 meters do: two lists snapshot different instants, so a step back of up to 1 kWh
//! between lists is none. Refuses nothing.

/// Largest step back between two lists that their instants explain. **Unit** kWh.
pub const LISTS_APART_KWH_MAX: f64 = 1.0;
/// A reading under this share of the one before is a new or reset meter.
pub const RESET_SHARE: f64 = 0.1;
/// Rounding of a difference of two decimal readings. **Unit** kWh.
const ROUNDING_KWH: f64 = 1e-9;

/// What a step back means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterFall {
    /// Two lists of one meter: no anomaly.
    DifferentPushList,
    /// Another meter, or one that was reset.
    ReplacedOrReset,
    /// A counter must not do that.
    Decrease,
}

/// One reading: kWh, and its list.
pub type Reading<'a> = (f64, &'a str);

/// What the step from one reading to the next means; `None` when it does not go back.
#[must_use]
pub fn step(before: Reading<'_>, after: Reading<'_>) -> Option<CounterFall> {
    let fall = before.0 - after.0;
    if fall <= 0.0 {
        return None;
    }
    Some(if before.1 != after.1 && fall <= LISTS_APART_KWH_MAX + ROUNDING_KWH {
        CounterFall::DifferentPushList
    } else if after.0 < RESET_SHARE * before.0 {
        CounterFall::ReplacedOrReset
    } else {
        CounterFall::Decrease
    })
}

impl CounterFall {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DifferentPushList => "different_push_list",
            Self::ReplacedOrReset => "meter_replaced_or_reset",
            Self::Decrease => "decrease",
        }
    }

    /// Whether somebody must look.
    #[must_use]
    pub const fn is_anomaly(self) -> bool {
        !matches!(self, Self::DifferentPushList)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_lists_excuse_a_small_step_back() {
        assert_eq!(step((10.0, "5s"), (10.0, "5s")), None);
        let fall = |to, list| step((1500.0, "5s"), (to, list));
        assert_eq!(fall(1499.0, "60s"), Some(CounterFall::DifferentPushList));
        assert_eq!(fall(1498.9, "60s"), Some(CounterFall::Decrease));
        assert_eq!(fall(1499.9, "5s"), Some(CounterFall::Decrease));
        assert_eq!(fall(3.0, "5s"), Some(CounterFall::ReplacedOrReset));
    }
}
