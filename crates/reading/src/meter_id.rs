//! The name a site gives to a meter.

use std::fmt;

/// Longest accepted meter id, in bytes.
const LENGTH_MAX: usize = 64;

/// A meter's configured id: the key under which its readings are stored and published.
///
/// **Range** 1 to 64 of `A-Z a-z 0-9 _ - .`, so that it fits a URL, an MQTT topic and a file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MeterId(String);

impl MeterId {
    /// The id, when the text is one.
    ///
    /// # Errors
    /// An empty or overlong text, and any other character.
    pub fn new(text: impl Into<String>) -> Result<Self, MeterIdError> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if text.is_empty() || text.len() > LENGTH_MAX || !text.bytes().all(allowed) {
            return Err(MeterIdError);
        }
        Ok(Self(text))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MeterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text cannot be a meter id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterIdError;

impl fmt::Display for MeterIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected 1 to {LENGTH_MAX} characters out of A-Z a-z 0-9 _ - .")
    }
}

impl std::error::Error for MeterIdError {}
