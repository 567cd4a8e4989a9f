//! The APDUs of a push: DataNotification, and the ciphered APDU around one.
//!
//! In: a joined message. Out: its header fields and where the rest lies. Refuses every APDU that
//! a pushing meter does not send.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.4.6): DataNotification, General-Glo-Ciphering, General-Ded-Ciphering.

use super::{axdr, date_time, gbt};
use crate::octets::{LengthError, Octets, push_length};

/// DataNotification.
pub const DATA_NOTIFICATION: u8 = 0x0F;
/// General-Glo-Ciphering: ciphered with the global key.
pub const GENERAL_GLO_CIPHERING: u8 = 0xDB;
/// General-Ded-Ciphering: ciphered with the dedicated key of an association.
pub const GENERAL_DED_CIPHERING: u8 = 0xDC;
/// Length of the authentication tag.
pub const TAG_LENGTH: usize = 12;

/// A decoded APDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apdu<'a> {
    /// Values in clear.
    Notification(Notification),
    /// An APDU under a key.
    Ciphered(Ciphered<'a>),
}

/// The header of a DataNotification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notification {
    /// Long-invoke-id-and-priority.
    pub long_invoke_id: u32,
    /// The twelve bytes of the date-time, when there is one, and where they start.
    pub date_time: Option<([u8; date_time::LENGTH], usize)>,
    /// The date-time came as a tagged octet string (`09 0C`), which the standard does not do.
    pub tagged_date_time: bool,
    /// Where the notification body starts.
    pub body_at: usize,
}

/// A ciphered APDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ciphered<'a> {
    /// Under a dedicated key instead of the global one.
    pub dedicated: bool,
    /// The system title of the sender.
    pub system_title: [u8; 8],
    /// What was done to the content.
    pub control: SecurityControl,
    /// The invocation counter.
    pub invocation_counter: u32,
    /// The protected content, without the tag.
    pub content: &'a [u8],
    /// Where the content starts, counted from the APDU's tag.
    pub content_at: usize,
    /// The authentication tag, when the security control announces one.
    pub tag: Option<[u8; TAG_LENGTH]>,
}

/// The security control byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecurityControl(pub u8);

impl SecurityControl {
    /// A tag follows the content.
    #[must_use]
    pub const fn authenticated(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// The content is encrypted.
    #[must_use]
    pub const fn encrypted(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Protected with the broadcast key.
    #[must_use]
    pub const fn broadcast(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// The content is compressed.
    #[must_use]
    pub const fn compressed(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// The security suite.
    #[must_use]
    pub const fn suite(self) -> u8 {
        self.0 & 0x0F
    }
}

/// Why the message is no APDU of a push. Offsets count from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another kind of APDU.
    #[error("an APDU with tag {got:02X} is not pushed")]
    Tag {
        /// The tag.
        got: u8,
    },
    /// The bytes end early.
    #[error("the APDU ends at byte {offset}, at least {missing} bytes early")]
    Truncated {
        /// Where the field that is not whole starts.
        offset: usize,
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// The date-time is neither absent nor of 12 bytes.
    #[error("the date-time at byte {offset} starts with {got:02X}, expected 00, 0C or 09 0C")]
    DateTime {
        /// Where its length stands.
        offset: usize,
        /// The length byte.
        got: u8,
    },
    /// The system title is not 8 bytes long.
    #[error("a system title of {got} bytes, expected 8")]
    SystemTitle {
        /// Its length.
        got: usize,
    },
    /// The content's length cannot be.
    #[error("the ciphered content's length at byte {offset} is invalid")]
    Length {
        /// Where the length stands.
        offset: usize,
    },
}

/// Decodes an APDU; the second part of the result is the position behind what was read: the whole
/// of a ciphered APDU, the header of a notification.
///
/// # Errors
/// Everything that is no notification and no ciphered APDU.
pub fn decode(bytes: &[u8]) -> Result<(Apdu<'_>, usize), Error> {
    let mut octets = Octets::new(bytes);
    match octets.u8() {
        None => Err(Error::Truncated { offset: 0, missing: 1 }),
        Some(DATA_NOTIFICATION) => {
            let notification = notification(&mut octets)?;
            Ok((Apdu::Notification(notification), notification.body_at))
        }
        Some(tag @ (GENERAL_GLO_CIPHERING | GENERAL_DED_CIPHERING)) => {
            let dedicated = tag == GENERAL_DED_CIPHERING;
            let ciphered = ciphered(&mut octets, dedicated)?;
            Ok((Apdu::Ciphered(ciphered), octets.position()))
        }
        Some(got) => Err(Error::Tag { got }),
    }
}

fn notification(octets: &mut Octets<'_>) -> Result<Notification, Error> {
    let truncated = |octets: &Octets<'_>, wanted: usize| Error::Truncated {
        offset: octets.position(),
        missing: wanted.saturating_sub(octets.remaining()),
    };
    let long_invoke_id = octets.u32().ok_or_else(|| truncated(octets, 6))?;
    let offset = octets.position();
    let mut tagged_date_time = false;
    let present = match octets.u8().ok_or_else(|| truncated(octets, 1))? {
        0x00 => false,
        0x0C => true,
        0x09 => match octets.u8().ok_or_else(|| truncated(octets, 1))? {
            0x0C => {
                tagged_date_time = true;
                true
            }
            got => return Err(Error::DateTime { offset, got }),
        },
        got => return Err(Error::DateTime { offset, got }),
    };
    let date_time = if present {
        let at = octets.position();
        let bytes = octets.array().ok_or_else(|| truncated(octets, date_time::LENGTH))?;
        Some((bytes, at))
    } else {
        None
    };
    let body_at = octets.position();
    Ok(Notification { long_invoke_id, date_time, tagged_date_time, body_at })
}

fn ciphered<'a>(octets: &mut Octets<'a>, dedicated: bool) -> Result<Ciphered<'a>, Error> {
    let truncated = |octets: &Octets<'_>, wanted: usize| Error::Truncated {
        offset: octets.position(),
        missing: wanted.saturating_sub(octets.remaining()),
    };
    match octets.u8() {
        Some(8) => {}
        Some(got) => {
            return Err(Error::SystemTitle { got: usize::from(got) });
        }
        None => return Err(truncated(octets, 15)),
    }
    let system_title = octets.array::<8>().ok_or_else(|| truncated(octets, 14))?;
    let offset = octets.position();
    let length = octets.length().map_err(|error| match error {
        LengthError::Truncated => truncated(octets, octets.remaining().saturating_add(1)),
        LengthError::Invalid => Error::Length { offset },
    })?;
    let missing = length.saturating_sub(octets.remaining());
    let at = octets.position();
    let protected = octets.take(length).ok_or(Error::Truncated { offset: at, missing })?;
    let mut inside = Octets::new(protected);
    let (Some(control), Some(invocation_counter)) = (inside.u8(), inside.u32()) else {
        return Err(Error::Length { offset });
    };
    let control = SecurityControl(control);
    let rest = inside.rest();
    let (content, tag) = if control.authenticated() {
        let (content, tag) =
            rest.split_last_chunk::<TAG_LENGTH>().ok_or(Error::Length { offset })?;
        (content, Some(*tag))
    } else {
        (rest, None)
    };
    Ok(Ciphered {
        dedicated,
        system_title,
        control,
        invocation_counter,
        content,
        content_at: at.saturating_add(inside.position()),
        tag,
    })
}

/// How much of some bytes is one APDU without a link layer around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The APDU takes this many bytes.
    Complete(usize),
    /// At least this many bytes are missing.
    Incomplete(usize),
    /// No APDU of a push starts here, as this many bytes show.
    Invalid(usize),
}

/// How many bytes the APDU at the start of `bytes` takes. `nodes` is working memory.
#[must_use]
pub fn extent(bytes: &[u8], nodes: &mut Vec<axdr::Node>) -> Extent {
    if bytes.first() == Some(&gbt::TAG) {
        return match gbt::decode(bytes) {
            Ok((_, length)) => Extent::Complete(length),
            Err(gbt::Error::Truncated { missing }) => Extent::Incomplete(missing.max(1)),
            Err(_) => Extent::Invalid(7),
        };
    }
    match decode(bytes) {
        Err(Error::Truncated { missing, .. }) => Extent::Incomplete(missing.max(1)),
        Err(_) => Extent::Invalid(2),
        Ok((Apdu::Ciphered(_), length)) => Extent::Complete(length),
        Ok((Apdu::Notification(header), _)) => match body(bytes, header.body_at, nodes) {
            Ok((end, _)) => Extent::Complete(end),
            Err(axdr::Error::Truncated { missing, .. }) => Extent::Incomplete(missing.max(1)),
            Err(axdr::Error::Tag { offset, .. }) => Extent::Invalid(offset.saturating_add(1)),
            Err(axdr::Error::Length { offset }) => Extent::Invalid(offset.saturating_add(2)),
            Err(axdr::Error::Depth { offset } | axdr::Error::Elements { offset }) => {
                Extent::Invalid(offset)
            }
        },
    }
}

/// Decodes a notification body, by the standard or else by one known deviation from it; answers
/// the position behind it and the style that fitted.
///
/// # Errors
/// What breaks the standard, when no deviation explains it.
pub fn body(
    bytes: &[u8],
    start: usize,
    nodes: &mut Vec<axdr::Node>,
) -> Result<(usize, axdr::Style), axdr::Error> {
    use axdr::Style::{AttributeDescriptors, Standard, SwappedLogicalNames};
    let rest = bytes.get(start..).unwrap_or_default();
    if starts_with_descriptors(rest) {
        return axdr::decode(bytes, start, nodes, AttributeDescriptors)
            .map(|end| (end, AttributeDescriptors));
    }
    let error = match axdr::decode(bytes, start, nodes, Standard) {
        Ok(end) => return Ok((end, Standard)),
        Err(error @ axdr::Error::Truncated { .. }) => return Err(error),
        Err(error) => error,
    };
    match axdr::decode(bytes, start, nodes, SwappedLogicalNames) {
        Ok(end) => Ok((end, SwappedLogicalNames)),
        Err(truncated @ axdr::Error::Truncated { .. }) => Err(truncated),
        Err(_) => Err(error),
    }
}

/// `{enum, array of {class, instance, attribute, value}}` with the first three untagged.
fn starts_with_descriptors(rest: &[u8]) -> bool {
    let [0x02, 0x02, 0x16, _, 0x01, after @ ..] = rest else {
        return false;
    };
    let mut octets = Octets::new(after);
    let counted = octets.length().is_ok_and(|count| count > 0);
    counted && matches!(octets.rest(), [0x02, 0x02, 0x00, _, _, _, _, _, _, 0xFF, 0x01..=0x7F, ..])
}

/// Appends a DataNotification with this header around an encoded body.
pub fn encode_notification(
    long_invoke_id: u32,
    date_time: Option<[u8; date_time::LENGTH]>,
    body: &[u8],
    out: &mut Vec<u8>,
) {
    out.push(DATA_NOTIFICATION);
    out.extend(long_invoke_id.to_be_bytes());
    match date_time {
        None => out.push(0),
        Some(bytes) => {
            out.push(0x0C);
            out.extend(bytes);
        }
    }
    out.extend(body);
}

/// Appends a ciphered APDU around protected content.
pub fn encode_ciphered(ciphered: &Ciphered<'_>, out: &mut Vec<u8>) {
    out.push(if ciphered.dedicated { GENERAL_DED_CIPHERING } else { GENERAL_GLO_CIPHERING });
    out.push(8);
    out.extend(ciphered.system_title);
    let tag = ciphered.tag.as_ref().map(<[u8; TAG_LENGTH]>::as_slice).unwrap_or_default();
    push_length(out, ciphered.content.len().saturating_add(5).saturating_add(tag.len()));
    out.push(ciphered.control.0);
    out.extend(ciphered.invocation_counter.to_be_bytes());
    out.extend(ciphered.content);
    out.extend(tag);
}
