//! What one reading is at: what is awaited, what is still to be done, what was collected.

use super::cipher::Cipher;
use super::plan::{Collected, Plan};
use super::question::{Given, Question};
use super::session::Agreed;
use super::sign_on::SignOn;
use crate::{Fault, Step};
use frame::dlms::get::Reference;
use reading::{Memory, Timestamp};
use std::collections::VecDeque;

/// What is still to be given to the owner of the wire.
#[derive(Debug)]
pub(super) enum Work {
    Step(Step),
    /// The association request, made when its counters may be used.
    Associate,
    /// The answer to the meter's challenge.
    Prove(Vec<u8>),
    /// A request of the association, in clear.
    Request(Vec<u8>),
    /// The end of the association; never ciphered.
    Release,
}

#[derive(Debug)]
pub(super) enum Phase {
    Idle,
    SignOn(SignOn),
    Connecting,
    Associating,
    Proving(Agreed),
    Asking(Box<Asking>),
    Releasing,
    Disconnecting,
    Over,
}

/// A part of the plan under way.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) agreed: Agreed,
    pub(super) plan: Plan,
    pub(super) waiting: VecDeque<Reference>,
    pub(super) given: Vec<Given>,
    pub(super) question: Question,
}

/// One reading.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) phase: Phase,
    pub(super) work: VecDeque<Work>,
    pub(super) now: Timestamp,
    /// Since when the current answer is awaited, and in how many pieces it has come.
    pub(super) since: Timestamp,
    pub(super) pieces: u32,
    pub(super) enquiries: u8,
    pub(super) busy: u8,
    /// The last damage, which explains a silence better than silence.
    pub(super) damage: Option<String>,
    pub(super) collected: Collected,
    pub(super) memory: Vec<Memory>,
    pub(super) fault: Option<Fault>,
}

impl Session {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            phase: Phase::Idle,
            work: VecDeque::new(),
            now,
            since: now,
            pieces: 0,
            enquiries: 0,
            busy: 0,
            damage: None,
            collected: Collected::default(),
            memory: Vec::new(),
            fault: None,
        }
    }

    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        self.work.push_back(Work::Step(Step::Send(bytes)));
    }

    /// Something whole came: the waiting starts anew.
    pub(super) fn progress(&mut self, at: Timestamp) {
        self.since = at;
        self.pieces = 0;
        self.enquiries = 0;
        self.damage = None;
    }
}

/// What outlives a reading: what must never be used twice, or never be tried again.
pub(super) struct Credentials {
    pub(super) fingerprint: i64,
    /// Why the meter refused them.
    pub(super) refused: Option<String>,
    pub(super) cipher: Option<Cipher>,
    /// A reservation of counters that is being written.
    pub(super) remembering: bool,
    pub(super) memory: Vec<Memory>,
}
