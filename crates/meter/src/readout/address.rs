//! Addresses of data sets: OBIS in full and in the reduced forms of IEC 62056-21.

use reading::Obis;

/// The address of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The register; F is 255 unless the address is of an earlier billing period.
    pub obis: Obis,
    /// Whether A and B were sent; without them a register of electricity is assumed.
    pub full: bool,
    /// Now, or when.
    pub period: Period,
}

/// Which value of a register a data set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// The value of now.
    Current,
    /// `*NN`: stored by the billing period's regular end.
    Billing(u8),
    /// `&NN`: stored by a reset by hand.
    Manual(u8),
}

/// Value group F of a current value.
const CURRENT: u8 = 255;

impl Address {
    /// Reads `A-B:C.D.E*F` and the forms without A, B, E or F; `None` when the text is no address.
    ///
    /// C and D may be the letters of IEC 62056-61: C (96, general service), F (97, errors), L (98,
    /// lists), P (99, profiles). E is 0 when it was not sent.
    ///
    /// # Source
    /// IEC 62056-61:2006, 4.6 to 4.9 and annex A (reduced identification codes).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (first, mut rest) = group(bytes)?;
        let (mut medium_channel, mut c) = (None, first);
        if let [b'-', behind @ ..] = rest {
            let (channel, behind) = group(behind)?;
            let [b':', behind @ ..] = behind else { return None };
            medium_channel = Some((first, channel));
            (c, rest) = group(behind)?;
        }
        let (d, mut rest) = match rest {
            [b'.', behind @ ..] => group(behind)?,
            // Error registers are addressed by a single letter.
            _ if c == ERRORS => (0, rest),
            _ => return None,
        };
        let mut e = 0;
        if let [b'.', behind @ ..] = rest {
            (e, rest) = group(behind)?;
        }
        let period = match rest {
            [] => Period::Current,
            [mark @ (b'*' | b'&'), behind @ ..] => {
                let (number, []) = group(behind)? else { return None };
                match (mark, number) {
                    (b'*', CURRENT) => Period::Current,
                    (b'*', number) => Period::Billing(number),
                    (_, number) => Period::Manual(number),
                }
            }
            _ => return None,
        };
        let usual = if (96..=99).contains(&c) { (0, 0) } else { (1, 0) };
        let (a, b) = medium_channel.unwrap_or(usual);
        let f = match period {
            Period::Current => CURRENT,
            Period::Billing(number) | Period::Manual(number) => number,
        };
        let obis = Obis::new(a, b, [c, d, e], f);
        Some(Self { obis, full: medium_channel.is_some(), period })
    }
}

const ERRORS: u8 = 97;

/// A value group and what stands behind it.
fn group(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let letter = match first {
        b'C' => Some(96),
        b'F' => Some(ERRORS),
        b'L' => Some(98),
        b'P' => Some(99),
        _ => None,
    };
    if let Some(letter) = letter {
        return Some((letter, rest));
    }
    let mut number = digit(*first)?;
    while let Some((next, behind)) = rest.split_first()
        && let Some(next) = digit(*next)
    {
        number = number.checked_mul(10)?.checked_add(next)?;
        rest = behind;
    }
    Some((number, rest))
}

const fn digit(byte: u8) -> Option<u8> {
    if byte.is_ascii_digit() { Some(byte & 0x0F) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_full_and_reduced_addresses() {
        let cases = [
            ("1-0:1.8.0*255", "1-0:1.8.0*255", Period::Current),
            ("1-0:1.8.1", "1-0:1.8.1*255", Period::Current),
            ("0-1:24.2.1", "0-1:24.2.1*255", Period::Current),
            ("1.8.0", "1-0:1.8.0*255", Period::Current),
            ("32.7", "1-0:32.7.0*255", Period::Current),
            ("1.8.0*01", "1-0:1.8.0*1", Period::Billing(1)),
            ("0.1.0&12", "1-0:0.1.0*12", Period::Manual(12)),
            ("C.1.0", "0-0:96.1.0*255", Period::Current),
            ("C.1", "0-0:96.1.0*255", Period::Current),
            ("0-0:C.51.2*03", "0-0:96.51.2*3", Period::Billing(3)),
            ("F.F", "0-0:97.97.0*255", Period::Current),
            ("F", "0-0:97.0.0*255", Period::Current),
            ("0.0", "1-0:0.0.0*255", Period::Current),
            ("1.8.0*00", "1-0:1.8.0*0", Period::Billing(0)),
        ];
        for (text, obis, period) in cases {
            let address = Address::parse(text).expect(text);
            assert_eq!(
                (address.obis.to_string().as_str(), address.period),
                (obis, period),
                "{text}"
            );
            assert_eq!(address.full, text.contains(':'), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in ["", "1", "1-0", "1-0:1", "256.8.0", "1.8.0.1", "1.8.0*", "1.8.0*1x", "B1.8.0"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
