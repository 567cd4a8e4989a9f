//! Fuzz targets, run as ordinary tests for `TRIPHASE_FUZZ_SECONDS` each (1 by default), and with
//! `cargo bolero test` for as long as one likes.

use frame::dlms::axdr::{self, Document, ELEMENTS_MAX};
use frame::dlms::{Data, apdu, gbt};
use frame::iec62056_21::{self, Scanner, Start, message};
use frame::stream::{BUFFER_MAX, PIECE_MAX, Stream, Transport};
use frame::{capture_text, hdlc, mbus};
use std::time::Duration;

fn duration() -> Duration {
    let seconds = std::env::var("TRIPHASE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

#[test]
fn fuzz_single_frames() {
    bolero::check!().with_test_time(duration()).for_each(|bytes: &[u8]| {
        if let Ok(Some((frame, length))) = hdlc::decode(bytes) {
            assert!(length <= bytes.len() && frame.information.len() < length);
        }
        if let Ok(Some((_, length))) = mbus::decode(bytes) {
            assert!(length <= bytes.len());
        }
        if let Ok((block, length)) = gbt::decode(bytes) {
            assert!(block.payload_at + block.payload.len() == length && length <= bytes.len());
        }
        let _ = capture_text::bytes_of_capture(bytes);
    });
}

#[test]
fn fuzz_data_of_any_bytes() {
    let mut nodes = Vec::new();
    bolero::check!().with_test_time(duration()).for_each(move |bytes: &[u8]| {
        for style in [
            axdr::Style::Standard,
            axdr::Style::AttributeDescriptors,
            axdr::Style::SwappedLogicalNames,
        ] {
            let decoded = axdr::decode(bytes, 0, &mut nodes, style);
            assert!(nodes.len() <= ELEMENTS_MAX);
            let root = Document::new(bytes, &nodes).root();
            let (Ok(end), Some(root), axdr::Style::Standard) = (decoded, root, style) else {
                continue;
            };
            assert!(end <= bytes.len());
            let data = Data::of(&root).expect("standard data");
            let mut again = Vec::new();
            data.encode(&mut again);
            assert!(again.first() == bytes.first());
        }
        let _ = apdu::extent(bytes, &mut nodes);
    });
}

#[test]
fn fuzz_apdus_of_an_association() {
    use frame::dlms::{access_result, action, association, get, initiate, service_cipher, wrapper};
    let keys = frame::dlms::glo_cipher::Keys::new(&[1; 16], Some([2; 16]));
    let mut nodes = Vec::new();
    bolero::check!().with_test_time(duration()).for_each(move |bytes: &[u8]| {
        if let Ok(request) = association::Request::decode(bytes) {
            assert_eq!(association::Request::decode(&request.encode()), Ok(request));
        }
        if let Ok(response) = association::Response::decode(bytes) {
            assert!(response.authentication.len() <= association::CHALLENGE_MAX);
        }
        let _ = initiate::decode_request(bytes);
        let _ = initiate::decode_response(bytes);
        if let Some(request) = get::Request::decode(bytes, &mut nodes) {
            assert_eq!(get::Request::decode(&request.encode(), &mut nodes), Some(request));
        }
        if let Ok(response) = get::Response::decode(bytes) {
            assert_eq!(get::Response::decode(&response.encode()), Ok(response));
        }
        if let Ok(results) = get::list_results(bytes, &mut nodes) {
            assert!(results.len() <= get::LIST_MAX);
        }
        let _ = (action::Request::decode(bytes), action::Response::decode(bytes));
        let _ = access_result::Refused::decode(bytes);
        assert!(service_cipher::open(&keys, [3; 8], bytes).is_err(), "forged");
        if let Ok(Some((wrapped, length))) = wrapper::decode(bytes) {
            assert!(wrapped.apdu.len() + 8 == length && length <= bytes.len());
        }
        let _ = hdlc::Limits::decode(bytes);
    });
}

#[test]
fn fuzz_both_sides_of_a_connection() {
    use frame::hdlc::{Address, Event, FLAG, Limits, Primary, Secondary};
    bolero::check!().with_test_time(duration()).with_type::<Vec<(u8, Vec<u8>, bool)>>().for_each(
        |frames| {
            let (client, server) = (Address::short(16), Address::short(1));
            let mut primary = Primary::new(client, server, Limits::default());
            let mut secondary = Secondary::new(1, Limits::default());
            let mut call = primary.connect();
            secondary.receive(&call);
            while secondary.next().is_some() {}
            for (control, information, segmented) in frames {
                for (destination, source) in [(client, server), (server, client)] {
                    call.clear();
                    let frame = hdlc::Outgoing {
                        segmented: *segmented,
                        destination,
                        source,
                        control: *control,
                        information,
                    };
                    let _ = hdlc::encode(&frame, &mut call);
                    primary.receive(&call);
                    primary.receive(&[FLAG, *control]);
                    while let Some(event) = primary.next() {
                        if let Ok(Event::Message(message)) = event {
                            assert!(message.len() <= hdlc::MESSAGE_MAX);
                        }
                    }
                    let _ = primary.send(information);
                    secondary.receive(&call);
                    while secondary.next().is_some() {}
                    let _ = secondary.respond(information);
                }
            }
        },
    );
}

#[test]
fn fuzz_streams_in_pieces() {
    bolero::check!().with_test_time(duration()).with_type::<(Vec<u8>, u8)>().for_each(
        |(bytes, length)| {
            for transport in [Transport::Auto, Transport::Framed, Transport::Apdu] {
                let mut stream = Stream::new(transport);
                let mut last = 0;
                for piece in bytes.chunks(usize::from(*length).clamp(1, PIECE_MAX)) {
                    stream.push(piece);
                    while stream.next().is_some() {}
                    assert!(stream.held() <= BUFFER_MAX && stream.offset() >= last);
                    last = stream.offset();
                }
                stream.end();
                while stream.next().is_some() {}
                assert_eq!(stream.offset(), bytes.len() as u64);
            }
        },
    );
}

#[test]
fn fuzz_readable_streams_in_pieces() {
    bolero::check!().with_test_time(duration()).with_type::<(Vec<u8>, u8)>().for_each(
        |(bytes, length)| {
            for start in [Start::Marked, Start::Anywhere] {
                let mut scanner = Scanner::new(start);
                let mut last = 0;
                for piece in bytes.chunks(usize::from(*length).clamp(1, PIECE_MAX)) {
                    scanner.push(piece);
                    while scanner.next().is_some() {}
                    assert!(scanner.held() <= iec62056_21::BUFFER_MAX && scanner.offset() >= last);
                    last = scanner.offset();
                }
                scanner.end();
                while scanner.next().is_some() {}
                assert_eq!(scanner.offset(), bytes.len() as u64);
            }
            match message::decode(bytes) {
                Ok(Some((_, length))) => assert!(length > 0 && length <= bytes.len()),
                Ok(None) => {}
                Err(noise) => assert!(noise > 0 && noise <= bytes.len().max(6)),
            }
        },
    );
}

#[test]
fn fuzz_answers_of_mbus_slaves() {
    bolero::check!().with_test_time(duration()).with_type::<(u8, Vec<u8>)>().for_each(
        |(ci, data)| {
            for ci in [0x72, 0x73, 0x78, 0x7A, *ci] {
                let Ok(mbus::Application::Variable(variable)) =
                    mbus::decode_application(0x08, ci, data)
                else {
                    continue;
                };
                let _ = mbus::protection::open(&variable, None, Some(&[7; 16]));
                let mut last = variable.content_at;
                for record in variable.records() {
                    match record {
                        Ok(record) => {
                            assert!(record.offset >= last && record.length > 0);
                            last = record.offset + record.length;
                            let _ = (record.meaning(), record.value(), record.nominal());
                        }
                        Err(error) => {
                            assert!(error.record >= last && error.offset >= error.record);
                            assert!(error.offset <= variable.content_at + variable.content.len());
                        }
                    }
                }
                assert!(last <= variable.content_at + variable.content.len());
            }
        },
    );
}
