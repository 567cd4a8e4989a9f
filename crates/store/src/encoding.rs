//! The bytes of a sample's `readings` and `meter_time` columns.
//!
//! In: readings whose channel has a number in the dictionary. Out: one blob, and back, exactly.
//! Refuses: a blob that ends early, overflows, or says what no writer of this schema says.
//!
//! `readings` is one entry after the other, in the order of the telegram:
//! channel (varint) · head (1 byte) · exponent (1 byte, only when the head says so) · value.
//! Head: bits 0–4 exponent + 15, or 31 when it follows as one signed byte; bits 5–6 quality
//! (0 good, 1 suspect, 2 bad); bit 7 set for a text. A number's value is its mantissa as a zigzag
//! varint; a text's is its length in bytes (varint) and its UTF-8. Varints are LEB128.
//!
//! `meter_time` is year (2 bytes, big-endian), month, day, hour, minute, second, then a byte whose
//! bits 0–2 say which follow: hundredths (1 byte), deviation (2 bytes, big-endian), clock status.

use crate::bytes::{Cursor, put_varint, unzigzag, zigzag};
use reading::{Decimal, MeterTime, Quality, Value};

const EXPONENT_BIAS: i16 = 15;
const EXPONENT_FOLLOWS: u8 = 31;
const TEXT: u8 = 0x80;
const HUNDREDTHS: u8 = 1;
const DEVIATION: u8 = 2;
const STATUS: u8 = 4;

/// The number of a channel in the dictionary.
pub(crate) type ChannelId = u32;

/// One entry of a blob, its text still in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) channel: ChannelId,
    pub(crate) quality: Quality,
    pub(crate) value: EntryValue<'a>,
}

/// The value of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryValue<'a> {
    Number(Decimal),
    Text(&'a str),
}

/// A blob that no writer of this schema wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Appends one reading to a blob.
pub(crate) fn put(blob: &mut Vec<u8>, channel: ChannelId, quality: Quality, value: &Value) {
    put_varint(blob, channel.into());
    let quality = quality.code() << 5;
    match value {
        Value::Number(decimal) => {
            let biased = i16::from(decimal.exponent()) + EXPONENT_BIAS;
            match u8::try_from(biased) {
                Ok(biased) if biased < EXPONENT_FOLLOWS => blob.push(quality | biased),
                _ => {
                    blob.push(quality | EXPONENT_FOLLOWS);
                    blob.push(decimal.exponent().cast_unsigned());
                }
            }
            put_varint(blob, zigzag(decimal.mantissa()));
        }
        Value::Text(text) => {
            blob.push(TEXT | quality);
            put_varint(blob, text.len() as u64);
            blob.extend_from_slice(text.as_bytes());
        }
    }
}

/// The entries of a blob; ends after the first malformed one.
pub(crate) fn entries(blob: &[u8]) -> Entries<'_> {
    Entries { rest: Cursor(blob) }
}

/// See [`entries`].
pub(crate) struct Entries<'a> {
    rest: Cursor<'a>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.entry();
        if entry.is_err() {
            self.rest = Cursor(&[]);
        }
        Some(entry)
    }
}

impl<'a> Entries<'a> {
    fn entry(&mut self) -> Result<Entry<'a>, Malformed> {
        let channel = ChannelId::try_from(self.rest.varint()?);
        let channel = channel.map_err(|_| Malformed("a channel number is too large"))?;
        let head = self.rest.byte()?;
        let quality = Quality::from_code((head >> 5) & 3).ok_or(Malformed("an unknown quality"))?;
        let value = if head & TEXT == 0 {
            let exponent = match head & EXPONENT_FOLLOWS {
                EXPONENT_FOLLOWS => self.rest.byte()?.cast_signed(),
                biased => biased.cast_signed() - 15,
            };
            EntryValue::Number(Decimal::new(unzigzag(self.rest.varint()?), exponent))
        } else {
            let length = usize::try_from(self.rest.varint()?).unwrap_or(usize::MAX);
            let text = self.rest.take(length)?;
            let text = std::str::from_utf8(text).map_err(|_| Malformed("a text is not UTF-8"))?;
            EntryValue::Text(text)
        };
        Ok(Entry { channel, quality, value })
    }
}

/// The bytes of a meter's clock.
pub(crate) fn meter_time_bytes(time: &MeterTime) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12);
    bytes.extend(time.year.to_be_bytes());
    bytes.extend([time.month, time.day, time.hour, time.minute, time.second]);
    let flag = |present: bool, flag: u8| if present { flag } else { 0 };
    bytes.push(
        flag(time.hundredths.is_some(), HUNDREDTHS)
            | flag(time.deviation.is_some(), DEVIATION)
            | flag(time.status.is_some(), STATUS),
    );
    bytes.extend(time.hundredths);
    bytes.extend(time.deviation.into_iter().flat_map(i16::to_be_bytes));
    bytes.extend(time.status);
    bytes
}

/// A meter's clock from its bytes.
pub(crate) fn meter_time(bytes: &[u8]) -> Result<MeterTime, Malformed> {
    let malformed = Malformed("its meter time has another length");
    let (head, mut rest) = bytes.split_first_chunk::<8>().ok_or(malformed)?;
    let [year_high, year_low, month, day, hour, minute, second, flags] = *head;
    let mut next = |flag: u8| -> Result<Option<u8>, Malformed> {
        if flags & flag == 0 {
            return Ok(None);
        }
        let (byte, left) = rest.split_first().ok_or(malformed)?;
        rest = left;
        Ok(Some(*byte))
    };
    let hundredths = next(HUNDREDTHS)?;
    let deviation = match (next(DEVIATION)?, next(DEVIATION)?) {
        (Some(high), Some(low)) => Some(i16::from_be_bytes([high, low])),
        _ => None,
    };
    let status = next(STATUS)?;
    if !rest.is_empty() {
        return Err(malformed);
    }
    let year = u16::from_be_bytes([year_high, year_low]);
    Ok(MeterTime { year, month, day, hour, minute, second, hundredths, deviation, status })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::ENDS_EARLY;

    #[test]
    fn every_exponent_and_extreme_mantissa_comes_back() {
        for exponent in i8::MIN..=i8::MAX {
            for mantissa in [0, 1, -1, 2357, -2357, i64::MAX, i64::MIN] {
                let decimal = Decimal::new(mantissa, exponent);
                let mut blob = Vec::new();
                put(&mut blob, 300, Quality::Suspect, &Value::Number(decimal));
                let entry = Entry {
                    channel: 300,
                    quality: Quality::Suspect,
                    value: EntryValue::Number(decimal),
                };
                assert_eq!(entries(&blob).collect::<Vec<_>>(), [Ok(entry)]);
            }
        }
    }

    #[test]
    fn a_voltage_takes_four_bytes() {
        let mut blob = Vec::new();
        put(&mut blob, 7, Quality::Good, &Value::Number(Decimal::new(2357, -1)));
        // Channel 7; exponent −1 + 15; 2357 zigzagged is 4714 = 37 × 128 − 22.
        assert_eq!(blob, [7, 14, 0xea, 0x24]);
    }

    #[test]
    fn refuses_a_cut_blob() {
        let mut blob = Vec::new();
        put(&mut blob, 1, Quality::Good, &Value::Number(Decimal::new(-123_456, 40)));
        put(&mut blob, 2, Quality::Good, &Value::Text("LGZ1030653520967".to_owned()));
        let first = blob.len() - 19;
        for length in (1..blob.len()).filter(|length| *length != first) {
            let last = entries(&blob[..length]).last().expect("an entry");
            assert_eq!(last, Err(ENDS_EARLY), "{length}");
        }
    }

    #[test]
    fn refuses_what_no_writer_says() {
        let long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(entries(&long).all(|entry| entry.is_err()));
        assert_eq!(entries(&[1, 0x6f, 0]).next(), Some(Err(Malformed("an unknown quality"))));
        assert_eq!(
            entries(&[1, 0x80, 1, 0xff]).next(),
            Some(Err(Malformed("a text is not UTF-8")))
        );
        assert!(meter_time(&[0x07, 0xea, 5, 4, 11, 39, 21, 1]).is_err());
        assert!(meter_time(&[0x07, 0xea, 5, 4, 11, 39, 21, 0, 0]).is_err());
    }
}
