use crate::telegrams::{all, live, meter, open, voltage};
use reading::{
    Decimal, ListId, Memory, MeterTime, Obis, Quality, Quantity, Reading, Telegram, Timestamp,
    Unit, Value,
};
use std::time::Duration;
use store::Appended;
use tempfile::tempdir;

/// A store of schema 1 as the first release wrote it. It must open for ever.
const SCHEMA_1: &str = include_str!("schema_1.sql");

fn telegram_of_schema_1() -> Telegram {
    let time = |text| Timestamp::parse_rfc3339(text).expect("a time");
    let reading = |quantity, obis: &str, value, unit| Reading {
        quantity,
        obis: Some(obis.parse().expect("a code")),
        value,
        unit,
        quality: Quality::Good,
    };
    let mut readings = vec![
        reading(None, "0-0:199.128.0*255", Value::Text("é".to_owned()), None),
        reading(
            Some(Quantity::VoltageL1),
            "1-0:32.7.0*255",
            Value::Number(Decimal::new(2357, -1)),
            Some(Unit::Volt),
        ),
        reading(
            Some(Quantity::PowerFactor),
            "1-0:13.7.0*255",
            Value::Number(Decimal::new(-98, -20)),
            Some(Unit::One),
        ),
    ];
    readings[2].quality = Quality::Suspect;
    Telegram {
        meter: meter("general"),
        list: ListId::new("push"),
        meter_time: Some(MeterTime {
            year: 2026,
            month: 5,
            day: 4,
            hour: 11,
            minute: 39,
            second: 21,
            hundredths: None,
            deviation: Some(-120),
            status: Some(0x80),
        }),
        measured_at: time("2026-05-04T09:39:21Z"),
        received_at: time("2026-05-04T09:39:21.250Z"),
        quality: Quality::Suspect,
        readings,
    }
}

#[tokio::test]
async fn a_store_of_schema_1_opens_and_tells_what_it_told() {
    let folder = tempdir().expect("a folder");
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    file.execute_batch(SCHEMA_1).expect("the dump is SQL");
    drop(file);
    let store = open(folder.path());
    assert_eq!(all(&store), [telegram_of_schema_1()]);
    assert_eq!(store.last_id(), 41);
    let memory = Memory { key: "invocation_counter/4C475A6773709A01".to_owned(), value: 4711 };
    assert_eq!(store.recall("invocation_counter/").expect("readable"), [memory]);
    assert_eq!(live(&store, [telegram_of_schema_1()]).await, [Appended::Duplicate(41)]);
    assert_eq!(live(&store, [voltage("push", 9, 1)]).await, [Appended::New(42)]);
}

#[tokio::test]
async fn a_full_store_of_schema_1_is_sealed_without_a_change() {
    let folder = tempdir().expect("a folder");
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    file.execute_batch(SCHEMA_1).expect("the dump is SQL");
    // Three days before, the same telegram every twenty seconds.
    file.execute_batch(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12960) \
         INSERT INTO sample SELECT 41 + n, list, measured_at - 20000000 * n, turn, \
         received_at - 20000000 * n, meter_time, quality, readings FROM sample, n WHERE id = 41",
    )
    .expect("rows of schema 1");
    drop(file);
    let store = open(folder.path());
    store.at_rest().await.expect("open");
    let later = Timestamp::parse_rfc3339("2026-05-08T00:00:00Z").expect("a time");
    crate::blocks::time_passes(&store, later).await;
    let statistics = store.statistics().expect("readable");
    assert_eq!((statistics.head_samples, statistics.sealed_samples), (1, 12_961));
    assert!(statistics.day_blocks >= 1, "{statistics:?}");
    let telegrams = all(&store);
    assert_eq!(telegrams[0], telegram_of_schema_1());
    let earlier = Duration::from_secs(20 * 12_960);
    let last = Telegram {
        measured_at: telegram_of_schema_1().measured_at.minus(earlier),
        received_at: telegram_of_schema_1().received_at.minus(earlier),
        ..telegram_of_schema_1()
    };
    assert_eq!(telegrams[12_960], last);
    assert_eq!(live(&store, [last]).await, [Appended::Duplicate(13_001)]);
    assert!(store.reads().verify().expect("readable").damages.is_empty());
}

#[tokio::test]
async fn what_is_written_today_has_the_bytes_of_schema_1() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, [telegram_of_schema_1()]).await;
    store.close();
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    let shown: (String, String, String) = file
        .query_row("SELECT hex(readings), hex(meter_time), measured_at FROM sample", [], |row| {
            let measured_at: i64 = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, measured_at.to_string()))
        })
        .expect("a row");
    assert_eq!(shown.0, "018002C3A9020EEA24033FECC301");
    assert_eq!(shown.1, "07EA05040B271506FF8880");
    assert_eq!(shown.2, "1777887561000000");
    let view: (String, String, String) = file
        .query_row("SELECT meter, measured_at, quality FROM telegram", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("a row");
    assert_eq!(view.0, "general");
    assert_eq!(view.1, "2026-05-04T09:39:21.000");
    assert_eq!(view.2, "suspect");
}

#[test]
fn catalogue_names_lead_back_to_their_quantity() {
    // The file names quantities; a renamed one would be read as a register outside the catalogue.
    assert_eq!(Quantity::from_name("voltage_l1"), Some(Quantity::VoltageL1));
    assert_eq!(Quantity::from_obis(Obis::new(1, 0, [13, 7, 0], 255)), Some(Quantity::PowerFactor));
}
