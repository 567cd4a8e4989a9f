//! The wrapper: what carries an APDU over TCP, in place of HDLC.
//!
//! # Source
//! IEC 62056-47:2006, 5.2 (Green Book 7.3.3.2): version, source and destination wPort, length.

use crate::octets::Octets;

/// Longest APDU that is taken; the length field could say more.
pub const APDU_MAX: usize = 0x1_0000 - 1;
const HEADER_LENGTH: usize = 8;
const VERSION: u16 = 1;

/// An APDU with its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrapped<'a> {
    /// From which wPort: a client's address or a logical device.
    pub source: u16,
    /// To which wPort.
    pub destination: u16,
    /// The APDU.
    pub apdu: &'a [u8],
}

/// The bytes do not begin with a wrapper header of version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a wrapper header of version {got}, expected {VERSION}")]
pub struct NoWrapper {
    /// The version field.
    pub got: u16,
}

/// Decodes the APDU at the start of `bytes`; the second part is its whole length with its header.
/// `None` asks for more bytes.
///
/// # Errors
/// Another version: the two sides have lost each other, and no later byte tells where an APDU
/// starts.
pub fn decode(bytes: &[u8]) -> Result<Option<(Wrapped<'_>, usize)>, NoWrapper> {
    let mut octets = Octets::new(bytes);
    let Some(got) = octets.u16() else {
        return Ok(None);
    };
    if got != VERSION {
        return Err(NoWrapper { got });
    }
    let (Some(source), Some(destination), Some(length)) =
        (octets.u16(), octets.u16(), octets.u16())
    else {
        return Ok(None);
    };
    let Some(apdu) = octets.take(usize::from(length)) else {
        return Ok(None);
    };
    Ok(Some((Wrapped { source, destination, apdu }, octets.position())))
}

/// Appends the APDU with its header; `None`, with nothing appended, when it is longer than the
/// length field can say.
pub fn encode(wrapped: &Wrapped<'_>, out: &mut Vec<u8>) -> Option<()> {
    let length = u16::try_from(wrapped.apdu.len()).ok()?;
    out.reserve(wrapped.apdu.len().saturating_add(HEADER_LENGTH));
    for field in [VERSION, wrapped.source, wrapped.destination, length] {
        out.extend(field.to_be_bytes());
    }
    out.extend(wrapped.apdu);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_and_asks_for_what_is_missing() {
        let mut bytes = Vec::new();
        let wrapped = Wrapped { source: 16, destination: 1, apdu: &[0xC0, 1, 2] };
        encode(&wrapped, &mut bytes).expect("short enough");
        assert_eq!(bytes, [0, 1, 0, 16, 0, 1, 0, 3, 0xC0, 1, 2]);
        assert_eq!(decode(&bytes), Ok(Some((wrapped, 11))));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), Ok(None), "{length}");
        }
        assert_eq!(decode(&[0x7E, 0xA0]), Err(NoWrapper { got: 0x7EA0 }));
        let long = Wrapped { source: 1, destination: 1, apdu: &vec![0; APDU_MAX + 1] };
        assert_eq!(encode(&long, &mut bytes), None);
    }
}
