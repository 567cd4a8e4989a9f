//! A meter behind an optical head: mode C of IEC 62056-21.
//!
//! In: what the reader sends, and the rate at which it sends. Out: what the meter answers, with the
//! rate and the reaction time of each answer. The habits of real meters and heads can be chosen: an
//! echo, a rate that is offered and not kept, partial blocks, a first block that is damaged.

use super::registers::{Shown, energies, phases, powers};
use crate::local::meter_time;
use crate::workshop::{State, Workshop};
use frame::iec62056_21::message::{self, Message, Purpose};
use frame::iec62056_21::{ACK, BaudCharacter, EOT, ETX, NAK, STX, bcc};
use jiff::tz::TimeZone;
use reading::{MeterTime, Timestamp};
use std::fmt::Write;
use std::time::Duration;

/// The rate of the sign-on.
const SIGN_ON_BAUD: u32 = 300;
/// Reaction time of a meter whose manufacturer's third letter is upper case.
const REACTION: Duration = Duration::from_millis(200);
/// Readers change the rate in the meantime, some in no hurry; 1.5 s are allowed.
const CHANGE: Duration = Duration::from_millis(1000);
/// Most bytes of the reader's that are kept.
const PENDING_MAX: usize = 512;
/// Data sets in each partial block.
const PAGE: usize = 6;

/// What the head does with what the reader sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Head {
    /// It passes it on.
    #[default]
    Quiet,
    /// It passes it on and sends it back, as many optical heads do.
    Echoing,
}

/// Whether the meter changes to the rate that it offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeps {
    /// It does.
    #[default]
    TheOffer,
    /// It stays at 300 baud whatever was agreed (ZMD120, ZMF100).
    TheSignOnRate,
}

/// How the read-out is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pages {
    /// Not at all.
    #[default]
    One,
    /// Into partial blocks, each sent when it is asked for.
    Several,
}

/// How the first block of each read-out arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstBlock {
    /// As it was sent.
    #[default]
    Sound,
    /// With a flipped bit; when it is asked for again, it is sound.
    Damaged,
}

/// How this meter and its head behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// The head.
    pub head: Head,
    /// The rate that the meter offers: 300, 600, … 19 200.
    pub offer: u32,
    /// Whether it keeps it.
    pub keeps: Keeps,
    /// How it cuts its read-out.
    pub pages: Pages,
    /// How the first block arrives.
    pub first_block: FirstBlock,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            head: Head::Quiet,
            offer: 9600,
            keeps: Keeps::TheOffer,
            pages: Pages::One,
            first_block: FirstBlock::Sound,
        }
    }
}

/// What comes back over the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// How long after what caused it.
    pub after: Duration,
    /// The rate at which it is sent.
    pub baud: u32,
    /// The characters, without parity.
    pub bytes: Vec<u8>,
}

/// The simulated meter.
#[derive(Debug, Clone)]
pub struct OpticalMeter {
    workshop: Workshop,
    zone: TimeZone,
    number: String,
    habits: Habits,
    pending: Vec<u8>,
    state: Stage,
    blocks: Vec<Vec<u8>>,
    /// Which block was sent last.
    place: usize,
    baud: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Listening,
    Identified,
    Sending,
}

impl OpticalMeter {
    /// The meter of the workshop of `seed`, installed before `start`.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp, zone: &TimeZone, habits: Habits) -> Self {
        Self {
            workshop: Workshop::new(seed, start, zone.clone()),
            zone: zone.clone(),
            number: format!("{:08}", 60_000_000 + seed % 1_000_000),
            habits,
            pending: Vec::new(),
            state: Stage::Listening,
            blocks: Vec::new(),
            place: 0,
            baud: SIGN_ON_BAUD,
        }
    }

    /// The device address to which it answers, and its number (C.1.0).
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The rate at which it listens now.
    #[must_use]
    pub const fn baud(&self) -> u32 {
        self.baud
    }

    /// Takes what the reader sent at `baud`; `None` where the line has no rate. What is sent at
    /// another rate than the meter's is nothing to it.
    pub fn receive(&mut self, at: Timestamp, baud: Option<u32>, bytes: &[u8]) -> Vec<Sent> {
        let mut sent = Vec::new();
        if self.habits.head == Head::Echoing {
            let baud = baud.unwrap_or(self.baud);
            sent.push(Sent { after: Duration::ZERO, baud, bytes: bytes.to_vec() });
        }
        // A reader that begins again does so at 300 baud, whatever the meter was doing.
        if baud == Some(SIGN_ON_BAUD) && self.baud != SIGN_ON_BAUD {
            self.forget();
        }
        if baud.is_some_and(|baud| baud != self.baud) {
            return sent;
        }
        self.pending.extend_from_slice(bytes);
        while !self.pending.is_empty() && !self.awaits_select() {
            match message::decode(&self.pending) {
                Ok(Some((message, length))) => {
                    self.pending.drain(..length);
                    sent.extend(self.answer(&message, at));
                }
                Ok(None) if self.pending.len() <= PENDING_MAX => break,
                Ok(None) => self.pending.clear(),
                Err(noise) => drop(self.pending.drain(..noise)),
            }
        }
        sent
    }

    /// An option select message begins as an acknowledgement does.
    fn awaits_select(&self) -> bool {
        self.state == Stage::Identified
            && self.pending.first() == Some(&ACK)
            && self.pending.len() < 6
    }

    fn forget(&mut self) {
        self.state = Stage::Listening;
        self.baud = SIGN_ON_BAUD;
        self.pending.clear();
    }

    fn answer(&mut self, message: &Message, at: Timestamp) -> Option<Sent> {
        match (message, self.state) {
            (Message::Request { address }, _) => {
                self.forget();
                let named = address.trim_start_matches('0');
                if !address.is_empty() && named != self.number.trim_start_matches('0') {
                    return None;
                }
                self.state = Stage::Identified;
                let character = BaudCharacter::of_mode_c(self.habits.offer)
                    .map_or('0', |baud| char::from(baud.0));
                let bytes = format!("/TRI{character}SIMULATED\r\n").into_bytes();
                Some(Sent { after: REACTION, baud: SIGN_ON_BAUD, bytes })
            }
            (Message::Select { baud, purpose: Purpose::ReadOut }, Stage::Identified) => {
                let agreed = baud.mode_c().filter(|rate| *rate == self.habits.offer);
                self.baud = match self.habits.keeps {
                    Keeps::TheOffer => agreed.unwrap_or(SIGN_ON_BAUD),
                    Keeps::TheSignOnRate => SIGN_ON_BAUD,
                };
                self.blocks = self.read_out(at);
                self.place = 0;
                self.state = Stage::Sending;
                let damaged = self.habits.first_block == FirstBlock::Damaged;
                let block = self.block(if damaged { 0x10 } else { 0 });
                block.map(|sent| Sent { after: CHANGE, ..sent })
            }
            (Message::Acknowledge, Stage::Sending) => {
                self.place += 1;
                let block = self.block(0);
                if block.is_none() {
                    self.forget();
                }
                block
            }
            (Message::Repeat, Stage::Sending) => self.block(0),
            (Message::Select { .. }, _) => {
                Some(Sent { after: REACTION, baud: self.baud, bytes: vec![NAK] })
            }
            _ => {
                self.forget();
                None
            }
        }
    }

    /// The block at the current place, with `flip` in its middle.
    fn block(&self, flip: u8) -> Option<Sent> {
        let mut bytes = self.blocks.get(self.place)?.clone();
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= flip;
        }
        Some(Sent { after: REACTION, baud: self.baud, bytes })
    }

    fn read_out(&mut self, at: Timestamp) -> Vec<Vec<u8>> {
        let state = self.workshop.advance(at);
        let mut lines = self.lines(&state);
        let size = match self.habits.pages {
            Pages::One => lines.len(),
            Pages::Several => PAGE,
        };
        if let Some(last) = lines.last_mut() {
            last.push_str("!\r\n");
        }
        let count = lines.len().div_ceil(size);
        let blocks = lines.chunks(size).enumerate();
        blocks
            .map(|(index, lines)| {
                let end = if index + 1 == count { ETX } else { EOT };
                let mut bytes = vec![STX];
                lines.iter().for_each(|line| bytes.extend_from_slice(line.as_bytes()));
                bytes.push(end);
                let check = bcc(bytes.get(1..).unwrap_or_default());
                bytes.push(check);
                bytes
            })
            .collect()
    }

    fn lines(&self, state: &State) -> Vec<String> {
        let (time, summer) = meter_time(state.at, &self.zone);
        let MeterTime { year, month, day, hour, minute, second, .. } = time;
        let (year, season) = (year % 100, u8::from(summer));
        let mut lines = vec![
            "F.F(00000000)".to_owned(),
            format!("C.1.0({})", self.number),
            format!("0.0.0({:>16})", self.number),
            format!("0.9.1({season}{hour:02}{minute:02}{second:02})"),
            format!("0.9.2({season}{year:02}{month:02}{day:02})"),
        ];
        for Shown { address, value, unit } in energies(state) {
            lines.push(format!("{address}({value:011.3}*{unit})"));
            // What the last regular end of a billing period stored; this meter never had one.
            lines.push(format!("{address}*01({:011.3}*{unit})", 0.0));
        }
        for Shown { address, value, unit } in powers(state) {
            lines.push(format!("{address}({value:08.3}*{unit})"));
        }
        for Shown { address, value, unit } in phases(state) {
            let short = address.trim_end_matches(".0");
            let mut line = String::new();
            // Writing to a String cannot fail.
            let _ = match unit {
                "V" => write!(line, "{short}({value:03.0}*{unit})"),
                _ => write!(line, "{short}({value:06.2}*{unit})"),
            };
            lines.push(line);
        }
        lines.into_iter().map(|line| line + "\r\n").collect()
    }
}
