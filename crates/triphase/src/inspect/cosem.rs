//! APDUs of a client and a server of DLMS/COSEM, field by field.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.4, 9.5); the wrapper of IEC 62056-47.

use super::Sheet;
use super::ber::{self, Element};
use frame::dlms::access_result::Refused;
use frame::dlms::association::{self, AARE, AARQ, Mechanism, RLRE, RLRQ};
use frame::dlms::axdr::{self, Document, Item, Style, tag};
use frame::dlms::get::{self, GET_REQUEST, GET_RESPONSE, Reference};
use frame::dlms::{action, service_cipher, wrapper};

/// Bytes of a wrapper's header.
const HEADER_LENGTH: usize = 8;
/// An authentication tag.
const TAG_LENGTH: usize = 12;
/// Most elements shown of one value.
const ELEMENTS_MAX: usize = 1000;
/// Longest octet string that is shown in full.
const SHOWN_MAX: usize = 32;
/// The field of an AARQ that holds a password, or a challenge.
const AUTHENTICATION: u8 = 0xAC;

/// How much of an APDU there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// Its first segment.
    First,
}

/// Names of APDUs, ciphered ones included (Green Book 9.5).
const NAMES: [(u8, &str); 22] = [
    (AARQ, "AARQ: request for an association"),
    (AARE, "AARE: answer to the request for an association"),
    (RLRQ, "RLRQ: end of the association"),
    (RLRE, "RLRE: the association has ended"),
    (GET_REQUEST, "Get-Request"),
    (GET_RESPONSE, "Get-Response"),
    (action::ACTION_REQUEST, "Action-Request: the proof of our identity"),
    (action::ACTION_RESPONSE, "Action-Response: the meter's proof"),
    (0xC8, "Get-Request, ciphered"),
    (0xCC, "Get-Response, ciphered"),
    (0xCB, "Action-Request, ciphered"),
    (0xCF, "Action-Response, ciphered"),
    (0x21, "InitiateRequest, ciphered"),
    (0x28, "InitiateResponse, ciphered"),
    (0xDB, "general-glo-ciphering"),
    (0xD8, "Exception-Response"),
    (0x0E, "ConfirmedServiceError"),
    (0x01, "InitiateRequest"),
    (0x08, "InitiateResponse"),
    (0x0F, "DataNotification"),
    (0xC2, "Event-Notification"),
    (0xE0, "general-block-transfer"),
];

/// Fields of AARQ and AARE by their tags.
const ACSE_FIELDS: [(u8, &str, &str); 13] = [
    (0x80, "protocol version", "protocol version"),
    (0xA1, "application context", "application context"),
    (0xA2, "called AP title", "result"),
    (0xA3, "called AE qualifier", "diagnostic"),
    (0xA4, "called AP invocation", "responding AP title: system title"),
    (0xA6, "calling AP title: system title", "calling AP title"),
    (0xA7, "calling AE qualifier", "calling AE qualifier"),
    (0x88, "calling AE qualifier", "responder's requirements"),
    (0x89, "calling AE qualifier", "mechanism"),
    (0x8A, "requirements", "requirements"),
    (0x8B, "mechanism", "mechanism"),
    (0xAA, "authentication", "authentication: the meter's challenge"),
    (0xBE, "user information: initiate", "user information: initiate"),
];

/// Lays out APDUs behind the TCP wrapper.
pub(super) fn lay_out_wrapped(bytes: &[u8], sheet: &mut Sheet) {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match wrapper::decode(rest) {
            Ok(Some((wrapped, length))) => {
                let count = wrapped.apdu.len();
                sheet.step("wrapper", (at, length), format!("wrapper, an APDU of {count} bytes"));
                let from = |offset: usize| at.saturating_add(offset);
                sheet.field((at, 2), "version 1");
                sheet.field((from(2), 2), format!("source wPort {}", wrapped.source));
                sheet.field((from(4), 2), format!("destination wPort {}", wrapped.destination));
                sheet.field((from(6), 2), format!("length {count}"));
                apdu_steps(wrapped.apdu, (from(HEADER_LENGTH), Part::Whole), sheet);
                at = from(length);
            }
            Ok(None) => {
                sheet.step("wrapper", (at, rest.len()), "an APDU that is not whole");
                return sheet.defect("truncated", bytes.len(), "the bytes end inside an APDU");
            }
            Err(error) => return sheet.defect("frame_length", at, error.to_string()),
        }
    }
}

/// Lays out an APDU that stands at `at`; tells whether any of it must not be shown.
pub(super) fn apdu_steps(apdu: &[u8], (at, part): (usize, Part), sheet: &mut Sheet) -> bool {
    let Some(tag) = apdu.first() else { return false };
    let name = NAMES.iter().find(|(known, _)| known == tag).map_or("APDU", |(_, name)| name);
    let first = if part == Part::First { ", its first segment" } else { "" };
    let text = format!("{name} ({tag:02X}), {} bytes{first}", apdu.len());
    sheet.step("apdu", (at, apdu.len()), text);
    if *tag == AARQ && part == Part::First {
        // Where its password ends does not show.
        sheet.hide((at, apdu.len()), "a request with what proves our identity");
        return true;
    }
    match *tag {
        AARQ => return request_steps(apdu, at, sheet),
        AARE => response_steps(apdu, at, sheet),
        GET_REQUEST => asked(apdu, at, sheet),
        GET_RESPONSE if part == Part::Whole => given(apdu, at, sheet),
        tag if service_cipher::is_ciphered(tag) => ciphered(apdu, at, sheet),
        _ => {
            if let Some(refused) = Refused::decode(apdu) {
                sheet.field((at, apdu.len()), refused.to_string());
            }
        }
    }
    false
}

fn acse_fields<'a>(apdu: &'a [u8], at: usize) -> Vec<Element<'a>> {
    let Some(whole) = ber::element(apdu, at) else { return Vec::new() };
    ber::elements(whole.content, whole.content_at).collect()
}

/// An AARQ. A password is not shown; a challenge is public.
fn request_steps(apdu: &[u8], at: usize, sheet: &mut Sheet) -> bool {
    let decoded = association::Request::decode(apdu);
    let mechanism = decoded.as_ref().map(|request| request.mechanism);
    // Mechanisms from 2 on prove without sending the secret (Green Book 9.2.7.2).
    let challenge = matches!(mechanism, Ok(Mechanism::HighGmac | Mechanism::Other(2..)));
    if let Err(error) = &decoded {
        sheet.defect("apdu_unknown", at, error.to_string());
    }
    let mut hidden = false;
    for field in acse_fields(apdu, at) {
        match (field.tag, challenge) {
            (AUTHENTICATION, true) => {
                sheet.field(field.place(), "authentication: our challenge");
            }
            (AUTHENTICATION, false) => {
                sheet.hide((field.content_at, field.content.len()), "password");
                hidden = true;
            }
            (tag, _) => {
                let name = ACSE_FIELDS.iter().find(|(known, ..)| *known == tag);
                let name = name.map_or("field", |(_, name, _)| name);
                sheet.field(field.place(), acse_text(name, &field, mechanism.ok()));
            }
        }
    }
    hidden || (decoded.is_err() && hide_all(apdu, at, sheet))
}

/// A request that cannot be read may have its password anywhere.
fn hide_all(apdu: &[u8], at: usize, sheet: &mut Sheet) -> bool {
    sheet.hide((at, apdu.len()), "a request that is not understood");
    true
}

fn acse_text(name: &str, field: &Element<'_>, mechanism: Option<Mechanism>) -> String {
    match (field.tag, mechanism) {
        (0x8B, Some(mechanism)) => format!("{name} {}: {}", mechanism.id(), proof(mechanism)),
        _ => format!("{name}, {}", hex(field.content)),
    }
}

const fn proof(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Lowest => "none",
        Mechanism::Low => "password (LLS)",
        Mechanism::HighGmac => "challenge and GMAC (HLS)",
        Mechanism::Other(_) => "another high level security",
    }
}

fn response_steps(apdu: &[u8], at: usize, sheet: &mut Sheet) {
    let response = association::Response::decode(apdu);
    for field in acse_fields(apdu, at) {
        let name = ACSE_FIELDS.iter().find(|(known, ..)| *known == field.tag);
        let name = name.map_or("field", |(_, _, name)| name);
        let text = match (&response, field.tag) {
            (Ok(response), 0xA2) => match response.outcome {
                association::Outcome::Accepted => "result: accepted".to_owned(),
                association::Outcome::RejectedPermanent => "result: refused for good".to_owned(),
                association::Outcome::RejectedTransient => "result: refused for now".to_owned(),
            },
            (Ok(response), 0xA3) => format!("diagnostic: {}", response.diagnostic),
            _ => format!("{name}, {}", hex(field.content)),
        };
        sheet.field(field.place(), text);
    }
    if let Err(error) = response {
        sheet.defect("apdu_unknown", at, error.to_string());
    }
}

/// What a Get-Request asks for.
fn asked(apdu: &[u8], at: usize, sheet: &mut Sheet) {
    let named = |reference: &Reference| match &reference.selection {
        None => reference.attribute.to_string(),
        Some(_) => format!("{}, a part of it", reference.attribute),
    };
    let place = (at.saturating_add(3), apdu.len().saturating_sub(3));
    match get::Request::decode(apdu, &mut Vec::new()) {
        Some(get::Request::Normal(id, reference)) => {
            sheet.field((at, 3), format!("one attribute, request {}", id.0));
            sheet.field(place, named(&reference));
        }
        Some(get::Request::Next(id, block)) => {
            sheet.field((at, 3), format!("next block, request {}", id.0));
            sheet.field(place, format!("the block after {block}"));
        }
        Some(get::Request::WithList(id, references)) => {
            let count = references.len();
            sheet.field((at, 3), format!("{count} attributes, request {}", id.0));
            let all: Vec<String> = references.iter().map(named).collect();
            sheet.field(place, all.join("; "));
        }
        None => sheet.field((at, apdu.len()), "not read further"),
    }
}

/// What a Get-Response gives.
fn given(apdu: &[u8], at: usize, sheet: &mut Sheet) {
    let response = match get::Response::decode(apdu) {
        Ok(response) => response,
        Err(error) => return sheet.defect("apdu_unknown", at, error.to_string()),
    };
    sheet.field((at, 3), format!("answer to request {}", response.id().0));
    // What is lent from the APDU ends with it.
    let behind = |data: &[u8]| apdu.len().saturating_sub(data.len());
    match response {
        get::Response::Normal(_, Ok(data)) => values(apdu, (at, behind(data)), sheet),
        get::Response::Normal(_, Err(result)) => {
            sheet.field((at.saturating_add(3), 2), format!("no data: {result}"));
        }
        get::Response::Block { last, number, piece, .. } => {
            let last = if last { ", the last" } else { "" };
            sheet.field((at.saturating_add(3), 5), format!("block {number}{last}"));
            match piece {
                Ok(piece) => {
                    let place = (at.saturating_add(behind(piece)), piece.len());
                    let text = format!("a block of the answer, {} bytes", piece.len());
                    sheet.step("block", place, text);
                }
                Err(result) => {
                    sheet.field((at.saturating_add(8), 2), format!("no block: {result}"));
                }
            }
        }
        get::Response::List(_, results) => list(apdu, (at, behind(results)), sheet),
    }
}

/// The results of a list, one by one.
fn list(apdu: &[u8], (at, start): (usize, usize), sheet: &mut Sheet) {
    let Some((count, taken)) = apdu.get(start..).and_then(ber::length) else { return };
    sheet.field((at.saturating_add(start), taken), format!("{count} results"));
    let mut offset = start.saturating_add(taken);
    let mut nodes = Vec::new();
    for _ in 0..count {
        let place = at.saturating_add(offset);
        match apdu.get(offset..) {
            Some([0, ..]) => {
                let data = offset.saturating_add(1);
                sheet.field((place, 1), "data");
                match axdr::decode(apdu, data, &mut nodes, Style::Standard) {
                    Ok(end) => {
                        show(apdu, &nodes, at, sheet);
                        offset = end;
                    }
                    Err(error) => return sheet.defect("axdr_invalid", place, error.to_string()),
                }
            }
            Some([1, result, ..]) => {
                let result = frame::dlms::AccessResult(*result);
                sheet.field((place, 2), format!("no data: {result}"));
                offset = offset.saturating_add(2);
            }
            _ => return sheet.defect("truncated", place, "the list of results ends early"),
        }
    }
}

/// Data from `start` on.
fn values(apdu: &[u8], (at, start): (usize, usize), sheet: &mut Sheet) {
    let mut nodes = Vec::new();
    match axdr::decode(apdu, start, &mut nodes, Style::Standard) {
        Ok(_) => show(apdu, &nodes, at, sheet),
        Err(error) => sheet.defect("axdr_invalid", at.saturating_add(start), error.to_string()),
    }
}

fn show(apdu: &[u8], nodes: &[axdr::Node], at: usize, sheet: &mut Sheet) {
    let Some(root) = Document::new(apdu, nodes).root() else { return };
    let mut waiting = vec![root];
    let mut shown = 0;
    while let Some(item) = waiting.pop().filter(|_| shown < ELEMENTS_MAX) {
        shown += 1;
        let place = at.saturating_add(item.offset());
        let length = item.end().saturating_sub(item.offset());
        if item.is_container() {
            let head = item
                .children()
                .next()
                .map_or(length, |first| first.offset().saturating_sub(item.offset()));
            sheet.field((place, head), container(&item));
            let mut children: Vec<_> = item.children().collect();
            children.reverse();
            waiting.append(&mut children);
        } else {
            sheet.step("value", (place, length), element_text(&item));
        }
    }
}

fn container(item: &Item<'_>) -> String {
    let kind = match item.tag() {
        tag::ARRAY => "an array",
        tag::STRUCTURE => "a structure",
        _ => "a container",
    };
    format!("{kind} of {}", item.count())
}

fn element_text(item: &Item<'_>) -> String {
    let content = item.content();
    if let Some(number) = item.integer() {
        return format!("{number} (type {})", item.tag());
    }
    if let Some(number) = item.float_text() {
        return format!("{number} (type {})", item.tag());
    }
    let text = std::str::from_utf8(content).ok().filter(|text| {
        !text.is_empty() && text.chars().all(|it| it.is_ascii_graphic() || it == ' ')
    });
    let obis: Option<[u8; 6]> = content.try_into().ok();
    match (item.tag(), text, obis) {
        (9 | 10 | 12, Some(text), _) => format!("\"{text}\""),
        (9, None, Some(bytes)) => format!("logical name {}", reading::Obis::from_bytes(bytes)),
        (0, ..) => "nothing".to_owned(),
        _ => format!("{} (type {})", hex(content), item.tag()),
    }
}

/// A ciphered APDU: what is in clear of it. What is ciphered stays so.
fn ciphered(apdu: &[u8], at: usize, sheet: &mut Sheet) {
    let mut offset = 1;
    let take = |offset: &mut usize| {
        let (length, taken) = ber::length(apdu.get(*offset..)?)?;
        *offset = offset.saturating_add(taken);
        Some(length)
    };
    if apdu.first() == Some(&0xDB) {
        let Some(length) = take(&mut offset) else { return };
        let title = apdu.get(offset..offset.saturating_add(length)).unwrap_or_default();
        sheet.field((at.saturating_add(offset), length), format!("system title {}", hex(title)));
        offset = offset.saturating_add(length);
    }
    let Some(length) = take(&mut offset) else { return };
    let content = apdu.get(offset..offset.saturating_add(length)).unwrap_or_default();
    let Some(([control], rest)) = content.split_first_chunk::<1>() else { return };
    let Some((counter, rest)) = rest.split_first_chunk::<4>() else { return };
    let place = at.saturating_add(offset);
    let counter = u32::from_be_bytes(*counter);
    sheet.field((place, 1), format!("security control {control:02X}"));
    sheet.field((place.saturating_add(1), 4), format!("invocation counter {counter}"));
    sheet.security.encrypted = control & 0x20 != 0;
    sheet.security.invocation_counter = Some(counter);
    let tagged = control & 0x10 != 0;
    let text = rest.len().saturating_sub(if tagged { TAG_LENGTH } else { 0 });
    let place = place.saturating_add(5);
    sheet.step("cipher", (place, text), format!("{text} bytes of ciphertext, not opened here"));
    if tagged {
        sheet.field((place.saturating_add(text), TAG_LENGTH), "authentication tag");
    }
}

/// Bytes as digits, the first ones of many.
fn hex(bytes: &[u8]) -> String {
    let mut text: Vec<String> =
        bytes.iter().take(SHOWN_MAX).map(|byte| format!("{byte:02X}")).collect();
    if bytes.len() > SHOWN_MAX {
        text.push(format!("… ({} bytes)", bytes.len()));
    }
    text.join(" ")
}
