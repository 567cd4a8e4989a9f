//! Bad lines and bad peers: each gives a clear fault, and nothing wrong is ever delivered.

use super::line::{Line, Meter, Peer, client};
use meter::cosem::{Carriage, CosemOptions};
use meter::{Answer, FaultClass};
use proptest::prelude::*;
use reading::{Telegram, Timestamp};
use sim::CosemSettings;

fn options(carriage: Carriage) -> CosemOptions {
    CosemOptions { carriage, client: 1, profiles: Some(Vec::new()), ..CosemOptions::default() }
}

fn fault(carriage: Carriage, peer: &mut dyn Peer) -> (FaultClass, &'static str, String) {
    let answer = Line::new().read(&mut client(options(carriage)), peer);
    assert!(answer.heard.telegrams.is_empty(), "{:?}", answer.heard.telegrams);
    let fault = answer.fault.expect("a fault");
    (fault.class, fault.code, fault.detail)
}

#[test]
fn a_peer_that_never_answers_is_silent_and_says_to_what() {
    for (carriage, what) in [
        (Carriage::Hdlc, "SNRM"),
        (Carriage::Wrapper, "AARQ"),
        (Carriage::ModeE { device: None }, "sign-on"),
    ] {
        let mut asked = 0;
        let mut peer = |_: Timestamp, _: &[u8]| {
            asked += 1;
            Vec::new()
        };
        let (class, code, detail) = fault(carriage, &mut peer);
        assert_eq!((class, code), (FaultClass::Transient, "no_answer"));
        assert!(detail.contains(what), "{detail}");
        assert!(asked <= 3);
    }
}

#[test]
fn a_peer_that_answers_other_questions_is_not_believed() {
    // Every GET is answered with the answer to the one before.
    let mut meter = Meter::new(CosemSettings::default());
    let mut before: Vec<Vec<u8>> = Vec::new();
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let answer = meter.answer(now, bytes);
        if answer.concat().get(8) != Some(&0xC4) {
            return answer;
        }
        std::mem::replace(&mut before, answer)
    };
    let (class, code, _) = fault(Carriage::Wrapper, &mut peer);
    assert_eq!((class, code), (FaultClass::Transient, "no_answer"));
}

#[test]
fn a_late_answer_before_the_right_one_is_passed_over() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut last: Vec<u8> = Vec::new();
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let answer = meter.answer(now, bytes).concat();
        let both = vec![std::mem::replace(&mut last, answer.clone()), answer];
        both
    };
    let answer = Line::new().read(&mut client(options(Carriage::Wrapper)), &mut peer);
    assert_eq!(answer.fault, None);
    assert_eq!(answer.heard.telegrams[0].readings.len(), 27);
}

#[test]
fn a_connection_cut_in_a_block_is_a_silence_that_names_the_question() {
    let mut meter = Meter::new(CosemSettings { pdu_length_max: 200, ..CosemSettings::default() });
    let mut blocks = 0;
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let answer = meter.answer(now, bytes).concat();
        if answer.get(8..10) == Some(&[0xC4, 2]) {
            blocks += 1;
        }
        let end = if blocks == 3 { answer.len() / 2 } else { answer.len() };
        if blocks > 3 { Vec::new() } else { vec![answer[..end].to_vec()] }
    };
    let (class, code, detail) = fault(Carriage::Wrapper, &mut peer);
    assert_eq!((class, code), (FaultClass::Transient, "no_answer"));
    assert!(detail.contains("0-0:40.0.0"), "{detail}");
}

#[test]
fn a_frame_damaged_once_is_asked_for_again_and_always_is_a_fault() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut count = 0;
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let mut answer = meter.answer(now, bytes).concat();
        count += 1;
        if count % 5 == 0 && answer.len() > 20 {
            answer[15] ^= 0x10;
        }
        vec![answer]
    };
    let answer = Line::new().read(&mut client(options(Carriage::Hdlc)), &mut peer);
    assert_eq!(answer.fault, None);
    assert_eq!(answer.heard.telegrams[0].readings.len(), 27);
    let mut meter = Meter::new(CosemSettings::default());
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let mut answer = meter.answer(now, bytes).concat();
        if answer.len() > 50 {
            answer[30] ^= 0x10;
        }
        vec![answer]
    };
    let (class, code, detail) = fault(Carriage::Hdlc, &mut peer);
    assert_eq!((class, code), (FaultClass::Corrupt, "frame_damaged"));
    assert!(detail.contains("check sequence"), "{detail}");
}

#[test]
fn lengths_beyond_reason_are_refused() {
    let get = |answer: Vec<u8>| {
        let mut meter = Meter::new(CosemSettings::default());
        move |now: Timestamp, bytes: &[u8]| {
            let true_answer = meter.answer(now, bytes).concat();
            if true_answer.get(8) != Some(&0xC4) {
                return vec![true_answer];
            }
            let id = true_answer[10];
            let apdu: Vec<u8> =
                answer.iter().enumerate().map(|(at, b)| if at == 2 { id } else { *b }).collect();
            let length = u16::try_from(apdu.len()).expect("short").to_be_bytes();
            vec![[&[0, 1, 0, 1, 0, 1][..], &length, &apdu].concat()]
        }
    };
    // A block that claims four gigabytes, an array of four billion objects.
    let block = vec![0xC4, 2, 0, 0, 0, 0, 0, 1, 0, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 1];
    let (class, code, _) = fault(Carriage::Wrapper, &mut get(block));
    assert_eq!((class, code), (FaultClass::Corrupt, "answer_broken"));
    let array = vec![0xC4, 1, 0, 0, 1, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0];
    let answer = Line::new().read(&mut client(options(Carriage::Wrapper)), &mut get(array));
    assert!(answer.heard.telegrams.is_empty() && answer.fault.is_some());
}

#[test]
fn a_peer_that_streams_for_ever_is_given_up() {
    let mut peer = |_: Timestamp, _: &[u8]| vec![vec![0x55]; 5000];
    let (class, code, _) = fault(Carriage::Hdlc, &mut peer);
    assert_eq!((class, code), (FaultClass::Transient, "no_answer"));
    let mut peer = |_: Timestamp, _: &[u8]| vec![vec![0x7E, 0xA0, 0x07, 0x03, 0x03, 0x1F]; 100];
    fault(Carriage::Hdlc, &mut peer);
}

#[test]
fn a_meter_that_refuses_the_connection_says_so() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let mut dm = Vec::new();
        let frame = frame::hdlc::Outgoing {
            segmented: false,
            destination: frame::hdlc::Address::short(1),
            source: frame::hdlc::Address::short(1),
            control: 0x1F,
            information: &[],
        };
        frame::hdlc::encode(&frame, &mut dm).expect("short");
        let _ = meter.answer(now, bytes);
        vec![dm]
    };
    let (class, code, _) = fault(Carriage::Hdlc, &mut peer);
    assert_eq!((class, code), (FaultClass::Transient, "link_refused"));
}

fn told(answer: &Answer) -> Vec<String> {
    let row = |telegram: &Telegram| format!("{:?} {:?}", telegram.list, telegram.readings);
    answer.heard.telegrams.iter().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    /// Whatever happens to the meter's bytes on a line with check sequences, what is delivered is
    /// what the meter sent, or nothing.
    #[test]
    fn a_bad_line_never_changes_a_value(
        damage in prop::collection::vec((0_usize..4000, 0_u8..8, 0_u8..3), 1..6),
        piece in 1_usize..80,
    ) {
        let mut meter = Meter::new(CosemSettings::default());
        let mut sent = 0;
        let mut peer = |now: Timestamp, bytes: &[u8]| {
            let mut answer = Vec::new();
            for byte in meter.answer(now, bytes).concat() {
                let hit = damage.iter().find(|(at, ..)| *at == sent);
                sent += 1;
                match hit {
                    Some((_, bit, 0)) => answer.push(byte ^ (1 << bit)),
                    Some((_, _, 1)) => {}
                    Some(_) => answer.extend([byte, byte]),
                    None => answer.push(byte),
                }
            }
            answer.chunks(piece).map(Vec::from).collect()
        };
        let mut line = Line::new();
        let answer = line.read(&mut client(options(Carriage::Hdlc)), &mut peer);
        prop_assert!(answer.fault.is_some() || answer.heard.telegrams.len() == 1);
        // Registers move with time, so what does not is compared: codes, units, digits' scale.
        let shape = |answer: &Answer| -> Vec<_> {
            let readings = answer.heard.telegrams.iter().flat_map(|it| &it.readings);
            readings
                .map(|it| (it.obis, it.unit, it.value.number().map(reading::Decimal::exponent)))
                .collect()
        };
        let mut clean = Meter::new(CosemSettings::default());
        let expected = Line::new().read(&mut client(options(Carriage::Hdlc)), &mut clean);
        let expected = shape(&expected);
        for item in shape(&answer) {
            prop_assert!(expected.contains(&item), "{:?}", told(&answer));
        }
    }
}
