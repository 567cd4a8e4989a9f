//! Durable telegrams: appended first, published afterwards.
//!
//! In: telegrams and what drivers must remember, in batches. Out: the stored samples, the latest
//! values of each meter, a bus that tells what is on disk. One SQLite file in WAL mode with
//! `synchronous=FULL`, written by one thread of its own; a batch is acknowledged after the commit
//! that holds it and never before. Refuses: a second process on the same folder, a newer schema,
//! a file that is not ours. Knows no clock: every time is the caller's.

mod age;
mod append;
mod backup;
mod batch;
mod block;
mod board;
mod bytes;
mod clock;
mod column;
mod compact;
mod current;
mod dictionary;
mod encoding;
mod error;
mod folder;
mod health;
mod journal;
mod layout;
mod numbers;
mod page;
mod query;
mod queue;
mod read_only;
mod readers;
mod retention;
mod rollup;
mod rows;
mod samples;
mod schema;
mod seal;
mod sealed;
mod series;
mod statistics;
mod store;
mod stream;
mod summary;
mod upkeep;
mod values;
mod verify;
mod writer;

pub use batch::{Appended, BATCH_TELEGRAMS_MAX, Batch, Event, READINGS_MAX, Sample};
pub use board::{Latest, LatestList, Newest};
pub use current::Current;
pub use error::{Error, Refusal};
pub use health::Health;
pub use journal::{
    JOURNAL_CHANGES_MAX, JOURNAL_ENTRIES_MAX, JOURNAL_PAGE_MAX, JournalNotes, JournalOrder,
    JournalQuery, NotedEntry,
};
pub use query::{NUMBERS_MAX, Row, SAMPLES_MAX, SampleQuery};
pub use queue::{Pending, QUEUE_TELEGRAMS_MAX};
pub use read_only::ReadOnly;
pub use retention::Retention;
pub use series::{POINTS_MAX, RESOLUTIONS, Series, SeriesPoint, SeriesQuery, resolution};
pub use statistics::Statistics;
pub use store::{BUS_EVENTS_MAX, Options, Store};
pub use verify::{DAMAGES_MAX, Verification};
