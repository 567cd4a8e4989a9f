//! What holds for every telegram, whatever is in it and however it arrives.

mod telegram;

use meter::push::{DefectCode, Outcome, PushOptions, PushReader, PushedValue};
use proptest::prelude::*;
use telegram::{
    block_frames, blocks, e450_apdu, mbus, one_frame, options, read, read_in_pieces, sealed,
    segment_frames,
};

fn values_of(outcomes: &[Outcome]) -> Vec<&[PushedValue]> {
    let delivered = outcomes.iter().filter(|outcome| outcome.delivered);
    delivered.map(|outcome| outcome.values.as_slice()).collect()
}

/// Flips every bit in turn: what is delivered is what was sent, and then something was noted.
#[track_caller]
fn flips_never_change_a_value(options: &PushOptions, bytes: &[u8]) {
    let intact = read(options, bytes);
    let sent = values_of(&intact);
    assert_eq!(sent.len(), intact.len(), "the intact telegrams are all delivered");
    let mut flipped = bytes.to_vec();
    for bit in 0..bytes.len() * 8 {
        flipped[bit / 8] ^= 1 << (bit % 8);
        let outcomes = read(options, &flipped);
        for outcome in outcomes.iter().filter(|outcome| outcome.delivered) {
            let same: Vec<_> =
                intact.iter().filter(|known| known.values == outcome.values).collect();
            assert!(!same.is_empty(), "bit {bit} changed a value: {outcome:?}");
        }
        let whole = outcomes.iter().filter(|outcome| outcome.delivered).count() == sent.len();
        let noted = |outcomes: &[Outcome]| {
            outcomes.iter().map(|outcome| outcome.defects.len()).sum::<usize>()
        };
        assert!(!whole || noted(&outcomes) > noted(&intact), "bit {bit} went unnoticed");
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn no_flipped_bit_changes_a_value_in_one_frame() {
    flips_never_change_a_value(&options(), &one_frame(&e450_apdu()));
    flips_never_change_a_value(&options(), &one_frame(&sealed(0x20, 1, &e450_apdu())));
}

#[test]
fn no_flipped_bit_changes_a_value_in_blocks() {
    flips_never_change_a_value(&options(), &blocks(&e450_apdu()));
    let two = [blocks(&e450_apdu()), blocks(&sealed(0x30, 2, &e450_apdu()))].concat();
    flips_never_change_a_value(&options(), &two);
}

#[test]
fn no_flipped_bit_changes_a_value_between_shared_flags() {
    let mut shared = Vec::new();
    for frame in block_frames(&e450_apdu(), 112) {
        shared.pop();
        shared.extend(frame);
    }
    flips_never_change_a_value(&options(), &shared);
}

#[test]
fn no_flipped_bit_changes_a_value_in_segments() {
    let segments = segment_frames(&e450_apdu(), 100).concat();
    flips_never_change_a_value(&options(), &segments);
}

#[test]
fn no_flipped_bit_changes_a_value_in_mbus_frames() {
    flips_never_change_a_value(&options(), &mbus(&sealed(0x30, 1, &e450_apdu())));
}

#[test]
fn no_flipped_bit_changes_a_value_of_an_authenticated_apdu() {
    flips_never_change_a_value(&options(), &sealed(0x30, 1, &e450_apdu()));
    flips_never_change_a_value(&options(), &sealed(0x10, 1, &e450_apdu()));
}

#[test]
fn a_wrong_key_is_called_so_and_delivers_nothing() {
    let bytes = blocks(&sealed(0x30, 1, &e450_apdu()));
    for seed in 0..=255 {
        let wrong = PushOptions { guek: Some([seed; 16]), gak: None, ..options() };
        let outcomes = read(&wrong, &bytes);
        let right = seed == telegram::GUEK[0];
        assert_eq!(outcomes[0].delivered, right, "{seed}");
        assert_eq!(outcomes[0].has(DefectCode::WrongKey), !right, "{seed}");
    }
}

#[test]
fn counters_survive_a_restart() {
    let first = read(&options(), &blocks(&sealed(0x30, 41, &e450_apdu())));
    for (counter, accepted) in [(40, false), (41, false), (42, true)] {
        let mut reader = PushReader::new(options());
        reader.recall(&first[0].memory);
        let outcomes = reader.feed(None, &blocks(&sealed(0x20, counter, &e450_apdu())));
        assert_eq!(outcomes[0].delivered, accepted, "{counter}");
        assert_eq!(outcomes[0].has(DefectCode::ReplayedCounter), !accepted);
    }
}

#[test]
fn silence_ends_a_message() {
    let frames = block_frames(&e450_apdu(), 112);
    let mut reader = PushReader::new(options());
    let at = |seconds: i64| Some(reading::Timestamp::from_seconds(1_777_887_561 + seconds));
    assert!(reader.feed(at(0), &frames[..2].concat()).is_empty());
    // The last two blocks of another message, a push period later.
    let outcomes = reader.feed(at(5), &frames[2..].concat());
    assert!(outcomes.iter().all(|outcome| !outcome.delivered), "{outcomes:?}");
    assert!(outcomes[0].has(DefectCode::GbtBlockMissing));
    let outcomes = reader.feed(at(6), &frames.concat());
    assert!(outcomes[0].delivered);
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let plain = e450_apdu();
    prop_oneof![
        3 => Just(blocks(&plain)),
        2 => any::<u32>().prop_map({
            let plain = plain.clone();
            move |counter| blocks(&sealed(0x30, counter, &plain))
        }),
        1 => Just(mbus(&plain)),
        1 => Just(segment_frames(&plain, 100).concat()),
        1 => Just(plain),
        1 => Just(vec![0x10, 0x40, 0x01, 0x41, 0x16]),
        3 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(prop::sample::select(vec![0x7E, 0xA0, 0x68, 0x10, 0x0F, 0xE5]), 0..20),
    ]
}

/// Telegrams, noise, and parts of both.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let cut =
        (piece(), any::<prop::sample::Index>(), any::<bool>()).prop_map(|(piece, at, cut)| {
            let length = if cut { at.index(piece.len() + 1) } else { piece.len() };
            piece[..length].to_vec()
        });
    prop::collection::vec(cut, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_outcomes(bytes in stream(), lengths in prop::collection::vec(1_usize..90, 1..50)) {
        let options = PushOptions { explain: true, keep_bytes: true, ..options() };
        let whole = read(&options, &bytes);
        prop_assert_eq!(&read_in_pieces(&options, &bytes, 1), &whole);
        let mut reader = PushReader::new(options);
        let mut outcomes = Vec::new();
        let mut rest = bytes.as_slice();
        for length in lengths.iter().cycle() {
            let (piece, after) = rest.split_at((*length).min(rest.len()));
            outcomes.extend(reader.feed(None, piece));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        outcomes.extend(reader.finish());
        prop_assert_eq!(&outcomes, &whole);
    }

    #[test]
    fn explaining_changes_nothing(bytes in stream()) {
        let plain = read(&options(), &bytes);
        let options = PushOptions { explain: true, keep_bytes: true, ..options() };
        let explained: Vec<_> = read(&options, &bytes)
            .into_iter()
            .map(|outcome| Outcome { steps: Vec::new(), bytes: Vec::new(), ..outcome })
            .collect();
        prop_assert_eq!(plain, explained);
    }

    #[test]
    fn refused_telegrams_have_defects_and_no_values(bytes in stream()) {
        for outcome in read(&options(), &bytes) {
            prop_assert!(outcome.delivered || (outcome.values.is_empty() && !outcome.defects.is_empty()));
            prop_assert!(outcome.offset <= outcome.end && outcome.end <= bytes.len() as u64);
            for defect in &outcome.defects {
                prop_assert!(defect.offset <= bytes.len() as u64, "{:?}", defect);
            }
        }
    }

    #[test]
    fn random_bytes_pass_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        read(&options(), &bytes);
    }
}
