//! Demand of the running integration interval.
//!
//! In: the interval, the energy so far, the power now and a limit. Out: the demand to expect and
//! the power that the rest may draw. Source: P̂ = (E + P·(T − t)) / T. Refuses: an elapsed time
//! outside the interval.

/// What is known in the middle of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// T. **Unit** s.
    pub window_s: f64,
    /// t. **Unit** s. **Range** 0 to below T.
    pub elapsed_s: f64,
    /// Energy since its begin. **Unit** kWh.
    pub energy_kwh: f64,
}

/// What the interval will come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemandForecast {
    /// Mean power of the whole interval if the present power stays. **Unit** kW.
    pub predicted_kw: f64,
    /// Power that must be shed now. **Unit** kW. **Range** from 0.
    pub shed_kw: f64,
    /// Power that the rest may draw; 0 when even that is too much. **Unit** kW.
    pub allowed_kw: f64,
    /// The energy so far exceeds the limit: nothing can be saved in this interval.
    pub limit_already_exceeded: bool,
}

/// Forecast with the present power `power_kw` against `limit_kw`; `None` outside the interval.
#[must_use]
pub fn forecast(interval: Interval, power_kw: f64, limit_kw: f64) -> Option<DemandForecast> {
    let Interval { window_s, elapsed_s, energy_kwh } = interval;
    if !(elapsed_s >= 0.0 && elapsed_s < window_s) {
        return None;
    }
    let (window_h, rest_h) = (window_s / 3600.0, (window_s - elapsed_s) / 3600.0);
    let allowed = (limit_kw * window_h - energy_kwh) / rest_h;
    let allowed_kw = allowed.max(0.0);
    Some(DemandForecast {
        predicted_kw: (energy_kwh + power_kw * rest_h) / window_h,
        shed_kw: (power_kw - allowed_kw).max(0.0),
        allowed_kw,
        limit_already_exceeded: allowed < 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_passed_leaves_nothing() {
        let interval = Interval { window_s: 600.0, elapsed_s: 480.0, energy_kwh: 12.0 };
        let forecast = forecast(interval, 40.0, 60.0).expect("within");
        assert!(forecast.limit_already_exceeded);
        assert_eq!((forecast.allowed_kw, forecast.shed_kw), (0.0, 40.0));
        let over = Interval { elapsed_s: 600.0, ..interval };
        assert_eq!(super::forecast(over, 40.0, 60.0), None);
    }
}
