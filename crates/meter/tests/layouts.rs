//! What becomes of arrangements that leave the usual paths.

mod telegram;

use frame::dlms::Data;
use meter::push::{DefectCode, Outcome, PushOptions};
use reading::Value;
use telegram::{
    name, notification, object, one_frame, options, push_list, read, scaler_unit, time,
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

fn structure<const N: usize>(elements: [Data; N]) -> Data {
    Data::Structure(elements.to_vec())
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
