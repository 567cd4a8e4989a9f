//! What lies in which register of a meter: the map of a model.

use super::kind::Kind;
use reading::{Decimal, Obis, Quantity, Unit};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Most registers that one request may ask for.
///
/// # Source
/// Modbus Application Protocol V1.1b3, 6.3 and 6.4: quantity 1 to 125.
pub const READ_MAX: u16 = 125;
/// Most registers that a map may name: more than any data sheet lists as measurements.
pub const REGISTERS_MAX: usize = 512;

/// The registers of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The name in the configuration, and of its telegrams' list.
    pub name: String,
    /// What people call the meter.
    pub title: String,
    /// What is read, in the order of the file.
    pub registers: Vec<Register>,
    /// How the meter wants to be asked.
    pub manners: Manners,
    /// How its serial line is set when it leaves the factory.
    pub line: Option<Line>,
    /// Its unit address when it leaves the factory.
    pub unit_id: u8,
    /// The SunSpec models that this map describes; its addresses then count from the model's
    /// first register. Empty for a meter with fixed addresses.
    pub sunspec: Vec<u16>,
    /// How the model is told from others.
    pub marks: Vec<Mark>,
}

/// How a meter wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// Most registers in one request. **Range** 1 to [`READ_MAX`].
    pub read_max: u16,
    /// Most registers that nobody wants between two that are wanted, read along in one request.
    pub gap_max: u16,
    /// Silence that the meter needs between an answer and the next request.
    pub pause: Duration,
}

impl Manners {
    /// What a map that says nothing gets.
    pub const DEFAULT: Self = Self { read_max: 100, gap_max: 8, pause: Duration::ZERO };
}

/// A serial line's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Bits per second.
    pub baud: u32,
    /// `N`, `E` or `O`.
    pub parity: char,
    /// 1 or 2.
    pub stop: u8,
}

/// One of the two tables of 16-bit registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Holding registers, function 3.
    Holding,
    /// Input registers, function 4.
    Input,
}

impl Table {
    /// The function that reads the table.
    #[must_use]
    pub const fn function(self) -> u8 {
        match self {
            Self::Holding => 3,
            Self::Input => 4,
        }
    }
}

/// Adjacent registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The table.
    pub table: Table,
    /// The first register, as on the wire: counted from 0.
    pub address: u16,
    /// How many. **Range** 1 to [`READ_MAX`].
    pub count: u16,
}

impl Span {
    /// The address after the last register.
    #[must_use]
    pub const fn end(self) -> u32 {
        self.address as u32 + self.count as u32
    }

    /// Whether all of `other` lies inside.
    #[must_use]
    pub fn holds(self, other: Self) -> bool {
        self.table == other.table && self.address <= other.address && other.end() <= self.end()
    }
}

/// In which order the bytes of a number arrive; the letters are those of data sheets, with `A`
/// the most significant byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The least significant register comes first (`CDAB`, `DCBA`).
    pub low_word_first: bool,
    /// The bytes inside a register are swapped (`BADC`, `DCBA`).
    pub low_byte_first: bool,
}

impl Order {
    /// `ABCD`, the order of the Modbus specification.
    pub const ABCD: Self = Self { low_word_first: false, low_byte_first: false };
}

/// A number or a text in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Where.
    pub span: Span,
    /// How it is coded.
    pub kind: Kind,
    /// The order of its bytes.
    pub order: Order,
}

/// One measured value of the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Register {
    /// What it is; `None` where only an OBIS code says so.
    pub quantity: Option<Quantity>,
    /// The OBIS code, where the map gives one.
    pub obis: Option<Obis>,
    /// The unit of the value once scaled; `None` for texts and plain states.
    pub unit: Option<Unit>,
    /// Where and how it is coded.
    pub cell: Cell,
    /// The value is what the registers hold times this.
    pub scale: Decimal,
    /// Further registers that scale it.
    pub factors: Vec<Factor>,
    /// Register contents that say that there is no value, as unsigned numbers of the register's
    /// width.
    pub absent: Vec<RangeInclusive<u64>>,
    /// What has to be done with the number.
    pub form: Form,
}

/// A register that scales others.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Where and how it is coded.
    pub cell: Cell,
    /// What it means.
    pub role: Role,
}

/// What a scaling register means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The number of places to shift the decimal point, as SunSpec's scale factors.
    PowerOfTen,
    /// A factor, such as a transformer ratio; it is multiplied by the scale first.
    Ratio(Decimal),
    /// The sign of a value whose own registers hold the magnitude: 0 is plus, all else minus.
    Sign,
}

/// What has to be done with a scaled number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It is the value.
    Plain,
    /// It has the other sign.
    Negated,
    /// A power factor from −2 to 2 that tells the quadrant: beyond ±1 it is ±2 − x, leading.
    ///
    /// # Source
    /// Schneider Electric PowerLogic PM5000 register list, type "4Q FP PF".
    FourQuadrant,
}

/// How a model is told from others.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A text of the device's identification (functions 43/14 and 17) contains this.
    Text(String),
    /// A register holds this number.
    Number {
        /// The register.
        cell: Cell,
        /// Its content as an unsigned number.
        equals: u64,
    },
    /// Registers hold a text that contains this.
    Words {
        /// The registers.
        cell: Cell,
        /// A part of their text.
        contains: String,
    },
}

impl Map {
    /// Every span that a reading needs: the values and what scales them.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.registers.iter().flat_map(|register| {
            let factors = register.factors.iter().map(|factor| factor.cell.span);
            std::iter::once(register.cell.span).chain(factors)
        })
    }

    /// The same map with its addresses counted from `base`; `None` when it does not fit into the
    /// address space there.
    #[must_use]
    pub fn moved(&self, base: u16) -> Option<Self> {
        let mut moved = self.clone();
        let shift = |cell: &mut Cell| {
            cell.span.address = cell.span.address.checked_add(base)?;
            (cell.span.end() <= 0x1_0000).then_some(())
        };
        for register in &mut moved.registers {
            shift(&mut register.cell)?;
            for factor in &mut register.factors {
                shift(&mut factor.cell)?;
            }
        }
        Some(moved)
    }
}
