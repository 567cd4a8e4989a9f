//! Every question about what is stored, answered from the file alone.
//!
//! In: a folder, which need not be locked and may be in use, or the file of a backup. Out:
//! samples, numbers, series, meters, statistics. Nothing is written. Blocking.

use crate::backup;
use crate::batch::Sample;
use crate::dictionary;
use crate::error::Error;
use crate::folder;
use crate::journal::{self, JournalQuery, NotedEntry};
use crate::numbers;
use crate::query::{self, Failure, Row, SampleQuery};
use crate::readers::Readers;
use crate::samples;
use crate::series::{self, Series, SeriesQuery};
use crate::statistics::{self, Statistics};
use crate::verify::{self, Verification};
use reading::{ListId, Memory, MeterId, Quantity, Timestamp};
use rusqlite::Connection;
use std::path::Path;

/// A store that is only read, beside the process that writes it or without one.
#[derive(Debug)]
pub struct ReadOnly {
    readers: Readers,
}

impl ReadOnly {
    /// Opens the store in a folder, or the file of a backup, without taking its lock.
    ///
    /// # Errors
    /// No store there; a file that is damaged, newer or older than this program, or not ours.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = folder::database(path)?;
        let read_only = Self { readers: Readers::new(file.clone()) };
        let check = |connection: &Connection| {
            crate::schema::check_current(connection, &file).map_err(Failure::Other)
        };
        read_only.readers.read("opening", check)?;
        Ok(read_only)
    }

    /// The questions of a store whose file is open already.
    pub(crate) fn of(readers: Readers) -> Self {
        Self { readers }
    }

    /// The database file.
    pub(crate) fn file(&self) -> &Path {
        self.readers.file()
    }

    /// The meters of which something was ever stored, in the order of their names.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn meters(&self) -> Result<Vec<MeterId>, Error> {
        let mut meters: Vec<MeterId> = self.lists()?.into_iter().map(|(meter, _)| meter).collect();
        meters.dedup();
        Ok(meters)
    }

    /// The meters with each of their lists, in the order of their names.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn lists(&self) -> Result<Vec<(MeterId, ListId)>, Error> {
        let lists = |connection: &Connection| Ok(dictionary::lists(connection)?);
        let lists = self.readers.read("reading the meters", lists)?.into_iter();
        let mut lists: Vec<_> = lists.map(|(_, meter, list)| (meter, list)).collect();
        lists.sort();
        Ok(lists)
    }

    /// See [`Store::samples`](crate::Store::samples).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn samples(&self, query: &SampleQuery) -> Result<Vec<Sample>, Error> {
        let samples = |connection: &Connection| samples::samples(connection, query);
        self.readers.read("reading samples", samples)
    }

    /// See [`Store::samples_after`](crate::Store::samples_after).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn samples_after(&self, id: u64, limit: usize) -> Result<Vec<Sample>, Error> {
        let samples = |connection: &Connection| samples::samples_after(connection, id, limit);
        self.readers.read("reading samples", samples)
    }

    /// See [`Store::numbers`](crate::Store::numbers).
    ///
    /// # Errors
    /// A range with more than [`NUMBERS_MAX`](crate::NUMBERS_MAX) samples; a file that cannot be
    /// read.
    pub fn numbers(
        &self,
        meter: &MeterId,
        (from, to): (Timestamp, Timestamp),
        quantities: &[Quantity],
    ) -> Result<Vec<Row>, Error> {
        let numbers =
            |connection: &Connection| numbers::numbers(connection, meter, (from, to), quantities);
        self.readers.read("reading numbers", numbers)
    }

    /// See [`Store::series`](crate::Store::series).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn series(&self, query: &SeriesQuery) -> Result<Series, Error> {
        let series = |connection: &Connection| series::series(connection, query);
        self.readers.read("reading a series", series)
    }

    /// See [`Store::recall`](crate::Store::recall).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn recall(&self, prefix: &str) -> Result<Vec<Memory>, Error> {
        let recall =
            |connection: &Connection| query::recall(connection, prefix).map_err(Failure::Sqlite);
        self.readers.read("reading what drivers remember", recall)
    }

    /// See [`Store::journal`](crate::Store::journal).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn journal(&self, query: &JournalQuery) -> Result<Vec<NotedEntry>, Error> {
        self.readers.read("reading the journal", |connection| journal::entries(connection, query))
    }

    /// See [`Store::journal_breaks`](crate::Store::journal_breaks).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn journal_breaks(
        &self,
        meter: &MeterId,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Timestamp>, Error> {
        let breaks = |connection: &Connection| {
            journal::breaks(connection, meter, range).map_err(Failure::Sqlite)
        };
        self.readers.read("reading the journal", breaks)
    }

    /// See [`Store::journal_state`](crate::Store::journal_state).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn journal_state(&self, name: &str) -> Result<Option<String>, Error> {
        let state =
            |connection: &Connection| journal::state(connection, name).map_err(Failure::Sqlite);
        self.readers.read("reading what the journal remembers", state)
    }

    /// See [`Store::extent`](crate::Store::extent).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn extent(&self, meter: &MeterId) -> Result<Option<(Timestamp, Timestamp)>, Error> {
        let extent = |connection: &Connection| statistics::extent(connection, meter);
        self.readers.read("reading what is kept", extent)
    }

    /// See [`Store::statistics`](crate::Store::statistics).
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn statistics(&self) -> Result<Statistics, Error> {
        self.readers.read("counting what is kept", statistics::statistics)
    }

    /// Reads everything and compares what belongs together.
    ///
    /// # Errors
    /// A file that cannot be read at all; damage that was found is part of the answer.
    pub fn verify(&self) -> Result<Verification, Error> {
        self.readers.read("verifying", verify::verify)
    }

    /// Copies the store, as it is at this moment, into a file of its own, which must not exist.
    ///
    /// The copy has no free pages, is on disk when this returns, and opens as a store.
    ///
    /// # Errors
    /// A file that exists, a folder that cannot be written, no room.
    pub fn backup(&self, to: &Path) -> Result<(), Error> {
        backup::backup(self.readers.file(), to)
    }
}
