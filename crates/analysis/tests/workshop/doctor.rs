//! Detection and false alarms, counted over seeds.

use crate::plant::{METERED, Wiring, patients, states};
use analysis::doctor::{Check, Code, Examination, Outcome, Patient, examine};
use std::collections::BTreeMap;

/// Below this a finding is a hint, not an alarm.
const ALARM: f64 = 0.6;
const SEEDS: u64 = 8;

/// Eight workshops at as many hours of the week, each three hours long.
fn plants() -> impl Iterator<Item = (u64, Vec<sim::State>)> {
    (1..=SEEDS).map(|seed| {
        let start = i64::try_from(seed).expect("small") * 11 * 3600 % (5 * 86_400);
        (seed, states(seed, start, 3))
    })
}

fn alarms(examination: &Examination) -> Vec<Code> {
    let sure = examination.findings().filter(|finding| finding.confidence >= ALARM);
    sure.map(|finding| finding.code).collect()
}

fn told(patients: &[Patient]) -> Vec<Vec<Code>> {
    examine(patients, 230.0).iter().map(alarms).collect()
}

#[test]
fn a_sound_workshop_gets_no_alarm() {
    let mut outcomes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (seed, states) in plants() {
        for totals_only in [false, true] {
            let main =
                |place| Wiring { totals_only: totals_only && place == 0, ..Wiring::default() };
            let patients = patients(&states, main);
            for (examination, patient) in examine(&patients, 230.0).iter().zip(&patients) {
                let findings: Vec<_> = examination.findings().collect();
                assert!(findings.is_empty(), "seed {seed}, {}: {findings:#?}", patient.name);
                for (check, outcome) in &examination.outcomes {
                    let came_to = match outcome {
                        Outcome::Sound(_) => "sound",
                        Outcome::Found(_) => "found",
                        Outcome::NotJudged(_) => "not judged",
                    };
                    *outcomes.entry((check.code(), came_to)).or_default() += 1;
                }
            }
        }
    }
    println!("{outcomes:#?}");
    // A doctor that judges nothing raises no false alarm either.
    for check in
        [Check::SupplyPhases, Check::VoltageLevel, Check::PolarityAndPairing, Check::PowerScale]
    {
        let count = |what| outcomes.get(&(check.code(), what)).copied().unwrap_or(0);
        assert!(count("sound") > 4 * count("not judged"), "{}", check.code());
    }
}

/// Injects one fault at each meter in turn and counts where it is found.
fn detected(
    what: &str,
    places: &[usize],
    fault: impl Fn(usize) -> Wiring,
    expected: &[Code],
) -> (usize, usize, usize) {
    let (mut found, mut missed, mut beside) = (0, 0, 0);
    for (seed, states) in plants() {
        for place in places {
            let wired = |one| if one == *place { fault(place % 3) } else { Wiring::default() };
            let told = told(&patients(&states, wired));
            let hit = told[*place].iter().any(|code| expected.contains(code));
            found += usize::from(hit);
            missed += usize::from(!hit);
            let name = if *place == 0 { "general" } else { METERED[place - 1] };
            if !hit {
                println!("{what}: seed {seed}, {name}: missed, told {told:?}");
            }
            let others = told.iter().enumerate().filter(|(one, _)| one != place);
            for (one, codes) in others.filter(|(_, codes)| !codes.is_empty()) {
                println!("{what}: seed {seed}, {name}: {one} is accused: {codes:?}");
                beside += 1;
            }
        }
    }
    println!("{what}: {found} found, {missed} missed, {beside} others accused");
    (found, missed, beside)
}

#[test]
fn a_reversed_transformer_is_found() {
    let reversed = |place: usize| Wiring {
        reversed: std::array::from_fn(|one| one == place),
        ..Wiring::default()
    };
    let (_, missed, beside) =
        detected("ct_reversed", &[0, 1, 2, 3, 4], reversed, &[Code::CtReversed]);
    assert_eq!((missed, beside), (0, 0));
}

#[test]
fn swapped_phases_are_found() {
    let swapped = |place: usize| Wiring {
        carries: [[1, 0, 2], [2, 1, 0], [0, 2, 1]][place],
        ..Wiring::default()
    };
    let (_, missed, beside) =
        detected("phases_swapped", &[0, 1, 2, 3, 4], swapped, &[Code::PhasesSwapped]);
    assert_eq!((missed, beside), (0, 0));
}

/// Injects a mistake into a main meter that sends totals only: how often the phases are told, how
/// often only the kind, how often neither, how often others.
fn by_totals(
    wired: impl Fn(usize) -> Wiring,
    right: (Code, Code),
    phases: impl Fn(usize) -> Vec<u8>,
) -> [usize; 4] {
    let mut counts = [0; 4];
    for (seed, states) in plants() {
        for place in 0..3 {
            let of = |one| {
                if one == 0 {
                    Wiring { totals_only: true, ..wired(place) }
                } else {
                    Wiring::default()
                }
            };
            let examinations = examine(&patients(&states, of), 230.0);
            let found: Vec<_> = examinations[0].findings().collect();
            let told = match found[..] {
                [finding] if finding.code == right.0 && finding.phases == phases(place) => 0,
                [finding] if finding.code == right.1 => 1,
                [] => 2,
                _ => 3,
            };
            if told > 1 {
                println!("totals: seed {seed}, {place}: {found:?}");
            }
            counts[told] += 1;
            assert!(examinations[1..].iter().all(|one| alarms(one).is_empty()), "seed {seed}");
        }
    }
    println!("totals, {:?}: {counts:?} phases told, kind told, missed, wrong", right.0);
    counts
}

#[test]
fn the_totals_of_a_main_meter_tell_a_reversed_transformer() {
    let reversed = |place: usize| Wiring {
        reversed: std::array::from_fn(|phase| phase == place),
        ..Wiring::default()
    };
    let phase = |place: usize| vec![u8::try_from(place + 1).expect("small")];
    let counts = by_totals(reversed, (Code::CtReversed, Code::SomeCtReversed), phase);
    assert_eq!((counts[2], counts[3]), (0, 0));
}

#[test]
fn the_totals_of_a_main_meter_tell_swapped_phases() {
    let swapped = |place: usize| Wiring {
        carries: [[1, 0, 2], [2, 1, 0], [0, 2, 1]][place],
        ..Wiring::default()
    };
    let phases = |place: usize| [vec![1, 2], vec![1, 3], vec![2, 3]][place].clone();
    let counts = by_totals(swapped, (Code::PhasesSwapped, Code::SomePhasesSwapped), phases);
    assert_eq!((counts[2], counts[3]), (0, 0));
}

#[test]
fn a_wrong_ratio_is_found_by_the_steps() {
    for factor in [2.0, 0.5, 5.0, 0.2] {
        // Lines, ventilation and compressor step often enough.
        let wrong = |_| Wiring { current_factor: factor, ..Wiring::default() };
        let (found, missed, beside) = detected("ct_ratio", &[1, 2, 4], wrong, &[Code::CtRatio]);
        assert_eq!(beside, 0, "{factor}");
        assert!(found >= 9 * missed, "{factor}: {found} found, {missed} missed");
    }
}

#[test]
fn a_missing_voltage_and_a_missing_current_are_found() {
    let open = |place: usize| Wiring { no_voltage: Some(place), ..Wiring::default() };
    let (_, missed, beside) =
        detected("voltage", &[0, 1, 2, 3, 4, 5], open, &[Code::VoltageTapOpen]);
    assert_eq!((missed, beside), (0, 0));
    let none = |place: usize| Wiring { no_current: Some(place), ..Wiring::default() };
    let (_, missed, beside) = detected("current", &[0, 1, 2, 3, 4], none, &[Code::CurrentMissing]);
    assert_eq!((missed, beside), (0, 0));
    // Lighting has circuits of its own on each phase, and may as well leave one unused.
    let (found, missed, beside) = detected("lighting", &[5], none, &[Code::CurrentMissing]);
    assert!(beside == 0 && found >= 7 * missed, "{found} found, {missed} missed");
}

#[test]
fn wrong_scalers_and_modes_are_found() {
    let all = [0, 1, 2, 3, 4, 5];
    let cases: [(&str, Wiring, &[Code]); 6] = [
        ("U ×10", Wiring { voltage_scale: 10.0, ..Wiring::default() }, &[Code::VoltageScale]),
        (
            "I ×100",
            Wiring { current_scale: 100.0, ..Wiring::default() },
            &[Code::CurrentScale, Code::PowerOrCurrentScale],
        ),
        (
            "P ÷1000",
            Wiring { power_scale: 0.001, ..Wiring::default() },
            &[Code::PowerScale, Code::PowerOrCurrentScale],
        ),
        ("E ×1000", Wiring { energy_scale: 1000.0, ..Wiring::default() }, &[Code::EnergyScale]),
        ("U line", Wiring { line_to_line: true, ..Wiring::default() }, &[Code::LineCalledPhase]),
        ("clock", Wiring { clock_s: 3600.0, ..Wiring::default() }, &[Code::ClockZone]),
    ];
    for (what, wiring, expected) in cases {
        let (_, missed, beside) = detected(what, &all, |_| wiring.clone(), expected);
        assert_eq!((missed, beside), (0, 0), "{what}");
    }
}

#[test]
fn a_wrong_ratio_of_the_main_meter_is_not_blamed_on_its_sub_meters() {
    let mut found = 0;
    for (seed, states) in plants() {
        let wired = |place| Wiring {
            current_factor: if place == 0 { 0.5 } else { 1.0 },
            ..Wiring::default()
        };
        let told = told(&patients(&states, wired));
        assert!(told[1..].iter().all(Vec::is_empty), "seed {seed}: {told:?}");
        found += usize::from(told[0].contains(&Code::ParentRatio));
    }
    println!("main ratio: {found} of {SEEDS}");
    assert!(found * 10 >= 9 * usize::try_from(SEEDS).expect("small"), "{found}");
}
