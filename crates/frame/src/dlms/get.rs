//! GET: attributes asked for and given, one by one, in lists, in blocks.
//!
//! In: APDUs in clear. Out: typed requests and responses, data as their A-XDR bytes.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.3.7, 9.5): Get-Request, Get-Response.

use super::access_result::AccessResult;
use super::attribute::{Attribute, Selection};
use super::axdr::{self, Node, Style};
use crate::octets::{Octets, push_length};

/// Get-Request.
pub const GET_REQUEST: u8 = 0xC0;
/// Get-Response.
pub const GET_RESPONSE: u8 = 0xC4;
/// Most attributes of one request.
pub const LIST_MAX: usize = 64;
const NORMAL: u8 = 1;
const NEXT: u8 = 2;
const WITH_LIST: u8 = 3;
const WITH_DATA_BLOCK: u8 = 2;
/// Confirmed service, high priority; the lower four bits tell requests apart.
const CONFIRMED_HIGH_PRIORITY: u8 = 0xC0;

/// Tells the answers to different requests apart. **Range** 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InvokeId(pub u8);

impl InvokeId {
    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1) & 0x0F)
    }

    pub(super) const fn of(byte: u8) -> Self {
        Self(byte & 0x0F)
    }

    pub(super) const fn byte(self) -> u8 {
        CONFIRMED_HIGH_PRIORITY | (self.0 & 0x0F)
    }
}

/// An attribute with the part of it that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The attribute.
    pub attribute: Attribute,
    /// The part; `None` for all of it.
    pub selection: Option<Selection>,
}

impl Reference {
    fn encode(&self, out: &mut Vec<u8>) {
        self.attribute.encode(out);
        match &self.selection {
            None => out.push(0),
            Some(selection) => {
                out.push(1);
                selection.encode(out);
            }
        }
    }

    fn decode<'a>(octets: &mut Octets<'a>, bytes: &'a [u8], nodes: &mut Vec<Node>) -> Option<Self> {
        let attribute = Attribute::decode(octets)?;
        let selection = match octets.u8()? {
            0 => None,
            1 => {
                let (selection, end) = Selection::decode(bytes, octets.position(), nodes)?;
                *octets = Octets::at(bytes, end);
                Some(selection)
            }
            _ => return None,
        };
        Some(Self { attribute, selection })
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// One attribute.
    Normal(InvokeId, Reference),
    /// The block after this one.
    Next(InvokeId, u32),
    /// Several attributes.
    WithList(InvokeId, Vec<Reference>),
}

impl Request {
    /// The APDU.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Normal(id, reference) => {
                let mut out = vec![GET_REQUEST, NORMAL, id.byte()];
                reference.encode(&mut out);
                out
            }
            Self::Next(id, block) => {
                let mut out = vec![GET_REQUEST, NEXT, id.byte()];
                out.extend(block.to_be_bytes());
                out
            }
            Self::WithList(id, references) => {
                let mut out = vec![GET_REQUEST, WITH_LIST, id.byte()];
                push_length(&mut out, references.len());
                for reference in references {
                    reference.encode(&mut out);
                }
                out
            }
        }
    }

    /// Decodes an APDU; `None` when it is another, or broken, or asks for more than
    /// [`LIST_MAX`] attributes. `nodes` is working memory.
    #[must_use]
    pub fn decode(bytes: &[u8], nodes: &mut Vec<Node>) -> Option<Self> {
        let mut octets = Octets::new(bytes);
        if octets.u8()? != GET_REQUEST {
            return None;
        }
        let kind = octets.u8()?;
        let id = InvokeId::of(octets.u8()?);
        let request = match kind {
            NORMAL => Self::Normal(id, Reference::decode(&mut octets, bytes, nodes)?),
            NEXT => Self::Next(id, octets.u32()?),
            WITH_LIST => {
                let count = octets.length().ok().filter(|count| (1..=LIST_MAX).contains(count))?;
                let references = (0..count).map(|_| Reference::decode(&mut octets, bytes, nodes));
                Self::WithList(id, references.collect::<Option<_>>()?)
            }
            _ => return None,
        };
        (octets.remaining() == 0).then_some(request)
    }
}

/// A response. Data are A-XDR bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response<'a> {
    /// The attribute, or why not.
    Normal(InvokeId, Result<&'a [u8], AccessResult>),
    /// A piece of the answer.
    Block {
        /// Which request it answers.
        id: InvokeId,
        /// It is the last one.
        last: bool,
        /// Its number, from 1.
        number: u32,
        /// The piece, or why there is none.
        piece: Result<&'a [u8], AccessResult>,
    },
    /// The results of a list, in its order: as [`list_results`] reads them.
    List(InvokeId, &'a [u8]),
}

/// Why the bytes are no Get-Response. Offsets count from its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    /// Another APDU.
    #[error("an APDU with tag {got:02X} instead of a Get-Response")]
    Tag {
        /// The tag.
        got: u8,
    },
    /// No such kind of response.
    #[error("a Get-Response of kind {got}")]
    Kind {
        /// The kind.
        got: u8,
    },
    /// A field is missing, or says something that it cannot.
    #[error("the Get-Response is broken at byte {offset}")]
    Broken {
        /// Where.
        offset: usize,
    },
    /// The data break A-XDR.
    #[error(transparent)]
    Data(#[from] axdr::Error),
}

impl<'a> Response<'a> {
    /// Decodes an APDU.
    ///
    /// # Errors
    /// Everything that is no Get-Response.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, GetError> {
        let mut octets = Octets::new(bytes);
        match octets.u8() {
            Some(GET_RESPONSE) => {}
            Some(got) => return Err(GetError::Tag { got }),
            None => return Err(GetError::Broken { offset: 0 }),
        }
        let (Some(kind), Some(id)) = (octets.u8(), octets.u8()) else {
            return Err(GetError::Broken { offset: 1 });
        };
        let id = InvokeId::of(id);
        match kind {
            NORMAL => match octets.u8() {
                Some(0) => Ok(Self::Normal(id, Ok(octets.rest()))),
                Some(1) => {
                    let result = access_result(&mut octets)?;
                    Ok(Self::Normal(id, Err(result)))
                }
                _ => Err(GetError::Broken { offset: 3 }),
            },
            WITH_DATA_BLOCK => Self::block(id, &mut octets),
            WITH_LIST => Ok(Self::List(id, octets.rest())),
            got => Err(GetError::Kind { got }),
        }
    }

    fn block(id: InvokeId, octets: &mut Octets<'a>) -> Result<Self, GetError> {
        let broken = |octets: &Octets<'_>| GetError::Broken { offset: octets.position() };
        let last = octets.u8().ok_or_else(|| broken(octets))? != 0;
        let number = octets.u32().ok_or_else(|| broken(octets))?;
        let piece = match octets.u8() {
            Some(0) => {
                let length = octets.length().map_err(|_| broken(octets))?;
                let piece = octets.take(length).filter(|_| octets.remaining() == 0);
                Ok(piece.ok_or_else(|| broken(octets))?)
            }
            Some(1) => Err(access_result(octets)?),
            _ => return Err(broken(octets)),
        };
        Ok(Self::Block { id, last, number, piece })
    }

    /// Which request it answers.
    #[must_use]
    pub const fn id(&self) -> InvokeId {
        match self {
            Self::Normal(id, _) | Self::Block { id, .. } | Self::List(id, _) => *id,
        }
    }

    /// The APDU.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Normal(id, result) => {
                let mut out = vec![GET_RESPONSE, NORMAL, id.byte()];
                push_result(*result, &mut out);
                out
            }
            Self::Block { id, last, number, piece } => {
                let mut out = vec![GET_RESPONSE, WITH_DATA_BLOCK, id.byte(), u8::from(*last)];
                out.extend(number.to_be_bytes());
                match piece {
                    Ok(piece) => {
                        out.push(0);
                        push_length(&mut out, piece.len());
                        out.extend(*piece);
                    }
                    Err(result) => out.extend([1, result.0]),
                }
                out
            }
            Self::List(id, results) => {
                let mut out = vec![GET_RESPONSE, WITH_LIST, id.byte()];
                out.extend(*results);
                out
            }
        }
    }
}

fn access_result(octets: &mut Octets<'_>) -> Result<AccessResult, GetError> {
    let offset = octets.position();
    let result = octets.u8().filter(|_| octets.remaining() == 0);
    result.map(AccessResult).ok_or(GetError::Broken { offset })
}

fn push_result(result: Result<&[u8], AccessResult>, out: &mut Vec<u8>) {
    match result {
        Ok(data) => {
            out.push(0);
            out.extend(data);
        }
        Err(result) => out.extend([1, result.0]),
    }
}

/// The results of a list, as A-XDR bytes or the reason, in the order of the request. `nodes` is
/// working memory.
///
/// # Errors
/// Data that break A-XDR, more than [`LIST_MAX`] results, bytes behind the last one.
pub fn list_results<'a>(
    bytes: &'a [u8],
    nodes: &mut Vec<Node>,
) -> Result<Vec<Result<&'a [u8], AccessResult>>, GetError> {
    let mut octets = Octets::new(bytes);
    let broken = |octets: &Octets<'_>| GetError::Broken { offset: octets.position() };
    let count = octets.length().map_err(|_| broken(&octets))?;
    if count > LIST_MAX {
        return Err(GetError::Broken { offset: 0 });
    }
    let mut results = Vec::with_capacity(count);
    for _ in 0..count {
        results.push(match octets.u8() {
            Some(0) => {
                let start = octets.position();
                let end = axdr::decode(bytes, start, nodes, Style::Standard)?;
                octets = Octets::at(bytes, end);
                Ok(bytes.get(start..end).unwrap_or_default())
            }
            Some(1) => Err(AccessResult(octets.u8().ok_or_else(|| broken(&octets))?)),
            _ => return Err(broken(&octets)),
        });
    }
    if octets.remaining() > 0 {
        return Err(broken(&octets));
    }
    Ok(results)
}

/// Encodes the results of a list, as [`list_results`] reads them.
#[must_use]
pub fn encode_list_results(results: &[Result<Vec<u8>, AccessResult>]) -> Vec<u8> {
    let mut out = Vec::new();
    push_length(&mut out, results.len());
    for result in results {
        push_result(result.as_deref().map_err(|result| *result), &mut out);
    }
    out
}
