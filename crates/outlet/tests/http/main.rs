//! The router against a real store in a temporary folder.

// Helpers of tests may give up, too.
#![allow(clippy::panic)]

mod access;
mod bench;
mod chapter25;
mod door;
mod doubt;
mod energy;
mod frames;
mod intake;
mod journal;
mod kept;
mod live;
mod loads;
mod missing;
mod openapi;
mod production;
mod series;
mod v1;
