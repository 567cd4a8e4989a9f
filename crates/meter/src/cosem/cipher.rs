//! The keys of an association at work: counters that are never used twice, and proofs.
//!
//! A counter enters the nonce of AES-GCM, where using one twice would give away the key stream. So
//! counters are reserved in blocks, and a block is on disk before its first counter is used. The
//! first block ever begins at the seconds since 2024: a store that was lost repeats nothing.

use frame::dlms::apdu::SecurityControl;
use frame::dlms::glo_cipher::{Envelope, Keys};
use frame::dlms::service_cipher::{self, AUTHENTICATED_ENCRYPTION, OpenError};
use reading::Timestamp;

/// How many counters are reserved at once.
pub(super) const RESERVE: i64 = 1024;
/// 2024-01-01T00:00:00Z.
const COUNTED_FROM: i64 = 1_704_067_200;
const CHALLENGE_LENGTH: usize = 16;
/// How far a meter may move our counter on; its word is not proved.
const RAISE_MAX: i64 = 1 << 24;

/// Counters that may be used.
#[derive(Debug, Clone, Copy)]
struct Reserve {
    next: i64,
    /// Up to here, itself excluded, the disk knows.
    durable: i64,
    /// Up to here the disk has been asked to remember.
    asked: i64,
}

/// What protects one association after the other with one meter.
pub(super) struct Cipher {
    keys: Keys,
    title: [u8; 8],
    reserve: Option<Reserve>,
    server: Option<[u8; 8]>,
    /// The last counter that the server used.
    last: Option<u32>,
    challenge: Vec<u8>,
}

/// Why a ciphered APDU is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Distrust {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the meter's invocation counter {got} was used before (last {last})")]
    Replayed { got: u32, last: u32 },
    #[error("the meter did not name its system title")]
    NoTitle,
}

impl Cipher {
    pub(super) fn new(keys: Keys, title: [u8; 8], remembered: Option<i64>) -> Self {
        let reserve = remembered.map(|end| Reserve { next: end, durable: end, asked: end });
        Self { keys, title, reserve, server: None, last: None, challenge: Vec::new() }
    }

    pub(super) const fn title(&self) -> [u8; 8] {
        self.title
    }

    pub(super) const fn server_title(&self) -> Option<[u8; 8]> {
        self.server
    }

    pub(super) const fn last_counter(&self) -> Option<u32> {
        self.last
    }

    /// The end of the block to be remembered before `count` more counters are used; `None` when
    /// the disk knows enough of them.
    pub(super) fn reservation(&mut self, now: Timestamp, count: i64) -> Option<i64> {
        let start = (now.as_micros().div_euclid(1_000_000) - COUNTED_FROM).max(1);
        let reserve =
            self.reserve.get_or_insert(Reserve { next: start, durable: start, asked: start });
        if reserve.next + count <= reserve.durable {
            return None;
        }
        reserve.asked = reserve.next.max(reserve.durable) + RESERVE.max(count);
        Some(reserve.asked)
    }

    /// The disk knows what it was asked to remember.
    pub(super) fn remembered(&mut self) {
        if let Some(reserve) = &mut self.reserve {
            reserve.durable = reserve.asked;
        }
    }

    /// The disk may not know it.
    pub(super) fn forgotten(&mut self) {
        if let Some(reserve) = &mut self.reserve {
            reserve.asked = reserve.durable;
        }
    }

    /// The meter awaits at least this counter.
    pub(super) fn raise(&mut self, counter: u32) {
        if let Some(reserve) = &mut self.reserve
            && i64::from(counter) - reserve.next <= RAISE_MAX
        {
            // What the disk knows may be behind: nothing is used before it is told.
            reserve.next = reserve.next.max(i64::from(counter));
            reserve.durable = reserve.next;
            reserve.asked = reserve.next;
        }
    }

    /// A fresh counter; `None` when none is left that may be used.
    fn counter(&mut self) -> Option<u32> {
        let reserve = self.reserve.as_mut().filter(|reserve| reserve.next < reserve.durable)?;
        let counter = u32::try_from(reserve.next).ok()?;
        reserve.next += 1;
        Some(counter)
    }

    pub(super) fn seal(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        let envelope = Envelope {
            system_title: self.title,
            control: AUTHENTICATED_ENCRYPTION,
            invocation_counter: self.counter()?,
        };
        service_cipher::seal(&self.keys, &envelope, plain)
    }

    /// A new association: the server names itself again. `last` is the counter remembered of it.
    pub(super) fn associate(&mut self, server: [u8; 8], last: Option<u32>) {
        if self.server != Some(server) {
            self.last = last;
        }
        self.server = Some(server);
    }

    pub(super) fn open(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Distrust> {
        let server = self.server.ok_or(Distrust::NoTitle)?;
        let opened = service_cipher::open(&self.keys, server, bytes)?;
        self.fresh(opened.invocation_counter)?;
        Ok(opened.plain)
    }

    fn fresh(&mut self, got: u32) -> Result<(), Distrust> {
        if let Some(last) = self.last.filter(|last| got <= *last) {
            return Err(Distrust::Replayed { got, last });
        }
        self.last = Some(got);
        Ok(())
    }

    /// A challenge that nobody can foresee: key stream of a counter that nothing else ever uses.
    pub(super) fn new_challenge(&mut self) -> Option<Vec<u8>> {
        let envelope = Envelope {
            system_title: self.title,
            control: SecurityControl(0x20),
            invocation_counter: self.counter()?,
        };
        self.challenge = self.keys.protect(&envelope, &[0; CHALLENGE_LENGTH])?.content;
        Some(self.challenge.clone())
    }

    /// Our answer to the server's challenge.
    pub(super) fn prove(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        let counter = self.counter()?;
        service_cipher::prove(&self.keys, (self.title, counter), challenge)
    }

    /// Whether the server's answer to our challenge proves that it has the keys, too.
    pub(super) fn check(&mut self, proof: &[u8]) -> bool {
        // Under our own title it would be our own answer, sent back.
        let Some(server) = self.server.filter(|server| *server != self.title) else {
            return false;
        };
        // The challenge is fresh, so the proof is, whatever its counter.
        service_cipher::check_proof(&self.keys, server, (&self.challenge, proof)).is_some()
    }
}
