//! Numbered information between two stations: segments, windows, acknowledgements.
//!
//! In: I, RR and RNR frames of the other station, messages to send. Out: frames to send, messages
//! joined from their segments. Both stations of a connection count alike, so both use this.
//!
//! # Source
//! IEC 62056-46, 6.4.4.4.4 to 6.4.4.4.6 (Green Book 8.4.4.4): data transfer, segmentation, window.

use super::control::Control;
use super::frame::{Address, Frame, Outgoing, encode};
use super::negotiation::Limits;
use crate::dlms::{LLC_COMMAND, LLC_RESPONSE};
use std::collections::VecDeque;

/// Most bytes of a message joined from segments.
pub const MESSAGE_MAX: usize = 0x1_0000;
/// How often one message may be sent again.
pub const RETRANSMISSIONS_MAX: u8 = 3;
const MODULUS: u8 = 8;

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// A frame acknowledges what was never sent.
    #[error("frame number {got} was acknowledged and never sent")]
    Acknowledgement {
        /// N(R).
        got: u8,
    },
    /// More than [`MESSAGE_MAX`] bytes.
    #[error("a message is longer than {MESSAGE_MAX} bytes")]
    TooLarge,
    /// The other station asks for the same frames again and again.
    #[error("the same frame was asked for more than {RETRANSMISSIONS_MAX} times")]
    Retransmissions,
    /// A message does not start with the LLC header.
    #[error("a message does not start with the LLC header of the other side")]
    Llc,
}

/// What a frame of the other station brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Advance {
    /// Nothing to do until its next frame.
    Wait,
    /// A whole message, without its LLC header.
    Message(Vec<u8>),
    /// It is this station's turn, and there are frames to send.
    Send(Vec<u8>),
    /// It is this station's turn, everything arrived, and there is nothing to send.
    Turn,
}

#[derive(Debug, Clone)]
struct Segment {
    information: Vec<u8>,
    last: bool,
}

/// Which of the two stations this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It asks: what comes twice is dropped, since whoever asks repeats the question himself.
    Primary,
    /// It answers: a question that comes twice is answered twice.
    Secondary,
}

/// One station's side of a connection.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    role: Role,
    pub(super) own: Address,
    pub(super) peer: Address,
    pub(super) limits: Limits,
    send_next: u8,
    receive_next: u8,
    /// Sent and not acknowledged, oldest first.
    pending: VecDeque<Segment>,
    unsent: VecDeque<Segment>,
    joined: Vec<u8>,
    /// A message whose last segment has arrived and whose sender has not passed the turn yet.
    complete: Option<Vec<u8>>,
    retransmissions: u8,
}

impl Exchange {
    /// A connection that just began.
    pub(super) const fn new(role: Role, (own, peer): (Address, Address), limits: Limits) -> Self {
        Self {
            role,
            own,
            peer,
            limits,
            send_next: 0,
            receive_next: 0,
            pending: VecDeque::new(),
            unsent: VecDeque::new(),
            joined: Vec::new(),
            complete: None,
            retransmissions: 0,
        }
    }

    /// Takes a message and gives the first frames of it.
    pub(super) fn send(&mut self, message: &[u8]) -> Vec<u8> {
        let header = match self.role {
            Role::Primary => LLC_COMMAND,
            Role::Secondary => LLC_RESPONSE,
        };
        let whole = [&header, message].concat();
        let length = usize::from(self.limits.transmit_length).max(1);
        self.pending.clear();
        self.unsent.clear();
        self.retransmissions = 0;
        let count = whole.len().div_ceil(length);
        for (index, information) in whole.chunks(length).enumerate() {
            let last = index.saturating_add(1) == count;
            self.unsent.push_back(Segment { information: information.to_vec(), last });
        }
        self.burst()
    }

    /// As many new frames as the window allows; the last one passes the turn.
    fn burst(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let window = usize::from(self.limits.transmit_window.max(1));
        while self.pending.len() < window {
            let Some(segment) = self.unsent.pop_front() else { break };
            let poll = segment.last || self.pending.len().saturating_add(1) == window;
            self.encode(&segment, (self.send_next, poll), &mut out);
            self.send_next = self.send_next.wrapping_add(1) % MODULUS;
            self.pending.push_back(segment);
        }
        out
    }

    /// Everything that was sent and not acknowledged, once more.
    fn again(&mut self) -> Result<Vec<u8>, ExchangeError> {
        self.retransmissions = self.retransmissions.saturating_add(1);
        if self.retransmissions > RETRANSMISSIONS_MAX {
            return Err(ExchangeError::Retransmissions);
        }
        let mut out = Vec::new();
        let mut number = self.oldest_pending();
        for (index, segment) in self.pending.iter().enumerate() {
            let poll = index.saturating_add(1) == self.pending.len();
            self.encode(segment, (number, poll), &mut out);
            number = number.wrapping_add(1) % MODULUS;
        }
        Ok(out)
    }

    fn encode(&self, segment: &Segment, (send, poll): (u8, bool), out: &mut Vec<u8>) {
        let control = Control::Information { send, receive: self.receive_next, poll };
        let frame = Outgoing {
            segmented: !segment.last,
            destination: self.peer,
            source: self.own,
            control: control.encode(),
            information: &segment.information,
        };
        // Segments are cut to the agreed length, which no frame is too short for.
        let _ = encode(&frame, out);
    }

    fn oldest_pending(&self) -> u8 {
        let count = u8::try_from(self.pending.len()).unwrap_or(0);
        self.send_next.wrapping_sub(count) % MODULUS
    }

    /// RR with the turn passed: a question for what is missing, or an acknowledgement.
    pub(super) fn ready(&self) -> Vec<u8> {
        let control = Control::ReceiveReady { receive: self.receive_next, poll: true };
        let mut out = Vec::new();
        let frame = Outgoing {
            segmented: false,
            destination: self.peer,
            source: self.own,
            control: control.encode(),
            information: &[],
        };
        let _ = encode(&frame, &mut out);
        out
    }

    /// Takes an I, RR or RNR frame.
    pub(super) fn receive(
        &mut self,
        control: Control,
        frame: &Frame<'_>,
    ) -> Result<Advance, ExchangeError> {
        match control {
            Control::Information { send, receive, poll } => {
                self.acknowledge(receive)?;
                if send == self.receive_next {
                    self.take(frame)?;
                    self.receive_next = self.receive_next.wrapping_add(1) % MODULUS;
                } else if poll && self.complete.is_none() {
                    return self.out_of_sequence(send);
                }
                if !poll {
                    return Ok(Advance::Wait);
                }
                match self.complete.take() {
                    Some(message) => self.strip(&message),
                    None => Ok(Advance::Send(self.ready())),
                }
            }
            Control::ReceiveReady { receive, poll } => {
                self.acknowledge(receive)?;
                if !poll {
                    return Ok(Advance::Wait);
                }
                if !self.pending.is_empty() {
                    return self.again().map(Advance::Send);
                }
                if !self.unsent.is_empty() {
                    return Ok(Advance::Send(self.burst()));
                }
                Ok(Advance::Turn)
            }
            Control::ReceiveNotReady { receive, .. } => {
                self.acknowledge(receive)?;
                Ok(Advance::Turn)
            }
            _ => Ok(Advance::Wait),
        }
    }

    /// A frame that is not the next one, with the turn.
    fn out_of_sequence(&mut self, send: u8) -> Result<Advance, ExchangeError> {
        let behind = self.receive_next.wrapping_sub(send) % MODULUS;
        let repeated = behind <= MODULUS / 2;
        match (self.role, repeated) {
            (Role::Primary, true) => Ok(Advance::Wait),
            (Role::Secondary, true) if !self.pending.is_empty() => self.again().map(Advance::Send),
            _ => {
                self.retransmissions = self.retransmissions.saturating_add(1);
                if self.retransmissions > RETRANSMISSIONS_MAX {
                    return Err(ExchangeError::Retransmissions);
                }
                Ok(Advance::Send(self.ready()))
            }
        }
    }

    fn acknowledge(&mut self, receive: u8) -> Result<(), ExchangeError> {
        let acknowledged = receive.wrapping_sub(self.oldest_pending()) % MODULUS;
        if usize::from(acknowledged) > self.pending.len() {
            return Err(ExchangeError::Acknowledgement { got: receive });
        }
        self.pending.drain(..usize::from(acknowledged));
        if acknowledged > 0 {
            self.retransmissions = 0;
        }
        Ok(())
    }

    fn take(&mut self, frame: &Frame<'_>) -> Result<(), ExchangeError> {
        // More than was agreed on is taken as well: the frame is intact, and this side has room.
        if self.joined.len().saturating_add(frame.information.len()) > MESSAGE_MAX {
            return Err(ExchangeError::TooLarge);
        }
        self.retransmissions = 0;
        self.joined.extend_from_slice(frame.information);
        if !frame.segmented {
            self.complete = Some(std::mem::take(&mut self.joined));
        }
        Ok(())
    }

    fn strip(&self, message: &[u8]) -> Result<Advance, ExchangeError> {
        let expected = match self.role {
            Role::Primary => LLC_RESPONSE,
            Role::Secondary => LLC_COMMAND,
        };
        let apdu = message.strip_prefix(&expected).ok_or(ExchangeError::Llc)?;
        Ok(Advance::Message(apdu.to_vec()))
    }
}
