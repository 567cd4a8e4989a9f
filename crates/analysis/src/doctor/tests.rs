use super::phases::{Mistake, Told, told};
use super::*;
use reading::Decimal;
use reading::Quantity::{
    AngleU2U1, AngleU3U1, CurrentL1, CurrentL2, CurrentL3, VoltageL1, VoltageL2, VoltageL3,
    VoltageL12, VoltageL23, VoltageL31,
};

fn patient(values: &[(Quantity, f64)]) -> Patient {
    let numbers =
        || values.iter().map(|(of, value)| (*of, Decimal::from_f64(*value).expect("finite")));
    let sample = |n: i64| Measurement::new(Timestamp::from_seconds(5 * n), numbers());
    Patient {
        name: "test".to_owned(),
        is_main: true,
        parent: None,
        is_constant: false,
        kind: VoltageKind::Phase,
        ct_ratio: None,
        samples: (0..20).map(sample).collect(),
        minutes: Vec::new(),
        counter: Vec::new(),
        counter_digit_wh: 1.0,
        clock_s: Vec::new(),
        period_s: 5.0,
    }
}

fn codes(patient: Patient) -> Vec<Code> {
    let examinations = examine(&[patient], 230.0);
    examinations[0].findings().map(|finding| finding.code).collect()
}

#[test]
fn every_code_and_label_has_words_in_every_language() {
    let mut seen = std::collections::BTreeSet::new();
    for code in Code::all() {
        assert!(seen.insert(code.code()), "{} twice", code.code());
        let finding = Finding {
            check: Check::Clock,
            code,
            phases: vec![1, 2],
            confidence: 1.0,
            evidence: vec![
                Evidence::new(Label::Voltage, 1, 3.25),
                Evidence::new(Label::Current, 2, -4.5),
                Evidence::new(Label::Angle, 3, 12.0),
            ],
        };
        let texts = Language::ALL.map(|language| finding.text("Four {0}", language));
        for text in &texts {
            for part in [&text.sentence, &text.remedy] {
                assert!(part.ends_with('.') || part.ends_with('?'), "{part}");
                assert!(!part.replace("Four {0}", "").contains('{'), "{part}");
            }
            assert!(text.sentence.starts_with("Four {0}"), "{}", text.sentence);
        }
        assert!(texts[0] != texts[1] && texts[1] != texts[2]);
    }
    assert!(seen.len() >= 26, "{}", seen.len());
}

#[test]
fn a_mistake_is_told_from_its_angles_whatever_the_load() {
    let all = [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]];
    for carries in all {
        for bits in 0_u8..8 {
            let reversed = [0, 1, 2].map(|place| bits >> place & 1 == 1);
            let mistake = Mistake { carries, reversed };
            // All three reversed, or a swap with the third reversed, may look like another mistake.
            let wires = reversed.iter().filter(|one| **one).count();
            if wires > 1 || (wires == 1 && carries != [0, 1, 2]) {
                continue;
            }
            for load in [10.0, 25.0, 35.0, 50.0] {
                const TURN: [f64; 3] = [0.0, -120.0, 120.0];
                let angles = std::array::from_fn(|place| {
                    let turned = if reversed[place] { 180.0 } else { 0.0 };
                    load + TURN[place] - TURN[carries[place]] + turned
                });
                assert_eq!(told(angles), Told::One(mistake), "{angles:?}");
            }
        }
    }
    // Ordinary loads, an idling motor among them, are no mistake.
    for angles in [[30.0, 35.0, 28.0], [74.0, 73.0, 76.0], [-30.0, 10.0, 40.0]] {
        assert_eq!(told(angles), Told::One(Mistake::NONE));
    }
}

#[test]
fn infeed_on_a_main_meter_is_no_reversed_transformer() {
    let export = [
        (Quantity::ActivePowerL1, -3000.0),
        (Quantity::ActivePowerL2, -2900.0),
        (Quantity::ActivePowerL3, -3100.0),
        (Quantity::ReactivePowerL1, 200.0),
        (Quantity::ReactivePowerL2, 180.0),
        (Quantity::ReactivePowerL3, 220.0),
        (CurrentL1, 13.0),
        (CurrentL2, 12.6),
        (CurrentL3, 13.5),
        (VoltageL1, 231.0),
        (VoltageL2, 230.0),
        (VoltageL3, 232.0),
    ];
    assert_eq!(codes(patient(&export)), []);
    let mut single = export;
    for (place, watts) in [(1, 2500.0), (2, 2600.0)] {
        single[place].1 = watts;
    }
    let examined = examine(&[patient(&single)], 230.0);
    let refused = (Check::PolarityAndPairing, Outcome::NotJudged(Obstacle::Exporting));
    assert!(examined[0].outcomes.contains(&refused), "{:?}", examined[0]);
    let mut machine = patient(&single);
    machine.is_main = false;
    let examined = examine(&[machine], 230.0);
    assert!(examined[0].findings().next().is_some_and(|finding| finding.confidence > 0.9));
}

#[test]
fn what_a_voltage_that_is_missing_means_depends_on_the_current() {
    let of = |volts: f64, amps: f64| {
        codes(patient(&[
            (VoltageL1, 231.0),
            (VoltageL2, volts),
            (VoltageL3, 229.0),
            (CurrentL1, 20.0),
            (CurrentL2, amps),
            (CurrentL3, 21.0),
        ]))
    };
    assert_eq!(of(0.0, 19.0), [Code::VoltageTapOpen]);
    assert_eq!(of(2.0, 0.0), [Code::PhaseLost, Code::CurrentMissing]);
    assert_eq!(of(110.0, 19.0), [Code::VoltageFloating]);
    assert_eq!(of(230.0, 19.0), []);
}

#[test]
fn voltages_say_between_what_they_are_measured() {
    let three = |volts: f64| [(VoltageL1, volts), (VoltageL2, volts), (VoltageL3, volts)];
    assert_eq!(codes(patient(&three(400.0))), [Code::LineCalledPhase]);
    assert_eq!(codes(patient(&three(2310.0))), [Code::VoltageScale]);
    assert_eq!(codes(patient(&three(23.1))), [Code::VoltageScale]);
    assert_eq!(codes(patient(&three(58.0))), [Code::VoltageRatio]);
    assert_eq!(codes(patient(&three(205.0))), [], "low, not wrong");
    let mut line = patient(&three(231.0));
    line.kind = VoltageKind::LineToLine;
    assert_eq!(codes(line), [Code::PhaseCalledLine]);
    let unequal = [(VoltageL1, 260.0), (VoltageL2, 190.0), (VoltageL3, 245.0)];
    let lines = [(VoltageL12, 399.0), (VoltageL23, 401.0), (VoltageL31, 400.0)];
    assert_eq!(codes(patient(&[unequal, lines].concat())), [Code::NeutralOpen]);
}

#[test]
fn a_clock_is_judged_by_its_median() {
    let with = |seconds: f64| {
        let mut patient = patient(&[(VoltageL1, 230.0)]);
        patient.clock_s = vec![seconds, seconds + 1.0, seconds, 9e9, seconds, seconds - 1.0];
        codes(patient)
    };
    assert_eq!(with(2.0), []);
    assert_eq!(with(-400.0), [Code::ClockOff]);
    assert_eq!(with(3607.0), [Code::ClockZone]);
    assert_eq!(with(-7201.0), [Code::ClockZone]);
}

#[test]
fn the_rotation_needs_measured_angles() {
    let volts = [(VoltageL1, 230.0), (VoltageL2, 230.0), (VoltageL3, 230.0)];
    let examined = examine(&[patient(&volts)], 230.0);
    let outcome = examined[0].outcomes.iter().find(|(check, _)| *check == Check::PhaseSequence);
    let Some((_, Outcome::NotJudged(obstacle))) = outcome else { panic!("{outcome:?}") };
    assert_eq!(obstacle, &Obstacle::Missing(vec![AngleU2U1, AngleU3U1]));
    assert!(obstacle.text(Language::English).contains("does not send"));
}

#[test]
fn a_single_phase_load_on_a_three_phase_meter_is_sound() {
    let load = [
        (VoltageL1, 230.0),
        (VoltageL2, 231.0),
        (VoltageL3, 229.0),
        (CurrentL1, 9.0),
        (CurrentL2, 0.0),
        (CurrentL3, 0.0),
        (Quantity::ActivePower, 1900.0),
        (Quantity::ReactivePower, 600.0),
    ];
    assert_eq!(codes(patient(&load)), []);
}
