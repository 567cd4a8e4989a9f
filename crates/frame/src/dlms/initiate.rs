//! InitiateRequest and InitiateResponse: what client and server of an association agree on.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.4.2, 9.5): xDLMS-Initiate; conformance block of 24 bits.

use crate::octets::Octets;

/// InitiateRequest.
pub const INITIATE_REQUEST: u8 = 0x01;
/// InitiateResponse.
pub const INITIATE_RESPONSE: u8 = 0x08;
const DLMS_VERSION: u8 = 6;
/// [APPLICATION 31], a bit string of four bytes of which the first counts unused bits.
const CONFORMANCE_HEADER: [u8; 4] = [0x5F, 0x1F, 0x04, 0x00];
/// Some servers encode the application tag in one byte.
const CONFORMANCE_HEADER_SHORT: [u8; 3] = [0x5F, 0x04, 0x00];
/// VAA name of logical name referencing.
const VAA_LOGICAL_NAMES: u16 = 0x0007;

/// The services that both sides know: bit 0 is the highest of 24.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conformance(pub u32);

impl Conformance {
    /// GET of long answers in blocks.
    pub const BLOCK_TRANSFER_WITH_GET: Self = Self::bit(11);
    /// Several attributes in one request.
    pub const MULTIPLE_REFERENCES: Self = Self::bit(14);
    /// GET.
    pub const GET: Self = Self::bit(19);
    /// Parts of an attribute.
    pub const SELECTIVE_ACCESS: Self = Self::bit(21);
    /// ACTION.
    pub const ACTION: Self = Self::bit(23);
    /// Every service of a reader that changes nothing; ACTION only proves who it is.
    pub const READER: Self = Self(
        Self::BLOCK_TRANSFER_WITH_GET.0
            | Self::MULTIPLE_REFERENCES.0
            | Self::GET.0
            | Self::SELECTIVE_ACCESS.0
            | Self::ACTION.0,
    );

    const fn bit(number: u32) -> Self {
        Self(0x80_0000 >> number)
    }

    /// Whether every service of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The services that both name.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// What one side of an association states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Initiate {
    /// The services.
    pub conformance: Conformance,
    /// Longest APDU that this side takes. **Unit** bytes; 0 means without a limit.
    pub pdu_length_max: u16,
}

/// Why the bytes are no InitiateRequest or InitiateResponse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InitiateError {
    /// Another tag.
    #[error("an APDU with tag {got:02X} instead of an initiate")]
    Tag {
        /// The tag.
        got: u8,
    },
    /// The bytes end early.
    #[error("the initiate ends early, at byte {offset}")]
    Truncated {
        /// Where.
        offset: usize,
    },
    /// Another version of DLMS.
    #[error("DLMS version {got}, expected {DLMS_VERSION}")]
    Version {
        /// The version.
        got: u8,
    },
    /// Neither a conformance block nor logical names.
    #[error("no conformance block of logical name referencing at byte {offset}")]
    Conformance {
        /// Where.
        offset: usize,
    },
}

/// Decodes an InitiateRequest.
///
/// # Errors
/// Everything else.
pub fn decode_request(bytes: &[u8]) -> Result<Initiate, InitiateError> {
    let mut octets = Octets::new(bytes);
    tag(&mut octets, INITIATE_REQUEST)?;
    // Dedicated key, response-allowed, quality of service.
    let truncated = |octets: &Octets<'_>| InitiateError::Truncated { offset: octets.position() };
    if octets.u8().ok_or_else(|| truncated(&octets))? != 0 {
        let length = octets.length().map_err(|_| truncated(&octets))?;
        octets.take(length).ok_or_else(|| truncated(&octets))?;
    }
    for _ in 0..2 {
        if octets.u8().ok_or_else(|| truncated(&octets))? != 0 {
            octets.u8().ok_or_else(|| truncated(&octets))?;
        }
    }
    body(&mut octets)
}

/// Decodes an InitiateResponse.
///
/// # Errors
/// Everything else.
pub fn decode_response(bytes: &[u8]) -> Result<Initiate, InitiateError> {
    let mut octets = Octets::new(bytes);
    tag(&mut octets, INITIATE_RESPONSE)?;
    let truncated = |octets: &Octets<'_>| InitiateError::Truncated { offset: octets.position() };
    if octets.u8().ok_or_else(|| truncated(&octets))? != 0 {
        octets.u8().ok_or_else(|| truncated(&octets))?;
    }
    let initiate = body(&mut octets)?;
    let offset = octets.position();
    match octets.u16() {
        Some(VAA_LOGICAL_NAMES) => Ok(initiate),
        Some(_) => Err(InitiateError::Conformance { offset }),
        None => Err(truncated(&octets)),
    }
}

fn tag(octets: &mut Octets<'_>, expected: u8) -> Result<(), InitiateError> {
    match octets.u8() {
        Some(got) if got == expected => Ok(()),
        Some(got) => Err(InitiateError::Tag { got }),
        None => Err(InitiateError::Truncated { offset: 0 }),
    }
}

fn body(octets: &mut Octets<'_>) -> Result<Initiate, InitiateError> {
    let truncated = |octets: &Octets<'_>| InitiateError::Truncated { offset: octets.position() };
    match octets.u8() {
        Some(DLMS_VERSION) => {}
        Some(got) => return Err(InitiateError::Version { got }),
        None => return Err(truncated(octets)),
    }
    let offset = octets.position();
    let header = if octets.rest().starts_with(&CONFORMANCE_HEADER) {
        CONFORMANCE_HEADER.len()
    } else if octets.rest().starts_with(&CONFORMANCE_HEADER_SHORT) {
        CONFORMANCE_HEADER_SHORT.len()
    } else {
        return Err(InitiateError::Conformance { offset });
    };
    octets.take(header).ok_or_else(|| truncated(octets))?;
    let [a, b, c] = octets.array::<3>().ok_or_else(|| truncated(octets))?;
    let conformance = Conformance(u32::from_be_bytes([0, a, b, c]));
    let pdu_length_max = octets.u16().ok_or_else(|| truncated(octets))?;
    Ok(Initiate { conformance, pdu_length_max })
}

/// Encodes an InitiateRequest without dedicated key.
#[must_use]
pub fn encode_request(initiate: &Initiate) -> Vec<u8> {
    let mut out = vec![INITIATE_REQUEST, 0, 0, 0];
    push_body(initiate, &mut out);
    out
}

/// Encodes an InitiateResponse of a server that is addressed by logical names.
#[must_use]
pub fn encode_response(initiate: &Initiate) -> Vec<u8> {
    let mut out = vec![INITIATE_RESPONSE, 0];
    push_body(initiate, &mut out);
    out.extend(VAA_LOGICAL_NAMES.to_be_bytes());
    out
}

fn push_body(initiate: &Initiate, out: &mut Vec<u8>) {
    out.push(DLMS_VERSION);
    out.extend(CONFORMANCE_HEADER);
    let [_, a, b, c] = initiate.conformance.0.to_be_bytes();
    out.extend([a, b, c]);
    out.extend(initiate.pdu_length_max.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_standards_examples() {
        // Green Book 11.2 (AARQ of logical name referencing) and 11.4.
        let request = [1, 0, 0, 0, 6, 0x5F, 0x1F, 4, 0, 0, 0x7E, 0x1F, 4, 0xB0];
        let initiate = decode_request(&request).expect("valid");
        assert_eq!(
            initiate,
            Initiate { conformance: Conformance(0x00_7E1F), pdu_length_max: 1200 }
        );
        assert_eq!(encode_request(&initiate), request);
        let response = [8, 0, 6, 0x5F, 0x1F, 4, 0, 0, 0x50, 0x1F, 1, 0xF4, 0, 7];
        let initiate = decode_response(&response).expect("valid");
        assert_eq!(initiate.pdu_length_max, 500);
        assert!(initiate.conformance.contains(Conformance::GET));
        assert!(initiate.conformance.contains(Conformance::BLOCK_TRANSFER_WITH_GET));
        assert!(!initiate.conformance.contains(Conformance::MULTIPLE_REFERENCES));
        assert_eq!(encode_response(&initiate), response);
    }

    #[test]
    fn every_shortened_initiate_is_refused() {
        let initiate = Initiate { conformance: Conformance::READER, pdu_length_max: 512 };
        let response = encode_response(&initiate);
        for length in 0..response.len() {
            assert!(decode_response(&response[..length]).is_err(), "{length}");
        }
        let request = encode_request(&initiate);
        for length in 0..request.len() {
            assert!(decode_request(&request[..length]).is_err(), "{length}");
        }
    }
}
