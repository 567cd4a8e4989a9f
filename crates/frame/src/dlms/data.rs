//! Owned COSEM data, to build telegrams from and to compare decoded ones with.

use super::axdr::{Item, tag};
use crate::octets::push_length;

/// A value of a COSEM data type.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // The variants carry the Blue Book's own names.
pub enum Data {
    Null,
    Array(Vec<Data>),
    Structure(Vec<Data>),
    Boolean(bool),
    BitString(Vec<bool>),
    DoubleLong(i32),
    DoubleLongUnsigned(u32),
    OctetString(Vec<u8>),
    VisibleString(Vec<u8>),
    Utf8String(Vec<u8>),
    Bcd(u8),
    Integer(i8),
    Long(i16),
    Unsigned(u8),
    LongUnsigned(u16),
    /// All elements have the shape of the first one.
    CompactArray(Vec<Data>),
    Long64(i64),
    Long64Unsigned(u64),
    Enum(u8),
    Float32(f32),
    Float64(f64),
    DateTime([u8; 12]),
    Date([u8; 5]),
    Time([u8; 4]),
    DeltaInteger(i8),
    DeltaLong(i16),
    DeltaDoubleLong(i32),
    DeltaUnsigned(u8),
    DeltaLongUnsigned(u16),
    DeltaDoubleLongUnsigned(u32),
    DontCare,
}

impl Data {
    /// The value of a decoded element; `None` for an attribute descriptor.
    #[must_use]
    pub fn of(item: &Item<'_>) -> Option<Self> {
        let content = item.content();
        let elements = || item.children().map(|child| Self::of(&child)).collect::<Option<_>>();
        Some(match item.tag() {
            tag::NULL => Self::Null,
            tag::ARRAY => Self::Array(elements()?),
            tag::STRUCTURE => Self::Structure(elements()?),
            tag::COMPACT_ARRAY => Self::CompactArray(elements()?),
            tag::BOOLEAN => Self::Boolean(content != [0]),
            tag::BIT_STRING => Self::BitString(bits(content).take(item.count()).collect()),
            tag::DOUBLE_LONG => Self::DoubleLong(i32::from_be_bytes(whole(content)?)),
            tag::DOUBLE_LONG_UNSIGNED => {
                Self::DoubleLongUnsigned(u32::from_be_bytes(whole(content)?))
            }
            tag::OCTET_STRING => Self::OctetString(content.to_vec()),
            tag::VISIBLE_STRING => Self::VisibleString(content.to_vec()),
            tag::UTF8_STRING => Self::Utf8String(content.to_vec()),
            tag::BCD => Self::Bcd(u8::from_be_bytes(whole(content)?)),
            tag::INTEGER => Self::Integer(i8::from_be_bytes(whole(content)?)),
            tag::LONG => Self::Long(i16::from_be_bytes(whole(content)?)),
            tag::UNSIGNED => Self::Unsigned(u8::from_be_bytes(whole(content)?)),
            tag::LONG_UNSIGNED => Self::LongUnsigned(u16::from_be_bytes(whole(content)?)),
            tag::LONG64 => Self::Long64(i64::from_be_bytes(whole(content)?)),
            tag::LONG64_UNSIGNED => Self::Long64Unsigned(u64::from_be_bytes(whole(content)?)),
            tag::ENUM => Self::Enum(u8::from_be_bytes(whole(content)?)),
            tag::FLOAT32 => Self::Float32(f32::from_be_bytes(whole(content)?)),
            tag::FLOAT64 => Self::Float64(f64::from_be_bytes(whole(content)?)),
            tag::DATE_TIME => Self::DateTime(whole(content)?),
            tag::DATE => Self::Date(whole(content)?),
            tag::TIME => Self::Time(whole(content)?),
            tag::DELTA_INTEGER => Self::DeltaInteger(i8::from_be_bytes(whole(content)?)),
            tag::DELTA_LONG => Self::DeltaLong(i16::from_be_bytes(whole(content)?)),
            tag::DELTA_DOUBLE_LONG => Self::DeltaDoubleLong(i32::from_be_bytes(whole(content)?)),
            tag::DELTA_UNSIGNED => Self::DeltaUnsigned(u8::from_be_bytes(whole(content)?)),
            tag::DELTA_LONG_UNSIGNED => {
                Self::DeltaLongUnsigned(u16::from_be_bytes(whole(content)?))
            }
            tag::DELTA_DOUBLE_LONG_UNSIGNED => {
                Self::DeltaDoubleLongUnsigned(u32::from_be_bytes(whole(content)?))
            }
            tag::DONT_CARE => Self::DontCare,
            _ => return None,
        })
    }

    /// The type tag.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        match self {
            Self::Null => tag::NULL,
            Self::Array(_) => tag::ARRAY,
            Self::Structure(_) => tag::STRUCTURE,
            Self::Boolean(_) => tag::BOOLEAN,
            Self::BitString(_) => tag::BIT_STRING,
            Self::DoubleLong(_) => tag::DOUBLE_LONG,
            Self::DoubleLongUnsigned(_) => tag::DOUBLE_LONG_UNSIGNED,
            Self::OctetString(_) => tag::OCTET_STRING,
            Self::VisibleString(_) => tag::VISIBLE_STRING,
            Self::Utf8String(_) => tag::UTF8_STRING,
            Self::Bcd(_) => tag::BCD,
            Self::Integer(_) => tag::INTEGER,
            Self::Long(_) => tag::LONG,
            Self::Unsigned(_) => tag::UNSIGNED,
            Self::LongUnsigned(_) => tag::LONG_UNSIGNED,
            Self::CompactArray(_) => tag::COMPACT_ARRAY,
            Self::Long64(_) => tag::LONG64,
            Self::Long64Unsigned(_) => tag::LONG64_UNSIGNED,
            Self::Enum(_) => tag::ENUM,
            Self::Float32(_) => tag::FLOAT32,
            Self::Float64(_) => tag::FLOAT64,
            Self::DateTime(_) => tag::DATE_TIME,
            Self::Date(_) => tag::DATE,
            Self::Time(_) => tag::TIME,
            Self::DeltaInteger(_) => tag::DELTA_INTEGER,
            Self::DeltaLong(_) => tag::DELTA_LONG,
            Self::DeltaDoubleLong(_) => tag::DELTA_DOUBLE_LONG,
            Self::DeltaUnsigned(_) => tag::DELTA_UNSIGNED,
            Self::DeltaLongUnsigned(_) => tag::DELTA_LONG_UNSIGNED,
            Self::DeltaDoubleLongUnsigned(_) => tag::DELTA_DOUBLE_LONG_UNSIGNED,
            Self::DontCare => tag::DONT_CARE,
        }
    }

    /// Appends the value with its tag.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Self::Array(elements) | Self::Structure(elements) => {
                push_length(out, elements.len());
                for element in elements {
                    element.encode(out);
                }
            }
            Self::CompactArray(elements) => {
                match elements.first() {
                    Some(element) => element.describe(out),
                    None => out.push(tag::NULL),
                }
                let mut contents = Vec::new();
                for element in elements {
                    element.encode_untagged(&mut contents);
                }
                push_length(out, contents.len());
                out.extend(contents);
            }
            leaf => leaf.encode_leaf(out),
        }
    }

    /// The type description of a compact array's element.
    fn describe(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Self::Array(elements) => {
                let count = u16::try_from(elements.len()).unwrap_or(u16::MAX);
                out.extend(count.to_be_bytes());
                elements.first().unwrap_or(&Self::Null).describe(out);
            }
            Self::Structure(elements) => {
                push_length(out, elements.len());
                for element in elements {
                    element.describe(out);
                }
            }
            _ => {}
        }
    }

    fn encode_untagged(&self, out: &mut Vec<u8>) {
        match self {
            Self::Array(elements) | Self::Structure(elements) => {
                for element in elements {
                    element.encode_untagged(out);
                }
            }
            leaf => leaf.encode_leaf(out),
        }
    }

    fn encode_leaf(&self, out: &mut Vec<u8>) {
        match self {
            Self::BitString(bits) => {
                push_length(out, bits.len());
                for eight in bits.chunks(8) {
                    let byte = eight.iter().fold(0_u8, |byte, bit| (byte << 1) | u8::from(*bit));
                    let unused = 8_usize.saturating_sub(eight.len());
                    out.push(byte.checked_shl(u32::try_from(unused).unwrap_or(0)).unwrap_or(0));
                }
            }
            Self::OctetString(bytes) | Self::VisibleString(bytes) | Self::Utf8String(bytes) => {
                push_length(out, bytes.len());
                out.extend(bytes);
            }
            Self::Boolean(value) => out.push(u8::from(*value)),
            Self::Bcd(value)
            | Self::Unsigned(value)
            | Self::Enum(value)
            | Self::DeltaUnsigned(value) => out.push(*value),
            Self::Integer(value) | Self::DeltaInteger(value) => out.extend(value.to_be_bytes()),
            Self::Long(value) | Self::DeltaLong(value) => out.extend(value.to_be_bytes()),
            Self::LongUnsigned(value) | Self::DeltaLongUnsigned(value) => {
                out.extend(value.to_be_bytes());
            }
            Self::DoubleLong(value) | Self::DeltaDoubleLong(value) => {
                out.extend(value.to_be_bytes());
            }
            Self::DoubleLongUnsigned(value) | Self::DeltaDoubleLongUnsigned(value) => {
                out.extend(value.to_be_bytes());
            }
            Self::Long64(value) => out.extend(value.to_be_bytes()),
            Self::Long64Unsigned(value) => out.extend(value.to_be_bytes()),
            Self::Float32(value) => out.extend(value.to_be_bytes()),
            Self::Float64(value) => out.extend(value.to_be_bytes()),
            Self::DateTime(bytes) => out.extend(bytes),
            Self::Date(bytes) => out.extend(bytes),
            Self::Time(bytes) => out.extend(bytes),
            Self::Null
            | Self::DontCare
            | Self::Array(_)
            | Self::Structure(_)
            | Self::CompactArray(_) => {}
        }
    }
}

fn whole<const N: usize>(content: &[u8]) -> Option<[u8; N]> {
    content.try_into().ok()
}

/// The bits of a bit string, first bit first.
fn bits(content: &[u8]) -> impl Iterator<Item = bool> + '_ {
    content.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0))
}
