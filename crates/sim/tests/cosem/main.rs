//! Our DLMS/COSEM client and our simulated meter, on a good line and on bad ones.

#![allow(clippy::panic)] // Helpers of tests fail as tests do.

mod line;
mod profile;
mod reading;
mod resilience;
mod security;
