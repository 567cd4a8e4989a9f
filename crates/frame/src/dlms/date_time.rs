//! COSEM date-time: twelve bytes, of which many may be "not specified".
//!
//! # Source
//! IEC 62056-6-2 (Blue Book), 4.1.6.1.

use reading::MeterTime;

/// Length of an encoded date-time.
pub const LENGTH: usize = 12;
const DEVIATION_UNSPECIFIED: u16 = 0x8000;
const DEVIATION_MINUTES_MAX: i16 = 840;

/// The bytes name no instant: fields are unspecified, repeat (such as "last day") or impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the date-time names no instant")]
pub struct NoInstant;

/// The meter's wall clock.
///
/// # Errors
/// Wildcards in date or time, and days that do not exist. A second 60 is no second here.
pub fn decode(bytes: &[u8; LENGTH]) -> Result<MeterTime, NoInstant> {
    let [y1, y2, month, day, _weekday, hour, minute, second, hundredths, d1, d2, status] = *bytes;
    let deviation = u16::from_be_bytes([d1, d2]);
    let minutes = i16::from_be_bytes([d1, d2]);
    if deviation != DEVIATION_UNSPECIFIED
        && minutes.unsigned_abs() > DEVIATION_MINUTES_MAX.unsigned_abs()
    {
        return Err(NoInstant);
    }
    let time = MeterTime {
        year: u16::from_be_bytes([y1, y2]),
        month,
        day,
        hour,
        minute,
        second,
        hundredths: (hundredths <= 99).then_some(hundredths),
        deviation: (deviation != DEVIATION_UNSPECIFIED).then_some(minutes),
        status: (status != 0xFF).then_some(status),
    };
    if time.as_if_utc().is_none() {
        return Err(NoInstant);
    }
    Ok(time)
}

/// The twelve bytes of a wall clock, day of the week included where the date exists.
#[must_use]
pub fn encode(time: &MeterTime) -> [u8; LENGTH] {
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    // 1970-01-01 was a Thursday, day 4 of COSEM's week.
    let weekday = time
        .as_if_utc()
        .map(|instant| instant.as_micros().div_euclid(MICROS_PER_DAY).wrapping_add(3).rem_euclid(7))
        .and_then(|day| u8::try_from(day.wrapping_add(1)).ok());
    let [y1, y2] = time.year.to_be_bytes();
    let [d1, d2] = time.deviation.map_or(DEVIATION_UNSPECIFIED.to_be_bytes(), i16::to_be_bytes);
    [
        y1,
        y2,
        time.month,
        time.day,
        weekday.unwrap_or(0xFF),
        time.hour,
        time.minute,
        time.second,
        time.hundredths.unwrap_or(0xFF),
        d1,
        d2,
        time.status.unwrap_or(0xFF),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_with_its_day_of_the_week() {
        let bytes = [0x07, 0xE7, 6, 6, 2, 0x11, 0x1F, 0x14, 0x12, 0xFF, 0x88, 0x80];
        let time = decode(&bytes).expect("an instant");
        assert_eq!((time.deviation, time.hundredths), (Some(-120), Some(18)));
        assert_eq!(encode(&time), bytes);
        let bytes = [0x07, 0xEA, 7, 0x12, 6, 0x10, 0x3A, 0, 0xFF, 0x80, 0, 0xFF];
        let time = decode(&bytes).expect("an instant");
        assert_eq!((time.deviation, time.hundredths, time.status), (None, None, None));
        assert_eq!(encode(&time), bytes);
    }

    #[test]
    fn refuses_what_names_no_instant() {
        let good = [0x07, 0xE7, 6, 6, 2, 0x11, 0x1F, 0x14, 0x12, 0xFF, 0x88, 0x80];
        for (position, byte) in
            [(0, 0xFF), (2, 0xFF), (2, 13), (3, 0xFE), (5, 24), (7, 60), (9, 0x7F)]
        {
            let mut bytes = good;
            bytes[position] = byte;
            assert_eq!(decode(&bytes), Err(NoInstant), "{position}: {byte:02X}");
        }
    }
}
