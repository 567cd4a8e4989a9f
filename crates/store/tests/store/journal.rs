use crate::telegrams::{at, live, meter, open, voltage};
use reading::{JournalChange, JournalEntry, JournalKind, LinkCause, ListId};
use store::{
    Batch, Error, JOURNAL_CHANGES_MAX, JOURNAL_ENTRIES_MAX, JournalNotes, JournalOrder,
    JournalQuery, Options, Store,
};
use tempfile::tempdir;

fn entry(name: &str, kind: JournalKind, second: i64) -> JournalEntry {
    JournalEntry::new(meter(name), kind, at(second), at(second + 1))
}

/// An entry in which everything is told.
fn full(second: i64) -> JournalEntry {
    let change = |what: &str, before: Option<&str>, unit| JournalChange {
        what: what.to_owned(),
        before: before.map(str::to_owned),
        after: Some("4294967295".to_owned()),
        unit,
    };
    JournalEntry {
        until: Some(at(second + 60)),
        list: Some(ListId::new("1-0:99.1.0")),
        cause: Some(LinkCause::NoDevice),
        reason: Some("no such file or directory".to_owned()),
        changes: vec![
            change("active_energy_import", Some("5002900"), Some("Wh")),
            change("clock_offset", None, Some("s")),
            change("device_id_1", Some("4711"), None),
        ],
        ..entry("general", JournalKind::CounterSpike, second)
    }
}

async fn note(store: &Store, entries: Vec<JournalEntry>) {
    let notes = JournalNotes { entries, states: Vec::new() };
    assert_eq!(store.append(Batch::notes(notes)).await.expect("noted"), []);
}

fn query(name: &str) -> JournalQuery {
    let order = JournalOrder::OldestFirst;
    JournalQuery { meter: meter(name), from: None, to: None, after: None, order, limit: 10_000 }
}

fn told(store: &Store, query: &JournalQuery) -> Vec<JournalEntry> {
    let noted = store.journal(query).expect("readable");
    assert!(noted.is_sorted_by_key(|one| one.id));
    noted.into_iter().map(|one| one.entry).collect()
}

#[tokio::test]
async fn entries_come_back_whole_in_their_order_and_after_a_restart() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let gap = |second| entry("general", JournalKind::Gap, second);
    // Noted later, begun earlier.
    let entries = vec![full(60), gap(0), gap(120)];
    note(&store, entries.clone()).await;
    note(&store, vec![entry("presse", JournalKind::LinkLost, 5)]).await;
    store.close();
    let store = open(folder.path());
    assert_eq!(told(&store, &query("general")), entries);
    assert_eq!(told(&store, &query("presse")).len(), 1);
    assert_eq!(told(&store, &query("nobody")), []);
    let bounded = JournalQuery { from: Some(at(60)), to: Some(at(120)), ..query("general") };
    assert_eq!(told(&store, &bounded), [full(60)]);
    let page = JournalQuery { limit: 2, ..query("general") };
    let first = store.journal(&page).expect("readable");
    let next = JournalQuery { after: first.last().map(|one| one.id), ..page };
    assert_eq!((first.len(), told(&store, &next)), (2, vec![gap(120)]));
    // The newest first, page by page, are the same ones the other way round.
    let newest = JournalQuery { order: JournalOrder::NewestFirst, limit: 2, ..query("general") };
    let first = store.journal(&newest).expect("readable");
    let next = JournalQuery { after: first.last().map(|one| one.id), ..newest };
    let pages = [first, store.journal(&next).expect("readable")].concat();
    let turned: Vec<_> = pages.into_iter().rev().map(|one| one.entry).collect();
    assert_eq!(turned, entries);
    assert!(store.reads().verify().expect("readable").damages.is_empty());
}

#[tokio::test]
async fn what_is_remembered_goes_with_its_entries_or_not_at_all() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let state = |text: &str| vec![("meter/general".to_owned(), text.to_owned())];
    let notes = |text| JournalNotes { entries: vec![full(1)], states: state(text) };
    store.append(Batch::notes(notes("1"))).await.expect("noted");
    live(&store, [voltage("push", 1, 2300)]).await;
    // A batch that is refused as a whole notes nothing.
    let mut refused = Batch::all_or_nothing(vec![voltage("push", 1, 2301)]);
    refused.journal = notes("2");
    store.append(refused).await.expect("answered");
    let remembered = |store: &Store| store.journal_state("meter/general").expect("readable");
    assert_eq!(
        (remembered(&store).as_deref(), told(&store, &query("general")).len()),
        (Some("1"), 1)
    );
    store.append(Batch::notes(notes("3"))).await.expect("noted");
    assert_eq!(remembered(&store).as_deref(), Some("3"));
    assert_eq!(store.journal_state("meter/presse").expect("readable"), None);
}

#[tokio::test]
async fn the_journal_is_bounded_and_links_push_out_links_only() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    let exchange = entry("general", JournalKind::MeterExchanged, 0);
    note(&store, vec![exchange.clone()]).await;
    let count = i64::try_from(JOURNAL_ENTRIES_MAX).expect("few") + 100;
    let lost = |second| entry("general", JournalKind::LinkLost, second);
    note(&store, (1..=count).map(lost).collect()).await;
    note(&store, vec![entry("presse", JournalKind::LinkLost, 1)]).await;
    let kept = told(&store, &query("general"));
    assert_eq!(kept.len(), JOURNAL_ENTRIES_MAX + 1);
    assert_eq!((&kept[0], &kept[1]), (&exchange, &lost(101)));
    let mut long = full(7);
    long.changes = vec![long.changes[0].clone(); JOURNAL_CHANGES_MAX + 10];
    note(&store, vec![long]).await;
    let kept = told(&store, &query("general"));
    assert_eq!(kept[JOURNAL_ENTRIES_MAX + 1].changes.len(), JOURNAL_CHANGES_MAX);
    drop(store);
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    let orphans = "SELECT count(*) FROM journal_change WHERE entry NOT IN (SELECT id FROM journal)";
    let orphans: i64 = file.query_row(orphans, [], |row| row.get(0)).expect("a number");
    assert_eq!(orphans, 0);
}

#[tokio::test]
async fn a_store_of_schema_2_gets_its_journal_and_keeps_its_samples() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("triphase.sqlite");
    let store = open(folder.path());
    live(&store, [voltage("push", 1, 2300)]).await;
    store.close();
    // What schema 3 added is taken away again.
    let file = rusqlite::Connection::open(&path).expect("a file");
    file.execute_batch(
        "DROP TABLE journal_change; DROP TABLE journal; DROP TABLE journal_state; \
         PRAGMA user_version = 2;",
    )
    .expect("SQL");
    drop(file);
    let older = store::ReadOnly::open(folder.path()).expect_err("not up to date");
    assert!(matches!(older, Error::OlderSchema { found: 2, .. }), "{older}");
    let store = Store::open(folder.path(), Options::default()).expect("migrated");
    note(&store, vec![full(1)]).await;
    assert_eq!(told(&store, &query("general")), [full(1)]);
    assert_eq!(crate::telegrams::all(&store), [voltage("push", 1, 2300)]);
}

#[tokio::test]
async fn an_entry_that_is_not_understood_is_named() {
    let folder = tempdir().expect("a folder");
    let store = open(folder.path());
    note(&store, vec![full(1)]).await;
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    file.execute("UPDATE journal SET kind = 'earthquake'", []).expect("SQL");
    let error = store.journal(&query("general")).expect_err("no such kind");
    assert!(error.to_string().contains("entry 1 of the journal"), "{error}");
}
