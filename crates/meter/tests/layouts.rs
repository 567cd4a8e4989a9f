//! What becomes of arrangements that leave the usual paths.

mod telegram;

use frame::dlms::Data;
use meter::push::{DefectCode, Outcome, PushOptions};
use reading::Value;
use telegram::{
    burgenland, name, notification, object, one_frame, options, push_list, read, scaler_unit,
    sealed, time, wall, wiener_netze,
};

fn outcome(body: &Data) -> Outcome {
    let options = PushOptions { profile: None, ..options() };
    let mut outcomes = read(&options, &one_frame(&notification(Some(time(0)), body)));
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.remove(0)
}

/// `1-0:1.7.0 = 777 W`
fn shown(outcome: &Outcome) -> Vec<String> {
    let values = outcome.values.iter().map(|value| {
        let reading = &value.reading;
        let obis = reading.obis.map(|obis| obis.to_string()).unwrap_or_default();
        let unit = reading.unit.map_or("-", reading::Unit::symbol);
        let value = match &reading.value {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.clone(),
        };
        format!("{obis} = {value} {unit}")
    });
    values.collect()
}

fn refused_as_unknown(body: &Data) {
    let outcome = outcome(body);
    assert!(!outcome.delivered && outcome.values.is_empty(), "{outcome:?}");
    assert!(outcome.has(DefectCode::LayoutUnknown), "{:?}", outcome.defects);
}

fn structure(elements: impl Into<Vec<Data>>) -> Data {
    Data::Structure(elements.into())
}

#[test]
fn refuses_an_array_of_which_one_element_is_no_pair() {
    let entry = structure([name("1-0:1.7.0"), Data::DoubleLongUnsigned(777), scaler_unit(0, 27)]);
    let odd =
        structure([name("0-0:96.1.0"), Data::DoubleLongUnsigned(1), Data::DoubleLongUnsigned(2)]);
    refused_as_unknown(&Data::Array(vec![entry.clone(), odd.clone()]));
    refused_as_unknown(&structure([Data::Enum(1), Data::Array(vec![odd, entry])]));
    refused_as_unknown(&structure([
        Data::Enum(1),
        Data::Array(vec![structure([]), structure([Data::Null])]),
    ]));
}

#[test]
fn reads_values_that_stand_beside_their_scalers() {
    let together = structure([Data::DoubleLongUnsigned(7770), scaler_unit(-1, 27)]);
    let apart = structure([Data::LongUnsigned(2301), Data::Integer(-1), Data::Enum(35)]);
    let body =
        push_list("0-8:25.9.0", &[(3, "1-0:1.7.0", 2, together), (3, "1-0:32.7.0", 2, apart)]);
    let outcome = outcome(&body);
    assert!(outcome.delivered && outcome.defects.is_empty(), "{outcome:?}");
    assert_eq!(shown(&outcome), ["1-0:1.7.0*255 = 777.0 W", "1-0:32.7.0*255 = 230.1 V"]);
}

#[test]
fn reads_whole_objects() {
    let register = structure([name("1-0:1.7.0"), Data::LongUnsigned(777), scaler_unit(0, 27)]);
    let demand = structure([
        name("1-0:1.4.0"),
        Data::LongUnsigned(5),
        Data::LongUnsigned(6),
        scaler_unit(1, 27),
    ]);
    let switch =
        structure([name("0-0:96.3.10"), Data::Boolean(true), Data::Enum(1), Data::Enum(2)]);
    let body = push_list(
        "0-8:25.9.0",
        &[
            (3, "1-0:1.7.0", 0, register),
            (5, "1-0:1.4.0", 0, demand),
            (70, "0-0:96.3.10", 0, switch),
        ],
    );
    let outcome = outcome(&body);
    assert!(outcome.delivered && outcome.defects.is_empty(), "{outcome:?}");
    let expected = ["1-0:1.7.0*255 = 777 W", "1-0:1.4.0*255 = 50 W", "0-0:96.3.10*255 = 1 -"];
    assert_eq!(shown(&outcome), expected);
}

#[test]
fn a_container_as_value_is_noted_and_never_delivered_alone() {
    let profile = || Data::Array(vec![structure([Data::Null, Data::LongUnsigned(5)])]);
    let buffer = (7, "1-0:99.1.0", 2, profile());
    let power = (3, "1-0:1.7.0", 2, Data::LongUnsigned(5));
    let beside = outcome(&push_list("0-8:25.9.0", &[buffer.clone(), power]));
    assert!(beside.delivered && beside.has(DefectCode::ValueUnreadable), "{beside:?}");
    assert_eq!(beside.values.len(), 1);
    let alone = push_list("0-8:25.9.0", &[buffer]);
    refused_as_unknown(&alone);
    assert!(outcome(&alone).has(DefectCode::ValueUnreadable));
    // A list without values has nothing to deliver either.
    refused_as_unknown(&push_list("0-8:25.9.0", &[]));
    refused_as_unknown(&structure([Data::Array(vec![object(3, "1-0:1.7.0", 2)]), Data::Null]));
}

#[test]
fn a_documented_list_needs_no_profile_when_its_clock_is_the_headers() {
    let early = frame::dlms::date_time::encode(&wall(9, 0, 0, 0));
    let options = PushOptions { profile: None, ..options() };
    let apdu = |time| notification(time, &wiener_netze());
    let outcome = |apdu: Vec<u8>| read(&options, &one_frame(&apdu)).remove(0);
    for apdu in [apdu(Some(time(0))), sealed(0x30, 1, &apdu(Some(early)))] {
        let found = outcome(apdu);
        assert!(found.delivered && found.values.len() == 9, "{found:?}");
        let power = &found.values[5].reading;
        assert_eq!((power.unit, found.values[5].exponent()), (None, 0));
        let defect = found.defects.iter().find(|it| it.code == DefectCode::ScalerUnknown);
        let detail = &defect.expect("registers without scaler").detail;
        assert_eq!(detail, "8 registers without scaler; proposed profile: lgz_e450");
    }
    for apdu in [apdu(Some(early)), apdu(None)] {
        assert!(outcome(apdu).has(DefectCode::LayoutUnknown));
    }
}

#[test]
fn a_documented_list_is_known_with_a_dead_phase() {
    let options = PushOptions { profile: None, ..options() };
    let plain = |volts| notification(Some(time(0)), &burgenland(volts));
    let outcome = |apdu: &[u8]| read(&options, &one_frame(apdu)).remove(0);
    for volts in [[228, 0, 0], [170, 0, 230], [0, 2301, 12]] {
        assert!(outcome(&plain(volts)).delivered, "{volts:?}");
    }
    for volts in [[0, 0, 0], [228, 5000, 0], [3, 0, 0]] {
        assert!(!outcome(&plain(volts)).delivered, "{volts:?}");
        // The maker's own system title says what the numbers cannot.
        assert!(outcome(&sealed(0x30, 1, &plain(volts))).delivered, "{volts:?}");
    }
}

#[test]
fn an_identification_of_six_bytes_is_no_code() {
    let serial = || Data::OctetString(vec![0, 0x12, 0x34, 0x56, 0x78, 0x12]);
    let power = || [name("1-0:1.7.0"), Data::LongUnsigned(5), scaler_unit(0, 27)];
    let flat = [&power()[..], &[name("0-0:96.1.0"), serial()]].concat();
    let expected = ["1-0:1.7.0*255 = 5 W", "0-0:96.1.0*255 = 001234567812 -"];
    for elements in [flat.clone(), [&flat[3..], &flat[..3]].concat()] {
        let found = outcome(&Data::Structure(elements));
        let mut values = shown(&found);
        values.sort_by_key(|value| value.starts_with('0'));
        assert_eq!(values, expected);
        assert_eq!(found.meter.as_deref(), Some("001234567812"));
    }
    let entries = vec![structure(power()), structure([name("0-0:96.1.0"), serial()])];
    assert_eq!(shown(&outcome(&Data::Array(entries))), expected);
    // A list of names stays one, whatever it begins with.
    refused_as_unknown(&structure([
        name("0-0:96.1.0"),
        name("1-0:1.7.0"),
        serial(),
        Data::LongUnsigned(5),
    ]));
}

#[test]
fn steps_show_true_lengths_and_what_is_known_of_refused_telegrams() {
    let body = structure([name("1-0:1.7.0"), Data::LongUnsigned(5), scaler_unit(0, 27)]);
    let apdu = notification(Some(time(0)), &body);
    let options = PushOptions { explain: true, ..options() };
    let steps = |bytes: &[u8]| {
        let outcome = read(&options, bytes).remove(0);
        let lines = outcome.steps.iter().map(|step| format!("{} {}", step.length, step.text));
        (lines.collect::<Vec<_>>().join("\n"), outcome.security.known)
    };
    let intact = one_frame(&apdu);
    let (lines, known) = steps(&intact);
    assert!(known && lines.contains("\n3 1-0:1.7.0*255"), "{lines}");
    assert!(lines.contains("\n19 list list-1-"), "{lines}");
    let mut damaged = intact;
    damaged[30] ^= 1;
    let (lines, known) = steps(&damaged);
    let expected = format!("{} refused HDLC frame from 1 to 103/127", damaged.len() - 1);
    assert!(!known && lines.starts_with(&expected), "{lines}");
    // The meter's own data break in the second element.
    let broken = [&apdu[..apdu.len() - 9], &[0x63; 9]].concat();
    let (lines, _) = steps(&one_frame(&broken));
    assert!(lines.contains("unnamed, type 9: 0100010700FF"), "{lines}");
    let noise = [&[0x55; 9000][..], &one_frame(&apdu)].concat();
    assert!(steps(&noise).0.starts_with("9000 9000 bytes of noise\n"));
}

#[test]
fn absent_objects_between_pairs_are_skipped() {
    let elements =
        [name("1-0:1.7.0"), Data::LongUnsigned(5), scaler_unit(0, 27), Data::Null, Data::Null];
    let found = outcome(&Data::Structure([&elements[..], &elements[..]].concat()));
    assert_eq!(shown(&found).len(), 2, "{found:?}");
}

#[test]
fn identifications_of_electricity_need_no_scaler() {
    let body = structure([
        name("1-1:0.0.1"),
        Data::LongUnsigned(1),
        name("1-1:96.1.1"),
        Data::LongUnsigned(2),
        name("1-0:1.7.0"),
        Data::LongUnsigned(3),
    ]);
    let profile = meter::profile("kam_omnipower");
    let frame = one_frame(&notification(None, &body));
    let found = read(&PushOptions { profile, ..options() }, &frame).remove(0);
    assert!(found.defects.is_empty() && found.values.len() == 3, "{found:?}");
}

#[test]
fn numbers_beyond_range_are_left_out_with_a_defect() {
    let numbers = [
        (Data::Long64Unsigned(u64::MAX), 0),
        (Data::Float32(f32::NAN), 0),
        (Data::Float64(f64::INFINITY), 0),
        (Data::Float64(1e300), 0),
        (Data::Float64(1e-120), -120),
    ];
    let good = structure([name("1-0:2.7.0"), Data::LongUnsigned(1), scaler_unit(0, 27)]);
    for (number, scaler) in numbers {
        let shown_number = format!("{number:?}");
        let bad = structure([name("1-0:1.7.0"), number, scaler_unit(scaler, 27)]);
        let found = outcome(&Data::Array(vec![good.clone(), bad]));
        assert!(found.delivered && found.has(DefectCode::ValueOutOfRange), "{shown_number}");
        assert_eq!(shown(&found), ["1-0:2.7.0*255 = 1 W"], "{shown_number}");
    }
}

#[test]
fn push_setups_are_named_and_attributes_may_be_unsigned() {
    let unsigned = |class, code: &str, attribute| {
        structure([
            Data::LongUnsigned(class),
            name(code),
            Data::Unsigned(attribute),
            Data::LongUnsigned(0),
        ])
    };
    let list = Data::Array(vec![
        unsigned(40, "0-2:25.9.0", 1),
        unsigned(1, "1-0:0.2.129", 2),
        unsigned(3, "1-0:1.7.0", 2),
    ]);
    let version = Data::VisibleString(b"Kamstrup_V0001".to_vec());
    let found = outcome(&structure([list, name("0-2:25.9.0"), version, Data::LongUnsigned(5)]));
    let expected = [
        "0-2:25.9.0*255 = 0-2:25.9.0*255 -",
        "1-0:0.2.129*255 = Kamstrup_V0001 -",
        "1-0:1.7.0*255 = 5 -",
    ];
    assert_eq!(shown(&found), expected, "{found:?}");
    let detail = &found.defects[0].detail;
    assert_eq!(detail, "1 register without scaler; proposed profile: kam_omnipower");
}
