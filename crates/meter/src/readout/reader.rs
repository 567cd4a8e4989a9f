//! The incremental reader: bytes in, read-outs out.

use super::Kind;
use super::clock::Circumstances;
use super::outcome::{Judge, outcome};
use crate::push::{Defect, DefectCode, Outcome, Security};
use frame::dlms::apdu::{self, Apdu, Ciphered};
use frame::dlms::glo_cipher::{self, Authentication, Keys};
use frame::dsmr::{Envelopes, Piece};
use frame::iec62056_21::{
    BLOCK_MAX, Check, Ending, Event, Found, Identification, PIECE_MAX, Scanner, Start,
};
use jiff::tz::TimeZone;
use reading::{Memory, Timestamp};
use std::collections::BTreeMap;

/// Longest read-out in partial blocks.
const PAGED_MAX: usize = 4 * BLOCK_MAX;
/// Most meters whose counters are remembered.
const TITLES_MAX: usize = 256;
/// Where invocation counters are remembered; the same place as for pushed DLMS.
const COUNTER_KEY: &str = "invocation_counter/";

/// What the reader needs to know beside the bytes.
#[derive(Clone, Default)]
pub struct ReadoutOptions {
    /// The encryption key; with it, P1 is expected to come encrypted too.
    pub guek: Option<[u8; 16]>,
    /// The authentication key; without it tags are not checked.
    pub gak: Option<[u8; 16]>,
    /// The zone of the meter's clock.
    pub zone: Option<TimeZone>,
    /// Which protocol it is, where that is known.
    pub kind: Option<Kind>,
    /// Where a read-out may begin.
    pub start: Start,
    /// Whether outcomes carry steps.
    pub explain: bool,
}

impl std::fmt::Debug for ReadoutOptions {
    /// Keys are never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadoutOptions")
            .field("guek", &self.guek.map(|_| "…"))
            .field("gak", &self.gak.map(|_| "…"))
            .field("kind", &self.kind)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

/// A read-out, whole or refused.
#[derive(Debug)]
pub struct ReadOut<'a> {
    /// As it was found; blank for an envelope that could not be opened.
    pub found: Found<'a>,
    /// The protocol.
    pub kind: Kind,
    /// What it says in the catalogue's terms.
    pub outcome: Outcome,
}

/// Reads read-outs out of a stream of bytes. Any chunking of the same bytes gives the same
/// read-outs.
#[derive(Debug)]
pub struct ReadoutReader {
    scanner: Scanner,
    envelopes: Option<Envelopes>,
    inner: Inner,
}

#[derive(Debug)]
struct Inner {
    options: ReadoutOptions,
    keys: Option<Keys>,
    arrival: Option<Timestamp>,
    previous: Option<Timestamp>,
    counters: BTreeMap<[u8; 8], u32>,
    pages: Option<Pages>,
    noise_bytes: u64,
    identified: Option<String>,
    page: Option<PageVerdict>,
}

/// What a partial block was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageVerdict {
    /// Its check character holds: the next may be asked for.
    Good,
    /// It should be sent again.
    Bad,
}

/// Partial blocks of one read-out, joined.
#[derive(Debug)]
struct Pages {
    identification: Option<String>,
    offset: u64,
    block_at: u64,
    text: Vec<u8>,
    bad: Option<Check>,
    /// How it was before the last block.
    before: (usize, Option<Check>),
}

impl ReadoutReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(options: ReadoutOptions) -> Self {
        let keys = options.guek.map(|guek| Keys::new(&guek, options.gak));
        // Envelopes are searched for where there may be some.
        let ciphered = keys.is_some() || options.kind == Some(Kind::Dsmr);
        let envelopes = ciphered.then(Envelopes::default);
        let scanner = Scanner::new(options.start);
        let inner = Inner {
            options,
            keys,
            arrival: None,
            previous: None,
            counters: BTreeMap::new(),
            pages: None,
            noise_bytes: 0,
            identified: None,
            page: None,
        };
        Self { scanner, envelopes, inner }
    }

    /// Takes up what earlier runs had to remember.
    pub fn recall(&mut self, memories: &[Memory]) {
        for memory in memories {
            let title = memory.key.strip_prefix(COUNTER_KEY).and_then(title_of);
            if let (Some(title), Ok(counter)) = (title, u32::try_from(memory.value)) {
                self.inner.remember(title, counter);
            }
        }
    }

    /// Takes the next bytes, which arrived at `arrival`, and tells `each` read-out.
    pub fn feed(
        &mut self,
        arrival: Option<Timestamp>,
        bytes: &[u8],
        each: &mut dyn FnMut(ReadOut<'_>),
    ) {
        self.inner.arrival = arrival;
        let Some(envelopes) = &mut self.envelopes else {
            return self.feed_text(bytes, each);
        };
        if envelopes.pass(bytes) {
            return self.feed_text(bytes, each);
        }
        for piece in envelopes.push(bytes) {
            self.piece(&piece, each);
        }
    }

    /// Says that nothing more follows for now: the stream is over, or was silent for long. What was
    /// half received never becomes whole.
    pub fn finish(&mut self, each: &mut dyn FnMut(ReadOut<'_>)) {
        let pieces = self.envelopes.as_mut().map(Envelopes::end).unwrap_or_default();
        for piece in pieces {
            self.piece(&piece, each);
        }
        self.scanner.end();
        self.drain(each);
        if let Some(pages) = self.inner.pages.take() {
            self.inner.paged(&pages, (Ending::Cut, pages.end()), each);
        }
    }

    /// Bytes that belong to nothing known so far.
    #[must_use]
    pub const fn noise_bytes(&self) -> u64 {
        self.inner.noise_bytes
    }

    /// The identification that came since this was asked last.
    pub(super) fn take_identified(&mut self) -> Option<String> {
        self.inner.identified.take()
    }

    /// The partial block that came since this was asked last.
    pub(super) fn take_page(&mut self) -> Option<PageVerdict> {
        self.inner.page.take()
    }

    /// Forgets the last partial block, because it is being sent again.
    pub(super) fn retract_page(&mut self) {
        if let Some(pages) = &mut self.inner.pages {
            let (length, bad) = pages.before;
            pages.text.truncate(length);
            pages.bad = bad;
        }
    }

    /// Bytes of a read-out that is not whole yet.
    #[must_use]
    pub fn held(&self) -> usize {
        self.scanner.held() + self.envelopes.as_ref().map_or(0, Envelopes::held)
    }

    fn piece(&mut self, piece: &Piece, each: &mut dyn FnMut(ReadOut<'_>)) {
        match piece {
            Piece::Noise { bytes, .. } => self.feed_text(bytes, each),
            Piece::Envelope { offset, apdu } => {
                // The scanner's offsets count the stream too.
                self.scanner.end();
                self.drain(each);
                self.inner.envelope(*offset, apdu, each);
                self.scanner.skip(apdu.len());
            }
        }
    }

    fn feed_text(&mut self, bytes: &[u8], each: &mut dyn FnMut(ReadOut<'_>)) {
        for piece in bytes.chunks(PIECE_MAX) {
            self.scanner.push(piece);
            self.drain(each);
        }
    }

    fn drain(&mut self, each: &mut dyn FnMut(ReadOut<'_>)) {
        while let Some(event) = self.scanner.next() {
            match event {
                Event::ReadOut(found) => self.inner.found(found, each),
                Event::Noise { length, .. } => self.inner.noise_bytes += length,
                Event::Identified { identification, .. } => {
                    self.inner.identified = Some(identification.line.to_owned());
                }
                Event::Echo { .. } | Event::Control { .. } => {}
            }
        }
    }
}

impl Pages {
    fn end(&self) -> u64 {
        self.block_at.saturating_add(self.text.len() as u64)
    }
}

impl Inner {
    fn found(&mut self, found: Found<'_>, each: &mut dyn FnMut(ReadOut<'_>)) {
        let continues = self.pages.is_some() && found.identification.is_none();
        if found.ending == Ending::Eot || continues {
            self.page(found, each);
            return;
        }
        if let Some(pages) = self.pages.take() {
            self.paged(&pages, (Ending::Cut, pages.end()), each);
        }
        self.tell(found, each);
    }

    /// Joins a partial block with those before it.
    fn page(&mut self, found: Found<'_>, each: &mut dyn FnMut(ReadOut<'_>)) {
        let pages = self.pages.get_or_insert_with(|| Pages {
            identification: found.identification.map(|it| it.line.to_owned()),
            offset: found.offset,
            block_at: found.block_at,
            text: Vec::new(),
            bad: None,
            before: (0, None),
        });
        pages.before = (pages.text.len(), pages.bad);
        // Line ends in place of what stood between the blocks: offsets stay those of the stream.
        let gap = usize::try_from(found.block_at.saturating_sub(pages.end())).unwrap_or(PAGED_MAX);
        let length = pages.text.len().saturating_add(gap).saturating_add(found.block.len());
        if length > PAGED_MAX {
            pages.bad = Some(found.check);
        } else {
            pages.text.resize(pages.text.len() + gap, b'\n');
            pages.text.extend_from_slice(found.block);
        }
        let good = found.check.holds() == Some(true);
        if !good {
            pages.bad = pages.bad.or(Some(found.check));
        }
        self.page = Some(if good { PageVerdict::Good } else { PageVerdict::Bad });
        if found.ending != Ending::Eot
            && let Some(mut pages) = self.pages.take()
        {
            self.page = None;
            pages.bad = pages.bad.or(Some(found.check));
            self.paged(&pages, (found.ending, found.end), each);
        }
    }

    fn paged(
        &mut self,
        pages: &Pages,
        (ending, end): (Ending, u64),
        each: &mut dyn FnMut(ReadOut<'_>),
    ) {
        let line = pages.identification.as_deref().unwrap_or_default();
        let found = Found {
            offset: pages.offset,
            end,
            identification: Identification::parse(line.as_bytes()).ok(),
            block: &pages.text,
            block_at: pages.block_at,
            check: pages.bad.unwrap_or(Check::Absent),
            ending,
        };
        self.tell(found, each);
    }

    fn tell(&mut self, found: Found<'_>, each: &mut dyn FnMut(ReadOut<'_>)) {
        let read_out = self.judged(found);
        each(read_out);
    }

    fn judged<'a>(&mut self, found: Found<'a>) -> ReadOut<'a> {
        let kind = self.options.kind.unwrap_or_else(|| Kind::of(&found));
        let judge = Judge {
            circumstances: Circumstances {
                zone: self.options.zone.as_ref(),
                arrival: self.arrival,
                previous: self.previous,
            },
            start: self.options.start,
            explain: self.options.explain,
        };
        let outcome = outcome(&found, kind, judge);
        if outcome.delivered {
            self.previous = outcome.measured_at.or(self.previous);
        }
        ReadOut { found, kind, outcome }
    }

    /// An encrypted telegram: opens it and reads what is inside.
    fn envelope(&mut self, offset: u64, bytes: &[u8], each: &mut dyn FnMut(ReadOut<'_>)) {
        let end = offset.saturating_add(bytes.len() as u64);
        let Ok((Apdu::Ciphered(ciphered), _)) = apdu::decode(bytes) else { return };
        let mut plain = Vec::new();
        let mut security = Security {
            known: true,
            encrypted: ciphered.control.encrypted(),
            authenticated: false,
            tagged: ciphered.tag.is_some(),
            invocation_counter: Some(ciphered.invocation_counter),
            system_title: Some(ciphered.system_title),
        };
        let opened = self.open(&ciphered, offset, &mut plain);
        let mut noted = Vec::new();
        let refusal = match opened {
            Ok(Authentication::Verified) => {
                security.authenticated = true;
                None
            }
            Ok(_) => {
                let detail = "decrypted, not authenticated";
                noted.push(Defect::new(DefectCode::NotAuthenticated, offset, detail));
                None
            }
            Err(defect) => Some(defect),
        };
        let mut told = 0;
        if refusal.is_none() && plain.first() == Some(&b'/') {
            let mut inside = Scanner::new(Start::Marked);
            let content_at = offset.saturating_add(ciphered.content_at as u64);
            inside.skip(usize::try_from(content_at).unwrap_or(usize::MAX));
            for piece in plain.chunks(PIECE_MAX) {
                inside.push(piece);
                while let Some(event) = inside.next() {
                    told += self.inside(event, (security, &noted), each);
                }
            }
            inside.end();
            while let Some(event) = inside.next() {
                told += self.inside(event, (security, &noted), each);
            }
        }
        if told == 0 {
            let detail = "the content is no P1 telegram: the key is wrong";
            let wrong = || Defect::new(DefectCode::WrongKey, offset, detail);
            let mut outcome = Outcome::blank(Kind::Dsmr.name(), offset, end);
            outcome.security = security;
            outcome.received_at = self.arrival;
            outcome.meter = Some(String::from_utf8_lossy(&ciphered.system_title).into_owned());
            outcome.defects.push(refusal.unwrap_or_else(wrong));
            let found = Found {
                offset,
                end,
                identification: None,
                block: &[],
                block_at: end,
                check: Check::Absent,
                ending: Ending::Cut,
            };
            each(ReadOut { found, kind: Kind::Dsmr, outcome });
        }
    }

    fn inside(
        &mut self,
        event: Event<'_>,
        (security, noted): (Security, &[Defect]),
        each: &mut dyn FnMut(ReadOut<'_>),
    ) -> u32 {
        let Event::ReadOut(found) = event else { return 0 };
        let mut read_out = self.judged(found);
        let outcome = &mut read_out.outcome;
        outcome.security = security;
        outcome.defects.extend(noted.iter().cloned());
        self.protect(outcome);
        each(read_out);
        1
    }

    /// Refuses a telegram that was sent before, and remembers the counter of a new one.
    fn protect(&mut self, outcome: &mut Outcome) {
        let security = outcome.security;
        let (Some(title), Some(counter)) = (security.system_title, security.invocation_counter)
        else {
            return;
        };
        if !outcome.delivered {
            return;
        }
        if let Some(last) = self.counters.get(&title).filter(|last| counter <= **last) {
            let detail = format!("invocation counter {counter} is not above {last}");
            outcome.delivered = false;
            outcome.values.clear();
            let offset = outcome.offset;
            outcome.defects.push(Defect::new(DefectCode::ReplayedCounter, offset, detail));
            return;
        }
        self.remember(title, counter);
        let key = format!("{COUNTER_KEY}{}", crate::push::text::hex_of(&title));
        outcome.memory.push(Memory { key, value: i64::from(counter) });
    }

    fn open(
        &self,
        ciphered: &Ciphered<'_>,
        offset: u64,
        plain: &mut Vec<u8>,
    ) -> Result<Authentication, Defect> {
        let Some(keys) = &self.keys else {
            let detail = "the telegram is encrypted and no key was given";
            return Err(Defect::new(DefectCode::KeyMissing, offset, detail));
        };
        keys.open(ciphered, plain).map_err(|error| match error {
            glo_cipher::Error::Tag => {
                keys.decrypt_unproved(ciphered, plain);
                let sense = plain.first() == Some(&b'/');
                plain.clear();
                if sense {
                    let detail = "the authentication tag does not match: the authentication key \
                                  is wrong, or the content was altered";
                    Defect::new(DefectCode::TagMismatch, offset, detail)
                } else {
                    let detail = "decrypts to nonsense: the encryption key is wrong";
                    Defect::new(DefectCode::WrongKey, offset, detail)
                }
            }
            other => Defect::new(DefectCode::SecurityUnsupported, offset, other.to_string()),
        })
    }

    fn remember(&mut self, title: [u8; 8], counter: u32) {
        if self.counters.len() < TITLES_MAX || self.counters.contains_key(&title) {
            let last = self.counters.entry(title).or_insert(counter);
            *last = counter.max(*last);
        }
    }
}

/// Whether the bytes hold a read-out: data sets behind an identification or STX, or several in a
/// row. Tells readable protocols from binary ones.
#[must_use]
pub fn is_readable(bytes: &[u8]) -> bool {
    let mut scanner = Scanner::new(Start::Anywhere);
    let mut readable = false;
    let mut look = |scanner: &mut Scanner| {
        while let Some(event) = scanner.next() {
            let Event::ReadOut(found) = event else { continue };
            let marked = found.identification.is_some() || found.check != Check::Absent;
            let wanted = if marked { 1 } else { 2 };
            readable |= super::entry::entries(found.block).take(wanted).count() == wanted;
        }
        readable
    };
    for piece in bytes.chunks(PIECE_MAX) {
        scanner.push(piece);
        if look(&mut scanner) {
            return true;
        }
    }
    scanner.end();
    look(&mut scanner)
}

/// The system title of sixteen hexadecimal digits.
fn title_of(digits: &str) -> Option<[u8; 8]> {
    let number = u64::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 16)?;
    Some(number.to_be_bytes())
}
