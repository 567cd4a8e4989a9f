//! The VIFE that combine with any quantity (EN 13757-3:2018, tables 15 and 16), as data.

/// What a combinable VIFE does to the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It says something about the value and leaves it as it is.
    None,
    /// The value is this many powers of ten larger.
    Exponent(i8),
    /// This power of ten is to be added to the value.
    Offset(i8),
    /// The data are a date or a time, and not the quantity.
    TimePoint,
    /// The data are a duration in units of so many seconds, and not the quantity.
    Duration(i64),
}

/// One code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) change: Change,
}

const RESERVED: Row = Row { name: "reserved", change: Change::None };
const SECONDS: [i64; 4] = [1, 60, 3_600, 86_400];

/// Codes that say something and change nothing.
#[rustfmt::skip]
const NAMES: &[(u8, &str)] = &[
    (0x00, "no error"),
    (0x01, "too many DIFE"),
    (0x02, "storage number not implemented"),
    (0x03, "unit number not implemented"),
    (0x04, "tariff number not implemented"),
    (0x05, "function not implemented"),
    (0x06, "data class not implemented"),
    (0x07, "data size not implemented"),
    (0x0B, "too many VIFE"),
    (0x0C, "illegal VIF group"),
    (0x0D, "illegal VIF exponent"),
    (0x0E, "VIF and DIF mismatch"),
    (0x0F, "unimplemented action"),
    (0x12, "average value"),
    (0x13, "inverse compact profile"),
    (0x14, "relative deviation"),
    (0x15, "no data available"),
    (0x16, "data overflow"),
    (0x17, "data underflow"),
    (0x18, "data error"),
    (0x1C, "premature end of record"),
    (0x1D, "standard conform data content"),
    (0x1E, "compact profile with register numbers"),
    (0x1F, "compact profile"),
    (0x20, "per second"),
    (0x21, "per minute"),
    (0x22, "per hour"),
    (0x23, "per day"),
    (0x24, "per week"),
    (0x25, "per month"),
    (0x26, "per year"),
    (0x27, "per revolution"),
    (0x28, "per input pulse on channel 0"),
    (0x29, "per input pulse on channel 1"),
    (0x2A, "per output pulse on channel 0"),
    (0x2B, "per output pulse on channel 1"),
    (0x2C, "per litre"),
    (0x2D, "per m^3"),
    (0x2E, "per kg"),
    (0x2F, "per K"),
    (0x30, "per kWh"),
    (0x31, "per GJ"),
    (0x32, "per kW"),
    (0x33, "per K litre"),
    (0x34, "per V"),
    (0x35, "per A"),
    (0x36, "multiplied by s"),
    (0x37, "multiplied by s/V"),
    (0x38, "multiplied by s/A"),
    (0x39, "start date and time"),
    (0x3A, "uncorrected"),
    (0x3B, "forward flow alone"),
    (0x3C, "backward flow alone"),
    (0x3D, "non-metric unit"),
    (0x3E, "at base conditions"),
    (0x3F, "OBIS declaration"),
    (0x40, "lower limit"),
    (0x41, "number of times below the lower limit"),
    (0x48, "upper limit"),
    (0x49, "number of times above the upper limit"),
    (0x68, "value during lower limit exceed"),
    (0x69, "leakage"),
    (0x6C, "value during upper limit exceed"),
    (0x6D, "overflow"),
    (0x7E, "future value"),
];

/// Codes whose data are dates and times.
#[rustfmt::skip]
const TIMES: &[(u8, &str)] = &[
    (0x39, "start date and time"),
    (0x42, "begin of the first lower limit exceed"),
    (0x43, "end of the first lower limit exceed"),
    (0x46, "begin of the last lower limit exceed"),
    (0x47, "end of the last lower limit exceed"),
    (0x4A, "begin of the first upper limit exceed"),
    (0x4B, "end of the first upper limit exceed"),
    (0x4E, "begin of the last upper limit exceed"),
    (0x4F, "end of the last upper limit exceed"),
    (0x6A, "begin of the first"),
    (0x6B, "end of the first"),
    (0x6E, "begin of the last"),
    (0x6F, "end of the last"),
];

/// First codes of four durations each: seconds, minutes, hours, days.
#[rustfmt::skip]
const DURATIONS: &[(u8, &str)] = &[
    (0x50, "duration of the first lower limit exceed"),
    (0x54, "duration of the last lower limit exceed"),
    (0x58, "duration of the first upper limit exceed"),
    (0x5C, "duration of the last upper limit exceed"),
    (0x60, "duration of the first"),
    (0x64, "duration of the last"),
];

/// The second table, behind VIFE FC.
#[rustfmt::skip]
const SECOND: &[(u8, &str)] = &[
    (0x01, "at phase L1"),
    (0x02, "at phase L2"),
    (0x03, "at phase L3"),
    (0x04, "at neutral"),
    (0x05, "between phases L1 and L2"),
    (0x06, "between phases L2 and L3"),
    (0x07, "between phases L3 and L1"),
    (0x08, "at quadrant Q1"),
    (0x09, "at quadrant Q2"),
    (0x0A, "at quadrant Q3"),
    (0x0B, "at quadrant Q4"),
    (0x0C, "delta between import and export"),
    (0x10, "accumulation of absolute value, both contributions"),
    (0x11, "data presented with type C"),
    (0x12, "data presented with type D"),
];

static ROWS: [Row; 128] = expand();

/// What the code of the first table says.
pub(super) fn row(code: u8) -> &'static Row {
    ROWS.get(usize::from(code)).unwrap_or(&RESERVED)
}

/// What the code of the second table says.
pub(super) fn second_name(code: u8) -> &'static str {
    SECOND.iter().find(|(known, _)| *known == code).map_or("reserved", |(_, name)| name)
}

/// Spells the tables out, once, while the program is compiled.
#[allow(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]
#[allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation)]
const fn expand() -> [Row; 128] {
    let mut rows = [RESERVED; 128];
    let mut index = 0;
    while index < NAMES.len() {
        rows[NAMES[index].0 as usize] = Row { name: NAMES[index].1, change: Change::None };
        index += 1;
    }
    index = 0;
    while index < TIMES.len() {
        rows[TIMES[index].0 as usize] = Row { name: TIMES[index].1, change: Change::TimePoint };
        index += 1;
    }
    index = 0;
    while index < DURATIONS.len() * 4 {
        let (first, name) = DURATIONS[index / 4];
        let change = Change::Duration(SECONDS[index % 4]);
        rows[first as usize + index % 4] = Row { name, change };
        index += 1;
    }
    index = 0;
    while index < 8 {
        let change = Change::Exponent(index as i8 - 6);
        rows[0x70 + index] = Row { name: "corrected by a factor", change };
        index += 1;
    }
    index = 0;
    while index < 4 {
        let change = Change::Offset(index as i8 - 3);
        rows[0x78 + index] = Row { name: "corrected by an offset", change };
        index += 1;
    }
    rows[0x7D] = Row { name: "corrected by a factor", change: Change::Exponent(3) };
    rows
}
