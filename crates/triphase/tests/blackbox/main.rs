//! The binary as its users meet it: started as a process, asked over HTTP, killed.

// A test from outside lives by the wall clock.
#![allow(clippy::disallowed_methods, clippy::panic)]

mod access;
mod broker;
mod calculator;
mod chapter25;
mod command_line;
mod cosem;
mod crash;
mod csv;
mod doctor;
mod feed;
mod frames;
mod hostile;
mod mbus;
mod modbus;
mod mqtt;
mod process;
mod readable;
mod resilience;
mod simulated;
mod supervised;
mod wires;
