//! A meter behind an optical head, or on a current loop: modes A, B and C of IEC 62056-21.
//!
//! One reading: the request at 300 baud 7E1; the identification; the change to the rate that the
//! meter offers, at its reaction time; the read-out, block by block. A meter that offers a rate
//! and does not keep it (seen on ZMD120 and ZMF100) is asked again to stay at 300 baud, and from
//! then on at once. A damaged block is asked for again. No password is ever sent: read-outs need
//! none.
//!
//! # Source
//! IEC 62056-21:2002, 6.3 to 6.5; the reaction times of 6.3.14 and 6.5.

use super::driver::{TelegramMaker, readout_options};
use super::reader::PageVerdict;
use super::{Kind, ReadOut, ReadoutOptions, ReadoutReader};
use crate::dialogue::{Answer, Dialect, Dialogue, Fault, FaultClass, Step};
use crate::driver::{DriverOptions, Heard};
use crate::push::{Defect, DefectCode};
use frame::iec62056_21::message::{self, Purpose};
use frame::iec62056_21::{ACK, BaudCharacter, Identification, Mode, NAK};
use reading::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;
use wire::LineSettings;

/// A meter answers after 1.5 s at the latest, and pauses no longer between two characters; heads
/// and gateways add to that.
const ANSWER_MAX: Duration = Duration::from_millis(2500);
/// Rest before a meter is asked again: it must have given up what it was doing.
const REST: Duration = Duration::from_millis(2000);
/// A character of ten bits at 300 baud.
const CHARACTER: Duration = Duration::from_millis(34);
/// Most requests of one reading.
const REQUESTS_MAX: u32 = 3;
/// Most repetitions of a block.
const REPEATS_MAX: u32 = 2;
/// Most bytes of one reading.
const READING_BYTES_MAX: usize = 512 * 1024;
/// After so many readings in a row that only succeeded at 300 baud, the offer is not taken any more.
const BROKEN_OFFERS_MAX: u32 = 2;
/// A meter on a battery is woken by 2.1 to 2.3 s of NUL characters (annex B).
const WAKE_UP: usize = 65;
/// And is asked 1.5 to 1.7 s after them.
const WAKE_UP_REST: Duration = Duration::from_millis(1600);

/// What a reading through an optical head needs to know beside the meter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpticalOptions {
    /// The device address in the request; empty speaks to whatever meter is there.
    pub address: String,
    /// Stay at 300 baud, whatever the meter offers: for gateways that cannot change the rate.
    pub read_slow: bool,
    /// Wake the meter up first: battery meters sleep.
    pub wake_up: bool,
}

/// Reads one meter. See the module's head.
#[derive(Debug)]
pub struct OpticalDialogue {
    options: OpticalOptions,
    readout_options: ReadoutOptions,
    maker: TelegramMaker,
    reader: ReadoutReader,
    state: State,
    /// Steps to take before the state is looked at.
    steps: VecDeque<Step>,
    heard: Heard,
    reading: Progress,
    /// Readings in a row whose offered rate was not kept.
    broken_offers: u32,
}

/// How far one reading is.
#[derive(Debug, Default)]
struct Progress {
    requests: u32,
    repeats: u32,
    bytes: usize,
    /// The meter is asked to stay at 300 baud.
    slow: bool,
    /// The rate that was agreed on, while it is another than that of the request.
    offered: Option<u32>,
    /// The meter did not keep the rate that it offered.
    broken_offer: bool,
}

#[derive(Debug)]
enum State {
    Idle,
    /// The request was sent.
    Asked,
    /// The meter identified itself; its data are awaited.
    Reading,
    /// It is over.
    Finished(Option<Fault>),
}

/// What a read-out was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    Proved,
    WrongCheck,
    Useless,
}

impl OpticalDialogue {
    /// A dialogue with one meter.
    #[must_use]
    pub fn new(options: DriverOptions) -> Self {
        let maker = TelegramMaker::new(&options);
        let readout_options = readout_options(&options, Some(Kind::Iec62056_21));
        Self {
            options: options.optical,
            reader: ReadoutReader::new(readout_options.clone()),
            readout_options,
            maker,
            state: State::Idle,
            steps: VecDeque::new(),
            heard: Heard::default(),
            reading: Progress::default(),
            broken_offers: 0,
        }
    }

    fn ask(&mut self) {
        self.reader = ReadoutReader::new(self.readout_options.clone());
        self.reading.requests += 1;
        self.reading.repeats = 0;
        self.reading.offered = None;
        self.state = State::Asked;
        self.steps.push_back(Step::Line(LineSettings::OPTICAL));
        if self.options.wake_up {
            self.steps.push_back(Step::Send(vec![0; WAKE_UP]));
            self.steps.push_back(Step::Pause(sending(WAKE_UP) + WAKE_UP_REST));
        }
        let request = message::request(&self.options.address);
        let patience = sending(request.len()) + ANSWER_MAX;
        self.steps.push_back(Step::Send(request));
        self.steps.push_back(Step::Listen(patience));
    }

    fn ask_again(&mut self) {
        self.steps.push_back(Step::Pause(REST));
        self.ask();
    }

    /// The meter said who it is: answers as its mode wants.
    fn identified(&mut self, line: &str) {
        let Ok(identification) = Identification::parse(line.as_bytes()) else { return };
        let baud = identification.baud;
        self.state = State::Reading;
        let rate = match baud.mode() {
            Mode::A => None,
            Mode::B => baud.mode_b(),
            Mode::C => {
                let stays = self.reading.slow || baud.mode_c().is_none();
                let chosen = if stays { BaudCharacter(b'0') } else { baud };
                self.steps.push_back(Step::Pause(identification.reaction_time()));
                let select = message::select(chosen, Purpose::ReadOut);
                self.steps.push_back(Step::Send(select.to_vec()));
                chosen.mode_c()
            }
        };
        self.reading.offered = rate.filter(|rate| *rate != LineSettings::OPTICAL.baud);
        if let Some(baud) = self.reading.offered {
            self.steps.push_back(Step::Line(LineSettings { baud, ..LineSettings::OPTICAL }));
        }
        self.steps.push_back(Step::Listen(ANSWER_MAX));
    }

    /// Feeds the reader and tells what the last read-out was worth.
    fn read(&mut self, at: Timestamp, bytes: &[u8]) -> Option<Worth> {
        let Self { reader, maker, heard, .. } = self;
        let before = reader.noise_bytes();
        let mut worth = None;
        reader.feed(Some(at), bytes, &mut |read_out| {
            worth = Some(taken(read_out, at, (maker, heard)));
        });
        heard.noise_bytes += reader.noise_bytes() - before;
        worth
    }

    /// Looks at what came: an identification, a partial block, a read-out.
    fn judge(&mut self, worth: Option<Worth>) {
        self.steps.clear();
        if worth == Some(Worth::Proved) {
            return self.finish(None);
        }
        let identified = self.reader.take_identified();
        if let Some(line) = identified.filter(|_| matches!(self.state, State::Asked)) {
            return self.identified(&line);
        }
        match (self.reader.take_page(), worth) {
            (Some(PageVerdict::Good), _) => self.answer(ACK),
            (Some(PageVerdict::Bad), _) => {
                self.reader.retract_page();
                self.repeat("a partial block");
            }
            (None, Some(Worth::WrongCheck)) => self.repeat("the read-out"),
            _ => self.steps.push_back(Step::Listen(ANSWER_MAX)),
        }
    }

    fn answer(&mut self, byte: u8) {
        self.steps.push_back(Step::Send(vec![byte]));
        self.steps.push_back(Step::Listen(ANSWER_MAX));
    }

    fn repeat(&mut self, what: &str) {
        if self.reading.repeats >= REPEATS_MAX {
            let times = REPEATS_MAX + 1;
            let detail = format!(
                "{what} came {times} times with a wrong check character: is the head straight on \
                 the meter, and no sun on it?"
            );
            return self.fail(FaultClass::Corrupt, "bcc_mismatch", detail);
        }
        self.reading.repeats += 1;
        self.answer(NAK);
    }

    /// Nothing came for long after the meter had identified itself.
    fn fell_silent(&mut self, at: Timestamp) {
        let Self { reader, maker, heard, .. } = self;
        let cut = reader.held() > 0;
        reader.finish(&mut |read_out| {
            taken(read_out, at, (maker, heard));
        });
        if self.reading.requests < REQUESTS_MAX {
            if self.reading.offered.is_some() && !self.reading.slow {
                // It may have offered a rate that it does not keep, or the head is too slow.
                self.reading.slow = true;
                self.reading.broken_offer = true;
            }
            return self.ask_again();
        }
        let requests = self.reading.requests;
        if cut {
            let detail = format!("the read-out broke off {requests} times before its end");
            self.fail(FaultClass::Corrupt, "truncated", detail);
        } else {
            let detail = format!(
                "the meter identified itself {requests} times and sent no read-out, neither at the \
                 rate that it offered nor at 300 baud"
            );
            self.fail(FaultClass::Transient, "readout_missing", detail);
        }
    }

    fn unanswered(&mut self) {
        if self.reading.requests < REQUESTS_MAX {
            return self.ask_again();
        }
        let requests = self.reading.requests;
        if self.reading.bytes > 0 {
            let detail = format!(
                "what came after {requests} requests at 300 baud is no identification: another \
                 protocol, or a line that is not 7E1?"
            );
            self.fail(FaultClass::Corrupt, "answer_unreadable", detail);
        } else {
            let to = match self.options.address.as_str() {
                "" => String::new(),
                address => format!(" for device address {address}"),
            };
            let detail = format!(
                "no answer to {requests} requests at 300 baud{to}: is the head on the meter's \
                 optical port?"
            );
            self.fail(FaultClass::Transient, "no_answer", detail);
        }
    }

    fn fail(&mut self, class: FaultClass, code: &'static str, detail: String) {
        self.finish(Some(Fault { class, code, detail, keep_link: true }));
    }

    fn finish(&mut self, fault: Option<Fault>) {
        if fault.is_none() {
            if self.reading.broken_offer {
                self.broken_offers = self.broken_offers.saturating_add(1);
            } else if !self.reading.slow {
                self.broken_offers = 0;
            }
        }
        self.steps.clear();
        self.state = State::Finished(fault);
    }
}

/// Adds a read-out to what was heard. One whose check character got lost is not used: meters that
/// are asked always send one (6.3.10), and without it nothing tells damage.
fn taken(
    mut read_out: ReadOut<'_>,
    at: Timestamp,
    (maker, heard): (&mut TelegramMaker, &mut Heard),
) -> Worth {
    let holds = read_out.found.check.holds();
    let outcome = &mut read_out.outcome;
    if outcome.delivered && holds != Some(true) {
        outcome.delivered = false;
        outcome.values.clear();
        let detail = "the read-out came without STX or without its check character";
        outcome.defects.push(Defect::new(DefectCode::Truncated, outcome.end, detail));
    }
    let worth = match (outcome.delivered, holds) {
        (true, _) => Worth::Proved,
        (false, Some(false)) => Worth::WrongCheck,
        _ => Worth::Useless,
    };
    maker.take(read_out, at, heard);
    worth
}

impl Dialogue for OpticalDialogue {
    fn dialect(&self) -> Dialect {
        Dialect::Iec62056_21
    }

    fn begin(&mut self, _now: Timestamp) {
        self.steps.clear();
        self.heard = Heard::default();
        let slow = self.options.read_slow || self.broken_offers >= BROKEN_OFFERS_MAX;
        self.reading = Progress { slow, ..Progress::default() };
        self.ask();
    }

    fn step(&mut self, _now: Timestamp) -> Step {
        if let Some(step) = self.steps.pop_front() {
            return step;
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Finished(fault) => {
                Step::Done(Answer { heard: std::mem::take(&mut self.heard), fault })
            }
            State::Idle => Step::Done(Answer::default()),
            waiting => {
                self.state = waiting;
                Step::Listen(ANSWER_MAX)
            }
        }
    }

    fn receive(&mut self, at: Timestamp, bytes: &[u8]) {
        if matches!(self.state, State::Idle | State::Finished(_)) {
            return;
        }
        self.reading.bytes = self.reading.bytes.saturating_add(bytes.len());
        if self.reading.bytes > READING_BYTES_MAX {
            let detail = format!("more than {READING_BYTES_MAX} bytes came in one reading");
            return self.fail(FaultClass::Corrupt, "reading_endless", detail);
        }
        let worth = self.read(at, bytes);
        self.judge(worth);
    }

    fn elapsed(&mut self, at: Timestamp) {
        match self.state {
            State::Asked => self.unanswered(),
            State::Reading => self.fell_silent(at),
            State::Idle | State::Finished(_) => {}
        }
    }

    fn disconnected(&mut self, _at: Timestamp) {
        self.reader = ReadoutReader::new(self.readout_options.clone());
        self.steps.clear();
        self.heard = Heard::default();
        self.state = State::Idle;
    }
}

/// How long so many characters take at 300 baud: a write returns before they have left.
fn sending(characters: usize) -> Duration {
    CHARACTER * u32::try_from(characters).unwrap_or(u32::MAX)
}
