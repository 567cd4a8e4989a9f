//! Numbers as registers show them: leading zeros, blanks around them, a sign.

use reading::Decimal;

/// The digits of a register, padding taken off; `None` when the text is no number, or has more
/// digits than are kept exactly.
///
/// The decimals stay as they are: `000285.40` is 28540 × 10⁻².
pub(super) fn number(text: &str) -> Option<Decimal> {
    let text = text.trim_ascii().as_bytes();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let (mut mantissa, mut decimals) = (0_i64, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa.checked_mul(10)?.checked_add(i64::from(byte & 0x0F))?;
                decimals = decimals.map(|count: i8| count.saturating_sub(1));
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return None,
        }
    }
    // A point needs digits on both sides.
    let whole = digits.first()?.is_ascii_digit() && digits.last()?.is_ascii_digit();
    let exponent = decimals.unwrap_or(0);
    let mantissa = if negative { mantissa.checked_neg()? } else { mantissa };
    (whole && exponent > i8::MIN).then_some(Decimal::new(mantissa, exponent))
}

/// Whether the text has the form of a number, however many digits it has.
pub(super) fn looks_numeric(text: &str) -> bool {
    let text = text.trim_ascii().trim_start_matches(['+', '-']);
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_leading_zeros_and_keeps_decimals() {
        let cases = [
            ("000285.40", Decimal::new(28_540, -2)),
            ("  80", Decimal::new(80, 0)),
            ("-063", Decimal::new(-63, 0)),
            ("+1.5 ", Decimal::new(15, -1)),
            ("0", Decimal::new(0, 0)),
            ("00052185.7825309", Decimal::new(521_857_825_309, -7)),
        ];
        for (text, decimal) in cases {
            assert_eq!(number(text), Some(decimal), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        let cases =
            ["", "-", ".5", "5.", "1.2.3", "1,5", "12:30", "0x1", "1e5", "9".repeat(20).leak()];
        for text in cases {
            assert_eq!(number(text), None, "{text}");
        }
        assert!(looks_numeric(&"9".repeat(20)));
        assert!(!looks_numeric("12:30") && !looks_numeric(""));
    }
}
