//! The workshop's figures agree with each other, with physics and with themselves.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::Timestamp;
use sim::{Counters, Mode, State, Workshop};
use std::time::Duration;

/// 2026-05-04, a Monday.
const MONDAY: i64 = 1_777_852_800;

fn zone() -> TimeZone {
    TimeZone::get("Europe/Paris").expect("bundled")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(MONDAY + seconds)
}

/// One sample every `step` seconds over `count` steps.
fn run(seed: u64, count: i64, step: i64) -> Vec<State> {
    let mut workshop = Workshop::new(seed, at(0), zone());
    (0..count).map(|index| workshop.advance(at(index * step))).collect()
}

fn registers(counters: &Counters) -> Vec<u64> {
    let mut registers = vec![
        counters.import_wh(),
        counters.export_wh(),
        counters.reactive_import_varh(),
        counters.reactive_export_varh(),
    ];
    registers.extend(counters.import_by_rate_wh());
    registers.extend(counters.quadrants_varh());
    registers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_instant_agrees_with_itself(seed: u64, offset in 0_i64..40_000) {
        let mut workshop = Workshop::new(seed, at(offset), zone());
        for second in [0, 1, 2, 60, 61, 3_600] {
            let state = workshop.advance(at(offset + second));
            let machines: f64 = state.machines.iter().map(sim::Load::active_kw).sum();
            let total = state.total();
            prop_assert!((machines * 1000.0 - total.active_w).abs() < 1e-6);
            prop_assert!((3_000.0..62_000.0).contains(&total.active_w), "{total:?}");
            for phase in state.phases {
                let apparent = phase.power.active_w.hypot(phase.power.reactive_var);
                prop_assert!((phase.voltage_v * phase.current_a - apparent).abs() < 1e-6);
                prop_assert!((215.0..245.0).contains(&phase.voltage_v), "{phase:?}");
                prop_assert!((1.0..130.0).contains(&phase.current_a), "{phase:?}");
            }
            let factor = state.power_factor().expect("something draws power");
            let apparent = total.active_w.hypot(total.reactive_var);
            prop_assert!((factor * apparent - total.active_w).abs() < 1e-6);
            prop_assert!((0.3..=1.0).contains(&factor), "{factor}");
        }
    }

    #[test]
    fn counters_never_go_back_and_follow_the_power(seed: u64, steps in prop::collection::vec(1_i64..900, 1..40)) {
        let mut workshop = Workshop::new(seed, at(0), zone());
        let mut now = 0;
        let mut last = workshop.advance(at(0));
        for step in steps {
            now += step;
            let state = workshop.advance(at(now));
            let pairs = registers(&state.counters).into_iter().zip(registers(&last.counters));
            for (new, old) in pairs {
                prop_assert!(new >= old);
            }
            let gained = state.counters.import_wh() - last.counters.import_wh();
            prop_assert!(gained as f64 <= 62_000.0 * step as f64 / 3600.0 + 1.0);
            let [day, night] = state.counters.import_by_rate_wh();
            prop_assert!((0..=1).contains(&(state.counters.import_wh() - day - night)));
            last = state;
        }
    }

    #[test]
    fn counters_do_not_depend_on_how_often_anyone_asks(
        seed: u64,
        micros in prop::collection::vec(1_u64..30_000_000, 1..60),
    ) {
        let mut often = Workshop::new(seed, at(0), zone());
        let mut now = at(0);
        let mut last = often.advance(now);
        for step in micros {
            now = now.plus(Duration::from_micros(step));
            last = often.advance(now);
        }
        prop_assert_eq!(&Workshop::new(seed, at(0), zone()).advance(now), &last);
        prop_assert_eq!(&Workshop::new(seed, now, zone()).advance(now), &last);
    }
}

#[test]
fn another_seed_is_another_workshop() {
    assert_ne!(run(1, 2, 60), run(2, 2, 60));
}

#[test]
fn an_hour_of_samples_integrates_to_the_counters() {
    let states = run(3, 721, 5);
    let energy: f64 = states[..720].iter().map(|state| state.total().active_w * 5.0 / 3600.0).sum();
    let first = states[0].counters.import_wh();
    let counted = (states[720].counters.import_wh() - first) as f64;
    assert!((counted - energy).abs() <= 2.0, "{counted} {energy}");
}

#[test]
fn a_restart_in_a_later_week_continues_above_every_register() {
    const WEEK: i64 = 7 * 86_400;
    for seed in 0..3 {
        let end = Workshop::new(seed, at(WEEK - 1), zone()).advance(at(WEEK - 1));
        let next = Workshop::new(seed, at(WEEK), zone()).advance(at(WEEK));
        for (later, earlier) in registers(&next.counters).iter().zip(registers(&end.counters)) {
            assert!(*later >= earlier, "{later} {earlier}");
        }
        // And not by more than a day's energy: the gap must not look like a fault.
        assert!(next.counters.import_wh() - end.counters.import_wh() < 700_000);
    }
}

#[test]
fn the_week_has_its_alarms_and_mostly_none() {
    let states = run(1, 7 * 24 * 120, 30);
    let share = |wanted: &dyn Fn(&State) -> bool| {
        states.iter().filter(|state| wanted(state)).count() as f64 / states.len() as f64
    };
    let over = share(&|state| state.total().active_w > 50_000.0);
    let poor = share(&|state| state.power_factor().is_some_and(|factor| factor < 0.85));
    let mean = states.iter().map(|s| s.total().active_w).sum::<f64>() / states.len() as f64;
    assert!((25_000.0..45_000.0).contains(&mean), "{mean}");
    assert!((0.002..0.08).contains(&over), "{over}");
    assert!((0.05..0.45).contains(&poor), "{poor}");
}

#[test]
fn a_line_starts_and_stops_within_two_hours_at_any_hour_of_the_week() {
    let states = run(1, 7 * 24 * 60, 60);
    for (index, window) in states.windows(120).enumerate() {
        let modes = |machine: usize| window.iter().map(move |state| state.machines[machine].mode);
        let changes = |machine: usize| {
            modes(machine).any(|mode| mode == Mode::Running)
                && modes(machine).any(|mode| mode != Mode::Running)
        };
        assert!(changes(0) || changes(1), "minute {index}");
    }
}

#[test]
fn a_starting_line_pulls_the_voltage_down() {
    let mut workshop = Workshop::new(1, at(36_000), zone());
    let mut dips = 0;
    let mut last = workshop.advance(at(36_000));
    for second in 1..7_200 {
        let state = workshop.advance(at(36_000 + second));
        let starts =
            state.machines[0].mode == Mode::Starting && last.machines[0].mode != Mode::Starting;
        if starts {
            let drop = last.phases[0].voltage_v - state.phases[0].voltage_v;
            let rise = state.phases[0].current_a - last.phases[0].current_a;
            assert!(drop > 0.5 && rise > 15.0, "{drop} V, {rise} A");
            dips += 1;
        }
        last = state;
    }
    assert!(dips >= 1);
}

#[test]
fn the_compressor_starts_and_stops_once_in_each_cycle() {
    let states = run(5, 4_752, 5);
    let modes = states.windows(2).map(|pair| (pair[0].machines[3].mode, pair[1].machines[3].mode));
    let changes = |wanted| modes.clone().filter(|change| *change == wanted).count();
    // 36 cycles of 11 minutes; the last one may still run.
    assert_eq!(changes((Mode::Starting, Mode::Running)), 36);
    assert!((35..=36).contains(&changes((Mode::Running, Mode::Off))));
    assert_eq!(changes((Mode::Off, Mode::Running)), 0);
}
