//! A meter on a live wire: what a driver makes of telegrams and their arrival.

mod telegram;

use meter::push::DefectCode;
use meter::{Driver, DriverOptions, model};
use reading::{Decimal, MeterId, Quantity, Timestamp, Unit};
use telegram::{block_frames, blocks, e450_apdu, notification, push_list, sealed};

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("an instant")
}

fn options() -> DriverOptions {
    DriverOptions {
        guek: Some(telegram::GUEK),
        gak: Some(telegram::GAK),
        zone: jiff::tz::TimeZone::get("Europe/Zurich").ok(),
        ..DriverOptions::new(MeterId::new("general").expect("an id"))
    }
}

fn e450(options: DriverOptions) -> Box<dyn Driver> {
    let reader = model("lgz_e450").expect("a model").reader(options);
    let driver = match reader {
        meter::Reader::Listens(driver) => Some(driver),
        meter::Reader::Asks(_) => None,
    };
    driver.expect("a meter that pushes")
}

#[test]
fn dates_by_the_meters_clock_and_scales_by_the_model() {
    let arrival = at("2026-05-04T09:39:24Z");
    let heard = e450(options()).receive(arrival, &blocks(&sealed(0x30, 1, &e450_apdu())));
    let [telegram] = heard.telegrams.as_slice() else {
        panic!("{heard:?}");
    };
    assert_eq!(telegram.measured_at, at("2026-05-04T09:39:21Z"));
    assert_eq!(telegram.received_at, arrival);
    assert_eq!(telegram.list.as_str(), "0-8:25.9.0*255");
    assert_eq!(telegram.number(Quantity::CurrentL1), Some(Decimal::new(1234, -2)));
    assert_eq!(telegram.number(Quantity::PowerFactor), Some(Decimal::new(941, -3)));
    assert_eq!(heard.memory[0].key, "invocation_counter/4C475A6700010203");
    assert_eq!(heard.memory[0].value, 1);
}

#[test]
fn without_a_clock_the_arrival_dates_a_telegram() {
    let list =
        push_list("0-8:25.9.0", &[(3, "1-0:1.7.0", 2, frame::dlms::Data::DoubleLongUnsigned(5))]);
    let arrival = at("2026-05-04T09:39:24.5Z");
    let heard = e450(options()).receive(arrival, &blocks(&notification(None, &list)));
    assert_eq!(heard.telegrams[0].measured_at, arrival);
    assert_eq!(heard.telegrams[0].meter_time, None);
    assert_eq!(heard.telegrams[0].readings.len(), 1);
}

#[test]
fn a_clock_far_ahead_is_a_defect_and_the_arrival_counts() {
    let arrival = at("2026-05-04T09:20:00Z");
    let heard = e450(options()).receive(arrival, &blocks(&e450_apdu()));
    assert_eq!(heard.telegrams[0].measured_at, arrival);
    assert!(heard.outcomes[0].has(DefectCode::MeterClockAhead));
}

#[test]
fn transformer_ratios_give_primary_values() {
    let ratios =
        DriverOptions { ct_ratio: Decimal::new(50, 0), vt_ratio: Decimal::new(15, 1), ..options() };
    let heard = e450(ratios).receive(at("2026-05-04T09:39:24Z"), &blocks(&e450_apdu()));
    let telegram = &heard.telegrams[0];
    let number = |quantity| telegram.number(quantity).expect("a number").to_f64();
    assert!((number(Quantity::CurrentL1) - 617.0).abs() < 1e-9);
    assert!((number(Quantity::VoltageL1) - 35_250.0).abs() < 1e-9);
    assert!((number(Quantity::ActivePowerImport) - 27_750_000.0).abs() < 1e-6);
    assert!((number(Quantity::PowerFactor) - 0.941).abs() < 1e-9);
    let current = telegram.readings.iter().find(|it| it.quantity == Some(Quantity::CurrentL1));
    assert_eq!(current.expect("a current").unit, Some(Unit::Ampere));
}

#[test]
fn a_lost_wire_forgets_half_a_message_and_keeps_the_counter() {
    let mut driver = e450(options());
    let arrival = at("2026-05-04T09:39:24Z");
    assert_eq!(driver.receive(arrival, &blocks(&sealed(0x30, 9, &e450_apdu()))).telegrams.len(), 1);
    let frames = block_frames(&sealed(0x30, 10, &e450_apdu()), 112);
    assert!(driver.receive(arrival, &frames[..2].concat()).outcomes.is_empty());
    driver.disconnected(arrival);
    let heard = driver.receive(arrival, &frames[2..].concat());
    assert!(heard.telegrams.is_empty() && heard.outcomes[0].has(DefectCode::GbtBlockMissing));
    let heard = driver.receive(arrival, &blocks(&sealed(0x30, 9, &e450_apdu())));
    assert!(heard.telegrams.is_empty() && heard.memory.is_empty());
    assert!(heard.outcomes[0].has(DefectCode::ReplayedCounter));
    assert_eq!(driver.receive(arrival, &frames.concat()).telegrams.len(), 1);
}

#[test]
fn a_new_driver_takes_up_the_counter() {
    let arrival = at("2026-05-04T09:39:24Z");
    let first = e450(options()).receive(arrival, &blocks(&sealed(0x30, 9, &e450_apdu())));
    let mut again = e450(DriverOptions { memory: first.memory, ..options() });
    let heard = again.receive(arrival, &blocks(&sealed(0x30, 9, &e450_apdu())));
    assert!(heard.telegrams.is_empty() && heard.outcomes[0].has(DefectCode::ReplayedCounter));
}

#[test]
fn inspection_carries_steps_only_on_request() {
    let bytes = blocks(&e450_apdu());
    let arrival = at("2026-05-04T09:39:24Z");
    let heard = e450(options()).receive(arrival, &bytes);
    assert!(heard.outcomes[0].steps.is_empty());
    let heard = e450(DriverOptions { inspect: true, ..options() }).receive(arrival, &bytes);
    assert!(heard.outcomes[0].bytes.is_empty(), "whoever feeds the driver has them");
    let text: Vec<_> = heard.outcomes[0].steps.iter().map(|step| step.text.as_str()).collect();
    assert!(
        text.contains(&"1-0:31.7.0*255 Current L1 = 12.34 A (raw 1234, exponent -2)"),
        "{text:?}"
    );
    assert!(!format!("{:?}", options()).contains("17"), "keys are never shown");
}
