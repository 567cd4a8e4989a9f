//! What goes wrong in a workshop, to the running binary: heads that are unplugged, gateways that
//! fall silent, answers that come after their time. Each is told with its cause, costs nobody else
//! anything, gives no value that nobody measured, and ends by itself.

use crate::process::{PATIENCE, Service, folder};
use jiff::tz::TimeZone;
use meter::modbus::map;
use reading::Timestamp;
use serde_json::Value;
use sim::mbus::{Misdeed, Slave, SlaveBus};
use sim::modbus::{Device, Framing, Reply, Subject, Units};
use sim::{E450, List, Protection, State, Workshop};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;
use wire::Pty;

const MODEL: &str = "carlo_gavazzi_em340";

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("this millennium"))
}

/// The workshop at this moment.
fn live(seed: u64) -> impl FnMut() -> State + Send + 'static {
    let mut workshop = Workshop::new(seed, now(), TimeZone::UTC);
    move || workshop.advance(now())
}

/// The same instant for every reading: every right answer is the same one.
fn still() -> State {
    let monday_morning = Timestamp::from_seconds(1_764_000_000);
    Workshop::new(3, monday_morning, TimeZone::UTC).advance(monday_morning)
}

/// A USB head: a device that comes and goes, and a name by id that leads to it while it is there.
struct Head {
    device: PathBuf,
    pull: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Head {
    /// Plugs in a head; `answer` is what comes from the meter when these bytes were sent to it at
    /// this rate, and is asked now and then without any.
    fn plug(link: &Path, mut answer: impl FnMut(&[u8], u32) -> Vec<u8> + Send + 'static) -> Self {
        let (pull, pulled) = oneshot::channel();
        let (told, device) = std::sync::mpsc::channel();
        let link = link.to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let mut pty = Pty::open(Some(&link)).expect("a pair");
                told.send(std::fs::read_link(&link).expect("a link")).expect("waited for");
                let mut buffer = [0; 512];
                let serving = async {
                    loop {
                        let read = pty.read(&mut buffer);
                        let read = tokio::time::timeout(Duration::from_millis(100), read).await;
                        let count = read.map_or(0, |read| read.unwrap_or(0));
                        let baud = pty.baud().unwrap_or_default();
                        let bytes = answer(buffer.get(..count).unwrap_or_default(), baud);
                        pty.write_or_lose(&bytes).expect("an open line");
                    }
                };
                // Both ends and the link go with it.
                tokio::select! {
                    () = serving => {}
                    _ = pulled => {}
                }
            });
        });
        Self { device: device.recv().expect("a device"), pull, thread }
    }

    fn unplug(self) {
        self.pull.send(()).expect("plugged in");
        self.thread.join().expect("it ends");
    }
}

/// Slaves whose registers move, and that never sleep.
fn slaves() -> Arc<Mutex<SlaveBus>> {
    let machines = vec![Slave::electricity(1, 10_240_001, Some(0))];
    Arc::new(Mutex::new(SlaveBus::new(machines, TimeZone::UTC)))
}

fn on_the_bus(bus: &Arc<Mutex<SlaveBus>>) -> impl FnMut(&[u8], u32) -> Vec<u8> + Send + 'static {
    let (bus, mut state) = (Arc::clone(bus), live(5));
    move |bytes, _| bus.lock().expect("whole").hear(bytes, &state())
}

/// An E450 that pushes its fast list every second.
fn pushing() -> impl FnMut(&[u8], u32) -> Vec<u8> + Send + 'static {
    let meter = E450::new(5, TimeZone::UTC, &Protection::of(None, None));
    let (mut state, mut due, mut number) = (live(5), Instant::now(), 0);
    move |_, _| {
        if Instant::now() < due {
            return Vec::new();
        }
        due = Instant::now() + Duration::from_secs(1);
        number += 1;
        meter.push(List::Fast, &state(), number)
    }
}

fn link_of(service: &Service, id: &str, good: impl Fn(&Value) -> bool) -> Value {
    let of = |meters: &Value| {
        let all = meters.as_array().or_else(|| meters["meters"].as_array()).expect("a list");
        let meter = all.iter().find(|meter| meter["id"] == id).expect("the meter");
        meter["link"].clone()
    };
    of(&service.wait_for("/api/v1/meters", |meters| good(&of(meters))))
}

fn is(state: &'static str, cause: &'static str) -> impl Fn(&Value) -> bool {
    move |link| link["state"] == state && link["cause"].as_str().unwrap_or_default() == cause
}

fn samples(service: &Service, id: &str) -> Vec<Value> {
    let (status, page) = service.get(&format!("/api/v1/samples?meter={id}&limit=1000"));
    assert_eq!(status, 200, "{page}");
    page["samples"].as_array().expect("samples").clone()
}

/// Waits until a meter has so many samples more than now.
fn wait_for_more(service: &Service, id: &str, more: usize) {
    let wanted = samples(service, id).len() + more;
    let deadline = Instant::now() + PATIENCE;
    while samples(service, id).len() < wanted {
        assert!(Instant::now() < deadline, "{id} stays at {}", samples(service, id).len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn time(sample: &Value) -> Timestamp {
    let text = sample["measured_at"].as_str().expect("a time");
    let at: jiff::Timestamp = text.parse().expect("RFC 3339");
    Timestamp::from_micros(at.as_microsecond())
}

/// The journal's events of a link, oldest first.
fn events(service: &Service, id: &str) -> Vec<(String, String)> {
    let (status, page) = service.get(&format!("/api/v1/journal?meter={id}&limit=100"));
    assert_eq!(status, 200, "{page}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = page["entries"].as_array().expect("entries").iter();
    entries.map(|entry| (text(&entry["kind"]), text(&entry["cause"]))).collect()
}

#[test]
fn a_head_that_is_unplugged_comes_back_under_another_number() {
    let scratch = tempfile::tempdir().expect("a folder");
    let by_id = |name: &str| scratch.path().join(format!("usb-{name}-if00-port0"));
    let (asked, heard) = (by_id("asked"), by_id("heard"));
    let bus = slaves();
    let mut heads = [Head::plug(&asked, on_the_bus(&bus)), Head::plug(&heard, pushing())];
    let before = heads.each_ref().map(|head| head.device.clone());
    let folder = folder(&format!(
        "[[meter]]\nid = \"general\"\nmodel = \"lgz_e450\"\nport = \"serial://{}\"\n\
         [[meter]]\nid = \"presse\"\nmodel = \"mbus\"\nperiod = \"1s\"\n\
         port = \"mbus+serial://{}?address=1\"\n",
        heard.display(),
        asked.display()
    ));
    let service = Service::run(folder.path());
    let ids = ["general", "presse"];
    ids.iter().for_each(|id| wait_for_more(&service, id, 3));
    heads.into_iter().for_each(Head::unplug);
    for id in ids {
        let gone = link_of(&service, id, is("disconnected", "no_device"));
        let reason = gone["reason"].as_str().expect("a reason");
        assert!(reason.contains("usb-") && reason.contains("plugged in"), "{reason}");
    }
    let away = ids.map(|id| samples(&service, id).len());
    // Others take the numbers that became free.
    let spares = [by_id("spare-1"), by_id("spare-2"), by_id("spare-3")]
        .map(|link| Head::plug(&link, |_, _| Vec::new()));
    heads = [Head::plug(&asked, on_the_bus(&bus)), Head::plug(&heard, pushing())];
    for (head, before) in heads.iter().zip(&before) {
        assert_ne!(head.device, *before, "it has the old number");
    }
    for (id, away) in ids.into_iter().zip(away) {
        link_of(&service, id, is("live", ""));
        wait_for_more(&service, id, 3);
        let all = samples(&service, id);
        assert!(all.len() >= away + 3);
        // Strictly later than the one before: nothing is there twice.
        assert!(all.windows(2).all(|two| time(&two[0]) < time(&two[1])), "{id}: {all:?}");
        let path = format!("/api/v1/journal?meter={id}");
        service.wait_for(&path, |page| page.to_string().contains("link_restored"));
        let told = events(&service, id);
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds.first(), Some(&"link_lost"), "{told:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "link_restored").count(), 1, "{told:?}");
        assert!(told.iter().any(|(_, cause)| cause == "no_device"), "{told:?}");
    }
    heads.into_iter().chain(spares).for_each(Head::unplug);
    assert!(service.terminate().success());
}

/// A gateway that accepts everybody, and answers as its bus does while it is well.
struct Gateway {
    address: String,
    well: Arc<AtomicBool>,
}

impl Gateway {
    fn start(answer: impl FnMut(&mut Vec<u8>) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let well = Arc::new(AtomicBool::new(true));
        let (healthy, answer) = (Arc::clone(&well), Arc::new(Mutex::new(answer)));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (healthy, answer) = (Arc::clone(&healthy), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let _ = gateway_serves(stream, &healthy, &mut |pending| {
                        (answer.lock().expect("whole"))(pending)
                    });
                });
            }
        });
        Self { address, well }
    }

    /// From now on it takes everything and answers nothing, or answers again.
    fn is_well(&self, well: bool) {
        self.well.store(well, Ordering::SeqCst);
    }
}

fn gateway_serves(
    mut stream: TcpStream,
    well: &AtomicBool,
    answer: &mut dyn FnMut(&mut Vec<u8>) -> Vec<Vec<u8>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut pending, mut buffer) = (Vec::new(), [0; 512]);
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        pending.extend(&buffer[..count]);
        if !well.load(Ordering::SeqCst) {
            pending.clear();
            continue;
        }
        for bytes in answer(&mut pending) {
            stream.write_all(&bytes)?;
        }
    }
}

/// Modbus units that measure a machine each.
fn units(numbers: &[u8]) -> Units {
    let mut units = Units::default();
    for unit in numbers {
        let subject = Subject::Machine(usize::from(*unit) % 6);
        units.insert(*unit, Device::new(map(MODEL).expect("known"), subject));
    }
    units
}

fn answers(units: &mut Units, framing: Framing, pending: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut state = still;
    std::iter::from_fn(|| units.answer(framing, pending, &mut state))
        .map(|Reply { bytes, .. }| bytes)
        .collect()
}

#[test]
fn a_gateway_that_accepts_and_never_answers_blinds_no_other_bus() {
    let bus = slaves();
    let mut on_bus = on_the_bus(&bus);
    let mbus = Gateway::start(move |pending| vec![on_bus(&std::mem::take(pending), 0)]);
    let modbus = |unit| {
        let mut units = units(&[unit]);
        Gateway::start(move |pending| answers(&mut units, Framing::Tcp, pending))
    };
    let (sick, healthy) = (modbus(1), modbus(2));
    let folder = folder(&format!(
        "[[meter]]\nid = \"chaleur\"\nmodel = \"mbus\"\nperiod = \"1s\"\n\
         port = \"mbus+tcp://{}?address=1\"\n\
         [[meter]]\nid = \"sick\"\nmodel = \"{MODEL}\"\nperiod = \"500ms\"\ntimeout = \"300ms\"\n\
         port = \"modbus+tcp://{}?unit=1\"\n\
         [[meter]]\nid = \"healthy\"\nmodel = \"{MODEL}\"\nperiod = \"500ms\"\n\
         port = \"modbus+tcp://{}?unit=2\"\n",
        mbus.address, sick.address, healthy.address
    ));
    let service = Service::run(folder.path());
    for id in ["chaleur", "sick", "healthy"] {
        wait_for_more(&service, id, 2);
    }
    [&mbus, &sick].iter().for_each(|gateway| gateway.is_well(false));
    let fell_silent = now();
    let told = link_of(&service, "sick", is("stale", "no_answer"));
    let reason = told["reason"].as_str().expect("a reason");
    assert!(reason.contains("did not answer within 300 ms"), "{reason}");
    let told = link_of(&service, "chaleur", is("stale", "no_answer"));
    let reason = told["reason"].as_str().expect("a reason");
    assert!(reason.contains("primary address 1 did not answer 3 requests"), "{reason}");
    // Meanwhile the third meter was read in its period. One more fits where the machine is busy.
    let during: Vec<Timestamp> =
        samples(&service, "healthy").iter().map(time).filter(|at| *at > fell_silent).collect();
    let seconds = now().since(fell_silent).as_secs();
    assert!(during.len() as u64 >= seconds, "{} readings in {seconds} s", during.len());
    let longest = during.windows(2).map(|two| two[1].since(two[0])).max().expect("several");
    assert!(longest < Duration::from_millis(1500), "{longest:?}");
    [&mbus, &sick].iter().for_each(|gateway| gateway.is_well(true));
    for id in ["chaleur", "sick"] {
        link_of(&service, id, is("live", ""));
        wait_for_more(&service, id, 2);
    }
    assert!(service.terminate().success());
}

/// A slow device behind a gateway that passes serial frames on: what it owes comes later, in order.
/// Its answers name no question, and most of a meter's requests are of the same length.
#[test]
fn an_answer_that_comes_with_the_next_question_is_never_taken_for_its_answer() {
    let mut devices = units(&[1]);
    let (mut owed, mut asked): (Vec<Vec<u8>>, u32) = (Vec::new(), 0);
    let gateway = Gateway::start(move |pending| {
        owed.extend(answers(&mut devices, Framing::Rtu, pending));
        asked += 1;
        // Now and then it is one answer behind, longer than is waited for, and then catches up.
        let behind = usize::from((10..13).contains(&(asked % 23)));
        owed.drain(..owed.len().saturating_sub(behind)).collect()
    });
    // Registers that differ, read in requests of one length: a swapped answer is another value.
    let map = "title = \"Four words\"\nfunction = 4\ntype = \"i32\"\norder = \"CDAB\"\n\
        read_max = 2\ngap_max = 0\nregister = [\n\
        { quantity = \"voltage_l1\", address = 0, scale = 0.1, unit = \"V\" },\n\
        { quantity = \"voltage_l2\", address = 2, scale = 0.1, unit = \"V\" },\n\
        { quantity = \"current_l1\", address = 12, scale = 0.001, unit = \"A\" },\n\
        { quantity = \"active_power\", address = 40, scale = 0.1, unit = \"W\" },\n]\n";
    let folder = folder(&format!(
        "[[meter]]\nid = \"slow\"\nmodel = \"four.toml\"\nperiod = \"200ms\"\ntimeout = \"100ms\"\n\
         port = \"modbus+rtutcp://{}?unit=1\"\n",
        gateway.address
    ));
    std::fs::write(folder.path().join("four.toml"), map).expect("writable");
    let service = Service::run(folder.path());
    wait_for_more(&service, "slow", 25);
    let all = samples(&service, "slow");
    let state = still();
    let volts = all[0]["values"]["voltage_l1"]["value"].as_f64().expect("a number");
    assert!((volts - state.phases[0].voltage_v).abs() < 0.06, "{volts}");
    let different = |sample: &&Value| sample["values"] != all[0]["values"];
    assert_eq!(all.iter().find(different), None);
    let (_, metrics) = service.get_text("/metrics");
    let late = "triphase_defects_total{meter=\"slow\",code=\"late_answer\"}";
    assert!(metrics.contains(late), "nothing was late: the test tests nothing\n{metrics}");
    assert!(service.terminate().success());
}

/// Every answer of the bus comes only after the next question, be it another slave's.
#[test]
fn a_late_answer_of_one_slave_is_never_a_reading_of_another() {
    let slave = |primary: u8, machine| {
        Slave::electricity(primary, 10_240_000 + u32::from(primary), Some(machine))
    };
    let bus = SlaveBus::new(vec![slave(1, 0), slave(2, 3)], TimeZone::UTC);
    let bus = Arc::new(Mutex::new(bus));
    let served = Arc::clone(&bus);
    let gateway = Gateway::start(move |pending| {
        vec![served.lock().expect("whole").hear(&std::mem::take(pending), &still())]
    });
    let table = |unit: u8| {
        format!(
            "[[meter]]\nid = \"s{unit}\"\nmodel = \"mbus\"\nperiod = \"200ms\"\n\
             port = \"mbus+tcp://{}?address={unit}\"\n",
            gateway.address
        )
    };
    let folder = folder(&format!("{}{}", table(1), table(2)));
    let service = Service::run(folder.path());
    ["s1", "s2"].iter().for_each(|id| wait_for_more(&service, id, 2));
    let right = ["s1", "s2"].map(|id| samples(&service, id)[0]["values"].clone());
    assert_ne!(right[0]["active_power"], right[1]["active_power"]);
    for _ in 0..3 {
        bus.lock().expect("whole").misbehave(Some(Misdeed::Late));
        std::thread::sleep(Duration::from_secs(2));
        bus.lock().expect("whole").misbehave(None);
        ["s1", "s2"].iter().for_each(|id| wait_for_more(&service, id, 2));
    }
    for (id, right) in ["s1", "s2"].into_iter().zip(right) {
        for sample in samples(&service, id) {
            // A reading that lost one of its telegrams has fewer values, and no other ones.
            let values = sample["values"].as_object().expect("an object");
            assert!(!values.is_empty());
            for (name, value) in values {
                assert_eq!(Some(value), right.get(name), "{id} {name}");
            }
        }
    }
    assert!(service.terminate().success());
}

/// The slave speaks at 2400 baud until it is told otherwise, and again after a power cut.
#[test]
fn a_slave_that_is_told_another_rate_is_read_at_it_and_found_again_at_its_own() {
    /// SND_UD to primary address 1 with CI BD: 9600 baud.
    const SWITCH: [u8; 9] = [0x68, 3, 3, 0x68, 0x53, 1, 0xBD, 0x11, 0x16];
    let scratch = tempfile::tempdir().expect("a folder");
    let link = scratch.path().join("usb-bus");
    let rate = Arc::new(Mutex::new(2400));
    let fast = Arc::new(Mutex::new(0));
    let (bus, its_rate, asked) = (slaves(), Arc::clone(&rate), Arc::clone(&fast));
    let mut on_bus = on_the_bus(&bus);
    let head = Head::plug(&link, move |bytes, baud| {
        let mut rate = its_rate.lock().expect("whole");
        if bytes.is_empty() || baud != *rate {
            return Vec::new();
        }
        *asked.lock().expect("whole") += u32::from(baud == 9600);
        let answer = on_bus(bytes, baud);
        if bytes == SWITCH {
            *rate = 9600;
        }
        answer
    });
    let folder = folder(&format!(
        "[[meter]]\nid = \"presse\"\nmodel = \"mbus\"\nperiod = \"300ms\"\n\
         port = \"mbus+serial://{}?address=1\"\nmbus = {{ switch_baud = 9600 }}\n",
        link.display()
    ));
    let service = Service::run(folder.path());
    wait_for_more(&service, "presse", 4);
    assert!(*fast.lock().expect("whole") >= 8, "initialised and asked at 9600 each time");
    *rate.lock().expect("whole") = 2400;
    wait_for_more(&service, "presse", 4);
    assert_eq!(*rate.lock().expect("whole"), 9600, "told again");
    assert!(service.terminate().success());
    head.unplug();
}

/// Away for four hours, while 8 kW flowed on: what the counter gained belongs to those hours, is told
/// with its dates, and is no peak of the moment in which the meter was heard again.
#[test]
fn what_a_counter_gained_in_an_outage_is_dated_and_no_peak() {
    let folder = folder("[[meter]]\nid = \"general\"\nrole = \"main\"\n");
    let service = Service::run(folder.path());
    let row = |minute: u32, kwh: f64| {
        let (hour, minute) = (8 + minute / 60, minute % 60);
        serde_json::json!({"timestamp": format!("2026-05-04T{hour:02}:{minute:02}:00Z"),
            "puissance_active_totale": 10_000, "energie_active_import": kwh})
    };
    let before = (0..=60).map(|minute| row(minute, 100.0 + f64::from(minute) / 6.0));
    let gained = 4.0 * 8.0;
    let after =
        (300..=360).map(|minute| row(minute, 110.0 + gained + f64::from(minute - 300) / 6.0));
    for rows in [before.collect::<Vec<_>>(), after.collect()] {
        let (status, answer) = service.post("/api/mesures", &Value::Array(rows).to_string());
        assert_eq!(status, 201, "{answer}");
    }
    let journal = service
        .wait_for("/api/v1/journal?meter=general", |page| page.to_string().contains("\"gap\""));
    let gap = journal["entries"].as_array().expect("entries").iter();
    let gap: Vec<&Value> = gap.filter(|entry| entry["kind"] == "gap").collect();
    assert_eq!(gap.len(), 1, "{journal}");
    assert_eq!(gap[0]["at"], "2026-05-04T09:00:00Z", "{journal}");
    assert_eq!(gap[0]["until"], "2026-05-04T13:00:00Z", "{journal}");
    let range = "from=2026-05-04T08:00:00Z&to=2026-05-04T14:00:00Z";
    let (_, energy) =
        service.get(&format!("/api/v1/analysis/energy?meter=general&step=hour&{range}"));
    let bars = energy["bars"].as_array().expect("bars");
    assert_eq!(bars.len(), 6, "{energy}");
    let near = |value: &Value, kwh: f64| value.as_f64().is_some_and(|it| (it - kwh).abs() < 0.01);
    // The whole is known, to the counter's digit.
    assert!(near(&energy["total"]["import_kwh"]["value"], 20.0 + gained), "{}", energy["total"]);
    // The hours around the outage have what flowed in them, and none of the others' energy.
    for hour in [0, 5] {
        assert!(near(&bars[hour]["import_kwh"]["value"], 10.0), "{}", bars[hour]);
    }
    for bar in bars {
        let most = [&bar["import_kwh"]["value"], &bar["mean_kw"]["value"], &bar["max_kw"]["value"]];
        assert!(most.iter().all(|it| it.as_f64().is_none_or(|it| it <= 10.01)), "{bar}");
    }
    assert!(service.terminate().success());
}
