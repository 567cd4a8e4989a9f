//! A slave that answers when asked: one reading of all its telegrams.
//!
//! One reading: SND_NKE; for a secondary address the selection, whose acknowledgement says that
//! somebody is there; REQ_UD2 with alternating frame count until no more records follow. A lost
//! answer is asked for again with the same frame count, so that the slave repeats it. Answers of
//! others, and those to older questions, are told by address, identity and content. Nothing is
//! written to a slave but, where the configuration wants it, the rate it is to speak at.
//!
//! # Source
//! EN 13757-2:2018, 5.7.3 (frame count), 5.5.3 (answer times, repetitions); EN 13757-3:2018, 11
//! (secondary addressing).

use super::answer::{Ear, Event};
use super::mapping::{Mapped, map, map_fixed};
use super::request::{self, Partner};
use crate::dialogue::{Answer, Dialect, Dialogue, Fault, FaultClass, Step};
use crate::driver::{DriverOptions, Heard};
use frame::mbus::protection;
use frame::mbus::{
    self, Application, Frame, Function, Identity, LONG_LENGTH_MAX, RecordError, Variable, names,
};
use reading::{ListId, MeterTime, Quality, Reading, Telegram, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;
use wire::{LineSettings, MbusAddress};

/// Most telegrams of one reading.
const TELEGRAMS_MAX: usize = 32;
/// Questions that were not answered are asked twice more (EN 13757-2, 5.5.3).
const ATTEMPTS_MAX: u32 = 3;
/// Bytes of one reading that made no answer: more is a line that never keeps quiet.
const WASTE_MAX: usize = 2 * 1024;
/// Bytes looked at at once: no answer among them is pushed out of the ear.
const PIECE: usize = 256;
/// Answers of others in one reading.
const STRANGERS_MAX: usize = 16;
/// Bits of a character with start, parity and stop.
const CHARACTER_BITS: u32 = 11;
/// A slave begins its answer within 330 bits and 50 ms.
const ANSWER_BITS: u32 = 330;
const ANSWER_REST: Duration = Duration::from_millis(50);
/// The rate that a gateway's bus is taken to run at.
const GATEWAY_BAUD: u32 = 1200;
/// What level converters, USB and gateways add on top.
const WAY: Duration = Duration::from_millis(250);
const WAY_TCP: Duration = Duration::from_millis(750);
/// Longest silence inside an answer: the slave leaves none, the way of the bytes does.
const GAP: Duration = Duration::from_millis(150);
const GAP_TCP: Duration = Duration::from_millis(500);

/// What only M-Bus slaves need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MbusOptions {
    /// Which slave.
    pub address: Option<MbusAddress>,
    /// How the line is set; `None` behind a gateway.
    pub line: Option<LineSettings>,
    /// The rate that the slave is told to speak at, where it is another than the line's.
    pub switch_baud: Option<u32>,
}

/// Reads one slave. See the module's head.
pub struct MbusDialogue {
    options: DriverOptions,
    partner: Partner,
    line: Option<LineSettings>,
    ear: Ear,
    steps: VecDeque<Step>,
    state: State,
    reading: Progress,
    /// Whether the slave speaks at the rate it was told.
    switched: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// A selected slave is told to forget its selection: nobody need answer.
    Deselecting,
    Initialising,
    Selecting,
    Switching,
    Requesting,
    Finished,
}

/// How far one reading is.
#[derive(Debug, Default)]
struct Progress {
    attempts: u32,
    frame_count: bool,
    telegrams: usize,
    strangers: usize,
    waste: usize,
    /// The answer that was taken last: the same again is late.
    last: Vec<u8>,
    identity: Option<Identity>,
    readings: Vec<Reading>,
    meter_time: Option<MeterTime>,
    quality: Quality,
    fault: Option<Fault>,
}

impl MbusDialogue {
    /// A dialogue with one slave.
    #[must_use]
    pub fn new(options: DriverOptions) -> Self {
        let address = options.mbus.address.clone().unwrap_or(MbusAddress::Primary(0));
        Self {
            partner: Partner::of(&address),
            line: options.mbus.line,
            options,
            ear: Ear::default(),
            steps: VecDeque::new(),
            state: State::Idle,
            reading: Progress::default(),
            switched: false,
        }
    }

    fn bits(&self, bits: u32) -> Duration {
        let baud = self.line.map_or(GATEWAY_BAUD, |line| line.baud.max(1));
        Duration::from_secs_f64(f64::from(bits) / f64::from(baud))
    }

    fn way(&self) -> Duration {
        if self.line.is_some() { WAY } else { WAY_TCP }
    }

    /// How long the begin of an answer may take after so many characters were sent.
    fn patience(&self, characters: usize) -> Duration {
        let bits = CHARACTER_BITS.saturating_mul(u32::try_from(characters).unwrap_or(u32::MAX));
        self.bits(bits) + self.bits(ANSWER_BITS) + ANSWER_REST + self.way()
    }

    fn ask(&mut self, question: Vec<u8>) {
        self.ear.clear();
        self.reading.attempts += 1;
        let patience = self.patience(question.len());
        self.steps.push_back(Step::Send(question));
        self.steps.push_back(Step::Listen(patience));
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.reading.attempts = 0;
        self.ask_again();
    }

    /// Asks what the state asks.
    fn ask_again(&mut self) {
        let address = self.partner.address();
        match (self.state, self.partner) {
            (State::Deselecting, _) => self.ask(request::initialise(request::NETWORK)),
            (State::Initialising, _) => self.ask(request::initialise(address)),
            (State::Selecting, Partner::Secondary(selection)) => self.ask(selection.frame()),
            (State::Switching, _) => {
                let baud = self.options.mbus.switch_baud.unwrap_or(0);
                match request::change_baud(address, baud) {
                    Some(frame) => self.ask(frame),
                    None => self.enter(State::Requesting),
                }
            }
            (State::Requesting, _) => {
                let question = request::request(address, self.reading.frame_count);
                self.ask(question);
            }
            _ => self.state = State::Finished,
        }
    }

    fn start(&mut self) {
        let first = match self.partner {
            Partner::Primary(_) => State::Initialising,
            Partner::Secondary(_) => State::Deselecting,
        };
        self.enter(first);
    }

    fn fail(&mut self, class: FaultClass, code: &'static str, detail: String) {
        // The first fault is the cause of the others.
        let fault = Fault { class, code, detail, keep_link: true };
        self.reading.fault.get_or_insert(fault);
        self.state = State::Finished;
        self.steps.clear();
    }

    fn name(&self) -> String {
        match self.partner {
            Partner::Primary(address) => format!("the slave at primary address {address}"),
            Partner::Secondary(selection) => {
                format!("the slave with secondary address {}…", selection.number())
            }
        }
    }

    /// Nothing more comes to the question.
    fn silent(&mut self) {
        self.reading.waste += self.ear.waste();
        let noise = self.ear.waste();
        if self.reading.waste > WASTE_MAX {
            return self.noisy();
        }
        if self.state == State::Deselecting {
            return self.enter(State::Selecting);
        }
        if self.reading.attempts < ATTEMPTS_MAX {
            return self.ask_again();
        }
        if self.switched && self.state != State::Switching {
            // It may have been powered down, and speak at its own rate again.
            self.switched = false;
            self.steps.extend(self.options.mbus.line.map(Step::Line));
            self.line = self.options.mbus.line;
            return self.start();
        }
        let (name, attempts) = (self.name(), self.reading.attempts);
        match self.state {
            // Some slaves do not acknowledge an initialisation, and answer all the same.
            State::Initialising | State::Switching => self.enter(State::Requesting),
            _ if noise > 0 => self.fail(
                FaultClass::Corrupt,
                "damaged_answer",
                format!(
                    "{name} was asked {attempts} times and {noise} bytes came that make no frame: \
                     several slaves share the address, or baud rate and parity differ"
                ),
            ),
            State::Selecting => self.fail(
                FaultClass::Transient,
                "not_selected",
                format!("{name} did not acknowledge its selection; \"triphase scan mbus\" lists who is there"),
            ),
            _ => self.fail(
                FaultClass::Transient,
                "no_answer",
                format!("{name} did not answer {attempts} requests"),
            ),
        }
    }

    fn noisy(&mut self) {
        let detail = format!(
            "more than {WASTE_MAX} bytes came that belong to no answer: the line is noisy, or \
             another master speaks on it"
        );
        self.fail(FaultClass::Corrupt, "noise", detail);
    }

    fn acknowledged(&mut self) {
        match self.state {
            State::Deselecting => self.enter(State::Selecting),
            State::Initialising | State::Selecting => {
                // After SND_NKE and after a selection the next frame count is 1.
                self.reading.frame_count = true;
                let switch = self.options.mbus.switch_baud.is_some() && !self.switched;
                self.enter(if switch { State::Switching } else { State::Requesting });
            }
            State::Switching => {
                if let (Some(line), Some(baud)) = (self.line, self.options.mbus.switch_baud) {
                    let line = LineSettings { baud, ..line };
                    self.line = Some(line);
                    self.switched = true;
                    self.steps.push_back(Step::Line(line));
                }
                self.enter(State::Requesting);
            }
            State::Requesting => {
                let detail = format!("{} acknowledged and has no data", self.name());
                self.fail(FaultClass::Device, "no_data", detail);
            }
            State::Idle | State::Finished => {}
        }
    }

    /// A long frame came: takes it when it is the answer.
    fn answered(&mut self, frame: Vec<u8>) {
        let Ok(Some((Frame::Long { control, address, ci, data }, _))) = mbus::decode(&frame) else {
            return;
        };
        let application = mbus::decode_application(control, ci, data);
        let stranger = !self.is_partner(address, application.as_ref().ok());
        if stranger || frame == self.reading.last || self.state != State::Requesting {
            // Late, or of another: the answer may still come.
            self.reading.strangers += 1;
            if self.reading.strangers > STRANGERS_MAX {
                let detail = format!("only others answer when {} is asked", self.name());
                self.fail(FaultClass::Corrupt, "wrong_slave", detail);
            } else if self.steps.is_empty() {
                self.steps.push_back(Step::Listen(self.patience(0)));
            }
            return;
        }
        let more = match application {
            Ok(application) => self.take(&application),
            Err(error) => {
                let detail = format!("{} answered something else: {error}", self.name());
                return self.fail(FaultClass::Corrupt, "answer_unknown", detail);
            }
        };
        self.reading.last = frame;
        if self.state != State::Requesting {
            return;
        }
        self.reading.telegrams += 1;
        if !more {
            self.state = State::Finished;
        } else if self.reading.telegrams >= TELEGRAMS_MAX {
            let detail = format!("{} has more than {TELEGRAMS_MAX} telegrams", self.name());
            self.fail(FaultClass::Device, "telegrams_too_many", detail);
        } else {
            self.reading.frame_count = !self.reading.frame_count;
            self.enter(State::Requesting);
        }
    }

    /// Whether whoever sent it is the one that was asked.
    fn is_partner(&self, address: u8, application: Option<&Application<'_>>) -> bool {
        match self.partner {
            // 0 is the address of a slave that was given none: any other is another slave's.
            Partner::Primary(asked) => address == asked || asked == request::TEST,
            Partner::Secondary(selection) => match application {
                Some(Application::Variable(Variable { identity: Some(identity), .. })) => {
                    selection.matches(identity)
                }
                _ => true,
            },
        }
    }

    /// Takes what an answer says; tells whether more telegrams follow.
    fn take(&mut self, application: &Application<'_>) -> bool {
        match application {
            Application::Variable(variable) => self.take_variable(variable),
            Application::Fixed(fixed) => {
                self.reading.readings.extend(map_fixed(fixed).iter().map(Mapped::reading));
                false
            }
            Application::Error { code } => {
                let said = names::application_error(*code);
                let detail = format!("{} refuses: {said}", self.name());
                self.fail(FaultClass::Device, "application_error", detail);
                false
            }
            Application::Alarm { status } => {
                let detail = format!("{} answers with an alarm, status {status:02X}", self.name());
                self.fail(FaultClass::Device, "alarm", detail);
                false
            }
        }
    }

    fn take_variable(&mut self, variable: &Variable<'_>) -> bool {
        let identity = variable.identity.or(self.reading.identity);
        self.reading.identity = identity;
        let opened = protection::open(variable, identity, self.options.guek.as_ref());
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let (class, code) = protection_fault(error);
                let detail = format!("{}: {error}", self.name());
                self.fail(class, code, detail);
                return false;
            }
        };
        let content = opened.as_deref().unwrap_or(variable.content);
        // Bits 3 and 4: a permanent or temporary error of the meter; bits 0 and 1: its application
        // is busy, or had an error (EN 13757-7, 7.5.6).
        let doubtful = |status: u8| status & 0x18 != 0 || matches!(status & 0x03, 1 | 2);
        if variable.status.is_some_and(doubtful) {
            self.reading.quality = Quality::Suspect;
        }
        let mut more = false;
        for record in mbus::Records::new(content, variable.content_at) {
            match record {
                Ok(record) => {
                    more |= record.function == Function::MoreRecordsFollow;
                    self.take_record(&record, identity.as_ref());
                }
                Err(error) => {
                    self.broken(error);
                    return false;
                }
            }
        }
        more
    }

    fn take_record(&mut self, record: &mbus::Record<'_>, identity: Option<&Identity>) {
        if let (true, mbus::Value::DateTime(at)) = (record.is_current(), record.value()) {
            let clock = record.vif.is_some_and(|vif| vif.code == 0x6D) && at.is_possible();
            if clock && self.reading.meter_time.is_none() {
                self.reading.meter_time = Some(meter_time(at));
            }
            return;
        }
        // A short header names nobody; such records are an electricity meter's only by the model.
        let unknown = Identity { identification: [0; 4], manufacturer: 0, version: 0, medium: 2 };
        let Some(mapped) = map(record, identity.unwrap_or(&unknown)) else { return };
        let known = |reading: &Reading| reading.quantity == Some(mapped.quantity);
        if !self.reading.readings.iter().any(known) {
            self.reading.readings.push(mapped.reading());
        }
    }

    /// A record broke: the good ones before it are kept.
    fn broken(&mut self, error: RecordError) {
        let detail = format!(
            "{}: telegram {}, byte {}: {error}; {} values before it are kept",
            self.name(),
            self.reading.telegrams + 1,
            error.offset,
            self.reading.readings.len()
        );
        self.fail(FaultClass::Corrupt, "record_invalid", detail);
    }

    fn finish(&mut self, now: Timestamp) -> Answer {
        self.state = State::Idle;
        let reading = std::mem::take(&mut self.reading);
        let mut heard = Heard { noise_bytes: reading.waste as u64, ..Heard::default() };
        let mut fault = reading.fault;
        if reading.readings.is_empty() {
            fault.get_or_insert_with(|| Fault {
                class: FaultClass::Device,
                code: "no_readings",
                detail: format!(
                    "{} answered {} telegrams and none of their records is a quantity known here; \
                     \"triphase decode\" shows them",
                    self.name(),
                    reading.telegrams
                ),
                keep_link: true,
            });
            return Answer { heard, fault };
        }
        let correction = self.options.correction();
        let doubts = &mut heard.doubts;
        let readings =
            reading.readings.into_iter().map(|it| correction.apply(it, doubts)).collect();
        heard.telegrams.push(Telegram {
            meter: self.options.meter.clone(),
            list: ListId::new("mbus"),
            meter_time: reading.meter_time,
            // Its clock has minutes only, and its values are those of now.
            measured_at: now,
            received_at: now,
            quality: reading.quality,
            readings,
        });
        Answer { heard, fault }
    }
}

const fn protection_fault(error: protection::Error) -> (FaultClass, &'static str) {
    match error {
        protection::Error::KeyMissing => (FaultClass::Config, "key_missing"),
        protection::Error::WrongKey { .. } => (FaultClass::Config, "wrong_key"),
        protection::Error::Unsupported { .. } => (FaultClass::Config, "security_unsupported"),
        protection::Error::Truncated { .. } => (FaultClass::Corrupt, "truncated"),
        protection::Error::IdentityMissing => (FaultClass::Device, "identity_missing"),
    }
}

fn meter_time(at: mbus::DateTime) -> MeterTime {
    MeterTime {
        year: at.date.year,
        month: at.date.month,
        day: at.date.day,
        hour: at.time.hour,
        minute: at.time.minute,
        second: at.time.second,
        hundredths: None,
        deviation: None,
        status: Some(if at.daylight_saving { 0x80 } else { 0 }),
    }
}

impl Dialogue for MbusDialogue {
    fn dialect(&self) -> Dialect {
        Dialect::Mbus
    }

    fn begin(&mut self, _now: Timestamp) {
        self.steps.clear();
        self.reading = Progress { frame_count: true, ..Progress::default() };
        if self.switched {
            // The runner has set the line as the port says.
            self.steps.extend(self.line.map(Step::Line));
        }
        self.start();
    }

    fn step(&mut self, now: Timestamp) -> Step {
        if let Some(step) = self.steps.pop_front() {
            return step;
        }
        match self.state {
            State::Finished | State::Idle => Step::Done(self.finish(now)),
            _ => Step::Listen(self.gap()),
        }
    }

    fn receive(&mut self, _at: Timestamp, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            self.ear.push(piece);
            while let Some(event) = self.ear.next() {
                match event {
                    Event::Acknowledge => self.acknowledged(),
                    Event::Answer(frame) => self.answered(frame),
                }
            }
        }
        if self.ear.waste() > WASTE_MAX + LONG_LENGTH_MAX {
            self.reading.waste += self.ear.waste();
            self.noisy();
        }
    }

    fn elapsed(&mut self, _at: Timestamp) {
        if self.state != State::Finished {
            self.silent();
        }
    }

    fn disconnected(&mut self, _at: Timestamp) {
        self.ear.clear();
        self.steps.clear();
        self.reading = Progress::default();
        self.state = State::Idle;
        self.switched = false;
        self.line = self.options.mbus.line;
    }
}

impl MbusDialogue {
    fn gap(&self) -> Duration {
        if self.line.is_some() { GAP } else { GAP_TCP }
    }
}
