//! The router against a real store in a temporary folder.

mod access;
mod bench;
mod chapter25;
mod door;
mod doubt;
mod energy;
mod frames;
mod intake;
mod kept;
mod live;
mod missing;
mod series;
mod v1;
