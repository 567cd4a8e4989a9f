//! The time that retention counts from: one that arrivals have lived through.
//!
//! In: the arrivals, as their clock tells them. Out: the latest time that has proved itself. A
//! clock that jumps years ahead, as a machine without a battery does, would otherwise make
//! everything old at once, and what is given up does not come back. So a time that is more than
//! [`STEP_MAX`] ahead counts only after arrivals went on from there for [`PROOF`]: nobody looks after
//! a wrong clock for a night or a week-end, and a week more of old readings costs little. The time
//! outlives the process; a file that tells none takes [`PROOF_OF_FIRST`] to find one.

/// How far arrivals may step at once. **Unit** µs.
const STEP_MAX: i64 = 24 * 3_600_000_000;
/// How long arrivals must go on after a longer step. **Unit** µs.
const PROOF: i64 = 7 * 24 * 3_600_000_000;
/// How long arrivals must go on where nothing is known of an earlier time. **Unit** µs.
const PROOF_OF_FIRST: i64 = 6 * 3_600_000_000;

/// The time that retention counts from.
#[derive(Debug, Default)]
pub(crate) struct Age {
    proved: Option<i64>,
    /// The first and the last arrival after a step that was too long.
    doubtful: Option<(i64, i64)>,
}

impl Age {
    /// What an earlier process had found to be true, if one did.
    pub(crate) const fn since(proved: Option<i64>) -> Self {
        Self { proved, doubtful: None }
    }

    /// The time that has proved itself; `None` soon after a start.
    pub(crate) const fn now(&self) -> Option<i64> {
        self.proved
    }

    /// Takes an arrival.
    pub(crate) fn take(&mut self, arrival: i64) {
        if let Some(proved) = self.proved
            && arrival <= proved.saturating_add(STEP_MAX)
        {
            self.proved = Some(proved.max(arrival));
            self.doubtful = None;
            return;
        }
        // Another step: whatever the clock is, it did not go on from there.
        let went_on = |(_, last): &(i64, i64)| arrival <= last.saturating_add(STEP_MAX);
        let (first, last) = self.doubtful.filter(went_on).unwrap_or((arrival, arrival));
        let (first, last) = (first.min(arrival), last.max(arrival));
        self.doubtful = Some((first, last));
        if last.saturating_sub(first) >= self.proof() {
            self.proved = Some(last);
            self.doubtful = None;
        }
    }

    const fn proof(&self) -> i64 {
        if self.proved.is_some() { PROOF } else { PROOF_OF_FIRST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn lived(hours: impl IntoIterator<Item = i64>) -> Option<i64> {
        let mut age = Age::default();
        hours.into_iter().for_each(|hour| age.take(hour * HOUR));
        age.now().map(|now| now / HOUR)
    }

    #[test]
    fn a_start_proves_itself_after_six_hours() {
        assert_eq!(lived(0..6), None);
        assert_eq!(lived(0..7), Some(6));
        assert_eq!(lived(0..100), Some(99));
    }

    #[test]
    fn a_restart_under_a_wrong_clock_ages_nothing() {
        let mut age = Age::since(Some(9 * HOUR));
        (30_000..30_100).for_each(|hour| age.take(hour * HOUR));
        assert_eq!(age.now(), Some(9 * HOUR));
        age.take(10 * HOUR);
        assert_eq!(age.now(), Some(10 * HOUR));
    }

    #[test]
    fn a_clock_that_jumps_years_ahead_and_comes_back_ages_nothing() {
        let years = 10 * 365 * 24;
        assert_eq!(lived((0..10).chain(years..years + 7 * 24).chain(10..12)), Some(11));
        let jumps = [years, 2 * years, 3 * years, 4 * years];
        assert_eq!(lived((0..10).chain(jumps).chain(10..12)), Some(11));
    }

    #[test]
    fn a_long_holiday_is_believed_once_arrivals_go_on() {
        assert_eq!(lived((0..10).chain(3000..3000 + 7 * 24)), Some(9));
        assert_eq!(lived((0..10).chain(3000..3001 + 7 * 24)), Some(3000 + 7 * 24));
    }
}
