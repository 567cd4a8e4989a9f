//! One reading: requests, refusals, values.

use crate::map;
use meter::Correction;
use meter::modbus::{Reader, ReaderOptions, Source, Span, Table};
use reading::{Decimal, MeterId, Quality, Quantity, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A device with some registers. What it has not it refuses, alone or in a larger request.
struct Device {
    registers: BTreeMap<(Table, u16), u16>,
    requests: Vec<Span>,
}

impl Device {
    fn new(table: Table, registers: &[(u16, &[u16])]) -> Self {
        let registers = registers.iter().flat_map(|(first, words)| {
            (*first..).zip(words.iter()).map(move |(address, word)| ((table, address), *word))
        });
        Self { registers: registers.collect(), requests: Vec::new() }
    }

    fn read(&mut self, span: Span) -> Option<Vec<u16>> {
        self.requests.push(span);
        (span.address..=u16::try_from(span.end() - 1).expect("inside"))
            .map(|address| self.registers.get(&(span.table, address)).copied())
            .collect()
    }

    fn reading(&mut self, reader: &mut Reader) -> meter::modbus::Outcome {
        reader.begin();
        while let Some(span) = reader.next_request() {
            match self.read(span) {
                Some(words) => reader.answered(words),
                None => reader.refused(),
            }
            assert!(self.requests.len() < 500, "a reading ends");
        }
        reader.finish(Timestamp::from_seconds(100), Timestamp::from_seconds(101))
    }
}

fn reader(text: &str) -> Reader {
    let meter = MeterId::new("m".to_owned()).expect("an id");
    let options = ReaderOptions { meter, correction: Correction::NONE };
    Reader::new(Source::Map(Arc::new(map(text))), options)
}

const MAP: &str = r#"
title = "Example"
function = 3
type = "u16"
gap_max = 4

register = [
    { quantity = "voltage_l1", address = 0, unit = "V", scale = 0.1, not_available = 0xFFFF },
    { quantity = "voltage_l2", address = 1, unit = "V", scale = 0.1, not_available = 0xFFFF },
    { quantity = "frequency", address = 4, unit = "Hz", decimals = 2 },
    { quantity = "active_power", address = 10, type = "i32", order = "CDAB", unit = "kW", scale_register = 12 },
    { quantity = "reactive_power", address = 14, type = "u32", unit = "var", ratio_register = { address = 16, scale = 0.1 }, sign_register = 17 },
]
"#;

#[test]
fn a_reading_has_the_registers_own_digits() {
    let words: &[u16] =
        &[2301, 0xFFFF, 7, 7, 5001, 0, 0, 0, 0, 0, 0xFF9C, 0xFFFF, 0xFFFE, 0, 0, 500, 25, 1];
    let mut device = Device::new(Table::Holding, &[(0, words)]);
    let mut reader = reader(MAP);
    let outcome = device.reading(&mut reader);
    let telegram = outcome.telegram.expect("a telegram");
    assert_eq!(telegram.list.as_str(), "my_meter");
    assert_eq!(telegram.number(Quantity::VoltageL1), Some(Decimal::new(2301, -1)));
    assert_eq!(telegram.number(Quantity::VoltageL2), None, "missing is never 0");
    assert_eq!(telegram.number(Quantity::Frequency), Some(Decimal::new(5001, -2)));
    // −100 × 10⁻² kW
    assert_eq!(telegram.number(Quantity::ActivePower), Some(Decimal::new(-100, 1)));
    // −(500 × 25 × 0.1)
    assert_eq!(telegram.number(Quantity::ReactivePower), Some(Decimal::new(-12_500, -1)));
    assert_eq!(telegram.measured_at, Timestamp::from_micros(100_500_000), "the middle");
    assert_eq!(device.requests.len(), 2, "{:?}", device.requests);
}

#[test]
fn what_the_meter_does_not_have_costs_nothing_else_and_is_asked_once() {
    let mut device =
        Device::new(Table::Holding, &[(0, &[2301, 2299]), (10, &[1, 0, 0]), (14, &[0, 1, 10, 0])]);
    let mut reader = reader(MAP);
    let telegram = device.reading(&mut reader).telegram.expect("a telegram");
    assert_eq!(telegram.number(Quantity::Frequency), None);
    for quantity in [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::ActivePower] {
        assert!(telegram.number(quantity).is_some(), "{quantity}");
    }
    assert_eq!(reader.refusals(), [Span { table: Table::Holding, address: 4, count: 1 }]);
    device.requests.clear();
    device.reading(&mut reader);
    assert!(
        device
            .requests
            .iter()
            .all(|span| device.registers.contains_key(&(span.table, span.address)))
    );
    assert!(device.requests.len() <= 3, "{:?}", device.requests);
}

#[test]
fn another_model_is_told_and_asked_again_later() {
    let mut device = Device::new(Table::Input, &[(0, &[1])]);
    let mut reader = reader(MAP);
    let outcome = device.reading(&mut reader);
    assert!(outcome.telegram.is_none());
    assert_eq!(outcome.defects[0].code, "model_refused");
    let mut right = Device::new(Table::Holding, &[(0, &[2301; 18])]);
    assert!(right.reading(&mut reader).telegram.is_some());
}

#[test]
fn a_number_that_cannot_be_is_told_and_the_others_are_read() {
    let text = "title = \"x\"\nfunction = 4\nregister = [\n\
        { quantity = \"voltage_l1\", address = 0, type = \"bcd32\", unit = \"V\" },\n\
        { quantity = \"voltage_l2\", address = 2, type = \"f32\", unit = \"V\" },\n\
        { quantity = \"voltage_l3\", address = 4, type = \"u16\", unit = \"V\" }]\n";
    let mut device = Device::new(Table::Input, &[(0, &[0x00AB, 0, 0x7F80, 0, 230])]);
    let outcome = device.reading(&mut reader(text));
    assert_eq!(outcome.telegram.expect("a telegram").readings.len(), 1);
    let details: Vec<&str> = outcome.defects.iter().map(|defect| defect.detail.as_str()).collect();
    assert_eq!(details.len(), 2);
    assert!(details[0].contains("register 0") && details[0].contains("digit"), "{details:?}");
    assert!(details[1].contains("infinite"), "{details:?}");
}

#[test]
fn power_factors_of_four_quadrants_become_plain_ones() {
    let text = "title = \"x\"\nfunction = 4\ntype = \"i16\"\nregister = [\n\
        { quantity = \"power_factor\", address = 0, scale = 0.01, \
          form = \"four_quadrant_power_factor\" }]\n";
    for (raw, expected) in [(95, (95, -2)), (105, (95, -2)), (-95, (-95, -2)), (-105, (-95, -2))] {
        let word = i16::cast_unsigned(raw);
        let mut device = Device::new(Table::Input, &[(0, &[word])]);
        let telegram = device.reading(&mut reader(text)).telegram.expect("a telegram");
        let value = telegram.number(Quantity::PowerFactor);
        assert_eq!(value, Some(Decimal::new(expected.0, expected.1)), "{raw}");
    }
}

const IMPOSSIBLE: &str = r#"
title = "Example"
function = 4
type = "f32"
register = [
    { quantity = "voltage_l1", address = 0, unit = "V" },
    { quantity = "power_factor", address = 2 },
    { quantity = "frequency", address = 4, unit = "Hz" },
]
"#;

fn floats(values: &[f32]) -> Device {
    let words = values.iter().flat_map(|value| {
        let bits = value.to_bits();
        [bits >> 16, bits & 0xFFFF].map(|word| u16::try_from(word).expect("a word"))
    });
    Device::new(Table::Input, &[(0, &words.collect::<Vec<_>>())])
}

#[test]
fn values_that_no_meter_can_measure_are_kept_and_never_good() {
    let outcome = floats(&[230.0, 230.0, 230.0]).reading(&mut reader(IMPOSSIBLE));
    let telegram = outcome.telegram.expect("a telegram");
    let found: Vec<_> = telegram.readings.iter().map(|it| (it.quantity, it.quality)).collect();
    assert_eq!(
        found,
        [
            (Some(Quantity::VoltageL1), Quality::Good),
            (Some(Quantity::PowerFactor), Quality::Bad),
            (Some(Quantity::Frequency), Quality::Bad),
        ]
    );
    let kept = telegram.number(Quantity::Frequency).map(Decimal::to_f64);
    assert_eq!(kept, Some(230.0), "what came");
    let doubted: Vec<Quantity> = outcome.doubts.iter().map(|doubt| doubt.quantity).collect();
    assert_eq!(doubted, [Quantity::PowerFactor, Quantity::Frequency]);
    let sound = floats(&[230.0, -0.98, 50.0]).reading(&mut reader(IMPOSSIBLE));
    assert_eq!(sound.doubts, []);
}

#[test]
fn a_meter_that_has_no_value_at_all_says_so() {
    let outcome = floats(&[f32::NAN; 3]).reading(&mut reader(IMPOSSIBLE));
    assert!(outcome.telegram.is_none());
    let [defect] = outcome.defects.as_slice() else { panic!("{:?}", outcome.defects) };
    assert_eq!(defect.code, "no_values");
    assert!(defect.detail.contains("the meter answers"), "{}", defect.detail);
    assert!(defect.detail.contains("3 registers say \"not available\""), "{}", defect.detail);
    let one = floats(&[f32::NAN, 0.5, f32::NAN]).reading(&mut reader(IMPOSSIBLE));
    assert_eq!((one.telegram.expect("a telegram").readings.len(), one.defects.len()), (1, 0));
}
