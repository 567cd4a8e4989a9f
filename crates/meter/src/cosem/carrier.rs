//! What carries APDUs to the meter and back: HDLC or the TCP wrapper.
//!
//! In: bytes of the wire, APDUs to send. Out: bytes to write, APDUs, and what happened to the
//! connection.

use super::options::{Carriage, CosemOptions};
use frame::dlms::wrapper::{self, Wrapped};
use frame::hdlc::{Address, Event, INFORMATION_MAX, Limits, Primary, PrimaryError};

/// What the wire brought.
#[derive(Debug)]
pub(super) enum Brought {
    /// The connection stands.
    Connected,
    /// These bytes are to be written at once.
    Send(Vec<u8>),
    /// An APDU.
    Apdu(Vec<u8>),
    /// The meter has nothing to say yet.
    Busy,
    /// It ended the connection as asked.
    Disconnected,
    /// It has no connection, or cannot obey.
    Refused(&'static str),
    /// A frame was damaged; what is missing can be asked for again.
    Damaged(String),
    /// The two sides have lost each other.
    Lost(String),
}

/// Longest frame content that is offered; the three upper bits of a frame's length are where other
/// implementations err.
const INFORMATION_OFFERED: u16 = 512;

/// The way to one meter.
#[derive(Debug)]
pub(super) enum Carrier {
    Hdlc(Box<Primary>),
    Wrapper { client: u16, server: u16, held: Vec<u8> },
}

impl Carrier {
    /// `None` when the server's address fits no HDLC address.
    pub(super) fn new(options: &CosemOptions) -> Option<Self> {
        if options.carriage == Carriage::Wrapper {
            let (client, server) = (u16::from(options.client), options.server);
            return Some(Self::Wrapper { client, server, held: Vec::new() });
        }
        let limits = Limits {
            transmit_length: INFORMATION_OFFERED.min(u16::try_from(INFORMATION_MAX).ok()?),
            receive_length: INFORMATION_OFFERED,
            ..Limits::default()
        };
        let server = options.server_address()?;
        Some(Self::Hdlc(Box::new(Primary::new(Address::short(options.client), server, limits))))
    }

    /// Begins a connection; `None` where there is none to begin.
    pub(super) fn connect(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Hdlc(primary) => Some(primary.connect()),
            Self::Wrapper { held, .. } => {
                held.clear();
                None
            }
        }
    }

    /// Ends it; `None` where there is none to end.
    pub(super) fn disconnect(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Hdlc(primary) => Some(primary.disconnect()),
            Self::Wrapper { .. } => None,
        }
    }

    /// The bytes that carry an APDU; `None` without a connection, or when it is too long.
    pub(super) fn send(&mut self, apdu: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hdlc(primary) => primary.send(apdu),
            Self::Wrapper { client, server, .. } => {
                let mut out = Vec::new();
                let wrapped = Wrapped { source: *client, destination: *server, apdu };
                wrapper::encode(&wrapped, &mut out)?;
                Some(out)
            }
        }
    }

    /// What to write after a silence; `None` where asking again could be taken for a new question.
    pub(super) fn enquire(&self) -> Option<Vec<u8>> {
        match self {
            Self::Hdlc(primary) => Some(primary.enquire()),
            Self::Wrapper { .. } => None,
        }
    }

    pub(super) fn reset(&mut self) {
        match self {
            Self::Hdlc(primary) => primary.reset(),
            Self::Wrapper { held, .. } => held.clear(),
        }
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        match self {
            Self::Hdlc(primary) => primary.receive(bytes),
            Self::Wrapper { held, .. } => held.extend_from_slice(bytes),
        }
    }

    /// What the bytes brought; `None` asks for more.
    pub(super) fn next(&mut self) -> Option<Brought> {
        match self {
            Self::Hdlc(primary) => Some(match primary.next()? {
                Ok(Event::Connected(_)) => Brought::Connected,
                Ok(Event::Send(bytes)) => Brought::Send(bytes),
                Ok(Event::Message(apdu)) => Brought::Apdu(apdu),
                Ok(Event::Busy) => Brought::Busy,
                Ok(Event::Disconnected) => Brought::Disconnected,
                Ok(Event::Refused) => Brought::Refused("DM: it has no connection"),
                Ok(Event::Rejected(_)) => Brought::Refused("FRMR: it cannot obey a frame"),
                Err(error @ PrimaryError::Damaged(_)) => Brought::Damaged(error.to_string()),
                Err(error) => Brought::Lost(error.to_string()),
            }),
            Self::Wrapper { client, server, held } => loop {
                let (apdu, length) = match wrapper::decode(held) {
                    Ok(None) => return None,
                    Ok(Some((wrapped, length))) => {
                        let ours = (wrapped.source, wrapped.destination) == (*server, *client);
                        (ours.then(|| wrapped.apdu.to_vec()), length)
                    }
                    Err(error) => {
                        held.clear();
                        return Some(Brought::Lost(error.to_string()));
                    }
                };
                held.drain(..length);
                // What is for another client is none of ours.
                if let Some(apdu) = apdu {
                    return Some(Brought::Apdu(apdu));
                }
            },
        }
    }
}
