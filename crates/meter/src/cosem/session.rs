//! One association: from the first APDU to the last, whatever carries it.
//!
//! In: APDUs of the meter. Out: APDUs to send, and what became of the association. Passwords go
//! out in the one AARQ and nowhere else; no ACTION is sent but the answer to the meter's challenge.

use super::cipher::{Cipher, Distrust};
use super::fault::{kept, stale};
use super::objects::ASSOCIATION;
use super::options::{CosemOptions, Proof};
use crate::{Fault, FaultClass};
use frame::dlms::access_result::Refused;
use frame::dlms::association::{
    self, Diagnostic, Mechanism, Outcome, Request as AssociationRequest, Response,
};
use frame::dlms::get::InvokeId;
use frame::dlms::initiate::{self, Conformance, Initiate};
use frame::dlms::service_cipher::is_ciphered;
use frame::dlms::{AccessResult, Attribute, action, glo_cipher};

/// Longest APDU that this client takes.
const PDU_LENGTH_MAX: u16 = 8192;
/// `reply_to_HLS_authentication` of association LN (Blue Book 4.4.4).
const REPLY_TO_HLS: Attribute = Attribute::new(15, ASSOCIATION, 1);
const AUTHENTICATION_REQUIRED: Diagnostic = Diagnostic::User(14);

/// What the server agreed to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreed {
    pub(super) conformance: Conformance,
    /// Longest request that the meter takes. **Unit** bytes.
    pub(super) request_max: usize,
}

/// The association stands, or first its challenge must be answered.
#[derive(Debug)]
pub(super) enum Granted {
    Open(Agreed),
    Challenged(Agreed, Vec<u8>),
}

/// Why there is no association. `refused` says that the credentials were, so that they are not
/// shown again.
#[derive(Debug)]
pub(super) struct Denied {
    pub(super) fault: Fault,
    pub(super) refused: bool,
}

/// The last counter remembered of a server's system title.
pub(super) type LastCounter<'a> = &'a dyn Fn([u8; 8]) -> Option<u32>;

/// The AARQ; `None` when no counter is left.
pub(super) fn request(options: &CosemOptions, cipher: Option<&mut Cipher>) -> Option<Vec<u8>> {
    let stated = Initiate { conformance: Conformance::READER, pdu_length_max: PDU_LENGTH_MAX };
    let mut initiate = initiate::encode_request(&stated);
    let ciphered = cipher.is_some();
    let mut challenge = Vec::new();
    let mut system_title = None;
    if let Some(cipher) = cipher {
        initiate = cipher.seal(&initiate)?;
        system_title = Some(cipher.title());
        if options.proof == Proof::HighGmac {
            challenge = cipher.new_challenge()?;
        }
    }
    let (mechanism, authentication) = match &options.proof {
        Proof::None => (Mechanism::Lowest, Vec::new()),
        Proof::Low(password) => (Mechanism::Low, password.clone()),
        Proof::HighGmac => (Mechanism::HighGmac, challenge),
    };
    let request =
        AssociationRequest { ciphered, system_title, mechanism, authentication, initiate };
    Some(request.encode())
}

/// Whether this APDU answers an AARQ at all.
pub(super) fn answers_request(apdu: &[u8]) -> bool {
    apdu.first() == Some(&association::AARE) || Refused::decode(apdu).is_some()
}

/// Reads the answer to the AARQ.
pub(super) fn granted(
    apdu: &[u8],
    options: &CosemOptions,
    cipher: Option<(&mut Cipher, LastCounter<'_>)>,
) -> Result<Granted, Denied> {
    if let Some(refused) = Refused::decode(apdu) {
        return Err(denied(options, &format!("the meter refuses the association: {refused}")));
    }
    let response = Response::decode(apdu).map_err(|error| {
        let detail = format!("the answer to the association request is broken: {error}");
        Denied { fault: stale(FaultClass::Corrupt, "association_broken", detail), refused: false }
    })?;
    match response.outcome {
        Outcome::Accepted => {}
        Outcome::RejectedPermanent => {
            let reason = response.diagnostic;
            return Err(denied(options, &format!("the meter refuses the association: {reason}")));
        }
        Outcome::RejectedTransient => {
            let reason = response.diagnostic;
            let detail = format!("the meter refuses the association for now: {reason}");
            let fault = kept(FaultClass::Transient, "association_refused", detail);
            return Err(Denied { fault, refused: false });
        }
    }
    let high = options.proof == Proof::HighGmac;
    if response.diagnostic == AUTHENTICATION_REQUIRED && !high {
        let detail = "the meter wants a higher security than is configured (dlms.security)";
        return Err(denied(options, detail));
    }
    let initiate = match cipher {
        None => response.initiate,
        Some((cipher, remembered)) => {
            if let Some(title) = response.system_title {
                cipher.associate(title, remembered(title));
            }
            opened_initiate(&response.initiate, cipher)?
        }
    };
    let stated =
        initiate::decode_response(&initiate).map_err(|error| match Refused::decode(&initiate) {
            Some(refused) => {
                denied(options, &format!("the meter refuses the association: {refused}"))
            }
            None => {
                let detail = format!("the answer to the association request is broken: {error}");
                let fault = stale(FaultClass::Corrupt, "association_broken", detail);
                Denied { fault, refused: false }
            }
        })?;
    let conformance = stated.conformance.common(Conformance::READER);
    if !conformance.contains(Conformance::GET) {
        let detail = "the meter does not let this client read anything (no GET)";
        let fault = kept(FaultClass::Device, "get_unsupported", detail);
        return Err(Denied { fault, refused: false });
    }
    let request_max = match stated.pdu_length_max {
        0 => usize::MAX,
        length => usize::from(length),
    };
    let agreed = Agreed { conformance, request_max };
    if !high {
        return Ok(Granted::Open(agreed));
    }
    if response.authentication.is_empty() {
        let detail = "the meter sends no challenge for high level security";
        return Err(denied(options, detail));
    }
    Ok(Granted::Challenged(agreed, response.authentication))
}

fn opened_initiate(bytes: &[u8], cipher: &mut Cipher) -> Result<Vec<u8>, Denied> {
    if bytes.first().is_some_and(|tag| !is_ciphered(*tag)) && Refused::decode(bytes).is_some() {
        return Ok(bytes.to_vec());
    }
    cipher.open(bytes).map_err(|distrust| {
        let wrong_key = matches!(
            distrust,
            Distrust::Open(frame::dlms::service_cipher::OpenError::Cipher(glo_cipher::Error::Tag))
        );
        let fault = distrusted(&distrust);
        Denied { fault, refused: wrong_key }
    })
}

/// What a ciphered answer that is not believed means.
pub(super) fn distrusted(distrust: &Distrust) -> Fault {
    use frame::dlms::service_cipher::OpenError;
    let detail = distrust.to_string();
    match distrust {
        Distrust::Replayed { .. } => stale(FaultClass::Corrupt, "replayed_counter", detail),
        Distrust::Open(OpenError::Cipher(glo_cipher::Error::Tag)) => {
            let detail =
                format!("{detail}: guek or gak is not the meter's, or the answer was altered");
            stale(FaultClass::Corrupt, "tag_mismatch", detail)
        }
        Distrust::Open(OpenError::InClear { .. } | OpenError::Unauthenticated { .. }) => {
            stale(FaultClass::Corrupt, "not_authenticated", detail)
        }
        Distrust::Open(_) => stale(FaultClass::Corrupt, "security_unsupported", detail),
        Distrust::NoTitle => stale(FaultClass::Corrupt, "not_authenticated", detail),
    }
}

/// A refusal of what was shown. Without credentials it cannot lock anything, and says so.
fn denied(options: &CosemOptions, detail: &str) -> Denied {
    let shown = options.proof != Proof::None;
    let detail = if shown {
        format!(
            "{detail}. It is not tried again, since meters lock after wrong passwords: correct \
             client, password or keys in the configuration"
        )
    } else {
        format!("{detail}. Check dlms.client, dlms.server and dlms.security")
    };
    let code = if shown { "authentication_refused" } else { "association_refused" };
    Denied { fault: kept(FaultClass::Config, code, detail), refused: shown }
}

/// The ACTION that answers the meter's challenge; `None` when no counter is left.
pub(super) fn reply(id: InvokeId, challenge: &[u8], cipher: &mut Cipher) -> Option<Vec<u8>> {
    let parameter = cipher.prove(challenge)?;
    Some(action::Request { id, method: REPLY_TO_HLS, parameter }.encode())
}

/// Reads the answer to it, in clear; `None` when it answers something else.
pub(super) fn proved(
    apdu: &[u8],
    id: InvokeId,
    (options, cipher): (&CosemOptions, &mut Cipher),
) -> Option<Result<(), Denied>> {
    if let Some(refused) = Refused::decode(apdu) {
        return Some(Err(denied(options, &format!("the meter refuses our proof: {refused}"))));
    }
    let response = action::Response::decode(apdu).filter(|response| response.id == id)?;
    if response.result != AccessResult::SUCCESS {
        let result = response.result;
        return Some(Err(denied(options, &format!("the meter refuses our proof: {result}"))));
    }
    Some(match response.returned {
        Some(proof) if cipher.check(&proof) => Ok(()),
        _ => {
            let detail = "the meter does not prove that it has the keys";
            Err(denied(options, detail))
        }
    })
}
