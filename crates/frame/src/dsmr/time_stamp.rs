//! Time stamps of P1: `YYMMDDhhmmssX`.
//!
//! # Source
//! DSMR P1 companion standard 5.0.2, 6.4: X = S while daylight saving time is active, W otherwise;
//! DSMR 2.2 and 3.0 send no X.

/// Which half of the year a clock believes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    /// Daylight saving time is active.
    Summer,
    /// It is not.
    Winter,
}

/// Twelve digits of a wall clock, and the season.
///
/// **Range** not checked: meters send 632525252525 for "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeStamp {
    /// Year, month, day, hour, minute, second; the year is counted from 2000.
    pub fields: [u8; 6],
    /// `None` when the stamp does not say.
    pub season: Option<Season>,
}

impl TimeStamp {
    /// Reads a stamp; `None` when the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, season) = match text.as_bytes().last()? {
            b'S' => (text.get(..text.len().checked_sub(1)?)?, Some(Season::Summer)),
            b'W' => (text.get(..text.len().checked_sub(1)?)?, Some(Season::Winter)),
            _ => (text, None),
        };
        let digits = digits.as_bytes();
        if digits.len() != 12 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut fields = [0; 6];
        for (field, pair) in fields.iter_mut().zip(digits.chunks_exact(2)) {
            let [tens, ones] = *pair else { return None };
            *field = (tens & 0x0F).saturating_mul(10).saturating_add(ones & 0x0F);
        }
        Some(Self { fields, season })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stamps_with_and_without_season() {
        let summer = TimeStamp::parse("200512135409S").expect("valid");
        assert_eq!(summer.fields, [20, 5, 12, 13, 54, 9]);
        assert_eq!(summer.season, Some(Season::Summer));
        let winter = TimeStamp::parse("170102192002W").expect("valid");
        assert_eq!(winter.season, Some(Season::Winter));
        assert_eq!(TimeStamp::parse("161107190000").map(|stamp| stamp.season), Some(None));
        for text in ["", "S", "20051213540S", "2005121354099S", "20051213540xS", "200512135409s"] {
            assert_eq!(TimeStamp::parse(text), None, "{text}");
        }
    }
}
