//! The simulated bus, asked by the dialogue of the house, on good lines and bad ones.

use frame::mbus::Identity;
use jiff::tz::TimeZone;
use meter::mbus::Selection;
use meter::{Answer, Dialogue, DriverOptions, FaultClass, Reader, STEPS_MAX, Step};
use reading::{MeterId, Quantity, Timestamp};
use sim::mbus::{Misdeed, Slave, SlaveBus};
use sim::{State, Workshop};
use std::time::Duration;
use wire::{LineSettings, MbusAddress};

const START: i64 = 1_790_000_000;

fn workshop_state() -> State {
    let start = Timestamp::from_seconds(START);
    Workshop::new(1, start, TimeZone::UTC).advance(start)
}

fn dialogue(address: MbusAddress) -> Box<dyn Dialogue> {
    let mut options = DriverOptions::new(MeterId::new("machine").expect("an id"));
    options.mbus.address = Some(address);
    options.mbus.line = Some(LineSettings::CUSTOMER_INTERFACE);
    match meter::model("mbus").expect("a model").reader(options) {
        Reader::Asks(dialogue) => dialogue,
        Reader::Listens(_) => unreachable!("slaves are asked"),
    }
}

/// What one reading came to, and how long it took on the line.
struct Read {
    answer: Answer,
    sent: Vec<Vec<u8>>,
    waited: Duration,
}

/// One reading over the bus, its answers in pieces of `size`.
fn read(dialogue: &mut dyn Dialogue, bus: &mut SlaveBus, size: usize) -> Read {
    let (state, now) = (workshop_state(), Timestamp::from_seconds(START));
    let (mut sent, mut waited) = (Vec::new(), Duration::ZERO);
    let mut coming: Vec<u8> = Vec::new();
    dialogue.begin(now);
    for _ in 0..STEPS_MAX {
        match dialogue.step(now) {
            Step::Send(bytes) => {
                coming.extend(bus.hear(&bytes, &state));
                sent.push(bytes);
            }
            Step::Listen(patience) if coming.is_empty() => {
                waited += patience;
                dialogue.elapsed(now);
            }
            Step::Listen(_) => {
                let piece: Vec<u8> = coming.drain(..size.min(coming.len())).collect();
                dialogue.receive(now, &piece);
            }
            Step::Pause(pause) => waited += pause,
            Step::Line(_) => {}
            Step::Remember(memory) => panic!("nothing to remember: {memory:?}"),
            Step::Done(answer) => return Read { answer, sent, waited },
        }
    }
    panic!("a reading that never ends");
}

fn bus() -> SlaveBus {
    SlaveBus::workshop(TimeZone::UTC)
}

fn number(answer: &Answer, quantity: Quantity) -> Option<f64> {
    let telegram = answer.heard.telegrams.first()?;
    telegram.number(quantity).map(reading::Decimal::to_f64)
}

fn fault(answer: &Answer) -> (&'static str, FaultClass) {
    let fault = answer.fault.as_ref().expect("a fault");
    assert!(fault.detail.len() > 20, "a sentence: {}", fault.detail);
    (fault.code, fault.class)
}

#[test]
fn a_machine_is_read_whole_over_two_telegrams_in_any_chunks() {
    let state = workshop_state();
    let load = &state.machines[0];
    for size in [1, 2, 7, 64, 1000] {
        let read = read(&mut *dialogue(MbusAddress::Primary(1)), &mut bus(), size);
        assert_eq!(read.answer.fault, None, "pieces of {size}");
        let power = number(&read.answer, Quantity::ActivePower).expect("a power");
        assert!((power - load.active_kw() * 1000.0).abs() <= 0.5);
        for (quantity, phase) in [
            (Quantity::ActivePowerL1, 0),
            (Quantity::ActivePowerL2, 1),
            (Quantity::ActivePowerL3, 2),
        ] {
            let power = number(&read.answer, quantity).expect("a power");
            assert!((power - load.phases[phase].active_w).abs() <= 0.5);
        }
        let voltage = number(&read.answer, Quantity::VoltageL2).expect("a voltage");
        assert!((voltage - state.phases[1].voltage_v).abs() <= 0.05);
        assert_eq!(number(&read.answer, Quantity::Frequency), Some(50.0));
        assert!(number(&read.answer, Quantity::CurrentL3).is_some());
        assert!(number(&read.answer, Quantity::ReactivePower).is_some());
        assert!(number(&read.answer, Quantity::ActiveEnergyImport).is_some_and(|it| it > 1e6));
        assert!(number(&read.answer, Quantity::ReactiveEnergyImport).is_some_and(|it| it > 1e6));
        let telegram = &read.answer.heard.telegrams[0];
        assert_eq!(telegram.meter_time.map(|it| it.year), Some(2026));
        // SND_NKE, then two requests with alternating frame count.
        let controls: Vec<u8> = read.sent.iter().map(|frame| frame[1]).collect();
        assert_eq!(controls, [0x40, 0x7B, 0x5B]);
    }
}

#[test]
fn heat_and_water_have_their_own_quantities() {
    let heat = read(&mut *dialogue(MbusAddress::Primary(3)), &mut bus(), 64).answer;
    assert_eq!(heat.fault, None);
    for quantity in [
        Quantity::ThermalEnergy,
        Quantity::ThermalPower,
        Quantity::Volume,
        Quantity::VolumeFlow,
        Quantity::FlowTemperature,
        Quantity::ReturnTemperature,
    ] {
        assert!(number(&heat, quantity).is_some_and(|it| it > 0.0), "{quantity}");
    }
    assert_eq!(number(&heat, Quantity::ActivePower), None);
    let water = read(&mut *dialogue(MbusAddress::Primary(4)), &mut bus(), 64).answer;
    assert_eq!(water.fault, None);
    assert!(number(&water, Quantity::Volume).is_some_and(|it| it > 100.0));
}

#[test]
fn a_secondary_address_selects_its_slave_alone() {
    let mut bus = bus();
    let address = bus.slaves()[2].identity().secondary_address();
    let read_one = read(&mut *dialogue(MbusAddress::Secondary(address)), &mut bus, 64);
    assert_eq!(read_one.answer.fault, None);
    assert!(number(&read_one.answer, Quantity::ThermalEnergy).is_some());
    let absent = MbusAddress::Secondary("99999999FFFFFFFF".to_owned());
    let nobody = read(&mut *dialogue(absent), &mut bus, 64).answer;
    assert_eq!(fault(&nobody), ("not_selected", FaultClass::Transient));
    // By a pattern that two match, both answer at once.
    let both = MbusAddress::Secondary("1024000FFFFFFFFF".to_owned());
    let both = read(&mut *dialogue(both), &mut bus, 64).answer;
    assert_eq!(fault(&both).1, FaultClass::Corrupt);
    assert!(both.heard.telegrams.is_empty());
}

#[test]
fn an_echoing_converter_and_noise_change_nothing() {
    for misdeed in [Misdeed::Echo, Misdeed::Noise] {
        for size in [1, 5, 300] {
            let mut bus = bus();
            bus.misbehave(Some(misdeed));
            let read = read(&mut *dialogue(MbusAddress::Primary(1)), &mut bus, size);
            assert_eq!(read.answer.fault, None, "{misdeed:?} in pieces of {size}");
            assert!(number(&read.answer, Quantity::ActiveEnergyImport).is_some());
        }
    }
}

#[test]
fn silence_cuts_and_flipped_bits_end_in_a_fault_that_says_so() {
    let cases = [
        (Misdeed::Silent, "no_answer", FaultClass::Transient),
        (Misdeed::Cut, "damaged_answer", FaultClass::Corrupt),
        (Misdeed::Flipped, "damaged_answer", FaultClass::Corrupt),
    ];
    for (misdeed, code, class) in cases {
        let mut bus = bus();
        bus.misbehave(Some(misdeed));
        let read = read(&mut *dialogue(MbusAddress::Primary(1)), &mut bus, 64);
        assert_eq!(fault(&read.answer), (code, class), "{misdeed:?}");
        assert!(read.answer.heard.telegrams.is_empty());
        assert!(read.waited < Duration::from_secs(10), "{misdeed:?} took {:?}", read.waited);
        // Well again: the next reading succeeds.
        bus.misbehave(None);
        let again = self::read(&mut *dialogue(MbusAddress::Primary(1)), &mut bus, 64);
        assert_eq!(again.answer.fault, None);
    }
}

#[test]
fn a_late_answer_is_never_taken_for_another_slaves() {
    let mut bus = bus();
    bus.misbehave(Some(Misdeed::Late));
    let first = read(&mut *dialogue(MbusAddress::Primary(3)), &mut bus, 64).answer;
    let second = read(&mut *dialogue(MbusAddress::Primary(1)), &mut bus, 64).answer;
    for (answer, own, others) in [
        (&first, Quantity::ThermalEnergy, Quantity::ActivePower),
        (&second, Quantity::ActivePower, Quantity::ThermalEnergy),
    ] {
        assert_eq!(number(answer, others), None);
        assert!(answer.fault.is_some() || number(answer, own).is_some());
    }
}

#[test]
fn two_slaves_with_one_address_are_told_as_such() {
    let slaves = vec![Slave::electricity(5, 10_000_001, Some(0)), Slave::heat(5, 20_000_002)];
    let mut bus = SlaveBus::new(slaves, TimeZone::UTC);
    let both = read(&mut *dialogue(MbusAddress::Primary(5)), &mut bus, 64).answer;
    assert_eq!(fault(&both), ("damaged_answer", FaultClass::Corrupt));
    assert!(both.heard.telegrams.is_empty());
    let detail = both.fault.expect("a fault").detail;
    assert!(detail.contains("several slaves share the address"), "{detail}");
}

#[test]
fn a_slave_repeats_what_was_not_received() {
    let mut bus = bus();
    let state = workshop_state();
    bus.hear(&meter::mbus::initialise(1), &state);
    let first = bus.hear(&meter::mbus::request(1, true), &state);
    assert_eq!(bus.hear(&meter::mbus::request(1, true), &state), first);
    let second = bus.hear(&meter::mbus::request(1, false), &state);
    assert_ne!(second, first);
    assert_eq!(bus.hear(&meter::mbus::request(9, true), &state), []);
}

#[test]
fn a_selection_matches_the_slaves_that_it_names() {
    let bus = bus();
    let identities: Vec<Identity> = bus.slaves().iter().map(|it| *it.identity()).collect();
    let pattern = Selection::ALL.with_digit(0, 1);
    let matching = identities.iter().filter(|it| pattern.matches(it)).count();
    assert_eq!(matching, 2);
    assert!(identities.iter().all(|it| Selection::ALL.matches(it)));
}
