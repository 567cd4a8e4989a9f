//! Meters that are asked: those on one wire take turns, for ever.
//!
//! In: a wire, its meters with their dialogues and periods. Out: what the stations deliver. One
//! meter's silence, nonsense or refusal costs the others no more than the time it is waited for,
//! and that less and less often.

use super::schedule::{Schedule, Turn};
use super::station::{Station, seed_of, why};
use super::watch::Why;
use meter::{Answer, Dialogue, Fault, FaultClass, STEPS_MAX, Step};
use reading::{LinkCause, Timestamp};
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, timeout};

/// Most bytes taken from a wire at once.
const READ_MAX: usize = 4096;
/// How often silent links are looked at while nobody is due.
const TICK: Duration = Duration::from_secs(1);
/// A reading that is not over by then is given up, whatever its meter keeps sending.
const READING_MAX: Duration = Duration::from_secs(600);

/// One meter of a bus.
pub(crate) struct Member {
    pub(crate) station: Station,
    pub(crate) dialogue: Box<dyn Dialogue>,
    pub(crate) period: Duration,
    /// How the line is set before this meter is asked; `None` where there is none.
    pub(crate) line: Option<wire::LineSettings>,
}

/// Meters on one wire.
pub(crate) struct Bus {
    pub(crate) port: wire::Port,
    pub(crate) members: Vec<Member>,
}

/// Why a session on an open wire ended.
enum Ended {
    Shutdown,
    /// An answer is owed on it and could be taken for another: it is opened anew.
    Stale,
    /// The wire failed.
    Lost(Why),
}

/// What is wrong with a turn.
enum Broken {
    /// The wire failed.
    Wire(wire::Error),
    /// The reading failed.
    Reading(Fault),
}

impl Bus {
    /// Reads until `shutdown` turns true.
    pub(crate) async fn run(mut self, mut shutdown: Receiver<bool>) {
        let Some(first) = self.members.first() else { return };
        let mut back_off = wire::BackOff::new(seed_of(&first.station.meter));
        let mut schedule = Schedule::new(self.members.iter().map(|member| member.period));
        let start = Instant::now();
        let mut again = false;
        for member in &self.members {
            member.station.announce();
        }
        loop {
            let opened = tokio::select! {
                opened = wire::open(&self.port, frame::capture_text::bytes_of_capture) => opened,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
            let ended = match opened {
                Ok(mut link) => {
                    if !std::mem::take(&mut again) {
                        tracing::info!(port = %self.port, meters = self.members.len(), "bus open");
                        self.members.iter_mut().for_each(|member| member.station.opened());
                    }
                    let ended = tokio::select! {
                        ended = self.session(&mut link, (&mut schedule, start)) => ended,
                        _ = shutdown.wait_for(|stop| *stop) => Ended::Shutdown,
                    };
                    for member in &mut self.members {
                        member.dialogue.disconnected(member.station.now());
                    }
                    if self.members.iter().any(|member| member.station.is_live()) {
                        back_off.reset();
                    }
                    ended
                }
                Err(error) => Ended::Lost(why(&error)),
            };
            match ended {
                Ended::Shutdown => return,
                Ended::Stale => {
                    again = true;
                    continue;
                }
                Ended::Lost(why) => {
                    self.members.iter_mut().for_each(|member| member.station.failed(why.clone()));
                }
            }
            tokio::select! {
                () = sleep(back_off.next_delay()) => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Asks in turn until the wire must be opened again.
    async fn session(
        &mut self,
        link: &mut wire::Link,
        (schedule, start): (&mut Schedule, Instant),
    ) -> Ended {
        loop {
            let Some((place, wait)) = schedule.next(start.elapsed()) else {
                // Nobody on this bus may be asked any more: the links' states say why.
                return std::future::pending().await;
            };
            if wait > Duration::ZERO {
                sleep(wait.min(TICK)).await;
                self.members.iter_mut().for_each(|member| member.station.tick());
                continue;
            }
            let Some(member) = self.members.get_mut(place) else { continue };
            let taken = member.take_turn(link).await;
            let (turn, ended) = match taken {
                Ok(()) => (Turn::Answered, None),
                Err(Broken::Wire(error)) => (Turn::Failed, Some(Ended::Lost(why(&error)))),
                Err(Broken::Reading(fault)) => {
                    tracing::warn!(meter = %member.station.meter, code = fault.code, "{fault}");
                    member.station.refused(fault.code, (cause_of(&fault), fault.detail.clone()));
                    (turn_of(&fault), (!fault.keep_link).then_some(Ended::Stale))
                }
            };
            schedule.took_turn(place, start.elapsed(), turn);
            if let Some(ended) = ended {
                return ended;
            }
        }
    }
}

impl Member {
    /// One reading.
    async fn take_turn(&mut self, link: &mut wire::Link) -> Result<(), Broken> {
        // Another meter, or an optical dialogue, may have left the line set otherwise.
        if let Some(line) = self.line {
            link.set_line(line).await.map_err(Broken::Wire)?;
        }
        // What comes unasked is a late answer to an older question.
        link.drain().await.map_err(Broken::Wire)?;
        self.dialogue.begin(self.station.now());
        let (dialogue, station) = (&mut *self.dialogue, &self.station);
        let clock = || station.now();
        let Ok(read) = timeout(READING_MAX, converse(dialogue, &clock, link)).await else {
            self.dialogue.disconnected(self.station.now());
            return Err(Broken::Reading(endless()));
        };
        let Exchange { answer, bytes } = read.map_err(Broken::Wire)?;
        self.station.deliver(answer.heard, bytes).await;
        answer.fault.map_or(Ok(()), |fault| Err(Broken::Reading(fault)))
    }
}

/// What a reading brought, and how many bytes came for it.
pub(crate) struct Exchange {
    pub(crate) answer: Answer,
    pub(crate) bytes: usize,
}

/// Holds one reading over an open wire: does what the dialogue wants until it is done.
///
/// # Errors
/// The wire failed.
pub(crate) async fn converse(
    dialogue: &mut dyn Dialogue,
    clock: &(dyn Fn() -> Timestamp + Send + Sync),
    link: &mut wire::Link,
) -> Result<Exchange, wire::Error> {
    let mut buffer = [0; READ_MAX];
    let mut bytes = 0;
    for _ in 0..STEPS_MAX {
        match dialogue.step(clock()) {
            Step::Send(question) => link.write_all(&question).await?,
            Step::Line(line) => link.set_line(line).await?,
            Step::Pause(pause) => sleep(pause).await,
            Step::Listen(patience) => match timeout(patience, link.read(&mut buffer)).await {
                Ok(Ok(0)) => return Err(wire::Error::closed()),
                Ok(read) => {
                    let count = read?;
                    bytes += count;
                    dialogue.receive(clock(), buffer.get(..count).unwrap_or_default());
                }
                Err(_) => dialogue.elapsed(clock()),
            },
            Step::Done(answer) => return Ok(Exchange { answer, bytes }),
        }
    }
    dialogue.disconnected(clock());
    Ok(Exchange { answer: Answer { fault: Some(endless()), ..Answer::default() }, bytes })
}

fn endless() -> Fault {
    Fault {
        class: FaultClass::Corrupt,
        code: "reading_endless",
        detail: format!(
            "the reading was not over after {} s or {STEPS_MAX} steps and was given up",
            READING_MAX.as_secs()
        ),
        keep_link: false,
    }
}

const fn turn_of(fault: &Fault) -> Turn {
    match fault.class {
        FaultClass::Config => Turn::Forbidden,
        FaultClass::Transient | FaultClass::Device | FaultClass::Corrupt => Turn::Failed,
    }
}

const fn cause_of(fault: &Fault) -> LinkCause {
    match fault.class {
        FaultClass::Config => LinkCause::Refused,
        FaultClass::Transient => LinkCause::NoAnswer,
        FaultClass::Device => LinkCause::Refused,
        FaultClass::Corrupt => LinkCause::WrongAnswer,
    }
}
