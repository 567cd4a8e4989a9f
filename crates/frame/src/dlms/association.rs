//! AARQ, AARE, RLRQ, RLRE: how an association between client and server begins and ends.
//!
//! In: BER-encoded ACSE APDUs. Out: who asks, by which mechanism, and what was decided. Referencing
//! by logical names only.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.4.2.2, 9.5): ACSE APDUs; object identifiers 2.16.756.5.8.1 and .2.

use crate::octets::{Octets, push_length};

/// AARQ.
pub const AARQ: u8 = 0x60;
/// AARE.
pub const AARE: u8 = 0x61;
/// RLRQ.
pub const RLRQ: u8 = 0x62;
/// RLRE.
pub const RLRE: u8 = 0x63;
/// Most bytes of a challenge or a password (Green Book 9.2.2.2.2: 8 to 64).
pub const CHALLENGE_MAX: usize = 64;

const CONTEXT: [u8; 6] = [0x60, 0x85, 0x74, 0x05, 0x08, 0x01];
const MECHANISM: [u8; 6] = [0x60, 0x85, 0x74, 0x05, 0x08, 0x02];
/// One bit: the authentication functional unit.
const ACSE_REQUIREMENTS: [u8; 2] = [0x07, 0x80];

/// How the client proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// Not at all.
    Lowest,
    /// LLS: a password.
    Low,
    /// HLS with GMAC, mechanism 5.
    HighGmac,
    /// A mechanism that is not spoken here.
    Other(u8),
}

impl Mechanism {
    const fn of(id: u8) -> Self {
        match id {
            0 => Self::Lowest,
            1 => Self::Low,
            5 => Self::HighGmac,
            other => Self::Other(other),
        }
    }

    /// The last arc of its object identifier.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Lowest => 0,
            Self::Low => 1,
            Self::HighGmac => 5,
            Self::Other(id) => id,
        }
    }
}

/// A request for an association.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// APDUs of the association are ciphered.
    pub ciphered: bool,
    /// The client's system title, where something is ciphered.
    pub system_title: Option<[u8; 8]>,
    /// How the client proves who it is.
    pub mechanism: Mechanism,
    /// The password, or the client's challenge; empty for [`Mechanism::Lowest`].
    pub authentication: Vec<u8>,
    /// The InitiateRequest, ciphered or not.
    pub initiate: Vec<u8>,
}

/// What the server decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The association stands, or waits for the second half of the proof.
    Accepted,
    /// It will never stand as asked for.
    RejectedPermanent,
    /// It does not stand now.
    RejectedTransient,
}

/// Why it decided so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diagnostic {
    /// Of the ACSE service user; 0 is none, 13 authentication failure, 14 authentication required.
    User(u8),
    /// Of the ACSE service provider.
    Provider(u8),
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Self::User(0) | Self::Provider(0) => "no reason",
            Self::User(1) | Self::Provider(1) => "no reason given",
            Self::User(2) => "application context not supported",
            Self::User(3) => "calling AP title not recognised",
            Self::User(11) => "authentication mechanism not recognised",
            Self::User(12) => "authentication mechanism required",
            Self::User(13) => "authentication failure",
            Self::User(14) => "authentication required",
            Self::Provider(2) => "no common ACSE version",
            Self::User(other) => return write!(f, "diagnostic {other}"),
            Self::Provider(other) => return write!(f, "provider diagnostic {other}"),
        };
        f.write_str(text)
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// APDUs of the association are ciphered.
    pub ciphered: bool,
    /// What was decided.
    pub outcome: Outcome,
    /// Why.
    pub diagnostic: Diagnostic,
    /// The server's system title, where something is ciphered.
    pub system_title: Option<[u8; 8]>,
    /// The mechanism that the server names.
    pub mechanism: Option<Mechanism>,
    /// The server's challenge.
    pub authentication: Vec<u8>,
    /// The InitiateResponse or ConfirmedServiceError, ciphered or not; empty when there is none.
    pub initiate: Vec<u8>,
}

/// Why the bytes are no ACSE APDU. Offsets count from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssociationError {
    /// Another tag.
    #[error("an APDU with tag {got:02X}, expected {expected:02X}")]
    Tag {
        /// The tag.
        got: u8,
        /// The one expected.
        expected: u8,
    },
    /// The bytes end early, or a length does not fit.
    #[error("a length does not fit at byte {offset}")]
    Length {
        /// Where.
        offset: usize,
    },
    /// A field says something that it cannot.
    #[error("field {tag:02X} holds what it cannot (byte {offset})")]
    Field {
        /// The field's tag.
        tag: u8,
        /// Where its content starts.
        offset: usize,
    },
    /// The application context is not one of logical name referencing.
    #[error("application context {got} is not one of logical names")]
    Context {
        /// The last arc of its object identifier.
        got: u8,
    },
    /// No application context.
    #[error("no application context is named")]
    NoContext,
}

struct Fields<'a> {
    octets: Octets<'a>,
}

struct Field<'a> {
    tag: u8,
    content: &'a [u8],
    offset: usize,
}

impl<'a> Fields<'a> {
    fn of(bytes: &'a [u8], expected: u8) -> Result<Self, AssociationError> {
        let mut octets = Octets::new(bytes);
        match octets.u8() {
            Some(got) if got == expected => {}
            Some(got) => return Err(AssociationError::Tag { got, expected }),
            None => return Err(AssociationError::Length { offset: 0 }),
        }
        let invalid = AssociationError::Length { offset: 1 };
        let length = octets.length().map_err(|_| invalid)?;
        let start = octets.position();
        octets.take(length).ok_or(invalid)?;
        let whole = bytes.get(..octets.position()).unwrap_or_default();
        Ok(Self { octets: Octets::at(whole, start) })
    }

    fn next(&mut self) -> Result<Option<Field<'a>>, AssociationError> {
        let at = self.octets.position();
        let Some(tag) = self.octets.u8() else {
            return Ok(None);
        };
        let invalid = AssociationError::Length { offset: at.saturating_add(1) };
        let length = self.octets.length().map_err(|_| invalid)?;
        let offset = self.octets.position();
        let content = self.octets.take(length).ok_or(invalid)?;
        Ok(Some(Field { tag, content, offset }))
    }
}

impl<'a> Field<'a> {
    const fn wrong(&self) -> AssociationError {
        AssociationError::Field { tag: self.tag, offset: self.offset }
    }

    /// The content of the one element inside, which has this tag.
    fn inside(&self, tag: u8) -> Result<&'a [u8], AssociationError> {
        let mut octets = Octets::new(self.content);
        let found = octets.u8() == Some(tag);
        let length = octets.length().map_err(|_| self.wrong())?;
        let content = octets.take(length).filter(|_| found && octets.remaining() == 0);
        content.ok_or_else(|| self.wrong())
    }

    fn context(&self) -> Result<bool, AssociationError> {
        let name = self.inside(0x06)?;
        match name.strip_prefix(&CONTEXT) {
            Some([1]) => Ok(false),
            Some([3]) => Ok(true),
            Some([got]) => Err(AssociationError::Context { got: *got }),
            _ => Err(self.wrong()),
        }
    }

    fn mechanism(&self) -> Result<Mechanism, AssociationError> {
        match self.content.strip_prefix(&MECHANISM) {
            Some([id]) => Ok(Mechanism::of(*id)),
            _ => Err(self.wrong()),
        }
    }

    fn title(&self) -> Result<Option<[u8; 8]>, AssociationError> {
        let bytes = self.inside(0x04)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        bytes.try_into().map(Some).map_err(|_| self.wrong())
    }

    fn authentication(&self) -> Result<Vec<u8>, AssociationError> {
        let value = self.inside(0x80)?;
        if value.len() > CHALLENGE_MAX {
            return Err(self.wrong());
        }
        Ok(value.to_vec())
    }

    fn integer(&self) -> Result<u8, AssociationError> {
        match self.inside(0x02)? {
            [value] => Ok(*value),
            _ => Err(self.wrong()),
        }
    }

    fn diagnostic(&self) -> Result<Diagnostic, AssociationError> {
        let [choice @ (0xA1 | 0xA2), 3, 2, 1, value] = self.content else {
            return Err(self.wrong());
        };
        Ok(if *choice == 0xA1 { Diagnostic::User(*value) } else { Diagnostic::Provider(*value) })
    }
}

impl Request {
    /// Decodes an AARQ.
    ///
    /// # Errors
    /// Everything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, AssociationError> {
        let mut fields = Fields::of(bytes, AARQ)?;
        let mut context = None;
        let mut request = Self {
            ciphered: false,
            system_title: None,
            mechanism: Mechanism::Lowest,
            authentication: Vec::new(),
            initiate: Vec::new(),
        };
        while let Some(field) = fields.next()? {
            match field.tag {
                0xA1 => context = Some(field.context()?),
                0xA6 => request.system_title = field.title()?,
                0x8B => request.mechanism = field.mechanism()?,
                0xAC => request.authentication = field.authentication()?,
                0xBE => request.initiate = field.inside(0x04)?.to_vec(),
                // Protocol version, other titles and qualifiers, requirements, certificates.
                _ => {}
            }
        }
        request.ciphered = context.ok_or(AssociationError::NoContext)?;
        Ok(request)
    }

    /// Encodes an AARQ.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut content = Vec::new();
        push_context(self.ciphered, &mut content);
        if let Some(title) = &self.system_title {
            push(0xA6, &element(0x04, title), &mut content);
        }
        if self.mechanism != Mechanism::Lowest {
            push(0x8A, &ACSE_REQUIREMENTS, &mut content);
            push_mechanism(0x8B, self.mechanism, &mut content);
            push(0xAC, &element(0x80, &self.authentication), &mut content);
        }
        push(0xBE, &element(0x04, &self.initiate), &mut content);
        element(AARQ, &content)
    }
}

impl Response {
    /// Decodes an AARE.
    ///
    /// # Errors
    /// Everything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, AssociationError> {
        let mut fields = Fields::of(bytes, AARE)?;
        let mut context = None;
        let mut response = Self {
            ciphered: false,
            outcome: Outcome::RejectedPermanent,
            diagnostic: Diagnostic::User(0),
            system_title: None,
            mechanism: None,
            authentication: Vec::new(),
            initiate: Vec::new(),
        };
        while let Some(field) = fields.next()? {
            match field.tag {
                0xA1 => context = Some(field.context()?),
                0xA2 => {
                    response.outcome = match field.integer()? {
                        0 => Outcome::Accepted,
                        1 => Outcome::RejectedPermanent,
                        2 => Outcome::RejectedTransient,
                        _ => return Err(field.wrong()),
                    };
                }
                0xA3 => response.diagnostic = field.diagnostic()?,
                0xA4 => response.system_title = field.title()?,
                0x89 => response.mechanism = Some(field.mechanism()?),
                0xAA => response.authentication = field.authentication()?,
                0xBE => response.initiate = field.inside(0x04)?.to_vec(),
                _ => {}
            }
        }
        response.ciphered = context.ok_or(AssociationError::NoContext)?;
        Ok(response)
    }

    /// Encodes an AARE.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut content = Vec::new();
        push_context(self.ciphered, &mut content);
        let outcome = match self.outcome {
            Outcome::Accepted => 0,
            Outcome::RejectedPermanent => 1,
            Outcome::RejectedTransient => 2,
        };
        push(0xA2, &element(0x02, &[outcome]), &mut content);
        let diagnostic = match self.diagnostic {
            Diagnostic::User(value) => element(0xA1, &element(0x02, &[value])),
            Diagnostic::Provider(value) => element(0xA2, &element(0x02, &[value])),
        };
        push(0xA3, &diagnostic, &mut content);
        if let Some(title) = &self.system_title {
            push(0xA4, &element(0x04, title), &mut content);
        }
        if let Some(mechanism) = self.mechanism {
            push(0x88, &ACSE_REQUIREMENTS, &mut content);
            push_mechanism(0x89, mechanism, &mut content);
        }
        if !self.authentication.is_empty() {
            push(0xAA, &element(0x80, &self.authentication), &mut content);
        }
        if !self.initiate.is_empty() {
            push(0xBE, &element(0x04, &self.initiate), &mut content);
        }
        element(AARE, &content)
    }
}

/// RLRQ with reason "normal".
#[must_use]
pub fn release_request() -> Vec<u8> {
    element(RLRQ, &[0x80, 1, 0])
}

/// RLRE with reason "normal".
#[must_use]
pub fn release_response() -> Vec<u8> {
    element(RLRE, &[0x80, 1, 0])
}

fn push_context(ciphered: bool, out: &mut Vec<u8>) {
    let name = [&CONTEXT[..], &[if ciphered { 3 } else { 1 }]].concat();
    push(0xA1, &element(0x06, &name), out);
}

fn push_mechanism(tag: u8, mechanism: Mechanism, out: &mut Vec<u8>) {
    push(tag, &[&MECHANISM[..], &[mechanism.id()]].concat(), out);
}

fn push(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    push_length(out, content.len());
    out.extend(content);
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len().saturating_add(5));
    push(tag, content, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        crate::capture_text::bytes_of_text(hex.as_bytes()).expect("hex")
    }

    #[test]
    fn reads_and_writes_the_standards_requests() {
        // Green Book 11.3: lowest level, then low level with the password "12345678".
        let lowest = bytes("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0");
        let request = Request::decode(&lowest).expect("valid");
        assert_eq!((request.mechanism, request.ciphered), (Mechanism::Lowest, false));
        assert_eq!(request.encode(), lowest);
        let low = bytes(
            "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738\
             BE10040E01000000065F1F0400007E1F04B0",
        );
        let request = Request::decode(&low).expect("valid");
        assert_eq!(
            (request.mechanism, &request.authentication[..]),
            (Mechanism::Low, &b"12345678"[..])
        );
        assert_eq!(request.encode(), low);
    }

    #[test]
    fn reads_and_writes_the_standards_responses() {
        let accepted = bytes(
            "6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F040000501F01F40007",
        );
        let response = Response::decode(&accepted).expect("valid");
        assert_eq!(
            (response.outcome, response.diagnostic),
            (Outcome::Accepted, Diagnostic::User(0))
        );
        assert_eq!(response.encode(), accepted);
        // High level security, awaiting the client's answer to the challenge.
        let challenge = bytes(
            "6142A109060760857405080101A203020100A305A10302010E88020780890760857405080205\
             AA0A8008503677524A323146BE10040E0800065F1F040000501F01F40007",
        );
        let response = Response::decode(&challenge).expect("valid");
        assert_eq!(response.mechanism, Some(Mechanism::HighGmac));
        assert_eq!(response.authentication, b"P6wRJ21F");
        assert_eq!(response.diagnostic, Diagnostic::User(14));
        assert_eq!(response.encode(), challenge);
    }

    #[test]
    fn every_shortened_or_lengthened_field_is_refused() {
        let request = Request {
            ciphered: true,
            system_title: Some(*b"TPH\0\0\0\0\x01"),
            mechanism: Mechanism::HighGmac,
            authentication: vec![7; 16],
            initiate: vec![0x21, 3, 0x30, 1, 2],
        };
        let whole = request.encode();
        assert_eq!(Request::decode(&whole), Ok(request));
        for length in 0..whole.len() {
            assert!(Request::decode(&whole[..length]).is_err(), "{length}");
        }
        for huge in ["60FF", "6084FFFFFFFF", "6003A17F06", "6080"] {
            assert!(Request::decode(&bytes(huge)).is_err(), "{huge}");
        }
    }
}
