//! Every map can be simulated and read back.

use super::{Device, Framing, Misdeed, Subject, Units};
use crate::{State, Workshop};
use jiff::tz::TimeZone;
use meter::Correction;
use meter::modbus::{Map, Outcome, Reader, ReaderOptions, Source, Span, likeness, maps};
use reading::{MeterId, Quantity, Timestamp};
use std::sync::Arc;

fn state() -> State {
    let now = Timestamp::from_seconds(1_764_060_000);
    Workshop::new(5, now, TimeZone::UTC).advance(now)
}

fn source(map: &Arc<Map>) -> Source {
    if map.sunspec.is_empty() { Source::Map(Arc::clone(map)) } else { Source::SunSpec { meter: 1 } }
}

fn reading(device: &Device, source: Source) -> Outcome {
    let meter = MeterId::new("m".to_owned()).expect("an id");
    let mut reader = Reader::new(source, ReaderOptions { meter, correction: Correction::NONE });
    reader.begin();
    while let Some(span) = reader.next_request() {
        match device.read(span) {
            Some(words) => reader.answered(words),
            None => reader.refused(),
        }
    }
    assert_eq!(reader.refusals(), [], "the device has every register of its map");
    reader.finish(Timestamp::from_seconds(0), Timestamp::from_seconds(0))
}

#[test]
fn every_map_reads_back_what_its_simulation_measures() {
    let state = state();
    for map in maps() {
        let mut device = Device::new(map, Subject::Supply);
        device.measure(&state);
        let outcome = reading(&device, source(map));
        assert_eq!(outcome.defects, [], "{}", map.name);
        let telegram = outcome.telegram.expect("a telegram");
        assert!(likeness(&telegram).is_likely(), "{}: {telegram:?}", map.name);
        assert!(telegram.readings.len() + 8 >= map.registers.len(), "{}", map.name);
        let close = |quantity, expected: f64, tolerance: f64| {
            let Some(value) = telegram.number(quantity) else { return };
            let value = value.to_f64();
            assert!((value - expected).abs() <= tolerance, "{} {quantity}: {value}", map.name);
        };
        for (phase, voltage) in
            [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3].into_iter().enumerate()
        {
            close(voltage, state.phases[phase].voltage_v, 0.06);
        }
        close(Quantity::CurrentL2, state.phases[1].current_a, 0.01);
        close(Quantity::ActivePower, state.total().active_w, 6.0);
        close(Quantity::ReactivePower, state.total().reactive_var, 6.0);
    }
}

#[test]
fn misdeeds_are_what_they_are_called() {
    let map = meter::modbus::map("eastron_sdm630").expect("known");
    let mut bus = Units::default();
    bus.insert(1, Device::new(map, Subject::Machine(0)));
    let mut ask = |misdeed, framing, question: &[u8]| {
        bus.device(1).expect("there").misdeed = misdeed;
        let mut pending = question.to_vec();
        let reply = bus.answer(framing, &mut pending, &mut state).expect("a whole question");
        assert!(pending.is_empty());
        reply
    };
    let tcp = [0, 7, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2];
    let right = ask(None, Framing::Tcp, &tcp).bytes;
    assert_eq!(right[..9], [0, 7, 0, 0, 0, 7, 1, 4, 4]);
    assert_eq!(ask(Some(Misdeed::Mute), Framing::Tcp, &tcp).bytes, []);
    assert_eq!(ask(Some(Misdeed::Exception(4)), Framing::Tcp, &tcp).bytes[7..], [0x84, 4]);
    assert_ne!(ask(Some(Misdeed::WrongUnit), Framing::Tcp, &tcp).bytes[6], 1);
    assert_ne!(ask(Some(Misdeed::WrongTransaction), Framing::Tcp, &tcp).bytes[..2], [0, 7]);
    assert_eq!(ask(Some(Misdeed::Half), Framing::Tcp, &tcp).bytes, right[..right.len() / 2]);
    assert_eq!(ask(Some(Misdeed::Short), Framing::Tcp, &tcp).bytes.len(), right.len() - 2);
    assert!(ask(Some(Misdeed::HangUp), Framing::Tcp, &tcp).hangs_up);
    let rtu = [1, 4, 0, 0, 0, 2, 0x71, 0xCB];
    assert_eq!(ask(None, Framing::Rtu, &rtu).bytes[..3], [1, 4, 4]);
}

/// Whatever bytes come, the devices go on.
#[test]
fn no_bytes_upset_a_device() {
    let map = meter::modbus::map("carlo_gavazzi_em24").expect("known");
    let mut bus = Units::default();
    bus.insert(1, Device::new(map, Subject::Supply));
    let now = state();
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..20_000 {
        let framing = if random.bool() { Framing::Tcp } else { Framing::Rtu };
        let mut pending: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
        if framing == Framing::Tcp && pending.len() > 7 {
            pending[2..6].copy_from_slice(&[0, 0, 0, random.u8(1..12)]);
            pending[6] = 1;
            pending[7] = random.u8(1..0x2C);
        }
        for _ in 0..4 {
            let _ = bus.answer(framing, &mut pending, &mut || now.clone());
        }
    }
    let device = bus.device(1).expect("there");
    let span = Span { table: meter::modbus::Table::Input, address: 65_535, count: 1 };
    assert_eq!(device.read(span), None);
}
