use crate::telegrams::{arriving, at, live, meter, number, open, post, telegram, text, voltage};
use reading::{Decimal, Obis, Quality, Quantity, Telegram, Value};
use std::time::Duration;
use store::Store;
use tempfile::tempdir;

fn latest_voltage(store: &Store) -> (Decimal, u64) {
    let latest = store.latest(&meter("general")).expect("samples");
    let newest = latest.value(Quantity::VoltageL1).expect("a voltage");
    (newest.reading.value.number().expect("a number"), newest.sample)
}

/// A telegram of the voltages every 10 s, then one of the powers 5 s later, and so on.
fn alternating(telegrams: i64) -> Vec<Telegram> {
    (0..telegrams)
        .map(|n| match n % 2 {
            0 => voltage("voltages", n * 5, 2300 + n),
            _ => telegram("powers", n * 5, vec![number(Quantity::ActivePower, 1000 + n, 0)]),
        })
        .collect()
}

#[tokio::test]
async fn every_quantity_shows_its_newest_reading_and_origin() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    assert_eq!(store.latest(&meter("general")), None);
    assert_eq!(store.measurement(&meter("general")), None);
    let unknown = Obis::new(1, 0, [199, 128, 0], 255);
    let serial = Obis::new(0, 0, [96, 1, 0], 255);
    let mut first = telegram(
        "full",
        0,
        vec![
            text(serial, "LGZ1"),
            number(Quantity::VoltageL1, 2357, -1),
            text(unknown, "?"),
            number(Quantity::VoltageL1, 1, 0),
        ],
    );
    first.quality = Quality::Suspect;
    live(&store, [first, voltage("short", 5, 2361)]).await;
    let latest = store.latest(&meter("general")).expect("samples");
    let shown: Vec<_> = latest
        .values
        .iter()
        .map(|value| (value.reading.value.clone(), value.sample, value.reading.quality))
        .collect();
    assert_eq!(
        shown,
        [
            (Value::Number(Decimal::new(2361, -1)), 2, Quality::Good),
            (Value::Text("LGZ1".to_owned()), 1, Quality::Suspect),
            (Value::Text("?".to_owned()), 1, Quality::Suspect),
        ]
    );
    let voltage = latest.value(Quantity::VoltageL1).expect("a voltage");
    assert_eq!((voltage.measured_at, voltage.list.as_str()), (at(5), "short"));
    assert_eq!(latest.newest().expect("lists").sample.id, 2);
}

#[tokio::test]
async fn a_late_arrival_replaces_nothing_newer() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, [voltage("push", 100, 2300)]).await;
    let mut late = voltage("push", 50, 1111);
    late.received_at = at(200);
    late.readings.push(number(Quantity::Frequency, 4998, -2));
    live(&store, [late]).await;
    assert_eq!(latest_voltage(&store), (Decimal::new(2300, -1), 1));
    let latest = store.latest(&meter("general")).expect("samples");
    // What nothing newer tells is told by the late one, with its own time.
    assert_eq!(latest.value(Quantity::Frequency).expect("a frequency").measured_at, at(50));
    assert_eq!(latest.newest().expect("a list").sample.id, 1);
}

#[tokio::test]
async fn a_clock_from_the_future_does_not_stop_the_values() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut future = voltage("push", 86_400, 1111);
    future.received_at = at(0);
    live(&store, [future, voltage("push", 5, 2300)]).await;
    assert_eq!(latest_voltage(&store), (Decimal::new(2300, -1), 2));
    store.close();
    assert_eq!(latest_voltage(&open(folder.path())), (Decimal::new(2300, -1), 2));
}

#[tokio::test]
async fn lists_that_alternate_make_one_measurement() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, alternating(8)).await;
    let latest = store.latest(&meter("general")).expect("samples");
    let periods: Vec<_> = latest.lists.iter().map(|list| list.period).collect();
    assert_eq!(periods, [Some(Duration::from_secs(10)); 2]);
    let measurement = store.measurement(&meter("general")).expect("samples");
    let numbers: Vec<_> = measurement.numbers().collect();
    assert_eq!(
        numbers,
        [
            (Quantity::VoltageL1, Decimal::new(2306, -1)),
            (Quantity::ActivePower, Decimal::new(1007, 0)),
        ]
    );
    assert_eq!(measurement.measured_at, at(35));
}

#[tokio::test]
async fn a_value_older_than_three_periods_of_its_list_is_left_out() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, alternating(8)).await;
    // The powers' last telegram is of second 35 and their period 10 s: good until second 65.
    live(&store, [voltage("voltages", 65, 2400)]).await;
    let power = |store: &Store| {
        store.measurement(&meter("general")).expect("samples").number(Quantity::ActivePower)
    };
    assert_eq!(power(&store), Some(Decimal::new(1007, 0)));
    live(&store, [voltage("voltages", 66, 2400)]).await;
    assert_eq!(power(&store), None);
    let latest = store.latest(&meter("general")).expect("samples");
    assert!(latest.value(Quantity::ActivePower).is_some(), "the latest values keep it");
}

#[tokio::test]
async fn a_list_without_a_period_yet_is_good_for_fifteen_seconds() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, [telegram("powers", 0, vec![number(Quantity::ActivePower, 1, 0)])]).await;
    live(&store, [voltage("voltages", 15, 2400)]).await;
    let values =
        |store: &Store| store.measurement(&meter("general")).expect("samples").values.len();
    assert_eq!(values(&store), 2);
    live(&store, [voltage("voltages", 16, 2400)]).await;
    assert_eq!(values(&store), 1);
}

#[tokio::test]
async fn a_posted_measurement_stands_alone() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let power =
        |second, watts| telegram("http", second, vec![number(Quantity::ActivePower, watts, 0)]);
    live(&store, [voltage("push", 0, 2300)]).await;
    post(&store, [power(1, 5000)]).await;
    let quantities = |store: &Store| -> Vec<_> {
        let measurement = store.measurement(&meter("general")).expect("samples");
        measurement.numbers().map(|(quantity, _)| quantity).collect()
    };
    assert_eq!(quantities(&store), [Quantity::ActivePower]);
    post(&store, [voltage("http", 2, 2310)]).await;
    assert_eq!(quantities(&store), [Quantity::VoltageL1], "not completed from the row before");
    live(&store, [voltage("push", 3, 2320)]).await;
    assert_eq!(quantities(&store), [Quantity::VoltageL1], "not completed from a posted row");
    post(&store, [power(1, 5000)]).await;
    let measurement = store.measurement(&meter("general")).expect("samples");
    assert_eq!(measurement.measured_at, at(3));
}

#[tokio::test]
async fn a_restart_shows_the_same_latest_values() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut telegrams = alternating(60);
    telegrams.swap(50, 52);
    // A list that fell silent long ago, behind more samples than a start looks back at.
    live(&store, [telegram("daily", -9000, vec![number(Quantity::Frequency, 50, 0)])]).await;
    let noise: Vec<_> = (0..6000).map(|n| voltage("noise", n - 8000, n)).collect();
    live(&store, noise).await;
    live(&store, telegrams).await;
    let before =
        (store.latest(&meter("general")), store.measurement(&meter("general")), store.last_id());
    store.close();
    let store = open(folder.path());
    let after =
        (store.latest(&meter("general")), store.measurement(&meter("general")), store.last_id());
    assert_eq!(after, before);
    assert!(after.0.expect("samples").value(Quantity::Frequency).is_some());
}

#[tokio::test]
async fn the_period_is_the_same_in_whichever_order_the_rows_come() {
    let rows: Vec<_> = (0..349).map(|n| voltage("http", n * 10, 2300)).collect();
    let newest_first: Vec<_> = rows.iter().rev().cloned().collect();
    for rows in [rows, newest_first] {
        let folder = tempdir().expect("a folder");
        let store = open(folder.path());
        post(&store, arriving(rows)).await;
        let latest = store.latest(&meter("general")).expect("samples");
        assert_eq!(latest.lists[0].period, Some(Duration::from_secs(10)));
        assert_eq!(latest.lists[0].sample.telegram.measured_at, at(3480));
    }
}

/// A host's clock runs an hour ahead and is set back, as at the first contact with a time server.
#[tokio::test]
async fn a_clock_that_is_set_back_freezes_nothing() {
    const HOUR: i64 = 3600;
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, [voltage("fast", 0, 2290), voltage("slow", 0, 2291)]).await;
    live(&store, [voltage("fast", HOUR, 2300), voltage("slow", HOUR, 2301)]).await;
    assert_eq!(latest_voltage(&store), (Decimal::new(2301, -1), 4));
    live(&store, [voltage("fast", 10, 2310)]).await;
    let now = (Decimal::new(2310, -1), 5);
    assert_eq!(latest_voltage(&store), now, "what arrives now is the newest");
    let measured = store.measurement(&meter("general")).expect("a measurement").measured_at;
    assert_eq!(measured, at(10));
    live(&store, [voltage("slow", 12, 2311)]).await;
    let before = (store.latest(&meter("general")), store.measurement(&meter("general")));
    assert_eq!(latest_voltage(&store).1, 6);
    store.close();
    let store = open(folder.path());
    let after = (store.latest(&meter("general")), store.measurement(&meter("general")));
    assert_eq!(after, before, "and a restart sees the same");
}
