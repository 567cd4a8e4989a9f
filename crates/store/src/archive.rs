//! A store that is only read, also while another process writes it.
//!
//! In: a folder. Out: the same answers that an open store gives, from what is on disk. No lock is
//! taken and nothing is written. Refuses: a folder without a store, a file that is not ours, one
//! of an older schema, which only the service may migrate.

use crate::batch::Sample;
use crate::error::Error;
use crate::folder;
use crate::query::SampleQuery;
use crate::readers::Readers;
use crate::samples;
use crate::schema;
use crate::series::{self, Series, SeriesQuery};
use rusqlite::Connection;
use std::path::Path;

/// A store opened for reading.
#[derive(Debug)]
pub struct Archive {
    readers: Readers,
}

impl Archive {
    /// Opens the store in a folder for reading. Blocking.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is of another program or schema.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let file = folder.join(folder::DATABASE);
        if let Err(cause) = std::fs::File::open(&file) {
            return Err(Error::Io { path: file, doing: "opening", cause });
        }
        let connection = folder::reader(&file);
        let connection = connection.map_err(|e| Error::from_sqlite(&file, "opening", e))?;
        schema::check_newest(&connection, &file)?;
        Ok(Self { readers: Readers::new(file) })
    }

    /// As [`Store::samples`](crate::Store::samples).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn samples(&self, query: &SampleQuery) -> Result<Vec<Sample>, Error> {
        let samples = |connection: &Connection| samples::samples(connection, query);
        self.readers.read("reading samples", samples)
    }

    /// As [`Store::series`](crate::Store::series).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn series(&self, query: &SeriesQuery) -> Result<Series, Error> {
        let series = |connection: &Connection| series::series(connection, query);
        self.readers.read("reading a series", series)
    }
}
