//! What a seed does to its workshop, and when.

use reading::JournalKind;

/// Length of a slot: one event each. **Unit** s.
pub(super) const SLOT_S: i64 = 600;
/// Slots of a run; the first and the last two belong to nobody.
pub(super) const SLOTS: i64 = 12;
/// Events of a run.
const EVENTS: usize = 5;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Reset,
    Leap,
    Decrease,
    /// One reading is nonsense.
    Spike(u32),
    /// The register passes its 32 bits.
    Rollover,
    Exchange,
    /// **Unit** s.
    MeterClock(i64),
    /// **Unit** s.
    HouseClock(i64),
    /// For so many seconds.
    Unplug(i64),
    /// For so many seconds.
    Silence(i64),
    Kill,
    FullDisk,
}

impl Event {
    /// What the journal must say of it, once.
    pub(super) fn expected(self) -> &'static [JournalKind] {
        match self {
            Self::Reset => &[JournalKind::CounterReset],
            Self::Leap => &[JournalKind::CounterLeap],
            Self::Decrease => &[JournalKind::CounterDecrease],
            Self::Spike(_) => &[JournalKind::CounterSpike],
            Self::Rollover => &[JournalKind::CounterRollover],
            Self::Exchange => &[JournalKind::MeterExchanged],
            Self::MeterClock(_) => &[JournalKind::MeterClockStep],
            Self::HouseClock(_) => &[JournalKind::HouseClockStep],
            Self::Unplug(_) | Self::Silence(_) => {
                &[JournalKind::LinkLost, JournalKind::LinkRestored]
            }
            Self::Kill | Self::FullDisk => &[],
        }
    }
}

/// The events of a seed with their times. **Unit** s since the begin.
pub(super) fn plan(random: &mut fastrand::Rng) -> Vec<(i64, Event)> {
    let mut slots: Vec<i64> = (1..SLOTS - 2).collect();
    random.shuffle(&mut slots);
    let sign = |random: &mut fastrand::Rng| if random.bool() { 1 } else { -1 };
    let mut kinds = vec![
        Event::Leap,
        Event::Decrease,
        Event::Spike(if random.bool() { u32::MAX } else { 0 }),
        Event::Exchange,
        Event::MeterClock(sign(random) * random.i64(120..3_600)),
        Event::HouseClock(sign(random) * random.i64(120..3_600)),
        Event::Unplug(random.i64(60..400)),
        Event::Silence(random.i64(60..400)),
        Event::Kill,
        Event::FullDisk,
    ];
    // A register that is nearly full cannot leap, and one that was reset is not nearly full.
    if random.bool() {
        kinds.retain(|kind| !matches!(kind, Event::Leap | Event::Decrease | Event::Exchange));
        kinds.push(Event::Rollover);
        // Nearly full and full are too near to each other to tell.
        for kind in &mut kinds {
            if let Event::Spike(value) = kind {
                *value = 0;
            }
        }
    } else if random.bool() {
        // A register that has just begun falls by less than what tells a fall from a spike.
        kinds.retain(|kind| *kind != Event::Decrease);
        kinds.push(Event::Reset);
    } else {
        kinds.retain(|kind| *kind != Event::Exchange);
    }
    random.shuffle(&mut kinds);
    let mut events: Vec<(i64, Event)> = kinds
        .into_iter()
        .take(EVENTS)
        .zip(slots)
        .map(|(event, slot)| (slot * SLOT_S + random.i64(1..60), event))
        .collect();
    events.sort_by_key(|(at, _)| *at);
    events
}
