//! Sends a feed's pushes when they are due.
//!
//! In: a feed, the caller's clock, a speed, a place to write to. Virtual time runs `speed` times
//! as fast as the clock. A writer that was stuck does not catch up: what nobody took is gone, as
//! with a real meter.

use crate::feed::E450Feed;
use reading::Timestamp;
use std::time::Duration;

/// Most virtual time that a late writer catches up; at most three telegrams.
pub const LAG_MAX: Duration = Duration::from_secs(6);
/// Longest sleep before the clock is looked at again, so that a clock set forward is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// A push that is further away than this means that the clock was set back.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// How many times faster than the clock virtual time runs. **Range** 0.01 to 1000.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

/// The speed is outside its range.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a speed of {got} is not between 0.01 and 1000")]
pub struct SpeedError {
    /// What was asked for.
    pub got: f64,
}

impl Speed {
    /// Virtual time keeps pace with the clock.
    pub const REAL: Self = Self(1.0);

    /// That many times as fast.
    ///
    /// # Errors
    /// A factor outside the range, or not a number.
    pub fn times(factor: f64) -> Result<Self, SpeedError> {
        let allowed = (0.01..=1_000.0).contains(&factor);
        allowed.then_some(Self(factor)).ok_or(SpeedError { got: factor })
    }
}

/// Where virtual time and the clock were last equated.
struct Anchor {
    clock: Timestamp,
    virtual_time: Timestamp,
    speed: Speed,
}

impl Anchor {
    fn virtual_at(&self, clock: Timestamp) -> Timestamp {
        self.virtual_time.plus(clock.since(self.clock).mul_f64(self.speed.0))
    }

    /// How long until `due`, in the clock's time.
    fn wait(&self, due: Timestamp, clock: Timestamp) -> Duration {
        let clock_due = self.clock.plus(due.since(self.virtual_time).div_f64(self.speed.0));
        clock_due.since(clock)
    }
}

/// Writes every push to `sink` when it is due; virtual time starts at `start`, now.
///
/// Ends only when the sink fails, with its error; dropping the future stops it between two pushes.
pub async fn serve<E>(
    feed: &mut E450Feed,
    pace: Pace<impl Fn() -> Timestamp>,
    mut sink: impl AsyncFnMut(&[u8]) -> Result<(), E>,
) -> E {
    let Pace { start, speed, clock } = pace;
    let mut anchor = Anchor { clock: clock(), virtual_time: start, speed };
    loop {
        let now = clock();
        let wait = anchor.wait(feed.due(), now);
        if wait > AHEAD_MAX.div_f64(speed.0) + SLEEP_MAX {
            anchor = Anchor { clock: now, virtual_time: feed.due(), speed };
            continue;
        }
        if !wait.is_zero() {
            tokio::time::sleep(wait.min(SLEEP_MAX)).await;
            continue;
        }
        let virtual_now = anchor.virtual_at(now);
        if virtual_now.since(feed.due()) > LAG_MAX {
            feed.skip_to(virtual_now);
            continue;
        }
        let Some(push) = feed.next() else { continue };
        if let Err(error) = sink(&push.bytes).await {
            return error;
        }
    }
}

/// How virtual time runs.
#[derive(Debug, Clone, Copy)]
pub struct Pace<C> {
    /// Virtual time at the beginning; the same as the feed's start.
    pub start: Timestamp,
    /// How fast it runs.
    pub speed: Speed,
    /// The caller's clock.
    pub clock: C,
}
