//! A copy of the store while it is in use.
//!
//! In: the database file, a name. Out: a file with the same content at one moment, complete or not
//! there at all. Refuses: a name that is taken.

use crate::error::Error;
use crate::folder;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Copies the database.
pub(crate) fn backup(database: &Path, to: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(Error::BackupExists { file: to.to_owned() });
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let failed = |doing| {
        let path = partial.clone();
        move |cause: io::Error| Error::Io { path, doing, cause }
    };
    // Only an interrupted backup leaves such a file.
    match fs::remove_file(&partial) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            return Err(failed("replacing")(cause));
        }
        _ => {}
    }
    // SQLite would open a database where no folder is with an error that names nothing.
    File::create_new(&partial).map_err(failed("creating"))?;
    let copied = copy(database, &partial).and_then(|()| publish(&partial, to));
    if copied.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy(database: &Path, partial: &Path) -> Result<(), Error> {
    let failed = |source| Error::from_backup(partial, source);
    let connection = folder::reader(database)
        .map_err(|source| Error::from_sqlite(database, "opening", source))?;
    connection.execute_batch("PRAGMA query_only = OFF").map_err(failed)?;
    let name = partial.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [name.as_ref()]).map_err(failed)?;
    Ok(())
}

/// Makes the copy durable, then gives it its name, unless somebody else took it meanwhile.
fn publish(partial: &Path, to: &Path) -> Result<(), Error> {
    let failed = |doing| move |cause: io::Error| Error::Io { path: to.to_owned(), doing, cause };
    File::open(partial).and_then(|file| file.sync_all()).map_err(failed("syncing"))?;
    match fs::hard_link(partial, to) {
        Ok(()) => fs::remove_file(partial).map_err(failed("naming"))?,
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Error::BackupExists { file: to.to_owned() });
        }
        // Some file systems have no second names.
        Err(_) => fs::rename(partial, to).map_err(failed("naming"))?,
    }
    let folder = to.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("syncing"))
}
