//! `avertissements`: what the reader of a chapter 25 number must know.

use reading::{LinkState, Quality};
use std::borrow::Cow;
use std::time::Duration;

/// A warning beside a result of the chapter, in French for the chapter's routes and in English
/// for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable name, lower-case French words joined by `_`.
    pub code: &'static str,
    /// One or two French sentences.
    pub text: Cow<'static, str>,
    english: Cow<'static, str>,
}

impl Warning {
    /// A warning with fixed texts: French, then English.
    #[must_use]
    pub const fn new(code: &'static str, french: &'static str, english: &'static str) -> Self {
        Self { code, text: Cow::Borrowed(french), english: Cow::Borrowed(english) }
    }

    /// A warning whose texts name values: French, then English.
    #[must_use]
    pub const fn with_values(code: &'static str, french: String, english: String) -> Self {
        Self { code, text: Cow::Owned(french), english: Cow::Owned(english) }
    }

    /// The same in one or two English sentences.
    #[must_use]
    pub fn english(&self) -> &str {
        &self.english
    }
}

/// `mesure_ancienne`: the newest measurement is older than its list's period explains. Whoever
/// holds the clock decides that; `link` is the state of the meter's link.
#[must_use]
pub fn stale_measurement(age: Duration, link: LinkState) -> Warning {
    let (french, english) = match link {
        LinkState::Fed => ("rien n'a été reçu depuis", "nothing has been received since"),
        LinkState::Waiting => {
            ("la liaison attend son premier télégramme", "the link waits for its first telegram")
        }
        LinkState::Live => ("la liaison est active", "the link is live"),
        LinkState::Stale => ("le compteur ne répond plus", "the meter is silent"),
        LinkState::Disconnected => ("la liaison est coupée", "the link is down"),
    };
    let (amount, unit) = age_in_words(age);
    Warning::with_values(
        "mesure_ancienne",
        format!("La mesure date de {amount} {unit} ; {french}."),
        format!(
            "The measurement is {amount} {} old; {english}.",
            if unit == "j" { "d" } else { unit }
        ),
    )
}

/// Whole seconds below two minutes, minutes below two hours, hours below two days, else days.
fn age_in_words(age: Duration) -> (u64, &'static str) {
    match age.as_secs() {
        seconds @ ..120 => (seconds, "s"),
        seconds @ ..7200 => (seconds / 60, "min"),
        seconds @ ..172_800 => (seconds / 3600, "h"),
        seconds => (seconds / 86_400, "j"),
    }
}

/// `qualite_mauvaise`: the measurement itself is marked as not to be trusted; `None` for a good
/// one.
#[must_use]
pub fn bad_quality(quality: Quality) -> Option<Warning> {
    let (french, english) = match quality {
        Quality::Good => return None,
        Quality::Suspect => ("résultats à vérifier", "verify the results"),
        Quality::Bad => ("résultats à ne pas utiliser", "do not use the results"),
    };
    let word = quality.chapter25();
    Some(Warning::with_values(
        "qualite_mauvaise",
        format!("La mesure est marquée « {word} » : {french}."),
        format!("The measurement is marked \"{word}\": {english}."),
    ))
}

/// A number for a French text: decimal comma, `decimals` places.
pub(crate) fn french(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}").replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_measurement_tells_its_age_and_its_link() {
        let of = |seconds, link| stale_measurement(Duration::from_secs(seconds), link);
        let cut = of(14 * 60 + 12, LinkState::Disconnected);
        assert_eq!(cut.code, "mesure_ancienne");
        assert_eq!(cut.text, "La mesure date de 14 min ; la liaison est coupée.");
        assert_eq!(cut.english(), "The measurement is 14 min old; the link is down.");
        let days = of(3 * 86_400, LinkState::Stale);
        assert_eq!(days.text, "La mesure date de 3 j ; le compteur ne répond plus.");
        assert_eq!(days.english(), "The measurement is 3 d old; the meter is silent.");
        assert!(of(119, LinkState::Fed).text.contains("119 s"));
        assert!(of(7200, LinkState::Live).text.contains("2 h"));
    }

    #[test]
    fn a_marked_measurement_is_not_to_be_used() {
        let bad = bad_quality(Quality::Bad).expect("marked");
        assert_eq!(bad.text, "La mesure est marquée « error » : résultats à ne pas utiliser.");
        let suspect = bad_quality(Quality::Suspect).expect("marked");
        assert!(suspect.english().contains("warning") && suspect.text.contains("à vérifier"));
        assert_eq!(bad_quality(Quality::Good), None);
    }
}
