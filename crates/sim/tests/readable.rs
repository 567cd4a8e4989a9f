//! What our own dialogue and driver make of the simulated readable meters, over a line that has a
//! rate, an echo, and time.

#![allow(clippy::panic)] // Helpers of tests fail as tests do.

use jiff::tz::TimeZone;
use meter::readout::OpticalOptions;
use meter::{Answer, Dialogue, Driver, DriverOptions, FaultClass, Reader, STEPS_MAX, Step};
use reading::{Decimal, MeterId, Quantity, Timestamp, Unit};
use sim::{FirstBlock, Habits, Head, Keeps, OpticalMeter, P1Feed, Pages, Parity, Sent, Uart};
use std::collections::VecDeque;
use std::time::Duration;

const START: Timestamp = Timestamp::from_seconds(1_777_852_800);

fn zone() -> TimeZone {
    TimeZone::get("Europe/Paris").expect("bundled")
}

fn options(optical: OpticalOptions) -> DriverOptions {
    let id = MeterId::new("optical").expect("valid");
    DriverOptions { zone: Some(zone()), optical, ..DriverOptions::new(id) }
}

fn dialogue(optical: OpticalOptions) -> Box<dyn Dialogue> {
    match meter::model("iec62056_21").expect("known").reader(options(optical)) {
        Reader::Asks(dialogue) => dialogue,
        Reader::Listens(_) => panic!("an optical port is asked"),
    }
}

/// A serial line between a dialogue and a simulated meter, in virtual time.
struct Line {
    meter: OpticalMeter,
    now: Timestamp,
    baud: u32,
    /// What is on its way: when it arrives, and at which rate it was sent.
    coming: VecDeque<(Timestamp, u32, Vec<u8>)>,
    /// Everything the reader sent, with the rate.
    asked: Vec<(u32, Vec<u8>)>,
    chunk: usize,
}

/// Seven data bits and even parity, as eight data bits show them.
fn with_parity(bytes: &[u8]) -> Vec<u8> {
    let even = |byte: &u8| byte | u8::from(byte.count_ones() % 2 == 1) << 7;
    bytes.iter().map(even).collect()
}

fn lasting(baud: u32, bytes: &[u8]) -> Duration {
    Duration::from_secs(10) / baud * u32::try_from(bytes.len()).expect("small")
}

impl Line {
    fn new(habits: Habits) -> Self {
        let meter = OpticalMeter::new(7, START, &zone(), habits);
        let coming = VecDeque::new();
        Self { meter, now: START, baud: 300, coming, asked: Vec::new(), chunk: 17 }
    }

    fn ask(&mut self, bytes: Vec<u8>) {
        self.now = self.now.plus(lasting(self.baud, &bytes));
        for Sent { after, baud, bytes } in self.meter.receive(self.now, Some(self.baud), &bytes) {
            let mut at = self.now.plus(after);
            for piece in bytes.chunks(self.chunk) {
                at = at.plus(lasting(baud, piece));
                self.coming.push_back((at, baud, piece.to_vec()));
            }
        }
        self.asked.push((self.baud, bytes));
    }

    /// What arrives by `until`, as a line at this rate hears it.
    fn next(&mut self, until: Timestamp) -> Option<Vec<u8>> {
        let (at, baud, bytes) = self.coming.pop_front_if(|(at, ..)| *at <= until)?;
        self.now = self.now.max(at);
        if baud == self.baud {
            return Some(bytes);
        }
        let plain = |baud| Uart { baud, parity: Parity::None };
        let heard = plain(self.baud).receive(&with_parity(&bytes), plain(baud));
        Some(heard.iter().map(|byte| byte & 0x7F).collect())
    }

    fn read(&mut self, dialogue: &mut dyn Dialogue) -> Answer {
        self.coming.clear();
        dialogue.begin(self.now);
        for _ in 0..STEPS_MAX {
            match dialogue.step(self.now) {
                Step::Send(bytes) => self.ask(bytes),
                Step::Line(line) => self.baud = line.baud,
                Step::Pause(pause) => self.now = self.now.plus(pause),
                Step::Listen(patience) => {
                    let until = self.now.plus(patience);
                    if let Some(bytes) = self.next(until) {
                        dialogue.receive(self.now, &bytes);
                    } else {
                        self.now = until;
                        dialogue.elapsed(self.now);
                    }
                }
                Step::Remember(memory) => panic!("nothing to remember: {memory:?}"),
                Step::Done(answer) => return answer,
            }
        }
        panic!("the dialogue does not end");
    }

    /// The option select messages so far, with the rate that each chose.
    fn selected(&self) -> Vec<u8> {
        let selects = self.asked.iter().filter(|(_, bytes)| bytes.len() == 6 && bytes[0] == 0x06);
        selects.map(|(_, bytes)| bytes[2]).collect()
    }
}

fn value(answer: &Answer, quantity: Quantity) -> (Decimal, Option<Unit>) {
    let [telegram] = answer.heard.telegrams.as_slice() else {
        panic!("one telegram: {:?}", answer.fault);
    };
    let reading = telegram.readings.iter().find(|reading| reading.quantity == Some(quantity));
    let reading = reading.unwrap_or_else(|| panic!("{quantity} in {telegram:?}"));
    (reading.value.number().expect("a number"), reading.unit)
}

/// Every register that the read-out carries, and the clock.
fn assert_whole(line: &Line, answer: &Answer) {
    assert_eq!(answer.fault, None);
    let (energy, unit) = value(answer, Quantity::ActiveEnergyImport);
    assert_eq!((energy.exponent(), unit), (0, Some(Unit::WattHour)), "kWh with three decimals");
    assert!(energy.mantissa() > 1_000_000, "{energy}");
    let (voltage, unit) = value(answer, Quantity::VoltageL3);
    assert_eq!(unit, Some(Unit::Volt));
    assert!((200.0..260.0).contains(&voltage.to_f64()), "{voltage}");
    let telegram = &answer.heard.telegrams[0];
    assert_eq!(telegram.readings.iter().filter(|r| r.unit.is_some()).count(), 6 + 4 + 6);
    let age = line.now.since(telegram.measured_at);
    assert!(age < Duration::from_secs(60), "{age:?}");
    assert!(answer.heard.outcomes.last().is_some_and(|outcome| outcome.delivered));
    assert_eq!(
        answer.heard.outcomes.last().and_then(|it| it.meter.as_deref()),
        Some(line.meter.number())
    );
}

#[test]
fn reads_a_mode_c_meter_at_the_rate_it_offers() {
    for offer in [300, 600, 2400, 9600, 19_200] {
        let mut line = Line::new(Habits { offer, ..Habits::default() });
        let mut dialogue = dialogue(OpticalOptions::default());
        let answer = line.read(&mut *dialogue);
        assert_whole(&line, &answer);
        assert_eq!(line.asked.len(), 2, "one request, one option select");
        // And again, from 300 baud on.
        let again = line.read(&mut *dialogue);
        assert_whole(&line, &again);
        assert!(line.asked.iter().all(|(baud, _)| *baud == 300), "both questions at 300 baud");
    }
}

#[test]
fn any_chunking_gives_the_same_reading() {
    let mut line = Line::new(Habits::default());
    let whole = line.read(&mut *dialogue(OpticalOptions::default())).heard.telegrams;
    for chunk in [1, 2, 64, 4096] {
        let mut line = Line::new(Habits::default());
        line.chunk = chunk;
        let heard = line.read(&mut *dialogue(OpticalOptions::default())).heard;
        // The question comes some milliseconds sooner or later, so powers may differ.
        let registers = |telegrams: &[reading::Telegram]| {
            let of = |reading: &reading::Reading| (reading.obis, reading.quantity, reading.unit);
            telegrams[0].readings.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(registers(&heard.telegrams), registers(&whole), "pieces of {chunk}");
    }
}

#[test]
fn an_echoing_head_disturbs_nothing() {
    let mut line = Line::new(Habits { head: Head::Echoing, offer: 4800, ..Habits::default() });
    let answer = line.read(&mut *dialogue(OpticalOptions::default()));
    assert_whole(&line, &answer);
    assert_eq!(answer.heard.noise_bytes, 0);
}

/// ZMD120 and ZMF100 offer a rate and stay at 300 baud.
#[test]
fn a_meter_that_does_not_keep_its_offer_is_read_at_300_baud() {
    let mut line =
        Line::new(Habits { offer: 4800, keeps: Keeps::TheSignOnRate, ..Habits::default() });
    let mut dialogue = dialogue(OpticalOptions::default());
    let answer = line.read(&mut *dialogue);
    assert_whole(&line, &answer);
    assert_eq!(line.selected(), [b'4', b'0'], "the offer first, then 300 baud");
    let answer = line.read(&mut *dialogue);
    assert_whole(&line, &answer);
    assert_eq!(line.selected(), [b'4', b'0', b'4', b'0'], "once may be an accident");
    let answer = line.read(&mut *dialogue);
    assert_whole(&line, &answer);
    assert_eq!(line.selected()[4..], [b'0'], "twice is a habit");
}

#[test]
fn read_slow_never_takes_the_offer() {
    let mut line = Line::new(Habits { offer: 9600, ..Habits::default() });
    let slow = OpticalOptions { read_slow: true, ..OpticalOptions::default() };
    let answer = line.read(&mut *dialogue(slow));
    assert_whole(&line, &answer);
    assert_eq!(line.selected(), [b'0']);
}

#[test]
fn partial_blocks_are_asked_for_one_by_one() {
    let mut line = Line::new(Habits { pages: Pages::Several, ..Habits::default() });
    let answer = line.read(&mut *dialogue(OpticalOptions::default()));
    assert_whole(&line, &answer);
    let acknowledged = line.asked.iter().filter(|(_, bytes)| bytes == &[0x06]).count();
    assert!(acknowledged >= 3, "{acknowledged} partial blocks");
}

#[test]
fn a_damaged_block_is_asked_for_again() {
    for pages in [Pages::One, Pages::Several] {
        let habits = Habits { first_block: FirstBlock::Damaged, pages, ..Habits::default() };
        let mut line = Line::new(habits);
        let answer = line.read(&mut *dialogue(OpticalOptions::default()));
        assert_whole(&line, &answer);
        let repeats = line.asked.iter().filter(|(_, bytes)| bytes == &[0x15]).count();
        assert_eq!(repeats, 1);
    }
}

#[test]
fn a_device_address_speaks_to_its_meter_alone() {
    let mut line = Line::new(Habits::default());
    let address = format!("000{}", line.meter.number());
    let of = |address: String| OpticalOptions { address, ..OpticalOptions::default() };
    let answer = line.read(&mut *dialogue(of(address)));
    assert_whole(&line, &answer);
    let answer = line.read(&mut *dialogue(of("4711".to_owned())));
    let fault = answer.fault.expect("nobody answers");
    assert_eq!((fault.class, fault.code), (FaultClass::Transient, "no_answer"));
    assert!(fault.detail.contains("device address 4711"), "{fault}");
    assert!(fault.keep_link && answer.heard.telegrams.is_empty());
}

#[test]
fn no_password_is_ever_sent() {
    let habits = [
        Habits::default(),
        Habits { keeps: Keeps::TheSignOnRate, ..Habits::default() },
        Habits { first_block: FirstBlock::Damaged, pages: Pages::Several, ..Habits::default() },
    ];
    for habits in habits {
        let mut line = Line::new(habits);
        line.read(&mut *dialogue(OpticalOptions { wake_up: true, ..OpticalOptions::default() }));
        // Commands, the password among them, begin with SOH.
        assert!(line.asked.iter().all(|(_, bytes)| !bytes.contains(&0x01)), "{:?}", line.asked);
    }
}

#[test]
fn a_lost_wire_forgets_what_was_half_received() {
    let mut line = Line::new(Habits::default());
    let mut dialogue = dialogue(OpticalOptions::default());
    dialogue.begin(START);
    dialogue.receive(START, b"/TRI5SIMULATED\r\n");
    dialogue.disconnected(START);
    assert!(
        matches!(dialogue.step(START), Step::Done(answer) if answer.heard.telegrams.is_empty())
    );
    let answer = line.read(&mut *dialogue);
    assert_whole(&line, &answer);
}

#[test]
fn the_p1_driver_hears_every_telegram_whatever_the_chunks() {
    let mut feed = P1Feed::new(7, START, &zone());
    let telegrams: Vec<_> = feed.by_ref().take(5).collect();
    for chunk in [1, 3, 64, 4096] {
        let model = meter::model("dsmr_p1").expect("known");
        let Reader::Listens(mut driver) = model.reader(options(OpticalOptions::default())) else {
            panic!("P1 speaks unasked");
        };
        let driver: &mut dyn Driver = &mut *driver;
        let mut heard = Vec::new();
        for telegram in &telegrams {
            for piece in telegram.bytes.chunks(chunk) {
                heard.extend(driver.receive(telegram.due, piece).telegrams);
            }
        }
        let times: Vec<_> = heard.iter().map(|telegram| telegram.measured_at).collect();
        let due: Vec<_> = telegrams.iter().map(|telegram| telegram.due).collect();
        assert_eq!(times, due, "pieces of {chunk}");
        let power =
            heard[0].readings.iter().find(|r| r.quantity == Some(Quantity::ActivePowerImport));
        let power = power.expect("a power");
        assert_eq!(power.unit, Some(Unit::Watt));
        assert_eq!(power.value.number().map(Decimal::exponent), Some(0), "kW with three decimals");
    }
}
