//! What a read-out says, data set by data set, as sent.

use super::address::{Address, Period};
use super::number::{looks_numeric, number};
use frame::dsmr::TimeStamp;
use frame::iec62056_21::{DataSet, Group, Item, data_sets};
use reading::Decimal;

/// One data set, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The address as sent.
    pub address: &'a str,
    /// The address, when it is one.
    pub register: Option<Address>,
    /// What the register holds.
    pub content: Content<'a>,
    /// The unit as sent.
    pub unit: Option<&'a str>,
    /// The time that was sent beside the value, as sent.
    pub time: Option<&'a str>,
    /// Offset of the data set in its block.
    pub offset: usize,
    /// Offset of the value in its block.
    pub value_at: usize,
    /// Which of the groups holds the value, and which the time.
    places: (usize, Option<usize>),
    set: DataSet<'a>,
}

/// What a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// A measured or counted number.
    Number(Decimal),
    /// Anything else: an identification, a time, a state. Padding is taken off.
    Text(&'a str),
    /// A number with more digits than are kept exactly.
    TooLong(&'a str),
    /// Nothing, or blanks.
    Empty,
}

/// The data sets of a block.
pub fn entries(block: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    data_sets(block).filter_map(|item| match item {
        Item::DataSet(set) => Some(Entry::of(set)),
        _ => None,
    })
}

impl<'a> Entry<'a> {
    /// Reads a data set.
    #[must_use]
    pub fn of(set: DataSet<'a>) -> Self {
        let register = Address::parse(set.address);
        let chosen = Chosen::of(&set, register);
        let Chosen { group, unit, time, places } = chosen;
        let trimmed = group.value.trim_ascii();
        let content = if trimmed.is_empty() {
            Content::Empty
        } else if unit.is_some() || register.is_some_and(is_measured) {
            match number(trimmed) {
                Some(number) => Content::Number(number),
                None if looks_numeric(trimmed) => Content::TooLong(trimmed),
                None => Content::Text(trimmed),
            }
        } else {
            Content::Text(trimmed)
        };
        Self {
            address: set.address,
            register,
            content,
            unit,
            time,
            offset: set.offset,
            value_at: set.brackets_at().saturating_add(group.offset),
            places,
            set,
        }
    }

    /// What the other brackets hold, as sent.
    pub fn more(&self) -> impl Iterator<Item = Group<'a>> + use<'a> {
        let (value, time) = self.places;
        let others = move |place: &usize| *place != value && Some(*place) != time;
        let groups = self.set.groups().enumerate();
        groups.filter(move |(place, _)| others(place)).map(|(_, group)| group)
    }

    /// Offset in its block behind the data set.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.set.end
    }

    /// Whether the register is of now, not of an earlier billing period.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.register.is_none_or(|register| register.period == Period::Current)
    }
}

/// Which of several brackets is the value.
struct Chosen<'a> {
    group: Group<'a>,
    unit: Option<&'a str>,
    time: Option<&'a str>,
    places: (usize, Option<usize>),
}

impl<'a> Chosen<'a> {
    fn of(set: &DataSet<'a>, register: Option<Address>) -> Self {
        let mut groups = set.groups();
        let nothing = Group { value: "", unit: None, offset: 0 };
        let first = groups.next().unwrap_or(nothing);
        let alone = Self { group: first, unit: blank(first.unit), time: None, places: (0, None) };
        let Some(second) = groups.next() else { return alone };
        if register.is_some_and(|register| register.obis.cde() == GAS_OF_DSMR_3) {
            return Self::of_dsmr_3(set).unwrap_or(alone);
        }
        let timed = first.unit.is_none() && TimeStamp::parse(first.value).is_some();
        if timed {
            // P1 sends the time before the value it belongs to.
            let unit = blank(second.unit);
            return Self { group: second, unit, time: Some(first.value), places: (1, Some(0)) };
        }
        if second.unit.is_none() && is_time(second.value) {
            return Self { time: Some(second.value), places: (0, Some(1)), ..alone };
        }
        alone
    }

    /// DSMR 2.2 and 3.0: `(time)(status)(minutes)(count)(register)(unit)`, then `(value)`.
    fn of_dsmr_3(set: &DataSet<'a>) -> Option<Self> {
        const UNIT: usize = 5;
        const VALUE: usize = 6;
        let time = set.groups().next()?;
        let unit = set.groups().nth(UNIT)?;
        let group = set.groups().nth(VALUE)?;
        let (unit, time) = (blank(Some(unit.value)), Some(time.value));
        Some(Self { group, unit, time, places: (VALUE, Some(0)) })
    }
}

/// Meter reading of an M-Bus device in DSMR 2.2 and 3.0.
const GAS_OF_DSMR_3: [u8; 3] = [24, 3, 0];

fn blank(unit: Option<&str>) -> Option<&str> {
    unit.map(str::trim_ascii).filter(|unit| !unit.is_empty())
}

/// Whether a second bracket is the time of a maximum: `1703100930`, `21-01-05 09:15`.
fn is_time(text: &str) -> bool {
    let text = text.trim_ascii();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let separated = |byte: u8| matches!(byte, b'-' | b':' | b' ' | b'S' | b'W');
    (10..=14).contains(&digits) && text.bytes().all(|byte| byte.is_ascii_digit() || separated(byte))
}

/// Registers that hold a number even without a unit: measured quantities, counters, switch states.
/// The others hold identifications, times, texts: their leading zeros belong to them.
const fn is_measured(register: Address) -> bool {
    match (register.obis.medium(), register.obis.cde()) {
        (0, [17 | 24, _, _] | [96, 3 | 7, _]) => true,
        // P1 calls its version 1-3:0.2.8; group 0 is general purpose.
        (_, [0 | 96..=99, _, _]) | (0, _) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Entry<'_> {
        let mut all = entries(line.as_bytes());
        let entry = all.next().expect(line);
        assert!(all.next().is_none());
        entry
    }

    fn shown(line: &str) -> (String, Option<&str>, Option<&str>) {
        let entry = one(line);
        let content = match entry.content {
            Content::Number(number) => number.to_string(),
            Content::Text(text) => format!("\"{text}\""),
            Content::TooLong(text) => format!("{text}!"),
            Content::Empty => "-".to_owned(),
        };
        (content, entry.unit, entry.time)
    }

    #[test]
    fn tells_values_units_and_times_apart() {
        let cases = [
            ("1.8.0(000285.4*kWh)", ("285.4", Some("kWh"), None)),
            ("0.0(        18438636)", ("\"18438636\"", None, None)),
            ("C.1.1(        )", ("-", None, None)),
            ("0.0.0()", ("-", None, None)),
            ("F.F(00)", ("\"00\"", None, None)),
            ("81.7.6(  80*Deg)", ("80", Some("Deg"), None)),
            ("9.4(088*C&082*C)", ("88", Some("C&082*C"), None)),
            ("1-0:1.8.1*255(032942.0231)", ("32942.0231", None, None)),
            ("1-0:1.6.0*255(02.468*kW)(1703100930)", ("2.468", Some("kW"), Some("1703100930"))),
            ("1.6.1(0.12*kW)(21-01-05 09:15)", ("0.12", Some("kW"), Some("21-01-05 09:15"))),
            ("1-0:1.6.0(200509134558S)(02.589*kW)", ("2.589", Some("kW"), Some("200509134558S"))),
            ("0-2:24.2.1(632525252525S)(00000.000)", ("0.000", None, Some("632525252525S"))),
            ("1-1:31.4.0(100*A)(-063*A)", ("100", Some("A"), None)),
            ("0-0:96.14.0(0002)", ("\"0002\"", None, None)),
            ("0-0:96.7.21(00013)", ("13", None, None)),
            ("1-3:0.2.8(50)", ("\"50\"", None, None)),
            ("1-0:0.9.2*255(0170318)", ("\"0170318\"", None, None)),
            ("1.8.0(99999999999999999999*Wh)", ("99999999999999999999!", Some("Wh"), None)),
            ("32.7( *V)", ("-", Some("V"), None)),
        ];
        for (line, (content, unit, time)) in cases {
            assert_eq!(shown(line), (content.to_owned(), unit, time), "{line}");
        }
    }

    #[test]
    fn old_gas_readings_span_two_lines() {
        let line = "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00001.001)";
        assert_eq!(shown(line), ("1.001".to_owned(), Some("m3"), Some("161107190000")));
        let more: Vec<_> = one(line).more().map(|group| group.value).collect();
        assert_eq!(more, ["00", "60", "1", "0-1:24.2.1", "m3"]);
        let buffer = one("1-0:99.97.0(1)(0-0:96.7.19)(000101000024W)(2147483647*s)");
        assert_eq!(buffer.more().count(), 3);
    }
}
