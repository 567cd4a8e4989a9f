//! The tables of value information, as data: spans of codes that share quantity and unit.

/// What one code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) quantity: &'static str,
    pub(super) unit: &'static str,
    pub(super) factor: i64,
    pub(super) exponent: i8,
    pub(super) time_point: bool,
}

/// A code that nothing is assigned to.
pub(super) const RESERVED: Row =
    Row { quantity: "Reserved", unit: "Reserved", factor: 1, exponent: 0, time_point: false };
/// A unit in plain text: the text is the quantity, as libmbus has it.
pub(super) const PLAIN_TEXT: Row =
    Row { quantity: "", unit: "-", factor: 1, exponent: 0, time_point: false };

/// Codes that follow each other.
struct Span {
    first: u8,
    count: u8,
    quantity: &'static str,
    unit: &'static str,
    steps: Steps,
}

/// How the codes of a span differ.
#[derive(Clone, Copy)]
enum Steps {
    /// Each is ten times the one before; the first one's power of ten.
    Tens(i8),
    /// They do not scale.
    None,
    /// Seconds, minutes, hours, days, months, years, from this place on.
    Time(u8),
    /// A date, a time, or both.
    Point,
}

use Steps::{None as Plain, Point, Tens, Time};

const fn span(
    (first, count): (u8, u8),
    quantity: &'static str,
    unit: &'static str,
    steps: Steps,
) -> Span {
    Span { first, count, quantity, unit, steps }
}

const fn one(first: u8, quantity: &'static str) -> Span {
    span((first, 1), quantity, "", Plain)
}

#[rustfmt::skip]
const PRIMARY_SPANS: &[Span] = &[
    span((0x00, 8), "Energy", "Wh", Tens(-3)),
    span((0x08, 8), "Energy", "J", Tens(0)),
    span((0x10, 8), "Volume", "m^3", Tens(-6)),
    span((0x18, 8), "Mass", "kg", Tens(-3)),
    span((0x20, 4), "On time", "s", Time(0)),
    span((0x24, 4), "Operating time", "s", Time(0)),
    span((0x28, 8), "Power", "W", Tens(-3)),
    span((0x30, 8), "Power", "J/h", Tens(0)),
    span((0x38, 8), "Volume flow", "m^3/h", Tens(-6)),
    span((0x40, 8), "Volume flow", "m^3/min", Tens(-7)),
    span((0x48, 8), "Volume flow", "m^3/s", Tens(-9)),
    span((0x50, 8), "Mass flow", "kg/h", Tens(-3)),
    span((0x58, 4), "Flow temperature", "°C", Tens(-3)),
    span((0x5C, 4), "Return temperature", "°C", Tens(-3)),
    span((0x60, 4), "Temperature difference", "K", Tens(-3)),
    span((0x64, 4), "External temperature", "°C", Tens(-3)),
    span((0x68, 4), "Pressure", "bar", Tens(-3)),
    span((0x6C, 1), "Time point (date)", "-", Point),
    span((0x6D, 1), "Time point (date & time)", "-", Point),
    span((0x6E, 1), "H.C.A.", "Units for H.C.A.", Plain),
    span((0x70, 4), "Averaging Duration", "s", Time(0)),
    span((0x74, 4), "Actuality Duration", "s", Time(0)),
    one(0x78, "Fabrication No"),
    one(0x79, "(Enhanced) Identification"),
    one(0x7A, "Bus Address"),
    one(0x7E, "Any VIF"),
    one(0x7F, "Manufacturer specific"),
];

/// Behind VIF FD.
#[rustfmt::skip]
const FIRST_SPANS: &[Span] = &[
    span((0x00, 4), "Credit", "Currency units", Tens(-3)),
    span((0x04, 4), "Debit", "Currency units", Tens(-3)),
    one(0x08, "Access Number (transmission count)"),
    one(0x09, "Medium"),
    one(0x0A, "Manufacturer"),
    one(0x0B, "Parameter set identification"),
    one(0x0C, "Model / Version"),
    one(0x0D, "Hardware version"),
    one(0x0E, "Firmware version"),
    one(0x0F, "Software version"),
    one(0x10, "Customer location"),
    one(0x11, "Customer"),
    one(0x12, "Access Code User"),
    one(0x13, "Access Code Operator"),
    one(0x14, "Access Code System Operator"),
    one(0x15, "Access Code Developer"),
    one(0x16, "Password"),
    one(0x17, "Error flags"),
    one(0x18, "Error mask"),
    one(0x1A, "Digital Output"),
    one(0x1B, "Digital Input"),
    span((0x1C, 1), "Baudrate", "Baud", Plain),
    span((0x1D, 1), "Response delay time", "Bittimes", Plain),
    one(0x1E, "Retry"),
    one(0x1F, "Remote control"),
    one(0x20, "First storage # for cyclic storage"),
    one(0x21, "Last storage # for cyclic storage"),
    one(0x22, "Size of storage block"),
    one(0x23, "Descriptor for tariff and subunit"),
    span((0x24, 6), "Storage interval", "s", Time(0)),
    one(0x2A, "Operator specific data"),
    span((0x2B, 1), "Time point second", "s", Plain),
    span((0x2C, 4), "Duration since last readout", "s", Time(0)),
    span((0x30, 1), "Start of tariff", "-", Point),
    span((0x31, 3), "Duration of tariff", "s", Time(1)),
    span((0x34, 6), "Period of tariff", "s", Time(0)),
    one(0x3A, "Dimensionless"),
    one(0x3B, "Data container for wireless M-Bus"),
    span((0x3C, 4), "Period of nominal data transmissions", "s", Time(0)),
    span((0x40, 16), "Voltage", "V", Tens(-9)),
    span((0x50, 16), "Current", "A", Tens(-12)),
    one(0x60, "Reset counter"),
    one(0x61, "Cumulation counter"),
    one(0x62, "Control signal"),
    one(0x63, "Day of week"),
    one(0x64, "Week number"),
    one(0x65, "Time point of day change"),
    one(0x66, "State of parameter activation"),
    one(0x67, "Special supplier information"),
    span((0x68, 4), "Duration since last cumulation", "s", Time(2)),
    span((0x6C, 4), "Operating time battery", "s", Time(2)),
    span((0x70, 1), "Date and time of battery change", "", Point),
    span((0x71, 1), "Reception level", "dBm", Plain),
    one(0x72, "Daylight saving"),
    one(0x73, "Listening window management"),
    span((0x74, 1), "Remaining battery life time", "s", Time(3)),
    one(0x75, "Number of times the meter was stopped"),
    one(0x76, "Data container for manufacturer specific protocol"),
];

/// Behind VIF FB.
#[rustfmt::skip]
const SECOND_SPANS: &[Span] = &[
    span((0x00, 2), "Energy", "Wh", Tens(5)),
    span((0x02, 2), "Reactive energy", "varh", Tens(3)),
    span((0x04, 2), "Apparent energy", "VAh", Tens(3)),
    span((0x08, 2), "Energy", "J", Tens(8)),
    span((0x0C, 4), "Energy", "cal", Tens(5)),
    span((0x10, 2), "Volume", "m^3", Tens(2)),
    span((0x14, 4), "Reactive power", "var", Tens(0)),
    span((0x18, 2), "Mass", "kg", Tens(5)),
    span((0x1A, 2), "Relative humidity", "%", Tens(-1)),
    span((0x20, 1), "Volume", "feet^3", Plain),
    span((0x21, 1), "Volume", "feet^3", Tens(-1)),
    span((0x22, 2), "Volume", "American gallon", Tens(-1)),
    span((0x24, 1), "Volume flow", "American gallon/min", Tens(-3)),
    span((0x25, 1), "Volume flow", "American gallon/min", Plain),
    span((0x26, 1), "Volume flow", "American gallon/h", Plain),
    span((0x28, 2), "Power", "W", Tens(5)),
    span((0x2A, 1), "Phase U-U", "°", Tens(-1)),
    span((0x2B, 1), "Phase U-I", "°", Tens(-1)),
    span((0x2C, 4), "Frequency", "Hz", Tens(-3)),
    span((0x30, 2), "Power", "J/h", Tens(8)),
    span((0x34, 4), "Apparent power", "VA", Tens(0)),
    span((0x58, 4), "Flow temperature", "°F", Tens(-3)),
    span((0x5C, 4), "Return temperature", "°F", Tens(-3)),
    span((0x60, 4), "Temperature difference", "°F", Tens(-3)),
    span((0x64, 4), "External temperature", "°F", Tens(-3)),
    span((0x70, 4), "Cold / Warm Temperature Limit", "°F", Tens(-3)),
    span((0x74, 4), "Cold / Warm Temperature Limit", "°C", Tens(-3)),
    span((0x78, 8), "Cumul count max power", "W", Tens(-3)),
];

static PRIMARY: [Row; 128] = expand(PRIMARY_SPANS);
static FIRST: [Row; 128] = expand(FIRST_SPANS);
static SECOND: [Row; 128] = expand(SECOND_SPANS);

/// The meaning of a primary VIF without its extension bit.
pub(super) fn primary(code: u8) -> &'static Row {
    PRIMARY.get(usize::from(code)).unwrap_or(&RESERVED)
}

/// The meaning of the VIFE behind FD.
pub(super) fn first_extension(code: u8) -> &'static Row {
    FIRST.get(usize::from(code)).unwrap_or(&RESERVED)
}

/// The meaning of the VIFE behind FB.
pub(super) fn second_extension(code: u8) -> &'static Row {
    SECOND.get(usize::from(code)).unwrap_or(&RESERVED)
}

/// Seconds of the n-th unit of time and a power of ten; months and years as libmbus counts them.
const fn time_unit(place: u8) -> (i64, i8) {
    match place {
        0 => (1, 0),
        1 => (60, 0),
        2 => (3_600, 0),
        3 => (86_400, 0),
        4 => (262_974_383, -2),
        _ => (31_556_926, 0),
    }
}

/// Spells the spans out, once, while the program is compiled.
#[allow(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]
#[allow(clippy::cast_possible_wrap, clippy::cast_lossless)]
const fn expand(spans: &[Span]) -> [Row; 128] {
    let mut rows = [RESERVED; 128];
    let mut index = 0;
    while index < spans.len() {
        let span = &spans[index];
        let mut step = 0;
        while step < span.count {
            let (factor, exponent) = match span.steps {
                Tens(first) => (1, first + step as i8),
                Plain | Point => (1, 0),
                Time(first) => time_unit(first + step),
            };
            rows[(span.first + step) as usize] = Row {
                quantity: span.quantity,
                unit: span.unit,
                factor,
                exponent,
                time_point: matches!(span.steps, Point),
            };
            step += 1;
        }
        index += 1;
    }
    rows
}
