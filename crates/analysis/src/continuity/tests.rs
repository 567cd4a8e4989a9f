use super::*;
use proptest::prelude::{Just, Strategy, prop_assert, prop_oneof, proptest};

/// 50 kW.
const LIMIT_W: f64 = 50_000.0;

fn allowed(from: &Point, to: &Point) -> f64 {
    LIMIT_W * to.at.since(from.at).as_secs_f64() / 3600.0 + 1.0
}

fn points(values: &[(i64, i64)]) -> Vec<Point> {
    let point = |(at, wh): &(i64, i64)| Point {
        at: Timestamp::from_seconds(*at),
        value: Decimal::new(*wh, 0),
        list: 0,
    };
    values.iter().map(point).collect()
}

fn verdicts(values: &[(i64, i64)]) -> Vec<Verdict> {
    let mut track = Track::default();
    points(values).into_iter().map(|point| track.take(point, &allowed)).collect()
}

fn counted(values: &[(i64, i64)]) -> f64 {
    energy(&runs(&points(values), &[], &allowed))
}

fn energy(runs: &[Vec<Point>]) -> f64 {
    runs.iter().map(|run| difference(run[run.len() - 1].value, run[0].value)).sum()
}

#[test]
fn nonsense_that_goes_away_is_forgotten() {
    for wild in [0, 4_294_967_295, 1_000_500_000, 999_000] {
        let values = [(0, 1_000_000), (60, wild), (120, 1_000_100), (180, 1_000_200)];
        let point = points(&values)[1];
        assert_eq!(
            verdicts(&values),
            [Verdict::Begins, Verdict::HeldBack, Verdict::Heals { wild: point }, Verdict::Follows]
        );
        assert_eq!(counted(&values), 200.0);
    }
}

#[test]
fn a_level_that_stays_is_told_once_and_is_no_energy() {
    let full = 99_999_900;
    for (before, first, kind) in [
        (1_000_000, 0, Break::Reset),
        (1_000_000, 900_000, Break::Decrease),
        (1_000_000, 7_000_000, Break::Leap),
        (full, 50, Break::Rollover),
        (i64::from(u32::MAX), 10, Break::Rollover),
    ] {
        let values =
            [(0, before), (60, first), (120, first + 100), (180, first + 200), (240, first + 300)];
        let found = verdicts(&values);
        let told = points(&values);
        let broke = Verdict::Breaks { kind, before: told[0], after: told[1] };
        assert_eq!(found[1..], [Verdict::HeldBack, Verdict::HeldBack, broke, Verdict::Follows]);
        assert_eq!(counted(&values), 300.0);
    }
}

#[test]
fn a_spike_within_what_can_be_is_taken_back_when_the_counter_comes_down() {
    let values = [(0, 1000), (900, 1100), (1800, 12_000), (2700, 1200), (3600, 1300), (4500, 1400)];
    let found = verdicts(&values);
    assert_eq!(found[2], Verdict::Follows, "12 kWh in a quarter of an hour are possible");
    assert_eq!(
        found[5],
        Verdict::Retracts { count: 1, wild: points(&values)[2], before: points(&values)[1] }
    );
    assert_eq!(counted(&values), 400.0);
}

#[test]
fn a_register_that_comes_back_from_zero_goes_on_where_it_was() {
    let values = [
        (0, 12_750),
        (900, 13_000),
        (1800, 0),
        (2700, 0),
        (3600, 0),
        (4500, 14_000),
        (5400, 14_250),
    ];
    let told = points(&values);
    let returns = Verdict::Returns { before: told[1], wild: told[2] };
    assert_eq!(verdicts(&values)[5..], [returns, Verdict::Follows]);
    assert_eq!(counted(&values), 1500.0);
    // A step that no counter could show from zero is a return as well, and at once.
    let great = values.map(|(at, wh)| (at, if wh == 0 { 0 } else { wh + 90_000_000 }));
    assert_eq!(counted(&great), 1500.0);
    // What the supply cannot have given since is none.
    let leapt = values.map(|(at, wh)| (at, if wh >= 14_000 { wh + 900_000 } else { wh }));
    assert!(!verdicts(&leapt).iter().any(|it| matches!(it, Verdict::Returns { .. })));
}

#[test]
fn a_new_meter_that_counts_past_the_reading_of_the_old_one_is_no_return() {
    let values: Vec<(i64, i64)> = (0..40)
        .map(|n| (900 * n, if n < 5 { 12_000 + 1000 * n } else { 1000 * (n - 5) }))
        .collect();
    assert!(!verdicts(&values).iter().any(|it| matches!(it, Verdict::Returns { .. })));
    assert_eq!(counted(&values), 4000.0 + 34_000.0);
}

#[test]
fn two_lists_may_be_a_kilowatt_hour_apart() {
    let mut values = points(&[(0, 1_500_100), (50, 1_500_180), (60, 1_500_100), (100, 1_500_190)]);
    values[2].list = 1;
    let mut track = Track::default();
    let found: Vec<Verdict> = values.iter().map(|point| track.take(*point, &allowed)).collect();
    assert_eq!(found[1..], [Verdict::Follows, Verdict::OtherList, Verdict::Follows]);
    values[2].value = Decimal::new(1_499_000, 0);
    let mut track = Track::default();
    let found: Vec<Verdict> = values.iter().map(|point| track.take(*point, &allowed)).collect();
    assert_eq!(found[2], Verdict::HeldBack);
}

#[test]
fn an_exchanged_meter_ends_a_run() {
    let values = points(&[(0, 1000), (60, 1100), (120, 1200), (180, 1300)]);
    let at = |second| Timestamp::from_seconds(second);
    assert_eq!(energy(&runs(&values, &[at(120)], &allowed)), 200.0);
    assert_eq!(energy(&runs(&values, &[at(100), at(180)], &allowed)), 100.0);
}

/// What is done to a counter.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Spike(i64),
    SetTo(i64),
    Back(i64),
    Silence(i64),
    ClockBack(i64),
}

fn harm() -> impl Strategy<Value = (usize, usize, Harm)> {
    let what = prop_oneof![
        (-2_000_000_i64..2_000_000).prop_map(Harm::Spike),
        Just(Harm::SetTo(0)),
        (0_i64..5_000_000_000).prop_map(Harm::SetTo),
        (1_i64..3_000_000).prop_map(Harm::Back),
        (1_i64..90_000).prop_map(Harm::Silence),
        (1_i64..7200).prop_map(Harm::ClockBack),
    ];
    (1_usize..200, 1_usize..6, what)
}

proptest! {
    /// Whatever happens to a counter: it never counts backwards, and never more than the supply can
    /// give in the time that its readings span.
    #[test]
    fn no_event_becomes_energy(
        steps in proptest::collection::vec((0_i64..60, 0_i64..500), 200),
        harms in proptest::collection::vec(harm(), 0..8),
    ) {
        let (mut at, mut wh) = (0, 3_000_000);
        let mut values = Vec::new();
        for (index, (wait, grown)) in steps.into_iter().enumerate() {
            at += 5 + wait;
            wh += grown.min((5 + wait) * 13);
            let mut shown = wh;
            for (place, length, harm) in &harms {
                match harm {
                    Harm::Spike(by) if (*place..place + length).contains(&index) => shown += by,
                    Harm::SetTo(to) if *place == index => wh = *to,
                    Harm::Back(by) if *place == index => wh = (wh - by).max(0),
                    Harm::Silence(seconds) if *place == index => at += seconds,
                    Harm::ClockBack(seconds) if *place == index => at -= seconds,
                    _ => {}
                }
            }
            values.push((at, shown.max(0)));
        }
        values.sort_by_key(|(at, _)| *at);
        for run in runs(&points(&values), &[], &allowed) {
            for pair in run.windows(2) {
                let grown = difference(pair[1].value, pair[0].value);
                prop_assert!(grown >= 0.0, "{pair:?}");
                prop_assert!(grown <= allowed(&pair[0], &pair[1]) + 1e-3, "{pair:?}");
            }
        }
    }

    /// A counter that nothing happens to is one run, whatever its pace.
    #[test]
    fn a_sound_counter_is_one_run(
        steps in proptest::collection::vec((1_i64..4000, 0_i64..100), 1..100),
    ) {
        let (mut at, mut wh) = (0, 5000);
        let mut values = vec![(at, wh)];
        for (seconds, watts) in steps {
            at += seconds;
            wh += watts * 500 * seconds / 3600;
            values.push((at, wh));
        }
        let found = runs(&points(&values), &[], &allowed);
        prop_assert!(found.len() == 1 && found[0] == points(&values));
    }
}
