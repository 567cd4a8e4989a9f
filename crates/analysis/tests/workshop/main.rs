//! Claims over whole simulated days: the doctor finds what was wired wrongly and nothing else, and
//! a machine's states are those that it had.

mod doctor;
mod plant;
mod single;
mod spots;
mod states;
