//! A-XDR (IEC 61334-6) of every data type of the Blue Book, as a flat list of nodes.
//!
//! In: bytes. Out: one [`Node`] per element in reading order, containers before their elements,
//! each with its position. Nothing is copied; the list is the caller's and is reused from message
//! to message. Refuses unknown tags, deeper nesting and more elements than the named maxima.
//!
//! # Source
//! IEC 62056-6-2 (Blue Book) 4.1.5, table "common data types"; IEC 62056-5-3, clause 9.

use super::compact_array;
use crate::octets::{LengthError, Octets};

/// Most containers inside one another.
pub const DEPTH_MAX: usize = 16;
/// Most elements of one message, containers included.
pub const ELEMENTS_MAX: usize = 32_768;

/// Type tags of the Blue Book.
#[allow(missing_docs)]
pub mod tag {
    pub const NULL: u8 = 0;
    pub const ARRAY: u8 = 1;
    pub const STRUCTURE: u8 = 2;
    pub const BOOLEAN: u8 = 3;
    pub const BIT_STRING: u8 = 4;
    pub const DOUBLE_LONG: u8 = 5;
    pub const DOUBLE_LONG_UNSIGNED: u8 = 6;
    pub const OCTET_STRING: u8 = 9;
    pub const VISIBLE_STRING: u8 = 10;
    pub const UTF8_STRING: u8 = 12;
    pub const BCD: u8 = 13;
    pub const INTEGER: u8 = 15;
    pub const LONG: u8 = 16;
    pub const UNSIGNED: u8 = 17;
    pub const LONG_UNSIGNED: u8 = 18;
    pub const COMPACT_ARRAY: u8 = 19;
    pub const LONG64: u8 = 20;
    pub const LONG64_UNSIGNED: u8 = 21;
    pub const ENUM: u8 = 22;
    pub const FLOAT32: u8 = 23;
    pub const FLOAT64: u8 = 24;
    pub const DATE_TIME: u8 = 25;
    pub const DATE: u8 = 26;
    pub const TIME: u8 = 27;
    pub const DELTA_INTEGER: u8 = 28;
    pub const DELTA_LONG: u8 = 29;
    pub const DELTA_DOUBLE_LONG: u8 = 30;
    pub const DELTA_UNSIGNED: u8 = 31;
    pub const DELTA_LONG_UNSIGNED: u8 = 32;
    pub const DELTA_DOUBLE_LONG_UNSIGNED: u8 = 33;
    pub const DONT_CARE: u8 = 255;
    /// Not of the Blue Book: an untagged attribute descriptor (class, instance, attribute).
    pub const ATTRIBUTE_DESCRIPTOR: u8 = 254;
}

/// Ways in which meters are known to leave the standard, accepted on demand only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// The standard and nothing else.
    #[default]
    Standard,
    /// Arrays of pairs whose first part is an untagged attribute descriptor of 9 bytes.
    AttributeDescriptors,
    /// Structures whose first element, a logical name, has tag and length swapped: `06 09`.
    SwappedLogicalNames,
}

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The type tag.
    pub tag: u8,
    /// Where the element starts, counted from the first byte given to [`decode`].
    pub offset: u32,
    /// Where its content starts, behind tag and length.
    pub content: u32,
    /// How many bytes the content takes; 0 for a container.
    pub length: u32,
    /// Elements of a container, bits of a bit string.
    pub count: u32,
    /// Index of the first node behind this one and its elements.
    pub end: u32,
}

/// Why the bytes are no A-XDR data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end too early.
    #[error("the data end at byte {offset} of the APDU, at least {missing} bytes early")]
    Truncated {
        /// Start of the element that is not whole.
        offset: usize,
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// No data type has this tag.
    #[error("no data type has the tag {got:02X} (byte {offset} of the APDU)")]
    Tag {
        /// Where the tag stands.
        offset: usize,
        /// The tag.
        got: u8,
    },
    /// A length that A-XDR does not allow.
    #[error("invalid length at byte {offset} of the APDU")]
    Length {
        /// Where the element starts.
        offset: usize,
    },
    /// More than [`DEPTH_MAX`] containers inside one another.
    #[error("more than {DEPTH_MAX} nested containers at byte {offset}")]
    Depth {
        /// Where the innermost container starts.
        offset: usize,
    },
    /// More than [`ELEMENTS_MAX`] elements.
    #[error("more than {ELEMENTS_MAX} elements at byte {offset}")]
    Elements {
        /// Where the first element too many starts.
        offset: usize,
    },
}

#[derive(Clone, Copy, Default)]
struct Open {
    node: usize,
    tag: u8,
    remaining: u32,
    count: u32,
}

/// Decodes one element with everything in it from `bytes[start..]` into `nodes`, which is cleared
/// first; answers the position behind it.
///
/// On [`Error::Truncated`] the nodes hold what was whole, containers closed where the bytes ended.
///
/// # Errors
/// Data that break A-XDR, end early or pass a bound.
pub fn decode(
    bytes: &[u8],
    start: usize,
    nodes: &mut Vec<Node>,
    style: Style,
) -> Result<usize, Error> {
    nodes.clear();
    let mut stack = [Open::default(); DEPTH_MAX];
    let mut depth = 0_usize;
    let mut octets = Octets::at(bytes, start);
    let result = loop {
        let parent = depth.checked_sub(1).and_then(|top| stack.get(top).copied());
        let grandparent = depth.checked_sub(2).and_then(|top| stack.get(top).copied());
        let place = Place { parent, grandparent, style };
        match element(&mut octets, nodes, &place) {
            Ok(None) => count_element(&mut stack, depth),
            Ok(Some(open)) => {
                count_element(&mut stack, depth);
                let Some(slot) = stack.get_mut(depth) else {
                    break Err(Error::Depth { offset: octets.position() });
                };
                *slot = open;
                depth = depth.saturating_add(1);
            }
            Err(Error::Truncated { offset, missing }) => {
                let open = stack.iter().take(depth);
                let waiting = open.fold(0_u32, |sum, open| sum.saturating_add(open.remaining));
                let waiting = usize::try_from(waiting).unwrap_or(usize::MAX).saturating_sub(1);
                break Err(Error::Truncated { offset, missing: missing.saturating_add(waiting) });
            }
            Err(error) => break Err(error),
        }
        // A container without elements is closed at once, and may have been the last of its own.
        while let Some(top) = depth.checked_sub(1)
            && let Some(open) = stack.get(top)
            && open.remaining == 0
        {
            close(nodes, open.node);
            depth = top;
        }
        if depth == 0 {
            break Ok(octets.position());
        }
    };
    for open in stack.iter().take(depth) {
        close(nodes, open.node);
    }
    result
}

/// How many elements the array at the start of `bytes` announces, and where the first one starts:
/// for arrays whose elements are decoded one by one. `None` when no array starts there.
#[must_use]
pub fn array_header(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut octets = Octets::new(bytes);
    if octets.u8()? != tag::ARRAY {
        return None;
    }
    let count = octets.length().ok()?;
    Some((count, octets.position()))
}

fn close(nodes: &mut [Node], index: usize) {
    let end = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    if let Some(node) = nodes.get_mut(index) {
        node.end = end;
    }
}

/// One element fewer is awaited by the innermost open container.
fn count_element(stack: &mut [Open], depth: usize) {
    if let Some(open) = depth.checked_sub(1).and_then(|top| stack.get_mut(top)) {
        open.remaining = open.remaining.saturating_sub(1);
    }
}

struct Place {
    parent: Option<Open>,
    grandparent: Option<Open>,
    style: Style,
}

impl Place {
    /// Whether the element about to be read is the first of a structure.
    fn opens_structure(&self) -> bool {
        self.parent.is_some_and(|open| open.tag == tag::STRUCTURE && open.remaining == open.count)
    }

    fn expects_descriptor(&self) -> bool {
        self.style == Style::AttributeDescriptors
            && self.opens_structure()
            && self.parent.is_some_and(|open| open.count == 2)
            && self.grandparent.is_some_and(|open| open.tag == tag::ARRAY)
    }
}

fn element(
    octets: &mut Octets<'_>,
    nodes: &mut Vec<Node>,
    place: &Place,
) -> Result<Option<Open>, Error> {
    let offset = octets.position();
    if nodes.len() >= ELEMENTS_MAX {
        return Err(Error::Elements { offset });
    }
    if place.expects_descriptor() {
        octets.take(9).ok_or(Error::Truncated { offset, missing: 9 })?;
        nodes.push(leaf_node(tag::ATTRIBUTE_DESCRIPTOR, offset, (offset, 9), nodes.len()));
        return Ok(None);
    }
    if place.style == Style::SwappedLogicalNames
        && place.opens_structure()
        && matches!(octets.rest(), [0x06, 0x09, _, _, _, _, _, 0xFF, ..])
    {
        octets.take(8).ok_or(Error::Truncated { offset, missing: 8 })?;
        let content = (offset.saturating_add(2), 6);
        nodes.push(leaf_node(tag::OCTET_STRING, offset, content, nodes.len()));
        return Ok(None);
    }
    let tag = octets.u8().ok_or(Error::Truncated { offset, missing: 1 })?;
    match tag {
        tag::ARRAY | tag::STRUCTURE => {
            let count = octets.length().map_err(|error| length_error(error, offset))?;
            let count = u32::try_from(count).map_err(|_| Error::Length { offset })?;
            let mut node = leaf_node(tag, offset, (octets.position(), 0), nodes.len());
            node.count = count;
            let open = Open { node: nodes.len(), tag, remaining: count, count };
            nodes.push(node);
            Ok(Some(open))
        }
        tag::COMPACT_ARRAY => compact_array::decode(octets, nodes).map(|()| None),
        _ => leaf(tag, offset, octets, nodes).map(|()| None),
    }
}

/// Reads what follows the tag of a type that contains no others.
pub(super) fn leaf(
    tag: u8,
    offset: usize,
    octets: &mut Octets<'_>,
    nodes: &mut Vec<Node>,
) -> Result<(), Error> {
    let mut bits = 0;
    let length = match (fixed_length(tag), tag) {
        (Some(length), _) => length,
        (None, tag::OCTET_STRING | tag::VISIBLE_STRING | tag::UTF8_STRING) => {
            octets.length().map_err(|error| length_error(error, offset))?
        }
        (None, tag::BIT_STRING) => {
            bits = octets.length().map_err(|error| length_error(error, offset))?;
            bits.div_ceil(8)
        }
        _ => return Err(Error::Tag { offset, got: tag }),
    };
    let start = octets.position();
    if octets.take(length).is_none() {
        let missing = length.saturating_sub(octets.remaining());
        return Err(Error::Truncated { offset, missing });
    }
    let mut node = leaf_node(tag, offset, (start, length), nodes.len());
    node.count = u32::try_from(bits).unwrap_or(u32::MAX);
    nodes.push(node);
    Ok(())
}

pub(super) fn leaf_node(tag: u8, offset: usize, content: (usize, usize), index: usize) -> Node {
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Node {
        tag,
        offset: small(offset),
        content: small(content.0),
        length: small(content.1),
        count: 0,
        end: small(index.saturating_add(1)),
    }
}

pub(super) fn length_error(error: LengthError, offset: usize) -> Error {
    match error {
        LengthError::Truncated => Error::Truncated { offset, missing: 1 },
        LengthError::Invalid => Error::Length { offset },
    }
}

const fn fixed_length(tag: u8) -> Option<usize> {
    Some(match tag {
        tag::NULL | tag::DONT_CARE => 0,
        tag::BOOLEAN
        | tag::BCD
        | tag::INTEGER
        | tag::UNSIGNED
        | tag::ENUM
        | tag::DELTA_INTEGER
        | tag::DELTA_UNSIGNED => 1,
        tag::LONG | tag::LONG_UNSIGNED | tag::DELTA_LONG | tag::DELTA_LONG_UNSIGNED => 2,
        tag::DOUBLE_LONG
        | tag::DOUBLE_LONG_UNSIGNED
        | tag::FLOAT32
        | tag::TIME
        | tag::DELTA_DOUBLE_LONG
        | tag::DELTA_DOUBLE_LONG_UNSIGNED => 4,
        tag::DATE => 5,
        tag::LONG64 | tag::LONG64_UNSIGNED | tag::FLOAT64 => 8,
        tag::DATE_TIME => 12,
        _ => return None,
    })
}

/// Decoded data: the bytes with the nodes found in them.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    bytes: &'a [u8],
    nodes: &'a [Node],
}

impl<'a> Document<'a> {
    /// The data that [`decode`] found in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], nodes: &'a [Node]) -> Self {
        Self { bytes, nodes }
    }

    /// The outermost element.
    #[must_use]
    pub fn root(&self) -> Option<Item<'a>> {
        self.item(0)
    }

    fn item(&self, index: usize) -> Option<Item<'a>> {
        let node = self.nodes.get(index)?;
        Some(Item { document: *self, node, index })
    }
}

/// One element of a [`Document`].
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    document: Document<'a>,
    node: &'a Node,
    index: usize,
}

impl<'a> Item<'a> {
    /// The type tag.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        self.node.tag
    }

    /// Where the element starts in the bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        usize::try_from(self.node.offset).unwrap_or(usize::MAX)
    }

    /// Where its content starts in the bytes.
    #[must_use]
    pub fn content_offset(&self) -> usize {
        usize::try_from(self.node.content).unwrap_or(usize::MAX)
    }

    /// The content bytes; empty for containers.
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        let start = self.content_offset();
        let length = usize::try_from(self.node.length).unwrap_or(usize::MAX);
        let content = self.document.bytes.get(start..start.saturating_add(length));
        content.unwrap_or_default()
    }

    /// Where the element and everything in it ends in the bytes.
    #[must_use]
    pub fn end(&self) -> usize {
        let last = usize::try_from(self.node.end).ok().and_then(|end| end.checked_sub(1));
        let last = last.and_then(|index| self.document.nodes.get(index)).unwrap_or(self.node);
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        place(last.content).saturating_add(place(last.length))
    }

    /// The elements that a container announces, the bits of a bit string.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::try_from(self.node.count).unwrap_or(usize::MAX)
    }

    /// Whether it is an array, a compact array or a structure.
    #[must_use]
    pub const fn is_container(&self) -> bool {
        matches!(self.node.tag, tag::ARRAY | tag::STRUCTURE | tag::COMPACT_ARRAY)
    }

    /// Whether it is a structure of `count` elements.
    #[must_use]
    pub fn is_structure_of(&self, count: usize) -> bool {
        self.node.tag == tag::STRUCTURE && self.count() == count
    }

    /// The elements of a container, in order; none for other types.
    #[must_use]
    pub fn children(&self) -> Children<'a> {
        let end = usize::try_from(self.node.end).unwrap_or(usize::MAX);
        Children {
            document: self.document,
            next: self.index.saturating_add(1),
            end: if self.is_container() { end } else { 0 },
        }
    }

    /// The first `N` elements of a container that has exactly `N`.
    #[must_use]
    pub fn elements<const N: usize>(&self) -> Option<[Item<'a>; N]> {
        if !self.is_container() || self.count() != N {
            return None;
        }
        let mut children = self.children();
        let mut items = [*self; N];
        for item in &mut items {
            *item = children.next()?;
        }
        Some(items)
    }

    /// The whole number, of every integer type, boolean and enum; `None` for other types and for
    /// unsigned numbers beyond `i64`.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        let content = self.content();
        match self.node.tag {
            tag::BOOLEAN => Some(i64::from(first::<1>(content)? != [0])),
            tag::UNSIGNED | tag::ENUM | tag::DELTA_UNSIGNED => {
                Some(i64::from(u8::from_be_bytes(first(content)?)))
            }
            tag::INTEGER | tag::DELTA_INTEGER => {
                Some(i64::from(i8::from_be_bytes(first(content)?)))
            }
            tag::LONG_UNSIGNED | tag::DELTA_LONG_UNSIGNED => {
                Some(i64::from(u16::from_be_bytes(first(content)?)))
            }
            tag::LONG | tag::DELTA_LONG => Some(i64::from(i16::from_be_bytes(first(content)?))),
            tag::DOUBLE_LONG_UNSIGNED | tag::DELTA_DOUBLE_LONG_UNSIGNED => {
                Some(i64::from(u32::from_be_bytes(first(content)?)))
            }
            tag::DOUBLE_LONG | tag::DELTA_DOUBLE_LONG => {
                Some(i64::from(i32::from_be_bytes(first(content)?)))
            }
            tag::LONG64 => Some(i64::from_be_bytes(first(content)?)),
            tag::LONG64_UNSIGNED => i64::try_from(u64::from_be_bytes(first(content)?)).ok(),
            tag::BCD => bcd(u8::from_be_bytes(first(content)?)),
            _ => None,
        }
    }

    /// The floating-point number in the shortest digits that tell it from its neighbours.
    #[must_use]
    pub fn float_text(&self) -> Option<String> {
        let content = self.content();
        match self.node.tag {
            tag::FLOAT32 => Some(f32::from_be_bytes(first(content)?)).map(|v| format!("{v:e}")),
            tag::FLOAT64 => Some(f64::from_be_bytes(first(content)?)).map(|v| format!("{v:e}")),
            _ => None,
        }
    }
}

fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk::<N>().copied()
}

/// Two packed decimal digits; `None` when a nibble is no digit.
fn bcd(byte: u8) -> Option<i64> {
    let (tens, ones) = (byte >> 4, byte & 0x0F);
    (tens <= 9 && ones <= 9).then(|| i64::from(tens).wrapping_mul(10).wrapping_add(i64::from(ones)))
}

/// Elements of a container, one after the other.
#[derive(Debug, Clone)]
pub struct Children<'a> {
    document: Document<'a>,
    next: usize,
    end: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if self.next >= self.end {
            return None;
        }
        let item = self.document.item(self.next)?;
        self.next = usize::try_from(item.node.end).unwrap_or(usize::MAX);
        Some(item)
    }
}

#[cfg(test)]
mod tests;
