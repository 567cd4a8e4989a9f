//! Outlets: what others hold on to. HTTP with its live stream and the page's files, and MQTT.
//!
//! In: the store, the site's facts, the clock. Out: chapter 25's routes, `/api/v1`, the page,
//! health and metrics. Sources: RFC 9110 (HTTP), RFC 9457 (problems), WHATWG HTML 9.2
//! (server-sent events), specification chapter 25. Refuses: requests for another host, from pages of
//! another origin, and without the token that they need. Only this crate and the configuration know
//! serialisation.

mod counters;
mod doctor;
pub mod feed;
pub mod figures;
mod frames;
mod hour;
pub mod http;
mod json;
mod last;
mod lookup;
pub mod mqtt;
mod reach;
mod site;

pub use analysis::VoltageKind;
pub use analysis::loads::MachineSettings;
pub use counters::{Count, Counters, MeterCounters};
pub use doctor::{Diagnosis, diagnose};
pub use frames::{
    Capture, CaptureFault, Decode, Dialect, Direction, Explain, Explained, ExplainedDefect,
    ExplainedStep, ExplainedValue, Frame, Frames, Kept, MESSAGES_KEPT_MAX, Message, OwnKey,
    Protection, TELEGRAM_BYTES_MAX,
};
pub use http::Unrest;
pub use site::{Clock, MeterInfo, Outlet, Plate, Role, Site, Way};
