//! `avertissements`: what the reader of a chapter 25 number must know.

use std::borrow::Cow;

/// A warning beside a result of the chapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable name, lower-case French words joined by `_`.
    pub code: &'static str,
    /// One or two French sentences.
    pub text: Cow<'static, str>,
}

impl Warning {
    /// A warning with a fixed text.
    #[must_use]
    pub const fn new(code: &'static str, text: &'static str) -> Self {
        Self { code, text: Cow::Borrowed(text) }
    }

    /// A warning whose text names values.
    #[must_use]
    pub const fn with_values(code: &'static str, text: String) -> Self {
        Self { code, text: Cow::Owned(text) }
    }
}

/// A number for a French text: decimal comma, `decimals` places.
pub(crate) fn french(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}").replace('.', ",")
}
