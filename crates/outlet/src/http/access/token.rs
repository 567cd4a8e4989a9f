//! Tokens: 256 random bits in a form that people can copy, and what is kept of them.
//!
//! In: the system's random bytes, or the text that a client sent. Out: a [`Secret`], shown once,
//! and its [`Digest`], which is all that is ever stored. A secret has no `Debug` and no `Display`,
//! so that no log can hold one by accident.

use reading::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

/// What every token begins with, so that people and secret scanners know it for one.
pub const PREFIX: &str = "tri_";
/// Longest name of a token, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 64;
const BYTES: usize = 32;

/// What a token may do. Each scope includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Every `GET`.
    Read,
    /// And sending measurements and captures.
    Write,
    /// And everything else.
    Admin,
}

impl Scope {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// The word of the command line, the token file and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The scope with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// 256 random bits: a token, or the number of a session.
pub struct Secret([u8; BYTES]);

impl Secret {
    /// New random bits from the system.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).expect("the system always has random bytes");
        Self(bytes)
    }

    /// The secret of a token's text; `None` for anything else.
    #[must_use]
    pub fn of_token(text: &str) -> Option<Self> {
        Self::of_hex(text.strip_prefix(PREFIX)?)
    }

    /// The token's text: 68 characters.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{PREFIX}{}", hex(&self.0))
    }

    pub(super) fn of_hex(text: &str) -> Option<Self> {
        bytes_of_hex(text).map(Self)
    }

    pub(super) fn hex(&self) -> String {
        hex(&self.0)
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(digest(&SHA256, &self.0).as_ref());
        Digest(bytes)
    }
}

/// The SHA-256 of a secret's bytes. Nobody finds 256 random bits from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; BYTES]);

impl Digest {
    pub(super) fn of_hex(text: &str) -> Option<Self> {
        bytes_of_hex(text).map(Self)
    }

    pub(super) fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// One known token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The name people gave it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// What is kept of its secret.
    pub digest: Digest,
    /// When it was made.
    pub created: Timestamp,
}

/// The token of this digest among all of them. Every one is compared, in constant time.
pub(super) fn find<T: AsRef<Token>>(tokens: &[T], digest: Digest) -> Option<&T> {
    let mut found = None;
    for token in tokens {
        if token.as_ref().digest.is(&digest) {
            found = Some(token);
        }
    }
    found
}

/// Whether a token may have this name: 1 to 64 of A-Z a-z 0-9 _ - .
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of_hex(text: &str) -> Option<[u8; BYTES]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * BYTES {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_from_its_text_and_from_nothing_else() {
        let secret = Secret::random();
        let text = secret.token();
        assert_eq!((text.len(), &text[..4]), (68, "tri_"));
        let again = Secret::of_token(&text).expect("its own text");
        assert_eq!(again.digest(), secret.digest());
        assert_ne!(Secret::random().digest(), secret.digest());
        let long = format!("{text}0");
        for wrong in ["", "tri_", &text[4..], &text[..67], &long, &text.to_uppercase()] {
            assert!(Secret::of_token(wrong).is_none(), "{wrong}");
        }
        assert!(Secret::of_token(&format!("tri_{}", "é".repeat(32))).is_none());
    }

    #[test]
    fn only_the_digest_of_the_secret_finds_its_token() {
        let secrets: Vec<Secret> = (0..3).map(|_| Secret::random()).collect();
        let tokens = secrets.iter().enumerate().map(|(index, secret)| {
            std::sync::Arc::new(Token {
                name: index.to_string(),
                scope: Scope::Read,
                digest: secret.digest(),
                created: Timestamp::from_seconds(0),
            })
        });
        let tokens: Vec<_> = tokens.collect();
        for (index, secret) in secrets.iter().enumerate() {
            let found = find(&tokens, secret.digest()).expect("known");
            assert_eq!(found.name, index.to_string());
        }
        assert!(find(&tokens, Secret::random().digest()).is_none());
        let mut near = secrets[0].digest();
        near.0[31] ^= 1;
        assert!(find(&tokens, near).is_none());
    }

    #[test]
    fn names_are_short_and_plain() {
        for good in ["scada", "ligne-1.plc", "A_b"] {
            assert!(is_name(good), "{good}");
        }
        let long = "x".repeat(65);
        for bad in ["", "two words", "é", "a/b", "a\nb", &long] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
