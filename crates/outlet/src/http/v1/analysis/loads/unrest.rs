//! How restless each meter's load was of late, for every surface the same.
//!
//! In: the meters, the time of now. Out: for each the root mean square change of its newest mean
//! powers, and how far apart they are. Read at most every [`FRESH`] of a meter; who asks meanwhile
//! gets what was read. Holds the configured meters only.

use super::ledger::powers;
use crate::{MeterInfo, Outlet};
use analysis::loads::Interval;
use reading::{MeterId, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::Store;

/// What was read of a meter is good for so long.
pub(super) const FRESH: Duration = Duration::from_secs(30);
/// The newest minutes are looked at closely, those before only of a meter that speaks seldom.
const FINE: Duration = Duration::from_secs(5);
const FINE_SPAN: Duration = Duration::from_secs(240);
const COARSE: Duration = Duration::from_secs(60);
const COARSE_SPAN: Duration = Duration::from_secs(2 * 3600);
/// Fewer intervals than this say too little.
const INTERVALS_MIN: usize = 12;
/// So many of the newest count.
const INTERVALS_MAX: usize = 36;

/// What is known of the meters' restlessness.
#[derive(Debug, Default)]
pub struct Unrest {
    meters: Mutex<HashMap<MeterId, Known>>,
    /// Held while it is read, so that everybody waits for the same reading.
    reading: Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    /// **Unit** kW, s.
    steps: (f64, f64),
    read_at: Timestamp,
}

impl Unrest {
    /// Root mean square change from one mean power to the next, and the time between them; 0 while
    /// it is not known. **Unit** kW, s.
    pub(super) fn of(&self, meter: &MeterId) -> (f64, f64) {
        locked(&self.meters).get(meter).map_or((0.0, 0.0), |known| known.steps)
    }

    /// Reads what is not fresh any more. Blocking.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(in crate::http) fn refresh(&self, outlet: &Outlet) -> Result<(), store::Error> {
        let _alone = locked(&self.reading);
        let now = (outlet.clock)();
        for meter in &outlet.meters {
            let known = locked(&self.meters).get(&meter.id).copied();
            // A clock that was set back begins anew.
            let is_fresh = known.is_some_and(|known| {
                known.read_at <= now && now.since(known.read_at) < FRESH && known.steps.1 > 0.0
            });
            if !is_fresh {
                let steps = read((&outlet.store, meter), now)?;
                locked(&self.meters).insert(meter.id.clone(), Known { steps, read_at: now });
            }
        }
        Ok(())
    }
}

fn read((store, meter): (&Store, &MeterInfo), now: Timestamp) -> Result<(f64, f64), store::Error> {
    let of = |span, length| powers(store, &meter.id, ((now.minus(span), now), length));
    let fine = of(FINE_SPAN, FINE)?;
    if fine.len() >= INTERVALS_MIN {
        return Ok(steps(&fine));
    }
    of(COARSE_SPAN, COARSE).map(|coarse| steps(&coarse))
}

fn steps(intervals: &[Interval]) -> (f64, f64) {
    let newest = &intervals[intervals.len().saturating_sub(INTERVALS_MAX)..];
    let squares: Vec<f64> =
        newest.windows(2).map(|pair| (pair[1].kw - pair[0].kw).powi(2)).collect();
    let Some(last) = newest.last().filter(|_| !squares.is_empty()) else { return (0.0, 0.0) };
    #[allow(clippy::cast_precision_loss)] // A few dozen.
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    (mean.sqrt(), last.to.since(last.from).as_secs_f64())
}

/// A reading that broke off has left what was there before.
fn locked<T>(one: &Mutex<T>) -> MutexGuard<'_, T> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}
