//! Wired M-Bus: what slaves say as readings of the catalogue, and the dialogue that asks them.
//!
//! In: answers of a slave (EN 13757-3). Out: readings, and for everything that is missing the
//! reason. What a record means beyond the standard is the knowledge of its maker: the sub-units and
//! phases of known electricity meters are rows of a table.

mod answer;
mod dialogue;
mod mapping;
mod mapping_table;
mod request;

pub use answer::{Ear, Event};
pub use dialogue::{MbusDialogue, MbusOptions};
pub use mapping::{Mapped, map, map_fixed};
pub use request::{BAUDS, NETWORK, Selection, asks_for_data, initialise, request};
