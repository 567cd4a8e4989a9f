//! Object identification codes, IEC 62056-6-1.

use std::fmt;
use std::str::FromStr;

/// An OBIS code: value groups A to F of IEC 62056-6-1.
///
/// **Shape** `A-B:C.D.E*F`; F = 255 means "current value".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Obis([u8; 6]);

impl Obis {
    /// The code with the six value groups in their order.
    #[must_use]
    pub const fn new(a: u8, b: u8, groups: [u8; 3], f: u8) -> Self {
        let [c, d, e] = groups;
        Self([a, b, c, d, e, f])
    }

    /// The code from the six bytes of a COSEM logical name.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// The six value groups, A first.
    #[must_use]
    pub const fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// Value group A, the medium (0 abstract, 1 electricity).
    #[must_use]
    pub const fn medium(self) -> u8 {
        self.0[0]
    }

    /// Value group B, the channel.
    #[must_use]
    pub const fn channel(self) -> u8 {
        self.0[1]
    }

    /// Value groups C, D and E: what is measured, how it is processed, which tariff or harmonic.
    #[must_use]
    pub const fn cde(self) -> [u8; 3] {
        [self.0[2], self.0[3], self.0[4]]
    }

    /// Value group F, the billing period; 255 for the current value.
    #[must_use]
    pub const fn period(self) -> u8 {
        self.0[5]
    }
}

impl fmt::Display for Obis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, period] = self.0;
        write!(f, "{a}-{b}:{c}.{d}.{e}*{period}")
    }
}

impl fmt::Debug for Obis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no OBIS code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseObisError;

impl fmt::Display for ParseObisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an OBIS code such as 1-0:32.7.0*255")
    }
}

impl std::error::Error for ParseObisError {}

impl FromStr for Obis {
    type Err = ParseObisError;

    /// Reads `A-B:C.D.E*F` and the short form `A-B:C.D.E` (F = 255).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (medium_channel, rest) = text.split_once(':').ok_or(ParseObisError)?;
        let (a, b) = medium_channel.split_once('-').ok_or(ParseObisError)?;
        let (cde, f) = rest.split_once('*').unwrap_or((rest, "255"));
        let mut groups = cde.split('.');
        let mut next = || groups.next().ok_or(ParseObisError).and_then(group);
        let bytes = [group(a)?, group(b)?, next()?, next()?, next()?, group(f)?];
        if groups.next().is_some() {
            return Err(ParseObisError);
        }
        Ok(Self(bytes))
    }
}

fn group(text: &str) -> Result<u8, ParseObisError> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only {
        return Err(ParseObisError);
    }
    text.parse().map_err(|_| ParseObisError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_the_reduced_notation() {
        let code: Obis = "1-0:32.7.0*255".parse().expect("valid");
        assert_eq!(code, Obis::new(1, 0, [32, 7, 0], 255));
        assert_eq!(code.to_string(), "1-0:32.7.0*255");
        assert_eq!("1-0:32.7.0".parse(), Ok(code));
    }

    #[test]
    fn refuses_what_is_no_code() {
        for text in ["", "1-0:32.7", "1-0:32.7.0.1", "1-0:256.7.0", "1-0:+2.7.0", "1:0-1.7.0"] {
            assert_eq!(text.parse::<Obis>(), Err(ParseObisError), "{text}");
        }
    }
}
