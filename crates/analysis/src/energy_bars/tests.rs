use super::*;
use reading::{Decimal, Timestamp};

const HOUR: i64 = 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn hours(count: i64) -> Vec<Window> {
    (0..count).map(|n| Window { from: at(n * HOUR), to: at((n + 1) * HOUR) }).collect()
}

fn readings(values: &[(i64, i64)]) -> Vec<Sample> {
    values.iter().map(|(second, wh)| (at(*second), Decimal::new(*wh, 0))).collect()
}

/// A counter read every 5 min at a steady power.
fn steady(from: i64, to: i64, start_wh: i64, watts: i64) -> Vec<Sample> {
    let times = (from..=to).step_by(300);
    times.map(|t| (at(t), Decimal::new(start_wh + watts * (t - from) / HOUR, 0))).collect()
}

fn of_import(bars: &[Window], counter: &[Sample]) -> Vec<EnergyBar> {
    energy_bars(bars, &BarInputs { import_counter: Some(counter), ..BarInputs::default() })
}

fn minutes(from: i64, to: i64, watts: f64) -> Vec<PowerInterval> {
    let interval = |t| PowerInterval {
        window: Window { from: at(t), to: at(t + 60) },
        mean_w: watts,
        max_w: watts + 100.0,
        flows_w: Some((watts.max(0.0), (-watts).max(0.0))),
        coverage: 1.0,
        count: 12,
    };
    (from..to).step_by(60).map(interval).collect()
}

#[test]
fn bars_are_counter_differences_at_their_edges() {
    let counter =
        readings(&[(-150, 0), (150, 1000), (3450, 12_000), (3750, 13_000), (7050, 24_000)]);
    let bars = of_import(&hours(2), &counter);
    assert_eq!(bars[0].import_wh, Figure::Known { value: 12_000.0, method: Method::Counter });
    assert_eq!(bars[0].coverage_pct, 100.0);
    assert_eq!(bars[0].mean_w, Figure::Known { value: 12_000.0, method: Method::Counter });
    assert_eq!(bars[0].max_w.reason(), Some(Reason::NotMeasured));
    assert_eq!(bars[0].export_wh.reason(), Some(Reason::NotMeasured));
    assert_eq!(bars[1].import_wh.value(), Some(11_500.0));
    assert!((bars[1].coverage_pct - 100.0 * 3450.0 / 3600.0).abs() < 1e-9);
}

#[test]
fn the_energy_of_a_silence_belongs_to_the_whole_and_to_no_bar_of_it() {
    let mut counter = steady(0, 1800, 0, 6000);
    counter.extend(steady(3 * HOUR + 1800, 4 * HOUR, 50_000, 6000));
    let bars = of_import(&hours(4), &counter);
    assert_eq!(bars[0].import_wh.value(), Some(3000.0));
    assert_eq!(bars[0].coverage_pct, 50.0);
    for silent in &bars[1..3] {
        assert_eq!(silent.import_wh.reason(), Some(Reason::NoSamples));
        assert_eq!(silent.coverage_pct, 0.0);
    }
    let whole = Window { from: at(0), to: at(4 * HOUR) };
    let total = &of_import(&[whole], &counter)[0];
    assert_eq!((total.import_wh.value(), total.coverage_pct), (Some(53_000.0), 100.0));
}

#[test]
fn one_nonsense_power_does_not_excuse_a_leap_of_the_counter() {
    let mut counter = steady(-900, HOUR, 1_000_000, 6000);
    counter.extend(steady(HOUR + 900, 2 * HOUR, 1_310_000, 6000));
    let mut power = minutes(0, 2 * HOUR, 6000.0);
    for supply_w in [Some(20_000.0), None] {
        power[10].max_w = 90e6;
        // While the counter leaps, the power is not known.
        let told: Vec<PowerInterval> =
            power.iter().filter(|one| one.window.from < at(HOUR)).copied().collect();
        let inputs = BarInputs {
            power: Some(&told),
            import_counter: Some(&counter),
            supply_w,
            ..BarInputs::default()
        };
        let second = energy_bars(&hours(2), &inputs).remove(1).import_wh.value();
        assert!(second.is_some_and(|wh| (4400.0..=4600.0).contains(&wh)), "{second:?}");
    }
}

#[test]
fn a_counter_that_was_reset_or_replaced_is_never_consumption() {
    for start in [0, 500, 9_000_000] {
        let mut counter = steady(0, HOUR, 1_000_000, 6000);
        counter.extend(steady(HOUR + 300, 2 * HOUR, start, 6000));
        let whole = Window { from: at(0), to: at(2 * HOUR) };
        let total = &of_import(&[whole], &counter)[0];
        if start < 1_000_000 {
            assert_eq!(total.import_wh.value(), Some(6000.0 + 5500.0), "{start}");
            assert!(total.coverage_pct < 100.0);
        }
        let power = minutes(0, 2 * HOUR, 6000.0);
        let inputs = BarInputs {
            power: Some(&power),
            import_counter: Some(&counter),
            ..BarInputs::default()
        };
        let total = &energy_bars(&[whole], &inputs)[0];
        let known = total.import_wh.value().expect("known");
        assert!((11_500.0..=12_000.0).contains(&known), "{start}: {known}");
    }
    let broken = of_import(&hours(1), &readings(&[(0, 1000), (3600, 10)]));
    assert_eq!(broken[0].import_wh.reason(), Some(Reason::CounterUnusable));
}

#[test]
fn lists_that_snapshot_different_instants_are_no_reset() {
    let counter = readings(&[(0, 10_000), (1200, 11_000), (1201, 10_990), (3600, 12_000)]);
    assert_eq!(of_import(&hours(1), &counter)[0].import_wh.value(), Some(2000.0));
    // A counter that starts again near nothing was reset, however little it had counted.
    let reset = readings(&[(0, 600), (1200, 700), (1201, 5), (3600, 105)]);
    assert_eq!(of_import(&hours(1), &reset)[0].import_wh.value(), Some(200.0));
}

#[test]
fn power_speaks_where_no_counter_does() {
    let mut power = minutes(0, 1800, 6000.0);
    power.extend(minutes(1800, 3600, -2000.0));
    let bars = energy_bars(&hours(2), &BarInputs { power: Some(&power), ..BarInputs::default() });
    assert_eq!(bars[0].import_wh, Figure::Known { value: 3000.0, method: Method::Power });
    assert_eq!(bars[0].export_wh, Figure::Known { value: 1000.0, method: Method::Power });
    assert_eq!(bars[0].mean_w, Figure::Known { value: 2000.0, method: Method::Power });
    assert_eq!(bars[0].max_w, Figure::Known { value: 6100.0, method: Method::Measured });
    assert_eq!(bars[1].import_wh.reason(), Some(Reason::NoSamples));
    assert_eq!(bars[1].max_w.reason(), Some(Reason::NoSamples));
}

#[test]
fn a_power_that_turns_within_an_interval_is_net_only() {
    let mut power = minutes(0, 3600, 1000.0);
    power[0].flows_w = None;
    let bar =
        &energy_bars(&hours(1), &BarInputs { power: Some(&power), ..BarInputs::default() })[0];
    assert_eq!(bar.mean_w.value(), Some(1000.0));
    assert!((bar.coverage_pct - 100.0 * 59.0 / 60.0).abs() < 1e-9);
}

#[test]
fn a_coarse_or_silent_counter_gives_way_to_power() {
    let power = minutes(0, HOUR, 1500.0);
    let coarse = [(at(0), Decimal::new(12, 3)), (at(3600), Decimal::new(14, 3))];
    for counter in [&coarse[..], &readings(&[(3000, 5000), (3600, 5250)])] {
        let inputs = BarInputs {
            power: Some(&power),
            import_counter: Some(counter),
            ..BarInputs::default()
        };
        let bar = &energy_bars(&hours(1), &inputs)[0];
        assert_eq!(bar.import_wh, Figure::Known { value: 1500.0, method: Method::Power });
        assert_eq!(bar.coverage_pct, 100.0);
    }
}

#[test]
fn nothing_at_all_says_so() {
    let bar = &energy_bars(&hours(1), &BarInputs::default())[0];
    assert_eq!(bar.import_wh.reason(), Some(Reason::NotMeasured));
    assert_eq!(bar.mean_w.reason(), Some(Reason::NotMeasured));
    let silent = BarInputs { power: Some(&[]), import_counter: Some(&[]), ..BarInputs::default() };
    assert_eq!(energy_bars(&hours(1), &silent)[0].import_wh.reason(), Some(Reason::NoSamples));
    assert_eq!(energy_bars(&[], &silent), []);
}

/// A counter as it is read from series of intervals: the first and the last reading of each minute.
fn by_minutes(shown: impl Fn(i64) -> i64, seconds: i64) -> Vec<Sample> {
    let reading = |t: i64| (at(t), Decimal::new(shown(t), 0));
    let minute = |start: i64| {
        let values = (start..start + 60).step_by(5).map(&shown);
        let (least, greatest) = (values.clone().min(), values.max());
        [(2, least), (57, greatest)]
            .map(|(edge, value)| (at(start + edge), Decimal::new(value.expect("values"), 0)))
    };
    let minutes = (0..seconds).step_by(60).flat_map(minute);
    minutes.chain([reading(seconds)]).collect()
}

#[test]
fn what_happens_to_a_counter_within_an_interval_is_no_energy() {
    // 6 kW for two hours, of which something happens in the middle.
    let sound = |t: i64| 3_000_000 + t * 6000 / HOUR;
    type Shown = Box<dyn Fn(i64) -> i64>;
    let harms: [(&str, Shown); 6] = [
        ("reset", Box::new(move |t| if t < HOUR + 30 { sound(t) } else { sound(t) - sound(HOUR) })),
        ("leap", Box::new(move |t| if t < HOUR + 30 { sound(t) } else { sound(t) + 700_000 })),
        ("spike", Box::new(move |t| sound(t) + if t == HOUR + 30 { 4_000_000_000 } else { 0 })),
        ("dip", Box::new(move |t| if t == HOUR + 30 { 0 } else { sound(t) })),
        ("step back", Box::new(move |t| sound(t) - if t < HOUR + 30 { 0 } else { 40_000 })),
        ("rollover", Box::new(move |t| (sound(t) + 96_994_000) % 100_000_000)),
    ];
    for supply_w in [None, Some(50_000.0)] {
        for (name, shown) in &harms {
            let counter = by_minutes(shown, 2 * HOUR);
            let power = minutes(0, 2 * HOUR, 6000.0);
            let whole = [Window { from: at(0), to: at(2 * HOUR) }];
            let alone =
                BarInputs { import_counter: Some(&counter), supply_w, ..BarInputs::default() };
            let both = BarInputs { power: Some(&power), ..alone };
            for (inputs, bars) in [(&alone, &whole[..]), (&both, &whole), (&both, &hours(2))] {
                let known = energy_bars(bars, inputs);
                let known: f64 = known.iter().filter_map(|bar| bar.import_wh.value()).sum();
                assert!((11_500.0..=12_010.0).contains(&known), "{name}: {known}");
            }
        }
    }
}

#[test]
fn an_exchanged_meter_is_no_energy_even_if_its_reading_is_near() {
    let counter = by_minutes(|t| t * 6000 / HOUR + if t < HOUR { 0 } else { 300 }, 2 * HOUR);
    let bars = hours(2);
    let of = |breaks| {
        let inputs = BarInputs { import_counter: Some(&counter), breaks, ..BarInputs::default() };
        let known = energy_bars(&bars, &inputs);
        known.iter().filter_map(|bar| bar.import_wh.value()).sum::<f64>()
    };
    assert!(of(&[]) > 12_250.0);
    let known = of(&[at(HOUR)]);
    assert!((11_900.0..=12_000.0).contains(&known), "{known}");
}
