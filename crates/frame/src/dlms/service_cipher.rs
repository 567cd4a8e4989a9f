//! Ciphered requests and responses of an association, and the proof of identity by GMAC.
//!
//! In: APDUs in clear with a counter, or ciphered ones. Out: the other. Security suite 0 with the
//! global key. A counter is used once: counting is the caller's.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.2.7.2, 9.2.7.4): service-specific global ciphering, HLS mechanism 5.

use super::access_result::{CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE};
use super::apdu::{
    Ciphered, GENERAL_GLO_CIPHERING, SecurityControl, TAG_LENGTH, decode as decode_general,
};
use super::glo_cipher::{self, Authentication, Envelope, Keys, Protected};
use crate::octets::{Octets, push_length};

/// Encrypted and authenticated, suite 0.
pub const AUTHENTICATED_ENCRYPTION: SecurityControl = SecurityControl(0x30);
/// A tag over content in clear.
const AUTHENTICATION_ONLY: SecurityControl = SecurityControl(0x10);
/// Length of a proof: security control, counter, tag.
pub const PROOF_LENGTH: usize = 1 + 4 + TAG_LENGTH;

/// Tag in clear and tag of the same APDU under the global key.
const SERVICES: [(u8, u8); 9] = [
    (0x01, 0x21), // Initiate-Request
    (0x08, 0x28), // Initiate-Response
    (0x0E, 0x2E), // Confirmed-Service-Error
    (0xC0, 0xC8), // Get-Request
    (0xC1, 0xC9), // Set-Request
    (0xC3, 0xCB), // Action-Request
    (0xC4, 0xCC), // Get-Response
    (0xC5, 0xCD), // Set-Response
    (0xC7, 0xCF), // Action-Response
];

/// Whether an APDU with this tag is ciphered.
#[must_use]
pub fn is_ciphered(tag: u8) -> bool {
    tag == GENERAL_GLO_CIPHERING || SERVICES.iter().any(|(_, ciphered)| *ciphered == tag)
}

/// Protects an APDU; `None` when its service has no ciphered form, or the keys do not suffice.
#[must_use]
pub fn seal(keys: &Keys, envelope: &Envelope, plain: &[u8]) -> Option<Vec<u8>> {
    let (_, tag) = SERVICES.iter().find(|(clear, _)| Some(clear) == plain.first())?;
    let Protected { content, tag: authentication } = keys.protect(envelope, plain)?;
    let authentication = authentication.as_ref().map(<[u8; TAG_LENGTH]>::as_slice);
    let authentication = authentication.unwrap_or_default();
    let mut out = vec![*tag];
    push_length(&mut out, content.len().saturating_add(5).saturating_add(authentication.len()));
    out.push(envelope.control.0);
    out.extend(envelope.invocation_counter.to_be_bytes());
    out.extend(content);
    out.extend(authentication);
    Some(out)
}

/// A ciphered APDU that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The APDU in clear.
    pub plain: Vec<u8>,
    /// Its counter: the caller refuses one that is not greater than the last.
    pub invocation_counter: u32,
    /// How it was protected.
    pub control: SecurityControl,
}

/// Why an APDU was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not ciphered.
    #[error("an APDU in clear (tag {got:02X}) where a ciphered one was expected")]
    InClear {
        /// Its tag.
        got: u8,
    },
    /// Its lengths contradict one another.
    #[error("the ciphered APDU's length is invalid")]
    Length,
    /// It carries no tag, so nothing proves who sent it.
    #[error("the ciphered APDU is not authenticated (security control {got:02X})")]
    Unauthenticated {
        /// Its security control.
        got: u8,
    },
    /// The tag of what is inside does not belong to the tag outside.
    #[error("the ciphered APDU holds another service than it says")]
    Service,
    /// Keys and content do not fit.
    #[error(transparent)]
    Cipher(#[from] glo_cipher::Error),
}

/// Opens a ciphered APDU that the station of this system title sent.
///
/// # Errors
/// An APDU in clear, without tag, with a wrong tag, or of another sender.
pub fn open(keys: &Keys, system_title: [u8; 8], bytes: &[u8]) -> Result<Opened, OpenError> {
    let mut octets = Octets::new(bytes);
    let outer = octets.u8().ok_or(OpenError::Length)?;
    if outer == GENERAL_GLO_CIPHERING {
        let Ok((super::apdu::Apdu::Ciphered(ciphered), length)) = decode_general(bytes) else {
            return Err(OpenError::Length);
        };
        if length != bytes.len() {
            return Err(OpenError::Length);
        }
        // The title enters the nonce: another one than the association's breaks the tag.
        return opened(keys, &Ciphered { system_title, ..ciphered }, None);
    }
    let Some((clear, _)) = SERVICES.iter().find(|(_, ciphered)| *ciphered == outer) else {
        return Err(OpenError::InClear { got: outer });
    };
    let length = octets.length().map_err(|_| OpenError::Length)?;
    let protected = octets.take(length).filter(|_| octets.remaining() == 0);
    let mut inside = Octets::new(protected.ok_or(OpenError::Length)?);
    let (Some(control), Some(invocation_counter)) = (inside.u8(), inside.u32()) else {
        return Err(OpenError::Length);
    };
    let control = SecurityControl(control);
    if !control.authenticated() {
        return Err(OpenError::Unauthenticated { got: control.0 });
    }
    let (content, tag) = inside.rest().split_last_chunk::<TAG_LENGTH>().ok_or(OpenError::Length)?;
    let ciphered = Ciphered {
        dedicated: false,
        system_title,
        control,
        invocation_counter,
        content,
        content_at: 0,
        tag: Some(*tag),
    };
    opened(keys, &ciphered, Some(*clear))
}

fn opened(keys: &Keys, ciphered: &Ciphered<'_>, service: Option<u8>) -> Result<Opened, OpenError> {
    let mut plain = Vec::new();
    if keys.open(ciphered, &mut plain)? != Authentication::Verified {
        return Err(OpenError::Unauthenticated { got: ciphered.control.0 });
    }
    let inside = plain.first().copied();
    let refusal = matches!(inside, Some(EXCEPTION_RESPONSE | CONFIRMED_SERVICE_ERROR));
    if service.is_some() && service != inside && !refusal {
        return Err(OpenError::Service);
    }
    Ok(Opened { plain, invocation_counter: ciphered.invocation_counter, control: ciphered.control })
}

/// f(challenge) of HLS mechanism 5: what proves that the station of this title has the keys.
/// `None` without an authentication key.
#[must_use]
pub fn prove(
    keys: &Keys,
    (system_title, invocation_counter): ([u8; 8], u32),
    challenge: &[u8],
) -> Option<Vec<u8>> {
    let control = AUTHENTICATION_ONLY;
    let envelope = Envelope { system_title, control, invocation_counter };
    let tag = keys.protect(&envelope, challenge)?.tag?;
    let mut out = vec![control.0];
    out.extend(invocation_counter.to_be_bytes());
    out.extend(tag);
    Some(out)
}

/// Checks the proof that the station of this title gave for our challenge; answers its counter.
#[must_use]
pub fn check_proof(
    keys: &Keys,
    system_title: [u8; 8],
    (challenge, proof): (&[u8], &[u8]),
) -> Option<u32> {
    let mut octets = Octets::new(proof);
    let control = SecurityControl(octets.u8()?);
    let invocation_counter = octets.u32()?;
    let tag = octets.array::<TAG_LENGTH>()?;
    if octets.remaining() > 0 || !control.authenticated() || control.encrypted() {
        return None;
    }
    let ciphered = Ciphered {
        dedicated: false,
        system_title,
        control,
        invocation_counter,
        content: challenge,
        content_at: 0,
        tag: Some(tag),
    };
    let verified = keys.open(&ciphered, &mut Vec::new()).ok()? == Authentication::Verified;
    verified.then_some(invocation_counter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        crate::capture_text::bytes_of_text(hex.as_bytes()).expect("hex")
    }

    fn keys() -> Keys {
        let key = |hex| bytes(hex).try_into().expect("16 bytes");
        let encryption = key("000102030405060708090A0B0C0D0E0F");
        Keys::new(&encryption, Some(key("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")))
    }

    const TITLE: [u8; 8] = *b"MMM\x00\x00\xBC\x61\x4E";

    #[test]
    fn seals_the_standards_example() {
        // Green Book 9.2.7.2.4.6: Get-Request of the clock's time, authenticated and encrypted.
        let plain = bytes("C0010000080000010000FF0200");
        let envelope = Envelope {
            system_title: TITLE,
            control: AUTHENTICATED_ENCRYPTION,
            invocation_counter: 0x0123_4567,
        };
        let sealed = seal(&keys(), &envelope, &plain).expect("a ciphered service");
        let expected = "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B";
        assert_eq!(sealed, bytes(expected));
        let opened = open(&keys(), TITLE, &sealed).expect("the right keys");
        assert_eq!((opened.plain, opened.invocation_counter), (plain, 0x0123_4567));
    }

    #[test]
    fn proves_the_standards_example() {
        // Green Book 9.2.7.4, the HLS example: the client answers "P6wRJ21F", the server "K56iVagY".
        const CLIENT: [u8; 8] = *b"MMM\x00\x00\x00\x00\x01";
        let answer = prove(&keys(), (TITLE, 0x0123_4567), b"K56iVagY");
        assert_eq!(answer, Some(bytes("1001234567FE1466AFB3DBCD4F9389E2B7")));
        let proof = prove(&keys(), (CLIENT, 1), b"P6wRJ21F").expect("an authentication key");
        assert_eq!(proof, bytes("10000000011A52FE7DD3E72748973C1E28"));
        assert_eq!(check_proof(&keys(), CLIENT, (b"P6wRJ21F", &proof)), Some(1));
        assert_eq!(check_proof(&keys(), CLIENT, (b"P6wRJ21G", &proof)), None);
        assert_eq!(check_proof(&keys(), TITLE, (b"P6wRJ21F", &proof)), None);
        for bit in 0..proof.len() * 8 {
            let mut flipped = proof.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(check_proof(&keys(), CLIENT, (b"P6wRJ21F", &flipped)), None, "bit {bit}");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_lost_byte_is_noticed() {
        let envelope = Envelope {
            system_title: TITLE,
            control: AUTHENTICATED_ENCRYPTION,
            invocation_counter: 9,
        };
        let sealed = seal(&keys(), &envelope, &[0xC4, 1, 0xC1, 0, 0x11, 7]).expect("a service");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&keys(), TITLE, &flipped).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&keys(), TITLE, &sealed[..length]).is_err(), "{length}");
        }
        let clear = open(&keys(), TITLE, &[0xC4, 1, 0xC1, 0, 0x11, 7]);
        assert_eq!(clear, Err(OpenError::InClear { got: 0xC4 }));
    }
}
