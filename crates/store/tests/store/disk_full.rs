use crate::telegrams::{all, at, live, number, open, telegram, text, voltage};
use reading::{Obis, Quantity, Telegram};
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use store::{Batch, Error, Options, QUEUE_TELEGRAMS_MAX, Store};
use tempfile::tempdir;
use tokio::time::timeout;

/// A store whose file may not grow, but holds pages that somebody may set free.
fn full(folder: &Path) -> (Store, rusqlite::Connection) {
    open(folder).close();
    let other = rusqlite::Connection::open(folder.join("triphase.sqlite")).expect("a file");
    other
        .execute_batch("CREATE TABLE ballast (x); INSERT INTO ballast VALUES (zeroblob(16000000))")
        .expect("ballast");
    let options = Options { pages_max: Some(1), ..Options::default() };
    (Store::open(folder, options).expect("full, but readable"), other)
}

/// Telegrams that need more room than one page has.
fn bulky(count: i64) -> Vec<Telegram> {
    let note = text(Obis::new(0, 0, [96, 13, 0], 255), &"x".repeat(300));
    let telegrams = (0..count)
        .map(|n| telegram("push", n, vec![note.clone(), number(Quantity::VoltageL1, n, -1)]));
    telegrams.collect()
}

/// Waits until the disk has refused.
async fn refused(store: &Store) {
    let mut writable = store.writable();
    let refused = writable.wait_for(|writable| !writable);
    let refused = timeout(Duration::from_secs(30), refused).await.expect("the disk refuses soon");
    refused.expect("the store lives");
}

fn batch(telegrams: &[Telegram]) -> Batch {
    Batch::live(telegrams.to_vec(), Vec::new())
}

#[tokio::test]
async fn what_a_full_disk_refuses_waits_in_order_and_is_written_later() {
    let folder = tempdir().expect("a folder");
    let (store, other) = full(folder.path());
    let telegrams = bulky(9_000);
    let mut waiting = Vec::new();
    for part in telegrams.chunks(1000) {
        waiting.push(store.enqueue(batch(part)).await.expect("room"));
    }
    refused(&store).await;
    let mut writable = store.writable();
    let health = store.health();
    assert_eq!((health.writable, health.queue_length), (false, 9_000));
    assert!(health.failed_attempts > 0);
    let reason = health.last_error.expect("a reason");
    assert!(reason.contains("no room left") && reason.contains("free space"), "{reason}");
    assert!(reason.contains("triphase.sqlite"), "{reason}");

    // The queue is bounded: who finds no room waits, and nothing is dropped.
    let rest: Vec<_> =
        (9_000..QUEUE_TELEGRAMS_MAX as i64 + 1).map(|n| voltage("push", n, n)).collect();
    let mut blocked = pin!(store.append(batch(&rest)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(blocked.as_mut().poll(&mut context), Poll::Pending));
    assert_eq!(store.health().queue_length, 9_000);
    assert_eq!(all(&store), [], "nothing is seen that is not on disk");

    other.execute_batch("DROP TABLE ballast").expect("room");
    for pending in waiting {
        pending.await.expect("written at last");
    }
    blocked.await.expect("written at last");
    assert_eq!(all(&store), [telegrams, rest].concat());
    let health = store.health();
    assert_eq!((health.writable, health.queue_length, health.last_error), (true, 0, None));
    assert!(*writable.borrow_and_update());
    assert!(health.commits <= 10, "what waits is committed together: {}", health.commits);
    assert_eq!(health.last_commit, Some(at(QUEUE_TELEGRAMS_MAX as i64)));
}

#[tokio::test]
async fn what_was_acknowledged_before_the_disk_was_full_stays() {
    let folder = tempdir().expect("a folder");
    let (store, _other) = full(folder.path());
    let first = voltage("push", -5, 2300);
    // One small row still fits into the pages that the tables have.
    live(&store, [first.clone()]).await;
    let pending = store.enqueue(batch(&bulky(500))).await.expect("room");
    refused(&store).await;
    // Closing makes one last attempt and then tells those who wait.
    let closed = tokio::task::spawn_blocking(move || store.close());
    let error = pending.await.expect_err("not written");
    assert!(matches!(error, Error::NotWritten { .. }), "{error}");
    assert!(error.to_string().contains("the batch is lost"), "{error}");
    closed.await.expect("closed");
    let store = open(folder.path());
    assert_eq!(all(&store), [first]);
}

#[tokio::test]
async fn a_seal_that_finds_no_room_leaves_the_head_as_it_was() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    // Numbers that no compression makes small.
    let mut random = fastrand::Rng::with_seed(3);
    let number = |n| vec![number(Quantity::VoltageL1, random.i64(..), (n % 3) as i8)];
    let mut telegrams: Vec<_> = (0..1_200)
        .map(number)
        .zip(0..)
        .map(|(readings, n)| telegram("push", n, readings))
        .collect();
    live(&store, &telegrams).await;
    store.close();
    let options = Options { pages_max: Some(1), ..Options::default() };
    let store = Store::open(folder.path(), options).expect("full, but readable");
    let before = store.statistics().expect("readable");
    // The hour is over; its block has no room, while one more row has.
    let small = voltage("push", 500_000, 1);
    live(&store, [small.clone()]).await;
    telegrams.push(small);
    store.at_rest().await.expect("open");
    let after = store.statistics().expect("readable");
    assert_eq!(after.sealed_samples, before.sealed_samples);
    assert_eq!(after.head_samples, before.head_samples + 1);
    assert_eq!(all(&store), telegrams);
    assert!(store.health().writable);
    store.close();
    let store = open(folder.path());
    store.at_rest().await.expect("open");
    assert_eq!(store.statistics().expect("readable").head_samples, 1);
    assert_eq!(all(&store), telegrams);
}
