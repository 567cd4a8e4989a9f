//! ACTION, as far as a reader needs it: the proof of identity of high level security.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.3.9, 9.5): Action-Request-Normal, Action-Response-Normal.

use super::access_result::AccessResult;
use super::attribute::Attribute;
use super::get::InvokeId;
use crate::octets::{Octets, push_length};

/// Action-Request.
pub const ACTION_REQUEST: u8 = 0xC3;
/// Action-Response.
pub const ACTION_RESPONSE: u8 = 0xC7;
const NORMAL: u8 = 1;
const OCTET_STRING: u8 = 9;

/// A method called with an octet string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which request.
    pub id: InvokeId,
    /// The object and its method.
    pub method: Attribute,
    /// The parameter.
    pub parameter: Vec<u8>,
}

impl Request {
    /// The APDU.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![ACTION_REQUEST, NORMAL, self.id.byte()];
        self.method.encode(&mut out);
        out.extend([1, OCTET_STRING]);
        push_length(&mut out, self.parameter.len());
        out.extend(&self.parameter);
        out
    }

    /// Decodes an APDU; `None` when it is another, or broken, or has another parameter.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut octets = Octets::new(bytes);
        if [octets.u8()?, octets.u8()?] != [ACTION_REQUEST, NORMAL] {
            return None;
        }
        let id = InvokeId::of(octets.u8()?);
        let method = Attribute::decode(&mut octets)?;
        if [octets.u8()?, octets.u8()?] != [1, OCTET_STRING] {
            return None;
        }
        let length = octets.length().ok()?;
        let parameter = octets.take(length)?.to_vec();
        (octets.remaining() == 0).then_some(Self { id, method, parameter })
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Which request it answers.
    pub id: InvokeId,
    /// Whether the method was carried out.
    pub result: AccessResult,
    /// The octet string that it gave.
    pub returned: Option<Vec<u8>>,
}

impl Response {
    /// Decodes an APDU; `None` when it is another, or broken.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut octets = Octets::new(bytes);
        if [octets.u8()?, octets.u8()?] != [ACTION_RESPONSE, NORMAL] {
            return None;
        }
        let id = InvokeId::of(octets.u8()?);
        let result = AccessResult(octets.u8()?);
        let returned = match octets.u8() {
            None | Some(0) => None,
            Some(1) => match octets.u8()? {
                0 if octets.u8()? == OCTET_STRING => {
                    let length = octets.length().ok()?;
                    Some(octets.take(length)?.to_vec())
                }
                1 => {
                    octets.u8()?;
                    None
                }
                _ => return None,
            },
            Some(_) => return None,
        };
        (octets.remaining() == 0).then_some(Self { id, result, returned })
    }

    /// The APDU.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![ACTION_RESPONSE, NORMAL, self.id.byte(), self.result.0];
        match &self.returned {
            None => out.push(0),
            Some(bytes) => {
                out.extend([1, 0, OCTET_STRING]);
                push_length(&mut out, bytes.len());
                out.extend(bytes);
            }
        }
        out
    }
}
