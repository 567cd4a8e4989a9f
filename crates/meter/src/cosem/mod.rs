//! Meters that are asked over DLMS/COSEM: the client's knowledge, from sign-on to telegrams.
//!
//! In: what the wire brings. Out: steps for whoever owns it, telegrams at the end of each reading.
//! It reads only: no SET, no ACTION but the answer to the meter's challenge. A password that was
//! refused is never shown again until the configuration changes, restarts included.
//!
//! # Source
//! IEC 62056-5-3, -46, -47, -21 annex E, -6-2 (Green Book, Blue Book).

mod carrier;
mod cipher;
mod dialogue;
mod events;
mod fault;
mod knowledge;
mod memory;
mod objects;
mod options;
mod plan;
mod profile;
mod question;
mod register;
mod session;
mod sign_on;
mod state;
mod telegram;

pub use dialogue::CosemDialogue;
pub use options::{
    BACKFILL_DEFAULT, CLIENT_PUBLIC, Carriage, CosemOptions, OBJECTS_MAX, PROFILES_MAX, Proof,
};
