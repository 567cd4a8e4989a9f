//! The application layer of one client: association, GET in lists and blocks, the HLS handshake.

use super::meter::{Access, CosemMeter};
use super::objects::{self, Sight};
use frame::dlms::access_result::Refused;
use frame::dlms::association::{
    self, Diagnostic, Mechanism, Outcome, Request as AssociationRequest, Response,
};
use frame::dlms::axdr::Node;
use frame::dlms::get::{self, InvokeId, Reference, Request};
use frame::dlms::glo_cipher::Envelope;
use frame::dlms::initiate::{self, Conformance, Initiate};
use frame::dlms::service_cipher::{self, AUTHENTICATED_ENCRYPTION};
use frame::dlms::{AccessResult, Attribute, action};
use reading::{Obis, Timestamp};

/// The public client's address: it sees the meter's identity without a proof.
const CLIENT_PUBLIC: u16 = 16;
/// Header of a response, and its protection.
const HEADER_LENGTH: usize = 12;
const PROTECTION_LENGTH: usize = 24;
const AUTHENTICATION_FAILURE: u8 = 13;
const AUTHENTICATION_REQUIRED: u8 = 14;
const MECHANISM_NOT_RECOGNISED: u8 = 11;
const CONTEXT_NOT_SUPPORTED: u8 = 2;
const REPLY_TO_HLS: Attribute = Attribute::new(15, Obis::new(0, 0, [40, 0, 0], 255), 1);
const NOT_ALLOWED: Refused = Refused::Exception { state: 1, service: 1, invocation_counter: None };
const UNKNOWN: Refused = Refused::Exception { state: 2, service: 2, invocation_counter: None };
const UNDECIPHERED: Refused = Refused::Exception { state: 1, service: 5, invocation_counter: None };

/// An association that stands, or waits for the client's proof.
#[derive(Debug)]
struct Association {
    sight: Sight,
    /// The client's title, where APDUs are ciphered.
    title: Option<[u8; 8]>,
    /// The client's challenge and ours, until the client has proved itself.
    challenges: Option<[Vec<u8>; 2]>,
    /// Longest response.
    pdu_length_max: usize,
}

/// A long answer that is given in blocks.
#[derive(Debug)]
struct Long {
    id: InvokeId,
    data: Vec<u8>,
    given: usize,
    block: u32,
}

/// One client's application layer.
#[derive(Debug, Default)]
pub(super) struct Service {
    association: Option<Association>,
    long: Option<Long>,
    nodes: Vec<Node>,
}

impl Service {
    /// The client is gone.
    pub(super) fn reset(&mut self) {
        self.association = None;
        self.long = None;
    }

    /// The answer to an APDU of the client at this address.
    pub(super) fn answer(
        &mut self,
        meter: &mut CosemMeter,
        (now, client): (Timestamp, u16),
        apdu: &[u8],
    ) -> Vec<u8> {
        match apdu.first() {
            Some(&association::AARQ) => self.associate(meter, client, apdu),
            Some(&association::RLRQ) => {
                self.reset();
                association::release_response()
            }
            Some(tag) if service_cipher::is_ciphered(*tag) => self.ciphered(meter, now, apdu),
            Some(_) => match &self.association {
                Some(Association { title: None, .. }) => self.service(meter, now, apdu),
                _ => NOT_ALLOWED.encode(),
            },
            None => UNKNOWN.encode(),
        }
    }

    fn ciphered(&mut self, meter: &mut CosemMeter, now: Timestamp, apdu: &[u8]) -> Vec<u8> {
        let title = self.association.as_ref().and_then(|association| association.title);
        let (Some(title), Some(keys)) = (title, meter.keys.clone()) else {
            return NOT_ALLOWED.encode();
        };
        let Ok(opened) = service_cipher::open(&keys, title, apdu) else {
            return UNDECIPHERED.encode();
        };
        if let Err(awaited) = meter.accept_counter(title, opened.invocation_counter) {
            let invocation_counter = Some(awaited);
            return Refused::Exception { state: 1, service: 6, invocation_counter }.encode();
        }
        let clear = self.service(meter, now, &opened.plain);
        seal(meter, &clear).unwrap_or(clear)
    }

    fn service(&mut self, meter: &mut CosemMeter, now: Timestamp, apdu: &[u8]) -> Vec<u8> {
        let proved = self.association.as_ref().is_some_and(|it| it.challenges.is_none());
        match apdu.first() {
            Some(&action::ACTION_REQUEST) => self.prove(meter, apdu),
            Some(&get::GET_REQUEST) if proved => match Request::decode(apdu, &mut self.nodes) {
                Some(request) => self.get(meter, now, request),
                None => UNKNOWN.encode(),
            },
            Some(&get::GET_REQUEST) => NOT_ALLOWED.encode(),
            _ => UNKNOWN.encode(),
        }
    }

    fn associate(&mut self, meter: &mut CosemMeter, client: u16, apdu: &[u8]) -> Vec<u8> {
        self.reset();
        let Ok(request) = AssociationRequest::decode(apdu) else {
            return Refused::Service { service: 1, kind: 6, value: 0 }.encode();
        };
        let granted = self.judge(meter, client, &request);
        let ciphered = request.ciphered;
        let refused = |diagnostic| Response {
            ciphered,
            outcome: Outcome::RejectedPermanent,
            diagnostic: Diagnostic::User(diagnostic),
            system_title: None,
            mechanism: None,
            authentication: Vec::new(),
            initiate: Vec::new(),
        };
        let (association, proposal) = match granted {
            Ok(granted) => granted,
            Err(diagnostic) => {
                meter.refuse();
                return refused(diagnostic).encode();
            }
        };
        let mut offered = Conformance::READER;
        if !meter.settings.lists {
            offered = Conformance(offered.0 & !Conformance::MULTIPLE_REFERENCES.0);
        }
        if !meter.settings.selection {
            offered = Conformance(offered.0 & !Conformance::SELECTIVE_ACCESS.0);
        }
        let conformance = offered.common(proposal.conformance);
        let stated = Initiate { conformance, pdu_length_max: meter.settings.pdu_length_max };
        let mut initiate = initiate::encode_response(&stated);
        if association.title.is_some() {
            initiate = seal(meter, &initiate).unwrap_or(initiate);
        }
        let challenged = association.challenges.as_ref().map(|[_, ours]| ours.clone());
        let response = Response {
            ciphered: request.ciphered,
            outcome: Outcome::Accepted,
            diagnostic: Diagnostic::User(if challenged.is_some() {
                AUTHENTICATION_REQUIRED
            } else {
                0
            }),
            system_title: association.title.map(|_| meter.system_title),
            mechanism: challenged.as_ref().map(|_| Mechanism::HighGmac),
            authentication: challenged.unwrap_or_default(),
            initiate,
        };
        self.association = Some(association);
        response.encode()
    }

    /// Whether the client may associate; the diagnostic when not.
    fn judge(
        &self,
        meter: &mut CosemMeter,
        client: u16,
        request: &AssociationRequest,
    ) -> Result<(Association, Initiate), u8> {
        let mut sight = Sight::Everything;
        let mut challenges = None;
        let mut title = None;
        match (&meter.settings.access, request.mechanism) {
            (Access::Open, Mechanism::Lowest) => {}
            (_, Mechanism::Lowest) if client == CLIENT_PUBLIC => sight = Sight::Identity,
            (_, Mechanism::Lowest) => return Err(AUTHENTICATION_REQUIRED),
            (Access::Password(password), Mechanism::Low) => {
                if request.authentication != *password {
                    return Err(AUTHENTICATION_FAILURE);
                }
            }
            (Access::Keys { .. }, Mechanism::HighGmac) => {
                if !request.ciphered || request.authentication.len() < 8 {
                    return Err(CONTEXT_NOT_SUPPORTED);
                }
                title = Some(request.system_title.ok_or(CONTEXT_NOT_SUPPORTED)?);
                challenges = Some([request.authentication.clone(), challenge(meter)]);
            }
            _ => return Err(MECHANISM_NOT_RECOGNISED),
        }
        if request.ciphered && title.is_none() {
            return Err(CONTEXT_NOT_SUPPORTED);
        }
        let mut initiate = request.initiate.clone();
        if let (Some(title), Some(keys)) = (title, &meter.keys) {
            let opened = service_cipher::open(keys, title, &initiate);
            let opened = opened.map_err(|_| AUTHENTICATION_FAILURE)?;
            initiate = opened.plain;
            let fresh = meter.accept_counter(title, opened.invocation_counter);
            fresh.map_err(|_| AUTHENTICATION_FAILURE)?;
        }
        let proposal = initiate::decode_request(&initiate).map_err(|_| 1_u8)?;
        let own = usize::from(meter.settings.pdu_length_max);
        let theirs = match proposal.pdu_length_max {
            0 => usize::MAX,
            length => usize::from(length),
        };
        let pdu_length_max = own.min(theirs).max(64);
        Ok((Association { sight, title, challenges, pdu_length_max }, proposal))
    }

    /// The client's answer to our challenge, and our answer to its own.
    fn prove(&mut self, meter: &mut CosemMeter, apdu: &[u8]) -> Vec<u8> {
        let Some(request) = action::Request::decode(apdu) else {
            return UNKNOWN.encode();
        };
        let id = request.id;
        let denied =
            action::Response { id, result: AccessResult::READ_WRITE_DENIED, returned: None };
        let (Some(association), Some(keys)) = (&mut self.association, meter.keys.clone()) else {
            return denied.encode();
        };
        let (Some([theirs, ours]), Some(title), true) =
            (&association.challenges, association.title, request.method == REPLY_TO_HLS)
        else {
            return denied.encode();
        };
        if service_cipher::check_proof(&keys, title, (ours, &request.parameter)).is_none() {
            meter.refuse();
            self.reset();
            return denied.encode();
        }
        let counter = meter.next_counter();
        let returned = service_cipher::prove(&keys, (meter.system_title, counter), theirs);
        association.challenges = None;
        action::Response { id, result: AccessResult::SUCCESS, returned }.encode()
    }

    fn get(&mut self, meter: &mut CosemMeter, now: Timestamp, request: Request) -> Vec<u8> {
        match request {
            Request::Normal(id, reference) => match self.value(meter, now, &reference) {
                Ok(data) => self.whole_or_blocks(id, data, |id, data| {
                    get::Response::Normal(id, Ok(data)).encode()
                }),
                Err(result) => get::Response::Normal(id, Err(result)).encode(),
            },
            Request::WithList(id, references) if meter.settings.lists => {
                let results: Vec<_> =
                    references.iter().map(|reference| self.value(meter, now, reference)).collect();
                let data = get::encode_list_results(&results);
                self.whole_or_blocks(id, data, |id, data| get::Response::List(id, data).encode())
            }
            Request::WithList(..) => UNKNOWN.encode(),
            Request::Next(id, block) => self.next_block(id, block),
        }
    }

    fn value(
        &self,
        meter: &mut CosemMeter,
        now: Timestamp,
        reference: &Reference,
    ) -> Result<Vec<u8>, AccessResult> {
        let sight = self.association.as_ref().map_or(Sight::Identity, |it| it.sight);
        let selection = reference.selection.as_ref();
        if selection.is_some() && !meter.settings.selection {
            return Err(AccessResult::SCOPE_OF_ACCESS_VIOLATED);
        }
        let snapshot = meter.snapshot(now);
        let data = objects::attribute(meter, (&snapshot, sight), reference.attribute, selection)?;
        let mut bytes = Vec::new();
        data.encode(&mut bytes);
        Ok(bytes)
    }

    fn room(&self) -> usize {
        let association = self.association.as_ref();
        let most = association.map_or(64, |association| association.pdu_length_max);
        let protection = association.is_some_and(|association| association.title.is_some());
        most - HEADER_LENGTH - if protection { PROTECTION_LENGTH } else { 0 }
    }

    fn whole_or_blocks(
        &mut self,
        id: InvokeId,
        data: Vec<u8>,
        whole: impl Fn(InvokeId, &[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        if data.len() <= self.room() {
            self.long = None;
            return whole(id, &data);
        }
        self.long = Some(Long { id, data, given: 0, block: 0 });
        self.next_block(id, 0)
    }

    fn next_block(&mut self, id: InvokeId, acknowledged: u32) -> Vec<u8> {
        let room = self.room();
        let refused = |result| {
            let piece = Err(result);
            let number = acknowledged.wrapping_add(1);
            get::Response::Block { id, last: true, number, piece }.encode()
        };
        let Some(long) = self.long.as_mut().filter(|long| long.id == id) else {
            return refused(AccessResult::NO_LONG_GET_IN_PROGRESS);
        };
        if long.block != acknowledged {
            self.long = None;
            return refused(AccessResult::DATA_BLOCK_NUMBER_INVALID);
        }
        long.block += 1;
        let end = (long.given + room).min(long.data.len());
        let piece = Ok(&long.data[long.given..end]);
        let last = end == long.data.len();
        let block = get::Response::Block { id, last, number: long.block, piece }.encode();
        long.given = end;
        if last {
            self.long = None;
        }
        block
    }
}

fn seal(meter: &mut CosemMeter, clear: &[u8]) -> Option<Vec<u8>> {
    let invocation_counter = meter.next_counter();
    let system_title = meter.system_title;
    let control = AUTHENTICATED_ENCRYPTION;
    let envelope = Envelope { system_title, control, invocation_counter };
    service_cipher::seal(meter.keys.as_ref()?, &envelope, clear)
}

/// A challenge that nobody can foresee: a tag over nothing under a counter used for nothing else.
fn challenge(meter: &mut CosemMeter) -> Vec<u8> {
    let counter = meter.next_counter();
    let proof = meter.keys.as_ref().and_then(|keys| {
        service_cipher::prove(keys, (meter.system_title, counter), b"challenge of the meter")
    });
    proof.map(|proof| proof[1..].to_vec()).unwrap_or_default()
}
