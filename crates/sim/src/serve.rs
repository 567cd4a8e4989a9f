//! Sends a feed's pushes when they are due.
//!
//! In: a feed, the caller's clock, a speed, a place to write to. Virtual time runs `speed` times
//! as fast as the clock. A writer that was stuck does not catch up: what nobody took is gone, as
//! with a real meter.

use crate::feed::{E450Feed, Push};
use crate::readable::{P1Feed, Telegram};
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

    /// The virtual time that passes in a real one.
    pub(crate) fn virtual_of(self, real: Duration) -> Duration {
        real.mul_f64(self.0)
    }

    /// The real time in which a virtual one passes.
    #[must_use]
    pub fn real_of(self, virtual_time: Duration) -> Duration {
        virtual_time.div_f64(self.0)
    }
}

impl Speed {
    /// The virtual time that passes in so much of the clock's.
    #[must_use]
    pub fn scaled(self, elapsed: Duration) -> Duration {
        elapsed.mul_f64(self.0)
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

/// A meter that speaks unasked, over virtual time.
pub trait Feed {
    /// What it sends at once.
    type Push;

    /// When the next push is due.
    fn due(&self) -> Timestamp;
    /// Leaves out every push that is due before `to`. Never goes back.
    fn skip_to(&mut self, to: Timestamp);
    /// The next push.
    fn push(&mut self) -> Option<Self::Push>;
    /// What goes over the line.
    fn bytes(push: &Self::Push) -> &[u8];
}

impl Feed for E450Feed {
    type Push = Push;

    fn due(&self) -> Timestamp {
        Self::due(self)
    }

    fn skip_to(&mut self, to: Timestamp) {
        Self::skip_to(self, to);
    }

    fn push(&mut self) -> Option<Push> {
        self.next()
    }

    fn bytes(push: &Push) -> &[u8] {
        &push.bytes
    }
}

impl Feed for P1Feed {
    type Push = Telegram;

    fn due(&self) -> Timestamp {
        Self::due(self)
    }

    fn skip_to(&mut self, to: Timestamp) {
        Self::skip_to(self, to);
    }

    fn push(&mut self) -> Option<Telegram> {
        self.next()
    }

    fn bytes(push: &Telegram) -> &[u8] {
        &push.bytes
    }
}

/// A feed whose pushes come when they are due.
#[derive(Debug)]
pub struct PacedFeed<'a, F, C> {
    feed: &'a mut F,
    pace: Pace<C>,
    /// What the clock said at the virtual time `pace.start`.
    origin: Timestamp,
}

impl<'a, F: Feed, C: Fn() -> Timestamp> PacedFeed<'a, F, C> {
    /// Virtual time starts at `pace.start`, now.
    pub fn new(feed: &'a mut F, pace: Pace<C>) -> Self {
        let origin = (pace.clock)();
        Self { feed, pace, origin }
    }

    /// Waits until the next push is due. Dropping the future loses no push.
    pub async fn next(&mut self) -> F::Push {
        loop {
            let now = (self.pace.clock)();
            let wait = self.wait(now);
            if wait > AHEAD_MAX.div_f64(self.pace.speed.0) + SLEEP_MAX {
                self.origin = now;
                self.pace.start = self.feed.due();
            } else if !wait.is_zero() {
                tokio::time::sleep(wait.min(SLEEP_MAX)).await;
            } else {
                let virtual_now = self.virtual_at(now);
                if virtual_now.since(self.feed.due()) > LAG_MAX {
                    self.feed.skip_to(virtual_now);
                } else if let Some(push) = self.feed.push() {
                    return push;
                }
            }
        }
    }

    fn virtual_at(&self, clock: Timestamp) -> Timestamp {
        let elapsed = clock.since(self.origin);
        self.pace.start.plus(elapsed.mul_f64(self.pace.speed.0))
    }

    /// How long until the next push is due, in the clock's time.
    fn wait(&self, clock: Timestamp) -> Duration {
        let ahead = self.feed.due().since(self.pace.start);
        self.origin.plus(ahead.div_f64(self.pace.speed.0)).since(clock)
    }
}

/// Writes every push to `sink` when it is due.
///
/// Ends only when the sink fails, with its error; dropping the future stops it between two pushes.
/// The future is for the task that makes it: what is to be spawned loops over
/// [`PacedFeed::next`] itself, since a closure that borrows its argument is not known to be `Send`.
pub async fn serve<F: Feed, E>(
    feed: &mut F,
    pace: Pace<impl Fn() -> Timestamp>,
    mut sink: impl AsyncFnMut(&[u8]) -> Result<(), E>,
) -> E {
    let mut feed = PacedFeed::new(feed, pace);
    loop {
        let push = feed.next().await;
        if let Err(error) = sink(F::bytes(&push)).await {
            return error;
        }
    }
}
