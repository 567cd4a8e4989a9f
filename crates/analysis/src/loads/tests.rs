use super::*;
use crate::meter_balance::BalanceVerdict;
use std::time::Duration;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_777_852_800 + seconds)
}

fn known(kw: f64, seconds: i64) -> Load {
    Load::Known(KnownLoad {
        kw,
        method: LoadMethod::Submeter,
        at: at(seconds),
        class_pct: 1.0,
        resolution_kw: 0.001,
        step_kw: 0.5,
        period_s: 5.0,
    })
}

fn branch(parent: Option<usize>, load: Load) -> Branch {
    Branch { parent, load }
}

#[test]
fn only_direct_children_leave_the_remainder() {
    let branches = [
        branch(None, known(31.2, 0)),
        branch(Some(0), known(20.0, 0)),
        branch(Some(1), known(15.5, 0)),
        branch(Some(0), known(8.3, 0)),
    ];
    let main = remainder(&branches, 0).expect("two are behind it");
    assert!((main.kw - 2.9).abs() < 1e-9, "{main:?}");
    assert_eq!((main.verdict, main.skew_s), (BalanceVerdict::UnmeteredLoad, 0.0));
    let board = remainder(&branches, 1).expect("one is behind it");
    assert!((board.kw - 4.5).abs() < 1e-9, "{board:?}");
    assert_eq!(remainder(&branches, 3), None);
    assert_eq!(remainder(&branches, 9), None);
}

#[test]
fn a_silent_sub_meter_is_part_of_the_remainder_and_not_zero() {
    let silent = Load::Unknown { reason: LoadReason::Silent, last: Some((at(-180), 2.4)) };
    let branches =
        [branch(None, known(31.2, 0)), branch(Some(0), known(28.3, 0)), branch(Some(0), silent)];
    let rest = remainder(&branches, 0).expect("a whole");
    assert_eq!(rest.contains, [2]);
    assert!((rest.kw - 2.9).abs() < 1e-9);
    let unknown = [branch(None, silent), branch(Some(0), known(1.0, 0))];
    assert_eq!(remainder(&unknown, 0), None, "an unknown whole has no remainder");
}

#[test]
fn sub_meters_that_exceed_the_main_meter_beyond_doubt_are_told() {
    let of = |subs: f64| {
        let branches = [branch(None, known(10.0, 0)), branch(Some(0), known(subs, 0))];
        remainder(&branches, 0).expect("a whole").verdict
    };
    assert_eq!(of(12.0), BalanceVerdict::SubExceedsMain);
    assert_eq!(of(10.1), BalanceVerdict::WithinUncertainty);
    assert_eq!(of(8.0), BalanceVerdict::UnmeteredLoad);
}

#[test]
fn different_instants_widen_the_uncertainty() {
    let of = |seconds: i64| {
        let branches = [branch(None, known(10.0, 0)), branch(Some(0), known(11.0, seconds))];
        remainder(&branches, 0).expect("a whole")
    };
    let together = of(0);
    // √(0.1² + 0.11²) of the two classes; twenty seconds are four periods, two steps.
    assert!((together.uncertainty_kw - 0.1487).abs() < 1e-3, "{together:?}");
    assert_eq!(together.verdict, BalanceVerdict::SubExceedsMain);
    for seconds in [-20, 20] {
        let apart = of(seconds);
        assert!((apart.skew_kw - 1.0).abs() < 1e-9, "{apart:?}");
        assert_eq!((apart.skew_s, apart.verdict), (20.0, BalanceVerdict::WithinUncertainty));
    }
}

#[test]
fn a_machine_without_parent_hangs_on_the_main_meter() {
    assert_eq!(
        tied(&[(false, None), (true, None), (false, Some(0)), (false, None)]),
        [Some(1), None, Some(0), Some(1)]
    );
    assert_eq!(tied(&[(false, None), (false, None)]), [None, None]);
    assert_eq!(tied(&[(true, None), (true, None)]), [None, None]);
}

#[test]
fn confidence_follows_method_and_uncertainty() {
    let load = |kw, method, class_pct| KnownLoad {
        kw,
        method,
        at: at(0),
        class_pct,
        resolution_kw: 0.001,
        step_kw: 0.0,
        period_s: 5.0,
    };
    assert_eq!(load(10.0, LoadMethod::Submeter, 1.0).confidence(at(0)), Confidence::High);
    assert_eq!(load(0.0, LoadMethod::Submeter, 1.0).confidence(at(0)), Confidence::High);
    assert_eq!(load(10.0, LoadMethod::Estimated, 20.0).confidence(at(0)), Confidence::Medium);
    assert_eq!(load(10.0, LoadMethod::Estimated, 40.0).confidence(at(0)), Confidence::Low);
    assert_eq!(load(10.0, LoadMethod::Constant, 0.0).confidence(at(0)), Confidence::Low);
    // Half a kilowatt from one measurement to the next: after 84 of them it may be anything.
    let restless = KnownLoad { step_kw: 0.5, ..load(10.0, LoadMethod::Submeter, 1.0) };
    assert_eq!(restless.confidence(at(0)), Confidence::High);
    assert_eq!(restless.confidence(at(20)), Confidence::Medium);
    assert_eq!(restless.confidence(at(-420)), Confidence::Low);
}

fn intervals(powers: &[f64]) -> Vec<Interval> {
    let each = (0_i64..).zip(powers);
    each.map(|(n, kw)| Interval { from: at(10 * n), to: at(10 * n + 10), kw: *kw }).collect()
}

const LIMITS: Thresholds =
    Thresholds { off_max_kw: 0.5, running_min_kw: 5.0, origin: ThresholdsOrigin::Learned };

fn told(powers: &[f64]) -> Vec<(i64, MachineState)> {
    let stretches = states(&intervals(powers), &LIMITS, Duration::from_secs(20));
    for pair in stretches.windows(2) {
        assert!(pair[0].to == pair[1].from && pair[0].state != pair[1].state, "{stretches:?}");
    }
    stretches
        .iter()
        .map(|one| ((one.from.as_micros() - at(0).as_micros()) / 1_000_000, one.state))
        .collect()
}

#[test]
fn a_state_begins_where_it_began_to_last() {
    use MachineState::{Idle, Off, Running};
    assert_eq!(
        told(&[0.1, 0.1, 12.0, 12.0, 12.0, 2.0, 2.0, 0.1, 0.1]),
        [(0, Off), (20, Running), (50, Idle), (70, Off)]
    );
}

#[test]
fn neither_a_short_dip_nor_a_power_at_the_threshold_changes_the_state() {
    use MachineState::{Off, Running};
    assert_eq!(told(&[12.0, 12.0, 0.2, 12.0, 12.0]), [(0, Running)]);
    assert_eq!(told(&[6.0, 4.9, 4.8, 4.7, 4.6, 4.9, 5.1]), [(0, Running)]);
    assert_eq!(told(&[0.4, 0.52, 0.54, 0.51, 0.4]), [(0, Off)]);
}

#[test]
fn what_nobody_measured_is_a_state_of_its_own() {
    use MachineState::{Running, Unknown};
    let mut both = intervals(&[12.0, 12.0]);
    both.push(Interval { from: at(300), to: at(310), kw: 12.0 });
    let stretches = states(&both, &LIMITS, Duration::from_secs(20));
    let told: Vec<MachineState> = stretches.iter().map(|one| one.state).collect();
    assert_eq!(told, [Running, Unknown, Running]);
    let totals = totals(&stretches, &both, (at(0), at(610)));
    assert!((totals.running_h - 30.0 / 3600.0).abs() < 1e-9, "{totals:?}");
    assert!((totals.unknown_h - 580.0 / 3600.0).abs() < 1e-9, "{totals:?}");
}

#[test]
fn totals_are_cut_to_the_time_asked_for() {
    let given = intervals(&[2.0; 36]);
    let stretches = states(&given, &LIMITS, Duration::ZERO);
    let whole = totals(&stretches, &given, (at(0), at(360)));
    assert!((whole.idle_h - 0.1).abs() < 1e-9 && (whole.idle_kwh - 0.2).abs() < 1e-9, "{whole:?}");
    let half = totals(&stretches, &given, (at(180), at(360)));
    assert!((half.idle_h - 0.05).abs() < 1e-9 && (half.idle_kwh - 0.1).abs() < 1e-9, "{half:?}");
}

#[test]
fn configured_powers_need_no_learning() {
    let of = |rated_kw, idle_kw, off_kw| {
        let settings = MachineSettings { rated_kw, idle_kw, off_kw, ..MachineSettings::default() };
        Thresholds::configured(&settings).map(|one| (one.off_max_kw, one.running_min_kw))
    };
    assert_eq!(of(Some(16.0), Some(4.0), Some(0.5)), Some((0.6, 8.0)));
    assert_eq!(of(Some(10.0), None, None), Some((0.5, 4.0)));
    assert_eq!(of(None, Some(2.0), None), Some((0.5, 3.0)));
    assert_eq!(of(None, None, Some(0.5)), None);
}

#[test]
fn thresholds_lie_where_the_machine_seldom_is() {
    let mut powers = vec![0.12; 300];
    powers.extend(vec![1.9; 150]);
    powers.extend((0_u8..100).map(|n| 11.0 + f64::from(n) * 0.05));
    // Minutes in which it changed.
    powers.extend([0.7, 5.0, 6.5, 3.0]);
    let limits = learned(&powers).expect("enough");
    assert!((0.13..1.7).contains(&limits.off_max_kw), "{limits:?}");
    assert!((2.2..10.0).contains(&limits.running_min_kw), "{limits:?}");
    assert_eq!(learned(&powers[..LEARNING_MIN - 1]), None, "too few");
    assert_eq!(learned(&vec![0.001; 400]), None, "never seen at work");
}

#[test]
fn a_machine_that_is_never_off_is_not_called_off() {
    let mut powers = vec![2.7; 200];
    powers.extend(vec![8.2; 200]);
    let limits = learned(&powers).expect("enough");
    assert!(limits.off_max_kw < 2.0 && (3.0..7.5).contains(&limits.running_min_kw), "{limits:?}");
}
