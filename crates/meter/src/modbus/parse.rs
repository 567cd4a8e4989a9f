//! From a map file to a map: everything that is wrong with it, each with its place.

use super::kind::{Coding, Kind};
use super::map::{Cell, Factor, Form, Line, Manners, Map, Mark, Order, READ_MAX, REGISTERS_MAX};
use super::map::{Register, Role, Span, Table};
use super::raw::{self, Function, FunctionName, Letters, Numbering};
use super::units;
use crate::correction::product;
use reading::{Decimal, Obis, Quantity, Unit};
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;
use toml::Spanned;

/// One thing that is wrong with a map file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the file that it is about; `None` for the file as a whole.
    pub span: Option<Range<usize>>,
    /// What is wrong and what was expected.
    pub message: String,
}

/// Checks the text of a map file. `name` is what the configuration calls the model: the file's
/// name without its ending.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(name: &str, text: &str) -> Result<Map, Vec<Fault>> {
    let raw: raw::File = toml::from_str(text)
        .map_err(|error| vec![Fault { span: error.span(), message: error.message().to_owned() }])?;
    let mut faults = Vec::new();
    let map = Checker { defaults: Defaults::of(&raw, &mut faults), faults }.map(name, &raw);
    map.map_err(|mut faults| {
        faults.sort_by_key(|fault| fault.span.as_ref().map(|span| span.start));
        faults
    })
}

/// What the file says once for all registers.
struct Defaults {
    table: Option<Table>,
    numbering: Numbering,
    kind: Option<Kind>,
    order: Order,
    scale: Decimal,
    absent: BTreeMap<&'static str, Vec<RangeInclusive<u64>>>,
    read_max: u16,
}

impl Defaults {
    fn of(raw: &raw::File, faults: &mut Vec<Fault>) -> Self {
        let mut defaults = Self {
            table: raw.function.as_ref().and_then(|function| table(function, faults)),
            numbering: raw.numbering.as_ref().map_or(Numbering::Wire, |n| *n.get_ref()),
            kind: raw.kind.as_ref().and_then(|name| kind(name.get_ref(), &name.span(), faults)),
            order: raw.order.as_ref().map_or(Order::ABCD, |letters| order(*letters.get_ref())),
            scale: raw.scale.as_ref().map_or(Decimal::new(1, 0), |scale| number(scale, faults)),
            absent: BTreeMap::new(),
            read_max: within(raw.read_max.as_ref(), 1..=READ_MAX, faults)
                .unwrap_or(Manners::DEFAULT.read_max),
        };
        for (name, markers) in &raw.not_available {
            let Some(kind) = kind(name.get_ref(), &name.span(), faults) else { continue };
            let ranges = absent(markers, kind, faults);
            defaults.absent.insert(kind.name, ranges);
        }
        defaults
    }
}

struct Checker {
    defaults: Defaults,
    faults: Vec<Fault>,
}

impl Checker {
    fn map(mut self, name: &str, raw: &raw::File) -> Result<Map, Vec<Fault>> {
        if raw.title.get_ref().trim().is_empty() {
            self.wrong(raw.title.span(), "expected what people call the meter");
        }
        let rows = raw.register.get_ref();
        if rows.is_empty() || rows.len() > REGISTERS_MAX {
            let message = format!("expected 1 to {REGISTERS_MAX} registers, found {}", rows.len());
            self.wrong(raw.register.span(), message);
        }
        let mut registers = Vec::new();
        for row in rows.iter().take(REGISTERS_MAX) {
            registers.extend(self.register(row));
        }
        self.twice(rows);
        let marks = raw.identify.iter().filter_map(|mark| self.mark(mark)).collect();
        let map = Map {
            name: name.to_owned(),
            title: raw.title.get_ref().clone(),
            registers,
            manners: self.manners(raw),
            line: raw.line.as_ref().and_then(|text| self.line(text)),
            unit_id: raw.unit_id.as_ref().map_or(1, |unit| *unit.get_ref()),
            sunspec: raw.sunspec.clone(),
            marks,
        };
        if self.faults.is_empty() { Ok(map) } else { Err(self.faults) }
    }

    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.faults.push(Fault { span: Some(span), message: message.into() });
    }

    fn manners(&mut self, raw: &raw::File) -> Manners {
        const PAUSE_MS_MAX: u16 = 5000;
        let default = Manners::DEFAULT;
        let gap_max = within(raw.gap_max.as_ref(), 0..=READ_MAX, &mut self.faults);
        let pause_ms = within(raw.pause_ms.as_ref(), 0..=PAUSE_MS_MAX, &mut self.faults);
        Manners {
            read_max: self.defaults.read_max,
            gap_max: gap_max.unwrap_or(default.gap_max),
            pause: Duration::from_millis(u64::from(pause_ms.unwrap_or(0))),
        }
    }

    /// `9600 8N1`.
    fn line(&mut self, text: &Spanned<String>) -> Option<Line> {
        let parsed = text.get_ref().split_once(' ').and_then(|(baud, bits)| {
            let mut bits = bits.chars();
            let (eight, parity, stop) = (bits.next()?, bits.next()?, bits.next()?);
            let stop = u8::try_from(stop.to_digit(10)?).ok()?;
            let fits = eight == '8' && matches!(parity, 'N' | 'E' | 'O') && (1..=2).contains(&stop);
            (fits && bits.next().is_none()).then_some(())?;
            Some(Line { baud: baud.parse().ok().filter(|baud| *baud > 0)?, parity, stop })
        });
        if parsed.is_none() {
            self.wrong(text.span(), "expected the line as it leaves the factory, as \"9600 8N1\"");
        }
        parsed
    }

    fn register(&mut self, row: &Spanned<raw::Register>) -> Option<Register> {
        let span = row.span();
        let raw = row.get_ref();
        let meaning = self.meaning(raw, &span);
        let cell = self.cell(raw, &span)?;
        let scale = self.scale(raw, meaning);
        let factors = self.factors(raw);
        let mut absent = self.defaults.absent.get(cell.kind.name).cloned().unwrap_or_default();
        if let Some(markers) = &raw.not_available {
            absent = self::absent(markers, cell.kind, &mut self.faults);
        }
        let (quantity, obis, unit) = meaning?;
        let form = match raw.form {
            None => Form::Plain,
            Some(raw::Form::Negated) => Form::Negated,
            Some(raw::Form::FourQuadrantPowerFactor) => Form::FourQuadrant,
        };
        Some(Register { quantity, obis, unit, cell, scale, factors, absent, form })
    }

    /// The registers that scale the value or tell its sign.
    fn factors(&mut self, raw: &raw::Register) -> Vec<Factor> {
        let mut factors = Vec::new();
        if let Some(place) = &raw.scale_register {
            let found = self.place(place.get_ref(), &place.span(), "i16");
            factors.extend(found.map(|(cell, _)| Factor { cell, role: Role::PowerOfTen }));
        }
        if let Some(places) = &raw.ratio_register {
            for place in places.get_ref().as_slice() {
                let found = self.place(place, &places.span(), "u16");
                factors.extend(found.map(|(cell, s)| Factor { cell, role: Role::Ratio(s) }));
            }
        }
        if let Some(place) = &raw.sign_register {
            let found = self.place(place.get_ref(), &place.span(), "u16");
            factors.extend(found.map(|(cell, _)| Factor { cell, role: Role::Sign }));
        }
        factors
    }

    /// The quantity, the code and the unit of the values.
    fn meaning(&mut self, raw: &raw::Register, span: &Range<usize>) -> Option<Meaning> {
        let quantity = match &raw.quantity {
            None => None,
            Some(name) => match Quantity::from_name(name.get_ref()) {
                Some(quantity) => Some(quantity),
                None => {
                    let message = unknown_quantity(name.get_ref());
                    self.wrong(name.span(), message);
                    return None;
                }
            },
        };
        let obis = match &raw.obis {
            None => None,
            Some(code) => match code.get_ref().parse::<Obis>() {
                Ok(code) => Some(code),
                Err(error) => {
                    self.wrong(code.span(), error.to_string());
                    return None;
                }
            },
        };
        let quantity = quantity.or_else(|| obis.and_then(Quantity::from_obis));
        if quantity.is_none() && obis.is_none() {
            self.wrong(span.clone(), "expected quantity = \"…\", or obis = \"…\" where none fits");
            return None;
        }
        let unit = match quantity {
            Some(quantity) => quantity.unit(),
            None => raw.unit.as_ref().and_then(|unit| units::unit(unit.get_ref())).map(|(u, _)| u),
        };
        Some((quantity, obis, unit))
    }

    /// What the number in the registers is multiplied by to be in the quantity's own unit.
    fn scale(&mut self, raw: &raw::Register, meaning: Option<Meaning>) -> Decimal {
        let mut scale = self.defaults.scale;
        match (&raw.scale, &raw.decimals) {
            (Some(_), Some(decimals)) => {
                self.wrong(decimals.span(), "expected scale or decimals, not both");
            }
            (Some(given), None) => scale = number(given, &mut self.faults),
            (None, Some(decimals)) => match within(Some(decimals), -9..=12, &mut self.faults) {
                Some(decimals) => scale = Decimal::new(1, -decimals),
                None => return scale,
            },
            (None, None) => {}
        }
        let Some((quantity, _, wanted)) = meaning else { return scale };
        let Some(written) = &raw.unit else {
            if let (Some(unit), Some(quantity)) = (wanted, quantity)
                && !matches!(unit, Unit::One | Unit::Percent)
            {
                let message = format!(
                    "expected the unit of the register, as unit = \"{unit}\" or \"k{unit}\": \
                     nothing tells whether {quantity} is in one or the other"
                );
                self.wrong(raw.address.span(), message);
            }
            return scale;
        };
        let Some((unit, prefix)) = units::unit(written.get_ref()) else {
            let message = match wanted.map_or("", Unit::symbol) {
                "" => "no such unit; what this register holds has none: leave unit out".to_owned(),
                wanted => format!("no such unit; expected {wanted}, perhaps with m, k, M or G"),
            };
            self.wrong(written.span(), message);
            return scale;
        };
        let Some(wanted) = wanted else {
            if unit != Unit::One {
                self.wrong(written.span(), "this quantity has no unit");
            }
            return scale;
        };
        match units::conversion(unit, wanted).and_then(|power| power.checked_add(prefix)) {
            Some(power) => scale.shifted(power).unwrap_or(scale),
            None => {
                let quantity = quantity.map_or("the value", Quantity::name);
                let message = format!(
                    "{quantity} is in {}, perhaps with m, k, M or G, and never in {}",
                    named(wanted),
                    written.get_ref()
                );
                self.wrong(written.span(), message);
                scale
            }
        }
    }

    fn cell(&mut self, raw: &raw::Register, span: &Range<usize>) -> Option<Cell> {
        let kind = match &raw.kind {
            Some(name) => kind(name.get_ref(), &name.span(), &mut self.faults)?,
            None => self.known(self.defaults.kind, span, "type = \"f32\" or another")?,
        };
        let function = raw.function.as_ref().map(|f| table(f, &mut self.faults));
        let (table, address) = self.wire_address(
            *raw.address.get_ref(),
            &raw.address.span(),
            function.unwrap_or(self.defaults.table),
        )?;
        let count = match (&raw.length, kind.coding) {
            (Some(length), Coding::Text) => within(Some(length), 1..=64, &mut self.faults)?,
            (None, Coding::Text) => {
                self.wrong(span.clone(), "expected length = registers that the text takes");
                return None;
            }
            (Some(length), _) => {
                self.wrong(length.span(), format!("{} has a length of its own", kind.name));
                return None;
            }
            (None, _) => kind.words,
        };
        let order = raw.order.as_ref().map_or(self.defaults.order, |l| order(*l.get_ref()));
        self.fits(Span { table, address, count }, &raw.address.span())?;
        Some(Cell { span: Span { table, address, count }, kind, order })
    }

    fn known<T>(&mut self, value: Option<T>, span: &Range<usize>, example: &str) -> Option<T> {
        if value.is_none() {
            let message = format!("expected {example}, here or once at the top");
            self.wrong(span.clone(), message);
        }
        value
    }

    /// The table and the address on the wire of an address as the data sheet counts.
    fn wire_address(
        &mut self,
        address: u32,
        span: &Range<usize>,
        table: Option<Table>,
    ) -> Option<(Table, u16)> {
        let on_wire = match self.defaults.numbering {
            Numbering::Wire => Some((table, address)),
            Numbering::OneBased => address.checked_sub(1).map(|address| (table, address)),
            Numbering::Modicon => modicon(address),
        };
        let found = on_wire.and_then(|(named, address)| {
            u16::try_from(address)
                .ok()
                .map(|address| (table.filter(|_| named.is_none()).or(named), address))
        });
        let Some((table, address)) = found else {
            let message = match self.defaults.numbering {
                Numbering::Wire => "expected an address from 0 to 65535",
                Numbering::OneBased => {
                    "expected a register from 1 to 65536, as they are counted \
                                        from 1"
                }
                Numbering::Modicon => {
                    "expected 30001 to 39999 or 40001 to 49999, or 300001 to \
                                       365536 or 400001 to 465536"
                }
            };
            self.wrong(span.clone(), message);
            return None;
        };
        Some((self.known(table, span, "function = 3 (holding) or 4 (input)")?, address))
    }

    fn fits(&mut self, place: Span, span: &Range<usize>) -> Option<()> {
        if place.end() > 0x1_0000 {
            self.wrong(span.clone(), "the value would end beyond register 65535");
            return None;
        }
        if place.count > self.defaults.read_max {
            let message = format!(
                "the value takes {} registers, and read_max allows {} in one request",
                place.count, self.defaults.read_max
            );
            self.wrong(span.clone(), message);
            return None;
        }
        Some(())
    }

    /// A register that scales others, and its own scale.
    fn place(
        &mut self,
        place: &raw::Place,
        span: &Range<usize>,
        usual: &str,
    ) -> Option<(Cell, Decimal)> {
        let full = match place {
            raw::Place::Address(address) => &raw::Full {
                address: *address,
                function: None,
                kind: None,
                order: None,
                scale: None,
            },
            raw::Place::Full(full) => full,
        };
        let kind = kind(full.kind.as_deref().unwrap_or(usual), span, &mut self.faults)?;
        if kind.coding == Coding::Text {
            self.wrong(span.clone(), "a text scales nothing");
            return None;
        }
        let function = match full.function {
            Some(function) => table(&Spanned::new(span.clone(), function), &mut self.faults),
            None => self.defaults.table,
        };
        let (table, address) = self.wire_address(full.address, span, function)?;
        let place = Span { table, address, count: kind.words };
        self.fits(place, span)?;
        let order = full.order.map_or(self.defaults.order, order);
        let scale = full.scale.map_or(Some(Decimal::new(1, 0)), decimal)?;
        Some((Cell { span: place, kind, order }, scale))
    }

    fn mark(&mut self, mark: &Spanned<raw::Mark>) -> Option<Mark> {
        let span = mark.span();
        let raw = mark.get_ref();
        let Some(address) = raw.address else {
            let Some(text) = raw.text.clone().filter(|text| !text.trim().is_empty()) else {
                self.wrong(span, "expected text = \"…\", or an address with text or equals");
                return None;
            };
            return Some(Mark::Text(text));
        };
        let function = match raw.function {
            Some(function) => table(&Spanned::new(span.clone(), function), &mut self.faults),
            None => self.defaults.table,
        };
        let usual = if raw.text.is_some() { "text" } else { "u16" };
        let kind = kind(raw.kind.as_deref().unwrap_or(usual), &span, &mut self.faults)?;
        let count = if kind.words == 0 { raw.length.unwrap_or(0) } else { kind.words };
        let (table, address) = self.wire_address(address, &span, function)?;
        let place = Span { table, address, count };
        self.fits(place, &span)?;
        let cell = Cell { span: place, kind, order: self.defaults.order };
        match (&raw.text, raw.equals) {
            (Some(text), None) if count > 0 => Some(Mark::Words { cell, contains: text.clone() }),
            (None, Some(equals)) if kind.words > 0 => Some(Mark::Number { cell, equals }),
            _ => {
                self.wrong(span, "expected text and length, or equals");
                None
            }
        }
    }

    /// A quantity that is read twice would have two values at one instant.
    fn twice(&mut self, rows: &[Spanned<raw::Register>]) {
        let mut seen = std::collections::BTreeSet::new();
        for row in rows {
            let raw = row.get_ref();
            let Some(name) = raw.quantity.as_ref().or(raw.obis.as_ref()) else { continue };
            if !seen.insert(name.get_ref().as_str()) {
                self.wrong(name.span(), format!("{} is read already above", name.get_ref()));
            }
        }
    }
}

type Meaning = (Option<Quantity>, Option<Obis>, Option<Unit>);

fn named(unit: Unit) -> String {
    match unit {
        Unit::One => "a pure number (unit = \"\") or %".to_owned(),
        unit => unit.symbol().to_owned(),
    }
}

fn table(function: &Spanned<Function>, faults: &mut Vec<Fault>) -> Option<Table> {
    match function.get_ref() {
        Function::Number(3) | Function::Name(FunctionName::Holding) => Some(Table::Holding),
        Function::Number(4) | Function::Name(FunctionName::Input) => Some(Table::Input),
        Function::Number(other) => {
            let message = format!("expected 3 (holding) or 4 (input), found {other}");
            faults.push(Fault { span: Some(function.span()), message });
            None
        }
    }
}

const fn order(letters: Letters) -> Order {
    let (low_word_first, low_byte_first) = match letters {
        Letters::Abcd => (false, false),
        Letters::Cdab => (true, false),
        Letters::Badc => (false, true),
        Letters::Dcba => (true, true),
    };
    Order { low_word_first, low_byte_first }
}

fn kind(name: &str, span: &Range<usize>, faults: &mut Vec<Fault>) -> Option<Kind> {
    let kind = Kind::from_name(name);
    if kind.is_none() {
        let known: Vec<&str> = Kind::names().collect();
        let message = format!("no such type; expected {}", known.join(", "));
        faults.push(Fault { span: Some(span.clone()), message });
    }
    kind
}

fn decimal(number: raw::Number) -> Option<Decimal> {
    match number {
        raw::Number::Integer(integer) => Some(Decimal::new(integer, 0)),
        raw::Number::Float(float) => Decimal::from_f64(float),
    }
}

fn number(given: &Spanned<raw::Number>, faults: &mut Vec<Fault>) -> Decimal {
    let scale = decimal(*given.get_ref()).filter(|scale| scale.mantissa() != 0);
    // A scale with too many digits would overflow with the first large register.
    let usable = scale.filter(|scale| product(*scale, Decimal::new(i64::MAX, 0)).is_some());
    usable.unwrap_or_else(|| {
        let message = "expected a number other than 0, such as 0.1 or 1000".to_owned();
        faults.push(Fault { span: Some(given.span()), message });
        Decimal::new(1, 0)
    })
}

fn within<T: PartialOrd + Copy + std::fmt::Display>(
    value: Option<&Spanned<T>>,
    range: RangeInclusive<T>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let value = value?;
    if range.contains(value.get_ref()) {
        return Some(*value.get_ref());
    }
    let message = format!("expected {} to {}", range.start(), range.end());
    faults.push(Fault { span: Some(value.span()), message });
    None
}

/// `30001` and `40001` name table and register at once.
fn modicon(address: u32) -> Option<(Option<Table>, u32)> {
    let (table, first) = match address {
        30_001..=39_999 => (Table::Input, 30_001),
        40_001..=49_999 => (Table::Holding, 40_001),
        300_001..=365_536 => (Table::Input, 300_001),
        400_001..=465_536 => (Table::Holding, 400_001),
        _ => return None,
    };
    Some((Some(table), address - first))
}

/// Register contents that mean "no value", as unsigned numbers of the register's width.
fn absent(
    markers: &Spanned<raw::OneOrMany<raw::Marker>>,
    kind: Kind,
    faults: &mut Vec<Fault>,
) -> Vec<RangeInclusive<u64>> {
    let width = u32::from(kind.words) * 16;
    let largest = if width >= 64 { u64::MAX } else { (1_u64 << width) - 1 };
    let mut ranges = Vec::new();
    for marker in markers.get_ref().as_slice() {
        let range = match marker {
            // −1 in a map is all ones in the register.
            raw::Marker::Number(number) if *number < 0 => {
                let bits = number.cast_unsigned() & largest;
                Some(bits..=bits)
            }
            raw::Marker::Number(number) => Some(number.cast_unsigned()..=number.cast_unsigned()),
            raw::Marker::Range(text) => range(text),
        };
        match range.filter(|range| *range.end() <= largest && !range.is_empty()) {
            Some(range) => ranges.push(range),
            None => faults.push(Fault {
                span: Some(markers.span()),
                message: format!(
                    "expected contents of a register of type {}, up to {largest:#X}, or a range \
                     of them as \"0x7FFF0000..0x7FFFFFFF\"",
                    kind.name
                ),
            }),
        }
    }
    ranges
}

fn range(text: &str) -> Option<RangeInclusive<u64>> {
    let number = |text: &str| {
        let text = text.trim();
        match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    };
    match text.split_once("..") {
        Some((low, high)) => Some(number(low)?..=number(high.trim_start_matches(['=', '.']))?),
        None => number(text).map(|number| number..=number),
    }
}

fn unknown_quantity(name: &str) -> String {
    let near = Quantity::all()
        .map(|quantity| (strsim::damerau_levenshtein(name, quantity.name()), quantity.name()))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3))
        .min();
    match near {
        Some((_, known)) => format!("no such quantity; did you mean \"{known}\"?"),
        None => "no such quantity; docs/meters/adding-a-modbus-meter.md lists them; obis = \"…\" \
                 names what it lacks"
            .to_owned(),
    }
}
