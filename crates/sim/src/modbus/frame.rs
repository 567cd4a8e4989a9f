//! Requests and answers of simulated devices as they are on the wire.

use super::device::{Device, Misdeed};
use crate::workshop::State;
use meter::modbus::{READ_MAX, Span, Table};
use std::collections::BTreeMap;
use std::time::Duration;

/// Length of the header before a unit's bytes (MBAP, without the unit).
const HEADER_LENGTH: usize = 6;
/// Most bytes that wait for the rest of their request.
const PENDING_MAX: usize = 512;
const NOISE: [u8; 23] = [
    0x55, 0xAA, 0x00, 0xFF, 0x13, 0x37, 0x42, 0x99, 0x01, 0x02, 0x80, 0x7F, 0x10, 0x20, 0x30, 0x40,
    0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0,
];

/// How frames are told from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// With a header (Modbus TCP).
    Tcp,
    /// With a check sum (Modbus RTU).
    Rtu,
}

/// What a device makes of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// How long it takes.
    pub after: Duration,
    /// What it sends; nothing when it is mute.
    pub bytes: Vec<u8>,
    /// It closes the connection.
    pub hangs_up: bool,
}

/// The devices on one bus or behind one gateway.
#[derive(Debug, Default)]
pub struct Units {
    devices: BTreeMap<u8, Device>,
    requests: BTreeMap<u8, u64>,
}

/// One request.
struct Request {
    header: [u8; 4],
    unit: u8,
    pdu: Vec<u8>,
}

impl Units {
    /// Puts a device on the bus.
    pub fn insert(&mut self, unit: u8, device: Device) {
        self.devices.insert(unit, device);
    }

    /// The device at this unit.
    pub fn device(&mut self, unit: u8) -> Option<&mut Device> {
        self.devices.get_mut(&unit)
    }

    /// How many requests a unit got, whether it answered or not.
    #[must_use]
    pub fn requests(&self, unit: u8) -> u64 {
        self.requests.get(&unit).copied().unwrap_or(0)
    }

    /// The answer to the first whole request of `pending`, which is taken out; `None` while there
    /// is none. `state` is asked for only when a device is read.
    pub fn answer(
        &mut self,
        framing: Framing,
        pending: &mut Vec<u8>,
        state: &mut dyn FnMut() -> State,
    ) -> Option<Reply> {
        let request = match framing {
            Framing::Tcp => tcp_request(pending),
            Framing::Rtu => rtu_request(pending),
        }?;
        *self.requests.entry(request.unit).or_default() += 1;
        // On a line nobody answers for a unit that is not there, nor to a broadcast.
        let Some(device) = self.devices.get_mut(&request.unit) else {
            let absent = [request.pdu.first().copied().unwrap_or(0) | 0x80, 0x0B];
            return Some(match framing {
                Framing::Tcp => Reply { bytes: tcp(&request, &absent), ..Reply::default() },
                Framing::Rtu => Reply::default(),
            });
        };
        device.measure(&state());
        Some(reply(device, framing, request))
    }
}

fn reply(device: &Device, framing: Framing, mut request: Request) -> Reply {
    let mut pdu = answer(device, &request.pdu);
    let mut reply = Reply::default();
    match device.misdeed {
        Some(Misdeed::Mute) => return reply,
        Some(Misdeed::HangUp) => return Reply { hangs_up: true, ..reply },
        Some(Misdeed::Late(after)) => reply.after = after,
        Some(Misdeed::Exception(code)) => {
            pdu = vec![request.pdu.first().copied().unwrap_or(0) | 0x80, code];
        }
        Some(Misdeed::WrongUnit) => request.unit ^= 0x5A,
        Some(Misdeed::WrongTransaction) => request.header[1] ^= 0xFF,
        Some(Misdeed::Short) => {
            if let [function @ (3 | 4), length, ..] = pdu[..]
                && length >= 2
            {
                pdu.truncate(pdu.len() - 2);
                pdu[0] = function;
                pdu[1] = length - 2;
            }
        }
        Some(Misdeed::Half | Misdeed::Garbage) | None => {}
    }
    reply.bytes = match framing {
        Framing::Tcp => tcp(&request, &pdu),
        Framing::Rtu => rtu(request.unit, &pdu),
    };
    match device.misdeed {
        Some(Misdeed::Half) => reply.bytes.truncate(reply.bytes.len() / 2),
        Some(Misdeed::Garbage) => reply.bytes = NOISE.to_vec(),
        _ => {}
    }
    reply
}

/// What a device in order answers.
fn answer(device: &Device, pdu: &[u8]) -> Vec<u8> {
    match *pdu {
        [function @ (3 | 4), high, low, count_high, count_low] => {
            let table = if function == 4 { Table::Input } else { Table::Holding };
            let address = u16::from_be_bytes([high, low]);
            let count = u16::from_be_bytes([count_high, count_low]);
            if !(1..=READ_MAX).contains(&count) {
                return vec![function | 0x80, 3];
            }
            let words = device.read(Span { table, address, count });
            words.map_or(vec![function | 0x80, 2], |words| {
                let bytes = u8::try_from(words.len() * 2).unwrap_or(u8::MAX);
                let words = words.into_iter().flat_map(u16::to_be_bytes);
                [function, bytes].into_iter().chain(words).collect()
            })
        }
        [0x2B, 0x0E, code @ 1..=4, _] => {
            let texts = device.identification();
            let mut answer = vec![0x2B, 0x0E, code, 0x01, 0x00, 0x00, 3];
            for (object, text) in (0..).zip(&texts) {
                let bytes = text.as_bytes();
                let length = u8::try_from(bytes.len().min(60)).unwrap_or(0);
                answer.extend([object, length]);
                answer.extend(&bytes[..usize::from(length)]);
            }
            answer
        }
        [function, ..] => vec![function | 0x80, 1],
        [] => vec![0x80, 1],
    }
}

fn tcp_request(pending: &mut Vec<u8>) -> Option<Request> {
    let header: [u8; HEADER_LENGTH] = pending.get(..HEADER_LENGTH)?.try_into().ok()?;
    let [a, b, c, d, high, low] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !(2..=PENDING_MAX).contains(&length) {
        pending.clear();
        return None;
    }
    let body = pending.get(HEADER_LENGTH..HEADER_LENGTH + length)?.to_vec();
    pending.drain(..HEADER_LENGTH + length);
    let (unit, pdu) = body.split_first()?;
    Some(Request { header: [a, b, c, d], unit: *unit, pdu: pdu.to_vec() })
}

fn rtu_request(pending: &mut Vec<u8>) -> Option<Request> {
    let length = match *pending.get(1)? {
        0x11 => 4,
        0x2B => 7,
        15 | 16 => 9 + usize::from(*pending.get(6)?),
        _ => 8,
    };
    let frame = pending.get(..length)?;
    let (body, sum) = frame.split_at(length - 2);
    let whole = crc(body).to_le_bytes() == sum;
    let request = whole.then(|| Request { header: [0; 4], unit: body[0], pdu: body[1..].to_vec() });
    // Damaged, or not for slaves: silence will tell the next one apart.
    pending.clear();
    request
}

fn tcp(request: &Request, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
    let mut bytes = request.header.to_vec();
    bytes.extend(length.to_be_bytes());
    bytes.push(request.unit);
    bytes.extend(pdu);
    bytes
}

fn rtu(unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut bytes = vec![unit];
    bytes.extend(pdu);
    let sum = crc(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// # Source
/// MODBUS over Serial Line V1.02, 6.2.2.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_sums_are_those_of_the_specification() {
        assert_eq!(crc(&[0x02, 0x07]), 0x1241);
        assert_eq!(crc(&[0x01, 0x03, 0x08, 0x2B, 0x00, 0x02]), 0x63B6);
    }
}
