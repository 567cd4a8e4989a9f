//! Who keeps the journal: what was looked at, what is to be noted.
//!
//! In: samples in the order of their ids, changes of links, time. Out: notes for the store. A note
//! holds the entries with the memory of the meters that they are about, so that after a kill the
//! next start looks at the same samples again and finds the same events, or finds them noted.

use super::links::LinkEvents;
use analysis::journal::{Ratios, Recogniser};
use reading::{JournalEntry, Link, MeterId, Timestamp};
use std::collections::BTreeMap;
use store::{JournalNotes, Sample, Store};

/// Under which the store remembers up to which sample every meter was looked at.
const THROUGH: &str = "through";

/// A meter whose journal is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) meter: MeterId,
    /// What its supply gives at most, where it is known. **Unit** W.
    pub(crate) supply_w: Option<f64>,
    pub(crate) ratios: Ratios,
}

#[derive(Debug)]
struct Known {
    recogniser: Recogniser,
    links: LinkEvents,
    /// Whether the recogniser, or the link, remembers other things than the store does.
    changed: (bool, bool),
}

/// The journal of every configured meter.
#[derive(Debug)]
pub(crate) struct Keeper {
    meters: BTreeMap<MeterId, Known>,
    through: u64,
    entries: Vec<JournalEntry>,
}

impl Keeper {
    /// Goes on where the store's journal ends. A store without a journal is looked at from its
    /// begin: what happened in its past is worth knowing, too.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn recall(
        store: &Store,
        kept: &[Kept],
        now: Timestamp,
    ) -> Result<Self, store::Error> {
        let through = store.journal_state(THROUGH)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut keeper = Self { meters: BTreeMap::new(), through, entries: Vec::new() };
        for Kept { meter, supply_w, ratios } in kept {
            let fresh = || Recogniser::new(meter.clone(), *supply_w);
            let mut recogniser = match store.journal_state(&meter_key(meter))? {
                None => fresh(),
                Some(text) => Recogniser::recall(meter.clone(), *supply_w, &text)
                    .inspect_err(|error| tracing::warn!(%meter, "{error}: it begins anew"))
                    .unwrap_or_else(|_| fresh()),
            };
            keeper.entries.extend(recogniser.configured(ratios.clone(), now));
            let links = store.journal_state(&link_key(meter))?;
            let links = links.map_or_else(LinkEvents::default, |text| LinkEvents::recall(&text));
            let known = Known { recogniser, links, changed: (true, false) };
            keeper.meters.insert(meter.clone(), known);
        }
        Ok(keeper)
    }

    /// The last sample that was looked at.
    pub(crate) const fn through(&self) -> u64 {
        self.through
    }

    /// Looks at the next sample.
    pub(crate) fn take(&mut self, sample: &Sample) {
        if sample.id <= self.through {
            return;
        }
        self.through = sample.id;
        let Some(known) = self.meters.get_mut(&sample.telegram.meter) else { return };
        self.entries.extend(known.recogniser.take(sample.id, &sample.telegram));
        known.changed.0 = true;
    }

    /// A meter's link is like this.
    pub(crate) fn link(&mut self, meter: &MeterId, link: &Link, now: Timestamp) {
        let Some(known) = self.meters.get_mut(meter) else { return };
        let found = known.links.take(meter, link, now);
        known.changed.1 |= !found.is_empty();
        self.entries.extend(found);
    }

    /// Time passed.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        for (meter, known) in &mut self.meters {
            let found = known.links.tick(meter, now);
            known.changed.1 |= found.is_some();
            self.entries.extend(found);
        }
    }

    /// Every meter that is kept.
    pub(crate) fn meters(&self) -> impl Iterator<Item = &MeterId> {
        self.meters.keys()
    }

    /// The new entries with what must be remembered of their meters; `None` without an entry.
    pub(crate) fn news(&mut self) -> Option<JournalNotes> {
        if self.entries.is_empty() {
            return None;
        }
        let entries = std::mem::take(&mut self.entries);
        let mut states = Vec::new();
        for (meter, known) in &mut self.meters {
            if entries.iter().any(|entry| entry.meter == *meter) {
                states.extend(known.states(meter));
            }
        }
        Some(JournalNotes { entries, states })
    }

    /// Everything that is not in the store yet.
    pub(crate) fn everything(&mut self) -> JournalNotes {
        let entries = std::mem::take(&mut self.entries);
        let mut states = vec![(THROUGH.to_owned(), self.through.to_string())];
        for (meter, known) in &mut self.meters {
            states.extend(known.states(meter));
        }
        JournalNotes { entries, states }
    }
}

impl Known {
    fn states(&mut self, meter: &MeterId) -> impl Iterator<Item = (String, String)> {
        let (samples, links) = std::mem::take(&mut self.changed);
        let samples = samples.then(|| (meter_key(meter), self.recogniser.remembered()));
        let links = links.then(|| (link_key(meter), self.links.remembered()));
        samples.into_iter().chain(links)
    }
}

fn meter_key(meter: &MeterId) -> String {
    format!("meter/{meter}")
}

fn link_key(meter: &MeterId) -> String {
    format!("link/{meter}")
}
