//! Meters that are asked, on five buses, through ten minutes of which the middle is rough.
//!
//! The buses, their schedules, dialogues and stations are those of the service, and so is the store;
//! wires are in memory and time is virtual. Checked: no value but the right one is ever stored;
//! nothing is stored twice; every turn that brought nothing is counted under a code; a mute meter
//! costs the others of its bus no more than the time it is waited for; afterwards everybody is read
//! again; and no reading goes round in circles.

use super::far_end::{FarEnd, Peer, STEP, STILL, Weather};
use crate::acquire::{
    Asker, Bus, Clock, Conversation, Member, Owed, Sinks, Station, TIMEOUT_DEFAULT,
};
use jiff::tz::TimeZone;
use meter::cosem::CosemOptions;
use meter::modbus::{ReaderOptions, Source, map};
use meter::{Correction, Dialogue, DriverOptions, Reader, STEPS_MAX, Step};
use outlet::{Counters, Frames};
use reading::{Decimal, LinkState, MeterId, Obis, Quantity, Timestamp};
use sim::mbus::{Slave, SlaveBus};
use sim::modbus::{Device, Framing, Misdeed, Subject, Units};
use sim::{CosemMeter, CosemServer, CosemSettings, Habits, OpticalMeter, Workshop};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use store::{Batch, Options, Store};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// When the rough weather begins, when it ends, and when the run does.
const ROUGH: Duration = Duration::from_secs(120);
const FAIR: Duration = Duration::from_secs(420);
const END: Duration = Duration::from_secs(630);
/// After the rough part everybody is asked again by then: the longest pause and a reading.
const RECOVERY: Duration = Duration::from_secs(90);
/// Of the readings that the periods promise, so many come where a mute meter shares the bus.
const SHARE_MIN: f64 = 0.6;
/// Questions of one second on all buses together: more is a meter that is asked without end.
const QUESTIONS_MAX: u64 = 100;
/// Longest reading, in steps of the meter's life.
const READING_STEPS: usize = 24;
const MODBUS_MODEL: &str = "carlo_gavazzi_em340";
/// Another view of the same meter: every request has the same length, so that an answer to another
/// one looks right.
const PAIRS: &str = "title = \"Pairs\"\nfunction = 4\ntype = \"i32\"\norder = \"CDAB\"\nread_max = 2\n\
    gap_max = 0\nscale = 0.1\nregister = [\n{ quantity = \"voltage_l1\", address = 0, unit = \"V\" },\n\
    { quantity = \"voltage_l2\", address = 2, unit = \"V\" },\n\
    { quantity = \"voltage_l3\", address = 4, unit = \"V\" },\n\
    { quantity = \"active_power_l1\", address = 18, unit = \"W\" },\n\
    { quantity = \"active_power_l2\", address = 20, unit = \"W\" },\n\
    { quantity = \"active_power\", address = 40, unit = \"W\" },\n]\n";
const MODBUS_TIMEOUT: Duration = Duration::from_millis(300);

/// The meters: id, port, period in seconds. Those called mute never answer.
const METERS: [(&str, &str, u64); 11] = [
    ("mbus_1", "mbus+tcp://mbus:1?address=1", 5),
    ("mbus_2", "mbus+tcp://mbus:1?address=2", 5),
    ("mbus_mute", "mbus+tcp://mbus:1?address=9", 5),
    ("rtu_1", "modbus+rtutcp://rtu:1?unit=1", 1),
    ("rtu_2", "modbus+rtutcp://rtu:1?unit=2", 2),
    ("rtu_mute", "modbus+rtutcp://rtu:1?unit=7", 1),
    ("tcp_1", "modbus+tcp://tcp:1?unit=1", 1),
    ("tcp_2", "modbus+tcp://tcp:1?unit=2", 2),
    ("tcp_mute", "modbus+tcp://tcp:1?unit=7", 1),
    ("cosem", "tcp://cosem:1", 10),
    ("optical", "tcp://optical:1", 10),
];

/// What a reading says, without its time.
type Value = (Option<Quantity>, Option<Obis>, Decimal);

/// Lives through it and checks it.
pub(super) fn live_through(seed: u64, folder: &Path) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let store = Store::open(folder, Options::default()).expect("a store");
        let begin = Instant::now();
        let clock: Clock = Arc::new(move || STILL.plus(begin.elapsed()));
        let counters = Arc::new(Counters::new(METERS.map(|(id, ..)| name(id))));
        let frames =
            Arc::new(Frames::new(METERS.map(|(id, ..)| name(id)), crate::inspect::explain));
        let sinks = Sinks { store: store.clone(), counters: Arc::clone(&counters), frames, clock };
        let weather = Weather::default();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        for (bus, peer) in buses(&sinks).into_iter().zip(peers()) {
            let (far_end, connections) = unbounded_channel();
            let seed = seed * 16 + tasks.len() as u64;
            let workshop = still();
            let gateway = FarEnd::new(peer, workshop, (weather.clone(), seed));
            tasks.spawn(gateway.serve(connections));
            tasks.spawn(bus.in_memory(far_end).run(stopped.clone()));
        }
        for (until, rough) in [(ROUGH, false), (FAIR, true), (END, false)] {
            weather.rough.store(rough, Ordering::Relaxed);
            sleep_until(begin + until).await;
        }
        stop.send(true).expect("the buses run");
        tasks.join_all().await;
        // What is on its way to the disk arrives there before this does.
        store.append(Batch::default()).await.expect("the disk takes it");
        while appended(&counters) < stored(&store) {
            sleep(Duration::from_millis(1)).await;
        }
        Checked { seed, store, counters, weather }.check();
    });
}

fn name(id: &str) -> MeterId {
    MeterId::new(id).expect("an id")
}

fn still() -> sim::State {
    Workshop::new(1, STILL, TimeZone::UTC).advance(STILL)
}

/// The buses of [`METERS`], in their order.
fn buses(sinks: &Sinks) -> Vec<Bus> {
    let mut buses: Vec<Bus> = Vec::new();
    for (id, port, seconds) in METERS {
        let port: wire::Port = port.parse().expect("valid");
        let period = Duration::from_secs(seconds);
        let station = Station::new(name(id), Some(period), sinks.clone());
        let conversation = conversation(id, &port);
        let member = Member { station, conversation, period, line: None };
        match buses.iter_mut().find(|bus| bus.port.bus() == port.bus()) {
            Some(bus) => bus.members.push(member),
            None => {
                let mut bus = Bus::new(port);
                bus.members.push(member);
                buses.push(bus);
            }
        }
    }
    buses
}

fn conversation(id: &str, port: &wire::Port) -> Conversation {
    if let Some(unit) = port.unit() {
        let pairs = || Arc::new(meter::modbus::parse("pairs", PAIRS).expect("a map"));
        let whole = || Arc::clone(map(MODBUS_MODEL).expect("known"));
        let source = Source::Map(if unit == 1 { pairs() } else { whole() });
        let options = ReaderOptions { meter: name(id), correction: Correction::NONE };
        let reader = meter::modbus::Reader::new(source, options);
        assert!(MODBUS_TIMEOUT < TIMEOUT_DEFAULT);
        let (timeout, owed) = (MODBUS_TIMEOUT, Owed::default());
        return Conversation::Modbus(Box::new(Asker { reader, unit, timeout, owed }));
    }
    let mut options = DriverOptions { zone: Some(TimeZone::UTC), ..DriverOptions::new(name(id)) };
    options.mbus.address = port.mbus_address();
    let model = match id {
        "cosem" => {
            let profiles = Some(Vec::new());
            options.dlms = Some(CosemOptions { client: 1, profiles, ..CosemOptions::default() });
            "generic_dlms"
        }
        "optical" => "iec62056_21",
        _ => "mbus",
    };
    match meter::model(model).expect("in the table").reader(options) {
        Reader::Asks(dialogue) => Conversation::Dialogue(dialogue),
        Reader::Listens(_) => panic!("{model} is asked"),
    }
}

/// Eight days of load profile take a moment to live through.
static RECORDED: LazyLock<CosemMeter> =
    LazyLock::new(|| CosemMeter::new(3, STILL, TimeZone::UTC, CosemSettings::default()));

/// What it says in each step of a run.
static COSEM: LazyLock<Vec<Vec<Value>>> = LazyLock::new(|| {
    let (mut server, mut meter) = (CosemServer::new(), RECORDED.clone());
    said("cosem", |at, bytes| server.receive(&mut meter, at, bytes))
});
/// The same of the meter at the optical port.
static OPTICAL: LazyLock<Vec<Vec<Value>>> = LazyLock::new(|| {
    let mut meter = optical();
    said("optical", |at, bytes| {
        meter.receive(at, None, bytes).into_iter().flat_map(|sent| sent.bytes).collect()
    })
});

fn optical() -> OpticalMeter {
    OpticalMeter::new(3, STILL, &TimeZone::UTC, Habits::default())
}

/// A reading in each step of a run, over a perfect wire.
fn said(id: &str, mut peer: impl FnMut(Timestamp, &[u8]) -> Vec<u8>) -> Vec<Vec<Value>> {
    let port = "tcp://meter:1".parse().expect("valid");
    let Conversation::Dialogue(mut dialogue) = conversation(id, &port) else {
        panic!("it has a dialogue")
    };
    let steps = END.as_secs() / STEP.as_secs() + 1;
    let at = |step: u64| STILL.plus(Duration::from_secs(step * STEP.as_secs()));
    (0..steps).map(|step| asked(&mut *dialogue, &mut peer, at(step))).collect()
}

fn asked(
    dialogue: &mut dyn Dialogue,
    peer: &mut impl FnMut(Timestamp, &[u8]) -> Vec<u8>,
    at: Timestamp,
) -> Vec<Value> {
    dialogue.begin(at);
    let mut coming = Vec::new();
    for _ in 0..STEPS_MAX {
        match dialogue.step(at) {
            Step::Send(bytes) => coming = peer(at, &bytes),
            Step::Listen(_) if coming.is_empty() => dialogue.elapsed(at),
            Step::Listen(_) => dialogue.receive(at, &std::mem::take(&mut coming)),
            Step::Done(answer) => {
                assert_eq!(answer.fault, None);
                return answer.heard.telegrams.iter().flat_map(values).collect();
            }
            _ => {}
        }
    }
    panic!("the reading goes round in circles")
}

/// The numbers of a telegram.
fn values(telegram: &reading::Telegram) -> Vec<Value> {
    let number = |it: &reading::Reading| Some((it.quantity, it.obis, it.value.number()?));
    telegram.readings.iter().filter_map(number).collect()
}

/// What is at the other ends, in the same order.
fn peers() -> [Peer; 5] {
    let slave = |primary: u8, machine| {
        Slave::electricity(primary, 10_240_000 + u32::from(primary), Some(machine))
    };
    let units = || {
        let mut units = Units::default();
        for unit in [1, 2, 7] {
            let subject = Subject::Machine(usize::from(unit) % 6);
            let mut device = Device::new(map(MODBUS_MODEL).expect("known"), subject);
            device.misdeed = (unit == 7).then_some(Misdeed::Mute);
            units.insert(unit, device);
        }
        units
    };
    [
        Peer::Mbus(SlaveBus::new(vec![slave(1, 0), slave(2, 3)], TimeZone::UTC)),
        Peer::Modbus(units(), Framing::Rtu),
        Peer::Modbus(units(), Framing::Tcp),
        Peer::Cosem(Box::new((CosemServer::new(), RECORDED.clone()))),
        Peer::Optical(Box::new(optical())),
    ]
}

fn stored(store: &Store) -> u64 {
    store.samples_after(0, 100_000).expect("readable").len() as u64
}

fn appended(counters: &Counters) -> u64 {
    let of = |(id, ..): (&str, &str, u64)| counters.meter(&name(id)).map(|it| it.appended.total());
    METERS.into_iter().filter_map(of).sum()
}

struct Checked {
    seed: u64,
    store: Store,
    counters: Arc<Counters>,
    weather: Weather,
}

impl Checked {
    fn check(&self) {
        let mut of_meter: BTreeMap<MeterId, Vec<(Timestamp, Vec<Value>)>> = BTreeMap::new();
        for sample in self.store.samples_after(0, 100_000).expect("readable") {
            let telegram = &sample.telegram;
            let known = of_meter.entry(telegram.meter.clone()).or_default();
            known.push((telegram.received_at, values(telegram)));
        }
        let spoiled = self.weather.spoiled.load(Ordering::Relaxed);
        assert!(spoiled > 100, "seed {}: {spoiled} answers were spoiled", self.seed);
        let questions = self.weather.questions.load(Ordering::Relaxed);
        assert!(questions < QUESTIONS_MAX * END.as_secs(), "{questions} questions");
        for (id, _, period) in METERS {
            let samples = of_meter.remove(&name(id)).unwrap_or_default();
            let told = format!("seed {}, {id}", self.seed);
            self.counted(id, samples.len() as u64, &told);
            if id.ends_with("mute") {
                assert!(samples.is_empty(), "{told}: {samples:?}");
                let link = self.store.link(&name(id)).expect("a link");
                assert!(link.state != LinkState::Live && link.cause.is_some(), "{told}: {link:?}");
                continue;
            }
            let steps = match id {
                "cosem" => Some(COSEM.as_slice()),
                "optical" => Some(OPTICAL.as_slice()),
                _ => None,
            };
            right(&samples, steps, &told);
            on_time(&samples, (STILL, STILL.plus(ROUGH)), (period, &told));
            let (from, to) = (STILL.plus(FAIR + RECOVERY), STILL.plus(END));
            on_time(&samples, (from, to), (period, &told));
        }
    }

    /// Every turn brought a telegram, or is counted under a code.
    fn counted(&self, id: &str, samples: u64, told: &str) {
        let counters = self.counters.meter(&name(id)).expect("configured");
        let telegrams = counters.telegrams.total();
        let again = counters.duplicates.total() + counters.conflicts.total();
        // Only a meter with a clock can be asked twice in one of its steps.
        assert!(again == 0 || matches!(id, "cosem" | "optical"), "{told}: {again}");
        let defects = counters.defects();
        assert_eq!(telegrams, samples + again, "{told}: delivered and stored; {defects:?}");
        let of_turns: u64 = defects.iter().map(|(_, count)| count).sum();
        assert!(of_turns >= counters.refused.total(), "{told}: {defects:?}");
        assert!(defects.iter().all(|(code, _)| *code != "reading_endless"), "{told}: {defects:?}");
        if id.ends_with("mute") {
            assert!(counters.refused.total() > 5, "{told}: given up for good");
        }
    }
}

/// Everything stored is what the first reading, in fair weather, said; of a meter that lives, what
/// it said in one of the `steps` that the reading may have taken.
fn right(samples: &[(Timestamp, Vec<Value>)], steps: Option<&[Vec<Value>]>, told: &str) {
    let Some((_, expected)) = samples.first() else { panic!("{told}: never read") };
    assert!(expected.len() > 5, "{told}: {expected:?}");
    for (at, values) in samples {
        let is_right = |value: &&Value| match steps {
            None => expected.contains(value),
            Some(steps) => {
                let now = usize::try_from(at.since(STILL).as_secs() / STEP.as_secs()).unwrap_or(0);
                let taken = steps.iter().take(now + 1).skip(now.saturating_sub(READING_STEPS));
                taken.flatten().any(|right| right == *value)
            }
        };
        assert_eq!(values.iter().find(|value| !is_right(value)), None, "{told} at {at}");
    }
}

/// Most of the readings that the period promises were made.
fn on_time(
    samples: &[(Timestamp, Vec<Value>)],
    (from, to): (Timestamp, Timestamp),
    (period, told): (u64, &str),
) {
    let within = samples.iter().filter(|(at, _)| (from..to).contains(at)).count() as f64;
    let promised = (to.since(from).as_secs() / period) as f64;
    assert!(within >= promised * SHARE_MIN, "{told}: {within} of {promised} from {from}");
}
