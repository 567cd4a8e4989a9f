//! Passwords and keys: what is shown, to whom, how often.

use super::line::{Line, Meter, Peer, client, options as driver, recalled};
use frame::dlms::association::{Mechanism, Request};
use meter::cosem::{Carriage, CosemDialogue, CosemOptions, Proof};
use meter::{DriverOptions, FaultClass};
use reading::{Memory, Quantity, Timestamp};
use sim::{Access, CosemSettings};
use std::collections::BTreeSet;

const GUEK: [u8; 16] = [0x11; 16];
const GAK: [u8; 16] = [0x22; 16];

fn options(proof: Proof) -> CosemOptions {
    let profiles = Some(Vec::new());
    CosemOptions {
        carriage: Carriage::Wrapper,
        client: 1,
        proof,
        profiles,
        ..CosemOptions::default()
    }
}

fn low(password: &str) -> CosemOptions {
    options(Proof::Low(password.as_bytes().to_vec()))
}

fn keyed(guek: [u8; 16], gak: [u8; 16], memory: Vec<Memory>) -> DriverOptions {
    let options = driver(options(Proof::HighGmac));
    DriverOptions { guek: Some(guek), gak: Some(gak), memory, ..options }
}

fn meter_with_password() -> Meter {
    let access = Access::Password(b"12345678".to_vec());
    Meter::new(CosemSettings { access, ..CosemSettings::default() })
}

fn meter_with_keys() -> Meter {
    let access = Access::Keys { guek: GUEK, gak: GAK };
    Meter::new(CosemSettings { access, ..CosemSettings::default() })
}

#[test]
fn the_right_password_opens_the_meter() {
    let answer = Line::new().read(&mut client(low("12345678")), &mut meter_with_password());
    assert_eq!(answer.fault, None);
    assert!(answer.heard.telegrams[0].number(Quantity::ActiveEnergyImport).is_some());
}

/// Whatever the meter answers, nothing that proves an identity leaves without being configured.
#[test]
fn without_a_configured_password_none_is_sent() {
    let mut meter = meter_with_password();
    let mut dialogue = client(options(Proof::None));
    for _ in 0..3 {
        Line::new().read(&mut dialogue, &mut meter);
    }
    // Behind the wrapper's header of 8 bytes.
    let apdus = meter.asked.iter().filter_map(|bytes| bytes.get(8..));
    let requests: Vec<Request> = apdus.filter_map(|apdu| Request::decode(apdu).ok()).collect();
    assert!(!requests.is_empty(), "an association was asked for");
    for request in requests {
        assert_eq!((request.mechanism, request.authentication), (Mechanism::Lowest, Vec::new()));
    }
}

#[test]
fn a_refused_password_is_shown_once_restarts_included() {
    let mut meter = meter_with_password();
    let mut line = Line::new();
    let mut dialogue = client(low("wrong"));
    let first = line.read(&mut dialogue, &mut meter);
    let fault = first.fault.expect("refused");
    assert_eq!((fault.class, fault.code), (FaultClass::Config, "authentication_refused"));
    assert!(fault.detail.contains("authentication failure"), "{fault}");
    assert!(!fault.detail.contains("wrong\""), "the password is not told");
    let asked = meter.asked.len();
    // Neither the same process nor the next one asks again.
    let second = line.read(&mut dialogue, &mut meter);
    assert_eq!(second.fault.expect("refused").class, FaultClass::Config);
    let memory = recalled(first.heard.memory);
    let restarted = DriverOptions { memory: memory.clone(), ..driver(low("wrong")) };
    let third = line.read(&mut CosemDialogue::new(restarted), &mut meter);
    assert_eq!(third.fault.expect("refused").class, FaultClass::Config);
    assert_eq!((meter.asked.len(), meter.meter.refusals()), (asked, 1));
    // Another password is another matter, and the old refusal is forgotten with it.
    let corrected = DriverOptions { memory: memory.clone(), ..driver(low("12345678")) };
    let fourth = line.read(&mut CosemDialogue::new(corrected), &mut meter);
    assert_eq!(fourth.fault, None);
    let memory = recalled(memory.into_iter().chain(fourth.heard.memory));
    assert!(memory.iter().any(|it| it.key == "cosem_refused/general" && it.value == 0));
}

#[test]
fn a_meter_that_wants_a_password_says_so() {
    let answer = Line::new().read(&mut client(options(Proof::None)), &mut meter_with_password());
    let fault = answer.fault.expect("refused");
    assert_eq!((fault.class, fault.code), (FaultClass::Config, "association_refused"));
    assert!(fault.detail.contains("dlms.security"), "{fault}");
    assert!(answer.heard.memory.is_empty(), "nothing was shown, so nothing is locked");
}

#[test]
fn keys_open_the_meter_and_nothing_travels_in_clear() {
    let mut meter = meter_with_keys();
    let mut line = Line::new();
    let mut dialogue = CosemDialogue::new(keyed(GUEK, GAK, Vec::new()));
    let mut answers = Vec::new();
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let answer = meter.answer(now, bytes);
        answers.extend(answer.concat());
        answer
    };
    let answer = line.read(&mut dialogue, &mut peer);
    assert_eq!(answer.fault, None);
    let security = answer.heard.outcomes[0].security;
    assert!(security.encrypted && security.authenticated);
    assert_eq!(security.system_title.map(|title| title[..3].to_vec()), Some(b"LGZ".to_vec()));
    let serial = meter.meter.serial().as_bytes();
    assert!(!answers.windows(serial.len()).any(|part| part == serial));
}

/// The counters of our ciphered APDUs, and of our proofs' outer frames.
fn counters(asked: &[Vec<u8>]) -> Vec<u32> {
    let apdus = asked.iter().filter_map(|bytes| bytes.get(8..));
    apdus
        .filter_map(|apdu| match apdu {
            [0xC8 | 0xCB, rest @ ..] => {
                let at = if rest[0] < 0x80 { 2 } else { 3 };
                Some(u32::from_be_bytes(rest[at..at + 4].try_into().expect("four bytes")))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_counter_is_on_disk_before_it_is_used_and_never_used_twice() {
    let mut meter = meter_with_keys();
    let mut line = Line::new();
    let mut used = BTreeSet::new();
    let mut memory = Vec::new();
    // Six starts, of which each second one loses everything but what was committed.
    for start in 0..6 {
        let mut dialogue = CosemDialogue::new(keyed(GUEK, GAK, memory.clone()));
        for _ in 0..3 {
            let before = line.remembered.len();
            let answer = line.read(&mut dialogue, &mut meter);
            assert_eq!(answer.fault, None);
            assert!(line.remembered.len() <= before + 1);
            if start % 2 == 0 {
                memory = recalled(memory.into_iter().chain(answer.heard.memory));
            }
        }
        memory = recalled(memory.into_iter().chain(line.remembered.iter().cloned()));
        let end = memory.iter().find(|it| it.key.starts_with("cosem_client_counter/"));
        let end = end.expect("reserved").value;
        for counter in counters(&std::mem::take(&mut meter.asked)) {
            assert!(i64::from(counter) < end, "{counter} was not reserved");
            assert!(used.insert(counter), "{counter} twice");
        }
    }
    assert!(used.len() > 30);
}

#[test]
fn a_store_that_was_lost_repeats_no_counter() {
    let mut meter = meter_with_keys();
    let mut line = Line::new();
    line.read(&mut CosemDialogue::new(keyed(GUEK, GAK, Vec::new())), &mut meter);
    line.now = line.now.plus(std::time::Duration::from_secs(600));
    let answer = line.read(&mut CosemDialogue::new(keyed(GUEK, GAK, Vec::new())), &mut meter);
    assert_eq!(answer.fault, None);
}

#[test]
fn wrong_keys_are_shown_once() {
    for (guek, gak) in [([9; 16], GAK), (GUEK, [9; 16])] {
        let mut meter = meter_with_keys();
        let mut dialogue = CosemDialogue::new(keyed(guek, gak, Vec::new()));
        let mut line = Line::new();
        let fault = line.read(&mut dialogue, &mut meter).fault.expect("refused");
        assert_eq!(fault.class, FaultClass::Config, "{fault}");
        let asked = meter.asked.len();
        line.read(&mut dialogue, &mut meter);
        assert_eq!(meter.asked.len(), asked);
    }
}

#[test]
fn a_meter_without_the_keys_is_not_believed() {
    // It knows the encryption key only, and answers our challenge with a tag of zeros.
    let mut meter = meter_with_keys();
    let mut line = Line::new();
    let mut altered = 0;
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let mut answer = meter.answer(now, bytes).concat();
        if answer.get(8) == Some(&0xCF) {
            altered += 1;
            let last = answer.len() - 1;
            answer[last] ^= 1;
        }
        vec![answer]
    };
    let mut dialogue = CosemDialogue::new(keyed(GUEK, GAK, Vec::new()));
    let answer = line.read(&mut dialogue, &mut peer);
    assert_eq!(answer.fault.map(|fault| fault.code), Some("tag_mismatch"));
    assert!(answer.heard.telegrams.is_empty());
    assert_eq!(altered, 1);
}

#[test]
fn an_answer_played_back_is_refused() {
    let mut meter = meter_with_keys();
    let mut dialogue = CosemDialogue::new(keyed(GUEK, GAK, Vec::new()));
    let mut old: Option<Vec<u8>> = None;
    let mut peer = |now: Timestamp, bytes: &[u8]| {
        let answer = meter.answer(now, bytes).concat();
        if answer.get(8) != Some(&0xCC) {
            return vec![answer];
        }
        match &old {
            // From the second answer on, the first one comes again in its place.
            Some(first) => vec![first.clone()],
            None => {
                old = Some(answer.clone());
                vec![answer]
            }
        }
    };
    let answer = Line::new().read(&mut dialogue, &mut peer);
    let fault = answer.fault.expect("refused");
    assert_eq!((fault.class, fault.code), (FaultClass::Corrupt, "replayed_counter"));
    assert!(answer.heard.telegrams.is_empty());
}
