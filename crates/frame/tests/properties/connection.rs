//! What client and server say to each other comes back: APDUs from their bytes, messages from both
//! sides of an HDLC connection whatever its sizes, windows and lost frames.

use frame::dlms::access_result::Refused;
use frame::dlms::association::{self, Diagnostic, Mechanism, Outcome};
use frame::dlms::get::{self, InvokeId, Reference, list_results};
use frame::dlms::glo_cipher::{Envelope, Keys};
use frame::dlms::initiate::{self, Conformance, Initiate};
use frame::dlms::service_cipher::{self, AUTHENTICATED_ENCRYPTION};
use frame::dlms::wrapper::{self, Wrapped};
use frame::dlms::{AccessResult, Attribute, Data, Selection, action};
use frame::hdlc::{Address, Call, Event, ExchangeError, Limits, Primary, PrimaryError, Secondary};
use proptest::prelude::*;
use reading::Obis;

fn attribute() -> impl Strategy<Value = Attribute> {
    (any::<u16>(), any::<[u8; 6]>(), any::<i8>())
        .prop_map(|(class, name, index)| Attribute::new(class, Obis::from_bytes(name), index))
}

fn reference() -> impl Strategy<Value = Reference> {
    let selection = prop_oneof![
        Just(None),
        (attribute(), any::<[u8; 12]>(), any::<[u8; 12]>())
            .prop_map(|(by, from, to)| Some(Selection::Range { by, from, to })),
        any::<(u32, u32)>().prop_map(|(from, to)| Some(Selection::Entries { from, to })),
    ];
    (attribute(), selection).prop_map(|(attribute, selection)| Reference { attribute, selection })
}

fn invoke_id() -> impl Strategy<Value = InvokeId> {
    (0_u8..16).prop_map(InvokeId)
}

fn given() -> impl Strategy<Value = Result<Vec<u8>, AccessResult>> {
    let data = any::<(u32, i16)>().prop_map(|(a, b)| {
        let mut bytes = Vec::new();
        Data::Structure(vec![Data::DoubleLongUnsigned(a), Data::Long(b)]).encode(&mut bytes);
        bytes
    });
    prop_oneof![data.prop_map(Ok), any::<u8>().prop_map(|result| Err(AccessResult(result)))]
}

fn limits() -> impl Strategy<Value = Limits> {
    (16_u16..600, 16_u16..600, 1_u8..8, 1_u8..8).prop_map(
        |(transmit_length, receive_length, transmit_window, receive_window)| Limits {
            transmit_length,
            receive_length,
            transmit_window,
            receive_window,
        },
    )
}

/// Both sides of a line that loses what `lost` says, frame by frame in either direction.
struct Line {
    primary: Primary,
    secondary: Secondary,
    lost: Vec<bool>,
    sent: usize,
}

impl Line {
    fn new((ours, theirs): (Limits, Limits), lost: Vec<bool>) -> Self {
        let primary = Primary::new(Address::short(16), Address::pair(1, 17), ours);
        Self { primary, secondary: Secondary::new(1, theirs), lost, sent: 0 }
    }

    /// The frames in `bytes` that arrive.
    fn carry(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = bytes;
        while let Ok(Some((_, length))) = frame::hdlc::decode(rest) {
            if !self.lost.get(self.sent).copied().unwrap_or(false) {
                out.extend(&rest[..=length]);
            }
            self.sent += 1;
            rest = &rest[length + 1..];
        }
        out
    }

    /// What the client hears after it wrote `bytes`; a silence is broken by asking again. The
    /// server answers each message with what `answer` makes of it.
    fn ask(&mut self, bytes: Vec<u8>, answer: &dyn Fn(&[u8]) -> Vec<u8>) -> Option<Event> {
        let mut outgoing = bytes;
        for _ in 0..1_000 {
            let arrived = self.carry(&outgoing);
            outgoing.clear();
            let mut back = Vec::new();
            for piece in arrived.chunks(7) {
                self.secondary.receive(piece);
                while let Some(call) = self.secondary.next() {
                    back.extend(match call {
                        Call::Send(bytes)
                        | Call::Connected(_, bytes)
                        | Call::Disconnected(bytes) => bytes,
                        Call::Message(message) => self.secondary.respond(&answer(&message)),
                    });
                }
            }
            let arrived = self.carry(&back);
            for piece in arrived.chunks(11) {
                self.primary.receive(piece);
                while let Some(event) = self.primary.next() {
                    // A frame that is lost again and again ends the connection.
                    if matches!(event, Err(PrimaryError::Exchange(ExchangeError::Retransmissions)))
                    {
                        return None;
                    }
                    match event.expect("no damage, only losses") {
                        Event::Send(bytes) => outgoing.extend(bytes),
                        Event::Busy => {}
                        event => return Some(event),
                    }
                }
            }
            if outgoing.is_empty() {
                outgoing = self.primary.enquire();
            }
        }
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn requests_come_back(
        id in invoke_id(),
        references in prop::collection::vec(reference(), 2..20),
        block in any::<u32>(),
    ) {
        let normal = get::Request::Normal(id, references[0].clone());
        let list = get::Request::WithList(id, references);
        let mut nodes = Vec::new();
        for request in [normal, list, get::Request::Next(id, block)] {
            let bytes = request.encode();
            prop_assert_eq!(get::Request::decode(&bytes, &mut nodes), Some(request));
            for length in 0..bytes.len() {
                prop_assert_eq!(get::Request::decode(&bytes[..length], &mut nodes), None);
            }
        }
    }

    #[test]
    fn responses_come_back(
        id in invoke_id(),
        results in prop::collection::vec(given(), 1..20),
        (last, number) in any::<(bool, u32)>(),
    ) {
        let mut nodes = Vec::new();
        let list = get::encode_list_results(&results);
        let found = list_results(&list, &mut nodes).expect("valid");
        let found: Vec<_> = found.into_iter().map(|it| it.map(<[u8]>::to_vec)).collect();
        prop_assert_eq!(&found, &results);
        let piece = results[0].as_deref().map_err(|result| *result);
        for response in [
            get::Response::Normal(id, piece),
            get::Response::Block { id, last, number, piece },
            get::Response::List(id, &list),
        ] {
            let bytes = response.encode();
            prop_assert_eq!(get::Response::decode(&bytes), Ok(response));
        }
    }

    #[test]
    fn associations_come_back(
        (ciphered, title) in any::<(bool, [u8; 8])>(),
        mechanism in prop::sample::select(vec![Mechanism::Lowest, Mechanism::Low, Mechanism::HighGmac]),
        authentication in prop::collection::vec(any::<u8>(), 8..64),
        (conformance, pdu_length_max) in (0_u32..0x100_0000, any::<u16>()),
        (outcome, diagnostic) in (0_usize..3, any::<u8>()),
    ) {
        let stated = Initiate { conformance: Conformance(conformance), pdu_length_max };
        let initiate = initiate::encode_request(&stated);
        prop_assert_eq!(initiate::decode_request(&initiate), Ok(stated));
        let system_title = ciphered.then_some(title);
        let shown = if mechanism == Mechanism::Lowest { Vec::new() } else { authentication };
        let request = association::Request {
            ciphered,
            system_title,
            mechanism,
            authentication: shown.clone(),
            initiate,
        };
        prop_assert_eq!(association::Request::decode(&request.encode()), Ok(request));
        let initiate = initiate::encode_response(&stated);
        prop_assert_eq!(initiate::decode_response(&initiate), Ok(stated));
        let outcomes = [Outcome::Accepted, Outcome::RejectedPermanent, Outcome::RejectedTransient];
        let response = association::Response {
            ciphered,
            outcome: outcomes[outcome],
            diagnostic: Diagnostic::User(diagnostic),
            system_title,
            mechanism: ciphered.then_some(mechanism),
            authentication: shown,
            initiate,
        };
        prop_assert_eq!(association::Response::decode(&response.encode()), Ok(response));
    }

    #[test]
    fn actions_and_refusals_come_back(
        (id, method) in (invoke_id(), attribute()),
        parameter in prop::collection::vec(any::<u8>(), 0..200),
        (result, state, service) in any::<(u8, u8, u8)>(),
        counter in any::<u32>(),
    ) {
        let request = action::Request { id, method, parameter: parameter.clone() };
        prop_assert_eq!(action::Request::decode(&request.encode()), Some(request));
        for returned in [None, Some(parameter)] {
            let response = action::Response { id, result: AccessResult(result), returned };
            prop_assert_eq!(action::Response::decode(&response.encode()), Some(response));
        }
        let invocation_counter = (service == 6).then_some(counter);
        let refused = Refused::Exception { state, service, invocation_counter };
        prop_assert_eq!(Refused::decode(&refused.encode()), Some(refused));
    }

    #[test]
    fn ciphered_services_open_with_their_keys_and_title_only(
        (encryption, authentication) in any::<([u8; 16], [u8; 16])>(),
        (system_title, invocation_counter) in any::<([u8; 8], u32)>(),
        content in prop::collection::vec(any::<u8>(), 0..400),
        flipped in any::<u16>(),
    ) {
        let keys = Keys::new(&encryption, Some(authentication));
        let plain = [&[get::GET_RESPONSE][..], &content].concat();
        let control = AUTHENTICATED_ENCRYPTION;
        let envelope = Envelope { system_title, control, invocation_counter };
        let sealed = service_cipher::seal(&keys, &envelope, &plain).expect("a service");
        let opened = service_cipher::open(&keys, system_title, &sealed).expect("the right keys");
        prop_assert_eq!(&opened.plain, &plain);
        prop_assert_eq!(opened.invocation_counter, invocation_counter);
        let mut other = system_title;
        other[7] ^= 1;
        prop_assert!(service_cipher::open(&keys, other, &sealed).is_err());
        let mut altered = sealed.clone();
        let bit = usize::from(flipped) % (altered.len() * 8);
        altered[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(service_cipher::open(&keys, system_title, &altered).is_err());
    }

    #[test]
    fn wrapped_apdus_come_back(
        (source, destination) in any::<(u16, u16)>(),
        apdu in prop::collection::vec(any::<u8>(), 0..3000),
    ) {
        let wrapped = Wrapped { source, destination, apdu: &apdu };
        let mut bytes = Vec::new();
        wrapper::encode(&wrapped, &mut bytes).expect("short enough");
        prop_assert_eq!(wrapper::decode(&bytes), Ok(Some((wrapped, bytes.len()))));
    }

    #[test]
    fn messages_cross_a_connection_of_any_sizes(
        sizes in (limits(), limits()),
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..2500), 1..5),
    ) {
        let mut line = Line::new(sizes, Vec::new());
        let reversed = |message: &[u8]| message.iter().rev().copied().collect::<Vec<u8>>();
        let call = line.primary.connect();
        prop_assert!(matches!(line.ask(call, &reversed), Some(Event::Connected(_))));
        for message in messages {
            let bytes = line.primary.send(&message).expect("connected");
            let heard = line.ask(bytes, &reversed);
            prop_assert_eq!(heard, Some(Event::Message(reversed(&message))));
        }
        let farewell = line.primary.disconnect();
        prop_assert_eq!(line.ask(farewell, &reversed), Some(Event::Disconnected));
        prop_assert!(line.primary.send(&[1]).is_none());
    }

    /// A lost frame is asked for again; whatever is lost, no message comes altered or mixed up.
    #[test]
    fn lost_frames_cost_time_and_never_content(
        sizes in (limits(), limits()),
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..900), 1..4),
        lost in prop::collection::vec(prop::bool::weighted(0.08), 0..120),
    ) {
        let mut line = Line::new(sizes, lost);
        let reversed = |message: &[u8]| message.iter().rev().copied().collect::<Vec<u8>>();
        let call = line.primary.connect();
        prop_assume!(matches!(line.ask(call, &reversed), Some(Event::Connected(_))));
        for message in messages {
            let bytes = line.primary.send(&message).expect("connected");
            match line.ask(bytes, &reversed) {
                Some(Event::Message(heard)) => prop_assert_eq!(heard, reversed(&message)),
                // Given up: the connection begins anew next time.
                None | Some(Event::Refused | Event::Rejected(_)) => return Ok(()),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
