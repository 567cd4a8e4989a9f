//! What can go wrong, where, and what to do about it.

use rusqlite::ErrorCode;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why the store cannot be opened, read or written.
///
/// Each sentence is whole: the cause stands in it, and is no `source` that a report would append
/// once more.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured folder is a file.
    #[error(
        "{} is not a folder: move that file away, or name another folder for the store",
        folder.display()
    )]
    NotAFolder {
        /// The configured folder.
        folder: PathBuf,
    },
    /// The folder does not exist and cannot be made.
    #[error(
        "the store's folder {} cannot be created ({cause}): create it for this user, or name \
         another folder",
        folder.display()
    )]
    CannotCreate {
        /// The configured folder.
        folder: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// The folder, or the database file in it, is read-only for this user.
    #[error(
        "the store in {} cannot be written ({cause}): give this user write permission on the \
         folder and every file in it, or name another folder",
        folder.display()
    )]
    NotWritable {
        /// The configured folder.
        folder: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// Another process holds the lock.
    #[error(
        "another triphase{} uses the store in {}: stop that one first, or name another folder",
        process.map_or_else(String::new, |process| format!(" (process {process})")),
        folder.display()
    )]
    InUse {
        /// The configured folder.
        folder: PathBuf,
        /// The other process, where it left its number.
        process: Option<u32>,
    },
    /// A database of another program.
    #[error(
        "{} is a database of another program (application id {application_id:#010x}): move it \
         away, or name another folder for the store",
        file.display()
    )]
    Foreign {
        /// The database file.
        file: PathBuf,
        /// What the file says it is; 0 for nothing.
        application_id: i32,
    },
    /// A store written by a newer program.
    #[error(
        "{} has schema {found}, and this triphase knows schemas up to {known}: install the newer \
         triphase again, or name another folder for the store",
        file.display()
    )]
    NewerSchema {
        /// The database file.
        file: PathBuf,
        /// The file's schema.
        found: u32,
        /// The newest schema of this program.
        known: u32,
    },
    /// A store of an older program, to be read only.
    #[error(
        "{} has the older schema {found}: start `triphase run` with it once, which brings it up to \
         date",
        file.display()
    )]
    OlderSchema {
        /// The database file.
        file: PathBuf,
        /// The file's schema; 0 when it is empty.
        found: u32,
    },
    /// Nothing to read.
    #[error("there is no store in {}: name the folder that `[store] path` names", path.display())]
    NoStore {
        /// What was named.
        path: PathBuf,
    },
    /// The name of a backup is taken.
    #[error("{} exists already: name another file, or move that one away", file.display())]
    BackupExists {
        /// The named file.
        file: PathBuf,
    },
    /// The file is no database any more, or its pages contradict each other.
    #[error(
        "{} is damaged ({cause}): move it and its -wal file away to keep them for recovery \
         (sqlite3 FILE .recover), then start again or put a backup in their place",
        file.display()
    )]
    Damaged {
        /// The database file.
        file: PathBuf,
        /// SQLite's answer.
        cause: rusqlite::Error,
    },
    /// No room, or the configured limit is reached.
    #[error(
        "there is no room left to write {} ({cause}): free space on that disk; readings that \
         wait are written as soon as there is room",
        file.display()
    )]
    DiskFull {
        /// The database file.
        file: PathBuf,
        /// SQLite's answer.
        cause: rusqlite::Error,
    },
    /// The folder's file system cannot hold a write-ahead log.
    #[error(
        "the file system of {} does not support a write-ahead log (SQLite offers \"{offered}\"): \
         put the store on a local disk",
        file.display()
    )]
    NoWriteAheadLog {
        /// The database file.
        file: PathBuf,
        /// The journal mode that SQLite offers instead.
        offered: String,
    },
    /// Anything else that SQLite answers.
    #[error("{} failed while {doing}: {cause}", file.display())]
    Sqlite {
        /// The database file.
        file: PathBuf,
        /// What was attempted.
        doing: &'static str,
        /// SQLite's answer.
        cause: rusqlite::Error,
    },
    /// Anything else that the operating system answers.
    #[error("{doing} {} failed ({cause})", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted.
        doing: &'static str,
        /// The system's answer.
        cause: io::Error,
    },
    /// The operating system has no thread for the writer.
    #[error("the store's thread cannot be started ({cause}): free memory or raise the limit")]
    NoThread {
        /// The system's answer.
        cause: io::Error,
    },
    /// The batch can never be stored; other batches can.
    #[error("the batch cannot be stored: {0}")]
    Refused(#[from] Refusal),
    /// The store was closed before the batch was accepted, or its thread ended.
    #[error("the store is closed: the batch was not stored")]
    Closed,
    /// The store was closed while the disk refused to take what waited.
    #[error("the store was closed while it could not be written; the batch is lost: {cause}")]
    NotWritten {
        /// Why the last attempt failed.
        cause: Arc<Self>,
    },
    /// The query's answer would be too long.
    #[error("more than {rows_max} samples lie in the asked range: ask for a shorter one")]
    TooManyRows {
        /// Longest answer.
        rows_max: usize,
    },
    /// A block of sealed samples does not follow the schema.
    #[error("block {id} of samples cannot be read ({defect}): the file was changed or is damaged")]
    Block {
        /// The block.
        id: i64,
        /// What is wrong with it.
        defect: &'static str,
    },
    /// What is left of a day does not follow the schema.
    #[error(
        "the summary of day {day} since 1970 cannot be read ({defect}): the file was changed or \
         is damaged"
    )]
    Rollup {
        /// The day, counted since 1970.
        day: i64,
        /// What is wrong with it.
        defect: &'static str,
    },
    /// An entry of the journal that this program does not understand.
    #[error(
        "entry {id} of the journal cannot be read ({defect}): a newer triphase wrote it, or the file is damaged"
    )]
    JournalEntry {
        /// The entry.
        id: i64,
        /// What is wrong with it.
        defect: &'static str,
    },
    /// A stored row does not follow the schema.
    #[error("sample {id} cannot be read ({defect}): the file was changed or is damaged")]
    Row {
        /// The sample.
        id: u64,
        /// What is wrong with it.
        defect: &'static str,
    },
}

/// Why a batch can never be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many telegrams at once.
    #[error("{telegrams} telegrams in one batch, at most {max}")]
    BatchTooLong {
        /// How many there are.
        telegrams: usize,
        /// How many may be.
        max: usize,
    },
    /// Too many values in one telegram.
    #[error("{readings} readings in one telegram, at most {max}")]
    TelegramTooLong {
        /// How many there are.
        readings: usize,
        /// How many may be.
        max: usize,
    },
    /// Too many different registers, lists or meters for one store.
    #[error("the store knows {max} different {what} already, which is its limit")]
    DictionaryFull {
        /// What there are too many of.
        what: &'static str,
        /// How many may be.
        max: usize,
    },
}

impl Error {
    /// SQLite's answer while copying into `file`.
    pub(crate) fn from_backup(file: &std::path::Path, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                let cause = io::Error::new(io::ErrorKind::StorageFull, source);
                Self::Io { path: file.to_owned(), doing: "writing", cause }
            }
            _ => Self::Sqlite { file: file.to_owned(), doing: "copying", cause: source },
        }
    }

    /// SQLite's answer about `file`, told by its cause.
    pub(crate) fn from_sqlite(
        file: &std::path::Path,
        doing: &'static str,
        source: rusqlite::Error,
    ) -> Self {
        let file = file.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { file, cause: source }
            }
            Some(ErrorCode::DiskFull) => Self::DiskFull { file, cause: source },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                let folder = file.parent().unwrap_or(&file).to_owned();
                let cause = io::Error::new(io::ErrorKind::PermissionDenied, source);
                Self::NotWritable { folder, cause }
            }
            _ => Self::Sqlite { file, doing, cause: source },
        }
    }
}
