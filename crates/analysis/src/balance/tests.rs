//! Claims about balance reports.

use super::*;
use crate::{Method, Reason};
use reading::{Decimal, Quantity, Timestamp};

fn report(values: &[(Quantity, &str)]) -> BalanceReport {
    report_with(values, &BalanceSettings::default())
}

fn report_with(values: &[(Quantity, &str)], settings: &BalanceSettings) -> BalanceReport {
    let number = |text: &str| text.parse::<Decimal>().expect("a number");
    let values = values.iter().map(|(quantity, text)| (*quantity, number(text)));
    let measurement = Measurement::new(Timestamp::from_seconds(0), values);
    balance_report(&measurement, settings)
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
    assert_eq!(report.motor_derating.reason(), Some(Reason::NeedsLineVoltages));
    assert_eq!(report.voltage.u0_pct.reason(), Some(Reason::NeedsLineVoltages));
    assert_eq!(report.voltage.sequence.reason(), Some(Reason::SequenceNeedsAngles));
    assert_eq!((report.voltage.u2_range_pct, report.voltage.u0_max_assumed_pct), (None, None));
    assert_eq!(report.status, BalanceStatus::Partial);
}

#[test]
fn a_screening_range_states_the_zero_sequence_it_assumes() {
    let settings =
        BalanceSettings { zero_sequence_max_pct: Some(1.0), ..BalanceSettings::default() };
    let report = report_with(&phases(U, ["233.5", "230.8", "225.7"]), &settings);
    let [low, high] = report.voltage.u2_range_pct.expect("screened");
    assert!(low < 2.0 && high > 2.0);
    assert_eq!(report.voltage.u0_max_assumed_pct, Some(1.0));
}

#[test]
fn a_large_screening_value_is_none() {
    let report = report(&phases(U, ["230", "200", "170"]));
    assert_eq!(report.voltage.u2_pct.reason(), Some(Reason::ScreeningMeaningless));
    assert_eq!(report.voltage.ok.reason(), Some(Reason::ScreeningMeaningless));
    assert_eq!(report.voltage.u2_range_pct, None);
    assert_eq!(codes(&report), [AdviceCode::MeasureLineVoltages]);
}

fn codes(report: &BalanceReport) -> Vec<AdviceCode> {
    report.advice.iter().map(|advice| advice.code).collect()
}

fn loaded(u: [&'static str; 3], i: [&'static str; 3]) -> Vec<(Quantity, &'static str)> {
    phases(U, u).into_iter().chain(phases(I, i)).collect()
}

#[test]
fn a_lost_phase_is_announced_and_takes_no_load() {
    let lost = report(&loaded(["230", "230", "0"], ["30", "25", "0"]));
    assert_eq!(codes(&lost), [AdviceCode::PhaseLoss]);
    let advice = &lost.advice[0];
    assert!(advice.french.contains("L3 (0,0 V)") && advice.english.contains("L3 (0.0 V)"));
    assert_eq!((advice.from, advice.to, advice.amps_to_move), (None, None, None));
    assert_eq!(lost.voltage.ok.value(), None);
    let two = report(&loaded(["231.5", "3", "12"], ["30", "0", "0"]));
    assert!(two.advice[0].french.contains("L2 (3,0 V), L3 (12,0 V)"));
    let low = report(&loaded(["230", "160", "230"], ["30", "10", "25"]));
    assert_eq!(codes(&low), [AdviceCode::PhaseLoss]);
}

#[test]
fn a_site_without_any_voltage_has_lost_no_phase() {
    assert!(report(&phases(U, ["0", "0", "0"])).advice.is_empty());
    assert!(
        report(&phases(U, ["2", "0", "1"])).advice.iter().all(|a| a.code != AdviceCode::PhaseLoss)
    );
}

#[test]
fn line_voltages_show_a_lost_phase_too() {
    let report = report(&phases(U_LINE, ["400", "231", "230"]));
    assert_eq!(codes(&report), [AdviceCode::PhaseLoss]);
    assert!(report.advice[0].english.contains("Phase loss: L3 without"));
    let two = super::supply::Supply::of(
        &Measurement::new(
            Timestamp::from_seconds(0),
            U_LINE.into_iter().zip([230, 0, 230]).map(|(q, v)| (q, Decimal::new(v, 0))),
        ),
        VoltageKind::Phase,
    );
    assert_eq!(two.lost(), [2, 3]);
}

#[test]
fn no_load_moves_to_a_phase_that_is_not_known_to_be_live() {
    let mut unmeasured = phases(I, ["30", "25", "10"]);
    unmeasured.extend([(Quantity::VoltageL1, "230"), (Quantity::VoltageL2, "230")]);
    assert!(report(&unmeasured).advice.is_empty());
    assert!(report(&phases(I, ["30", "25", "0"])).advice.is_empty());
    let live = report(&loaded(["230", "230", "230"], ["30", "25", "0"]));
    assert_eq!(codes(&live), [AdviceCode::MoveLoad]);
}

#[test]
fn a_negative_current_is_refused_by_name() {
    let report = report(&loaded(["230", "230", "230"], ["30", "-25", "10"]));
    let current = &report.current;
    let figures = [current.mean_a, current.deviation_pct, current.i2_pct, current.neutral_a];
    for figure in figures {
        assert_eq!(figure.reason(), Some(Reason::CurrentNegative));
    }
    assert_eq!(current.most_loaded_phase.reason(), Some(Reason::CurrentNegative));
    assert_eq!(current.ok.reason(), Some(Reason::CurrentNegative));
    assert_eq!(report.status, BalanceStatus::Partial);
    assert!(report.advice.is_empty());
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
    assert_eq!(report.current.i0_pct.reason(), Some(Reason::CurrentAnglesMissing));
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
