use crate::telegrams::{at, meter, number, open};
use reading::{ListId, Memory, MeterId, Quality, Quantity, Telegram, Value};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use store::{Appended, Batch, SampleQuery, Store};
use tempfile::tempdir;

/// The folder of a process that appends until it is killed.
const FOLDER: &str = "TRIPHASE_KILL_FOLDER";
/// The first telegram of that process.
const FIRST: &str = "TRIPHASE_KILL_FIRST";
/// How often to kill.
const ROUNDS: &str = "TRIPHASE_KILL_ROUNDS";
/// Meters that are read at once, so that commits are shared.
const METERS: u64 = 3;

/// An acknowledged telegram: its meter, its number, its id.
type Acknowledged = (u64, i64, u64);

#[test]
fn no_acknowledged_telegram_is_lost_by_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let first = std::env::var(FIRST).ok().and_then(|first| first.parse().ok());
        return append_for_ever(Path::new(&folder), first.expect("a number"));
    }
    let rounds = std::env::var(ROUNDS).map_or(50, |rounds| rounds.parse().expect("a number"));
    let mut random = fastrand::Rng::with_seed(0x7269_7068_6173_6531);
    let folder = tempdir().expect("a folder");
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    for round in 0..rounds {
        let child = appending(folder.path(), round * 10_000);
        // 0 kills it while it opens the store. An hour has 37 telegrams and a day 889, so that some
        // kills find it sealing and compacting what the rounds before left.
        let enough = random.usize(0..60);
        acknowledged.extend(kill_after(child, enough));
        let store = open(folder.path());
        verify(&store, &acknowledged);
        store.close();
    }
    let blocks = |span: i64| {
        let sql = format!("SELECT count(*) FROM block WHERE span = {span}");
        crate::blocks::count(folder.path(), &sql)
    };
    assert!(blocks(1) > 0, "days were compacted under the kills");
    assert!(acknowledged.len() > rounds.unsigned_abs().try_into().expect("few rounds"));
    let file = rusqlite::Connection::open(folder.path().join("triphase.sqlite")).expect("a file");
    let sound: String =
        file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(sound, "ok");
}

/// A file that may not grow cuts a write short and refuses the rest: what the system does on a full
/// disk and behind a quota, without a disk of its own for the test.
#[test]
fn a_write_that_is_cut_short_loses_nothing() {
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    let folder = tempdir().expect("a folder");
    for (round, blocks) in (0..).zip([400, 1001, 1703, 2502]) {
        let program = std::env::current_exe().expect("this program");
        // Bounds in units of 512 bytes; the signal that comes with it would end the process.
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(limited).arg(program);
        let child = appending_by(shell, folder.path(), round * 10_000);
        acknowledged.extend(kill_after(child, usize::MAX));
        let store = open(folder.path());
        verify(&store, &acknowledged);
        store.close();
    }
    assert!(!acknowledged.is_empty());
}

fn appending(folder: &Path, first: i64) -> Child {
    let program = Command::new(std::env::current_exe().expect("this program"));
    appending_by(program, folder, first)
}

fn appending_by(mut program: Command, folder: &Path, first: i64) -> Child {
    program
        .args(["kill::no_acknowledged_telegram_is_lost_by_a_kill", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child")
}

/// Reads acknowledgements until there are enough, kills, and reads what was still said.
fn kill_after(mut child: Child, enough: usize) -> Vec<Acknowledged> {
    let stdout = child.stdout.take().expect("piped");
    let mut acknowledged = Vec::new();
    let mut kill_at = Some(enough);
    let mut kill_when_due = |said: usize| {
        if kill_at.is_some_and(|enough| said >= enough) {
            kill_at = None;
            child.kill().expect("it was alive");
        }
    };
    kill_when_due(0);
    for line in BufReader::new(stdout).lines() {
        // The last line may be cut short: then nobody was told.
        let line = line.expect("text");
        acknowledged.extend(acknowledgement(&line));
        if let Some(reason) = line.strip_prefix("refused ") {
            assert!(reason.contains("triphase.sqlite"), "the error names the file: {reason}");
            kill_when_due(usize::MAX);
        }
        kill_when_due(acknowledged.len());
    }
    let status = child.wait().expect("it ended");
    assert!(!status.success(), "it was killed, or stopped by itself: {status}");
    acknowledged
}

fn acknowledgement(line: &str) -> Option<Acknowledged> {
    let mut words = line.strip_prefix("acknowledged ")?.strip_suffix(" .")?.split(' ');
    let mut word = || words.next();
    Some((word()?.parse().ok()?, word()?.parse().ok()?, word()?.parse().ok()?))
}

fn append_for_ever(folder: &Path, first: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = open(folder);
    println!();
    let refused = async {
        let mut writable = store.writable();
        let refused = writable.wait_for(|writable| !writable).await.is_ok();
        assert!(refused, "the store lives");
        println!("refused {}", store.health().last_error.unwrap_or_default());
    };
    let append = async |index: u64| {
        for n in first.. {
            let memory = Memory { key: format!("counter/{index}"), value: n };
            let batch = Batch::live(vec![telegram(index, n)], vec![memory]);
            let appended = store.append(batch).await.expect("appended");
            let [Appended::New(id)] = appended[..] else { unreachable!("{appended:?}") };
            let mut stdout = std::io::stdout().lock();
            if writeln!(stdout, "acknowledged {index} {n} {id} .").is_err() {
                return; // The other side is gone.
            }
        }
    };
    runtime.block_on(async { tokio::join!(append(0), append(1), append(2), refused) });
}

fn id_of(index: u64) -> MeterId {
    meter(&format!("meter_{index}"))
}

/// The telegram with this number: its digits follow from it, and every one differs.
fn telegram(index: u64, n: i64) -> Telegram {
    let mut random = fastrand::Rng::with_seed(index << 40 | n.unsigned_abs());
    let quantities = Quantity::all().filter(|quantity| quantity.unit().is_some());
    let readings = quantities.take(24).map(|q| number(q, random.i64(..) >> 30, random.i8(-9..9)));
    let mut readings: Vec<_> = readings.collect();
    readings[0].value = Value::Text(n.to_string());
    Telegram {
        meter: id_of(index),
        list: ListId::new("push"),
        meter_time: None,
        measured_at: at(n * 97),
        received_at: at(n * 97),
        quality: Quality::Good,
        readings,
    }
}

fn verify(store: &Store, acknowledged: &[Acknowledged]) {
    let remembered = store.recall("counter/").expect("readable");
    let found = store.reads().verify().expect("readable");
    assert_eq!(found.damages, Vec::<String>::new());
    for index in 0..METERS {
        let stored = stored(store, index);
        for (n, id) in acknowledged.iter().filter(|(of, ..)| *of == index).map(|(_, n, id)| (n, id))
        {
            assert_eq!(stored.get(n), Some(id), "telegram {n} of meter {index} was acknowledged");
        }
        // What a driver remembers is as old as its newest telegram: they shared the commit.
        let counter = remembered.iter().find(|memory| memory.key == format!("counter/{index}"));
        assert_eq!(counter.map(|memory| memory.value), stored.keys().last().copied());
    }
}

/// The ids by number; every telegram is there once and has its digits.
fn stored(store: &Store, index: u64) -> BTreeMap<i64, u64> {
    let mut ids = BTreeMap::new();
    let mut after = 0;
    loop {
        let query = SampleQuery {
            meter: id_of(index),
            from: None,
            to: None,
            after: Some(after),
            limit: 1000,
        };
        let page = store.samples(&query).expect("readable");
        let Some(last) = page.last() else { return ids };
        after = last.id;
        for sample in page {
            let Value::Text(n) = &sample.telegram.readings[0].value else {
                unreachable!("it begins with its number")
            };
            let n: i64 = n.parse().expect("a number");
            assert_eq!(sample.telegram, telegram(index, n));
            assert_eq!(ids.insert(n, sample.id), None, "telegram {n} is stored twice");
        }
    }
}
