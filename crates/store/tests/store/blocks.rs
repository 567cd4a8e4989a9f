//! What is sealed, compacted or not answers like the telegrams themselves.

use crate::telegrams::{all, at, live, meter, number, open, telegram};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use reading::{Decimal, MeterTime, Obis, Quality, Quantity, Reading, Telegram, Timestamp, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use store::{Appended, SampleQuery, SeriesQuery, Store};
use tempfile::tempdir;

const QUANTITIES: [Quantity; 3] =
    [Quantity::VoltageL1, Quantity::ActivePower, Quantity::ActiveEnergyImport];

/// Makes everything before it old: a telegram of another meter that arrives days later.
pub(crate) async fn time_passes(store: &Store, now: Timestamp) {
    let mut tick = telegram("tick", 0, vec![number(Quantity::Frequency, 50, 0)]);
    tick.meter = meter("clock");
    tick.measured_at = now;
    tick.received_at = now;
    live(store, [tick]).await;
    store.at_rest().await.expect("open");
}

pub(crate) fn count(folder: &Path, sql: &str) -> i64 {
    let file = rusqlite::Connection::open(folder.join("triphase.sqlite")).expect("a file");
    file.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[derive(Debug, Clone)]
enum Event {
    /// Telegrams of a list from a second on, some seconds apart.
    Run {
        list: u8,
        start: i64,
        every: i64,
        readings: Vec<Vec<Reading>>,
        quality: Quality,
    },
    /// So many hours pass, and the store does what is due.
    Pass {
        hours: i64,
    },
    Reopen,
}

fn decimal() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        6 => (2200_i64..2400).prop_map(|mantissa| Decimal::new(mantissa, -1)),
        2 => (-300_i64..300, -2_i8..2).prop_map(|(mantissa, e)| Decimal::new(mantissa, e)),
        1 => any::<i64>().prop_map(|mantissa| Decimal::new(mantissa, 0)),
        1 => (any::<i64>(), any::<i8>()).prop_map(|(mantissa, e)| Decimal::new(mantissa, e)),
    ]
}

fn reading() -> impl Strategy<Value = Reading> {
    let quality = prop_oneof![8 => Just(Quality::Good), 1 => Just(Quality::Suspect),
        1 => Just(Quality::Bad)];
    let obis = prop_oneof![4 => Just(None), 1 => Just(Some(Obis::new(1, 1, [32, 7, 0], 255)))];
    let value = prop_oneof![12 => decimal().prop_map(Value::Number),
        1 => "[a-c]{0,2}".prop_map(Value::Text)];
    (0_usize..3, obis, value, quality).prop_map(|(quantity, obis, value, quality)| Reading {
        quantity: Some(QUANTITIES[quantity]),
        obis,
        value,
        unit: QUANTITIES[quantity].unit(),
        quality,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let uniform =
        (0_usize..3, vec((2200_i64..2400, 0_i8..1), 1..40)).prop_map(|(quantity, cells)| {
            let cells = cells.into_iter();
            cells.map(|(m, e)| vec![number(QUANTITIES[quantity], m, e - 1)]).collect::<Vec<_>>()
        });
    let mixed = vec(vec(reading(), 0..5), 1..25);
    let quality = prop_oneof![8 => Just(Quality::Good), 1 => Just(Quality::Bad)];
    let start = -200_000_i64..400_000;
    let every = prop_oneof![Just(1_i64), Just(60), Just(0), 1_i64..3000];
    let run = (0_u8..3, start, every, prop_oneof![uniform, mixed], quality);
    let run = run.prop_map(|(list, start, every, readings, quality)| Event::Run {
        list,
        start,
        every,
        readings,
        quality,
    });
    prop_oneof![8 => run, 2 => (1_i64..80).prop_map(|hours| Event::Pass { hours }),
        1 => Just(Event::Reopen)]
}

/// What the store should hold.
#[derive(Default)]
struct Model {
    telegrams: BTreeMap<u64, Telegram>,
    now: i64,
}

impl Model {
    fn telegrams_of(&self, run: &Event) -> Vec<Telegram> {
        let Event::Run { list, start, every, readings, quality } = run else { return Vec::new() };
        let telegrams = (0..).zip(readings).map(|(n, readings)| {
            let second = start + n * every;
            let mut telegram = telegram(&format!("list{list}"), second, readings.clone());
            telegram.received_at = at(self.now).plus(Duration::from_micros(n.unsigned_abs() * 7));
            telegram.quality = *quality;
            if *list == 1 {
                let clock = MeterTime {
                    year: 2026,
                    month: 5,
                    day: 4,
                    hour: 11,
                    minute: 39,
                    second: u8::try_from(second.rem_euclid(60)).expect("small"),
                    hundredths: Some(7),
                    deviation: Some(-120),
                    status: None,
                };
                telegram.meter_time = Some(clock);
            }
            telegram
        });
        telegrams.collect()
    }

    fn check(&self, store: &Store) {
        let expected: Vec<_> = self.telegrams.values().cloned().collect();
        assert_eq!(all(store), expected);
        let ids: Vec<u64> = self.telegrams.keys().copied().collect();
        let middle = ids.get(ids.len() / 2).copied().unwrap_or(0);
        let page = store.samples_after(middle, 7).expect("readable");
        let page: Vec<u64> = page.iter().map(|sample| sample.id).collect();
        let behind = ids.iter().filter(|id| **id > middle).copied();
        assert_eq!(page, behind.take(7).collect::<Vec<_>>());
        for (from, to, limit) in [(-200_000, 400_000, 10_000), (3_600, 90_000, 13), (7, 8, 3)] {
            self.check_range(store, (at(from), at(to)), limit);
        }
    }

    fn within(&self, (from, to): (Timestamp, Timestamp)) -> Vec<(u64, &Telegram)> {
        let general = |telegram: &Telegram| telegram.meter == meter("general");
        let within = |t: &Telegram| general(t) && t.measured_at >= from && t.measured_at < to;
        self.telegrams.iter().filter(|(_, t)| within(t)).map(|(id, t)| (*id, t)).collect()
    }

    fn check_range(&self, store: &Store, (from, to): (Timestamp, Timestamp), limit: usize) {
        let mut within = self.within((from, to));
        let query = SampleQuery {
            meter: meter("general"),
            from: Some(from),
            to: Some(to),
            after: Some(3),
            limit,
        };
        let samples = store.samples(&query).expect("readable");
        let samples: Vec<_> = samples.iter().map(|s| (s.id, &s.telegram)).collect();
        let asked = within.iter().filter(|(id, _)| *id > 3).take(limit).copied();
        assert_eq!(samples, asked.collect::<Vec<_>>());
        within.sort_by_key(|(id, telegram)| (telegram.measured_at, *id));
        let rows = store.numbers(&meter("general"), (from, to), &QUANTITIES).expect("readable");
        assert_eq!(rows.len(), within.len());
        for (row, (id, telegram)) in rows.iter().zip(&within) {
            assert_eq!((row.id, row.measured_at), (*id, telegram.measured_at));
            assert_eq!(row.received_at, telegram.received_at);
            let numbers = QUANTITIES.map(|quantity| first(telegram, quantity).map(|(n, _)| n));
            assert_eq!(row.values, numbers);
        }
        for points in [1, 11, 300, 10_000] {
            for quantity in QUANTITIES {
                let query = SeriesQuery { meter: meter("general"), quantity, from, to, points };
                check_series(store, &query, &within);
            }
        }
    }
}

/// The first number of a quantity, and the worse one of its quality and the telegram's.
fn first(telegram: &Telegram, quantity: Quantity) -> Option<(Decimal, Quality)> {
    let readings = telegram.readings.iter().filter(|reading| reading.quantity == Some(quantity));
    readings.filter_map(|r| Some((r.value.number()?, r.quality.max(telegram.quality)))).next()
}

/// The series, computed anew from the telegrams.
fn check_series(store: &Store, query: &SeriesQuery, within: &[(u64, &Telegram)]) {
    let series = store.series(query).expect("readable");
    assert_eq!(series.resolution, store::resolution(query.from, query.to, query.points));
    let step = i64::try_from(series.resolution.as_micros()).expect("a day");
    let mut intervals: BTreeMap<i64, Vec<Decimal>> = BTreeMap::new();
    for (_, telegram) in within {
        if let Some((number, quality)) = first(telegram, query.quantity)
            && quality != Quality::Bad
        {
            let index = telegram.measured_at.as_micros().div_euclid(step);
            intervals.entry(index).or_default().push(number);
        }
    }
    let starts: Vec<i64> = series.points.iter().map(|p| p.start.as_micros()).collect();
    assert_eq!(starts, intervals.keys().map(|index| index * step).collect::<Vec<_>>());
    for (point, values) in series.points.iter().zip(intervals.values()) {
        let mut sorted = values.clone();
        sorted.sort_by(|a, b| exact(*a, *b).then(a.exponent().cmp(&b.exponent())));
        assert_eq!(point.min, sorted[0], "{query:?}");
        sorted.sort_by(|a, b| exact(*a, *b).then(b.exponent().cmp(&a.exponent())));
        assert_eq!(point.max, sorted[sorted.len() - 1], "{query:?}");
        assert_eq!(point.count, values.len() as u64);
        let mean = mean(values);
        assert!(
            point.mean == mean || ((point.mean - mean) / mean).abs() < 1e-9,
            "{} is not {mean} in {values:?}",
            point.mean
        );
        assert!((0.0..=1.0).contains(&point.coverage));
    }
}

/// Order by digits written out, which no arithmetic of the store takes part in.
fn exact(left: Decimal, right: Decimal) -> Ordering {
    let spelled = |number: Decimal| {
        let places = usize::from((i16::from(number.exponent()) + 128).unsigned_abs());
        format!("{:0>300}", format!("{}{}", number.mantissa().unsigned_abs(), "0".repeat(places)))
    };
    match (left.mantissa() < 0, right.mantissa() < 0) {
        (false, false) => spelled(left).cmp(&spelled(right)),
        (true, true) => spelled(right).cmp(&spelled(left)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// The mean by exact integers where they fit, which covers what meters tell.
fn mean(values: &[Decimal]) -> f64 {
    let least = values.iter().map(|value| value.exponent()).min().expect("values");
    let sum = values.iter().try_fold(0_i128, |sum, value| {
        let powers = (i16::from(value.exponent()) - i16::from(least)).unsigned_abs();
        let part = 10_i128.checked_pow(powers.into())?.checked_mul(value.mantissa().into())?;
        sum.checked_add(part)
    });
    let sum: f64 = match sum {
        Some(sum) => format!("{sum}e{least}").parse().expect("a float"),
        None => {
            let mut parts: BTreeMap<i8, i128> = BTreeMap::new();
            for value in values {
                *parts.entry(value.exponent()).or_default() += i128::from(value.mantissa());
            }
            let part = |(e, m): (&i8, &i128)| format!("{m}e{e}").parse::<f64>().expect("a float");
            parts.iter().rev().map(part).sum()
        }
    };
    sum / values.len() as f64
}

#[test]
fn sealing_changes_no_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cases = std::env::var("TRIPHASE_CASES").map_or(24, |n| n.parse().expect("a number"));
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&vec(event(), 1..14), |events| {
        let folder = tempdir().expect("a folder");
        let mut store = open(folder.path());
        let mut model = Model::default();
        for event in events.iter().chain(&[Event::Pass { hours: 200 }]) {
            match event {
                Event::Run { .. } => {
                    let telegrams = model.telegrams_of(event);
                    let appended = runtime.block_on(live(&store, &telegrams));
                    for (appended, telegram) in appended.iter().zip(telegrams) {
                        if let Appended::New(id) = appended {
                            model.telegrams.insert(*id, telegram);
                        }
                    }
                }
                Event::Pass { hours } => {
                    model.now += hours * 3600;
                    runtime.block_on(time_passes(&store, at(model.now)));
                    let mut tick = telegram("tick", 0, vec![number(Quantity::Frequency, 50, 0)]);
                    tick.meter = meter("clock");
                    (tick.measured_at, tick.received_at) = (at(model.now), at(model.now));
                    model.telegrams.insert(store.last_id(), tick);
                }
                Event::Reopen => {
                    store.close();
                    store = open(folder.path());
                }
            }
            assert!(model.telegrams.keys().last().is_none_or(|id| *id == store.last_id()));
        }
        model.check(&store);
        // What is stored is known, wherever it lies.
        for event in &events {
            let telegrams = model.telegrams_of(event);
            if telegrams.len() < 32 {
                let again = runtime.block_on(live(&store, &telegrams));
                assert!(again.iter().all(|one| matches!(one, Appended::Duplicate(_))), "{again:?}");
            }
        }
        store.close();
        model.check(&open(folder.path()));
        Ok(())
    });
    checked.expect("every answer is that of the telegrams");
}
