//! Meters that are asked: those on one wire take turns, for ever.
//!
//! In: a wire, its meters with their dialogues and periods. Out: what the stations deliver. One
//! meter's silence, nonsense or refusal costs the others no more than the time it is waited for,
//! and that less and less often.

use super::modbus::Asker;
use super::schedule::{Schedule, Turn};
use super::station::{Station, seed_of, why};
use super::tap::{Tap, dialect_of};
use super::watch::Why;
use meter::{Answer, Dialogue, Fault, FaultClass, STEPS_MAX, Step};
use reading::{LinkCause, Memory, Timestamp};
use std::time::Duration;
use store::{Batch, Store};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, timeout};
use wire::modbus::{Client, Framing};

/// Most bytes taken from a wire at once.
const READ_MAX: usize = 4096;
/// How often silent links are looked at while nobody is due.
const TICK: Duration = Duration::from_secs(1);
/// A reading that is not over by then is given up, whatever its meter keeps sending.
const READING_MAX: Duration = Duration::from_secs(600);

/// One meter of a bus.
pub(crate) struct Member {
    pub(crate) station: Station,
    pub(crate) conversation: Conversation,
    pub(crate) period: Duration,
    /// How the line is set before this meter is asked; `None` where there is none.
    pub(crate) line: Option<wire::LineSettings>,
}

/// How a meter is asked.
pub(crate) enum Conversation {
    /// In its own protocol, byte by byte.
    Dialogue(Box<dyn Dialogue>),
    /// For its registers.
    Modbus(Box<Asker>),
}

/// An open wire, as its meters use it.
enum Wire {
    Bytes(wire::Link),
    Modbus(Client),
}

/// Meters on one wire.
pub(crate) struct Bus {
    pub(crate) port: wire::Port,
    pub(crate) members: Vec<Member>,
    /// Whom a simulation gives the other end of each wire that is opened.
    #[cfg(test)]
    far_end: Option<FarEnd>,
}

/// Takes the other ends of wires within this process.
#[cfg(test)]
pub(crate) type FarEnd = tokio::sync::mpsc::UnboundedSender<tokio::io::DuplexStream>;

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
    /// The wire was found closed before anything was asked.
    Idle(wire::Error),
    /// The reading failed.
    Reading(Fault),
}

impl Bus {
    /// A wire without meters yet.
    pub(crate) const fn new(port: wire::Port) -> Self {
        Self {
            port,
            members: Vec::new(),
            #[cfg(test)]
            far_end: None,
        }
    }

    /// The same wire within this process.
    #[cfg(test)]
    pub(crate) fn in_memory(mut self, far_end: FarEnd) -> Self {
        self.far_end = Some(far_end);
        self
    }

    async fn open(&mut self) -> Result<wire::Link, wire::Error> {
        #[cfg(test)]
        if let Some(far_end) = &self.far_end {
            let (near, far) = tokio::io::duplex(READ_MAX);
            return far_end
                .send(far)
                .map(|()| wire::Link::of_memory(near))
                .map_err(|_| wire::Error::closed());
        }
        wire::open(&self.port, frame::capture_text::bytes_of_capture).await
    }

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
                opened = self.open() => opened,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
            let ended = match opened {
                Ok(link) => {
                    let mut link = Wire::of(link, &self.port);
                    // What is still on its way belongs to the question that was given up.
                    if again && let Wire::Modbus(client) = &mut link {
                        let _ = client.settle().await;
                    }
                    if !std::mem::take(&mut again) {
                        tracing::info!(port = %self.port, meters = self.members.len(), "bus open");
                        self.members.iter_mut().for_each(|member| member.station.opened());
                    }
                    let ended = tokio::select! {
                        ended = self.session(&mut link, (&mut schedule, start)) => ended,
                        _ = shutdown.wait_for(|stop| *stop) => Ended::Shutdown,
                    };
                    self.members.iter_mut().for_each(Member::disconnected);
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
        link: &mut Wire,
        (schedule, start): (&mut Schedule, Instant),
    ) -> Ended {
        let mut used = false;
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
                // Many gateways close a connection on which nothing was asked for a while: that is
                // no failure of the meter whose turn it is.
                Err(Broken::Idle(_)) if used => return Ended::Stale,
                Err(Broken::Idle(error) | Broken::Wire(error)) => {
                    (Turn::Failed, Some(Ended::Lost(why(&error))))
                }
                Err(Broken::Reading(fault)) => {
                    tracing::warn!(meter = %member.station.meter, code = fault.code, "{fault}");
                    member.station.refused(fault.code, (cause_of(&fault), fault.detail.clone()));
                    (turn_of(&fault), (!fault.keep_link).then_some(Ended::Stale))
                }
            };
            used = true;
            schedule.took_turn(place, start.elapsed(), turn);
            if let Some(ended) = ended {
                return ended;
            }
        }
    }
}

impl Wire {
    fn of(link: wire::Link, port: &wire::Port) -> Self {
        match Framing::of(port) {
            Some(framing) => Self::Modbus(Client::new(link, framing)),
            None => Self::Bytes(link),
        }
    }
}

impl Member {
    /// One reading, whose messages are kept for inspection whatever becomes of it.
    async fn take_turn(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let mut tap = Tap::default();
        let taken = self.read(wire, &mut tap).await;
        match &taken {
            Ok(()) | Err(Broken::Idle(_)) => {}
            Err(Broken::Wire(error)) => tap.fault("wire_lost", &error.to_string()),
            Err(Broken::Reading(fault)) => tap.fault(fault.code, &fault.detail),
        }
        self.station.keep_messages(&mut tap);
        taken
    }

    async fn read(&mut self, wire: &mut Wire, tap: &mut Tap) -> Result<(), Broken> {
        let Self { station, conversation, line, .. } = self;
        let Exchange { answer, bytes } = match (conversation, wire) {
            (Conversation::Dialogue(dialogue), Wire::Bytes(link)) => {
                // Another meter, or an optical dialogue, may have left the line set otherwise.
                if let Some(line) = *line {
                    link.set_line(line).await.map_err(Broken::Wire)?;
                }
                // What comes unasked is a late answer to an older question.
                link.drain().await.map_err(Broken::Idle)?;
                dialogue.begin(station.now());
                let clock = || station.now();
                let around = Around { clock: &clock, store: Some(station.store()) };
                let exchange = converse(&mut **dialogue, around, link, tap);
                let Ok(read) = timeout(READING_MAX, exchange).await else {
                    dialogue.disconnected(station.now());
                    return Err(Broken::Reading(endless()));
                };
                read.map_err(Broken::Wire)?
            }
            (Conversation::Modbus(asker), Wire::Modbus(client)) => {
                if let Some(line) = *line {
                    client.set_line(line).map_err(Broken::Wire)?;
                }
                client.drain().map_err(Broken::Idle)?;
                let read = asker.read(client, station.clock(), tap).await;
                let (exchange, defects) = read.map_err(Broken::Wire)?;
                defects.iter().for_each(|defect| station.note(defect.code, &defect.detail));
                exchange
            }
            _ => return Err(Broken::Reading(other_protocol())),
        };
        self.station.deliver(answer.heard, bytes).await;
        answer.fault.map_or(Ok(()), |fault| Err(Broken::Reading(fault)))
    }

    /// The wire was lost.
    fn disconnected(&mut self) {
        if let Conversation::Dialogue(dialogue) = &mut self.conversation {
            dialogue.disconnected(self.station.now());
        }
    }
}

/// Two meters were configured with one device and different protocols.
fn other_protocol() -> Fault {
    Fault {
        class: FaultClass::Config,
        code: "other_protocol",
        detail: "another meter uses this wire with another protocol: give each its own wire"
            .to_owned(),
        keep_link: true,
    }
}

/// What a reading brought, and how many bytes came for it.
pub(crate) struct Exchange {
    pub(crate) answer: Answer,
    pub(crate) bytes: usize,
}

/// What a reading needs besides its wire.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Where what must not be forgotten goes; `None` where there is no such place.
    pub(crate) store: Option<&'a Store>,
}

/// Holds one reading over an open wire: does what the dialogue wants until it is done. What goes over
/// the wire is noted in `tap`.
///
/// # Errors
/// The wire failed.
pub(crate) async fn converse(
    dialogue: &mut dyn Dialogue,
    around: Around<'_>,
    link: &mut wire::Link,
    tap: &mut Tap,
) -> Result<Exchange, wire::Error> {
    let clock = around.clock;
    let mut buffer = [0; READ_MAX];
    let mut bytes = 0;
    for _ in 0..STEPS_MAX {
        match dialogue.step(clock()) {
            Step::Send(question) => {
                tap.sent(clock(), dialect_of(dialogue.dialect()), &question);
                link.write_all(&question).await?;
            }
            Step::Line(line) => link.set_line(line).await?,
            Step::Pause(pause) => sleep(pause).await,
            Step::Remember(memory) => {
                if let Err(detail) = remember(around.store, memory).await {
                    dialogue.disconnected(clock());
                    let fault = Some(forgetful(&detail));
                    return Ok(Exchange { answer: Answer { fault, ..Answer::default() }, bytes });
                }
            }
            Step::Listen(patience) => match timeout(patience, link.read(&mut buffer)).await {
                Ok(Ok(0)) => return Err(wire::Error::closed()),
                Ok(read) => {
                    let count = read?;
                    bytes += count;
                    let (at, came) = (clock(), buffer.get(..count).unwrap_or_default());
                    tap.received(at, dialect_of(dialogue.dialect()), came);
                    dialogue.receive(at, came);
                }
                Err(_) => dialogue.elapsed(clock()),
            },
            Step::Done(answer) => return Ok(Exchange { answer, bytes }),
        }
    }
    dialogue.disconnected(clock());
    Ok(Exchange { answer: Answer { fault: Some(endless()), ..Answer::default() }, bytes })
}

/// Writes to the disk what the meter must not be told twice, such as a counter.
async fn remember(store: Option<&Store>, memory: Memory) -> Result<(), String> {
    // A reading of which nothing is kept goes by names that nothing else uses: `read::unkept`.
    let Some(store) = store else { return Ok(()) };
    let pending = store.enqueue(Batch::live(Vec::new(), vec![memory])).await;
    let pending = pending.map_err(|error| error.to_string())?;
    pending.await.map(drop).map_err(|error| error.to_string())
}

fn forgetful(detail: &str) -> Fault {
    Fault {
        class: FaultClass::Transient,
        code: "store_refused",
        detail: format!("what the meter must not be told twice cannot be remembered: {detail}"),
        keep_link: false,
    }
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
