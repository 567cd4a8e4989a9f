//! What a PLC's counter does, and what it never becomes.

use super::*;

/// Readings a minute apart.
fn readings(values: &[i64]) -> Vec<Sample> {
    let reading = |(minute, value): (usize, &i64)| {
        let minute = i64::try_from(minute).expect("few");
        (Timestamp::from_seconds(60 * minute), Decimal::new(*value, 0))
    };
    values.iter().enumerate().map(reading).collect()
}

fn window(from_minute: i64, to_minute: i64) -> Window {
    let at = |minute| Timestamp::from_seconds(60 * minute);
    Window { from: at(from_minute), to: at(to_minute) }
}

/// The production over all readings.
fn total(values: &[i64]) -> Produced {
    let last = i64::try_from(values.len()).expect("few") - 1;
    produced(&[window(0, last)], &readings(values)).remove(0)
}

fn count(values: &[i64]) -> f64 {
    total(values).count.value().expect("known")
}

#[test]
fn growth_is_spread_over_the_stretches_between_readings() {
    let samples = readings(&[100, 110, 130]);
    let bars = produced(&[window(0, 1), window(1, 2)], &samples);
    assert_eq!(bars[0].count, Figure::Known { value: 10.0, method: Method::Counter });
    assert_eq!(bars[1].count.value(), Some(20.0));
    assert_eq!((bars[0].coverage_pct, bars[1].restarts), (100.0, 0));
    let half = Window { to: Timestamp::from_seconds(30), ..window(0, 1) };
    assert_eq!(produced(&[half], &samples)[0].count.value(), Some(5.0));
    let behind = &produced(&[window(5, 9)], &samples)[0];
    assert_eq!((behind.count.reason(), behind.coverage_pct), (Some(Reason::NoSamples), 0.0));
    assert_eq!(produced(&[window(0, 1)], &[])[0].count.reason(), Some(Reason::NotMeasured));
}

#[test]
fn a_reboot_starts_again_at_zero_and_costs_nothing() {
    let plc = total(&[500, 503, 506, 2, 5, 8]);
    assert_eq!((plc.count.value(), plc.restarts, plc.ignored), (Some(14.0), 1, 0));
    assert_eq!(count(&[500, 503, 506, 0, 0, 3]), 9.0);
}

#[test]
fn a_counter_wraps_at_16_and_32_bits() {
    assert_eq!(count(&[65_530, 65_534, 2, 6]), 12.0);
    assert_eq!(total(&[65_530, 65_534, 2, 6]).restarts, 0);
    assert_eq!(count(&[4_294_967_290, 4_294_967_295, 4, 9]), 15.0);
    // Far from the end of its range a fall is a restart, not thousands of pieces.
    let reboot =
        total(&[40_000, 40_001, 40_002, 40_003, 40_004, 40_005, 40_006, 40_007, 40_008, 40_009, 3]);
    assert_eq!((reboot.count.value(), reboot.restarts), (Some(12.0), 1));
    // Kilograms with one decimal wrap where their digits do.
    let mass = |tenths: &[i64]| {
        let samples: Vec<Sample> = readings(tenths);
        let samples: Vec<Sample> = samples
            .into_iter()
            .map(|(at, value)| (at, Decimal::new(value.mantissa(), -1)))
            .collect();
        produced(&[window(0, 3)], &samples)[0].count.value().expect("known")
    };
    assert!((mass(&[65_530, 65_534, 2, 6]) - 1.2).abs() < 1e-9);
}

#[test]
fn no_single_wrong_value_becomes_production() {
    let usual: Vec<i64> = (0..20).map(|minute| 1000 + 5 * minute).collect();
    let with = |place: usize, wrong: i64| {
        let mut values = usual.clone();
        values[place] = wrong;
        total(&values)
    };
    for wrong in [4_294_967_295, 65_535, 0, 1, 999_999] {
        let plc = with(10, wrong);
        let count = plc.count.value().expect("known");
        assert!((0.0..=95.0).contains(&count), "{wrong}: {plc:?}");
        assert!(count >= 90.0, "{wrong}: a wrong value costs little: {plc:?}");
    }
    for place in [0, 19] {
        let count = with(place, 4_294_967_295).count.value();
        assert!(count.is_none_or(|count| (0.0..=95.0).contains(&count)), "{place}: {count:?}");
    }
}

#[test]
fn a_counter_that_was_set_goes_on_from_there() {
    let mut values: Vec<i64> = (0..12).map(|minute| 1000 + 5 * minute).collect();
    values.extend((0..12).map(|minute| 90_000 + 5 * minute));
    let plc = total(&values);
    let count = plc.count.value().expect("known");
    assert!((90.0..=110.0).contains(&count), "{plc:?}");
    assert_eq!((plc.restarts, plc.ignored), (1, 0));
    assert!(plc.coverage_pct < 100.0, "what was made while it was set is not known");
}

#[test]
fn a_correction_is_neither_negative_nor_counted_twice() {
    // Scrap is taken off, and made again.
    assert_eq!(count(&[100, 110, 108, 109, 112, 120]), 20.0);
    assert_eq!(count(&[100, 99, 100, 99, 100]), 0.0, "a value that trembles makes nothing");
}

#[test]
fn whoever_tells_only_changes_is_understood() {
    let sparse = vec![
        (Timestamp::from_seconds(0), Decimal::new(10, 0)),
        (Timestamp::from_seconds(6 * 3600), Decimal::new(11, 0)),
        (Timestamp::from_seconds(12 * 3600), Decimal::new(500, 0)),
    ];
    let hour = |hour: i64| window(60 * hour, 60 * hour + 60);
    let bars = produced(&[hour(2), hour(8)], &sparse);
    let quiet = bars[0].count.value().expect("at most one piece");
    assert!(quiet < 1.0 && (bars[0].coverage_pct - 100.0).abs() < 1e-9);
    assert_eq!(bars[1].count.reason(), Some(Reason::NoSamples), "500 pieces could be anywhere");
}

#[test]
fn energy_per_piece_needs_both_sides() {
    let known = |wh| (Figure::Known { value: wh, method: Method::Counter }, 100.0);
    let plc = total(&[0, 10, 20, 30, 40]);
    let figure = per_unit(known(8000.0), &plc);
    assert_eq!(figure, Figure::Known { value: 200.0, method: Method::Counter });
    assert_eq!(per_unit((known(8000.0).0, 89.0), &plc).reason(), Some(Reason::CoverageTooLow));
    let missing = (Figure::Unknown(Reason::NoSamples), 0.0);
    assert_eq!(per_unit(missing, &plc).reason(), Some(Reason::NoSamples));
    assert_eq!(per_unit(known(8000.0), &total(&[7, 7, 7])).reason(), Some(Reason::NothingProduced));
    let none = &produced(&[window(0, 4)], &[])[0];
    assert_eq!(per_unit(known(8000.0), none).reason(), Some(Reason::NoCounter));
    let short = &produced(&[window(0, 60)], &readings(&[0, 10, 20]))[0];
    assert_eq!(per_unit(known(8000.0), short).reason(), Some(Reason::CoverageTooLow));
}
