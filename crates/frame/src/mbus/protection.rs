//! Content encrypted with AES-128-CBC: security mode 5.
//!
//! In: the configuration field, the content, the key, who sends it. Out: the content in clear, its
//! first two bytes proved to be the fillers that every sender puts there.
//!
//! # Source
//! EN 13757-7:2018, 7.6.3 (configuration field of mode 5), 9.2 (AES-CBC with a dynamic
//! initialisation vector: manufacturer, address, version, medium, eight times the access number).

use super::application::{Identity, Variable};
use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

const BLOCK: usize = 16;
/// The fillers that prove a key.
const PROOF: [u8; 2] = [0x2F, 0x2F];
const MODE_CBC: u8 = 5;
/// Modes whose content cannot be records in clear: 7 and 13 are in use.
const MODES_OTHER: [u8; 2] = [7, 13];

/// How content is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is in clear.
    Clear,
    /// So many bytes of it are encrypted in mode 5.
    Cbc {
        /// A multiple of 16.
        encrypted: usize,
    },
    /// A mode that is not read here.
    Other {
        /// Its number.
        mode: u8,
    },
}

/// Why content stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is encrypted, and there is no key.
    #[error("the content is encrypted (mode 5) and no key was given")]
    KeyMissing,
    /// The key makes nothing of it.
    #[error("the key does not decrypt the content: it begins with {got:02X?} instead of 2F 2F")]
    WrongKey {
        /// What came out.
        got: [u8; 2],
    },
    /// More is encrypted than there is.
    #[error("{wanted} encrypted bytes are announced, {got} came")]
    Truncated {
        /// How many.
        wanted: usize,
        /// How many came.
        got: usize,
    },
    /// A mode that is not read here.
    #[error("security mode {mode} is not supported; mode 5 (AES-CBC) is")]
    Unsupported {
        /// Its number.
        mode: u8,
    },
    /// A short header does not say whose initialisation vector is to be used.
    #[error("the header names no meter, which decryption needs")]
    IdentityMissing,
}

/// How the configuration field says that content is protected.
#[must_use]
pub fn mode(configuration: u16) -> Mode {
    let [low, high] = configuration.to_le_bytes();
    let mode = high & 0x1F;
    let blocks = usize::from(low >> 4);
    match mode {
        MODE_CBC if blocks > 0 => Mode::Cbc { encrypted: blocks.saturating_mul(BLOCK) },
        mode if MODES_OTHER.contains(&mode) && blocks > 0 => Mode::Other { mode },
        // Old meters fill the field with anything; it was never more than a signature.
        _ => Mode::Clear,
    }
}

/// The content in clear; `None` when it is in clear already.
///
/// # Errors
/// There is no key, a wrong one, or the content is cut short or protected otherwise.
pub fn open(
    variable: &Variable<'_>,
    identity: Option<Identity>,
    key: Option<&[u8; 16]>,
) -> Result<Option<Vec<u8>>, Error> {
    let content = variable.content;
    let encrypted = match mode(variable.configuration) {
        Mode::Clear => return Ok(None),
        Mode::Other { mode } => return Err(Error::Unsupported { mode }),
        Mode::Cbc { encrypted } => encrypted,
    };
    // A converter may have decrypted it and left the field as it was.
    if content.starts_with(&PROOF) {
        return Ok(None);
    }
    let key = key.ok_or(Error::KeyMissing)?;
    let identity = variable.identity.or(identity).ok_or(Error::IdentityMissing)?;
    let truncated = Error::Truncated { wanted: encrypted, got: content.len() };
    let (closed, clear) = content.split_at_checked(encrypted).ok_or(truncated)?;
    let vector = vector(identity, variable.access_number.unwrap_or(0));
    let mut opened = decrypt(closed, vector, key);
    match opened.first_chunk::<2>() {
        Some(&PROOF) => {}
        got => return Err(Error::WrongKey { got: got.copied().unwrap_or_default() }),
    }
    opened.extend_from_slice(clear);
    Ok(Some(opened))
}

/// Encrypts content whose length is a multiple of 16 and that begins with two fillers.
#[must_use]
pub fn close(content: &[u8], (identity, access_number): (Identity, u8), key: &[u8; 16]) -> Vec<u8> {
    let cipher = Aes128::new(key.into());
    let mut previous = vector(identity, access_number);
    let mut out = Vec::with_capacity(content.len());
    for plain in content.as_chunks::<BLOCK>().0 {
        let mut block = previous;
        for (byte, plain) in block.iter_mut().zip(plain) {
            *byte ^= plain;
        }
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        previous = block.into();
        out.extend_from_slice(&previous);
    }
    out
}

fn vector(identity: Identity, access_number: u8) -> [u8; BLOCK] {
    let [a, b, c, d, low, high, version, medium] = identity.bytes();
    let mut vector = [access_number; BLOCK];
    for (place, byte) in vector.iter_mut().zip([low, high, a, b, c, d, version, medium]) {
        *place = byte;
    }
    vector
}

fn decrypt(closed: &[u8], mut previous: [u8; BLOCK], key: &[u8; 16]) -> Vec<u8> {
    let cipher = Aes128::new(key.into());
    let mut out = Vec::with_capacity(closed.len());
    for block in closed.as_chunks::<BLOCK>().0 {
        let mut plain = (*block).into();
        cipher.decrypt_block(&mut plain);
        let plain: [u8; BLOCK] = plain.into();
        out.extend(plain.iter().zip(previous).map(|(byte, before)| byte ^ before));
        previous = *block;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::application::{Application, decode};
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        crate::capture_text::bytes_of_text(text.as_bytes()).expect("hexadecimal")
    }

    /// The encrypted gas meter of the OMS specification, annex N.2.1.
    const OMS_KEY: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x11];
    const OMS_CONTENT: &str = "7812563493153303 2A002025
        5923C95AAA26D1B2E7493B013EC4A6F6D3529B520EDFF0EA6DEFC99D6D69EBF3";

    fn sent() -> Vec<u8> {
        bytes(OMS_CONTENT)
    }

    #[test]
    fn what_was_closed_opens_with_its_key_alone() {
        let identity = Identity::of([0x78, 0x56, 0x34, 0x12, 0x93, 0x15, 0x33, 0x03]);
        let mut plain = bytes("2F2F 0C1427048502 046D32371F15 02FD170000");
        plain.resize(32, 0x2F);
        let mut data = identity.bytes().to_vec();
        data.extend([0x2A, 0x00, 0x20, 0x05]);
        data.extend(close(&plain, (identity, 0x2A), &OMS_KEY));
        let Ok(Application::Variable(variable)) = decode(0x08, 0x72, &data) else {
            panic!("a variable data structure");
        };
        assert_eq!(open(&variable, None, Some(&OMS_KEY)), Ok(Some(plain)));
        assert_eq!(open(&variable, None, None), Err(Error::KeyMissing));
        assert!(matches!(open(&variable, None, Some(&[0; 16])), Err(Error::WrongKey { .. })));
        let cut = Variable { content: &variable.content[..20], ..variable };
        let truncated = Error::Truncated { wanted: 32, got: 20 };
        assert_eq!(open(&cut, None, Some(&OMS_KEY)), Err(truncated));
        let anonymous = Variable { identity: None, ..variable };
        assert_eq!(open(&anonymous, None, Some(&OMS_KEY)), Err(Error::IdentityMissing));
        assert!(open(&anonymous, Some(identity), Some(&OMS_KEY)).is_ok_and(|it| it.is_some()));
    }

    #[test]
    fn the_example_of_oms_opens() {
        let data = sent();
        let mut data = data;
        // The address of the example's long header is 12345678.
        data.splice(0..4, [0x78, 0x56, 0x34, 0x12]);
        let Ok(Application::Variable(variable)) = decode(0x08, 0x72, &data) else {
            panic!("a variable data structure");
        };
        let opened = open(&variable, None, Some(&OMS_KEY)).expect("opens").expect("was closed");
        assert_eq!(opened[..8], bytes("2F2F0C1427048502"));
    }

    #[test]
    fn fields_of_old_meters_do_not_close_their_content() {
        assert_eq!(mode(0xFFFF), Mode::Clear);
        assert_eq!(mode(0x0000), Mode::Clear);
        assert_eq!(mode(0x0500), Mode::Clear);
        assert_eq!(mode(0x0520), Mode::Cbc { encrypted: 32 });
        assert_eq!(mode(0x2520), Mode::Cbc { encrypted: 32 });
        assert_eq!(mode(0x0730), Mode::Other { mode: 7 });
    }
}
