//! The workshop, its wire, and the service's parts on a clock that the simulation moves.

use super::events::{self, Event, SLOT_S, SLOTS};
use crate::acquire::{Clock, Sinks, Station};
use crate::journal::{Keeper, Kept};
use analysis::journal::Ratios;
use jiff::tz::TimeZone;
use meter::{Driver, DriverOptions, Reader};
use outlet::{Counters, Frames};
use reading::{LinkCause, MeterId, Timestamp};
use sim::{E450, List, Losses, LossyWire, Protection, State, Workshop};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Batch, Options, Store};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

/// Monday 2026-05-04T00:00:00Z: a workshop that begins on a Monday has no week to run through.
const BEGIN: i64 = 1_777_852_800;
const GUEK: [u8; 16] = *b"0123456789abcdef";
/// What a 50 kW supply is subscribed at. **Unit** W.
pub(super) const SUPPLY_W: f64 = 50_000.0;
/// Telegrams of a meter that a noisy line may lose: about one in ten.
const LOSSES: Losses = Losses { dropped: 0.0001, doubled: 0.0001, corrupted: 0.0001 };
/// A register of 32 bits holds one more than this.
const REGISTER_MAX: u64 = u32::MAX as u64;

/// What was sent, by list and the second that the meter's clock showed.
pub(super) type Sent = BTreeMap<(String, i64), Vec<State>>;

/// Everything of one run.
pub(super) struct Plant {
    pub(super) seed: u64,
    pub(super) events: Vec<(i64, Event)>,
    pub(super) sent: Sent,
    /// Telegrams that the store acknowledged.
    pub(super) acknowledged: u64,
    pub(super) parts: Parts,
    /// What flowed. **Unit** Wh.
    pub(super) drawn_wh: u64,
    random: fastrand::Rng,
    wire: LossyWire,
    workshop: Workshop,
    meter: E450,
    number: u32,
    /// What the register shows minus what was drawn since the begin. **Unit** Wh.
    shown_wh: i64,
    begun_wh: u64,
    spike: Option<u32>,
    meter_clock_s: i64,
    house: Arc<AtomicI64>,
    house_s: i64,
    /// Until when nothing comes, and whether the port is open meanwhile.
    quiet: Option<(i64, bool)>,
    folder: PathBuf,
    folders: u32,
    /// Whether the disk is full.
    full: bool,
}

/// The service's own parts.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) counters: Arc<Counters>,
    keeper: Keeper,
    bus: broadcast::Receiver<store::Event>,
    station: Station,
    driver: Box<dyn Driver>,
}

pub(super) fn general() -> MeterId {
    MeterId::new("general").expect("an id")
}

impl Plant {
    pub(super) fn new(seed: u64, folder: &Path) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let events = events::plan(&mut random);
        let utc = TimeZone::UTC;
        let mut workshop = Workshop::new(seed, Timestamp::from_seconds(BEGIN), utc.clone());
        let begun_wh = workshop.advance(Timestamp::from_seconds(BEGIN)).counters.import_wh();
        let rollover = events.iter().find(|(_, event)| *event == Event::Rollover);
        let shown_wh = match rollover {
            Some((at, _)) => {
                let then = Timestamp::from_seconds(BEGIN + at);
                let drawn = workshop.clone().advance(then).counters.import_wh() - begun_wh;
                i64::try_from(REGISTER_MAX - drawn).expect("it fits")
            }
            None => 40_000_000,
        };
        let house = Arc::new(AtomicI64::new(BEGIN));
        let folder = folder.join("data");
        let parts = Parts::open(&folder, &house, Options::default());
        Self {
            seed,
            events,
            sent: Sent::new(),
            acknowledged: 0,
            parts,
            drawn_wh: 0,
            wire: LossyWire::new(seed, LOSSES),
            meter: E450::new(seed, utc, &Protection::Encrypted { guek: GUEK }),
            random,
            workshop,
            number: 1,
            shown_wh,
            begun_wh,
            spike: None,
            meter_clock_s: 0,
            house,
            house_s: 0,
            quiet: None,
            folder,
            folders: 0,
            full: false,
        }
    }

    /// Lives through every second.
    pub(super) async fn run(&mut self) {
        let mut events = self.events.clone().into_iter().peekable();
        self.parts.station.announce();
        self.parts.station.opened();
        for second in 0..SLOTS * SLOT_S {
            self.house.store(BEGIN + second + self.house_s, Ordering::Relaxed);
            while let Some((_, event)) = events.next_if(|(at, _)| *at == second) {
                self.strike(event, second).await;
            }
            self.second(second).await;
            if second % 60 == 59 {
                self.minute().await;
            }
        }
        self.minute().await;
        self.note(true).await;
    }

    async fn second(&mut self, second: i64) {
        match self.quiet {
            Some((until, open)) if until <= second => {
                self.quiet = None;
                if !open {
                    self.parts.station.opened();
                }
            }
            Some((_, false)) => {
                let gone = (LinkCause::NoDevice, "no such device".to_owned());
                self.parts.station.failed(gone);
            }
            _ => {}
        }
        if second % 5 == 0 {
            self.push(List::Fast, second).await;
            if second % 60 == 0 {
                self.push(List::Energy, second).await;
            }
        }
        if self.quiet.is_none_or(|(_, open)| open) {
            self.parts.station.tick();
        }
        self.parts.keeper.tick(self.now());
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.house.load(Ordering::Relaxed))
    }

    async fn push(&mut self, list: List, second: i64) {
        let mut state = self.workshop.advance(Timestamp::from_seconds(BEGIN + second));
        self.drawn_wh = state.counters.import_wh() - self.begun_wh;
        let drawn = i64::try_from(self.drawn_wh).expect("it fits");
        let mut shown = u64::try_from(self.shown_wh + drawn).unwrap_or(0) & REGISTER_MAX;
        let spike = if list == List::Energy { self.spike.take() } else { None };
        shown = spike.map_or(shown, u64::from);
        state.counters = state.counters.showing_import_wh(shown);
        state.at = Timestamp::from_seconds(BEGIN + second + self.meter_clock_s);
        self.number += 1;
        let bytes = self.meter.push(list, &state, self.number);
        let key = (format!("{list:?}"), state.at.as_micros() / 1_000_000);
        self.sent.entry(key).or_default().push(state);
        if self.quiet.is_some() {
            return;
        }
        // The one reading that is nonsense must arrive, or nothing happened.
        let arrived = if spike.is_some() { bytes } else { self.wire.carry(&bytes) };
        let piece = self.random.usize(1..600);
        for bytes in arrived.chunks(piece) {
            let heard = self.parts.driver.receive(self.now(), bytes);
            self.parts.station.deliver(heard, bytes.len()).await;
        }
    }

    /// What the tasks of the service do meanwhile.
    async fn minute(&mut self) {
        // Behind this batch nothing older waits for the disk.
        self.parts.store.append(Batch::default()).await.expect("the disk takes it");
        let meter = general();
        // As the service does it: first what came while nobody listened, then what is told.
        self.catch_up();
        loop {
            match self.parts.bus.try_recv() {
                Ok(store::Event::Sample(sample)) => self.parts.keeper.take(&sample),
                Ok(store::Event::Link { link, .. }) => {
                    self.parts.keeper.link(&meter, &link, self.now());
                }
                Err(TryRecvError::Lagged(_)) => self.catch_up(),
                Err(_) => break,
            }
        }
        self.note(false).await;
    }

    fn catch_up(&mut self) {
        let after = self.parts.keeper.through();
        let missed = self.parts.store.samples_after(after, 10_000).expect("readable");
        missed.iter().for_each(|sample| self.parts.keeper.take(sample));
    }

    async fn note(&mut self, all: bool) {
        let notes =
            if all { Some(self.parts.keeper.everything()) } else { self.parts.keeper.news() };
        if let Some(notes) = notes {
            self.parts.store.append(Batch::notes(notes)).await.expect("noted");
        }
    }

    async fn strike(&mut self, event: Event, second: i64) {
        let drawn = i64::try_from(self.drawn_wh).expect("it fits");
        match event {
            Event::Reset => self.shown_wh = -drawn,
            Event::Leap => self.shown_wh += 1_000_000_000,
            Event::Decrease => self.shown_wh -= (self.shown_wh + drawn) * 3 / 10,
            Event::Spike(value) => self.spike = Some(value),
            Event::Rollover => {}
            Event::Exchange => {
                let protection = Protection::Encrypted { guek: GUEK };
                self.meter = E450::new(self.seed + 77, TimeZone::UTC, &protection);
                (self.shown_wh, self.number) = (12_345 - drawn, 1);
            }
            Event::MeterClock(by) => self.meter_clock_s += by,
            Event::HouseClock(by) => self.house_s += by,
            Event::Unplug(length) => {
                self.quiet = Some((second + length, false));
                self.parts.driver.disconnected(self.now());
            }
            Event::Silence(length) => self.quiet = Some((second + length, true)),
            Event::Kill => self.kill(Options::default()).await,
            Event::FullDisk => {
                self.kill(Options { pages_max: Some(1), ..Options::default() }).await;
                for second in second..second + 60 {
                    self.house.store(BEGIN + second + self.house_s, Ordering::Relaxed);
                    self.second(second).await;
                }
                self.kill(Options::default()).await;
            }
        }
        self.house.store(BEGIN + second + self.house_s, Ordering::Relaxed);
    }

    /// The process dies and starts again on what the disk holds at that moment.
    async fn kill(&mut self, options: Options) {
        if self.full {
            // What waits for a full disk is lost with the process; it was never acknowledged.
            self.parts.store.clone().close();
            tokio::task::yield_now().await;
        } else {
            // Nothing is being written while the files are copied: a process has no such moment, but
            // a copy has no other.
            self.parts.store.at_rest().await.expect("open");
        }
        self.full = options.pages_max.is_some();
        self.acknowledged += self.parts.acknowledged();
        self.folders += 1;
        let next = self.folder.with_file_name(format!("data-{}", self.folders));
        copy(&self.folder, &next);
        self.folder = next;
        self.parts = Parts::open(&self.folder, &self.house, options);
        self.parts.station.announce();
        self.parts.station.opened();
    }
}

impl Parts {
    fn open(folder: &Path, house: &Arc<AtomicI64>, options: Options) -> Self {
        let store = Store::open(folder, options).expect("a store");
        let house = Arc::clone(house);
        let clock: Clock = Arc::new(move || Timestamp::from_seconds(house.load(Ordering::Relaxed)));
        let counters = Arc::new(Counters::new([general()]));
        let frames = Arc::new(Frames::new([general()], crate::inspect::explain));
        let memory = store.recall("").expect("readable");
        let options = DriverOptions {
            guek: Some(GUEK),
            zone: Some(TimeZone::UTC),
            memory,
            ..DriverOptions::new(general())
        };
        let model = meter::model("lgz_e450").expect("it is in the table");
        let Reader::Listens(driver) = model.reader(options) else { panic!("an E450 pushes") };
        let ratios = Ratios { ct: "1".to_owned(), vt: "1".to_owned() };
        let kept = Kept { meter: general(), supply_w: Some(SUPPLY_W), ratios };
        let keeper = Keeper::recall(&store, &[kept], clock()).expect("readable");
        let bus = store.subscribe();
        let counted = Arc::clone(&counters);
        let sinks = Sinks { store: store.clone(), counters: counted, frames, clock };
        Self { station: Station::new(general(), None, sinks), store, counters, keeper, bus, driver }
    }

    /// Telegrams that the store acknowledged to this process.
    pub(super) fn acknowledged(&self) -> u64 {
        self.counters
            .meter(&general())
            .map_or(0, |one| one.appended.total() - one.duplicates.total())
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the store") {
        let entry = entry.expect("an entry");
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
}
