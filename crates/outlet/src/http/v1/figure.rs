//! Results with their method or the reason why there is none, and warnings.

use analysis::chapter25::Warning;
use analysis::{Figure, Reason};
use serde::Serialize;

/// A result: `value` and `method`, or null and `reason`.
#[derive(Serialize)]
pub(in crate::http) struct FigureBody<T> {
    value: Option<T>,
    method: Option<&'static str>,
    reason: Option<ReasonBody>,
}

/// Why there is no value: a stable code and an English sentence.
#[derive(Serialize)]
pub(in crate::http) struct ReasonBody {
    code: &'static str,
    text: &'static str,
}

impl From<Reason> for ReasonBody {
    fn from(reason: Reason) -> Self {
        Self { code: reason.code(), text: reason.english() }
    }
}

impl ReasonBody {
    /// A reason in the words of whoever found it.
    pub(in crate::http) const fn new(code: &'static str, text: &'static str) -> Self {
        Self { code, text }
    }

    /// There is nothing at all from this meter.
    pub(in crate::http) const NO_MEASUREMENT: Self =
        Self { code: "no_measurement", text: "No measurement of this meter is stored yet." };
}

impl<T: Copy> From<Figure<T>> for FigureBody<T> {
    fn from(figure: Figure<T>) -> Self {
        Self {
            value: figure.value(),
            method: figure.method().map(analysis::Method::name),
            reason: figure.reason().map(ReasonBody::from),
        }
    }
}

/// A result that is a word.
pub(in crate::http) fn word<T: Copy>(
    figure: Figure<T>,
    name: impl FnOnce(T) -> &'static str,
) -> FigureBody<&'static str> {
    figure.map(name).into()
}

/// What must be known to read the numbers beside it, in English and French.
#[derive(Serialize)]
pub(in crate::http) struct WarningBody {
    code: &'static str,
    text: String,
    text_fr: String,
}

impl From<Warning> for WarningBody {
    fn from(warning: Warning) -> Self {
        let text = warning.english().to_owned();
        Self { code: warning.code, text, text_fr: warning.text.into_owned() }
    }
}
