use crate::telegrams::{meter, open};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use reading::{
    Decimal, ListId, MeterTime, Obis, Quality, Quantity, Reading, Telegram, Timestamp, Unit, Value,
};
use store::{Appended, Batch};
use tempfile::tempdir;

fn quality() -> impl Strategy<Value = Quality> {
    prop_oneof![Just(Quality::Good), Just(Quality::Suspect), Just(Quality::Bad)]
}

fn value() -> impl Strategy<Value = Value> {
    let number = (any::<i64>(), 0_u32..63, any::<i8>())
        .prop_map(|(mantissa, shift, exponent)| Decimal::new(mantissa >> shift, exponent));
    prop_oneof![
        4 => number.prop_map(Value::Number),
        1 => any::<String>().prop_map(Value::Text),
    ]
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let quantities: Vec<Quantity> = Quantity::all().collect();
    let units: Vec<Unit> = (0..=u8::MAX).filter_map(Unit::from_cosem).collect();
    let reading = (
        option::of(proptest::sample::select(quantities)),
        option::of(any::<[u8; 6]>()),
        value(),
        option::of(proptest::sample::select(units)),
        quality(),
    );
    let reading = reading.prop_map(|(quantity, obis, value, unit, quality)| Reading {
        quantity,
        obis: obis.map(Obis::from_bytes),
        value,
        unit,
        quality,
    });
    vec(reading, 0..40)
}

fn meter_time() -> impl Strategy<Value = MeterTime> {
    let small = any::<[u8; 5]>();
    let rest = (option::of(any::<u8>()), option::of(any::<i16>()), option::of(any::<u8>()));
    (any::<u16>(), small, rest).prop_map(|(year, small, (hundredths, deviation, status))| {
        let [month, day, hour, minute, second] = small;
        MeterTime { year, month, day, hour, minute, second, hundredths, deviation, status }
    })
}

fn telegram() -> impl Strategy<Value = Telegram> {
    // From the year 69 to 9892: the end of a range is not in it.
    let micros =
        (-60_000_000_000_000_000_i64..250_000_000_000_000_000).prop_map(Timestamp::from_micros);
    let times = (option::of(meter_time()), micros.clone(), micros);
    let names = ("[a-z]{1,8}", ".{0,12}");
    (names, times, quality(), readings()).prop_map(|(names, times, quality, readings)| Telegram {
        meter: meter(&names.0),
        list: ListId::new(&names.1),
        meter_time: times.0,
        measured_at: times.1,
        received_at: times.2,
        quality,
        readings,
    })
}

#[test]
fn what_goes_in_comes_out_equal() {
    let folder = tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = open(folder.path());
    let mut runner =
        TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&vec(telegram(), 1..8), |telegrams| {
        let before = store.last_id();
        let batch = Batch::live(telegrams.clone(), Vec::new());
        let appended = runtime.block_on(store.append(batch)).expect("appended");
        assert!(appended.iter().all(|one| matches!(one, Appended::New(_))), "{appended:?}");
        let stored = store.samples_after(before, 100).expect("readable");
        let stored: Vec<_> = stored.into_iter().map(|sample| sample.telegram).collect();
        assert_eq!(stored, telegrams);
        Ok(())
    });
    checked.expect("every telegram comes back");
    store.close();
    // Numbers read as columns are the numbers of the telegrams, also after a restart.
    let store = open(folder.path());
    let always = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    let asked: Vec<Quantity> = Quantity::all().collect();
    for sample in store.samples_after(0, 1000).expect("readable") {
        let rows = store.numbers(&sample.telegram.meter, always, &asked).expect("readable");
        let row = rows.iter().find(|row| row.id == sample.id).expect("every sample has a row");
        let numbers: Vec<_> =
            asked.iter().map(|quantity| first(&sample.telegram, *quantity)).collect();
        assert_eq!(row.values, numbers);
    }
}

fn first(telegram: &Telegram, quantity: Quantity) -> Option<Decimal> {
    let numbers = telegram.readings.iter().filter(|reading| reading.quantity == Some(quantity));
    numbers.filter_map(|reading| reading.value.number()).next()
}
