use super::*;
use crate::hdlc::{Address, Outgoing, encode};

fn frame(information: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let outgoing = Outgoing {
        segmented: false,
        destination: Address::pair(103, 127),
        source: Address::short(1),
        control: 0x13,
        information,
    };
    encode(&outgoing, &mut bytes).expect("short enough");
    bytes
}

/// A line per event, independent of borrowed bytes.
fn events(bytes: &[u8], piece: usize) -> Vec<String> {
    let mut stream = Stream::new(Transport::Auto);
    let mut lines = Vec::new();
    let describe = |event: Event<'_>| match event {
        Event::Hdlc { offset, frame, .. } => format!("{offset} hdlc {:02X?}", frame.information),
        Event::Mbus { offset, frame, .. } => format!("{offset} {frame:02X?}"),
        Event::Apdu { offset, bytes } => format!("{offset} apdu of {}", bytes.len()),
        Event::DamagedHdlc { offset, error, .. } => format!("{offset} {error}"),
        Event::DamagedMbus { offset, error, .. } => format!("{offset} {error}"),
        Event::CutShort { offset, .. } => format!("{offset} cut short"),
        Event::BrokenApdu { offset, .. } => format!("{offset} broken APDU"),
        Event::Noise { offset, length } => format!("{offset} noise of {length}"),
    };
    for piece in bytes.chunks(piece) {
        stream.push(piece);
        while let Some(event) = stream.next() {
            lines.push(describe(event));
        }
        assert!(stream.held() <= BUFFER_MAX);
    }
    stream.end();
    while let Some(event) = stream.next() {
        lines.push(describe(event));
    }
    lines
}

#[track_caller]
fn assert_events(bytes: &[u8], expected: &[&str]) {
    for piece in [1, 2, 3, 7, 64, 4096] {
        assert_eq!(events(bytes, piece), expected, "pieces of {piece}");
    }
}

#[test]
fn shared_and_doubled_flags_separate_frames() {
    let (first, second) = (frame(&[1]), frame(&[2]));
    let doubled = [first.clone(), second.clone()].concat();
    assert_events(&doubled, &["0 hdlc [01]", "13 hdlc [02]"]);
    let shared = [&first[..first.len() - 1], &second].concat();
    assert_events(&shared, &["0 hdlc [01]", "12 hdlc [02]"]);
}

#[test]
fn noise_and_short_frames_lie_between_frames() {
    let bytes = [
        &[0x55, 0x7E, 0x00, 0xFF][..],
        &frame(&[1]),
        &[0x10, 0x40, 0x01, 0x41, 0x16, 0xE5],
        &frame(&[2]),
    ]
    .concat();
    assert_events(
        &bytes,
        &[
            "0 noise of 3",
            "4 hdlc [01]",
            "17 Short { control: 40, address: 01 }",
            "22 Acknowledge",
            "23 hdlc [02]",
        ],
    );
}

#[test]
fn a_damaged_frame_does_not_hide_the_next() {
    let mut damaged = frame(&[9; 30]);
    damaged[20] ^= 1;
    let bytes = [damaged.clone(), frame(&[2])].concat();
    let found = events(&bytes, 4096);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("0 frame check sequence"), "{found:?}");
    assert_eq!(found[1], "42 hdlc [02]");
    // Half of a frame is lost, so that its length covers the next one.
    let bytes = [&frame(&[9; 30])[..20], &frame(&[2]), &frame(&[3])].concat();
    let found = events(&bytes, 1);
    assert_eq!(found[1..], ["20 hdlc [02]", "33 hdlc [03]"]);
}

#[test]
fn apdus_without_a_link_layer_follow_one_another() {
    let apdu = [0x0F, 0, 0, 0, 1, 0, 0x02, 0x01, 0x11, 0x07];
    let bytes = [&apdu[..], &[0xAA, 0xAA], &apdu].concat();
    assert_events(&bytes, &["0 apdu of 10", "10 noise of 2", "12 apdu of 10"]);
    assert_events(&apdu[..9], &["0 broken APDU"]);
}

#[test]
fn a_stream_that_starts_inside_a_frame_is_still_framed() {
    let bytes = [&[0x0F, 0x02, 0x12][..], &frame(&[1])].concat();
    assert_events(&bytes, &["0 noise of 3", "3 hdlc [01]"]);
    let bytes = [&[0x0F, 0, 0, 0, 1, 0, 0x02, 0x05, 0x09, 0x20][..], &frame(&[1])].concat();
    assert_events(&bytes, &["0 noise of 10", "10 hdlc [01]"]);
}

#[test]
fn endless_noise_takes_no_memory() {
    let mut stream = Stream::new(Transport::Auto);
    let mut noise = 0;
    for piece in 0..2600_u32 {
        let bytes = vec![u8::try_from(piece % 5).expect("small"); PIECE_MAX];
        stream.push(&bytes);
        while let Some(event) = stream.next() {
            if let Event::Noise { length, .. } = event {
                noise += length;
            }
        }
        // Noise at the start is kept until it cannot be the beginning of APDUs any more.
        let start = usize::try_from(piece).expect("small") * PIECE_MAX <= APDU_MAX;
        let bound = if start { BUFFER_MAX } else { hdlc::FRAME_LENGTH_MAX + 2 };
        assert!(stream.held() <= bound);
    }
    assert!(noise > 10_000_000);
}

#[test]
fn noise_before_an_apdu_does_not_hide_it() {
    let apdu = [0x0F, 0, 0, 0, 1, 0, 2, 2, 0x11, 7, 0x11, 8];
    let noisy = [&[0xAA, 0xBB, 0xE5, 0x7E, 0x00], &apdu[..], &[0x55]].concat();
    assert_events(&noisy, &["0 noise of 5", "5 apdu of 12", "17 noise of 1"]);
    // A link frame, intact or damaged, decides for the link layer.
    let framed = frame(&apdu);
    let behind = [&[0xAA], &apdu[..], &framed].concat();
    let content = format!("13 hdlc {apdu:02X?}");
    assert_events(&behind, &["0 noise of 13", &content]);
    let mut damaged = framed;
    damaged[14] ^= 1;
    let lost_flag = [&[0xE6, 0xE7, 0x00], &apdu[..]].concat();
    for bytes in [damaged, lost_flag] {
        let lines = events(&[&[0xAA], &bytes[..]].concat(), 64);
        assert!(lines.iter().all(|line| !line.contains("apdu")), "{lines:?}");
    }
}

#[test]
fn noise_before_an_apdu_is_kept_up_to_a_bound() {
    let apdu = [0x0F, 0, 0, 0, 1, 0, 2, 2, 0x11, 7, 0x11, 8];
    for (length, found) in [(APDU_MAX - apdu.len(), true), (APDU_MAX, false)] {
        let noisy = [&vec![0xAA; length][..], &apdu].concat();
        for piece in [1000, 4096] {
            let lines = events(&noisy, piece);
            assert_eq!(lines.iter().any(|line| line.ends_with("apdu of 12")), found);
        }
    }
}
