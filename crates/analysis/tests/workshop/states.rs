//! A machine's states, from what its meter says in a minute.

use crate::plant;
use analysis::loads::{DWELL_DEFAULT, Interval, MachineState, learned, states};
use reading::Timestamp;
use sim::Mode;
use std::time::Duration;

/// Minutes of each machine: its mean power, and what it did at the end of the minute.
fn minutes(seed: u64, days: i64) -> Vec<Vec<(Interval, Mode)>> {
    let mut workshop = plant::workshop(seed, 0);
    let mut machines: Vec<Vec<(Interval, Mode)>> = vec![Vec::new(); 7];
    let start = workshop.advance(Timestamp::from_seconds(1_777_852_800)).at;
    for minute in 0..days * 1440 {
        let from = start.plus(Duration::from_secs(60 * minute.unsigned_abs()));
        let mut sums = [0.0; 7];
        let mut modes = [Mode::Off; 7];
        for second in (0..60).step_by(10) {
            let state = workshop.advance(from.plus(Duration::from_secs(second)));
            for (place, machine) in state.machines.iter().enumerate() {
                sums[place] += machine.active_kw() / 6.0;
                modes[place] = machine.mode;
            }
        }
        let to = from.plus(Duration::from_secs(60));
        for place in 0..7 {
            machines[place].push((Interval { from, to, kw: sums[place] }, modes[place]));
        }
    }
    machines
}

#[test]
fn learned_thresholds_tell_what_the_machines_did() {
    let (mut right, mut judged) = (0_usize, 0_usize);
    for seed in 1..=5 {
        // Lines, ventilation, compressor: what has states.
        for (place, machine) in minutes(seed, 3).iter().take(4).enumerate() {
            let powers: Vec<f64> = machine.iter().map(|(interval, _)| interval.kw).collect();
            let limits = learned(&powers).expect("three days are enough");
            let intervals: Vec<Interval> = machine.iter().map(|(interval, _)| *interval).collect();
            let stretches = states(&intervals, &limits, DWELL_DEFAULT);
            let mut wrong = 0;
            // A minute in which the machine changed is neither one state nor the other.
            let steady = machine.windows(2).filter(|pair| pair[0].1 == pair[1].1);
            for (interval, mode) in steady.map(|pair| &pair[1]) {
                let told = stretches
                    .iter()
                    .find(|one| one.from <= interval.from && interval.from < one.to);
                let expected = match mode {
                    Mode::Off => MachineState::Off,
                    Mode::Idle => MachineState::Idle,
                    Mode::Starting | Mode::Running => MachineState::Running,
                };
                let is_right = told.is_some_and(|told| told.state == expected);
                right += usize::from(is_right);
                wrong += usize::from(!is_right);
                judged += 1;
            }
            assert!(
                wrong * 50 < machine.len(),
                "seed {seed}, machine {place}: {wrong} wrong, {limits:?}"
            );
        }
    }
    println!("{right} of {judged} minutes told as they were");
    assert!(right * 100 >= judged * 99, "{right} of {judged}");
}
