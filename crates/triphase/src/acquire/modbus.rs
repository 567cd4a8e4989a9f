//! One reading of a Modbus meter: requests until the map is read, then a telegram.
//!
//! In: a client on an open wire, a meter's reader. Out: what may be used and what failed. A refused
//! register costs that register; a lost or foreign answer ends the reading and the use of the
//! wire, since it could be taken for the answer to the next question. On a serial line answers
//! name no question: there a lost answer is followed by a question whose answer has another length.

use super::owed::Owed;
use super::{Clock, Exchange, Tap};
use meter::modbus::{Defect, Reader, Span};
use meter::{Answer, Fault, FaultClass, Heard};
use outlet::Dialect;
use reading::Timestamp;
use std::time::Duration;
use tokio::time::Instant;
use wire::modbus::{Client, Failure, Framing, Manners, Question, exception_name};

/// How long an answer may take unless the configuration says otherwise.
pub(crate) const TIMEOUT_DEFAULT: Duration = Duration::from_secs(1);
/// Most requests of one reading: every register of the largest map alone, and a walk before.
const REQUESTS_MAX: usize = 1024;
/// Header and check sum of a question and its answer, beside the registers.
const OVERHEAD_BYTES: usize = 17;

/// A Modbus meter on its bus.
pub(crate) struct Asker {
    pub(crate) reader: Reader,
    pub(crate) unit: u8,
    pub(crate) timeout: Duration,
    /// Answers that may still come from the device, where they could be mistaken.
    pub(crate) owed: Owed,
}

/// A reading that failed because the wire did, or what it brought.
pub(super) type Read = Result<(Exchange, Vec<Defect>), wire::Error>;

impl Asker {
    /// Reads the meter once. Returns what it brought, what was wrong with single registers, and
    /// how many bytes went over the wire, which `tap` notes.
    pub(crate) async fn read(&mut self, client: &mut Client, clock: &Clock, tap: &mut Tap) -> Read {
        let begun = clock();
        let mut bytes = 0;
        self.reader.begin();
        let mut fault = None;
        for _ in 0..REQUESTS_MAX {
            let Some(span) = self.reader.next_request() else { break };
            if let Err(failure) = self.catch_up(client, span, (clock, &mut *tap)).await {
                fault = Some(self.given_up(client, failure, span)?);
                break;
            }
            let asked = clock();
            let answer = client.read(self.question(span), self.manners()).await;
            note(client, (asked, clock()), tap);
            match answer {
                Ok(words) => {
                    bytes += OVERHEAD_BYTES + words.len() * 2;
                    self.reader.answered(words);
                }
                // The meter has no such register, or not so many at once.
                Err(Failure::Exception { code: 2 | 3 }) => {
                    bytes += OVERHEAD_BYTES;
                    tap.fault(
                        "exception",
                        "the device has no such register, or not so many at once",
                    );
                    self.reader.refused();
                }
                Err(failure) => {
                    fault = Some(self.given_up(client, failure, span)?);
                    break;
                }
            }
        }
        let outcome = self.reader.finish(begun, clock());
        let failed = fault.is_some();
        let fault = fault.or_else(|| useless(&outcome.defects));
        // Half a reading would have some of its values at another instant than the next one.
        let telegrams: Vec<_> = outcome.telegram.filter(|_| !failed).into_iter().collect();
        let doubts = if telegrams.is_empty() { Vec::new() } else { outcome.doubts };
        let answer = Answer { heard: Heard { telegrams, doubts, ..Heard::default() }, fault };
        Ok((Exchange { answer, bytes }, outcome.defects))
    }

    /// Where an answer is owed that this question's could be taken for: asks for as many registers
    /// as nobody asked for before. A device answers in the order of the questions, so behind that
    /// answer nothing older comes.
    async fn catch_up(
        &mut self,
        client: &mut Client,
        span: Span,
        (clock, tap): (&Clock, &mut Tap),
    ) -> Result<(), Failure> {
        let Some(count) = self.owed.distinct(span.count, Instant::now()) else { return Ok(()) };
        let probe = Span { count, ..span };
        let asked = clock();
        let answer = client.read(self.question(probe), self.manners()).await;
        note(client, (asked, clock()), tap);
        match answer {
            Ok(_) | Err(Failure::Exception { .. }) => {
                self.owed.clear();
                Ok(())
            }
            Err(failure) => {
                self.owed.lost(count, Instant::now());
                Err(failure)
            }
        }
    }

    /// What a failed question means for the reading.
    ///
    /// # Errors
    /// The wire failed.
    fn given_up(
        &mut self,
        client: &Client,
        failure: Failure,
        span: Span,
    ) -> Result<Fault, wire::Error> {
        if !client.answers_are_numbered() && failure.spoils_the_wire() {
            self.owed.lost(span.count, Instant::now());
        }
        match failure {
            Failure::Wire(error) => Err(error),
            failure => Ok(self.fault(&failure, span, client.answers_are_numbered())),
        }
    }

    fn question(&self, span: Span) -> Question {
        let Span { table, address, count } = span;
        Question { unit: self.unit, function: table.function(), address, count }
    }

    fn manners(&self) -> Manners {
        let pause = self.reader.map().map_or(Duration::ZERO, |map| map.manners.pause);
        Manners { timeout: self.timeout, pause }
    }

    fn fault(&self, failure: &Failure, span: Span, tcp: bool) -> Fault {
        let unit = self.unit;
        let Span { address, count, .. } = span;
        let what = format!("unit {unit}, registers {address} to {}", span.end() - 1);
        let (class, code, detail) = match failure {
            Failure::Exception { code: code @ (10 | 11) } => {
                let name = exception_name(*code);
                let detail = format!("unit {unit} does not answer its gateway ({name})");
                (FaultClass::Transient, "no_answer", detail)
            }
            Failure::Exception { code: code @ (5 | 6) } => {
                let name = exception_name(*code);
                (FaultClass::Transient, "busy", format!("{what}: {name}"))
            }
            Failure::Exception { code } => {
                let name = exception_name(*code);
                (FaultClass::Device, "exception", format!("{what}: exception {code}, {name}"))
            }
            Failure::Timeout { waited, bytes: 0 } => {
                let settings =
                    if tcp { "is the unit that" } else { "are unit, baud rate and parity those" };
                let detail = format!(
                    "unit {unit} did not answer within {} ms: is it switched on, and {settings} \
                     of the meter?",
                    waited.as_millis()
                );
                (FaultClass::Transient, "no_answer", detail)
            }
            Failure::Timeout { waited, bytes } => {
                let doubt = if tcp {
                    "is it Modbus TCP that this port speaks? A gateway that passes serial frames \
                     on as they are is modbus+rtutcp://"
                } else {
                    "are baud rate and parity those of the meter, or do two devices have this unit?"
                };
                let detail = format!(
                    "{what}: {bytes} bytes came and made no whole answer within {} ms: {doubt}",
                    waited.as_millis()
                );
                (FaultClass::Corrupt, "half_answer", detail)
            }
            Failure::Length { asked, got } if *asked != count => {
                let detail = format!(
                    "{what}: an answer to an older question came, of {got} registers; unit {unit} \
                     answers later than {} ms: a longer `timeout` may suit it",
                    self.timeout.as_millis()
                );
                (FaultClass::Corrupt, "late_answer", detail)
            }
            Failure::Length { got, .. } => {
                let detail = format!("{what}: {got} registers came where {count} were asked for");
                (FaultClass::Corrupt, "wrong_length", detail)
            }
            Failure::Foreign(of) => {
                let detail = format!("{what}: an answer came that names another {of}");
                (FaultClass::Corrupt, "foreign_answer", detail)
            }
            Failure::Malformed(_) | Failure::Wire(_) => {
                (FaultClass::Corrupt, "malformed_answer", format!("{what}: {failure}"))
            }
        };
        Fault { class, code, detail, keep_link: !failure.spoils_the_wire() }
    }
}

/// Notes the question that was asked last, and what came.
fn note(client: &mut Client, (asked, answered): (Timestamp, Timestamp), tap: &mut Tap) {
    let dialect = match client.framing() {
        Framing::Tcp => Dialect::ModbusTcp,
        Framing::Rtu => Dialect::ModbusRtu,
    };
    let (question, answer) = client.take_exchange();
    if !question.is_empty() {
        tap.sent(asked, dialect, &question);
    }
    if !answer.is_empty() {
        tap.received(answered, dialect, &answer);
    }
}

/// Defects that leave nothing of a reading.
const USELESS: [&str; 3] = ["model_refused", "no_sunspec", "no_values"];

/// What makes a whole reading useless. A device without a single register of the map is not this
/// model, however well it answers; one without a single value has to say so.
fn useless(defects: &[Defect]) -> Option<Fault> {
    let defect = defects.iter().find(|d| USELESS.contains(&d.code))?;
    Some(Fault {
        class: FaultClass::Device,
        code: defect.code,
        detail: defect.detail.clone(),
        keep_link: true,
    })
}
