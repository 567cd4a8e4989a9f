//! The store's folder: its lock, its file, the connections to it.
//!
//! In: a path. Out: a locked folder and connections set up as the house needs them. Refuses: a
//! path that is a file, a folder that cannot be written, one that another process holds, a file
//! that is not ours. A refused file is left as it was.

use crate::error::Error;
use crate::schema;
use crate::store::Options;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const LOCK: &str = "triphase.lock";
pub(crate) const DATABASE: &str = "triphase.sqlite";
/// How long a connection waits for a program that looks into the file, such as a backup.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Statements that a connection keeps ready: more than there are different ones.
const STATEMENTS_MAX: usize = 64;

/// A folder that this process alone writes, as long as the value lives.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) file: PathBuf,
    /// Holds the lock; the system releases it when the process ends, however it ends.
    lock: File,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Closing alone would leave the lock to a child process that was just being started.
        let _ = flock(&self.lock, FlockOperation::Unlock);
    }
}

impl Folder {
    /// Creates the folder if need be, and locks it.
    pub(crate) fn lock(folder: &Path) -> Result<Self, Error> {
        create(folder)?;
        let path = folder.join(LOCK);
        let opened =
            File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut lock = opened.map_err(|cause| match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::NotWritable { folder: folder.to_owned(), cause }
            }
            _ => Error::Io { path: path.clone(), doing: "opening", cause },
        })?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut process = String::new();
                // Only for the message: without it the sentence is still true.
                let _ = lock.read_to_string(&mut process);
                let process = process.trim().parse().ok();
                return Err(Error::InUse { folder: folder.to_owned(), process });
            }
            Err(errno) => {
                return Err(Error::Io { path, doing: "locking", cause: errno.into() });
            }
        }
        // The number serves whoever is refused; a full disk must not keep the store shut.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { file: folder.join(DATABASE), lock })
    }

    /// The one connection that writes, to a file of the newest schema.
    pub(crate) fn writer(&self, options: Options) -> Result<Connection, Error> {
        let file = &self.file;
        let failed = |doing| move |source| Error::from_sqlite(file, doing, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(failed("opening"))?;
        connection.busy_timeout(BUSY_WAIT).map_err(failed("opening"))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        schema::check(&connection, file)?;
        if connection.is_readonly("main").map_err(failed("opening"))? {
            let folder = file.parent().unwrap_or(file).to_owned();
            let cause = io::ErrorKind::PermissionDenied.into();
            return Err(Error::NotWritable { folder, cause });
        }
        // Pages that compaction frees go back to the system, a few at a time; only a file without
        // tables takes this. A file of schema 1 keeps its pages and fills them again.
        connection
            .pragma_update(None, "auto_vacuum", "INCREMENTAL")
            .map_err(failed("setting it up"))?;
        let offered: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .map_err(failed("setting it up"))?;
        if offered != "wal" {
            return Err(Error::NoWriteAheadLog { file: file.clone(), offered });
        }
        // FULL: a commit is one fsync of the log, and it is on disk when it returns.
        connection
            .execute_batch(
                "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON; \
                 PRAGMA cache_size = -2048; PRAGMA wal_autocheckpoint = 1000; \
                 PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY; \
                 PRAGMA trusted_schema = OFF;",
            )
            .map_err(failed("setting it up"))?;
        if let Some(pages) = options.pages_max {
            let set =
                connection
                    .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0));
            let _: i64 = set.map_err(failed("setting it up"))?;
        }
        schema::migrate(&connection, file)?;
        self.sync()?;
        Ok(connection)
    }

    /// Makes the file's name as durable as its content.
    fn sync(&self) -> Result<(), Error> {
        let folder = self.file.parent().unwrap_or(&self.file);
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|cause| Error::Io { path: folder.to_owned(), doing: "syncing", cause })
    }
}

/// A connection that only reads.
pub(crate) fn reader(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; \
         PRAGMA trusted_schema = OFF;",
    )?;
    Ok(connection)
}

fn create(folder: &Path) -> Result<(), Error> {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => return Err(Error::NotAFolder { folder: folder.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(Error::CannotCreate { folder: folder.to_owned(), cause }),
    }
    let created = fs::create_dir_all(folder).and_then(|()| match folder.parent() {
        Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
        _ => Ok(()),
    });
    created.map_err(|cause| Error::CannotCreate { folder: folder.to_owned(), cause })
}
