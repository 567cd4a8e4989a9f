//! How far a value can be trusted.

/// Trust in a value, as every surface states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Quality {
    /// As the meter sent it, checked as far as its protocol allows.
    #[default]
    Good,
    /// Usable with doubt: implausible, or its meter marked it so.
    Suspect,
    /// Not to be used in a calculation.
    Bad,
}

impl Quality {
    /// The English name of `/api/v1` and MQTT.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Suspect => "suspect",
            Self::Bad => "bad",
        }
    }

    /// The word of chapter 25's `qualite`.
    #[must_use]
    pub const fn chapter25(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Suspect => "warning",
            Self::Bad => "error",
        }
    }

    /// The quality that chapter 25's word states.
    #[must_use]
    pub fn from_chapter25(word: &str) -> Option<Self> {
        [Self::Good, Self::Suspect, Self::Bad]
            .into_iter()
            .find(|quality| quality.chapter25() == word)
    }

    /// A number for the store; stable for ever.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Suspect => 1,
            Self::Bad => 2,
        }
    }

    /// The quality of a stored [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Good, Self::Suspect, Self::Bad].into_iter().find(|quality| quality.code() == code)
    }
}
