//! The one place of this crate where time comes from.

use reading::Timestamp;
use std::time::SystemTime;

/// The wall clock now.
#[allow(clippy::disallowed_methods)] // The clock of the house.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
