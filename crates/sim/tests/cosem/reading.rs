//! Values, units and times arrive as the meter holds them, over every carriage.

use super::line::{Line, Meter, START, client};
use meter::cosem::{Carriage, CosemOptions};
use meter::push::DefectCode;
use meter::{Answer, Dialogue};
use reading::{Decimal, Obis, Quantity, Telegram, Unit};
use sim::CosemSettings;

fn options(carriage: Carriage) -> CosemOptions {
    CosemOptions { carriage, client: 1, profiles: Some(Vec::new()), ..CosemOptions::default() }
}

fn only(answer: Answer) -> Telegram {
    assert_eq!(answer.fault, None);
    let [telegram] = answer.heard.telegrams.try_into().expect("one telegram");
    telegram
}

fn energy(telegram: &Telegram) -> Decimal {
    telegram.number(Quantity::ActiveEnergyImport).expect("an energy register")
}

#[test]
fn every_carriage_brings_the_same_values() {
    let mut told = Vec::new();
    for carriage in [Carriage::Hdlc, Carriage::Wrapper, Carriage::ModeE { device: None }] {
        let mut line = Line::new();
        let mut meter = Meter::new(CosemSettings::default());
        let telegram = only(line.read(&mut client(options(carriage.clone())), &mut meter));
        assert_eq!(telegram.list.as_str(), "cosem");
        let late = telegram.received_at.since(telegram.measured_at).as_secs();
        assert!(telegram.measured_at >= START && late < 10, "{late} s");
        let codes: Vec<_> = telegram.readings.iter().map(|it| (it.obis, it.unit)).collect();
        told.push((codes, energy(&telegram)));
        let speeds: Vec<u32> = line.settings.iter().map(|line| line.baud).collect();
        let expected: &[u32] = if carriage == Carriage::Hdlc || carriage == Carriage::Wrapper {
            &[]
        } else {
            &[300, 9600]
        };
        assert_eq!(speeds, expected);
    }
    for pair in told.windows(2) {
        assert_eq!(pair[0].0, pair[1].0);
        // The carriages take their time differently, and the workshop goes on meanwhile.
        assert!(pair[0].1.mantissa().abs_diff(pair[1].1.mantissa()) < 100, "{told:?}");
    }
    let (codes, import) = &told[0];
    assert_eq!(codes.len(), 27);
    assert!(import.mantissa() > 1_000_000 && import.exponent() == 0, "{import}");
    let unit_of = |cde| {
        let code = Some(Obis::new(1, 0, cde, 255));
        codes.iter().find(|(obis, _)| *obis == code).and_then(|(_, unit)| *unit)
    };
    assert_eq!(unit_of([1, 8, 0]), Some(Unit::WattHour));
    assert_eq!(unit_of([3, 8, 0]), Some(Unit::VarHour));
    assert_eq!(unit_of([32, 7, 0]), Some(Unit::Volt));
    assert_eq!(unit_of([71, 7, 0]), Some(Unit::Ampere));
    assert_eq!(unit_of([13, 7, 0]), Some(Unit::One));
    // The demand register holds the running mean and the last one.
    assert_eq!(unit_of([1, 4, 0]), Some(Unit::Watt));
    assert_eq!(unit_of([1, 5, 0]), Some(Unit::Watt));
}

#[test]
fn scalers_of_the_meter_make_volts_and_amperes() {
    let mut meter = Meter::new(CosemSettings::default());
    let telegram = only(Line::new().read(&mut client(options(Carriage::Hdlc)), &mut meter));
    let voltage = telegram.number(Quantity::VoltageL1).expect("a voltage");
    assert_eq!(voltage.exponent(), -1);
    assert!((200.0..260.0).contains(&voltage.to_f64()), "{voltage}");
    let factor = telegram.number(Quantity::PowerFactor).expect("a power factor");
    assert!((0.2..=1.0).contains(&factor.to_f64()), "{factor}");
}

#[test]
fn objects_and_scalers_are_asked_for_once() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut dialogue = client(options(Carriage::Wrapper));
    let mut line = Line::new();
    let first = only(line.read(&mut dialogue, &mut meter));
    let asked_first = std::mem::take(&mut meter.asked).len();
    line.now = line.now.plus(std::time::Duration::from_secs(60));
    let second = only(line.read(&mut dialogue, &mut meter));
    let asked_second = meter.asked.len();
    // AARQ, two lists of values, RLRQ.
    assert_eq!(asked_second, 4, "{asked_first} at first");
    assert!(asked_first > asked_second + 2);
    assert!(energy(&second).mantissa() > energy(&first).mantissa());
}

#[test]
fn small_frames_and_small_apdus_bring_the_same_values() {
    let expected = {
        let mut meter = Meter::new(CosemSettings::default());
        only(Line::new().read(&mut client(options(Carriage::Hdlc)), &mut meter)).readings
    };
    let limits = frame::hdlc::Limits {
        transmit_length: 33,
        receive_length: 40,
        transmit_window: 3,
        receive_window: 2,
    };
    for (pdu_length_max, lists) in [(64, true), (64, false), (300, true), (1200, false)] {
        let settings = CosemSettings { pdu_length_max, lists, limits, ..CosemSettings::default() };
        let mut meter = Meter::new(settings);
        let telegram = only(Line::new().read(&mut client(options(Carriage::Hdlc)), &mut meter));
        let codes = |readings: &[reading::Reading]| {
            readings.iter().map(|it| (it.obis, it.unit)).collect::<Vec<_>>()
        };
        assert_eq!(codes(&telegram.readings), codes(&expected), "{pdu_length_max} {lists}");
    }
}

#[test]
fn configured_objects_are_read_and_no_others() {
    let objects = Some(vec![Obis::new(1, 0, [1, 8, 1], 255), Obis::new(0, 0, [96, 10, 1], 255)]);
    let mut meter = Meter::new(CosemSettings::default());
    let options = CosemOptions { objects: objects.clone(), ..options(Carriage::Hdlc) };
    let telegram = only(Line::new().read(&mut client(options), &mut meter));
    let mut codes: Vec<_> = telegram.readings.iter().filter_map(|it| it.obis).collect();
    codes.sort_by_key(|obis| std::cmp::Reverse(obis.bytes()));
    assert_eq!(Some(codes), objects);
}

#[test]
fn what_the_meter_does_not_give_is_said_and_costs_nothing_else() {
    // A public client of a meter with a password sees its identity only, and the list says so.
    let access = sim::Access::Password(b"12345678".to_vec());
    let mut meter = Meter::new(CosemSettings { access, ..CosemSettings::default() });
    let codes = [[1, 8, 0], [32, 7, 0]].map(|code| Obis::new(1, 0, code, 255));
    let name = Obis::new(0, 0, [42, 0, 0], 255);
    let options = CosemOptions {
        client: 16,
        objects: Some(vec![name, codes[0], codes[1]]),
        ..options(Carriage::Hdlc)
    };
    let answer = Line::new().read(&mut client(options), &mut meter);
    assert_eq!(answer.fault, None);
    let [telegram] = &answer.heard.telegrams[..] else { panic!("{answer:?}") };
    assert_eq!(telegram.readings.len(), 1);
    assert_eq!(telegram.readings[0].obis, Some(name));
    let told: Vec<&str> =
        answer.heard.outcomes[0].defects.iter().map(|defect| defect.detail.as_str()).collect();
    let absent = "the meter has no such object for this client";
    assert_eq!(told, [format!("1-0:1.8.0*255: {absent}"), format!("1-0:32.7.0*255: {absent}")]);
    assert_eq!(answer.heard.outcomes[0].meter.as_deref(), Some(meter.meter.serial()));
}

#[test]
fn a_meter_without_an_object_list_is_tried_for_the_usual_registers() {
    let mut meter = Meter::new(CosemSettings::default());
    // The list is refused: the answer to its GET is replaced.
    let list = [0xC0, 1, 0xC1, 0, 15, 0, 0, 40, 0, 0, 255, 2, 0];
    let mut peer = |now: reading::Timestamp, bytes: &[u8]| {
        if bytes.ends_with(&list) {
            return vec![vec![0, 1, 0, 1, 0, 1, 0, 5, 0xC4, 1, 0xC1, 1, 3]];
        }
        super::line::Peer::answer(&mut meter, now, bytes)
    };
    let mut dialogue = client(options(Carriage::Wrapper));
    let mut line = Line::new();
    let answer = line.read(&mut dialogue, &mut peer);
    assert_eq!(answer.fault, None);
    let outcome = &answer.heard.outcomes[0];
    let refused: Vec<_> = outcome
        .defects
        .iter()
        .filter(|defect| defect.code == DefectCode::AccessRefused)
        .map(|defect| defect.detail.as_str())
        .collect();
    assert!(refused.iter().any(|it| it.contains("0-0:40.0.0") && it.contains("denied")));
    // This meter has no frequency and no sum of active power: told once, then left out.
    assert!(refused.iter().any(|it| it.contains("1-0:14.7.0*255") && it.contains("undefined")));
    assert!(answer.heard.telegrams[0].number(Quantity::ActiveEnergyImport).is_some());
    let again = line.read(&mut dialogue, &mut peer);
    assert_eq!(again.heard.outcomes[0].defects, []);
}

#[test]
fn a_reading_that_was_broken_off_does_not_colour_the_next() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut dialogue = client(options(Carriage::Hdlc));
    let mut line = Line::new();
    dialogue.begin(line.now);
    for _ in 0..4 {
        if let meter::Step::Send(bytes) = dialogue.step(line.now) {
            let answer = super::line::Peer::answer(&mut meter, line.now, &bytes).concat();
            dialogue.receive(line.now, &answer[..answer.len() / 2]);
        }
    }
    dialogue.disconnected(line.now);
    only(line.read(&mut dialogue, &mut meter));
}

#[test]
fn digits_without_a_scaler_are_no_value_of_their_quantity() {
    let mut meter = Meter::new(CosemSettings { lists: false, ..CosemSettings::default() });
    // The scaler of 1-0:32.7.0 is refused with "temporary failure", once.
    let mut refused = 0;
    let mut peer = |now: reading::Timestamp, bytes: &[u8]| {
        let scaler = [0, 3, 1, 0, 32, 7, 0, 255, 3, 0];
        if refused == 0 && bytes.ends_with(&scaler) {
            refused += 1;
            let id = bytes[10];
            return vec![vec![0, 1, 0, 1, 0, 1, 0, 5, 0xC4, 1, id, 1, 2]];
        }
        super::line::Peer::answer(&mut meter, now, bytes)
    };
    let mut dialogue = client(options(Carriage::Wrapper));
    let mut line = Line::new();
    let first = only(line.read(&mut dialogue, &mut peer));
    assert_eq!(first.number(Quantity::VoltageL1), None);
    let code = Some(Obis::new(1, 0, [32, 7, 0], 255));
    let kept = first.readings.iter().find(|reading| reading.obis == code).expect("its digits");
    assert_eq!((kept.unit, kept.quality), (None, reading::Quality::Suspect));
    let second = only(line.read(&mut dialogue, &mut peer));
    assert!((200.0..260.0).contains(&second.number(Quantity::VoltageL1).expect("known").to_f64()));
}
