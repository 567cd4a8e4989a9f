//! Secrets: keys that stay out of the configuration file, the logs and the API.

use std::fmt;
use std::path::PathBuf;

/// Where a secret is kept. Its content is read when the service starts and shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// A file that holds nothing else.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A key that is no secret: the demo's.
    Known([u8; 16]),
}

/// The secret cannot be used. The text names the place, never the content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file cannot be read.
    #[error("the secret's file {} cannot be read: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The variable is not set.
    #[error("the environment variable {0} that should hold a secret is not set")]
    Env(String),
    /// The content is no AES-128 key.
    #[error("{place} holds {found} hexadecimal digits, a key has 32")]
    Length { place: Place, found: usize },
    /// The content is not hexadecimal.
    #[error("{0} holds something else than hexadecimal digits")]
    NotHex(Place),
}

/// A secret's place, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Secret {
    /// Reads a text such as a password; the line's end is no part of it.
    ///
    /// # Errors
    /// The place cannot be read.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let text = match self {
            Self::Known(key) => String::from_utf8_lossy(key).into_owned(),
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|source| Error::File { path: path.clone(), source })?,
            Self::Env(name) => std::env::var(name).map_err(|_| Error::Env(name.clone()))?,
        };
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Reads an AES-128 key.
    ///
    /// # Errors
    /// The place cannot be read, or holds anything but 32 hexadecimal digits.
    pub(crate) fn key(&self) -> Result<[u8; 16], Error> {
        match self {
            Self::Known(key) => Ok(*key),
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| Error::File { path: path.clone(), source })?;
                parse_key(&text, &format!("the key file {}", path.display()))
            }
            Self::Env(name) => {
                let text = std::env::var(name).map_err(|_| Error::Env(name.clone()))?;
                parse_key(&text, &format!("the environment variable {name}"))
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The AES-128 key that 32 hexadecimal digits spell; white space is ignored.
///
/// # Errors
/// Any other character, any other count of digits; `place` goes into the message.
pub(crate) fn parse_key(text: &str, place: &str) -> Result<[u8; 16], Error> {
    let digits: Vec<char> = text.chars().filter(|character| !character.is_whitespace()).collect();
    let values: Option<Vec<u8>> = digits
        .iter()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect();
    let values = values.ok_or_else(|| Error::NotHex(Place(place.to_owned())))?;
    if values.len() != 32 {
        return Err(Error::Length { place: Place(place.to_owned()), found: values.len() });
    }
    let mut key = [0; 16];
    for (byte, pair) in key.iter_mut().zip(values.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(key)
}
