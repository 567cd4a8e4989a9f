//! A few read-only connections, shared by whoever asks.
//!
//! In: a query. Out: its answer, from one state of the file. Readers see what was committed when
//! they began and never hold up the writer. Blocking: callers are not on an async thread.

use crate::error::Error;
use crate::folder;
use crate::query::Failure;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex};

/// Most connections; further readers wait for one.
const READERS_MAX: usize = 4;

/// The connections.
#[derive(Debug)]
pub(crate) struct Readers {
    file: PathBuf,
    idle: Mutex<Idle>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Idle {
    connections: Vec<Connection>,
    lent: usize,
}

impl Readers {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::default(), returned: Condvar::new() }
    }

    pub(crate) fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// Runs a query on a connection of its own.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        query: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let mut lease = self.lend();
        let answer = lease.read(query);
        answer.map_err(|failure| match failure {
            Failure::Sqlite(source) => {
                // Whatever ails the connection goes with it.
                lease.connection = None;
                Error::from_sqlite(&self.file, doing, source)
            }
            Failure::Other(error) => error,
        })
    }

    fn lend(&self) -> Lease<'_> {
        let idle = self.idle.lock().expect("no holder of this lock panics");
        let all_lent = |idle: &mut Idle| idle.lent == READERS_MAX;
        let waited = self.returned.wait_while(idle, all_lent);
        let mut idle = waited.expect("no holder of this lock panics");
        idle.lent += 1;
        Lease { readers: self, connection: idle.connections.pop() }
    }
}

/// A connection until it is given back, also when a query panics.
struct Lease<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Lease<'_> {
    fn read<T>(
        &mut self,
        query: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(folder::reader(&self.readers.file)?),
        };
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        query(&transaction)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut idle = self.readers.idle.lock().expect("no holder of this lock panics");
        idle.lent -= 1;
        idle.connections.extend(self.connection.take());
        drop(idle);
        self.readers.returned.notify_one();
    }
}
