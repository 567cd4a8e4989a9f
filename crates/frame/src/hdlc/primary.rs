//! The client's side of an HDLC connection: it speaks first, and only it breaks a silence.
//!
//! In: bytes of the line, messages to send. Out: bytes to write, and [`Event`]s. Frames for other
//! stations and the echo of its own are dropped.
//!
//! # Source
//! IEC 62056-46, 6.4.4 (Green Book 8.4.4): normal response mode, two-way alternate.

use super::control::Control;
use super::exchange::{Advance, Exchange, ExchangeError, Role};
use super::frame::{self, Address, Outgoing, encode};
use super::negotiation::{InvalidLimits, Limits};
use super::receiver::{Received, Receiver};

/// What the other station did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// These bytes are to be written; the other station has not finished.
    Send(Vec<u8>),
    /// The connection stands.
    Connected(Limits),
    /// A whole message, without its LLC header.
    Message(Vec<u8>),
    /// It has nothing to say yet: it may be asked again after a while.
    Busy,
    /// It carried out a DISC.
    Disconnected,
    /// DM: it has no connection, or refuses to begin one.
    Refused,
    /// FRMR: it cannot obey a frame; the connection is lost. The reason's bytes as sent.
    Rejected(Vec<u8>),
}

/// Why bytes brought no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrimaryError {
    /// A frame's check sequence is wrong. The other station can be asked again.
    #[error("{0}")]
    Damaged(frame::Error),
    /// The connection cannot go on.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The answer to SNRM states sizes that cannot be.
    #[error(transparent)]
    Limits(#[from] InvalidLimits),
}

#[derive(Debug)]
enum State {
    Idle,
    Connecting,
    Connected(Box<Exchange>),
    Disconnecting,
}

/// The client's side of one connection at a time.
#[derive(Debug)]
pub struct Primary {
    own: Address,
    peer: Address,
    proposal: Limits,
    receiver: Receiver,
    state: State,
}

impl Primary {
    /// A client at `own` that will speak to the server at `peer`.
    #[must_use]
    pub fn new(own: Address, peer: Address, proposal: Limits) -> Self {
        Self { own, peer, proposal, receiver: Receiver::default(), state: State::Idle }
    }

    /// SNRM: begins a connection, whatever was before.
    pub fn connect(&mut self) -> Vec<u8> {
        self.receiver.clear();
        self.state = State::Connecting;
        self.frame(Control::SetNormalResponseMode, &self.proposal.encode())
    }

    /// DISC: ends the connection.
    pub fn disconnect(&mut self) -> Vec<u8> {
        self.state = State::Disconnecting;
        self.frame(Control::Disconnect, &[])
    }

    /// The first frames of a message; `None` without a connection.
    pub fn send(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        match &mut self.state {
            State::Connected(exchange) => Some(exchange.send(message)),
            _ => None,
        }
    }

    /// What to write after the other station was silent for too long: the question for what is
    /// missing, which also shows whether our own frame was lost.
    #[must_use]
    pub fn enquire(&self) -> Vec<u8> {
        match &self.state {
            State::Connected(exchange) => exchange.ready(),
            State::Connecting => {
                self.frame(Control::SetNormalResponseMode, &self.proposal.encode())
            }
            State::Disconnecting => self.frame(Control::Disconnect, &[]),
            State::Idle => Vec::new(),
        }
    }

    /// The wire was lost.
    pub fn reset(&mut self) {
        self.receiver.clear();
        self.state = State::Idle;
    }

    /// Takes bytes as they came.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.receiver.push(bytes);
    }

    /// What the bytes say; `None` asks for more.
    #[allow(clippy::should_implement_trait)] // An iterator would be over for good at the first `None`.
    pub fn next(&mut self) -> Option<Result<Event, PrimaryError>> {
        loop {
            let frame = match self.receiver.next()? {
                Received::Frame(frame) => frame,
                Received::Damaged(error) => return Some(Err(PrimaryError::Damaged(error))),
            };
            if frame.destination != self.own || frame.source.parts() != self.peer.parts() {
                continue;
            }
            let Some(control) = Control::decode(frame.control) else { continue };
            let event = match (&mut self.state, control) {
                (State::Connecting, Control::Acknowledge) => {
                    match Limits::decode(frame.information) {
                        Ok(limits) => {
                            let limits = self.proposal.agreed(&limits);
                            let addresses = (self.own, self.peer);
                            let exchange = Exchange::new(Role::Primary, addresses, limits);
                            self.state = State::Connected(Box::new(exchange));
                            Ok(Event::Connected(limits))
                        }
                        Err(error) => Err(error.into()),
                    }
                }
                (State::Disconnecting, Control::Acknowledge | Control::DisconnectedMode) => {
                    self.state = State::Idle;
                    Ok(Event::Disconnected)
                }
                (State::Connecting | State::Connected(_), Control::DisconnectedMode) => {
                    self.state = State::Idle;
                    Ok(Event::Refused)
                }
                (State::Connecting | State::Connected(_), Control::FrameReject) => {
                    let reason = frame.information.to_vec();
                    self.state = State::Idle;
                    Ok(Event::Rejected(reason))
                }
                (State::Connected(exchange), control) => match exchange.receive(control, &frame) {
                    Ok(Advance::Wait) => continue,
                    Ok(Advance::Message(message)) => Ok(Event::Message(message)),
                    Ok(Advance::Send(bytes)) => Ok(Event::Send(bytes)),
                    Ok(Advance::Turn) => Ok(Event::Busy),
                    Err(error) => Err(error.into()),
                },
                _ => continue,
            };
            return Some(event);
        }
    }

    fn frame(&self, control: Control, information: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let frame = Outgoing {
            segmented: false,
            destination: self.peer,
            source: self.own,
            control: control.encode(),
            information,
        };
        // The parameters of a connection take far less than a frame.
        let _ = encode(&frame, &mut out);
        out
    }
}
