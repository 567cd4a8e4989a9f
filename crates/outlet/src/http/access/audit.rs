//! The audit log: one line of JSON for every change, in the data folder.
//!
//! In: who did what from where. Out: a line in `audit.log` and one in the program's own log under
//! the target `audit`. Lines go through a bounded queue to a thread of their own: a slow or full
//! disk costs lines, which are counted and confessed in the next line that can be written, and
//! never the service. The file is bounded by rotation. No line holds a secret.

use super::token_file;
use crate::Clock;
use reading::Timestamp;
use serde::Serializer;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The file's name in the data folder; older ones end in `.1` to `.4`.
pub const FILE: &str = "audit.log";
/// A file of this size makes room for a new one.
const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most older files.
const OLDER_MAX: u32 = 4;
/// Most lines that wait for the disk.
const QUEUE_MAX: usize = 1024;
/// Most lines of one write.
const WRITE_LINES_MAX: usize = 256;
/// How often a file that was rotated meanwhile is opened anew.
const OPENINGS_MAX: usize = 3;

/// One change, or an attempt at one.
#[derive(Debug, Clone, Default)]
pub struct Entry<'a> {
    /// What happened, as one stable word.
    pub what: &'static str,
    /// The token's name; `None` where nobody had to say who he is.
    pub who: Option<&'a str>,
    /// The address it came from; `None` for the program itself and its command line.
    pub from: Option<IpAddr>,
    /// Further facts.
    pub more: Vec<(&'static str, Value)>,
}

impl Entry<'_> {
    /// One line, the facts in the order in which people read them.
    fn line(&self, at: Timestamp) -> String {
        let fixed = [
            ("time", json!(at.to_string())),
            ("what", json!(self.what)),
            ("who", json!(self.who)),
            ("from", json!(self.from.map(|from| from.to_canonical()))),
        ];
        let facts = fixed.iter().chain(&self.more).map(|(key, value)| (key, value));
        let mut line = Vec::new();
        let written = serde_json::Serializer::new(&mut line).collect_map(facts);
        written.expect("plain values fit into memory");
        line.push(b'\n');
        String::from_utf8(line).expect("JSON is UTF-8")
    }
}

/// Writes one line at once, for commands that end afterwards.
///
/// # Errors
/// The folder cannot be written.
pub fn record(folder: &Path, at: Timestamp, entry: &Entry<'_>) -> io::Result<()> {
    append(folder, entry.line(at).as_bytes())
}

/// The running service's audit log.
pub(super) struct Audit {
    clock: Clock,
    queue: Option<SyncSender<String>>,
    lost: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Audit {
    pub(super) fn start(folder: &Path, clock: Clock) -> Self {
        let (queue, lines) = sync_channel(QUEUE_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            folder: folder.to_owned(),
            lines,
            lost: Arc::clone(&lost),
            clock: Arc::clone(&clock),
        };
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let thread = thread.spawn(move || writer.run());
        if let Err(error) = &thread {
            tracing::error!(%error, "there is no audit log: its thread could not be started");
        }
        Self { clock, queue: Some(queue), lost, thread: thread.ok() }
    }

    pub(super) fn record(&self, entry: &Entry<'_>) {
        let line = entry.line((self.clock)());
        tracing::info!(target: "audit", "audit {}", line.trim_end());
        let sent = self.queue.as_ref().is_some_and(|queue| queue.try_send(line).is_ok());
        if !sent {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines that could not be written and have not been confessed yet.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        // The thread ends when it has written what waits.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    folder: PathBuf,
    lines: Receiver<String>,
    lost: Arc<AtomicU64>,
    clock: Clock,
}

impl Writer {
    fn run(&self) {
        let mut failing = false;
        while let Ok(first) = self.lines.recv() {
            let mut lines = vec![first];
            lines.extend(self.lines.try_iter().take(WRITE_LINES_MAX - 1));
            let confessed = self.lost.load(Ordering::Relaxed);
            let mut text = String::new();
            if confessed > 0 {
                let more = vec![("lines", json!(confessed))];
                let entry = Entry { what: "audit_lines_lost", more, ..Entry::default() };
                text.push_str(&entry.line((self.clock)()));
            }
            text.extend(lines.iter().map(String::as_str));
            match append(&self.folder, text.as_bytes()) {
                Ok(()) => {
                    self.lost.fetch_sub(confessed, Ordering::Relaxed);
                    failing = false;
                }
                Err(error) => {
                    self.lost.fetch_add(lines.len() as u64, Ordering::Relaxed);
                    if !failing {
                        let file = self.folder.join(FILE);
                        tracing::error!(%error, file = %file.display(),
                            "the audit log cannot be written; lines are counted and lost");
                    }
                    failing = true;
                }
            }
        }
    }
}

fn append(folder: &Path, lines: &[u8]) -> io::Result<()> {
    let mut file = current(folder)?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut bytes = Vec::with_capacity(lines.len() + 1);
    if length > 0 && !ends_with_newline(&mut file, length)? {
        // The disk was full in the middle of a line: the next one must stay readable.
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(lines);
    file.seek(SeekFrom::End(0))?;
    file.write_all(&bytes)?;
    file.sync_data()
}

/// The file to write to, locked against the other processes that write to it.
fn current(folder: &Path) -> io::Result<File> {
    let path = folder.join(FILE);
    for _ in 0..OPENINGS_MAX {
        let file = token_file::create(&path, folder)?;
        file.lock()?;
        let is_current = fs::metadata(&path).is_ok_and(|named| match file.metadata() {
            Ok(own) => (own.dev(), own.ino()) == (named.dev(), named.ino()),
            Err(_) => false,
        });
        if !is_current {
            continue;
        }
        if file.metadata()?.len() < BYTES_MAX {
            return Ok(file);
        }
        rotate(&path)?;
    }
    Err(io::Error::other("it is rotated again and again"))
}

fn rotate(path: &Path) -> io::Result<()> {
    let older = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..OLDER_MAX).rev() {
        if older(number).exists() {
            fs::rename(older(number), older(number + 1))?;
        }
    }
    fs::rename(path, older(1))
}

fn ends_with_newline(file: &mut File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn at() -> Timestamp {
        Timestamp::from_seconds(1_777_887_561)
    }

    fn lines(folder: &Path) -> Vec<Value> {
        let text = fs::read_to_string(folder.join(FILE)).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
    }

    #[test]
    fn every_entry_is_one_line_of_json_in_a_private_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let audit = Audit::start(folder.path(), Arc::new(at));
        let from = Some(IpAddr::from([192, 0, 2, 1]));
        audit.record(&Entry { what: "signed_in", who: Some("bureau"), from, more: vec![] });
        let more = vec![("rows", json!(3))];
        audit.record(&Entry { what: "measurements_posted", who: None, from: None, more });
        drop(audit);
        let expected = [
            json!({"time": at().to_string(), "what": "signed_in", "who": "bureau",
                "from": "192.0.2.1"}),
            json!({"time": at().to_string(), "what": "measurements_posted", "who": null,
                "from": null, "rows": 3}),
        ];
        assert_eq!(lines(folder.path()), expected);
        let mode = fs::metadata(folder.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_full_file_makes_room_and_few_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let full = usize::try_from(BYTES_MAX).expect("small");
        for round in 0..=OLDER_MAX + 1 {
            let mut text = vec![b' '; full];
            text[0] = b'0' + u8::try_from(round).expect("small");
            fs::write(&path, &text).expect("writable");
            record(folder.path(), at(), &Entry { what: "started", ..Entry::default() })
                .expect("writable");
        }
        let size = fs::metadata(&path).expect("there").len();
        assert!(size < 200, "{size} bytes after the rotation");
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["audit.log", "audit.log.1", "audit.log.2", "audit.log.3", "audit.log.4"]
        );
        let newest = fs::read(folder.path().join("audit.log.1")).expect("readable");
        assert_eq!(newest[0], b'5');
    }

    #[test]
    fn a_line_that_a_full_disk_tore_spoils_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), "{\"time\":\"2026-0").expect("writable");
        record(folder.path(), at(), &Entry { what: "started", ..Entry::default() }).expect("ok");
        let text = fs::read_to_string(folder.path().join(FILE)).expect("text");
        let last: Value =
            serde_json::from_str(text.lines().nth(1).expect("two lines")).expect("ok");
        assert_eq!(last["what"], "started");
    }

    /// A folder in the file's place stands for a disk that takes nothing.
    #[test]
    fn a_disk_that_refuses_costs_lines_and_says_so_afterwards() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        fs::create_dir(&path).expect("a folder in its place");
        let audit = Audit::start(folder.path(), Arc::new(at));
        audit.record(&Entry { what: "signed_in", ..Entry::default() });
        while audit.lost() == 0 {
            std::thread::yield_now();
        }
        fs::remove_dir(&path).expect("empty");
        audit.record(&Entry { what: "signed_out", ..Entry::default() });
        drop(audit);
        let lines = lines(folder.path());
        assert_eq!(
            (&lines[0]["what"], &lines[0]["lines"]),
            (&json!("audit_lines_lost"), &json!(1))
        );
        assert_eq!(lines[1]["what"], "signed_out");
    }
}
