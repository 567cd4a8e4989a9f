//! Which readings of a counter belong together.
//!
//! In: readings in the order of time, and how much the counter can have grown between two of them.
//! Out: a verdict on each, or the runs between whose readings a difference is energy. A reading that
//! does not follow from the one before is held back until the next ones say what it was: nonsense,
//! when they follow from the reading before it; another level (rolled over, reset, replaced, leapt),
//! when they follow from it. The step to another level is never energy. A register that showed next to
//! nothing for a while and comes back to its level of before goes on from there. Source: domain rule
//! "counter". Refuses nothing.

use crate::counter_fall::{LISTS_APART_KWH_MAX, RESET_SHARE};
use reading::{Decimal, Timestamp};
use std::collections::VecDeque;

/// Readings that follow from each other and make another level true.
pub const CONFIRMATIONS: usize = 3;
/// Trusted readings that so many confirmations may prove to be nonsense.
const RETRACTED_MAX: usize = 2;
/// Trusted readings that are remembered.
const TRUSTED_MAX: usize = RETRACTED_MAX + 2;
/// Rounding of a difference of two decimal readings.
const ROUNDING: f64 = 1e-6;
/// Two lists of one meter snapshot different instants. **Unit** Wh.
const LISTS_APART_WH: f64 = LISTS_APART_KWH_MAX * 1000.0 + ROUNDING;
/// Fewest and most digits of a register.
const DIGITS: std::ops::RangeInclusive<u32> = 4..=12;
/// Shorter registers, and those whose usual growth is not known, pass their end only within this share
/// of their range.
const NEAR_SHARE: f64 = 0.01;
/// A register of at least so much is not a shorter one.
const LONG_MODULUS: f64 = 60_000.0;
/// A counter that showed fewer digits before a reset may have run through them anew: it is not told to
/// have come back when it can have.
const RETURN_DIGITS_MIN: f64 = 100.0;
/// Widths of binary registers. **Unit** bits.
const WIDTHS: [u32; 4] = [16, 24, 31, 32];

/// One reading of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When it was measured.
    pub at: Timestamp,
    /// The register.
    pub value: Decimal,
    /// The list that brought it, by any number that tells lists apart.
    pub list: u32,
}

/// What a counter did when it went to another level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// It passed its last digit.
    Rollover,
    /// Another meter, or one that was reset.
    Reset,
    /// It fell.
    Decrease,
    /// It grew by more than can be.
    Leap,
}

/// What became of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the first one.
    Begins,
    /// It follows from the last trusted one.
    Follows,
    /// It is not newer than the last one, and changes nothing.
    Older,
    /// It steps back as far as two lists may be apart: it is right, and no news.
    OtherList,
    /// It is held back.
    HeldBack,
    /// It follows from the last trusted one, or stands beside it; what was held back since `wild`
    /// was nonsense.
    Heals {
        /// The first reading that was nonsense.
        wild: Point,
    },
    /// It and those held back are trusted, and the last `count` trusted ones were nonsense.
    Retracts {
        /// How many.
        count: usize,
        /// The first of them.
        wild: Point,
        /// The last reading that stays trusted.
        before: Point,
    },
    /// The register came back: it follows from the level before the last reset, and all since was
    /// nonsense.
    Returns {
        /// The last reading of the level that it came back to.
        before: Point,
        /// The first reading that was nonsense.
        wild: Point,
    },
    /// It and those held back are a level of their own.
    Breaks {
        /// What happened.
        kind: Break,
        /// The last reading of the level before.
        before: Point,
        /// The first reading of the new one.
        after: Point,
    },
}

/// How much a counter can grow from one reading to another, in its own unit.
pub type Allowed<'a> = &'a dyn Fn(&Point, &Point) -> f64;

/// A counter that is followed reading by reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    trusted: VecDeque<Point>,
    held: Vec<Point>,
    wild: Option<Point>,
    former: Option<Former>,
}

/// The level before a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Former {
    /// Its last reading.
    pub last: Point,
    /// The first reading after the reset.
    pub wild: Point,
}

impl Track {
    /// A track with what [`parts`](Self::parts) told.
    #[must_use]
    pub fn of(trusted: Vec<Point>, held: Vec<Point>, wild: Option<Point>) -> Self {
        Self { trusted: trusted.into(), held, wild, former: None }
    }

    /// The same track, which was reset before.
    #[must_use]
    pub fn after(self, former: Option<Former>) -> Self {
        Self { former, ..self }
    }

    /// The level before the last reset, as long as the counter may come back to it.
    #[must_use]
    pub const fn former(&self) -> Option<Former> {
        self.former
    }

    /// The last trusted readings and those held back, oldest first, and the first one that is in doubt.
    pub fn parts(&self) -> (impl Iterator<Item = &Point>, &[Point], Option<Point>) {
        (self.trusted.iter(), &self.held, self.wild)
    }

    /// The last trusted reading.
    #[must_use]
    pub fn last(&self) -> Option<&Point> {
        self.trusted.back()
    }

    /// Moves every reading in time: the clock that dated them was set.
    pub fn redate(&mut self, moved: impl Fn(Timestamp) -> Timestamp) {
        let former = self.former.iter_mut().flat_map(|it| [&mut it.last, &mut it.wild]);
        let points = self.trusted.iter_mut().chain(&mut self.held).chain(&mut self.wild);
        let points = points.chain(former);
        points.for_each(|point| point.at = moved(point.at));
    }

    /// Judges the next reading.
    pub fn take(&mut self, point: Point, allowed: Allowed<'_>) -> Verdict {
        let Some(base) = self.trusted.back().copied() else {
            self.trusted.push_back(point);
            return Verdict::Begins;
        };
        if point.at <= self.held.last().unwrap_or(&base).at {
            return Verdict::Older;
        }
        let follows = |from: &Point, to: &Point| {
            (0.0..=allowed(from, to) + ROUNDING).contains(&difference(to.value, from.value))
        };
        if let Some(Former { last, wild }) = self.came_back((&base, &point), &follows) {
            self.former = None;
            self.release();
            self.trusted = [last, point].into();
            return Verdict::Returns { before: last, wild };
        }
        if follows(&base, &point) {
            // Of a reading that was early rather than wrong, there is nothing to tell.
            let early = |last: &Point| !fell_to_nothing(&base, last) && follows(last, &point);
            let late = self.held.last().is_some_and(early);
            self.trust(point);
            return match self.release() {
                Some(wild) if !late => Verdict::Heals { wild },
                _ => Verdict::Follows,
            };
        }
        let level = self.held.last().is_some_and(|last| follows(last, &point));
        let fall = difference(base.value, point.value);
        let reset = fell_to_nothing(&base, &point);
        let apart = (0.0..=LISTS_APART_WH).contains(&fall) && point.list != base.list;
        if apart && !reset && !level {
            return self.release().map_or(Verdict::OtherList, |wild| Verdict::Heals { wild });
        }
        if !level {
            self.held.clear();
        }
        self.wild.get_or_insert(point);
        self.held.push(point);
        if self.held.len() < CONFIRMATIONS {
            Verdict::HeldBack
        } else {
            self.settle(&follows, allowed)
        }
    }

    /// The level before the last reset, if a reading steps from next to nothing right back to it.
    fn came_back(
        &self,
        (base, point): (&Point, &Point),
        follows: &dyn Fn(&Point, &Point) -> bool,
    ) -> Option<Former> {
        let former = self.former?;
        let digits = former.last.value.to_f64() / digit(&former.last);
        let anew = digits < RETURN_DIGITS_MIN && follows(base, point);
        let back = fell_to_nothing(&former.last, base) && follows(&former.last, point);
        (back && !anew).then_some(former)
    }

    fn trust(&mut self, point: Point) {
        if self.trusted.len() == TRUSTED_MAX {
            self.trusted.pop_front();
        }
        self.trusted.push_back(point);
    }

    /// Forgets what was held back; returns the first of it.
    fn release(&mut self) -> Option<Point> {
        self.held.clear();
        self.wild.take()
    }

    /// What was held back has been confirmed.
    fn settle(
        &mut self,
        follows: &dyn Fn(&Point, &Point) -> bool,
        allowed: Allowed<'_>,
    ) -> Verdict {
        let held = std::mem::take(&mut self.held);
        self.wild = None;
        let [after, ..] = held[..] else { return Verdict::HeldBack };
        let retracted = (1..=RETRACTED_MAX).find(|count| {
            let kept = self.trusted.len().checked_sub(count + 1);
            kept.and_then(|kept| self.trusted.get(kept)).is_some_and(|kept| follows(kept, &after))
        });
        if let Some(count) = retracted {
            let kept = self.trusted.len() - count;
            let (wild, before) = (self.trusted[kept], self.trusted[kept - 1]);
            self.trusted.truncate(kept);
            held.into_iter().for_each(|point| self.trust(point));
            return Verdict::Retracts { count, wild, before };
        }
        let before = self.trusted.back().copied().unwrap_or(after);
        self.trusted = held.into();
        let kind = kind(&before, &after, allowed);
        self.former = (kind == Break::Reset).then_some(Former { last: before, wild: after });
        Verdict::Breaks { kind, before, after }
    }
}

/// Whether a counter fell to a small share of what it showed.
fn fell_to_nothing(from: &Point, to: &Point) -> bool {
    to.value.to_f64() < RESET_SHARE * from.value.to_f64()
}

/// What the last digit of a register is worth.
fn digit(point: &Point) -> f64 {
    10_f64.powi(point.value.exponent().into())
}

fn kind(before: &Point, after: &Point, allowed: Allowed<'_>) -> Break {
    let (old, new) = (before.value.to_f64(), after.value.to_f64());
    if new > old {
        return Break::Leap;
    }
    // What the register holds, in its own last digit.
    let digit = digit(before);
    let decimal = DIGITS.map(|digits| 10_f64.powi(digits.cast_signed()));
    let binary = WIDTHS.map(|bits| 2_f64.powi(bits.cast_signed()));
    let passed = |modulus: f64| {
        let full = modulus * digit;
        let grown = full - old + new;
        let explained = allowed(before, after) + digit;
        let near = grown <= NEAR_SHARE * full;
        // A register that is not nearly full did not pass its end.
        full > old
            && old >= 0.9 * full
            && grown <= explained
            && (near || (explained.is_finite() && modulus > LONG_MODULUS))
    };
    if decimal.chain(binary).any(passed) {
        Break::Rollover
    } else if fell_to_nothing(before, after) {
        Break::Reset
    } else {
        Break::Decrease
    }
}

/// The runs of a counter: within a run, the difference of two readings is what was counted.
///
/// **Shape** readings oldest first; `breaks` are instants, oldest first, at which the meter or its
/// ratio was exchanged: no run reaches over one.
#[must_use]
pub fn runs(points: &[Point], breaks: &[Timestamp], allowed: Allowed<'_>) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = Vec::new();
    let era = |point: &Point| breaks.partition_point(|at| *at <= point.at);
    for points in points.chunk_by(|one, next| era(one) == era(next)) {
        let mut track = Track::default();
        let mut run: Vec<Point> = Vec::new();
        for point in points {
            match track.take(*point, allowed) {
                Verdict::Older | Verdict::OtherList | Verdict::HeldBack => {}
                Verdict::Begins | Verdict::Follows => run.push(*point),
                // A step back between lists heals as well, and is no reading of the run.
                Verdict::Heals { .. } => run.extend(track.last().filter(|last| *last == point)),
                Verdict::Retracts { count, .. } => {
                    run.truncate(run.len().saturating_sub(count));
                    run.extend(newest(&track));
                }
                Verdict::Returns { before, .. } => {
                    // The run since the reset was nonsense, and the one before it goes on.
                    if runs.last().and_then(|run| run.last()) == Some(&before) {
                        run = runs.pop().unwrap_or_default();
                    } else {
                        run = vec![before];
                    }
                    run.push(*point);
                }
                Verdict::Breaks { .. } => {
                    runs.push(std::mem::replace(&mut run, newest(&track).copied().collect()));
                }
            }
        }
        runs.push(run);
        // What the end of the readings left in doubt is at least right between its own readings.
        runs.push(track.held);
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// The readings that a verdict has just confirmed.
fn newest(track: &Track) -> impl Iterator<Item = &Point> {
    track.trusted.iter().skip(track.trusted.len().saturating_sub(CONFIRMATIONS))
}

/// Exact as long as the digits allow it: a large reading costs no digits of a difference.
#[must_use]
pub fn difference(after: Decimal, before: Decimal) -> f64 {
    let exact = after.checked_sub(before).map(Decimal::to_f64);
    exact.unwrap_or_else(|| after.to_f64() - before.to_f64())
}

#[cfg(test)]
mod tests;
