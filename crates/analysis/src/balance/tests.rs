//! Claims about balance reports.

use super::*;
use crate::{Method, Reason};
use reading::{Decimal, Quantity, Timestamp};

fn report(values: &[(Quantity, &str)]) -> BalanceReport {
    let number = |text: &str| text.parse::<Decimal>().expect("a number");
    let values = values.iter().map(|(quantity, text)| (*quantity, number(text)));
    let measurement = Measurement::new(Timestamp::from_seconds(0), values);
    balance_report(&measurement, &BalanceSettings::default())
}

fn phases(kind: [Quantity; 3], values: [&'static str; 3]) -> Vec<(Quantity, &'static str)> {
    kind.into_iter().zip(values).collect()
}

const U: [Quantity; 3] = [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3];
const U_LINE: [Quantity; 3] = [Quantity::VoltageL12, Quantity::VoltageL23, Quantity::VoltageL31];
const I: [Quantity; 3] = [Quantity::CurrentL1, Quantity::CurrentL2, Quantity::CurrentL3];

#[test]
fn phase_magnitudes_alone_give_no_verdict() {
    let report = report(&phases(U, ["233.5", "230.8", "225.7"]));
    assert_eq!(report.voltage.u2_pct.method(), Some(Method::Assumed120));
    assert_eq!(report.voltage.ok.reason(), Some(Reason::AnglesMissing));
    assert_eq!(report.motor_derating.reason(), Some(Reason::AnglesMissing));
    assert_eq!(report.voltage.u0_pct.reason(), Some(Reason::AnglesMissing));
    let [low, high] = report.voltage.u2_range_pct.expect("screened");
    assert!(low < 2.0 && high > 2.0);
    assert_eq!(report.status, BalanceStatus::Partial);
}

#[test]
fn line_voltages_give_a_verdict() {
    let report = report(&phases(U_LINE, ["400", "395", "380"]));
    assert_eq!(report.voltage.ok.value(), Some(false));
    assert_eq!(report.voltage.u2_pct.method(), Some(Method::Derived));
    assert_eq!(report.voltage.highest_phase.reason(), Some(Reason::VoltagesMissing));
    assert_eq!(report.advice[0].code, AdviceCode::CheckSupply);
    assert_eq!(report.advice[1].code, AdviceCode::DerateMotors);
}

#[test]
fn angles_turn_phase_voltages_into_a_verdict_whichever_way_they_are_printed() {
    for (second, third) in [("-121", "119"), ("121", "241"), ("121", "-119"), ("239", "119")] {
        let mut values = phases(U, ["230", "225", "235"]);
        values.push((Quantity::AngleU2U1, second));
        values.push((Quantity::AngleU3U1, third));
        let report = report(&values);
        let u2 = report.voltage.u2_pct.value().expect("angles");
        assert!((u2 - 0.6734).abs() < 0.001, "{second} {third}: {u2}");
        let u0 = report.voltage.u0_pct.value().expect("angles");
        assert!((u0 - 1.8369).abs() < 0.001, "{second} {third}: {u0}");
        assert_eq!(report.voltage.ok.value(), Some(true));
    }
}

#[test]
fn zero_sequence_from_magnitudes_needs_fine_voltages() {
    let with = |u: [&'static str; 3]| {
        let mut values = phases(U_LINE, ["396.0", "398.4", "400.7"]);
        values.extend(phases(U, u));
        report(&values).voltage.u0_pct
    };
    assert_eq!(with(["230.0", "225.0", "235.0"]).reason(), Some(Reason::ResolutionTooCoarse));
    assert!(with(["245.0", "215.0", "232.0"]).value().is_some_and(|u0| u0 > 3.0));
    assert_eq!(with(["245", "215", "232"]).reason(), Some(Reason::ResolutionTooCoarse));
}

#[test]
fn a_small_current_is_no_load_and_no_verdict() {
    let mut values = phases(U, ["230", "230", "230"]);
    values.extend(phases(I, ["0.1", "0.0", "0.2"]));
    let report = report(&values);
    assert_eq!(report.status, BalanceStatus::NoLoad);
    assert_eq!(report.current.ok.reason(), Some(Reason::NoLoad));
    assert_eq!(report.current.deviation_pct.reason(), Some(Reason::NoLoad));
    assert!(report.advice.is_empty());
}

#[test]
fn advice_moves_the_excess_to_the_weakest_phase() {
    let report = report(&phases(I, ["25", "20", "18"]));
    let advice = &report.advice[0];
    assert_eq!((advice.from, advice.to, advice.amps_to_move), (Some(1), Some(3), Some(4.0)));
    assert_eq!(advice.french, "Déplacer environ 4,0 A de charges monophasées de L1 vers L3.");
    assert_eq!(report.current.neutral_a.method(), Some(Method::AssumedEqualPowerFactor));
    assert_eq!(report.current.i0_pct.reason(), Some(Reason::AnglesMissing));
}

#[test]
fn a_measured_neutral_wins() {
    let mut values = phases(I, ["10", "10", "10"]);
    values.push((Quantity::CurrentNeutral, "18"));
    assert_eq!(report(&values).current.neutral_a, Figure::measured(18.0));
}

#[test]
fn nothing_measured_is_no_data() {
    let report = report(&[]);
    assert_eq!(report.status, BalanceStatus::NoData);
    assert_eq!(report.current.neutral_a.reason(), Some(Reason::CurrentsMissing));
    assert!(report.advice.is_empty());
}

#[test]
fn swapped_phases_are_found_when_the_currents_tell_the_convention() {
    let mut values = phases(U, ["230", "230", "230"]);
    values.extend(phases(I, ["10", "10", "10"]));
    values.extend([
        (Quantity::AngleU2U1, "120"),
        (Quantity::AngleU3U1, "240"),
        (Quantity::ActivePower, "5975"),
        (Quantity::ReactivePower, "3450"),
    ]);
    let with_angle = |angle: &'static str| {
        let mut values = values.clone();
        let angles = [Quantity::AngleI1U1, Quantity::AngleI2U2, Quantity::AngleI3U3];
        values.extend(angles.into_iter().map(|quantity| (quantity, angle)));
        report(&values).voltage.sequence
    };
    use crate::voltages::PhaseSequence::{Forward, Reversed};
    assert_eq!(with_angle("-30").value(), Some(Reversed));
    assert_eq!(with_angle("30").value(), Some(Forward));
    assert_eq!(report(&values).voltage.sequence.reason(), Some(Reason::AngleConventionUnknown));
}
