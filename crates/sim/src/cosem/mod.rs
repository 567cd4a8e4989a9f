//! A simulated Landis+Gyr E450 that answers DLMS/COSEM clients.
//!
//! In: bytes of a client, in HDLC, after a mode E sign-on, or in the TCP wrapper: the first byte
//! tells. Out: the answer. A public client (16) sees what identifies the meter; whoever proves
//! itself as the meter demands sees everything. Nothing can be written.

mod meter;
mod objects;
mod profile;
mod server;
mod service;

pub use meter::{Access, CosemMeter, CosemSettings};
pub use server::CosemServer;
