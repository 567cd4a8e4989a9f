//! Fuzz targets, run as ordinary tests for `TRIPHASE_FUZZ_SECONDS` each (1 by default), and with
//! `cargo bolero test` for as long as one likes.

mod telegram;

use meter::push::{PushOptions, PushReader};
use std::time::Duration;
use telegram::{blocks, e450_apdu, mbus, one_frame, options, sealed, segment_frames};

fn duration() -> Duration {
    let seconds = std::env::var("TRIPHASE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

fn read_everything(bytes: &[u8]) {
    let mut reader = PushReader::new(PushOptions { explain: true, ..options() });
    for outcome in reader.feed(None, bytes).into_iter().chain(reader.finish()) {
        assert!(outcome.delivered || outcome.values.is_empty());
    }
}

#[test]
fn fuzz_push_reader_with_any_bytes() {
    bolero::check!().with_test_time(duration()).for_each(read_everything);
}

#[test]
fn fuzz_push_reader_with_altered_telegrams() {
    let plain = e450_apdu();
    let seeds = [
        blocks(&plain),
        blocks(&sealed(0x30, 1, &plain)),
        segment_frames(&plain, 100).concat(),
        mbus(&plain),
        one_frame(&sealed(0x20, 2, &plain)),
        plain.clone(),
        sealed(0x30, 3, &plain),
    ];
    bolero::check!().with_test_time(duration()).with_type::<(u8, Vec<(u16, u8)>, u16)>().for_each(
        |(seed, edits, cut)| {
            let mut bytes = seeds[usize::from(*seed) % seeds.len()].clone();
            for (at, value) in edits {
                let at = usize::from(*at) % bytes.len();
                bytes[at] = *value;
            }
            bytes.truncate(bytes.len() - usize::from(*cut) % bytes.len());
            read_everything(&bytes);
        },
    );
}

/// Data of any shape inside an intact frame: this gets past the check sequences.
#[test]
fn fuzz_notification_bodies() {
    bolero::check!().with_test_time(duration()).for_each(|body| {
        let mut apdu = vec![0x0F, 0, 0, 0, 1, 0];
        apdu.extend(&body[..body.len().min(1500)]);
        read_everything(&one_frame(&apdu));
        read_everything(&apdu);
    });
}
