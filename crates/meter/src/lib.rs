//! What each meter model sends: frames to telegrams.
//!
//! In: bytes of a wire, with their arrival. Out: telegrams of exact values, and for everything
//! that was refused the reason and where it showed. Knowledge about models lives in [`mod@models`],
//! decoding of pushed DLMS in [`push`]; a [`driver::Driver`] joins the two for a live wire.

pub mod driver;
pub mod models;
pub mod push;

pub use driver::{Driver, DriverOptions, Heard, Request};
pub use models::{Model, Profile, model, models, profile, profiles};
