//! Sub-meters that are read now and then, and siblings that say nothing.

use crate::plant::{METERED, Wiring, patients, states};
use crate::single::Chance;
use analysis::VoltageKind;
use analysis::doctor::{Code, Patient, examine};
use std::collections::BTreeMap;

/// Hours of the simulated machines.
const HOURS: usize = 12;

/// A machine that is on for 40 to 150 s and off for 30 to 300 s. **Unit** W, every five seconds.
fn machine(chance: &mut Chance) -> Vec<f64> {
    let (mut on, mut left) = (true, 0_u32);
    let next = |_| {
        if left == 0 {
            on = !on;
            let lengths = if on { [8, 12, 20, 30] } else { [6, 10, 25, 60] };
            left = lengths.into_iter().rev().find(|_| chance.unit() < 0.4).unwrap_or(lengths[0]);
        }
        left -= 1;
        (if on { 6000.0 } else { 500.0 }) * chance.around_one(0.01)
    };
    (0..HOURS * 720).map(next).collect()
}

/// A meter that is read every so many seconds.
fn meter(watts: &[f64], period_s: usize, factor: f64) -> Patient {
    let mut minutes: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for (place, watts) in watts.iter().enumerate().step_by(period_s / 5) {
        let minute = minutes.entry(i64::try_from(place / 12).expect("small")).or_default();
        *minute = (minute.0 + watts * factor, minute.1 + 1.0);
    }
    Patient {
        name: format!("every {period_s} s"),
        is_main: false,
        parent: Some(0),
        is_constant: false,
        kind: VoltageKind::Phase,
        ct_ratio: None,
        samples: Vec::new(),
        minutes: minutes.into_iter().map(|(minute, (sum, n))| (minute, sum / n)).collect(),
        counter: Vec::new(),
        counter_digit_wh: 1.0,
        clock_s: Vec::new(),
        #[allow(clippy::cast_precision_loss)]
        period_s: period_s as f64,
    }
}

/// A supply that is read every five seconds, and machines behind it read at these periods.
fn site(seed: u64, subs: &[(usize, f64)]) -> Vec<Patient> {
    let mut chance = Chance::of(seed);
    let machines: Vec<Vec<f64>> = subs.iter().map(|_| machine(&mut chance)).collect();
    let whole: Vec<f64> = (0..HOURS * 720)
        .map(|place| 4000.0 + machines.iter().map(|machine| machine[place]).sum::<f64>())
        .collect();
    let mut main = meter(&whole, 5, 1.0);
    (main.is_main, main.parent) = (true, None);
    let subs =
        machines.iter().zip(subs).map(|(watts, (period, factor))| meter(watts, *period, *factor));
    [main].into_iter().chain(subs).collect()
}

#[test]
fn a_sound_meter_that_is_read_seldom_is_not_accused() {
    for seed in 1..=12 {
        for periods in [&[60][..], &[120], &[20, 60], &[10, 30, 60, 300], &[30, 120]] {
            let subs: Vec<(usize, f64)> = periods.iter().map(|period| (*period, 1.0)).collect();
            for examination in examine(&site(seed, &subs), 230.0) {
                let findings: Vec<_> = examination.findings().collect();
                assert!(findings.is_empty(), "seed {seed}, {periods:?}: {findings:?}");
            }
        }
    }
}

#[test]
fn a_cycle_that_beats_with_the_reading_is_not_accused() {
    for cycle in [50_usize, 55, 60, 65, 70, 115, 125] {
        let watts = |place: usize| if place * 5 % cycle < cycle / 2 { 6000.0 } else { 500.0 };
        let machine: Vec<f64> = (0..HOURS * 720).map(watts).collect();
        let whole: Vec<f64> = machine.iter().map(|watts| watts + 4000.0).collect();
        for period in [30, 60, 120] {
            let mut main = meter(&whole, 5, 1.0);
            (main.is_main, main.parent) = (true, None);
            for examination in examine(&[main, meter(&machine, period, 1.0)], 230.0) {
                let findings: Vec<_> = examination.findings().collect();
                assert!(findings.is_empty(), "{cycle} s, every {period} s: {findings:?}");
            }
        }
    }
}

#[test]
fn wrong_ratios_are_found_although_a_sibling_is_read_seldom() {
    for (factor, code) in [
        (5.0, Code::CtRatio),
        (0.2, Code::CtRatio),
        (2.0, Code::CtRatio),
        (-1.0, Code::SubmeterReversed),
    ] {
        for seed in 1..=6 {
            let examinations = examine(&site(seed, &[(5, factor), (60, 1.0)]), 230.0);
            let codes: Vec<Code> = examinations[1].findings().map(|one| one.code).collect();
            assert_eq!(codes, [code], "factor {factor}, seed {seed}");
            assert_eq!(examinations[2].findings().count(), 0, "factor {factor}, seed {seed}");
        }
    }
}

#[test]
fn what_is_silent_or_constant_hides_no_fault_and_makes_none() {
    for seed in 1..=4 {
        let plain = site(seed, &[(10, 5.0), (10, -1.0), (10, 1.0)]);
        let mut constant = meter(&[], 10, 1.0);
        constant.is_constant = true;
        let silent = meter(&[], 10, 1.0);
        let told = |more: Option<&Patient>| {
            let patients: Vec<Patient> = plain.iter().chain(more).cloned().collect();
            let first = |one: &analysis::doctor::Examination| {
                one.findings().next().map(|finding| (finding.code, finding.confidence))
            };
            examine(&patients, 230.0)[1..4].iter().map(first).collect::<Vec<_>>()
        };
        let alone = told(None);
        let codes = |told: &[Option<(Code, f64)>]| {
            told.iter().map(|told| told.map(|(code, _)| code)).collect::<Vec<_>>()
        };
        assert_eq!(codes(&alone), [Some(Code::CtRatio), Some(Code::SubmeterReversed), None]);
        assert_eq!(told(Some(&constant)), alone, "seed {seed}");
        let beside = told(Some(&silent));
        assert_eq!(codes(&beside), codes(&alone), "seed {seed}");
        let lower = beside.iter().zip(&alone).all(|(beside, alone)| {
            beside.zip(*alone).is_none_or(|(beside, alone)| beside.1 < alone.1)
        });
        assert!(lower, "seed {seed}: {beside:?}");
    }
}

#[test]
fn a_meter_that_was_never_connected_accuses_none_of_its_siblings() {
    for seed in 1..=8 {
        let states = states(seed, i64::try_from(seed).expect("small") * 39_600, 3);
        let sound = patients(&states, |_| Wiring::default());
        for silent in 1..=METERED.len() {
            let mut patients = sound.clone();
            patients[silent].minutes.clear();
            patients[silent].samples.clear();
            for examination in examine(&patients, 230.0) {
                let findings: Vec<_> = examination.findings().collect();
                assert!(findings.is_empty(), "seed {seed}, {silent} silent: {findings:?}");
            }
        }
    }
}
