//! The binary as its users meet it: started as a process, asked over HTTP, killed.

mod chapter25;
mod command_line;
mod crash;
mod process;
mod wires;
