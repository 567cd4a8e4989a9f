//! What is sealed, how much there is, what age takes, and whether it is whole.

use crate::blocks::{count, time_passes};
use crate::telegrams::{all, at, live, meter, number, open, telegram, text, voltage};
use reading::{Decimal, Obis, Quantity, Telegram, Timestamp};
use std::fs;
use std::path::Path;
use std::time::Duration;
use store::{
    Appended, Batch, Error, Options, ReadOnly, Retention, SeriesPoint, SeriesQuery, Store,
};
use tempfile::tempdir;

/// The begin of the day after the tests' first second, seen from there.
const MIDNIGHT: i64 = 51_639;
const DAY: i64 = 86_400;

/// A voltage and an energy every ten seconds, for some hours from midnight.
fn hours(from: i64, hours: i64) -> Vec<Telegram> {
    let telegrams = (from * 360..(from + hours) * 360).map(|n| {
        let mut telegram = voltage("push", MIDNIGHT + n * 10, 2300 + n * n % 97);
        telegram.readings.push(number(Quantity::ActiveEnergyImport, 1_000_000 + n * 7, 0));
        telegram
    });
    telegrams.collect()
}

async fn load(store: &Store, telegrams: &[Telegram]) {
    for part in telegrams.chunks(1000) {
        live(store, part).await;
    }
}

fn series(store: &Store, (from, to): (i64, i64), points: usize) -> (Duration, Vec<SeriesPoint>) {
    let query = SeriesQuery {
        meter: meter("general"),
        quantity: Quantity::VoltageL1,
        from: at(MIDNIGHT + from),
        to: at(MIDNIGHT + to),
        points,
    };
    let series = store.series(&query).expect("readable");
    (series.resolution, series.points)
}

#[tokio::test]
async fn hours_are_sealed_and_old_days_become_one_block() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let telegrams = hours(0, 4 * 24);
    load(&store, &telegrams).await;
    store.at_rest().await.expect("open");
    let statistics = store.statistics().expect("readable");
    let days = statistics.day_blocks;
    assert!(statistics.head_samples <= 720, "{statistics:?}");
    assert!((1..=2).contains(&days) && statistics.hour_blocks >= 23, "{statistics:?}");
    assert_eq!(statistics.head_samples + statistics.sealed_samples, 4 * 8640);
    assert_eq!(statistics.kept_from, Some(at(MIDNIGHT)));
    let extent = store.extent(&meter("general")).expect("readable");
    assert_eq!(extent, Some((at(MIDNIGHT), at(MIDNIGHT + 4 * DAY - 10))));
    assert_eq!(store.extent(&meter("nobody")).expect("readable"), None);
    let after: Vec<u64> =
        store.samples_after(8_000, 3).expect("readable").iter().map(|s| s.id).collect();
    assert_eq!(after, [8_001, 8_002, 8_003]);
    assert_eq!(all(&store), telegrams);
    // After a start the latest values are there, though nearly everything is sealed.
    time_passes(&store, at(MIDNIGHT + 9 * DAY)).await;
    store.close();
    assert_eq!(count(folder.path(), "SELECT count(*) FROM sample"), 1);
    let store = open(folder.path());
    let latest = store.latest(&meter("general")).expect("sealed samples");
    let newest = telegrams.last().expect("telegrams");
    assert_eq!(latest.newest().expect("a list").sample.telegram, *newest);
    assert_eq!(latest.lists[0].period, Some(Duration::from_secs(10)));
    assert_eq!(live(&store, [newest.clone()]).await, [Appended::Duplicate(4 * 8640)]);
    assert!(store.reads().verify().expect("readable").damages.is_empty());
}

#[tokio::test]
async fn late_readings_land_in_the_days_block() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let telegrams = hours(0, 24);
    let (late, punctual): (Vec<_>, Vec<_>) =
        (0..).zip(telegrams).partition(|(n, _)| (3000..3100).contains(n));
    let only = |part: Vec<(i32, Telegram)>| part.into_iter().map(|(_, t)| t).collect::<Vec<_>>();
    load(&store, &only(punctual)).await;
    time_passes(&store, at(MIDNIGHT + 5 * DAY)).await;
    let blocks = "SELECT count(*) FROM block WHERE list = 1";
    assert_eq!(count(folder.path(), blocks), 1);
    let mut late = only(late);
    late.iter_mut().for_each(|telegram| telegram.received_at = at(MIDNIGHT + 5 * DAY + 60));
    load(&store, &late).await;
    let (_, points) = series(&store, (0, DAY), 24);
    assert!(points.iter().all(|point| point.count == 360), "the head takes part");
    time_passes(&store, at(MIDNIGHT + 6 * DAY)).await;
    assert_eq!(count(folder.path(), blocks), 1, "written anew with the late ones in their place");
    assert_eq!(count(folder.path(), "SELECT max(rows) FROM block"), 8640);
    assert_eq!(series(&store, (0, DAY), 24).1, points);
    assert!(store.reads().verify().expect("readable").damages.is_empty());
}

#[tokio::test]
async fn a_regular_days_fixed_columns_cost_almost_nothing() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    load(&store, &hours(0, 24)).await;
    time_passes(&store, at(MIDNIGHT + 5 * DAY)).await;
    let fixed = "SELECT sum(length(data)) FROM piece JOIN block ON block.id = piece.id / 1048576 \
         WHERE list = 1 AND piece.id % 1048576 < 8";
    let bytes = count(folder.path(), fixed);
    assert!(bytes < 200, "{bytes} bytes for the ids, times and marks of 8640 samples");
}

#[tokio::test]
async fn what_age_takes_is_answered_from_summaries() {
    let folder = tempdir().expect("a folder");
    let days = |days: u64| Some(Duration::from_secs(days * 86_400));
    let retention = Retention { raw: days(10), minute: days(20), quarter_hour: None };
    let options = Options { retention, ..Options::default() };
    let store = Store::open(folder.path(), options).expect("a folder");
    let mut telegrams = hours(0, 3 * 24);
    telegrams[5].readings.push(text(Obis::new(0, 0, [96, 13, 0], 255), "note"));
    let kept = Batch::live(Vec::new(), vec![reading::Memory { key: "k".to_owned(), value: 7 }]);
    store.append(kept).await.expect("appended");
    load(&store, &telegrams).await;
    let minutes = series(&store, (0, 3 * DAY), 4320);
    let quarters = series(&store, (0, 3 * DAY), 288);
    assert_eq!((minutes.1.len(), quarters.1.len()), (4320, 288));

    // A clock that jumps ahead takes nothing with it; one that goes on from there does.
    time_passes(&store, at(MIDNIGHT + 400 * DAY)).await;
    for day in 4..12 {
        time_passes(&store, at(MIDNIGHT + day * DAY - 7 * 3600)).await;
        assert_eq!(store.statistics().expect("readable").summarised_days, 0);
    }
    time_passes(&store, at(MIDNIGHT + 12 * DAY - 7 * 3600)).await;
    time_passes(&store, at(MIDNIGHT + 12 * DAY)).await;
    let statistics = store.statistics().expect("readable");
    assert_eq!(statistics.summarised_days, 2, "{statistics:?}");
    assert_eq!(series(&store, (0, 3 * DAY), 4320), minutes);
    assert_eq!(series(&store, (0, 3 * DAY), 288), quarters);
    let finer = series(&store, (0, 3600), 3600);
    assert_eq!(finer.0, Duration::from_secs(60), "nothing finer is left");
    let extent = store.extent(&meter("general")).expect("readable").expect("kept");
    assert_eq!(extent.0, at(MIDNIGHT));
    assert!(store.reads().verify().expect("readable").damages.is_empty());

    for day in 13..=25 {
        time_passes(&store, at(MIDNIGHT + day * DAY)).await;
    }
    assert_eq!(count(folder.path(), "SELECT count(*) FROM block WHERE list = 1"), 0);
    assert_eq!(series(&store, (0, 3 * DAY), 288), quarters);
    assert_eq!(series(&store, (0, 3 * DAY), 4320).0, Duration::from_secs(900));
    assert_eq!(store.recall("k").expect("readable")[0].value, 7);
    assert_eq!(store.last_id(), 3 * 8640 + 24);
    // A meter that is read on lives beside its past.
    load(&store, &hours(25 * 24, 1)).await;
    let whole = series(&store, (0, 26 * DAY), 10_000);
    assert_eq!(whole.1.len(), 288 + 4);
}

#[tokio::test]
async fn an_absurd_range_is_answered_at_once() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    load(&store, &hours(0, 3)).await;
    let time = |text| Timestamp::parse_rfc3339(text).expect("a time");
    let query = SeriesQuery {
        meter: meter("general"),
        quantity: Quantity::VoltageL1,
        from: time("1970-01-01T00:00:00Z"),
        to: time("9999-12-31T23:59:59Z"),
        points: 500,
    };
    let series = store.series(&query).expect("readable");
    assert_eq!(series.points.len(), 1);
    assert_eq!((series.points[0].count, series.points[0].min), (1080, Decimal::new(2300, -1)));
    let backwards = SeriesQuery { from: query.to, to: query.from, ..query };
    assert!(store.series(&backwards).expect("readable").points.is_empty());
}

async fn sealed(folder: &Path) {
    let store = open(folder);
    load(&store, &hours(0, 4 * 24)).await;
    time_passes(&store, at(MIDNIGHT + 4 * DAY + 100)).await;
    store.close();
}

#[tokio::test]
async fn a_backup_is_a_store_and_replaces_nothing() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let telegrams = hours(0, 30);
    load(&store, &telegrams).await;
    let other = tempdir().expect("a folder");
    let copy = other.path().join("triphase.sqlite");
    // The service runs on: the copy takes no lock.
    let beside = ReadOnly::open(folder.path()).expect("readable beside the service");
    beside.backup(&copy).expect("copied");
    assert_eq!(fs::read_dir(other.path()).expect("a folder").count(), 1, "nothing else is left");
    let error = beside.backup(&copy).expect_err("it exists");
    assert!(matches!(error, Error::BackupExists { .. }), "{error}");
    let nowhere = beside.backup(&other.path().join("no/such.sqlite")).expect_err("no folder");
    assert!(nowhere.to_string().contains("such.sqlite.partial"), "{nowhere}");
    load(&store, &hours(30, 1)).await;
    let copied = ReadOnly::open(&copy).expect("readable");
    assert!(copied.verify().expect("readable").damages.is_empty());
    assert_eq!(copied.meters().expect("readable"), [meter("general")]);
    drop(copied);
    let restored = open(other.path());
    assert_eq!(all(&restored), telegrams);
    assert_eq!(restored.last_id(), 30 * 360);
}

#[tokio::test]
async fn damage_is_found_and_told_where() {
    let folder = tempdir().expect("a folder");
    sealed(folder.path()).await;
    let whole = ReadOnly::open(folder.path()).expect("readable").verify().expect("readable");
    assert_eq!((whole.samples, whole.damages.len()), (4 * 8640 + 1, 0), "{:?}", whole.damages);
    let cases = [
        ("UPDATE piece SET data = substr(data, 1, 9) WHERE id % 1048576 = 8", "checksum"),
        ("DELETE FROM piece WHERE id % 1048576 = 1", "a part of it is missing"),
        ("UPDATE block SET rows = rows + 1", "its pages do not add up"),
        ("UPDATE block SET last_id = last_id + 1", "other ids"),
        ("UPDATE block SET received = 5", "arrived at other times"),
        ("DELETE FROM summary WHERE id % 2 = 1", "a summary does not agree"),
        ("UPDATE sqlite_sequence SET seq = 7", "the last id that was given is 7"),
        ("UPDATE sample SET readings = x'01'", "cannot be read"),
        ("DELETE FROM block WHERE id = (SELECT max(id) FROM block)", "belong to no block"),
    ];
    let file = folder.path().join("triphase.sqlite");
    let sound = fs::read(&file).expect("readable");
    for (damage, message) in cases {
        fs::write(&file, &sound).expect("written");
        let connection = rusqlite::Connection::open(&file).expect("a file");
        connection.execute_batch(damage).expect("spoilt");
        drop(connection);
        let found = ReadOnly::open(&file).expect("readable").verify().expect("readable");
        let told = found.damages.iter().any(|damage| damage.contains(message));
        assert!(told, "{damage}: {:?}", found.damages.first());
    }
    assert!(matches!(ReadOnly::open(&folder.path().join("x")), Err(Error::NoStore { .. })));
}

#[tokio::test]
async fn a_rotten_block_costs_no_other() {
    let folder = tempdir().expect("a folder");
    sealed(folder.path()).await;
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    let rotten = "UPDATE piece SET data = x'00' WHERE id / 1048576 = (SELECT id FROM block WHERE first_id = 1)";
    file.execute(rotten, []).expect("spoilt");
    drop(file);
    let store = open(folder.path());
    let error = store.samples_after(0, 10).expect_err("the block");
    assert!(error.to_string().contains("cannot be read (its values end early"), "{error}");
    live(&store, [voltage("push", 9_999_999, 1)]).await;
    let end = store.last_id();
    assert_eq!(store.samples_after(end - 9_000, 9_000).expect("its neighbours").len(), 9_000);
}

#[tokio::test]
async fn the_same_history_again_adds_nothing() {
    let folder = tempdir().expect("a folder");
    sealed(folder.path()).await;
    let store = open(folder.path());
    let before = store.last_id();
    let telegrams = hours(0, 5);
    let again = live(&store, &telegrams).await;
    assert_eq!(again, (1..=1800).map(Appended::Duplicate).collect::<Vec<_>>());
    let mut other = telegrams[17].clone();
    other.readings.truncate(1);
    let posted = store.append(Batch::all_or_nothing(vec![other.clone()])).await.expect("answered");
    assert_eq!(posted, [Appended::Conflict(18)]);
    assert_eq!(live(&store, [other]).await, [Appended::New(before + 1)], "a meter's word is kept");
    let bogus = telegram("push", MIDNIGHT + 3, Vec::new());
    assert_eq!(live(&store, [bogus]).await, [Appended::New(before + 2)]);
}
