//! Faults of a reading, each with its class, its word and its sentence.

use crate::{Fault, FaultClass};

/// A fault after which the wire may be used on.
pub(super) fn kept(class: FaultClass, code: &'static str, detail: impl Into<String>) -> Fault {
    Fault { class, code, detail: detail.into(), keep_link: true }
}

/// A fault after which something may still come that belongs to this reading.
pub(super) fn stale(class: FaultClass, code: &'static str, detail: impl Into<String>) -> Fault {
    Fault { class, code, detail: detail.into(), keep_link: false }
}

/// The meter stayed silent.
pub(super) fn silent(what: &str) -> Fault {
    stale(FaultClass::Transient, "no_answer", format!("no answer to {what}"))
}
