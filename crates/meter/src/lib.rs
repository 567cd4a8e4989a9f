//! What each meter model sends: frames to telegrams.
//!
//! In: bytes of a wire, with their arrival. Out: telegrams of exact values, and for everything
//! that was refused the reason and where it showed. Knowledge about models lives in [`mod@models`],
//! register maps in [`modbus`], decoding of pushed DLMS in [`push`], of readable read-outs in
//! [`readout`]; a [`driver::Driver`] joins the two for a live wire, a
//! [`dialogue::Dialogue`] reads a meter that answers only when asked.

pub mod correction;
pub mod cosem;
pub mod dialogue;
pub mod doubt;
pub mod driver;
pub mod mbus;
pub mod modbus;
pub mod models;
pub mod push;
pub mod readout;

pub use correction::Correction;
pub use dialogue::{Answer, Dialect, Dialogue, Fault, FaultClass, STEPS_MAX, Step};
pub use doubt::Doubt;
pub use driver::{Driver, DriverOptions, Heard, Reader};
pub use models::{Model, Profile, Protocol, model, models, profile, profiles};
