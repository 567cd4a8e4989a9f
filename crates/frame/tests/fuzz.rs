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
