//! A meter that answers only when asked: what to say next, from what was heard.
//!
//! Sans-IO like [`Driver`](crate::Driver): whoever owns the wire asks [`Dialogue::step`] what to do,
//! does it, and tells what came of it. Several meters may share a wire; their readings take turns
//! and never mix, because a reading is over only with [`Step::Done`].

use crate::Heard;
use reading::{Memory, Timestamp};
use std::time::Duration;
use wire::LineSettings;

/// Most steps of one reading: a dialogue that takes more goes round in circles and is ended by
/// whoever drives it.
pub const STEPS_MAX: usize = 20_000;

/// What a dialogue wants of the wire next.
#[derive(Debug)]
pub enum Step {
    /// Write these bytes, then ask again.
    Send(Vec<u8>),
    /// Set the line once what was sent has left it, then ask again. Other wires than serial ones
    /// have nothing to set.
    Line(LineSettings),
    /// Wait for bytes for at most this long; then [`Dialogue::receive`] or [`Dialogue::elapsed`] is
    /// called, and then this is asked again.
    Listen(Duration),
    /// Keep quiet for this long, then ask again.
    Pause(Duration),
    /// Write this to the disk, then ask again: what must not be forgotten once the meter has seen
    /// it. Where that fails the reading is over, and [`Dialogue::disconnected`] is called.
    Remember(Memory),
    /// The reading is over; [`Dialogue::begin`] starts the next one.
    Done(Answer),
}

/// What a reading brought.
#[derive(Debug, Default)]
pub struct Answer {
    /// What may be used, and what must be remembered.
    pub heard: Heard,
    /// What failed. Values that came before the failure are in `heard` all the same.
    pub fault: Option<Fault>,
}

/// Why a reading failed, and what that means for the next one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Fault {
    /// What to do about it.
    pub class: FaultClass,
    /// A stable word, for counters.
    pub code: &'static str,
    /// One English sentence with the particulars: what, where, what to do.
    pub detail: String,
    /// Whether the wire may be used on. After a lost answer on TCP it may not: the answer can
    /// still come, and would be taken for that to the next question.
    pub keep_link: bool,
}

/// What a fault means for the next reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultClass {
    /// Asking again cannot help, and may lock the meter: a refused password, say.
    Config,
    /// The meter did not answer, or not in time.
    Transient,
    /// The meter answered that it does not want to.
    Device,
    /// What came was damaged.
    Corrupt,
}

/// What the bytes of a dialogue are, for whoever shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Link frames of wired M-Bus.
    Mbus,
    /// HDLC frames.
    Hdlc,
    /// APDUs behind the TCP wrapper.
    Wrapper,
    /// The characters of IEC 62056-21.
    Iec62056_21,
}

/// A meter's protocol, for a meter that must be asked.
pub trait Dialogue: Send {
    /// What is spoken now: the sign-on of an optical port may lead to HDLC.
    fn dialect(&self) -> Dialect;
    /// Starts one reading.
    fn begin(&mut self, now: Timestamp);
    /// What to do next. Never blocks, and ends in [`Step::Done`] within [`STEPS_MAX`] steps.
    fn step(&mut self, now: Timestamp) -> Step;
    /// Takes bytes that arrived at `at`, in any chunking.
    fn receive(&mut self, at: Timestamp, bytes: &[u8]);
    /// What was listened for did not come.
    fn elapsed(&mut self, at: Timestamp);
    /// The wire was lost in the middle of a reading: what is half received never becomes whole.
    fn disconnected(&mut self, at: Timestamp);
}
