//! What is asked for: an attribute of an object, and which part of it.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.5): `Cosem-Attribute-Descriptor`, `Selective-Access-Descriptor`;
//! IEC 62056-6-2 (Blue Book 4.3.6): range and entry descriptors of profile generic.

use super::axdr::{self, Document, Node, Style};
use super::{Data, date_time};
use crate::octets::Octets;
use reading::Obis;

/// An attribute of an object. In an ACTION the attribute's place holds the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute {
    /// The object's class.
    pub class: u16,
    /// Its logical name.
    pub name: Obis,
    /// The attribute's number, from 1; 0 means all of them.
    pub index: i8,
}

impl Attribute {
    /// The attribute of this number.
    #[must_use]
    pub const fn new(class: u16, name: Obis, index: i8) -> Self {
        Self { class, name, index }
    }

    pub(super) fn decode(octets: &mut Octets<'_>) -> Option<Self> {
        let class = octets.u16()?;
        let name = Obis::from_bytes(octets.array()?);
        let index = i8::from_be_bytes([octets.u8()?]);
        Some(Self { class, name, index })
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.extend(self.class.to_be_bytes());
        out.extend(self.name.bytes());
        out.extend(self.index.to_be_bytes());
    }
}

impl std::fmt::Display for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (class {}, attribute {})", self.name, self.class, self.index)
    }
}

/// Which rows of a profile's buffer.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Rows of a period: selector 1.
    Range {
        /// Attribute that the rows are chosen by, the clock.
        by: Attribute,
        /// First date-time.
        from: [u8; date_time::LENGTH],
        /// Last date-time.
        to: [u8; date_time::LENGTH],
    },
    /// Rows by their place, from 1: selector 2.
    Entries {
        /// First row.
        from: u32,
        /// Last row; 0 means the last there is.
        to: u32,
    },
}

impl Selection {
    const fn selector(&self) -> u8 {
        match self {
            Self::Range { .. } => 1,
            Self::Entries { .. } => 2,
        }
    }

    fn parameters(&self) -> Data {
        match self {
            Self::Range { by, from, to } => Data::Structure(vec![
                Data::Structure(vec![
                    Data::LongUnsigned(by.class),
                    Data::OctetString(by.name.bytes().to_vec()),
                    Data::Integer(by.index),
                    Data::LongUnsigned(0),
                ]),
                Data::OctetString(from.to_vec()),
                Data::OctetString(to.to_vec()),
                Data::Array(Vec::new()),
            ]),
            Self::Entries { from, to } => Data::Structure(vec![
                Data::DoubleLongUnsigned(*from),
                Data::DoubleLongUnsigned(*to),
                Data::LongUnsigned(1),
                Data::LongUnsigned(0),
            ]),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.selector());
        self.parameters().encode(out);
    }

    /// Decodes a selector with its parameters; the second part is the position behind them.
    pub(super) fn decode(
        bytes: &[u8],
        start: usize,
        nodes: &mut Vec<Node>,
    ) -> Option<(Self, usize)> {
        let selector = *bytes.get(start)?;
        let end = axdr::decode(bytes, start.checked_add(1)?, nodes, Style::Standard).ok()?;
        let root = Document::new(bytes, nodes).root()?;
        let [first, second, third, fourth] = root.elements::<4>()?;
        let selection = match selector {
            1 => {
                let [class, name, index, _] = first.elements::<4>()?;
                let by = Attribute {
                    class: u16::try_from(class.integer()?).ok()?,
                    name: Obis::from_bytes(name.content().try_into().ok()?),
                    index: i8::try_from(index.integer()?).ok()?,
                };
                let from = second.content().try_into().ok()?;
                let to = third.content().try_into().ok()?;
                Self::Range { by, from, to }
            }
            2 => {
                let whole = third.integer()? <= 1 && fourth.integer()? == 0;
                let from = u32::try_from(first.integer()?).ok()?;
                let to = u32::try_from(second.integer()?).ok()?;
                whole.then_some(Self::Entries { from, to })?
            }
            _ => return None,
        };
        Some((selection, end))
    }
}
