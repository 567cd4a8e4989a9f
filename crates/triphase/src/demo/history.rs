//! The weeks before a demo's first start.
//!
//! In: the simulated meter, a store, a stretch of time. Out: stored telegrams. Every one went
//! through the meter's encoding and the driver's decoding, as live ones do, only faster: one fast
//! and one energy list a minute, every push of the last days. The meter that tells the past goes
//! on living, so its counters go on exactly.

use super::machines::Machines;
use crate::import::LongJob;
use anyhow::{Context, Result, bail};
use meter::Driver;
use reading::{Memory, Telegram, Timestamp};
use sim::{E450Feed, Kind};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use store::{Batch, Store};

/// Telegrams of one commit.
const BATCH_TELEGRAMS: usize = 5_000;
/// Of the last two days every push is kept, as if the demo had run.
const DENSE: Duration = Duration::from_secs(2 * 86_400);
/// How long after it is due a push is whole at the other end of the line.
const ON_THE_LINE: Duration = Duration::from_millis(40);
const MINUTE_MICROS: i64 = 60_000_000;
/// Longest past.
const WEEKS_MAX: u32 = 26;
/// The file that says since when the workshop's counters have run.
pub(super) const BEGAN: &str = "workshop-began";

/// How much past a demo begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct History(Duration);

impl FromStr for History {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Duration::ZERO));
        }
        let (count, days) = match (text.strip_suffix('w'), text.strip_suffix('d')) {
            (Some(weeks), _) => (weeks, 7),
            (_, Some(days)) => (days, 1),
            _ => ("", 0),
        };
        let days: Option<u32> = count.parse::<u32>().ok().and_then(|n| n.checked_mul(days));
        let days = days.filter(|days| (1..=7 * WEEKS_MAX).contains(days));
        let days = days.ok_or_else(|| format!("expected none, 1d to {WEEKS_MAX}w, such as 6w"))?;
        Ok(Self(Duration::from_secs(u64::from(days) * 86_400)))
    }
}

impl History {
    /// When a workshop begins that is watched from `start` on: on a whole minute.
    pub(super) fn begin(self, start: Timestamp) -> Timestamp {
        let begin = start.minus(self.0).as_micros();
        Timestamp::from_micros(begin.div_euclid(MINUTE_MICROS) * MINUTE_MICROS)
    }

    pub(super) const fn is_none(self) -> bool {
        self.0.is_zero()
    }
}

/// Since when the counters of the demo in a folder have run; `None` before its first start, and
/// when that is too long ago to run through again.
pub(super) fn began(folder: &Path, now: Timestamp) -> Option<Timestamp> {
    let text = std::fs::read_to_string(folder.join(BEGAN)).ok()?;
    let began = Timestamp::parse_rfc3339(text.trim()).ok()?;
    let longest = Duration::from_secs(u64::from(2 * WEEKS_MAX) * 7 * 86_400);
    (began <= now && now.since(began) <= longest).then_some(began)
}

/// Notes since when the counters run.
pub(super) fn note_begin(folder: &Path, began: Timestamp) -> Result<()> {
    let file = folder.join(BEGAN);
    std::fs::write(&file, format!("{began}\n")).with_context(|| file.display().to_string())
}

/// Stores what the meter sent until `end`. Blocking; `append` waits for the disk.
pub(super) fn make(
    feed: &mut E450Feed,
    driver: &mut dyn Driver,
    store: &Store,
    end: Timestamp,
) -> Result<()> {
    let begin = feed.due();
    let dense = end.minus(DENSE);
    let mut progress = LongJob::new("of the workshop's past", end.since(begin).as_secs());
    let mut batch: (Vec<Telegram>, Vec<Memory>) = (Vec::new(), Vec::new());
    let runtime = tokio::runtime::Handle::current();
    let append = |batch: &mut (Vec<Telegram>, Vec<Memory>)| -> Result<()> {
        let (telegrams, memory) = std::mem::take(batch);
        runtime.block_on(store.append(Batch::past(telegrams, memory)))?;
        Ok(())
    };
    while feed.due() < end {
        let Some(push) = feed.next() else { break };
        let heard = driver.receive(push.due.plus(ON_THE_LINE), &push.bytes);
        if heard.telegrams.is_empty() && push.kind != Kind::SubMeterPoll {
            bail!("the simulated meter's push of {} was not understood", push.due);
        }
        batch.0.extend(heard.telegrams);
        // Only the newest counter of a system title is worth remembering.
        if !heard.memory.is_empty() {
            batch.1 = heard.memory;
        }
        let minute = push.due.as_micros().div_euclid(MINUTE_MICROS) * MINUTE_MICROS;
        if feed.due() > push.due && push.due < dense {
            feed.skip_to(Timestamp::from_micros(minute + MINUTE_MICROS));
        }
        if batch.0.len() >= BATCH_TELEGRAMS {
            append(&mut batch)?;
            progress.at(push.due.since(begin).as_secs());
        }
    }
    append(&mut batch)?;
    progress.done();
    Ok(())
}

/// Stores what the machines' meters told in the last days until `end`. Blocking.
pub(super) fn of_machines(
    mut machines: Machines,
    store: &Store,
    end: Timestamp,
) -> Result<Machines> {
    let runtime = tokio::runtime::Handle::current();
    let mut progress = LongJob::new("of the machines' past", Machines::PAST.as_secs());
    let begin = end.minus(Machines::PAST);
    let mut batch: Vec<Telegram> = Vec::new();
    machines.past(end, |at, telegrams| {
        batch.extend(telegrams);
        if batch.len() >= BATCH_TELEGRAMS {
            let full = std::mem::take(&mut batch);
            runtime.block_on(store.append(Batch::past(full, Vec::new())))?;
            progress.at(at.since(begin).as_secs());
        }
        Ok(())
    })?;
    runtime.block_on(store.append(Batch::past(batch, Vec::new())))?;
    progress.done();
    Ok(machines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::journal::Recogniser;
    use reading::{JournalKind, MeterId};

    #[tokio::test]
    async fn the_night_of_the_clock_change_is_told_as_what_it_is() {
        let at = |text| Timestamp::parse_rfc3339(text).expect("a time");
        let zone = jiff::tz::TimeZone::get("Europe/Paris").expect("known");
        let general = MeterId::new("general").expect("an id");
        let model = meter::model("lgz_e450").expect("known");
        let options = meter::DriverOptions {
            zone: Some(zone.clone()),
            ..meter::DriverOptions::new(general.clone())
        };
        let meter::Reader::Listens(mut driver) = model.reader(options) else {
            unreachable!("an E450 pushes")
        };
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), store::Options::default()).expect("a store");
        let told = store.clone();
        let made = tokio::task::spawn_blocking(move || {
            let protection = sim::Protection::of(None, None);
            let mut feed = E450Feed::new(7, at("2026-10-25T00:30:00Z"), &zone, &protection);
            make(&mut feed, driver.as_mut(), &told, at("2026-10-25T01:30:00Z"))
        });
        made.await.expect("no panic").expect("a past");
        let mut recogniser = Recogniser::new(general, None);
        let mut kinds = Vec::new();
        for sample in store.samples_after(0, 10_000).expect("read") {
            kinds.extend(
                recogniser.take(sample.id, &sample.telegram).iter().map(|entry| entry.kind),
            );
        }
        assert_eq!(kinds, [JournalKind::DaylightSaving]);
    }

    #[test]
    fn lengths_are_read_and_bounded() {
        assert_eq!("6w".parse(), Ok(History(Duration::from_secs(42 * 86_400))));
        assert_eq!("none".parse(), Ok(History(Duration::ZERO)));
        for text in ["", "6", "0d", "27w", "x", "99999999999w"] {
            assert!(text.parse::<History>().is_err(), "{text}");
        }
    }
}
