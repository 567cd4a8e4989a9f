//! AES-128-GCM of security suites 0 and 1: what protects a push.
//!
//! In: a ciphered APDU and the keys at hand. Out: the content in clear, and whether its tag was
//! checked. The grid operator hands out the encryption key (GUEK) and often withholds the
//! authentication key (GAK); content can then be read by counter mode, but not proved.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.2.3.3.7): IV = system title || invocation counter; associated data
//! = security control || authentication key, followed by the content when that is not encrypted.

use super::apdu::{Ciphered, SecurityControl, TAG_LENGTH};
use aes::Aes128;
use aes::cipher::consts::U12;
use aes::cipher::{InnerIvInit, KeyInit, StreamCipher};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{AesGcm, Nonce};

/// Length of a key.
pub const KEY_LENGTH: usize = 16;

type Gcm = AesGcm<Aes128, U12, U12>;
type Counter = ctr::Ctr32BE<Aes128>;

/// The keys of one meter, expanded once.
#[derive(Clone)]
pub struct Keys {
    gcm: Gcm,
    block: Aes128,
    authentication: Option<[u8; KEY_LENGTH]>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// What the tag proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The tag holds.
    Verified,
    /// There is a tag, but no authentication key to check it with.
    Unchecked,
    /// There is no tag.
    Absent,
}

/// Why a ciphered APDU was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The tag does not hold: a wrong key, or altered content.
    #[error("the authentication tag does not match")]
    Tag,
    /// Another algorithm than AES-128-GCM.
    #[error("security suite {got} is not supported")]
    Suite {
        /// The suite.
        got: u8,
    },
    /// Compressed content.
    #[error("compressed content is not supported")]
    Compressed,
}

impl Keys {
    /// Expands the keys.
    #[must_use]
    pub fn new(encryption: &[u8; KEY_LENGTH], authentication: Option<[u8; KEY_LENGTH]>) -> Self {
        Self {
            gcm: Gcm::new(encryption.into()),
            block: Aes128::new(encryption.into()),
            authentication,
        }
    }

    /// Whether tags can be checked.
    #[must_use]
    pub const fn authenticates(&self) -> bool {
        self.authentication.is_some()
    }

    /// Writes the content in clear to `out`, which is cleared first. On an error it stays empty.
    ///
    /// # Errors
    /// A tag that does not hold, and protections this cipher does not know.
    pub fn open(
        &self,
        ciphered: &Ciphered<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Authentication, Error> {
        out.clear();
        let control = supported(ciphered.control)?;
        let nonce = nonce(ciphered.system_title, ciphered.invocation_counter);
        out.extend_from_slice(ciphered.content);
        let (Some(tag), Some(key)) = (ciphered.tag, self.authentication) else {
            if control.encrypted() {
                self.apply_counter_mode(nonce, out);
            }
            let tagged = ciphered.tag.is_some();
            return Ok(if tagged { Authentication::Unchecked } else { Authentication::Absent });
        };
        let mut associated = AssociatedData::new(control, &key);
        let opened = if control.encrypted() {
            self.gcm.decrypt_inout_detached(
                &nonce.into(),
                associated.header(),
                out.as_mut_slice().into(),
                &tag.into(),
            )
        } else {
            let mut nothing = [];
            self.gcm.decrypt_inout_detached(
                &nonce.into(),
                associated.with(ciphered.content),
                nothing.as_mut_slice().into(),
                &tag.into(),
            )
        };
        if opened.is_err() {
            out.clear();
            return Err(Error::Tag);
        }
        Ok(Authentication::Verified)
    }

    /// Writes to `out` what the content decrypts to, tag or not: a way to tell a wrong key from
    /// altered content, and never to be used as values.
    pub fn decrypt_unproved(&self, ciphered: &Ciphered<'_>, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(ciphered.content);
        if ciphered.control.encrypted() {
            self.apply_counter_mode(nonce(ciphered.system_title, ciphered.invocation_counter), out);
        }
    }

    /// GCM's own counter mode: the first content block uses counter 2.
    fn apply_counter_mode(&self, nonce: [u8; 12], bytes: &mut [u8]) {
        let mut block = [0; 16];
        for (target, byte) in block.iter_mut().zip(nonce.into_iter().chain([0, 0, 0, 2])) {
            *target = byte;
        }
        let core = ctr::CtrCore::inner_iv_init(self.block.clone(), &block.into());
        Counter::from_core(core).apply_keystream(bytes);
    }

    /// Protects `plain` as `control` says: the content and, where the control asks for one, its
    /// tag. `None` when that needs an authentication key and there is none, or more than
    /// AES-128-GCM can do.
    #[must_use]
    pub fn protect(&self, envelope: &Envelope, plain: &[u8]) -> Option<Protected> {
        let Envelope { system_title, control, invocation_counter } = *envelope;
        if control.suite() > 1 || control.compressed() {
            return None;
        }
        let nonce = nonce(system_title, invocation_counter);
        let mut content = plain.to_vec();
        let mut tag = None;
        if control.authenticated() {
            let mut associated = AssociatedData::new(control, self.authentication.as_ref()?);
            let mut nothing = [];
            let (text, data): (&mut [u8], &[u8]) = if control.encrypted() {
                (content.as_mut_slice(), associated.header())
            } else {
                (nothing.as_mut_slice(), associated.with(plain))
            };
            let made = self.gcm.encrypt_inout_detached(&nonce.into(), data, text.into());
            let made: [u8; TAG_LENGTH] = made.ok()?.into();
            tag = Some(made);
        } else if control.encrypted() {
            self.apply_counter_mode(nonce, &mut content);
        }
        Some(Protected { content, tag })
    }

    /// Protects `plain` and appends the ciphered APDU; `None` as [`protect`](Self::protect).
    pub fn seal(&self, envelope: &Envelope, plain: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let Protected { content, tag } = self.protect(envelope, plain)?;
        let ciphered = Ciphered {
            dedicated: false,
            system_title: envelope.system_title,
            control: envelope.control,
            invocation_counter: envelope.invocation_counter,
            content: &content,
            content_at: 0,
            tag,
        };
        super::apdu::encode_ciphered(&ciphered, out);
        Some(())
    }
}

/// What protection made of some content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    /// Encrypted, or in clear where only a tag was asked for.
    pub content: Vec<u8>,
    /// The authentication tag.
    pub tag: Option<[u8; TAG_LENGTH]>,
}

/// Writes content that came in clear to `out`, which is cleared first: no key is needed to read
/// it, only to prove it.
///
/// # Errors
/// Protections this cipher does not know. Encrypted content stays encrypted.
pub fn content_in_clear(
    ciphered: &Ciphered<'_>,
    out: &mut Vec<u8>,
) -> Result<Authentication, Error> {
    out.clear();
    supported(ciphered.control)?;
    out.extend_from_slice(ciphered.content);
    let tagged = ciphered.tag.is_some();
    Ok(if tagged { Authentication::Unchecked } else { Authentication::Absent })
}

fn supported(control: SecurityControl) -> Result<SecurityControl, Error> {
    if control.suite() > 1 {
        return Err(Error::Suite { got: control.suite() });
    }
    if control.compressed() {
        return Err(Error::Compressed);
    }
    Ok(control)
}

/// What stands in clear before ciphered content.
#[derive(Debug, Clone, Copy)]
pub struct Envelope {
    /// The sender's system title.
    pub system_title: [u8; 8],
    /// What to do to the content.
    pub control: SecurityControl,
    /// The invocation counter; never the same twice under one key.
    pub invocation_counter: u32,
}

fn nonce(system_title: [u8; 8], invocation_counter: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    let bytes = system_title.into_iter().chain(invocation_counter.to_be_bytes());
    for (target, byte) in nonce.iter_mut().zip(bytes) {
        *target = byte;
    }
    nonce
}

/// Security control || authentication key, and room for content that is not encrypted.
struct AssociatedData {
    header: [u8; 1 + KEY_LENGTH],
    whole: Vec<u8>,
}

impl AssociatedData {
    fn new(control: SecurityControl, key: &[u8; KEY_LENGTH]) -> Self {
        let mut header = [control.0; 1 + KEY_LENGTH];
        for (target, byte) in header.iter_mut().skip(1).zip(key) {
            *target = *byte;
        }
        Self { header, whole: Vec::new() }
    }

    fn header(&self) -> &[u8] {
        &self.header
    }

    fn with(&mut self, content: &[u8]) -> &[u8] {
        self.whole.extend_from_slice(&self.header);
        self.whole.extend_from_slice(content);
        &self.whole
    }
}

/// Nonces are 12 bytes: the type of GCM used here and the arrays above cannot disagree.
const _: fn([u8; 12]) -> Nonce<U12> = |bytes| bytes.into();

#[cfg(test)]
mod tests {
    use super::super::apdu::{Apdu, decode};
    use super::*;

    const PLAIN: &[u8] = b"\x0F\0\0\0\x01\0\x02\x01\x11\x07 and more than one block";

    fn sealed(control: u8) -> Vec<u8> {
        let keys = Keys::new(&[1; 16], Some([2; 16]));
        let envelope = Envelope {
            system_title: *b"LGZ\x00\x01\x02\x03\x04",
            control: SecurityControl(control),
            invocation_counter: 77,
        };
        let mut bytes = Vec::new();
        keys.seal(&envelope, PLAIN, &mut bytes).expect("supported");
        bytes
    }

    fn open(bytes: &[u8], keys: &Keys) -> Result<(Authentication, Vec<u8>), Error> {
        let Ok((Apdu::Ciphered(ciphered), length)) = decode(bytes) else {
            panic!("no ciphered APDU");
        };
        assert_eq!(length, bytes.len());
        let mut plain = Vec::new();
        let authentication = keys.open(&ciphered, &mut plain)?;
        Ok((authentication, plain))
    }

    #[test]
    fn every_protection_opens_again() {
        let whole = Keys::new(&[1; 16], Some([2; 16]));
        let without = Keys::new(&[1; 16], None);
        use Authentication::{Absent, Unchecked, Verified};
        for (control, with_key, without_key) in [
            (0x30, Verified, Unchecked),
            (0x31, Verified, Unchecked),
            (0x10, Verified, Unchecked),
            (0x20, Absent, Absent),
            (0x00, Absent, Absent),
        ] {
            let bytes = sealed(control);
            assert_eq!(open(&bytes, &whole), Ok((with_key, PLAIN.to_vec())), "{control:02X}");
            assert_eq!(open(&bytes, &without), Ok((without_key, PLAIN.to_vec())), "{control:02X}");
        }
    }

    #[test]
    fn every_flipped_bit_of_protected_content_breaks_the_tag() {
        let keys = Keys::new(&[1; 16], Some([2; 16]));
        for control in [0x30, 0x10] {
            let bytes = sealed(control);
            // Past the APDU tag, the title's length and the length field; the security control
            // itself decides whether there is a tag at all.
            for bit in (12 * 8)..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(open(&flipped, &keys), Err(Error::Tag), "bit {bit}");
            }
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let keys = Keys::new(&[1; 16], None);
        for (control, error) in [(0x22, Error::Suite { got: 2 }), (0xA0, Error::Compressed)] {
            let mut bytes = sealed(0x20);
            bytes[11] = control;
            assert_eq!(open(&bytes, &keys), Err(error));
        }
    }
}
