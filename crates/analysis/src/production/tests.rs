//! What a PLC's counter does, and what it never becomes.

use super::*;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use reading::Decimal;

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

/// The readings of `hours`, ten seconds apart, of a machine that makes a piece in 2000 s.
fn slow(hours: i64, shown: impl Fn(i64, i64) -> i64) -> Vec<Sample> {
    let reading = |second: i64| {
        let value = shown(second, 100 + second / 2000);
        (Timestamp::from_seconds(second), Decimal::new(value, 0))
    };
    (0..=hours * 360).map(|step| reading(10 * step)).collect()
}

/// What an hour makes, of the readings that the question brings with it.
fn asked(all: &[Sample], (from, to): (i64, i64)) -> Produced {
    let range = reach(window(60 * from, 60 * to));
    let near: Vec<Sample> =
        all.iter().filter(|(at, _)| range.from <= *at && *at < range.to).copied().collect();
    let hour = window(60, 120);
    let bars: Vec<Window> = (from..to).map(|hour| window(60 * hour, 60 * hour + 60)).collect();
    let place = bars.iter().position(|bar| *bar == hour).expect("the hour is asked");
    produced(&bars, &near).remove(place)
}

#[test]
fn an_hour_of_a_slow_machine_is_the_same_whatever_is_asked_and_however_the_counter_errs() {
    let sound = slow(4, |_, value| value);
    let nonsense = slow(4, |second, value| if second == 5000 { 9000 } else { value });
    let twice = slow(4, |second, value| if second / 20 == 255 { 9000 } else { value });
    let small = slow(4, |second, value| if second == 5000 { 115 } else { value });
    let set = slow(4, |second, value| if second > 5400 { value + 5000 } else { value });
    for range in [(1, 2), (0, 4), (1, 3), (0, 2)] {
        assert_eq!(asked(&sound, range).count.value(), Some(2.0), "{range:?}");
        for (wild, ignored) in [(&nonsense, 1), (&twice, 2), (&small, 1)] {
            let plc = asked(wild, range);
            let told = (plc.count.value(), plc.ignored, plc.restarts);
            assert_eq!(told, (Some(2.0), ignored, 0), "{range:?}");
        }
        let plc = asked(&set, range);
        assert_eq!((plc.count.value(), plc.restarts), (Some(2.0), 1), "{range:?}");
        assert!(plc.coverage_pct > 99.0, "only the step itself is not known: {plc:?}");
    }
}

#[test]
fn a_step_that_nothing_else_explains_or_refutes_is_refused() {
    let alone = total(&[100, 100, 100, 5100, 5100, 5100, 5100]);
    assert_eq!((alone.count.reason(), alone.restarts), (Some(Reason::PaceUnknown), 0));
    assert_eq!(
        per_unit((Figure::Known { value: 1.0, method: Method::Counter }, 100.0), &alone).reason(),
        Some(Reason::PaceUnknown)
    );
    assert_eq!(count(&[100, 100, 101, 101]), 1.0, "a single piece is believed");
    assert_eq!(count(&[100, 100, 5100, 100, 100]), 0.0, "what goes away was nonsense");
    assert_eq!(count(&[100, 100, 5100, 10_000, 15_000, 15_000]), 14_900.0, "its likes explain it");
}

#[test]
fn a_rush_after_a_slow_night_is_production() {
    let mut values: Vec<i64> = (0..40).collect();
    values.extend((1..=5).map(|quarter| 39 + 400 * quarter));
    let plc = total(&values);
    assert_eq!((plc.count.value(), plc.restarts), (Some(2039.0), 0));
}

#[test]
fn a_counter_of_any_width_wraps_where_its_growth_explains_it() {
    for full in [10_000, 65_536, 1_000_000] {
        let wraps = |at: i64| (full - 10 + 2 * at) % full;
        let plc = total(&(0..20).map(wraps).collect::<Vec<_>>());
        assert_eq!((plc.count.value(), plc.restarts), (Some(38.0), 0), "{full}");
    }
    let reset: Vec<i64> =
        (0..20).map(|at| if at < 10 { 9500 + 2 * at } else { 2 * at - 20 }).collect();
    assert_eq!((total(&reset).count.value(), total(&reset).restarts), (Some(36.0), 1));
}

proptest! {
    /// A machine at a steady pace, something wrong with its counter: what is told is never more than
    /// what was made, and the same for a part as within the whole.
    #[test]
    fn no_nonsense_becomes_production(
        pace in 1_i64..30,
        place in 20_usize..200,
        length in 1_usize..6,
        wild in 0_i64..5_000_000_000,
        set in proptest::bool::ANY,
    ) {
        let made = |minute: usize| 1000 + pace * i64::try_from(minute).expect("few");
        let shown = |minute: usize| match (minute >= place, set) {
            (true, true) => made(minute) + wild + 60 * pace,
            (true, false) if minute < place + length => wild.max(1000 * pace),
            _ => made(minute),
        };
        let all = readings(&(0..240).map(shown).collect::<Vec<_>>());
        let made = |from: i64, to: i64| f64::from(u32::try_from(pace * (to - from)).expect("few"));
        let plc = &produced(&[window(0, 239)], &all)[0];
        let count = plc.count.value().expect("judged");
        prop_assert!(count <= made(0, 239) + 1e-6, "{plc:?}");
        let part = produced(&[window(60, 120)], &all).remove(0);
        let both = produced(&[window(0, 60), window(60, 120), window(120, 239)], &all);
        prop_assert_eq!(part, both[1].clone());
    }
}
