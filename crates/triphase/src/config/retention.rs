//! `[store] retention`: how long what is kept.

use super::raw;
use super::report::Complaint;
use std::time::Duration;
use store::Retention;
use toml::Spanned;

const DAY: Duration = Duration::from_secs(86_400);
/// What is kept unless told otherwise: 90 days, two years, for ever.
const DEFAULT: Retention = Retention {
    raw: Some(DAY.saturating_mul(90)),
    minute: Some(YEAR.saturating_mul(2)),
    quarter_hour: None,
};
/// A year, as "2y" counts it: 365 days and a quarter.
const YEAR: Duration = Duration::from_secs(31_557_600);
/// Shortest and longest age; beyond it "forever" is meant.
const AGE_MIN: Duration = Duration::from_secs(3 * 86_400);
const AGE_MAX: Duration = Duration::from_secs(100 * 31_557_600);

/// Checks the ages, and that nothing finer is kept for longer than something coarser.
pub(super) fn check(raw: Option<Spanned<raw::Retention>>, wrong: &mut Vec<Complaint>) -> Retention {
    let Some(raw) = raw else { return DEFAULT };
    let span = raw.span();
    let raw = raw.into_inner();
    let mut age = |text: Option<Spanned<String>>, default: Option<Duration>| {
        let Some(text) = text else { return default };
        parse(text.get_ref()).unwrap_or_else(|| {
            let message =
                "expected an age from 3d to 100y such as \"90d\" or \"2y\", or \"forever\"";
            wrong.push(Complaint::at(text.span(), message));
            default
        })
    };
    let retention = Retention {
        raw: age(raw.raw, DEFAULT.raw),
        minute: age(raw.minute, DEFAULT.minute),
        quarter_hour: age(raw.quarter_hour, DEFAULT.quarter_hour),
    };
    let length = |age: Option<Duration>| age.unwrap_or(Duration::MAX);
    let Retention { raw, minute, quarter_hour } = retention;
    if length(raw) > length(minute) || length(minute) > length(quarter_hour) {
        let message = "expected raw to be no longer than minute, and minute no longer than \
                       quarter_hour: what is coarser replaces what is finer";
        wrong.push(Complaint::at(span, message));
    }
    retention
}

/// Reads `90d`, `12w`, `2y` or `forever`.
fn parse(text: &str) -> Option<Option<Duration>> {
    if text == "forever" {
        return Some(None);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits)?;
    let unit = match unit.trim() {
        "d" => DAY,
        "w" => DAY * 7,
        "y" => YEAR,
        _ => return None,
    };
    let age = unit.checked_mul(count.parse().ok()?)?;
    (AGE_MIN..=AGE_MAX).contains(&age).then_some(Some(age))
}
