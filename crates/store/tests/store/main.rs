//! The store as its users see it: what is acknowledged stays, whatever happens.

mod append;
mod blocks;
mod disk_full;
mod journal;
mod keeping;
mod kill;
mod latest;
mod queries;
mod refusals;
mod telegrams;
mod unchanged;
mod versions;
