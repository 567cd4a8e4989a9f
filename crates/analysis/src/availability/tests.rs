//! Claims about what real push lists can prove.

use super::*;
use reading::Quantity as Q;
use std::collections::BTreeSet;

fn list(seconds: u64, quantities: &[(Q, i8)]) -> Vec<Carried> {
    let carried = |(quantity, exponent): &(Q, i8)| Carried {
        quantity: *quantity,
        list: ListId::new("push"),
        period: Some(Duration::from_secs(seconds)),
        exponent: Some(*exponent),
    };
    quantities.iter().map(carried).collect()
}

fn of(carried: &[Carried], analysis: Analysis) -> (State, &'static str) {
    let all = availability(carried, &Surroundings::default());
    let found = all.iter().find(|known| known.analysis == analysis).expect("every analysis");
    (found.state, found.reason.code)
}

/// The 5-second list seen at RWB Baden: powers, quadrants and currents, no voltage.
fn baden() -> Vec<Carried> {
    list(
        5,
        &[
            (Q::ActivePowerImport, 0),
            (Q::ActivePowerExport, 0),
            (Q::ActiveEnergyImport, 0),
            (Q::ActiveEnergyExport, 0),
            (Q::ReactiveEnergyQ1, 0),
            (Q::CurrentL1, -2),
            (Q::CurrentL2, -2),
            (Q::CurrentL3, -2),
        ],
    )
}

#[test]
fn a_list_without_voltages_proves_nothing_about_them() {
    assert_eq!(of(&baden(), Analysis::U2), (State::Impossible, "no_voltages"));
    assert_eq!(of(&baden(), Analysis::PhaseBalanceCurrent), (State::Possible, "complete"));
    assert_eq!(of(&baden(), Analysis::Neutral), (State::Degraded, "neutral_equal_pf"));
    assert_eq!(of(&baden(), Analysis::Reactive), (State::Degraded, "reactive_counters"));
    assert_eq!(of(&baden(), Analysis::PowerFactor), (State::Impossible, "no_power_factor"));
    assert_eq!(of(&baden(), Analysis::Demand), (State::Possible, "complete"));
    assert_eq!(of(&baden(), Analysis::MachineLoads), (State::Degraded, "whole_only"));
}

#[test]
fn counters_alone_give_energy_only() {
    let romandie = list(60, &[(Q::ActiveEnergyImportT1, 0), (Q::ActiveEnergyImport, 0)]);
    assert_eq!(of(&romandie, Analysis::Energy), (State::Possible, "complete"));
    assert_eq!(of(&romandie, Analysis::Kpi), (State::Degraded, "kpi_without_power"));
    assert_eq!(of(&romandie, Analysis::PhaseBalanceCurrent), (State::Impossible, "no_currents"));
}

#[test]
fn the_resolution_of_the_voltages_counts() {
    let volts = |exponent| {
        let voltages = [Q::VoltageL1, Q::VoltageL2, Q::VoltageL3];
        list(5, &voltages.map(|quantity| (quantity, exponent)))
    };
    let balance = Analysis::PhaseBalanceVoltage;
    assert_eq!(of(&volts(0), balance), (State::Degraded, "coarse_voltages"));
    assert_eq!(of(&volts(-1), balance), (State::Possible, "complete"));
    assert_eq!(of(&volts(-1), Analysis::U2), (State::Degraded, "assumed_120"));
    assert_eq!(of(&volts(-1), Analysis::U0), (State::Impossible, "no_angles"));
    let mut angles = volts(-1);
    angles.extend(list(5, &[(Q::AngleU2U1, -1), (Q::AngleU3U1, -1)]));
    assert_eq!(of(&angles, Analysis::U2), (State::Possible, "complete"));
    assert_eq!(of(&angles, Analysis::PhaseSequence), (State::Possible, "complete"));
}

#[test]
fn no_meter_gives_a_verdict_of_the_standard() {
    let everything: Vec<(Q, i8)> = Q::all().map(|quantity| (quantity, -1)).collect();
    let everything = list(1, &everything);
    assert_eq!(of(&everything, Analysis::NormVerdict), (State::Impossible, "no_instrument"));
    assert_eq!(of(&everything, Analysis::Events).0, State::Impossible);
    let others =
        availability(&everything, &Surroundings { sub_meters: 1, ..Surroundings::default() });
    let never = [Analysis::NormVerdict, Analysis::Events, Analysis::Harmonics];
    for known in others.iter().filter(|known| !never.contains(&known.analysis)) {
        assert_eq!(known.state, State::Possible, "{:?}", known.analysis);
    }
}

#[test]
fn every_lack_says_why_and_what_would_help() {
    for known in availability(&[], &Surroundings::default()) {
        assert_eq!(known.state, State::Impossible, "{:?}", known.analysis);
        assert!(known.remedy.is_some());
    }
    let codes: BTreeSet<_> = sentence::ALL.iter().map(|sentence| sentence.code).collect();
    assert_eq!(codes.len(), sentence::ALL.len());
    for sentence in sentence::ALL {
        assert!(sentence.english.ends_with('.') && sentence.french.ends_with('.'));
    }
}
