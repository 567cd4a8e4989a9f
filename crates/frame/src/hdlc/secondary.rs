//! The server's side of an HDLC connection: it answers, and never speaks first.
//!
//! In: bytes of the line, messages that answer. Out: bytes to write, and requests. It takes the
//! address that it is called by, so one meter answers to every form of its address.

use super::control::Control;
use super::exchange::{Advance, Exchange, Role};
use super::frame::{Address, Outgoing, encode};
use super::negotiation::Limits;
use super::receiver::{Received, Receiver};

/// What the client did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// These bytes are to be written.
    Send(Vec<u8>),
    /// A connection began, from this client; what was before is over. The bytes are to be written.
    Connected(Address, Vec<u8>),
    /// A whole message, without its LLC header: [`Secondary::respond`] answers it.
    Message(Vec<u8>),
    /// The connection is over. The bytes are to be written.
    Disconnected(Vec<u8>),
}

/// The server's side of one connection at a time.
#[derive(Debug)]
pub struct Secondary {
    logical: u16,
    limits: Limits,
    receiver: Receiver,
    exchange: Option<Exchange>,
}

impl Secondary {
    /// A server of this logical device. Its physical address does not matter.
    #[must_use]
    pub fn new(logical: u16, limits: Limits) -> Self {
        Self { logical, limits, receiver: Receiver::default(), exchange: None }
    }

    /// Takes bytes as they came.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.receiver.push(bytes);
    }

    /// The frames of an answer; empty without a connection.
    pub fn respond(&mut self, message: &[u8]) -> Vec<u8> {
        self.exchange.as_mut().map(|exchange| exchange.send(message)).unwrap_or_default()
    }

    /// What the bytes say; `None` asks for more. Damaged frames are not answered: the client asks
    /// again.
    #[allow(clippy::should_implement_trait)] // An iterator would be over for good at the first `None`.
    pub fn next(&mut self) -> Option<Call> {
        loop {
            let Received::Frame(frame) = self.receiver.next()? else { continue };
            let (logical, _) = frame.destination.parts();
            if logical != self.logical {
                continue;
            }
            let (own, client) = (frame.destination, frame.source);
            let connected = self.exchange.as_ref().is_some_and(|exchange| exchange.peer == client);
            match Control::decode(frame.control) {
                Some(Control::SetNormalResponseMode) => {
                    let Ok(proposal) = Limits::decode(frame.information) else {
                        return Some(Call::Send(reply(own, client, Control::FrameReject, &[])));
                    };
                    let limits = self.limits.agreed(&proposal);
                    self.exchange = Some(Exchange::new(Role::Secondary, (own, client), limits));
                    let bytes = reply(own, client, Control::Acknowledge, &limits.encode());
                    return Some(Call::Connected(client, bytes));
                }
                Some(Control::Disconnect) if connected => {
                    self.exchange = None;
                    let bytes = reply(own, client, Control::Acknowledge, &[]);
                    return Some(Call::Disconnected(bytes));
                }
                Some(control @ (Control::Information { .. } | Control::ReceiveReady { .. }))
                    if connected =>
                {
                    let Some(exchange) = &mut self.exchange else { continue };
                    match exchange.receive(control, &frame) {
                        Ok(Advance::Wait) => {}
                        Ok(Advance::Message(message)) => return Some(Call::Message(message)),
                        Ok(Advance::Send(bytes)) => return Some(Call::Send(bytes)),
                        Ok(Advance::Turn) => return Some(Call::Send(exchange.ready())),
                        Err(_) => {
                            self.exchange = None;
                            let bytes = reply(own, client, Control::FrameReject, &[]);
                            return Some(Call::Disconnected(bytes));
                        }
                    }
                }
                Some(Control::UnnumberedInformation | Control::Acknowledge) | None => {}
                Some(_) => {
                    return Some(Call::Send(reply(own, client, Control::DisconnectedMode, &[])));
                }
            }
        }
    }
}

fn reply(own: Address, client: Address, control: Control, information: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let frame = Outgoing {
        segmented: false,
        destination: client,
        source: own,
        control: control.encode(),
        information,
    };
    // The parameters of a connection take far less than a frame.
    let _ = encode(&frame, &mut out);
    out
}
