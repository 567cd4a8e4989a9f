//! Which key is wrong or missing, and what can be read without one.

mod telegram;

use frame::dlms::Data;
use meter::push::{DefectCode, Outcome, PushOptions};
use telegram::{GAK, GUEK, e450_apdu, name, notification, one_frame, options, read, sealed, time};

fn outcome(control: u8, guek: Option<[u8; 16]>, gak: Option<[u8; 16]>) -> Outcome {
    let options = PushOptions { guek, gak, explain: true, ..options() };
    let mut outcomes = read(&options, &one_frame(&sealed(control, 1, &e450_apdu())));
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

fn codes(outcome: &Outcome) -> Vec<DefectCode> {
    outcome.defects.iter().map(|defect| defect.code).collect()
}

#[test]
fn the_key_that_is_wrong_is_named() {
    let other = Some([7; 16]);
    let found = |guek, gak| codes(&outcome(0x30, guek, gak));
    assert_eq!(found(other, Some(GAK)), [DefectCode::WrongKey]);
    assert_eq!(found(other, other), [DefectCode::WrongKey]);
    assert_eq!(found(Some(GUEK), other), [DefectCode::TagMismatch]);
    // Without an authentication key nothing is left to be proved of a refused telegram.
    assert_eq!(found(other, None), [DefectCode::WrongKey]);
    assert_eq!(codes(&outcome(0x10, other, Some(GAK))), [DefectCode::TagMismatch]);
}

#[test]
fn content_in_clear_is_read_without_a_key() {
    for control in [0x10, 0x00] {
        let found = outcome(control, None, None);
        assert!(found.delivered && !found.has(DefectCode::KeyMissing), "{:?}", found.defects);
        assert!(!found.security.authenticated && !found.security.encrypted);
        assert_eq!(found.has(DefectCode::NotAuthenticated), control == 0x10);
        assert!(found.steps.iter().all(|step| !step.text.contains("decrypted")), "{control:02X}");
        assert!(found.defects.iter().all(|defect| !defect.detail.contains("decrypted")));
    }
    assert_eq!(codes(&outcome(0x30, None, None)), [DefectCode::KeyMissing]);
}

#[test]
fn the_system_title_narrows_the_proposed_profiles() {
    let body = Data::Structure(vec![
        name("0-0:96.1.0"),
        Data::OctetString(b"12345678".to_vec()),
        name("1-0:32.7.0"),
        Data::LongUnsigned(230),
        name("1-0:31.7.0"),
        Data::LongUnsigned(0),
    ]);
    let options = PushOptions { profile: None, ..options() };
    let detail = |bytes: &[u8]| {
        let outcome = read(&options, &one_frame(bytes)).remove(0);
        let defect = outcome.defects.iter().find(|it| it.code == DefectCode::ScalerUnknown);
        defect.expect("registers without scaler").detail.clone()
    };
    let plain = notification(Some(time(0)), &body);
    assert!(detail(&plain).contains("kam_omnipower"), "{}", detail(&plain));
    let of_maker = detail(&sealed(0x30, 1, &plain));
    assert!(of_maker.contains("lgz_e450 or lgz_e570") && !of_maker.contains("kam"), "{of_maker}");
}
