//! Whose turn it is on a wire that several meters share.
//!
//! In: periods, and what each turn brought. Out: who is next, and when. Every meter has a grid of
//! due times of its own; of those that are due, the one whose next due time comes first goes first
//! (earliest deadline first), so that a slow meter never makes a fast one late. A meter that does
//! not answer is asked less and less often, since each lost answer costs the others the time that
//! was waited for it; one that must not be asked again is not. Times are counted from the begin of
//! the schedule by a clock that never steps.

use std::time::Duration;

/// Lost answers in a row after which a meter is asked less often: one may be lost on any line.
const PATIENCE: u32 = 2;
/// Longest pause between two attempts at a meter that does not answer.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);
/// Doublings after which the pause grows no more.
const DOUBLINGS_MAX: u32 = 16;

/// What a turn brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A reading.
    Answered,
    /// None; it is worth trying again.
    Failed,
    /// None, and asking again would do harm.
    Forbidden,
}

/// The turns of the meters of one wire.
#[derive(Debug)]
pub(crate) struct Schedule {
    turns: Vec<Due>,
}

#[derive(Debug)]
struct Due {
    period: Duration,
    /// When it is due; `None` when it must not be asked.
    at: Option<Duration>,
    failures: u32,
    late: u64,
}

impl Schedule {
    /// Meters with their periods, all due at once; they are told apart by their place.
    pub(crate) fn new(periods: impl IntoIterator<Item = Duration>) -> Self {
        let due = |period: Duration| Due {
            period: period.max(Duration::from_millis(1)),
            at: Some(Duration::ZERO),
            failures: 0,
            late: 0,
        };
        Self { turns: periods.into_iter().map(due).collect() }
    }

    /// Who is next at `now`: its place and for how long there is nothing to do before. `None` when
    /// nobody may be asked any more.
    pub(crate) fn next(&self, now: Duration) -> Option<(usize, Duration)> {
        let mut waiting: Option<(usize, Duration)> = None;
        let mut due: Option<(usize, (bool, Duration))> = None;
        for (place, turn) in self.turns.iter().enumerate() {
            let Some(at) = turn.at else { continue };
            if at <= now {
                // Whoever answers goes before those that cost time only.
                let deadline = (turn.failures > 0, at.saturating_add(turn.period));
                if due.is_none_or(|(_, first)| deadline < first) {
                    due = Some((place, deadline));
                }
            } else if waiting.is_none_or(|(_, first)| at < first) {
                waiting = Some((place, at));
            }
        }
        due.map(|(place, _)| (place, Duration::ZERO))
            .or_else(|| waiting.map(|(place, at)| (place, at.saturating_sub(now))))
    }

    /// Notes what a turn brought, and when its meter is due again.
    pub(crate) fn took_turn(&mut self, place: usize, now: Duration, turn: Turn) {
        let Some(meter) = self.turns.get_mut(place) else { return };
        let Some(was_due) = meter.at else { return };
        meter.failures = if turn == Turn::Answered { 0 } else { meter.failures.saturating_add(1) };
        let on_grid = next_on_grid(was_due, meter.period, now);
        if on_grid > was_due + meter.period {
            meter.late += 1;
        }
        meter.at = match turn {
            Turn::Forbidden => None,
            Turn::Failed => Some(on_grid.max(now + meter.pause())),
            Turn::Answered => Some(on_grid),
        };
    }

    /// How often the meter at this place missed a whole period.
    #[cfg(test)]
    pub(crate) fn late(&self, place: usize) -> u64 {
        self.turns.get(place).map_or(0, |turn| turn.late)
    }
}

impl Due {
    fn pause(&self) -> Duration {
        let doublings = self.failures.saturating_sub(PATIENCE).min(DOUBLINGS_MAX);
        if self.failures <= PATIENCE {
            return Duration::ZERO;
        }
        self.period.saturating_mul(1 << doublings).min(BACK_OFF_MAX.max(self.period))
    }
}

/// The first due time after `now` on the grid that `was_due` lies on. Missed periods are skipped:
/// a reading that is late is no reason for two.
fn next_on_grid(was_due: Duration, period: Duration, now: Duration) -> Duration {
    let next = was_due + period;
    if next > now {
        return next;
    }
    let missed = now.saturating_sub(next).as_nanos() / period.as_nanos().max(1) + 1;
    let missed = u32::try_from(missed).unwrap_or(u32::MAX);
    next.saturating_add(period.saturating_mul(missed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Runs the bus for a minute; a turn of meter `i` lasts `takes[i]` and ends as `ends[i]` says.
    fn minute(periods: &[u64], takes: &[u64], ends: &[Turn]) -> (Schedule, Vec<u32>) {
        let mut schedule = Schedule::new(periods.iter().map(|period| ms(*period)));
        let mut turns = vec![0; periods.len()];
        let mut now = Duration::ZERO;
        while now < ms(60_000) {
            let Some((place, wait)) = schedule.next(now) else { break };
            if wait > Duration::ZERO {
                now += wait;
                continue;
            }
            now += ms(takes[place]);
            turns[place] += 1;
            schedule.took_turn(place, now, ends[place]);
        }
        (schedule, turns)
    }

    #[test]
    fn everybody_is_read_in_its_period() {
        let (schedule, turns) = minute(&[1000, 5000], &[20, 400], &[Turn::Answered; 2]);
        assert_eq!(turns, [60, 12]);
        assert_eq!((schedule.late(0), schedule.late(1)), (0, 0));
    }

    /// A meter that never answers costs two seconds each time it is asked.
    #[test]
    fn a_dead_meter_leaves_the_others_on_time() {
        let ends = [Turn::Answered, Turn::Failed, Turn::Answered];
        let (schedule, turns) = minute(&[1000, 1000, 1000], &[20, 2000, 20], &ends);
        assert!(turns[1] <= 8, "asked {} times", turns[1]);
        assert!(turns[0] >= 48 && turns[2] >= 48, "{turns:?}");
        assert!(schedule.late(0) <= u64::from(turns[1]), "late only while it was waited for");
    }

    #[test]
    fn who_must_not_be_asked_is_left_alone() {
        let (_, turns) = minute(&[1000, 1000], &[20, 20], &[Turn::Forbidden, Turn::Answered]);
        assert_eq!(turns, [1, 60]);
        let (_, turns) = minute(&[1000], &[20], &[Turn::Forbidden]);
        assert_eq!(turns, [1]);
    }

    #[test]
    fn a_meter_that_answers_again_is_back_in_its_period() {
        let mut schedule = Schedule::new([ms(1000)]);
        for turn in 0..10 {
            let (_, wait) = schedule.next(ms(turn * 100_000)).expect("may be asked");
            assert_eq!(wait, Duration::ZERO);
            schedule.took_turn(0, ms(turn * 100_000), Turn::Failed);
        }
        schedule.took_turn(0, ms(1_000_000), Turn::Answered);
        let (_, wait) = schedule.next(ms(1_000_000)).expect("may be asked");
        assert!(wait <= ms(1000), "{wait:?}");
    }

    /// Hours without an answer: the pause between two attempts grows to its maximum and no further,
    /// and a meter that is asked less often than that keeps its own period.
    #[test]
    fn a_meter_that_was_away_for_hours_is_asked_again_within_the_longest_pause() {
        for (period, longest) in [(1_000, 60_000), (5_000, 60_000), (21_600_000, 21_600_000)] {
            let mut schedule = Schedule::new([ms(period)]);
            let (mut now, mut pauses) = (Duration::ZERO, Vec::new());
            for _ in 0..1_000 {
                schedule.took_turn(0, now, Turn::Failed);
                let (_, wait) = schedule.next(now).expect("it may be asked");
                pauses.push(wait);
                now += wait + ms(2_000);
            }
            assert!(pauses.iter().all(|pause| *pause <= ms(longest)), "{period} ms: {pauses:?}");
            assert!(pauses.iter().rev().take(900).all(|pause| *pause * 2 >= ms(longest)));
        }
    }

    /// A bus that is slower than its periods serves everybody all the same.
    #[test]
    fn an_overloaded_bus_starves_nobody() {
        let (schedule, turns) =
            minute(&[1000, 1000, 10_000], &[700, 700, 700], &[Turn::Answered; 3]);
        assert!(turns.iter().all(|count| *count >= 5), "{turns:?}");
        assert!(schedule.late(0) > 0, "and it is counted");
    }
}
