//! The store itself: opening, appending, asking, closing.

use crate::batch::{Appended, Batch, Event, Sample};
use crate::board::{self, Board, Latest};
use crate::current::Current;
use crate::dictionary::Dictionary;
use crate::error::Error;
use crate::folder::Folder;
use crate::health::{Health, Pulse};
use crate::journal::{JournalQuery, NotedEntry};
use crate::query::{self, Row, SampleQuery};
use crate::queue::{Pending, QUEUE_TELEGRAMS_MAX, Queue};
use crate::read_only::ReadOnly;
use crate::readers::Readers;
use crate::retention::Retention;
use crate::samples;
use crate::sealed::Sealed;
use crate::series::{Series, SeriesQuery};
use crate::statistics::Statistics;
use crate::upkeep::Upkeep;
use crate::writer::{Closing, Shared, Writer};
use reading::{Link, Memory, MeterId, Quantity, Timestamp};
use rusqlite::Connection;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use tokio::sync::{broadcast, watch};

/// Events that the bus holds for its slowest subscriber.
pub const BUS_EVENTS_MAX: usize = 1024;

/// How a store is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Largest size of the database file, in pages of 4096 bytes; `None`: as large as the disk.
    pub pages_max: Option<u32>,
    /// How long what is kept.
    pub retention: Retention,
}

/// An open store. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    queue: Queue,
    reads: ReadOnly,
    links: Mutex<HashMap<MeterId, Link>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store in a folder, which is created if need be; what a killed process left is
    /// recovered. Blocking.
    ///
    /// # Errors
    /// A folder that cannot be used, another process in it, a file that is damaged, newer than
    /// this program, or not ours. Each says what to do.
    pub fn open(folder: &Path, options: Options) -> Result<Self, Error> {
        let folder = Folder::lock(folder)?;
        let connection = folder.writer(options)?;
        let failed = |source| Error::from_sqlite(&folder.file, "reading", source);
        let dictionary = Dictionary::load(&connection).map_err(failed)?;
        let last_id = query::last_id(&connection).map_err(failed)?;
        let board = rebuilt_board(&connection).map_err(failed)?;
        let shared = Arc::new(Shared {
            pulse: Pulse::new(board.arrived()),
            board: RwLock::new(board),
            last_id: AtomicU64::new(last_id),
            bus: broadcast::Sender::new(BUS_EVENTS_MAX),
            closing: Closing::default(),
            at_rest: watch::Sender::new(false),
        });
        let upkeep = Upkeep::load(&connection, options.retention).map_err(failed)?;
        let (queue, jobs) = Queue::new();
        let reads = ReadOnly::of(Readers::new(folder.file.clone()));
        let writer = Writer {
            jobs,
            connection,
            dictionary: Some(dictionary),
            sealed: Sealed::default(),
            upkeep,
            shared: Arc::clone(&shared),
            folder,
        };
        let thread = std::thread::Builder::new().name("store".to_owned());
        let thread = thread.spawn(move || writer.run());
        let thread = Mutex::new(Some(thread.map_err(|cause| Error::NoThread { cause })?));
        let links = Mutex::default();
        Ok(Self { inner: Arc::new(Inner { shared, queue, reads, links, thread }) })
    }

    /// Appends a batch; returns when it is on disk.
    ///
    /// **Shape** one answer for each telegram, in their order. While the disk refuses, this waits.
    ///
    /// # Errors
    /// A batch that can never be stored; a closed store.
    pub async fn append(&self, batch: Batch) -> Result<Vec<Appended>, Error> {
        self.enqueue(batch).await?.await
    }

    /// Puts a batch into the queue; returns when there is room for it, and what it returns resolves
    /// when the batch is on disk. For callers that must go on reading while the disk refuses.
    ///
    /// # Errors
    /// A batch that is too long; a closed store.
    pub async fn enqueue(&self, batch: Batch) -> Result<Pending, Error> {
        self.inner.queue.put(batch).await
    }

    /// The events from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.inner.shared.bus.subscribe()
    }

    /// The newest values of a meter; `None` before its first telegram.
    #[must_use]
    pub fn latest(&self, meter: &MeterId) -> Option<Arc<Latest>> {
        let board = self.inner.shared.board.read().expect("no writer of the board panics");
        board.latest(meter).map(Arc::new)
    }

    /// The last measurement of a meter: the values that together tell about now, or the one that
    /// was posted last.
    #[must_use]
    pub fn measurement(&self, meter: &MeterId) -> Option<Current> {
        let board = self.inner.shared.board.read().expect("no writer of the board panics");
        board.current(meter)
    }

    /// The samples of a meter, in the order of their ids. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn samples(&self, query: &SampleQuery) -> Result<Vec<Sample>, Error> {
        self.inner.reads.samples(query)
    }

    /// The samples of all meters after an id, at most `limit` and never more than
    /// [`SAMPLES_MAX`](crate::SAMPLES_MAX). Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn samples_after(&self, id: u64, limit: usize) -> Result<Vec<Sample>, Error> {
        self.inner.reads.samples_after(id, limit)
    }

    /// The numbers of some quantities, each asked once, in every sample of a meter that was
    /// measured at `from` or later and before `to`; in the order of time. Blocking.
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
        self.inner.reads.numbers(meter, (from, to), quantities)
    }

    /// A quantity over time, thinned to what a chart can show. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn series(&self, query: &SeriesQuery) -> Result<Series, Error> {
        self.inner.reads.series(query)
    }

    /// The journal of a meter, in the order in which it was noted. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn journal(&self, query: &JournalQuery) -> Result<Vec<NotedEntry>, Error> {
        self.inner.reads.journal(query)
    }

    /// When, at the begin of a range or later and before its end, a meter or a ratio of its
    /// transformers was exchanged, in the order of time: no difference of a counter reaches over
    /// these instants. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn journal_breaks(
        &self,
        meter: &MeterId,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Timestamp>, Error> {
        self.inner.reads.journal_breaks(meter, range)
    }

    /// What was remembered under a name when the journal was last written. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn journal_state(&self, name: &str) -> Result<Option<String>, Error> {
        self.inner.reads.journal_state(name)
    }

    /// When the oldest and the newest measurement of a meter that are kept were made; `None` before
    /// its first telegram. Where only summaries are left, the begin and the end of their day.
    /// Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn extent(&self, meter: &MeterId) -> Result<Option<(Timestamp, Timestamp)>, Error> {
        self.inner.reads.extent(meter)
    }

    /// How much is stored, since when, and in which form. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn statistics(&self) -> Result<Statistics, Error> {
        self.inner.reads.statistics()
    }

    /// Size of the database file, without its log. **Unit** bytes; `None` when it is gone.
    #[must_use]
    pub fn file_bytes(&self) -> Option<u64> {
        std::fs::metadata(self.inner.reads.file()).ok().map(|metadata| metadata.len())
    }

    /// Room on the disk of the file for its user. **Unit** bytes; `None` where the system does not
    /// tell.
    #[must_use]
    pub fn disk_free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(self.inner.reads.file()).ok()?;
        disk.f_bavail.checked_mul(disk.f_frsize)
    }

    /// Every question about what is stored; see also [`ReadOnly::verify`] and
    /// [`ReadOnly::backup`].
    #[must_use]
    pub fn reads(&self) -> &ReadOnly {
        &self.inner.reads
    }

    /// The id of the newest sample on disk; 0 before the first. It never falls, and no id is ever
    /// given twice.
    #[must_use]
    pub fn last_id(&self) -> u64 {
        self.inner.shared.last_id.load(Ordering::Acquire)
    }

    /// What drivers remember under keys that begin with `prefix`. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn recall(&self, prefix: &str) -> Result<Vec<Memory>, Error> {
        self.inner.reads.recall(prefix)
    }

    /// Notes the state of a meter's link, and tells the bus.
    pub fn set_link(&self, meter: &MeterId, link: Link) {
        let mut links = self.inner.links.lock().expect("no holder of this lock panics");
        links.insert(meter.clone(), link.clone());
        // Told under the lock, so that the bus and the board agree on which came last.
        let _ = self.inner.shared.bus.send(Event::Link { meter: meter.clone(), link });
    }

    /// The state of a meter's link; `None` when nobody noted one since the start.
    #[must_use]
    pub fn link(&self, meter: &MeterId) -> Option<Link> {
        let links = self.inner.links.lock().expect("no holder of this lock panics");
        links.get(meter).cloned()
    }

    /// How the store is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.inner.shared.pulse.health(self.inner.queue.length(), QUEUE_TELEGRAMS_MAX)
    }

    /// Whether the store can be written, and every change of that.
    #[must_use]
    pub fn writable(&self) -> watch::Receiver<bool> {
        self.inner.shared.pulse.writable()
    }

    /// Waits until everything that was appended before is written, and sealed, compacted or given
    /// up as far as its age asks for. The service never needs to; an import that reports the size
    /// of its result does, and whoever measures.
    ///
    /// # Errors
    /// A closed store.
    pub async fn at_rest(&self) -> Result<(), Error> {
        let mut at_rest = self.inner.shared.at_rest.subscribe();
        // Behind this batch nothing older waits, and it makes the thread look at every age.
        self.append(Batch::default()).await?;
        at_rest.wait_for(|at_rest| *at_rest).await.map(|_| ()).map_err(|_| Error::Closed)
    }

    /// Accepts nothing more, writes what waits, folds the log into the file. Blocking.
    ///
    /// If the disk refuses, one last attempt is made; then those who wait are told.
    pub fn close(self) {
        self.inner.close();
    }
}

impl Inner {
    fn close(&self) {
        self.queue.close();
        self.shared.closing.begin();
        let thread = self.thread.lock().expect("no holder of this lock panics").take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread had ended before its time");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// The latest values as the file tells them.
fn rebuilt_board(connection: &Connection) -> rusqlite::Result<Board> {
    let depth = (board::LOOK_BACK_PER_LIST, board::LOOK_BACK_ALL);
    let mut board = Board::default();
    for sample in samples::look_back(connection, depth.0, depth.1)? {
        board.take(&Arc::new(sample));
    }
    Ok(board)
}
