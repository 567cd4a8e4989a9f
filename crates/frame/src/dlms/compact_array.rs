//! Compact arrays: a type description once, then the contents of all elements without tags.
//!
//! In: what follows the tag 13h. Out: the same nodes as if every element had carried its tags.
//!
//! # Source
//! IEC 62056-5-3, 9.5, `CompactArray` and `TypeDescription`; Blue Book 4.1.5.

use super::axdr::{DEPTH_MAX, ELEMENTS_MAX, Error, Node, leaf, leaf_node, length_error, tag};
use crate::octets::Octets;

/// The type of one element. Bounded by [`DEPTH_MAX`] levels and [`SHAPE_ELEMENTS_MAX`] parts.
enum Shape {
    Leaf(u8),
    Array(u16, Box<Shape>),
    Structure(Vec<Shape>),
}

const SHAPE_ELEMENTS_MAX: usize = 256;

pub(super) fn decode(octets: &mut Octets<'_>, nodes: &mut Vec<Node>) -> Result<(), Error> {
    let offset = octets.position().saturating_sub(1);
    let mut budget = SHAPE_ELEMENTS_MAX;
    let shape = shape(octets, 1, &mut budget)?;
    let length = octets.length().map_err(|error| length_error(error, offset))?;
    if octets.remaining() < length {
        let missing = length.saturating_sub(octets.remaining());
        return Err(Error::Truncated { offset, missing });
    }
    let end = octets.position().saturating_add(length);
    let index = nodes.len();
    nodes.push(leaf_node(tag::COMPACT_ARRAY, offset, (octets.position(), 0), index));
    let mut count = 0_u32;
    while octets.position() < end {
        let before = octets.position();
        expand(&shape, octets, nodes)?;
        // Elements without content could repeat for ever; elements past the end break the length.
        if octets.position() == before || octets.position() > end {
            return Err(Error::Length { offset });
        }
        count = count.saturating_add(1);
    }
    let behind = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    if let Some(node) = nodes.get_mut(index) {
        node.count = count;
        node.end = behind;
    }
    Ok(())
}

fn shape(octets: &mut Octets<'_>, depth: usize, budget: &mut usize) -> Result<Shape, Error> {
    let offset = octets.position();
    if depth > DEPTH_MAX {
        return Err(Error::Depth { offset });
    }
    *budget = budget.checked_sub(1).ok_or(Error::Elements { offset })?;
    let truncated = Error::Truncated { offset, missing: 1 };
    match octets.u8().ok_or(truncated)? {
        tag::ARRAY => {
            let count = octets.u16().ok_or(truncated)?;
            let element = shape(octets, depth.saturating_add(1), budget)?;
            Ok(Shape::Array(count, Box::new(element)))
        }
        tag::STRUCTURE => {
            let count = octets.length().map_err(|error| length_error(error, offset))?;
            if count > SHAPE_ELEMENTS_MAX {
                return Err(Error::Elements { offset });
            }
            let depth = depth.saturating_add(1);
            let parts = (0..count).map(|_| shape(octets, depth, budget));
            parts.collect::<Result<_, _>>().map(Shape::Structure)
        }
        tag::COMPACT_ARRAY => Err(Error::Tag { offset, got: tag::COMPACT_ARRAY }),
        leaf => Ok(Shape::Leaf(leaf)),
    }
}

fn expand(shape: &Shape, octets: &mut Octets<'_>, nodes: &mut Vec<Node>) -> Result<(), Error> {
    let offset = octets.position();
    if nodes.len() >= ELEMENTS_MAX {
        return Err(Error::Elements { offset });
    }
    let index = nodes.len();
    let count = match shape {
        Shape::Leaf(tag) => return leaf(*tag, offset, octets, nodes),
        Shape::Array(count, element) => {
            nodes.push(leaf_node(tag::ARRAY, offset, (offset, 0), index));
            for _ in 0..*count {
                expand(element, octets, nodes)?;
            }
            u32::from(*count)
        }
        Shape::Structure(parts) => {
            nodes.push(leaf_node(tag::STRUCTURE, offset, (offset, 0), index));
            for part in parts {
                expand(part, octets, nodes)?;
            }
            u32::try_from(parts.len()).unwrap_or(u32::MAX)
        }
    };
    let behind = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    if let Some(node) = nodes.get_mut(index) {
        node.count = count;
        node.end = behind;
    }
    Ok(())
}
