use crate::telegrams::{all, at, live, meter, number, open, post, telegram, voltage};
use reading::{Memory, Quantity};
use store::{Appended, BATCH_TELEGRAMS_MAX, Batch, Error, Event, READINGS_MAX, Refusal};
use tempfile::tempdir;
use tokio::sync::broadcast::error::RecvError;

#[tokio::test]
async fn the_same_values_again_are_the_sample_that_is_stored() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let one = voltage("push", 0, 2357);
    assert_eq!(live(&store, [one.clone()]).await, [Appended::New(1)]);
    assert_eq!(live(&store, [one.clone()]).await, [Appended::Duplicate(1)]);
    assert_eq!(post(&store, [one.clone()]).await, [Appended::Duplicate(1)]);
    let mut later = one.clone();
    later.received_at = at(900);
    assert_eq!(live(&store, [later]).await, [Appended::Duplicate(1)]);
    assert_eq!(all(&store), [one]);
}

#[tokio::test]
async fn another_spelling_of_the_same_number_is_no_conflict() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let volt = |mantissa, exponent| number(Quantity::VoltageL1, mantissa, exponent);
    let ampere = number(Quantity::CurrentL1, 5, 0);
    let first = telegram("http", 0, vec![volt(230, 0), ampere.clone()]);
    let again = telegram("http", 0, vec![ampere, volt(2300, -1)]);
    assert_eq!(post(&store, [first.clone()]).await, [Appended::New(1)]);
    assert_eq!(post(&store, [again]).await, [Appended::Duplicate(1)]);
    assert_eq!(all(&store), [first]);
}

#[tokio::test]
async fn another_meter_list_or_time_is_another_sample() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let one = voltage("push", 0, 2357);
    let mut other_meter = one.clone();
    other_meter.meter = meter("machine");
    let telegrams = [one, other_meter, voltage("other", 0, 2357), voltage("push", 1, 2357)];
    let appended = post(&store, &telegrams).await;
    assert_eq!(appended, [1, 2, 3, 4].map(Appended::New));
    assert_eq!(all(&store), telegrams);
}

#[tokio::test]
async fn one_conflict_keeps_a_whole_posted_batch_out() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let stored = voltage("http", 5, 2300);
    post(&store, [stored.clone()]).await;
    // The refused batch brings a new list, new channels and a memory; none of them may stay.
    let mut new_list = voltage("elsewhere", 4, 1);
    new_list.readings.push(number(Quantity::Frequency, 50, 0));
    let refused = Batch {
        telegrams: vec![new_list.clone(), voltage("http", 5, 2301), voltage("http", 6, 2302)],
        memory: vec![Memory { key: "counter".to_owned(), value: 7 }],
        all_or_nothing: true,
        ..Batch::default()
    };
    let appended = store.append(refused).await.expect("an answer");
    assert_eq!(appended, [Appended::New(0), Appended::Conflict(1), Appended::New(0)]);
    assert_eq!(all(&store), vec![stored.clone()]);
    assert_eq!(store.last_id(), 1);
    assert_eq!(store.recall("").expect("readable"), []);
    assert_eq!(store.latest(&meter("general")).expect("one sample").lists.len(), 1);
    // What it would have added is added by the next one, under numbers that fit.
    live(&store, [new_list.clone()]).await;
    assert_eq!(all(&store), [stored, new_list]);
}

#[tokio::test]
async fn a_batch_that_contradicts_itself_is_kept_out() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let batch = [voltage("http", 0, 2300), voltage("http", 0, 2301)];
    assert_eq!(post(&store, batch).await, [Appended::New(0), Appended::Conflict(0)]);
    assert_eq!(all(&store), []);
    let twice = [voltage("http", 0, 2300), voltage("http", 0, 2300)];
    let appended = post(&store, twice).await;
    let [Appended::New(id), Appended::Duplicate(same)] = appended[..] else {
        panic!("{appended:?}");
    };
    assert_eq!(id, same);
}

#[tokio::test]
async fn a_meter_whose_clock_repeats_itself_loses_nothing() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    // The hour between two and three o'clock, twice, told by a clock without deviation.
    let hour: Vec<_> = [2300, 2400]
        .iter()
        .flat_map(|base| (0..6).map(move |n| voltage("push", n * 600, base + n)))
        .collect();
    let appended = live(&store, &hour).await;
    assert_eq!(appended, (1..=12).map(Appended::New).collect::<Vec<_>>());
    assert_eq!(all(&store), hour);
    // The same bytes read a second time are known, both turns of them.
    let again = live(&store, &hour).await;
    assert_eq!(again, (1..=12).map(Appended::Duplicate).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_clock_that_stands_still_loses_nothing() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut telegrams: Vec<_> = (0..100).map(|n| voltage("push", 0, 2300 + n)).collect();
    for (telegram, second) in telegrams.iter_mut().zip(0..) {
        telegram.received_at = at(second);
    }
    for telegram in &telegrams {
        live(&store, [telegram.clone()]).await;
    }
    assert_eq!(all(&store), telegrams);
    let latest = store.latest(&meter("general")).expect("samples");
    assert_eq!(latest.value(Quantity::VoltageL1).expect("a voltage").received_at, at(99));
}

#[tokio::test]
async fn memory_is_kept_with_its_batch() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let memory = |key: &str, value| Memory { key: key.to_owned(), value };
    let batch = |value| Batch {
        telegrams: vec![voltage("push", value, 2300)],
        memory: vec![memory("counter/A", value), memory("other/A", -value)],
        ..Batch::default()
    };
    store.append(batch(1)).await.expect("appended");
    store.append(batch(2)).await.expect("appended");
    let only_memory = Batch::live(Vec::new(), vec![memory("counter/B", i64::MIN)]);
    assert_eq!(store.append(only_memory).await.expect("appended"), []);
    store.close();
    let store = open(folder.path());
    let counters = [memory("counter/A", 2), memory("counter/B", i64::MIN)];
    assert_eq!(store.recall("counter/").expect("readable"), counters);
    assert_eq!(store.recall("").expect("readable").len(), 3);
    assert_eq!(store.recall("count%").expect("readable"), []);
}

#[tokio::test]
async fn a_batch_that_can_never_be_stored_costs_no_other() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let reading = number(Quantity::VoltageL1, 1, 0);
    let too_long = telegram("push", 1, vec![reading; READINGS_MAX + 1]);
    let batch = |telegram| Batch::live(vec![telegram], Vec::new());
    let before = store.enqueue(batch(voltage("push", 0, 1))).await.expect("room");
    let refused = store.enqueue(batch(too_long)).await.expect("room");
    let after = store.enqueue(batch(voltage("push", 2, 3))).await.expect("room");
    assert!(before.await.is_ok());
    let refusal = Refusal::TelegramTooLong { readings: READINGS_MAX + 1, max: READINGS_MAX };
    assert!(matches!(refused.await, Err(Error::Refused(found)) if found == refusal));
    assert!(after.await.is_ok());
    assert_eq!(all(&store), [voltage("push", 0, 1), voltage("push", 2, 3)]);
    assert!(store.health().writable);

    let too_many = vec![voltage("push", 0, 1); BATCH_TELEGRAMS_MAX + 1];
    let error = store.append(Batch::live(too_many, Vec::new())).await.expect_err("too many");
    assert!(error.to_string().contains("at most 10000"), "{error}");
}

#[tokio::test]
async fn what_the_bus_tells_is_in_the_store() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut bus = store.subscribe();
    let sent: Vec<_> = (0..50).map(|n| voltage("push", n, n)).collect();
    for telegram in &sent {
        let batch = Batch::live(vec![telegram.clone()], Vec::new());
        drop(store.enqueue(batch).await.expect("room"));
    }
    for telegram in &sent {
        let Ok(Event::Sample(sample)) = bus.recv().await else { panic!("a sample") };
        assert_eq!(sample.telegram, *telegram);
        let stored = store.samples_after(sample.id - 1, 1).expect("readable");
        assert_eq!(stored, [(*sample).clone()]);
        assert!(store.last_id() >= sample.id);
    }
    // The bus tells of a sample a moment before its room in the queue is free again.
    for _ in 0..1000 {
        if store.health().queue_length == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(store.health().queue_length, 0);
    assert_eq!(store.health().last_commit, Some(at(49)));
}

#[tokio::test]
async fn a_subscriber_that_lagged_heals_from_its_last_id() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut bus = store.subscribe();
    let telegrams: Vec<_> = (0..3000).map(|n| voltage("push", n, n)).collect();
    live(&store, telegrams).await;
    assert!(matches!(bus.recv().await, Err(RecvError::Lagged(_))));
    let healed = store.samples_after(0, 5000).expect("readable");
    assert_eq!(healed.len(), 3000);
    assert_eq!(store.samples_after(2999, 5000).expect("readable").len(), 1);
}

#[tokio::test]
async fn closing_writes_what_waits_and_accepts_nothing_more() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut waiting = Vec::new();
    for n in 0..200 {
        let batch = Batch::live(vec![voltage("push", n, n)], Vec::new());
        waiting.push(store.enqueue(batch).await.expect("room"));
    }
    let clone = store.clone();
    store.close();
    for pending in waiting {
        assert!(matches!(pending.await.expect("stored")[..], [Appended::New(_)]));
    }
    let late = clone.append(Batch::live(vec![voltage("push", 999, 1)], Vec::new())).await;
    assert!(matches!(late, Err(Error::Closed)));
    let log = folder.path().join("triphase.sqlite-wal");
    assert_eq!(log.metadata().map_or(0, |log| log.len()), 0, "the log was folded in");
    drop(clone);
    assert_eq!(all(&open(folder.path())).len(), 200);
}

#[tokio::test]
async fn an_id_is_never_given_twice() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    live(&store, [voltage("push", 0, 1), voltage("push", 1, 2)]).await;
    store.close();
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    file.execute("DELETE FROM sample", []).expect("retention may delete");
    drop(file);
    let store = open(folder.path());
    assert_eq!(store.last_id(), 2);
    assert_eq!(live(&store, [voltage("push", 2, 3)]).await, [Appended::New(3)]);
}

#[tokio::test]
async fn a_link_is_noted_and_told() {
    use reading::{Link, LinkCause, LinkState};
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let mut bus = store.subscribe();
    let reason = Some("unplugged".to_owned());
    let cause = Some(LinkCause::Broken);
    let gone = Link { state: LinkState::Disconnected, since: at(7), cause, reason };
    assert_eq!(store.link(&meter("general")), None);
    store.set_link(&meter("general"), gone.clone());
    assert_eq!(store.link(&meter("general")), Some(gone.clone()));
    let Ok(Event::Link { meter: told, link }) = bus.recv().await else { panic!("a link") };
    assert_eq!((told, link), (meter("general"), gone));
}

#[tokio::test]
async fn a_past_that_is_told_afterwards_is_no_clock_that_was_set_back() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let from = |name: &str, second| {
        let mut one = voltage("push", second, 2357);
        one.meter = meter(name);
        one
    };
    for (name, second) in [("general", 5000), ("machine", 100)] {
        let past = Batch::past(vec![from(name, second)], Vec::new());
        store.append(past).await.expect("stored");
    }
    live(&store, [from("general", 5001)]).await;
    assert_eq!(store.health().clock_set_back, 0);
    live(&store, [from("machine", 4000)]).await;
    assert_eq!(store.health().clock_set_back, 1, "a live arrival still tells it");
}
