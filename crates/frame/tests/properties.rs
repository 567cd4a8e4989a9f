//! Encoding and decoding are each other's inverse, for any content.

#![allow(clippy::panic)] // Helpers of tests fail as tests do.

#[path = "properties/connection.rs"]
mod connection;

use frame::dlms::apdu::{Apdu, SecurityControl, decode};
use frame::dlms::axdr::{Document, Style};
use frame::dlms::glo_cipher::{Envelope, Keys};
use frame::dlms::{Data, LLC_RESPONSE, axdr, gbt};
use frame::hdlc::{self, Address, Outgoing};
use frame::mbus::{self, Segment};
use frame::message::{Assembler, Extent, Verdict};
use frame::stream::{Event, PIECE_MAX, Stream, Transport};
use proptest::prelude::*;

fn leaf() -> impl Strategy<Value = Data> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..150);
    prop_oneof![
        Just(Data::Null),
        any::<bool>().prop_map(Data::Boolean),
        prop::collection::vec(any::<bool>(), 0..20).prop_map(Data::BitString),
        any::<i32>().prop_map(Data::DoubleLong),
        any::<u32>().prop_map(Data::DoubleLongUnsigned),
        bytes().prop_map(Data::OctetString),
        bytes().prop_map(Data::VisibleString),
        bytes().prop_map(Data::Utf8String),
        any::<u8>().prop_map(Data::Bcd),
        any::<i8>().prop_map(Data::Integer),
        any::<i16>().prop_map(Data::Long),
        any::<u8>().prop_map(Data::Unsigned),
        any::<u16>().prop_map(Data::LongUnsigned),
        any::<i64>().prop_map(Data::Long64),
        any::<u64>().prop_map(Data::Long64Unsigned),
        any::<u8>().prop_map(Data::Enum),
        (-1e30_f32..1e30).prop_map(Data::Float32),
        (-1e300_f64..1e300).prop_map(Data::Float64),
        any::<[u8; 12]>().prop_map(Data::DateTime),
        any::<[u8; 5]>().prop_map(Data::Date),
        any::<[u8; 4]>().prop_map(Data::Time),
        any::<i16>().prop_map(Data::DeltaLong),
        any::<u32>().prop_map(Data::DeltaDoubleLongUnsigned),
        Just(Data::DontCare),
    ]
}

fn data() -> impl Strategy<Value = Data> {
    leaf().prop_recursive(4, 60, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Data::Array),
            prop::collection::vec(inner, 0..12).prop_map(Data::Structure),
            prop::collection::vec(any::<(u16, i32)>(), 1..12).prop_map(|rows| {
                let row =
                    |(a, b)| Data::Structure(vec![Data::LongUnsigned(a), Data::DoubleLong(b)]);
                Data::CompactArray(rows.into_iter().map(row).collect())
            }),
        ]
    })
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        (0_u8..128).prop_map(Address::short),
        (0_u8..128, 0_u8..128).prop_map(|(upper, lower)| Address::pair(upper, lower)),
        (0_u16..0x4000, 0_u16..0x4000).prop_map(|(upper, lower)| Address::long(upper, lower)),
    ]
}

/// Whole messages that come out of a stream.
fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut stream = Stream::new(Transport::Framed);
    let mut assembler = Assembler::new();
    let mut messages = Vec::new();
    for piece in bytes.chunks(PIECE_MAX) {
        stream.push(piece);
        while let Some(event) = stream.next() {
            let verdict = match event {
                Event::Hdlc { offset, bytes, frame } => {
                    let end = offset + bytes.len() as u64;
                    assembler.accept_hdlc(Extent { offset, end }, &frame)
                }
                Event::Mbus { offset, bytes, frame } => {
                    let end = offset + bytes.len() as u64;
                    let segment = Segment::of(&frame).expect("DLMS");
                    assembler.accept_mbus(Extent { offset, end }, &segment)
                }
                other => panic!("{other:?}"),
            };
            match verdict {
                Verdict::Complete => messages.push(assembler.message().bytes.to_vec()),
                Verdict::Waiting => {}
                refused => panic!("{refused:?}"),
            }
        }
    }
    assert!(!assembler.in_progress());
    messages
}

fn framed(
    information: &[u8],
    segmented: bool,
    (destination, source): (Address, Address),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let frame = Outgoing { segmented, destination, source, control: 0x13, information };
    hdlc::encode(&frame, &mut bytes).expect("short enough");
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn data_come_back(data in data()) {
        let mut bytes = Vec::new();
        data.encode(&mut bytes);
        let mut nodes = Vec::new();
        let end = axdr::decode(&bytes, 0, &mut nodes, Style::Standard);
        prop_assert_eq!(end, Ok(bytes.len()));
        let root = Document::new(&bytes, &nodes).root().expect("an element");
        prop_assert_eq!(Data::of(&root), Some(data));
    }

    #[test]
    fn messages_come_back_from_segments(
        message in prop::collection::vec(any::<u8>(), 1..3000),
        addresses in (address(), address()),
        length in 20_usize..900,
    ) {
        // Only a block starts with the block's tag.
        let message = [&[0x0F][..], &message].concat();
        let content = [&LLC_RESPONSE[..], &message].concat();
        let count = content.chunks(length).count();
        let frames = content.chunks(length).enumerate();
        let bytes: Vec<u8> = frames
            .flat_map(|(index, piece)| framed(piece, index + 1 < count, addresses))
            .collect();
        prop_assume!(content.chunks(length).skip(1).all(|piece| !piece.starts_with(&LLC_RESPONSE)));
        prop_assert_eq!(messages(&bytes), vec![message]);
    }

    #[test]
    fn messages_come_back_from_blocks(
        message in prop::collection::vec(any::<u8>(), 1..3000),
        addresses in (address(), address()),
        length in 1_usize..900,
        segment in 10_usize..900,
    ) {
        let blocks = gbt::encode_blocks(&message, length).expect("few enough");
        // A block may itself come in several segments.
        let bytes: Vec<u8> = blocks
            .iter()
            .flat_map(|block| {
                let content = [&LLC_RESPONSE[..], block].concat();
                let count = content.chunks(segment).count();
                let pieces: Vec<Vec<u8>> = content.chunks(segment).map(Vec::from).collect();
                pieces
                    .into_iter()
                    .enumerate()
                    .flat_map(move |(index, piece)| framed(&piece, index + 1 < count, addresses))
            })
            .collect();
        prop_assert_eq!(messages(&bytes), vec![message]);
    }

    #[test]
    fn messages_come_back_from_mbus(message in prop::collection::vec(any::<u8>(), 1..3500)) {
        let message = [&[0xDB][..], &message].concat();
        let mut bytes = Vec::new();
        mbus::encode_segments(&message, [1, 0x67], &mut bytes).expect("16 segments suffice");
        prop_assert_eq!(messages(&bytes), vec![message]);
    }

    #[test]
    fn sealed_content_opens_with_its_keys_only(
        plain in prop::collection::vec(any::<u8>(), 0..400),
        keys in any::<([u8; 16], [u8; 16])>(),
        control in prop::sample::select(vec![0x00, 0x10, 0x20, 0x30]),
        envelope in any::<([u8; 8], u32)>(),
    ) {
        let envelope = Envelope {
            system_title: envelope.0,
            control: SecurityControl(control),
            invocation_counter: envelope.1,
        };
        let mut bytes = Vec::new();
        Keys::new(&keys.0, Some(keys.1)).seal(&envelope, &plain, &mut bytes).expect("supported");
        let Ok((Apdu::Ciphered(ciphered), length)) = decode(&bytes) else {
            panic!("no ciphered APDU");
        };
        prop_assert_eq!(length, bytes.len());
        let mut opened = Vec::new();
        Keys::new(&keys.0, Some(keys.1)).open(&ciphered, &mut opened).expect("the right keys");
        prop_assert_eq!(&opened, &plain);
        if envelope.control.authenticated() {
            let mut other = keys.1;
            other[0] ^= 1;
            prop_assert!(Keys::new(&keys.0, Some(other)).open(&ciphered, &mut opened).is_err());
            prop_assert!(opened.is_empty());
        }
    }
}
