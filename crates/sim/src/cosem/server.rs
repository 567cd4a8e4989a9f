//! One client's connection: what carries its APDUs, recognised by how it begins.

use super::meter::CosemMeter;
use super::service::Service;
use frame::dlms::wrapper::{self, Wrapped};
use frame::hdlc::{Call, FLAG, Secondary};
use reading::Timestamp;

/// The logical device.
const LOGICAL_DEVICE: u16 = 1;
/// The identification: baud 9600, mode E.
const IDENTIFICATION: &[u8] = b"/LGZ5\\2E450-SIM\r\n";
/// `ACK 2 Z 2`: mode E at the offered speed.
const ACKNOWLEDGEMENT: &[u8] = b"\x06252\r\n";
/// Most bytes of a sign-on.
const SIGN_ON_MAX: usize = 64;

#[derive(Debug)]
enum Link {
    /// Nothing that tells has come, or a sign-on is under way.
    Idle(Vec<u8>),
    Hdlc {
        secondary: Box<Secondary>,
        client: u16,
        connected: bool,
    },
    Wrapper(Vec<u8>),
}

/// One client's connection to a simulated meter.
#[derive(Debug)]
pub struct CosemServer {
    link: Link,
    service: Service,
}

impl Default for CosemServer {
    fn default() -> Self {
        Self::new()
    }
}

impl CosemServer {
    /// A connection that just came about.
    #[must_use]
    pub fn new() -> Self {
        Self { link: Link::Idle(Vec::new()), service: Service::default() }
    }

    /// Takes a client's bytes at `now` and gives what the meter answers, perhaps nothing.
    pub fn receive(&mut self, meter: &mut CosemMeter, now: Timestamp, bytes: &[u8]) -> Vec<u8> {
        // A reader that begins with the optical port's sign-on has hung up before.
        let signs_on = bytes.first().is_some_and(|byte| byte & 0x7F == b'/');
        if signs_on && !matches!(self.link, Link::Hdlc { connected: true, .. } | Link::Wrapper(_)) {
            self.link = Link::Idle(Vec::new());
        }
        match &mut self.link {
            Link::Idle(held) => {
                held.extend_from_slice(bytes);
                let held = std::mem::take(held);
                self.begin(meter, now, &held)
            }
            Link::Hdlc { .. } => self.hdlc(meter, now, bytes),
            Link::Wrapper(_) => self.wrapper(meter, now, bytes),
        }
    }

    fn begin(&mut self, meter: &mut CosemMeter, now: Timestamp, held: &[u8]) -> Vec<u8> {
        match held.first() {
            Some(&FLAG) => {
                let secondary = Secondary::new(LOGICAL_DEVICE, meter.settings.limits);
                let secondary = Box::new(secondary);
                self.link = Link::Hdlc { secondary, client: 0, connected: false };
                self.hdlc(meter, now, held)
            }
            Some(0) => {
                self.link = Link::Wrapper(Vec::new());
                self.wrapper(meter, now, held)
            }
            Some(_) => self.sign_on(held),
            None => Vec::new(),
        }
    }

    fn sign_on(&mut self, held: &[u8]) -> Vec<u8> {
        let text: Vec<u8> = held.iter().map(|byte| byte & 0x7F).collect();
        if let Some(end) = text.windows(3).position(|end| end == b"!\r\n") {
            self.link = Link::Idle(held.get(end + 3..).unwrap_or_default().to_vec());
            return IDENTIFICATION.to_vec();
        }
        if text.ends_with(ACKNOWLEDGEMENT) {
            self.link = Link::Idle(Vec::new());
            return ACKNOWLEDGEMENT.to_vec();
        }
        let kept = if held.len() > SIGN_ON_MAX { Vec::new() } else { held.to_vec() };
        self.link = Link::Idle(kept);
        Vec::new()
    }

    fn hdlc(&mut self, meter: &mut CosemMeter, now: Timestamp, bytes: &[u8]) -> Vec<u8> {
        let Link::Hdlc { secondary, client, connected } = &mut self.link else {
            return Vec::new();
        };
        let mut out = Vec::new();
        secondary.receive(bytes);
        while let Some(call) = secondary.next() {
            match call {
                Call::Send(bytes) => out.extend(bytes),
                Call::Connected(address, bytes) => {
                    self.service.reset();
                    (*client, _) = address.parts();
                    *connected = true;
                    out.extend(bytes);
                }
                Call::Disconnected(bytes) => {
                    self.service.reset();
                    *connected = false;
                    out.extend(bytes);
                }
                Call::Message(apdu) => {
                    let answer = self.service.answer(meter, (now, *client), &apdu);
                    out.extend(secondary.respond(&answer));
                }
            }
        }
        out
    }

    fn wrapper(&mut self, meter: &mut CosemMeter, now: Timestamp, bytes: &[u8]) -> Vec<u8> {
        let Link::Wrapper(held) = &mut self.link else {
            return Vec::new();
        };
        held.extend_from_slice(bytes);
        let mut out = Vec::new();
        loop {
            let (length, client, apdu) = match wrapper::decode(held) {
                Ok(Some((wrapped, length))) => {
                    let ours = wrapped.destination == LOGICAL_DEVICE;
                    (length, wrapped.source, ours.then(|| wrapped.apdu.to_vec()))
                }
                Ok(None) => return out,
                Err(_) => {
                    held.clear();
                    return out;
                }
            };
            held.drain(..length);
            let Some(apdu) = apdu else { continue };
            let answer = self.service.answer(meter, (now, client), &apdu);
            let wrapped = Wrapped { source: LOGICAL_DEVICE, destination: client, apdu: &answer };
            // An answer is never longer than the agreed length, which the field can say.
            let _ = wrapper::encode(&wrapped, &mut out);
        }
    }
}
