use crate::telegrams::{at, live, meter, number, open, telegram, voltage};
use reading::{Decimal, Quality, Quantity, Telegram, Timestamp};
use std::time::Duration;
use store::{SampleQuery, SeriesQuery, Store};
use tempfile::tempdir;

fn everything() -> SampleQuery {
    SampleQuery { meter: meter("general"), from: None, to: None, after: None, limit: 10_000 }
}

fn pages(store: &Store, mut query: SampleQuery) -> Vec<u64> {
    let mut ids = Vec::new();
    loop {
        let page = store.samples(&query).expect("readable");
        assert!(page.len() <= query.limit);
        let Some(last) = page.last() else { return ids };
        query.after = Some(last.id);
        ids.extend(page.iter().map(|sample| sample.id));
    }
}

/// Telegrams of two meters in turn, the second of which is not asked for.
fn two_meters(count: i64) -> Vec<Telegram> {
    let telegrams = (0..count).map(|n| {
        let mut telegram = voltage(if n % 4 < 2 { "a" } else { "b" }, n, n);
        if n % 2 == 1 {
            telegram.meter = meter("other");
        }
        telegram
    });
    telegrams.collect()
}

#[tokio::test]
async fn pages_come_in_the_order_of_ids_without_gap_or_repetition() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    for part in two_meters(22_000).chunks(4000) {
        live(&store, part).await;
    }
    // Both ways of reading are walked: by the key far from the end, straight near it.
    let odd: Vec<u64> = (1..=22_000).step_by(2).collect();
    let query = SampleQuery { limit: 1700, ..everything() };
    assert_eq!(pages(&store, query.clone()), odd);
    let range = SampleQuery { from: Some(at(100)), to: Some(at(21_900)), ..query };
    assert_eq!(pages(&store, range), (101..=21_899).step_by(2).collect::<Vec<_>>());
    let nobody = SampleQuery { meter: meter("nobody"), ..everything() };
    assert_eq!(store.samples(&nobody).expect("readable"), []);
    let beyond = SampleQuery { after: Some(u64::MAX), ..everything() };
    assert_eq!(store.samples(&beyond).expect("readable"), []);
}

#[tokio::test]
async fn a_range_includes_its_start_and_not_its_end() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, [voltage("push", 0, 1), voltage("push", 1, 2), voltage("push", 2, 3)]).await;
    let query = SampleQuery { from: Some(at(1)), to: Some(at(2)), ..everything() };
    let ids: Vec<_> = store.samples(&query).expect("readable").iter().map(|s| s.id).collect();
    assert_eq!(ids, [2]);
    let rows = store.numbers(&meter("general"), (at(1), at(2)), &[Quantity::VoltageL1]);
    let ids: Vec<_> = rows.expect("readable").iter().map(|row| row.id).collect();
    assert_eq!(ids, [2]);
}

#[tokio::test]
async fn numbers_come_in_the_order_of_time_with_gaps_as_none() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut doubtful = telegram("powers", 3, vec![number(Quantity::ActivePower, 2200, 0)]);
    doubtful.readings[0].quality = Quality::Suspect;
    let mut late = voltage("push", 1, 2298);
    late.received_at = at(60);
    live(&store, [voltage("push", 2, 2300), doubtful, late]).await;
    let asked = [Quantity::ActivePower, Quantity::VoltageL1, Quantity::Frequency];
    let rows = store.numbers(&meter("general"), (at(0), at(10)), &asked).expect("readable");
    let volt = |tenths| vec![None, Some(Decimal::new(tenths, -1)), None];
    let shown: Vec<_> =
        rows.into_iter().map(|row| (row.id, row.measured_at, row.quality, row.values)).collect();
    assert_eq!(
        shown,
        [
            (3, at(1), Quality::Good, volt(2298)),
            (1, at(2), Quality::Good, volt(2300)),
            (2, at(3), Quality::Suspect, vec![Some(Decimal::new(2200, 0)), None, None]),
        ]
    );
}

#[tokio::test]
async fn reading_does_not_hold_up_the_writer() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, [voltage("push", 0, 1)]).await;
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    file.execute_batch("BEGIN; SELECT count(*) FROM sample").expect("a read that stays open");
    live(&store, [voltage("push", 1, 2)]).await;
    let seen: i64 = file.query_row("SELECT count(*) FROM sample", [], |r| r.get(0)).expect("a row");
    assert_eq!(seen, 1, "the reader keeps its view");
    assert_eq!(store.samples(&everything()).expect("readable").len(), 2);
}

#[test]
fn many_readers_share_few_connections() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let telegrams: Vec<_> = (0..500).map(|n| voltage("push", n, n)).collect();
    runtime.block_on(live(&store, telegrams));
    let end = Timestamp::from_micros(i64::MAX).minus(Duration::from_secs(1));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let asked = [Quantity::VoltageL1];
                    let rows = store.numbers(&meter("general"), (at(0), end), &asked);
                    assert_eq!(rows.expect("readable").len(), 500);
                }
            });
        }
    });
}

#[tokio::test]
async fn a_series_is_thinned_and_keeps_its_gaps() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let told = (0..60).filter(|second| !(20..40).contains(second));
    live(&store, told.map(|second| voltage("push", second, 2300 + second)).collect::<Vec<_>>())
        .await;
    let query = SeriesQuery {
        meter: meter("general"),
        quantity: Quantity::VoltageL1,
        from: at(-1),
        to: at(59),
        points: 6,
    };
    let series = store.series(&query).expect("readable");
    assert_eq!(series.resolution, Duration::from_secs(10));
    let shown: Vec<_> = series.points.iter().map(|point| (point.start, point.count)).collect();
    assert_eq!(shown, [(at(-1), 9), (at(9), 10), (at(19), 1), (at(39), 9), (at(49), 10)]);
    let first = &series.points[0];
    assert_eq!((first.min, first.max), (Decimal::new(2300, -1), Decimal::new(2308, -1)));
    assert!((first.mean - 230.4).abs() < 1e-9, "{first:?}");
    assert!((first.coverage - 0.9).abs() < 1e-9, "{first:?}");
}
